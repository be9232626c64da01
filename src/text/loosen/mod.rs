//! Spellings that people read through: `f.o.r.b.i.d.d.e.n`, `forbiddddden`, `f0rb1dd3n`, `**forbidden** turnip`.
//!
//! Works on normalised text, and only around places that look like it ([`places`]). What is made there is searched
//! besides the text as it is, so nothing is hidden by being loosened. A keyword counts when something in it was
//! loosened.

mod bits;
mod gap;
mod hints;
mod phrase;
mod places;
mod reader;
mod signs;
mod spelling;
mod stretch;
mod words;

use std::ops::Range;

pub(super) use self::hints::Hints;
use self::reader::{Reader, Signs};
pub(super) use self::spelling::{alike, collapsed, joined, paired, rot13, with_l, without_signs};
use self::stretch::{Char, Dress, chars};
use super::fold::is_word_character;
use super::normalise::Normalised;
use super::offsets::OffsetMap;
use super::source::SourceText;
use super::switches::Switch;

/// Bytes before and behind a stretch that are searched with it at most, for keywords of several words.
const MOST_CONTEXT: usize = 128;

/// Single letters in a row that look like a word that is spelled out.
const LEAST_SPACED: usize = 4;

/// Letters of a keyword that is found between others where all letters stand alone: "m e t h o d s" is no "meth".
const LEAST_IN_SPELLED_OUT: usize = 7;

/// Letters for each sign that is none, in a word of which one sign may stand for two letters.
const LEAST_LETTERS_EACH: usize = 3;

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

/// Changes in a reading that is searched at once, so that all readings of a block are not kept side by side.
const MOST_CHANGES: usize = 1 << 10;

/// In place of the text between two pieces that were read leniently. Normalised text has none.
const BETWEEN: char = '\n';

/// Pieces of normalised text, read leniently, each behind a [`BETWEEN`].
#[derive(Debug, Default)]
pub(super) struct Loosened {
    text: String,
    /// To offsets in the normalised text.
    map: OffsetMap,
    /// What was changed and how, by offset in `text`: a letter put for another there, or something left out before it.
    changes: Vec<Change>,
    /// Whether each "i" is an "l" here, and so is what may stand for either.
    pub(super) has_no_i: bool,
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

    /// Whether `keyword`, which is at `span` with "l" for each "i", is there by what was read there: a letter is itself,
    /// and only what was put in place of one may be either.
    pub(super) fn is_with_either(&self, span: &Range<usize>, keyword: &str, normalised: &str) -> bool {
        let is_of_letter = |change: &Change| matches!(change.switch, Switch::Leet | Switch::Confusables);
        let is_changed =
            |at: usize| self.changes_from(at).iter().take_while(|change| change.at() == at).any(is_of_letter);
        let is_there = |(within, ch): (usize, char)| {
            let at = span.start + within;
            !matches!(ch, 'i' | 'l') || is_changed(at) || normalised[self.normalised(&(at..at + 1))].starts_with(ch)
        };
        keyword.len() == span.len() && keyword.char_indices().all(is_there)
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

    /// Adds the piece that `read` makes from offset `start` of the normalised text on, which is not before the end of
    /// the last one, if something `is_new` in it.
    fn add_piece(&mut self, start: usize, is_new: impl Fn(&Change) -> bool, read: impl FnOnce(&mut Self)) {
        let (made, changes, done) = (self.text.len(), self.changes.len(), self.map.end());
        self.text.push(BETWEEN);
        self.map.push_unit(done..start, 1);
        read(self);
        if !self.changes[changes..].iter().any(is_new) {
            self.text.truncate(made);
            self.map.truncate(made, done);
            self.changes.truncate(changes);
        }
    }

    /// Adds all of `text` up to `end` as it is.
    fn copy(&mut self, text: &str, end: usize) {
        self.push_plain(text, self.map.end()..end);
    }

    /// Adds nothing for what is before `end` and has not been read: marks that were taken off the last letter.
    fn leave_out(&mut self, end: usize) {
        if self.map.end() < end {
            self.map.push_unit(self.map.end()..end, 0);
        }
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
/// stands: all stretches in one, once for each way to read their signs, so that they are searched together.
pub(super) fn loosen(
    normalised: &Normalised,
    source: &SourceText,
    (reach, hints): (usize, &Hints),
    mut look: impl FnMut(Loosened),
) {
    let context = reach.min(MOST_CONTEXT);
    let (stretches, joints) = stretch::of(normalised, source, hints);
    let around = |stretch: &Range<usize>| phrase::around(normalised.as_str(), stretch, context, hints);
    let places: Vec<Range<usize>> = stretches.iter().map(around).collect();
    let (mut readings, mut first, mut done): (Readings, usize, usize) = Default::default();
    for near in places.chunk_by(|one, next| next.start <= one.end) {
        let end = first + near.len();
        let start = near.iter().map(|place| place.start).fold(near[0].start, usize::min).max(done);
        done = near.iter().map(|place| place.end).fold(start, usize::max);
        read(normalised, source, (&stretches[first..end], &joints), start..done, &mut readings, &mut look);
        first = end;
    }
    readings.into_iter().filter(|loosened| !loosened.text.is_empty()).for_each(look);
}

/// What was read in each of the ways of [`Signs`].
type Readings = [Loosened; Signs::ALL.len()];

/// Adds the lenient readings of `stretches`, each of all of them, with what stands around and between them at `place`.
/// Where one of `joints` is, marks are spaces in one more. Long ones are handed to `look`.
fn read(
    normalised: &Normalised,
    source: &SourceText,
    (stretches, joints): (&[Range<usize>], &[usize]),
    place: Range<usize>,
    readings: &mut Readings,
    look: &mut impl FnMut(Loosened),
) {
    let text = normalised.as_str();
    let chars: Vec<Vec<Char>> = stretches.iter().map(|stretch| chars(normalised, source, stretch)).collect();
    let is_one = |ch: &Char| normalised.ones().binary_search(&ch.at()).is_ok();
    let is_either = |ch: &Char| ch.ch == '9' || ch.ch == 'l' && is_one(ch) || ch.dress == Dress::Drawn(b'l');
    let has_ones = chars.iter().flatten().any(is_either);
    let has_signs = has_ones || chars.iter().flatten().any(|ch| ch.is_sign || ch.dress != Dress::None);
    let has_joint = |stretch: &Range<usize>| {
        let first = joints.partition_point(|joint| *joint < stretch.start);
        joints.get(first).is_some_and(|joint| *joint < stretch.end)
    };
    let has_joints = stretches.iter().any(has_joint);
    for (signs, loosened) in Signs::ALL.into_iter().zip(readings) {
        let is_wanted = match signs {
            Signs::Literal => true,
            Signs::Apart => has_joints,
            Signs::AsL => has_signs,
            Signs::AsI => has_ones,
            Signs::AsEither => has_signs && chars.iter().any(|chars| may_be_either(chars, is_one)),
        };
        if !is_wanted {
            continue;
        }
        loosened.has_no_i = signs == Signs::AsEither;
        // Where no sign was read as a letter, the readings of signs say nothing new.
        let of_signs = |switch: Switch| matches!(switch, Switch::Leet | Switch::Confusables | Switch::Strokes);
        let is_new = |change: &Change| matches!(signs, Signs::Literal | Signs::Apart) || of_signs(change.switch);
        loosened.add_piece(place.start, is_new, |loosened| {
            for (stretch, chars) in stretches.iter().zip(&chars) {
                loosened.copy(text, stretch.start);
                Reader { normalised, source, chars, signs, loosened, widths: Default::default() }.read();
                loosened.leave_out(stretch.end);
            }
            loosened.copy(text, place.end);
        });
        if loosened.changes.len() > MOST_CHANGES {
            look(std::mem::take(loosened));
        }
    }
}

/// Whether several letters of `chars` are "i" or "l", or may be, and one of them may be either. Among bytes that are no
/// text that is so everywhere, and says nothing.
fn may_be_either(chars: &[Char], is_one: impl Fn(&Char) -> bool) -> bool {
    let is_sign = |ch: &Char| ch.ch == '!' || ch.dress == Dress::Drawn(b'l') || ch.ch == 'l' && is_one(ch);
    let may_be = |ch: &&Char| matches!(ch.ch, 'i' | 'l') || is_sign(ch);
    let letters = chars.iter().filter(|ch| ch.is_letter).count();
    let others = chars.iter().filter(|ch| !ch.is_letter && ch.ch != ' ').count();
    letters >= LEAST_LETTERS_EACH * others && chars.iter().filter(may_be).nth(1).is_some() && chars.iter().any(is_sign)
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
        loosen(&normalised(text), &SourceText::whole(text), (128, &hints), |loosened| {
            readings.extend(loosened.text.split(BETWEEN).skip(1).map(str::to_owned));
        });
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
    fn a_mark_that_ends_a_stretch_is_taken_off_like_the_others() {
        let found = readings("z\u{30c}o\u{30c}r\u{30c}b\u{30c}");
        assert!(found.contains(&"zorb".to_owned()), "{found:?}");
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
    fn pieces_that_are_far_apart_are_read_side_by_side() {
        let far = "and so on ".repeat(40);
        let text = format!("f.o.r.b {far}h3llo {far}t!rn!p");
        let mut found = Vec::new();
        let hints = Hints::open();
        loosen(&normalised(&text), &SourceText::whole(&text), (16, &hints), |loosened| {
            for (word, was) in [("forb", "f.o.r.b"), ("hello", "h3llo"), ("tirnip", "t!rn!p")] {
                found.extend(loosened.text.find(word).map(|at| {
                    assert_eq!(&text[loosened.normalised(&(at..at + word.len()))], was);
                    word
                }));
            }
            assert!(loosened.text.len() < 3 * 60, "{:?}", loosened.text);
        });
        found.sort_unstable();
        assert_eq!(found, ["forb", "hello", "tirnip"], "a piece in which nothing was read anew is left out");
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
        let reading = readings.iter().find(|reading| reading.as_str() == "\nsee forb hello").unwrap();
        assert_eq!(reading.normalised(&(5..9)), 4..11);
        assert_eq!(reading.taken(&(5..9)), Some(vec![Switch::Spaced]));
        assert_eq!(reading.taken(&(10..15)), Some(vec![Switch::Leet]));
        assert_eq!(reading.taken(&(1..4)), None);
        assert!(reading.stands_alone(&(5..9), 4) && !reading.stands_alone(&(10..14), 4));
    }
}
