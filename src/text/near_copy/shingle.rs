//! Every few words in a row as one number, and which of these numbers stand for a text.
//!
//! Source of winnowing: Schleimer, Wilkerson, Aiken, "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD
//! 2003, §3.

use std::ops::Range;

use twox_hash::XxHash3_64;

use super::words::Word;

/// Words in one shingle.
pub(super) const WORDS: usize = 3;

/// A stretch of [`WORDS`] words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shingle {
    /// XXH3 of its words' XXH3, each in eight bytes, low byte first.
    pub(super) hash: u64,
    /// Where it stands in the original bytes.
    pub(super) span: Range<usize>,
}

/// Makes shingles of words as they come.
#[derive(Debug, Default)]
pub(super) struct Shingler {
    hashes: [u64; WORDS],
    starts: [usize; WORDS],
    words: usize,
}

impl Shingler {
    /// The shingle that `word` completes.
    pub(super) fn push(&mut self, word: &Word<'_>) -> Option<Shingle> {
        self.hashes.rotate_left(1);
        self.starts.rotate_left(1);
        self.hashes[WORDS - 1] = XxHash3_64::oneshot(word.text.as_bytes());
        self.starts[WORDS - 1] = word.span.start;
        self.words += 1;
        if self.words < WORDS {
            return None;
        }
        let mut bytes = [0; 8 * WORDS];
        for (place, hash) in bytes.chunks_exact_mut(8).zip(self.hashes) {
            place.copy_from_slice(&hash.to_le_bytes());
        }
        Some(Shingle { hash: XxHash3_64::oneshot(&bytes), span: self.starts[0]..word.span.end })
    }

    /// Words that came so far.
    pub(super) const fn words(&self) -> usize {
        self.words
    }
}

/// The least of every `window` neighbours, ascending, each once: some of any stretch that is as long as the window, and the
/// same whatever stands around it.
pub(super) fn winnow(hashes: &[u64], window: usize) -> Vec<u64> {
    let mut chosen = Vec::new();
    let mut least: Option<usize> = None;
    for end in window.min(hashes.len())..=hashes.len() {
        let start = end.saturating_sub(window);
        // The last of equals, which stays in the window longest.
        least = match least {
            Some(at) if at >= start => Some(if hashes[end - 1] <= hashes[at] { end - 1 } else { at }),
            _ => (start..end).min_by_key(|at| (hashes[*at], usize::MAX - at)),
        };
        chosen.extend(least.map(|at| hashes[at]));
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shingles(text: &str) -> Vec<Shingle> {
        let mut shingler = Shingler::default();
        let words = text.split(' ').scan(0, |at, text| {
            let span = *at..*at + text.len();
            *at = span.end + 1;
            Some(Word { text, own: text, is_unspaced: false, span })
        });
        words.filter_map(|word| shingler.push(&word)).collect()
    }

    #[test]
    fn a_shingle_is_its_words_in_their_order() {
        let found = shingles("a b c a b c a c b");
        assert_eq!(found.len(), 7);
        assert_eq!(found[0].hash, found[3].hash);
        assert_eq!(found[3].span, 6..11);
        assert_ne!(found[0].hash, found[6].hash);
        assert_eq!(shingles("a b"), []);
    }

    #[test]
    fn the_hash_of_a_shingle_is_the_documented_one() {
        // By the Python package xxhash, as docs/near-copies.md says.
        assert_eq!(shingles("a b c")[0].hash, 0xd292_2065_7c48_2994);
    }

    proptest! {
        #[test]
        fn winnowing_takes_the_least_of_every_window(hashes in prop::collection::vec(0_u64..50, 0..60), window in 1_usize..9) {
            let mut expected: Vec<u64> = if hashes.is_empty() {
                Vec::new()
            } else {
                let window = window.min(hashes.len());
                hashes.windows(window).filter_map(|window| window.iter().min().copied()).collect()
            };
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(winnow(&hashes, window), expected);
        }
    }
}
