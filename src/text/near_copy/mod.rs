//! Near-copies of known texts: manifestos, propaganda that is pasted again and again, with some words changed.
//!
//! A known text is kept as what [`TextDigest`] holds, and told by two signs. *Fingerprints* are hashes of every three words
//! in a row; the score is the share of a known text's fingerprints in a stretch of the upload about as long as that text, so
//! a passage in a longer text is found as well. *TLSH* is one digest of a whole text, and tells texts whose words were
//! changed all over, as long as nothing was put around them.
//!
//! Of a known text about 256 fingerprints are chosen by winnowing. Of the upload all are looked up: an edit next to a
//! fingerprint then takes away no other.

mod digest;
mod file;
mod index;
mod passage;
mod search;
mod shingle;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Range;

use self::index::Index;
use crate::content::Deadline;

pub use digest::{TextDigest, TooShort};
pub use file::{DigestProblem, digest_lines, is_digest_file, parse_digests};

/// Fingerprints that a passage has at least: what fewer say is chance.
const FEWEST_FOUND: u32 = 5;

/// Known texts, indexed. Immutable; searching needs no lock.
#[derive(Clone, Debug)]
pub struct TextList {
    texts: Vec<TextDigest>,
    index: Index,
    /// Words of the longest.
    longest: u64,
}

impl TextList {
    /// Indexes `texts`.
    pub fn of(texts: Vec<TextDigest>) -> Self {
        let index = Index::of(&texts);
        let longest = texts.iter().map(|text| text.words).max().unwrap_or(0);
        Self { texts, index, longest }
    }

    /// The texts, in their order.
    pub fn texts(&self) -> &[TextDigest] {
        &self.texts
    }
}

/// A list, and how near is near.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'l> {
    /// The known texts.
    pub list: &'l TextList,
    /// The least share of a known text's fingerprints, 0 to 1.
    pub threshold: f64,
    /// The largest distance of TLSH. `None`: TLSH is not compared.
    pub tlsh_distance: Option<u16>,
    /// Near-copies that are told at most, the nearest.
    pub most: usize,
}

/// A known text that an upload is near to.
#[derive(Clone, Debug, PartialEq)]
pub struct NearCopy {
    /// Index of the list.
    pub list: usize,
    /// Index into [`TextList::texts`].
    pub text: usize,
    /// The share of its fingerprints that were found in `span`, or in the best stretch where only TLSH is near; 0 to 1, in
    /// thousandths.
    pub score: f64,
    /// The distance of TLSH, where that is near.
    pub distance: Option<u32>,
    /// About where the passage is in the original bytes, on whole characters; all of them where only TLSH is near.
    pub span: Range<usize>,
}

/// The known texts that `bytes`, in any charset they may be in, are near to or hold a passage near to: the nearest of
/// each list, by list, nearest first.
///
/// Time is linear in the bytes and, where TLSH is compared, in the texts; memory is bounded by the lists. Past the deadline
/// it stops, with what was found until then.
pub fn find_near_copies(lists: &[Sought<'_>], bytes: &[u8], deadline: &Deadline) -> Vec<NearCopy> {
    if lists.is_empty() { Vec::new() } else { search::find(lists, bytes, deadline) }
}
