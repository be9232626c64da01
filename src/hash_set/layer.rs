//! A compiled set as part of a hash set: without what later layers took back.

use std::collections::{HashMap, HashSet as Known};
use std::sync::Arc;

use super::compiled::{Compiled, Table};
use super::entry::{About, Item, KeptKind, Removal};
use crate::content::{Algorithm, HashValue};

/// A compiled set, of which some rows do not count.
#[derive(Clone)]
pub(super) struct Layer {
    pub(super) set: Arc<Compiled>,
    /// By table: ascending rows that a later layer took back.
    hidden: Vec<Vec<u32>>,
    /// The same for what is only kept.
    hidden_kept: Vec<Vec<u32>>,
}

/// What later layers take back.
#[derive(Default)]
pub(super) struct TakenBack {
    ids: Known<String>,
    /// By hash: the id that is meant, or `None` for any.
    hashes: HashMap<HashValue, Vec<Option<String>>>,
}

impl TakenBack {
    /// Adds what `set` takes back.
    pub(super) fn add(&mut self, set: &Compiled) {
        for removal in set.removals() {
            match removal {
                Removal { id, hash: Some(hash) } => {
                    self.hashes.entry(hash).or_default().push(id.map(str::to_owned));
                }
                Removal { id: Some(id), hash: None } => drop(self.ids.insert(id.to_owned())),
                Removal { id: None, hash: None } => {}
            }
        }
    }

    /// Those of `len` rows, ascending, whose id is taken back. `ids` are theirs in order, and only looked at if any is.
    fn rows_of<'a, I: Iterator<Item = Option<&'a str>>>(&self, len: usize, ids: impl FnOnce() -> I) -> Vec<u32> {
        if self.ids.is_empty() {
            return Vec::new();
        }
        let rows = ids().zip(0..len as u32).filter(|(id, _)| id.is_some_and(|id| self.ids.contains(id)));
        rows.map(|(_, row)| row).collect()
    }
}

impl Layer {
    /// `set` under later layers that take back `taken`.
    ///
    /// Looks at every id of the set when any is taken back: a tenth of a second for ten million.
    pub(super) fn new(set: Arc<Compiled>, taken: &TakenBack) -> Self {
        let hidden = set.tables().iter().map(|table| hidden_rows(table, &set, taken)).collect();
        let hidden_kept = set.kept_tables().iter().map(|table| taken.rows_of(table.len(), || table.ids())).collect();
        Self { hidden, hidden_kept, set }
    }

    /// Rows of table `position` that count.
    pub(super) fn rows(&self, position: usize) -> usize {
        self.set.tables()[position].len() - self.hidden[position].len()
    }

    /// Whether row `row` of table `position` counts.
    pub(super) fn counts(&self, position: usize, row: u32) -> bool {
        self.hidden[position].binary_search(&row).is_err()
    }

    /// The table of `algorithm`, with its position.
    pub(super) fn table(&self, algorithm: Algorithm) -> Option<(usize, &Table)> {
        self.set.tables().iter().enumerate().find(|(_, table)| table.algorithm() == algorithm)
    }

    /// How many kept items of each kind there is one of count.
    pub(super) fn kept_counts(&self) -> impl Iterator<Item = (KeptKind, usize)> {
        let tables = self.set.kept_tables().iter().zip(&self.hidden_kept);
        tables.map(|(table, hidden)| (table.kind(), table.len() - hidden.len()))
    }

    /// The kept items that count.
    pub(super) fn kept(&self) -> impl Iterator<Item = (Item<'_>, About<'_>)> {
        let tables = self.set.kept_tables().iter().zip(&self.hidden_kept);
        tables.flat_map(|(table, hidden)| {
            let items = table.items(self.set.shared());
            let counting = items.filter(|(row, ..)| hidden.binary_search(row).is_err());
            counting.map(|(_, item, about)| (item, about))
        })
    }
}

fn hidden_rows(table: &Table, set: &Compiled, taken: &TakenBack) -> Vec<u32> {
    let mut hidden = taken.rows_of(table.len(), || table.ids());
    for (hash, ids) in taken.hashes.iter().filter(|(hash, _)| hash.algorithm() == table.algorithm()) {
        let id_of = |row| table.entry(row, set.shared()).about.id;
        let is_meant = |row: &u32| ids.iter().any(|id| id.is_none() || id.as_deref() == id_of(*row));
        hidden.extend(table.equal(hash).filter(is_meant));
    }
    hidden.sort_unstable();
    hidden.dedup();
    hidden
}
