//! `penstock check`.

use std::net::ToSocketAddrs;

use clap::Args;

use super::progress::Bar;
use super::set::{counts, print_left_out};
use super::{ConfigArgs, FAILED, OK, counted, print_problems};
use crate::app::{self, Checked};
use crate::config::{Config, OriginServer, Problem};
use crate::snapshot::{Fetching, LoadedSet, SourceHealth, unix_now};
use crate::worker::Undecodable;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Ask servers for their hash sets, and look the names of origins up. Without it, sets are checked as they were
    /// fetched last.
    #[arg(long)]
    fetch: bool,
    /// Fail when there is a warning.
    #[arg(long)]
    deny_warnings: bool,
}

pub(super) fn check(args: &CheckArgs) -> u8 {
    let fetching = if args.fetch { Fetching::Allowed } else { Fetching::Offline };
    let checked = app::check(&args.config.config, fetching, &Bar::unbounded());
    let Checked { snapshot, sources, undecodable, unrendered } = match checked {
        Ok(checked) => checked,
        Err(problems) => {
            print_problems(&problems);
            return FAILED;
        }
    };
    for (set, source) in snapshot.sets.iter().zip(&sources) {
        print_set(set, source);
    }
    for texts in &snapshot.texts {
        let count = counted(texts.list.texts().len(), "text");
        println!("text list {:<19} {count} ({})", texts.source.name, texts.file.path.display());
    }
    for file in &snapshot.rule_files {
        println!("rules    {}", file.path.display());
    }
    let now = unix_now();
    for rule in snapshot.rules.rules() {
        if let Some(expiry) = rule.expired(now) {
            println!("rule {} expired on {expiry} and matches no more", rule.id);
        }
    }
    for Undecodable { format, why } in undecodable {
        println!("{format} cannot be decoded here: {why}");
    }
    match unrendered {
        Some(why) => println!("pages of PDF are not rendered here: {why}"),
        None => println!("pages of PDF are rendered by pdfium"),
    }
    let mut warnings = snapshot.warnings();
    if args.fetch {
        warnings.extend(unknown_names(&snapshot.config));
    }
    for warning in &warnings {
        println!("warning: {warning}");
    }
    let failed: Vec<Problem> = sources.iter().filter_map(problem).collect();
    if !failed.is_empty() {
        print_problems(&failed);
        return FAILED;
    }
    if args.deny_warnings && !warnings.is_empty() {
        println!("failed: {}, which --deny-warnings takes for problems", counted(warnings.len(), "warning"));
        return FAILED;
    }
    let routes = counted(snapshot.config.routes.len(), "route");
    let (sets, rules) = (counted(snapshot.sets.len(), "hash set"), counted(snapshot.rules.len(), "rule"));
    println!("ok: {routes}, {sets}, {rules}");
    OK
}

/// Warns about origins whose name is not known here.
fn unknown_names(config: &Config) -> Vec<Problem> {
    let servers = config.origins.iter().flat_map(|origin| origin.servers.iter().map(move |server| (origin, server)));
    let unknown = servers.filter_map(|(origin, server)| match server {
        OriginServer::Name(name) => Some((origin, name, name.to_socket_addrs().err()?)),
        OriginServer::Address(_) => None,
    });
    let problem = |name: &str, server: &str, error| format!("origin \"{name}\": {server} is not known here: {error}");
    unknown.map(|(origin, name, error)| Problem::of_file(&config.file, problem(&origin.name, name, error))).collect()
}

fn print_set(set: &LoadedSet, source: &SourceHealth) {
    let counts = counts(&set.set);
    let fetched = source
        .fetched_at
        .map_or(String::new(), |moment| format!(", as fetched at {}", humantime::format_rfc3339_seconds(moment)));
    println!("hash set {:<20} {counts} ({}{fetched})", set.name, set.file.path.display());
    for info in set.set.compiled().map(|compiled| compiled.info()) {
        for skipped in info.sources.iter().filter(|source| source.skipped > 0) {
            println!("  {}: {} skipped, which cannot be read", skipped.name, counted(skipped.skipped as usize, "row"));
        }
        print_left_out(info);
    }
}

/// What was wrong with a fetch, when something older was there to be loaded.
fn problem(source: &SourceHealth) -> Option<Problem> {
    let error = source.last_error.as_ref()?;
    Some(Problem::of_file(source.location.as_ref(), format!("what was fetched before is in use: {error}")))
}
