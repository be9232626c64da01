//! The entries of one algorithm in a compiled set.

use super::about::AboutColumns;
use super::column::{Column, u32s, words};
use super::file::{OpenError, SectionKind, SectionName, SetFile};
use super::records::Records;
use crate::content::{Algorithm, Distance, Hash64, HashValue, PdqHash};
use crate::hash_set::entry::Entry;
use crate::hash_set::exact::ExactIndex;
use crate::hash_set::hamming::{Completeness, Found, Layout, Neighbour, View};

/// Rows of one algorithm, sorted by hash.
#[derive(Clone)]
pub(in crate::hash_set) struct Table {
    algorithm: Algorithm,
    len: u32,
    hashes: Column,
    index: Index,
    about: AboutColumns,
}

/// What finds rows by their hashes.
#[derive(Clone)]
enum Index {
    /// See [`ExactIndex`].
    Exact { directory: Column },
    /// See [`View`].
    Hamming { layout: Layout, tables: Column },
}

impl Table {
    /// The table of `algorithm` in `file`; `None` when the set has no such hashes.
    ///
    /// # Errors
    /// [`OpenError::Senseless`].
    pub(super) fn open(file: &SetFile, algorithm: Algorithm) -> Result<Option<Self>, OpenError> {
        let section = |kind| file.section(SectionName { kind, owner: algorithm.code() });
        let hashes = section(SectionKind::Hashes);
        if hashes.is_empty() {
            return Ok(None);
        }
        let senseless = OpenError::Senseless { part: "the section of hashes" };
        let len = u32::try_from(hashes.len() / algorithm.byte_len()).map_err(|_| senseless)?;
        if !hashes.len().is_multiple_of(algorithm.byte_len()) || len == u32::MAX {
            return Err(senseless);
        }
        let about = AboutColumns {
            profiles: section(SectionKind::RowProfiles),
            texts: section(SectionKind::RowTexts),
            text_starts: section(SectionKind::RowTextStarts),
        };
        let index = if algorithm.is_perceptual() {
            let layout = Layout::from_words(u32s(&section(SectionKind::Layout)));
            let layout = layout.map_err(|_| OpenError::Senseless { part: "the layout of an index" })?;
            Index::Hamming { layout, tables: section(SectionKind::IndexTables) }
        } else {
            Index::Exact { directory: section(SectionKind::Directory) }
        };
        let table = Self { algorithm, len, hashes, index, about };
        if table.is_indexed() { Ok(Some(table)) } else { Err(OpenError::Senseless { part: "the layout of an index" }) }
    }

    /// Whether the index is for these hashes.
    fn is_indexed(&self) -> bool {
        match self.algorithm {
            Algorithm::Pdq => self.view::<4>().is_some(),
            Algorithm::AHash | Algorithm::DHash | Algorithm::PHash => self.view::<1>().is_some(),
            Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha512 => true,
        }
    }

    fn view<const W: usize>(&self) -> Option<View<'_, W>> {
        match &self.index {
            Index::Hamming { layout, tables } => View::new(layout, words(&self.hashes), tables).ok(),
            Index::Exact { .. } => None,
        }
    }

    /// The algorithm of its hashes.
    pub(in crate::hash_set) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Number of rows.
    pub(in crate::hash_set) const fn len(&self) -> usize {
        self.len as usize
    }

    /// The hash in row `row`, which must be below `len`.
    pub(in crate::hash_set) fn hash(&self, row: u32) -> HashValue {
        let row = row as usize;
        match self.algorithm {
            Algorithm::Pdq => HashValue::Pdq(PdqHash::from_words(words::<4>(&self.hashes)[row])),
            Algorithm::AHash => HashValue::AHash(self.hash64(row)),
            Algorithm::DHash => HashValue::DHash(self.hash64(row)),
            Algorithm::PHash => HashValue::PHash(self.hash64(row)),
            Algorithm::Md5 => HashValue::Md5(self.digests()[row]),
            Algorithm::Sha1 => HashValue::Sha1(self.digests()[row]),
            Algorithm::Sha256 => HashValue::Sha256(self.digests()[row]),
            Algorithm::Sha512 => HashValue::Sha512(self.digests()[row]),
        }
    }

    fn hash64(&self, row: usize) -> Hash64 {
        Hash64(words::<1>(&self.hashes)[row][0].to_be_bytes())
    }

    fn digests<const B: usize>(&self) -> &[[u8; B]] {
        self.hashes.as_chunks().0
    }

    /// What the set says about row `row`.
    pub(in crate::hash_set) fn entry<'a>(&'a self, row: u32, shared: Records<'a>) -> Entry<'a> {
        let about = self.about.about(row as usize, self.len as usize, shared);
        Entry { hash: self.hash(row), about }
    }

    /// The id of each row, in order; may end before the last row.
    pub(in crate::hash_set) fn ids(&self) -> impl Iterator<Item = Option<&str>> {
        self.about.ids()
    }

    /// The rows that hold exactly `value`, ascending; they are next to each other.
    pub(in crate::hash_set) fn equal(&self, value: &HashValue) -> std::ops::Range<u32> {
        match value {
            HashValue::Md5(digest) => self.exact().find(digest),
            HashValue::Sha1(digest) => self.exact().find(digest),
            HashValue::Sha256(digest) => self.exact().find(digest),
            HashValue::Sha512(digest) => self.exact().find(digest),
            HashValue::Pdq(hash) => equal_words(words(&self.hashes), &hash.words()),
            HashValue::AHash(hash) | HashValue::DHash(hash) | HashValue::PHash(hash) => {
                equal_words(words(&self.hashes), &[hash.word()])
            }
        }
    }

    /// The rows within `radius` of one of `queries`, each once with its least distance.
    ///
    /// Queries of another algorithm have no neighbours here.
    pub(in crate::hash_set) fn near(&self, queries: &[HashValue], radius: Distance) -> Found {
        let own = queries.iter().filter(|query| query.algorithm() == self.algorithm);
        match self.algorithm {
            Algorithm::Pdq => self.near_words::<4>(own.filter_map(pdq_words), radius),
            Algorithm::AHash | Algorithm::DHash | Algorithm::PHash => {
                self.near_words::<1>(own.filter_map(hash64_words), radius)
            }
            Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha512 => {
                let mut rows: Vec<u32> = own.flat_map(|query| self.equal(query)).collect();
                rows.sort_unstable();
                rows.dedup();
                let neighbours = rows.into_iter().map(|row| Neighbour { distance: Distance(0), row }).collect();
                Found { neighbours, completeness: Completeness::Complete }
            }
        }
    }

    /// The nearest of these rows, with whether there may be a nearer one.
    pub(in crate::hash_set) fn nearest(
        &self,
        queries: &[HashValue],
        radius: Distance,
    ) -> (Option<Neighbour>, Completeness) {
        let own = queries.iter().filter(|query| query.algorithm() == self.algorithm);
        match self.algorithm {
            Algorithm::Pdq => self.nearest_words::<4>(own.filter_map(pdq_words), radius),
            Algorithm::AHash | Algorithm::DHash | Algorithm::PHash => {
                self.nearest_words::<1>(own.filter_map(hash64_words), radius)
            }
            Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha512 => {
                (self.near(queries, radius).neighbours.first().copied(), Completeness::Complete)
            }
        }
    }

    fn near_words<const W: usize>(&self, queries: impl Iterator<Item = [u64; W]>, radius: Distance) -> Found {
        let queries: Vec<[u64; W]> = queries.collect();
        match self.view() {
            Some(view) if !queries.is_empty() => view.find(&queries, radius),
            _ => Found { neighbours: Vec::new(), completeness: Completeness::Complete },
        }
    }

    fn nearest_words<const W: usize>(
        &self,
        queries: impl Iterator<Item = [u64; W]>,
        radius: Distance,
    ) -> (Option<Neighbour>, Completeness) {
        let queries: Vec<[u64; W]> = queries.collect();
        match self.view() {
            Some(view) if !queries.is_empty() => view.nearest(&queries, radius),
            _ => (None, Completeness::Complete),
        }
    }

    fn exact<const B: usize>(&self) -> ExactIndex<'_, B> {
        let directory = match &self.index {
            Index::Exact { directory } => u32s(directory),
            Index::Hamming { .. } => &[],
        };
        ExactIndex::new(self.digests(), directory)
    }
}

fn equal_words<const W: usize>(hashes: &[[u64; W]], wanted: &[u64; W]) -> std::ops::Range<u32> {
    let start = hashes.partition_point(|hash| hash < wanted);
    let length = hashes[start..].iter().take_while(|hash| *hash == wanted).count();
    start as u32..(start + length) as u32
}

fn pdq_words(value: &HashValue) -> Option<[u64; 4]> {
    match value {
        HashValue::Pdq(hash) => Some(hash.words()),
        _ => None,
    }
}

fn hash64_words(value: &HashValue) -> Option<[u64; 1]> {
    match value {
        HashValue::AHash(hash) | HashValue::DHash(hash) | HashValue::PHash(hash) => Some([hash.word()]),
        _ => None,
    }
}
