//! One place, read leniently, character by character.

use super::stretch::Char;
use super::{LEAST_SPACED, Loosened};
use crate::text::normalise::Normalised;
use crate::text::source::SourceText;
use crate::text::switches::Switch;

/// Characters between letters that are spelled out.
pub(super) const MOST_BETWEEN: usize = 3;

/// Equal letters in a row that nothing is spelled with.
const LEAST_REPEATED: usize = 3;

/// What signs in place of letters may stand for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Signs {
    /// Themselves.
    Literal,
    /// Letters; what looks like "l" is one.
    AsL,
    /// Letters; what looks like "l" and is none is "i".
    AsI,
}

/// The letter that `ch` may stand for. Not "6", which the Cyrillic б is folded to, and not what "€" and the Greek ε
/// are.
pub(super) const fn letter_of(ch: char) -> Option<char> {
    Some(match ch {
        '2' => 'z',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        '!' => 'i',
        _ => return None,
    })
}

/// One lenient reading of a place.
pub(super) struct Reader<'a> {
    pub(super) normalised: &'a Normalised,
    pub(super) source: &'a SourceText,
    pub(super) chars: &'a [Char],
    pub(super) signs: Signs,
    /// What was read before this place.
    pub(super) loosened: Loosened,
}

impl Reader<'_> {
    /// Adds the reading of the place to what was read.
    pub(super) fn read(mut self) -> Loosened {
        let mut position = 0;
        while position < self.chars.len() {
            let plain = (position..self.chars.len()).take_while(|position| self.is_plain(*position)).count();
            if plain > 0 {
                let place = self.chars[position].at()..self.end_of(position + plain - 1);
                self.loosened.push_plain(self.normalised.as_str(), place);
                position += plain;
                continue;
            }
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

    /// Whether the character at `position` is read as it is, and alone.
    #[inline]
    fn is_plain(&self, position: usize) -> bool {
        let Char { ch, is_letter, is_sign, .. } = self.chars[position];
        let is_itself = match self.signs {
            Signs::Literal => true,
            Signs::AsL => !is_sign,
            Signs::AsI => !is_sign && ch != 'l',
        };
        let repeats = |distance: usize| self.chars.get(position + distance).is_some_and(|other| other.ch == ch);
        let is_alone = if is_letter { !(repeats(1) && repeats(2)) } else { self.gap_in_word(position) == 0 };
        is_itself && is_alone
    }

    /// Where the character at `position` ends.
    fn end_of(&self, position: usize) -> usize {
        self.chars[position].at() + self.chars[position].ch.len_utf8()
    }

    /// Reads the character at `position` and those that repeat it. Returns how many.
    fn read_char(&mut self, position: usize) -> usize {
        let Char { ch, is_letter, .. } = self.chars[position];
        let at = self.chars[position].at();
        let can_repeat = is_letter && !ch.is_ascii_digit();
        let repeats = self.chars[position..].iter().take_while(|other| can_repeat && other.ch == ch).count();
        let taken = if repeats >= LEAST_REPEATED { repeats } else { 1 };
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

    /// How long the gap behind the single letter at `letter` is, if that is one of [`LEAST_SPACED`] such letters and
    /// the gap is no wider than the one before or after; otherwise 0.
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
        if count < LEAST_SPACED {
            return 0;
        }
        let width = self.width(letter, next);
        let is_usual = width == 0
            || after.is_some_and(|after| self.width(next, after) >= width)
            || before.is_some_and(|before| self.width(before, letter) >= width);
        if is_usual { next - letter - 1 } else { 0 }
    }

    /// How much stands between two letters: a space counts for more than a mark, and the more of it the more.
    fn width(&self, letter: usize, next: usize) -> usize {
        let gap = &self.chars[letter + 1..next];
        let source =
            |position: usize| self.normalised.source(&(self.chars[position].at()..self.chars[position].at() + 1));
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

/// Whether `ch` is put between the letters of a word, to hide it and otherwise. What ends words in text that lacks
/// spaces is none.
pub(super) const fn is_mark(ch: char) -> bool {
    matches!(ch, '.' | '-' | '_' | '*' | '~' | '\'' | '^' | '\\' | '·' | '•' | '‧' | '∙')
}
