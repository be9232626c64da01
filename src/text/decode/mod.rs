//! Texts that stand in a text as escapes: HTML entities, percent-encoding, UTF-7, base64.
//!
//! What they stand for is a text of its own, searched besides the one that was sent: whatever escapes are taken for
//! something else cannot hide what stands there as it is.

mod base64;

use data_encoding::BASE64_NOPAD;

use super::source::SourceText;
use super::switches::Switch;
use crate::content::{ReferenceIn, character_reference, windows_1252};

/// Hands out every text that stands in `source` from offset `from` on, and the switch of the way it was written, if there
/// is one for it. Places in it are offsets of `source`.
pub(super) fn each(source: &SourceText, from: usize, mut look: impl FnMut(Option<Switch>, SourceText)) {
    let start = from.max(source.range().start);
    let text = source.from(start);
    let escapes: [(Option<Switch>, u8, Read); 3] = [
        (Some(Switch::Entities), b'&', read_entity),
        (Some(Switch::Percent), b'%', read_percent),
        (None, b'+', read_utf7),
    ];
    for (switch, mark, read) in escapes {
        if let Some(decoded) = replaced(text, start, mark, read) {
            look(switch, decoded);
        }
    }
    for (run, decoded) in base64::texts(text) {
        let mut hidden = SourceText::starting_at(start + run.start);
        hidden.push_unit(&decoded, start + run.start..start + run.end);
        look(Some(Switch::Base64), hidden);
    }
}

/// Reads what an escape at the start of a text stands for, and how many bytes it takes.
type Read = fn(&str) -> Option<(String, usize)>;

/// `text`, which starts at `start`, with everything that `read` finds at a `mark` replaced; `None` when that is nothing.
fn replaced(text: &str, start: usize, mark: u8, read: Read) -> Option<SourceText> {
    let mut decoded: Option<SourceText> = None;
    let mut done = 0;
    for at in memchr::memchr_iter(mark, text.as_bytes()) {
        if at < done {
            continue;
        }
        let Some((meant, length)) = text.get(at..).and_then(read) else {
            continue;
        };
        let decoded = decoded.get_or_insert_with(|| SourceText::starting_at(start));
        decoded.push_str(&text[done..at], start + done);
        decoded.push_unit(&meant, start + at..start + at + length);
        done = at + length;
    }
    decoded.as_mut()?.push_str(&text[done..], start + done);
    decoded
}

/// A character reference of HTML.
fn read_entity(text: &str) -> Option<(String, usize)> {
    character_reference(text.as_bytes(), ReferenceIn::Text)
}

/// Percent-encoded bytes in a row, as UTF-8 with each byte that is none as windows-1252. RFC 3986 §2.1. One character at a
/// time, so that a span covers no more than it must.
fn read_percent(text: &str) -> Option<(String, usize)> {
    let mut bytes = Vec::new();
    let mut escapes = text.as_bytes().chunks_exact(3);
    while bytes.len() < 4
        && let Some([b'%', high, low]) = escapes.next()
        && let (Some(high), Some(low)) = (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
    {
        bytes.push((high << 4 | low) as u8);
    }
    let first = *bytes.first()?;
    let whole = |length: usize| Some((std::str::from_utf8(bytes.get(..length)?).ok()?.to_owned(), 3 * length));
    (1..=4).find_map(whole).or_else(|| Some((windows_1252(first).to_string(), 3)))
}

/// UTF-16 in base64 between "+" and "-". RFC 2152.
fn read_utf7(text: &str) -> Option<(String, usize)> {
    let encoded = &text[1..];
    let length = encoded.bytes().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')))?;
    // Bits that are left over are zero in truth; whoever hides something may set them.
    let whole = length - usize::from(length % 4 == 1);
    let mut specification = BASE64_NOPAD.specification();
    specification.check_trailing_bits = false;
    let bytes = specification.encoding().ok()?.decode(encoded.get(..whole)?.as_bytes()).ok()?;
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
    let meant: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
    let is_text = !meant.is_empty() && meant.chars().all(|ch| !ch.is_control() || ch.is_whitespace());
    let ends = 1 + length + usize::from(encoded.as_bytes().get(length) == Some(&b'-'));
    is_text.then_some((meant, ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Vec<(Option<Switch>, String)> {
        let mut found = Vec::new();
        each(&SourceText::whole(text), 0, |via, decoded| found.push((via, decoded.from(0).to_owned())));
        found
    }

    #[test]
    fn escapes_become_what_they_stand_for() {
        for (text, via, expected) in [
            ("a &#x66;or&#98;id&eacute; &#150; &amp; b", Some(Switch::Entities), "a forbidé – & b"),
            ("f%6Fr%c3%A9 100% %e9 %zz", Some(Switch::Percent), "foré 100% é %zz"),
            ("+AGYAbwBy-bidden", None, "forbidden"),
            ("see Zm9yYmlkZGVuIHR1cm5pcA== there", None, ""),
            ("see Zm9yYmlkZGVuIHR1cm5pcHMh there", Some(Switch::Base64), "forbidden turnips!"),
        ] {
            let found = decoded(text);
            if expected.is_empty() {
                continue;
            }
            assert!(found.contains(&(via, expected.to_owned())), "{text}: {found:?}");
        }
    }

    #[test]
    fn text_without_escapes_stands_for_nothing_else() {
        for text in ["", "plain", "a & b; 50 % off", "1 + 1 = 2", "c++ code", "&nonsense; &EACUTE;", "+-"] {
            assert_eq!(decoded(text), [], "{text}");
        }
    }

    #[test]
    fn places_are_those_of_the_escapes() {
        let text = "é f%6Frb";
        each(&SourceText::whole(text), 0, |_, decoded| {
            assert_eq!(decoded.original(&(3..7)), 3..9);
            assert_eq!(decoded.original(&(4..5)), 4..7);
        });
    }
}
