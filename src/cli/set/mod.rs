//! `penstock set`: hash sets, looked at and put together.

mod compile;
mod diff;
mod export;
mod info;
mod query;

use std::path::{Path, PathBuf};
use std::thread;

use clap::{Args, Subcommand};

pub(super) use self::info::print_left_out;

use super::progress::Bar;
use super::{FAILED, print_problems};
use crate::config::{ListFormat, ListReading, OnBadRow, Problem, suggestion};
use crate::content::{Algorithm, UnknownAlgorithm};
use crate::hash_set::{HashSet, KeptKind};
use crate::snapshot::{Keeping, SetCache, SetPath};

#[derive(Debug, Subcommand)]
pub(super) enum SetCommand {
    /// Write lists and compiled sets, in this order, into one compiled set: what a later one takes back is taken out.
    #[command(visible_alias = "merge")]
    Compile(compile::CompileArgs),
    /// Check a compiled set or a list, and say what is in it.
    Info(info::InfoArgs),
    /// Say what two sets list differently.
    Diff(diff::DiffArgs),
    /// Write a set as text.
    Export(export::ExportArgs),
    /// Look hashes or files up in a set.
    Query(query::QueryArgs),
}

/// How lists are read. Compiled sets need none of it.
#[derive(Debug, Default, Args)]
struct ReadingArgs {
    /// The format of lists, for example "ncmec". Default: told from the content.
    #[arg(long, value_name = "NAME", value_parser = parse_format)]
    format: Option<ListFormat>,
    /// The algorithm of hashes that do not say, as in a plain list.
    #[arg(long, value_name = "NAME", value_parser = parse_algorithm)]
    algorithm: Option<Algorithm>,
    /// The label of entries whose list gives none.
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,
    /// Leave rows out that are not in order, and say which, in place of refusing the list.
    #[arg(long)]
    skip_bad_rows: bool,
}

impl ReadingArgs {
    fn reading(&self) -> ListReading {
        ListReading {
            format: self.format,
            algorithm: self.algorithm,
            label: self.label.clone(),
            on_bad_row: if self.skip_bad_rows { OnBadRow::Skip } else { OnBadRow::Refuse },
            ..ListReading::default()
        }
    }
}

fn parse_format(text: &str) -> Result<ListFormat, String> {
    ListFormat::named(text).ok_or_else(|| {
        let names = ListFormat::ALL.map(ListFormat::name);
        format!("expected one of {}{}", names.join(", "), suggestion(text, names))
    })
}

fn parse_algorithm(text: &str) -> Result<Algorithm, String> {
    text.parse().map_err(|error: UnknownAlgorithm| error.to_string())
}

pub(super) fn set(command: &SetCommand) -> u8 {
    let outcome = match command {
        SetCommand::Compile(args) => compile::compile(args),
        SetCommand::Info(args) => info::info(args),
        SetCommand::Diff(args) => diff::diff(args),
        SetCommand::Export(args) => export::export(args),
        SetCommand::Query(args) => query::query(args),
    };
    outcome.unwrap_or_else(|problems| {
        print_problems(&problems);
        FAILED
    })
}

/// Runs `work` with a cache that keeps nothing and tells of its progress over `paths`.
fn with_cache<T>(paths: &[PathBuf], work: impl FnOnce(&SetCache<'_>) -> T) -> T {
    let length = |path: &PathBuf| path.metadata().map_or(0, |metadata| metadata.len());
    let bar = Bar::over(paths.iter().map(length).sum());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    work(&SetCache {
        folder: None,
        keeping: Keeping::Nothing,
        temporary: &std::env::temp_dir(),
        threads,
        progress: &bar,
    })
}

/// The list or compiled set at `path`, whole and verified.
fn open(path: &Path, reading: &ReadingArgs) -> Result<HashSet, Vec<Problem>> {
    let layer = with_cache(&[path.to_owned()], |cache| cache.load(&[SetPath::of(path)], &reading.reading()))?;
    warn_of_skipped(&layer.skipped);
    Ok(HashSet::of(layer.set))
}

fn warn_of_skipped(skipped: &[Problem]) {
    for problem in skipped {
        eprintln!("{problem}");
    }
    if !skipped.is_empty() {
        eprintln!("these rows were skipped");
    }
}

/// How many of what a set has: "3 md5, 1 pdq; 1 trend_query as keyword rules; kept without matching: 2 photodna".
pub(super) fn counts(set: &HashSet) -> String {
    let (rules, kept): (Vec<_>, Vec<_>) = set.kept_counts().partition(|(kind, _)| *kind == KeptKind::TrendQuery);
    let name_kind = |(kind, count): (KeptKind, usize)| format!("{count} {kind}");
    let groups = [
        ("", set.counts().map(|(algorithm, count)| format!("{count} {algorithm}")).collect::<Vec<_>>()),
        ("as keyword rules: ", rules.into_iter().map(name_kind).collect()),
        ("kept without matching: ", kept.into_iter().map(name_kind).collect()),
    ];
    let filled = groups.iter().filter(|(_, list)| !list.is_empty());
    let filled: Vec<String> = filled.map(|(name, list)| format!("{name}{}", list.join(", "))).collect();
    if filled.is_empty() { "empty".to_owned() } else { filled.join("; ") }
}
