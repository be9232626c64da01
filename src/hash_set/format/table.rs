//! CSV that other programs write: columns found by name, other columns left alone.

use super::Input;
use super::records::{Dialect, Record, Records};
use crate::hash_set::entry::RecordSink;
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind};

/// A file whose header has been read.
pub(super) struct Table<'r, 'a> {
    records: Records<'r, 'a>,
    names: Vec<String>,
    /// Where the header ends: where a column that is missing would stand.
    end: (u64, u64),
}

impl<'r, 'a> Table<'r, 'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// The file cannot be read, or has no header.
    pub(super) fn open(input: &'r mut Input<'a>, delimiter: u8) -> Result<Self, ReadError> {
        let mut records = Records::of(input, Dialect::foreign(delimiter))?;
        let header = match records.read()? {
            None => None,
            Some(record) => {
                let record = record?;
                let names: Result<Vec<_>, _> = (0..record.len()).map(|field| record.text(field)).collect();
                let end = record.end().problem(RowProblemKind::NoHeader);
                Some((names?.into_iter().map(|name| name.into_owned()).collect(), (end.line, end.column)))
            }
        };
        match header {
            Some((names, end)) => Ok(Self { records, names, end }),
            None => Err(records.problem(RowProblemKind::CutOff("a line that names the columns")).into()),
        }
    }

    /// A file without header.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn headless(input: &'r mut Input<'a>, delimiter: u8) -> Result<Self, ReadError> {
        let records = Records::of(input, Dialect::foreign(delimiter))?;
        Ok(Self { records, names: Vec::new(), end: (1, 1) })
    }

    /// The first column of one of `names`, which are written in lower case and without `-`, `_` and spaces.
    pub(super) fn column(&self, names: &[&str]) -> Option<usize> {
        self.names.iter().position(|name| names.contains(&folded(name).as_str()))
    }

    /// The column of the name `name`.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn required(&self, name: &str) -> Result<usize, RowProblem> {
        self.column(&[&folded(name)]).ok_or_else(|| self.missing(name))
    }

    /// That the header lacks `name`.
    pub(super) fn missing(&self, name: &str) -> RowProblem {
        let (line, column) = self.end;
        RowProblem { line, column, kind: RowProblemKind::MissingColumn(name.to_owned()) }
    }

    /// The names of the columns as they are written; none for a file without header.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Gives every row to `read`, and rejects those that are not as wide as the header or that it cannot read.
    ///
    /// # Errors
    /// The file cannot be read to its end.
    pub(super) fn each(
        mut self,
        sink: &mut dyn RecordSink,
        mut read: impl FnMut(&Record<'_>, &mut dyn RecordSink) -> Result<(), RowProblem>,
    ) -> Result<(), ReadError> {
        let mut expected = self.names.len();
        while let Some(record) = self.records.read()? {
            let told = record.and_then(|record| {
                // Without a header, the first row says how wide rows are.
                if expected == 0 {
                    expected = record.len();
                }
                if record.len() != expected {
                    let kind = RowProblemKind::FieldCount { found: record.len(), expected };
                    return Err(record.place(expected).problem(kind));
                }
                read(&record, sink)
            });
            if let Err(problem) = told {
                sink.reject(problem);
            }
        }
        Ok(())
    }
}

/// How names of columns are compared: `SHA-1`, `sha1` and `Sha_1` are one.
pub(super) fn folded(name: &str) -> String {
    name.chars().filter(|c| !"-_ ".contains(*c)).flat_map(char::to_lowercase).collect()
}

/// The text of a field that may be absent or empty.
pub(super) fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
