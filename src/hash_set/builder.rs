//! Collects records from any format and turns them into a [`HashSet`].

use super::columns::{EntryColumns, Interner};
use super::entry::{About, Item, RecordSink, Removal};
use super::index::HashIndex;
use super::problem::{RowProblem, RowProblems};
use super::{HashSet, Table};
use crate::content::Algorithm;

/// A set that is being filled. Entries are grouped by algorithm, so that none needs to remember its own.
#[derive(Default)]
pub(super) struct HashSetBuilder {
    /// By position in [`Algorithm::ALL`].
    groups: [Group; Algorithm::ALL.len()],
    interner: Interner,
    pub(super) problems: RowProblems,
}

#[derive(Default)]
struct Group {
    rows: usize,
    /// The hashes end to end.
    hashes: Vec<u8>,
    columns: EntryColumns,
}

impl RecordSink for HashSetBuilder {
    fn list(&mut self, item: Item<'_>, about: &About<'_>) {
        let Item::Hash(hash) = item else {
            return;
        };
        let group = &mut self.groups[hash.algorithm() as usize];
        group.hashes.extend_from_slice(hash.as_bytes());
        group.columns.set(group.rows, about, &mut self.interner);
        group.rows += 1;
    }

    fn remove(&mut self, _removal: &Removal<'_>) {}

    fn reject(&mut self, problem: RowProblem) {
        self.problems.add(problem);
    }

    fn ignore(&mut self, _kind: &str) {}
}

impl HashSetBuilder {
    /// Builds the indexes.
    pub(super) fn build(self) -> HashSet {
        let (mut tables, mut first) = (Vec::new(), 0);
        for (algorithm, mut group) in Algorithm::ALL.into_iter().zip(self.groups) {
            if group.rows == 0 {
                continue;
            }
            group.columns.shrink();
            let index = HashIndex::new(algorithm, &group.hashes);
            tables.push(Table { first, index, columns: group.columns });
            first += group.rows as u32;
        }
        HashSet { tables, names: self.interner.into_texts() }
    }
}
