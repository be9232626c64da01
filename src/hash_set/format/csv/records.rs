//! Cuts a file into records and fields as RFC 4180 says, and knows where each stands.
//!
//! The `csv` crate is lenient where a list must not be: it takes a quote that is never closed, or closed too late, for
//! a long field, and the rows inside are lost without a word. It does not tell where a field starts either. What both
//! accept, both read alike; a test holds them against each other.

use std::borrow::Cow;

use crate::hash_set::problem::{RowProblem, RowProblemKind};

/// A place in the file, kept as the part of its line that stands before it, so that characters are only counted for
/// the few places that are reported.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'a> {
    line: u64,
    before: &'a [u8],
}

impl Place<'_> {
    /// Line, from 1.
    pub(super) const fn line(self) -> u64 {
        self.line
    }

    /// A problem at this place.
    pub(super) fn problem(self, kind: RowProblemKind) -> RowProblem {
        let is_first_byte_of_character = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
        let column = self.before.iter().filter(is_first_byte_of_character).count() as u64 + 1;
        RowProblem { line: self.line, column, kind }
    }
}

/// A field as it stands in the file, without the quotes around it.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    place: Place<'a>,
    raw: &'a [u8],
    quoting: Quoting,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    None,
    Quoted,
}

impl<'a> Field<'a> {
    /// Where the field starts.
    pub(super) const fn place(&self) -> Place<'a> {
        self.place
    }

    /// The field's text without the spaces around it.
    ///
    /// # Errors
    /// [`RowProblemKind::NotUtf8`].
    pub(super) fn text(&self) -> Result<Cow<'a, str>, RowProblem> {
        let text = str::from_utf8(self.raw).map_err(|_| self.place.problem(RowProblemKind::NotUtf8))?.trim();
        if self.quoting == Quoting::Quoted && text.contains('"') {
            return Ok(Cow::Owned(text.replace("\"\"", "\"")));
        }
        Ok(Cow::Borrowed(text))
    }
}

/// The fields of one record.
#[derive(Default)]
pub(super) struct Record<'a> {
    start: Place<'a>,
    end: Place<'a>,
    fields: Vec<Field<'a>>,
}

impl<'a> Record<'a> {
    /// Where the record starts.
    pub(super) const fn start(&self) -> Place<'a> {
        self.start
    }

    /// Where the record ends: behind its last field.
    pub(super) const fn end(&self) -> Place<'a> {
        self.end
    }

    /// The fields, at least one.
    pub(super) fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }
}

/// Reads a file record by record.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
    line_start: usize,
}

impl<'a> Records<'a> {
    /// The records of `bytes`, behind the byte order mark if there is one.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), at: 0, line: 1, line_start: 0 }
    }

    /// Where reading stands.
    pub(super) fn place(&self) -> Place<'a> {
        Place { line: self.line, before: &self.bytes[self.line_start..self.at] }
    }

    /// Reads the next record that is neither comment nor blank into `record`; `None` at the end of the file.
    ///
    /// After a problem, reading goes on with the next line.
    pub(super) fn read(&mut self, record: &mut Record<'a>) -> Option<Result<(), RowProblem>> {
        self.skip_comments_and_blank_lines();
        if self.at == self.bytes.len() {
            return None;
        }
        record.start = self.place();
        record.fields.clear();
        Some(self.read_fields(record).inspect_err(|_| self.skip_line()))
    }

    fn read_fields(&mut self, record: &mut Record<'a>) -> Result<(), RowProblem> {
        loop {
            record.fields.push(if self.peek() == Some(b'"') { self.quoted_field()? } else { self.plain_field()? });
            record.end = self.place();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'\r') if self.bytes.get(self.at + 1) != Some(&b'\n') => {
                    return Err(self.place().problem(RowProblemKind::LoneCarriageReturn));
                }
                _ => {
                    self.skip_line();
                    return Ok(());
                }
            }
        }
    }

    fn plain_field(&mut self) -> Result<Field<'a>, RowProblem> {
        let (place, rest) = (self.place(), &self.bytes[self.at..]);
        let len = rest.iter().position(|byte| b",\"\r\n".contains(byte)).unwrap_or(rest.len());
        if rest.get(len) == Some(&b'"') {
            return Err(place.problem(RowProblemKind::StrayQuote));
        }
        self.at += len;
        Ok(Field { place, raw: &rest[..len], quoting: Quoting::None })
    }

    fn quoted_field(&mut self) -> Result<Field<'a>, RowProblem> {
        let place = self.place();
        let start = self.at + 1;
        let Some(len) = quoted_len(&self.bytes[start..]) else {
            self.at = self.bytes.len();
            return Err(place.problem(RowProblemKind::UnclosedQuote));
        };
        let raw = &self.bytes[start..start + len];
        self.advance_past(start + len + 1);
        match self.peek() {
            None | Some(b',' | b'\r' | b'\n') => Ok(Field { place, raw, quoting: Quoting::Quoted }),
            Some(_) => Err(self.place().problem(RowProblemKind::TextAfterQuote)),
        }
    }

    /// Moves to `to`, counting the lines in between.
    fn advance_past(&mut self, to: usize) {
        for (offset, byte) in self.bytes[self.at..to].iter().enumerate() {
            if *byte == b'\n' {
                self.line += 1;
                self.line_start = self.at + offset + 1;
            }
        }
        self.at = to;
    }

    fn skip_comments_and_blank_lines(&mut self) {
        while self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            let blank = rest.iter().take_while(|byte| b" \t\r".contains(byte)).count();
            if !matches!(rest.get(blank), None | Some(b'\n')) && rest[0] != b'#' {
                return;
            }
            self.skip_line();
        }
    }

    /// Moves to the start of the next line.
    fn skip_line(&mut self) {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |newline| newline + 1);
        self.advance_past(self.at + len);
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

/// Length of quoted text up to its closing quote, a quote that is not written twice; `None` when there is none.
fn quoted_len(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].iter().position(|byte| *byte == b'"')?;
        if text.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ours(text: &[u8]) -> Option<Vec<Vec<String>>> {
        let (mut records, mut record, mut rows) = (Records::of(text), Record::default(), Vec::new());
        while let Some(outcome) = records.read(&mut record) {
            outcome.ok()?;
            let texts = record.fields().iter().map(|field| field.text().map(Cow::into_owned));
            rows.push(texts.collect::<Result<_, _>>().ok()?);
        }
        Some(rows)
    }

    fn csv_crate(text: &[u8]) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new();
        reader.has_headers(false).flexible(true).trim(csv::Trim::All).comment(Some(b'#'));
        let records = reader.from_reader(text).into_records();
        records.map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_is_accepted_is_read_as_the_csv_crate_reads_it(text in "(\u{feff})?([a#é,]|\"|\"\"|\n|\r\n| ?\"[a,\n]*\"[,\n]){0,24}") {
            // To the crate, a line of spaces and a last comment without a line feed are records of one empty field.
            let full = |rows: Vec<Vec<String>>| rows.into_iter().filter(|row| *row != [""]).collect::<Vec<_>>();
            if let Some(rows) = ours(text.as_bytes()) {
                prop_assert_eq!(full(rows), full(csv_crate(text.as_bytes())));
            }
        }
    }
}
