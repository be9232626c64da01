//! Makes the tables of sorted hashes, a slot at a time.

use std::thread;

use super::bits::bits_of;
use super::cpu::prefetch;
use super::directory::{self, OVERFLOW_BYTES};
use super::layout::{ALIGNMENT, Layout, PADDING};

/// Hashes cannot be indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Rows are numbered with 32 bits.
    #[error("an index holds at most 4294967295 hashes, and there are {0}")]
    TooMany(usize),
    /// A hash is smaller than the one before.
    #[error("hashes are not sorted: the one in row {0} is smaller than the one before")]
    Unsorted(usize),
}

/// Why tables were not made, or not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError<E> {
    /// They cannot be made.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// What was to take a section failed.
    #[error("{0}")]
    Sink(E),
}

/// Builds the tables of `hashes` on up to `threads` threads and hands their sections, in order, to `emit`; put end to
/// end they are the tables. Returns the layout to keep with them.
///
/// `hashes` are sorted ascending; equal ones may repeat. Takes, beside the hashes, the memory of two sections a thread:
/// at most 1.6 GB a thread for a hundred million PDQ hashes, 0.2 GB for ten million.
///
/// # Errors
/// [`EmitError::Build`] when there are 2³² hashes or more or they are not sorted; [`EmitError::Sink`] when `emit` fails.
pub fn build_tables<const W: usize, E>(
    hashes: &[[u64; W]],
    threads: usize,
    emit: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Layout, EmitError<E>> {
    let len = u32::try_from(hashes.len()).map_err(|_| BuildError::TooMany(hashes.len()))?;
    build_with(Layout::for_len::<W>(len), hashes, threads, emit)
}

/// [`build_tables`] by a layout whose sizes are not known yet.
pub(super) fn build_with<const W: usize, E>(
    layout: Layout,
    hashes: &[[u64; W]],
    threads: usize,
    mut emit: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Layout, EmitError<E>> {
    if let Some(row) = (1..hashes.len()).find(|row| hashes[row - 1] > hashes[*row]) {
        return Err(BuildError::Unsorted(row).into());
    }
    let positions: Vec<usize> = (0..layout.slots().len()).collect();
    let mut sizes = Vec::new();
    for positions in positions.chunks(threads.max(1)) {
        let build = |position| build_section(&layout, position, hashes);
        for section in in_parallel(positions, build) {
            sizes.push((section.overflow_blocks, section.entries));
            for part in section.parts {
                emit(&part).map_err(EmitError::Sink)?;
                let padding = part.len().next_multiple_of(ALIGNMENT) - part.len();
                emit(&[0; ALIGNMENT][..padding]).map_err(EmitError::Sink)?;
            }
        }
    }
    // Sizes that were built fit in memory, so they fit in numbers.
    layout.with_sizes(sizes).map_err(|_| BuildError::TooMany(hashes.len()).into())
}

fn in_parallel<T: Send>(positions: &[usize], build: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let Some((first, others)) = positions.split_first() else {
        return Vec::new();
    };
    thread::scope(|scope| {
        let build = &build;
        let others: Vec<_> = others.iter().map(|position| scope.spawn(move || build(*position))).collect();
        let first = build(*first);
        // A panic of a thread goes on in this one.
        let others =
            others.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        std::iter::once(first).chain(others).collect()
    })
}

/// What [`Layout::with_sizes`] wants to know, and the parts, each of which starts at a multiple of [`ALIGNMENT`].
struct BuiltSection {
    overflow_blocks: u32,
    entries: u32,
    parts: [Vec<u8>; 3],
}

fn build_section<const W: usize>(layout: &Layout, position: usize, hashes: &[[u64; W]]) -> BuiltSection {
    let slot = &layout.slots()[position];
    let value = |hash: &[u64; W]| bits_of(hash, slot.start, slot.directory_bits) as usize;
    // The first slot finds rows, every one; the others find entries, one for each run of equal hashes.
    let is_indexed = |row: usize| position == 0 || is_first(hashes, row);
    let mut starts = vec![0_u32; 1 << slot.directory_bits];
    for (row, hash) in hashes.iter().enumerate() {
        if let Some(later) = hashes.get(row + AHEAD.0) {
            prefetch(&starts, value(later));
        }
        starts[value(hash)] += u32::from(is_indexed(row));
    }
    let mut end = 0;
    for start in &mut starts {
        end += std::mem::replace(start, end);
    }
    let mut entries = Vec::new();
    if position == 0 {
        hashes.iter().for_each(|hash| starts[value(hash)] += 1);
    } else {
        let write = match layout.entry_bytes() {
            4 => write_entries::<W, 4>,
            5 => write_entries::<W, 5>,
            6 => write_entries::<W, 6>,
            7 => write_entries::<W, 7>,
            _ => write_entries::<W, 8>,
        };
        entries = write(layout, position, hashes, &mut starts, end as usize);
    }
    // Every start has moved to its end by now.
    let (directory, overflow) = directory::write(slot.kind, &starts);
    let entry_count = if position == 0 { 0 } else { end };
    let overflow_blocks = (overflow.len() / OVERFLOW_BYTES) as u32;
    BuiltSection { overflow_blocks, entries: entry_count, parts: [directory, overflow, entries] }
}

/// Rows ahead of which the start of a value is fetched, and rows ahead of which the place that it points to is: both
/// are at random, and would be waited for one after the other.
const AHEAD: (usize, usize) = (32, 16);

/// Puts the entry of each first row where the start of its value points, and moves that on. Entries have `B` bytes.
fn write_entries<const W: usize, const B: usize>(
    layout: &Layout,
    position: usize,
    hashes: &[[u64; W]],
    starts: &mut [u32],
    count: usize,
) -> Vec<u8> {
    let slot = &layout.slots()[position];
    let value = |hash: &[u64; W]| bits_of(hash, slot.start, slot.directory_bits) as usize;
    let check_bits = layout.check_bits(position);
    let mut entries = vec![0; if count == 0 { 0 } else { count * B + PADDING }];
    for (row, hash) in hashes.iter().enumerate() {
        if let Some(later) = hashes.get(row + AHEAD.0) {
            prefetch(starts, value(later));
        }
        if let Some(later) = hashes.get(row + AHEAD.1) {
            prefetch(&entries, starts[value(later)] as usize * B);
        }
        if !is_first(hashes, row) {
            continue;
        }
        let start = &mut starts[value(hash)];
        let check = bits_of(hash, slot.start + slot.directory_bits, check_bits);
        let entry = (row as u64 | u64::from(check) << layout.row_bits()).to_le_bytes();
        // There is room for as many entries as were counted, so this is never passed over.
        if let (Some(place), Some(bytes)) =
            (entries.get_mut(*start as usize * B..).and_then(<[u8]>::first_chunk_mut::<B>), entry.first_chunk::<B>())
        {
            *place = *bytes;
        }
        *start += 1;
    }
    entries
}

/// Whether the hash in `row` differs from the one before.
pub(super) fn is_first<const W: usize>(hashes: &[[u64; W]], row: usize) -> bool {
    row == 0 || hashes[row] != hashes[row - 1]
}
