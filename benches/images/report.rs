//! The figures as tables for people and a file for comparison.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::machine;
use crate::memory::Calls;
use crate::pictures::Frame;

/// One picture. Times are the least of several passes.
pub(crate) struct Row {
    pub(crate) picture: String,
    pub(crate) frame: Frame,
    pub(crate) ours_ms: f64,
    /// libjpeg-turbo's grey decode, where there is one.
    pub(crate) floor_ms: Option<f64>,
    pub(crate) peer_ms: f64,
    /// The most memory that was held at a time.
    pub(crate) peak_bytes: u64,
    /// What is allocated once the thread has hashed the same picture before.
    pub(crate) warm: Calls,
}

impl Row {
    fn over_floor(&self) -> Option<f64> {
        self.floor_ms.map(|floor| self.ours_ms / floor)
    }

    fn under_peer(&self) -> f64 {
        self.peer_ms / self.ours_ms
    }

    fn bytes_a_pixel(&self) -> f64 {
        self.peak_bytes as f64 / self.frame.pixels() as f64
    }

    fn line(&self) -> String {
        let (floor, over) = self.floor_ms.zip(self.over_floor()).map_or_else(
            || ("–".to_owned(), "–".to_owned()),
            |(floor, over)| (format!("{floor:.2}"), format!("{over:.2}×")),
        );
        let (under, peak) = (self.under_peer(), self.bytes_a_pixel());
        let times = format!("{:>9.2} {floor:>9} {:>9.2}", self.ours_ms, self.peer_ms);
        format!("{:<32} {times} {over:>9} {under:>8.1}× {peak:>8.2}", self.picture)
    }

    fn json(&self) -> Value {
        json!({
            "picture": self.picture,
            "pixels": self.frame.pixels(),
            "progressive": self.frame.is_progressive,
            "ours_ms": self.ours_ms,
            "floor_ms": self.floor_ms,
            "peer_ms": self.peer_ms,
            "peak_bytes": self.peak_bytes,
            "warm_allocations": self.warm.count,
            "warm_bytes": self.warm.bytes,
        })
    }
}

/// All of a run.
pub(crate) struct Report {
    pub(crate) is_quick: bool,
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) rows: Vec<Row>,
    /// Of each vector, from each reference.
    pub(crate) bits_from_references: Vec<u16>,
    /// The filter and the DCT of 512×512 pixels.
    pub(crate) filter_ms: f64,
}

/// What is wanted, and what was found.
struct Goal {
    what: &'static str,
    found: f64,
    wanted: Wanted,
}

enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

impl Goal {
    fn is_met(&self) -> bool {
        match self.wanted {
            Wanted::AtMost(bound) => self.found <= bound,
            Wanted::AtLeast(bound) => self.found >= bound,
        }
    }

    fn line(&self) -> String {
        let wanted = match self.wanted {
            Wanted::AtMost(bound) => format!("≤ {bound}"),
            Wanted::AtLeast(bound) => format!("≥ {bound}"),
        };
        let verdict = if self.is_met() { "" } else { "  missed" };
        format!("{:<68} {:>6.2}   {wanted}{verdict}", self.what, self.found)
    }
}

impl Report {
    fn goals(&self) -> Vec<Goal> {
        use Wanted::{AtLeast, AtMost};
        let median_of = |figure: fn(&Row) -> Option<f64>, is_meant: fn(&Frame) -> bool| {
            median(self.rows.iter().filter(|row| is_meant(&row.frame)).filter_map(figure).collect())
        };
        let under_peer = |row: &Row| Some(row.under_peer());
        let bytes_a_pixel = |row: &Row| Some(row.bytes_a_pixel());
        let goal = |what, found, wanted| Goal { what, found, wanted };
        vec![
            goal(
                "baseline, over libjpeg-turbo's grey decode alone",
                median_of(Row::over_floor, |frame| !frame.is_progressive),
                AtMost(1.6),
            ),
            goal(
                "progressive, over libjpeg-turbo's grey decode alone",
                median_of(Row::over_floor, |frame| frame.is_progressive),
                AtMost(2.0),
            ),
            goal(
                "1600×1004, faster than Pillow with pdqhash",
                median_of(under_peer, |frame| (frame.width, frame.height) == (1600, 1004)),
                AtLeast(5.0),
            ),
            goal(
                "12 megapixels, faster than Pillow with pdqhash",
                median_of(under_peer, |frame| (11_500_000..12_500_000).contains(&frame.pixels())),
                AtLeast(8.0),
            ),
            goal("filter and DCT of 512×512, ms", self.filter_ms, AtMost(0.6)),
            goal(
                "peak memory of baseline of a megapixel or more, bytes a pixel",
                median_of(bytes_a_pixel, |frame| {
                    !frame.is_progressive && frame.has_luma() && frame.pixels() > 1_000_000
                }),
                AtMost(1.3),
            ),
            goal(
                "peak memory of progressive of a megapixel or more, bytes a pixel",
                median_of(bytes_a_pixel, |frame| {
                    frame.is_progressive && frame.has_luma() && frame.pixels() > 1_000_000
                }),
                AtMost(1.3),
            ),
        ]
    }

    /// Prints the tables and writes the file.
    pub(crate) fn finish(self) {
        println!(
            "{:<32} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8}",
            "", "ours ms", "floor ms", "peer ms", "to floor", "to peer", "B/pixel"
        );
        self.rows.iter().for_each(|row| println!("{}", row.line()));
        println!("\n{:<68} median   wanted", "");
        let goals = self.goals();
        goals.iter().for_each(|goal| println!("{}", goal.line()));
        let bits = &self.bits_from_references;
        let mean = f64::from(bits.iter().sum::<u16>()) / bits.len() as f64;
        println!("\nbits from the references: {mean:.2} in the mean, {:?} at most", bits.iter().max());
        let report = json!({
            "machine": { "cpu": machine::cpu_model(), "cores": machine::cores() },
            "commit": machine::commit(),
            "date": humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            "quick": self.is_quick,
            "versions": self.versions,
            "goals": goals.iter().map(|goal| json!({ "what": goal.what, "median": goal.found, "met": goal.is_met() })).collect::<Vec<_>>(),
            "bits_from_references": { "mean": mean, "most": bits.iter().max() },
            "pictures": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
        });
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results/images.json");
        match fs::write(&file, format!("{report:#}\n")) {
            Ok(()) => println!("\nwritten to {}", file.display()),
            Err(error) => println!("\nnot written to {}: {error}", file.display()),
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
