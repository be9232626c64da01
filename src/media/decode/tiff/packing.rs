//! Undoes the compressions of strips and tiles. What is damaged gives what came out up to there.

use std::borrow::Cow;

use hayro_ccitt::EncodingMode;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags as flags};
use weezl::{BitOrder, LzwStatus};

use super::page::{Chunk, Packing, Page};
use crate::media::decode::fax::Fax;

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
