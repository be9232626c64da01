//! What a set says about its entries, in little room.
//!
//! What many entries share (label, category, source, confidence, and tags while they are few) is a *profile*, kept once
//! and numbered; what differs from row to row (id, dates, note, and tags when they are many) is a record of its own.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::thread;

use super::column::{Column, u16s, u32s};
use super::compile::AHEAD;
use super::records::{RecordWriter, Records, STRIDE, decode, encode};
use crate::hash_set::entry::About;
use crate::hash_set::hamming::prefetch;

/// Past so many profiles tags are no longer part of them: they seem to be different for each row.
const MAX_TAGGED: usize = 1 << 16;

/// Texts of a profile: label, category, source, confidence, tags.
const SHARED: usize = 5;
/// Texts of a row: id, added, updated, note, tags.
const OWN: usize = 5;

/// Numbers profiles, each once.
#[derive(Default)]
pub(in crate::hash_set) struct Profiles {
    writer: RecordWriter,
    known: HashMap<Box<[u8]>, u32>,
    /// The last one asked for: lists come in runs.
    last: (Vec<u8>, u32),
    record: Vec<u8>,
}

impl Profiles {
    /// The number of what `about` shares with others, and the tags if they are not part of it.
    pub(in crate::hash_set) fn number_of<'a>(&mut self, about: &About<'a>) -> (u32, Option<&'a str>) {
        let shared = [about.label, about.category, about.source, about.confidence];
        let [label, category, source, confidence] = shared;
        if let Some(number) = self.known_number(&[label, category, source, confidence, about.tags]) {
            return (number, None);
        }
        if about.tags.is_none() || self.known.len() < MAX_TAGGED {
            return (self.add(), None);
        }
        let number = self.known_number(&[label, category, source, confidence, None]);
        (number.unwrap_or_else(|| self.add()), about.tags)
    }

    fn known_number(&mut self, texts: &[Option<&str>; SHARED]) -> Option<u32> {
        self.record.clear();
        encode(texts, &mut self.record);
        if self.record == self.last.0 {
            return Some(self.last.1);
        }
        let number = *self.known.get(&*self.record)?;
        self.last.0.clone_from(&self.record);
        self.last.1 = number;
        Some(number)
    }

    /// Adds the record that was last asked for.
    fn add(&mut self) -> u32 {
        let number = self.known.len() as u32;
        self.writer.push_encoded(&self.record);
        self.known.insert(self.record.as_slice().into(), number);
        number
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn sections(&self) -> (&[u8], Vec<u8>) {
        self.writer.sections()
    }
}

/// What rows have for themselves, in the order in which they were listed.
#[derive(Default)]
pub(in crate::hash_set) struct RowTexts {
    bytes: Vec<u8>,
    ends: Vec<u64>,
}

impl RowTexts {
    pub(in crate::hash_set) fn push(&mut self, about: &About<'_>, tags: Option<&str>) {
        encode(&[about.id, about.added, about.updated, about.note, tags], &mut self.bytes);
        self.ends.push(self.bytes.len() as u64);
    }

    /// The record of a row.
    pub(super) fn record(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start as usize..self.ends[row] as usize]
    }

    /// The records of `order`'s rows, in pieces that stand behind each other and were made on up to `threads` threads.
    pub(super) fn in_order(&self, order: &[u32], threads: usize) -> Vec<RecordWriter> {
        let share = order.len().div_ceil(threads.max(1)).next_multiple_of(STRIDE).max(STRIDE);
        let piece = |rows: &[u32]| {
            let mut records = RecordWriter::default();
            for (position, row) in rows.iter().enumerate() {
                if let Some(later) = rows.get(position + 2 * AHEAD) {
                    prefetch(&self.ends, *later as usize);
                }
                if let Some(later) = rows.get(position + AHEAD) {
                    prefetch(&self.bytes, self.ends[*later as usize] as usize);
                }
                records.push_encoded(self.record(*row as usize));
            }
            records
        };
        thread::scope(|scope| {
            let pieces: Vec<_> = order.chunks(share).map(|rows| scope.spawn(move || piece(rows))).collect();
            // A panic of a thread goes on in this one.
            pieces.into_iter().map(|piece| piece.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        })
    }

    /// The id of a row.
    pub(super) fn id(&self, row: usize) -> Option<&str> {
        decode::<1>(self.record(row)).and_then(|([id], _)| id)
    }
}

/// The profile of each row, in as few bytes as their number needs. Empty when there is but one.
pub(super) fn profile_column(rows: impl Iterator<Item = u32>, profiles: usize) -> Vec<u8> {
    match profiles {
        0 | 1 => Vec::new(),
        2..=0x100 => rows.map(|profile| profile as u8).collect(),
        0x101..=0x1_0000 => rows.flat_map(|profile| (profile as u16).to_le_bytes()).collect(),
        _ => rows.flat_map(u32::to_le_bytes).collect(),
    }
}

/// What a compiled set says about its rows.
#[derive(Clone)]
pub(super) struct AboutColumns {
    pub(super) profiles: Column,
    pub(super) texts: Column,
    pub(super) text_starts: Column,
}

impl AboutColumns {
    /// What is said about row `row` of `len`. `shared` are the set's profiles.
    pub(super) fn about<'a>(&'a self, row: usize, len: usize, shared: Records<'a>) -> About<'a> {
        let [label, category, source, confidence, tags] = shared.get::<SHARED>(self.profile(row, len));
        let own = Records::of(&self.texts, &self.text_starts).get::<OWN>(row);
        let [id, added, updated, note, own_tags] = own;
        About { id, label, category, source, confidence, tags: own_tags.or(tags), added, updated, note }
    }

    /// The id of each row, in order; empty when no row says anything for itself.
    pub(super) fn ids(&self) -> impl Iterator<Item = Option<&str>> {
        Records::of(&self.texts, &self.text_starts).iter::<1>().map(|[id]| id)
    }

    fn profile(&self, row: usize, len: usize) -> usize {
        let column = &self.profiles;
        let number = match column.len().checked_div(len) {
            Some(1) => column.get(row).copied().map(u32::from),
            Some(2) => u16s(column).get(row).copied().map(u32::from),
            Some(4) => u32s(column).get(row).copied(),
            _ => None,
        };
        number.unwrap_or(0) as usize
    }
}
