//! Finds the fields of the record that a buffer starts with.

use super::{Dialect, HashLines, StrayQuotes};
use crate::hash_set::problem::RowProblemKind;

/// Where a field's text stands in its record, without the quotes around it.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) is_quoted: bool,
    pub(super) has_doubled_quotes: bool,
}

impl Span {
    /// Where the field starts: with its quote, if it has one.
    pub(super) const fn place(&self) -> usize {
        self.start as usize - self.is_quoted as usize
    }

    const fn plain(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32, is_quoted: false, has_doubled_quotes: false }
    }
}

/// What stands at the start of a buffer.
pub(super) enum Outcome {
    /// A record whose last field ends at `end`, and whose line ends at `len`.
    Record { end: usize, len: usize },
    /// A comment or a blank line of so many bytes.
    Skipped(usize),
    /// Something that ends behind the buffer; with the place of a quote that is open.
    Unfinished { in_quote: Option<usize> },
    /// No record: at `at`, something is wrong.
    Bad { at: usize, kind: RowProblemKind },
    /// The end of the file.
    End,
}

/// Reads the record at the start of `bytes`, which `is_last` says is all there is, and puts its fields into `spans`.
pub(super) fn record(bytes: &[u8], is_last: bool, dialect: Dialect, spans: &mut Vec<Span>) -> Outcome {
    if bytes.is_empty() && is_last {
        return Outcome::End;
    }
    let newline = memchr::memchr(b'\n', bytes);
    let Some(len) = newline.map(|newline| newline + 1).or(is_last.then_some(bytes.len())) else {
        return Outcome::Unfinished { in_quote: None };
    };
    let is_comment = dialect.hash_lines == HashLines::Comments && bytes[0] == b'#';
    if is_comment || is_blank(&bytes[..len]) {
        return Outcome::Skipped(len);
    }
    spans.clear();
    if memchr::memchr(b'"', &bytes[..len]).is_some() {
        return fields(bytes, is_last, dialect, spans);
    }
    // Nearly every line: no quotes, so fields end where the delimiter stands and nowhere else.
    let mut end = newline.unwrap_or(len);
    if bytes[..end].ends_with(b"\r") && newline.is_some() {
        end -= 1;
    }
    if let Some(at) = memchr::memchr(b'\r', &bytes[..end]) {
        return Outcome::Bad { at, kind: RowProblemKind::LoneCarriageReturn };
    }
    let mut start = 0;
    for delimiter in memchr::memchr_iter(dialect.delimiter, &bytes[..end]) {
        spans.push(Span::plain(start, delimiter));
        start = delimiter + 1;
    }
    spans.push(Span::plain(start, end));
    Outcome::Record { end, len }
}

/// A line of a tab-separated file that has nothing but tabs is blank too: it lists nothing.
fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| b" \t\r\n".contains(byte))
}

/// The same for a record with quotes, field by field.
fn fields(bytes: &[u8], is_last: bool, dialect: Dialect, spans: &mut Vec<Span>) -> Outcome {
    let mut at = 0;
    loop {
        let field = match bytes.get(at) {
            Some(b'"') => quoted_field(bytes, at, is_last, dialect),
            _ => plain_field(bytes, at, dialect),
        };
        let (span, end) = match field {
            Ok(field) => field,
            Err(outcome) => return outcome,
        };
        spans.push(span);
        match &bytes[end..] {
            [] if !is_last => return Outcome::Unfinished { in_quote: None },
            [] => return Outcome::Record { end, len: end },
            [b'\n', ..] => return Outcome::Record { end, len: end + 1 },
            [b'\r', b'\n', ..] => return Outcome::Record { end, len: end + 2 },
            [b'\r'] if !is_last => return Outcome::Unfinished { in_quote: None },
            [b'\r', ..] => return Outcome::Bad { at: end, kind: RowProblemKind::LoneCarriageReturn },
            _ => at = end + 1,
        }
    }
}

/// The field at `at` and where it ends.
fn plain_field(bytes: &[u8], at: usize, dialect: Dialect) -> Result<(Span, usize), Outcome> {
    let rest = &bytes[at..];
    let mut end = memchr::memchr3(dialect.delimiter, b'\r', b'\n', rest).unwrap_or(rest.len());
    if dialect.stray_quotes == StrayQuotes::Refused && memchr::memchr(b'"', &rest[..end]).is_some() {
        return Err(Outcome::Bad { at, kind: RowProblemKind::StrayQuote });
    }
    end += at;
    Ok((Span::plain(at, end), end))
}

/// The field whose quote stands at `at`, and where it ends, behind its closing quote.
fn quoted_field(bytes: &[u8], at: usize, is_last: bool, dialect: Dialect) -> Result<(Span, usize), Outcome> {
    let start = at + 1;
    let (mut end, mut has_doubled_quotes) = (start, false);
    loop {
        let unfinished = Outcome::Unfinished { in_quote: Some(at) };
        let Some(quote) = memchr::memchr(b'"', &bytes[end..]) else {
            return Err(unfinished);
        };
        end += quote;
        match bytes.get(end + 1) {
            Some(b'"') => (end, has_doubled_quotes) = (end + 2, true),
            None if !is_last => return Err(unfinished),
            None | Some(b'\r' | b'\n') => break,
            Some(byte) if *byte == dialect.delimiter => break,
            Some(_) => return Err(Outcome::Bad { at: end + 1, kind: RowProblemKind::TextAfterQuote }),
        }
    }
    let span = Span { start: start as u32, end: end as u32, is_quoted: true, has_doubled_quotes };
    Ok((span, end + 1))
}
