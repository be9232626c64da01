//! Hash sets written out again, for people and for other programs.

use std::io::{self, Write};

use serde::Serialize;

use super::entry::{About, Item, KeptKind, Removal};
use super::{Compiled, HashSet};
use crate::content::Algorithm;

/// A format that sets are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Penstock's own CSV, which loses nothing.
    Csv,
    /// One JSON object a line with the same fields.
    JsonLines,
    /// The hashes of one algorithm, one a line.
    Plain(Algorithm),
    /// CSV of the Python package `threatexchange`: hashes and texts of the kinds it knows, with their tags.
    PytxCsv,
}

/// The columns of Penstock's CSV, in the order in which they are written.
const COLUMNS: [&str; 12] = [
    "algorithm",
    "hash",
    "id",
    "label",
    "category",
    "source",
    "confidence",
    "tags",
    "added",
    "updated",
    "note",
    "status",
];

/// An entry, kept item or removal, as the CSV has it.
#[derive(Default, Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    algorithm: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    hash: String,
    #[serde(flatten)]
    about: About<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn of_item(item: &Item<'a>, about: About<'a>) -> Self {
        let (algorithm, hash) = match item {
            Item::Hash(hash) => (hash.algorithm().name(), hash.to_string()),
            Item::Kept(kind, value) => (kind.name(), (*value).to_owned()),
        };
        Self { algorithm, hash, about, status: None }
    }

    fn of_removal(removal: &Removal<'a>) -> Self {
        let about = About { id: removal.id, ..About::default() };
        let line = removal.hash.map(|hash| Self::of_item(&Item::Hash(hash), about));
        Self { status: Some("deleted"), ..line.unwrap_or(Self { about, ..Self::default() }) }
    }

    fn fields(&self) -> [&str; COLUMNS.len()] {
        let About { id, label, category, source, confidence, tags, added, updated, note } = self.about;
        let of_about = [id, label, category, source, confidence, tags, added, updated, note, self.status];
        let mut fields = [""; COLUMNS.len()];
        (fields[0], fields[1]) = (self.algorithm, &self.hash);
        for (field, text) in fields[2..].iter_mut().zip(of_about) {
            *field = text.unwrap_or_default();
        }
        fields
    }
}

/// Writes `set` to `out`: what it takes back first, then its entries, then what it only keeps.
///
/// Removals matter only to older layers, so they stand where they take nothing of the set itself.
///
/// # Errors
/// `out` cannot be written.
pub fn export(set: &HashSet, format: ExportFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        ExportFormat::Csv => {
            write_record(&COLUMNS, out)?;
            each_line(set, &mut |line| write_record(&line.fields(), out))
        }
        ExportFormat::JsonLines => each_line(set, &mut |line| {
            serde_json::to_writer(&mut *out, line)?;
            out.write_all(b"\n")
        }),
        ExportFormat::Plain(algorithm) => {
            let own = set.entries().map(|entry| entry.hash).filter(|hash| hash.algorithm() == algorithm);
            own.into_iter().try_for_each(|hash| writeln!(out, "{hash}"))
        }
        ExportFormat::PytxCsv => write_pytx(set, out),
    }
}

fn each_line(set: &HashSet, write: &mut dyn FnMut(&Line<'_>) -> io::Result<()>) -> io::Result<()> {
    for removal in set.compiled().flat_map(|compiled: &std::sync::Arc<Compiled>| compiled.removals()) {
        write(&Line::of_removal(&removal))?;
    }
    set.items().try_for_each(|(item, about)| write(&Line::of_item(&item, about)))
}

/// Columns and categories as `threatexchange dataset --csv` writes them.
fn write_pytx(set: &HashSet, out: &mut dyn Write) -> io::Result<()> {
    write_record(&["signal_type", "signal_str", "collab", "category", "tags"], out)?;
    for (item, about) in set.items() {
        let (kind, value) = match item {
            Item::Hash(hash) => match hash.algorithm() {
                Algorithm::Pdq => ("pdq", hash.to_string()),
                Algorithm::Md5 => ("video_md5", hash.to_string()),
                _ => continue,
            },
            Item::Kept(KeptKind::TrendQuery, value) => ("trend_query", value.to_owned()),
            Item::Kept(KeptKind::Text, value) => ("raw_text", value.to_owned()),
            Item::Kept(KeptKind::Url, value) => ("url", value.to_owned()),
            Item::Kept(..) => continue,
        };
        let tags = [about.label, about.tags].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let (source, category) = (about.source.unwrap_or_default(), about.category.unwrap_or("POSITIVE_CLASS"));
        write_record(&[kind, &value, source, category, &tags], out)?;
    }
    Ok(())
}

/// A record as RFC 4180 has it. A field that could be read as something else stands in quotes.
fn write_record(fields: &[&str], out: &mut dyn Write) -> io::Result<()> {
    for (position, field) in fields.iter().enumerate() {
        if position > 0 {
            out.write_all(b",")?;
        }
        if field.contains([',', '"', '\n', '\r', '#']) {
            write!(out, "\"{}\"", field.replace('"', "\"\""))?;
        } else {
            out.write_all(field.as_bytes())?;
        }
    }
    out.write_all(b"\n")
}
