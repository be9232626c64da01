//! What is read leniently around a place: the words it touches, and what is spelled out before and behind them.

use std::ops::Range;

use super::gap::MOST_GAP;
use super::hints::Hints;
use super::places::{self, Kind, Place};
use super::signs::{letter_of, letter_of_pair};
use super::words;
use crate::text::fold::{belongs_to_no_script, is_word_character};
use crate::text::normalise::Normalised;
use crate::text::source::{SourceText, boundary_before, boundary_behind};
use crate::text::styled::small_capital;

/// Bytes that a stretch goes on for before and behind a place: more than any word. Not all scripts have spaces.
const MOST_AROUND: usize = 64;

/// What a letter may be without its disguise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dress {
    /// Itself.
    None,
    /// Nothing: it is a mark over another letter.
    Mark,
    /// This letter, with an accent or a stroke.
    Accent(u8),
    /// This letter, by its shape.
    Drawn(u8),
}

/// A character, and where it is in the normalised text. There may be thousands, so it is small.
pub(super) struct Char {
    pub(super) ch: char,
    at: u32,
    pub(super) dress: Dress,
    /// Whether it is a letter, digit or mark.
    pub(super) is_letter: bool,
    /// Whether it may stand for a letter, alone or with the next.
    pub(super) is_sign: bool,
    /// Whether many letters of its word are doubled.
    pub(super) is_doubled: bool,
}

impl Char {
    pub(super) const fn at(&self) -> usize {
        self.at as usize
    }
}

/// The characters of `place` in `normalised`, made from `source`.
pub(super) fn chars(normalised: &Normalised, source: &SourceText, place: &Range<usize>) -> Vec<Char> {
    let text = &normalised.as_str()[place.clone()];
    let mut chars: Vec<Char> = Vec::with_capacity(text.chars().count());
    chars.extend(text.char_indices().map(|(at, ch)| Char {
        ch,
        at: (place.start + at) as u32,
        dress: Dress::None,
        is_letter: is_word_character(ch),
        is_sign: letter_of(ch).is_some() || starts_pair(&text.as_bytes()[at..]),
        is_doubled: false,
    }));
    let impostors = normalised.impostors();
    let first = impostors.partition_point(|at| *at < place.start);
    for at in impostors[first..].iter().take_while(|at| **at < place.end) {
        if let (true, Ok(position)) = (is_sign(normalised, source, *at), chars.binary_search_by_key(at, Char::at)) {
            chars[position].is_letter = false;
        }
    }
    let drawn = normalised.drawn();
    let first = drawn.partition_point(|(at, _)| *at < place.start);
    let drawn = &drawn[first..];
    for word in chars.chunk_by_mut(|one, next| one.is_letter == next.is_letter) {
        if word[0].is_letter {
            dress(word, drawn);
        }
    }
    chars
}

/// Whether the character at `at` of `text`, which became a letter though it is none, is the sign that it was: a dash
/// wherever it is, and "|" where no letter touches it.
fn is_sign(normalised: &Normalised, source: &SourceText, at: usize) -> bool {
    let text = normalised.as_str();
    let touches = |ch: Option<char>| ch.is_some_and(is_word_character);
    let is_bar = || source.get(normalised.source(&(at..at + 1))).is_some_and(|written| matches!(written, "|" | "│"));
    let mut rest = text[at..].chars();
    match rest.next() {
        Some('ー') => true,
        Some('l') => !touches(rest.next()) && !touches(text[..at].chars().next_back()) && is_bar(),
        _ => false,
    }
}

/// Gaps between the words of phrases in which a sign is that became a letter.
fn gaps_with_signs(normalised: &Normalised, source: &SourceText, hints: &Hints) -> Vec<Place> {
    let text = normalised.as_str();
    let signs = normalised.impostors().iter().filter(|at| hints.have_phrases() && is_sign(normalised, source, **at));
    let gaps = signs.filter_map(|at| {
        let end = at + text[*at..].chars().next()?.len_utf8();
        let before = text[..*at].trim_end_matches(|ch| !is_word_character(ch)).len();
        let behind = text.len() - text[end..].trim_start_matches(|ch| !is_word_character(ch)).len();
        let gap = before..behind;
        (gap.len() <= MOST_GAP && hints.may_join(text, &gap)).then(|| Place::one(gap))
    });
    gaps.collect()
}

fn starts_pair(bytes: &[u8]) -> bool {
    matches!(bytes, [one, other, ..] if letter_of_pair(*one, *other).is_some())
}

/// Notes what the letters of `word` may be.
fn dress(word: &mut [Char], drawn: &[(usize, u8)]) {
    if words::is_doubled(word.iter().map(|ch| ch.ch)) {
        word.iter_mut().for_each(|ch| ch.is_doubled = true);
    }
    if word.iter().all(|ch| ch.ch.is_ascii()) && drawn.is_empty() {
        return;
    }
    let (start, end) = (word[0].at(), word[word.len() - 1].at());
    let first = drawn.partition_point(|(at, _)| *at < start);
    let within = drawn[first..].iter().take_while(|(at, _)| *at <= end);
    let (mut decorated, mut masked) = (0, Vec::new());
    for (at, letter) in within {
        match word.binary_search_by_key(at, Char::at) {
            Ok(position) if word[position].ch == char::from(*letter) => decorated += 1,
            Ok(position) => masked.push((position, *letter)),
            Err(_) => {}
        }
    }
    if words::is_dressed(word.iter().map(|ch| ch.ch), decorated) {
        for ch in word.iter_mut() {
            ch.dress = match words::bare(ch.ch) {
                None => Dress::None,
                Some(None) => Dress::Mark,
                Some(Some(letter)) => Dress::Accent(letter as u8),
            };
        }
    }
    let is_masked = !masked.is_empty() || decorated > 0 && word.iter().any(|ch| belongs_to_no_script(ch.ch));
    for (position, letter) in masked {
        word[position].dress = Dress::Drawn(letter);
    }
    if is_masked {
        for ch in word.iter_mut().filter(|ch| ch.dress == Dress::None) {
            ch.dress = match small_capital(ch.ch) {
                Some(letter) => Dress::Drawn(letter as u8),
                None if belongs_to_no_script(ch.ch) => Dress::Mark,
                None => Dress::None,
            };
        }
    }
}

/// Stretches of `normalised`, made from `source`, in which something may be hidden, in their order; none touch. And
/// where a phrase may go on across a mark without a space.
pub(super) fn of(normalised: &Normalised, source: &SourceText, hints: &Hints) -> (Vec<Range<usize>>, Vec<usize>) {
    let text = normalised.as_str();
    let ones = normalised.ones().iter().map(|one| *one..one + 1);
    let ones = ones.filter(|one| hints.may_stand(text.as_bytes(), one, text.as_bytes()[one.start]));
    let mut places: Vec<Place> = ones.map(Place::one).collect();
    places.extend(masked(normalised, source, hints));
    places.extend(gaps_with_signs(normalised, source, hints));
    places::each(text, hints, |place| places.push(place));
    places.sort_unstable_by_key(|place| place.bytes().start);
    let is_joint = |kind: Kind| matches!(kind, Kind::Joint | Kind::Apostrophe);
    let is_dense = |place: &&Place| is_joint(place.kind) && !text[place.bytes()].contains(' ');
    let joints = places.iter().filter(is_dense).map(|place| place.bytes().start).collect();
    let mut stretches: Vec<Range<usize>> = Vec::new();
    let mut number_end = 0;
    for place in places.into_iter().filter(|place| place.kind != Kind::Apostrophe) {
        let (bytes, is_row) = (place.bytes(), place.kind == Kind::Row);
        if place.kind == Kind::Hyphen && !ends_line(normalised, source, &bytes) {
            continue;
        }
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
                Some(last) if last.end >= start || is_gap(&text[last.end..start]) => last.end = end,
                _ => stretches.push(start..end),
            }
        }
    }
    (stretches, joints)
}

/// Words that look Latin by the shape of their letters.
fn masked(normalised: &Normalised, source: &SourceText, hints: &Hints) -> Vec<Place> {
    let (mut found, mut done) = (Vec::new(), 0);
    for (at, _) in normalised.drawn() {
        if *at >= done {
            let word = words::around(normalised.as_str(), *at);
            done = word.end;
            found.extend(words::masked(normalised, source, &word, hints).map(Place::one));
        }
    }
    found
}

/// Whether a line ends in `gap` of the normalised text.
fn ends_line(normalised: &Normalised, source: &SourceText, gap: &Range<usize>) -> bool {
    let end = normalised.source(&(gap.end..gap.end + 1)).start;
    let written = source.get(normalised.source(gap).start..end);
    written.is_some_and(|written| written.contains(['\n', '\r', '\u{2028}']))
}

/// Whether no word is in `text`, so that what is before and behind it are read together.
fn is_gap(text: &str) -> bool {
    text.len() <= MOST_GAP && !text.chars().any(is_word_character)
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
