//! Collects records from any format, of one list or several, until they are compiled.

use std::collections::{BTreeMap, HashMap};

use super::compiled::{Profiles, RowTexts, SetInfo, SourceInfo};
use super::entry::{About, Item, KeptKind, RecordSink, Removal};
use super::format::{self, Input};
use super::problem::{ReadError, RowProblem, RowProblems};
use crate::config::ListReading;
use crate::content::{Algorithm, HashValue};

/// Rows of one table at most: they are numbered with 32 bits.
const MAX_ROWS: usize = u32::MAX as usize - 1;

/// Kinds of rows of no use that are counted apart.
const MAX_IGNORED_KINDS: usize = 100;

/// A set that is being filled. Entries are grouped by algorithm, so that none needs to remember its own.
#[derive(Default)]
pub struct SetBuilder {
    /// By position in [`Algorithm::ALL`].
    pub(super) groups: [Group; Algorithm::ALL.len()],
    /// By position in [`KeptKind::ALL`].
    pub(super) kept: [Kept; KeptKind::ALL.len()],
    pub(super) profiles: Profiles,
    pub(super) removals: Vec<OwnedRemoval>,
    problems: RowProblems,
    sources: Vec<SourceInfo>,
    ignored: BTreeMap<String, u64>,
    listed: u64,
}

/// The entries of one algorithm, in the order of the list.
#[derive(Default)]
pub(super) struct Group {
    /// The hashes end to end.
    pub(super) hashes: Vec<u8>,
    pub(super) about: Rows,
}

/// The kept items of one kind, in the order of the list.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) values: Vec<Box<str>>,
    pub(super) about: Rows,
}

/// What is said about each row.
#[derive(Default)]
pub(super) struct Rows {
    /// See [`Profiles`].
    pub(super) profiles: Vec<u32>,
    pub(super) texts: RowTexts,
}

impl Rows {
    fn push(&mut self, about: &About<'_>, profiles: &mut Profiles) {
        let (profile, own_tags) = profiles.number_of(about);
        self.profiles.push(profile);
        self.texts.push(about, own_tags);
    }

    pub(super) const fn len(&self) -> usize {
        self.profiles.len()
    }
}

/// A removal, with how far each table was filled when it came: what came later is not meant.
pub(super) struct OwnedRemoval {
    pub(super) id: Option<Box<str>>,
    pub(super) hash: Option<HashValue>,
    before: [u32; Algorithm::ALL.len()],
    before_kept: [u32; KeptKind::ALL.len()],
}

impl OwnedRemoval {
    /// As it was read.
    pub(super) fn removal(&self) -> Removal<'_> {
        Removal { id: self.id.as_deref(), hash: self.hash }
    }
}

/// A table cannot hold more rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash set holds at most {MAX_ROWS} hashes of one algorithm")]
pub struct SetFull;

impl RecordSink for SetBuilder {
    fn list(&mut self, item: Item<'_>, about: &About<'_>) {
        self.listed += 1;
        match item {
            Item::Hash(hash) => {
                let group = &mut self.groups[hash.algorithm() as usize];
                group.hashes.extend_from_slice(hash.as_bytes());
                group.about.push(about, &mut self.profiles);
            }
            Item::Kept(kind, value) => {
                let kept = &mut self.kept[kind as usize];
                kept.values.push(value.into());
                kept.about.push(about, &mut self.profiles);
            }
        }
    }

    fn remove(&mut self, removal: &Removal<'_>) {
        if *removal == Removal::default() {
            return;
        }
        self.removals.push(OwnedRemoval {
            id: removal.id.map(Into::into),
            hash: removal.hash,
            before: std::array::from_fn(|position| self.groups[position].about.len() as u32),
            before_kept: std::array::from_fn(|position| self.kept[position].about.len() as u32),
        });
    }

    fn reject(&mut self, problem: RowProblem) {
        self.problems.add(problem);
    }

    fn ignore(&mut self, kind: &str) {
        // Kinds are few in a sound list; one that has a kind a row is not remembered in full.
        let is_kept = self.ignored.len() < MAX_IGNORED_KINDS || self.ignored.contains_key(kind);
        *self.ignored.entry(if is_kept { kind } else { "other" }.to_owned()).or_default() += 1;
    }
}

impl SetBuilder {
    /// Reads the list `input` behind what was read before. Rows that are not in order are among
    /// [`problems`](Self::problems) afterwards, and the caller decides what comes of that.
    ///
    /// # Errors
    /// The list as a whole cannot be used.
    pub fn read(&mut self, input: &mut Input<'_>, reading: &ListReading) -> Result<(), ReadError> {
        let (listed, problems) = (self.listed, self.problems.len());
        let name = input.name().to_owned();
        let format = format::read(input, reading, self)?;
        let (listed, skipped) = (self.listed - listed, self.problems.len() - problems);
        self.sources.push(SourceInfo { name, format: format.name().to_owned(), listed, skipped });
        Ok(())
    }

    /// Every row that was not in order.
    pub const fn problems(&self) -> &RowProblems {
        &self.problems
    }

    /// What is known about the set before it is compiled.
    pub(super) fn info(&self) -> SetInfo {
        SetInfo { sources: self.sources.clone(), ignored: self.ignored.clone(), ..SetInfo::default() }
    }

    /// Notes that records come from a compiled set.
    pub(super) fn note_sources(&mut self, info: &SetInfo) {
        self.sources.extend(info.sources.iter().cloned());
    }

    /// Whether every table can number its rows.
    ///
    /// # Errors
    /// One cannot.
    pub(super) fn check_size(&self) -> Result<(), SetFull> {
        let is_small = |rows: &Rows| rows.len() <= MAX_ROWS;
        let groups = self.groups.iter().map(|group| &group.about);
        let fits = groups.chain(self.kept.iter().map(|kept| &kept.about)).all(is_small);
        if fits { Ok(()) } else { Err(SetFull) }
    }

    /// What the removals of this list take out of its own tables.
    pub(super) fn withdrawn(&self) -> Withdrawn<'_> {
        let mut withdrawn = Withdrawn::default();
        for removal in &self.removals {
            match (&removal.id, removal.hash) {
                (Some(id), None) => {
                    let before = withdrawn.ids.entry(&**id).or_default();
                    (before.0, before.1) = (removal.before, removal.before_kept);
                }
                (id, Some(hash)) => {
                    let before = removal.before[hash.algorithm() as usize];
                    let rows = withdrawn.hashes.entry(hash).or_default();
                    rows.push((id.as_deref(), before));
                }
                (None, None) => {}
            }
        }
        withdrawn
    }
}

/// How far each table and each kind reached when an id was last taken back.
type Reach = ([u32; Algorithm::ALL.len()], [u32; KeptKind::ALL.len()]);

/// What a list took back of its own, for questions about single rows.
#[derive(Default)]
pub(super) struct Withdrawn<'a> {
    ids: HashMap<&'a str, Reach>,
    hashes: HashMap<HashValue, Vec<(Option<&'a str>, u32)>>,
}

impl Withdrawn<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.hashes.is_empty()
    }

    /// Whether the hash in row `row` of its table was taken back after it was listed.
    pub(super) fn takes(&self, hash: &HashValue, id: Option<&str>, row: u32) -> bool {
        let by_id = id.and_then(|id| self.ids.get(id)).is_some_and(|reach| row < reach.0[hash.algorithm() as usize]);
        by_id
            || self.hashes.get(hash).is_some_and(|removals| {
                removals.iter().any(|(wanted, before)| row < *before && (wanted.is_none() || *wanted == id))
            })
    }

    /// Whether the kept item in row `row` of its kind was taken back after it was listed.
    pub(super) fn takes_kept(&self, kind: KeptKind, id: Option<&str>, row: u32) -> bool {
        id.and_then(|id| self.ids.get(id)).is_some_and(|reach| row < reach.1[kind as usize])
    }
}
