//! The columns a list may have, and where a file has them.

use super::problem::{RowProblemKind, RowProblems, excerpt};
use super::records::{Field, Record};

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

    /// The column that a misspelt name was probably meant to be.
    fn closest_to(name: &str) -> Option<Self> {
        let folded = name.to_lowercase();
        Self::ALL.into_iter().find(|column| is_one_slip_from(&folded, column.name()))
    }
}

/// Whether the texts are equal up to one character that is missing, added, wrong, or swapped with the next.
fn is_one_slip_from(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let shorter = a.len().min(b.len());
    let head = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take(shorter - head).take_while(|(a, b)| a == b).count();
    match (&a[head..a.len() - tail], &b[head..b.len() - tail]) {
        ([] | [_], [] | [_]) => true,
        ([first, second], [third, fourth]) => first == fourth && second == third,
        _ => false,
    }
}

/// Which field of a record belongs to which column.
pub(super) struct Header {
    width: usize,
    /// By `Column as usize`.
    positions: [Option<usize>; Column::ALL.len()],
}

impl Header {
    /// Reads the header, or notes all that is wrong with it.
    pub(super) fn read(record: &Record<'_>, problems: &mut RowProblems) -> Option<Self> {
        let mut header = Self { width: record.fields().len(), positions: [None; Column::ALL.len()] };
        for (position, field) in record.fields().iter().enumerate() {
            header.place_column(position, field, problems);
        }
        // A misspelt name is the likelier cause of a missing column, and is reported already.
        if problems.is_empty() {
            for column in Column::REQUIRED.into_iter().filter(|column| header.position(*column).is_none()) {
                problems.add(record.end().problem(RowProblemKind::MissingColumn(column.name())));
            }
        }
        problems.is_empty().then_some(header)
    }

    fn place_column(&mut self, position: usize, field: &Field<'_>, problems: &mut RowProblems) {
        let name = match field.text() {
            Ok(name) => name,
            Err(problem) => return problems.add(problem),
        };
        let Some(column) = Column::named(&name) else {
            let suggestion = Column::closest_to(&name).map(Column::name);
            return problems
                .add(field.place().problem(RowProblemKind::UnknownColumn { found: excerpt(&name), suggestion }));
        };
        if self.positions[column as usize].replace(position).is_some() {
            problems.add(field.place().problem(RowProblemKind::DuplicateColumn(column.name())));
        }
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
            ("labl", Some(Column::Label)),
            ("lable", Some(Column::Label)),
            ("Hash", Some(Column::Hash)),
            ("hashes", None),
            ("notes", Some(Column::Note)),
            ("ID", Some(Column::Id)),
            ("hasch", Some(Column::Hash)),
            ("algoritm", Some(Column::Algorithm)),
            ("aadded", Some(Column::Added)),
            ("comment", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(Column::closest_to(name), expected, "{name}");
        }
    }
}
