//! Follows the structure of a picture from its first byte to its last, without decoding it.

use memchr::{memchr_iter, memmem};

/// Bytes that a picture takes in which there is something to see.
const SMALLEST: usize = 128;

/// Whether `bytes` begin as a picture or an archive whose end is not there, or are too few to be one.
pub(in crate::extract) fn is_cut_off(bytes: &[u8]) -> bool {
    let ends_with = |end: Option<usize>, tail: &[u8]| end.is_some_and(|end| bytes[..end].ends_with(tail));
    let has_length = |at: usize, more: usize| {
        let length = bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|length| u32::from_le_bytes(*length));
        length.is_some_and(|length| bytes.len() >= (length as usize).saturating_add(more))
    };
    let is_whole = match bytes {
        [0xff, 0xd8, 0xff, ..] => ends_with(jpeg(bytes), &[0xff, 0xd9]),
        [0x89, b'P', b'N', b'G', ..] => png(bytes).is_some_and(|end| bytes[..end - 4].ends_with(b"IEND")),
        [b'G', b'I', b'F', b'8', ..] => ends_with(gif(bytes), b";"),
        [b'R', b'I', b'F', b'F', ..] => has_length(4, 8),
        [b'B', b'M', ..] => has_length(2, 0),
        [b'P', b'K', 3, 4, ..] => memmem::find(bytes, b"PK\x05\x06").is_some(),
        [b'7', b'z', 0xbc, 0xaf, ..] => super::seven_zip(bytes).is_none_or(|length| length <= bytes.len()),
        _ => true,
    };
    !is_whole || bytes.len() < SMALLEST
}

/// Sources: ITU-T T.81 §B.1.1. A picture whose data is cut off ends where the bytes end.
pub(super) fn jpeg(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    let mut has_frame = false;
    let mut has_scan = false;
    loop {
        let marker = match bytes.get(at..) {
            Some([0xff, marker, ..]) => *marker,
            _ => return has_scan.then_some(at.min(bytes.len())),
        };
        at += 2;
        match marker {
            0xd9 => return has_frame.then_some(at),
            // Fill bytes, and markers that stand alone.
            0xff => at -= 1,
            0x01 | 0xd0..=0xd7 => {}
            0x00 | 0x02..=0xbf | 0xd8 => return has_scan.then_some(at - 2),
            _ => {
                has_frame |= matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
                let length = u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
                at += usize::from(length).max(2);
                if marker == 0xda && has_frame {
                    has_scan = true;
                    match end_of_scan(bytes.get(at..).unwrap_or_default()) {
                        Some(length) => at += length,
                        None => return Some(bytes.len()),
                    }
                }
            }
        }
    }
}

/// Bytes of entropy-coded data before the next marker that does not belong to them.
fn end_of_scan(data: &[u8]) -> Option<usize> {
    memchr_iter(0xff, data).find(|at| !matches!(data.get(at + 1), Some(0x00 | 0xd0..=0xd7 | 0xff) | None))
}

/// Source: W3C PNG §5.3. Checksums are not looked at: decoders differ in whether they mind.
pub(super) fn png(bytes: &[u8]) -> Option<usize> {
    let mut at = 8;
    if bytes.get(12..16)? != b"IHDR" {
        return None;
    }
    loop {
        let Some(header) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else {
            return Some(bytes.len());
        };
        let [a, b, c, d, kind @ ..] = *header;
        let end = (at + 12).checked_add(u32::from_be_bytes([a, b, c, d]) as usize)?;
        if !kind.iter().all(u8::is_ascii_alphabetic) || end > bytes.len() {
            return Some(bytes.len());
        }
        at = end;
        if &kind == b"IEND" {
            return Some(at);
        }
    }
}

/// Source: GIF89a specification, appendix B.
pub(super) fn gif(bytes: &[u8]) -> Option<usize> {
    let mut at = 13 + color_table(*bytes.get(10)?);
    let mut has_image = false;
    loop {
        match bytes.get(at) {
            Some(0x3b) => return has_image.then_some(at + 1),
            Some(0x21) => at = sub_blocks(bytes, at + 2)?,
            Some(0x2c) => {
                let data = at + 10 + color_table(*bytes.get(at + 9)?) + 1;
                has_image = true;
                match sub_blocks(bytes, data) {
                    Some(end) => at = end,
                    None => return Some(bytes.len()),
                }
            }
            Some(_) => return None,
            None => return has_image.then_some(bytes.len()),
        }
    }
}

/// Bytes of a colour table, from the packed field that announces it.
pub(in crate::extract) fn color_table(packed: u8) -> usize {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}

/// Behind the empty sub-block that ends a chain of them.
fn sub_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            0 => return Some(at + 1),
            length => at += usize::from(*length) + 1,
        }
    }
}

/// Source: RFC 9649 §2.4. `bytes` start at `RIFF`.
pub(super) fn webp(bytes: &[u8]) -> Option<usize> {
    let size = u32::from_le_bytes(*bytes.strip_prefix(b"RIFF")?.first_chunk()?) as usize;
    Some((8 + size).min(bytes.len()))
}
