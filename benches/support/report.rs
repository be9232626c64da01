//! Criterion's figures as a table for people and a file for comparison.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::Value;

use super::{Stage, machine};

/// A stage with its figures.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    stage: &'static str,
    median_ns: f64,
    /// Where a rate says something.
    bytes_per_second: Option<f64>,
    /// The floor or the peer, when it was measured in the same run.
    beside: Option<&'static str>,
    /// Median over that of `beside`.
    ratio: Option<f64>,
}

/// The median times in nanoseconds that Criterion has written since `start`, by stage.
pub(super) fn medians(folder: &Path, start: SystemTime, stages: &[Stage]) -> HashMap<&'static str, f64> {
    let median = |stage: &Stage| {
        let file = folder.join(stage.name).join("new/estimates.json");
        let is_of_this_run = fs::metadata(&file).and_then(|metadata| metadata.modified()).ok()? >= start;
        let estimates: Value = serde_json::from_slice(&fs::read(&file).ok()?).ok()?;
        let median = estimates["median"]["point_estimate"].as_f64()?;
        is_of_this_run.then_some((stage.name, median))
    };
    stages.iter().filter_map(median).collect()
}

/// The stages that were measured, in order.
pub(super) fn rows(stages: &[Stage], medians: &HashMap<&'static str, f64>) -> Vec<Row> {
    let row = |stage: &Stage| {
        let median = *medians.get(stage.name)?;
        let beside = stage.beside.and_then(|floor| Some((floor, *medians.get(floor)?)));
        Some(Row {
            stage: stage.name,
            median_ns: median,
            bytes_per_second: stage.bytes.map(|bytes| bytes as f64 / median * 1e9),
            beside: beside.map(|(floor, _)| floor),
            ratio: beside.map(|(_, floor)| median / floor),
        })
    };
    stages.iter().filter_map(row).collect()
}

pub(super) fn print_table(rows: &[Row]) {
    println!("{:<29} {:>11} {:>12} {:>8}  ratio is to", "stage", "median", "throughput", "ratio");
    for row in rows {
        let rate = row.bytes_per_second.map_or(String::new(), |rate| format!("{:.0} MB/s", rate / 1e6));
        let ratio = row.ratio.map_or(String::new(), |ratio| format!("{ratio:.3}"));
        let (time, beside) = (readable_time(row.median_ns), row.beside.unwrap_or_default());
        println!("{}", format!("{:<29} {time:>11} {rate:>12} {ratio:>8}  {beside}", row.stage).trim_end());
    }
}

fn readable_time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

/// Writes `rows`, with what they were measured on, to `benches/results/NAME`.
pub(super) fn write_file(name: &str, is_quick: bool, rows: &[Row]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results");
    let report = serde_json::json!({
        "machine": { "cpu": machine::cpu_model(), "cores": machine::cores() },
        "commit": machine::commit(),
        "date": humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        "quick": is_quick,
        "peers": machine::versions(&["aho-corasick", "image", "multer", "sha2", "zune-jpeg"]),
        "rows": rows,
    });
    let file = folder.join(name);
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, format!("{report:#}\n")));
    match written {
        Ok(()) => println!("\nwritten to {}", file.display()),
        Err(error) => println!("\nnot written to {}: {error}", file.display()),
    }
}
