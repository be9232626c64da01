//! Whether bytes begin as a file does, and whether that file is all there, as far as its own marks tell.
//!
//! Sources: PNG §5.3 (`IEND`), JPEG (T.81 B.1.1.3, EOI), GIF89a (trailer), RIFF, BMP, ISO/IEC 14496-12 (boxes), PDF
//! 32000 §7.5.5, PKWARE's APPNOTE §4.3.16, QOI.

use memchr::memmem;

use crate::content::number::{be_u32_at, u32_at};
use crate::content::reads_as_text;

/// What bytes may be of an upload in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A file begins here and ends elsewhere, or fewer bytes than tell.
    Begins,
    /// A file begins here of which nothing tells whether it is all there.
    Unsure,
    /// A file, all of it.
    Whole,
    /// A text.
    Text,
    /// Nothing that begins a file.
    Rest,
}

/// A format: how its files begin, and whether one is all there.
struct Format {
    magic: &'static [u8],
    is_whole: Option<fn(&[u8]) -> bool>,
}

const fn format(magic: &'static [u8], is_whole: fn(&[u8]) -> bool) -> Format {
    Format { magic, is_whole: Some(is_whole) }
}

const fn unsure(magic: &'static [u8]) -> Format {
    Format { magic, is_whole: None }
}

const FORMATS: &[Format] = &[
    format(b"\x89PNG\r\n\x1a\n", |bytes| memmem::rfind(bytes, b"IEND").is_some()),
    format(b"\xff\xd8\xff", |bytes| without_padding(bytes).ends_with(&[0xff, 0xd9])),
    format(b"GIF8", |bytes| without_padding(bytes).ends_with(b";")),
    format(b"RIFF", |bytes| is_as_long_as(bytes, u32_at(bytes, 4), 8)),
    format(b"%PDF", |bytes| memmem::rfind(end_of(bytes, 2 << 10), b"%%EOF").is_some()),
    format(b"PK\x03\x04", |bytes| memmem::rfind(end_of(bytes, 66 << 10), b"PK\x05\x06").is_some()),
    format(b"qoif", |bytes| bytes.ends_with(&[0, 0, 0, 0, 0, 0, 0, 1])),
    format(b"<svg", |bytes| memmem::rfind(bytes, b"</svg").is_some()),
    format(b"8BPS", |_| false),
    unsure(b"II*\0"),
    unsure(b"MM\0*"),
    unsure(b"II+\0"),
    unsure(b"MM\0+"),
    unsure(b"\0\0\x01\0"),
    unsure(b"\0\0\x02\0"),
    unsure(b"\xff\x0a"),
    unsure(b"\0\0\0\x0cJXL "),
    unsure(b"\0\0\0\x0cjP  "),
    unsure(b"\xff\x4f\xff\x51"),
    unsure(b"DDS "),
    unsure(b"icns"),
    unsure(b"\x59\xa6\x6a\x95"),
    unsure(b"7z\xbc\xaf\x27\x1c"),
    unsure(b"Rar!\x1a\x07"),
    unsure(b"\x1f\x8b\x08"),
    unsure(b"BZh"),
    unsure(b"\xfd7zXZ\0"),
    unsure(b"\x28\xb5\x2f\xfd"),
    unsure(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    unsure(b"\x1a\x45\xdf\xa3"),
    unsure(b"OggS"),
    unsure(b"fLaC"),
    unsure(b"ID3"),
    unsure(b"SQLite format 3\0"),
];

/// What `bytes` look like.
pub(super) fn look_of(bytes: &[u8]) -> Look {
    if bytes.is_empty() {
        return Look::Whole;
    }
    let is_short_of = |magic: &[u8]| bytes.len() < magic.len() && magic.starts_with(bytes);
    if FORMATS.iter().any(|format| is_short_of(format.magic)) || is_short_of(b"BM") {
        return Look::Begins;
    }
    let told = |is_whole: bool| if is_whole { Look::Whole } else { Look::Begins };
    if let Some(format) = FORMATS.iter().find(|format| bytes.starts_with(format.magic)) {
        return format.is_whole.map_or(Look::Unsure, |is_whole| told(is_whole(bytes)));
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return boxes(bytes);
    }
    // Two letters may begin anything: what follows them has to make sense.
    let has_bitmap = bytes.starts_with(b"BM") && bytes.get(6..10).is_none_or(|reserved| reserved == [0; 4]);
    if has_bitmap {
        return told(is_as_long_as(bytes, u32_at(bytes, 2), 0));
    }
    if reads_as_text(bytes) { Look::Text } else { Look::Rest }
}

/// Whether the boxes of a file of this family end where it ends.
fn boxes(bytes: &[u8]) -> Look {
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = match be_u32_at(rest, 0) {
            Some(0) => return Look::Unsure,
            Some(1) => be_u32_at(rest, 12).filter(|_| be_u32_at(rest, 8) == Some(0)),
            length => length,
        };
        match length.map(|length| length as usize) {
            Some(length) if length >= 8 && length <= rest.len() => rest = &rest[length..],
            _ => return Look::Begins,
        }
    }
    Look::Whole
}

fn is_as_long_as(bytes: &[u8], length: Option<u32>, more: u64) -> bool {
    length.is_some_and(|length| u64::from(length) + more <= bytes.len() as u64)
}

fn end_of(bytes: &[u8], length: usize) -> &[u8] {
    &bytes[bytes.len().saturating_sub(length)..]
}

/// Zeros and line ends behind a file are no part of it.
fn without_padding(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | b'\r' | b'\n'));
    &bytes[..end.map_or(0, |end| end + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_cut_off_show_it() {
        let png = b"\x89PNG\r\n\x1a\n....IHDR.....IEND\xae\x42\x60\x82";
        let avif = b"\0\0\0\x0cftypavif\0\0\0\x0amdatxx";
        let bitmap = b"BM\x0e\0\0\0\0\0\0\0\x36\0\0\0";
        for (bytes, expected) in [
            (&png[..], Look::Whole),
            (&png[..20], Look::Begins),
            (&png[..1], Look::Begins),
            (b"\xff\xd8\xff\xe0 and more", Look::Begins),
            (b"\xff\xd8\xff\xe0 and more\xff\xd9\0\0", Look::Whole),
            (b"GIF89a", Look::Begins),
            (b"PK\x03\x04 and so on", Look::Begins),
            (&avif[..], Look::Whole),
            (&avif[..21], Look::Begins),
            (&bitmap[..], Look::Whole),
            (&bitmap[..13], Look::Begins),
            (b"II*\0\x08\0\0\0", Look::Unsure),
            (b"a text", Look::Text),
            (b"<svg><g>", Look::Begins),
            (&[1; 40], Look::Rest),
            (b"", Look::Whole),
        ] {
            assert_eq!(look_of(bytes), expected, "{bytes:?}");
        }
    }
}
