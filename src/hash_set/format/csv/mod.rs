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
//!   `category`, `source`, `confidence`, `tags`, `added`, `updated`, `note` and `status` may be there; nothing else may.
//! - `algorithm` is one of md5, sha1, sha256, sha512, pdq, ahash, dhash, phash, and `hash` is in hex or base64; or it is
//!   the name of a [`KeptKind`](crate::hash_set::KeptKind), and `hash` is any text.
//! - An `id` may stand for several hashes, and a hash may be listed under several ids.
//! - `added` and `updated` are dates, `YYYY-MM-DD`, perhaps with a time after `T` or a space.
//! - `status` is `active`, or `withdrawn` or `deleted` for a row that takes back what earlier rows list with its id and
//!   its hash; such a row may lack either.
//! - A list may have no rows; a file may not be without a header.
//!
//! Every problem is reported: a row that is silently lost is an upload that silently passes.

mod header;
mod row;

use self::header::{Column, Header};
use self::row::Row;
use super::Input;
use super::records::{Dialect, Records};
use crate::hash_set::entry::RecordSink;
use crate::hash_set::problem::{ReadError, RowProblemKind};

/// Reads a list. See the module for the format.
pub(super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let mut records = Records::of(input, Dialect::OWN)?;
    let header = match records.read()? {
        Some(record) => Header::read(&record?, sink)?,
        None => return Err(records.problem(RowProblemKind::NoHeader).into()),
    };
    while let Some(record) = records.read()? {
        let told = record.and_then(|record| Row::read(&header, &record)?.tell(sink));
        if let Err(problem) = told {
            sink.reject(problem);
        }
    }
    Ok(())
}

/// Whether a column of that name, or of one nearly so, is one of ours: a header that has such is best explained here.
pub(super) fn resembles_column(name: &str) -> bool {
    Column::named(name).is_some() || Column::closest_to(name).is_some()
}

#[cfg(test)]
mod tests;
