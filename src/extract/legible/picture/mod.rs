//! Texts that pictures carry beside what they show: captions, comments, keywords.
//!
//! The structure of each format is followed from chunk to chunk. What is damaged ends there, and nothing is a problem:
//! a picture whose metadata nobody can read is a picture still.

mod exif;
mod iptc;
mod png;

use bytes::Bytes;
use memchr::{memchr_iter, memmem};

use crate::content::PartKind;
use crate::extract::carve::color_table;
use crate::extract::dissection::Dissection;

use super::writer::TextWriter;
use super::{is_blank, markup};

/// Most packets of XMP that are looked at in one file. Documents with many placed pictures have some dozens.
const MAX_PACKETS: usize = 256;

/// Bytes that are joined out of the pieces of a file; each piece has up to 64 KiB.
const MAX_JOINED: usize = 16 << 20;

/// What stands in front of EXIF in JPEG, and in boxes.
const EXIF: &[u8] = b"Exif\0\0";

/// What stands in front of the pieces of XMP that is too long for one segment, and the bytes before their text.
const XMP_EXTENSION: (&[u8], usize) = (b"http://ns.adobe.com/xmp/extension/\0", 40);

/// Shows the texts in the metadata of the picture that `bytes` are, and XMP in whatever they are.
pub(super) fn show(bytes: &Bytes, found: &mut Dissection<'_>) {
    match &bytes[..] {
        [0xff, 0xd8, 0xff, ..] => jpeg(bytes, found),
        [0x89, b'P', b'N', b'G', ..] => png::show(bytes, found),
        [b'G', b'I', b'F', b'8', ..] => gif(bytes, found),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => webp(bytes, found),
        tiff if exif::is_tiff(tiff) => exif::show(bytes, found),
        [_, _, _, _, b'f', b't', b'y', b'p' | b' ', ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => {
            boxes(bytes, found);
        }
        _ => {}
    }
}

/// Shows every packet of XMP in `bytes` (XMP specification, part 3: packets can be found by scanning).
pub(super) fn show_xmp(bytes: &[u8], found: &mut Dissection<'_>) {
    let mut at = 0;
    for _ in 0..MAX_PACKETS {
        let Some(start) = memmem::find(&bytes[at..], b"<x:xmpmeta").map(|gap| at + gap) else {
            return;
        };
        let end = memmem::find(&bytes[start..], b"</x:xmpmeta").map_or(bytes.len(), |length| start + length);
        show_marked_up("xmp", &bytes[start..end], found);
        at = end;
    }
}

/// Shows `text`, with its markup and without.
fn show_marked_up(name: &str, text: &[u8], found: &mut Dissection<'_>) {
    show_text(name, text, text.len(), found);
    markup::show(text, found);
}

/// Shows `text`, which came from `packed` bytes. Zeros, which end and separate texts, become line ends.
fn show_text(name: &str, text: &[u8], packed: usize, found: &mut Dissection<'_>) {
    let start = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    if start == end {
        return;
    }
    let mut output = TextWriter::new(packed, found);
    for piece in text[start..end].split_inclusive(|byte| *byte == 0) {
        output.push(piece.strip_suffix(b"\0").unwrap_or(piece), found);
        if piece.ends_with(b"\0") {
            output.push(b"\n", found);
        }
    }
    output.show(PartKind::Metadata, name, found);
}

/// Segments up to the end of the file; there may be some between scans (ITU-T T.81 §B.1.1).
fn jpeg(bytes: &[u8], found: &mut Dissection<'_>) {
    let mut extension = Vec::new();
    let mut resources = Vec::new();
    let mut at = 2;
    while let Some([0xff, marker, rest @ ..]) = bytes.get(at..).filter(|_| !found.is_over()) {
        at += 2;
        if matches!(marker, 0x01 | 0xd0..=0xd9 | 0xff | 0) {
            at -= usize::from(*marker == 0xff);
            continue;
        }
        let Some(length) = rest.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)).max(2)) else {
            break;
        };
        let segment = rest.get(2..length.min(rest.len())).unwrap_or_default();
        match marker {
            0xe1 if segment.starts_with(EXIF) => exif::show(&segment[EXIF.len()..], found),
            0xe1 if segment.starts_with(XMP_EXTENSION.0) && extension.len() < MAX_JOINED => {
                extension.extend_from_slice(segment.get(XMP_EXTENSION.0.len() + XMP_EXTENSION.1..).unwrap_or_default());
            }
            0xed if resources.len() < MAX_JOINED => {
                resources.extend_from_slice(segment.strip_prefix(b"Photoshop 3.0\0").unwrap_or_default())
            }
            0xfe => show_text("comment", segment, segment.len(), found),
            _ => {}
        }
        at += length;
        if *marker == 0xda {
            let data = bytes.get(at..).unwrap_or_default();
            let mut marks = memchr_iter(0xff, data);
            let is_marker = |at: &usize| !matches!(data.get(at + 1), Some(0 | 0xd0..=0xd7) | None);
            at += marks.find(is_marker).unwrap_or(data.len());
        }
    }
    show_marked_up("xmp extension", &extension, found);
    iptc::show_resources(&resources, found);
}

/// Comments, and text that is drawn on the picture (GIF89a specification, §24 and §25).
fn gif(bytes: &[u8], found: &mut Dissection<'_>) {
    let mut at = 13 + color_table(bytes.get(10).copied().unwrap_or_default());
    while !found.is_over() {
        match bytes.get(at..) {
            Some([0x21, label, ..]) => {
                let (text, end) = sub_blocks(bytes, at + 2);
                // The first block of text that is drawn says where and how.
                let head = if *label == 0x01 { 12 } else { 0 };
                if matches!(label, 0xfe | 0x01) {
                    show_text("comment", text.get(head..).unwrap_or_default(), text.len(), found);
                }
                at = end;
            }
            Some([0x2c, ..]) => {
                let data = at + 10 + color_table(bytes.get(at + 9).copied().unwrap_or_default()) + 1;
                at = sub_blocks(bytes, data).1;
            }
            _ => return,
        }
    }
}

/// The content of a chain of sub-blocks, and where it ends.
fn sub_blocks(bytes: &[u8], mut at: usize) -> (Vec<u8>, usize) {
    let mut content = Vec::new();
    while let Some(length) = bytes.get(at).filter(|length| **length > 0) {
        let end = at + 1 + usize::from(*length);
        if content.len() < MAX_JOINED {
            content.extend_from_slice(&bytes[at + 1..end.min(bytes.len())]);
        }
        at = end;
    }
    (content, at + 1)
}

/// Chunks (RFC 9649 §2.3).
fn webp(bytes: &[u8], found: &mut Dissection<'_>) {
    let mut at = 12;
    while let Some(&[a, b, c, d, l0, l1, l2, l3]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let end = (at + 8).saturating_add(length).min(bytes.len());
        if [a, b, c, d] == *b"EXIF" {
            let content = &bytes[at + 8..end];
            exif::show(content.strip_prefix(EXIF).unwrap_or(content), found);
        }
        at = end.saturating_add(length % 2);
    }
}

/// HEIC, AVIF and JPEG XL keep EXIF as it is in JPEG somewhere in their bytes (ISO/IEC 23008-12 §A.2.1, 18181-2 §9.4).
fn boxes(bytes: &[u8], found: &mut Dissection<'_>) {
    for at in memmem::find_iter(bytes, EXIF).take(MAX_PACKETS) {
        let behind = &bytes[at + EXIF.len()..];
        let start = (0..8).find(|start| behind.get(*start..).is_some_and(exif::is_tiff));
        if let Some(start) = start.filter(|_| !found.is_over()) {
            exif::show(&behind[start..], found);
        }
    }
}

#[cfg(test)]
mod tests;
