//! Texts that stand in a text in another form: HTML entities, percent-encoding, backslash escapes, UTF-7, base64, and
//! what a direction mark turns around.
//!
//! What they stand for is a text of its own, searched besides the one that was sent: whatever escapes are taken for
//! something else cannot hide what stands there as it is.

mod backslash;
mod base64;
mod reversed;

use std::ops::Range;

use super::source::SourceText;
use super::switches::Switch;
use crate::content::{ReferenceIn, base64_digit, character_reference, windows_1252};

/// Hands out every text that is in `source` from offset `from` on, and the switch of the way it was written, if
/// there is one for it. Places in it are offsets of `source`.
pub(super) fn each(source: &SourceText, from: usize, mut look: impl FnMut(Option<Switch>, SourceText)) {
    let start = from.max(source.range().start);
    let text = source.from(start);
    if let Some(decoded) = replaced(text, start, b'&', |at| read_entity(&text[at..])) {
        look(Some(Switch::Entities), decoded);
    }
    if let Some(decoded) = replaced(text, start, b'%', |at| read_percent(&text[at..])) {
        look(Some(Switch::Percent), decoded);
    }
    for read in [backslash::read_program, backslash::read_css] {
        if let Some(decoded) = replaced(text, start, b'\\', |at| read(&text[at..])) {
            look(Some(Switch::Escapes), decoded);
        }
    }
    if reversed::is_in(text)
        && let Some(decoded) = replaced(text, start, reversed::FIRST, |at| reversed::read(&text[at..]))
    {
        look(Some(Switch::Reversed), decoded);
    }
    let mut run = 0..0;
    if let Some(decoded) = replaced(text, start, b'+', |at| read_utf7(text, at, &mut run)) {
        look(None, decoded);
    }
    for (run, decoded) in base64::texts(text) {
        let mut hidden = SourceText::starting_at(start + run.start);
        hidden.push_unit(&decoded, start + run.start..start + run.end);
        look(Some(Switch::Base64), hidden);
    }
}

/// `text`, which starts at `start`, with everything that `read` finds at a `mark` replaced; `None` when that is
/// nothing. It says what is there, and how many bytes that takes.
fn replaced(
    text: &str,
    start: usize,
    mark: u8,
    mut read: impl FnMut(usize) -> Option<(String, usize)>,
) -> Option<SourceText> {
    let mut decoded: Option<SourceText> = None;
    let mut done = 0;
    for at in memchr::memchr_iter(mark, text.as_bytes()) {
        if at < done {
            continue;
        }
        let Some((meant, length)) = read(at) else {
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

/// Percent-encoded bytes in a row, as UTF-8 with each byte that is none as windows-1252. RFC 3986 §2.1. One character
/// at a time, so that a span covers no more than it must.
fn read_percent(text: &str) -> Option<(String, usize)> {
    // What "escape" of JavaScript writes.
    if let Some(digits) = text.strip_prefix("%u").and_then(|rest| rest.get(..4)) {
        return char::from_u32(u32::from_str_radix(digits, 16).ok()?).map(|ch| (ch.to_string(), 6));
    }
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

/// UTF-16 in base64 between the "+" at `at` and "-". RFC 2152. `run` is the last run of such characters that was seen,
/// which may have many a "+" in it.
fn read_utf7(text: &str, at: usize, run: &mut Range<usize>) -> Option<(String, usize)> {
    let (bytes, first) = (text.as_bytes(), at + 1);
    if !(run.start..=run.end).contains(&first) {
        let length = bytes[first..].iter().position(|byte| base64_digit(*byte).is_none());
        *run = first..length.map_or(bytes.len(), |length| first + length);
    }
    let last = bytes.get(run.end)?;
    // Bits that are left over are zero in truth; whoever hides something may set them.
    let (mut bits, mut count) = (0_u32, 0);
    let units = bytes[first..run.end].iter().filter_map(|byte| {
        bits = bits << 6 | u32::from(base64_digit(*byte)?);
        count += 6;
        if count < 16 {
            return None;
        }
        count -= 16;
        Some((bits >> count) as u16)
    });
    let is_text = |ch: &char| !ch.is_control() || ch.is_whitespace();
    let meant: Option<String> = char::decode_utf16(units).map(|ch| ch.ok().filter(is_text)).collect();
    let length = run.end - at + usize::from(*last == b'-');
    meant.filter(|meant| !meant.is_empty()).map(|meant| (meant, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::assert_linear;

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
            ("%u0066or%u00E9 %uzz", Some(Switch::Percent), "foré %uzz"),
            ("\\u0066\\x6f\\u{72}\\U00000062\\151dden\\n", Some(Switch::Escapes), "forbidden\\n"),
            ("\"\\66orbidden \\000074urnip\\74  x\"", Some(Switch::Escapes), "\"forbidden turnipt x\""),
            ("see \u{202e}neddibrof\u{202c} there", Some(Switch::Reversed), "see forbidden there"),
            ("for\u{202e}neddib", Some(Switch::Reversed), "forbidden"),
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
    fn runs_with_many_signs_are_read_in_time_that_is_linear() {
        assert_linear(25_000, |count| {
            let long = format!("{}-", "+AAA".repeat(count));
            assert!(decoded(&long).iter().all(|(via, _)| via.is_some()));
        });
        assert_eq!(decoded("x+AAA+AGYAbwBy-"), [(None, "x+AAAfor".to_owned())]);
    }

    #[test]
    fn text_without_escapes_stands_for_nothing_else() {
        for text in [
            "",
            "plain",
            "a & b; 50 % off",
            "1 + 1 = 2",
            "c++ code",
            "&nonsense; &EACUTE;",
            "+-",
            "\\begin{x} C:\\data \\1 \\x1b[0m",
        ] {
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
