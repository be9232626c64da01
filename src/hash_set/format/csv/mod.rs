//! Penstock's own list format: CSV that people and scripts write.
//!
//! ```text
//! # Supplied by the trusted flagger on the first of each month.
//! algorithm,hash,label,id,added,note
//! pdq,f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22,terror,case-17,2024-05-01,
//! md5,ABEiM0RVZneImaq7zN3u/w==,csam,case-18,2024-05-02T10:00Z,"reported twice, see case-17"
//! ```
//!
//! - UTF-8, with or without a byte order mark. Lines end in LF or CRLF.
//! - Fields are separated by commas and quoted as in RFC 4180: a field with a comma, quote or line break stands in
//!   quotes, and a quote in it is written twice. Spaces around a field's text do not count.
//! - Lines that start with `#` and blank lines are skipped.
//! - The first line left names the columns, in any order. `algorithm` and `hash` are required; `label`, `id`,
//!   `category`, `source`, `added` and `note` may be there; nothing else may.
//! - `algorithm` is one of md5, sha1, sha256, pdq, ahash, dhash, phash. `hash` is in hex or base64.
//! - `id` is unique in the file. A hash may be listed under several ids, but only once without an id.
//! - `added` is a date, `YYYY-MM-DD`, perhaps with a time after `T` or a space.
//! - A list may have no rows; a file may not be without a header.
//!
//! A list is refused as a whole when anything in it is wrong, and every problem is reported: a row that is silently
//! lost is an upload that silently passes.

mod header;
mod problem;
mod records;
mod row;

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use self::header::{Column, Header};
use self::problem::excerpt;
pub use self::problem::{RowProblem, RowProblemKind, RowProblems};
use self::records::{Record, Records};
use self::row::Row;
use super::super::HashSet;
use super::super::builder::HashSetBuilder;
use crate::content::HashValue;

/// Reads a list. See the module for the format and [`HashSet::from_csv`] for the guarantees.
pub(in crate::hash_set) fn read(bytes: &[u8]) -> Result<HashSet, RowProblems> {
    read_into(bytes, HashSetBuilder::default()).map(HashSetBuilder::build)
}

/// Reads a list into `builder`, behind what it has.
pub(in crate::hash_set) fn read_into(bytes: &[u8], builder: HashSetBuilder) -> Result<HashSetBuilder, RowProblems> {
    let mut records = Records::of(bytes);
    let mut problems = RowProblems::default();
    let Some(header) = read_header(&mut records, &mut problems) else {
        return Err(problems);
    };
    let mut list = List { header, builder, seen: Seen::default(), problems };
    let mut record = Record::default();
    while let Some(outcome) = records.read(&mut record) {
        if list.problems.note(outcome).is_some() {
            list.add(&record);
        }
    }
    if list.problems.is_empty() { Ok(list.builder) } else { Err(list.problems.sorted()) }
}

/// The header, or `None` after noting why there is none. Rows mean nothing without it.
fn read_header(records: &mut Records<'_>, problems: &mut RowProblems) -> Option<Header> {
    let mut record = Record::default();
    let Some(outcome) = records.read(&mut record) else {
        problems.add(records.place().problem(RowProblemKind::NoHeader));
        return None;
    };
    problems.note(outcome)?;
    Header::read(&record, problems)
}

/// A list that is being read.
struct List<'a> {
    header: Header,
    builder: HashSetBuilder,
    seen: Seen<'a>,
    problems: RowProblems,
}

impl<'a> List<'a> {
    fn add(&mut self, record: &Record<'a>) {
        let Some(row) = self.problems.note(Row::read(&self.header, record)) else {
            return;
        };
        self.problems.note(row.check_added());
        self.problems.note(self.seen.check_id(&row));
        let Some(hash) = self.problems.note(row.hash()) else {
            return;
        };
        self.problems.note(self.seen.check_hash(&row, hash));
        // A list with a problem is refused, so there is no use in filling it further.
        if self.problems.is_empty() {
            let pushed = self.builder.push(&row.entry(hash));
            self.problems.note(pushed.map_err(|full| record.start().problem(full.into())));
        }
    }
}

/// What must not come again, with the line where it came first.
#[derive(Default)]
struct Seen<'a> {
    ids: HashMap<Cow<'a, str>, u64>,
    /// Hashes of entries without an id.
    nameless: HashMap<HashValue, u64>,
}

impl<'a> Seen<'a> {
    fn check_id(&mut self, row: &Row<'_, 'a>) -> Result<(), RowProblem> {
        let Some(id) = row.text(Column::Id) else {
            return Ok(());
        };
        let place = row.place(Column::Id);
        match self.ids.entry(id.clone()) {
            Entry::Vacant(free) => {
                free.insert(place.line());
                Ok(())
            }
            Entry::Occupied(first) => {
                let kind = RowProblemKind::DuplicateId { id: excerpt(id), first_line: *first.get() };
                Err(place.problem(kind))
            }
        }
    }

    fn check_hash(&mut self, row: &Row<'_, 'a>, hash: HashValue) -> Result<(), RowProblem> {
        if row.text(Column::Id).is_some() {
            return Ok(());
        }
        let place = row.place(Column::Hash);
        match self.nameless.entry(hash) {
            Entry::Vacant(free) => {
                free.insert(place.line());
                Ok(())
            }
            Entry::Occupied(first) => Err(place.problem(RowProblemKind::DuplicateHash { first_line: *first.get() })),
        }
    }
}

#[cfg(test)]
mod tests;
