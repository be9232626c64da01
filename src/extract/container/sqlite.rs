//! Databases of SQLite: every text and every blob of every row that is in them.
//!
//! Source: "Database File Format", sqlite.org/fileformat2.html. Pages are read one after the other and no tree is
//! followed, so that what no tree leads to any more is found too. Nothing of a database is ever a reason to refuse it:
//! pages that cannot be read are passed by.

use bytes::Bytes;

use crate::content::number::{be_u16_at, be_u32_at};
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, legible};

use super::Coverage;

const MAGIC: &[u8] = b"SQLite format 3\0";

/// Bytes in front of the first page's own.
const HEADER: usize = 100;

/// How many times its own length the rows of a database may have together: their cells may lie in each other.
const MAX_COVER: usize = 4;

/// Shortest value that is a part: what is shorter is scanned with the rest of the row.
const MIN_VALUE: usize = 4;

pub(super) fn is_database(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Hands out the values.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let size = match be_u16_at(bytes, 16) {
        Some(1) => 1 << 16,
        Some(size @ 512..) if size.is_power_of_two() => usize::from(size),
        _ => return Coverage::Some,
    };
    let usable = size - usize::from(bytes.get(20).copied().unwrap_or_default()).min(32);
    let encoding = match be_u32_at(bytes, 56) {
        Some(2) => Some(encoding_rs::UTF_16LE),
        Some(3) => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    let cover = bytes.len().saturating_mul(MAX_COVER);
    let mut database = Database { bytes, size, usable, encoding, cover };
    for page in 0..bytes.len().div_ceil(size) {
        if found.is_over() || database.read_page(page, found).is_none() {
            break;
        }
    }
    Coverage::Some
}

struct Database<'d> {
    bytes: &'d Bytes,
    /// Bytes of a page, and those of them that are used.
    size: usize,
    usable: usize,
    /// Of texts that are not in UTF-8.
    encoding: Option<&'static encoding_rs::Encoding>,
    /// Bytes that rows may still have.
    cover: usize,
}

impl Database<'_> {
    /// Hands out the rows of a page, if it has any; `None` when there is no more to be spent.
    fn read_page(&mut self, page: usize, found: &mut Dissection<'_>) -> Option<()> {
        let start = page * self.size;
        let head = start + if page == 0 { HEADER } else { 0 };
        // Inner pages of tables have no rows.
        let (first, is_table) = match self.bytes.get(head) {
            Some(0x0d) => (8, true),
            Some(0x0a) => (8, false),
            Some(0x02) => (12, false),
            _ => return Some(()),
        };
        let count = usize::from(be_u16_at(self.bytes, head + 3).unwrap_or_default()).min(self.size / 4);
        for number in 0..count {
            if found.is_over() {
                return None;
            }
            let Some(place) = be_u16_at(self.bytes, head + first + 2 * number) else { break };
            // A pointer to the child stands in front.
            let cell = start + usize::from(place) + if first == 12 { 4 } else { 0 };
            match self.row(cell, is_table) {
                Some(row) => self.hand_out(&row, found),
                None if self.cover == 0 => {
                    found.report(ProblemCode::TooMuchWork, Some(cell));
                    return None;
                }
                None => {}
            }
        }
        Some(())
    }

    /// The content of a cell, put together from the pages that it goes on in.
    fn row(&mut self, cell: usize, is_table: bool) -> Option<Bytes> {
        let mut at = cell;
        let length = usize::try_from(varint(self.bytes, &mut at)?).ok()?;
        if is_table {
            varint(self.bytes, &mut at)?;
        }
        if length > self.bytes.len() {
            return None;
        }
        let local = self.local_length(length, is_table);
        let Some(left) = self.cover.checked_sub(length) else {
            self.cover = 0;
            return None;
        };
        self.cover = left;
        let own = self.bytes.get(at..at.checked_add(local)?)?;
        if local == length {
            return Some(self.bytes.slice(at..at + local));
        }
        let mut row = Vec::with_capacity(length);
        row.extend_from_slice(own);
        let mut next = be_u32_at(self.bytes, at + local)?;
        while row.len() < length && next > 0 {
            let page = (next as usize - 1).checked_mul(self.size)?;
            let piece = self.bytes.get(page + 4..(page + self.usable).min(self.bytes.len()))?;
            row.extend_from_slice(&piece[..piece.len().min(length - row.len())]);
            if piece.is_empty() {
                break;
            }
            next = be_u32_at(self.bytes, page)?;
        }
        Some(row.into())
    }

    /// How much of a row of `length` bytes is in its cell (section 1.6).
    fn local_length(&self, length: usize, is_table: bool) -> usize {
        let usable = self.usable;
        let most = if is_table { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
        if length <= most {
            return length;
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let some = least + (length - least) % (usable - 4);
        if some <= most { some } else { least }
    }

    /// Hands out the texts and blobs of a row.
    fn hand_out(&self, row: &Bytes, found: &mut Dissection<'_>) {
        let mut at = 0;
        let Some(head) = varint(row, &mut at).and_then(|head| usize::try_from(head).ok()) else { return };
        let mut start = head;
        while at < head && !found.is_over() {
            let Some(kind) = varint(row, &mut at) else { return };
            let length = match kind {
                1..=4 => kind as usize,
                5 => 6,
                6 | 7 => 8,
                12.. => usize::try_from((kind - 12) / 2).unwrap_or(usize::MAX),
                _ => 0,
            };
            let end = start.saturating_add(length).min(row.len());
            if kind >= 12 && start < end && end - start >= MIN_VALUE {
                self.hand_out_value(row.slice(start..end), kind % 2 == 1, found);
            }
            start = end;
        }
    }

    fn hand_out_value(&self, value: Bytes, is_text: bool, found: &mut Dissection<'_>) {
        if is_text
            && let Some(encoding) = self.encoding
            && let Some(text) = legible::decoded(&value, encoding, found)
        {
            found.show(Part::new(PartKind::Text, text).named("sqlite"), None);
        }
        let part = Part::new(PartKind::Entry, value);
        found.add(Part { is_guess: true, ..part }, None);
    }
}

/// A number of up to nine bytes, seven bits each, highest first.
fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0_u64;
    for count in 0..9 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        if count == 8 {
            return Some(number << 8 | u64::from(byte));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            break;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::container::testing::{codes, fixture, listed, opened};

    #[test]
    fn values_come_out_also_of_rows_that_are_longer_than_a_page() {
        let found = opened(fixture("sqlite.db"));
        assert_eq!((codes(&found), listed(&found)), (vec![], 1));
        let numbers: String = (1..=4000).map(|number| format!("{number} ")).collect();
        assert!(found.parts.iter().any(|part| part.bytes == numbers.as_bytes()));
        assert!(found.parts.iter().any(|part| part.bytes == "a forbidden turnip of some length in a text column"));
        let other = opened(fixture("sqlite-utf-16.db"));
        assert_eq!((codes(&other), listed(&other)), (vec![], 1));
        assert!(other.parts.iter().any(|part| part.kind == PartKind::Text && part.bytes == "a forbidden turnip"));
    }

    #[test]
    fn rows_that_lie_in_each_other_end_within_a_limit() {
        let mut bytes = fixture("sqlite.db").to_vec();
        let numbers = (0..bytes.len() / 4096).find(|page| bytes[page * 4096] == 0x0d && *page > 0).unwrap() * 4096;
        let longest = (0..3).map(|cell| be_u16_at(&bytes, numbers + 8 + 2 * cell).unwrap()).min().unwrap();
        bytes[numbers + 3..numbers + 5].copy_from_slice(&400_u16.to_be_bytes());
        for cell in 0..400 {
            bytes[numbers + 8 + 2 * cell..][..2].copy_from_slice(&longest.to_be_bytes());
        }
        opened(bytes);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn no_database_makes_it_panic(flips in proptest::collection::vec((16..28_000_usize, 0..=255_u8), 0..30)) {
            let mut bytes = fixture("sqlite.db").to_vec();
            for (at, value) in flips {
                let at = at % bytes.len();
                bytes[at] = value;
            }
            opened(bytes);
        }
    }
}
