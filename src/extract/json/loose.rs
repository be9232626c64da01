//! What any reader of JSON could take for a string, in bytes that are not strictly JSON.
//!
//! Comments, trailing commas, `NaN`, several values in a row, cut-off bodies: parsers differ in what they forgive. All
//! of them take a string from one quotation mark to the next that is not escaped, so every such stretch is a part,
//! whether the marks at its ends would open and close it or close one and open the next.

use bytes::Bytes;

use crate::content::{Part, PartKind};
use crate::extract::charset;
use crate::extract::dissection::Dissection;

use super::escape;

/// Adds every stretch between quotation marks from `from` on, where the first reading that is not everybody's begins,
/// and what is in the string that is open there.
pub(super) fn extract(body: &Bytes, from: usize, found: &mut Dissection<'_>) {
    let unicode = charset::by_first_bytes(body, found);
    let begin = marks(&body[..from]).last().unwrap_or(from);
    let texts = unicode.iter().map(|text| (0, text.clone())).chain([(begin, body.slice(begin..))]);
    for (base, text) in texts {
        let mut start: Option<usize> = None;
        for mark in marks(&text) {
            if let Some(start) = start.replace(mark + 1) {
                let stretch = escape::unescaped(&text.slice(start..mark));
                found.add(Part::new(PartKind::JsonString, stretch), Some(base + start));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    fn strings(body: &[u8]) -> Vec<String> {
        let found = gathered(&ExtractLimits::default(), Ambiguity::InspectAll, |found| {
            extract(&Bytes::copy_from_slice(body), 0, found);
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
