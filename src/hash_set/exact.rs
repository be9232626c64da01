//! Looks digests up exactly.
//!
//! A sorted column of fingerprints (a digest's first eight bytes) is searched by bisection, so that a miss, the usual
//! answer, touches 8 bytes a step and never a digest. Only the full digest decides.

/// Digests of `B` bytes, by row.
pub(super) struct ExactIndex<const B: usize> {
    digests: Vec<[u8; B]>,
    /// Ascending; equal ones by ascending row.
    fingerprints: Vec<u64>,
    /// The row behind each fingerprint.
    rows: Vec<u32>,
}

impl<const B: usize> ExactIndex<B> {
    /// An index of `digests`, at most 2³² of them and each of at least eight bytes. Equal digests may repeat.
    pub(super) fn new(digests: Vec<[u8; B]>) -> Self {
        let mut order: Vec<(u64, u32)> = digests.iter().map(fingerprint).zip(0..).collect();
        order.sort_unstable();
        let (fingerprints, rows) = order.into_iter().unzip();
        Self { digests, fingerprints, rows }
    }

    /// Number of digests.
    pub(super) const fn len(&self) -> usize {
        self.digests.len()
    }

    /// The digests by row.
    pub(super) fn digests(&self) -> &[[u8; B]] {
        &self.digests
    }

    /// Every row that holds `digest`, ascending.
    pub(super) fn find(&self, digest: &[u8; B]) -> impl Iterator<Item = u32> {
        let wanted = fingerprint(digest);
        let start = self.fingerprints.partition_point(|fingerprint| *fingerprint < wanted);
        let alike = self.fingerprints[start..].iter().take_while(move |fingerprint| **fingerprint == wanted);
        alike.zip(&self.rows[start..]).map(|(_, row)| *row).filter(|row| self.digests[*row as usize] == *digest)
    }
}

fn fingerprint<const B: usize>(digest: &[u8; B]) -> u64 {
    digest.iter().take(8).fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Few distinct bytes at two places make equal digests, and equal fingerprints of unequal ones, common.
        #[test]
        fn every_equal_digest_is_found_and_no_other(
            listed in prop::collection::vec((0_u8..4, 0_u8..3), 0..60),
            query in (0_u8..5, 0_u8..4),
        ) {
            let digest = |(head, tail)| {
                let mut digest = [0_u8; 16];
                (digest[7], digest[15]) = (head, tail);
                digest
            };
            let index = ExactIndex::new(listed.iter().copied().map(digest).collect());
            let naive = (0..).zip(&listed).filter(|(_, pair)| **pair == query).map(|(row, _)| row);
            prop_assert_eq!(index.find(&digest(query)).collect::<Vec<u32>>(), naive.collect::<Vec<_>>());
        }
    }
}
