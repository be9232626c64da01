//! Named lists of known hashes, and the indexes that tell which entries a part matches.
//!
//! A [`HashSet`] is built once, from a file's bytes, and never changes. Digests are looked up exactly, perceptual
//! hashes within a Hamming distance; both answer with every entry there is, so that a missed match is never the
//! index's doing. The modules under `format` read files and fill a `builder`; the indexes know nothing of files.

mod builder;
mod columns;
mod entry;
mod exact;
mod format;
pub mod hamming;
mod index;

use std::fmt;

use self::builder::HashSetBuilder;
pub use self::builder::SetFull;
use self::columns::{EntryColumns, TextColumn};
pub use self::entry::{Entry, EntryIndex};
pub use self::format::csv::{RowProblem, RowProblemKind, RowProblems};
use self::index::HashIndex;
use crate::content::{Algorithm, AlgorithmSet, Distance, HashValue};

/// A list of hashes with what is known about each of them.
pub struct HashSet {
    /// One table an algorithm that occurs, by ascending `first`.
    tables: Vec<Table>,
    /// The texts that many entries share.
    names: TextColumn,
}

/// The entries of one algorithm: rows `0..index.len()`, known outside as `first + row`.
struct Table {
    first: u32,
    index: HashIndex,
    columns: EntryColumns,
}

/// An entry within the radius of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Near {
    /// Distance to the nearest query.
    pub distance: Distance,
    /// The entry.
    pub entry: EntryIndex,
}

impl HashSet {
    /// Reads a list in Penstock's CSV format, which [`RowProblemKind`] and the module `format::csv` describe.
    ///
    /// Takes about a second for a million rows. All or nothing: a list with a single bad row is refused.
    ///
    /// # Errors
    /// [`RowProblems`] holds every problem of the file, up to a limit, each with its line and column.
    pub fn from_csv(bytes: &[u8]) -> Result<Self, RowProblems> {
        format::csv::read(bytes)
    }

    /// Reads several lists into one set, as if they were one. The same id may stand in more than one of them.
    ///
    /// # Errors
    /// The problems of every list that has any, by its position.
    pub fn from_csv_files<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Vec<(usize, RowProblems)>> {
        let (mut builder, mut problems) = (HashSetBuilder::default(), Vec::new());
        for (position, bytes) in files.into_iter().enumerate() {
            match format::csv::read_into(bytes, std::mem::take(&mut builder)) {
                Ok(filled) => builder = filled,
                Err(found) => problems.push((position, found)),
            }
        }
        if problems.is_empty() { Ok(builder.build()) } else { Err(problems) }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.tables.iter().map(|table| table.index.len()).sum()
    }

    /// Whether the list has no entries, and so never matches.
    pub const fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The algorithms that at least one entry uses: what a part must be hashed with to ask this set.
    pub fn algorithms(&self) -> AlgorithmSet {
        self.tables.iter().map(|table| table.index.algorithm()).collect()
    }

    /// Number of entries with a hash of `algorithm`.
    pub fn count(&self, algorithm: Algorithm) -> usize {
        self.table(algorithm).map_or(0, |table| table.index.len())
    }

    /// What the list says about an entry.
    ///
    /// # Panics
    /// May panic when `entry` was given by another set: an index means something only in the set it came from.
    pub fn entry(&self, entry: EntryIndex) -> Entry<'_> {
        let table = &self.tables[self.tables.partition_point(|table| table.first <= entry.0) - 1];
        let row = entry.0 - table.first;
        table.columns.entry(row as usize, table.index.hash(row), &self.names)
    }

    /// Every entry that lists exactly `value`, in the order of the list.
    ///
    /// The same hash may stand in a list under several ids; all of them are returned.
    pub fn find_digest(&self, value: &HashValue) -> Vec<EntryIndex> {
        let Some(table) = self.table(value.algorithm()) else {
            return Vec::new();
        };
        table.index.equal(value).into_iter().map(|row| EntryIndex(table.first + row)).collect()
    }

    /// Every entry within `radius` of one of `queries`, nearest first, then in the order of the list.
    ///
    /// A query is compared with the entries of its own algorithm; a digest is at distance 0 or nowhere. An entry
    /// occurs once, with its distance to the nearest query: give all rotated and mirrored hashes of a picture at once.
    pub fn find_near(&self, queries: &[HashValue], radius: Distance) -> Vec<Near> {
        let mut near = Vec::new();
        for table in &self.tables {
            near.extend(table.index.near(queries, radius).into_iter().map(|neighbour| Near {
                distance: neighbour.distance,
                entry: EntryIndex(table.first + neighbour.row),
            }));
        }
        near.sort_unstable();
        near
    }

    fn table(&self, algorithm: Algorithm) -> Option<&Table> {
        self.tables.iter().find(|table| table.index.algorithm() == algorithm)
    }
}

/// Only the size: entries are no matter for logs.
impl fmt::Debug for HashSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashSet").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
