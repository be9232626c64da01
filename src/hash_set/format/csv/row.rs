//! Reads one row under its header.

use std::borrow::Cow;

use super::header::{Column, Header};
use super::records::{Place, Record};
use crate::content::{Algorithm, HashValue, UnknownAlgorithm};
use crate::hash_set::entry::About;
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
        let (fields, expected) = (record.fields(), header.width());
        if fields.len() != expected {
            let place = fields.get(expected).map_or(record.end(), |extra| extra.place());
            return Err(place.problem(RowProblemKind::FieldCount { found: fields.len(), expected }));
        }
        let mut row = Self { header, record, texts: Default::default() };
        for column in Column::ALL {
            if let Some(position) = header.position(column) {
                row.texts[column as usize] = Some(fields[position].text()?).filter(|text| !text.is_empty());
            }
        }
        Ok(row)
    }

    /// The text in `column`.
    pub(super) const fn text(&self, column: Column) -> Option<&Cow<'a, str>> {
        self.texts[column as usize].as_ref()
    }

    /// Where the field of `column` starts.
    pub(super) fn place(&self, column: Column) -> Place<'a> {
        let position = self.header.position(column);
        position.map_or(self.record.start(), |position| self.record.fields()[position].place())
    }

    /// The listed hash.
    ///
    /// # Errors
    /// [`RowProblemKind::Algorithm`], [`RowProblemKind::Hash`].
    pub(super) fn hash(&self) -> Result<HashValue, RowProblem> {
        let name = self.required(Column::Algorithm);
        let algorithm: Algorithm = name.parse().map_err(|UnknownAlgorithm(_)| {
            self.place(Column::Algorithm).problem(UnknownAlgorithm(excerpt(name)).into())
        })?;
        HashValue::parse(algorithm, self.required(Column::Hash))
            .map_err(|error| self.place(Column::Hash).problem(error.into()))
    }

    /// Checks that `added`, if given, looks like a date.
    ///
    /// # Errors
    /// [`RowProblemKind::Date`].
    pub(super) fn check_added(&self) -> Result<(), RowProblem> {
        match self.text(Column::Added) {
            Some(text) if !is_date(text) => Err(self.place(Column::Added).problem(RowProblemKind::Date(excerpt(text)))),
            _ => Ok(()),
        }
    }

    /// What the row says about its hash.
    pub(super) fn about(&self) -> About<'_> {
        let text = |column| self.text(column).map(Cow::as_ref);
        About {
            id: text(Column::Id),
            label: text(Column::Label),
            category: text(Column::Category),
            source: text(Column::Source),
            added: text(Column::Added),
            note: text(Column::Note),
            ..About::default()
        }
    }

    /// An empty text goes to the parsers, which say what they expected.
    fn required(&self, column: Column) -> &str {
        self.text(column).map_or("", Cow::as_ref)
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
