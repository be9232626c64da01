//! Puts a text together within the limits of the upload.

use bytes::Bytes;

use crate::body::ScratchWriter;
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;

/// Bytes handed on at a time.
const BLOCK: usize = 32 << 10;

/// A text that grows piece by piece. Past a limit, which is reported, it stays as it is.
pub(in crate::extract) struct TextWriter<'a> {
    output: ScratchWriter<'a>,
    block: Vec<u8>,
    /// Bytes that the text is made from, for the limit on how much content may grow.
    packed: usize,
    is_full: bool,
}

impl<'a> TextWriter<'a> {
    /// Begins a text that is made from `packed` bytes.
    pub(in crate::extract) fn new(packed: usize, found: &Dissection<'a>) -> Self {
        Self { output: found.output(), block: Vec::new(), packed, is_full: false }
    }

    /// Whether a limit has been passed.
    pub(in crate::extract) const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Adds `piece`.
    pub(in crate::extract) fn push(&mut self, piece: &[u8], found: &mut Dissection<'a>) {
        for piece in piece.chunks(BLOCK) {
            if self.is_full {
                return;
            }
            self.block.extend_from_slice(piece);
            self.flush(BLOCK, found);
        }
    }

    /// Ends a line, unless one has just ended or nothing stands before it.
    pub(in crate::extract) fn end_line(&mut self, found: &mut Dissection<'a>) {
        if self.block.last().is_some_and(|last| *last != b'\n') || self.block.is_empty() && !self.output.is_empty() {
            self.push(b"\n", found);
        }
    }

    /// Hands the text out, unless there is nothing in it to read.
    pub(in crate::extract) fn show(self, kind: PartKind, name: &str, found: &mut Dissection<'a>) {
        if let Some(text) = self.finish(found) {
            found.show(Part::new(kind, text).named(name), None);
        }
    }

    /// The text; `None` when there is nothing in it to read, or no room for it.
    pub(in crate::extract) fn finish(mut self, found: &mut Dissection<'a>) -> Option<Bytes> {
        self.flush(1, found);
        found.take(self.output).filter(|text| text.iter().any(|byte| !byte.is_ascii_whitespace()))
    }

    fn flush(&mut self, at_least: usize, found: &mut Dissection<'a>) {
        if self.is_full {
            return;
        }
        if let Err(limit) = found.flush(&mut self.block, at_least, self.packed, &mut self.output) {
            found.report_limit(limit);
            self.is_full = true;
            self.block.clear();
        }
    }
}
