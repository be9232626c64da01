//! Style sheets as bytes: what belongs together, comments, escapes, declarations.
//!
//! Sources: CSS Syntax 3 §4.3 (tokens), §5.4 (rules and declarations).

use memchr::{memchr, memmem};

use crate::content::css_code;

/// A declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declaration<'s> {
    /// The property, in small letters but for custom ones.
    pub(super) name: Vec<u8>,
    /// The value as it is written.
    pub(super) value: &'s [u8],
    pub(super) is_important: bool,
}

/// The declarations in `style`, in which there are no comments.
pub(super) fn declarations(style: &[u8]) -> impl Iterator<Item = Declaration<'_>> {
    split(style, b';').filter_map(|one| {
        let colon = memchr(b':', one)?;
        let mut name = unescaped(one[..colon].trim_ascii());
        if !name.starts_with(b"--") {
            name.make_ascii_lowercase();
        }
        let value = one[colon + 1..].trim_ascii();
        let mark =
            value.len().checked_sub(b"important".len()).filter(|at| value[*at..].eq_ignore_ascii_case(b"important"));
        let plain = mark.and_then(|at| value[..at].trim_ascii_end().strip_suffix(b"!"));
        let is_important = plain.is_some();
        Some(Declaration { name, value: plain.map_or(value, <[u8]>::trim_ascii_end), is_important })
    })
}

/// `value` in small letters, without escapes and without white space that separates nothing.
pub(super) fn plain(value: &[u8]) -> Vec<u8> {
    let mut dense = Vec::with_capacity(value.len());
    for byte in unescaped(value).trim_ascii() {
        let last = dense.last().copied();
        if byte.is_ascii_whitespace() {
            if !last.is_some_and(|last: u8| b" (,/".contains(&last)) {
                dense.push(b' ');
            }
        } else {
            if last == Some(b' ') && b"),/".contains(byte) {
                dense.pop();
            }
            dense.push(byte.to_ascii_lowercase());
        }
    }
    dense
}

/// The number that `value` begins with.
pub(super) fn number(value: &[u8]) -> Option<f64> {
    let is_of_number = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+');
    let length = value.iter().take_while(is_of_number).count();
    str::from_utf8(&value[..length]).ok()?.parse().ok()
}

/// The pieces of `text` between each `mark` that is not in a string or between brackets.
pub(super) fn split(text: &[u8], mark: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut at = 0;
        while text.get(at).is_some_and(|byte| *byte != mark) {
            at = skip(text, at);
        }
        rest = text.get(at + 1..);
        Some(&text[..at])
    })
}

/// Where that ends which begins at `at`, where there is something: a string, what is in brackets, an escape, or a byte.
pub(super) fn skip(text: &[u8], mut at: usize) -> usize {
    let mut closing = Vec::new();
    while let Some(byte) = text.get(at) {
        at = match byte {
            b'"' | b'\'' => string_end(text, at),
            b'\\' => (at + 2).min(text.len()),
            b'(' => {
                closing.push(b')');
                if is_address(text, at) { address_end(text, at) } else { at + 1 }
            }
            b'[' | b'{' => {
                closing.push(byte + 2);
                at + 1
            }
            _ => {
                if closing.last() == Some(byte) {
                    closing.pop();
                }
                at + 1
            }
        };
        if closing.is_empty() {
            break;
        }
    }
    at
}

/// Where the string ends that begins with the quotation mark at `at`: behind the next one, or before an end of line.
pub(super) fn string_end(text: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(byte) = text.get(end) {
        match byte {
            byte if *byte == text[at] => return end + 1,
            b'\n' | b'\r' | b'\x0c' => return end,
            b'\\' => end += 2 + usize::from(text[end + 1..].starts_with(b"\r\n")),
            _ => end += 1,
        }
    }
    text.len()
}

/// Whether the bracket at `at` begins an address without quotation marks.
fn is_address(text: &[u8], at: usize) -> bool {
    let is_quoted = || matches!(text[at + 1..].trim_ascii_start().first(), Some(b'"' | b'\''));
    at >= 3 && text[at - 3..at].eq_ignore_ascii_case(b"url") && !is_quoted()
}

/// Where the bracket is that ends such an address.
fn address_end(text: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while text.get(end).is_some_and(|byte| *byte != b')') {
        end += 1 + usize::from(text[end] == b'\\');
    }
    end.min(text.len())
}

/// `style` without its comments. One between two names stays, since it keeps them apart.
pub(super) fn without_comments(style: &[u8]) -> Vec<u8> {
    if memmem::find(style, b"/*").is_none() {
        return style.to_vec();
    }
    let (mut kept, mut at) = (Vec::with_capacity(style.len()), 0);
    let is_of_name = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
    while let Some(byte) = style.get(at) {
        let end = match byte {
            b'/' if style.get(at + 1) == Some(&b'*') => {
                at = memmem::find(&style[at + 2..], b"*/").map_or(style.len(), |length| at + length + 4);
                if is_of_name(kept.last()) && is_of_name(style.get(at)) {
                    kept.extend_from_slice(b"/**/");
                }
                continue;
            }
            b'"' | b'\'' => string_end(style, at),
            b'\\' => (at + 2).min(style.len()),
            b'(' if is_address(style, at) => address_end(style, at),
            _ => at + 1,
        };
        kept.extend_from_slice(&style[at..end]);
        at = end;
    }
    kept
}

/// `text` with the escapes of CSS undone.
pub(super) fn unescaped(text: &[u8]) -> Vec<u8> {
    let (mut kept, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(at) = memchr(b'\\', rest) {
        kept.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some((character, length)) = css_code(rest) {
            let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
            kept.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = &rest[length..];
        } else if let Some(behind) = rest.strip_prefix(b"\r\n") {
            rest = behind;
        } else if let Some((first, behind)) = rest.split_first() {
            // An escaped line end stands for nothing.
            if !b"\n\r\x0c".contains(first) {
                kept.push(*first);
            }
            rest = behind;
        }
    }
    kept.extend_from_slice(rest);
    kept
}

/// What the string that `text` begins with says, and what is behind it; `None` where there is none.
pub(super) fn string(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let quote = text.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let end = string_end(text, 0);
    let inside = &text[1..end];
    Some((unescaped(inside.strip_suffix(&[*quote]).unwrap_or(inside)), &text[end..]))
}

/// The name that `text` begins with, without escapes, and what is behind it. Names begin with no digit.
pub(super) fn name(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut end = 0;
    if text.strip_prefix(b"-").unwrap_or(text).first().is_some_and(u8::is_ascii_digit) {
        return (Vec::new(), text);
    }
    while let Some(byte) = text.get(end) {
        match byte {
            b'\\' => end += 1 + css_code(&text[end + 1..]).map_or(1, |(_, length)| length),
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | 0x80..) => end += 1,
            _ => break,
        }
    }
    let end = end.min(text.len());
    (unescaped(&text[..end]), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read_without_escapes_and_comments() {
        let style =
            without_comments(b"D\\69splay : /**/none !IMPORTANT;x;left: -9.5e9px;--X: ';' ;a/**/b:c;d:url(/*;*/)");
        let read: Vec<_> = declarations(&style).map(|one| (one.name, plain(one.value), one.is_important)).collect();
        let expected = [
            (&b"display"[..], &b"none"[..], true),
            (b"left", b"-9.5e9px", false),
            (b"--X", b"';'", false),
            (b"a/**/b", b"c", false),
            (b"d", b"url(/*;*/)", false),
        ];
        assert_eq!(read, expected.map(|(name, value, last)| (name.to_vec(), value.to_vec(), last)));
        assert_eq!(number(b"-9.5e9px"), Some(-9.5));
        assert_eq!(number(b"auto"), None);
    }

    #[test]
    fn what_is_in_strings_and_brackets_belongs_together() {
        for (text, expected) in [
            (&b"a;b"[..], &[&b"a"[..], b"b"][..]),
            (b"';';(;[;)];);\\;", &[b"';'", b"(;[;)];)", b"\\;"]),
            (b"'a\n;b'", &[b"'a\n", b"b'"]),
            (b"url(';);'", &[b"url(';);'"]),
            (b"url( '(;' );", &[b"url( '(;' )", b""]),
            (b"(;", &[b"(;"]),
        ] {
            assert_eq!(split(text, b';').collect::<Vec<_>>(), expected, "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(string(b"'a\\27 b'c"), Some((b"a'b".to_vec(), &b"c"[..])));
        assert_eq!(name(b"a\\6a  b"), (b"aj".to_vec(), &b" b"[..]));
        assert_eq!(plain(b" rgb( 1 , 2 / 0 ) X"), b"rgb(1,2/0) x");
    }
}
