//! Real parsers of real frameworks behind a real Penstock: whatever gets through, none of them finds the listed bytes.
//!
//! Bodies come from a seeded grammar with random edits. Each goes to an origin that only records; what is released goes
//! on to every parser. A *bypass* is a released body in which some parser finds a file or field of exactly the listed
//! bytes. Stricter, where ambiguous bodies are refused: everything a parser returns must be among the parts that were
//! inspected. Where every reading is inspected, that is counted only: on broken bodies some parsers make up bytes that
//! were never sent.

mod client;
mod comparison;
mod edits;
mod grammar;
mod oddities;
mod ordinary;
mod paths;
mod random;
mod references;
mod servers;
mod variants;

use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use penstock::config::Ambiguity;

use crate::support::origin::Origin;
use crate::support::penstock::{Penstock, Setup};
use crate::support::sha256;
use client::Client;
use comparison::{Finding, Tally, Trial};
use random::Random;
use references::{Reference, references};
use servers::{Parser, Servers};
pub(crate) use servers::{install, on_leash};

const EVIL: &[u8] = b"EVIL-FILE-BYTES";
/// As long as [`EVIL`] and as harmless as can be.
const TWIN: &[u8] = b"GOOD-FILE-BYTES";

/// A policy, its name, and the line that sets it in every route.
const MODES: &[(Ambiguity, &str, &str)] = &[
    (Ambiguity::Refuse, "refuse", "ambiguity = \"refuse\"\n"),
    (Ambiguity::InspectAll, "inspect-all", "ambiguity = \"inspect-all\"\n"),
];

const CLIENTS: usize = 4;

/// What one body consists of, for the wire.
#[derive(Clone)]
struct Request {
    content_type: Vec<u8>,
    body: Vec<u8>,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  type: {}\n  body: {}", self.content_type.escape_ascii(), self.body.escape_ascii())
    }
}

/// Body `index` of the run with `seed`: depends on nothing else but `references`.
fn request(seed: u64, index: u64, references: &[Reference]) -> Request {
    let random = &mut Random::new(seed, index);
    let mut request = match random.below(14) {
        0..=3 => ordinary::request(random),
        12 | 13 => variants::request(random),
        4 if !references.is_empty() => random.pick(references).request.clone(),
        _ => grammar::request(random),
    };
    edits::edit(&mut request, random);
    request
}

/// A number that `make differential` sets.
fn setting(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).unwrap_or_default();
    if text.is_empty() { default } else { text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")) }
}

/// Speaks past the harness, which keeps what `eprintln!` says to itself when a test passes.
#[expect(clippy::explicit_write, reason = "the figures are for whoever reads the run, also when it passes")]
fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").unwrap();
}

fn start_penstock(recorder: &Origin, parsers: &[Parser], settings: &str) -> Penstock {
    let route = |name: &str, origin: &str| {
        format!(
            "[[route]]\nname = \"{name}\"\npath = \"/{name}/**\"\ninspect = \"enforce\"\norigin = \"{origin}\"\n{settings}"
        )
    };
    let mut setup = Setup::new(&[recorder.address]).with(&route("record", "site"));
    for Parser { name, address } in parsers {
        setup = setup.with(&format!("[[origin]]\nname = \"{name}\"\nservers = [\"{address}\"]"));
        setup = setup.with(&route(name, name));
    }
    setup.with_known("sha256", &sha256(EVIL)).start()
}

/// Bodies `first..first + count` under one policy.
fn run((ambiguity, settings): (Ambiguity, &str), parsers: &[Parser], seed: u64, bodies: std::ops::Range<u64>) -> Tally {
    let recorder = Origin::start();
    recorder.forget_bodies();
    let penstock = start_penstock(&recorder, parsers, settings);
    let references = references();
    let next = AtomicU64::new(bodies.start);
    let work = || {
        let mut tally = Tally::default();
        let mut client = Client::new(penstock.address);
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= bodies.end {
                return tally;
            }
            let trial = Trial { index, parsers, ambiguity };
            tally.try_request(&trial, &request(seed, index, &references), &mut client);
        }
    };
    let mut total = Tally::default();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(work)).collect();
        clients.into_iter().for_each(|client| total.add(client.join().unwrap()));
    });
    total
}

/// The first findings in full; one is enough to act on, hundreds are noise.
fn say_findings(what: &str, findings: &[Finding]) {
    for finding in findings.iter().take(20) {
        say(&format!("{what}: {finding}"));
    }
}

#[test]
fn forms_of_every_notation_pass_and_the_listed_file_in_each_is_found() {
    let origin = Origin::start();
    origin.forget_bodies();
    let settings = MODES[0].2;
    let penstock = start_penstock(&origin, &[], settings);
    let mut client = Client::new(penstock.address);
    let mut wrong = Vec::new();
    for index in 0..setting("PENSTOCK_VARIANTS_N", 600) {
        let request = variants::request(&mut Random::new(setting("PENSTOCK_DIFFERENTIAL_SEED", 1), index));
        let twin = comparison::harmless_twin(&request);
        for (request, expected) in [(request, 451), (twin, 200)] {
            let answer = client.post("/record/x", &request);
            if answer.status != expected {
                wrong.push(format!("{index}: {} {}\n{request}", answer.status, answer.text()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn no_parser_finds_the_listed_bytes_in_a_released_body() {
    let Some(servers) = Servers::start() else { return };
    let seed = setting("PENSTOCK_DIFFERENTIAL_SEED", 1);
    let count = setting("PENSTOCK_DIFFERENTIAL_N", 3000);
    let first = setting("PENSTOCK_DIFFERENTIAL_FIRST", 0);
    say(&format!("differential: seed {seed}, bodies {first} to {}", first + count));
    let mut total = Tally::default();
    for (ambiguity, mode, settings) in MODES {
        let start = Instant::now();
        let tally = run((*ambiguity, settings), &servers.parsers, seed, first..first + count);
        let Tally { released, blocked, twins, parts, .. } = tally;
        say(&format!(
            "differential, {mode}: {blocked} blocked, {released} released, {twins} twins of blocked ones; {} parsers \
             returned {parts} parts, {} of them not inspected; {:.0} bodies a second",
            servers.parsers.len(),
            tally.unseen.len() + tally.bypasses.len(),
            count as f64 / start.elapsed().as_secs_f64(),
        ));
        let must_all_be_seen = *ambiguity == Ambiguity::Refuse;
        let tally = if must_all_be_seen { tally } else { Tally { unseen: Vec::new(), ..tally } };
        say_findings("BYPASS", &tally.bypasses);
        say_findings("NOT INSPECTED", &tally.unseen);
        total.add(tally);
    }
    let inspected = total.blocked + total.released;
    say(&format!(
        "differential: {} tried, {} refused, {inspected} inspected, {} bypasses",
        total.refused + inspected,
        total.refused,
        total.bypasses.len()
    ));
    assert!(total.bypasses.is_empty(), "some parser finds what was not inspected: see BYPASS above");
    assert!(total.unseen.is_empty(), "some parser returns what was not inspected: see NOT INSPECTED above");
}
