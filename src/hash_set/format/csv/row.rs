//! Reads one row under its header.

use std::borrow::Cow;

use super::super::records::{Place, Record};
use super::header::{Column, Header};
use crate::content::{Algorithm, HashValue, UnknownAlgorithm};
use crate::hash_set::entry::{About, Item, KeptKind, RecordSink, Removal};
use crate::hash_set::problem::{RowProblem, RowProblemKind, excerpt};

/// A record that is as wide as the header, with its texts by column.
pub(super) struct Row<'r, 'a> {
    header: &'r Header,
    record: &'r Record<'a>,
    /// By `Column as usize`. Absent columns and empty fields are `None`.
    texts: [Option<Cow<'a, str>>; Column::ALL.len()],
}

impl<'r, 'a> Row<'r, 'a> {
    /// Gives the fields of `record` to the columns of `header`.
    ///
    /// # Errors
    /// [`RowProblemKind::FieldCount`] at the first field too many or where one is missing, and
    /// [`RowProblemKind::NotUtf8`].
    pub(super) fn read(header: &'r Header, record: &'r Record<'a>) -> Result<Self, RowProblem> {
        let (found, expected) = (record.len(), header.width());
        if found != expected {
            return Err(record.place(expected).problem(RowProblemKind::FieldCount { found, expected }));
        }
        let mut row = Self { header, record, texts: Default::default() };
        for column in Column::ALL {
            if let Some(position) = header.position(column) {
                row.texts[column as usize] = Some(record.text(position)?).filter(|text| !text.is_empty());
            }
        }
        Ok(row)
    }

    /// Tells `sink` what the row lists or takes back.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub(super) fn tell(&self, sink: &mut dyn RecordSink) -> Result<(), RowProblem> {
        self.check_date(Column::Added)?;
        self.check_date(Column::Updated)?;
        if self.is_removal()? {
            sink.remove(&self.removal()?);
        } else {
            sink.list(self.item()?, &self.about());
        }
        Ok(())
    }

    fn text(&self, column: Column) -> Option<&str> {
        self.texts[column as usize].as_deref()
    }

    /// Where the field of `column` starts.
    fn place(&self, column: Column) -> Place<'a> {
        let position = self.header.position(column);
        position.map_or(self.record.start(), |position| self.record.place(position))
    }

    fn is_removal(&self) -> Result<bool, RowProblem> {
        match self.text(Column::Status) {
            None | Some("active") => Ok(false),
            Some("withdrawn" | "deleted") => Ok(true),
            Some(other) => Err(self.place(Column::Status).problem(RowProblemKind::Value {
                field: "status",
                found: excerpt(other),
                expected: "\"active\", \"withdrawn\" or \"deleted\"",
            })),
        }
    }

    /// What the row takes back. What is only kept is named by its id.
    fn removal(&self) -> Result<Removal<'_>, RowProblem> {
        let id = self.text(Column::Id);
        if self.text(Column::Hash).is_none() && id.is_some() {
            return Ok(Removal { id, hash: None });
        }
        match self.item()? {
            Item::Hash(hash) => Ok(Removal { id, hash: Some(hash) }),
            Item::Kept(..) if id.is_some() => Ok(Removal { id, hash: None }),
            Item::Kept(..) => Err(self.place(Column::Id).problem(RowProblemKind::MissingField("id"))),
        }
    }

    fn item(&self) -> Result<Item<'_>, RowProblem> {
        // An empty text goes to the parsers, which say what they expected.
        let name = self.text(Column::Algorithm).unwrap_or_default();
        let value = self.text(Column::Hash);
        let Ok(algorithm) = name.parse::<Algorithm>() else {
            let Some(kind) = KeptKind::named(name) else {
                return Err(self.place(Column::Algorithm).problem(UnknownAlgorithm(excerpt(name)).into()));
            };
            let missing = || self.place(Column::Hash).problem(RowProblemKind::MissingField("hash"));
            return Ok(Item::Kept(kind, value.ok_or_else(missing)?));
        };
        let hash = HashValue::parse(algorithm, value.unwrap_or_default());
        Ok(Item::Hash(hash.map_err(|error| self.place(Column::Hash).problem(error.into()))?))
    }

    /// Checks that `column`, if given, looks like a date.
    fn check_date(&self, column: Column) -> Result<(), RowProblem> {
        match self.text(column) {
            Some(text) if !is_date(text) => Err(self.place(column).problem(RowProblemKind::Date(excerpt(text)))),
            _ => Ok(()),
        }
    }

    /// What the row says about its hash.
    fn about(&self) -> About<'_> {
        About {
            id: self.text(Column::Id),
            label: self.text(Column::Label),
            category: self.text(Column::Category),
            source: self.text(Column::Source),
            confidence: self.text(Column::Confidence),
            tags: self.text(Column::Tags),
            added: self.text(Column::Added),
            updated: self.text(Column::Updated),
            note: self.text(Column::Note),
        }
    }
}

/// Whether `text` is shaped like a date of ISO 8601, perhaps with a time. The time's own shape is the writer's matter.
fn is_date(text: &str) -> bool {
    let shaped = |text: &[u8], shape: &[u8]| {
        let fits = |(byte, shape): (&u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
        text.len() >= shape.len() && text.iter().zip(shape).all(fits)
    };
    let text = text.as_bytes();
    if !shaped(text, b"0000-00-00") {
        return false;
    }
    let number = |at: usize| (text[at] - b'0') * 10 + (text[at + 1] - b'0');
    let is_time = |time: &[u8]| {
        shaped(&time[1..], b"00:00") && time[6..].iter().all(|byte| byte.is_ascii_digit() || b":.,+-Z".contains(byte))
    };
    (1..=12).contains(&number(5))
        && (1..=31).contains(&number(8))
        && match text[10..].first() {
            None => true,
            Some(b'T' | b' ') => is_time(&text[10..]),
            Some(_) => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_from_other_texts() {
        let dates = [
            "2024-05-01",
            "1999-12-31T23:59",
            "2024-05-01T10:00:00Z",
            "2024-05-01 10:00:00.123+02:00",
            "2024-02-29T10:00Z",
        ];
        let others = [
            "",
            "2024",
            "2024-5-1",
            "2024-13-01",
            "2024-00-10",
            "2024-05-32",
            "2024-05-00",
            "01.05.2024",
            "2024-05-01T",
            "2024-05-01T1",
            "2024-05-01T10:0",
            "2024-05-01x10:00",
            "2024-05-01T10:00 or so",
            "yesterday",
            "２０２４-05-01",
        ];
        for text in dates {
            assert!(is_date(text), "{text}");
        }
        for text in others {
            assert!(!is_date(text), "{text}");
        }
    }
}
