//! Spellings that people read through: `f.o.r.b.i.d.d.e.n`, `forbiddddden`, `f0rb1dd3n`, `**forbidden** turnip`.
//!
//! Works on normalised text, and only around places that look like it ([`places`]). What is made there is searched
//! besides the text as it is, so nothing is hidden by being loosened. A keyword counts when something in it was
//! loosened.

mod hints;
mod places;
mod reader;
mod signs;
mod spelling;
mod stretch;
mod words;

use std::ops::Range;

pub(super) use self::hints::Hints;
use self::reader::{Reader, Signs};
pub(super) use self::spelling::{alike, collapsed, joined, paired, rot13, without_signs};
use self::stretch::{Char, Dress, chars};
use super::fold::is_word_character;
use super::normalise::Normalised;
use super::offsets::OffsetMap;
use super::source::{SourceText, boundary_before, boundary_behind};
use super::switches::Switch;

/// Bytes before and behind a stretch that are searched with it at most, for keywords of several words.
const MOST_CONTEXT: usize = 128;

/// Single letters in a row that look like a word that is spelled out.
const LEAST_SPACED: usize = 4;

/// Letters of a keyword that is found between others where all letters stand alone: "m e t h o d s" is no "meth".
const LEAST_IN_SPELLED_OUT: usize = 7;

/// Whether a word ends where something was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Apart {
    /// It goes on.
    No,
    /// It may, or not: all letters around stand alone.
    InSpelledOut,
    /// It ends.
    Yes,
}

/// What was changed at a place.
#[derive(Clone, Copy, Debug)]
struct Change {
    at: u32,
    switch: Switch,
    apart: Apart,
}

/// A piece of normalised text, read leniently.
#[derive(Debug, Default)]
pub(super) struct Loosened {
    text: String,
    /// To offsets in the normalised text.
    map: OffsetMap,
    /// What was changed and how, by offset in `text`: a letter put for another there, or something left out before it.
    changes: Vec<Change>,
}

impl Loosened {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The normalised text that `span` was made from.
    pub(super) fn normalised(&self, span: &Range<usize>) -> Range<usize> {
        self.map.original(span)
    }

    /// What was changed within `span`, each sort once; `None` when nothing was.
    pub(super) fn taken(&self, span: &Range<usize>) -> Option<Vec<Switch>> {
        let mut taken = Vec::new();
        for Change { at, switch, .. } in self.changes_from(span.start).iter().take_while(|one| one.at() < span.end) {
            // What was left out before the first letter is not in the span.
            let is_left_out = matches!(switch, Switch::Spaced | Switch::Hyphens);
            if !taken.contains(switch) && (*at as usize > span.start || !is_left_out) {
                taken.push(*switch);
            }
        }
        (!taken.is_empty()).then_some(taken)
    }

    /// Whether no letter or digit touches `span`, which is a keyword of so many letters, but for those that something
    /// stood before or behind that ends words.
    pub(super) fn stands_alone(&self, span: &Range<usize>, letters: usize) -> bool {
        let is_free = |ch: Option<char>| !ch.is_some_and(is_word_character);
        let was_apart = |at: usize| {
            let first = self.changes_from(at).first().filter(|change| change.at() == at);
            first.is_some_and(|change| match change.apart {
                Apart::No => false,
                Apart::InSpelledOut => letters >= LEAST_IN_SPELLED_OUT,
                Apart::Yes => true,
            })
        };
        (is_free(self.text[..span.start].chars().next_back()) || was_apart(span.start))
            && (is_free(self.text[span.end..].chars().next()) || was_apart(span.end))
    }

    fn changes_from(&self, at: usize) -> &[Change] {
        &self.changes[self.changes.partition_point(|change| change.at() < at)..]
    }

    /// Nothing yet, to be made from `place`.
    fn of(place: &Range<usize>) -> Self {
        let text = String::with_capacity(place.len());
        Self { text, map: OffsetMap::starting_at(place.start), ..Self::default() }
    }

    /// Adds all of `text` up to `end` as it is.
    fn copy(&mut self, text: &str, end: usize) {
        self.push_plain(text, self.map.end()..end);
    }

    /// Adds `place` of `text` as it is.
    fn push_plain(&mut self, text: &str, place: Range<usize>) {
        self.text.push_str(&text[place.clone()]);
        self.map.push_bytes(place.start, place.len());
    }

    fn push(&mut self, ch: char, at: usize, length: usize) {
        self.text.push(ch);
        if (ch.len_utf8(), length) == (1, 1) {
            self.map.push_bytes(at, 1);
        } else {
            self.map.push_unit(at..at + length, ch.len_utf8());
        }
    }

    fn change(&mut self, switch: Switch, apart: Apart) {
        self.changes.push(Change { at: self.text.len() as u32, switch, apart });
    }
}

impl Change {
    const fn at(&self) -> usize {
        self.at as usize
    }
}

/// Hands out the lenient readings of every stretch of `normalised`, made from `source`, that looks as if somebody hid
/// something there that `hints` know of, with no more around it than `reach` bytes, within which all that is looked for
/// stands.
pub(super) fn loosen(
    normalised: &Normalised,
    source: &SourceText,
    (reach, hints): (usize, &Hints),
    mut look: impl FnMut(Loosened),
) {
    let context = reach.min(MOST_CONTEXT);
    let is_near = |one: &Range<usize>, next: &Range<usize>| next.start - one.end <= 2 * context;
    let (stretches, joints) = stretch::of(normalised, source, hints);
    for near in stretches.chunk_by(is_near) {
        read(normalised, source, (near, &joints), context, &mut look);
    }
}

/// Hands out the lenient readings of `stretches`, each of all of them, with what stands around and between them. Where
/// one of `joints` is, marks are spaces in one more.
fn read(
    normalised: &Normalised,
    source: &SourceText,
    (stretches, joints): (&[Range<usize>], &[usize]),
    context: usize,
    look: &mut impl FnMut(Loosened),
) {
    let text = normalised.as_str();
    let (Some(first), Some(last)) = (stretches.first(), stretches.last()) else {
        return;
    };
    let start = boundary_before(text, first.start.saturating_sub(context));
    let place = start..boundary_behind(text, last.end + context);
    let chars: Vec<Vec<Char>> = stretches.iter().map(|stretch| chars(normalised, source, stretch)).collect();
    let is_one = |ch: &Char| normalised.ones().binary_search(&ch.at()).is_ok();
    let has_ones = chars.iter().flatten().any(|ch| ch.ch == '9' || ch.ch == 'l' && is_one(ch));
    let has_signs = has_ones || chars.iter().flatten().any(|ch| ch.is_sign || ch.dress != Dress::None);
    let first_joint = joints.partition_point(|joint| *joint < place.start);
    let has_joints = joints.get(first_joint).is_some_and(|joint| *joint < place.end);
    let wanted = [(Signs::Literal, true), (Signs::Apart, has_joints), (Signs::AsL, has_signs), (Signs::AsI, has_ones)];
    for signs in wanted.into_iter().filter_map(|(signs, is_wanted)| is_wanted.then_some(signs)) {
        let mut loosened = Loosened::of(&place);
        for (stretch, chars) in stretches.iter().zip(&chars) {
            loosened.copy(text, stretch.start);
            loosened = Reader { normalised, source, chars, signs, loosened }.read();
        }
        loosened.copy(text, place.end);
        // Where no sign was read as a letter, the readings of signs say nothing new.
        let of_signs = |switch: Switch| matches!(switch, Switch::Leet | Switch::Confusables | Switch::Strokes);
        let says_new = |change: &Change| matches!(signs, Signs::Literal | Signs::Apart) || of_signs(change.switch);
        if loosened.changes.iter().any(says_new) {
            look(loosened);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold::Accents;

    fn normalised(text: &str) -> Normalised {
        Normalised::of(&SourceText::whole(text), Accents::Kept)
    }

    fn readings(text: &str) -> Vec<String> {
        let mut readings = Vec::new();
        let hints = Hints::open();
        loosen(&normalised(text), &SourceText::whole(text), (128, &hints), |loosened| readings.push(loosened.text));
        readings
    }

    #[test]
    fn what_is_spelled_out_repeated_or_written_with_signs_is_read() {
        for (text, expected) in [
            ("f o r b i d d e n", "forbidden"),
            ("f.o.r.b.i.d.d.e.n turnip", "forbidden turnip"),
            ("an f - o - r - b be", "an forb be"),
            ("for-bid_den", "forbidden"),
            ("fooorbiddden", "forbiden"),
            ("h3llo", "hello"),
            ("b4n4n4$ now", "bananas now"),
            ("tvrn!p", "tvrnip"),
            ("з а п р е т", "запрет"),
            ("репааааа", "репа"),
            ("blll", "bl"),
            ("g1zl1", "gizli"),
            ("f·o·r·b", "forb"),
            ("a for·bidden", "a forbidden"),
            ("ab 5olo", "ab solo"),
            ("禁、止、萝、卜", "禁止萝卜"),
        ] {
            let found = readings(text);
            let expected = Normalised::text_of(expected);
            assert!(found.contains(&expected), "{text}: {found:?}");
        }
        assert!(readings("tlp").is_empty());
        assert!(readings("t13p").contains(&"tiep".to_owned()) && !readings("tl3p").contains(&"tiep".to_owned()));
    }

    #[test]
    fn everyday_text_is_left_alone() {
        for text in [
            "the quick brown fox, and a dog",
            "i am a b",
            "on 24 may at 3 o clock",
            "apples,pears;plums",
            "…",
            "ааб ввг",
        ] {
            assert_eq!(readings(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn no_letter_is_folded_to_a_sign_that_may_be_another() {
        let odd: String = ('\u{80}'..=char::MAX)
            .filter(|ch| ch.is_alphabetic() && ch.is_lowercase())
            .filter(|ch| {
                normalised(ch.encode_utf8(&mut [0; 4])).as_str().chars().any(|ch| signs::letter_of(ch).is_some())
            })
            .collect();
        assert_eq!(odd, "ȣֆᴽⳋꝯꝰꮞ𑣆𑣊𑣌𑣖", "none that words are written with today");
    }

    #[test]
    fn spans_lead_back_and_tell_what_was_changed() {
        let text = "see f.o.r.b h3llo";
        let mut readings = Vec::new();
        let hints = Hints::open();
        loosen(&normalised(text), &SourceText::whole(text), (128, &hints), |loosened| readings.push(loosened));
        let reading = readings.iter().find(|reading| reading.as_str() == "see forb hello").unwrap();
        assert_eq!(reading.normalised(&(4..8)), 4..11);
        assert_eq!(reading.taken(&(4..8)), Some(vec![Switch::Spaced]));
        assert_eq!(reading.taken(&(9..14)), Some(vec![Switch::Leet]));
        assert_eq!(reading.taken(&(0..3)), None);
        assert!(reading.stands_alone(&(4..8), 4) && !reading.stands_alone(&(9..13), 4));
    }
}
