//! Finds every hash within a Hamming distance of a query, without looking at every hash.
//!
//! # The method
//!
//! Multi-index hashing: M. Norouzi, A. Punjani, D. J. Fleet, "Fast Exact Search in Hamming Space with Multi-Index
//! Hashing", IEEE Transactions on Pattern Analysis and Machine Intelligence 36(6), 2014.
//!
//! The bits of a hash are cut into `m` slots. For every slot there is a table from each value the slot can have to the
//! rows whose hash has that value there. A query looks, in every slot, at the values close to its own, and compares
//! the few rows it finds there in full.
//!
//! # Why nothing is missed
//!
//! Slot `i` is searched up to a distance `rᵢ` of its own, and these are chosen such that `(r₁ + 1) + … + (rₘ + 1)` is
//! the radius plus one. If a hash escaped every slot, it would differ from the query in at least `rᵢ + 1` bits of each
//! slot `i`. Slots do not overlap, so together that is more than the radius. Hence a hash within the radius is found
//! in some slot. With `radius = m·a + b` and `b < m`, the first `b + 1` slots get `a` and the others `a − 1`, which
//! for `a = 0` means that they are not searched at all.
//!
//! Nothing is found wrongly either: every row is compared in full before it counts.
//!
//! # Why it is fast, and when it is not
//!
//! With about log₂ N bits a slot a value has about one row, and the number of values within `rᵢ` is small: for a
//! million PDQ hashes and radius 31 there are 13 slots, six searched within 2 and seven within 1, which makes about
//! 1,400 values and as many rows, instead of a million. The values are all looked up before any row is compared, so
//! that the processor waits for many cache misses at once and not for one after the other.
//!
//! Values grow fast with the radius, and where many hashes share a slot, rows do too. Whenever a linear scan would be
//! cheaper, the index does that; so no radius, no list and no query makes it more than about twice as slow as a scan.

mod probe;
mod slot;

use self::probe::{Budget, OverBudget, ball_size, flips, slot_radius};
use self::slot::{Slot, SlotTable, slots_for};
use crate::content::Distance;

/// Below this many hashes the tables are not worth their memory: a scan takes 10 µs, less than anything around it.
const SCAN_BELOW: usize = 4_096;

/// Hashes of `W` 64-bit words, by row, searchable by distance.
pub struct HammingIndex<const W: usize> {
    hashes: Vec<[u64; W]>,
    /// Empty when a scan is always cheaper.
    tables: Vec<SlotTable>,
}

/// A row within the radius of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Neighbour {
    /// Distance to the nearest query.
    pub distance: Distance,
    /// Position of the hash in the list that the index was made from.
    pub row: u32,
}

impl<const W: usize> HammingIndex<W> {
    /// An index of `hashes`, at most 2³² − 1 of them. Equal hashes may repeat.
    ///
    /// A million 256-bit hashes take 130 MB: 32 bytes each, and 4 bytes each and a directory of 4 MB a slot.
    pub fn new(hashes: Vec<[u64; W]>) -> Self {
        let slots = if hashes.len() < SCAN_BELOW { Vec::new() } else { slots_for(64 * W, hashes.len()) };
        Self::with_slots(hashes, slots)
    }

    fn with_slots(hashes: Vec<[u64; W]>, slots: Vec<Slot>) -> Self {
        let tables = slots.into_iter().map(|slot| SlotTable::new(slot, &hashes)).collect();
        Self { hashes, tables }
    }

    /// The hashes by row.
    pub fn hashes(&self) -> &[[u64; W]] {
        &self.hashes
    }

    /// Every row within `radius` of one of `queries`, once, with its least distance; nearest first, then by row.
    pub fn find(&self, queries: &[[u64; W]], radius: Distance) -> Vec<Neighbour> {
        self.find_within(queries, radius, Budget::below_a_scan_of(self.hashes.len()))
    }

    /// What [`find`](Self::find) answers, by comparing every hash with every query: its yardstick in tests and benches.
    pub fn scan(&self, queries: &[[u64; W]], radius: Distance) -> Vec<Neighbour> {
        let mut found = Vec::new();
        for query in queries {
            self.scan_into(query, radius, &mut found);
        }
        nearest_of_each_row(found)
    }

    fn find_within(&self, queries: &[[u64; W]], radius: Distance, budget: Budget) -> Vec<Neighbour> {
        let (mut found, mut candidates) = (Vec::new(), Vec::new());
        for query in queries {
            candidates.clear();
            match self.gather(query, radius, budget, &mut candidates) {
                Ok(()) => found.extend(candidates.iter().filter_map(|row| self.verify(query, *row, radius))),
                Err(OverBudget) => self.scan_into(query, radius, &mut found),
            }
        }
        nearest_of_each_row(found)
    }

    /// Collects rows among which are all within `radius` of `query`; a row may come more than once.
    fn gather(
        &self,
        query: &[u64; W],
        radius: Distance,
        budget: Budget,
        candidates: &mut Vec<u32>,
    ) -> Result<(), OverBudget> {
        if self.tables.is_empty() {
            return Err(OverBudget);
        }
        let searched = || {
            let radii = (0..).map(|position| slot_radius(radius, self.tables.len(), position));
            self.tables.iter().zip(radii).filter_map(|(table, radius)| Some((table, radius?)))
        };
        let values = searched().map(|(table, radius)| ball_size(table.slot().bits(), radius));
        budget.allow_values(values.fold(0, u64::saturating_add))?;

        let mut buckets = Vec::new();
        for (table, radius) in searched() {
            let value = table.slot().value(query);
            buckets.clear();
            buckets.extend(flips(table.slot().bits(), radius).map(|flip| table.bucket(value ^ flip)));
            let rows = buckets.iter().map(ExactSizeIterator::len).sum::<usize>();
            budget.allow_candidates(candidates.len() + rows)?;
            for bucket in &buckets {
                candidates.extend_from_slice(table.rows(bucket.clone()));
            }
        }
        Ok(())
    }

    fn verify(&self, query: &[u64; W], row: u32, radius: Distance) -> Option<Neighbour> {
        let distance = distance(query, &self.hashes[row as usize]);
        (distance <= radius).then_some(Neighbour { distance, row })
    }

    fn scan_into(&self, query: &[u64; W], radius: Distance, found: &mut Vec<Neighbour>) {
        for (hash, row) in self.hashes.iter().zip(0..) {
            let distance = distance(query, hash);
            if distance <= radius {
                found.push(Neighbour { distance, row });
            }
        }
    }
}

fn distance<const W: usize>(a: &[u64; W], b: &[u64; W]) -> Distance {
    let bits: u32 = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
    Distance(bits as u16)
}

/// Only verified rows come here. They are few, so sorting beats any record of the rows seen before.
fn nearest_of_each_row(mut found: Vec<Neighbour>) -> Vec<Neighbour> {
    found.sort_unstable_by_key(|neighbour| (neighbour.row, neighbour.distance));
    found.dedup_by_key(|neighbour| neighbour.row);
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests;
