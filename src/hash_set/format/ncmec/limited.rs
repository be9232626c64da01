//! The bytes of a list on their way to the XML parser, which by itself takes in a tag or text of any length.

use std::io::{self, BufRead, Read};

use super::super::Input;

/// Bytes of one entry, or of one tag or text between entries. The longest there are take a hundredth of it.
pub(super) const MAX_ENTRY: usize = if cfg!(test) { 64 << 10 } else { 4 << 20 };

/// An input that gives no more than [`MAX_ENTRY`] bytes between two breaths.
pub(super) struct Limited<'i, 'a> {
    input: &'i mut Input<'a>,
    left: usize,
}

impl<'i, 'a> Limited<'i, 'a> {
    /// All that is left of `input`.
    pub(super) fn new(input: &'i mut Input<'a>) -> Self {
        Self { input, left: MAX_ENTRY }
    }

    /// Something ended, so that what comes next may be long again.
    pub(super) const fn breathe(&mut self) {
        self.left = MAX_ENTRY;
    }

    /// Whether the limit is reached.
    pub(super) const fn is_over(&self) -> bool {
        self.left == 0
    }

    /// The line, from 1, that the next byte stands in.
    pub(super) fn line(&self) -> u64 {
        self.input.line()
    }
}

impl Read for Limited<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let len = available.len().min(into.len());
        into[..len].copy_from_slice(&available[..len]);
        self.consume(len);
        Ok(len)
    }
}

impl BufRead for Limited<'_, '_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::other("the entry is too long"));
        }
        let available = self.input.fill_buf()?;
        Ok(&available[..available.len().min(self.left)])
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount);
        self.input.consume(amount);
    }
}
