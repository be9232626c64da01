//! How long a picture takes from its bytes to its hashes, and how much memory.
//!
//! One thread, one run: our SHA-256 and PDQ in eight orientations, beside Pillow with pdqhash doing the same, and beside
//! libjpeg-turbo decoding the luma plane and doing nothing else. Each hash is compared with the references or with the
//! peer. `make bench-images` prints a table and writes `benches/results/images.json`; `QUICK=1` leaves out the large ones.

#[path = "support/machine.rs"]
mod machine;
#[path = "support/memory.rs"]
#[allow(dead_code, reason = "tests use what the bench does not")]
mod memory;
#[path = "images/peer.rs"]
mod peer;
#[path = "images/pictures.rs"]
mod pictures;
#[path = "support/random.rs"]
mod random;
#[path = "images/report.rs"]
mod report;

use std::hint::black_box;
use std::time::{Duration, Instant};

use peer::Peer;
use penstock::content::{Algorithm, AlgorithmSet, DecodeLimits};
use penstock::media::{PdqHashes, hash_luma, hash_part_here};
use pictures::{Picture, pdq_from, vectors};
use report::{Report, Row};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// Ours, the floor and the peer take turns; the time of each is the least of so many, so that what else runs does not count.
const PASSES: usize = 7;
/// A call is repeated until it has taken so long, at least once, as the peer does.
const AT_LEAST: Duration = Duration::from_millis(20);
/// As far as the two references are from each other.
const MAX_BITS: u16 = 10;

fn main() {
    // Under `cargo test` nothing is measured.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let is_quick = std::env::var_os("QUICK").is_some_and(|value| value == "1");
    let (mut peer, generated) = Peer::start(is_quick);
    let vectors = vectors();
    let bits_from_references = compare_with_references(&vectors);
    let is_jpeg = |picture: &Picture| picture.frame.is_some();
    let pictures: Vec<Picture> = vectors.into_iter().chain(generated).filter(is_jpeg).collect();
    let rows = measure(&pictures, &mut peer, if is_quick { 3 } else { PASSES });
    let mut versions = machine::versions(&["zune-jpeg"]);
    versions.extend(peer.stop());
    Report { is_quick, versions, rows, bits_from_references, filter_ms: filter_ms() }.finish();
}

/// Everything that is measured: one part's bytes to its hashes.
fn hash(bytes: &[u8]) -> PdqHashes {
    let wanted: AlgorithmSet = [Algorithm::Sha256, Algorithm::Pdq].into_iter().collect();
    let hashes = hash_part_here(black_box(bytes), wanted, &DecodeLimits::default());
    assert_eq!((hashes.digests().count(), hashes.problem), (1, None));
    hashes.views[0].pdq.expect("PDQ was asked for").expect("it has features")
}

fn measure(pictures: &[Picture], peer: &mut Peer, passes: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = pictures.iter().map(|picture| first_row(picture, peer)).collect();
    for _ in 0..passes {
        for (picture, row) in pictures.iter().zip(&mut rows) {
            row.ours_ms = row.ours_ms.min(least_ms(|| hash(&picture.bytes)));
            row.floor_ms = row.floor_ms.zip(peer.floor(picture).ms).map(|(least, ms)| least.min(ms));
            row.peer_ms = row.peer_ms.min(peer.hash(picture).ms.expect("the peer hashes everything"));
        }
    }
    rows
}

/// What does not take time, and the first times.
fn first_row(picture: &Picture, peer: &mut Peer) -> Row {
    let (ours, theirs) = (hash(&picture.bytes), peer.hash(picture));
    let theirs_hash = pdq_from(&theirs.hash.expect("the peer gives a hash"));
    let bits = ours.dihedral[0].distance(&theirs_hash).0;
    assert!(bits <= MAX_BITS, "{}: {bits} bits from the peer", picture.path.display());
    Row {
        picture: picture.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        frame: picture.frame.expect("only JPEGs are measured"),
        ours_ms: f64::INFINITY,
        floor_ms: peer.floor(picture).ms,
        peer_ms: f64::INFINITY,
        peak_bytes: peak_bytes(picture),
        warm: memory::calls_of(|| hash(&picture.bytes)),
    }
}

/// The most memory that is held at a time by a thread that has kept nothing from pictures before.
fn peak_bytes(picture: &Picture) -> u64 {
    let calls = std::thread::scope(|scope| scope.spawn(|| memory::calls_of(|| hash(&picture.bytes))).join());
    calls.expect("the picture is hashed").peak.unsigned_abs() as u64
}

fn least_ms<T>(work: impl Fn() -> T) -> f64 {
    let (start, mut least) = (Instant::now(), Duration::MAX);
    while least == Duration::MAX || start.elapsed() < AT_LEAST {
        let start = Instant::now();
        black_box(work());
        least = least.min(start.elapsed());
    }
    least.as_secs_f64() * 1e3
}

/// Bits between our hash of each vector and those of both references.
fn compare_with_references(vectors: &[Picture]) -> Vec<u16> {
    let bits_of = |vector: &Picture| {
        let ours = hash(&vector.bytes).dihedral[0];
        let bits: Vec<u16> = vector.references.iter().flatten().map(|reference| ours.distance(reference).0).collect();
        assert!(bits.iter().all(|bits| *bits <= MAX_BITS), "{}: {bits:?} bits off", vector.path.display());
        bits
    };
    vectors.iter().flat_map(bits_of).collect()
}

/// The filter and the DCT of a plane of 512×512.
fn filter_ms() -> f64 {
    const SIDE: u32 = 512;
    let mut word = random::random_words(3);
    let plane: Vec<u8> = (0..SIDE * SIDE).map(|at| ((at / 7) as u8).wrapping_add(word() as u8 / 4)).collect();
    (0..PASSES)
        .map(|_| least_ms(|| hash_luma(black_box(&plane), SIDE, SIDE).expect("it has features")))
        .fold(f64::INFINITY, f64::min)
}
