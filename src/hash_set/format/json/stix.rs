//! STIX 2.1: bundles, and the envelopes of TAXII.
//!
//! ```text
//! {"type": "bundle", "id": "bundle--…", "objects": [
//!   {"type": "file", "id": "file--…", "hashes": {"MD5": "…", "SHA-256": "…"}},
//!   {"type": "indicator", "id": "indicator--…", "pattern_type": "stix", "labels": ["…"], "confidence": 80,
//!    "pattern": "[file:hashes.MD5 = '…' OR file:hashes.'SHA-256' = '…']", "valid_from": "2024-05-01T00:00:00Z",
//!    "created_by_ref": "identity--…", "revoked": false}]}
//! ```
//!
//! Listed are the hashes of files and artifacts, and of indicators whose pattern says no more than that a file has one
//! of them (`stix_pattern`). A revoked object is taken back by its id. All else is passed over by its type. Nothing
//! expires by itself: `valid_until` is a tag.
//!
//! Source: "STIX Version 2.1", OASIS Standard, §3.2, §4.7, §6.1, §6.7, §9, §10.6.

use serde::Deserialize;

use super::super::Input;
use super::super::row::{HashKind, Row};
use super::super::tags::Tags;
use super::stix_pattern::{Unread, file_hashes};
use super::value::{Names, Pairs, Scalar, parse};
use super::walk::{self, Alone, ENTRY, Node};
use crate::hash_set::entry::{About, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblemKind};

const BUNDLE: Node = Node { leads: &[("objects", &ENTRY)], marker: None, alone: Alone::Entry };

#[derive(Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    r#type: Scalar<'a>,
    id: Scalar<'a>,
    hashes: Pairs<'a>,
    pattern: Scalar<'a>,
    pattern_type: Scalar<'a>,
    revoked: Scalar<'a>,
    created: Scalar<'a>,
    modified: Scalar<'a>,
    valid_from: Scalar<'a>,
    valid_until: Scalar<'a>,
    created_by_ref: Scalar<'a>,
    confidence: Scalar<'a>,
    labels: Names<'a>,
    indicator_types: Names<'a>,
    name: Scalar<'a>,
}

/// Reads a list. See the module for the format.
pub(in super::super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let mut tags = Tags::default();
    walk::read(input, &BUNDLE, sink, &mut |bytes, row| {
        // Objects of other types have members of the same names and other shapes, so the type comes first.
        let kind: Kind<'_> = parse(bytes)?;
        match kind.r#type.required("type")? {
            "file" | "artifact" | "indicator" => read_object(&parse(bytes)?, &mut tags, row),
            // A bundle may be empty.
            "bundle" => Ok(()),
            other => {
                row.ignore(other);
                Ok(())
            }
        }
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Kind<'a> {
    #[serde(borrow)]
    r#type: Scalar<'a>,
}

fn read_object(object: &Object<'_>, tags: &mut Tags, row: &mut Row<'_>) -> Result<(), RowProblemKind> {
    let id = object.id.text("id")?;
    if object.revoked.is_true("revoked")? {
        row.remove(Some(object.id.required("id")?), None);
        return Ok(());
    }
    tags.clear();
    let words = object.labels.0.iter().chain(&object.indicator_types.0);
    words.for_each(|label| tags.add(label));
    tags.add_pair("valid_until", object.valid_until.text("valid_until")?.unwrap_or_default());
    let about = About {
        id,
        source: object.created_by_ref.text("created_by_ref")?,
        confidence: object.confidence.text("confidence")?,
        tags: tags.text(),
        added: object.valid_from.text("valid_from")?.or(object.created.text("created")?),
        updated: object.modified.text("modified")?,
        note: object.name.text("name")?,
        ..About::default()
    };
    if object.r#type.text("type")? == Some("indicator") {
        return read_pattern(object, &about, row);
    }
    if object.hashes.0.is_empty() {
        // Files may be described by their name alone.
        row.ignore("file without hashes");
    }
    for (name, value) in &object.hashes.0 {
        match HashKind::named(name) {
            Some(kind) => row.list(kind, value.required("hashes")?, &about),
            None => row.ignore(name),
        }
    }
    Ok(())
}

fn read_pattern(object: &Object<'_>, about: &About<'_>, row: &mut Row<'_>) -> Result<(), RowProblemKind> {
    if let Some(language) = object.pattern_type.text("pattern_type")?.filter(|language| *language != "stix") {
        row.ignore(language);
        return Ok(());
    }
    match file_hashes(object.pattern.required("pattern")?) {
        Ok(hashes) if hashes.is_empty() => row.ignore("pattern without file hashes"),
        Ok(hashes) => {
            for (name, value) in &hashes {
                match HashKind::named(name) {
                    Some(kind) => row.list(kind, value, about),
                    None => row.ignore(name),
                }
            }
        }
        Err(Unread::NeedsMore) => row.ignore("pattern that needs more than a hash"),
        Err(Unread::Malformed(problem)) => return Err(problem),
    }
    Ok(())
}
