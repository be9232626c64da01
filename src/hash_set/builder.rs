//! Collects entries from any format and turns them into a [`HashSet`].

use super::columns::{EntryColumns, Interner};
use super::entry::Entry;
use super::index::HashIndex;
use super::{HashSet, Table};
use crate::content::Algorithm;

/// A set that is being filled. Entries are grouped by algorithm, so that none needs to remember its own.
#[derive(Default)]
pub(super) struct HashSetBuilder {
    len: u32,
    /// By position in [`Algorithm::ALL`].
    groups: [Group; Algorithm::ALL.len()],
    interner: Interner,
}

#[derive(Default)]
struct Group {
    rows: usize,
    /// The hashes end to end.
    hashes: Vec<u8>,
    columns: EntryColumns,
}

/// A set cannot hold more entries, because it numbers them with 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash set holds at most {} entries", u32::MAX)]
pub struct SetFull;

impl HashSetBuilder {
    /// Adds an entry behind all others.
    ///
    /// # Errors
    /// [`SetFull`] when there are 2³² − 1 entries already.
    pub(super) fn push(&mut self, entry: &Entry<'_>) -> Result<(), SetFull> {
        self.len = self.len.checked_add(1).ok_or(SetFull)?;
        let group = &mut self.groups[entry.hash.algorithm() as usize];
        group.hashes.extend_from_slice(entry.hash.as_bytes());
        group.columns.set(group.rows, entry, &mut self.interner);
        group.rows += 1;
        Ok(())
    }

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
