//! What a decoder reads from: bytes that run out when time does.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use crate::content::Deadline;

/// Reads between two looks at the clock, each of which takes some 30 ns: some formats are read pixel by pixel.
const READS_A_LOOK: u32 = 64;

/// Bytes; an error past the deadline.
pub(super) struct Source<'a> {
    bytes: &'a [u8],
    position: usize,
    deadline: Deadline,
    reads: u32,
}

impl<'a> Source<'a> {
    pub(super) const fn new(bytes: &'a [u8], deadline: Deadline) -> Self {
        Self { bytes, position: 0, deadline, reads: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
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
    fn bytes_are_read_from_any_place() {
        let mut source = Source::new(b"0123456789", Deadline::NEVER);
        let mut text = String::new();
        source.read_to_string(&mut text).unwrap();
        assert_eq!(text, "0123456789");
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
