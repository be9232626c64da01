//! Text in UTF-8, a piece of it at a time, with the way back to the bytes it was made from.

use std::ops::Range;

use super::offsets::{OffsetMap, lengths};
use super::utf8;

/// Most characters that are added at once where each takes a byte or two.
pub(super) const MOST_SHORT: usize = 256;

/// A character that a byte or two stand for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Short {
    /// In UTF-8, with anything behind it.
    bytes: [u8; Self::LONGEST],
    /// [`lengths`] of it and of what it was made from, or zero when there is none.
    lengths: u8,
}

impl Short {
    /// Bytes of the longest.
    const LONGEST: usize = 4;

    /// No character.
    pub(super) const NONE: Self = Self { bytes: [0; Self::LONGEST], lengths: 0 };

    /// `ch`, for which `length` bytes stand.
    pub(super) fn of(ch: char, length: usize) -> Self {
        let mut bytes = [0; Self::LONGEST];
        let made = ch.encode_utf8(&mut bytes).len();
        Self { bytes, lengths: lengths(made, length) }
    }

    /// Whether it is a character.
    pub(super) const fn is_some(self) -> bool {
        self.lengths != 0
    }
}

/// The piece of a text that is looked at: what is kept of what came before, and what is new. Offsets in it count from
/// the start of the whole text.
#[derive(Clone, Debug, Default)]
pub(super) struct SourceText {
    text: String,
    /// Where `text` starts.
    start: usize,
    map: OffsetMap,
    /// Where `map` starts, at `start` or before.
    map_start: usize,
}

impl SourceText {
    /// All of `text`, whose offsets are its own.
    pub(super) fn whole(text: &str) -> Self {
        let mut source = Self::default();
        source.push_str(text, 0);
        source
    }

    /// Nothing yet, from offset `original` of the original on.
    pub(super) fn starting_at(original: usize) -> Self {
        Self { map: OffsetMap::starting_at(original), ..Self::default() }
    }

    /// Adds `text`, which stands at `at` just like this.
    pub(super) fn push_str(&mut self, text: &str, at: usize) {
        self.text.push_str(text);
        self.map.push_bytes(at, text.len());
    }

    /// Adds what `original` stands for.
    pub(super) fn push_char(&mut self, ch: char, original: Range<usize>) {
        self.text.push(ch);
        self.map.push_unit(original, ch.len_utf8());
    }

    /// Adds characters from `at` on, [`MOST_SHORT`] at most: what `each` says that its bytes begin with, up to where it
    /// says none. Returns how many bytes those are.
    pub(super) fn push_short(&mut self, bytes: &[u8], at: usize, each: impl Fn(&[u8]) -> Short) -> usize {
        if bytes.is_empty() || !each(bytes).is_some() {
            return 0;
        }
        let (mut made, mut units) = ([0; Short::LONGEST * MOST_SHORT], [0; MOST_SHORT]);
        let (mut end, mut count, mut done) = (0, 0, 0);
        while count < MOST_SHORT && done < bytes.len() {
            let Short { bytes, lengths } = each(&bytes[done..]);
            if lengths == 0 {
                break;
            }
            made[end..end + Short::LONGEST].copy_from_slice(&bytes);
            units[count] = lengths;
            (end, count, done) = (end + usize::from(lengths >> 4), count + 1, done + usize::from(lengths & 0xf));
        }
        self.text.push_str(utf8::valid_part(&made[..end]));
        self.map.push_short(at, &units[..count], end, done);
        done
    }

    /// Adds `text`, which `original` stands for as a whole.
    pub(super) fn push_unit(&mut self, text: &str, original: Range<usize>) {
        self.text.push_str(text);
        self.map.push_unit(original, text.len());
    }

    /// Where the piece is.
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// The text of `span`, if that is whole characters of the piece.
    pub(super) fn get(&self, span: Range<usize>) -> Option<&str> {
        self.text.get(span.start.checked_sub(self.start)?..span.end.checked_sub(self.start)?)
    }

    /// The text from `at` on, which is in the piece.
    pub(super) fn from(&self, at: usize) -> &str {
        self.text.get(at.saturating_sub(self.start)..).unwrap_or_default()
    }

    /// The text before `at`, which is in the piece.
    pub(super) fn up_to(&self, at: usize) -> &str {
        self.text.get(..at.saturating_sub(self.start)).unwrap_or_default()
    }

    /// Where `span` came from. What is forgotten came from where the rest starts.
    pub(super) fn original(&self, span: &Range<usize>) -> Range<usize> {
        let [start, end] = [span.start, span.end].map(|edge| edge.saturating_sub(self.map_start));
        self.map.original(&(start..end))
    }

    /// Forgets the text before `at`, or a little less, so that no character is cut; and where it came from, if that is
    /// before `map_at` as well.
    pub(super) fn forget_before(&mut self, at: usize, map_at: usize) {
        let cut = boundary_before(&self.text, at.saturating_sub(self.start));
        self.text.drain(..cut);
        self.start += cut;
        let map_cut = map_at.clamp(self.map_start, self.start) - self.map_start;
        let map_cut = self.map.unit_at(map_cut).made.start;
        self.map.forget_before(map_cut);
        self.map_start += map_cut;
    }

    /// Gives back memory that is not needed now.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.map.shrink();
    }
}

/// The end of a character at `at` or before.
pub(super) fn boundary_before(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

/// The start of a character at `at` or behind.
pub(super) fn boundary_behind(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}
