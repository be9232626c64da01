//! `penstock rules`: what the people who write rules need.

mod explain;
mod lint;
mod schema;
mod test;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::{FAILED, print_problems};
use crate::config::{Config, Problem};
use crate::snapshot::load_rules;
use crate::text::RuleSet;

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// Run the tests that stand in rule files.
    Test(test::TestArgs),
    /// Show step by step what rules make of a text: decoded, normalised, what was found where, conditions, outcome.
    Explain(explain::ExplainArgs),
    /// Point out what is in order and yet hardly meant, such as rules that match nothing or most texts.
    Lint(lint::LintArgs),
    /// Print the JSON Schema of rule files, for editors.
    Schema,
}

/// Whose rules.
#[derive(Debug, Args)]
struct FilesArgs {
    /// Rule files, and folders of them. Default: those that the configuration names.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The configuration file, read where no PATH is given.
    #[arg(short, long, value_name = "FILE", default_value = "config/penstock.toml")]
    config: PathBuf,
}

/// Rules that are in order, with the file of each.
struct Rules {
    set: RuleSet,
    file_of: Vec<Arc<Path>>,
}

pub(super) fn rules(command: &RulesCommand) -> u8 {
    let outcome = match command {
        RulesCommand::Test(args) => test::test(args),
        RulesCommand::Explain(args) => explain::explain_text(args),
        RulesCommand::Lint(args) => lint::lint_files(args),
        RulesCommand::Schema => Ok(schema::schema()),
    };
    outcome.unwrap_or_else(|problems| {
        print_problems(&problems);
        FAILED
    })
}

fn load(paths: &[PathBuf], config: &Path) -> Result<Rules, Vec<Problem>> {
    let loaded = if paths.is_empty() { load_rules(&Config::load(config)?.rules)? } else { load_rules(paths)? };
    let set = RuleSet::compile(loaded.rules).map_err(|error| vec![Problem::of_file(config, error.to_string())])?;
    Ok(Rules { set, file_of: loaded.file_of })
}

/// The start of a text, in quotes and on one line.
fn excerpt(text: &str) -> String {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
