//! Bytes in string literals of programs: `b'\x89PNG\r\n'` as Python prints them, `"\x89PNG" "\r\n"` in C, `'\211PNG'`.
//!
//! Sources: Python 3, "String and Bytes literals"; ISO C, 6.4.4.4; what `repr` of Python 3.13 prints.

use crate::extract::dissection::Dissection;

use super::spelled::hand_out;

/// Fewest bytes that a literal with such escapes is read for.
const MIN_BYTES: usize = 16;

/// Hands out the bytes of every literal in `text` in which one is in hexadecimal or octal. Time is linear in the text.
pub(super) fn extract(text: &[u8], found: &mut Dissection<'_>) {
    let mut end = 0;
    for at in memchr::memchr_iter(b'\\', text) {
        let is_byte = matches!(text.get(at + 1..), Some([b'x', ..] | [b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', ..]));
        if at < end || !is_byte {
            continue;
        }
        let Some(start) = text[end..at].iter().rposition(|byte| is_quote(*byte)).map(|start| end + start) else {
            // The literals before it are no part of it, whatever they are.
            end = at + 1;
            continue;
        };
        let (bytes, length) = read(&text[start..]);
        end = start + length.max(1);
        if bytes.len() >= MIN_BYTES {
            hand_out(bytes, length, found);
        }
        if found.is_over() {
            return;
        }
    }
}

/// The bytes of the literal that `text` begins with, and of those behind it with nothing between them, and how long
/// they are.
fn read(text: &[u8]) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(quote) = text.get(at).filter(|byte| is_quote(**byte)) {
        at += 1;
        while let Some(byte) = text.get(at).filter(|byte| *byte != quote) {
            let (meant, length) = if *byte == b'\\' { escape(&text[at + 1..]) } else { (Some(*byte), 0) };
            bytes.extend(meant);
            at += 1 + length;
        }
        at = text.len().min(at + 1);
        let blanks = text[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let prefix = usize::from(matches!(text.get(at + blanks), Some(b'b' | b'B')));
        if text.get(at + blanks + prefix).is_none_or(|byte| !is_quote(*byte)) {
            break;
        }
        at += blanks + prefix;
    }
    (bytes, at)
}

/// The byte that an escape stands for whose backslash is before `text`, and how long it is there. A line end stands for
/// nothing.
fn escape(text: &[u8]) -> (Option<u8>, usize) {
    let number = |digits: &[u8], radix| u8::from_str_radix(str::from_utf8(digits).ok()?, radix).ok();
    match text {
        [b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => (number(&[*high, *low], 16), 3),
        [b'0'..=b'7', ..] => {
            let count = text.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            (number(&text[..count], 8), count)
        }
        [b'\n', ..] => (None, 1),
        [b'\r', b'\n', ..] => (None, 2),
        [letter, ..] => {
            let meant = match letter {
                b'a' => 0x07,
                b'b' => 0x08,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 0x0b,
                b'f' => 0x0c,
                b'r' => b'\r',
                b'e' => 0x1b,
                other => *other,
            };
            (Some(meant), 1)
        }
        [] => (None, 0),
    }
}

const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'\'' | b'"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::{ExtractLimits, assert_linear};
    use crate::extract::dissection::testing::gathered;

    const FILE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR'\"\\ and so on";

    fn decoded(text: &str) -> Vec<Vec<u8>> {
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| extract(text.as_bytes(), found));
        found.parts.iter().map(|part| part.bytes.to_vec()).collect()
    }

    #[test]
    fn literals_of_programs_are_read() {
        for text in [
            r#"DATA = b'\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\'"\\ and so on'"#,
            r#"it's "x"; f("\x89PNG\r\n\x1a\n\0\0\0\rIHDR'\"\\ and so on")"#,
            "a = \"\\211PNG\\015\\012\\032\\n\\000\\000\"\n  \"\\000\\rIHDR'\\\"\\\\ and so on\";",
            "(b'\\x89PNG\\r\\n\\x1a\\n\\0\\0'\n b'\\0\\rIHDR\\'\"\\\\ and '\n b'so on')",
        ] {
            assert!(decoded(text).contains(&FILE.to_vec()), "{text}");
        }
    }

    #[test]
    fn other_literals_are_none() {
        for text in ["print('a\\n')", "\\x89 without quotes and long enough", "'\\x1b[0m'", "it's C:\\x86"] {
            assert!(decoded(text).is_empty(), "{text}");
        }
        for text in ["'\\x00", "\\x00", "'\\x00'"] {
            assert_linear(20_000, |count| drop(decoded(&text.repeat(count))));
        }
    }
}
