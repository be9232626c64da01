//! The value of a field, which servers turn into text in different ways. Each way is a part.

use bytes::Bytes;
use encoding_rs::WINDOWS_1252;
use encoding_rs::mem::decode_latin1;

use crate::content::{Part, PartKind, reads_as_text};

use super::charset::Charset;
use super::dissection::Dissection;
use super::legible;

/// Adds `part`, a field that starts at `offset`, as it is and in every other way in which its text is read.
pub(super) fn add(part: Part, charset: Charset, offset: usize, found: &mut Dissection<'_>) {
    let latin = if is_read_as_latin(&part.bytes, charset) { from_latin(&part.bytes, found) } else { Vec::new() };
    let other = match charset {
        Charset::Other(encoding) if !charset.reads_like_utf8(&part.bytes) => {
            legible::decoded(&part.bytes, encoding, found)
        }
        _ => None,
    };
    found.add(part.clone(), Some(offset));
    add_without_half_a_character(&part, Some(offset), found);
    for bytes in without_byte_order_mark(&part.bytes).into_iter().chain(latin).chain(other) {
        found.add(as_text(PartKind::Reading, bytes, &part), Some(offset));
    }
}

/// What some server makes of `part` by taking it for text. Archives and pictures are broken by that for whoever does
/// it, so that somebody reads anything but text is a guess. A text has no NUL, and each format of archives has some.
pub(super) fn as_text(kind: PartKind, bytes: Bytes, part: &Part) -> Part {
    let is_text = memchr::memchr(0, &bytes).is_none() && reads_as_text(&bytes);
    Part { kind, is_guess: !is_text, bytes, ..part.clone() }
}

/// `fetch` of Node 20 drops the mark.
fn without_byte_order_mark(value: &Bytes) -> Option<Bytes> {
    value.starts_with(b"\xef\xbb\xbf").then(|| value.slice(3..))
}

/// Adds `part` without the start of a character that its end cuts off: formidable and multiparty drop that. What is no
/// text otherwise is hashed only, as all else in it is found in the whole part.
pub(super) fn add_without_half_a_character(part: &Part, offset: Option<usize>, found: &mut Dissection<'_>) {
    let length = part.bytes.len() - half_a_character(&part.bytes);
    if length == part.bytes.len() {
        return;
    }
    let reading = as_text(PartKind::Reading, part.bytes.slice(..length), part);
    if str::from_utf8(&reading.bytes).is_ok() {
        found.add(reading, offset);
    } else {
        found.show(Part { cuts: vec![length], ..reading }, offset);
    }
}

/// Bytes at the end of `text` that Node's `StringDecoder` takes for the start of a character in UTF-8: by the first of
/// them alone, whether or not the others can follow it.
pub(super) fn half_a_character(text: &[u8]) -> usize {
    let follow = text.iter().rev().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
    let whole = match text.iter().rev().nth(follow) {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf7) => 4,
        _ => 0,
    };
    if follow + 1 < whole { follow + 1 } else { 0 }
}

/// Starlette and Django take for Latin-1 what is not UTF-8, and most servers what is declared so.
fn is_read_as_latin(value: &[u8], charset: Charset) -> bool {
    charset == Charset::Latin && !value.is_ascii() || str::from_utf8(value).is_err()
}

/// The value in UTF-8, taken for Latin-1 and, where that makes a difference, for windows-1252, which is what browsers
/// call Latin-1.
fn from_latin(value: &Bytes, found: &mut Dissection<'_>) -> Vec<Bytes> {
    let differs = value.iter().any(|byte| (0x80..=0x9f).contains(byte));
    let latin1 = decode_latin1(value);
    let windows = differs.then(|| WINDOWS_1252.decode_without_bom_handling(value).0);
    let texts = [Some(latin1), windows].into_iter().flatten();
    texts.filter_map(|text| found.keep(text.as_bytes(), value.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    #[test]
    fn a_value_is_read_in_every_way_that_servers_do() {
        for (value, charset, expected) in [
            (&b"plain"[..], Charset::Latin, &[&b"plain"[..]][..]),
            (b"\xef\xbb\xbfEVIL", Charset::Utf8, &[b"\xef\xbb\xbfEVIL", b"EVIL"]),
            (b"\xef\xbb\xbf", Charset::Utf8, &[b"\xef\xbb\xbf", b""]),
            (
                b"EVIL\xe2\x80",
                Charset::Utf8,
                &[b"EVIL\xe2\x80", b"EVIL", "EVILâ\u{80}".as_bytes(), "EVILâ€".as_bytes()],
            ),
            (b"\xffEVIL\xf0", Charset::Utf8, &[b"\xffEVIL\xf0", b"\xffEVIL", "ÿEVILð".as_bytes()]),
            (b"caf\xe9!", Charset::Utf8, &[b"caf\xe9!", "café!".as_bytes()]),
            ("café".as_bytes(), Charset::Utf8, &["café".as_bytes()]),
            ("é".as_bytes(), Charset::Latin, &["é".as_bytes(), "Ã©".as_bytes()]),
        ] {
            let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
                add(Part::new(PartKind::Field, Bytes::copy_from_slice(value)), charset, 0, found);
            });
            let parts: Vec<&[u8]> = found.parts.iter().map(|part| &part.bytes[..]).collect();
            assert_eq!(parts, expected, "{value:?} in {charset:?}");
        }
    }

    #[test]
    fn the_start_of_a_character_is_what_node_waits_for_the_rest_of() {
        // What `StringDecoder` of Node 20 holds back after one `write`.
        for (text, length) in [
            (&b""[..], 0),
            (b"a", 0),
            (b"a\x80\x80\x80", 0),
            (b"a\xc3", 1),
            (b"a\xc3\xa9", 0),
            (b"a\xe0\x80", 2),
            (b"a\xe2\x82\xac", 0),
            (b"a\xf0\x9f\x98", 3),
            (b"a\xf0\x9f\x98\x80", 0),
            (b"\xff\xd8\xff\xd9", 1),
            (b"a\xf7", 1),
            (b"a\xf8", 0),
        ] {
            assert_eq!(half_a_character(text), length, "{text:?}");
        }
    }
}
