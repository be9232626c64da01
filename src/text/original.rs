//! What only the original text at a hit tells: upper and lower case, and whether it is a quotation.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::rule::{Rule, TermRef};
use super::source::{SourceText, boundary_before};

/// Bytes before and behind a hit in which quotation marks are looked for.
pub(super) const REACH: usize = 1 << 10;

/// Whether a hit of `term` counts, by what its rule asks of the text that stands there.
pub(super) fn is_as_asked(rule: &Rule, term: usize, text: &str) -> bool {
    match rule.look_up(term) {
        Some(TermRef::Keyword(keyword)) if keyword.is_case_sensitive() => {
            CaseShape::of(keyword.as_written().chars()).allows(&CaseShape::of(text.chars()))
        }
        Some(TermRef::Pattern(pattern)) => !pattern.is_exact() || pattern.allows(text),
        // Identifiers are compared in forms of their own.
        Some(TermRef::Keyword(_) | TermRef::Identifier(_)) | None => true,
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

/// Whether `span` stands in quotation marks that open and close in its paragraph, or on a line that begins with ">".
///
/// Marks are looked for in some hundred characters only, so a longer quotation is none.
pub(super) fn is_quoted(source: &SourceText, span: &Range<usize>) -> bool {
    let before = Before::read(source, span.start);
    let mut within = source.get(span.clone()).unwrap_or_default().chars();
    if before.line == Line::Quoted && !within.any(is_line_break) {
        return true;
    }
    let Some(mark) = before.open else {
        return false;
    };
    let mut breaks = Breaks::default();
    for (at, ch) in source.from(span.start).char_indices().take_while(|(at, _)| *at < span.len() + REACH) {
        if breaks.end_paragraph(ch) {
            return false;
        }
        if closes(mark, ch) {
            return at >= span.len();
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
    fn read(source: &SourceText, until: usize) -> Self {
        let before = source.up_to(until);
        let before = &before[boundary_before(before, before.len().saturating_sub(REACH))..];
        let is_start = before.len() == until;
        let mut state = Self { open: None, line: if is_start { Line::Begins } else { Line::Unknown } };
        // Straight marks open and close alike, so they mean something only where the paragraph is known from its start.
        let (mut breaks, mut is_whole) = (Breaks::default(), is_start);
        for ch in before.chars() {
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
        is_quoted(&SourceText::whole(text), &(at..at + 6))
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
