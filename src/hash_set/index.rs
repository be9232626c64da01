//! The index that each algorithm gets: exact for digests, by distance for perceptual hashes.

use super::exact::ExactIndex;
use super::hamming::{HammingIndex, Neighbour};
use crate::content::{Algorithm, Distance, Hash64, HashValue, PdqHash};

/// All hashes of one algorithm, by row.
pub(super) enum HashIndex {
    Md5(ExactIndex<16>),
    Sha1(ExactIndex<20>),
    Sha256(ExactIndex<32>),
    Pdq(HammingIndex<4>),
    AHash(HammingIndex<1>),
    DHash(HammingIndex<1>),
    PHash(HammingIndex<1>),
}

impl HashIndex {
    /// An index of the hashes that lie end to end in `bytes`.
    pub(super) fn new(algorithm: Algorithm, bytes: &[u8]) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5(ExactIndex::new(bytes.as_chunks().0.to_vec())),
            Algorithm::Sha1 => Self::Sha1(ExactIndex::new(bytes.as_chunks().0.to_vec())),
            Algorithm::Sha256 => Self::Sha256(ExactIndex::new(bytes.as_chunks().0.to_vec())),
            Algorithm::Pdq => {
                let hashes = bytes.as_chunks().0.iter().map(|hash| PdqHash(*hash).words());
                Self::Pdq(HammingIndex::new(&hashes.collect::<Vec<_>>()))
            }
            Algorithm::AHash => Self::AHash(words_index(bytes)),
            Algorithm::DHash => Self::DHash(words_index(bytes)),
            Algorithm::PHash => Self::PHash(words_index(bytes)),
        }
    }

    /// The algorithm of every hash in it.
    pub(super) const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Md5(_) => Algorithm::Md5,
            Self::Sha1(_) => Algorithm::Sha1,
            Self::Sha256(_) => Algorithm::Sha256,
            Self::Pdq(_) => Algorithm::Pdq,
            Self::AHash(_) => Algorithm::AHash,
            Self::DHash(_) => Algorithm::DHash,
            Self::PHash(_) => Algorithm::PHash,
        }
    }

    /// Number of hashes.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Md5(index) => index.len(),
            Self::Sha1(index) => index.len(),
            Self::Sha256(index) => index.len(),
            Self::Pdq(index) => index.len(),
            Self::AHash(index) | Self::DHash(index) | Self::PHash(index) => index.len(),
        }
    }

    /// The hash in row `row`.
    pub(super) fn hash(&self, row: u32) -> HashValue {
        match self {
            Self::Md5(index) => HashValue::Md5(index.digests()[row as usize]),
            Self::Sha1(index) => HashValue::Sha1(index.digests()[row as usize]),
            Self::Sha256(index) => HashValue::Sha256(index.digests()[row as usize]),
            Self::Pdq(index) => HashValue::Pdq(pdq_of(&index.hash(row))),
            Self::AHash(index) => HashValue::AHash(hash64_of(index.hash(row))),
            Self::DHash(index) => HashValue::DHash(hash64_of(index.hash(row))),
            Self::PHash(index) => HashValue::PHash(hash64_of(index.hash(row))),
        }
    }

    /// The rows that hold exactly `value`, ascending.
    pub(super) fn equal(&self, value: &HashValue) -> Vec<u32> {
        match (self, value) {
            (Self::Md5(index), HashValue::Md5(digest)) => index.find(digest).collect(),
            (Self::Sha1(index), HashValue::Sha1(digest)) => index.find(digest).collect(),
            (Self::Sha256(index), HashValue::Sha256(digest)) => index.find(digest).collect(),
            _ => self.near(&[*value], Distance(0)).into_iter().map(|neighbour| neighbour.row).collect(),
        }
    }

    /// The rows within `radius` of one of `queries`, each once with its least distance.
    ///
    /// Queries of another algorithm have no neighbours here.
    pub(super) fn near(&self, queries: &[HashValue], radius: Distance) -> Vec<Neighbour> {
        let own = || queries.iter().filter(|query| query.algorithm() == self.algorithm());
        match self {
            Self::Md5(_) | Self::Sha1(_) | Self::Sha256(_) => {
                let mut rows: Vec<u32> = own().flat_map(|query| self.equal(query)).collect();
                rows.sort_unstable();
                rows.dedup();
                rows.into_iter().map(|row| Neighbour { distance: Distance(0), row }).collect()
            }
            Self::Pdq(index) => index.find(&own().filter_map(pdq_words).collect::<Vec<_>>(), radius),
            Self::AHash(index) | Self::DHash(index) | Self::PHash(index) => {
                index.find(&own().filter_map(hash64_words).collect::<Vec<_>>(), radius)
            }
        }
    }
}

fn words_index(bytes: &[u8]) -> HammingIndex<1> {
    HammingIndex::new(&bytes.as_chunks().0.iter().map(|hash| [Hash64(*hash).word()]).collect::<Vec<_>>())
}

fn pdq_words(value: &HashValue) -> Option<[u64; 4]> {
    match value {
        HashValue::Pdq(hash) => Some(hash.words()),
        _ => None,
    }
}

const fn hash64_words(value: &HashValue) -> Option<[u64; 1]> {
    match value {
        HashValue::AHash(hash) | HashValue::DHash(hash) | HashValue::PHash(hash) => Some([hash.word()]),
        _ => None,
    }
}

fn pdq_of(words: &[u64; 4]) -> PdqHash {
    let mut bytes = [0; 32];
    for (chunk, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *chunk = word.to_be_bytes();
    }
    PdqHash(bytes)
}

const fn hash64_of(words: [u64; 1]) -> Hash64 {
    Hash64(words[0].to_be_bytes())
}
