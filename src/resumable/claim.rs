//! What a request says about the piece that it brings, whatever protocol it speaks.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

/// Makes hashes of pieces that nobody outside can foresee or make collide.
static PIECE_KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Where a piece belongs in its upload. A piece without either comes behind those that came before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Its number. The lowest is 0 or, where the protocol does not say, perhaps 1.
    pub index: Option<u64>,
    /// Bytes in front of it.
    pub offset: Option<u64>,
}

/// How sure it is that what an upload is called names no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// It was made for this upload, or is made of its name and size.
    #[default]
    Id,
    /// It is the name of a file, which clients have in common.
    Name,
    /// Nothing is: it is where the request goes.
    Nothing,
}

/// What is said of one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// What the client, or the URL, calls the upload.
    pub upload: String,
    /// What sort of name that is.
    pub naming: Naming,
    /// Where the piece belongs.
    pub place: Place,
    /// The number of the first piece, where it is known whether its client counts from 0 or from 1.
    pub first: Option<u64>,
    /// How many pieces there are.
    pub count: Option<u64>,
    /// Bytes of the whole.
    pub total: Option<u64>,
    /// Whether it is said in so many words that nothing comes after it.
    pub is_last: bool,
    /// Whether the origin begins anew with it, and forgets what it had.
    pub restarts: bool,
}

/// Servers would put the piece in different places, or none of them in a place that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction;

impl Claim {
    /// Whether a piece of `length` bytes is the whole upload. Most libraries say where a piece belongs then, too.
    pub fn is_whole(&self, length: u64) -> bool {
        let is_first = self.place.offset.is_none_or(|offset| offset == 0);
        self.count == Some(1) || is_first && self.total == Some(length) && self.place.index.is_none_or(|at| at <= 1)
    }

    /// Whether pieces come before it and none after it, with `length` bytes; perhaps one after it, if its client
    /// counts from 1 and nobody knows.
    pub fn ends(&self, length: u64) -> bool {
        let last = self.count.map(|count| count.saturating_add(self.first.unwrap_or_default()).saturating_sub(1));
        let by_number = last.is_some_and(|last| self.place.index.is_some_and(|index| index >= last));
        let by_bytes = self
            .total
            .is_some_and(|total| self.place.offset.is_some_and(|offset| offset.saturating_add(length) >= total));
        by_number || by_bytes
    }
}

/// A number in decimal digits and nothing else, which every server reads alike.
pub(super) fn plain_number(text: &str) -> Option<u64> {
    let is_plain = (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// Names an upload for all origins that drop or change characters of it: those that are left over everywhere.
pub fn plain_name(upload: &str) -> String {
    let kept = upload.chars().filter(|c| c.is_ascii_alphanumeric() || !c.is_ascii());
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a name is hardly the word of anything else: clients make such names of random digits or of a file's name and
/// size.
pub(crate) fn is_telling_name(upload: &str) -> bool {
    let name = plain_name(upload);
    let has = |is_of: fn(&char) -> bool| name.chars().any(|character| is_of(&character));
    let is_mixed = has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    name.chars().count() >= if is_mixed { 12 } else { 24 }
}

/// A hash of a piece, the same as long as the process lives.
pub(crate) fn piece_hash(piece: &[u8]) -> u64 {
    PIECE_KEY.hash_one(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_a_common_word_tells_nothing() {
        for (name, expected) in [
            ("username", false),
            ("upload", false),
            ("2026-11-30", false),
            ("1.0.0-beta", false),
            ("profile-picture", false),
            ("12345-holidayjpg", true),
            ("PROJ-12345", false),
            ("o_1i2j3k4l5m6n", true),
            ("0192f3a4-5b6c-7d8e-9f00-112233445566", true),
            ("vacation-of-the-whole-family-of-ann", true),
        ] {
            assert_eq!(is_telling_name(name), expected, "{name}");
        }
    }

    #[test]
    fn a_piece_may_be_the_whole_or_the_last() {
        let of =
            |index, count, offset, total| Claim { place: Place { index, offset }, count, total, ..Claim::default() };
        for (claim, is_whole, ends) in [
            (of(Some(0), Some(1), None, None), true, true),
            (of(Some(0), Some(2), None, None), false, false),
            (of(Some(1), Some(2), None, None), false, true),
            (of(None, None, Some(0), Some(10)), true, true),
            (of(None, None, Some(0), Some(11)), false, false),
            (of(None, None, Some(5), Some(10)), false, true),
            (of(Some(3), None, Some(0), Some(10)), false, true),
            (of(Some(0), None, None, Some(10)), true, false),
        ] {
            assert_eq!((claim.is_whole(10), claim.ends(10)), (is_whole, ends), "{claim:?}");
        }
        assert_eq!(plain_name("12-Über a_b.JPG"), "12Überabjpg");
    }
}
