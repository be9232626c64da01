//! Any CSV, by the columns that the configuration names.
//!
//! A row may hold several hashes, each of which becomes an entry with all that the row says. A row whose status column
//! has one of the configured values takes its hashes back; without a hash in it, everything of its id.

use std::borrow::Cow;

use super::Input;
use super::no_list::other_separator;
use super::records::Record;
use super::row::HashKind;
use super::signal;
use super::table::{Table, filled};
use crate::config::{ColumnMapping, closest};
use crate::content::UnknownAlgorithm;
use crate::hash_set::entry::{About, Item, RecordSink, Removal};
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind, excerpt};

/// The fields of an entry, in the order of [`Columns::about`].
const FIELDS: [&str; 9] = ["id", "label", "category", "source", "confidence", "tags", "added", "updated", "note"];

/// The mapping, with positions in place of names.
struct Columns<'m> {
    hashes: Vec<(usize, HashKind)>,
    hash_and_algorithm: Option<(usize, usize)>,
    /// By position in [`FIELDS`]; behind the last field for those that are not there.
    about: [usize; FIELDS.len()],
    removed_when: Option<(usize, &'m [String])>,
}

/// Reads a list.
pub(super) fn read(
    input: &mut Input<'_>,
    mapping: Option<&ColumnMapping>,
    sink: &mut dyn RecordSink,
) -> Result<(), ReadError> {
    let Some(mapping) = mapping else {
        let message = "\"mapped-csv\" needs columns in the configuration".to_owned();
        return Err(RowProblem { line: 1, column: 1, kind: RowProblemKind::Format(message) }.into());
    };
    let table = match mapping.has_header {
        true => Table::open(input, mapping.delimiter)?,
        false => Table::headless(input, mapping.delimiter)?,
    };
    let columns = Columns::find(mapping, &table, sink)?;
    table.each(sink, |record, sink| columns.read_row(record, sink))
}

impl<'m> Columns<'m> {
    /// Finds the columns in the header.
    ///
    /// # Errors
    /// Every column that is not there, the last as the error and the others rejected.
    fn find(mapping: &'m ColumnMapping, table: &Table<'_, '_>, sink: &mut dyn RecordSink) -> Result<Self, ReadError> {
        let mut missing: Vec<RowProblem> = Vec::new();
        let mut position = |name: &String| {
            position(name, mapping.has_header, table).unwrap_or_else(|problem| {
                missing.push(problem);
                usize::MAX
            })
        };
        let hashes = mapping.hashes.iter().map(|(name, algorithm)| (position(name), HashKind::Hashed(*algorithm)));
        let mut hashes: Vec<_> = hashes.collect();
        let kept = mapping.kept.iter().filter_map(|(name, kind)| Some((name, signal::named(kind)?)));
        hashes.extend(kept.map(|(name, kind)| (position(name), kind)));
        // In the order of the file, whatever the order in the configuration.
        hashes.sort_by_key(|(position, _)| *position);
        let columns = Self {
            hashes,
            hash_and_algorithm: mapping
                .hash_and_algorithm
                .as_ref()
                .map(|(hash, told)| (position(hash), position(told))),
            about: FIELDS.map(|field| mapping.about.get(field).map_or(usize::MAX, &mut position)),
            removed_when: mapping.removed_when.as_ref().map(|(name, values)| (position(name), values.as_slice())),
        };
        let Some(last) = missing.pop() else {
            return Ok(columns);
        };
        // One column is no column but a line that is not taken apart.
        if let [line] = table.names()
            && let Some(what) = other_separator(line, mapping.delimiter.into())
        {
            return Err(RowProblem { kind: RowProblemKind::Format(what), ..last }.into());
        }
        missing.into_iter().for_each(|problem| sink.reject(problem));
        Err(last.into())
    }

    fn read_row(&self, record: &Record<'_>, sink: &mut dyn RecordSink) -> Result<(), RowProblem> {
        let mut texts: [Cow<'_, str>; FIELDS.len()] = Default::default();
        for (text, position) in texts.iter_mut().zip(self.about) {
            *text = record.text(position)?;
        }
        let [id, label, category, source, confidence, tags, added, updated, note] =
            texts.each_ref().map(|text| filled(text));
        let about = About { id, label, category, source, confidence, tags, added, updated, note };
        let is_removal = self.is_removal(record)?;
        let mut found = 0;
        for (position, signal) in &self.hashes {
            let text = record.text(*position)?;
            if !text.is_empty() {
                found += 1;
                let item = signal.item(&text).map_err(|kind| record.place(*position).problem(kind));
                tell(item, &about, is_removal, sink);
            }
        }
        if let Some((hash, told_by)) = self.hash_and_algorithm {
            let (text, name) = (record.text(hash)?, record.text(told_by)?);
            if !text.is_empty() {
                found += 1;
                let unknown = || record.place(told_by).problem(UnknownAlgorithm(excerpt(&name)).into());
                let item = signal::named(&name)
                    .ok_or_else(unknown)
                    .and_then(|signal| signal.item(&text).map_err(|kind| record.place(hash).problem(kind)));
                tell(item, &about, is_removal, sink);
            }
        }
        match (found, is_removal, about.id) {
            (0, true, Some(_)) => sink.remove(&Removal { id: about.id, hash: None }),
            (0, ..) => return Err(record.start().problem(RowProblemKind::MissingField("hash"))),
            _ => {}
        }
        Ok(())
    }

    fn is_removal(&self, record: &Record<'_>) -> Result<bool, RowProblem> {
        let Some((position, values)) = self.removed_when else {
            return Ok(false);
        };
        let text = record.text(position)?;
        Ok(values.iter().any(|value| value.eq_ignore_ascii_case(&text)))
    }
}

/// Tells `sink` one hash of a row. What is wrong with one is no reason to lose the others.
fn tell(item: Result<Item<'_>, RowProblem>, about: &About<'_>, is_removal: bool, sink: &mut dyn RecordSink) {
    match item {
        Ok(item) if !is_removal => sink.list(item, about),
        Ok(Item::Hash(hash)) => sink.remove(&Removal { id: about.id, hash: Some(hash) }),
        Ok(Item::Kept(..)) => sink.remove(&Removal { id: about.id, hash: None }),
        Err(problem) => sink.reject(problem),
    }
}

/// Where the column `name` is: a name of the header, whatever its case, or a number from 1.
fn position(name: &str, has_header: bool, table: &Table<'_, '_>) -> Result<usize, RowProblem> {
    if !has_header {
        let number = name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        return number.ok_or_else(|| table.missing(name));
    }
    let names = table.names();
    let mut found = names.iter().enumerate().filter(|(_, column)| column.eq_ignore_ascii_case(name));
    let Some((position, _)) = found.next() else {
        let mut problem = table.missing(name);
        if let Some(close) = closest(name, names.iter().map(String::as_str)) {
            let message = format!("missing column \"{}\" (did you mean \"{}\"?)", excerpt(name), excerpt(close));
            problem.kind = RowProblemKind::Format(message);
        }
        return Err(problem);
    };
    if found.next().is_some() {
        return Err(RowProblem { kind: RowProblemKind::DuplicateColumn(excerpt(name)), ..table.missing(name) });
    }
    Ok(position)
}
