//! A compiled set as part of a hash set: without what later layers took back.

use std::collections::{HashMap, HashSet as Known};
use std::sync::Arc;

use super::compiled::{Compiled, Table};
use super::entry::{About, Item, Removal};
use crate::content::{Algorithm, HashValue};

/// A compiled set, of which some rows do not count.
#[derive(Clone)]
pub(super) struct Layer {
    pub(super) set: Arc<Compiled>,
    /// By table: ascending rows that a later layer took back.
    hidden: Vec<Vec<u32>>,
    /// Ids that later layers took back, for what has no rows.
    hidden_ids: Arc<Known<String>>,
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
}

impl Layer {
    /// `set` under later layers that take back `taken`.
    ///
    /// Looks at every id of the set when any is taken back: a tenth of a second for ten million.
    pub(super) fn new(set: Arc<Compiled>, taken: &TakenBack) -> Self {
        let hidden = set.tables().iter().map(|table| hidden_rows(table, &set, taken)).collect();
        Self { hidden, hidden_ids: Arc::new(taken.ids.clone()), set }
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

    /// The kept items that count.
    pub(super) fn kept(&self) -> impl Iterator<Item = (Item<'_>, About<'_>)> {
        self.set.kept().filter(|(_, about)| about.id.is_none_or(|id| !self.hidden_ids.contains(id)))
    }
}

fn hidden_rows(table: &Table, set: &Compiled, taken: &TakenBack) -> Vec<u32> {
    let mut hidden = Vec::new();
    if !taken.ids.is_empty() {
        let is_taken = |id: Option<&str>| id.is_some_and(|id| taken.ids.contains(id));
        hidden.extend(table.ids().zip(0..table.len() as u32).filter(|(id, _)| is_taken(*id)).map(|(_, row)| row));
    }
    for (hash, ids) in taken.hashes.iter().filter(|(hash, _)| hash.algorithm() == table.algorithm()) {
        let id_of = |row| table.entry(row, set.shared()).about.id;
        let is_meant = |row: &u32| ids.iter().any(|id| id.is_none() || id.as_deref() == id_of(*row));
        hidden.extend(table.equal(hash).filter(is_meant));
    }
    hidden.sort_unstable();
    hidden.dedup();
    hidden
}
