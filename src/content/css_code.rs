//! Characters that are written by their number in CSS: `\\66 `.
//!
//! Source: CSS Syntax Module Level 3, §4.3.7.

/// Hex digits of the longest.
const MOST_DIGITS: usize = 6;

/// The character whose number `text`, which comes behind a backslash, begins with, and the bytes of that with the white
/// space that ends it; no character where none has that number, and `None` where there is no number.
pub(crate) fn css_code(text: &[u8]) -> Option<(Option<char>, usize)> {
    let count = text.iter().take(MOST_DIGITS).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let digits = str::from_utf8(&text[..count]).ok().filter(|digits| !digits.is_empty())?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    let blank = match text[count..] {
        [b'\r', b'\n', ..] => 2,
        [byte, ..] => usize::from(byte.is_ascii_whitespace()),
        [] => 0,
    };
    Some((char::from_u32(code), count + blank))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_after_six_digits_or_one_blank() {
        for (text, expected) in [
            (&b"66 x"[..], Some((Some('f'), 3))),
            (b"000066a", Some((Some('f'), 6))),
            (b"66\r\nx", Some((Some('f'), 4))),
            (b"66", Some((Some('f'), 2))),
            (b"d800 ", Some((None, 5))),
            (b"110000", Some((None, 6))),
            (b"g", None),
            (b"", None),
        ] {
            assert_eq!(css_code(text), expected, "{text:?}");
        }
    }
}
