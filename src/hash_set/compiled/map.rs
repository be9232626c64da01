//! A compiled file as bytes.
#![expect(unsafe_code, reason = "a memory map of a file that is replaced and never changed")]

use std::fs::File;
use std::io;

use bytes::Bytes;
use memmap2::{Mmap, MmapMut};

/// Maps `file`, which takes the same time for a large one as for a small one.
///
/// The file must be replaced by renaming another over it, and never be changed in place: what is mapped would change
/// with it, and a file that is cut short ends the process. The loader maps only copies that are its own.
///
/// # Errors
/// The file cannot be mapped.
pub(super) fn map(file: &File) -> io::Result<Bytes> {
    if file.metadata()?.len() == 0 {
        return Ok(Bytes::new());
    }
    // SAFETY: a map is unsound when the file changes under it. Penstock writes compiled sets aside and renames them, and
    // the proxy maps copies in a folder of its own. Every reader of the bytes checks each place it finds in them, so that
    // even bytes that did change would make wrong answers and no worse.
    let map = unsafe { Mmap::map(file)? };
    // Asks that what is read from the disk comes in huge pages, as what was just written does: see `blocks`. A system that
    // cannot do so says no, and nothing else changes.
    #[cfg(target_os = "linux")]
    map.advise(memmap2::Advice::HugePage).ok();
    Ok(Bytes::from_owner(map))
}

/// `bytes` in memory that is aligned as a map is.
///
/// # Errors
/// There is no memory.
pub(super) fn in_memory(bytes: &[u8]) -> io::Result<Bytes> {
    let mut map = MmapMut::map_anon(bytes.len().max(1))?;
    map[..bytes.len()].copy_from_slice(bytes);
    Ok(Bytes::from_owner(map.make_read_only()?).slice(..bytes.len()))
}
