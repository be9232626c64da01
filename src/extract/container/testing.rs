//! What tests of all formats share.

use bytes::Bytes;

use crate::config::Ambiguity;
use crate::content::{ExtractLimits, Part, PartKind};
use crate::extract::dissection::testing::gathered;
use crate::extract::{Extraction, ProblemCode};

pub(super) const LISTED: &[u8] = b"EVIL-FILE-BYTES";

/// A file that another tool made; see `make.sh` there.
pub(super) fn fixture(name: &str) -> Bytes {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/containers");
    std::fs::read(format!("{folder}/{name}")).unwrap_or_else(|error| panic!("{name}: {error}")).into()
}

/// What is found in a body of these bytes.
pub(super) fn opened(bytes: impl Into<Bytes>) -> Extraction {
    opened_within(bytes, &ExtractLimits::default())
}

pub(super) fn opened_within(bytes: impl Into<Bytes>, limits: &ExtractLimits) -> Extraction {
    gathered(limits, Ambiguity::Refuse, |found| found.add(Part::new(PartKind::Body, bytes.into()), None))
}

pub(super) fn codes(found: &Extraction) -> Vec<ProblemCode> {
    found.problems.iter().map(|problem| problem.code).collect()
}

/// How often the listed bytes are a part.
pub(super) fn listed(found: &Extraction) -> usize {
    found.parts.iter().filter(|part| part.bytes == LISTED).count()
}

/// Names and contents of the entries that stand in the body itself.
pub(super) fn entries(found: &Extraction) -> Vec<(&str, &[u8])> {
    let own = found.parts.iter().filter(|part| part.kind == PartKind::Entry && part.inside == Some(0));
    own.map(|part| (part.name.as_deref().unwrap_or_default(), &part.bytes[..])).collect()
}
