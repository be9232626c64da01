//! An index that owns what it searches, in any order: for lists that were not compiled.

use super::build::{BuildError, EmitError, build_tables};
use super::{Found, Layout, Limits, Neighbour, View};
use crate::content::Distance;

/// Hashes of `W` 64-bit words, by row, searchable by distance.
pub struct HammingIndex<const W: usize> {
    layout: Layout,
    sorted: Vec<[u64; W]>,
    tables: Vec<u8>,
    /// The row of each sorted hash.
    rows: Vec<u32>,
    /// Where the hash of each row is among the sorted.
    places: Vec<u32>,
}

impl<const W: usize> HammingIndex<W> {
    /// An index of `hashes`, at most 2³² − 1 of them. Equal hashes may repeat.
    ///
    /// # Panics
    /// When there are more.
    pub fn new(hashes: &[[u64; W]]) -> Self {
        let mut rows: Vec<u32> = (0..hashes.len() as u32).collect();
        rows.sort_by_key(|row| hashes[*row as usize]);
        let sorted: Vec<_> = rows.iter().map(|row| hashes[*row as usize]).collect();
        let mut places = vec![0; rows.len()];
        for (place, row) in (0..).zip(&rows) {
            places[*row as usize] = place;
        }
        let mut tables = Vec::new();
        let built = build_tables(&sorted, 1, |section| {
            tables.extend_from_slice(section);
            Ok(())
        });
        let layout = built.unwrap_or_else(|error: EmitError<BuildError>| panic!("{error}"));
        Self { layout, sorted, tables, rows, places }
    }

    /// Number of hashes.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The hash in row `row`.
    pub fn hash(&self, row: u32) -> [u64; W] {
        self.sorted[self.places[row as usize] as usize]
    }

    /// Every row within `radius` of one of `queries`, once, with its least distance; nearest first, then by row. Only
    /// the nearest when there are more than [`Limits`] allow.
    pub fn find(&self, queries: &[[u64; W]], radius: Distance) -> Vec<Neighbour> {
        self.by_row(self.view().find(queries, radius))
    }

    /// What [`find`](Self::find) answers, by comparing every hash with every query: its yardstick in tests and benches.
    pub fn scan(&self, queries: &[[u64; W]], radius: Distance) -> Vec<Neighbour> {
        self.by_row(self.view().scan(queries, radius, Limits::NONE))
    }

    fn view(&self) -> View<'_, W> {
        View { layout: &self.layout, hashes: &self.sorted, tables: &self.tables }
    }

    fn by_row(&self, found: Found) -> Vec<Neighbour> {
        let mut neighbours = found.neighbours;
        for neighbour in &mut neighbours {
            neighbour.row = self.rows[neighbour.row as usize];
        }
        neighbours.sort_unstable();
        neighbours
    }
}
