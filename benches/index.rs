//! How fast the Hamming index answers, and how much memory it takes, beside faiss.
//!
//! Same hashes, same queries, same run, one thread each. Every answer is compared: with that of faiss where it runs, and
//! with a scan of all hashes for a sample of queries. Hashes and tables are searched in a mapped file, as those of a
//! compiled set are. `make bench-index` prints a table and writes `benches/results/index.json`; `QUICK=1` stops at a
//! million hashes, `SIZES=1e6,1e7` chooses, `PEER=0` leaves faiss out.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "index/lists.rs"]
mod lists;
#[path = "support/machine.rs"]
mod machine;
#[path = "index/mapped.rs"]
mod mapped;
#[path = "index/peer.rs"]
mod peer;
#[path = "support/random.rs"]
mod random;
#[path = "index/report.rs"]
mod report;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use lists::{Hash, Kind, List};
use mapped::{Mapped, Writer};
use peer::Peer;
use penstock::content::Distance;
use penstock::hash_set::hamming::{Completeness, Found, Layout, Limits, View, build_tables};
use report::{Report, Scenario, Size};

/// The index takes its memory where the binary does.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const RADIUS: Distance = Distance(31);
/// Enough that the second pass finds little of the first in the caches.
const QUERIES: usize = 1_000;
/// The time of a query is the least of so many, some seconds apart, so that whatever else runs does not count.
const PASSES: usize = 5;
/// Queries that a scan checks.
const CHECKED: usize = 24;
/// Past this faiss takes too much memory and time: its scan is extrapolated linearly.
const LARGEST_WITH_PEER: usize = 10_000_000;

fn main() {
    // Under `cargo test` nothing is measured.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let is_quick = std::env::var_os("QUICK").is_some_and(|value| value == "1");
    let sizes = std::env::var("SIZES").unwrap_or_else(|_| if is_quick { "1e6" } else { "1e6,1e7,1e8" }.to_owned());
    let sizes = sizes.split(',').map(|size| size.parse::<f64>().expect("SIZES are numbers") as usize);
    let mut report = Report::new(is_quick);
    let mut flat_at_largest = None;
    for size in sizes {
        let measured = measure_size(size, &mut flat_at_largest, &mut report.versions);
        report.add_size(measured);
        if size <= LARGEST_WITH_PEER {
            for kind in [Kind::Clustered, Kind::NearConstant, Kind::ManyMatches] {
                report.add_scenario(measure_scenario(kind, size));
            }
        }
    }
    report.finish();
}

/// The hashes of a list with their tables.
struct Index {
    layout: Layout,
    file: Mapped,
    build_s: f64,
}

impl Index {
    fn new(hashes: &[Hash]) -> Self {
        let start = Instant::now();
        let mut writer = Writer::new(hashes).expect("there is room on the disk");
        let layout = build_tables(hashes, machine::cores(), |section| writer.write(section));
        let layout = layout.expect("the hashes are sorted, and there is room on the disk");
        let build_s = start.elapsed().as_secs_f64();
        Self { layout, file: writer.map().expect("there is memory"), build_s }
    }

    fn view(&self) -> View<'_, 4> {
        View::new(&self.layout, self.file.hashes(), self.file.tables()).expect("the tables are those of the hashes")
    }

    fn bytes_per_hash(&self) -> f64 {
        let hashes = self.file.hashes();
        (size_of_val(hashes) + self.file.tables().len()) as f64 / hashes.len() as f64
    }
}

/// Milliseconds by query, each the least of several passes.
fn time_queries(view: View<'_, 4>, queries: &[Hash]) -> Vec<f64> {
    let mut least = vec![f64::INFINITY; queries.len()];
    for _ in 0..PASSES {
        for (query, least) in queries.iter().zip(&mut least) {
            let start = Instant::now();
            black_box(view.find(black_box(std::slice::from_ref(query)), RADIUS));
            *least = least.min(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    least
}

fn find_each(view: View<'_, 4>, queries: &[Hash]) -> Vec<Found> {
    queries.iter().map(|query| view.find(std::slice::from_ref(query), RADIUS)).collect()
}

/// The share of rows that a scan finds for a sample of queries which the index found as well.
fn recall(view: View<'_, 4>, queries: &[Hash], found: &[Found]) -> f64 {
    let (mut expected, mut met) = (0, 0);
    let step = (queries.len() / CHECKED).max(1);
    for (query, found) in queries.iter().zip(found).step_by(step) {
        let all = view.scan(std::slice::from_ref(query), RADIUS, Limits::NONE).neighbours;
        if found.completeness == Completeness::Complete {
            assert_eq!(found.neighbours.len(), all.len(), "a complete answer has as many rows as a scan");
            expected += all.len();
            met += all.iter().filter(|near| found.neighbours.contains(near)).count();
        }
    }
    // Around near-constant hashes all answers with matches are capped, and those have to have found something.
    assert!(expected > 0 || found.iter().any(|found| found.completeness == Completeness::Capped), "there are matches");
    let is_empty = |found: &&Found| found.completeness == Completeness::Capped && found.neighbours.is_empty();
    assert!(found.iter().filter(is_empty).count() * 100 <= found.len(), "a search that is capped has found something");
    if expected == 0 { 1.0 } else { met as f64 / expected as f64 }
}

/// Whether faiss is to run.
fn has_peer() -> bool {
    std::env::var_os("PEER").is_none_or(|value| value != "0")
}

fn measure_size(
    size: usize,
    flat_at_largest: &mut Option<(usize, f64)>,
    versions: &mut BTreeMap<String, String>,
) -> Size {
    let list = List::new(Kind::Uniform, size, QUERIES);
    let index = Index::new(&list.hashes);
    let times = time_queries(index.view(), &list.queries);
    let found = find_each(index.view(), &list.queries);
    assert!(found.iter().all(|found| found.completeness == Completeness::Complete), "uniform data is never capped");
    assert!(found.iter().step_by(4).all(|found| !found.neighbours.is_empty()), "every fourth query was planted");
    let recall = recall(index.view(), &list.queries, &found);
    assert!(recall == 1.0, "recall is {recall}");
    let peer = (size <= LARGEST_WITH_PEER && has_peer()).then(|| {
        let flat_queries = if size > 2_000_000 { 40 } else { 200 };
        let peer = Peer::run(&list, flat_queries);
        check_peer(&peer.flat.found, &found);
        check_peer(&peer.multi_hash.found, &found);
        versions.extend(peer.versions.clone());
        *flat_at_largest = Some((size, peer.flat.median_ms));
        peer
    });
    let extrapolated = flat_at_largest.map(|(at, median_ms)| median_ms * size as f64 / at as f64);
    let query_median_ms = report::quantile(&times, 0.5);
    Size {
        hashes: size,
        query_median_ms,
        query_p99_ms: report::quantile(&times, 0.99),
        faiss_flat_ms: extrapolated,
        faiss_flat_is_extrapolated: peer.is_none(),
        faiss_multi_hash_ms: peer.map(|peer| peer.multi_hash.median_ms),
        ratio_to_faiss_flat: extrapolated.map(|flat| flat / query_median_ms),
        recall,
        matches: found.iter().map(|found| found.neighbours.len()).sum(),
        bytes_per_hash: index.bytes_per_hash(),
        build_s: index.build_s,
    }
}

/// Both number rows by position in the same file, so they must agree in everything.
fn check_peer(theirs: &[Vec<(u32, u16)>], ours: &[Found]) {
    for (number, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
        let mut rows: Vec<_> = ours.neighbours.iter().map(|near| (near.row, near.distance.0)).collect();
        rows.sort_unstable();
        assert_eq!(*theirs, rows, "query {number}: faiss found the left, Penstock the right");
    }
}

fn measure_scenario(kind: Kind, size: usize) -> Scenario {
    let list = List::new(kind, size, QUERIES);
    let index = Index::new(&list.hashes);
    let times = time_queries(index.view(), &list.queries);
    let found = find_each(index.view(), &list.queries);
    let is_capped = |found: &Found| found.completeness == Completeness::Capped;
    let capped = found.iter().filter(|found| is_capped(found)).count();
    assert!(kind != Kind::Clustered || capped == 0, "clusters are never capped");
    let recall = recall(index.view(), &list.queries, &found);
    assert!(recall == 1.0, "recall is {recall}");
    let uncapped: Vec<f64> =
        times.iter().zip(&found).filter(|(_, found)| !is_capped(found)).map(|(ms, _)| *ms).collect();
    let query_median_ms = report::quantile(&times, 0.5);
    Scenario {
        scenario: kind.name(),
        hashes: size,
        query_median_ms,
        query_p99_ms: report::quantile(&times, 0.99),
        slowest_complete_over_median: report::quantile(&uncapped, 1.0) / query_median_ms,
        slowest_over_median: report::quantile(&times, 1.0) / query_median_ms,
        capped,
        queries: list.queries.len(),
        matches: found.iter().map(|found| found.neighbours.len()).sum(),
        bytes_per_hash: index.bytes_per_hash(),
    }
}
