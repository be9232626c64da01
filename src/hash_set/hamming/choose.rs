//! Which layout a list of hashes gets.

use super::layout::{Layout, MAX_DIRECTORY_BITS};

/// Below this many hashes tables are not worth their memory: a scan takes 10 µs, less than anything around it.
pub(super) const SCAN_BELOW: u32 = 4_096;

/// The radius that a layout is chosen for; any other is answered too. For PDQ that of its authors, for 64 bits a common
/// one.
const fn usual_radius(hash_bits: u32) -> u32 {
    if hash_bits == 256 { 31 } else { 8 }
}

impl Layout {
    /// The layout for `len` hashes of `W` words: of those that stay within [`memory_per_hash`], the fastest by the model
    /// of `plan`. Short lists get no tables, and are scanned.
    pub(super) fn for_len<const W: usize>(len: u32) -> Self {
        let hash_bits = 64 * W as u32;
        let fastest = candidates(hash_bits, len)
            .filter_map(|widths| {
                let layout = Self::cut(hash_bits, len, &widths);
                let cost = layout.plan().cost(usual_radius(hash_bits) as usize)?;
                (expected_bytes(&layout) <= memory_per_hash(len) * f64::from(len)).then_some((cost, layout))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0));
        fastest.map_or_else(|| Self::cut(hash_bits, len, &[]), |(_, layout)| layout)
    }
}

/// Bytes that a hash may take with its share of the tables: 140 up to a million, 100 at ten million, 80 at a hundred
/// million and beyond.
fn memory_per_hash(len: u32) -> f64 {
    let size = f64::from(len.max(1)).log10();
    if size < 7.0 { 140.0 - 40.0 * (size - 6.0).clamp(0.0, 1.0) } else { 100.0 - 20.0 * (size - 7.0).clamp(0.0, 1.0) }
}

fn expected_bytes(layout: &Layout) -> f64 {
    let directories: usize = layout.slots().iter().map(|slot| slot.kind.bytes(slot.directory_bits)).sum();
    let entries = layout.slots().len().saturating_sub(1) * layout.entry_bytes() as usize;
    directories as f64 + (entries + layout.hash_bits() as usize / 8) as f64 * layout.len() as f64
}

/// Widths of slots worth comparing, each with the bits of its directory.
///
/// With `radius = m·a + b` and `b < m`, `b + 1` of `m` slots are searched one bit further than the others, so they are
/// the wider ones. A directory may be over fewer bits than the slot, which saves memory and costs longer buckets.
fn candidates(hash_bits: u32, len: u32) -> impl Iterator<Item = Vec<(u32, u32)>> {
    let counts = if len < SCAN_BELOW { 0..0 } else { hash_bits.div_ceil(MAX_DIRECTORY_BITS)..hash_bits / 12 };
    counts.flat_map(move |count| {
        let wide = usual_radius(hash_bits) % count + 1;
        (8..=32).flat_map(move |narrow_width| {
            let split = split(hash_bits, count, wide, narrow_width);
            (0..16)
                .filter_map(move |spare| Some(with_directories(split.as_ref()?, wide as usize, spare / 4, spare % 4)))
        })
    })
}

/// The widths of `wide` slots and of others that have `narrow_width`; `None` when they do not come out wider than those.
fn split(hash_bits: u32, count: u32, wide: u32, narrow_width: u32) -> Option<Vec<u32>> {
    let left = hash_bits.checked_sub((count - wide) * narrow_width)?;
    let (width, rest) = (left / wide, left % wide);
    let is_sensible = width >= narrow_width && width <= 32 && (count > wide || narrow_width == 8);
    is_sensible.then(|| {
        let wide = (0..wide).map(|position| width + u32::from(position < rest));
        let narrow = vec![narrow_width; count as usize - wide.len()];
        // A narrow slot first: its entries are whole hashes, so it should be searched the least.
        narrow.into_iter().chain(wide).collect()
    })
}

fn with_directories(widths: &[u32], wide: usize, wide_spare: u32, narrow_spare: u32) -> Vec<(u32, u32)> {
    let narrow = widths.len() - wide;
    let spare = |position| if position < narrow { narrow_spare } else { wide_spare };
    let directory = |position: usize, width: u32| width.saturating_sub(spare(position)).clamp(1, MAX_DIRECTORY_BITS);
    widths.iter().enumerate().map(|(position, width)| (*width, directory(position, *width))).collect()
}
