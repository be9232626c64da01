//! Looks digests up exactly.
//!
//! Digests stand sorted, so equal ones are neighbours, and a directory tells where those with the same first bits start.
//! It has about one number for four digests, so a lookup is two cache misses: one in the directory, one among the
//! digests, of which four of the shortest share a line. Digests are evenly spread; of a list whose digests are not, a
//! bucket is long, and is bisected.

use std::ops::Range;

/// Digests that share a number of the directory, on average.
const PER_BUCKET: usize = 4;

/// The most bits of a directory, which then takes 1 GiB.
const MAX_BITS: u32 = 28;

/// Digests of `B` bytes, at least four, that are searched as they stand.
#[derive(Clone, Copy)]
pub struct ExactIndex<'a, const B: usize> {
    /// Ascending.
    digests: &'a [[u8; B]],
    /// Where the digests with each value of the first bits start, and one more: the end. Its length tells the bits.
    directory: &'a [u32],
}

impl<'a, const B: usize> ExactIndex<'a, B> {
    /// The index of `digests`, which ascend, with the `directory` that [`directory_of`] made for them.
    ///
    /// Another directory makes it miss digests, and nothing worse.
    pub const fn new(digests: &'a [[u8; B]], directory: &'a [u32]) -> Self {
        Self { digests, directory }
    }

    /// The positions that hold `digest`.
    pub fn find(self, digest: &[u8; B]) -> Range<u32> {
        let bucket = self.bucket(digest);
        let Some(digests) = self.digests.get(bucket.clone()) else {
            return 0..0;
        };
        let start = digests.partition_point(|listed| listed < digest);
        let length = digests[start..].iter().take_while(|listed| *listed == digest).count();
        let first = (bucket.start + start) as u32;
        first..first + length as u32
    }

    fn bucket(self, digest: &[u8; B]) -> Range<usize> {
        match self.directory.len().saturating_sub(1).checked_ilog2() {
            None => 0..self.digests.len(),
            Some(bits) => {
                let value = first_bits(digest, bits.min(u32::BITS));
                self.directory[value] as usize..self.directory[value + 1] as usize
            }
        }
    }
}

/// The directory of `digests`, which ascend: none for a few.
pub fn directory_of<const B: usize>(digests: &[[u8; B]]) -> Vec<u32> {
    let bits = (digests.len() / PER_BUCKET).checked_ilog2().unwrap_or(0).min(MAX_BITS);
    if bits == 0 {
        return Vec::new();
    }
    let mut directory = vec![0; (1 << bits) + 1];
    for digest in digests {
        directory[first_bits(digest, bits) + 1] += 1;
    }
    let mut end = 0;
    for start in &mut directory {
        end += *start;
        *start = end;
    }
    directory
}

/// The first `bits` bits, at most 32, as a number.
fn first_bits<const B: usize>(digest: &[u8; B], bits: u32) -> usize {
    let first = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    (u64::from(first) >> (32 - bits)) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digest(head: u8, middle: u8, tail: u8) -> [u8; 16] {
        let mut digest = [0; 16];
        (digest[0], digest[1], digest[15]) = (head, middle, tail);
        digest
    }

    proptest! {
        /// Few distinct bytes at three places make equal digests, and equal first bits of unequal ones, common.
        #[test]
        fn every_equal_digest_is_found_and_no_other(
            listed in prop::collection::vec((any::<u8>(), 0_u8..3, 0_u8..3), 0..200),
            query in (any::<u8>(), 0_u8..4, 0_u8..4),
            picked in any::<prop::sample::Index>(),
        ) {
            let mut digests: Vec<_> = listed.into_iter().map(|(a, b, c)| digest(a, b, c)).collect();
            digests.sort_unstable();
            let directory = directory_of(&digests);
            prop_assert_eq!(directory.is_empty(), digests.len() < 2 * PER_BUCKET);
            let index = ExactIndex::new(&digests, &directory);
            let member = digests.get(picked.index(digests.len().max(1))).copied();
            for query in [digest(query.0, query.1, query.2)].into_iter().chain(member) {
                let naive: Vec<u32> = (0..).zip(&digests).filter(|(_, listed)| **listed == query).map(|(row, _)| row).collect();
                prop_assert_eq!(index.find(&query).collect::<Vec<u32>>(), naive);
            }
        }

        #[test]
        fn a_directory_of_anything_makes_no_panic(
            directory in prop::collection::vec(any::<u32>(), 0..20), query in any::<[u8; 16]>(),
        ) {
            let digests = [[0; 16], [7; 16], [255; 16]];
            ExactIndex::new(&digests, &directory).find(&query);
        }
    }
}
