//! Lists of hashes to search, and queries for them.

use crate::random::random_words;

/// A PDQ hash as the index holds it.
pub(crate) type Hash = [u64; 4];

/// A list, sorted, and queries. All from fixed seeds.
pub(crate) struct List {
    pub(crate) hashes: Vec<Hash>,
    pub(crate) queries: Vec<Hash>,
}

/// What a list is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Random hashes; three of four queries are random too, one is up to 31 bits from a hash.
    Uniform,
    /// Half of the hashes lie within 20 bits of another, in clusters of 2 to 50, as copies of pictures do; so do half of
    /// the queries.
    Clustered,
    /// A tenth of the hashes, and half of the queries, differ in up to 12 bits from all zeros or all ones.
    NearConstant,
    /// Three hashes have 200, 2,000 and 20,000 others within 10 bits; half of the queries are among these.
    ManyMatches,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Clustered => "clustered",
            Self::NearConstant => "near-constant",
            Self::ManyMatches => "many matches",
        }
    }
}

impl List {
    /// `len` hashes and `queries` queries.
    pub(crate) fn new(kind: Kind, len: usize, queries: usize) -> Self {
        let mut word = random_words(len as u64 ^ (kind as u64) << 40);
        let mut hashes: Vec<Hash> = (0..len).map(|_| std::array::from_fn(|_| word())).collect();
        match kind {
            Kind::Uniform => {}
            Kind::Clustered => cluster(&mut hashes, &mut word),
            Kind::NearConstant => {
                for (row, hash) in hashes[..len / 10].iter_mut().enumerate() {
                    *hash = near(&constant(row), 12, &mut word);
                }
            }
            Kind::ManyMatches => {
                for (start, size) in [(0, 200), (1_000, 2_000), (10_000, 20_000)] {
                    let centre = hashes[start];
                    hashes[start..][..size].fill_with(|| near(&centre, 10, &mut word));
                }
            }
        }
        let queries = (0..queries).map(|number| query(kind, number, &hashes, &mut word)).collect();
        hashes.sort_unstable();
        Self { hashes, queries }
    }
}

fn query(kind: Kind, number: usize, hashes: &[Hash], word: &mut impl FnMut() -> u64) -> Hash {
    let random = std::array::from_fn(|_| word());
    let any = hashes[word() as usize % hashes.len()];
    match (kind, number % 4) {
        (Kind::Uniform, 0) => near(&any, 31, word),
        (Kind::Clustered, 0 | 1) => near(&hashes[word() as usize % (hashes.len() / 2)], 20, word),
        (Kind::NearConstant, 0 | 1) => near(&constant(number / 2), 12, word),
        (Kind::ManyMatches, 0 | 1) => near(&hashes[[0, 1_000, 10_000][number / 4 % 3]], 10, word),
        _ => random,
    }
}

fn cluster(hashes: &mut [Hash], word: &mut impl FnMut() -> u64) {
    let (mut row, end) = (0, hashes.len() / 2);
    while row < end {
        let size = (2 + word() as usize % 49).min(end - row);
        let centre = hashes[row];
        // Ten bits from a centre are at most twenty from each other.
        hashes[row..][..size].fill_with(|| near(&centre, 10, word));
        row += size;
    }
}

const fn constant(number: usize) -> Hash {
    if number.is_multiple_of(2) { [0; 4] } else { [!0; 4] }
}

/// `hash` with up to `most` bits changed.
fn near(hash: &Hash, most: u64, word: &mut impl FnMut() -> u64) -> Hash {
    let mut near = *hash;
    for _ in 0..word() % (most + 1) {
        let bit = word() as usize % 256;
        near[bit / 64] ^= 1 << (bit % 64);
    }
    near
}
