//! Deflate, bare, in zlib's wrapping and in gzip's.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use super::{Broken, Decoder};

/// RFC 1951, or RFC 1950 around it.
pub(super) struct Inflate<'a> {
    state: Box<InflateState>,
    input: &'a [u8],
    at: usize,
    status: Status,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Going,
    Done,
    Broken,
}

impl<'a> Inflate<'a> {
    pub(super) fn raw(input: &'a [u8]) -> Self {
        Self { state: InflateState::new_boxed(DataFormat::Raw), input, at: 0, status: Status::Going }
    }

    pub(super) fn zlib(input: &'a [u8]) -> Self {
        Self { state: InflateState::new_boxed(DataFormat::Zlib), input, at: 0, status: Status::Going }
    }
}

impl Decoder for Inflate<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        loop {
            match self.status {
                Status::Going => {}
                Status::Done => return Ok(0),
                Status::Broken => return Err(Broken),
            }
            let result = inflate(&mut self.state, &self.input[self.at..], block, MZFlush::None);
            self.at += result.bytes_consumed;
            self.status = match result.status {
                Ok(MZStatus::StreamEnd) => Status::Done,
                Ok(_) if result.bytes_consumed > 0 || result.bytes_written > 0 => Status::Going,
                _ => Status::Broken,
            };
            if result.bytes_written > 0 {
                return Ok(result.bytes_written);
            }
        }
    }

    fn consumed(&self) -> usize {
        self.at
    }
}

/// One member (RFC 1952 §2.3).
pub(super) struct Gzip<'a> {
    input: &'a [u8],
    header: Option<usize>,
    inflate: Inflate<'a>,
    checksum: crc32fast::Hasher,
    length: u32,
}

impl<'a> Gzip<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        let header = header_length(input);
        let inflate = Inflate::raw(&input[header.unwrap_or(input.len())..]);
        Self { input, header, inflate, checksum: crc32fast::Hasher::new(), length: 0 }
    }

    /// Checks the trailer: CRC-32 and length of the content.
    fn check(&self) -> Result<(), Broken> {
        let trailer = self.input.get(self.consumed() - 8..self.consumed()).ok_or(Broken)?;
        let expected = [self.checksum.clone().finalize().to_le_bytes(), self.length.to_le_bytes()].concat();
        if trailer == expected { Ok(()) } else { Err(Broken) }
    }
}

impl Decoder for Gzip<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        self.header.ok_or(Broken)?;
        let length = self.inflate.decode(block)?;
        if length == 0 {
            self.check()?;
        }
        self.checksum.update(&block[..length]);
        self.length = self.length.wrapping_add(length as u32);
        Ok(length)
    }

    fn consumed(&self) -> usize {
        self.header.unwrap_or_default() + self.inflate.consumed() + 8
    }
}

/// Length of a member's header; `None` when it is none, or a checksum of it is wrong.
fn header_length(input: &[u8]) -> Option<usize> {
    let [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, ..] = *input else {
        return None;
    };
    if flags & 0xe0 != 0 {
        return None;
    }
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(u16::from_le_bytes(*input.get(at..)?.first_chunk()?));
    }
    // Name and comment, each up to a zero byte.
    for flag in [8, 16] {
        if flags & flag != 0 {
            at += memchr::memchr(0, input.get(at..)?)? + 1;
        }
    }
    if flags & 2 != 0 {
        let expected = crc32fast::hash(input.get(..at)?) as u16;
        if u16::from_le_bytes(*input.get(at..)?.first_chunk()?) != expected {
            return None;
        }
        at += 2;
    }
    (at <= input.len()).then_some(at)
}
