//! What is kept of a known text: its TLSH and its fingerprints, from which nobody can read it.

use std::sync::Arc;

use tlsh::prelude::*;

use super::shingle::{Shingler, winnow};
use super::words::{Word, charsets_of, each_word};
use crate::content::Deadline;

/// Fingerprints that a text is to have at most, about. So many tell the share that was found to within 3 %, and ten
/// thousand texts still take little memory.
const AIM: usize = 256;

/// Fewer say nothing: ten words in a row are what people quote.
pub(super) const FEWEST: usize = 12;

/// Bytes of normalised text that a TLSH is made of at least, as its authors advise.
const SHORTEST_FOR_TLSH: u64 = 256;

/// A known text, as far as near-copies of it can be told.
#[derive(Clone, Debug, PartialEq)]
pub struct TextDigest {
    /// What people know it by: its file's name, or what its list says.
    pub id: Arc<str>,
    /// Words of the text.
    pub words: u64,
    /// None where the text is too short or too uniform.
    pub tlsh: Option<Tlsh>,
    /// Its fingerprints, ascending, each once.
    pub fingerprints: Vec<u64>,
}

/// A text too short to be told from others.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "too short: {words} words make {fingerprints} different shingles, at least {FEWEST} are needed; a rule with keywords finds short texts"
)]
pub struct TooShort {
    words: u64,
    fingerprints: usize,
}

impl TextDigest {
    /// Takes in the text that `bytes` are in the likeliest reading.
    ///
    /// # Errors
    /// [`TooShort`].
    pub fn of(id: &str, bytes: &[u8]) -> Result<Self, TooShort> {
        let (mut shingler, mut shingles, mut tlsh) = (Shingler::default(), Vec::new(), TlshOfWords::up_to(u64::MAX));
        for charset in charsets_of(bytes).into_iter().take(1) {
            each_word(bytes, charset, &Deadline::NEVER, |word| {
                tlsh.push(word);
                shingles.extend(shingler.push(word).map(|shingle| shingle.hash));
            });
        }
        let fingerprints = winnow(&shingles, (2 * shingles.len()).div_ceil(AIM).saturating_sub(1).max(1));
        let words = shingler.words() as u64;
        if fingerprints.len() < FEWEST {
            return Err(TooShort { words, fingerprints: fingerprints.len() });
        }
        Ok(Self { id: Arc::from(id), words, tlsh: tlsh.finish(), fingerprints })
    }
}

/// Bits and more by which two TLSH differ, 0 to some hundreds.
pub(super) fn distance(one: &Tlsh, other: &Tlsh) -> u32 {
    one.compare(other)
}

/// The TLSH of words as they come: of the words with one space between them, none in scripts without spaces.
#[derive(Debug)]
pub(super) struct TlshOfWords {
    generator: TlshGenerator,
    bytes: u64,
    most: u64,
    was_unspaced: bool,
}

impl TlshOfWords {
    /// None is made of more than `most` bytes.
    pub(super) fn up_to(most: u64) -> Self {
        Self { generator: TlshGenerator::new(), bytes: 0, most, was_unspaced: false }
    }

    pub(super) fn push(&mut self, word: &Word<'_>) {
        if self.bytes > self.most {
            return;
        }
        let needs_space = self.bytes > 0 && !(self.was_unspaced && word.is_unspaced);
        if needs_space {
            self.generator.update(b" ");
        }
        self.generator.update(word.own.as_bytes());
        self.bytes += word.own.len() as u64 + u64::from(needs_space);
        self.was_unspaced = word.is_unspaced;
    }

    pub(super) fn finish(self) -> Option<Tlsh> {
        let is_fit = (SHORTEST_FOR_TLSH..=self.most).contains(&self.bytes);
        is_fit.then(|| self.generator.finalize().ok()).flatten()
    }
}
