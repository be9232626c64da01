//! `penstock rules test`.

use clap::Args;

use super::{FilesArgs, Rules, excerpt, load};
use crate::cli::{FAILED, OK, counted};
use crate::config::Problem;
use crate::text::{Trial, try_rules};

#[derive(Debug, Args)]
pub(in crate::cli) struct TestArgs {
    #[command(flatten)]
    files: FilesArgs,
}

pub(super) fn test(args: &TestArgs) -> Result<u8, Vec<Problem>> {
    let rules = load(&args.files.paths, &args.files.config)?;
    let trials = try_rules(&rules.set);
    let failed: Vec<&Trial> = trials.iter().filter(|trial| !trial.has_passed()).collect();
    failed.iter().for_each(|trial| print_failure(&rules, trial));
    let untested = rules.set.rules().iter().filter(|rule| rule.samples.is_empty()).count();
    let untested = if untested > 0 { format!(", {} without tests", counted(untested, "rule")) } else { String::new() };
    let (tests, rules) = (counted(trials.len(), "test"), counted(rules.set.len(), "rule"));
    println!("{tests} of {rules}: {} failed{untested}", failed.len());
    Ok(if failed.is_empty() { OK } else { FAILED })
}

/// The text, and what was expected and found of it, as a diff has lines.
fn print_failure(rules: &Rules, trial: &Trial) {
    let rule = &rules.set.rules()[trial.rule];
    let text = &rule.samples[trial.sample].text;
    let found = trial.found.iter().flatten();
    let found: Vec<String> = found
        .map(|span| {
            let matched = String::from_utf8_lossy(&text[span.clone()]);
            format!("{} at bytes {}–{}", excerpt(&matched), span.start, span.end)
        })
        .collect();
    let found = if found.is_empty() { String::new() } else { format!(": {}", found.join(", ")) };
    println!(
        "{}:{}: rule \"{}\", test {}",
        rules.file_of[trial.rule].display(),
        trial.place,
        rule.id,
        trial.sample + 1
    );
    println!("    {}", excerpt(&String::from_utf8_lossy(text)));
    println!("  - expected {}", trial.expected.name());
    println!("  + found    {}{found}", trial.did().name());
}
