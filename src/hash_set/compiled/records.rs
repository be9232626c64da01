//! Records of a few optional texts, end to end: what a set says about its rows.
//!
//! A record is a byte whose bits say which texts there are, and for each of them its length (LEB128) and its bytes. Only
//! every 32nd record's place is kept; the others are reached by passing over those before them, which costs nothing
//! beside the cache miss, and is done for matches only.

use super::column::{Column, u64s};

/// Records between two places that are kept.
pub(super) const STRIDE: usize = 32;

/// Collects records.
#[derive(Default)]
pub(super) struct RecordWriter {
    bytes: Vec<u8>,
    starts: Vec<u64>,
    len: usize,
    /// Whether any record has a text.
    has_texts: bool,
}

impl RecordWriter {
    /// Adds a record behind all others. Texts that are empty are none.
    pub(super) fn push<const N: usize>(&mut self, texts: &[Option<&str>; N]) {
        self.begin_record();
        encode(texts, &mut self.bytes);
        self.has_texts |= texts.iter().any(Option::is_some);
    }

    /// Adds a record that [`encode`] has made.
    pub(super) fn push_encoded(&mut self, record: &[u8]) {
        self.begin_record();
        self.bytes.extend_from_slice(record);
        self.has_texts |= record.first() != Some(&0);
    }

    fn begin_record(&mut self) {
        if self.len.is_multiple_of(STRIDE) {
            self.starts.push(self.bytes.len() as u64);
        }
        self.len += 1;
    }

    /// The two sections, records and places; empty when no record has a text.
    pub(super) fn sections(&self) -> (&[u8], Vec<u8>) {
        if self.has_texts { (&self.bytes, self.starts(0)) } else { (&[], Vec::new()) }
    }

    /// Whether any record has a text.
    pub(super) const fn has_texts(&self) -> bool {
        self.has_texts
    }

    /// The records.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The places of records, as bytes, for records that stand `base` bytes further on.
    pub(super) fn starts(&self, base: u64) -> Vec<u8> {
        self.starts.iter().flat_map(|start| (base + start).to_le_bytes()).collect()
    }
}

/// Adds `texts` to `bytes` as one record. At most eight texts.
pub(super) fn encode<const N: usize>(texts: &[Option<&str>; N], bytes: &mut Vec<u8>) {
    const { assert!(N <= 8) };
    let mask_at = bytes.len();
    bytes.push(0);
    for (position, text) in texts.iter().enumerate() {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            bytes[mask_at] |= 1 << position;
            let mut length = text.len();
            while length >= 0x80 {
                bytes.push(length as u8 | 0x80);
                length >>= 7;
            }
            bytes.push(length as u8);
            bytes.extend_from_slice(text.as_bytes());
        }
    }
}

/// Reads records.
#[derive(Clone, Copy)]
pub(in crate::hash_set) struct Records<'a> {
    bytes: &'a [u8],
    starts: &'a [u64],
}

impl<'a> Records<'a> {
    /// The records of two sections.
    pub(super) fn of(bytes: &'a Column, starts: &'a Column) -> Self {
        Self { bytes, starts: u64s(starts) }
    }

    /// The texts of record `row`. What is damaged reads as no text.
    pub(super) fn get<const N: usize>(self, row: usize) -> [Option<&'a str>; N] {
        self.record_at(row).and_then(decode).map_or([None; N], |(texts, _)| texts)
    }

    /// How many records there are. Only those behind the last place that is kept are counted.
    pub(super) fn len(self) -> usize {
        let Some(last) = self.starts.len().checked_sub(1) else {
            return 0;
        };
        let rest = usize::try_from(self.starts[last]).ok().and_then(|start| self.bytes.get(start..));
        let tail = Self { bytes: rest.unwrap_or_default(), starts: &[] };
        last * STRIDE + tail.iter::<1>().count()
    }

    /// Every record in order, up to one that is damaged.
    pub(super) fn iter<const N: usize>(self) -> impl Iterator<Item = [Option<&'a str>; N]> {
        let mut rest = self.bytes;
        std::iter::from_fn(move || {
            let (texts, behind) = decode(rest)?;
            rest = behind;
            Some(texts)
        })
    }

    fn record_at(self, row: usize) -> Option<&'a [u8]> {
        let start = usize::try_from(*self.starts.get(row / STRIDE)?).ok()?;
        let mut rest = self.bytes.get(start..)?;
        for _ in 0..row % STRIDE {
            rest = decode::<8>(rest)?.1;
        }
        Some(rest)
    }
}

/// The texts of the record at the start of `bytes`, and what stands behind it. Texts past the `N`th are passed over.
pub(super) fn decode<const N: usize>(bytes: &[u8]) -> Option<([Option<&str>; N], &[u8])> {
    let (mask, mut rest) = bytes.split_first()?;
    let mut texts = [None; N];
    for position in (0..8).filter(|position| mask & (1 << position) != 0) {
        let (length, behind) = length_at(rest)?;
        let (text, behind) = behind.split_at_checked(length)?;
        if let Some(place) = texts.get_mut(position) {
            *place = str::from_utf8(text).ok();
        }
        rest = behind;
    }
    Some((texts, rest))
}

fn length_at(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = 0;
    for (position, byte) in bytes.iter().enumerate().take(8) {
        length |= usize::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return Some((length, &bytes[position + 1..]));
        }
    }
    None
}
