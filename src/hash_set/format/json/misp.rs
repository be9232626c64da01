//! MISP, attributes in JSON: answers of `restSearch`, events as feeds and exports hold them, bare attributes.
//!
//! ```text
//! {"response": {"Attribute": [{"id": "1", "event_id": "2", "uuid": "…", "category": "Payload delivery",
//!   "type": "filename|md5", "value": "a.jpg|…", "to_ids": true, "timestamp": "1700000000", "comment": "…",
//!   "deleted": false, "Tag": [{"name": "tlp:amber"}]}]}}
//! {"response": [{"Event": {"Attribute": […], "Object": [{"Attribute": […]}]}}]}
//! ```
//!
//! Composite types carry the hash behind the last `|`. An attribute with `to_ids` false is context and not meant for
//! detection, so it is not listed. A deleted one is taken back by its uuid.
//!
//! Source: "MISP core format" (draft-dulaunoy-misp-core-format), §2.4; MISP documentation, "Categories and Types".

use serde::Deserialize;

use super::super::Input;
use super::super::row::{HashKind, Row, wrong_value};
use super::super::tags::Tags;
use super::value::{Names, Scalar, parse};
use super::walk::{self, Alone, ENTRY, Node};
use crate::hash_set::entry::{About, KeptKind, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblemKind};

const ROOT: Node = Node {
    leads: &[("response", &RESPONSE), ("Event", &EVENT), ("Attribute", &ENTRY), ("Object", &OBJECT)],
    marker: Some("value"),
    alone: Alone::Entry,
};
const RESPONSE: Node = Node { alone: Alone::Refused("Attribute"), marker: None, leads: ROOT_LEADS };
const ROOT_LEADS: &[(&str, &Node)] = &[("Event", &EVENT), ("Attribute", &ENTRY), ("Object", &OBJECT)];
const EVENT: Node = Node { leads: &[("Attribute", &ENTRY), ("Object", &OBJECT)], marker: None, alone: Alone::Nothing };
const OBJECT: Node = Node { leads: &[("Attribute", &ENTRY)], marker: None, alone: Alone::Nothing };

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attribute<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    uuid: Scalar<'a>,
    event_id: Scalar<'a>,
    category: Scalar<'a>,
    r#type: Scalar<'a>,
    value: Scalar<'a>,
    to_ids: Scalar<'a>,
    timestamp: Scalar<'a>,
    comment: Scalar<'a>,
    deleted: Scalar<'a>,
    #[serde(rename = "Tag")]
    tag: Names<'a>,
}

/// Reads a list. See the module for the format.
pub(in super::super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let mut tags = Tags::default();
    walk::read(input, &ROOT, sink, &mut |bytes, row| read_attribute(&parse(bytes)?, &mut tags, row))
}

fn read_attribute(attribute: &Attribute<'_>, tags: &mut Tags, row: &mut Row<'_>) -> Result<(), RowProblemKind> {
    let type_name = attribute.r#type.required("type")?;
    let Some((shape, kind)) = listed_as(type_name) else {
        row.ignore(type_name);
        return Ok(());
    };
    let (file_name, value) = shape.split(attribute.value.required("value")?)?;
    let id = attribute.uuid.text("uuid")?.or(attribute.id.text("id")?);
    if attribute.deleted.is_true("deleted")? {
        let hash = kind.parse(value)?;
        if id.is_none() && hash.is_none() {
            return Err(RowProblemKind::MissingField("uuid"));
        }
        row.remove(id, hash);
        return Ok(());
    }
    if attribute.to_ids.text("to_ids")?.is_some() && !attribute.to_ids.is_true("to_ids")? {
        row.ignore("not for detection (to_ids)");
        return Ok(());
    }
    tags.clear();
    attribute.tag.0.iter().for_each(|tag| tags.add(tag));
    tags.add_pair("event", attribute.event_id.text("event_id")?.unwrap_or_default());
    tags.add_pair("file_name", file_name.unwrap_or_default());
    let about = About {
        id,
        category: attribute.category.text("category")?,
        tags: tags.text(),
        updated: attribute.timestamp.text("timestamp")?,
        note: attribute.comment.text("comment")?,
        ..About::default()
    };
    row.list(kind, value, &about);
    Ok(())
}

/// How the value of an attribute is written.
#[derive(Clone, Copy)]
enum Shape {
    Plain,
    /// `file name|value`.
    Composite,
}

impl Shape {
    /// The file name, if the shape has one, and the value.
    fn split(self, value: &str) -> Result<(Option<&str>, &str), RowProblemKind> {
        match self {
            Self::Plain => Ok((None, value)),
            Self::Composite => {
                let expected = "a file name and a hash with | between them";
                let parts = value.rsplit_once('|').ok_or_else(|| wrong_value("value", value, expected))?;
                Ok((Some(parts.0), parts.1))
            }
        }
    }
}

/// What attributes of that type list; `None` for what is no hash, text or URL.
fn listed_as(type_name: &str) -> Option<(Shape, HashKind)> {
    let (shape, hash) = match type_name {
        // A sample in a zip file; the value names it.
        "malware-sample" => (Shape::Composite, "md5"),
        "url" | "uri" | "link" => return Some((Shape::Plain, HashKind::Kept(KeptKind::Url))),
        _ => match type_name.strip_prefix("filename|") {
            Some(hash) => (Shape::Composite, hash),
            None => (Shape::Plain, type_name),
        },
    };
    Some((shape, HashKind::named(hash)?))
}
