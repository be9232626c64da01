//! Hashes and tables in a file that is mapped, as those of a compiled set are.
#![expect(unsafe_code, reason = "a memory map of a file that nobody else has")]

use std::fs::File;
use std::io;

use memmap2::{Advice, Mmap};
use penstock::hash_set::compiled::BlockWriter;

use crate::lists::Hash;

/// A file that has the hashes and takes their tables.
pub(crate) struct Writer {
    file: BlockWriter<File>,
    hashes: usize,
}

impl Writer {
    pub(crate) fn new(hashes: &[Hash]) -> io::Result<Self> {
        let file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR"))?;
        let mut writer = Self { file: BlockWriter::new(file), hashes: hashes.len() };
        writer.write(bytemuck::cast_slice(hashes))?;
        Ok(writer)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    pub(crate) fn map(self) -> io::Result<Mapped> {
        let file = self.file.finish()?;
        // SAFETY: the file has no name, so nobody changes it.
        let map = unsafe { Mmap::map(&file) }?;
        map.advise(Advice::HugePage).ok();
        Ok(Mapped { map, hashes: self.hashes })
    }
}

/// The file as slices.
pub(crate) struct Mapped {
    map: Mmap,
    hashes: usize,
}

impl Mapped {
    pub(crate) fn hashes(&self) -> &[Hash] {
        bytemuck::cast_slice(&self.map[..self.hashes * size_of::<Hash>()])
    }

    pub(crate) fn tables(&self) -> &[u8] {
        &self.map[self.hashes * size_of::<Hash>()..]
    }
}
