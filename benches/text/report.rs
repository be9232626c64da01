//! The figures as tables for people and a file for comparison.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::Serialize;

use crate::hard::Hard;
use crate::machine;

/// What was measured with so many keywords. Speeds in gigabytes of the text that was read, a second, on one thread.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) keywords: usize,
    /// Our search in normalised text.
    pub(crate) matcher_gbps: f64,
    /// Normalisation, search and rules.
    pub(crate) path_gbps: f64,
    pub(crate) aho_corasick_gbps: f64,
    /// Which of its automata: the faster one of those that fit in memory.
    pub(crate) aho_corasick_kind: &'static str,
    /// None where it cannot have so many.
    pub(crate) hyperscan_gbps: Option<f64>,
    pub(crate) build_s: f64,
    /// Of our search, patterns among them.
    pub(crate) bytes: usize,
    pub(crate) matches: usize,
}

/// Prints the tables and writes the file.
pub(crate) fn report(is_quick: bool, versions: BTreeMap<String, String>, rows: &[Row], hard: &[Hard]) {
    println!("\n keywords  matcher    path  aho-corasick  hyperscan  build s       MB  matches   (GB/s)");
    for row in rows {
        let hyperscan = row.hyperscan_gbps.map_or("–".to_owned(), |gbps| format!("{gbps:.3}"));
        let speeds =
            format!("{:>7.3} {:>7.3} {:>13.3} {hyperscan:>10}", row.matcher_gbps, row.path_gbps, row.aho_corasick_gbps);
        let rest = format!("{:>8.2} {:>8.1} {:>8}", row.build_s, row.bytes as f64 / 1e6, row.matches);
        println!("{:>9}  {speeds} {rest}", row.keywords);
    }
    println!("\n matcher  aho-corasick   hard text (GB/s)");
    hard.iter().for_each(|row| println!("{:>8.3} {:>13.3}   {}", row.matcher_gbps, row.aho_corasick_gbps, row.text));
    let report = serde_json::json!({
        "machine": { "cpu": machine::cpu_model(), "cores": machine::cores() },
        "commit": machine::commit(),
        "date": humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        "quick": is_quick,
        "versions": versions,
        "rows": rows,
        "hard": hard,
    });
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results/text.json");
    match fs::write(&file, format!("{report:#}\n")) {
        Ok(()) => println!("\nwritten to {}", file.display()),
        Err(error) => println!("\nnot written to {}: {error}", file.display()),
    }
}
