//! What any reader of JSON could take for a string, in bytes that are not strictly JSON.
//!
//! Comments, trailing commas, `NaN`, several values in a row, cut-off bodies: parsers differ in what they forgive. All
//! of them take a string from one quotation mark to the next that is not escaped, so every such stretch is a part,
//! whether the marks at its ends would open and close it or close one and open the next.

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;

use super::escape;

/// Adds every stretch between quotation marks.
pub(super) fn extract(body: &Bytes, found: &mut Dissection<'_>) {
    for text in transcoded(body).iter().chain([body]) {
        let mut start = None;
        for mark in marks(text) {
            if let Some(start) = start.replace(mark + 1) {
                found.add(Part::new(PartKind::JsonString, unescaped(text.slice(start..mark))), Some(start));
            }
            if found.is_over() {
                return;
            }
        }
    }
}

/// Where quotation marks stand that no backslash escapes.
fn marks(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    memchr::memchr_iter(b'"', text).filter(|at| {
        let backslashes = text[..*at].iter().rev().take_while(|byte| **byte == b'\\').count();
        backslashes % 2 == 0
    })
}

/// The body in UTF-8, if its first bytes look like another encoding of Unicode (RFC 4627 §3).
fn transcoded(body: &[u8]) -> Option<Bytes> {
    let decode = |encoding: &'static Encoding| encoding.decode_with_bom_removal(body).0.into_owned();
    let text = match body {
        [0xff, 0xfe, 0, 0, rest @ ..] => utf32(rest, u32::from_le_bytes),
        [0, 0, 0xfe, 0xff, rest @ ..] => utf32(rest, u32::from_be_bytes),
        [0, 0, 0, _, ..] => utf32(body, u32::from_be_bytes),
        [_, 0, 0, 0, ..] => utf32(body, u32::from_le_bytes),
        [0xfe, 0xff, ..] | [0, _, ..] => decode(UTF_16BE),
        [0xff, 0xfe, ..] | [_, 0, ..] => decode(UTF_16LE),
        _ => return None,
    };
    Some(text.into())
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> String {
    let (units, _) = bytes.as_chunks();
    units.iter().map(|bytes| char::from_u32(unit(*bytes)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The string without its escapes. Without any, the result is the same slice.
fn unescaped(text: Bytes) -> Bytes {
    if memchr::memchr(b'\\', &text).is_none() {
        return text;
    }
    let mut resolved = Vec::with_capacity(text.len());
    escape::resolve(&text, |piece| resolved.extend_from_slice(piece));
    resolved.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    fn strings(body: &[u8]) -> Vec<String> {
        let found = gathered(&ExtractLimits::default(), Ambiguity::InspectAll, |found| {
            extract(&Bytes::copy_from_slice(body), found);
        });
        found.parts.iter().map(|part| String::from_utf8_lossy(&part.bytes).into_owned()).collect()
    }

    #[test]
    fn every_stretch_between_marks_is_a_string() {
        assert_eq!(strings(br#"{"a":"b", /* " */ "c":NaN"#), ["a", ":", "b", ", /* ", " */ ", "c"]);
        assert_eq!(strings(br#"["a\"b\\", "c""#), [r#"a"b\"#, ", ", "c"]);
    }

    #[test]
    fn escapes_are_resolved_and_broken_ones_survive() {
        assert_eq!(strings(br#""\u0041\ud83d\udca3\n\/\x\u00g\ud800!""#), ["A💣\n/xu00g\u{fffd}!"]);
    }

    #[test]
    fn other_encodings_of_unicode_are_read_too() {
        let utf16: Vec<u8> = "[\"aé\"]".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(strings(&utf16)[0], "aé");
        let utf32: Vec<u8> = "\u{feff}[\"a💣\"]".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        assert_eq!(strings(&utf32)[0], "a💣");
    }
}
