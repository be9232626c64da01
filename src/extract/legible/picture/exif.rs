//! Texts in EXIF, which is built like TIFF: directories of tags.
//!
//! Sources: TIFF 6.0 §2; EXIF 2.32 §4.6; tags of Windows Explorer as ExifTool documents them.

use std::collections::HashSet;

use encoding_rs::{UTF_16BE, UTF_16LE};

use crate::extract::dissection::Dissection;

use super::{MAX_JOINED, iptc, show_text};

/// Most directories that are followed: a picture, its thumbnail and what cameras put below them are some ten.
const MAX_DIRECTORIES: usize = 64;

/// How many times the length of the file all texts may have together, since they may lie in each other.
const MAX_COVER: usize = 4;

/// Characters of the comment that follows, in eight bytes.
const COMMENT_HEAD: usize = 8;

/// Whether a TIFF file, or EXIF, begins here.
pub(super) fn is_tiff(bytes: &[u8]) -> bool {
    matches!(bytes, [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..])
}

/// Shows every text in `bytes`, which begin with the order of bytes.
pub(super) fn show(bytes: &[u8], found: &mut Dissection<'_>) {
    if !is_tiff(bytes) {
        return;
    }
    let tiff = Tiff { bytes, is_little: bytes[0] == b'I' };
    let mut cover = bytes.len().saturating_mul(MAX_COVER);
    let mut seen = HashSet::new();
    let mut open: Vec<usize> = tiff.u32_at(4).into_iter().collect();
    while let Some(at) = open.pop() {
        if seen.len() >= MAX_DIRECTORIES || found.is_over() {
            return;
        }
        if !seen.insert(at) {
            continue;
        }
        let count = tiff.u16_at(at).unwrap_or_default();
        for index in 0..count {
            let Some(entry) = tiff.entry(at + 2 + index * 12) else {
                break;
            };
            cover = match cover.checked_sub(entry.value.len()) {
                Some(rest) => rest,
                None => return,
            };
            match entry.tag {
                // Directories below this one.
                0x8769 | 0x014a => {
                    open.extend(entry.value.chunks_exact(4).take(8).filter_map(|four| tiff.number(four)))
                }
                _ => entry.show(&tiff, found),
            }
        }
        open.extend(tiff.u32_at(at + 2 + count * 12).filter(|next| *next > 0));
    }
}

struct Tiff<'a> {
    bytes: &'a [u8],
    is_little: bool,
}

struct Entry<'a> {
    tag: u16,
    kind: u16,
    value: &'a [u8],
}

impl<'a> Tiff<'a> {
    fn number(&self, bytes: &[u8]) -> Option<usize> {
        let bytes = *bytes.first_chunk()?;
        let number = if self.is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        usize::try_from(number).ok()
    }

    fn u32_at(&self, at: usize) -> Option<usize> {
        self.number(self.bytes.get(at..)?)
    }

    fn u16_at(&self, at: usize) -> Option<usize> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(usize::from(if self.is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }))
    }

    /// The entry at `at`, as far as its value is there.
    fn entry(&self, at: usize) -> Option<Entry<'a>> {
        let (tag, kind) = (self.u16_at(at)?, self.u16_at(at + 2)?);
        let size = match kind {
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => 1,
        };
        let length = self.u32_at(at + 4)?.saturating_mul(size);
        let start = if length <= 4 { at + 8 } else { self.u32_at(at + 8)? };
        let end = start.saturating_add(length).min(self.bytes.len());
        let value = self.bytes.get(start..end).unwrap_or_default();
        Some(Entry { tag: u16::try_from(tag).ok()?, kind: u16::try_from(kind).ok()?, value })
    }
}

impl Entry<'_> {
    /// Shows the text, if it is one.
    fn show(&self, tiff: &Tiff<'_>, found: &mut Dissection<'_>) {
        match self.tag {
            0x9c9b..=0x9c9f => self.show_utf16(self.value, true, found),
            0x9286 => match self.value.split_at_checked(COMMENT_HEAD) {
                Some((b"UNICODE\0", text)) => {
                    // Some writers do not follow the order of bytes of the rest.
                    self.show_utf16(text, tiff.is_little, found);
                    self.show_utf16(text, !tiff.is_little, found);
                }
                Some((head, text)) if head.iter().all(|byte| *byte == 0) || head[0].is_ascii_uppercase() => {
                    show_text(&self.name(), text, text.len(), found);
                }
                _ => show_text(&self.name(), self.value, self.value.len(), found),
            },
            0x83bb => iptc::show(self.value, found),
            0x8649 => iptc::show_resources(self.value, found),
            // ASCII, and since EXIF 3.0 UTF-8.
            _ if matches!(self.kind, 2 | 129) => show_text(&self.name(), self.value, self.value.len(), found),
            _ => {}
        }
    }

    fn show_utf16(&self, value: &[u8], is_little: bool, found: &mut Dissection<'_>) {
        let encoding = if is_little { UTF_16LE } else { UTF_16BE };
        let text = encoding.decode_with_bom_removal(&value[..value.len().min(MAX_JOINED)]).0;
        show_text(&self.name(), text.as_bytes(), value.len(), found);
    }

    fn name(&self) -> String {
        let name = match self.tag {
            0x010d => "DocumentName",
            0x010e => "ImageDescription",
            0x013b => "Artist",
            0x8298 => "Copyright",
            0x9286 => "UserComment",
            0x9c9b => "XPTitle",
            0x9c9c => "XPComment",
            0x9c9d => "XPAuthor",
            0x9c9e => "XPKeywords",
            0x9c9f => "XPSubject",
            tag => return format!("exif {tag:#06x}"),
        };
        format!("exif {name}")
    }
}
