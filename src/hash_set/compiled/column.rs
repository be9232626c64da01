//! A section as numbers.
//!
//! Sections start at multiples of 64 bytes of a map or of memory that is aligned as one, so that their bytes are numbers
//! as they stand, without a copy. What is not a whole number of them at the end is not there.

use bytes::Bytes;

#[cfg(target_endian = "big")]
compile_error!("compiled sets are read as they stand in the file, in little-endian numbers");

/// The bytes of a section.
pub(super) type Column = Bytes;

/// The section as 64-bit numbers.
pub(super) fn u64s(column: &[u8]) -> &[u64] {
    whole(column)
}

/// The section as 32-bit numbers.
pub(super) fn u32s(column: &[u8]) -> &[u32] {
    whole(column)
}

/// The section as 16-bit numbers.
pub(super) fn u16s(column: &[u8]) -> &[u16] {
    whole(column)
}

/// The section as hashes of `W` words.
pub(super) fn words<const W: usize>(column: &[u8]) -> &[[u64; W]] {
    u64s(column).as_chunks().0
}

fn whole<T: bytemuck::AnyBitPattern>(column: &[u8]) -> &[T] {
    let usable = column.len() - column.len() % size_of::<T>();
    bytemuck::try_cast_slice(&column[..usable]).unwrap_or_default()
}
