//! Fonts of the web, whose tables are one stream of brotli: glyphs may be pictures, which are found in what it gives.
//!
//! In WOFF 1 each table is a stream of zlib, and is found as such.
//!
//! Source: WOFF File Format 2.0 §4 (header), §4.1 and §5 (directory of tables).

use bytes::Bytes;

use crate::body::{Coding, End};
use crate::content::PartKind;
use crate::content::number::{be_u16_at, be_u32_at};
use crate::extract::dissection::Dissection;

const SIGNATURE: &[u8] = b"wOF2";

/// Bytes before the directory.
const HEADER: usize = 48;

/// Kinds of fonts that are several, which have a second directory.
const COLLECTION: u32 = 0x7474_6366;

/// Tables that are written in another form unless they say otherwise, by number and by name.
const CHANGED: [u8; 2] = [10, 11];
const CHANGED_BY_NAME: [&[u8]; 2] = [b"glyf", b"loca"];

/// Hands out the tables of the font `bytes`, if it is one; whether it is.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> bool {
    if !bytes.starts_with(SIGNATURE) {
        return false;
    }
    if let Some(start) = stream_start(bytes).filter(|start| *start < bytes.len()) {
        let mut output = found.output();
        match found.unpack(Coding::Brotli, &bytes[start..], &mut output) {
            // Nobody shows a font that is broken.
            End::Complete(_) => found.guess(|found| found.add_output(PartKind::Entry, output)),
            End::Broken | End::Late => {}
            limit => found.report_limit(limit),
        }
    }
    true
}

/// Where the stream begins, behind the directory.
fn stream_start(bytes: &[u8]) -> Option<usize> {
    let mut at = HEADER;
    for _ in 0..be_u16_at(bytes, 12)? {
        let flags = *bytes.get(at)?;
        at += 1;
        let is_named = flags & 63 == 63;
        let name = bytes.get(at..at + 4)?;
        at = number_end(bytes, at + if is_named { 4 } else { 0 })?;
        let is_outline = CHANGED.contains(&(flags & 63)) || is_named && CHANGED_BY_NAME.contains(&name);
        if flags >> 6 != if is_outline { 3 } else { 0 } {
            at = number_end(bytes, at)?;
        }
    }
    if be_u32_at(bytes, 4)? != COLLECTION {
        return Some(at);
    }
    let (fonts, mut at) = short_number(bytes, at + 4)?;
    for _ in 0..fonts {
        let (tables, mut next) = short_number(bytes, at)?;
        next += 4;
        for _ in 0..tables {
            next = short_number(bytes, next)?.1;
        }
        at = next;
    }
    Some(at)
}

/// Where the number of up to five bytes ends that begins at `at`.
fn number_end(bytes: &[u8], at: usize) -> Option<usize> {
    let length = bytes.get(at..)?.iter().take(5).position(|byte| byte & 0x80 == 0)?;
    Some(at + length + 1)
}

/// The number of up to three bytes at `at`, and where it ends.
fn short_number(bytes: &[u8], at: usize) -> Option<(u16, usize)> {
    Some(match *bytes.get(at)? {
        253 => (be_u16_at(bytes, at + 1)?, at + 3),
        more @ 254.. => (u16::from(*bytes.get(at + 1)?) + if more == 254 { 506 } else { 253 }, at + 2),
        small => (small.into(), at + 1),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{LISTED, codes, opened};
    use super::*;

    /// A font of this kind with these bytes between header and stream.
    fn font(kind: &[u8; 4], tables: u8, directory: &[u8]) -> Vec<u8> {
        let stream = data_encoding::HEXLOWER.decode(b"0f07804556494c2d46494c452d425954455303").unwrap();
        let mut header = vec![0; HEADER];
        header[..4].copy_from_slice(SIGNATURE);
        header[4..8].copy_from_slice(kind);
        header[13] = tables;
        [&header, directory, &stream, b"more"].concat()
    }

    #[test]
    fn tables_of_fonts_are_unpacked() {
        for font in [
            font(b"\0\x01\0\0", 3, b"\x0a\x85\x10\x07\x3fsbix\x81\x80\x00\xcb\x05"),
            font(b"ttcf", 1, b"\x00\x05\0\x01\0\0\x02\x01\0\0\0\0\x00\xfd\0\x01\0\0\0\0\x00"),
        ] {
            let found = opened(font);
            assert_eq!(codes(&found), []);
            assert!(found.parts.iter().any(|part| part.bytes == LISTED && part.kind == PartKind::Entry));
        }
        assert_eq!(codes(&opened(b"wOF2 and nothing else".to_vec())), []);
    }
}
