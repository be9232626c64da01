//! Writes samples as a PNG without compression: a form in which all other code knows pictures.

use bytes::Bytes;

use crate::body::{End, ScratchWriter};
use crate::extract::dissection::Dissection;

/// Bytes of a stored block; at most 65,535.
const BLOCK: usize = 48 << 10;

/// A picture of eight bits a sample.
pub(super) struct Png<'a> {
    output: ScratchWriter<'a>,
    pending: Vec<u8>,
    checksum: (u32, u32),
}

impl<'a> Png<'a> {
    /// Begins a picture of `channels` channels: grey or three colours, and how much of them shows if there is one more.
    pub(super) fn begin(width: u32, height: u32, channels: usize, found: &mut Dissection<'a>) -> Result<Self, End> {
        let mut png = Self { output: found.output(), pending: Vec::with_capacity(BLOCK), checksum: (1, 0) };
        png.write(b"\x89PNG\r\n\x1a\n", found)?;
        let colour = match channels {
            1 => 0,
            2 => 4,
            3 => 2,
            _ => 6,
        };
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, colour, 0, 0, 0]].concat();
        png.chunk(b"IHDR", &header, found)?;
        png.chunk(b"IDAT", b"\x78\x01", found)?;
        Ok(png)
    }

    /// Adds a row of samples.
    pub(super) fn row(&mut self, samples: &[u8], found: &mut Dissection<'_>) -> Result<(), End> {
        self.pending.push(0);
        for piece in samples.chunks(BLOCK) {
            self.pending.extend_from_slice(piece);
            while self.pending.len() >= BLOCK {
                let rest = self.pending.split_off(BLOCK);
                self.block(0, found)?;
                self.pending = rest;
            }
        }
        Ok(())
    }

    /// The picture.
    pub(super) fn finish(mut self, found: &mut Dissection<'_>) -> Result<Bytes, End> {
        self.block(1, found)?;
        let checksum = self.checksum.1 << 16 | self.checksum.0;
        self.chunk(b"IDAT", &checksum.to_be_bytes(), found)?;
        self.chunk(b"IEND", b"", found)?;
        self.output.finish().map_err(|_| End::NoRoom)
    }

    /// What is pending, as a stored block (RFC 1951 §3.2.4).
    fn block(&mut self, is_last: u8, found: &mut Dissection<'_>) -> Result<(), End> {
        let data = std::mem::take(&mut self.pending);
        let length = data.len() as u16;
        self.add_to_checksum(&data);
        let block = [&[is_last][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &data].concat();
        self.chunk(b"IDAT", &block, found)
    }

    /// Adler-32, by so many bytes at once that nothing overflows (RFC 1950 §9).
    fn add_to_checksum(&mut self, data: &[u8]) {
        let (mut sum, mut sums) = self.checksum;
        for piece in data.chunks(5552) {
            for byte in piece {
                sum += u32::from(*byte);
                sums += sum;
            }
            (sum, sums) = (sum % 65_521, sums % 65_521);
        }
        self.checksum = (sum, sums);
    }

    fn chunk(&mut self, kind: &[u8; 4], data: &[u8], found: &mut Dissection<'_>) -> Result<(), End> {
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(kind);
        checksum.update(data);
        let length = (data.len() as u32).to_be_bytes();
        self.write(&[&length[..], kind, data, &checksum.finalize().to_be_bytes()].concat(), found)
    }

    fn write(&mut self, piece: &[u8], found: &mut Dissection<'_>) -> Result<(), End> {
        found.copy(piece, &mut self.output)
    }
}
