//! `penstock scan`: what would happen to files if they were uploaded, one by one, or as a table over a folder.

mod report;
mod tally;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use bytes::Bytes;
use clap::Args;
use serde_json::json;

use super::progress::Bar;
use super::{ConfigArgs, FAILED, OK, STOPPED, print_problems};
use crate::app;
use crate::body::Stores;
use crate::config::{Config, Inspection, Route, suggestion};
use crate::content::Deadline;
use crate::inspect::{Examination, Known, Resources, Upload, examine};
use crate::media::ForeignDecoder;
use crate::snapshot::{Fetching, Snapshot, load};
use crate::verdict::{Mark, Match, MatchSource, Outcome, Verdict, decide, exempt, roll_out};

#[derive(Debug, Args)]
pub(super) struct ScanArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The route whose policy decides. Default: the first that inspects.
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// The Content-Type the file would be sent with, for example "application/json". Default: none, one opaque part.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Decide as for the upload with this reference id, which the log tells: sets with an `enforce_share` act only if
    /// it is in their share. Default: they act. Entries in quarantine always act here.
    #[arg(long, value_name = "ID")]
    reference: Option<String>,
    /// Print one JSON object a line: `file`, `verdict`, `matches`, `doubts`, or `file` and `error`. With `--report`,
    /// the report as one object.
    #[arg(long)]
    json: bool,
    /// Scan every file in this folder and in the folders below it, and print a table: a line for each format, and every
    /// file that would not pass or is slow. Files are inspected side by side, with the deadlines of the proxy.
    #[arg(long, value_name = "FOLDER", conflicts_with = "files")]
    report: Option<PathBuf>,
    /// The files.
    #[arg(required_unless_present = "report", value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What is the same for every file.
#[derive(Clone, Copy)]
struct Setting<'a> {
    args: &'a ScanArgs,
    snapshot: &'a Snapshot,
    route: &'a Route,
}

pub(super) fn scan(args: &ScanArgs) -> u8 {
    let snapshot = match load(&args.config.config, Fetching::Offline, &Bar::unbounded()) {
        Ok((snapshot, _)) => snapshot,
        Err(problems) => {
            print_problems(&problems);
            return FAILED;
        }
    };
    let Some(route) = route(&snapshot.config, args.route.as_deref()) else {
        return FAILED;
    };
    let workers = app::workers(&snapshot.config.server, &Arc::default());
    let setting = Setting { args, snapshot: &snapshot, route };
    if let Some(folder) = &args.report {
        return report::report(folder, &setting, &workers);
    }
    let codes = args.files.iter().map(|file| scan_file(file, &setting, &workers));
    codes.fold(OK, |worst, code| if worst == FAILED || code == FAILED { FAILED } else { worst.max(code) })
}

/// The route that decides.
fn route<'a>(config: &'a Config, name: Option<&str>) -> Option<&'a Route> {
    let route = match name {
        Some(name) => config.routes.iter().find(|route| &*route.name == name),
        None => config.routes.iter().find(|route| route.policy.inspect != Inspection::Off),
    };
    match (route, name) {
        (Some(route), _) => Some(route),
        (None, Some(name)) => {
            let names: Vec<&str> = config.routes.iter().map(|route| &*route.name).collect();
            let hint = suggestion(name, names.iter().copied());
            eprintln!("penstock: no route is named \"{name}\", expected one of {}{hint}", names.join(", "));
            None
        }
        (None, None) => {
            eprintln!("penstock: no route in {} inspects", config.file.display());
            None
        }
    }
}

fn scan_file(file: &Path, setting: &Setting<'_>, workers: &dyn ForeignDecoder) -> u8 {
    let (examination, verdict) = match inspect_file(file, setting, workers, None) {
        Ok(inspected) => inspected,
        Err(error) => {
            if setting.args.json {
                println!("{}", json!({ "file": file.display().to_string(), "error": error.to_string() }));
            } else {
                eprintln!("{}: cannot be read: {error}", printable(file));
            }
            return FAILED;
        }
    };
    if setting.args.json {
        print_json(file, &examination, &verdict);
    } else {
        print_plain(file, &examination, &verdict);
    }
    if verdict.outcome >= Outcome::Refuse { STOPPED } else { OK }
}

/// What an upload of `file` would lead to, if all of its inspection took no more than `time`. Its work is limited as in
/// the proxy.
fn inspect_file(
    file: &Path,
    setting: &Setting<'_>,
    foreign: &dyn ForeignDecoder,
    time: Option<Duration>,
) -> io::Result<(Examination, Verdict)> {
    let Setting { args, snapshot, route } = *setting;
    let body = Bytes::from(fs::read(file)?);
    let content_types = args.content_type.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect();
    let name = file.file_name().map(|name| Bytes::copy_from_slice(name.as_encoded_bytes()));
    let upload = Upload {
        body,
        content_types,
        content_encodings: Vec::new(),
        names: name.into_iter().collect(),
        query: None,
        ambiguity: route.policy.ambiguity,
        route: Arc::clone(&route.name),
    };
    let (stores, known) = (Stores::default(), Known::default());
    let work = snapshot.config.limits.inspection_work(upload.body.len() as u64);
    let deadline = time.map_or(Deadline::NEVER, Deadline::after).or_after_work(work);
    let resources = Resources { stores: &stores, foreign, deadline, known: &known };
    let mut examination = examine(&upload, snapshot, &resources);
    roll_out(&mut examination.findings, &snapshot.config, &route.name, args.reference.as_deref());
    exempt(&mut examination.findings);
    let verdict = decide(&examination.findings, &route.policy);
    Ok((examination, verdict))
}

fn print_json(file: &Path, examination: &Examination, verdict: &Verdict) {
    let object = json!({
        "file": file.display().to_string(),
        "verdict": verdict.outcome,
        "if_enforced": verdict.if_enforced,
        "matches": examination.findings.matches,
        "doubts": examination.findings.doubts,
    });
    println!("{object}");
}

/// The name of a file for a line of its own: users choose names, and one with a line end or an escape sequence in it
/// would write lines of its own.
fn printable(file: &Path) -> String {
    let show = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    file.to_string_lossy().chars().map(show).collect()
}

fn print_plain(file: &Path, examination: &Examination, verdict: &Verdict) {
    let kinds: Vec<&str> = examination.parts.iter().map(|part| part.name()).collect();
    println!("{}: {} ({})", printable(file), verdict.outcome.name(), kinds.join(", "));
    if verdict.if_enforced != verdict.outcome {
        println!("  in enforce mode: {}", verdict.if_enforced.name());
    }
    for found in &examination.findings.matches {
        println!("  {}", describe(found));
    }
    for doubt in &examination.findings.doubts {
        println!("  {}: {}", doubt.kind.name(), doubt.code);
    }
}

fn describe(found: &Match) -> String {
    let source = match &found.source {
        MatchSource::Hash { set, entry, algorithm, distance, quality, .. } => {
            let quality = quality.map_or(String::new(), |quality| format!(", quality {quality}"));
            format!("hash set {set}, entry {entry}: {algorithm} at distance {distance}{quality}")
        }
        MatchSource::Rule { rule, spans, .. } => {
            let spans: Vec<String> = spans.iter().map(|(from, to)| format!("{from}–{to}")).collect();
            format!("rule {rule}: bytes {}", spans.join(", "))
        }
        MatchSource::Text { list, entry, score, distance, span: (from, to) } => {
            let distance = distance.map_or(String::new(), |distance| format!(", TLSH at distance {distance}"));
            format!("text list {list}, text {entry}: score {}{distance}, bytes {from}–{to}", score.get())
        }
    };
    let labels = if found.labels.is_empty() { String::new() } else { format!(" [{}]", found.labels.join(", ")) };
    let marks: String = found.marks.iter().map(|mark| format!(", {}", explain(*mark))).collect();
    format!("part {}, {source}{labels}, {} ({}){marks}", found.part, found.action.name(), found.mode.name())
}

const fn explain(mark: Mark) -> &'static str {
    match mark {
        Mark::Exempted => "exempted by an allow set",
        Mark::NotInShare => "not in the set's share",
        Mark::NotOnRoute => "the set does not act on this route",
        Mark::Quarantined => "in quarantine",
    }
}
