//! The strings of content as they are written, whatever fonts make of them.
//!
//! What is only shown is read by nobody but as a page: its numbers and operators are no text, and a drawing has
//! megabytes of them. What is left are the strings. Fonts that say nothing may well have the letters at their usual
//! codes.

use crate::content::PartKind;
use crate::extract::container::pdf::inline::exact_samples;
use crate::extract::container::pdf::value::{Reader, Value, is_blank};
use crate::extract::dissection::Dissection;
use crate::extract::legible::TextWriter;

/// Thousandths of an em by which letters are moved apart from which on that is a space.
const SPACE: f64 = 200.0;

/// Strings between two looks at the clock.
const PATIENCE: usize = 256;

/// Shows every string in `content`, those joined that are shown together.
pub(super) fn show<'d>(content: &[u8], found: &mut Dissection<'d>) {
    let mut output = TextWriter::new(content.len(), found);
    let mut samples = exact_samples(content, found).into_iter().peekable();
    let mut end = 0;
    for count in 1_usize.. {
        let Some(start) = next_string(content, end) else {
            break;
        };
        if let Some(samples) = samples.next_if(|samples| samples.start <= start) {
            end = end.max(samples.end);
            continue;
        }
        if count.is_multiple_of(PATIENCE) && found.is_over() {
            break;
        }
        match gap(&content[end..start]) {
            Gap::None => {}
            Gap::Space => output.push(b" ", found),
            Gap::Line => output.end_line(found),
        }
        let mut reader = Reader::new(&content[start..]);
        let value = reader.value();
        end = start + reader.position().max(1);
        if let Some(Value::String(string)) = value {
            push(&string, &mut output, found);
        }
    }
    output.show(PartKind::Text, "strings", found);
}

/// Adds what may be read of a string: none of it where there are control characters, as in most codes of two bytes.
fn push<'d>(string: &[u8], output: &mut TextWriter<'d>, found: &mut Dissection<'d>) {
    if !string.iter().any(|byte| *byte < b' ' && !byte.is_ascii_whitespace()) {
        output.push(string, found);
    }
}

/// Where the next string begins, from `from` on.
fn next_string(content: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr3(b'(', b'<', b'%', content.get(at..)?)?;
        match content[at..] {
            [b'(', ..] => return Some(at),
            // A dictionary, in which there may be strings.
            [b'<', b'<', ..] => at += 2,
            [b'<', ..] => return Some(at),
            // A comment.
            _ => at += memchr::memchr2(b'\r', b'\n', &content[at..])?,
        }
    }
}

enum Gap {
    None,
    Space,
    Line,
}

/// What is between two strings.
fn gap(between: &[u8]) -> Gap {
    let is_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    if !between.iter().all(|byte| is_number(byte) || is_blank(*byte)) {
        return Gap::Line;
    }
    let number = str::from_utf8(between.trim_ascii()).ok().and_then(|number| number.parse::<f64>().ok());
    if number.is_some_and(|number| number <= -SPACE) { Gap::Space } else { Gap::None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    #[test]
    fn strings_are_joined_that_are_shown_together() {
        for (content, expected) in [
            ("1 0 0 1 9 9 cm [(for)-20(bid) 12.5 (den)-333(tur\\156)-1(ip)]TJ", "forbidden turnip"),
            ("(one) Tj 0 -12 Td (two) Tj", "one\ntwo"),
            ("<48656c6c6f> Tj <0048 0069> Tj (a) Tj % (comment)\n(b) Tj", "Hello\na\nb"),
            ("/Span << /ActualText (read) >> BDC (drawn) Tj EMC", "read\ndrawn"),
            ("(never ends", ""),
            ("0 0 m 9 9 l S", ""),
        ] {
            let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| show(content.as_bytes(), found));
            let shown: Vec<&[u8]> = found.parts.iter().map(|part| &part.bytes[..]).collect();
            assert_eq!(String::from_utf8_lossy(&shown.concat()), expected, "{content}");
        }
    }
}
