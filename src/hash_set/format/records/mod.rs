//! Cuts a CSV into records and fields as RFC 4180 says, and knows where each stands.
//!
//! The `csv` crate is lenient where a list must not be: it takes a quote that is never closed, or closed too late, for
//! a long field, and the rows inside are lost without a word. It does not tell where a field starts either. What both
//! accept, both read alike; a test holds them against each other.
//!
//! A file is read through one buffer that holds at least the record at hand, and nothing is allocated a record. Places
//! are worked out only for what is reported.

mod scan;

use std::borrow::Cow;
use std::io::Read as _;

use self::scan::{Outcome, Span};
use super::Input;
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind};

/// Bytes that are asked for at a time: enough for thousands of records, and kept in the second cache.
const CHUNK: usize = 256 << 10;

/// Bytes of one record. The longest there are, keyword rules with their notes, take a hundredth of it.
const MAX_RECORD: usize = 1 << 20;

/// What differs between writers of CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// What separates fields.
    pub(super) delimiter: u8,
    /// What a line that starts with `#` is.
    pub(super) hash_lines: HashLines,
    /// What a quote within a field that does not start with one is.
    pub(super) stray_quotes: StrayQuotes,
}

/// What a line that starts with `#` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HashLines {
    /// A comment.
    Comments,
    /// A record like any other: a reference such as `#17` may well be the first field.
    Records,
}

/// What a quote within a field that does not start with one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StrayQuotes {
    /// A mistake: somebody forgot the quote at the start.
    Refused,
    /// Itself: many programs quote only what holds the delimiter.
    Kept,
}

impl Dialect {
    /// Penstock's own CSV, which people write and which is read strictly.
    pub(super) const OWN: Self =
        Self { delimiter: b',', hash_lines: HashLines::Comments, stray_quotes: StrayQuotes::Refused };

    /// What other programs write.
    pub(super) const fn foreign(delimiter: u8) -> Self {
        Self { delimiter, hash_lines: HashLines::Records, stray_quotes: StrayQuotes::Kept }
    }
}

/// A place in a record, kept as an offset, so that lines and characters are only counted for the few that are reported.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// Line in which the record starts.
    line: u64,
    /// The record up to the place.
    before: &'a [u8],
}

impl Place<'_> {
    /// A problem at this place.
    pub(super) fn problem(self, kind: RowProblemKind) -> RowProblem {
        let newlines = memchr::memchr_iter(b'\n', self.before).count() as u64;
        let line_start = memchr::memrchr(b'\n', self.before).map_or(0, |newline| newline + 1);
        let is_first_byte_of_character = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
        let column = self.before[line_start..].iter().filter(is_first_byte_of_character).count() as u64 + 1;
        RowProblem { line: self.line + newlines, column, kind }
    }
}

/// One record, in the buffer of its [`Records`].
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    line: u64,
    /// From the start of the line, where a record always starts, to the end of its last field.
    bytes: &'a [u8],
    /// The same, when all of it is text.
    text: Option<&'a str>,
    spans: &'a [Span],
}

impl<'a> Record<'a> {
    /// Where the record starts.
    pub(super) const fn start(&self) -> Place<'a> {
        Place { line: self.line, before: &[] }
    }

    /// Where the record ends: behind its last field.
    pub(super) const fn end(&self) -> Place<'a> {
        Place { line: self.line, before: self.bytes }
    }

    /// How many fields there are, at least one.
    pub(super) const fn len(&self) -> usize {
        self.spans.len()
    }

    /// Where a field starts; the end of the record for one it does not have.
    pub(super) fn place(&self, field: usize) -> Place<'a> {
        let Some(span) = self.spans.get(field) else {
            return self.end();
        };
        Place { line: self.line, before: &self.bytes[..span.place()] }
    }

    /// A field's text without the spaces around it.
    ///
    /// # Errors
    /// [`RowProblemKind::NotUtf8`]; and [`RowProblemKind::FieldCount`] never, for a field that is not there is empty.
    pub(super) fn text(&self, field: usize) -> Result<Cow<'a, str>, RowProblem> {
        let Some(span) = self.spans.get(field) else {
            return Ok(Cow::Borrowed(""));
        };
        let text = match self.text {
            Some(text) => &text[span.start as usize..span.end as usize],
            None => str::from_utf8(&self.bytes[span.start as usize..span.end as usize])
                .map_err(|_| self.place(field).problem(RowProblemKind::NotUtf8))?,
        };
        let text = trimmed(text);
        if span.has_doubled_quotes {
            return Ok(Cow::Owned(text.replace("\"\"", "\"")));
        }
        Ok(Cow::Borrowed(text))
    }
}

/// `text.trim()`, at once for texts that plainly have no spaces around them.
fn trimmed(text: &str) -> &str {
    match (text.as_bytes().first(), text.as_bytes().last()) {
        (Some(first), Some(last)) if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// Reads a file record by record.
pub(super) struct Records<'r, 'a> {
    input: &'r mut Input<'a>,
    dialect: Dialect,
    buffer: Vec<u8>,
    /// The record at hand, or the next one, starts here.
    at: usize,
    /// What is in the buffer ends here.
    filled: usize,
    is_at_end: bool,
    /// Line, from 1, in which `at` stands.
    line: u64,
    spans: Vec<Span>,
}

impl<'r, 'a> Records<'r, 'a> {
    /// The records of `input`, behind the byte order mark if there is one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn of(input: &'r mut Input<'a>, dialect: Dialect) -> Result<Self, ReadError> {
        let line = input.line();
        let mut records =
            Self { input, dialect, buffer: Vec::new(), at: 0, filled: 0, is_at_end: false, line, spans: Vec::new() };
        while records.filled < 3 && !records.is_at_end {
            records.fill()?;
        }
        if records.unread().starts_with(b"\xef\xbb\xbf") {
            records.at = 3;
        }
        Ok(records)
    }

    /// A problem where reading stands, at the start of a line.
    pub(super) const fn problem(&self, kind: RowProblemKind) -> RowProblem {
        RowProblem { line: self.line, column: 1, kind }
    }

    /// Reads the next record that is neither comment nor blank; `None` at the end of the file.
    ///
    /// After a problem, reading goes on with the next line.
    ///
    /// # Errors
    /// The file cannot be read, or from here on it makes no sense: a quote is never closed, or nothing ends a record.
    pub(super) fn read(&mut self) -> Result<Option<Result<Record<'_>, RowProblem>>, ReadError> {
        let (line, start, end) = loop {
            let (unread, ending) = (&self.buffer[self.at..self.filled], self.is_at_end);
            match scan::record(unread, ending, self.dialect, &mut self.spans) {
                Outcome::Unfinished { in_quote } => self.need_more(in_quote)?,
                Outcome::Skipped(len) => self.advance(len),
                Outcome::End => return Ok(None),
                Outcome::Bad { at, kind } => {
                    let problem = Place { line: self.line, before: &unread[..at] }.problem(kind);
                    self.advance(at);
                    self.skip_line()?;
                    return Ok(Some(Err(problem)));
                }
                Outcome::Record { end, len } => {
                    let (line, start) = (self.line, self.at);
                    self.advance(len);
                    break (line, start, end);
                }
            }
        };
        let bytes = &self.buffer[start..start + end];
        Ok(Some(Ok(Record { line, bytes, text: str::from_utf8(bytes).ok(), spans: &self.spans })))
    }

    /// Gets more of a record that does not end in the buffer. `in_quote` is where its open quote stands, if one is.
    fn need_more(&mut self, in_quote: Option<usize>) -> Result<(), ReadError> {
        let is_too_long = self.unread().len() > MAX_RECORD;
        if !self.is_at_end && !is_too_long {
            return self.fill();
        }
        let (before, kind) = match in_quote {
            Some(at) => (&self.unread()[..at], RowProblemKind::UnclosedQuote),
            None => (&[][..], RowProblemKind::LongLine(MAX_RECORD)),
        };
        Err(Place { line: self.line, before }.problem(kind).into())
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.at..self.filled]
    }

    /// Reads once, behind what has not been read yet.
    fn fill(&mut self) -> Result<(), ReadError> {
        self.buffer.copy_within(self.at..self.filled, 0);
        self.filled -= self.at;
        self.at = 0;
        if self.buffer.len() < self.filled + CHUNK {
            self.buffer.resize(self.filled + CHUNK, 0);
        }
        let read = loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(|error| self.input.failed(error))?,
            }
        };
        self.filled += read;
        self.is_at_end = read == 0;
        Ok(())
    }

    /// Moves on by `len` bytes, counting the lines in between.
    fn advance(&mut self, len: usize) {
        self.line += memchr::memchr_iter(b'\n', &self.buffer[self.at..self.at + len]).count() as u64;
        self.at += len;
    }

    /// Moves to the start of the next line.
    fn skip_line(&mut self) -> Result<(), ReadError> {
        loop {
            if let Some(newline) = memchr::memchr(b'\n', self.unread()) {
                self.advance(newline + 1);
                return Ok(());
            }
            self.at = self.filled;
            if self.is_at_end {
                return Ok(());
            }
            self.fill()?;
        }
    }
}

#[cfg(test)]
mod tests;
