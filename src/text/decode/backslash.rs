//! Backslash escapes: of programs (`\\u0066`, `\\x66`, `\\146`), and of CSS (`\\66 `).

/// Hex digits of the longest escape.
const MOST_DIGITS: usize = 8;

/// Digits of an escape of CSS.
const MOST_OF_CSS: usize = 6;

/// An escape of JSON, JavaScript, C, Python, Rust or Java, if it stands for a letter or the like: a line end or a
/// colour of a terminal hides nothing.
pub(super) fn read_program(text: &str) -> Option<(String, usize)> {
    let (first, length) = read_unit(text)?;
    if let Some(ch) = char::from_u32(first) {
        return told(ch, length);
    }
    // Half of a character of UTF-16.
    let (second, more) = read_unit(text.get(length..)?)?;
    let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let ch = char::decode_utf16(pair).next()?.ok()?;
    told(ch, length + more)
}

/// The number that an escape gives, and how many bytes it takes.
fn read_unit(text: &str) -> Option<(u32, usize)> {
    let rest = text.strip_prefix('\\')?;
    let of = |digits: &str, radix: u32| u32::from_str_radix(digits, radix).ok();
    match rest.as_bytes() {
        [b'u', b'{', ..] => {
            let end = rest.bytes().take(MOST_DIGITS + 3).position(|byte| byte == b'}')?;
            Some((of(digits(rest, 2, end)?, 16)?, end + 2))
        }
        [b'u', ..] => Some((of(digits(rest, 1, 5)?, 16)?, 6)),
        [b'U', ..] => Some((of(digits(rest, 1, 9)?, 16)?, 10)),
        [b'x', ..] => Some((of(digits(rest, 1, 3)?, 16)?, 4)),
        [b'0'..=b'3', ..] => Some((of(digits(rest, 0, 3)?, 8)?, 4)),
        _ => None,
    }
}

/// The hex digits from `start` to `end` of `text`, if they are nothing else.
fn digits(text: &str, start: usize, end: usize) -> Option<&str> {
    text.get(start..end).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// An escape of CSS: up to six hex digits, and one space behind them. The first that is no zero is a decimal digit, as
/// it is of all letters of ASCII; otherwise every `\\begin` of TeX were one.
///
/// Source: CSS Syntax Module Level 3, §4.3.7.
pub(super) fn read_css(text: &str) -> Option<(String, usize)> {
    let rest = text.strip_prefix('\\')?;
    let count = rest.bytes().take(MOST_OF_CSS).take_while(u8::is_ascii_hexdigit).count();
    let digits = &rest[..count];
    let first = digits.trim_start_matches('0').chars().next()?;
    if count < 2 || !first.is_ascii_digit() {
        return None;
    }
    let space = usize::from(rest[count..].starts_with([' ', '\t', '\n', '\r']));
    told(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, 1 + count + space)
}

fn told(ch: char, length: usize) -> Option<(String, usize)> {
    (!ch.is_control()).then(|| (ch.to_string(), length))
}
