//! Files that are compressed and nothing else: gzip (RFC 1952), zstd (RFC 8878), xz, bzip2, LZ4, LZMA, lzip,
//! `compress`, Snappy; and streams of zlib and brotli that have a file for themselves.

use bytes::Bytes;

use crate::body::{Coding, End};
use crate::content::number::{u32_at, u64_at};
use crate::content::{Part, PartKind, reads_as_text};

use super::{Coverage, woff};
use crate::extract::carve::may_be_deflate;
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, legible};

/// Bytes in which the texts of a member's header have to end.
const MAX_GZIP_HEADER: usize = 128 << 10;

/// Lengths of padding in xz are a multiple of this (The .xz File Format §2.2).
const XZ_PADDING: usize = 4;

/// Streams of one file that are looked at each by itself, beside all of them together: some readers stop at the end of
/// the first.
const MAX_MEMBERS: usize = 16;

/// Shortest stream of brotli or zlib that may be a file.
const MIN_BARE: usize = 8;

/// How the stream is compressed that `bytes` begin with.
pub(in crate::extract) fn coding(bytes: &[u8]) -> Option<Coding> {
    Some(match bytes {
        [0x1f, 0x8b, 8, ..] => Coding::Gzip,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Coding::Xz,
        // A digit for the size of blocks, then the first one or the end.
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', b'S', b'Y', ..]
        | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, b'r', b'E', b'8', b'P', 0x90, ..] => Coding::Bzip2,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Coding::Zstd,
        [0x04, 0x22, 0x4d, 0x18, ..] | [0x02, 0x21, 0x4c, 0x18, ..] => Coding::Lz4,
        [b'L', b'Z', b'I', b'P', 1, ..] => Coding::Lzip,
        // 9 to 16 bits, and two that are never set.
        [0x1f, 0x9d, flags, ..] if flags & 0x60 == 0 && matches!(flags & 0x1f, 9..=16) => Coding::Compress,
        [0xff, 6, 0, 0, b's', b'N', b'a', b'P', b'p', b'Y', ..] => Coding::Snappy,
        bytes if is_lzma(bytes) => Coding::LzmaAlone,
        _ => return None,
    })
}

/// Whether `part` is a piece of a document of Pages, Numbers or Keynote, which nothing but its name tells: its texts
/// are in a framing of Snappy without a mark.
pub(super) fn is_iwa(part: &Part) -> bool {
    part.bytes.first() == Some(&0) && part.extension().is_some_and(|extension| extension == "iwa")
}

/// The usual properties, a dictionary of a size that writers choose, and a length that is unknown or likely.
fn is_lzma(bytes: &[u8]) -> bool {
    let [0x5d, 0, 0, ..] = bytes else {
        return false;
    };
    let (Some(dictionary), Some(length)) = (u32_at(bytes, 1), u64_at(bytes, 5)) else {
        return false;
    };
    let is_usual =
        dictionary >= 1 << 12 && (dictionary & (dictionary - 1)).count_ones() <= 1 && dictionary & 0xfff == 0;
    // The first byte of the stream is always zero.
    bytes.get(13) == Some(&0) && is_usual && (length == u64::MAX || length < 1 << 38)
}

/// Whether chance may have made the start of a file of this kind.
const fn is_weak(coding: Coding) -> bool {
    matches!(coding, Coding::Compress)
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
    let mut member_ends = Vec::new();
    while let Some((coding, start)) = next {
        let end = match found.unpack(coding, &bytes[start..], &mut output) {
            End::Complete(length) => start.saturating_add(length).min(bytes.len()),
            End::Broken if is_weak(coding) && output.is_empty() => break,
            // The name may be that of something else.
            End::Broken if coding == Coding::Snappy => {
                found.report(ProblemCode::ContainerUnsupported, Some(start));
                break;
            }
            End::Broken => {
                found.report(ProblemCode::ContainerBroken, Some(start));
                break;
            }
            end => {
                found.report_limit(end);
                break;
            }
        };
        if member_ends.len() < MAX_MEMBERS {
            member_ends.push(output.len());
        }
        next = next_stream(bytes, end);
        if next.is_some_and(|next| !is_read_by_all(first, end, next)) {
            first_end = first_end.or(Some(end));
        }
    }
    hand_out(found.take(output), &member_ends, found);
    first_end
}

/// Hands out `content`, and of several streams, which end at `member_ends`, what each of the first ones gives.
fn hand_out(content: Option<Bytes>, member_ends: &[u64], found: &mut Dissection<'_>) {
    let Some(content) = content.filter(|content| !content.is_empty()) else {
        return;
    };
    found.add(Part::new(PartKind::Entry, content.clone()), None);
    let mut start = 0;
    for end in member_ends.iter().filter_map(|end| usize::try_from(*end).ok()) {
        let member = content.slice(start..end.min(content.len()));
        start = end;
        if !member.is_empty() && member.len() < content.len() && !found.is_over() {
            found.add(Part::new(PartKind::Entry, member), None);
        }
    }
}

/// Hands out what `part` is in brotli, zlib or, where it was base64, deflate, if it is a whole stream of it and, but for
/// zlib, nothing else. Brotli and deflate have no first bytes of their own, and zlib's are a matter of chance: unless the file is
/// called so, that is a guess.
pub(in crate::extract) fn open_bare(part: &Part, found: &mut Dissection<'_>) {
    let bytes = &part.bytes;
    if bytes.len() < MIN_BARE || woff::open(bytes, found) {
        return;
    }
    let is_called_brotli = is_called_brotli(part);
    if is_zlib(bytes) {
        unpack_bare(Coding::Zlib, bytes, found);
    } else if part.kind == PartKind::Decoded && may_be_deflate(bytes) {
        // As draw.io has pages, and SAML requests.
        unpack_bare(Coding::Deflate, bytes, found);
    } else if is_called_brotli || is_file(part) && !reads_as_text(bytes) {
        let end = unpack_bare(Coding::Brotli, bytes, found);
        if is_called_brotli && end == End::Broken {
            found.report(ProblemCode::ContainerBroken, None);
        }
    }
}

fn unpack_bare(coding: Coding, bytes: &Bytes, found: &mut Dissection<'_>) -> End {
    let mut output = found.output();
    let end = found.unpack(coding, bytes, &mut output);
    match end {
        // The checksum of zlib is at its end, wherever that is; nothing but its end tells brotli and deflate.
        End::Complete(length) if length == bytes.len() || coding == Coding::Zlib => {
            // What programs pack for a value is one.
            let kind = if coding == Coding::Deflate { PartKind::Decoded } else { PartKind::Entry };
            found.guess(|found| found.add_output(kind, output))
        }
        End::Complete(_) => return End::Broken,
        End::Broken | End::Late => {}
        limit => found.report_limit(limit),
    }
    end
}

/// Whether `part` is what somebody stores as a file, also in a container, and not a value or a piece.
const fn is_file(part: &Part) -> bool {
    matches!(part.kind, PartKind::Body | PartKind::File | PartKind::Entry) && !part.is_guess
}

fn is_called_brotli(part: &Part) -> bool {
    let is_type =
        |declared: &str| matches!(declared.trim(), "application/brotli" | "application/x-brotli" | "application/x-br");
    part.declared_type.as_deref().is_some_and(is_type) || part.extension().is_some_and(|name| name == "br")
}

/// Deflate in a window of at most 32 KiB, without a dictionary that was agreed upon; both bytes together are a multiple
/// of 31 (RFC 1950 §2.2).
pub(in crate::extract) fn is_zlib(bytes: &[u8]) -> bool {
    let [method, flags, ..] = *bytes else {
        return false;
    };
    method & 15 == 8 && method >> 4 <= 7 && flags & 0x20 == 0 && u16::from_be_bytes([method, flags]).is_multiple_of(31)
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
            assert_eq!(entries(&found)[0], ("", &[LISTED, LISTED].concat()[..]));
        }
        let padded = opened([&xz()[..], &[0; 8], &xz()].concat());
        assert_eq!((codes(&padded), entries(&padded)[0]), (vec![], ("", &[LISTED, LISTED].concat()[..])));
    }

    #[test]
    fn members_are_looked_at_each_by_itself_too() {
        let found = opened([gzip(LISTED), gzip(b"more")].concat());
        assert_eq!((codes(&found), listed(&found)), (vec![], 1));
        let many: Vec<u8> = (0..40).flat_map(|number| gzip(format!("{number:04}").as_bytes())).collect();
        assert_eq!(entries(&opened(many)).len(), 1 + MAX_MEMBERS);
    }

    #[test]
    fn pieces_of_snappy_are_read_with_their_mark_and_without() {
        // A literal, and a copy of it.
        let block = b"\x1e\x38EVIL-FILE-BYTES\x3a\x0f\0";
        let piece = |sum: &[u8]| [&[0, (block.len() + sum.len()) as u8, 0, 0], sum, &block[..]].concat();
        let framed = [&b"\xff\x06\0\0sNaPpY"[..], &piece(&[0; 4]), b"\xfe\x02\0\0\0\0"].concat();
        let found = opened(framed);
        assert_eq!((codes(&found), entries(&found)), (vec![], vec![("", &LISTED.repeat(2)[..])]));
        for (content, expected) in [(piece(&[]), vec![]), (vec![0, 9], vec![ProblemCode::ContainerUnsupported])] {
            let part = Part::new(PartKind::Entry, content.into()).named("Index/Document.iwa");
            let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(part, None));
            assert_eq!(codes(&found), expected);
            assert_eq!(found.parts.len() > 1, expected.is_empty());
        }
    }

    #[test]
    fn tables_of_compress_grow_and_are_emptied() {
        let numbers: String = (1..=4000).map(|number| format!("{number}\n")).collect();
        for bits in ["10", "12"] {
            let found = opened(fixture(&format!("numbers-{bits}.Z")));
            assert_eq!(codes(&found), []);
            assert!(entries(&found)[0].1 == numbers.as_bytes(), "{bits} bits");
        }
    }

    #[test]
    fn pages_of_draw_io_are_opened() {
        let packed = miniz_oxide::deflate::compress_to_vec(b"%3Cmx%20value%3D%22a%20page%22%2F%3E", 9);
        let packed = data_encoding::BASE64.encode(&packed);
        let found = opened(format!("<mxfile host=\"a\"><diagram name=\"b\">{packed}</diagram></mxfile>"));
        assert_eq!(codes(&found), []);
        assert!(found.parts.iter().any(|part| *part.bytes == br#"<mx value="a page"/>"#[..] && part.is_guess));
    }

    #[test]
    fn bare_streams_are_opened_where_they_are_all_of_a_file() {
        let zlib = miniz_oxide::deflate::compress_to_vec_zlib(LISTED, 6);
        let brotli = data_encoding::HEXLOWER.decode(b"0f07804556494c2d46494c452d425954455303").unwrap();
        for stream in [zlib, brotli] {
            let found = opened(stream.clone());
            assert_eq!((codes(&found), listed(&found)), (vec![], 1));
            assert!(found.parts.iter().all(|part| part.kind != PartKind::Entry || part.is_guess));
            let packed = opened(gzip(&stream));
            assert_eq!((codes(&packed), listed(&packed)), (vec![], 1), "a file in a container is one");
            // Only zlib has a checksum at its end, which tells it from what follows.
            let (cut, longer) = (&stream[..stream.len() - 1], [&stream[..], b"more"].concat());
            for (other, expected) in [(cut, 0), (&longer, usize::from(is_zlib(&stream)))] {
                assert_eq!((codes(&opened(other.to_vec())), listed(&opened(other.to_vec()))), (vec![], expected));
            }
        }
        let called =
            Part { file_name: Some("a.br".to_owned()), ..Part::new(PartKind::File, b"no brotli".to_vec().into()) };
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(called, None));
        assert_eq!(codes(&found), [ProblemCode::ContainerBroken]);
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
            let (entries, first) = (entries(&found), [LISTED, b"!"].concat());
            let whole = entries[0].1;
            assert!(whole.starts_with(&first) && whole.ends_with(b"end"), "{whole:?}");
            assert!(entries[1..].iter().any(|(_, content)| *content == first));
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
