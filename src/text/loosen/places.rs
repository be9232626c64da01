//! Places where something may be hidden by its spelling.
//!
//! Looks at bytes only, and may say yes too often, as long as that is seldom in everyday text. Most text is looked at
//! many bytes at once, by arithmetic without branches that the compiler makes of it.

use std::ops::Range;

use super::LEAST_SPACED;
use super::gap::gap_before;
use super::hints::{Hints, Meeting};
use super::reader::{LEAST_REPEATED, MOST_BETWEEN};
use super::signs::{is_behind_pair, is_hyphen as is_hyphen_sign, is_mark, letter_of, letter_of_pair};
use super::words;
use crate::text::styled::is_ornament;

/// Bytes after which it is seen whether there was anything.
const CHUNK: usize = 64;

/// Bytes that are looked at in one go.
const SPAN: usize = 8 * CHUNK;

/// Bytes before and behind them that are looked at as well: as many as [`LEAST_SPACED`] letters take that stand alone.
const BEFORE: usize = 2;
const BEHIND: usize = 46;

const WINDOW: usize = BEFORE + SPAN + BEHIND;

/// Bytes from the start of a letter with an accent in which two others stand.
const DRESSED_WITHIN: usize = 10;

/// Bytes from a chunk's start on in which letters are counted that stand alone.
const COUNTED: usize = CHUNK + CHUNK / 2;

/// Bytes from the start of a letter that stands alone to the next: three of its own, and as many characters between.
const FURTHEST: usize = 4 + 2 * MOST_BETWEEN;

/// A place where something may be hidden. There may be thousands in a block, so it is small.
pub(super) struct Place {
    start: u32,
    end: u32,
    pub(super) kind: Kind,
}

/// What may be hidden at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A spelling.
    Spelling,
    /// Spellings: each of the characters that begin there is a place by itself, since they are the same.
    Row,
    /// What is between two words of a phrase.
    Joint,
    /// The same where the phrase has it too: it hides nothing by itself.
    Apostrophe,
    /// A word that is divided at the end of a line, if a line ends there.
    Hyphen,
}

impl Place {
    pub(super) const fn one(bytes: Range<usize>) -> Self {
        Self { start: bytes.start as u32, end: bytes.end as u32, kind: Kind::Spelling }
    }

    const fn row(bytes: Range<usize>) -> Self {
        Self { kind: Kind::Row, ..Self::one(bytes) }
    }

    pub(super) const fn bytes(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Hands out the places in normalised text where a letter is repeated, a mark stands in a word or a sign that may be a
/// letter beside one, where letters stand alone one after the other, where most letters of a word have accents, and
/// where more than a space is between two words of a phrase or of a word that is divided.
pub(super) fn each(whole: &str, hints: &Hints, mut found: impl FnMut(Place)) {
    let text = whole.as_bytes();
    let mut lanes = Lanes::new();
    let (mut row_end, mut word_end) = (0_usize, 0_usize);
    for start in (0..text.len()).step_by(SPAN) {
        let mut padded = None;
        lanes.look(window(text, start, &mut padded));
        for chunk in (0..SPAN).step_by(CHUNK) {
            each_marked(&lanes.odd, chunk, |at| {
                let at = start + at;
                if at >= row_end && is_place(whole, at) {
                    let end = end_of_row(text, at);
                    row_end = end.unwrap_or(row_end);
                    if may_matter(text, at, hints) {
                        found(end.map_or(Place::one(at..at + 1), |end| Place::row(at..end)));
                    }
                }
            });
            if lanes.has_dressed {
                each_marked(&lanes.dressed, chunk, |at| {
                    let at = start + at;
                    if at >= word_end {
                        let word = words::around(whole, at);
                        word_end = word.end;
                        words::dressed(whole, word, hints).map(Place::one).into_iter().for_each(&mut found);
                    }
                });
            }
            each_marked(&lanes.joint, chunk, |at| {
                joint_before(whole, hints, start + at).into_iter().for_each(&mut found);
            });
            let alone = &lanes.alone[chunk..][..COUNTED];
            if usize::from(alone.iter().sum::<u8>()) >= LEAST_SPACED {
                found_spelled_out(text, hints, (alone, start + chunk), |place| found(Place::one(place)));
            }
        }
    }
}

/// Hands out where in a chunk of `lane` something is, as offsets in all of it.
#[inline]
fn each_marked(lane: &[u8; SPAN], chunk: usize, mut found: impl FnMut(usize)) {
    let (eights, _) = lane[chunk..][..CHUNK].as_chunks::<8>();
    // The product has the lowest bit of each byte in its highest byte.
    let bits = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    let mut left = eights.iter().rev().fold(0, |all, eight| all << 8 | bits(eight));
    while left != 0 {
        found(chunk + left.trailing_zeros() as usize);
        left &= left - 1;
    }
}

/// Whether a keyword may be hidden at `at`, which is a place, where that is a mark, a sign or a repeated letter of
/// ASCII.
fn may_matter(text: &[u8], at: usize, hints: &Hints) -> bool {
    let ch = char::from(text[at]);
    if ch.is_ascii_lowercase() {
        let length = text[at..].iter().take_while(|byte| **byte == text[at]).count();
        return length < LEAST_REPEATED || hints.may_stand(text, &(at..at + length), text[at]);
    }
    let is_known = ch.is_ascii() && (is_mark(ch) || letter_of(ch).is_some());
    !is_known || hints.may_go_on(text, &(at..at + 1))
}

/// The bytes around those from `start` on, copied into `padded` with spaces where they are beyond the text.
fn window<'w>(text: &'w [u8], start: usize, padded: &'w mut Option<[u8; WINDOW]>) -> &'w [u8; WINDOW] {
    let before = start.min(BEFORE);
    let around = &text[start - before..];
    if let Some(whole) = around.first_chunk().filter(|_| before == BEFORE) {
        return whole;
    }
    let skipped = BEFORE - before;
    let around = &around[..around.len().min(WINDOW - skipped)];
    let padded = padded.insert([b' '; WINDOW]);
    padded[skipped..skipped + around.len()].copy_from_slice(around);
    padded
}

/// What the bytes of a window may be, 0 or 1 each. Kept from window to window, so that it is cleared once.
struct Lanes {
    letter: [u8; WINDOW],
    /// Of a letter or digit.
    word: [u8; WINDOW],
    /// Of neither, known punctuation among them.
    gap: [u8; WINDOW],
    /// Where in the span a mark or sign may stand in a word, or a letter be repeated.
    odd: [u8; SPAN],
    /// Where letters may be dressed up, if they are anywhere.
    dressed: [u8; SPAN],
    has_dressed: bool,
    /// Where a word begins with more before it than a space behind a word.
    joint: [u8; SPAN],
    /// Where from the span's start on a letter or digit stands alone, of one byte to three.
    alone: [u8; SPAN + COUNTED - CHUNK],
}

impl Lanes {
    const fn new() -> Self {
        Self {
            letter: [0; WINDOW],
            word: [0; WINDOW],
            gap: [0; WINDOW],
            odd: [0; SPAN],
            dressed: [0; SPAN],
            has_dressed: false,
            joint: [0; SPAN],
            alone: [0; SPAN + COUNTED - CHUNK],
        }
    }

    fn look(&mut self, window: &[u8; WINDOW]) {
        let Self { letter, word, gap, odd, dressed, has_dressed, alone, .. } = self;
        for at in 0..WINDOW {
            letter[at] = is_letter(window[at]);
            word[at] = letter[at] | is_digit(window[at]);
            gap[at] = word[at] ^ 1;
        }
        for (i, odd) in odd.iter_mut().enumerate() {
            let at = i + BEFORE;
            let byte = window[at];
            let is_one_of = |one: u8, next: u8| u8::from(byte == one) | u8::from(byte == next);
            // Signs that are neither marks nor letters, those of text first.
            let is_usual = word[at] | is_one_of(b' ', b',') | is_one_of(b'"', b'(') | is_one_of(b';', b':');
            // "$" and "@" before a space.
            let is_sign = (letter[at] ^ 1) & (word[at] | u8::from(byte == b'$') | u8::from(byte == b'@'));
            let (next, third) = (window[at + 1], window[at + 2]);
            // Three of a kind, or two and two.
            let is_repeated =
                letter[at] & u8::from(byte == next) & (u8::from(byte == third) | u8::from(third == window[at + 3]));
            *odd = ((is_usual ^ 1) & word[at + 1]) | (is_sign & (letter[at - 1] | letter[at + 1])) | is_repeated;
        }
        if window.is_ascii() {
            *has_dressed = false;
            for (i, alone) in alone.iter_mut().enumerate() {
                let at = i + BEFORE;
                *alone = gap[at - 1] & word[at] & gap[at + 1];
            }
        } else {
            add_wide(window, odd);
            *has_dressed = find_dressed(window, dressed);
            add_wide_gaps(window, gap);
            self.look_for_wide_letters(window);
        }
        let Self { gap, joint, .. } = self;
        for (i, joint) in joint.iter_mut().enumerate() {
            let at = i + BEFORE;
            let is_usual = u8::from(window[at - 1] == b' ') & (gap[at - 2] ^ 1);
            *joint = (gap[at] ^ 1) & gap[at - 1] & (is_usual ^ 1);
        }
    }

    fn look_for_wide_letters(&mut self, window: &[u8; WINDOW]) {
        let gap = &self.gap;
        let inner = |at: usize| u8::from(window[at] & 0xc0 == 0x80);
        for (i, alone) in self.alone.iter_mut().enumerate() {
            let at = i + BEFORE;
            let ends = gap[at + 1] | (inner(at + 1) & (gap[at + 2] | (inner(at + 2) & gap[at + 3])));
            *alone = gap[at - 1] & (gap[at] ^ 1) & ends;
        }
    }
}

/// 1 for the bytes of letters.
const fn is_letter(byte: u8) -> u8 {
    (byte.wrapping_sub(b'a') < 26) as u8 | (byte >= 0x80) as u8
}

/// 1 for digits.
const fn is_digit(byte: u8) -> u8 {
    (byte.wrapping_sub(b'0') < 10) as u8
}

/// Adds where marks and letters of two bytes or three may be odd.
fn add_wide(window: &[u8; WINDOW], odd: &mut [u8; SPAN]) {
    for (i, odd) in odd.iter_mut().enumerate() {
        let at = i + BEFORE;
        let (byte, next) = (window[at], window[at + 1]);
        let mark = (u8::from(byte == 0xc2) & u8::from(next == 0xb7))
            | (u8::from(byte == 0xe2) & u8::from(next < 0xb0))
            | (u8::from(byte == 0xf0) & u8::from(next == 0x9f));
        // The last byte of a letter is enough.
        let is_repeated = |last: usize, length: usize| {
            u8::from(window[last] & 0xc0 == 0x80)
                & u8::from(window[last] == window[last + length])
                & u8::from(window[last] == window[last + 2 * length])
        };
        *odd |= mark | (u8::from(byte >= 0xc0) & (is_repeated(at + 1, 2) | is_repeated(at + 2, 3)));
    }
}

/// Where three letters have an accent or a stroke within a few bytes: those of Latin-1 and of Latin Extended, and a
/// mark behind a letter. Returns whether that is anywhere.
fn find_dressed(window: &[u8; WINDOW], found: &mut [u8; SPAN]) -> bool {
    let mut dressed = [0; SPAN + DRESSED_WITHIN];
    for (i, dressed) in dressed.iter_mut().enumerate() {
        let (byte, next) = (window[i + BEFORE], window[i + BEFORE + 1]);
        *dressed = u8::from(byte.wrapping_sub(0xc3) < 8)
            | u8::from(byte == 0xcc)
            | (u8::from(byte == 0xe1) & u8::from(next & 0xfc == 0xb8))
            | (u8::from(byte == 0xe2) & u8::from(next == 0xb1))
            | (u8::from(byte == 0xea) & u8::from(next.wrapping_sub(0x9c) < 3));
    }
    if dressed.iter().fold(0, |any, dressed| any | dressed) == 0 {
        return false;
    }
    for (i, found) in found.iter_mut().enumerate() {
        let near = (1..DRESSED_WITHIN).fold(0, |near, distance| near + dressed[i + distance]);
        *found = dressed[i] & u8::from(near >= 2);
    }
    found.iter().fold(0, |any, found| any | found) != 0
}

/// Takes punctuation of two bytes or more for what it is: of Latin-1, general, symbols, ideographic, and emoji.
fn add_wide_gaps(window: &[u8; WINDOW], gap: &mut [u8; WINDOW]) {
    let leads = |byte: &u8| u8::from(*byte == 0xc2) | u8::from(*byte & 0xfe == 0xe2) | u8::from(*byte == 0xf0);
    if window.iter().fold(0, |any, byte| any | leads(byte)) == 0 {
        return;
    }
    let is_emoji = |at: usize| u8::from(window[at] == 0xf0) & u8::from(window[at + 1] == 0x9f);
    let starts_emoji = (0..WINDOW - 1).fold(0, |any, at| any | is_emoji(at)) != 0;
    for at in 2..WINDOW - 1 {
        let starts = |at: usize| {
            let (byte, next) = (window[at], window[at + 1]);
            let general = u8::from(byte == 0xe2) & u8::from(next < 0xb0);
            general | (u8::from(byte == 0xe3) & u8::from(next == 0x80))
        };
        let two = u8::from(window[at] == 0xc2) | u8::from(window[at - 1] == 0xc2);
        gap[at] |= two | starts(at) | starts(at - 1) | starts(at - 2);
    }
    if starts_emoji {
        for (at, gap) in gap.iter_mut().enumerate().take(WINDOW - 1).skip(3) {
            *gap |= is_emoji(at) | is_emoji(at - 1) | is_emoji(at - 2) | is_emoji(at - 3);
        }
    }
}

/// The last byte of "¬".
const LAST_OF_NOT: u8 = 0xac;

/// The gap before the word at `at`, if something may go on across it.
fn joint_before(text: &str, hints: &Hints, at: usize) -> Option<Place> {
    if hints.have_phrases()
        && let Some(gap) = hints.joint_before(text, at)
    {
        let kind = if hints.is_usual(text, &gap) { Kind::Apostrophe } else { Kind::Joint };
        return Some(Place { kind, ..Place::one(gap) });
    }
    // Behind the hyphen, a line may begin with the sign of a quotation.
    if !matches!(text.as_bytes().get(at.checked_sub(2)?..at)?, [b'-' | b'>' | b'=' | LAST_OF_NOT, b' ']) {
        return None;
    }
    let is_hyphen = |gap: &Range<usize>| {
        let rest = text[gap.clone()].strip_prefix(is_hyphen_sign).and_then(|rest| rest.strip_prefix(' '));
        rest.is_some_and(|rest| rest.bytes().all(|byte| matches!(byte, b' ' | b'>')))
    };
    let may_go_on = |gap: &Range<usize>| hints.may_go_on(text.as_bytes(), gap);
    gap_before(text, at).filter(is_hyphen).filter(may_go_on).map(|gap| Place { kind: Kind::Hyphen, ..Place::one(gap) })
}

/// Whether at `at`, which looks odd, is a place.
fn is_place(whole: &str, at: usize) -> bool {
    let text = whole.as_bytes();
    let byte = |at: Option<usize>| at.and_then(|at| text.get(at)).copied().unwrap_or(b' ');
    let is_letter = |at: Option<usize>| is_letter(byte(at)) != 0;
    let is_word = |at: Option<usize>| is_letter(at) || is_digit(byte(at)) != 0;
    let before = |distance: usize| at.checked_sub(distance);
    let behind = |distance: usize| Some(at + distance);
    match text[at] {
        b'!' | b'+' => is_letter(behind(1)),
        byte if byte < 0x80 && is_mark(char::from(byte)) => {
            let is_near = [before(1), before(2), behind(1), behind(2)].into_iter().any(is_letter);
            is_near && is_word(behind(1)) && (is_word(before(1)) || is_behind_pair(text, at))
        }
        b')' | b']' | b'<' | b'>' | b'/' => {
            let pair = at.checked_sub(1).and_then(|before| text.get(before..=at));
            pair.is_some_and(|pair| letter_of_pair(pair[0], pair[1]).is_some())
                && is_letter(before(2))
                && is_letter(behind(1))
        }
        byte if byte < 0x80 && letter_of(char::from(byte)).is_some() => is_letter(before(1)) || is_letter(behind(1)),
        b'a'..=b'z' => words::has_repeated(text, at),
        0xc0.. => {
            let length = length_at(text, at).unwrap_or(1);
            let is_thrice =
                at + 3 * length <= text.len() && (at..at + 2 * length).all(|at| text[at] == text[at + length]);
            let first = || whole.get(at..)?.chars().next();
            is_thrice
                || first().is_some_and(|ch| is_mark(ch) || is_ornament(ch))
                    && is_word(before(1))
                    && is_word(behind(length))
        }
        _ => false,
    }
}

/// Where the first byte ends of the last character at which the one at `at`, which is a letter or of several bytes,
/// begins to stand three times; `None` if that is this one.
fn end_of_row(text: &[u8], at: usize) -> Option<usize> {
    let length = length_at(text, at).filter(|length| *length > 1 || text[at].is_ascii_lowercase())?;
    let repeated = text[at..].iter().zip(&text[at + length..]).take_while(|(byte, next)| byte == next).count();
    let last = (repeated / length).checked_sub(2)? * length;
    (last > 0).then_some(at + last + 1)
}

/// Bytes of the character at `at`.
fn length_at(text: &[u8], at: usize) -> Option<usize> {
    Some(text.get(at + 1..)?.iter().take_while(|byte| **byte & 0xc0 == 0x80).count() + 1)
}

/// Hands out where letters that stand `alone`, in a chunk at `start` of `text` and a little behind, follow each other
/// as they do in a keyword.
fn found_spelled_out(text: &[u8], hints: &Hints, (alone, start): (&[u8], usize), mut found: impl FnMut(Range<usize>)) {
    let places = (0..alone.len()).filter(|at| alone[*at] != 0);
    let mut row: Option<(Range<usize>, usize)> = None;
    for place in places.map(|at| Some(start + at)).chain([None]) {
        if let (Some((row, count)), Some(place)) = (&mut row, place)
            && place - row.end < FURTHEST
        {
            let meeting = hints.meeting(text, row.end - 1, place);
            if meeting != Meeting::Never {
                (row.end, *count) = (place + 1, *count + usize::from(meeting == Meeting::InKeyword));
                continue;
            }
        }
        row.take().filter(|(_, count)| *count >= LEAST_SPACED).into_iter().for_each(|(row, _)| found(row));
        row = place.map(|place| (place..place + 1, 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn rows_are_the_places_of_their_characters(
            pieces in proptest::collection::vec(("[éя·—禁💣a1 .]{1,3}", 1..80_usize), 0..12),
        ) {
            let text: String = pieces.into_iter().map(|(piece, times)| piece.repeat(times)).collect();
            let hints = Hints::open();
            let mut found = Vec::new();
            each(&text, &hints, |place| {
                let (bytes, is_row) = (place.bytes(), place.kind == Kind::Row);
                let places = bytes.clone().filter(|at| *at == bytes.start || is_row && text.is_char_boundary(*at));
                found.extend(places.filter(|at| text.as_bytes()[*at] >= 0xc0 && is_place(&text, *at)));
                assert!(!is_row || bytes.filter(|at| text.is_char_boundary(*at)).all(|at| is_place(&text, at)));
            });
            let is_short = |ch: char| (2..4).contains(&ch.len_utf8());
            let wide = text.char_indices().filter(|(_, ch)| is_short(*ch)).map(|(at, _)| at);
            let expected: Vec<usize> = wide.filter(|at| is_place(&text, *at)).collect();
            found.retain(|at| text[*at..].chars().next().is_some_and(is_short));
            found.sort_unstable();
            found.dedup();
            proptest::prop_assert_eq!(found, expected);
        }
    }
}
