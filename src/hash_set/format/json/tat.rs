//! Tech Against Terrorism, answers of `/api/hash-list/v2/all`.
//!
//! ```text
//! {"count": 1, "next": "…", "previous": null, "checkpoint": "1700000000,1", "results": [
//!   {"id": 1, "hash_digest": "…", "algorithm": "SHA256", "ideology": "far-right", "file_type": "mp4",
//!    "deleted": false, "created_on": "…", "updated_on": "…"}]}
//! ```
//!
//! The list of version 1, a file with the array alone, is read too.
//!
//! Source: "Hash list" in the documentation of the Terrorist Content Analytics Platform, versions 1 and 2;
//! facebook/ThreatExchange at baefb4ed, `clients/techagainstterrorism/api.py`.

use serde::Deserialize;

use super::super::Input;
use super::super::row::{HashKind, Row};
use super::super::tags::Tags;
use super::value::{Scalar, parse};
use super::walk::{self, Alone, ENTRY, Node};
use crate::hash_set::entry::{About, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblemKind};

const PAGE: Node = Node { leads: &[("results", &ENTRY)], marker: Some("hash_digest"), alone: Alone::Entry };

#[derive(Default, Deserialize)]
#[serde(default)]
struct Record<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    hash_digest: Scalar<'a>,
    algorithm: Scalar<'a>,
    ideology: Scalar<'a>,
    file_type: Scalar<'a>,
    deleted: Scalar<'a>,
    created_on: Scalar<'a>,
    updated_on: Scalar<'a>,
}

/// Reads a list. See the module for the format.
pub(in super::super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let mut tags = Tags::default();
    walk::read(input, &PAGE, sink, &mut |bytes, row| read_record(&parse(bytes)?, &mut tags, row))
}

fn read_record(record: &Record<'_>, tags: &mut Tags, row: &mut Row<'_>) -> Result<(), RowProblemKind> {
    let algorithm = record.algorithm.required("algorithm")?;
    let Some(kind) = HashKind::named(algorithm) else {
        row.ignore(algorithm);
        return Ok(());
    };
    let (id, digest) = (record.id.text("id")?, record.hash_digest.required("hash_digest")?);
    if record.deleted.is_true("deleted")? {
        let hash = kind.parse(digest)?;
        if id.is_none() && hash.is_none() {
            return Err(RowProblemKind::MissingField("id"));
        }
        row.remove(id, hash);
        return Ok(());
    }
    tags.clear();
    tags.add_pair("file_type", record.file_type.text("file_type")?.unwrap_or_default());
    let about = About {
        id,
        category: record.ideology.text("ideology")?,
        tags: tags.text(),
        added: record.created_on.text("created_on")?,
        updated: record.updated_on.text("updated_on")?,
        ..About::default()
    };
    row.list(kind, digest, &about);
    Ok(())
}
