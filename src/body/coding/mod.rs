//! The one door to the decompressors: nothing goes through it without a limit on bytes, ratio and time.
//!
//! All of them are written in Rust: `miniz_oxide` (deflate, in three wrappings), `deflate64`, `brotli-decompressor`,
//! `ruzstd`, `lzma-rust2`, `libbz2-rs-sys` (bzip2), `ppmd-rust`, `rars`, `lzxd`; LZ4, Snappy and `compress` by code of
//! our own.
#![expect(clippy::disallowed_methods, reason = "this is the capped door that all other code has to use")]

mod back;
mod brotli;
mod bzip2;
mod cabinet;
mod compress;
mod deflate;
mod deflate64;
mod fax;
mod lz4;
mod lzma;
mod rar;
mod reader;
mod snappy;
mod zstd;

use std::time::Duration;

use super::scratch::{Scratch, ScratchWriter};
use crate::content::{Deadline, ExtractLimits, plain_picture_length};

pub use cabinet::CabinetMethod;
pub use fax::Fax;
pub use lzma::{Chain, Machine, Step};
pub use rar::{RarEvent, RarFault, RarReader};
pub use reader::{Decompressed, FileCoding};

/// Bytes decompressed at a time.
const BLOCK: usize = 64 << 10;

/// Processor time that a byte of content costs at least, once it is unpacked: it is hashed, and searched for more.
const A_BYTE: Duration = Duration::from_nanos(4);

/// So many bytes that are not kept count as one that is.
const PASSED: u64 = 8;

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
    /// One frame of LZ4, or what the Linux kernel has of it.
    Lz4,
    /// LZMA behind a header of its own, as `lzma` writes it.
    LzmaAlone,
    /// One member of the format of `lzip`.
    Lzip,
    /// What `compress` of Unix writes.
    Compress,
    /// Snappy in its framing, or in that of Pages, Numbers and Keynote.
    Snappy,
    /// One block of Snappy without a framing. It is as long as the input.
    SnappyBlock,
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
    /// There is too little work left to look at it.
    TooMuchWork,
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
        // Streams that give nothing never come to a limit.
        if self.deadline.has_passed() {
            return End::Late;
        }
        Self::pour(coding, input, &mut |piece| self.write(piece, input.len(), output))
    }

    /// Gives `target`, which keeps to the limits, what the one stream at the start of `input` gives, up to the first
    /// fault, or to what `target` says.
    pub fn pour(coding: Coding, input: &[u8], target: &mut Target<'_>) -> End {
        match coding {
            Coding::Gzip => pump(&mut deflate::Gzip::new(input), target),
            Coding::Zlib => pump(&mut deflate::Inflate::zlib(input), target),
            Coding::Deflate => pump(&mut deflate::Inflate::raw(input), target),
            Coding::Deflate64 => pump(&mut deflate64::Deflate64::new(input), target),
            Coding::Brotli => pump(&mut brotli::Brotli::new(input), target),
            Coding::Zstd => pump(&mut zstd::Zstd::new(input), target),
            Coding::Xz => pump(&mut lzma::Xz::new(input), target),
            Coding::Bzip2 => pump(&mut bzip2::Bzip2::new(input), target),
            Coding::Lz4 => pump(&mut lz4::Lz4::new(input), target),
            Coding::LzmaAlone => pump(&mut lzma::Alone::new(input), target),
            Coding::Lzip => pump(&mut lzma::Lzip::new(input), target),
            Coding::Compress => pump(&mut compress::Compress::new(input), target),
            Coding::Snappy => pump(&mut snappy::Snappy::new(input), target),
            Coding::SnappyBlock => pump(&mut snappy::SnappyBlock::new(input), target),
        }
    }

    /// Counts `length` bytes that are unpacked and not kept. They cost no room and little time, and count an eighth:
    /// twenty pages in colours at 600 dpi have 2 GB.
    ///
    /// # Errors
    /// A limit was passed.
    pub fn pass(&mut self, length: usize) -> Result<(), End> {
        if self.deadline.has_passed() {
            return Err(End::Late);
        }
        self.left = self.left.checked_sub((length as u64).div_ceil(PASSED)).ok_or(End::TooLarge)?;
        Ok(())
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
        if self.deadline.has_passed() {
            return End::Late;
        }
        pump(&mut lzma::Reading::new(chain), &mut |piece| self.write(piece, chain.packed(), output))
    }

    /// Adds to `output` what the blocks of a folder of a cabinet give, each with its length once it is unpacked, up to
    /// the first fault.
    pub fn unpack_cabinet(
        &mut self,
        method: CabinetMethod,
        blocks: &[(&[u8], usize)],
        output: &mut ScratchWriter,
    ) -> End {
        if self.deadline.has_passed() {
            return End::Late;
        }
        let packed = blocks.iter().map(|(block, _)| block.len()).sum();
        pump(&mut cabinet::Cabinet::new(method, blocks), &mut |piece| self.write(piece, packed, output))
    }

    /// Adds `piece` to `output` within the limits, for content that is decoded elsewhere. `packed` is what it came
    /// from.
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
        if !self.deadline.affords_steps(length, A_BYTE) {
            return Err(End::TooMuchWork);
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
}

/// What plain bytes are given to; it says how to end, if it wants no more.
type Target<'t> = dyn FnMut(&[u8]) -> Result<(), End> + 't;

fn pump(decoder: &mut dyn Decoder, target: &mut Target<'_>) -> End {
    let mut block = vec![0; BLOCK];
    loop {
        match decoder.decode(&mut block) {
            Ok(0) => return End::Complete(decoder.consumed()),
            Ok(length) => {
                if let Err(end) = target(&block[..length]) {
                    return end;
                }
            }
            Err(Broken) => return End::Broken,
        }
    }
}

#[cfg(test)]
mod tests;
