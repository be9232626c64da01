//! How a keyword is written where it is found in another spelling.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use crate::text::normalise::Normalised;
use crate::text::rule::Keyword;
use crate::text::source::SourceText;
use crate::text::words::is_drawn_blank;

/// Something that was found in `text`, made from `source`.
pub(super) struct Written<'a> {
    pub(super) text: &'a Normalised,
    pub(super) source: &'a SourceText,
    pub(super) span: &'a Range<usize>,
}

impl Written<'_> {
    /// Whether it is a hashtag or the name of an account.
    pub(super) fn is_tag(&self) -> bool {
        self.source.up_to(self.text.source(self.span).start).ends_with(['#', '@', '＃', '＠'])
    }

    /// Whether it is in a host name, the path or query of an address, or the name of a file: something that goes on
    /// with a dot, or that a slash and the like begins.
    pub(super) fn is_in_address(&self) -> bool {
        let Range { start, end } = self.text.source(self.span);
        let mut behind = self.source.from(end).chars();
        let goes_on = behind.next().is_some_and(|ch| matches!(ch, '.' | '@' | '/' | '-' | '='))
            && behind.next().is_some_and(char::is_alphanumeric);
        let mut before = self.source.up_to(start).chars().rev();
        let is_begun = before.next().is_some_and(|ch| matches!(ch, '.' | '/' | '-' | '=' | '&' | '?'))
            && before.next().is_some_and(|ch| ch.is_alphanumeric() || ch == '/');
        goes_on || is_begun
    }

    /// Whether it is the short `keyword` letter by letter: digits that look like letters stand for themselves, and "ß"
    /// is no "ss".
    pub(super) fn is_letter_by_letter(&self, keyword: &Keyword) -> bool {
        let digits = |text: &str| text.chars().filter(|ch| matches!(ch, '0' | '1' | '|')).collect::<String>();
        let has_many = |text: &str| text.nfkc().nth(1).is_some();
        let written = self.source.get(self.text.source(self.span)).unwrap_or_default();
        digits(written) == digits(keyword.as_written()) && (has_many(written) || !has_many(keyword.as_written()))
    }

    /// Whether each word of the phrase `keyword` begins with a capital behind a small letter.
    pub(super) fn is_camel_case(&self, keyword: &Keyword) -> bool {
        let mut at = self.span.start;
        keyword.normalised().split(' ').enumerate().all(|(number, word)| {
            let begins = number == 0 || self.char_at(at).is_some_and(|first| self.is_hump(at, first));
            at += word.len();
            begins
        })
    }

    /// Whether between the words of the phrase `keyword` blanks are drawn that count as nothing.
    pub(super) fn is_parted(&self, keyword: &Keyword) -> bool {
        let mut at = self.span.start;
        keyword.normalised().split(' ').enumerate().all(|(number, word)| {
            let begins = number == 0 || self.is_behind_blank(at);
            at += word.len();
            begins
        })
    }

    /// Whether a blank that counts as nothing is drawn before what is at `at` of the text.
    fn is_behind_blank(&self, at: usize) -> bool {
        let [before, start] = [at - 1..at, at..at + 1].map(|span| self.text.source(&span));
        self.source.get(before.end..start.start).is_some_and(|between| between.contains(is_drawn_blank))
    }

    fn is_hump(&self, at: usize, first: char) -> bool {
        let start = self.text.source(&(at..at + 1)).start;
        first.is_uppercase() && self.source.up_to(start).chars().next_back().is_some_and(char::is_lowercase)
    }

    /// The character of the source at `at` of the text.
    fn char_at(&self, at: usize) -> Option<char> {
        self.source.get(self.text.source(&(at..at + 1)))?.chars().next()
    }

    /// Whether each letter that differs from `keyword` looks like that of it: a capital I beside a small letter like an
    /// "l", and an "l" beside a capital like an I.
    pub(super) fn is_alike(&self, keyword: &Keyword) -> bool {
        let text = self.text.as_str().as_bytes();
        let wanted = keyword.normalised().bytes();
        wanted.enumerate().all(|(offset, wanted)| {
            let at = self.span.start + offset;
            let has_beside = |is_so: fn(char) -> bool| {
                let before = at.checked_sub(1).and_then(|before| self.char_at(before));
                [before, self.char_at(at + 1)].into_iter().flatten().any(is_so)
            };
            text.get(at) == Some(&wanted)
                || match self.char_at(at) {
                    Some('I') => has_beside(char::is_lowercase),
                    Some('l') => has_beside(char::is_uppercase),
                    _ => false,
                }
        })
    }
}
