//! Sets of what keywords have, small enough for the first cache: Bloom filters whose bits for a key are in one word.

/// Bits for each entry: one place in a hundred that has nothing to do with a keyword passes, at most.
const BITS_EACH: usize = 16;

/// Bits of the smallest filter.
const LEAST_BITS: usize = 1 << 13;

/// A set of keys that may say that it has one which it has not: three bits for each, in one word.
#[derive(Debug)]
pub(super) struct Bits {
    words: Box<[u64]>,
    shift: u32,
}

impl Bits {
    /// A set of `keys`.
    pub(super) fn of(keys: Vec<u32>) -> Self {
        let bits = (keys.len() * BITS_EACH).next_power_of_two().max(LEAST_BITS);
        let words = bits / u64::BITS as usize;
        let mut made = Self { words: vec![0; words].into(), shift: u64::BITS - words.ilog2() };
        for key in keys {
            let (word, bits) = made.place(key);
            made.words[word] |= bits;
        }
        made
    }

    /// Fibonacci hashing: the upper bits of a product depend on all of the key.
    const fn place(&self, key: u32) -> (usize, u64) {
        let hash = (key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((hash >> self.shift) as usize, 1 << (hash >> 40 & 63) | 1 << (hash >> 34 & 63) | 1 << (hash >> 28 & 63))
    }

    /// Whether `key` is one of them, or looks like one.
    pub(super) fn has(&self, key: u32) -> bool {
        let (word, bits) = self.place(key);
        self.words[word] & bits == bits
    }
}
