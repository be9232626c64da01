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

/// Work a query may do whatever was expected, some 50 µs: clusters of a few dozen hashes are usual also in short lists, and
/// each of them may be looked at in every slot.
const ALWAYS_ALLOWED: f64 = 32_768.0;

/// What a hash that is fetched and compared in full costs, beside an entry that is passed over: a cache miss, and where it
/// is a match, its place in a sorted answer.
const CANDIDATE_WORK: u32 = 32;

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
    seen: Seen,
}

/// Remembers the latest matches, because a row near a query in many slots is found in each of them. What it forgets is
/// found twice, and that is all.
#[derive(Default)]
struct Seen {
    /// A place for each value of the low bits of a row: search, query and row of the last one that had it.
    places: Vec<u64>,
    search: u16,
}

impl Seen {
    const PLACES: usize = 4_096;

    fn begin_search(&mut self) {
        self.search = self.search.wrapping_add(1);
        if self.search == 0 || self.places.is_empty() {
            self.places.clear();
            self.places.resize(Self::PLACES, 0);
            self.search = 1;
        }
    }

    /// Whether the row is not remembered to be found by this query of this search. From now on it is.
    #[inline(always)]
    fn insert(&mut self, Candidate { row, query }: Candidate) -> bool {
        let key = u64::from(self.search) << 48 | u64::from(query as u16) << 32 | u64::from(row);
        let place = (row as usize ^ (query as usize) << 9) % Self::PLACES;
        std::mem::replace(&mut self.places[place], key) != key
    }
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
        scratch.seen.begin_search();
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
        find_buckets(lanes, scratch);
        let Scratch { buckets, candidates, work_left, seen, .. } = scratch;
        for bucket in buckets.iter().take(AHEAD) {
            self.fetch(bucket, lanes);
        }
        for (position, bucket) in buckets.iter().enumerate() {
            if let Some(bucket) = buckets.get(position + AHEAD) {
                self.fetch(bucket, lanes);
            }
            let lane = &lanes[usize::from(bucket.lane)];
            let left = &mut work_left[lane.query as usize];
            let range = bucket.range.start..bucket.range.end.min(bucket.range.start.saturating_add(*left));
            let most = (*left / CANDIDATE_WORK) as usize;
            let (read, kept) = if lane.entries.is_empty() {
                let candidate = |row| Candidate { row, query: lane.query };
                let is_new = |row| seen.insert(candidate(row));
                self.compare_rows(&queries[lane.query as usize], range, most, is_new, finds)
            } else {
                self.filter(lane, bucket.weight, range, most, candidates)
            };
            finds.is_capped |= read < bucket.range.len();
            *left = left.saturating_sub(read as u32 + CANDIDATE_WORK * kept as u32);
        }
        buckets.clear();
        for candidate in candidates.drain(..) {
            if let Some(hash) = self.view.hashes.get(candidate.row as usize) {
                let distance = distance(hash, &queries[candidate.query as usize]);
                if distance <= self.radius && seen.insert(candidate) {
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
    /// others, `most` of them. Returns how many entries were read, and how many were not dropped.
    ///
    /// See "Why check bits may reject" in the README of this folder.
    #[inline(always)]
    fn filter(
        &self,
        lane: &Lane<'_>,
        weight: u16,
        range: Range<u32>,
        most: usize,
        candidates: &mut Vec<Candidate>,
    ) -> (usize, usize) {
        let (width, row_bits) = (self.view.layout.entry_bytes() as usize, self.view.layout.row_bits());
        let (first, last) = (range.start as usize * width, range.end as usize * width);
        let Some(bytes) = lane.entries.get(first..(last + 8 - width).max(first)) else {
            return (range.len(), 0);
        };
        let weight = u32::from(weight);
        let (own_left, both_left) = (lane.own_threshold - weight, lane.both_threshold - weight);
        let (query, check, own_mask, check_mask) = (lane.query, lane.check, lane.own_mask, lane.check_mask);
        let (mut at, full) = (0, candidates.len() + most);
        let before = candidates.len();
        while let Some(entry) = bytes.get(at..at + 8).and_then(|bytes| bytes.first_chunk()) {
            let entry = u64::from_le_bytes(*entry);
            let differing = (entry >> row_bits) as u32 ^ check;
            if (differing & check_mask).count_ones() <= both_left && (differing & own_mask).count_ones() <= own_left {
                if candidates.len() == full {
                    break;
                }
                let row = (entry & ((1 << row_bits) - 1)) as u32;
                prefetch(self.view.hashes, row as usize);
                candidates.push(Candidate { row, query });
            }
            at += width;
        }
        (at / width, candidates.len() - before)
    }

    /// In the first slot, a bucket is a run of hashes. Returns how many were compared, and how many, up to `most`, are new
    /// matches.
    #[inline(always)]
    fn compare_rows(
        &self,
        query: &[u64; W],
        range: Range<u32>,
        most: usize,
        mut is_new: impl FnMut(u32) -> bool,
        finds: &mut Finds,
    ) -> (usize, usize) {
        let rows = self.view.hashes.get(range.start as usize..range.end as usize).unwrap_or_default();
        let before = finds.found.len();
        for (position, (hash, row)) in rows.iter().zip(range.start..).enumerate() {
            let distance = distance(hash, query);
            if distance <= self.radius && is_first(self.view.hashes, row as usize) {
                if finds.found.len() - before == most {
                    return (position, most);
                }
                if is_new(row) {
                    finds.found.push((distance as u16, row));
                }
            }
        }
        (range.len(), finds.found.len() - before)
    }
}

/// Looks the probes up in the directories.
#[inline(always)]
fn find_buckets(lanes: &[Lane<'_>], scratch: &mut Scratch) {
    for Probe { value, lane, weight } in scratch.probes.drain(..) {
        let range = lanes[usize::from(lane)].directory.range(value);
        if !range.is_empty() {
            scratch.buckets.push(Bucket { range, lane, weight });
        }
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
