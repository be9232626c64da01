//! The columns a list may have, and where a file has them.

use super::super::records::Record;
use crate::config::closest;
use crate::hash_set::entry::RecordSink;
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind, excerpt};

/// A column of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Algorithm,
    Hash,
    Label,
    Id,
    Category,
    Source,
    Confidence,
    Tags,
    Added,
    Updated,
    Note,
    Status,
}

impl Column {
    pub(super) const ALL: [Self; 12] = [
        Self::Algorithm,
        Self::Hash,
        Self::Label,
        Self::Id,
        Self::Category,
        Self::Source,
        Self::Confidence,
        Self::Tags,
        Self::Added,
        Self::Updated,
        Self::Note,
        Self::Status,
    ];

    const REQUIRED: [Self; 2] = [Self::Algorithm, Self::Hash];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Algorithm => "algorithm",
            Self::Hash => "hash",
            Self::Label => "label",
            Self::Id => "id",
            Self::Category => "category",
            Self::Source => "source",
            Self::Confidence => "confidence",
            Self::Tags => "tags",
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Note => "note",
            Self::Status => "status",
        }
    }

    /// All names, for messages.
    pub(super) fn names() -> String {
        Self::ALL.map(|column| format!("\"{}\"", column.name())).join(", ")
    }

    /// The column of that name, which is written in lower case.
    pub(in super::super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// The name that a misspelt one was probably meant to be.
    pub(in super::super) fn closest_to(name: &str) -> Option<&'static str> {
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
    /// Reads the header.
    ///
    /// # Errors
    /// Without it rows mean nothing, so the list is broken. All that is wrong is told: what comes before the last
    /// problem is rejected.
    pub(super) fn read(record: &Record<'_>, sink: &mut dyn RecordSink) -> Result<Self, ReadError> {
        let mut header = Self { width: record.len(), positions: [None; Column::ALL.len()] };
        let mut problems: Vec<RowProblem> = Vec::new();
        for position in 0..record.len() {
            problems.extend(header.place_column(position, record).err());
        }
        // A misspelt name is the likelier cause of a missing column, and is reported already.
        if problems.is_empty() {
            let missing = Column::REQUIRED.into_iter().filter(|column| header.position(*column).is_none());
            problems.extend(
                missing.map(|column| record.end().problem(RowProblemKind::MissingColumn(column.name().to_owned()))),
            );
        }
        let Some(last) = problems.pop() else {
            return Ok(header);
        };
        problems.into_iter().for_each(|problem| sink.reject(problem));
        Err(last.into())
    }

    fn place_column(&mut self, position: usize, record: &Record<'_>) -> Result<(), RowProblem> {
        let name = record.text(position)?;
        let Some(column) = Column::named(&name) else {
            let (expected, suggestion) = (Column::names(), Column::closest_to(&name));
            let kind = RowProblemKind::UnknownColumn { found: excerpt(&name), expected, suggestion };
            return Err(record.place(position).problem(kind));
        };
        if self.positions[column as usize].replace(position).is_some() {
            return Err(record.place(position).problem(RowProblemKind::DuplicateColumn(column.name().to_owned())));
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
