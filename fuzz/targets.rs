//! What each fuzz target does with its input, and what must hold whatever the input is. `tests/corpora.rs` replays the
//! corpora through the same functions.
#![allow(dead_code, reason = "each target uses one function")]

use bytes::Bytes;
use penstock::config::Ambiguity;
use penstock::content::{ExtractLimits, PartKind};
use penstock::extract::{Extraction, ProblemKind, Source};

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

fn split_line(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}

/// Takes a body apart, and checks what holds for every body.
fn extracted(body: &[u8], content_type: &[u8], coding: &[u8], ambiguity: Ambiguity) -> Extraction {
    let body = Bytes::copy_from_slice(body);
    let source = Source { body: &body, content_types: &[content_type], content_encodings: &[coding], ambiguity };
    let found = Extraction::of(&source, &LIMITS);
    assert!(found.parts.len() <= LIMITS.max_parts, "more parts than allowed");
    assert!(found.problems.len() <= 32, "more problems than anybody reads");
    for (index, part) in found.parts.iter().enumerate() {
        assert!(part.inside.is_none_or(|outer| outer < index), "a part lies in one that comes before it");
    }
    let unpacked = found.parts.iter().filter(|part| part.kind == PartKind::Decoded);
    let unpacked: usize = unpacked.map(|part| part.bytes.len()).sum();
    assert!(unpacked as u64 <= LIMITS.max_unpacked + 4 * body.len() as u64, "more bytes than allowed");
    found
}
