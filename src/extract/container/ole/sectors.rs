//! Sectors of equal size, and the table that chains them to streams (MS-CFB §2.1 to §2.5).

use std::ops::Range;

use bytes::Bytes;

use crate::content::number::u32_at;
use crate::extract::dissection::Dissection;

/// What stands in the table behind the last sector of a chain.
const END_OF_CHAIN: u32 = 0xffff_fffe;

/// Length of a chain that nothing says.
pub(super) const UNTOLD: usize = usize::MAX;

/// Sectors behind each other, and their chains.
pub(super) struct Sectors {
    bytes: Bytes,
    /// Where the first one begins.
    start: usize,
    /// The size of each, as a power of two.
    shift: u32,
    /// For each sector the number of the next one.
    table: Bytes,
    /// For each sector the chain that it was last seen in and that fills it, from 1; 0 for none.
    seen_in: Vec<u32>,
    chains: u32,
}

/// What a chain holds.
pub(super) struct Content {
    pub(super) bytes: Bytes,
    /// Whether the chain is as long as it should be, and ends.
    pub(super) is_whole: bool,
}

impl Sectors {
    /// Sectors of `1 << shift` bytes from `start` on. The last one may be cut off.
    pub(super) fn new(bytes: Bytes, start: usize, shift: u32, table: Bytes) -> Self {
        let count = bytes.len().saturating_sub(start).div_ceil(1 << shift);
        Self { bytes, start, shift, table, seen_in: vec![0; count], chains: 0 }
    }

    /// The first `length` bytes of the chain that begins with sector `first`: a slice where its sectors lie behind each
    /// other. A chain that meets itself ends there. `None` when there is no room to join them, which is reported.
    pub(super) fn read(&mut self, first: u32, length: usize, found: &mut Dissection<'_>) -> Option<Content> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        let (mut at, mut left) = (first, length);
        self.chains += 1;
        while left > 0 && self.enter(at) {
            let range = self.range(at);
            let taken = range.start..range.end.min(range.start.saturating_add(left));
            left -= taken.len();
            // What lies behind the end of a stream belongs to nothing.
            if left == 0 && taken.len() < 1 << self.shift {
                self.seen_in[at as usize] = 0;
            }
            match runs.last_mut() {
                Some(last) if last.end == taken.start => last.end = taken.end,
                _ => runs.push(taken),
            }
            at = u32_at(&self.table, at as usize * 4).unwrap_or(u32::MAX);
        }
        let is_whole = left == 0 || length == UNTOLD && at == END_OF_CHAIN;
        Some(Content { bytes: self.joined(&runs, found)?, is_whole })
    }

    /// Whether there is such a sector, and the chain has not been there.
    fn enter(&mut self, sector: u32) -> bool {
        let chain = self.chains;
        self.seen_in.get_mut(sector as usize).is_some_and(|seen| std::mem::replace(seen, chain) != chain)
    }

    fn range(&self, sector: u32) -> Range<usize> {
        let start = self.start + ((sector as usize) << self.shift);
        start..(start + (1 << self.shift)).min(self.bytes.len())
    }

    fn joined(&self, runs: &[Range<usize>], found: &mut Dissection<'_>) -> Option<Bytes> {
        if let [run] = runs {
            return Some(self.bytes.slice(run.clone()));
        }
        let mut output = found.output();
        for run in runs {
            if let Err(limit) = found.write(&self.bytes[run.clone()], self.bytes.len(), &mut output) {
                found.report_limit(limit);
                break;
            }
        }
        found.take(output)
    }

    /// Takes the sectors that were read so far for ones that no chain fills.
    pub(super) fn forget_chains(&mut self) {
        self.seen_in.fill(0);
    }

    /// The bytes that no chain fills, in front of the sectors too.
    pub(super) fn unused(&self) -> Vec<Range<usize>> {
        let in_front = 0..self.start.min(self.bytes.len());
        let unused = self.seen_in.iter().enumerate().filter(|(_, chain)| **chain == 0);
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for range in std::iter::once(in_front).chain(unused.map(|(sector, _)| self.range(sector as u32))) {
            match ranges.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => ranges.push(range),
            }
        }
        ranges
    }
}
