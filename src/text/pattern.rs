//! Regular expressions over normalised text.
//!
//! Text is folded before it is searched, so an expression that says "0" or "Forbidden" would never be found as it
//! stands. Its literals are therefore folded as keywords are, and its classes take in what their members fold to. A
//! class that says what may *not* stand there is left as it is but for upper and lower case: a folded "o" was most
//! likely an "o", whatever else folds to it.

use std::fmt;
use std::ops::Range;

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Capture, Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition};

use super::fold::{ASCII_FOLD, DROPPED};
use super::normalise::Normalised;

/// Bytes of normalised text within which a match is found wherever it stands. A longer one may be missed where a window
/// ends.
pub(super) const REACH: usize = 1 << 10;

/// Bytes that one compiled expression may take. What lists carry takes a hundredth of it.
const MAX_SIZE: usize = 4 << 20;

/// Groups within one another.
const MAX_NESTING: u32 = 64;

/// A regular expression that matches no empty text. Searching takes time linear in the text.
#[derive(Clone)]
pub struct Pattern {
    written: String,
    regex: Regex,
    /// Whether the original text must end with what is written, as it is written.
    is_exact: bool,
}

/// Why an expression cannot be searched for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is none, or uses what needs more than linear time, such as look-around and references back.
    #[error("not a supported regular expression: {0}")]
    Syntax(String),
    /// It is found in every text.
    #[error("matches every text, expected something to look for")]
    MatchesAll,
}

impl Pattern {
    /// The expression `written`, in the syntax of the crate `regex`.
    ///
    /// # Errors
    /// [`PatternError`].
    pub fn new(written: &str) -> Result<Self, PatternError> {
        let syntax = |message: String| PatternError::Syntax(message.lines().last().unwrap_or_default().to_owned());
        let parsed = ParserBuilder::new().nest_limit(MAX_NESTING).build().parse(written);
        let folded = folded(parsed.map_err(|error| syntax(error.to_string()))?);
        if folded.properties().minimum_len().is_none_or(|len| len == 0) {
            return Err(PatternError::MatchesAll);
        }
        let regex = RegexBuilder::new(&folded.to_string()).size_limit(MAX_SIZE).nest_limit(4 * MAX_NESTING).build();
        let regex = regex.map_err(|error| syntax(error.to_string()))?;
        Ok(Self { written: written.to_owned(), regex, is_exact: false })
    }

    /// What the expression finds, where the original text ends with `name` but for signs, in any case and without
    /// look-alikes. Stands in messages as `name`.
    pub(super) fn exact(expression: &str, name: &str) -> Result<Self, PatternError> {
        let pattern = Self::new(expression)?;
        Ok(Self { written: name.to_owned(), is_exact: true, ..pattern })
    }

    /// Whether a match with this original text counts.
    pub(super) fn allows(&self, original: &str) -> bool {
        let original = original.trim_end_matches(|ch: char| !ch.is_alphanumeric());
        !self.is_exact || original.to_lowercase().ends_with(&self.written)
    }

    /// Whether what it finds must be looked up in the original text.
    pub(super) const fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Matches in `window` that do not overlap and end in the part that is `new`, by their ends.
    ///
    /// Where the window does not start the text, its first character is only looked back at, so that `^` means the start
    /// of the text.
    pub(super) fn find_all(&self, window: &str, new: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let (start, end) = (new.start, new.end);
        let mut at = if start == 0 { 0 } else { window.chars().next().map_or(0, char::len_utf8) };
        let next = std::iter::from_fn(move || {
            let found = self.regex.find_at(window, at)?.range();
            at = found.end;
            (found.end <= end).then_some(found)
        });
        next.skip_while(move |found| found.end <= start && start > 0)
    }

    /// As somebody wrote it.
    pub fn as_written(&self) -> &str {
        &self.written
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written && self.is_exact == other.is_exact
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.written)
    }
}

/// The expression that finds in folded text what `hir` finds in text.
fn folded(hir: Hir) -> Hir {
    match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => {
            Hir::literal(Normalised::text_of(&String::from_utf8_lossy(&literal.0)).into_bytes())
        }
        HirKind::Class(Class::Unicode(class)) => Hir::class(Class::Unicode(folded_class(class))),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { sub: Box::new(folded(*repetition.sub)), ..repetition })
        }
        HirKind::Capture(capture) => Hir::capture(Capture { sub: Box::new(folded(*capture.sub)), ..capture }),
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(folded).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.into_iter().map(folded).collect()),
    }
}

fn folded_class(mut class: ClassUnicode) -> ClassUnicode {
    // Where the crate has no tables for cases, the class stays as it is.
    let fold_case = |class: &mut ClassUnicode| class.try_case_fold_simple().unwrap_or_default();
    let is_negated = class.ranges().last().is_some_and(|last| last.end() == char::MAX);
    if is_negated {
        class.negate();
        fold_case(&mut class);
        class.negate();
        return class;
    }
    fold_case(&mut class);
    let is_member =
        |byte: u8| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&char::from(byte)));
    let images: Vec<char> = (0..128_u8)
        .filter(|byte| is_member(*byte))
        .map(|byte| ASCII_FOLD[usize::from(byte)])
        .filter(|image| *image != DROPPED)
        .map(char::from)
        .collect();
    images.into_iter().for_each(|image| class.push(ClassUnicodeRange::new(image, image)));
    class
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pattern: &str, text: &str) -> bool {
        let text = Normalised::text_of(text);
        Pattern::new(pattern).unwrap().find_all(&text, &(0..text.len())).next().is_some()
    }

    #[test]
    fn expressions_see_through_the_dodges_that_keywords_do() {
        for (pattern, text, expected) in [
            ("Forbidden", "f0rb\u{200b}idden", true),
            ("fоrb[i1]dden", "FORBIDDEN", true),
            ("forb.dden", "forb-dden", true),
            ("[A-Z]{3}", "abc", true),
            (r"\d{4}", "2024", true),
            (r"\d{4}", "1001", true),
            (r"\d{4}", "abcd", false),
            ("stra[sß]", "straße", true),
            (r"a[^a-z]b", "aob", false),
            (r"a[^a-z]b", "a-b", true),
            (r"a[^0-9]b", "aob", true),
            (r"a\s+b", "a \u{a0}\n b", true),
            ("^b", "ab", false),
            ("a$", "ab", false),
            (r"\bb", "a b", true),
            ("(turnip|beet)s?", "BEETS", true),
        ] {
            assert_eq!(find(pattern, text), expected, "{pattern} in {text}");
        }
    }

    #[test]
    fn what_cannot_be_searched_for_is_told() {
        let error = |written: &str| Pattern::new(written).unwrap_err().to_string();
        assert_eq!(error("a*"), "matches every text, expected something to look for");
        assert_eq!(error("\u{200b}"), "matches every text, expected something to look for");
        assert_eq!(error("a("), "not a supported regular expression: error: unclosed group");
        assert_eq!(
            error("a(?=b)"),
            "not a supported regular expression: error: look-around, including look-ahead and look-behind, is not \
             supported"
        );
        assert!(error("(\\w{1000}){1000}").contains("size limit"), "{}", error("(\\w{1000}){1000}"));
    }
}
