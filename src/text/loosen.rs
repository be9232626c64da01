//! Spellings that people read through: `f.o.r.b.i.d.d.e.n`, `forbiddddden`, `f0rb1dd3n`.
//!
//! Works on normalised text, and only around places that look like it. What is made there is searched besides the text
//! as it is, so nothing is hidden by being loosened. A keyword counts when something in it was loosened.

use std::ops::Range;

use super::fold::is_word_character;
use super::normalise::Normalised;
use super::offsets::OffsetMap;
use super::source::{SourceText, boundary_before, boundary_behind};
use super::switches::Switch;

/// Bytes before and behind a suspicious place that are loosened with it, for keywords of several words.
const CONTEXT: usize = 128;

/// Single letters in a row that look like a word that is spelled out.
const LEAST_SPACED: usize = 4;

/// Characters between letters that are spelled out.
const MOST_BETWEEN: usize = 3;

/// Equal letters in a row that nothing is spelled with.
const LEAST_REPEATED: usize = 3;

/// Doubled letters of a keyword that are taken into account, each of which may be written single.
const MOST_DOUBLES: u32 = 3;

/// A piece of normalised text, read leniently.
#[derive(Debug, Default)]
pub(super) struct Loosened {
    text: String,
    /// To offsets in the normalised text.
    map: OffsetMap,
    /// What was changed and how, by offset in `text`: a letter put for another there, or something left out before it.
    changes: Vec<(usize, Switch)>,
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
        for (at, switch) in self.changes_from(span.start).iter().take_while(|(at, _)| *at < span.end) {
            // What was left out before the first letter is not in the span.
            if !taken.contains(switch) && (*at > span.start || *switch != Switch::Spaced) {
                taken.push(*switch);
            }
        }
        (!taken.is_empty()).then_some(taken)
    }

    /// Whether no letter or digit touches `span`, but for those that something stood before or behind.
    pub(super) fn stands_alone(&self, span: &Range<usize>) -> bool {
        let is_free = |ch: Option<char>| !ch.is_some_and(is_word_character);
        let was_apart = |at: usize| self.changes_from(at).first() == Some(&(at, Switch::Spaced));
        (is_free(self.text[..span.start].chars().next_back()) || was_apart(span.start))
            && (is_free(self.text[span.end..].chars().next()) || was_apart(span.end))
    }

    fn changes_from(&self, at: usize) -> &[(usize, Switch)] {
        &self.changes[self.changes.partition_point(|(change, _)| *change < at)..]
    }

    fn push(&mut self, ch: char, at: usize, length: usize) {
        self.text.push(ch);
        self.map.push_unit(at..at + length, ch.len_utf8());
    }

    fn change(&mut self, switch: Switch) {
        self.changes.push((self.text.len(), switch));
    }
}

/// What signs in place of letters may stand for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signs {
    /// Themselves.
    Literal,
    /// Letters; what looks like "l" is one.
    AsL,
    /// Letters; what looks like "l" and is none is "i".
    AsI,
}

/// The lenient readings of every place in `normalised`, made from `source`, that looks as if somebody hid something there.
pub(super) fn loosen(normalised: &Normalised, source: &SourceText) -> Vec<Loosened> {
    let text = normalised.as_str();
    let mut places = suspicious(text);
    places.extend(normalised.ones().iter().map(|one| *one..one + 1));
    places.sort_unstable_by_key(|place| place.start);
    let mut readings = Vec::new();
    for place in merged(places, text) {
        let char = |(at, ch)| Char { at: place.start + at, ch, is_letter: is_word_character(ch) };
        let chars: Vec<Char> = text[place.clone()].char_indices().map(char).collect();
        // Without signs, the readings of signs say nothing new.
        let written = source.get(normalised.source(&place)).unwrap_or("1");
        let has_ones = written.contains(['1', '|']);
        let has_signs = has_ones || chars.iter().any(|ch| letter_of(ch.ch).is_some());
        let wanted = [(Signs::Literal, true), (Signs::AsL, has_signs), (Signs::AsI, has_ones)];
        for signs in wanted.into_iter().filter_map(|(signs, is_wanted)| is_wanted.then_some(signs)) {
            let loosened = Reader::new(normalised, source, &chars, signs).read();
            let is_news = !readings.iter().any(|other: &Loosened| other.text == loosened.text);
            if !loosened.changes.is_empty() && is_news {
                readings.push(loosened);
            }
        }
    }
    readings
}

/// Ranges with their context, those that touch made one.
fn merged(places: Vec<Range<usize>>, text: &str) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for place in places {
        let start = boundary_before(text, place.start.saturating_sub(CONTEXT));
        let end = boundary_behind(text, place.end + CONTEXT);
        match merged.last_mut() {
            Some(last) if last.end >= start => last.end = last.end.max(end),
            _ => merged.push(start..end),
        }
    }
    merged
}

/// Places where letters are repeated or spelled out, or signs stand in a word.
fn suspicious(text: &str) -> Vec<Range<usize>> {
    let starts = (0..text.len()).step_by(CHUNK);
    let chunks = starts.map(|start| start..text.len().min(start + CHUNK));
    chunks.filter(|chunk| looks_suspicious(text.as_bytes(), chunk.start, chunk.end)).collect()
}

const CHUNK: usize = 64;

/// A word that is spelled out takes four bytes a letter, with the gap.
const MARGIN: usize = 16;

const WINDOW: usize = CHUNK + MARGIN;

/// Whether something in `from..to` may be hidden. Looks at bytes only, and may say yes too often. Arithmetic without
/// branches, so that the compiler does many bytes at once.
fn looks_suspicious(bytes: &[u8], from: usize, to: usize) -> bool {
    let mut window = [b' '; WINDOW];
    let taken = bytes.len().min(to + MARGIN) - from;
    window[..taken].copy_from_slice(&bytes[from..from + taken]);
    let letter = window.map(|byte| u8::from(byte.wrapping_sub(b'a') < 26) | u8::from(byte >= 0x80));
    let sign = window.map(|byte| {
        let digit = u8::from(byte.wrapping_sub(b'2') < 8) & u8::from(byte != b'6');
        digit | u8::from(byte == b'!') | u8::from(byte == b'$') | u8::from(byte == b'@') | u8::from(byte == b'+')
    });
    let mark = window.map(|byte| {
        let common = u8::from(byte == b'.') | u8::from(byte == b'-') | u8::from(byte == b'_') | u8::from(byte == b'*');
        common | u8::from(byte == b'~') | u8::from(byte == b'\'') | u8::from(byte == b'^') | u8::from(byte == b'\\')
    });
    let mut found = 0;
    for i in 0..CHUNK {
        // A sign that may be a letter beside a letter; a mark between letters.
        found |= (letter[i] & sign[i + 1]) | (sign[i] & letter[i + 1]) | (letter[i] & mark[i + 1] & letter[i + 2]);
        // The same letter three times, of one byte to three.
        let one = u8::from(window[i] == window[i + 1]) & u8::from(window[i] == window[i + 2]);
        let two = u8::from(window[i] == window[i + 2]) & u8::from(window[i] == window[i + 4]);
        let same = u8::from(window[i + 1] == window[i + 3]) & u8::from(window[i] >= 0xc0);
        let three = u8::from(window[i] == window[i + 3]) & u8::from(window[i] == window[i + 6]);
        let alike = u8::from(window[i + 1] == window[i + 4]) & u8::from(window[i + 2] == window[i + 5]);
        found |= (letter[i] & one) | (two & same) | (three & alike & u8::from(window[i] >= 0xe0));
    }
    found != 0 || singles(&window, &letter) + 1 >= LEAST_SPACED
}

/// Letters that stand alone, of one byte to three.
fn singles(window: &[u8; WINDOW], letter: &[u8; WINDOW]) -> usize {
    let gap = window.map(|byte| {
        let lower = u8::from(byte.wrapping_sub(b'a') < 26) | u8::from(byte.wrapping_sub(b'0') < 10);
        (lower | u8::from(byte >= 0x80)) ^ 1
    });
    let follows = window.map(|byte| u8::from(byte & 0xc0 == 0x80));
    let single = |i: usize| {
        let ends = gap[i + 2] | (follows[i + 2] & (gap[i + 3] | (follows[i + 3] & gap[i + 4])));
        gap[i] & letter[i + 1] & (follows[i + 1] ^ 1) & ends
    };
    (0..WINDOW - 4).map(|i| usize::from(single(i))).sum()
}

/// The letter that `ch` may stand for. Not "6", which the Cyrillic б is folded to.
const fn letter_of(ch: char) -> Option<char> {
    Some(match ch {
        '2' => 'z',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        '!' => 'i',
        _ => return None,
    })
}

/// A character of a place, and where it is in the normalised text.
struct Char {
    at: usize,
    ch: char,
    is_letter: bool,
}

/// One lenient reading of a place.
struct Reader<'a> {
    normalised: &'a Normalised,
    source: &'a SourceText,
    chars: &'a [Char],
    signs: Signs,
    loosened: Loosened,
}

impl<'a> Reader<'a> {
    fn new(normalised: &'a Normalised, source: &'a SourceText, chars: &'a [Char], signs: Signs) -> Self {
        let start = chars.first().map_or(0, |first| first.at);
        let loosened = Loosened { map: OffsetMap::starting_at(start), ..Loosened::default() };
        Self { normalised, source, chars, signs, loosened }
    }

    fn read(mut self) -> Loosened {
        let mut position = 0;
        while position < self.chars.len() {
            let gap = self.gap_in_word(position);
            if gap > 0 {
                self.loosened.change(Switch::Spaced);
                position += gap;
            } else {
                position += self.read_char(position);
            }
        }
        self.loosened
    }

    /// Reads the character at `position` and those that repeat it. Returns how many.
    fn read_char(&mut self, position: usize) -> usize {
        let Char { at, ch, is_letter } = self.chars[position];
        let repeats = self.chars[position..].iter().take_while(|other| other.ch == ch).count();
        let taken = if is_letter && !ch.is_ascii_digit() && repeats >= LEAST_REPEATED { repeats } else { 1 };
        if taken > 1 {
            self.loosened.change(Switch::Repeated);
        }
        let letter = match self.signs {
            Signs::Literal => None,
            Signs::AsI if ch == 'l' && self.is_sign(at) => Some('i'),
            _ => letter_of(ch).filter(|_| !matches!(ch, '!' | '+') || self.is_letter(position + 1)),
        };
        if letter.is_some() {
            self.loosened.change(Switch::Leet);
        }
        self.loosened.push(letter.unwrap_or(ch), at, taken * ch.len_utf8());
        taken
    }

    /// Whether the letter at `at` in the normalised text is none in the source.
    fn is_sign(&self, at: usize) -> bool {
        let written = self.source.get(self.normalised.source(&(at..at + 1)));
        written.is_some_and(|written| !written.chars().any(char::is_alphabetic))
    }

    fn is_letter(&self, position: usize) -> bool {
        self.chars.get(position).is_some_and(|ch| ch.is_letter)
    }

    /// A letter with none beside it.
    fn is_single(&self, position: usize) -> bool {
        self.is_letter(position) && !self.is_letter(position + 1) && (position == 0 || !self.is_letter(position - 1))
    }

    /// How many characters at `position` stand between letters that are spelled out, or are a mark within a word.
    fn gap_in_word(&self, position: usize) -> usize {
        if position == 0 || self.is_letter(position) || !self.is_letter(position - 1) {
            return 0;
        }
        if self.is_letter(position + 1) && is_mark(self.chars[position].ch) {
            return 1;
        }
        self.gap_behind_spelled_out(position - 1)
    }

    /// How long the gap behind the single letter at `letter` is, if that is one of [`LEAST_SPACED`] such letters and the
    /// gap is no wider than the one before or after; otherwise 0.
    fn gap_behind_spelled_out(&self, letter: usize) -> usize {
        let Some(next) = self.next_single(letter).filter(|_| self.is_single(letter)) else {
            return 0;
        };
        let (after, before) = (self.next_single(next), self.single_before(letter));
        let (mut count, mut at) = (2, after);
        while count < LEAST_SPACED
            && let Some(single) = at
        {
            (count, at) = (count + 1, self.next_single(single));
        }
        at = before;
        while count < LEAST_SPACED
            && let Some(single) = at
        {
            (count, at) = (count + 1, self.single_before(single));
        }
        let width = self.width(letter, next);
        let is_usual = after.is_some_and(|after| self.width(next, after) >= width)
            || before.is_some_and(|before| self.width(before, letter) >= width);
        if count >= LEAST_SPACED && is_usual { next - letter - 1 } else { 0 }
    }

    /// How much stands between two letters: a space counts for more than a mark, and the more of it the more.
    fn width(&self, letter: usize, next: usize) -> usize {
        let gap = &self.chars[letter + 1..next];
        let source = |position: usize| self.normalised.source(&(self.chars[position].at..self.chars[position].at + 1));
        if gap.iter().any(|ch| ch.ch == ' ') { source(next).start - source(letter).end } else { 0 }
    }

    fn next_single(&self, letter: usize) -> Option<usize> {
        (letter + 2..=letter + 1 + MOST_BETWEEN).find(|next| self.is_letter(*next)).filter(|next| self.is_single(*next))
    }

    fn single_before(&self, letter: usize) -> Option<usize> {
        let nearest = (2..=1 + MOST_BETWEEN).filter_map(|distance| letter.checked_sub(distance));
        nearest.into_iter().find(|before| self.is_letter(*before)).filter(|before| self.is_single(*before))
    }
}

/// Whether `ch` is put between the letters of a word, to hide it and otherwise. What ends words in text that lacks spaces
/// is none.
const fn is_mark(ch: char) -> bool {
    matches!(ch, '.' | '-' | '_' | '*' | '~' | '\'' | '^' | '\\' | '·' | '•' | '‧' | '∙')
}

/// The ways to write the keyword `text` with some of its doubled letters single: as [`loosen`] leaves them where they
/// were repeated.
pub(super) fn collapsed(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let doubles: Vec<usize> =
        (1..chars.len()).filter(|at| chars[*at] == chars[at - 1] && chars[*at].is_alphabetic()).collect();
    let count = (doubles.len() as u32).min(MOST_DOUBLES);
    let without = |choice: u32| {
        let is_kept = |at: usize| {
            let number = doubles.iter().position(|double| *double == at);
            number.is_none_or(|number| choice >> number.min(MOST_DOUBLES as usize - 1) & 1 == 0)
        };
        (0..chars.len()).filter(|at| is_kept(*at)).map(|at| chars[at]).collect()
    };
    (1..1_u32 << count).map(without).collect()
}

/// The phrase `text` without its spaces, as it is found where all its letters stand alone; `None` for a word.
pub(super) fn joined(text: &str) -> Option<String> {
    text.contains(' ').then(|| text.replace(' ', ""))
}

/// `text` by ROT13, which leaves all but the letters a to z.
pub(super) fn rot13(text: &str) -> String {
    let rotated = |ch: char| match ch {
        'a'..='m' => (ch as u8 + 13) as char,
        'n'..='z' => (ch as u8 - 13) as char,
        _ => ch,
    };
    text.chars().map(rotated).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold::Accents;

    fn normalised(text: &str) -> Normalised {
        Normalised::of(&SourceText::whole(text), Accents::Kept)
    }

    fn readings(text: &str) -> Vec<String> {
        loosen(&normalised(text), &SourceText::whole(text))
            .iter()
            .map(|loosened| loosened.as_str().to_owned())
            .collect()
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
            .filter(|ch| normalised(ch.encode_utf8(&mut [0; 4])).as_str().chars().any(|ch| letter_of(ch).is_some()))
            .collect();
        assert_eq!(odd, "ȣֆᴽⳋꝯꝰꮞ𑣆𑣊𑣌𑣖", "none that words are written with today");
    }

    #[test]
    fn spans_lead_back_and_tell_what_was_changed() {
        let text = "see f.o.r.b h3llo";
        let readings = loosen(&normalised(text), &SourceText::whole(text));
        let reading = readings.iter().find(|reading| reading.as_str() == "see forb hello").unwrap();
        assert_eq!(reading.normalised(&(4..8)), 4..11);
        assert_eq!(reading.taken(&(4..8)), Some(vec![Switch::Spaced]));
        assert_eq!(reading.taken(&(9..14)), Some(vec![Switch::Leet]));
        assert_eq!(reading.taken(&(0..3)), None);
        assert!(reading.stands_alone(&(4..8)) && !reading.stands_alone(&(9..13)));
    }

    #[test]
    fn doubled_letters_may_be_single_and_rot13_turns_back() {
        assert_eq!(collapsed("balloon"), ["baloon", "ballon", "balon"]);
        assert_eq!(collapsed("turnip"), [""; 0]);
        assert_eq!(rot13("turnip é"), "gheavc é");
        assert_eq!(rot13(&rot13("turnip")), "turnip");
    }
}
