//! What each fuzz target does with its input, and what must hold whatever the input is. `tests/corpora.rs` replays the
//! corpora through the same functions.
#![allow(dead_code, reason = "each target uses one function")]

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use penstock::config::{Ambiguity, ColumnMapping, ListFormat, ListReading};
use penstock::content::{Algorithm, AlgorithmSet, Deadline, DecodeLimits, ExtractLimits, PartKind, UnixTime};
use penstock::extract::{Extraction, ProblemCode, ProblemKind, Source};
use penstock::hash_set::format::{Input, read as read_list};
use penstock::hash_set::{About, Item, RecordSink, Removal, RowProblem};
use penstock::media::{DecodeError, hash_part_here};
use penstock::resumable::{
    Naming, TusRequest, Unnamed, chunk_claims, is_partial, is_probe, listed_parts, range_claim, read_dav, read_s3,
    read_tus, resolve, upload_created,
};
use penstock::text::{
    RuleMatch, RuleSet, Scanner, Sought, TextList, digest_lines, find_near_copies, lint, parse_digests,
    parse_rules_beside, parse_trend_query, try_rules,
};

/// A name, which is also that of the corpus, and what is done with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("multipart", multipart),
    ("readings", readings),
    ("json", json),
    ("form", form),
    ("xml", xml),
    ("encodings", encodings),
    ("containers", containers),
    ("carving", carving),
    ("aws_chunked", aws_chunked),
    ("grpc", grpc),
    ("tus", tus),
    ("s3", s3),
    ("chunks", chunks),
    ("list_lines", list_lines),
    ("list_json", list_json),
    ("list_xml", list_xml),
    ("trend_query", trend_query),
    ("rule_file", rule_file),
    ("text_scan", text_scan),
    ("text_digests", text_digests),
    ("pictures", pictures),
];

/// Small, so that limits are reached.
const LIMITS: ExtractLimits = ExtractLimits {
    max_parts: 2_000,
    max_part_header: 1 << 10,
    max_depth: 32,
    max_escaped: 1 << 20,
    max_codings: 3,
    max_nesting: 4,
    max_unpacked: 4 << 20,
    max_ratio: 200,
    max_plain_picture: 1 << 20,
    max_carved: 200,
};

/// The first line is the `Content-Type`, the rest the body.
pub fn multipart(input: &[u8]) {
    let (content_type, body) = split_line(input);
    let found = extracted(body, content_type, b"", Ambiguity::Refuse);
    let is_canonical = found.problems.is_empty();
    let fields = found.parts.iter().filter(|part| matches!(part.kind, PartKind::Field | PartKind::File));
    let length: usize = fields.filter(|part| part.inside.is_none()).map(|part| part.bytes.len()).sum();
    assert!(!is_canonical || length <= body.len(), "the parts of a form are ranges of it");
}

/// The same, with every reading.
pub fn readings(input: &[u8]) {
    let (content_type, body) = split_line(input);
    let canonical = extracted(body, content_type, b"", Ambiguity::Refuse);
    let all = extracted(body, content_type, b"", Ambiguity::InspectAll);
    let is_over = all.problems.iter().any(|problem| problem.code.kind() == ProblemKind::OverLimit);
    for part in canonical.parts.iter().filter(|part| matches!(part.kind, PartKind::Field | PartKind::File)) {
        assert!(is_over || all.parts.iter().any(|other| other.bytes == part.bytes), "a reading is missing");
    }
}

pub fn json(input: &[u8]) {
    for ambiguity in [Ambiguity::Refuse, Ambiguity::InspectAll] {
        extracted(input, b"application/json", b"", ambiguity);
    }
}

pub fn form(input: &[u8]) {
    extracted(input, b"application/x-www-form-urlencoded", b"", Ambiguity::Refuse);
}

pub fn xml(input: &[u8]) {
    for ambiguity in [Ambiguity::Refuse, Ambiguity::InspectAll] {
        extracted(input, b"application/xml", b"", ambiguity);
    }
}

/// The first line is the `Content-Encoding`, the rest the body.
pub fn encodings(input: &[u8]) {
    let (coding, body) = split_line(input);
    extracted(body, b"application/json", coding, Ambiguity::Refuse);
    extracted(body, b"multipart/form-data; boundary=b", coding, Ambiguity::Refuse);
}

pub fn containers(input: &[u8]) {
    extracted(input, b"application/octet-stream", b"", Ambiguity::Refuse);
}

pub fn carving(input: &[u8]) {
    extracted(&[b"\0", input].concat(), b"application/octet-stream", b"", Ambiguity::Refuse);
}

pub fn aws_chunked(input: &[u8]) {
    extracted(input, b"", b"aws-chunked", Ambiguity::Refuse);
}

pub fn grpc(input: &[u8]) {
    extracted(input, b"application/grpc", b"", Ambiguity::Refuse);
    extracted(input, b"application/grpc-web-text", b"", Ambiguity::Refuse);
}

/// The method in the first line, then headers, a line each.
pub fn tus(input: &[u8]) {
    let (method, headers) = split_line(input);
    let Ok(method) = Method::from_bytes(method) else { return };
    let headers = header_map(headers);
    let read = read_tus(&method, &headers);
    if let Ok(Some(TusRequest::Append(append))) = read {
        let stated = headers.get("upload-offset").and_then(|value| value.to_str().ok());
        assert_eq!(stated.map(str::to_owned), Some(append.offset.to_string()), "an offset has one spelling");
    }
    for value in headers.get_all("location").iter().filter_map(|value| value.to_str().ok()) {
        resolve("site.test", "/files", value);
    }
}

/// The method in the first line, the query in the second, headers up to an empty line, then the body.
pub fn s3(input: &[u8]) {
    let (method, rest) = split_line(input);
    let (query, rest) = split_line(rest);
    let end = rest.windows(2).position(|window| window == b"\n\n").unwrap_or(rest.len());
    let (headers, body) = (header_map(&rest[..end]), rest.get(end + 2..).unwrap_or_default());
    let Ok(method) = Method::from_bytes(method) else { return };
    drop(read_s3(&method, std::str::from_utf8(query).ok(), &headers));
    is_partial(&headers, &String::from_utf8_lossy(query), std::str::from_utf8(query).ok(), body.len() as u64);
    upload_created(body);
    if let Ok(parts) = listed_parts(body) {
        assert!(parts.is_sorted_by(|first, second| first.number < second.number), "parts are listed in order");
    }
}

/// The method in the first line, the target in the second, then headers, of which each may be a field as well.
pub fn chunks(input: &[u8]) {
    let (method, rest) = split_line(input);
    let (target, rest) = split_line(rest);
    let (Ok(method), headers) = (Method::from_bytes(method), header_map(rest)) else { return };
    let target = String::from_utf8_lossy(target);
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let named: Vec<_> = headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    for naming in [Naming::Id, Naming::Name, Naming::Nothing] {
        if let Ok(claims) = chunk_claims(&named, Unnamed { name: &target, naming }) {
            assert!(claims.len() <= 4, "one request is a piece in a few ways");
        }
    }
    is_probe(&named);
    let length = rest.len() as u64;
    if let Ok(Some(claim)) = range_claim(&method, &target, &headers, None, length)
        && let (Some(offset), Some(total)) = (claim.place.offset, claim.total)
    {
        assert!(offset + length <= total, "a range is within its file");
    }
    drop(read_dav(&method, &target, &headers));
}

/// The first line is the file's name, the rest a list: in the format that is told, and in every one of lines and CSV.
pub fn list_lines(input: &[u8]) {
    let (name, list) = split_line(input);
    let name = String::from_utf8_lossy(name);
    listed(&name, list, &ListReading::default());
    let columns = ColumnMapping {
        hash_and_algorithm: Some(("2".into(), "1".into())),
        about: [("id".into(), "3".into())].into(),
        delimiter: b';',
        ..ColumnMapping::default()
    };
    let formats = [
        ListFormat::Csv,
        ListFormat::MappedCsv,
        ListFormat::Plain,
        ListFormat::PytxLines,
        ListFormat::PytxCsv,
        ListFormat::ThreatCsv,
        ListFormat::Hashdeep,
        ListFormat::Sums,
        ListFormat::Nsrl,
        ListFormat::Clamav,
        ListFormat::MispCsv,
    ];
    for format in formats {
        let columns = Some(columns.clone());
        listed(&name, list, &ListReading { format: Some(format), columns, ..ListReading::default() });
    }
}

/// The name of a format in the first line, then a list in it.
pub fn list_json(input: &[u8]) {
    let (name, list) = split_line(input);
    if let Some(format) = std::str::from_utf8(name).ok().and_then(ListFormat::named) {
        listed("list", list, &ListReading { format: Some(format), ..ListReading::default() });
    }
}

pub fn list_xml(input: &[u8]) {
    listed("list", input, &ListReading { format: Some(ListFormat::Ncmec), ..ListReading::default() });
}

/// A query in the first line, then a text.
pub fn trend_query(input: &[u8]) {
    let (query, text) = split_line(input);
    let Ok(query) = std::str::from_utf8(query) else { return };
    let Ok(rule) = parse_trend_query(query, "q", Vec::new()) else { return };
    let set = RuleSet::compile(vec![rule]).expect("few keywords");
    check_matches(&set.scan(text, &Deadline::NEVER), text);
}

fn check_matches(matches: &[RuleMatch], text: &[u8]) {
    for found in matches {
        assert!(!found.spans.is_empty(), "a match without a span");
        assert!(found.spans.iter().all(|span| span.start < span.end && span.end <= text.len()), "a span outside");
    }
}

/// A rule file; whatever files it names have two lines.
pub fn rule_file(input: &[u8]) {
    let Ok(source) = std::str::from_utf8(input) else { return };
    match parse_rules_beside(source, &mut |_| Ok(b"turnip\nsite.example\n".to_vec())) {
        Ok(rules) => {
            let Ok(set) = RuleSet::compile(rules) else { return };
            try_rules(&set);
            lint(&set, UnixTime(0));
            check_matches(&set.scan(input, &Deadline::NEVER), input);
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            for problem in problems.iter().filter(|problem| problem.file.is_none()) {
                assert!(is_place(source, problem.place.line, problem.place.column), "{problem} has no place");
            }
        }
    }
}

/// Rules that use every step of normalisation and every sort of condition.
static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
    let rules = parse_rules_beside(include_str!("rules.toml"), &mut |name| Err(name.to_owned()));
    RuleSet::compile(rules.expect("rules in order")).expect("few keywords")
});

/// How much harmless text comes first (none below 192) and how long pieces are, a byte each, then a text that must read
/// the same at once and piece by piece.
pub fn text_scan(input: &[u8]) {
    let [before, length, rest @ ..] = input else { return };
    // Blocks end after eight KiB: what is found has to lie at their edges.
    let harmless = if *before < 192 { 0 } else { 8192 - 4 * (255 - usize::from(*before)) };
    let text: Vec<u8> = b"a word ".iter().cycle().take(harmless).chain(rest).copied().collect();
    let at_once = RULES.scan(&text, &Deadline::NEVER);
    check_matches(&at_once, &text);
    let mut scanner = Scanner::new(&*RULES, Deadline::NEVER);
    text.chunks(usize::from(*length) * 16 + 1).for_each(|piece| scanner.push(piece));
    assert_eq!(at_once, scanner.finish(), "what is found depends on how it comes");
}

/// A file of digests; near-copies of its texts are looked for in the file.
pub fn text_digests(input: &[u8]) {
    let Ok(source) = std::str::from_utf8(input) else { return };
    match parse_digests(source) {
        Ok(texts) => {
            let written: Vec<String> = digest_lines(&texts).collect();
            assert_eq!(parse_digests(&written.join("\n")).as_ref(), Ok(&texts), "what is written reads otherwise");
            let list = TextList::of(texts);
            let sought = Sought { list: &list, threshold: 0.1, tlsh_distance: Some(300), most: 4 };
            for near in find_near_copies(&[sought], input, &Deadline::NEVER) {
                assert!((0.0..=1.0).contains(&near.score), "a score of {}", near.score);
                assert!(near.span.start <= near.span.end && near.span.end <= input.len(), "a span outside");
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            for problem in problems {
                assert!(is_place(source, problem.place.line, problem.place.column), "{problem} has no place");
            }
        }
    }
}

/// Whether there is such a line, and such a column in it or right behind it.
fn is_place(source: &str, line: u64, column: u64) -> bool {
    let line = source.split('\n').nth((line - 1) as usize);
    line.is_some_and(|line| (1..=line.chars().count() as u64 + 1).contains(&column))
}

/// What a list told, a line a record.
struct Told {
    lines: u64,
    records: Vec<String>,
}

impl RecordSink for Told {
    fn list(&mut self, item: Item<'_>, about: &About<'_>) {
        let tags = about.tags.unwrap_or_default();
        assert!(!tags.contains(char::is_control), "tags are words");
        self.records.push(format!("{item:?} {about:?}"));
    }

    fn remove(&mut self, removal: &Removal<'_>) {
        self.records.push(format!("{removal:?}"));
    }

    fn reject(&mut self, problem: RowProblem) {
        assert!((1..=self.lines).contains(&problem.line) && problem.column > 0, "{problem} has no place");
        self.records.push(problem.to_string());
    }

    fn ignore(&mut self, kind: &str) {
        self.records.push(kind.to_owned());
    }
}

/// Reads a list at once and byte by byte, which must give the same.
fn listed(name: &str, list: &[u8], reading: &ListReading) {
    let lines = list.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    let told = |mut input: Input<'_>| {
        let mut told = Told { lines, records: Vec::new() };
        let ended = read_list(&mut input, reading, &mut told).err();
        told.records.extend(ended.map(|error| error.to_string()));
        told.records
    };
    let at_once = told(Input::new(list, name));
    assert!(at_once.len() <= list.len() + 1, "more records than bytes");
    let byte_by_byte = told(Input::new(std::io::BufReader::with_capacity(1, list), name));
    assert_eq!(at_once, byte_by_byte, "what is read depends on how it comes");
}

fn header_map(lines: &[u8]) -> HeaderMap {
    let pairs = lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in pairs.take(64) {
        headers.append(name, value);
    }
    headers
}

fn split_line(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}

/// Takes a body apart, and checks what holds for every body.
fn extracted(body: &[u8], content_type: &[u8], coding: &[u8], ambiguity: Ambiguity) -> Extraction {
    let body = Bytes::copy_from_slice(body);
    let source = Source {
        body: &body,
        content_types: &[content_type],
        content_encodings: &[coding],
        names: &[],
        query: Some(&body),
        ambiguity,
    };
    let found = Extraction::of(&source, &LIMITS);
    assert!(found.parts.len() <= LIMITS.max_parts, "more parts than allowed");
    assert!(found.problems.len() <= 32 + ProblemCode::ALL.len(), "more problems than anybody reads");
    for (index, part) in found.parts.iter().enumerate() {
        assert!(part.inside.is_none_or(|outer| outer < index), "a part lies in one that comes before it");
    }
    let unpacked = found.parts.iter().filter(|part| part.kind == PartKind::Decoded);
    let unpacked: usize = unpacked.map(|part| part.bytes.len()).sum();
    assert!(unpacked as u64 <= LIMITS.max_unpacked + 4 * body.len() as u64, "more bytes than allowed");
    found
}

/// A file that may be a picture. Nearly all of the time would go into hashing, which sees nothing but pixels, so most are
/// hashed in one cheap way; large ones are only let through where the luma plane alone is read.
pub fn pictures(input: &[u8]) {
    let one = [Algorithm::AHash].into_iter().collect();
    let wanted = if input.len().is_multiple_of(16) { AlgorithmSet::all() } else { one };
    picture(input, wanted, 50_000);
    if input.starts_with(&[0xff, 0xd8]) {
        picture(input, [Algorithm::Pdq].into_iter().collect(), 1_000_000);
    }
}

fn picture(input: &[u8], wanted: AlgorithmSet, max_pixels: u64) {
    let limits = DecodeLimits {
        max_side: 2_000,
        max_pixels,
        max_alloc: 32 << 20,
        max_frames: 4,
        deadline: Duration::from_secs(5),
        ..DecodeLimits::default()
    };
    let hashes = hash_part_here(input, wanted, &limits);
    assert_ne!(hashes.problem, Some(DecodeError::Panicked));
    // A thousand pictures of a file, and one before its frames; each on three grounds, with borders and without.
    assert!(hashes.views.len() <= 6 * 1_002);
    for view in &hashes.views {
        assert!(u64::from(view.width) * u64::from(view.height) <= limits.max_pixels);
    }
}
