//! The file that a large body continues in.
#![expect(unsafe_code, reason = "a memory map of a file that only we can reach")]

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use memmap2::{Advice, Mmap, MmapOptions};

/// An unlinked file in `directory`.
#[derive(Debug)]
pub(super) struct Spool(Arc<File>);

/// What a spool file held at some moment, while more is written behind it.
#[derive(Clone, Debug)]
pub struct Spooled {
    file: Arc<File>,
    length: usize,
}

impl Spooled {
    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Its bytes as one slice backed by the file.
    ///
    /// # Errors
    /// The system has no more room for maps.
    pub fn map(&self) -> io::Result<Bytes> {
        if self.is_empty() {
            return Ok(Bytes::new());
        }
        // SAFETY: a map is unsound when what it shows changes or goes away. The file has no name, so no other process
        // can open it; in this one it is only written behind its end, and never cut.
        let map = unsafe { MmapOptions::new().len(self.length).map(&*self.file)? };
        Ok(Bytes::from_owner(map))
    }
}

impl Spool {
    pub(super) fn create(directory: &Path) -> io::Result<Self> {
        tempfile::tempfile_in(directory).map(|file| Self(Arc::new(file)))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// The first `length` bytes, which have been written.
    pub(super) fn so_far(&self, length: usize) -> Spooled {
        Spooled { file: Arc::clone(&self.0), length }
    }

    /// The whole content as one slice backed by the file. Pages that were read can be dropped by the kernel at any
    /// time, so even a body of many gigabytes costs no memory that anything else needs.
    pub(super) fn map(self) -> io::Result<Bytes> {
        // SAFETY: a map is unsound when the file changes or shrinks under it. This file has no name, so no other
        // process can open it, and `self` is consumed here, so nothing in this process writes to it again: whoever
        // was told what it held so far can only read.
        let map = unsafe { Mmap::map(&*self.0)? };
        map.advise(Advice::Sequential)?;
        Ok(Bytes::from_owner(map))
    }
}

/// What is left of `file`, in `own`, an empty file that nobody else has: whoever changes `file` later does not change
/// it.
///
/// # Errors
/// One of the two fails.
pub fn private_copy(file: &mut File, own: File) -> io::Result<Bytes> {
    let mut spool = Spool(Arc::new(own));
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
        let so_far = spool.so_far(4);
        spool.write(b", and more").unwrap();
        assert_eq!((so_far.map().unwrap(), so_far.len()), (Bytes::from_static(b"held"), 4));
        assert_eq!(spool.map().unwrap(), "held body, and more");
        assert_eq!(so_far.map().unwrap(), "held", "the file is there as long as somebody reads it");
    }
}
