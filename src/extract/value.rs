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
    let slices = [without_byte_order_mark(&part.bytes), without_half_a_character(&part.bytes)];
    let latin = if is_read_as_latin(&part.bytes, charset) { from_latin(&part.bytes, found) } else { Vec::new() };
    let other = match charset {
        Charset::Other(encoding) if !charset.reads_like_utf8(&part.bytes) => {
            legible::decoded(&part.bytes, encoding, found)
        }
        _ => None,
    };
    found.add(part.clone(), Some(offset));
    for bytes in slices.into_iter().flatten().chain(latin).chain(other) {
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

/// formidable and multiparty drop the start of a character that the end of the value cuts off.
pub(super) fn without_half_a_character(value: &Bytes) -> Option<Bytes> {
    let error = str::from_utf8(value).err()?;
    error.error_len().is_none().then(|| value.slice(..error.valid_up_to()))
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
}
