//! Streams of gzip, zlib, zstd, xz, bzip2, LZ4, LZMA and lzip in the middle of other bytes. (Brotli has nothing that
//! tells where one begins.)
//!
//! What unpacks to its end, and to the checksum there, was packed by somebody. It is a guess that anybody unpacks it.
//! Two bytes make a zlib stream, so that chance makes many; the first block tells nearly all of those apart, before a
//! decoder is set up for it.

use bytes::Bytes;

use crate::body::{Coding, End};
use crate::content::{Part, PartKind};
use crate::extract::container::compressed;
use crate::extract::dissection::Dissection;

/// Shortest content that is of interest.
const MIN_CONTENT: usize = 8;

/// Hands out what the stream that begins at `start` holds. Where it ends, if there is one.
pub(super) fn unpack(coding: Coding, bytes: &Bytes, start: usize, found: &mut Dissection<'_>) -> Option<usize> {
    let stream = &bytes[start..];
    let is_weak = matches!(coding, Coding::Bzip2 | Coding::LzmaAlone);
    if is_weak && compressed::coding(stream) != Some(coding) {
        return None;
    }
    let blocks = match coding {
        Coding::Zlib => Some(2),
        // A name and a comment may be of any length.
        Coding::Gzip if stream.get(3) == Some(&0) => Some(10),
        _ => None,
    };
    if let Some(at) = blocks
        && !may_be_deflate(stream.get(at..)?)
    {
        return None;
    }
    let mut output = found.output();
    match found.unpack(coding, stream, &mut output) {
        End::Complete(length) => {
            let content = found.take(output).filter(|content| content.len() >= MIN_CONTENT)?;
            found.add(Part { is_guess: true, ..Part::new(PartKind::Decoded, content) }, Some(start));
            Some(start + length)
        }
        End::Broken | End::Late => None,
        limit => {
            found.report_limit(limit);
            None
        }
    }
}

/// Whether a first block may begin so (RFC 1951 §3.2.3 to §3.2.7).
pub(in crate::extract) fn may_be_deflate(bytes: &[u8]) -> bool {
    let Some(head) = bytes.first_chunk::<9>() else {
        // Nine bytes are the shortest that holds anything of interest.
        return false;
    };
    match head[0] >> 1 & 3 {
        0 => u16::from_le_bytes([head[1], head[2]]) == !u16::from_le_bytes([head[3], head[4]]),
        1 => true,
        2 => {
            let bits = u128::from(u64::from_le_bytes([
                head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7],
            ])) | u128::from(head[8]) << 64;
            let number = |at: u32, count: u32| (bits >> at & ((1 << count) - 1)) as u32;
            let codes = number(13, 4) + 4;
            // 19 lengths of 3 bits end at bit 74; those past the bytes here are taken for what they should be.
            let lengths = (0..codes.min(18)).map(|code| number(17 + 3 * code, 3)).filter(|length| *length > 0);
            let used: u32 = lengths.map(|length| 128 >> length).sum();
            number(3, 5) < 30 && number(8, 5) < 30 && (used == 128 || codes == 19 && used < 128)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::Extraction;
    use crate::extract::dissection::testing::gathered;

    const LISTED: &[u8] = b"EVIL-FILE-BYTES";

    fn opened(bytes: Vec<u8>) -> Extraction {
        let part = Part::new(PartKind::Body, bytes.into());
        gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(part, None))
    }

    fn noise(length: usize) -> Vec<u8> {
        (0..length as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8).collect()
    }

    #[test]
    fn streams_in_the_middle_of_other_bytes_are_unpacked() {
        let numbers: String = (0..300).map(|number| format!("{number} {} ", number * number)).collect();
        let long = [LISTED, numbers.as_bytes()].concat();
        for content in [LISTED, &long] {
            for level in [0, 1, 6, 9] {
                let zlib = miniz_oxide::deflate::compress_to_vec_zlib(content, level);
                let raw = miniz_oxide::deflate::compress_to_vec(content, level);
                let ends = [crc32fast::hash(content).to_le_bytes(), (content.len() as u32).to_le_bytes()].concat();
                let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &raw, &ends].concat();
                for stream in [zlib, gzip] {
                    let found = opened([&noise(1000), &stream[..], &noise(700)].concat());
                    assert_eq!(found.problems, []);
                    assert!(found.parts.iter().any(|part| part.bytes == content && part.is_guess), "level {level}");
                }
            }
        }
        for stream in STREAMS {
            let stream = data_encoding::HEXLOWER.decode(stream.as_bytes()).unwrap();
            let found = opened([&noise(100), &stream[..], &noise(70)].concat());
            assert!(found.parts.iter().any(|part| part.bytes == LISTED && part.is_guess), "{stream:?}");
        }
    }

    /// The listed bytes by zstd 1.5, xz 5.4, bzip2 1.0, lz4 1.9, lzip 1.23, and in LZMA by Python.
    const STREAMS: [&str; 6] = [
        "28b52ffd04587900004556494c2d46494c452d4259544553b65d383c",
        "fd377a585a000004e6d6b4460200210116000000742fe5a301000e4556494c2d46494c452d425954455300003365badcc0e0cf990001270fdf1afc6a1fb6f37d010000000004595a",
        "425a68393141592653596cff77800000029600000213240d20200031003021a06256d026d150587e2ee48a70a120d9feef00",
        "04224d186440a70f0000804556494c2d46494c452d42595445530000000033658862",
        "4c5a4950010c002295853528e24fc2157dcd8c7c9b2ea3bd8b1cfffee0480094ca56010f000000000000003300000000000000",
        "5d00008000ffffffffffffffff002295853528e24fc2157dcd8c7c9b2ea3bd8b1cfffee04800",
    ];

    #[test]
    fn what_only_begins_so_is_passed_by() {
        let found = opened(b"\xff\x78\x9c".repeat(3000));
        assert_eq!((found.problems.len(), found.parts.len()), (0, 1));
    }
}
