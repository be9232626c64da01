//! What is known about entries, column by column, so that a million of them cost megabytes and not a million strings.
//!
//! A column that no entry uses takes no memory; ids, dates and notes lie end to end in one text; labels, categories
//! and sources, which few distinct values fill, are four bytes a row that refer to a shared text.

use std::collections::HashMap;
use std::num::NonZeroU32;

use super::entry::{About, Entry};
use crate::content::HashValue;

/// Texts by row, end to end. Rows are set in ascending order; rows that were passed over are empty.
#[derive(Default)]
pub(super) struct TextColumn {
    text: String,
    /// Where each row's text ends. Rows past the last one that has text need no end.
    ends: Vec<usize>,
}

impl TextColumn {
    fn set(&mut self, row: usize, text: Option<&str>) {
        let Some(text) = text else {
            return;
        };
        self.ends.resize(row, self.text.len());
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    fn get(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)?;
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end]).filter(|text| !text.is_empty())
    }
}

/// Refers to a text that many entries share, by its row in a [`TextColumn`] counted from 1.
#[derive(Clone, Copy)]
struct Name(NonZeroU32);

/// Gives every distinct text one [`Name`]. Needed only while a set is built.
#[derive(Default)]
pub(super) struct Interner {
    texts: TextColumn,
    known: HashMap<Box<str>, Name>,
}

impl Interner {
    fn name(&mut self, text: &str) -> Option<Name> {
        if let Some(name) = self.known.get(text) {
            return Some(*name);
        }
        let row = self.known.len();
        let name = Name(NonZeroU32::new(u32::try_from(row + 1).ok()?)?);
        self.texts.set(row, Some(text));
        self.known.insert(text.into(), name);
        Some(name)
    }

    /// The texts, once every entry is in.
    pub(super) fn into_texts(self) -> TextColumn {
        self.texts
    }
}

/// Names by row, set in ascending order.
#[derive(Default)]
struct NameColumn(Vec<Option<Name>>);

impl NameColumn {
    fn set(&mut self, row: usize, text: Option<&str>, interner: &mut Interner) {
        if let Some(text) = text {
            self.0.resize(row, None);
            self.0.push(interner.name(text));
        }
    }

    fn get<'a>(&self, row: usize, names: &'a TextColumn) -> Option<&'a str> {
        let name = (*self.0.get(row)?)?;
        names.get(name.0.get() as usize - 1)
    }
}

/// The columns of one table of entries.
#[derive(Default)]
pub(super) struct EntryColumns {
    ids: TextColumn,
    labels: NameColumn,
    categories: NameColumn,
    sources: NameColumn,
    confidences: NameColumn,
    tags: NameColumn,
    added: TextColumn,
    updated: TextColumn,
    notes: TextColumn,
}

impl EntryColumns {
    /// Keeps everything but the hash of the entry in row `row`. Rows come in ascending order.
    pub(super) fn set(&mut self, row: usize, about: &About<'_>, interner: &mut Interner) {
        self.ids.set(row, about.id);
        self.labels.set(row, about.label, interner);
        self.categories.set(row, about.category, interner);
        self.sources.set(row, about.source, interner);
        self.confidences.set(row, about.confidence, interner);
        self.tags.set(row, about.tags, interner);
        self.added.set(row, about.added);
        self.updated.set(row, about.updated);
        self.notes.set(row, about.note);
    }

    /// The entry in row `row`, whose hash is `hash`.
    pub(super) fn entry<'a>(&'a self, row: usize, hash: HashValue, names: &'a TextColumn) -> Entry<'a> {
        let about = About {
            id: self.ids.get(row),
            label: self.labels.get(row, names),
            category: self.categories.get(row, names),
            source: self.sources.get(row, names),
            confidence: self.confidences.get(row, names),
            tags: self.tags.get(row, names),
            added: self.added.get(row),
            updated: self.updated.get(row),
            note: self.notes.get(row),
        };
        Entry { hash, about }
    }

    /// Gives back what growing took in advance.
    pub(super) fn shrink(&mut self) {
        for column in [&mut self.ids, &mut self.added, &mut self.updated, &mut self.notes] {
            column.text.shrink_to_fit();
            column.ends.shrink_to_fit();
        }
        for column in [&mut self.labels, &mut self.categories, &mut self.sources, &mut self.confidences, &mut self.tags]
        {
            column.0.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_a_text_stay_empty_between_those_with_one() {
        let mut column = TextColumn::default();
        for (row, text) in [None, Some("a"), None, None, Some("bc"), None].into_iter().enumerate() {
            column.set(row, text);
        }
        let texts: Vec<_> = (0..7).map(|row| column.get(row)).collect();
        assert_eq!(texts, [None, Some("a"), None, None, Some("bc"), None, None]);
    }

    #[test]
    fn equal_names_are_kept_once() {
        let (mut interner, mut column) = (Interner::default(), NameColumn::default());
        for (row, text) in [Some("terror"), None, Some("csam"), Some("terror")].into_iter().enumerate() {
            column.set(row, text, &mut interner);
        }
        let names = interner.into_texts();
        let texts: Vec<_> = (0..5).map(|row| column.get(row, &names)).collect();
        assert_eq!(texts, [Some("terror"), None, Some("csam"), Some("terror"), None]);
        assert_eq!(names.text, "terrorcsam");
    }
}
