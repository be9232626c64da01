//! Looking up queries in the tables, in phases, so that the processor waits for many cache misses at once.
//!
//! A *probe* is a value of a slot to look up for a query. A batch of probes goes through all phases together: their
//! directory entries are fetched, then the buckets these point to, then the hashes of the entries that pass the check
//! bits; and each phase reads what the phase before asked for.

use std::cell::Cell;
use std::ops::Range;

use super::View;
use super::bits::{ball_size, bits_of, distance, flips};
use super::build::is_first;
use super::cpu::{self, prefetch};
use super::directory::Directory;

/// Probes that go through the phases together: their cache lines fit in the first level cache twice.
const BATCH: usize = 256;

/// How many buckets ahead of the one that is read are asked for.
const AHEAD: usize = 24;

/// Work a query may do whatever was expected: clusters of a few dozen hashes are usual also in short lists.
const ALWAYS_ALLOWED: f64 = 4_096.0;

/// What a hash compared in full costs, beside an entry that is passed over.
const CANDIDATE_WORK: u32 = 8;

/// Entries of a long bucket that are passed over in the time that a probe of uniform data takes with its few: those are
/// waited for, and a long bucket is read in order.
const ENTRIES_A_PROBE: f64 = 4.0;

/// A search of the tables for all `queries`.
pub(super) struct TableSearch<'a, const W: usize> {
    pub(super) view: View<'a, W>,
    pub(super) queries: &'a [[u64; W]],
    pub(super) radius: u32,
    /// How many times the time of uniform data a query may take.
    pub(super) work: f64,
}

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Finds {
    /// Distances and rows, in no order; a row may come several times, and of equal hashes only the first row comes.
    pub(super) found: Vec<(u16, u32)>,
    /// Whether work was left undone.
    pub(super) is_capped: bool,
}

/// One query in one slot.
#[derive(Clone)]
struct Lane<'a> {
    directory: Directory<'a>,
    entries: &'a [u8],
    query: u32,
    /// The bits of the query behind those of the directory.
    check: u32,
    /// Those of them that belong to this slot.
    own_mask: u32,
    check_mask: u32,
    own_threshold: u32,
    both_threshold: u32,
}

#[derive(Clone, Copy)]
struct Probe {
    value: u32,
    lane: u16,
    weight: u16,
}

#[derive(Clone)]
struct Bucket {
    range: Range<u32>,
    lane: u16,
    weight: u16,
}

#[derive(Clone, Copy)]
struct Candidate {
    row: u32,
    query: u32,
}

/// Memory that searches of a thread use one after the other.
#[derive(Default)]
struct Scratch {
    flips: Vec<u32>,
    /// What `flips` are of.
    ball: Option<(u32, u32)>,
    probes: Vec<Probe>,
    buckets: Vec<Bucket>,
    candidates: Vec<Candidate>,
    /// By query: how much work it may still do.
    work_left: Vec<u32>,
}

thread_local! {
    static SCRATCH: Cell<Scratch> = Cell::default();
}

impl<const W: usize> cpu::Work for TableSearch<'_, W> {
    type Output = Finds;

    #[inline(always)]
    fn run(self) -> Finds {
        let mut scratch = SCRATCH.take();
        let mut finds = Finds::default();
        // A lane is numbered with 16 bits.
        for queries in self.queries.chunks(usize::from(u16::MAX) / super::layout::MAX_SLOTS) {
            self.search(queries, &mut scratch, &mut finds);
        }
        SCRATCH.set(scratch);
        finds
    }
}

impl<'a, const W: usize> TableSearch<'a, W> {
    #[inline(always)]
    fn search(&self, queries: &[[u64; W]], scratch: &mut Scratch, finds: &mut Finds) {
        let layout = self.view.layout;
        let mut thresholds = vec![None; layout.slots().len()];
        layout.plan().thresholds(self.radius as usize, &mut thresholds);
        let mut lanes = Vec::with_capacity(thresholds.len() * queries.len());
        scratch.work_left.clear();
        scratch.work_left.resize(queries.len(), self.allowed_work(&thresholds));
        for (position, slot) in layout.slots().iter().enumerate() {
            let Some(threshold) = thresholds[position] else {
                continue;
            };
            let ball = (slot.directory_bits, u32::from(threshold));
            if scratch.ball != Some(ball) {
                scratch.flips.clear();
                scratch.flips.extend(flips(ball.0, ball.1));
                scratch.ball = Some(ball);
            }
            let lane = self.lane(position, &thresholds);
            for (number, query) in queries.iter().enumerate() {
                let check = bits_of(query, slot.start + slot.directory_bits, layout.check_bits(position));
                let at = lanes.len() as u16;
                lanes.push(Lane { query: number as u32, check, ..lane.clone() });
                let value = bits_of(query, slot.start, slot.directory_bits);
                let mut first = 0;
                while first < scratch.flips.len() {
                    let room = BATCH - scratch.probes.len();
                    let last = scratch.flips.len().min(first + room);
                    for flip in &scratch.flips[first..last] {
                        let value = value ^ flip;
                        prefetch(lane.directory.bytes, lane.directory.place(value));
                        scratch.probes.push(Probe { value, lane: at, weight: flip.count_ones() as u16 });
                    }
                    first = last;
                    if scratch.probes.len() == BATCH {
                        self.flush(queries, &lanes, scratch, finds);
                    }
                }
            }
        }
        self.flush(queries, &lanes, scratch, finds);
    }

    /// A lane of slot `position`, but for what depends on the query.
    fn lane(&self, position: usize, thresholds: &[Option<u8>]) -> Lane<'a> {
        let (layout, tables) = (self.view.layout, self.view.tables);
        let (slot, section) = (&layout.slots()[position], &layout.sections()[position]);
        let check_bits = layout.check_bits(position);
        let own_bits = (slot.width - slot.directory_bits).min(check_bits);
        let check_mask = (!0_u32).checked_shr(32 - check_bits).unwrap_or(0);
        let own_threshold = thresholds[position].map_or(0, u32::from);
        let next = if thresholds.len() == 1 { None } else { thresholds[(position + 1) % thresholds.len()] };
        Lane {
            directory: Directory {
                kind: slot.kind,
                bytes: &tables[section.directory.clone()],
                overflow: &tables[section.overflow.clone()],
            },
            entries: &tables[section.entries.clone()],
            query: 0,
            check: 0,
            own_mask: check_mask ^ check_mask.checked_shr(own_bits).unwrap_or(0),
            check_mask,
            own_threshold,
            both_threshold: own_threshold + next.map_or(0, |next| u32::from(next) + 1),
        }
    }

    /// Entries that a query may pass over. Where one bucket is long, the other slots are the shorter for it: it is the
    /// query as a whole that must not take long, so that a dense bucket by the way stops nobody.
    fn allowed_work(&self, thresholds: &[Option<u8>]) -> u32 {
        let layout = self.view.layout;
        let searched = layout.slots().iter().enumerate().zip(thresholds);
        let usual = searched.filter_map(|((position, slot), threshold)| {
            let ball = ball_size(slot.directory_bits, u32::from((*threshold)?));
            Some(ball as f64 * (1.0 + layout.plan().mean(position)))
        });
        (self.work * ENTRIES_A_PROBE * usual.sum::<f64>() + ALWAYS_ALLOWED) as u32
    }

    /// Takes all probes through the phases.
    #[inline(always)]
    fn flush(&self, queries: &[[u64; W]], lanes: &[Lane<'_>], scratch: &mut Scratch, finds: &mut Finds) {
        find_buckets(lanes, scratch, finds);
        let buckets = &scratch.buckets[..];
        for bucket in buckets.iter().take(AHEAD) {
            self.fetch(bucket, lanes);
        }
        for (position, bucket) in buckets.iter().enumerate() {
            if let Some(bucket) = buckets.get(position + AHEAD) {
                self.fetch(bucket, lanes);
            }
            let lane = &lanes[usize::from(bucket.lane)];
            if lane.entries.is_empty() {
                self.compare_rows(&queries[lane.query as usize], bucket.range.clone(), finds);
            } else {
                let before = scratch.candidates.len();
                self.filter(lane, bucket, &mut scratch.candidates);
                let work = CANDIDATE_WORK * (scratch.candidates.len() - before) as u32;
                let left = &mut scratch.work_left[lane.query as usize];
                *left = left.saturating_sub(work);
            }
        }
        scratch.buckets.clear();
        for candidate in scratch.candidates.drain(..) {
            if let Some(hash) = self.view.hashes.get(candidate.row as usize) {
                let distance = distance(hash, &queries[candidate.query as usize]);
                if distance <= self.radius {
                    finds.found.push((distance as u16, candidate.row));
                }
            }
        }
    }

    /// Asks for the first cache lines of a bucket. What follows the processor fetches by itself.
    #[inline(always)]
    fn fetch(&self, bucket: &Bucket, lanes: &[Lane<'_>]) {
        let (lane, first, last) =
            (&lanes[usize::from(bucket.lane)], bucket.range.start as usize, bucket.range.end as usize);
        if lane.entries.is_empty() {
            for row in [0, 2, 4, 6] {
                if row < last - first {
                    prefetch(self.view.hashes, first + row);
                }
            }
        } else {
            let width = self.view.layout.entry_bytes() as usize;
            let (first, last) = (first * width, last * width);
            prefetch(lane.entries, first);
            if last - first > 64 {
                prefetch(lane.entries, first + 64);
            }
            prefetch(lane.entries, last);
        }
    }

    /// Drops the entries that cannot be within the radius, going by their check bits, and asks for the hashes of the
    /// others.
    ///
    /// See "Why check bits may reject" in the README of this folder.
    #[inline(always)]
    fn filter(&self, lane: &Lane<'_>, bucket: &Bucket, candidates: &mut Vec<Candidate>) {
        let (width, row_bits) = (self.view.layout.entry_bytes() as usize, self.view.layout.row_bits());
        let (first, last) = (bucket.range.start as usize * width, bucket.range.end as usize * width);
        let Some(bytes) = lane.entries.get(first..(last + 8 - width).max(first)) else {
            return;
        };
        let weight = u32::from(bucket.weight);
        let (own_left, both_left) = (lane.own_threshold - weight, lane.both_threshold - weight);
        let (query, check, own_mask, check_mask) = (lane.query, lane.check, lane.own_mask, lane.check_mask);
        let mut at = 0;
        while let Some(entry) = bytes.get(at..at + 8).and_then(|bytes| bytes.first_chunk()) {
            let entry = u64::from_le_bytes(*entry);
            let differing = (entry >> row_bits) as u32 ^ check;
            if (differing & check_mask).count_ones() <= both_left && (differing & own_mask).count_ones() <= own_left {
                let row = (entry & ((1 << row_bits) - 1)) as u32;
                prefetch(self.view.hashes, row as usize);
                candidates.push(Candidate { row, query });
            }
            at += width;
        }
    }

    /// In the first slot, a bucket is a run of hashes.
    #[inline(always)]
    fn compare_rows(&self, query: &[u64; W], range: Range<u32>, finds: &mut Finds) {
        let rows = self.view.hashes.get(range.start as usize..range.end as usize).unwrap_or_default();
        for (hash, row) in rows.iter().zip(range.start..) {
            let distance = distance(hash, query);
            if distance <= self.radius && is_first(self.view.hashes, row as usize) {
                finds.found.push((distance as u16, row));
            }
        }
    }
}

/// Looks the probes up in the directories. A query that has done its share of work gets no more buckets.
#[inline(always)]
fn find_buckets(lanes: &[Lane<'_>], scratch: &mut Scratch, finds: &mut Finds) {
    for Probe { value, lane: at, weight } in scratch.probes.drain(..) {
        let lane = &lanes[usize::from(at)];
        let left = &mut scratch.work_left[lane.query as usize];
        let mut range = lane.directory.range(value);
        if range.is_empty() {
            continue;
        }
        let work = range.end - range.start;
        if work > *left {
            range.end = range.start + *left;
            finds.is_capped = true;
        }
        *left = left.saturating_sub(work);
        scratch.buckets.push(Bucket { range, lane: at, weight });
    }
}

/// A comparison of every hash with every query.
pub(super) struct Scan<'a, const W: usize> {
    pub(super) hashes: &'a [[u64; W]],
    pub(super) queries: &'a [[u64; W]],
    pub(super) radius: u32,
    /// Stops behind so many.
    pub(super) most: usize,
}

impl<const W: usize> cpu::Work for Scan<'_, W> {
    type Output = Finds;

    #[inline(always)]
    fn run(self) -> Finds {
        let mut finds = Finds::default();
        for query in self.queries {
            let enough = finds.found.len().saturating_add(self.most);
            for (hash, row) in self.hashes.iter().zip(0..) {
                let distance = distance(hash, query);
                if distance <= self.radius {
                    if finds.found.len() == enough {
                        finds.is_capped = true;
                        break;
                    }
                    finds.found.push((distance as u16, row));
                }
            }
        }
        finds
    }
}
