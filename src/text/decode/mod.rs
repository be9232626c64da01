//! Texts that stand in a text in another form: HTML entities, percent-encoding, backslash escapes, UTF-7, base64, and
//! what a direction mark turns around. And symbols that look like letters, as symbols.
//!
//! What they stand for is a text of its own, searched besides the one that was sent: whatever escapes are taken for
//! something else cannot hide what stands there as it is.

mod backslash;
mod base64;
mod reversed;
mod symbols;

use std::ops::Range;

use super::source::{SourceText, boundary_before};
use super::switches::Switch;
use crate::content::{ReferenceIn, base64_digit, character_reference, windows_1252};

/// Bytes of the text around what stands for something else that are handed out with it, at least.
const LEAST_AROUND: usize = 256;

/// Hands out every text that is in `source` from offset `from` on, and the switch of the way it was written, if
/// there is one for it: what is written so, with `around` bytes before and behind, within which all that is looked for
/// stands. Places in it are offsets of `source`.
pub(super) fn each(source: &SourceText, from: usize, around: usize, mut look: impl FnMut(Option<Switch>, SourceText)) {
    let start = from.max(source.range().start);
    let text = source.from(start);
    let place = Place { text, start, around: around.max(LEAST_AROUND) };
    let all = |mark: u8| memchr::memchr_iter(mark, text.as_bytes());
    place.replaced(all(b'&'), |at| read_entity(&text[at..]), |decoded| look(Some(Switch::Entities), decoded));
    place.replaced(all(b'%'), |at| read_percent(&text[at..]), |decoded| look(Some(Switch::Percent), decoded));
    for read in [backslash::read_program, backslash::read_css] {
        place.replaced(all(b'\\'), |at| read(&text[at..]), |decoded| look(Some(Switch::Escapes), decoded));
    }
    if let Some(decoded) = code_points(text, start) {
        look(Some(Switch::Escapes), decoded);
    }
    if reversed::is_in(text) {
        let read = |at: usize| reversed::read(&text[at..]);
        place.replaced(all(reversed::FIRST), read, |decoded| look(Some(Switch::Reversed), decoded));
    }
    let mut run = 0..0;
    place.replaced(symbols::places(text), |at| symbols::read(text, at), |decoded| look(None, decoded));
    place.replaced(all(b'+'), |at| read_utf7(text, at, &mut run), |decoded| look(None, decoded));
    for (run, decoded) in base64::texts(text) {
        let mut hidden = SourceText::starting_at(start + run.start);
        hidden.push_unit(&decoded, start + run.start..start + run.end);
        look(Some(Switch::Base64), hidden);
    }
}

/// A text in which something may be written in another form.
struct Place<'t> {
    text: &'t str,
    /// Its offset in the source.
    start: usize,
    around: usize,
}

impl Place<'_> {
    /// Hands out what is around everything that `read` finds at one of `places`, with that replaced. It says what is
    /// there, and how many bytes that takes.
    fn replaced(
        &self,
        places: impl Iterator<Item = usize>,
        mut read: impl FnMut(usize) -> Option<(String, usize)>,
        mut look: impl FnMut(SourceText),
    ) {
        let mut decoded: Option<SourceText> = None;
        let mut done = 0;
        for at in places {
            if at < done {
                continue;
            }
            let Some((meant, length)) = read(at) else {
                continue;
            };
            let [end, next] = [self.end_behind(done), self.start_before(at)];
            if let Some(mut ended) = decoded.take_if(|_| end < next) {
                self.copy(done..end, &mut ended);
                look(ended);
            }
            let piece = decoded.get_or_insert_with(|| {
                done = next.max(done);
                SourceText::starting_at(self.start + done)
            });
            self.copy(done..at, piece);
            piece.push_unit(&meant, self.start + at..self.start + at + length);
            done = at + length;
        }
        if let Some(mut ended) = decoded {
            self.copy(done..self.end_behind(done), &mut ended);
            look(ended);
        }
    }

    fn copy(&self, place: Range<usize>, decoded: &mut SourceText) {
        decoded.push_str(&self.text[place.clone()], self.start + place.start);
    }

    /// Where what is handed out with something at `at` starts: before a word, if one starts near.
    fn start_before(&self, at: usize) -> usize {
        let first = boundary_before(self.text, at.saturating_sub(2 * self.around));
        let last = boundary_before(self.text, at.saturating_sub(self.around));
        if first == 0 { 0 } else { self.text[first..last].rfind(' ').map_or(last, |space| first + space) }
    }

    /// Where it ends, if the last such thing ends at `at`.
    fn end_behind(&self, at: usize) -> usize {
        let first = boundary_before(self.text, at + self.around);
        let last = boundary_before(self.text, at + 2 * self.around);
        if last == self.text.len() {
            last
        } else {
            self.text[first..last].find(' ').map_or(first, |space| first + space)
        }
    }
}

/// `text`, which starts at `start`, with characters in place of their names as Unicode writes them, `U+0066 U+006F`,
/// where at least two follow each other; `None` where none do.
fn code_points(text: &str, start: usize) -> Option<SourceText> {
    let mut decoded: Option<SourceText> = None;
    let mut done = 0;
    for at in memchr::memchr_iter(b'+', text.as_bytes()) {
        let is_named = |first: &usize| *first >= done && matches!(text.as_bytes()[*first], b'U' | b'u');
        let Some(first) = at.checked_sub(1).filter(is_named) else {
            continue;
        };
        let named: Vec<(char, usize)> = std::iter::successors(code_point(&text[first..]), |(_, end)| {
            let rest = text[first + end..].trim_start_matches([' ', ',', ';']);
            let next = text.len() - first - rest.len();
            code_point(rest).map(|(ch, length)| (ch, next + length))
        })
        .collect();
        if named.len() < 2 {
            continue;
        }
        let decoded = decoded.get_or_insert_with(|| SourceText::starting_at(start));
        decoded.push_str(&text[done..first], start + done);
        done = first;
        for (ch, end) in named {
            decoded.push_unit(ch.encode_utf8(&mut [0; 4]), start + done..start + first + end);
            done = first + end;
        }
    }
    decoded.as_mut()?.push_str(&text[done..], start + done);
    decoded
}

/// The character whose name `text` begins with, and the length of that.
fn code_point(text: &str) -> Option<(char, usize)> {
    let digits = text.strip_prefix("U+").or_else(|| text.strip_prefix("u+"))?;
    let count = digits.bytes().take(7).take_while(u8::is_ascii_hexdigit).count();
    let ch = u32::from_str_radix(digits.get(..count).filter(|_| (4..=6).contains(&count))?, 16).ok();
    ch.and_then(char::from_u32).map(|ch| (ch, 2 + count))
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
        each(&SourceText::whole(text), 0, 0, |via, decoded| found.push((via, decoded.from(0).to_owned())));
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
            ("a U+0066 U+006F,u+0072 bidden U+0020", Some(Switch::Escapes), "a for bidden U+0020"),
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
    fn what_is_far_from_escapes_is_left_out() {
        let filler = "some words and more ".repeat(100);
        let found = decoded(&format!("{filler}f%6Fr %62{filler}f%6Fr{filler}"));
        let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].contains("for bsome words and more ") && texts[1].contains("more forsome words"));
        assert!(texts.iter().all(|text| text.len() < 1_100 && text.starts_with(' ')), "{texts:?}");
        let near = format!("f%6Fr {}%62", "word ".repeat(90));
        assert_eq!(decoded(&near), [(Some(Switch::Percent), format!("for {}b", "word ".repeat(90)))]);
    }

    #[test]
    fn places_are_those_of_the_escapes() {
        let text = "é f%6Frb";
        each(&SourceText::whole(text), 0, 0, |_, decoded| {
            assert_eq!(decoded.original(&(3..7)), 3..9);
            assert_eq!(decoded.original(&(4..5)), 4..7);
        });
    }
}
