//! What the JPEG decoder reads from: bytes that run out when time does.
//!
//! The decoder asks for data four bytes at a time, so this is the one place from which it can be stopped. An error does not
//! stop it: it takes one for the end of a file that was cut off and makes a picture of what it has, which takes 2 ms a
//! megapixel for luma and 7 ms for colours (measured: of 100 megapixels, progressive). So it is unwound, as by a panic but
//! without one, up to where panics of decoders are caught.
//!
//! What is left without a look at the clock, each at most once a file: those milliseconds, after the last scan of a
//! progressive one; and what is missing of a file that ends before its pixels do, 10 ms a megapixel. Scans in which four
//! bytes stand for up to 65,000 blocks that say nothing look at it once at least.

use std::panic::resume_unwind;

use zune_jpeg::zune_core::bytestream::{ZByteIoError, ZByteReaderTrait, ZCursor, ZSeekFrom};

use crate::content::Deadline;

/// Reads of data between two looks at the clock, each of which takes some 30 ns, ten times as long as a read.
const READS_A_LOOK: u32 = 64;

/// The bytes that are read at once where a segment says how long it is: rarely, and where a scan begins.
const LENGTH: usize = 2;

/// What a decoder is unwound with past the deadline.
pub(super) struct Late;

/// Bytes; reading them past the deadline unwinds with [`Late`].
pub(super) struct Timed<'a> {
    bytes: ZCursor<&'a [u8]>,
    deadline: Deadline,
    reads: u32,
}

impl<'a> Timed<'a> {
    pub(super) fn new(bytes: &'a [u8], deadline: Deadline) -> Self {
        Self { bytes: ZCursor::new(bytes), deadline, reads: 0 }
    }

    #[inline]
    fn look_at_clock(&mut self, length: usize) {
        self.reads = self.reads.wrapping_add(1);
        if (length == LENGTH || self.reads.is_multiple_of(READS_A_LOOK)) && self.deadline.has_passed() {
            resume_unwind(Box::new(Late));
        }
    }
}

impl ZByteReaderTrait for Timed<'_> {
    /// Only after four bytes were asked for, so it looks at no clock.
    #[inline]
    fn read_byte_no_error(&mut self) -> u8 {
        self.bytes.read_byte_no_error()
    }

    #[inline]
    fn read_exact_bytes(&mut self, buf: &mut [u8]) -> Result<(), ZByteIoError> {
        self.look_at_clock(buf.len());
        self.bytes.read_exact_bytes(buf)
    }

    fn read_bytes(&mut self, buf: &mut [u8]) -> Result<usize, ZByteIoError> {
        self.look_at_clock(buf.len());
        self.bytes.read_bytes(buf)
    }

    fn peek_bytes(&mut self, buf: &mut [u8]) -> Result<usize, ZByteIoError> {
        self.bytes.peek_bytes(buf)
    }

    fn peek_exact_bytes(&mut self, buf: &mut [u8]) -> Result<(), ZByteIoError> {
        self.bytes.peek_exact_bytes(buf)
    }

    #[inline]
    fn z_seek(&mut self, from: ZSeekFrom) -> Result<u64, ZByteIoError> {
        self.bytes.z_seek(from)
    }

    #[inline]
    fn is_eof(&mut self) -> Result<bool, ZByteIoError> {
        self.bytes.is_eof()
    }

    fn z_position(&mut self) -> Result<u64, ZByteIoError> {
        self.bytes.z_position()
    }

    fn read_remaining(&mut self, sink: &mut Vec<u8>) -> Result<usize, ZByteIoError> {
        self.bytes.read_remaining(sink)
    }
}
