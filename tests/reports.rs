//! Requests of public bug reports, in `../shared/field/reports` with what each has to be answered: ordinary ones pass.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::http::Response;
use crate::support::origin::Origin;
use crate::support::penstock::{Penstock, Setup};
use crate::support::{repository, sha256, skipped};

/// Reports that are no single request with a body in the folder, and where each is tested.
const ELSEWHERE: &[(&str, &str)] = &[
    ("h2-no-length", "requests.rs"),
    ("large-unlabelled", "requests.rs"),
    ("filepond", "assembling.rs"),
    ("cors", "answers.rs"),
    ("dialects", "answers.rs"),
    ("h2-speed", "the windows are set in server.rs"),
    ("slow-link", "holding.rs"),
    ("silent-start", "requests.rs"),
    ("slow-origin", "the default of read_timeout"),
    ("s3-complete-elsewhere", "a sentence in docs/operating.md"),
    ("tus-location-balancer", "a sentence in docs/operating.md"),
];

fn folder() -> Option<PathBuf> {
    let folder = repository("../shared/field/reports");
    let is_there = folder.join("manifest.json").is_file();
    if !is_there {
        skipped("field", "reports", "the requests in ../shared/field/reports are not here");
    }
    is_there.then_some(folder)
}

fn penstock(folder: &Path, origin: &Origin, ambiguity: &str) -> Penstock {
    let listed = sha256(&fs::read(folder.join("listed-small.jpg")).unwrap());
    let route = format!("[[route]]\nname = \"all\"\ninspect = \"enforce\"\nambiguity = \"{ambiguity}\"\n");
    Setup::new(&[origin.address]).with(&route).with_known("sha256", &listed).start()
}

/// The text after `start` in `text`, up to `end` or its own end.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = &text[text.find(start)? + start.len()..];
    Some(rest.split(end).next().unwrap_or(rest))
}

/// Sends what a report describes: `METHOD /path, Name: value, body FILE`.
fn send(penstock: &Penstock, folder: &Path, request: &str) -> Option<Response> {
    let file = between(request, "body ", " ")?;
    let body = fs::read(folder.join(file.trim())).ok()?;
    let request = request.split("; POST").last().map_or_else(String::new, |rest| rest.trim_start().to_owned());
    let method = if request.starts_with("PUT") { "PUT" } else { "POST" };
    let path = request.split([' ', ',']).find(|word| word.starts_with('/')).unwrap_or("/u");
    let named = |name| between(&request, &format!("{name}: "), ", ").map(|value| (name, value));
    let headers: Vec<(&str, &str)> =
        ["Content-Type", "Connect-Content-Encoding"].into_iter().filter_map(named).collect();
    Some(penstock.connect().exchange(method, path, &headers, &body))
}

#[test]
fn requests_of_public_bug_reports_are_answered_as_they_should_be() {
    let Some(folder) = folder() else { return };
    let manifest: Vec<Value> = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let origin = Origin::start();
    let (usual, all) = (penstock(&folder, &origin, "refuse"), penstock(&folder, &origin, "inspect-all"));
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for report in &manifest {
        let text = |key: &str| report[key].as_str().unwrap();
        let (name, request) = (text("name"), text("request"));
        if ELSEWHERE.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let penstock = if request.contains("inspect-all") { &all } else { &usual };
        let expected = text("expect").get(..3).unwrap();
        let answer = send(penstock, &folder, request).unwrap_or_else(|| panic!("{name}: what is `{request}`?"));
        tried += 1;
        if answer.status.to_string() != expected {
            wrong.push(format!("{name}: {} {}", answer.status, answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried >= 13, "{tried}");
}
