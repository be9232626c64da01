//! Files that are compressed and nothing else: gzip (RFC 1952), zstd (RFC 8878), xz, bzip2.

use bytes::Bytes;

use crate::body::{Coding, End};
use crate::content::PartKind;

use super::Coverage;
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, legible};

/// Bytes in which the texts of a member's header have to end.
const MAX_GZIP_HEADER: usize = 128 << 10;

/// Lengths of padding in xz are a multiple of this (The .xz File Format §2.2).
const XZ_PADDING: usize = 4;

/// How the stream is compressed that `bytes` begin with.
pub(super) fn coding(bytes: &[u8]) -> Option<Coding> {
    Some(match bytes {
        [0x1f, 0x8b, 8, ..] => Coding::Gzip,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Coding::Xz,
        // A digit for the size of blocks, then the first one or the end.
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', b'S', b'Y', ..]
        | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, b'r', b'E', b'8', b'P', 0x90, ..] => Coding::Bzip2,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Coding::Zstd,
        _ => return None,
    })
}

/// Hands out the content of all streams in `bytes` as one part; that is what tools make of them. What follows the last
/// stream and begins no other, such as zeros that fill up a tape, tools leave out. It is found by carving.
pub(super) fn open(coding: Coding, bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    if coding == Coding::Gzip {
        show_gzip_texts(bytes, found);
    }
    if let Some(end) = unpack_all(coding, bytes, found) {
        found.ambiguous(ProblemCode::ContainerAmbiguous, Some(end));
        unpack_all(coding, &bytes.slice(..end), found);
    }
    Coverage::Some
}

/// Hands out the content of the streams in `bytes`. Where the first ends that is the last one for some readers, if
/// there is such a place.
fn unpack_all(first: Coding, bytes: &Bytes, found: &mut Dissection<'_>) -> Option<usize> {
    let mut output = found.output();
    let mut next = Some((first, 0));
    let mut first_end = None;
    while let Some((coding, start)) = next {
        let end = match found.unpack(coding, &bytes[start..], &mut output) {
            End::Complete(length) => start.saturating_add(length).min(bytes.len()),
            End::Broken => {
                found.report(ProblemCode::ContainerBroken, Some(start));
                break;
            }
            end => {
                found.report_limit(end);
                break;
            }
        };
        next = next_stream(bytes, end);
        if next.is_some_and(|next| !is_read_by_all(first, end, next)) {
            first_end = first_end.or(Some(end));
        }
    }
    found.add_output(PartKind::Entry, output);
    first_end
}

/// How the next stream after `end` is compressed, and where it begins; zeros may come before it.
fn next_stream(bytes: &[u8], end: usize) -> Option<(Coding, usize)> {
    let start = end + bytes[end..].iter().position(|byte| *byte != 0)?;
    Some((coding(&bytes[start..])?, start))
}

/// Whether every reader takes the stream at `start` for more of a file that has ended at `end`. Behind zeros, Python
/// goes on in gzip and other tools do not. In another compression, only `zstd` goes on.
fn is_read_by_all(first: Coding, end: usize, (coding, start): (Coding, usize)) -> bool {
    let is_padding = start == end || coding == Coding::Xz && (start - end).is_multiple_of(XZ_PADDING);
    coding == first && is_padding
}

/// Shows the name and the comment that the first member begins with (RFC 1952 §2.3.1).
fn show_gzip_texts(bytes: &Bytes, found: &mut Dissection<'_>) {
    let Some([_, _, _, flags, _, _, _, _, _, _, rest @ ..]) = bytes.get(..bytes.len().min(MAX_GZIP_HEADER)) else {
        return;
    };
    let mut rest = rest;
    if flags & 4 != 0 {
        let length = rest.first_chunk().map_or(0, |length| usize::from(u16::from_le_bytes(*length)));
        rest = rest.get(2 + length..).unwrap_or_default();
    }
    let mut next = || {
        let end = memchr::memchr(0, rest).unwrap_or_default();
        let text = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        text
    };
    if flags & 8 != 0 {
        legible::show_name(next(), found);
    }
    if flags & 16 != 0 {
        legible::show_comment(bytes.slice_ref(next()), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::{ExtractLimits, Part};
    use crate::extract::container::testing::{LISTED, codes, entries, fixture, listed, opened};
    use crate::extract::dissection::testing::gathered;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let deflated = miniz_oxide::deflate::compress_to_vec(content, 6);
        let (checksum, length) = (crc32fast::hash(content).to_le_bytes(), (content.len() as u32).to_le_bytes());
        [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &deflated, &checksum, &length].concat()
    }

    fn xz() -> Vec<u8> {
        data_encoding::HEXLOWER.decode(XZ.as_bytes()).unwrap()
    }

    /// [`LISTED`] by Python's lzma.
    const XZ: &str = "fd377a585a000004e6d6b4460200210116000000742fe5a301000e4556494c2d46494c452d425954455300003365badcc0e0cf990001270fdf1afc6a1fb6f37d010000000004595a";

    #[test]
    fn streams_behind_each_other_are_one_file() {
        for one in [gzip(LISTED), xz(), fixture("lbzip2.bz2").to_vec()] {
            let found = opened([&one[..], &one].concat());
            assert_eq!(codes(&found), []);
            assert_eq!(entries(&found), [("", &[LISTED, LISTED].concat()[..])]);
        }
        let padded = opened([&xz()[..], &[0; 8], &xz()].concat());
        assert_eq!((codes(&padded), entries(&padded)), (vec![], vec![("", &[LISTED, LISTED].concat()[..])]));
    }

    #[test]
    fn what_tools_leave_out_behind_the_last_stream_is_no_damage() {
        for (one, rest) in [
            (gzip(LISTED), &[0; 1024][..]),
            (gzip(LISTED), b"a line of text\n"),
            (xz(), &[0; 7]),
            (fixture("lbzip2.bz2").to_vec(), &[0; 512]),
            (fixture("lbzip2.bz2").to_vec(), b"BZh9"),
        ] {
            let found = opened([&one[..], rest].concat());
            assert_eq!((codes(&found), listed(&found)), (vec![], 1), "{rest:?}");
        }
        let png = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pictures/palette.png")).unwrap();
        let found = opened([&gzip(LISTED)[..], &png].concat());
        assert!(found.parts.iter().any(|part| part.bytes == png), "what lies there is found");
    }

    #[test]
    fn a_stream_that_only_some_readers_go_on_to_is_ambiguous_and_both_are_inspected() {
        for other in [[&[0; 3][..], &gzip(b"more")].concat(), xz(), [&[0; 4][..], &xz()].concat()] {
            let bytes = Bytes::from([&gzip(LISTED)[..], &gzip(b"!"), &other, &gzip(b"end")].concat());
            let body = || Part::new(crate::content::PartKind::Body, bytes.clone());
            let refused = opened(bytes.clone());
            assert_eq!(codes(&refused), [ProblemCode::ContainerAmbiguous]);
            let found = gathered(&ExtractLimits::default(), Ambiguity::InspectAll, |found| found.add(body(), None));
            assert_eq!(codes(&found), []);
            let (whole, first) = (entries(&found)[0].1, entries(&found)[1].1);
            assert!(whole.starts_with(&[LISTED, b"!"].concat()) && whole.ends_with(b"end"), "{whole:?}");
            assert_eq!(first, [LISTED, b"!"].concat());
        }
    }

    #[test]
    fn a_stream_that_is_cut_off_is_broken_wherever_it_stands() {
        let two = [gzip(LISTED), gzip(b"and more of it")].concat();
        let found = opened(two[..two.len() - 3].to_vec());
        assert_eq!(codes(&found), [ProblemCode::ContainerBroken]);
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2][..], &[0x28, 0xb5, 0x2f, 0xfd, 0xff]].concat();
        assert_eq!(codes(&opened(skipped)), [ProblemCode::ContainerBroken]);
    }
}
