//! From a value of a slot to where its entries stand, in one byte a value.
//!
//! A block of 16 bytes answers for 16 values: where the first one starts (32 bits), and how many entries each has (6
//! bits: sixteen times the low four, then sixteen times the high two). Four blocks fill a cache line, so all values that
//! differ in the low six bits are one cache miss. A block whose counts do not fit is all ones behind its first word, which
//! is then the number of an overflow block: seventeen explicit starts. Where values have many entries each, blocks would
//! overflow all the time; there every value has its start in four bytes ([`Kind::Starts`]).
//!
//! Everything is little-endian. Nothing here trusts the bytes: whatever they are, lookups give some range or an empty one.

use std::ops::Range;

/// Values a block answers for.
pub(super) const BLOCK_VALUES: usize = 16;
/// Bytes of a block.
pub(super) const BLOCK_BYTES: usize = 16;
/// Bytes of an overflow block: seventeen starts.
pub(super) const OVERFLOW_BYTES: usize = 4 * (BLOCK_VALUES + 1);
/// Up to so many entries a value on average, blocks rarely overflow: 63 is then eight standard deviations away.
pub(super) const DENSEST_BLOCKS: u64 = 24;
const MOST_IN_BLOCK: u32 = 63;

/// The form a directory has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A block for sixteen values.
    Blocks,
    /// A start for each value, and one more: the end.
    Starts,
}

impl Kind {
    /// Bytes of a directory over `bits` bits.
    pub(super) const fn bytes(self, bits: u32) -> usize {
        let values = 1_usize << bits;
        match self {
            Self::Blocks => values.div_ceil(BLOCK_VALUES) * BLOCK_BYTES,
            Self::Starts => 4 * (values + 1),
        }
    }
}

/// A directory that lies in somebody else's memory.
#[derive(Clone, Copy)]
pub(super) struct Directory<'a> {
    pub(super) kind: Kind,
    pub(super) bytes: &'a [u8],
    pub(super) overflow: &'a [u8],
}

impl Directory<'_> {
    /// Where the directory's answer for `value` stands in its bytes: what to fetch ahead.
    #[inline(always)]
    pub(super) const fn place(&self, value: u32) -> usize {
        match self.kind {
            Kind::Blocks => value as usize / BLOCK_VALUES * BLOCK_BYTES,
            Kind::Starts => value as usize * 4,
        }
    }

    /// The entries of `value`. In bytes that no builder wrote, any range, also one that ends before it starts.
    #[inline(always)]
    pub(super) fn range(&self, value: u32) -> Range<u32> {
        match self.kind {
            Kind::Starts => explicit(self.bytes, value as usize),
            Kind::Blocks => {
                let Some(block) = self.bytes.get(self.place(value)..).and_then(|bytes| bytes.first_chunk()) else {
                    return 0..0;
                };
                let within = value as usize % BLOCK_VALUES;
                let block = Block::read(block);
                if block.is_overflow() { self.overflow_range(block.start, within) } else { block.range(within as u32) }
            }
        }
    }

    #[cold]
    fn overflow_range(&self, block: u32, within: usize) -> Range<u32> {
        let starts = self.overflow.get(block as usize * OVERFLOW_BYTES..);
        starts.map_or(0..0, |starts| explicit(starts, within))
    }
}

/// The start numbered `position` and the one behind it.
#[inline(always)]
fn explicit(starts: &[u8], position: usize) -> Range<u32> {
    let Some(pair) = starts.get(4 * position..).and_then(|bytes| bytes.first_chunk::<8>()) else {
        return 0..0;
    };
    let pair = u64::from_le_bytes(*pair);
    pair as u32..(pair >> 32) as u32
}

struct Block {
    start: u32,
    high: u32,
    low: u64,
}

impl Block {
    #[inline(always)]
    const fn read(bytes: &[u8; BLOCK_BYTES]) -> Self {
        let both = u128::from_le_bytes(*bytes);
        Self { start: both as u32, high: (both >> 32) as u32, low: (both >> 64) as u64 }
    }

    #[inline(always)]
    const fn is_overflow(&self) -> bool {
        self.low == u64::MAX && self.high == u32::MAX
    }

    /// The entries of the value that is `within` the block, by adding up the counts before it: four bits at a time with
    /// one multiplication (at most 16 × 15, which a byte holds), two bits at a time by counting ones.
    #[inline(always)]
    const fn range(&self, within: u32) -> Range<u32> {
        const NIBBLES: u64 = 0x0f0f_0f0f_0f0f_0f0f;
        let low = self.low & ((1 << (4 * within)) - 1);
        let high = self.high & ((1 << (2 * within)) - 1);
        let sum = ((low & NIBBLES) + (low >> 4 & NIBBLES)).wrapping_mul(0x0101_0101_0101_0101) >> 56;
        let sum_high = (high & 0x5555_5555).count_ones() + 2 * (high & 0xaaaa_aaaa).count_ones();
        let count = (self.low >> (4 * within) & 15) as u32 | (self.high >> (2 * within) & 3) << 4;
        let start = self.start.wrapping_add(sum as u32 + 16 * sum_high);
        start..start.wrapping_add(count)
    }
}

/// Writes the directory whose value `v` has the entries from `ends[v - 1]` (0 for the first) to `ends[v]`: the bytes and
/// the overflow blocks.
pub(super) fn write(kind: Kind, ends: &[u32]) -> (Vec<u8>, Vec<u8>) {
    let (mut bytes, mut overflow) = (Vec::new(), Vec::new());
    match kind {
        Kind::Starts => {
            bytes.reserve_exact(4 * (ends.len() + 1));
            bytes.extend(0_u32.to_le_bytes());
            bytes.extend(ends.iter().flat_map(|end| end.to_le_bytes()));
        }
        Kind::Blocks => {
            bytes.reserve_exact(ends.len().div_ceil(BLOCK_VALUES) * BLOCK_BYTES);
            let mut start = 0;
            for ends in ends.chunks(BLOCK_VALUES) {
                bytes.extend(encode_block(start, ends, &mut overflow));
                start = ends[ends.len() - 1];
            }
        }
    }
    (bytes, overflow)
}

fn encode_block(start: u32, ends: &[u32], overflow: &mut Vec<u8>) -> [u8; BLOCK_BYTES] {
    let (mut before, mut low, mut high, mut fits, mut is_full) = (start, 0_u64, 0_u32, true, true);
    for (within, end) in ends.iter().enumerate() {
        let count = end - before;
        fits &= count <= MOST_IN_BLOCK;
        is_full &= count == MOST_IN_BLOCK;
        low |= u64::from(count & 15) << (4 * within);
        high |= (count >> 4 & 3) << (2 * within);
        before = *end;
    }
    // Sixteen full counts would look like the mark of an overflow.
    if fits && !(is_full && ends.len() == BLOCK_VALUES) {
        return (u128::from(low) << 64 | u128::from(high) << 32 | u128::from(start)).to_le_bytes();
    }
    let number = overflow.len() / OVERFLOW_BYTES;
    overflow.extend(start.to_le_bytes());
    let padded = ends.iter().chain(std::iter::repeat(&before)).take(BLOCK_VALUES);
    overflow.extend(padded.flat_map(|end| end.to_le_bytes()));
    (!0_u128 << 32 | number as u128).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(counts: &[u32]) {
        let ends: Vec<u32> = counts
            .iter()
            .scan(0, |end, count| {
                *end += count;
                Some(*end)
            })
            .collect();
        for kind in [Kind::Blocks, Kind::Starts] {
            let (bytes, overflow) = write(kind, &ends);
            let directory = Directory { kind, bytes: &bytes, overflow: &overflow };
            for (value, (count, end)) in counts.iter().zip(&ends).enumerate() {
                assert_eq!(directory.range(value as u32), end - count..*end, "{kind:?}, value {value} of {counts:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_value_has_its_entries(counts in prop::collection::vec(prop_oneof![0_u32..4, 60_u32..70, 0_u32..100_000], 1..70)) {
            check(&counts);
        }

        #[test]
        fn bytes_that_no_builder_wrote_give_some_range(
            bytes in prop::collection::vec(prop_oneof![Just(0xff_u8), any::<u8>()], 0..100), value in any::<u32>(),
        ) {
            for kind in [Kind::Blocks, Kind::Starts] {
                let directory = Directory { kind, bytes: &bytes, overflow: &bytes };
                directory.range(value % 64);
                directory.range(value);
            }
        }
    }

    #[test]
    fn counts_that_fill_a_block_or_burst_it_are_told_apart() {
        check(&[63; 16]);
        check(&[63; 32]);
        check(&[64, 0, 0]);
        check(&[15; 16]);
        check(&[0; 40]);
    }

    #[test]
    fn only_crowded_blocks_overflow() {
        let ends: Vec<u32> = (1..=64).map(|value| if value > 20 { 1000 + value } else { value }).collect();
        assert_eq!(write(Kind::Blocks, &ends).1.len(), OVERFLOW_BYTES);
    }
}
