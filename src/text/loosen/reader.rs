//! One place, read leniently, character by character.

use std::cell::Cell;

use super::signs::{is_hyphen, letter_of, letter_of_pair, marks};
use super::stretch::{Char, Dress};
use super::{Apart, LEAST_SPACED, Loosened};
use crate::text::normalise::Normalised;
use crate::text::source::SourceText;
use crate::text::switches::Switch;

/// Characters between letters that are spelled out.
pub(super) const MOST_BETWEEN: usize = 3;

/// Characters between the words of a phrase, or the halves of a divided word.
const MOST_GAP: usize = super::gap::MOST_GAP;

/// Equal letters in a row that nothing is spelled with.
pub(super) const LEAST_REPEATED: usize = 3;

/// What signs in place of letters may stand for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Signs {
    /// Themselves, and letters in disguise too.
    Literal,
    /// Themselves, and marks between letters are spaces.
    Apart,
    /// Letters; what looks like "l" is one, and "9" is "g".
    AsL,
    /// Letters; what looks like "l" and is none, or like a capital I, is "i", and "9" is "q".
    AsI,
    /// Letters; what looks like "l" or "i" is "l", and so is "i" itself: one may stand for both in one word.
    AsEither,
}

impl Signs {
    pub(super) const ALL: [Self; 5] = [Self::Literal, Self::Apart, Self::AsL, Self::AsI, Self::AsEither];
}

/// What stands between two letters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// What it is.
    Plain,
    /// Nothing: so many characters are left out, and whether words end there.
    Nothing(usize, Switch, Apart),
    /// So many characters between two words.
    Space(usize),
}

/// One lenient reading of a place.
pub(super) struct Reader<'a> {
    pub(super) normalised: &'a Normalised,
    pub(super) source: &'a SourceText,
    pub(super) chars: &'a [Char],
    pub(super) signs: Signs,
    /// What was read before this place.
    pub(super) loosened: &'a mut Loosened,
    /// How wide the last gaps are that were looked at: each is asked for from both of its sides, again and again.
    pub(super) widths: [Cell<Option<Width>>; KNOWN_WIDTHS],
}

/// Gaps whose width is kept.
const KNOWN_WIDTHS: usize = 4;

/// The letters around a gap, and how wide it is.
type Width = (usize, usize, usize);

impl Reader<'_> {
    /// Adds the reading of the place to what was read.
    pub(super) fn read(mut self) {
        let mut position = 0;
        while position < self.chars.len() {
            let plain = (position..self.chars.len()).take_while(|position| self.is_plain(*position)).count();
            if plain > 0 {
                let place = self.chars[position].at()..self.end_of(position + plain - 1);
                self.loosened.push_plain(self.normalised.as_str(), place);
                position += plain;
                continue;
            }
            position += match self.gap(position) {
                Gap::Plain => self.read_char(position),
                Gap::Nothing(length, switch, apart) => {
                    self.loosened.change(switch, apart);
                    length
                }
                Gap::Space(length) => {
                    self.loosened.change(Switch::Punctuation, Apart::Yes);
                    let at = self.chars[position].at();
                    self.loosened.push(' ', at, self.end_of(position + length - 1) - at);
                    length
                }
            };
        }
    }

    /// Whether the character at `position` is read as it is, and alone.
    #[inline]
    fn is_plain(&self, position: usize) -> bool {
        let Char { ch, is_letter, is_sign, dress, is_doubled, .. } = self.chars[position];
        let is_itself = match self.signs {
            Signs::Literal | Signs::Apart => true,
            Signs::AsL => !is_sign && dress == Dress::None,
            Signs::AsI => !is_sign && dress == Dress::None && ch != 'l',
            Signs::AsEither => !is_sign && dress == Dress::None && !matches!(ch, 'l' | 'i'),
        };
        let repeats = |distance: usize| self.chars.get(position + distance).is_some_and(|other| other.ch == ch);
        let is_alone =
            if is_letter { !(repeats(1) && (is_doubled || repeats(2))) } else { self.gap(position) == Gap::Plain };
        is_itself && is_alone
    }

    const fn reads_signs(&self) -> bool {
        !matches!(self.signs, Signs::Literal | Signs::Apart)
    }

    /// Where the character at `position` ends.
    fn end_of(&self, position: usize) -> usize {
        self.chars[position].at() + self.chars[position].ch.len_utf8()
    }

    /// Reads the character at `position` and those that repeat it. Returns how many.
    fn read_char(&mut self, position: usize) -> usize {
        let Char { ch, is_letter, is_doubled, dress, .. } = self.chars[position];
        let at = self.chars[position].at();
        if self.reads_signs()
            && let Some(taken) = self.read_dressed(position, dress).or_else(|| self.read_pair(position))
        {
            return taken;
        }
        let can_repeat = is_letter && !ch.is_ascii_digit();
        let repeats = self.chars[position..].iter().take_while(|other| can_repeat && other.ch == ch).count();
        let taken = if repeats >= LEAST_REPEATED || is_doubled && repeats > 1 { repeats } else { 1 };
        if taken > 1 {
            self.loosened.change(Switch::Repeated, Apart::No);
        }
        let read = match self.signs {
            Signs::Literal | Signs::Apart => None,
            Signs::AsI if ch == 'l' => self.sign_like_l(at).map(|switch| ('i', switch)),
            Signs::AsI if ch == '9' => Some(('q', Switch::Leet)),
            Signs::AsEither if ch == 'l' => self.sign_like_l(at).map(|switch| ('l', switch)),
            _ => {
                let letter = letter_of(ch).filter(|_| !matches!(ch, '!' | '+') || self.goes_on(position + 1));
                letter.map(|letter| (letter, Switch::Leet))
            }
        };
        if let Some((_, switch)) = read {
            self.loosened.change(switch, Apart::No);
        }
        let letter = match read.map_or(ch, |(letter, _)| letter) {
            'i' if self.signs == Signs::AsEither => 'l',
            letter => letter,
        };
        self.loosened.push(letter, at, taken * ch.len_utf8());
        taken
    }

    /// Reads a letter in disguise as what it looks like.
    fn read_dressed(&mut self, position: usize, dress: Dress) -> Option<usize> {
        let at = self.chars[position].at();
        let (letter, switch) = match dress {
            Dress::None => return None,
            Dress::Mark => (None, Switch::Strokes),
            Dress::Accent(letter) => (Some(letter), Switch::Strokes),
            Dress::Drawn(b'l') if self.signs == Signs::AsI => (Some(b'i'), Switch::Confusables),
            Dress::Drawn(letter) => (Some(letter), Switch::Confusables),
        };
        self.loosened.change(switch, Apart::No);
        if let Some(letter) = letter {
            self.loosened.push(char::from(letter), at, self.end_of(position) - at);
        }
        Some(1)
    }

    /// Reads two signs between letters as the letter that they are drawn like.
    fn read_pair(&mut self, position: usize) -> Option<usize> {
        let [one, other] = [self.chars[position].ch, self.chars.get(position + 1)?.ch].map(u8::try_from);
        let letter = letter_of_pair(one.ok()?, other.ok()?)?;
        if position == 0 || !self.is_letter(position - 1) || !self.is_letter(position + 2) {
            return None;
        }
        self.loosened.change(Switch::Leet, Apart::No);
        self.loosened.push(letter, self.chars[position].at(), 2);
        Some(2)
    }

    /// What it takes to read the "l" at `at` in the normalised text as an "i": it is no letter in the source, or one
    /// that looks like a capital I.
    fn sign_like_l(&self, at: usize) -> Option<Switch> {
        let written = self.source.get(self.normalised.source(&(at..at + 1)))?;
        let is_letter = written.chars().any(char::is_alphabetic);
        match self.normalised.ones().binary_search(&at) {
            Ok(_) if is_letter => Some(Switch::Confusables),
            _ => (!is_letter).then_some(Switch::Leet),
        }
    }

    /// Whether a word goes on at `position`: with a letter, or with one sign in place of a letter.
    fn goes_on(&self, position: usize) -> bool {
        let is_sign = |ch: &Char| ch.is_sign && !matches!(ch.ch, '!' | '+');
        self.is_letter(position) || self.chars.get(position).is_some_and(is_sign) && self.is_letter(position + 1)
    }

    fn is_letter(&self, position: usize) -> bool {
        self.chars.get(position).is_some_and(|ch| ch.is_letter)
    }

    /// A letter with none beside it.
    fn is_single(&self, position: usize) -> bool {
        self.is_letter(position) && !self.is_letter(position + 1) && (position == 0 || !self.is_letter(position - 1))
    }

    /// What the characters at `position` do between the letters around them.
    fn gap(&self, position: usize) -> Gap {
        if position == 0 || self.is_letter(position) || !self.is_letter(position - 1) {
            return Gap::Plain;
        }
        let is_pair = self.chars[position].is_sign && !self.chars[position].is_letter;
        if self.reads_signs() && is_pair {
            return Gap::Plain;
        }
        if self.signs == Signs::Apart {
            return self.gap_between_words(position);
        }
        let count = marks(self.chars[position..].iter().map(|ch| ch.ch));
        if count > 0 && self.is_letter(position + count) {
            // A word that is spelled out ends where one begins that is not.
            let is_apart = self.is_spelled_out(position - 1) != self.is_spelled_out(position + count);
            return Gap::Nothing(count, Switch::Spaced, if is_apart { Apart::Yes } else { self.apart(position - 1) });
        }
        match self.gap_behind_spelled_out(position - 1) {
            0 => self.gap_between_words(position),
            length => Gap::Nothing(length, Switch::Spaced, Apart::InSpelledOut),
        }
    }

    /// What a gap does that stands in no word, and none of words that are spelled out.
    fn gap_between_words(&self, position: usize) -> Gap {
        let rest = &self.chars[position..];
        let length = rest.iter().take(MOST_GAP + 1).take_while(|ch| !ch.is_letter).count();
        if length == rest.len() || length > MOST_GAP || length == 1 && rest[0].ch == ' ' {
            return Gap::Plain;
        }
        let gap = &rest[..length];
        let is_hyphen = is_hyphen(gap[0].ch) && gap[1..].iter().all(|ch| matches!(ch.ch, '-' | ' ' | '>'));
        if is_hyphen && self.written_between(position - 1, position + length).contains(['\n', '\r', '\u{2028}']) {
            return Gap::Nothing(length, Switch::Hyphens, Apart::No);
        }
        let has_signs = self.reads_signs() && gap.iter().any(|ch| ch.is_sign);
        if has_signs { Gap::Plain } else { Gap::Space(length) }
    }

    /// What is written between two letters.
    fn written_between(&self, letter: usize, next: usize) -> &str {
        let [before, behind] =
            [letter, next].map(|at| self.chars[at].at()).map(|at| self.normalised.source(&(at..at + 1)));
        self.source.get(before.end..behind.start).unwrap_or_default()
    }

    /// Whether the letter at `position` is one of a word that is spelled out.
    fn is_spelled_out(&self, position: usize) -> bool {
        self.is_single(position) && self.count_singles(position) >= LEAST_SPACED
    }

    /// How far words end between letters that are spelled out.
    fn apart(&self, letter: usize) -> Apart {
        if self.is_spelled_out(letter) { Apart::InSpelledOut } else { Apart::No }
    }

    /// How many single letters follow each other around the one at `letter`, as far as that matters.
    fn count_singles(&self, letter: usize) -> usize {
        let (mut count, mut at) = (1, self.next_single(letter));
        while count < LEAST_SPACED
            && let Some(single) = at
        {
            (count, at) = (count + 1, self.next_single(single));
        }
        at = self.single_before(letter);
        while count < LEAST_SPACED
            && let Some(single) = at
        {
            (count, at) = (count + 1, self.single_before(single));
        }
        count
    }

    /// How long the gap behind the single letter at `letter` is, if that is one of [`LEAST_SPACED`] such letters and
    /// the gap is no wider than the one before or after; otherwise 0.
    fn gap_behind_spelled_out(&self, letter: usize) -> usize {
        let Some(next) = self.next_single(letter).filter(|_| self.is_spelled_out(letter)) else {
            return 0;
        };
        let (after, before) = (self.next_single(next), self.single_before(letter));
        let width = self.width(letter, next);
        let is_usual = width == 0
            || after.is_some_and(|after| self.width(next, after) >= width)
            || before.is_some_and(|before| self.width(before, letter) >= width);
        if is_usual { next - letter - 1 } else { 0 }
    }

    /// How much stands between two letters: white space counts, and what ends a part of a sentence before it.
    fn width(&self, letter: usize, next: usize) -> usize {
        let gap = &self.chars[letter + 1..next];
        if gap.iter().all(|ch| ch.ch != ' ') {
            return 0;
        }
        let known = &self.widths[letter % KNOWN_WIDTHS];
        if let Some((_, _, width)) = known.get().filter(|(first, last, _)| (*first, *last) == (letter, next)) {
            return width;
        }
        let spaces = self.written_between(letter, next).chars().filter(|ch| ch.is_whitespace()).count();
        let ends = gap.iter().any(|ch| matches!(ch.ch, '.' | ',' | ';' | ':' | '!' | '?'));
        let width = 2 * spaces + usize::from(ends);
        known.set(Some((letter, next, width)));
        width
    }

    fn next_single(&self, letter: usize) -> Option<usize> {
        (letter + 2..=letter + 1 + MOST_BETWEEN).find(|next| self.is_letter(*next)).filter(|next| self.is_single(*next))
    }

    fn single_before(&self, letter: usize) -> Option<usize> {
        let nearest = (2..=1 + MOST_BETWEEN).filter_map(|distance| letter.checked_sub(distance));
        nearest.into_iter().find(|before| self.is_letter(*before)).filter(|before| self.is_single(*before))
    }
}
