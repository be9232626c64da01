//! `penstock rules lint`.

use clap::Args;

use super::{FilesArgs, load};
use crate::cli::{FAILED, OK, counted};
use crate::config::Problem;
use crate::snapshot::unix_now;
use crate::text::lint;

#[derive(Debug, Args)]
pub(in crate::cli) struct LintArgs {
    #[command(flatten)]
    files: FilesArgs,
    /// End with code 1 when there is anything to point out.
    #[arg(long)]
    deny_warnings: bool,
}

pub(super) fn lint_files(args: &LintArgs) -> Result<u8, Vec<Problem>> {
    let rules = load(&args.files.paths, &args.files.config)?;
    let lints = lint(&rules.set, unix_now());
    for lint in &lints {
        let file = &rules.file_of[lint.rule];
        let file = lint.file.as_ref().map_or_else(|| file.to_path_buf(), |beside| file.with_file_name(beside));
        let rule = &rules.set.rules()[lint.rule];
        println!("{}:{}: rule \"{}\": {} [{}]", file.display(), lint.place, rule.id, lint.message, lint.kind.name());
    }
    println!("{}: {}", counted(rules.set.len(), "rule"), counted(lints.len(), "warning"));
    Ok(if args.deny_warnings && !lints.is_empty() { FAILED } else { OK })
}
