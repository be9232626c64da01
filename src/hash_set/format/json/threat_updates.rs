//! ThreatExchange, answers of `/threat_updates`.
//!
//! ```text
//! {"data": [{"id": "1", "indicator": "…", "type": "HASH_PDQ", "last_updated": 1700000000, "should_delete": false,
//!   "descriptors": {"data": [{"id": "2", "owner": {"id": "3"}, "status": "MALICIOUS", "tags": ["…"],
//!     "added_on": "2020-07-01T18:31:15+0000", "reactions": [{"key": "HELPFUL", "value": "4,5"}]}]}}], "paging": {…}}
//! ```
//!
//! Also `data` alone, and updates one behind the other. Deleted is what says so, what nobody has an opinion on (an
//! answer of the API may leave the flag out: facebook/ThreatExchange, issue 834), and what everybody who has one calls
//! `NON_MALICIOUS`, which the Python package takes for the negative class.
//!
//! Source: facebook/ThreatExchange at baefb4ed, `python-threatexchange`: `clients/fb_threatexchange/descriptor.py`,
//! `threat_updates.py`, `impl/fb_threatexchange_api.py`. What that package saves of its state is pickled Python.

use serde::Deserialize;

use super::super::Input;
use super::super::row::Row;
use super::super::tags::Tags;
use super::indicator::Indicator;
use super::value::{Names, Scalar, Several, parse};
use super::walk::{self, Alone, ENTRY, Node};
use crate::hash_set::entry::{About, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblemKind};

/// A descriptor's status that says that the indicator is harmless.
pub(super) const HARMLESS: &str = "NON_MALICIOUS";

const ROOT: Node = Node { leads: &[("data", &ENTRY)], marker: Some("indicator"), alone: Alone::Entry };

#[derive(Default, Deserialize)]
#[serde(default)]
struct Update<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    indicator: Scalar<'a>,
    r#type: Scalar<'a>,
    last_updated: Scalar<'a>,
    should_delete: Scalar<'a>,
    descriptors: Option<Descriptors<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Descriptors<'a> {
    #[serde(borrow)]
    data: Several<Descriptor<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Descriptor<'a> {
    #[serde(borrow)]
    owner: Several<Owner<'a>>,
    tags: Names<'a>,
    status: Scalar<'a>,
    added_on: Scalar<'a>,
    confidence: Scalar<'a>,
    reactions: Several<Reaction<'a>>,
    my_reactions: Names<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Owner<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reaction<'a> {
    #[serde(borrow)]
    key: Scalar<'a>,
}

/// Reads a list. See the module for the format.
pub(in super::super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let mut tags = Tags::default();
    walk::read(input, &ROOT, sink, &mut |bytes, row| read_update(&parse(bytes)?, &mut tags, row))
}

fn read_update(update: &Update<'_>, tags: &mut Tags, row: &mut Row<'_>) -> Result<(), RowProblemKind> {
    let type_name = update.r#type.required("type")?;
    let Some(indicator) = Indicator::of_type(type_name) else {
        row.ignore(type_name);
        return Ok(());
    };
    let id = update.id.text("id")?;
    let none = Several::default();
    let descriptors = &update.descriptors.as_ref().map_or(&none, |descriptors| &descriptors.data).0;
    let value = update.indicator.required("indicator");
    if update.should_delete.is_true("should_delete")? || is_harmless(descriptors)? {
        let hash = match (value, id) {
            (Ok(value), _) => indicator.kind.parse(value)?,
            (Err(_), Some(_)) => None,
            (Err(problem), None) => return Err(problem),
        };
        if id.is_none() && hash.is_none() {
            return Err(RowProblemKind::MissingField("id"));
        }
        row.remove(id, hash);
        return Ok(());
    }
    let mut opinions = Opinions::default();
    opinions.read(descriptors, indicator.tag, tags)?;
    let source = opinions.owners.join(",");
    let about = About {
        id,
        source: Some(source.as_str()).filter(|source| !source.is_empty()),
        confidence: opinions.confidence,
        tags: tags.text(),
        added: opinions.added,
        updated: update.last_updated.text("last_updated")?,
        ..About::default()
    };
    indicator.list(value?, &about, row);
    Ok(())
}

/// Whether nobody holds the indicator to be anything but harmless.
fn is_harmless(descriptors: &[Descriptor<'_>]) -> Result<bool, RowProblemKind> {
    for descriptor in descriptors {
        if descriptor.status.text("status")? != Some(HARMLESS) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What the descriptors of an indicator say together.
#[derive(Default)]
struct Opinions<'a> {
    owners: Vec<&'a str>,
    /// When the first of them was given. All dates of the API are in one form, so that texts compare as times.
    added: Option<&'a str>,
    /// The highest.
    confidence: Option<&'a str>,
}

impl<'a> Opinions<'a> {
    /// Puts `descriptors` together; their tags, each once, go to `tags`.
    fn read(
        &mut self,
        descriptors: &'a [Descriptor<'a>],
        tag: Option<&str>,
        tags: &mut Tags,
    ) -> Result<(), RowProblemKind> {
        tags.clear();
        tags.add(tag.unwrap_or_default());
        let mut seen: Vec<(&str, &str)> = Vec::new();
        let mut add = |name: &'static str, value: &'a str| {
            if seen.contains(&(name, value)) {
                return;
            }
            seen.push((name, value));
            if name.is_empty() { tags.add(value) } else { tags.add_pair(name, value) }
        };
        for descriptor in descriptors {
            descriptor.tags.0.iter().for_each(|tag| add("", tag));
            add("status", descriptor.status.text("status")?.unwrap_or_default());
            for reaction in &descriptor.reactions.0 {
                add("reaction", reaction.key.text("reactions")?.unwrap_or_default());
            }
            descriptor.my_reactions.0.iter().for_each(|reaction| add("my_reaction", reaction));
            for owner in &descriptor.owner.0 {
                let id = owner.id.text("owner")?;
                self.owners.extend(id.filter(|id| !self.owners.contains(id)));
            }
            let added = descriptor.added_on.text("added_on")?;
            self.added = [self.added, added].into_iter().flatten().min();
            let confidence = descriptor.confidence.text("confidence")?;
            let rank = |text: &&str| text.parse::<u32>().unwrap_or(0);
            self.confidence = [self.confidence, confidence].into_iter().flatten().max_by_key(rank);
        }
        Ok(())
    }
}
