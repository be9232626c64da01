//! Compound files (MS-CFB): a small file system in a file. Storages are its folders, streams its files.
//!
//! Nothing that a file says about itself is trusted with time or memory. The table is as long as the file has sectors,
//! at most; chains end where they meet themselves; the tree of the directory is walked once; and all streams together
//! are read up to some times the length of the file, since they may share their sectors.

use std::collections::HashMap;

use bytes::Bytes;

use crate::content::number::{clamped, u16_at, u32_at, u64_at};
use crate::extract::ProblemCode;
use crate::extract::carve;
use crate::extract::dissection::Dissection;

use super::sectors::{Sectors, UNTOLD};

/// How the file begins.
pub(super) const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// The numbers of sectors of the table that stand in the header, behind so many bytes.
const IN_HEADER: (usize, usize) = (76, 109);

/// The size of sectors of small streams, as a power of two, and how many bytes make a stream a large one.
const MINI_SHIFT: u32 = 6;
const MINI_CUTOFF: u32 = 4096;

/// Bytes of an entry of the directory.
const ENTRY: usize = 128;

/// Most entries that are looked at. A mail to a thousand people has ten thousand.
const MAX_ENTRIES: usize = 1 << 17;

/// How many times the length of the file all streams that are read may have together: each is read once, and those
/// that others need once more.
const MAX_COVER: usize = 4;

/// Bytes of streams that may be read of even the smallest file.
const MIN_COVER: usize = 64 << 10;

/// Storages in the path of a stream. Deeper ones are left out, so that paths stay short.
const MAX_PATH: usize = 8;

/// The root of all storages.
pub(super) const ROOT: usize = 0;

/// A file, ready to read streams.
pub(super) struct CompoundFile {
    sectors: Sectors,
    /// The sectors of streams below [`MINI_CUTOFF`] bytes.
    mini: Sectors,
    entries: Vec<Entry>,
    /// Streams and storages by the storage they are in and their name in small letters.
    by_name: HashMap<(usize, String), usize>,
    cover: usize,
    /// Whether nothing was wrong so far.
    is_sound: bool,
}

/// A stream or a storage.
struct Entry {
    name: String,
    is_stream: bool,
    /// The storage it is in. [`ROOT`] for what is in none: readers that go along the directory find it all the same.
    parent: usize,
    /// The entries before, behind and below it.
    links: [u32; 3],
    start: u32,
    size: u64,
}

impl CompoundFile {
    /// Reads header, tables and directory. `None` when that cannot be done.
    pub(super) fn read(bytes: &Bytes, found: &mut Dissection<'_>) -> Option<Self> {
        let shift = u32::from(u16_at(bytes, 30)?);
        // What the header says about small streams, some readers believe and some do not.
        let says_else = u32::from(u16_at(bytes, 32)?) != MINI_SHIFT || u32_at(bytes, 56)? != MINI_CUTOFF;
        if !matches!(shift, 9 | 12) || says_else {
            return None;
        }
        let mut sectors = Sectors::new(bytes.clone(), 1 << shift, shift, table(bytes, shift).into());
        let directory = sectors.read(u32_at(bytes, 48)?, UNTOLD, found)?;
        let mini_table = sectors.read(u32_at(bytes, 60)?, UNTOLD, found)?.bytes;
        // With sectors of 512 bytes, sizes have 32 bits, and what stands behind them may be anything.
        let size_mask = if shift == 9 { u64::from(u32::MAX) } else { u64::MAX };
        let raw = directory.bytes.as_chunks::<ENTRY>().0;
        if raw.len() > MAX_ENTRIES {
            found.report(ProblemCode::TooManyParts, None);
        }
        let mut entries: Vec<Entry> = raw.iter().take(MAX_ENTRIES).map(|entry| Entry::read(entry, size_mask)).collect();
        let root = entries.first()?;
        let mini = sectors.read(root.start, clamped(root.size), found)?;
        let order = set_parents(&mut entries);
        let is_sound = directory.is_whole && mini.is_whole && order.is_tree;
        sectors.forget_chains();
        let mut file = Self {
            sectors,
            mini: Sectors::new(mini.bytes, 0, MINI_SHIFT, mini_table),
            by_name: names(&entries, &order.seen),
            entries,
            cover: bytes.len().saturating_mul(MAX_COVER).max(MIN_COVER),
            is_sound: true,
        };
        if !is_sound {
            file.note_damage(found);
        }
        Some(file)
    }

    fn note_damage(&mut self, found: &mut Dissection<'_>) {
        self.is_sound = false;
        found.report(ProblemCode::ContainerBroken, None);
    }

    pub(super) fn is_sound(&self) -> bool {
        self.is_sound
    }

    /// Every stream that has content, in the order of the directory.
    pub(super) fn streams(&self) -> Vec<usize> {
        (0..self.entries.len())
            .filter(|index| self.entries[*index].is_stream && self.entries[*index].size > 0)
            .collect()
    }

    /// The stream or storage called `name`, in small letters, in `storage`.
    pub(super) fn find(&self, storage: usize, name: &str) -> Option<usize> {
        self.by_name.get(&(storage, name.to_owned())).copied()
    }

    /// The name of a stream or storage in small letters, by which programs find it in any.
    pub(super) fn key(&self, index: usize) -> String {
        self.entries[index].name.to_lowercase()
    }

    pub(super) fn name(&self, index: usize) -> &str {
        &self.entries[index].name
    }

    /// The storage that a stream or storage is in.
    pub(super) fn parent(&self, index: usize) -> usize {
        self.entries[index].parent
    }

    /// The names of the storages around a stream and its own, without the control characters that many begin with.
    pub(super) fn path(&self, index: usize) -> String {
        let ways = std::iter::successors(Some(index), |at| Some(self.parent(*at)).filter(|parent| *parent != ROOT));
        let mut names: Vec<String> =
            ways.take(MAX_PATH).map(|at| self.name(at).replace(char::is_control, "")).collect();
        names.reverse();
        names.join("/")
    }

    /// The content of a stream, as far as its chain goes. `None` when there is no room for it.
    pub(super) fn stream(&mut self, index: usize, found: &mut Dissection<'_>) -> Option<Bytes> {
        if self.cover == 0 {
            return None;
        }
        let (start, size) = (self.entries[index].start, self.entries[index].size);
        let sectors = if size < u64::from(MINI_CUTOFF) { &mut self.mini } else { &mut self.sectors };
        let content = sectors.read(start, clamped(size), found)?;
        if !content.is_whole {
            self.note_damage(found);
        }
        self.cover = self.cover.saturating_sub(content.bytes.len());
        if self.cover == 0 {
            self.is_sound = false;
            found.report(ProblemCode::TooManyReadings, None);
        }
        Some(content.bytes)
    }

    /// The content of the stream called `name` in `storage`; `None` also when there is none.
    pub(super) fn stream_called(&mut self, storage: usize, name: &str, found: &mut Dissection<'_>) -> Option<Bytes> {
        let index = self.find(storage, name).filter(|index| self.entries[*index].is_stream)?;
        self.stream(index, found)
    }

    /// Looks for files where no stream is: behind the last sector, and in what was deleted.
    pub(super) fn carve_unused(&self, bytes: &Bytes, found: &mut Dissection<'_>) {
        for range in self.sectors.unused() {
            if found.is_over() {
                return;
            }
            // Carving finds what begins behind the first byte.
            carve::extract(&bytes.slice(range.start.saturating_sub(1)..range.end), found);
        }
    }
}

/// The table of all sectors, joined from those that hold it: some are told in the header, the others in a chain of
/// sectors (§2.5). No longer than the file has use for.
fn table(bytes: &[u8], shift: u32) -> Vec<u8> {
    let size = 1_usize << shift;
    let needed = (bytes.len() / size).div_ceil(size / 4);
    let at = |sector: u32| (sector as usize + 1).saturating_mul(size);
    let mut numbers: Vec<u32> =
        (0..IN_HEADER.1).filter_map(|index| u32_at(bytes, IN_HEADER.0 + 4 * index)).take(needed).collect();
    let mut next = u32_at(bytes, 68).map(at);
    let last = size / 4 - 1;
    while let Some(start) = next.filter(|_| numbers.len() < needed) {
        numbers.extend((0..last).filter_map(|index| u32_at(bytes, start.checked_add(4 * index)?)));
        next = start.checked_add(4 * last).and_then(|end| u32_at(bytes, end)).map(at);
    }
    numbers.truncate(needed);
    let mut table = Vec::with_capacity(numbers.len() * size);
    for (index, number) in numbers.iter().enumerate() {
        let start = at(*number).min(bytes.len());
        table.extend_from_slice(&bytes[start..start.saturating_add(size).min(bytes.len())]);
        // A sector that is not there chains nothing.
        table.resize((index + 1) * size, 0xff);
    }
    table
}

impl Entry {
    /// Source: §2.6.1.
    fn read(raw: &[u8; ENTRY], size_mask: u64) -> Self {
        let number = |at| u32_at(raw, at).unwrap_or(u32::MAX);
        let length = usize::from(u16_at(raw, 64).unwrap_or_default()).min(64) / 2;
        let units = raw.as_chunks::<2>().0[..length].iter().map(|unit| u16::from_le_bytes(*unit));
        let name = char::decode_utf16(units.take_while(|unit| *unit != 0));
        Self {
            name: name.map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
            is_stream: raw[66] == 2,
            parent: ROOT,
            links: [number(68), number(72), number(76)],
            start: number(116),
            size: u64_at(raw, 120).unwrap_or_default() & size_mask,
        }
    }
}

/// Which entries hang in the tree of the root.
struct Order {
    seen: Vec<bool>,
    /// Whether no entry hangs there twice, and all that are linked exist.
    is_tree: bool,
}

/// Tells each entry the storage it is in.
fn set_parents(entries: &mut [Entry]) -> Order {
    let mut order = Order { seen: vec![false; entries.len()], is_tree: true };
    let mut pending: Vec<(u32, usize)> = entries.first().map(|root| (root.links[2], ROOT)).into_iter().collect();
    if let Some(root) = order.seen.first_mut() {
        *root = true;
    }
    while let Some((index, parent)) = pending.pop() {
        if index == u32::MAX {
            continue;
        }
        let index = index as usize;
        match order.seen.get_mut(index) {
            Some(seen) if !*seen => *seen = true,
            _ => {
                order.is_tree = false;
                continue;
            }
        }
        let [before, behind, below] = entries[index].links;
        entries[index].parent = parent;
        pending.extend([(before, parent), (behind, parent)]);
        if !entries[index].is_stream {
            pending.push((below, index));
        }
    }
    order
}

/// Of two entries with one name, that is meant which hangs in the tree.
fn names(entries: &[Entry], seen: &[bool]) -> HashMap<(usize, String), usize> {
    let mut names = HashMap::new();
    let (in_tree, others): (Vec<usize>, Vec<usize>) = (1..entries.len()).partition(|index| seen[*index]);
    for index in in_tree.into_iter().chain(others) {
        names.entry((entries[index].parent, entries[index].name.to_lowercase())).or_insert(index);
    }
    names
}
