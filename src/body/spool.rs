//! The file that a large body continues in.
#![expect(unsafe_code, reason = "a memory map of a file that only we can reach")]

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use bytes::Bytes;
use memmap2::{Advice, Mmap};

/// An unlinked file in `directory`.
#[derive(Debug)]
pub(super) struct Spool(File);

impl Spool {
    pub(super) fn create(directory: &Path) -> io::Result<Self> {
        tempfile::tempfile_in(directory).map(Self)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// The whole content as one slice backed by the file. Pages that were read can be dropped by the kernel at any
    /// time, so even a body of many gigabytes costs no memory that anything else needs.
    pub(super) fn map(self) -> io::Result<Bytes> {
        // SAFETY: a map is unsound when the file changes or shrinks under it. This file has no name, so no other
        // process can open it, and `self` is consumed here, so nothing in this process writes to it again.
        let map = unsafe { Mmap::map(&self.0)? };
        map.advise(Advice::Sequential)?;
        Ok(Bytes::from_owner(map))
    }
}

/// What is left of `file`, in a file of its own in `directory`: whoever changes `file` later does not change it.
///
/// # Errors
/// One of the two fails.
pub fn private_copy(file: &mut File, directory: &Path) -> io::Result<Bytes> {
    let mut spool = Spool::create(directory)?;
    let length = io::copy(file, &mut spool.0)?;
    if length == 0 { Ok(Bytes::new()) } else { spool.map() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_reads_what_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let mut spool = Spool::create(directory.path()).unwrap();
        assert_eq!(directory.path().read_dir().unwrap().count(), 0, "the file has no name");
        spool.write(b"held ").unwrap();
        spool.write(b"body").unwrap();
        assert_eq!(spool.map().unwrap(), "held body");
    }
}
