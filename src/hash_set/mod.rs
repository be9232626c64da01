//! Named lists of known hashes, and the indexes that tell which entries a part matches.
//!
//! A [`SetBuilder`] reads lists in any of the formats under `format`, and compiles them into one file, which is mapped
//! into memory and searched as it stands ([`Compiled`]). A [`HashSet`] is one compiled set, or several laid over each
//! other: a large one that seldom changes, and small ones with what was added and taken back since. Digests are looked
//! up exactly, perceptual hashes within a Hamming distance; the indexes know nothing of files.

mod builder;
pub mod compiled;
mod entry;
pub mod exact;
pub mod export;
pub mod format;
pub mod hamming;
mod layer;
mod problem;

use std::fmt;
use std::io::{Cursor, Seek, Write};
use std::sync::Arc;

pub use self::builder::{SetBuilder, SetFull};
pub use self::compiled::{Compiled, LoadError, OpenError, Progress, SetInfo, Silent, SourceInfo};
pub use self::entry::{About, Entry, EntryIndex, Item, KeptKind, RecordSink, Removal};
pub use self::problem::{ReadError, RowProblem, RowProblemKind, RowProblems};

use self::hamming::{Completeness, Found};
use self::layer::{Layer, TakenBack};
use crate::content::{Algorithm, AlgorithmSet, Distance, HashValue};

/// A list of hashes with what is known about each of them.
#[derive(Clone)]
pub struct HashSet {
    /// Oldest first.
    layers: Vec<Layer>,
}

/// An entry within the radius of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Near {
    /// Distance to the nearest query.
    pub distance: Distance,
    /// The entry.
    pub entry: EntryIndex,
}

/// Entries near a query, and whether there may be more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nearby {
    /// Nearest first, then in the order of the set.
    pub entries: Vec<Near>,
    /// Whether the search gave up before it had seen everything, because too much is alike. See [`hamming`].
    pub is_capped: bool,
}

impl SetBuilder {
    /// Adds everything that `set` lists and takes back, for merging.
    pub fn add_set(&mut self, set: &HashSet) {
        for layer in &set.layers {
            self.note_sources(layer.set.info());
            layer.set.removals().for_each(|removal| self.remove(&removal));
        }
        set.items().for_each(|(item, about)| self.list(item, &about));
    }

    /// Writes the set to the start of `out`, on at most `threads` threads.
    ///
    /// # Errors
    /// `out` cannot be written, or the set is too large ([`SetFull`]).
    pub fn compile<W: Write + Seek>(
        self,
        out: W,
        threads: usize,
        progress: &dyn Progress,
    ) -> std::io::Result<(W, SetInfo)> {
        compiled::compile(self, out, threads, progress)
    }

    /// The set in memory.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn build(self) -> std::io::Result<HashSet> {
        let (file, _) = self.compile(Cursor::new(Vec::new()), 1, &Silent)?;
        let compiled = Compiled::from_bytes(&file.into_inner()).map_err(std::io::Error::other)?;
        Ok(HashSet::of(Arc::new(compiled)))
    }
}

impl HashSet {
    /// The set that one compiled set is.
    pub fn of(set: Arc<Compiled>) -> Self {
        Self { layers: vec![Layer::new(set, &TakenBack::default())] }
    }

    /// The set that several make, oldest first: each takes back what it says it does of those before it.
    ///
    /// A search asks every layer, so a few are meant: one that is large, and what was added and taken back since. Layers
    /// past the 65,536th are not searched.
    pub fn layered(sets: Vec<Arc<Compiled>>) -> Self {
        let mut taken = TakenBack::default();
        let mut layers = Vec::with_capacity(sets.len());
        for set in sets.into_iter().rev() {
            layers.push(Layer::new(Arc::clone(&set), &taken));
            taken.add(&set);
        }
        layers.reverse();
        Self { layers }
    }

    /// The compiled sets it is made of, oldest first.
    pub fn compiled(&self) -> impl Iterator<Item = &Arc<Compiled>> {
        self.layers.iter().map(|layer| &layer.set)
    }

    /// Number of entries that uploads are compared with.
    pub fn len(&self) -> usize {
        self.layers.iter().map(|layer| (0..layer.set.tables().len()).map(|at| layer.rows(at)).sum::<usize>()).sum()
    }

    /// Number of records of its lists: entries, whether they count or not, and what takes them back. It becomes less
    /// when a list loses rows, and not when one takes entries back.
    pub fn records(&self) -> usize {
        let of_set = |set: &Compiled| {
            let tables = set.tables().iter().map(|table| table.len());
            let kept = set.kept_tables().iter().map(|table| table.len());
            tables.chain(kept).sum::<usize>() + set.removals().count()
        };
        self.compiled().map(|set| of_set(set)).sum()
    }

    /// Whether there are none, so that it never matches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The algorithms that at least one entry uses: what a part must be hashed with to ask this set.
    pub fn algorithms(&self) -> AlgorithmSet {
        self.counts().map(|(algorithm, _)| algorithm).collect()
    }

    /// Number of entries by algorithm, for those there are entries of.
    pub fn counts(&self) -> impl Iterator<Item = (Algorithm, usize)> {
        let counts = Algorithm::ALL.map(|algorithm| (algorithm, self.count(algorithm)));
        counts.into_iter().filter(|(_, count)| *count > 0)
    }

    /// Number of entries with a hash of `algorithm`.
    pub fn count(&self, algorithm: Algorithm) -> usize {
        let tables = self.layers.iter().filter_map(|layer| layer.table(algorithm).map(|(at, _)| layer.rows(at)));
        tables.sum()
    }

    /// What the list says about an entry.
    ///
    /// # Panics
    /// May panic when `entry` was given by another set: an index means something only in the set it came from.
    pub fn entry(&self, entry: EntryIndex) -> Entry<'_> {
        let set = &self.layers[usize::from(entry.layer)].set;
        set.tables()[usize::from(entry.table)].entry(entry.row, set.shared())
    }

    /// Every entry, by layer, algorithm and hash.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let tables = self.layers.iter().flat_map(|layer| {
            let tables = layer.set.tables().iter().enumerate();
            tables.map(move |(at, table)| (layer, at, table))
        });
        tables.flat_map(|(layer, at, table)| {
            let rows = (0..table.len() as u32).filter(move |row| layer.counts(at, *row));
            rows.map(move |row| table.entry(row, layer.set.shared()))
        })
    }

    /// What is kept without being compared with uploads.
    pub fn kept(&self) -> impl Iterator<Item = (Item<'_>, About<'_>)> {
        self.layers.iter().flat_map(Layer::kept)
    }

    /// Everything it lists: the entries, then what is kept.
    pub fn items(&self) -> impl Iterator<Item = (Item<'_>, About<'_>)> {
        let entries = self.entries().map(|entry| (Item::Hash(entry.hash), entry.about));
        entries.chain(self.kept())
    }

    /// How many items are kept by kind, for those there are items of.
    pub fn kept_counts(&self) -> impl Iterator<Item = (KeptKind, usize)> {
        let mut counts = KeptKind::ALL.map(|kind| (kind, 0));
        for (kind, count) in self.layers.iter().flat_map(Layer::kept_counts) {
            counts[kind as usize].1 += count;
        }
        counts.into_iter().filter(|(_, count)| *count > 0)
    }

    /// Every entry that lists exactly `value`.
    ///
    /// The same hash may stand in a list under several ids; all of them are returned.
    pub fn find_digest(&self, value: &HashValue) -> Vec<EntryIndex> {
        let mut found = Vec::new();
        for (layer, number) in self.layers.iter().zip(0..) {
            if let Some((at, table)) = layer.table(value.algorithm()) {
                let rows = table.equal(value).filter(|row| layer.counts(at, *row));
                found.extend(rows.map(|row| EntryIndex { layer: number, table: at as u16, row }));
            }
        }
        found
    }

    /// Whether some list of the set has `value`, also where another one takes it back.
    pub fn lists(&self, value: &HashValue) -> bool {
        let tables = self.layers.iter().filter_map(|layer| layer.table(value.algorithm()));
        tables.into_iter().any(|(_, table)| table.equal(value).next().is_some())
    }

    /// The hashes of about `count` entries from all over the set, or of all where it has no more.
    pub fn sample(&self, count: usize) -> impl Iterator<Item = HashValue> {
        let step = self.len().div_ceil(count.max(1)).max(1);
        let tables = self.layers.iter().flat_map(|layer| {
            let tables = layer.set.tables().iter().enumerate();
            tables.map(move |(at, table)| (layer, at, table))
        });
        tables.flat_map(move |(layer, at, table)| {
            let rows = (0..table.len() as u32).step_by(step).filter(move |row| layer.counts(at, *row));
            rows.map(|row| table.hash(row))
        })
    }

    /// Every entry within `radius` of one of `queries`, nearest first, then in the order of the set.
    ///
    /// A query is compared with the entries of its own algorithm; a digest is at distance 0 or nowhere. An entry
    /// occurs once, with its distance to the nearest query: give all rotated and mirrored hashes of a picture at once.
    pub fn find_near(&self, queries: &[HashValue], radius: Distance) -> Nearby {
        let mut nearby = Nearby::default();
        for (layer, number) in self.layers.iter().zip(0..) {
            for (at, table) in layer.set.tables().iter().enumerate() {
                let Found { neighbours, completeness } = table.near(queries, radius);
                nearby.is_capped |= completeness == Completeness::Capped;
                let rows = neighbours.into_iter().filter(|near| layer.counts(at, near.row));
                nearby.entries.extend(rows.map(|near| Near {
                    distance: near.distance,
                    entry: EntryIndex { layer: number, table: at as u16, row: near.row },
                }));
            }
        }
        nearby.entries.sort_unstable();
        nearby
    }

    /// The first of the entries that [`find_near`](Self::find_near) finds, at any radius without the others.
    pub fn find_nearest(&self, queries: &[HashValue], radius: Distance) -> Nearby {
        let mut nearby = Nearby::default();
        for (layer, number) in self.layers.iter().zip(0..) {
            for (at, table) in layer.set.tables().iter().enumerate() {
                let (mut nearest, mut completeness) = table.nearest(queries, radius);
                if nearest.is_some_and(|near| !layer.counts(at, near.row)) {
                    let all = table.near(queries, radius);
                    nearest = all.neighbours.into_iter().find(|near| layer.counts(at, near.row));
                    completeness = all.completeness;
                }
                nearby.is_capped |= completeness == Completeness::Capped;
                nearby.entries.extend(nearest.map(|near| Near {
                    distance: near.distance,
                    entry: EntryIndex { layer: number, table: at as u16, row: near.row },
                }));
            }
        }
        nearby.entries.sort_unstable();
        nearby.entries.truncate(1);
        nearby
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
