//! The one door to the decompressors: nothing goes through it without a limit on bytes, ratio and time.
//!
//! All of them are written in Rust: `miniz_oxide` (deflate, in three wrappings), `deflate64`, `brotli-decompressor`,
//! `ruzstd`, `lzma-rust2`, `libbz2-rs-sys` (bzip2), `ppmd-rust`.
#![expect(clippy::disallowed_methods, reason = "this is the capped door that all other code has to use")]

mod brotli;
mod bzip2;
mod deflate;
mod deflate64;
mod lzma;
mod reader;
mod zstd;

use super::scratch::{Scratch, ScratchWriter};
use crate::content::{Deadline, ExtractLimits, plain_picture_length};

pub use lzma::{Chain, Machine, Step};
pub use reader::{Decompressed, FileCoding};

/// Bytes decompressed at a time.
const BLOCK: usize = 64 << 10;

/// A compression of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950; what HTTP calls `deflate`.
    Zlib,
    /// RFC 1951 without a wrapping; what some clients and zip call deflate.
    Deflate,
    /// Deflate with a window of 64 KiB, as Windows writes it into zip files. The end of a stream is told to four bytes.
    Deflate64,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
    /// One stream of the format of `xz`.
    Xz,
    /// One stream of the format of `bzip2`.
    Bzip2,
}

/// What undoes a compression, block by block.
trait Decoder {
    /// Fills the start of `block`. Zero bytes are the end of the stream.
    ///
    /// # Errors
    /// The stream is damaged or cut off.
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken>;

    /// Bytes of input that belong to the stream, once it has ended.
    fn consumed(&self) -> usize;
}

/// The stream is damaged, cut off, or uses what the decoder does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Broken;

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As it should, behind so many bytes of the input.
    Complete(usize),
    /// It is damaged, cut off, or written in a way that the decoder does not know.
    Broken,
    /// There are more bytes than all streams of an upload together may give.
    TooLarge,
    /// It grows more than a compressed stream may.
    TooDense,
    /// Time ran out.
    Late,
    /// There is no room in memory or on disk.
    NoRoom,
}

/// Decompresses the streams of one upload within its limits.
#[derive(Debug)]
pub struct Unpacker<'a> {
    scratch: Scratch<'a>,
    deadline: &'a Deadline,
    max_ratio: u64,
    max_plain_picture: u64,
    left: u64,
}

impl<'a> Unpacker<'a> {
    /// An unpacker for one upload.
    pub fn new(scratch: Scratch<'a>, limits: &ExtractLimits, deadline: &'a Deadline) -> Self {
        let ExtractLimits { max_ratio, max_plain_picture, max_unpacked: left, .. } = *limits;
        Self { scratch, deadline, max_ratio: max_ratio.max(1), max_plain_picture, left }
    }

    /// Begins one piece of content.
    pub fn output(&self) -> ScratchWriter<'a> {
        self.scratch.writer()
    }

    /// Adds to `output` what the one stream at the start of `input` gives, up to the first fault.
    pub fn unpack(&mut self, coding: Coding, input: &[u8], output: &mut ScratchWriter) -> End {
        self.unpack_as(coding, input, input.len(), output)
    }

    /// The same, of a stream that counts as `packed` bytes: see [`Self::packed_as`].
    pub fn unpack_as(&mut self, coding: Coding, input: &[u8], packed: usize, output: &mut ScratchWriter) -> End {
        match coding {
            Coding::Gzip => self.pump(&mut deflate::Gzip::new(input), packed, output),
            Coding::Zlib => self.pump(&mut deflate::Inflate::zlib(input), packed, output),
            Coding::Deflate => self.pump(&mut deflate::Inflate::raw(input), packed, output),
            Coding::Deflate64 => self.pump(&mut deflate64::Deflate64::new(input), packed, output),
            Coding::Brotli => self.pump(&mut brotli::Brotli::new(input), packed, output),
            Coding::Zstd => self.pump(&mut zstd::Zstd::new(input), packed, output),
            Coding::Xz => self.pump(&mut lzma::Xz::new(input), packed, output),
            Coding::Bzip2 => self.pump(&mut bzip2::Bzip2::new(input), packed, output),
        }
    }

    /// How many bytes a stream of `packed` bytes counts as by its ratio, where it is known that a picture of `plain`
    /// bytes is in it: at least so many that it may become that long. No more than the largest picture that is decoded.
    pub fn packed_as(&self, packed: usize, plain: u64) -> usize {
        let least = if plain <= self.max_plain_picture { plain.div_ceil(self.max_ratio) } else { 0 };
        packed.max(usize::try_from(least).unwrap_or(usize::MAX))
    }

    /// Adds to `output` what `chain` gives, up to the first fault. A dictionary larger than any tool asks for is too
    /// large.
    pub fn unpack_chain(&mut self, chain: &Chain<'_>, output: &mut ScratchWriter) -> End {
        if chain.dictionary() > lzma::MAX_DICTIONARY {
            return End::TooLarge;
        }
        self.pump(&mut lzma::Reading::new(chain), chain.packed(), output)
    }

    /// Adds `piece` to `output` within the limits, for content that is decoded elsewhere. `packed` is what it came from.
    ///
    /// # Errors
    /// A limit was passed.
    pub fn write(&mut self, piece: &[u8], packed: usize, output: &mut ScratchWriter) -> Result<(), End> {
        if self.deadline.has_passed() {
            return Err(End::Late);
        }
        let length = output.len() + piece.len() as u64;
        let is_dense = length > ExtractLimits::RATIO_FLOOR && length / self.max_ratio > packed as u64;
        if is_dense && !self.is_within_picture(length, output) {
            return Err(End::TooDense);
        }
        self.left = self.left.checked_sub(piece.len() as u64).ok_or(End::TooLarge)?;
        output.write(piece).map_err(|_| End::NoRoom)
    }

    /// Whether `length` bytes are no more than the picture without compression says that `output` begins with.
    fn is_within_picture(&self, length: u64, output: &ScratchWriter) -> bool {
        let plain = plain_picture_length(output.head()).filter(|plain| *plain <= self.max_plain_picture);
        // Some metadata may follow the samples.
        plain.is_some_and(|plain| length <= plain.saturating_add(ExtractLimits::RATIO_FLOOR))
    }

    /// Adds `piece` to `output` without counting it: it has been counted in another form, of which it is no more than a
    /// small multiple.
    ///
    /// # Errors
    /// Time has run out, or there is no room.
    pub fn copy(&self, piece: &[u8], output: &mut ScratchWriter) -> Result<(), End> {
        if self.deadline.has_passed() {
            return Err(End::Late);
        }
        output.write(piece).map_err(|_| End::NoRoom)
    }

    fn pump(&mut self, decoder: &mut dyn Decoder, packed: usize, output: &mut ScratchWriter) -> End {
        let mut block = vec![0; BLOCK];
        loop {
            match decoder.decode(&mut block) {
                Ok(0) => return End::Complete(decoder.consumed()),
                Ok(length) => {
                    if let Err(end) = self.write(&block[..length], packed, output) {
                        return end;
                    }
                }
                Err(Broken) => return End::Broken,
            }
        }
    }
}

#[cfg(test)]
mod tests;
