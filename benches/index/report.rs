//! The figures as tables for people and a file for comparison.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::Serialize;

use crate::machine;

/// What was measured with so many random hashes. Times are those of one query on one thread.
#[derive(Debug, Serialize)]
pub(crate) struct Size {
    pub(crate) hashes: usize,
    pub(crate) query_median_ms: f64,
    pub(crate) query_p99_ms: f64,
    pub(crate) faiss_flat_ms: Option<f64>,
    pub(crate) faiss_flat_is_extrapolated: bool,
    pub(crate) faiss_multi_hash_ms: Option<f64>,
    pub(crate) ratio_to_faiss_flat: Option<f64>,
    /// Against a scan of all hashes, for a sample of the queries.
    pub(crate) recall: f64,
    pub(crate) matches: usize,
    /// The hashes themselves and everything made for them.
    pub(crate) bytes_per_hash: f64,
    /// From sorted hashes, on all cores.
    pub(crate) build_s: f64,
}

/// What was measured with hashes that are not random.
#[derive(Debug, Serialize)]
pub(crate) struct Scenario {
    pub(crate) scenario: &'static str,
    pub(crate) hashes: usize,
    pub(crate) query_median_ms: f64,
    pub(crate) query_p99_ms: f64,
    pub(crate) slowest_complete_over_median: f64,
    pub(crate) slowest_over_median: f64,
    pub(crate) capped: usize,
    pub(crate) queries: usize,
    pub(crate) matches: usize,
    pub(crate) bytes_per_hash: f64,
}

/// All of a run.
pub(crate) struct Report {
    is_quick: bool,
    pub(crate) versions: BTreeMap<String, String>,
    sizes: Vec<Size>,
    scenarios: Vec<Scenario>,
}

/// The value below which `share` of `values` lie.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

impl Report {
    pub(crate) fn new(is_quick: bool) -> Self {
        Self { is_quick, versions: machine::versions(&[]), sizes: Vec::new(), scenarios: Vec::new() }
    }

    /// Adds a row, and prints it for those who watch.
    pub(crate) fn add_size(&mut self, size: Size) {
        println!("{}", size_line(&size));
        self.sizes.push(size);
    }

    /// Adds a row, and prints it for those who watch.
    pub(crate) fn add_scenario(&mut self, scenario: Scenario) {
        println!("{}", scenario_line(&scenario));
        self.scenarios.push(scenario);
    }

    /// Prints the tables and writes the file.
    pub(crate) fn finish(self) {
        println!();
        println!("   hashes  median ms     p99 ms  flat ms  multi ms  ratio  recall  B/hash  build s");
        self.sizes.iter().for_each(|size| println!("{}", size_line(size)));
        println!();
        println!("   hashes  scenario        median ms     p99 ms  slowest complete  capped  matches");
        self.scenarios.iter().for_each(|scenario| println!("{}", scenario_line(scenario)));
        let report = serde_json::json!({
            "machine": { "cpu": machine::cpu_model(), "cores": machine::cores() },
            "commit": machine::commit(),
            "date": humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            "quick": self.is_quick,
            "radius": crate::RADIUS,
            "versions": self.versions,
            "sizes": self.sizes,
            "scenarios": self.scenarios,
        });
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results/index.json");
        match fs::write(&file, format!("{report:#}\n")) {
            Ok(()) => println!("\nwritten to {}", file.display()),
            Err(error) => println!("\nnot written to {}: {error}", file.display()),
        }
    }
}

fn size_line(size: &Size) -> String {
    let optional = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.3}"));
    let (flat, multi) = (optional(size.faiss_flat_ms), optional(size.faiss_multi_hash_ms));
    let ratio = size.ratio_to_faiss_flat.map_or("–".to_owned(), |ratio| format!("{ratio:.0}×"));
    let times = format!("{:>9}  {:>9.4}  {:>9.4}", size.hashes, size.query_median_ms, size.query_p99_ms);
    let rest = format!("{:>6}  {:>6.1}  {:>7.1}", size.recall, size.bytes_per_hash, size.build_s);
    format!("{times}  {flat:>7}  {multi:>8}  {ratio:>5}  {rest}")
}

fn scenario_line(row: &Scenario) -> String {
    let times = format!("{:>9.4}  {:>9.4}", row.query_median_ms, row.query_p99_ms);
    let counts = format!("{:>16.1}×  {:>6}  {:>7}", row.slowest_complete_over_median, row.capped, row.matches);
    format!("{:>9}  {:<14}  {times}  {counts}", row.hashes, row.scenario)
}
