//! What only the original text at a hit tells: upper and lower case, and whether it is a quotation.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::charset::Reading;
use super::rule::Rule;

/// Bytes before and behind a hit in which quotation marks are looked for.
const REACH: usize = 1 << 10;

/// Bytes of the longest character: so far into it, reading may begin wrong.
const LONGEST_CHAR: usize = 4;

/// Whether a hit of `term` counts, by the case that its rule asks for and where it must be written as it is.
pub(super) fn is_as_asked(rule: &Rule, term: usize, reading: Reading<'_>, span: &Range<usize>) -> bool {
    match rule.keywords.get(term) {
        Some(keyword) if keyword.is_case_sensitive() => {
            let written = CaseShape::of(keyword.as_written().chars());
            written.allows(&CaseShape::of(chars(reading, span.clone()).map(|(_, ch)| ch)))
        }
        Some(_) => true,
        None => rule.patterns.get(term - rule.keywords.len()).is_none_or(|pattern| {
            let original = || chars(reading, span.clone()).map(|(_, ch)| ch).collect::<String>();
            !pattern.is_exact() || pattern.allows(&original())
        }),
    }
}

/// Which letters of a text are upper case, of those that have a case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::text) struct CaseShape(Vec<bool>);

impl CaseShape {
    /// The shape of a text.
    pub(super) fn of(text: impl Iterator<Item = char>) -> Self {
        let has_case = |ch: &char| ch.is_uppercase() || ch.is_lowercase();
        Self(text.nfkc().filter(has_case).map(char::is_uppercase).collect())
    }

    /// Whether a text of shape `original` is written like one of this shape. Where signs stand for some letters, the
    /// others may have any case that occurs in it.
    fn allows(&self, original: &Self) -> bool {
        if self.0.len() == original.0.len() {
            return self == original;
        }
        original.0.iter().all(|is_upper| self.0.contains(is_upper))
    }
}

/// The characters of `span`, with where they begin.
fn chars(reading: Reading<'_>, span: Range<usize>) -> impl Iterator<Item = (usize, char)> {
    let mut at = span.start;
    std::iter::from_fn(move || {
        let (ch, len) = if at < span.end { reading.char_at(at)? } else { return None };
        at += len;
        Some((at - len, ch))
    })
}

/// Whether `span` stands in quotation marks that open and close in its paragraph, or on a line that begins with ">".
///
/// Marks are looked for in some hundred characters only, so a longer quotation is none.
pub(super) fn is_quoted(reading: Reading<'_>, span: &Range<usize>) -> bool {
    let before = Before::read(reading, span.start);
    let mut within = chars(reading, span.clone()).map(|(_, ch)| ch);
    if before.line == Line::Quoted && !within.any(is_line_break) {
        return true;
    }
    let Some(mark) = before.open else {
        return false;
    };
    let mut breaks = Breaks::default();
    for (at, ch) in chars(reading, span.start..span.end + REACH) {
        if breaks.end_paragraph(ch) {
            return false;
        }
        if closes(mark, ch) {
            return at >= span.end;
        }
    }
    false
}

/// How the line at hand began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Unknown,
    Begins,
    Quoted,
    Other,
}

/// What is open where a hit begins.
struct Before {
    open: Option<char>,
    line: Line,
}

impl Before {
    fn read(reading: Reading<'_>, until: usize) -> Self {
        // A multiple of four, so that units of UTF-16 stay whole.
        let from = until.saturating_sub(REACH + LONGEST_CHAR) & !(LONGEST_CHAR - 1);
        let is_start = from == 0;
        let mut state = Self { open: None, line: if is_start { Line::Begins } else { Line::Unknown } };
        // Straight marks open and close alike, so they mean something only where the paragraph is known from its start.
        let (mut breaks, mut is_whole) = (Breaks::default(), is_start);
        for (at, ch) in chars(reading, from..until) {
            if !is_start && at < from + LONGEST_CHAR {
                continue;
            }
            if breaks.end_paragraph(ch) {
                (state.open, is_whole) = (None, true);
            }
            state.take(ch, is_whole);
        }
        state
    }

    fn take(&mut self, ch: char, is_whole: bool) {
        self.line = match self.line {
            _ if is_line_break(ch) => Line::Begins,
            Line::Begins if ch == '>' => Line::Quoted,
            Line::Begins if !ch.is_whitespace() => Line::Other,
            line => line,
        };
        match self.open {
            Some(mark) if closes(mark, ch) => self.open = None,
            None if is_opening(ch) && (ch != '"' || is_whole) => self.open = Some(ch),
            _ => {}
        }
    }
}

/// Finds blank lines.
#[derive(Default)]
struct Breaks {
    line_is_blank: bool,
}

impl Breaks {
    fn end_paragraph(&mut self, ch: char) -> bool {
        if ch == '\n' || ch == '\u{2029}' {
            return std::mem::replace(&mut self.line_is_blank, true) || ch == '\u{2029}';
        }
        self.line_is_blank &= ch.is_whitespace();
        false
    }
}

fn is_line_break(ch: char) -> bool {
    matches!(ch, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn is_opening(ch: char) -> bool {
    matches!(ch, '"' | '„' | '“' | '«' | '»' | '「' | '『')
}

fn closes(opening: char, ch: char) -> bool {
    match opening {
        '„' => matches!(ch, '“' | '”'),
        '“' => ch == '”',
        '«' => ch == '»',
        '»' => ch == '«',
        '「' => ch == '」',
        '『' => ch == '』',
        straight => ch == straight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> bool {
        let at = text.find("turnip").unwrap();
        is_quoted(Reading::Utf8(text.as_bytes()), &(at..at + 6))
    }

    #[test]
    fn marks_must_open_before_and_close_behind_in_one_paragraph() {
        for (text, expected) in [
            ("he said “a turnip” there", true),
            ("er sagte „eine turnip“ da", true),
            ("il dit « turnip »", true),
            ("»turnip«", true),
            ("\"turnip\"", true),
            ("「turnip」", true),
            ("“no” turnip “no”", false),
            ("\"no\" turnip \"no\"", false),
            ("“turnip", false),
            ("turnip”", false),
            ("“no\n\nturnip”", false),
            ("“yes\nturnip”", true),
            ("“turnip\n \nno”", false),
            ("> a turnip", true),
            ("x\n  > a turnip\n", true),
            ("> x\na turnip\n", false),
            ("a > turnip", false),
        ] {
            assert_eq!(quoted(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_quotation_that_is_longer_than_the_reach_is_none() {
        let filler = "é".repeat(REACH);
        assert!(!quoted(&format!("“{filler} turnip”")));
        assert!(!quoted(&format!("“turnip {filler}”")));
        assert!(!quoted(&format!("\"{filler} \" turnip \"")), "the pairs of straight marks are unknown there");
        assert!(quoted(&format!("{filler}“turnip”")));
    }

    #[test]
    fn other_charsets_are_read_as_they_are() {
        let text: Vec<u8> = "x“turnip”".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(is_quoted(Reading::Utf16Le(&text), &(4..16)));
        assert!(is_quoted(Reading::Windows1252(b"\x84turnip\x93"), &(1..7)));
    }

    #[test]
    fn case_is_compared_letter_by_letter() {
        let allows = |written: &str, text: &str| CaseShape::of(written.chars()).allows(&CaseShape::of(text.chars()));
        for (written, text, expected) in [
            ("US", "US", true),
            ("US", "us", false),
            ("US", "Us", false),
            ("US", "ＵＳ", true),
            ("US", "U5", true),
            ("US", "u5", false),
            ("May", "May", true),
            ("May", "MAY", false),
            ("18", "18", true),
        ] {
            assert_eq!(allows(written, text), expected, "{written} and {text}");
        }
    }
}
