//! Finds every occurrence of the boundary and tells delimiters from what some server might take for one.

use memchr::memmem;

use super::Fault;
use crate::extract::ProblemCode;

/// A canonical delimiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delimiter {
    pub(super) kind: DelimiterKind,
    /// Where what comes before it ends: at the CRLF that belongs to the delimiter; `None` at the start of the body,
    /// where nothing comes before it.
    pub(super) start: Option<usize>,
    /// Where what comes behind it starts.
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DelimiterKind {
    /// `--boundary CRLF`.
    Opening,
    /// `--boundary--`, then CRLF or the end of the body.
    Closing,
}

/// All occurrences of `--boundary` in a body, from first to last.
///
/// Guarantee: when none of them is a [`Fault`], the boundary stands nowhere else in the body. An occurrence that
/// overlaps a delimiter would have to repeat with a period of one or two bytes, so the boundary would consist of
/// hyphens only, and such boundaries are refused.
pub(super) struct Delimiters<'a> {
    body: &'a [u8],
    finder: memmem::Finder<'static>,
}

impl<'a> Delimiters<'a> {
    pub(super) fn new(body: &'a [u8], boundary: &str) -> Self {
        let finder = memmem::Finder::new(&[b"--", boundary.as_bytes()].concat()).into_owned();
        Self { body, finder }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Result<Delimiter, Fault>> {
        let length = self.finder.needle().len();
        self.finder.find_iter(self.body).map(move |at| classify(self.body, at, at + length))
    }
}

/// What `--boundary` at `at..behind` is.
fn classify(body: &[u8], at: usize, behind: usize) -> Result<Delimiter, Fault> {
    let fault = |code| Fault { code, offset: at };
    let start = line_start(&body[..at]).map_err(fault)?;
    let (kind, line_end) = line_end(&body[behind..]).map_err(fault)?;
    Ok(Delimiter { kind, start, end: behind + line_end })
}

/// Where the line break before a delimiter starts.
fn line_start(before: &[u8]) -> Result<Option<usize>, ProblemCode> {
    match before {
        [] => Ok(None),
        [text @ .., b'\r', b'\n'] => Ok(Some(text.len())),
        [.., b'\n'] => Err(ProblemCode::MultipartBareLf),
        [.., b'\r'] => Err(ProblemCode::MultipartBareCr),
        _ => Err(ProblemCode::MultipartBoundaryInside),
    }
}

/// How the line goes on behind `--boundary`, and how many bytes that takes.
fn line_end(behind: &[u8]) -> Result<(DelimiterKind, usize), ProblemCode> {
    match behind {
        [b'\r', b'\n', ..] => Ok((DelimiterKind::Opening, 2)),
        [b'-', b'-'] => Ok((DelimiterKind::Closing, 2)),
        [b'-', b'-', b'\r', b'\n', ..] => Ok((DelimiterKind::Closing, 4)),
        [] => Err(ProblemCode::MultipartTruncated),
        [b'\n', ..] | [b'-', b'-', b'\n', ..] => Err(ProblemCode::MultipartBareLf),
        [b'\r', ..] | [b'-', b'-', b'\r', ..] => Err(ProblemCode::MultipartBareCr),
        [b' ' | b'\t', ..] | [b'-', b'-', b' ' | b'\t', ..] => Err(ProblemCode::MultipartBoundaryPadding),
        _ => Err(ProblemCode::MultipartBoundaryPrefix),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every place where the needle stands, overlaps included.
    fn all_occurrences(body: &[u8], needle: &[u8]) -> Vec<usize> {
        (0..body.len()).filter(|at| body[*at..].starts_with(needle)).collect()
    }

    proptest! {
        #[test]
        fn a_body_without_faults_has_the_boundary_nowhere_but_in_its_delimiters(
            boundary in "[-ab]{1,4}".prop_filter("hyphens only", |b| b.bytes().any(|byte| byte != b'-')),
            pieces in proptest::collection::vec(0..8_usize, 0..12),
        ) {
            let dashed = format!("--{boundary}");
            let choices = [&dashed, "\r\n", "-", "--", "a", "b", "\n", "\r"];
            let body: String = pieces.iter().map(|piece| choices[*piece]).collect();
            let delimiters = Delimiters::new(body.as_bytes(), &boundary);
            let found: Result<Vec<Delimiter>, Fault> = delimiters.iter().collect();
            if let Ok(found) = found {
                prop_assert_eq!(found.len(), all_occurrences(body.as_bytes(), dashed.as_bytes()).len());
            }
        }
    }
}
