//! How fast text is searched for many keywords, beside the crate aho-corasick and Hyperscan.
//!
//! One text in five languages, the same keywords, one run, one thread each. Both peers get the normalised text and
//! keywords, so that all look for the same bytes: the crate must find as many occurrences, Hyperscan the same keywords.
//! `make bench-text` prints tables and writes `benches/results/text.json`; `QUICK=1` takes 8 MiB and stops at 10,000
//! keywords.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "text/hard.rs"]
mod hard;
#[path = "text/inputs.rs"]
mod inputs;
#[path = "support/machine.rs"]
mod machine;
#[path = "text/peer.rs"]
mod peer;
#[path = "text/report.rs"]
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::time::Instant;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use inputs::{Inputs, Keywords};
use peer::Peer;
use penstock::content::Deadline;
use penstock::text::{Literals, RuleSet, parse_rules};
use report::Row;

/// Tables take their memory where the binary takes it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Every time is the median of so many.
const PASSES: usize = 5;
/// Past this the fully compiled automaton of aho-corasick takes gigabytes.
const LARGEST_COMPILED: usize = 10_000;

fn main() {
    // Under `cargo test` nothing is measured.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let is_quick = std::env::var_os("QUICK").is_some_and(|value| value == "1");
    let (bytes, counts): (usize, &[usize]) =
        if is_quick { (8 << 20, &[100, 10_000]) } else { (64 << 20, &[100, 10_000, 1_000_000]) };
    let inputs = Inputs::make(bytes, counts);
    let mut versions = machine::versions(&["aho-corasick"]);
    let rows: Vec<Row> = counts.iter().map(|count| measure(&inputs, *count, &mut versions)).collect();
    let hard = hard::measure(&inputs.keywords(counts[1]).normalised);
    report::report(is_quick, versions, &rows, &hard);
}

fn measure(inputs: &Inputs, count: usize, versions: &mut BTreeMap<String, String>) -> Row {
    let keywords = inputs.keywords(count);
    let start = Instant::now();
    let literals = Literals::build(&keywords.normalised).expect("there are not too many");
    let build_s = start.elapsed().as_secs_f64();
    let (mut matches, mut found) = (0, BTreeSet::new());
    literals.search(&inputs.normalised, |occurrence| {
        matches += 1;
        found.insert(occurrence.pattern);
    });
    let matcher_s = median_seconds(PASSES, || {
        let mut matches = 0;
        literals.search(black_box(&inputs.normalised), |_| matches += 1);
        black_box(matches);
    });
    let peer = Peer::run(inputs, &keywords, PASSES);
    assert!(peer.seconds.is_none() || found.iter().eq(&peer.found), "Hyperscan finds the same keywords");
    versions.extend(peer.versions);
    let (aho_corasick_kind, aho_corasick_s) = time_automata(inputs, &keywords, matches);
    let size = inputs.normalised.len();
    let row = Row {
        keywords: count,
        matcher_gbps: gbps(size, matcher_s),
        path_gbps: gbps(inputs.text.len(), time_path(inputs, &keywords)),
        aho_corasick_gbps: gbps(size, aho_corasick_s),
        aho_corasick_kind,
        hyperscan_gbps: peer.seconds.map(|seconds| gbps(size, seconds)),
        build_s,
        bytes: literals.bytes(),
        matches,
    };
    println!("{row:?}");
    row
}

/// A scan as inspection does it, with one rule that has all keywords.
fn time_path(inputs: &Inputs, keywords: &Keywords) -> f64 {
    // Strings of JSON are strings of TOML; those that Rust would print are not.
    let list = serde_json::to_string(&keywords.written).expect("strings can be written");
    let file = format!("[[rule]]\nid = \"all\"\nwords = \"anywhere\"\nkeywords = {list}\n");
    let rules = RuleSet::compile(parse_rules(&file).expect("the rule is in order")).expect("there are not too many");
    assert_eq!(rules.scan(&inputs.text, &Deadline::NEVER).len(), 1, "the text has a keyword");
    median_seconds(PASSES, || {
        black_box(rules.scan(black_box(&inputs.text), &Deadline::NEVER));
    })
}

/// The faster of the crate's automata, which has to find as many.
fn time_automata(inputs: &Inputs, keywords: &Keywords, matches: usize) -> (&'static str, f64) {
    let mut kinds = vec![("contiguous NFA", AhoCorasickKind::ContiguousNFA)];
    if keywords.normalised.len() <= LARGEST_COMPILED {
        kinds.push(("DFA", AhoCorasickKind::DFA));
    }
    let times = kinds.into_iter().map(|(name, kind)| {
        let automaton = automaton_of(kind, &keywords.normalised);
        let mut theirs = 0;
        let seconds = median_seconds(3, || theirs = automaton.find_overlapping_iter(&inputs.normalised).count());
        assert_eq!(theirs, matches, "both find as many occurrences");
        (name, seconds)
    });
    times.min_by(|one, other| one.1.total_cmp(&other.1)).expect("there is a kind")
}

fn automaton_of(kind: AhoCorasickKind, keywords: &[String]) -> AhoCorasick {
    let automaton = AhoCorasick::builder().kind(Some(kind)).match_kind(MatchKind::Standard).build(keywords);
    automaton.expect("the automaton has room")
}

/// The automaton that hard texts are compared with.
fn automaton(keywords: &[String]) -> AhoCorasick {
    automaton_of(AhoCorasickKind::DFA, keywords)
}

fn median_seconds(passes: usize, mut work: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    let mut seconds: Vec<f64> = (0..passes).map(time).collect();
    seconds.sort_unstable_by(f64::total_cmp);
    seconds[passes / 2]
}

fn gbps(bytes: usize, seconds: f64) -> f64 {
    bytes as f64 / seconds / 1e9
}
