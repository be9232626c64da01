//! Slots of a hash, and the table from a slot's value to the rows that have it.

use std::ops::Range;

/// A directory has an entry for each value, so a slot of 28 bits takes 1 GiB. Wider ones are never worth it.
const MAX_BITS: usize = 28;

/// A run of bits of a hash. Bit 0 is the lowest of the first word, bit 64 the lowest of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    start: usize,
    bits: usize,
}

impl Slot {
    /// Width in bits, at most 28.
    pub(super) const fn bits(self) -> usize {
        self.bits
    }

    /// The value of these bits in `hash`.
    pub(super) const fn value<const W: usize>(self, hash: &[u64; W]) -> u32 {
        let (word, shift) = (self.start / 64, self.start % 64);
        let mut value = hash[word] >> shift;
        if shift + self.bits > 64 {
            value |= hash[word + 1] << (64 - shift);
        }
        (value & ((1 << self.bits) - 1)) as u32
    }
}

/// The slots for `len` hashes of `hash_bits` bits: about log₂ `len` bits each, so that a value has about one row.
pub(super) fn slots_for(hash_bits: usize, len: usize) -> Vec<Slot> {
    let bits = (len.max(2).ilog2() as usize).min(MAX_BITS);
    cut(hash_bits, (hash_bits + bits / 2) / bits)
}

/// Cuts `hash_bits` bits into `count` slots that differ in width by at most one, or into more to keep them narrow.
pub(super) fn cut(hash_bits: usize, count: usize) -> Vec<Slot> {
    let count = count.clamp(hash_bits.div_ceil(MAX_BITS), hash_bits);
    let boundary = |position: usize| position * hash_bits / count;
    (0..count)
        .map(|position| Slot { start: boundary(position), bits: boundary(position + 1) - boundary(position) })
        .collect()
}

/// For each value of a slot, the rows whose hash has it.
pub(super) struct SlotTable {
    slot: Slot,
    /// Where the rows of each value start in `rows`, and one more: the end.
    starts: Vec<u32>,
    /// Rows sorted by value.
    rows: Vec<u32>,
}

impl SlotTable {
    /// Sorts the rows of `hashes` by their value in `slot`, by counting.
    pub(super) fn new<const W: usize>(slot: Slot, hashes: &[[u64; W]]) -> Self {
        let mut starts = vec![0_u32; (1 << slot.bits) + 1];
        for hash in hashes {
            starts[slot.value(hash) as usize] += 1;
        }
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        // Each start holds the value's end now. Filling backwards moves it down to the start, in order of rows.
        let mut rows = vec![0; hashes.len()];
        for (row, hash) in hashes.iter().enumerate().rev() {
            let start = &mut starts[slot.value(hash) as usize];
            *start -= 1;
            rows[*start as usize] = row as u32;
        }
        Self { slot, starts, rows }
    }

    /// The slot this table is for.
    pub(super) const fn slot(&self) -> Slot {
        self.slot
    }

    /// Where the rows with `value` stand. Kept apart from [`rows`](Self::rows) so that many buckets can be looked up
    /// before any is read.
    pub(super) fn bucket(&self, value: u32) -> Range<usize> {
        let value = value as usize;
        self.starts[value] as usize..self.starts[value + 1] as usize
    }

    /// The rows of a bucket.
    pub(super) fn rows(&self, bucket: Range<usize>) -> &[u32] {
        &self.rows[bucket]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_follow_each_other_and_cover_the_hash() {
        for (hash_bits, count) in [(256, 13), (256, 12), (256, 16), (256, 1), (64, 3), (64, 64), (64, 100)] {
            let slots = cut(hash_bits, count);
            let mut next = 0;
            for slot in &slots {
                assert_eq!(slot.start, next, "{hash_bits} bits in {count} slots");
                assert!((1..=MAX_BITS).contains(&slot.bits), "{hash_bits} bits in {count} slots: {slot:?}");
                next += slot.bits;
            }
            assert_eq!(next, hash_bits, "{count} slots");
        }
    }

    #[test]
    fn larger_lists_have_fewer_and_wider_slots() {
        let count = |len| slots_for(256, len).len();
        assert_eq!([100_000, 1_000_000, 10_000_000, 100_000_000].map(count), [16, 13, 11, 10]);
        assert_eq!(slots_for(64, 1_000_000).len(), 3);
    }

    #[test]
    fn a_slot_value_may_cross_words() {
        let hash = [0xabcd_0000_0000_0000, 0xef12];
        assert_eq!(Slot { start: 56, bits: 16 }.value(&hash), 0x12ab);
        assert_eq!(Slot { start: 63, bits: 2 }.value(&[1 << 63, 1]), 0b11);
        assert_eq!(Slot { start: 48, bits: 16 }.value(&hash), 0xabcd);
        assert_eq!(Slot { start: 64, bits: 12 }.value(&hash), 0xf12);
    }

    #[test]
    fn a_bucket_holds_the_rows_with_its_value_in_order() {
        let table = SlotTable::new(Slot { start: 4, bits: 2 }, &[[0x30], [0x10], [0xf0], [0x7f], [0x00]]);
        let rows = |value| table.rows(table.bucket(value)).to_vec();
        assert_eq!([0, 1, 2, 3].map(rows), [vec![4], vec![1], vec![], vec![0, 2, 3]]);
    }
}
