//! Text → the form that is searched, with the way back to the original bytes.
//!
//! Runs are folded as `fold` says, and white space of any length becomes one space. A span of normalised text stands
//! for the original bytes of every unit it touches, so it always covers whole characters.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use super::charset::Reading;
use super::fold::{ASCII_FOLD, CharFolds, DROPPED, Role, fold_run};
use super::offsets::{MAX_STEP, OffsetMap};
use crate::content::Deadline;

/// Characters in one run; more begin a new one. Unicode's stream-safe format allows 30 marks on a letter, and sorting
/// marks is what makes endless runs expensive.
const MAX_RUN: usize = 32;

/// Normalised bytes that are searched at once. Few in tests, so that they see many windows.
pub(super) const WINDOW: usize = if cfg!(test) { 4 << 10 } else { 256 << 10 };

/// Bytes of the longest character.
const MAX_CHAR: usize = 4;

/// How a span of normalised text stands among its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It takes part of an original character and leaves part, as "c" does of a "ç" that folded to "c" and a cedilla.
    CutsCharacter,
    /// A letter or digit touches it.
    InWord,
    /// Neither.
    Alone,
}

/// Normalised text, and where each piece of it came from.
#[derive(Debug)]
pub(super) struct Normalised<'a> {
    reading: Reading<'a>,
    output: Output,
}

impl<'a> Normalised<'a> {
    /// Normalises all that `reading` holds, in time and memory linear in its length: for short texts.
    pub(super) fn of(reading: Reading<'a>) -> Self {
        let mut normaliser = Normaliser::default();
        let mut at = 0;
        while let Some(next) = normaliser.push_next(reading, at) {
            at = next;
        }
        normaliser.end_run();
        Self { reading, output: normaliser.output }
    }

    /// Normalises what `reading` holds window by window, in time linear in its length and bounded memory.
    ///
    /// `look` gets each window with the range of offsets that are new in it. Whatever is at most `longest` bytes long
    /// ends at a new offset of exactly one window, stands in that one whole, and has its neighbours there. Past
    /// `deadline` no further window is made.
    pub(super) fn by_window(
        reading: Reading<'a>,
        longest: usize,
        deadline: &Deadline,
        mut look: impl FnMut(&Self, Range<usize>),
    ) {
        let size = WINDOW.max(4 * longest);
        let mut normaliser = Normaliser::default();
        let (mut at, mut known) = (0, 0);
        while let Some(next) = normaliser.push_next(reading, at) {
            at = next;
            if normaliser.output.text.len() < size {
                continue;
            }
            let mut window = Self { reading, output: std::mem::take(&mut normaliser.output) };
            let last = window.output.map.unit_at(window.as_str().len() - 1).normalised.start;
            look(&window, known..last);
            if deadline.has_passed() {
                return;
            }
            known = last - window.output.forget_before(last.saturating_sub(longest + MAX_CHAR));
            normaliser.output = window.output;
        }
        normaliser.end_run();
        let window = Self { reading, output: normaliser.output };
        look(&window, known..window.as_str().len());
    }

    /// The normalised text.
    pub(super) fn as_str(&self) -> &str {
        &self.output.text
    }

    /// The original bytes that normalised bytes `span` came from. `span` is not empty.
    pub(super) fn original(&self, span: &Range<usize>) -> Range<usize> {
        let last = span.end.saturating_sub(1);
        self.output.map.unit_at(span.start).original.start..self.output.map.unit_at(last).original.end
    }

    /// How `span` stands among its neighbours.
    pub(super) fn standing(&self, span: &Range<usize>) -> Standing {
        if self.cuts_a_run(span.start) || self.cuts_a_run(span.end) {
            Standing::CutsCharacter
        } else if self.touches_before(span.start) || self.touches_after(span.end) {
            Standing::InWord
        } else {
            Standing::Alone
        }
    }

    fn cuts_a_run(&self, edge: usize) -> bool {
        self.output.map.unit_at(edge).normalised.start < edge
    }

    fn touches_before(&self, start: usize) -> bool {
        let is_letter = self.output.text[..start].chars().next_back().is_some_and(is_word_character);
        is_letter && self.was_letter(start - 1)
    }

    fn touches_after(&self, end: usize) -> bool {
        let is_letter = self.output.text[end..].chars().next().is_some_and(is_word_character);
        is_letter && self.was_letter(end)
    }

    /// Whether the original has a letter at normalised `offset` too, and not a "|" that looks like an "l".
    fn was_letter(&self, offset: usize) -> bool {
        let original = self.output.map.unit_at(offset).original;
        self.reading.char_at(original.start).is_some_and(|(ch, _)| is_word_character(ch))
    }
}

fn is_word_character(ch: char) -> bool {
    ch.is_alphanumeric() || is_combining_mark(ch)
}

/// What is normalised so far.
#[derive(Debug, Default)]
struct Output {
    text: String,
    map: OffsetMap,
}

impl Output {
    /// Adds what the original bytes `at` folded to; white space after white space adds nothing.
    fn append(&mut self, folded: &str, at: Range<usize>) {
        let folded = if self.text.ends_with(' ') { folded.trim_start_matches(' ') } else { folded };
        self.text.push_str(folded);
        if folded.len() == 1 && at.len() == 1 {
            self.map.push_bytes(at.start, 1);
        } else {
            self.map.push_run(at, folded.len());
        }
    }

    /// Folds byte by byte, and between white space and control characters whole stretches at once.
    fn append_ascii(&mut self, ascii: &[u8], at: usize) {
        let mut done = 0;
        while done < ascii.len() {
            let rest = &ascii[done..];
            let end = rest.iter().position(|byte| matches!(fold_ascii(*byte), DROPPED | b' ')).unwrap_or(rest.len());
            self.text.extend(rest[..end].iter().map(|byte| char::from(fold_ascii(*byte))));
            self.map.push_bytes(at + done, end);
            done += end;
            if rest.get(end).is_some_and(|byte| fold_ascii(*byte) == b' ') {
                self.append(" ", at + done..at + done + 1);
            }
            done += 1;
        }
    }
}

impl Output {
    /// Forgets the units before the one that holds `offset`. Returns where that one started.
    fn forget_before(&mut self, offset: usize) -> usize {
        let start = self.map.unit_at(offset).normalised.start;
        self.map.forget_before(start);
        self.text.drain(..start);
        start
    }
}

fn fold_ascii(byte: u8) -> u8 {
    ASCII_FOLD[usize::from(byte & 0x7f)]
}

#[derive(Debug, Default)]
struct Normaliser {
    output: Output,
    folds: CharFolds,
    /// The run that the next character may still join, and where it is.
    run: Vec<char>,
    run_at: Range<usize>,
}

impl Normaliser {
    /// Takes in what `reading` has at `at`: a stretch of ASCII and the character behind it. Returns where it goes on;
    /// `None` at the end.
    fn push_next(&mut self, reading: Reading<'_>, at: usize) -> Option<usize> {
        let ascii = reading.ascii_at(at);
        self.push_ascii(ascii, at);
        let at = at + ascii.len();
        match reading.char_at(at) {
            Some((ch, len)) => {
                self.push_char(ch, at..at + len);
                Some(at + len)
            }
            None => (!ascii.is_empty()).then_some(at),
        }
    }

    /// The last visible character is held back as a run of its own: a mark may follow it.
    fn push_ascii(&mut self, ascii: &[u8], at: usize) {
        let Some(last) = ascii.iter().rposition(|byte| fold_ascii(*byte) != DROPPED) else {
            return;
        };
        self.end_run();
        self.output.append_ascii(&ascii[..last], at);
        self.start_run(char::from(ascii[last]), at + last..at + last + 1);
    }

    fn push_char(&mut self, ch: char, at: Range<usize>) {
        let has_room = self.run.len() < MAX_RUN && at.end - self.run_at.start <= MAX_STEP;
        match self.folds.role(ch) {
            Role::Invisible => {}
            Role::Joins if !self.run.is_empty() && has_room => {
                self.run.push(ch);
                self.run_at.end = at.end;
            }
            Role::Joins | Role::Starts => {
                self.end_run();
                self.start_run(ch, at);
            }
        }
    }

    fn start_run(&mut self, ch: char, at: Range<usize>) {
        self.run.push(ch);
        self.run_at = at;
    }

    fn end_run(&mut self) {
        match self.run.as_slice() {
            [] => return,
            [ch] => self.output.append(self.folds.fold(*ch), self.run_at.clone()),
            run => self.output.append(&fold_run(run), self.run_at.clone()),
        }
        self.run.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normalised(bytes: &[u8]) -> Normalised<'_> {
        Normalised::of(Reading::Utf8(bytes))
    }

    #[test]
    fn runs_fold_as_wholes_and_white_space_to_one_space() {
        for (text, expected) in [
            ("", ""),
            ("Plain ASCII", "plain ascii"),
            ("a \r\n\t\u{a0}\u{200b} b", "a b"),
            ("a\0\u{8}b", "ab"),
            ("cafe\u{301}s", "cafés"),
            ("cafe\u{200d}\0\u{301}s", "cafés"),
            ("f\u{336}o\u{336}r", "for"),
            ("\u{301}a", "a"),
        ] {
            assert_eq!(normalised(text.as_bytes()).as_str(), expected, "{text:?}");
        }
    }

    #[test]
    fn endless_marks_fold_in_runs_of_limited_length() {
        let text = format!("a{}b", "\u{336}".repeat(100_000));
        let normalised = normalised(text.as_bytes());
        assert_eq!(normalised.as_str(), "ab");
        assert_eq!(normalised.original(&(0..1)), 0..1 + 31 * 2);
        assert_eq!(normalised.original(&(1..2)), text.len() - 1..text.len());
    }

    #[test]
    fn a_run_stretched_by_invisible_characters_keeps_its_offsets() {
        let text = format!("xe{}\u{301}y", "\u{200b}".repeat(30_000));
        let normalised = normalised(text.as_bytes());
        assert_eq!(normalised.as_str(), "xey");
        assert_eq!(normalised.original(&(1..2)), 1..2);
        assert_eq!(normalised.original(&(2..3)), text.len() - 1..text.len());
    }

    #[test]
    fn a_span_covers_every_unit_it_touches() {
        let text = "ﬁ ﬂ";
        let normalised = normalised(text.as_bytes());
        assert_eq!(normalised.as_str(), "fi fl");
        for (span, original) in [(0..1, 0..3), (1..2, 0..3), (1..3, 0..4), (1..4, 0..7), (3..5, 4..7)] {
            assert_eq!(normalised.original(&span), original, "{span:?}");
        }
    }

    /// Text of the sorts that take different ways through the normaliser.
    fn text() -> impl Strategy<Value = String> {
        let sorts =
            ["[ -~]{1,12}", "\\PC{1,6}", "[\u{300}-\u{340}\u{200b}-\u{200f}\0\n ]{1,5}", "[а-яα-ωﬀ-ﬆ가-갿]{1,6}"];
        prop::collection::vec(prop::sample::select(sorts.to_vec()).prop_flat_map(|sort| sort), 0..20)
            .prop_map(|pieces| pieces.concat())
    }

    fn check_map(reading: Reading<'_>, original_len: usize) -> Result<(), TestCaseError> {
        let normalised = Normalised::of(reading);
        let mut last = 0..0;
        for offset in 0..normalised.as_str().len() {
            let original = normalised.original(&(offset..offset + 1));
            prop_assert!(original.start < original.end && original.end <= original_len, "{:?}", original);
            prop_assert!(original == last || original.start >= last.end, "{:?} after {:?}", original, last);
            last = original;
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn the_map_is_monotone_and_in_bounds(text in text()) {
            check_map(Reading::Utf8(text.as_bytes()), text.len())?;
        }

        #[test]
        fn the_map_of_any_bytes_is_monotone_and_in_bounds(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            check_map(Reading::Utf8(&bytes), bytes.len())?;
            check_map(Reading::Utf16Le(&bytes), bytes.len())?;
            check_map(Reading::Utf16Be(&bytes), bytes.len())?;
        }

        #[test]
        fn ascii_folds_like_the_naive_twin(text in "[ -~\\t\\n\\r]{0,80}") {
            let folded: String = text.bytes().map(|byte| char::from(ASCII_FOLD[usize::from(byte)])).collect();
            let mut expected = String::new();
            for ch in folded.chars().filter(|ch| *ch != '\0') {
                if ch != ' ' || !expected.ends_with(' ') {
                    expected.push(ch);
                }
            }
            let normalised = normalised(text.as_bytes());
            prop_assert_eq!(normalised.as_str(), expected);
        }
    }
}
