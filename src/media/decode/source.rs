//! What a decoder reads from: bytes that run out when time does.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use crate::content::Deadline;

/// Reads between two looks at the clock, each of which takes some 30 ns: some formats are read pixel by pixel.
const READS_A_LOOK: u32 = 64;

/// Bytes, some of which may be replaced. An error past the deadline.
pub(super) struct Source<'a> {
    bytes: &'a [u8],
    /// By position, without overlaps.
    patches: Vec<Patch>,
    position: usize,
    deadline: Deadline,
    reads: u32,
}

/// Bytes that stand in place of others.
pub(super) struct Patch {
    pub(super) at: usize,
    pub(super) bytes: Vec<u8>,
}

impl<'a> Source<'a> {
    pub(super) const fn new(bytes: &'a [u8], deadline: Deadline) -> Self {
        Self { bytes, patches: Vec::new(), position: 0, deadline, reads: 0 }
    }

    /// The same bytes, as many of which as there are in each patch are replaced by it. Patches come by position.
    pub(super) fn with_patches(self, patches: Vec<Patch>) -> Self {
        Self { patches, ..self }
    }

    /// What follows, up to where it is replaced or stops being so.
    fn rest(&self) -> &[u8] {
        let is_ahead = |patch: &&Patch| self.position < patch.at.saturating_add(patch.bytes.len());
        match self.patches.iter().find(is_ahead) {
            Some(patch) if patch.at <= self.position => &patch.bytes[self.position - patch.at..],
            Some(patch) => self.bytes.get(self.position..patch.at.min(self.bytes.len())).unwrap_or_default(),
            None => self.bytes.get(self.position..).unwrap_or_default(),
        }
    }

    fn look_at_clock(&mut self) -> io::Result<()> {
        self.reads = self.reads.wrapping_add(1);
        if self.reads % READS_A_LOOK == 1 && self.deadline.has_passed() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.look_at_clock()?;
        let read = self.rest().read(into)?;
        self.position += read;
        Ok(read)
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.look_at_clock()?;
        Ok(self.rest())
    }

    fn consume(&mut self, amount: usize) {
        self.position += amount;
    }
}

impl Seek for Source<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => (self.bytes.len() as u64).checked_add_signed(offset),
            SeekFrom::Current(offset) => (self.position as u64).checked_add_signed(offset),
        };
        let position = position.and_then(|position| usize::try_from(position).ok());
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn patches_replace_what_stands_there() {
        let patch = |at, bytes: &[u8]| Patch { at, bytes: bytes.to_vec() };
        let patches = vec![patch(0, b"abc"), patch(5, b"d")];
        let mut source = Source::new(b"0123456789", Deadline::NEVER).with_patches(patches);
        let mut text = String::new();
        source.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc34d6789");
        assert_eq!(source.seek(SeekFrom::End(-2)).unwrap(), 8);
        assert_eq!(source.fill_buf().unwrap(), b"89");
        source.seek(SeekFrom::Start(100)).unwrap();
        assert_eq!(source.fill_buf().unwrap(), b"");
    }

    #[test]
    fn past_the_deadline_there_is_nothing_to_read() {
        let mut source = Source::new(b"0123456789", Deadline::after(Duration::ZERO));
        assert_eq!(source.fill_buf().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
