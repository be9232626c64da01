//! ThreatExchange, what the tag query tools write and what its pages let one download: a descriptor an object.
//!
//! ```text
//! {"id": "1", "td_raw_indicator": "…", "td_indicator_type": "HASH_MD5", "added_on": "…", "last_updated": "…",
//!  "td_confidence": "100", "td_owner_id": "2", "td_owner_name": "…", "td_visibility": "…", "td_review_status": "…",
//!  "td_status": "MALICIOUS", "td_severity": "INFO", "td_share_level": "AMBER", "td_subjective_tags": "a,b",
//!  "td_description": "…"}
//! ```
//!
//! One behind the other or as an array; tags as one text with commas or semicolons, as texts, or as objects with a name.
//! A descriptor is one member's opinion: where that is `NON_MALICIOUS` it takes back what the same descriptor said, but
//! nobody else's. `UNKNOWN` and `SUSPICIOUS` are listed, with their status as a tag.
//!
//! Source: facebook/ThreatExchange, `hashing/te-tag-query-java` (README, `DescriptorFormatter.java`); "Submitting data",
//! "JSON examples" in the reference of the ThreatExchange API.

use serde::Deserialize;

use super::super::Input;
use super::super::row::Row;
use super::super::tags::Tags;
use super::indicator::Indicator;
use super::threat_updates::HARMLESS;
use super::value::{Names, Scalar, Several, parse};
use super::walk::{self, Alone, ENTRY, Node};
use crate::hash_set::entry::{About, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblemKind};

const ROOT: Node = Node { leads: &[("data", &ENTRY)], marker: Some("td_raw_indicator"), alone: Alone::Entry };

#[derive(Default, Deserialize)]
#[serde(default)]
struct Descriptor<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    td_raw_indicator: Scalar<'a>,
    td_indicator_type: Scalar<'a>,
    added_on: Scalar<'a>,
    td_creation_time: Scalar<'a>,
    last_updated: Scalar<'a>,
    td_update_time: Scalar<'a>,
    td_confidence: Scalar<'a>,
    td_owner_id: Scalar<'a>,
    td_owner_name: Scalar<'a>,
    td_owner: Several<Owner<'a>>,
    td_status: Scalar<'a>,
    td_severity: Scalar<'a>,
    td_share_level: Scalar<'a>,
    td_review_status: Scalar<'a>,
    td_visibility: Scalar<'a>,
    td_subjective_tags: Names<'a>,
    td_description: Scalar<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Owner<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    name: Scalar<'a>,
}

/// Reads a list. See the module for the format.
pub(in super::super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let mut tags = Tags::default();
    walk::read(input, &ROOT, sink, &mut |bytes, row| read_descriptor(&parse(bytes)?, &mut tags, row))
}

fn read_descriptor(td: &Descriptor<'_>, tags: &mut Tags, row: &mut Row<'_>) -> Result<(), RowProblemKind> {
    let type_name = td.td_indicator_type.required("td_indicator_type")?;
    let Some(indicator) = Indicator::of_type(type_name) else {
        row.ignore(type_name);
        return Ok(());
    };
    let (id, value) = (td.id.text("id")?, td.td_raw_indicator.required("td_raw_indicator")?);
    if td.td_status.text("td_status")? == Some(HARMLESS) {
        let hash = indicator.kind.parse(value)?;
        if id.is_none() && hash.is_none() {
            return Err(RowProblemKind::MissingField("id"));
        }
        row.remove(id, hash);
        return Ok(());
    }
    tags.clear();
    tags.add(indicator.tag.unwrap_or_default());
    let words = td.td_subjective_tags.0.iter().flat_map(|tag| tag.split([',', ';']));
    words.for_each(|tag| tags.add(tag.trim()));
    tags.add_pair("status", td.td_status.text("td_status")?.unwrap_or_default());
    tags.add_pair("severity", td.td_severity.text("td_severity")?.unwrap_or_default());
    tags.add_pair("share_level", td.td_share_level.text("td_share_level")?.unwrap_or_default());
    tags.add_pair("review_status", td.td_review_status.text("td_review_status")?.unwrap_or_default());
    tags.add_pair("visibility", td.td_visibility.text("td_visibility")?.unwrap_or_default());
    let about = About {
        id,
        source: owner(td)?,
        confidence: td.td_confidence.text("td_confidence")?,
        tags: tags.text(),
        added: td.added_on.text("added_on")?.or(td.td_creation_time.text("td_creation_time")?),
        updated: td.last_updated.text("last_updated")?.or(td.td_update_time.text("td_update_time")?),
        note: td.td_description.text("td_description")?,
        ..About::default()
    };
    indicator.list(value, &about, row);
    Ok(())
}

fn owner<'a>(td: &'a Descriptor<'_>) -> Result<Option<&'a str>, RowProblemKind> {
    let (name, id) = (td.td_owner_name.text("td_owner_name")?, td.td_owner_id.text("td_owner_id")?);
    match (name.or(id), td.td_owner.0.first()) {
        (None, Some(owner)) => Ok(owner.name.text("td_owner")?.or(owner.id.text("td_owner")?)),
        (named, _) => Ok(named),
    }
}
