//! Compiled sets: one file that is mapped into memory and searched as it stands.
//!
//! Opening ten million hashes takes milliseconds and costs no memory that the system cannot take back. What a file says
//! is not believed further than its checksums; whatever stands in it, a search ends and touches nothing outside of it.

mod about;
mod blocks;
mod column;
mod compile;
mod file;
mod info;
mod map;
mod records;
mod sort;
mod table;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::Path;

use bytes::Bytes;

use self::about::AboutColumns;
use self::file::{SectionKind, SectionName, SetFile};
use self::records::Records;
use super::entry::{About, Item, KeptKind, Removal};
use crate::content::{Algorithm, HashValue};

pub(super) use self::about::{Profiles, RowTexts};
pub use self::blocks::{BlockWriter, copy_in_blocks};
pub(super) use self::compile::compile;
pub use self::compile::{Progress, Silent};
pub use self::file::{OpenError, is_compiled};
pub use self::info::{SetInfo, SourceInfo};
pub(super) use self::table::Table;

/// A compiled set.
#[derive(Clone)]
pub struct Compiled {
    file: SetFile,
    tables: Vec<Table>,
    kept: Vec<KeptTable>,
    profiles: (Bytes, Bytes),
    removals: (Bytes, Bytes),
    info: SetInfo,
}

/// The kept items of one kind.
#[derive(Clone)]
pub(super) struct KeptTable {
    kind: KeptKind,
    values: (Bytes, Bytes),
    len: usize,
    about: AboutColumns,
}

/// Why a compiled set could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is no compiled set that can be used.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl Compiled {
    /// Maps the compiled set at `path`. Only its header and table are read; see [`verify`](Self::verify).
    ///
    /// The file must not be changed in place as long as the set is in use: replace it by renaming another over it.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        Self::open_file(&File::open(path)?)
    }

    /// Maps the compiled set that `file` is, as [`open`](Self::open) does.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn open_file(file: &File) -> Result<Self, LoadError> {
        Ok(Self::from_map(map::map(file)?)?)
    }

    /// The compiled set in `bytes`.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LoadError> {
        Ok(Self::from_map(map::in_memory(bytes)?)?)
    }

    fn from_map(bytes: Bytes) -> Result<Self, OpenError> {
        let file = SetFile::open(bytes)?;
        let section = |kind| file.section(SectionName::of(kind));
        let info = section(SectionKind::Info);
        let info =
            serde_json::from_slice(&info).map_err(|_| OpenError::Senseless { part: "the note on its making" })?;
        let mut tables = Vec::new();
        for algorithm in Algorithm::ALL {
            tables.extend(Table::open(&file, algorithm)?);
        }
        let kept = KeptKind::ALL.into_iter().filter_map(|kind| KeptTable::open(&file, kind)).collect();
        let profiles = (section(SectionKind::Profiles), section(SectionKind::ProfileStarts));
        let removals = (section(SectionKind::Removals), section(SectionKind::RemovalStarts));
        Ok(Self { tables, kept, profiles, removals, info, file })
    }

    /// Reads every byte and compares it with the checksums. Afterwards all pages are in memory, so that no search waits
    /// for the disk.
    ///
    /// # Errors
    /// [`OpenError::Damaged`].
    pub fn verify(&self) -> Result<(), OpenError> {
        self.file.verify()
    }

    /// Twelve hex digits that are the same for equal sets, wherever they were compiled.
    pub fn version(&self) -> String {
        self.file.version()
    }

    /// How it was made.
    pub const fn info(&self) -> &SetInfo {
        &self.info
    }

    /// Bytes of the file.
    pub fn file_len(&self) -> usize {
        self.file.len()
    }

    /// What it takes back of sets that it is laid over, and of itself.
    pub fn removals(&self) -> impl Iterator<Item = Removal<'_>> {
        let records = Records::of(&self.removals.0, &self.removals.1).iter::<2>();
        records.map(|[id, hash]| Removal { id, hash: hash.and_then(HashValue::parse_named).and_then(Result::ok) })
    }

    pub(super) fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// What it keeps without comparing uploads with it, a table a kind.
    pub(super) fn kept_tables(&self) -> &[KeptTable] {
        &self.kept
    }

    pub(super) fn shared(&self) -> Records<'_> {
        Records::of(&self.profiles.0, &self.profiles.1)
    }
}

impl KeptTable {
    fn open(file: &SetFile, kind: KeptKind) -> Option<Self> {
        let section = |of| file.section(SectionName { kind: of, owner: kind.code() });
        let values = (section(SectionKind::Kept), section(SectionKind::KeptStarts));
        let about = AboutColumns {
            profiles: section(SectionKind::KeptProfiles),
            texts: section(SectionKind::KeptTexts),
            text_starts: section(SectionKind::KeptTextStarts),
        };
        let len = Records::of(&values.0, &values.1).len();
        (len > 0).then_some(Self { kind, values, len, about })
    }

    /// What its items are.
    pub(super) const fn kind(&self) -> KeptKind {
        self.kind
    }

    /// Number of rows.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The id of each row, in order; may end before the last row.
    pub(super) fn ids(&self) -> impl Iterator<Item = Option<&str>> {
        self.about.ids()
    }

    /// Every item, with its row.
    pub(super) fn items<'a>(&'a self, shared: Records<'a>) -> impl Iterator<Item = (u32, Item<'a>, About<'a>)> {
        let values = (0..).zip(Records::of(&self.values.0, &self.values.1).iter::<1>());
        values.filter_map(move |(row, [value])| {
            Some((row, Item::Kept(self.kind, value?), self.about.about(row as usize, self.len, shared)))
        })
    }
}
