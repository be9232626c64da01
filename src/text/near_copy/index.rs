//! Which known texts have a fingerprint.
//!
//! Fingerprints are sorted; a directory by their top bits, about one entry a fingerprint, leads to one or two of them. So a
//! look-up takes two reads of memory, and a fingerprint sixteen bytes.

use super::digest::TextDigest;

/// Texts that one fingerprint leads to at most. What more have in common, such as the notice at the end of each, leads to
/// the first of them: otherwise each word of an upload could cost as much as there are texts.
const MOST_HOLDERS: usize = 64;

/// One text that has a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    /// The bits of the fingerprint that the directory does not tell.
    key: u32,
    /// Which text.
    pub(super) text: u32,
    /// Which of its fingerprints.
    pub(super) ordinal: u32,
}

/// All fingerprints of a list.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// By the top bits of a fingerprint, where in `holders` it would be.
    starts: Vec<u32>,
    shift: u32,
    holders: Vec<Holder>,
}

impl Index {
    pub(super) fn of(texts: &[TextDigest]) -> Self {
        let mut all: Vec<(u64, u32, u32)> = Vec::new();
        for (text, digest) in (0..).zip(texts) {
            all.extend((0..).zip(&digest.fingerprints).map(|(ordinal, hash)| (*hash, text, ordinal)));
        }
        all.sort_unstable();
        let mut run = (0, 0);
        all.retain(|(hash, ..)| {
            run = if *hash == run.0 { (run.0, run.1 + 1) } else { (*hash, 1) };
            run.1 <= MOST_HOLDERS
        });
        // At most 31 bits, so that the rest and the key overlap.
        let bits = all.len().max(2).ilog2().min(31);
        let shift = u64::BITS - bits;
        let mut starts = vec![0_u32; (1 << bits) + 1];
        all.iter().for_each(|(hash, ..)| starts[(hash >> shift) as usize + 1] += 1);
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let holder = |(hash, text, ordinal): (u64, u32, u32)| Holder { key: hash as u32, text, ordinal };
        Self { starts, shift, holders: all.into_iter().map(holder).collect() }
    }

    /// The texts that have `fingerprint`; by chance, for one other in four thousand million, one that has not.
    pub(super) fn holders(&self, fingerprint: u64) -> impl Iterator<Item = &Holder> {
        let at = (fingerprint >> self.shift) as usize;
        let bucket = &self.holders[self.starts[at] as usize..self.starts[at + 1] as usize];
        bucket.iter().filter(move |holder| holder.key == fingerprint as u32)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    fn digest(mut fingerprints: Vec<u64>) -> TextDigest {
        fingerprints.sort_unstable();
        fingerprints.dedup();
        TextDigest { id: Arc::from("t"), words: 0, tlsh: None, fingerprints }
    }

    fn found(index: &Index, fingerprint: u64) -> Vec<(u32, u32)> {
        let mut found: Vec<(u32, u32)> = index.holders(fingerprint).map(|h| (h.text, h.ordinal)).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn what_many_texts_have_leads_to_the_first() {
        let index = Index::of(&vec![digest(vec![7, 9]); 100]);
        assert_eq!(found(&index, 7), (0..64).map(|text| (text, 0)).collect::<Vec<_>>());
        assert_eq!(found(&index, 8), []);
        assert_eq!(found(&Index::of(&[]), 8), []);
    }

    proptest! {
        #[test]
        fn every_fingerprint_leads_to_its_texts(texts in prop::collection::vec(prop::collection::vec(0_u64..200, 0..20), 0..20)) {
            // Spread over all bits, as hashes are.
            let spread = |small: u64| small.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let texts: Vec<TextDigest> = texts.into_iter().map(|all| digest(all.into_iter().map(spread).collect())).collect();
            let index = Index::of(&texts);
            for hash in (0..200).map(spread) {
                let place = |(text, digest): (u32, &TextDigest)| Some((text, digest.fingerprints.binary_search(&hash).ok()? as u32));
                let expected: Vec<(u32, u32)> = (0..).zip(&texts).filter_map(place).collect();
                prop_assert_eq!(found(&index, hash), expected);
            }
        }
    }
}
