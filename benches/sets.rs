//! How long a set takes from its list to its first answer: compiling, opening, checking, and looking digests up.
//!
//! `make bench-sets` prints a table and writes `benches/results/sets.json`; `QUICK=1` takes a million hashes in place of
//! ten million.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "support/machine.rs"]
mod machine;
#[path = "support/random.rs"]
mod random;

use std::collections::HashSet as StdSet;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Instant, SystemTime};

use penstock::config::ListReading;
use penstock::hash_set::exact::{ExactIndex, directory_of};
use penstock::hash_set::{Compiled, Silent};
use penstock::snapshot::{Keeping, SetCache, SetPath};
use serde_json::{Value, json};

/// What a compilation takes is what the binary's allocator takes.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What is opened is measured as often, and the median counts.
const OPENINGS: usize = 31;
const LOOKUPS: usize = 1_000_000;

fn main() {
    // Under `cargo test` nothing is measured.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let is_quick = std::env::var_os("QUICK").is_some_and(|value| value == "1");
    let hashes = if is_quick { 1_000_000 } else { 10_000_000 };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let report = json!({
        "machine": { "cpu": machine::cpu_model(), "cores": machine::cores() },
        "commit": machine::commit(),
        "date": humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        "quick": is_quick,
        "peers": machine::versions(&["twox-hash"]),
        "compile": compile(folder.path(), hashes),
        "digests": digests(hashes),
    });
    println!("{report:#}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results/sets.json");
    fs::write(&file, format!("{report:#}\n")).expect("the results can be written");
}

/// From a list in CSV, with an id and a label a row, to an open set.
fn compile(folder: &Path, hashes: usize) -> Value {
    let (list, set) = (folder.join("list.csv"), folder.join("list.pset"));
    write_list(&list, hashes).expect("the list can be written");
    let peak = Peak::begin();
    let start = Instant::now();
    let cache = SetCache {
        folder: None,
        keeping: Keeping::Nothing,
        temporary: folder,
        threads: machine::cores(),
        progress: &Silent,
    };
    let collected =
        cache.collect(&[SetPath::of(&list)], &ListReading::default()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let read_s = start.elapsed().as_secs_f64();
    let out = BufWriter::with_capacity(1 << 18, File::create(&set).expect("the set can be written"));
    let (out, _) = collected.builder.compile(out, machine::cores(), &Silent).expect("the set can be written");
    out.into_inner().expect("the set can be written").sync_all().expect("the set reaches the disk");
    let compile_s = start.elapsed().as_secs_f64();
    let peak_bytes = peak.end();
    let file_bytes = fs::metadata(&set).map_or(0, |metadata| metadata.len());
    let open = median((0..OPENINGS).map(|_| time_ms(|| Compiled::open(&set).expect("it opens"))));
    let opened = Compiled::open(&set).expect("it opens");
    let verify = median((0..3).map(|_| time_ms(|| opened.verify().expect("it is whole"))));
    json!({
        "hashes": hashes,
        "list_bytes": fs::metadata(&list).map_or(0, |metadata| metadata.len()),
        "file_bytes": file_bytes,
        "read_s": read_s,
        "compile_s": compile_s,
        "peak_bytes": peak_bytes,
        "peak_to_file": peak_bytes as f64 / file_bytes as f64,
        "open_ms": open,
        "verify_ms": verify,
    })
}

fn write_list(path: &Path, hashes: usize) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut word = random::random_words(11);
    writeln!(out, "algorithm,hash,label,id")?;
    for row in 0..hashes {
        writeln!(out, "pdq,{:016x}{:016x}{:016x}{:016x},terror,case-{row}", word(), word(), word(), word())?;
    }
    out.flush()
}

/// Lookups of MD5 digests: ours, bisection of the digests alone, and the standard library's hash set.
fn digests(count: usize) -> Value {
    let mut word = random::random_words(12);
    let mut digest = || {
        let mut digest = [0; 16];
        digest[..8].copy_from_slice(&word().to_be_bytes());
        digest[8..].copy_from_slice(&word().to_be_bytes());
        digest
    };
    let mut listed: Vec<[u8; 16]> = (0..count).map(|_| digest()).collect();
    let hits: Vec<[u8; 16]> = listed.iter().step_by((count / LOOKUPS).max(1)).copied().take(LOOKUPS).collect();
    let misses: Vec<[u8; 16]> = (0..LOOKUPS).map(|_| digest()).collect();
    listed.sort_unstable();
    let directory = directory_of(&listed);
    let index = ExactIndex::new(&listed, &directory);
    let hashed: StdSet<[u8; 16]> = listed.iter().copied().collect();
    let ours = |digest: &[u8; 16]| !index.find(digest).is_empty();
    let bisection = |digest: &[u8; 16]| listed.binary_search(digest).is_ok();
    let std = |digest: &[u8; 16]| hashed.contains(digest);
    json!({
        "digests": count,
        "bytes_per_digest": (16 * count + 4 * directory.len()) as f64 / count as f64,
        "hit_ns": { "ours": lookup(&hits, true, ours), "bisection": lookup(&hits, true, bisection), "std_hash_set": lookup(&hits, true, std) },
        "miss_ns": { "ours": lookup(&misses, false, ours), "bisection": lookup(&misses, false, bisection), "std_hash_set": lookup(&misses, false, std) },
    })
}

/// Nanoseconds a lookup, the median of five passes; every answer must be `expected`.
fn lookup(queries: &[[u8; 16]], expected: bool, find: impl Fn(&[u8; 16]) -> bool) -> f64 {
    let pass = |_| {
        let milliseconds = time_ms(|| {
            let right = queries.iter().filter(|query| find(black_box(query)) == expected).count();
            assert_eq!(right, queries.len(), "a fast wrong answer is no answer");
        });
        milliseconds * 1e6 / queries.len() as f64
    };
    median((0..5).map(pass))
}

fn time_ms<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_secs_f64() * 1e3
}

fn median(times: impl Iterator<Item = f64>) -> f64 {
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The most memory that the process had since the beginning, above what it had then (proc(5): `VmHWM`).
struct Peak(u64);

impl Peak {
    fn begin() -> Self {
        fs::write("/proc/self/clear_refs", "5").expect("the peak can be reset");
        Self(status("VmRSS"))
    }

    fn end(self) -> u64 {
        status("VmHWM") - self.0
    }
}

fn status(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("proc is mounted");
    let line = status.lines().find(|line| line.starts_with(field)).expect("the kernel tells it");
    let kibibytes = line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok());
    kibibytes.expect("it is a number") << 10
}
