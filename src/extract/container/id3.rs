//! Tags in front of sound, ID3 2.2 to 2.4: covers and other files in them.
//!
//! What is compressed, or has a zero put in where players would take it for sound, is found by nobody who only looks at
//! the bytes; so each such frame comes out as it was. Covers are files of their own.
//!
//! Source: id3.org, "ID3 tag version 2.3.0" and "2.4.0", "2.2.0" of the same.

use bytes::Bytes;
use memchr::{memchr, memmem};

use crate::body::Coding;
use crate::content::number::{be_u16_at, be_u32_at};
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

use super::{Coverage, within};

const MAGIC: &[u8] = b"ID3";
const HEADER: usize = 10;

/// Flags of a tag.
const UNSYNCHRONISED: u8 = 0x80;
const EXTENDED: u8 = 0x40;

/// Bytes handed on at a time.
const BLOCK: usize = 32 << 10;

/// What is done to the content of a frame, and how many bytes in front of it say more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Form {
    is_compressed: bool,
    is_encrypted: bool,
    is_unsynchronised: bool,
    before: usize,
}

impl Form {
    fn of(version: u8, flags: u16) -> Self {
        let has = |bit: u16| flags & bit != 0;
        match version {
            3 => Self {
                is_compressed: has(0x80),
                is_encrypted: has(0x40),
                is_unsynchronised: false,
                before: 4 * usize::from(has(0x80)) + usize::from(has(0x40)) + usize::from(has(0x20)),
            },
            4 => Self {
                is_compressed: has(0x08),
                is_encrypted: has(0x04),
                is_unsynchronised: has(0x02),
                before: 4 * usize::from(has(0x01)) + usize::from(has(0x04)) + usize::from(has(0x40)),
            },
            _ => Self::default(),
        }
    }
}

pub(super) fn is_tag(bytes: &[u8]) -> bool {
    let is_size = |size: &[u8]| size.iter().all(|byte| *byte < 0x80);
    bytes.starts_with(MAGIC) && matches!(bytes.get(3), Some(2..=4)) && bytes.get(6..HEADER).is_some_and(is_size)
}

/// Hands out what is in the frames of the tag.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let (Some([version, _, flags]), Some(size)) = (bytes.get(3..6), seven_bits(bytes, 6)) else {
        return Coverage::Some;
    };
    let tag = within(bytes, HEADER, HEADER + size);
    let is_whole = flags & UNSYNCHRONISED != 0 && *version < 4;
    let tag = if is_whole { synchronised(&tag, found) } else { Some(tag) };
    if let Some(tag) = tag {
        let start = if flags & EXTENDED != 0 && *version > 2 { behind_extension(&tag, *version) } else { 0 };
        frames(&tag, start, *version, is_whole, found);
    }
    Coverage::Some
}

/// A number of 28 bits, seven in a byte.
fn seven_bits(bytes: &[u8], at: usize) -> Option<usize> {
    let number = be_u32_at(bytes, at)?;
    let digit = |place: u32| (number >> (8 * place) & 0x7f) << (7 * place);
    Some((digit(0) | digit(1) | digit(2) | digit(3)) as usize)
}

/// Where frames begin. Of 2.3, the size leaves itself out.
fn behind_extension(tag: &[u8], version: u8) -> usize {
    let size = if version == 4 { seven_bits(tag, 0) } else { be_u32_at(tag, 0).map(|size| size as usize) };
    size.unwrap_or_default().saturating_add(if version == 4 { 0 } else { 4 })
}

/// Hands out what is in the frames of `tag`, which `is_changed` as a whole already.
fn frames(tag: &Bytes, start: usize, version: u8, is_changed: bool, found: &mut Dissection<'_>) {
    let mut at = start;
    let header = if version == 2 { 6 } else { HEADER };
    while let Some(head) = tag.get(at..at.saturating_add(header)).filter(|head| head[0] != 0) {
        let name = &head[..if version == 2 { 3 } else { 4 }];
        let size = match version {
            2 => usize::from(head[3]) << 16 | usize::from(head[4]) << 8 | usize::from(head[5]),
            3 => be_u32_at(head, 4).unwrap_or_default() as usize,
            _ => size_of_2_4(tag, at),
        };
        let form = Form::of(version, be_u16_at(head, 8).unwrap_or_default());
        let end = (at + header).saturating_add(size);
        let content = within(tag, at + header, end);
        at = end;
        frame(name, version, &content, form, is_changed, found);
        if found.is_over() {
            return;
        }
    }
}

/// The size of a frame in 2.4. Some programs write it with eight bits in a byte: another frame is behind that then.
fn size_of_2_4(tag: &[u8], at: usize) -> usize {
    let (seven, eight) =
        (seven_bits(tag, at + 4).unwrap_or_default(), be_u32_at(tag, at + 4).unwrap_or_default() as usize);
    let is_end = |size: usize| {
        let next = (at + HEADER).checked_add(size);
        let name = next.and_then(|next| tag.get(next..(next + 4).min(tag.len())));
        name.is_some_and(|name| {
            name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) || name.first() == Some(&0)
        })
    };
    // A byte that has its eighth bit is none of seven.
    let has_eighth = eight & 0x8080_8080 != 0;
    if has_eighth || seven != eight && !is_end(seven) && is_end(eight) { eight } else { seven }
}

fn frame(name: &[u8], version: u8, packed: &Bytes, form: Form, is_changed: bool, found: &mut Dissection<'_>) {
    let packed = if form.is_unsynchronised { synchronised(packed, found) } else { Some(packed.clone()) };
    let Some(packed) = packed else {
        return;
    };
    if form.is_encrypted {
        return found.report(ProblemCode::ContainerEncrypted, None);
    }
    let packed = within(&packed, form.before, usize::MAX);
    let content = if form.is_compressed { unpacked(&packed, found) } else { Some(packed) };
    let Some(content) = content.filter(|content| !content.is_empty()) else {
        return;
    };
    if let Some(start) = matches!(name, b"PIC" | b"APIC").then(|| start_of_picture(&content, version)).flatten() {
        found.add(Part::new(PartKind::Entry, content.slice(start..)), None);
    } else if is_changed || form.is_compressed || form.is_unsynchronised {
        found.add(Part::new(PartKind::Entry, content), None);
    }
}

fn unpacked(packed: &[u8], found: &mut Dissection<'_>) -> Option<Bytes> {
    let mut output = found.output();
    let end = found.unpack(Coding::Zlib, packed, &mut output);
    found.report_limit(end);
    found.take(output)
}

/// Where a picture begins: behind its charset, its type (in 2.2 three letters), a byte for what it shows, and words in
/// that charset.
fn start_of_picture(content: &[u8], version: u8) -> Option<usize> {
    let words = 1 + if version == 2 { 3 } else { memchr(0, content.get(1..)?)? + 1 } + 1;
    let rest = content.get(words..)?;
    let length = match content[0] {
        // UTF-16 ends with two.
        1 | 2 => 2 * rest.chunks_exact(2).position(|pair| pair == [0, 0])? + 2,
        _ => memchr(0, rest)? + 1,
    };
    (words + length < content.len()).then_some(words + length)
}

/// `bytes` without the zeros behind bytes of 255.
fn synchronised(bytes: &Bytes, found: &mut Dissection<'_>) -> Option<Bytes> {
    let mut output = found.output();
    let mut block = Vec::with_capacity(BLOCK.min(bytes.len()));
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let end = memmem::find(&rest[..rest.len().min(BLOCK)], &[0xff, 0]).map(|at| at + 1);
        let piece = &rest[..end.unwrap_or(rest.len().min(BLOCK))];
        block.extend_from_slice(piece);
        rest = &rest[piece.len()..];
        // The zero may also be the first byte behind a block.
        if piece.ends_with(&[0xff]) {
            rest = rest.strip_prefix(&[0]).unwrap_or(rest);
        }
        if let Err(end) = found.flush(&mut block, BLOCK, bytes.len(), &mut output) {
            found.report_limit(end);
            return found.take(output);
        }
    }
    if let Err(end) = found.flush(&mut block, 1, bytes.len(), &mut output) {
        found.report_limit(end);
    }
    found.take(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::container::testing::{LISTED, codes, listed, opened};

    fn seven(number: usize) -> [u8; 4] {
        [21, 14, 7, 0].map(|shift| (number >> shift & 0x7f) as u8)
    }

    fn unsynchronised(bytes: &[u8]) -> Vec<u8> {
        bytes.iter().flat_map(|byte| if *byte == 0xff { vec![0xff, 0] } else { vec![*byte] }).collect()
    }

    fn tag(version: u8, flags: u8, frames: &[u8]) -> Vec<u8> {
        [&[b'I', b'D', b'3', version, 0, flags][..], &seven(frames.len()), frames, &[0xff, 0xfb, 0x90, 0x64], &[0; 99]]
            .concat()
    }

    /// A frame of 2.3 and of 2.4 with these flags.
    fn frame(version: u8, flags: u16, content: &[u8]) -> Vec<u8> {
        let size = if version == 4 { seven(content.len()) } else { (content.len() as u32).to_be_bytes() };
        [&b"APIC"[..], &size, &flags.to_be_bytes(), content].concat()
    }

    #[test]
    fn covers_come_out_however_they_are_written() {
        let cover = [&b"\0image/x\0\x03words\0"[..], LISTED].concat();
        let wide = [&b"\x01image/x\0\x03\xff\xfe\0\x01a\0\0\0"[..], LISTED].concat();
        let old = [&b"\0JPG\x03\0"[..], LISTED].concat();
        let old = [&b"PIC\0\0"[..], &[old.len() as u8], &old].concat();
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(&wide, 0);
        let of_3 = [&[0, 0, 0, 9][..], &packed].concat();
        let of_4 = [&seven(9)[..], &unsynchronised(&packed)].concat();
        for tag in [
            tag(2, 0, &old),
            tag(3, 0, &frame(3, 0, &cover)),
            tag(3, 0x80, &unsynchronised(&frame(3, 0, &wide))),
            tag(3, 0x40, &[b"\0\0\0\x06abcdef", &frame(3, 0, &wide)[..]].concat()),
            tag(3, 0x80, &unsynchronised(&frame(3, 0x80, &of_3))),
            tag(4, 0x80, &frame(4, 0x0b, &of_4)),
            tag(4, 0x40, &[b"\0\0\0\x06\x01\0", &frame(4, 0, &wide)[..]].concat()),
        ] {
            let found = opened(tag.clone());
            assert_eq!((codes(&found), listed(&found)), (vec![], 1), "{tag:?}");
        }
        // With eight bits in a byte of its size.
        let long = [&[b'a'; 200][..], &cover].concat();
        let mut frames = frame(4, 0, &long);
        frames[4..8].copy_from_slice(&(long.len() as u32).to_be_bytes());
        let found = opened(tag(4, 0, &[frames, frame(4, 0, &cover)].concat()));
        assert_eq!(listed(&found), 1);
    }

    #[test]
    fn what_is_encrypted_is_reported() {
        assert_eq!(codes(&opened(tag(4, 0, &frame(4, 4, b"\x80abc")))), [ProblemCode::ContainerEncrypted]);
    }

    proptest::proptest! {
        #[test]
        fn no_tag_makes_it_panic(version in 2..5_u8, flags in proptest::prelude::any::<u8>(), frames in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60)) {
            opened(tag(version, flags, &[b"APIC", &frames[..]].concat()));
        }
    }
}
