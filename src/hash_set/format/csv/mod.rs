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
//! - `algorithm` is one of md5, sha1, sha256, sha512, pdq, ahash, dhash, phash. `hash` is in hex or base64.
//! - An `id` may stand for several hashes, and a hash may be listed under several ids.
//! - `added` is a date, `YYYY-MM-DD`, perhaps with a time after `T` or a space.
//! - A list may have no rows; a file may not be without a header.
//!
//! A list is refused as a whole when anything in it is wrong, and every problem is reported: a row that is silently
//! lost is an upload that silently passes.

mod header;
mod records;
mod row;

use self::header::Header;
use self::records::{Record, Records};
use self::row::Row;
use super::Input;
use crate::hash_set::entry::{Item, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind};

/// Reads a list. See the module for the format.
pub(super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(input, &mut bytes).map_err(|error| input.failed(error))?;
    let mut records = Records::of(&bytes);
    let Some(header) = read_header(&mut records, sink)? else {
        return Ok(());
    };
    let mut record = Record::default();
    while let Some(outcome) = records.read(&mut record) {
        let listed = outcome.and_then(|()| {
            let row = Row::read(&header, &record)?;
            row.check_added()?;
            Ok((row.hash()?, row))
        });
        match listed {
            Ok((hash, row)) => sink.list(Item::Hash(hash), &row.about()),
            Err(problem) => sink.reject(problem),
        }
    }
    Ok(())
}

/// The header, or `None` after noting why there is none. Rows mean nothing without it.
fn read_header(records: &mut Records<'_>, sink: &mut dyn RecordSink) -> Result<Option<Header>, RowProblem> {
    let mut record = Record::default();
    let Some(outcome) = records.read(&mut record) else {
        return Err(records.place().problem(RowProblemKind::NoHeader));
    };
    outcome?;
    Ok(Header::read(&record, sink))
}

