//! A list as it is read: a stream that knows the line it stands in.

use std::io::{self, BufRead, Read};

use super::super::problem::{ReadError, RowProblem, RowProblemKind};

/// Bytes of one line. The longest there are, a PhotoDNA value or a keyword rule with its note, take a hundredth of it.
const MAX_LINE: usize = 1 << 20;

/// A list that is being read. Memory does not grow with its length.
///
/// It is a [`BufRead`] like any other, and counts the lines of what is taken from it.
pub struct Input<'a> {
    reader: Box<dyn BufRead + 'a>,
    name: &'a str,
    line: u64,
    /// What was looked at ahead, and how much of it has been read since.
    head: Vec<u8>,
    head_read: usize,
}

impl<'a> Input<'a> {
    /// Reads `reader`, which is already decompressed. `name` is the file's name, which some formats rest on.
    pub fn new(reader: impl BufRead + 'a, name: &'a str) -> Self {
        Self { reader: Box::new(reader), name, line: 1, head: Vec::new(), head_read: 0 }
    }

    /// The file's name, without its folder.
    pub(in crate::hash_set) const fn name(&self) -> &'a str {
        self.name
    }

    /// The first `limit` bytes, or all there are if there are fewer; they will still be read. For the start only.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn head(&mut self, limit: usize) -> Result<&[u8], ReadError> {
        let missing = limit.saturating_sub(self.head.len()) as u64;
        let read = (&mut self.reader).take(missing).read_to_end(&mut self.head);
        read.map_err(|error| self.failed(error))?;
        Ok(&self.head[self.head_read..])
    }

    /// The line, from 1, that the next byte stands in.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// Reads up to and with the next line feed into `line`, in place of what it held; `false` at the end of the file.
    ///
    /// # Errors
    /// The file cannot be read, or the line is longer than any entry.
    pub(super) fn read_line(&mut self, line: &mut Vec<u8>) -> Result<bool, ReadError> {
        line.clear();
        let start = self.line;
        let limit = MAX_LINE as u64 + 1;
        let read = (&mut *self).take(limit).read_until(b'\n', line).map_err(|error| self.failed(error))?;
        if read > MAX_LINE {
            let kind = RowProblemKind::LongLine(MAX_LINE);
            return Err(RowProblem { line: start, column: 1, kind }.into());
        }
        Ok(read > 0)
    }

    /// What [`BufRead::fill_buf`] said, with the place.
    pub(super) const fn failed(&self, error: io::Error) -> ReadError {
        ReadError::Io { line: self.line, error }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = if self.head_read < self.head.len() {
            (&self.head[self.head_read..]).read(buffer).inspect(|read| self.head_read += read)?
        } else {
            self.reader.read(buffer)?
        };
        self.line += memchr::memchr_iter(b'\n', &buffer[..read]).count() as u64;
        Ok(read)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.head_read < self.head.len() { Ok(&self.head[self.head_read..]) } else { self.reader.fill_buf() }
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed has been seen in the buffer, so looking again neither blocks nor fails.
        if let Ok(buffer) = self.fill_buf() {
            let newlines = memchr::memchr_iter(b'\n', &buffer[..amount.min(buffer.len())]).count() as u64;
            self.line += newlines;
        }
        if self.head_read < self.head.len() {
            self.head_read = self.head.len().min(self.head_read + amount);
        } else {
            self.reader.consume(amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_however_they_are_read() {
        let mut input = Input::new(io::BufReader::with_capacity(3, &b"one\ntwo\n\nfour"[..]), "list");
        let mut line = Vec::new();
        assert!(input.read_line(&mut line).unwrap());
        assert_eq!((line.as_slice(), input.line()), (&b"one\n"[..], 2));
        let mut byte = [0; 4];
        input.read_exact(&mut byte).unwrap();
        assert_eq!((&byte, input.line()), (b"two\n", 3));
        assert!(input.read_line(&mut line).unwrap() && input.read_line(&mut line).unwrap());
        assert_eq!((line.as_slice(), input.line()), (&b"four"[..], 4));
        assert!(!input.read_line(&mut line).unwrap());
    }

    #[test]
    fn what_is_looked_at_ahead_is_still_read() {
        let mut input = Input::new(io::BufReader::with_capacity(3, &b"one\ntwo\nthree"[..]), "list");
        assert_eq!(input.head(6).unwrap(), b"one\ntw");
        assert_eq!(input.line(), 1);
        let mut line = Vec::new();
        assert!(input.read_line(&mut line).unwrap());
        assert_eq!((line.as_slice(), input.line()), (&b"one\n"[..], 2));
        assert!(input.read_line(&mut line).unwrap());
        assert_eq!((line.as_slice(), input.line()), (&b"two\n"[..], 3));
        input.read_to_end(&mut line).unwrap();
        assert_eq!(line, b"two\nthree");
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        let mut input = Input::new(io::BufReader::new(io::repeat(b'a')), "list");
        let error = input.read_line(&mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "1:1: the line is longer than 1048576 bytes, expected one entry a line");
    }
}
