//! What is read leniently around a place: the words it touches, and what is spelled out before and behind them.

use std::ops::Range;

use super::places::{self, Place};
use super::reader::letter_of;
use crate::text::fold::is_word_character;
use crate::text::normalise::Normalised;
use crate::text::source::{SourceText, boundary_before, boundary_behind};

/// Bytes that a stretch goes on for before and behind a place: more than any word. Not all scripts have spaces.
const MOST_AROUND: usize = 64;

/// A character, and where it is in the normalised text. There may be thousands, so it is small.
pub(super) struct Char {
    pub(super) ch: char,
    at: u32,
    /// Whether it is a letter, digit or mark.
    pub(super) is_letter: bool,
    /// Whether it may stand for a letter.
    pub(super) is_sign: bool,
}

impl Char {
    pub(super) const fn at(&self) -> usize {
        self.at as usize
    }
}

/// The characters of `place` in `text`.
pub(super) fn chars(text: &str, place: &Range<usize>) -> Vec<Char> {
    let text = &text[place.clone()];
    let mut chars = Vec::with_capacity(text.chars().count());
    chars.extend(text.char_indices().map(|(at, ch)| Char {
        ch,
        at: (place.start + at) as u32,
        is_letter: is_word_character(ch),
        is_sign: letter_of(ch).is_some(),
    }));
    chars
}

/// Stretches of `normalised`, made from `source`, in which something may be hidden, in their order; none touch.
pub(super) fn of(normalised: &Normalised, source: &SourceText) -> Vec<Range<usize>> {
    let text = normalised.as_str();
    let mut places: Vec<Place> = normalised.ones().iter().map(|one| Place::one(*one..one + 1)).collect();
    places::each(text.as_bytes(), |place| places.push(place));
    places.sort_unstable_by_key(|place| place.bytes().start);
    let mut stretches: Vec<Range<usize>> = Vec::new();
    let mut number_end = 0;
    for place in places {
        let (bytes, is_row) = (place.bytes(), place.is_row);
        let mut at = bytes.start;
        while at < bytes.end {
            let place = at..if is_row { at + 1 } else { bytes.end };
            let floor = stretches.last().map_or(0, |last| last.end);
            at = boundary_behind(text, place.end).max(if is_row { floor } else { 0 });
            if place.end <= floor.max(number_end) {
                continue;
            }
            if let Some(end) = end_of_number(normalised, source, &place) {
                number_end = end;
                continue;
            }
            let (start, end) = (start(text, floor, place.start), end(text, place.end));
            match stretches.last_mut() {
                Some(last) if last.end >= start => last.end = end,
                _ => stretches.push(start..end),
            }
        }
    }
    stretches
}

/// Where the number ends that `place` is in: a word written with digits only, of which "0" and "1" are letters once
/// normalised.
fn end_of_number(normalised: &Normalised, source: &SourceText, place: &Range<usize>) -> Option<usize> {
    let bytes = normalised.as_str().as_bytes();
    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'o' | b'l' | b'.' | b'-' | b'\'');
    let before = bytes[..place.start].iter().rev().take(MOST_AROUND).take_while(is_part).count();
    let behind = bytes[place.start..].iter().take(MOST_AROUND).take_while(is_part).count();
    let (start, end) = (place.start - before, place.start + behind);
    let touches = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
    if end < place.end || touches(start.checked_sub(1).map(|before| &bytes[before])) || touches(bytes.get(end)) {
        return None;
    }
    let written = source.from(normalised.source(&(start..start + 1)).start).as_bytes().get(..end - start)?;
    written.iter().all(|byte| byte.is_ascii() && !byte.is_ascii_alphabetic()).then_some(end)
}

/// Where the word at `place` starts, or what is spelled out before it; not before `floor`.
fn start(text: &str, floor: usize, place: usize) -> usize {
    let place = boundary_before(text, place);
    let floor = boundary_behind(text, floor.max(place.saturating_sub(MOST_AROUND)));
    let before = text.get(floor..place).unwrap_or_default();
    place - kept(before.rsplit(' ')).min(before.len())
}

/// Where the word at `place` ends, or what is spelled out behind it.
fn end(text: &str, place: usize) -> usize {
    let place = boundary_behind(text, place);
    let behind = &text[place..boundary_before(text, place + MOST_AROUND)];
    place + kept(behind.split(' ')).min(behind.len())
}

/// Bytes of the first of `words`, and of those behind it, each with a space, that have no two letters.
fn kept<'a>(mut words: impl Iterator<Item = &'a str>) -> usize {
    let is_single = |word: &str| word.chars().filter(|ch| is_word_character(*ch)).nth(1).is_none();
    let first = words.next().map_or(0, str::len);
    first + words.take_while(|word| is_single(word)).map(|word| word.len() + 1).sum::<usize>()
}
