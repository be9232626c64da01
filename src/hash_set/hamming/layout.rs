//! How hashes are cut into slots, and what stands where in the tables made for them.
//!
//! A layout is chosen when tables are built and kept beside them, so that choosing differently later leaves old tables
//! readable. The tables are one run of bytes: for every slot a section of directory, overflow blocks and entries, each
//! starting at a multiple of 64 bytes from the beginning.

use std::ops::Range;

use super::directory::{self, DENSEST_BLOCKS, Kind, OVERFLOW_BYTES};
use super::plan::Plan;

/// Everything in the tables starts at multiples of this many bytes, a cache line.
pub const ALIGNMENT: usize = 64;

/// Past so many bits a directory takes more memory than it saves time.
pub(super) const MAX_DIRECTORY_BITS: u32 = 28;
pub(super) const MAX_SLOTS: usize = 64;
/// Bytes of an entry: a row of up to 32 bits and at least as many check bits as are left of 40.
pub(super) const ENTRY_BYTES: u32 = 5;
/// Entries are read eight bytes at a time, also the last one.
pub(super) const PADDING: usize = 8;

/// One slot, and the size of its section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// First bit, counted from the highest of the first word.
    pub(super) start: u32,
    /// Bits that belong to the slot.
    pub(super) width: u32,
    /// Bits, the first of the slot, that the directory is over.
    pub(super) directory_bits: u32,
    pub(super) kind: Kind,
    pub(super) overflow_blocks: u32,
    /// None in the first slot, whose entries are the hashes themselves: they are sorted by it.
    pub(super) entries: u32,
}

/// Where the parts of a section are in the tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) directory: Range<usize>,
    pub(super) overflow: Range<usize>,
    /// With the padding behind them.
    pub(super) entries: Range<usize>,
    pub(super) end: usize,
}

impl Slot {
    fn section(&self, start: usize, entry_bytes: u32) -> Option<Section> {
        let directory = start..start.checked_add(self.kind.bytes(self.directory_bits))?;
        let overflow_start = directory.end.checked_next_multiple_of(ALIGNMENT)?;
        let overflow_bytes = (self.overflow_blocks as usize).checked_mul(OVERFLOW_BYTES)?;
        let overflow = overflow_start..overflow_start.checked_add(overflow_bytes)?;
        let entries_start = overflow.end.checked_next_multiple_of(ALIGNMENT)?;
        let entry_bytes = (self.entries as usize).checked_mul(entry_bytes as usize)?;
        let padded = if entry_bytes == 0 { 0 } else { entry_bytes.checked_add(PADDING)? };
        let entries = entries_start..entries_start.checked_add(padded)?;
        let end = entries.end.checked_next_multiple_of(ALIGNMENT)?;
        Some(Section { directory, overflow, entries, end })
    }
}

/// What the tables over a list of hashes look like. Plain numbers: [`to_words`](Self::to_words) and
/// [`from_words`](Self::from_words) take it to a file and back.
#[derive(Clone, Debug)]
pub struct Layout {
    hash_bits: u32,
    len: u32,
    row_bits: u32,
    entry_bytes: u32,
    slots: Vec<Slot>,
    sections: Vec<Section>,
    plan: Plan,
}

/// Why numbers are not a layout, or a layout does not fit the tables.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// The numbers stop early or go on too long.
    #[error("the layout of the index has {found} numbers where {expected} are expected")]
    Length {
        /// Numbers that a layout of so many slots has.
        expected: usize,
        /// Numbers there are.
        found: usize,
    },
    /// A number is out of its bounds, or contradicts another.
    #[error("the layout of the index has an impossible {0}")]
    Impossible(&'static str),
    /// The layout is for other hashes.
    #[error("the index is for {expected} hashes of {expected_bits} bits, and there are {found} of {found_bits}")]
    Hashes {
        /// Hashes in the layout.
        expected: usize,
        /// Their width in bits.
        expected_bits: u32,
        /// Hashes given.
        found: usize,
        /// Their width in bits.
        found_bits: u32,
    },
    /// The tables are cut off, or something stands behind them.
    #[error("the tables of the index have {found} bytes where the layout says {expected}")]
    Tables {
        /// Bytes by the layout.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
}

const HEAD_WORDS: usize = 5;
const SLOT_WORDS: usize = 5;

impl Layout {
    /// Slots of these widths, each with the bits of its directory, over `len` hashes. The sizes of sections that are only
    /// known when they are built are filled in by [`with_sizes`](Self::with_sizes).
    pub(super) fn cut(hash_bits: u32, len: u32, widths: &[(u32, u32)]) -> Self {
        let mut start = 0;
        let mut slot = |(width, directory_bits): &(u32, u32)| {
            let is_dense = u64::from(len) >> directory_bits >= DENSEST_BLOCKS;
            let kind = if is_dense { Kind::Starts } else { Kind::Blocks };
            let slot =
                Slot { start, width: *width, directory_bits: *directory_bits, kind, overflow_blocks: 0, entries: 0 };
            start += width;
            slot
        };
        let slots: Vec<Slot> = widths.iter().map(&mut slot).collect();
        let row_bits = len.saturating_sub(1).checked_ilog2().map_or(1, |highest| highest + 1);
        let plan = Plan::new(hash_bits, len, ENTRY_BYTES, &slots);
        Self { hash_bits, len, row_bits, entry_bytes: ENTRY_BYTES, slots, sections: Vec::new(), plan }
    }

    /// The layout with the overflow blocks and entries that each slot turned out to have.
    pub(super) fn with_sizes(mut self, sizes: impl IntoIterator<Item = (u32, u32)>) -> Result<Self, LayoutError> {
        for (slot, (overflow_blocks, entries)) in self.slots.iter_mut().zip(sizes) {
            (slot.overflow_blocks, slot.entries) = (overflow_blocks, entries);
        }
        self.sections.clear();
        let mut start = 0;
        for slot in &self.slots {
            let section = slot.section(start, self.entry_bytes).ok_or(LayoutError::Impossible("size"))?;
            start = section.end;
            self.sections.push(section);
        }
        Ok(self)
    }

    /// The layout as numbers.
    pub fn to_words(&self) -> Vec<u32> {
        let head = [self.hash_bits, self.len, self.row_bits, self.entry_bytes, self.slots.len() as u32];
        let words = |slot: &Slot| {
            let kind = match slot.kind {
                Kind::Blocks => 0,
                Kind::Starts => 1,
            };
            [slot.width, slot.directory_bits, kind, slot.overflow_blocks, slot.entries]
        };
        head.into_iter().chain(self.slots.iter().flat_map(words)).collect()
    }

    /// The layout that [`to_words`](Self::to_words) gave these numbers of. Nothing about them is taken on trust.
    ///
    /// # Errors
    /// [`LayoutError::Length`] and [`LayoutError::Impossible`].
    pub fn from_words(words: &[u32]) -> Result<Self, LayoutError> {
        let length = |expected| LayoutError::Length { expected, found: words.len() };
        let (head, rest) = words.split_first_chunk::<HEAD_WORDS>().ok_or_else(|| length(HEAD_WORDS))?;
        let [hash_bits, len, row_bits, entry_bytes, count] = *head;
        require(count as usize <= MAX_SLOTS, "number of slots")?;
        let (slots, behind) = rest.as_chunks::<SLOT_WORDS>();
        if slots.len() != count as usize || !behind.is_empty() {
            return Err(length(HEAD_WORDS + SLOT_WORDS * count as usize));
        }
        require(matches!(hash_bits, 64 | 256), "hash width")?;
        require((1..=32).contains(&row_bits) && u64::from(len) <= 1 << row_bits, "row width")?;
        require((4..=8).contains(&entry_bytes) && row_bits <= 8 * entry_bytes, "entry width")?;
        let mut start = 0;
        let slots = slots.iter().enumerate().map(|(position, words)| {
            let slot = slot_from(*words, start, if position == 0 { 0 } else { len })?;
            start += slot.width;
            Ok(slot)
        });
        let slots: Vec<Slot> = slots.collect::<Result<_, _>>()?;
        require(slots.is_empty() || start == hash_bits, "sum of slot widths")?;
        let plan = Plan::new(hash_bits, len, entry_bytes, &slots);
        let sizes: Vec<_> = slots.iter().map(|slot| (slot.overflow_blocks, slot.entries)).collect();
        Self { hash_bits, len, row_bits, entry_bytes, slots, sections: Vec::new(), plan }.with_sizes(sizes)
    }

    /// Bytes that the tables have.
    pub fn tables_len(&self) -> usize {
        self.sections.last().map_or(0, |section| section.end)
    }

    /// Number of hashes.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there are no hashes.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Width of the hashes.
    pub(super) const fn hash_bits(&self) -> u32 {
        self.hash_bits
    }

    pub(super) const fn row_bits(&self) -> u32 {
        self.row_bits
    }

    pub(super) const fn entry_bytes(&self) -> u32 {
        self.entry_bytes
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// As many as slots, once the sizes are known.
    pub(super) fn sections(&self) -> &[Section] {
        &self.sections
    }

    pub(super) const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How many bits of the hash behind the directory's an entry of slot `position` holds: those of this slot that the
    /// directory leaves, and those of the next slot, as far as there is room.
    pub(super) fn check_bits(&self, position: usize) -> u32 {
        let (slot, room) = (&self.slots[position], 8 * self.entry_bytes - self.row_bits);
        let next = if self.slots.len() == 1 { 0 } else { self.slots[(position + 1) % self.slots.len()].width };
        (slot.width - slot.directory_bits + next).min(room).min(32)
    }
}

fn slot_from(words: [u32; SLOT_WORDS], start: u32, most_entries: u32) -> Result<Slot, LayoutError> {
    let [width, directory_bits, kind, overflow_blocks, entries] = words;
    require((1..=256).contains(&width), "slot width")?;
    require((1..=MAX_DIRECTORY_BITS.min(width)).contains(&directory_bits), "directory width")?;
    let kind = match kind {
        0 => Kind::Blocks,
        1 => Kind::Starts,
        _ => return Err(LayoutError::Impossible("kind of directory")),
    };
    let most_blocks = (1_u32 << directory_bits).div_ceil(directory::BLOCK_VALUES as u32);
    require(overflow_blocks <= most_blocks, "number of overflow blocks")?;
    require(entries <= most_entries, "number of entries")?;
    Ok(Slot { start, width, directory_bits, kind, overflow_blocks, entries })
}

fn require(holds: bool, what: &'static str) -> Result<(), LayoutError> {
    if holds { Ok(()) } else { Err(LayoutError::Impossible(what)) }
}
