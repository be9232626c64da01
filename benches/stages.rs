//! What each stage of an inspection costs by itself.
//!
//! Every stage stands beside a floor (the least that any implementation must do) or a peer, and checks its own answer
//! first, so that a fast wrong one fails. `cargo bench --bench stages` measures, prints a table and writes
//! `benches/results/stages.json`; `QUICK=1` does so in less than a minute, with wider error bars. `deploy/demo/samples`
//! holds the picture.

mod support;

use std::hint::black_box;
use std::path::Path;

use aho_corasick::{AhoCorasick, MatchKind};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use penstock::content::{
    Algorithm, AlgorithmSet, Deadline, DecodeLimits, Distance, ExtractLimits, HashValue, MediaType, PartKind,
};
use penstock::extract::{Extraction, Source};
use penstock::hash_set::hamming::{Limits, View, build_tables};
use penstock::media::{PartHashes, hash_part_here};
use penstock::text::{RuleSet, parse_rules};
use sha2::{Digest as _, Sha256};
use support::form::{BOUNDARY, Form};
use support::texts::{Keywords, Planted, mixed_scripts, prose};
use support::{Bench, Stage, random_bytes, random_words};

/// Held bodies and decoded pictures come from the allocator that the binary has.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The size of an upload in the load test too.
const UPLOAD: usize = 100_000;

fn main() {
    let mut bench = Bench::from_environment();
    hash_pictures(&mut bench);
    search_hashes(&mut bench);
    scan_texts(&mut bench);
    parse_forms(&mut bench);
    digest_uploads(&mut bench);
    bench.report();
}

fn hash_pictures(bench: &mut Bench) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/demo/samples/harbour.jpg");
    let jpeg = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let only_pdq = [Algorithm::Pdq].into_iter().collect();

    bench.measure(Stage::new("picture/luma-decode"), || decode_luma(&jpeg));
    assert_eq!(decode_luma(&jpeg).len(), 1600 * 1004);
    for (stage, wanted, digests, hash64s) in [
        (Stage::new("picture/pdq").beside("picture/luma-decode"), only_pdq, 0, 0),
        (Stage::new("picture/all-algorithms").beside("picture/pdq"), AlgorithmSet::all(), 3, 3),
    ] {
        let hashes = hash_part_here(&jpeg, wanted, &DecodeLimits::default());
        assert_eq!((hashes.digests().count(), hash64s_of(&hashes)), (digests, hash64s));
        assert_eq!(dihedral_hashes(&hashes).len(), 8);
        bench.measure(stage, || hash_part_here(black_box(&jpeg), wanted, &DecodeLimits::default()));
    }
}

/// The floor for hashing a picture: nothing but its luma plane.
#[expect(clippy::disallowed_methods, reason = "the bare decoder is the floor, and the picture is our own")]
fn decode_luma(jpeg: &[u8]) -> Vec<u8> {
    use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
    let options = DecoderOptions::new_fast().jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(black_box(jpeg)), options);
    decoder.decode().expect("the sample decodes")
}

fn hash64s_of(hashes: &PartHashes) -> usize {
    hashes.views.first().map_or(0, |view| view.hash64s().count())
}

/// The words of the eight PDQ hashes of a picture that has them.
fn dihedral_hashes(hashes: &PartHashes) -> Vec<[u64; 4]> {
    let Some(picture) = hashes.views.first() else {
        panic!("the picture does not decode: {hashes:?}");
    };
    let Some(Ok(pdq)) = &picture.pdq else {
        panic!("the picture has no PDQ hash: {picture:?}");
    };
    assert!(pdq.quality >= 50, "the picture has quality {}, which is too plain to match", pdq.quality);
    pdq.dihedral.iter().map(penstock::content::PdqHash::words).collect()
}

fn search_hashes(bench: &mut Bench) {
    const HASHES: usize = 1_000_000;
    const RADIUS: Distance = Distance(31);
    let mut word = random_words(1);
    let mut hash = || std::array::from_fn(|_| word());
    let mut hashes: Vec<[u64; 4]> = (0..HASHES).map(|_| hash()).collect();
    let (unknown, dihedral): ([u64; 4], [[u64; 4]; 8]) = (hash(), std::array::from_fn(|_| hash()));
    // Each at a distance of its own from some query; the last is too far by one bit.
    let planted =
        [(3, 0), (70_000, 1), (400_000, 17), (654_321, 30), (999_999, 31), (500_000, 32)].map(|(row, distance)| {
            hashes[row] = with_flipped(dihedral[row % 8], distance);
            hashes[row]
        });
    hashes.sort_unstable();
    let mut tables = Vec::new();
    let layout = build_tables(&hashes, 1, |section| -> Result<(), std::convert::Infallible> {
        tables.extend_from_slice(section);
        Ok(())
    });
    let layout = layout.expect("the hashes are sorted");
    let index = View::new(&layout, &hashes, &tables).expect("the tables were made for the hashes");
    let scan_all = |queries: &[[u64; 4]]| index.scan(queries, RADIUS, Limits::NONE);
    let found = index.find(&dihedral, RADIUS);
    assert_eq!(found.neighbours.iter().map(|near| hashes[near.row as usize]).collect::<Vec<_>>(), planted[..5]);
    assert_eq!(found, scan_all(&dihedral));
    assert_eq!((index.find(&[unknown], RADIUS).neighbours, scan_all(&[unknown]).neighbours), (vec![], vec![]));

    let miss = [unknown];
    let queries: [(&'static str, &'static str, &[[u64; 4]]); 2] =
        [("hamming/miss", "hamming/miss-scan", &miss), ("hamming/eight", "hamming/eight-scan", &dihedral)];
    for (search, scan, queries) in queries {
        bench.measure(Stage::new(scan), || scan_all(black_box(queries)));
        bench.measure(Stage::new(search).beside(scan), || index.find(black_box(queries), RADIUS));
    }
}

/// `hash` with `count` bits changed, spread over all of it.
fn with_flipped(mut hash: [u64; 4], count: usize) -> [u64; 4] {
    for position in 0..count {
        let bit = position * 256 / count;
        hash[bit / 64] ^= 1 << (bit % 64);
    }
    hash
}

fn scan_texts(bench: &mut Bench) {
    let keywords = Keywords::invent();
    let rules = RuleSet::compile(parse_rules(&keywords.as_rule_file()).expect("the rules are in order"));
    let rules = rules.expect("the automaton holds a thousand keywords");
    let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(keywords.all());
    let automaton = automaton.expect("the automaton holds a thousand keywords");
    for (scan, floor, Planted { text, rules: planted }) in [
        ("text/prose", "text/prose-automaton", prose(&keywords)),
        ("text/mixed-scripts", "text/mixed-scripts-automaton", mixed_scripts(&keywords)),
    ] {
        let text = text.as_bytes();
        let matched: Vec<usize> = rules.scan(text, &Deadline::NEVER).iter().map(|found| found.rule).collect();
        assert_eq!(matched, planted, "{scan}: the rules that match are those whose keywords were planted");
        bench.measure(Stage::new(floor).bytes(text.len()), || automaton.find_overlapping_iter(black_box(text)).count());
        bench.measure(Stage::new(scan).bytes(text.len()).beside(floor), || {
            rules.scan(black_box(text), &Deadline::NEVER)
        });
    }
}

fn parse_forms(bench: &mut Bench) {
    let form = Form::with_fields_and_file(10, &random_bytes(2, UPLOAD));
    let content_types = [form.content_type.as_bytes()];
    let parse = || Extraction::of(&Source::plain(black_box(&form.body), &content_types), &ExtractLimits::default());
    let extraction = parse();
    // Beside the parts there is what their values are in base64.
    let of_form = extraction.parts.iter().filter(|part| matches!(part.kind, PartKind::Field | PartKind::File));
    assert_eq!((of_form.count(), extraction.problems), (11, vec![]));
    assert_eq!(extraction.parts.last().map(|part| part.bytes.len()), Some(UPLOAD));

    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    let peer = || runtime.block_on(read_with_multer(black_box(&form.body)));
    assert_eq!(peer(), 11);
    bench.measure(Stage::new("multipart/multer").bytes(form.body.len()), peer);
    bench.measure(Stage::new("multipart/extract").bytes(form.body.len()).beside("multipart/multer"), parse);
}

/// Reads every part with the parser that axum uses, and counts them.
async fn read_with_multer(body: &Bytes) -> usize {
    let mut form = multer::Multipart::new(Full::new(body.clone()).into_data_stream(), BOUNDARY);
    let mut parts = 0;
    while let Some(field) = form.next_field().await.expect("multer reads the form") {
        black_box(field.bytes().await.expect("multer reads the part"));
        parts += 1;
    }
    parts
}

fn digest_uploads(bench: &mut Bench) {
    let bytes = random_bytes(3, UPLOAD);
    let (only_sha256, three) = (
        [Algorithm::Sha256].into_iter().collect(),
        [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256].into_iter().collect(),
    );
    let bare = || -> [u8; 32] { Sha256::digest(black_box(&bytes)).into() };
    bench.measure(Stage::new("digest/sha256-bare").bytes(UPLOAD), bare);
    for (stage, wanted, count) in [
        (Stage::new("digest/sha256").beside("digest/sha256-bare"), only_sha256, 1),
        (Stage::new("digest/md5-sha1-sha256").beside("digest/sha256-bare"), three, 3),
    ] {
        let hashes = hash_part_here(&bytes, wanted, &DecodeLimits::default());
        assert_eq!(hashes.media_type, MediaType::Opaque);
        assert_eq!((hashes.digests().count(), hashes.digests().last()), (count, Some(HashValue::Sha256(bare()))));
        bench.measure(stage.bytes(UPLOAD), || hash_part_here(black_box(&bytes), wanted, &DecodeLimits::default()));
    }
}
