//! The columns a list may have, and where a file has them.

use super::records::{Field, Record};
use crate::config::closest;
use crate::hash_set::entry::RecordSink;
use crate::hash_set::problem::{RowProblem, RowProblemKind, excerpt};

/// A column of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Algorithm,
    Hash,
    Label,
    Id,
    Category,
    Source,
    Added,
    Note,
}

impl Column {
    pub(super) const ALL: [Self; 8] =
        [Self::Algorithm, Self::Hash, Self::Label, Self::Id, Self::Category, Self::Source, Self::Added, Self::Note];

    const REQUIRED: [Self; 2] = [Self::Algorithm, Self::Hash];

    const fn name(self) -> &'static str {
        match self {
            Self::Algorithm => "algorithm",
            Self::Hash => "hash",
            Self::Label => "label",
            Self::Id => "id",
            Self::Category => "category",
            Self::Source => "source",
            Self::Added => "added",
            Self::Note => "note",
        }
    }

    /// All names, for messages.
    pub(super) fn names() -> String {
        Self::ALL.map(|column| format!("\"{}\"", column.name())).join(", ")
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// The name that a misspelt one was probably meant to be.
    fn closest_to(name: &str) -> Option<&'static str> {
        closest(&name.to_lowercase(), Self::ALL.map(Self::name))
    }
}

/// Which field of a record belongs to which column.
pub(super) struct Header {
    width: usize,
    /// By `Column as usize`.
    positions: [Option<usize>; Column::ALL.len()],
}

impl Header {
    /// Reads the header, or rejects all that is wrong with it.
    pub(super) fn read(record: &Record<'_>, sink: &mut dyn RecordSink) -> Option<Self> {
        let mut header = Self { width: record.fields().len(), positions: [None; Column::ALL.len()] };
        let mut problems: Vec<RowProblem> = Vec::new();
        for (position, field) in record.fields().iter().enumerate() {
            problems.extend(header.place_column(position, field).err());
        }
        // A misspelt name is the likelier cause of a missing column, and is reported already.
        if problems.is_empty() {
            let missing = Column::REQUIRED.into_iter().filter(|column| header.position(*column).is_none());
            problems.extend(
                missing.map(|column| record.end().problem(RowProblemKind::MissingColumn(column.name().to_owned()))),
            );
        }
        let is_usable = problems.is_empty();
        problems.into_iter().for_each(|problem| sink.reject(problem));
        is_usable.then_some(header)
    }

    fn place_column(&mut self, position: usize, field: &Field<'_>) -> Result<(), RowProblem> {
        let name = field.text()?;
        let Some(column) = Column::named(&name) else {
            let (expected, suggestion) = (Column::names(), Column::closest_to(&name));
            let kind = RowProblemKind::UnknownColumn { found: excerpt(&name), expected, suggestion };
            return Err(field.place().problem(kind));
        };
        if self.positions[column as usize].replace(position).is_some() {
            return Err(field.place().problem(RowProblemKind::DuplicateColumn(column.name().to_owned())));
        }
        Ok(())
    }

    /// Fields that every record has.
    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// The position of `column` in records.
    pub(super) const fn position(&self, column: Column) -> Option<usize> {
        self.positions[column as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_is_recognised() {
        let cases = [
            ("labl", Some("label")),
            ("lable", Some("label")),
            ("Hash", Some("hash")),
            ("hashes", None),
            ("notes", Some("note")),
            ("ID", Some("id")),
            ("hasch", Some("hash")),
            ("algoritm", Some("algorithm")),
            ("aadded", Some("added")),
            ("comment", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(Column::closest_to(name), expected, "{name}");
        }
    }
}
