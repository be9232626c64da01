//! MISP attributes as CSV, with the header `uuid,event_id,category,type,value,comment,to_ids,date,…`.
//!
//! Digests of files become entries, also those with a name before them (`filename|md5`); other digests, ssdeep and TLSH
//! are kept; attributes of other types are ignored. An attribute whose `deleted` is set takes its hash back.
//!
//! Source: MISP documentation, "Automation API", CSV export; MISP core format, "type".

use std::borrow::Cow;

use super::Input;
use super::digest::Digest;
use super::records::Record;
use super::table::{Table, filled};
use super::tags::Tags;
use crate::hash_set::entry::{About, Item, KeptKind, RecordSink, Removal};
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind};

/// Positions of the columns; behind the last field for those that are not there.
struct Columns {
    uuid: usize,
    event: usize,
    category: usize,
    kind: usize,
    value: usize,
    comment: usize,
    to_ids: usize,
    date: usize,
    deleted: usize,
    organisation: usize,
    tags: [usize; 2],
}

/// Reads a list.
pub(super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let table = Table::open(input, b',')?;
    let optional = |names: &[&str]| table.column(names).unwrap_or(usize::MAX);
    let columns = Columns {
        kind: table.required("type")?,
        value: table.required("value")?,
        uuid: optional(&["uuid"]),
        event: optional(&["eventid"]),
        category: optional(&["category"]),
        comment: optional(&["comment"]),
        to_ids: optional(&["toids"]),
        date: optional(&["date", "timestamp"]),
        deleted: optional(&["deleted"]),
        organisation: optional(&["eventsourceorg", "eventmemberorg"]),
        tags: [optional(&["attributetag"]), optional(&["eventtag"])],
    };
    let mut tags = Tags::default();
    table.each(sink, |record, sink| read_row(&columns, record, &mut tags, sink))
}

fn read_row(
    columns: &Columns,
    record: &Record<'_>,
    tags: &mut Tags,
    sink: &mut dyn RecordSink,
) -> Result<(), RowProblem> {
    let (kind, text, uuid) = (record.text(columns.kind)?, record.text(columns.value)?, record.text(columns.uuid)?);
    let (name, type_name, value) = split(&kind, &text);
    let problem = |kind: RowProblemKind| record.place(columns.value).problem(kind);
    let (item, digest) = match (type_name, Digest::named(type_name)) {
        (_, Some(digest)) => (digest.item(value).map_err(problem)?, digest.kept_name()),
        ("ssdeep", _) => (Item::Kept(KeptKind::Ssdeep, value), None),
        ("tlsh", _) => (Item::Kept(KeptKind::Tlsh, value), None),
        _ => {
            sink.ignore(&kind);
            return Ok(());
        }
    };
    if is_true(&record.text(columns.deleted)?) {
        let hash = if let Item::Hash(hash) = item { Some(hash) } else { None };
        sink.remove(&Removal { id: filled(&uuid), hash });
        return Ok(());
    }
    let (event, to_ids) = (record.text(columns.event)?, record.text(columns.to_ids)?);
    if !to_ids.is_empty() && !is_true(&to_ids) {
        sink.ignore("not for detection (to_ids)");
        return Ok(());
    }
    tags.clear();
    for column in columns.tags {
        record.text(column)?.split(',').for_each(|tag| tags.add(tag.trim()));
    }
    tags.add_pair("digest", digest.unwrap_or_default());
    tags.add_pair("name", name);
    tags.add_pair("event", &event);
    let texts = [columns.category, columns.organisation, columns.date, columns.comment].map(|at| record.text(at));
    let [category, source, added, note] = texts;
    let (category, source, added, note): (Cow<str>, Cow<str>, Cow<str>, Cow<str>) = (category?, source?, added?, note?);
    let about = About {
        id: filled(&uuid),
        category: filled(&category),
        source: filled(&source),
        tags: tags.text(),
        added: filled(&added),
        note: filled(&note),
        ..About::default()
    };
    sink.list(item, &about);
    Ok(())
}

/// The file name, the type and the value of an attribute: `filename|md5` has `name|hash`.
fn split<'t>(kind: &'t str, value: &'t str) -> (&'t str, &'t str, &'t str) {
    match (kind.strip_prefix("filename|"), value.rsplit_once('|')) {
        (Some(kind), Some((name, value))) => (name, kind, value),
        _ => ("", kind, value),
    }
}

fn is_true(text: &str) -> bool {
    text == "1" || text.eq_ignore_ascii_case("true")
}
