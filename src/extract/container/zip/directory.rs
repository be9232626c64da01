//! Central directories: all that some reader might take for the one of a file.

use std::ops::Range;

use memchr::memmem;

use crate::content::number::{clamped, u16_at};
use crate::extract::container::volume;

use super::record::{self, CENTRAL, Central, END, END_LENGTH, End, LOCAL};

/// How far from the end readers look for the end record: as far as its comment may reach.
pub(super) const TAIL: usize = END_LENGTH + u16::MAX as usize;

/// Most directories that are read. Honest files have one; each of a thousand could be long.
pub(super) const MAX_READ: usize = 8;

/// A central directory.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) entries: Vec<Entry>,
    pub(super) start: usize,
    /// Whether it has as many entries and bytes as its end record says.
    pub(super) is_exact: bool,
    /// Whether it ends where its end record begins.
    pub(super) is_in_front: bool,
}

/// An entry of a directory, with the place of its local header.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) central: Central,
    pub(super) local: usize,
    /// Whether it is on another volume, which is not here.
    pub(super) is_elsewhere: bool,
}

/// The directories of a file.
#[derive(Debug)]
pub(super) struct Directories {
    pub(super) all: Vec<Directory>,
    /// Where comments of the archive stand.
    pub(super) comments: Vec<Range<usize>>,
    /// Whether every reader takes the same one for the one.
    pub(super) is_clear: bool,
}

/// All directories of `bytes`, with at most `max` entries each.
pub(super) fn find(bytes: &[u8], max: usize) -> Directories {
    let tail = bytes.len().saturating_sub(TAIL);
    let mut found = Directories { all: Vec::new(), comments: Vec::new(), is_clear: true };
    let mut contents = Vec::new();
    let mut read_count = 0;
    // From the front, which is vectorised, then turned round: searching backwards is not, and was most of what a plain
    // body cost.
    let ends: Vec<usize> = memmem::find_iter(&bytes[tail..], END).map(|at| tail + at).collect();
    for at in ends.into_iter().rev() {
        // An archive that is an entry of the one already found is no rival of that.
        if covers(&contents, at) && !reaches_end(bytes, at) {
            continue;
        }
        for directory in record::ends(bytes, at).iter().flat_map(|end| read(bytes, end, max)) {
            read_count += 1;
            if read_count > MAX_READ {
                return Directories { is_clear: false, ..found };
            }
            found.add(directory);
            found.comments.push(record::comment(bytes, at));
        }
        found.comments.dedup();
        if contents.is_empty() && !found.all.is_empty() {
            contents = found.all.iter().flat_map(|directory| directory.contents(bytes, tail)).collect();
            contents = merged(contents);
        }
    }
    found
}

/// Whether `at` is in one of `ranges`, which are in order and apart.
fn covers(ranges: &[Range<usize>], at: usize) -> bool {
    let behind = ranges.partition_point(|range| range.start <= at);
    behind.checked_sub(1).is_some_and(|index| ranges[index].contains(&at))
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    ranges.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
    ranges
}

/// Whether `bytes` end with a directory that is about an archive in them.
pub(super) fn is_at_end(bytes: &[u8], max: usize) -> bool {
    let tail = bytes.len().saturating_sub(TAIL);
    let is_there = |entry: &Entry| record::local(bytes, entry.local).is_some();
    let mut ends = memmem::find_iter(&bytes[tail..], END).map(|at| tail + at).filter(|at| reaches_end(bytes, *at));
    ends.any(|at| read_all(bytes, at, max).iter().any(|directory| directory.entries.iter().any(is_there)))
}

/// Every directory that the end record at `at` may mean.
pub(super) fn read_all(bytes: &[u8], at: usize, max: usize) -> Vec<Directory> {
    let mut directories: Vec<Directory> = Vec::new();
    for directory in record::ends(bytes, at).iter().flat_map(|end| read(bytes, end, max)) {
        if !directories.iter().any(|known| known.agrees(&directory)) {
            directories.push(directory);
        }
    }
    directories
}

/// Whether the comment of the end record at `at` ends where the file does; some readers ask for that.
fn reaches_end(bytes: &[u8], at: usize) -> bool {
    u16_at(bytes, at + 20).is_some_and(|comment| at + END_LENGTH + usize::from(comment) == bytes.len())
}

/// The directories that `end` may mean. It says where the directory is twice: from the start of the archive, which need
/// not be that of the file, and by a length back from itself.
fn read(bytes: &[u8], end: &End, max: usize) -> Vec<Directory> {
    let by_offset = clamped(end.offset);
    let by_size = end.at.checked_sub(clamped(end.size));
    let mut directories = Vec::new();
    if let Some(start) = by_size {
        // Python goes on even where the archive would start in front of the file.
        directories.extend(walk(bytes, end, start, start as i128 - by_offset as i128, max));
    }
    if by_size != Some(by_offset) && by_offset < bytes.len() {
        directories.extend(walk(bytes, end, by_offset, 0, max));
    }
    directories
}

/// The directory that starts at `start`, in an archive that starts at `base`.
fn walk(bytes: &[u8], end: &End, start: usize, base: i128, max: usize) -> Option<Directory> {
    let mut entries = Vec::new();
    let mut at = start;
    while entries.len() < max
        && let Some(central) = record::central(bytes, at)
    {
        at = central.end;
        let local = local_place(bytes, &central, base);
        let is_elsewhere = u32::from(central.volume) != end.volume || is_before(&central, base);
        entries.push(Entry { central, local, is_elsewhere });
    }
    if entries.is_empty() && (end.count > 0 || end.size > 0) {
        return None;
    }
    // The short record counts only 16 bits of what there is, and some writers leave it at that.
    let counts = entries.len() as u64 == end.count || entries.len() as u64 & 0xffff == end.count;
    let is_exact = entries.len() == max || counts && (at - start) as u64 == end.size;
    Some(Directory { entries, start, is_exact, is_in_front: at == end.at })
}

/// Where the local header of `central` is. Some writers count from the start of the file although something stands in
/// front of the archive.
fn local_place(bytes: &[u8], central: &Central, base: i128) -> usize {
    let place = clamped(central.local);
    let is_local = |at: usize| bytes.get(at..).is_some_and(|rest| rest.starts_with(LOCAL));
    let moved = usize::try_from(place as i128 + base).unwrap_or(usize::MAX);
    if !is_local(moved) && is_local(place) { place } else { moved }
}

/// Whether `central` is in front of the file, of which whole volumes are not there.
fn is_before(central: &Central, base: i128) -> bool {
    let missing = base.checked_neg().and_then(|missing| u64::try_from(missing).ok());
    missing.is_some_and(|missing| central.local < missing && volume::is_length(missing))
}

/// The directory at the end of `bytes` after which the end record is missing, or has broken off.
pub(super) fn without_end(bytes: &[u8], max: usize) -> Option<Directory> {
    let is_end = |rest: &[u8]| rest.len() < END_LENGTH && rest.iter().zip(END).all(|(byte, expected)| byte == expected);
    let mut behind = 0;
    for start in memmem::find_iter(bytes, CENTRAL) {
        // From the middle of records that lead nowhere, they do so as well.
        if start < behind {
            continue;
        }
        let end = End { count: 0, size: 0, offset: start as u64, volume: 0, at: start };
        let directory = walk(bytes, &end, start, 0, max)?;
        behind = directory.entries.last().map_or(start, |entry| entry.central.end);
        if is_end(&bytes[behind..]) && !directory.entries.is_empty() {
            return Some(Directory { is_exact: true, ..directory });
        }
    }
    None
}

impl Directories {
    fn add(&mut self, directory: Directory) {
        let is_known = self.all.iter().any(|known| known.agrees(&directory));
        self.is_clear &= (self.all.is_empty() || is_known) && directory.is_exact;
        if !is_known {
            self.all.push(directory);
        }
    }
}

impl Directory {
    /// Where the contents of entries lie, as far as they reach behind `tail`.
    fn contents(&self, bytes: &[u8], tail: usize) -> Vec<Range<usize>> {
        let content = |entry: &Entry| {
            let start = record::local(bytes, entry.local)?.content;
            Some(start..start.saturating_add(clamped(entry.central.header.packed)))
        };
        self.entries.iter().filter_map(content).filter(|range| range.end > tail).collect()
    }

    /// Where the contents of entries lie that stand in the archive as they are.
    pub(super) fn stored(&self, bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
        let is_stored = |entry: &&Entry| entry.central.header.method == 0 && !entry.central.header.is_encrypted();
        self.entries.iter().filter(is_stored).filter_map(|entry| {
            let start = record::local(bytes, entry.local)?.content;
            Some(start..start.saturating_add(clamped(entry.central.header.packed)))
        })
    }

    fn agrees(&self, other: &Self) -> bool {
        let same = |(one, two): (&Entry, &Entry)| one.local == two.local && one.central.header == two.central.header;
        self.entries.len() == other.entries.len() && self.entries.iter().zip(&other.entries).all(same)
    }
}
