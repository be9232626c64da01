//! Finds every hash within a Hamming distance of a query, without looking at every hash.
//!
//! # The method
//!
//! Multi-index hashing: M. Norouzi, A. Punjani, D. J. Fleet, "Fast Exact Search in Hamming Space with Multi-Index
//! Hashing", IEEE Transactions on Pattern Analysis and Machine Intelligence 36(6), 2014; with the stronger filter of
//! J. Qin, C. Xiao, "Pigeonring: A Principle for Faster Thresholded Similarity Search", PVLDB 12(1), 2018.
//!
//! The bits of a hash are cut into slots. For every slot there is a table from each value its first bits can have to the
//! rows whose hash has that value there. A query looks, in every slot, at the values close to its own, and compares the
//! few rows it finds there in full. Beside each row the table keeps some bits of its hash, those that follow: nearly all
//! rows are dropped by these, before their hash is fetched.
//!
//! # Why nothing is missed
//!
//! Slot `i` is searched up to a distance `tᵢ` of its own, and these are chosen such that `(t₁ + 1) + … + (tₘ + 1)` is
//! the radius plus one. If a hash escaped every slot, it would differ from the query in at least `tᵢ + 1` bits of each
//! slot `i`. Slots do not overlap, so together that is more than the radius. Hence a hash within the radius is found
//! in some slot. Some one of those slots even passes what the check bits ask; `README.md` in this folder has the proof.
//!
//! Nothing is found wrongly either: every row is compared in full before it counts.
//!
//! # Why it is fast, and when it is not
//!
//! For a million PDQ hashes and radius 31 there are 16 slots of 16 bits, each searched within 1: 272 values, with 15 rows
//! each. Of these 4,000 rows the check bits leave a dozen. All values of a batch are looked up before the first row is
//! read, and all rows before the first hash, so that the processor waits for many cache misses at once.
//!
//! Values grow fast with the radius. For each radius the plan knows what the tables cost on uniform data, and where a
//! scan is cheaper, the index scans. What it cannot know is how many hashes share a value: a list of near-constant
//! hashes can put all of them into one bucket. So a query that runs into far more work than uniform data would make, or
//! has more matches than anyone asked for, stops, and says so: see [`Completeness`].
//!
//! # What is where
//!
//! The index borrows sorted hashes and a run of bytes, and knows nothing of files. `build` makes the bytes, `layout`
//! says what stands where in them, `choose` picks a layout, `plan` how far a slot is searched, `search` does it.

mod bits;
mod build;
mod choose;
mod cpu;
mod directory;
mod layout;
mod plan;
mod search;

pub use self::build::{BuildError, EmitError, build_tables};
pub(super) use self::cpu::prefetch;
pub use self::layout::{ALIGNMENT, Layout, LayoutError};
use self::search::{Finds, Scan, TableSearch};
use crate::content::Distance;

/// Sorted hashes and the tables made for them, both in somebody else's memory. Cheap to make and to copy.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, const W: usize> {
    layout: &'a Layout,
    hashes: &'a [[u64; W]],
    tables: &'a [u8],
}

/// A row within the radius of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Neighbour {
    /// Distance to the nearest query.
    pub distance: Distance,
    /// Position of the hash in the list that the index was made from.
    pub row: u32,
}

/// What a search found, nearest first, then by row; and whether that is everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Each row once, with its least distance. All of them are within the radius.
    pub neighbours: Vec<Neighbour>,
    /// Whether any are missing.
    pub completeness: Completeness,
}

/// Whether a search found all there is.
///
/// A search is capped when there are more matches than [`Limits::matches`], or when the values near a query hold many
/// times as many hashes as in uniform data ([`Limits::work`]). The second happens around hashes of flat or nearly flat
/// pictures, of which a list can have thousands that differ in a few bits, and in lists made to slow a search down.
/// Clusters of some dozens, as re-encoded and cropped copies of one picture make, never cap a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Every row within the radius is there.
    Complete,
    /// Work was left undone: there may be more rows within the radius.
    Capped,
}

/// How much a search may do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// How many times as long as on uniform data a query may take. Default 8: then none takes more than about ten times
    /// the usual one.
    pub work: f64,
    /// Most rows in an answer. Default 10,000: more than anybody reads.
    pub matches: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { work: 8.0, matches: 10_000 }
    }
}

impl Limits {
    /// None: the answer is complete however long that takes.
    pub const NONE: Self = Self { work: f64::INFINITY, matches: usize::MAX };
}

impl<'a, const W: usize> View<'a, W> {
    /// `hashes`, sorted ascending, with the `tables` that [`build_tables`] made for them.
    ///
    /// Only sizes are checked. Tables that were not made for these hashes give wrong answers, but nothing worse: no
    /// search panics or runs without end, whatever the bytes are, and what is found is within the radius.
    ///
    /// # Errors
    /// [`LayoutError::Hashes`] and [`LayoutError::Tables`] when `layout` is for others.
    pub fn new(layout: &'a Layout, hashes: &'a [[u64; W]], tables: &'a [u8]) -> Result<Self, LayoutError> {
        if (layout.len(), layout.hash_bits()) != (hashes.len(), 64 * W as u32) {
            return Err(LayoutError::Hashes {
                expected: layout.len(),
                expected_bits: layout.hash_bits(),
                found: hashes.len(),
                found_bits: 64 * W as u32,
            });
        }
        if layout.tables_len() != tables.len() {
            return Err(LayoutError::Tables { expected: layout.tables_len(), found: tables.len() });
        }
        Ok(Self { layout, hashes, tables })
    }

    /// The hashes by row.
    pub const fn hashes(&self) -> &'a [[u64; W]] {
        self.hashes
    }

    /// Every row within `radius` of one of `queries`.
    pub fn find(&self, queries: &[[u64; W]], radius: Distance) -> Found {
        self.find_with(queries, radius, Limits::default())
    }

    /// [`find`](Self::find) with other limits.
    pub fn find_with(&self, queries: &[[u64; W]], radius: Distance, limits: Limits) -> Found {
        if self.layout.plan().prefers_tables(usize::from(radius.0)) {
            self.find_in_tables(queries, radius, limits)
        } else {
            self.scan(queries, radius, limits)
        }
    }

    /// The nearest row within `radius` of one of `queries`, of equally near ones the first. Of equal hashes, that is the
    /// first row.
    ///
    /// When the search was capped, there may be a nearer one.
    pub fn nearest(&self, queries: &[[u64; W]], radius: Distance) -> (Option<Neighbour>, Completeness) {
        let limits = Limits::default();
        let finds = if self.layout.plan().prefers_tables(usize::from(radius.0)) {
            self.search_tables(queries, radius, limits)
        } else {
            self.scan_for(queries, radius, usize::MAX)
        };
        let nearest = finds.found.iter().min();
        (
            nearest.map(|(distance, row)| Neighbour { distance: Distance(*distance), row: *row }),
            completeness(finds.is_capped),
        )
    }

    /// What [`find`](Self::find) answers, by comparing every hash with every query: its yardstick in tests and benches.
    pub fn scan(&self, queries: &[[u64; W]], radius: Distance, limits: Limits) -> Found {
        let finds = self.scan_for(queries, radius, limits.matches);
        let mut neighbours = nearest_of_each_row(finds.found);
        let is_over = neighbours.len() > limits.matches;
        neighbours.truncate(limits.matches);
        Found { neighbours, completeness: completeness(finds.is_capped || is_over) }
    }

    fn scan_for(&self, queries: &[[u64; W]], radius: Distance, most: usize) -> Finds {
        cpu::run(Scan { hashes: self.hashes, queries, radius: u32::from(radius.0), most })
    }

    fn find_in_tables(&self, queries: &[[u64; W]], radius: Distance, limits: Limits) -> Found {
        let Finds { found, mut is_capped } = self.search_tables(queries, radius, limits);
        let mut neighbours = Vec::new();
        for neighbour in nearest_of_each_row(found) {
            let equal = (neighbour.row..self.layout.len() as u32)
                .take_while(|row| self.hashes[*row as usize] == self.hashes[neighbour.row as usize]);
            neighbours.extend(
                equal
                    .take(limits.matches.saturating_add(1) - neighbours.len())
                    .map(|row| Neighbour { row, ..neighbour }),
            );
            if neighbours.len() > limits.matches {
                neighbours.truncate(limits.matches);
                is_capped = true;
                break;
            }
        }
        neighbours.sort_unstable();
        Found { neighbours, completeness: completeness(is_capped) }
    }

    fn search_tables(&self, queries: &[[u64; W]], radius: Distance, limits: Limits) -> Finds {
        cpu::run(TableSearch { view: *self, queries, radius: u32::from(radius.0), work: limits.work })
    }
}

const fn completeness(is_capped: bool) -> Completeness {
    if is_capped { Completeness::Capped } else { Completeness::Complete }
}

/// Only rows within the radius come here, each as many times as it was found and not remembered.
fn nearest_of_each_row(mut found: Vec<(u16, u32)>) -> Vec<Neighbour> {
    found.sort_unstable_by_key(|(distance, row)| u64::from(*row) << 16 | u64::from(*distance));
    found.dedup_by_key(|(_, row)| *row);
    found.sort_unstable_by_key(|(distance, row)| u64::from(*distance) << 32 | u64::from(*row));
    found.into_iter().map(|(distance, row)| Neighbour { distance: Distance(distance), row }).collect()
}

#[cfg(test)]
mod tests;
