//! Undoes the compressions of strips and tiles. What is damaged gives what came out up to there.

use std::borrow::Cow;

use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode, decode};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags as flags};
use weezl::{BitOrder, LzwStatus};

use super::page::{Chunk, Packing, Page};

/// At most `expected` bytes of `chunk`, whose compression is none of JPEG.
pub(super) fn unpack<'a>(page: &Page<'_>, chunk: &Chunk, packed: &'a [u8], expected: usize) -> Cow<'a, [u8]> {
    let packed = if page.is_reversed {
        Cow::Owned(packed.iter().map(|byte| byte.reverse_bits()).collect())
    } else {
        Cow::Borrowed(packed)
    };
    let fax = |encoding| Fax { columns: page.chunk.0, rows: chunk.rows, encoding, begins_at_bytes: false };
    match page.packing {
        Packing::Plain => match packed {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..bytes.len().min(expected)]),
            Cow::Owned(bytes) => Cow::Owned(bytes),
        },
        Packing::Lzw => Cow::Owned(lzw(&packed, expected)),
        Packing::Deflate => Cow::Owned(inflate(&packed, expected)),
        Packing::PackBits => Cow::Owned(pack_bits(&packed, expected)),
        Packing::Runs { is_of_words: false } => {
            Cow::Owned(Fax { begins_at_bytes: true, ..fax(EncodingMode::Group3_1D) }.undo(&packed))
        }
        Packing::Runs { is_of_words: true } => Cow::Owned(fax(EncodingMode::Group3_1D).undo_words(&packed)),
        Packing::Fax3 { is_2d: true } => Cow::Owned(fax(EncodingMode::Group3_2D).undo(&packed)),
        Packing::Fax3 { is_2d: false } => Cow::Owned(fax(EncodingMode::Group3_1D).undo(&packed)),
        Packing::Fax4 => Cow::Owned(fax(EncodingMode::Group4).undo(&packed)),
        Packing::Jpeg | Packing::OldJpeg => Cow::Borrowed(&[]),
    }
}

/// Source: TIFF revision 6.0, §13. Old writers began with the lowest bit, and codes grew one later.
fn lzw(packed: &[u8], expected: usize) -> Vec<u8> {
    let mut decoder = if matches!(packed, [0, second, ..] if second & 1 == 1) {
        weezl::decode::Decoder::new(BitOrder::Lsb, 8)
    } else {
        weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8)
    };
    let mut plain = vec![0; expected];
    let (mut at, mut written) = (0, 0);
    while written < expected {
        let step = decoder.decode_bytes(&packed[at..], &mut plain[written..]);
        at += step.consumed_in;
        written += step.consumed_out;
        let has_moved = step.consumed_in > 0 || step.consumed_out > 0;
        if !has_moved || !matches!(step.status, Ok(LzwStatus::Ok)) {
            break;
        }
    }
    plain.truncate(written);
    plain
}

fn inflate(packed: &[u8], expected: usize) -> Vec<u8> {
    let mut plain = vec![0; expected];
    let mut written = 0;
    let lenient = flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF | flags::TINFL_FLAG_IGNORE_ADLER32;
    for header in [flags::TINFL_FLAG_PARSE_ZLIB_HEADER, 0] {
        (_, _, written) = decompress(&mut DecompressorOxide::new(), packed, &mut plain, 0, lenient | header);
        if written > 0 {
            break;
        }
    }
    plain.truncate(written);
    plain
}

/// Source: TIFF revision 6.0, §9.
fn pack_bits(packed: &[u8], expected: usize) -> Vec<u8> {
    let mut plain = Vec::with_capacity(expected);
    let mut rest = packed;
    while let Some((count, after)) = rest.split_first().filter(|_| plain.len() < expected) {
        let left = expected - plain.len();
        rest = match (*count, after) {
            (0..128, _) => {
                let length = after.len().min(usize::from(*count) + 1);
                plain.extend_from_slice(&after[..length.min(left)]);
                &after[length..]
            }
            (128, _) | (_, []) => after,
            (129.., [byte, after @ ..]) => {
                plain.resize(plain.len() + left.min(257 - usize::from(*count)), *byte);
                after
            }
        };
    }
    plain
}

/// A stretch of rows in black and white, by `hayro-ccitt`.
struct Fax {
    columns: u32,
    rows: u32,
    encoding: EncodingMode,
    begins_at_bytes: bool,
}

/// Rows of bits, of which those that are set are black.
struct Rows {
    bits: Vec<u8>,
    columns: u32,
}

impl Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        let start = self.bits.len();
        self.bits.resize(start + self.columns.div_ceil(8) as usize, 0);
        let row = &mut self.bits[start..];
        for run in changes.chunks(2) {
            blacken(row, run[0], run.get(1).copied().unwrap_or(self.columns));
        }
    }
}

impl Fax {
    const fn settings(&self, rows: u32) -> DecodeSettings {
        DecodeSettings {
            columns: self.columns,
            rows,
            end_of_block: !self.begins_at_bytes,
            end_of_line: false,
            rows_are_byte_aligned: self.begins_at_bytes,
            encoding: self.encoding,
            strict: false,
        }
    }

    fn rows(&self) -> Rows {
        Rows { bits: Vec::new(), columns: self.columns }
    }

    fn undo(&self, packed: &[u8]) -> Vec<u8> {
        let mut rows = self.rows();
        if !packed.is_empty() {
            // Damage ends the rows, which are counted.
            decode(packed, &mut rows, &mut DecoderContext::new(self.settings(self.rows))).ok();
        }
        rows.bits
    }

    /// Row by row, each from an even byte on.
    fn undo_words(&self, packed: &[u8]) -> Vec<u8> {
        let mut rows = self.rows();
        let mut context = DecoderContext::new(DecodeSettings { end_of_block: false, ..self.settings(1) });
        let mut at = 0;
        for _ in 0..self.rows {
            match packed.get(at..).filter(|rest| !rest.is_empty()).map(|rest| decode(rest, &mut rows, &mut context)) {
                Some(Ok(length)) if length > 0 => at += length.next_multiple_of(2),
                _ => break,
            }
        }
        rows.bits
    }
}

/// Sets the bits `from..to` of a row.
fn blacken(row: &mut [u8], from: u32, to: u32) {
    let (first, last) = ((from / 8) as usize, (to / 8) as usize);
    let (head, tail) = (0xff_u8 >> (from % 8), !(0xff_u8 >> (to % 8)));
    if first == last {
        row[first] |= head & tail;
        return;
    }
    row[first] |= head;
    row[first + 1..last].fill(0xff);
    if let Some(byte) = row.get_mut(last) {
        *byte |= tail;
    }
}
