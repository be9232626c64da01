//! Archives in the middle of bytes that are no zip file: in a tar, in a document of Office before 2007, in a program.
//!
//! Each is told by its directory. An archive that is stored in another one is left to that. In the last 64 KiB there
//! may be a directory that says two things about where it is or what is in it: some tools, which take any file for a
//! zip whose directory they find, would see either, so the entries of all such are found as well.

use std::collections::BTreeMap;

use memchr::memmem;

use super::directory::{self, Directory, Entry, TAIL};
use super::record::{self, END};

/// How many times the length of the bytes may be read of directories, which may lie in each other.
const MAX_COVER: usize = 4;

/// The archives in some bytes.
#[derive(Debug, Default)]
pub(in crate::extract) struct Embedded {
    /// Those with one plain directory: where each begins, and where it ends.
    whole: BTreeMap<usize, usize>,
    /// Directories near the end of the bytes that can be read in more than one way.
    pub(super) odd: Vec<Directory>,
    /// Where stored entries lie.
    stored: BTreeMap<usize, usize>,
    /// Where directories end, in order.
    ends: Vec<usize>,
}

impl Embedded {
    /// The archives in `bytes`, each with at most `max` entries. Time is linear in them.
    pub(in crate::extract) fn find(bytes: &[u8], max: usize) -> Self {
        Self::ending_behind(0, bytes, max)
    }

    /// Those that tools find which look for a directory at the end.
    pub(in crate::extract) fn find_at_end(bytes: &[u8], max: usize) -> Self {
        Self::ending_behind(bytes.len().saturating_sub(TAIL), bytes, max)
    }

    fn ending_behind(start: usize, bytes: &[u8], max: usize) -> Self {
        let ends = memmem::find_iter(&bytes[start..], END).map(|at| start + at).collect();
        let mut found = Self { ends, ..Self::default() };
        let mut cover = bytes.len().saturating_mul(MAX_COVER);
        let tail = bytes.len().saturating_sub(TAIL);
        // Backwards, so that an archive is met before those that are stored in it.
        for index in (0..found.ends.len()).rev() {
            let at = found.ends[index];
            if found.is_stored(at) {
                continue;
            }
            let directories = if at >= tail { directory::read_all(bytes, at, max) } else { read_plain(bytes, at, max) };
            let length = directories.iter().map(|directory| at.saturating_sub(directory.start)).sum();
            cover = match cover.checked_sub(length) {
                Some(rest) => rest,
                None => return found,
            };
            found.add(bytes, at, directories);
        }
        found
    }

    /// Where each archive begins and ends.
    pub(in crate::extract) fn ranges(&self) -> impl Iterator<Item = (usize, usize)> {
        self.whole.iter().map(|(start, end)| (*start, *end))
    }

    /// Where the archive ends that begins at `start`.
    pub(in crate::extract) fn end_of(&self, start: usize) -> Option<usize> {
        self.whole.get(&start).copied()
    }

    /// The first end record behind `start`.
    pub(in crate::extract) fn first_end(&self, start: usize) -> Option<usize> {
        self.ends.get(self.ends.partition_point(|at| *at < start)).copied()
    }

    fn add(&mut self, bytes: &[u8], at: usize, directories: Vec<Directory>) {
        let start = match &directories[..] {
            [directory] if directory.is_plain() => first_local(bytes, directory),
            _ => None,
        };
        let Some(start) = start else {
            let rest = directory::MAX_READ.saturating_sub(self.odd.len());
            self.odd.extend(directories.into_iter().take(rest));
            return;
        };
        let stored = directories.iter().flat_map(|directory| directory.stored(bytes));
        self.stored.extend(stored.map(|content| (content.start, content.end)));
        let end = self.whole.entry(start).or_default();
        *end = record::comment(bytes, at).end.max(*end);
    }

    fn is_stored(&self, at: usize) -> bool {
        self.stored.range(..=at).next_back().is_some_and(|(_, end)| at < *end)
    }
}

/// The directory in front of the end record at `at`, if that says so.
fn read_plain(bytes: &[u8], at: usize, max: usize) -> Vec<Directory> {
    let mut directories = directory::read_all(bytes, at, max);
    directories.retain(Directory::is_plain);
    directories.truncate(1);
    directories
}

impl Directory {
    /// Whether it is where and what its end record says, also when the archive is all that there is.
    fn is_plain(&self) -> bool {
        self.is_exact && self.is_in_front
    }
}

/// Where the first local header is of those that `directory` lists, if that is in front of it.
fn first_local(bytes: &[u8], directory: &Directory) -> Option<usize> {
    let is_there = |entry: &&Entry| record::local(bytes, entry.local).is_some();
    let first = directory.entries.iter().filter(is_there).map(|entry| entry.local).min();
    first.filter(|first| *first < directory.start)
}
