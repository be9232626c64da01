//! Base64 and data URIs with escapes in them, which programs, YAML, GraphQL and style sheets undo before anybody
//! decodes them.
//!
//! Sources: ECMA-262, "String Literals"; GraphQL, October 2021, §2.9.4; YAML 1.2.2 §5.7; CSS Syntax Level 3, §4.3.7.

use bytes::Bytes;

use crate::content::css_code;
use crate::extract::dissection::Dissection;

use super::{base64_digit, data_uri, runs};

/// Characters of base64 before an escape that is in the middle of it.
const LEAST_BEFORE: usize = 4;

/// Who undoes the escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Program,
    StyleSheet,
}

/// Hands out what is encoded in `text` once escapes are undone, if there are any in the middle of it.
pub(super) fn extract(text: &Bytes, found: &mut Dissection<'_>) {
    if text.len() as u64 > found.limits().max_escaped {
        return;
    }
    let is_digit = |byte: &u8| base64_digit(*byte).is_some();
    let is_inside = |at: usize| {
        let begins = matches!(text.get(at + 1), Some(b'u' | b'x' | b'U' | b'\n' | b'\r'));
        begins && at >= LEAST_BEFORE && text[at - LEAST_BEFORE..at].iter().all(is_digit)
    };
    let has_escapes = || memchr::memchr(b'\\', text).is_some();
    if memchr::memchr_iter(b'\\', text).any(is_inside) {
        look(text, Language::Program, found);
    }
    if memchr::memmem::find(text, b"url(").is_some() && has_escapes() {
        look(text, Language::StyleSheet, found);
    }
}

fn look(text: &Bytes, language: Language, found: &mut Dissection<'_>) {
    let plain = undone(text, language);
    if let Some(plain) = found.keep(&plain, text.len()) {
        data_uri::find(&plain, found);
        runs::in_text(&plain, found);
    }
}

/// `text` without escapes.
fn undone(text: &[u8], language: Language) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        plain.extend_from_slice(&rest[..at]);
        let behind = &rest[at + 1..];
        let (character, length) = match language {
            Language::Program => of_program(behind),
            Language::StyleSheet => of_style_sheet(behind),
        };
        plain.extend(character.into_iter().flat_map(|character| character.to_string().into_bytes()));
        rest = &behind[length.min(behind.len())..];
    }
    plain.extend_from_slice(rest);
    plain
}

/// The character, if any, that an escape stands for whose backslash is before `text`, and the bytes of it there.
fn of_program(text: &[u8]) -> (Option<char>, usize) {
    let (digits, around) = match text {
        [b'u', b'{', rest @ ..] => (rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).take(6).count(), 3),
        [b'u', ..] => (4, 1),
        [b'U', ..] => (8, 1),
        [b'x', ..] => (2, 1),
        _ => return of_line_end(text).unwrap_or((text.first().copied().map(char::from), 1)),
    };
    let start = if around == 3 { 2 } else { 1 };
    match text.get(start..start + digits).and_then(character) {
        Some(character) => (Some(character), digits + around),
        None => (None, 0),
    }
}

fn of_style_sheet(text: &[u8]) -> (Option<char>, usize) {
    css_code(text).or_else(|| of_line_end(text)).unwrap_or((text.first().copied().map(char::from), 1))
}

/// An end of a line stands for nothing, with the blanks that YAML has at the start of the next.
fn of_line_end(text: &[u8]) -> Option<(Option<char>, usize)> {
    let length = match text {
        [b'\r', b'\n', ..] => 2,
        [b'\n' | b'\r' | 0x0c, ..] => 1,
        _ => return None,
    };
    let blanks = text[length..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    Some((None, length + blanks))
}

fn character(digits: &[u8]) -> Option<char> {
    char::from_u32(u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;
    use crate::extract::encoded::tests::decoded;

    #[test]
    fn what_is_encoded_is_found_between_escapes() {
        let content = b"EVIL-FILE-BYTES that are a little longer than a line of them ".repeat(3);
        let encoded = BASE64.encode(&content);
        let (start, end) = encoded.split_at(30);
        let (first, rest) = end.split_at(1);
        let code = first.as_bytes()[0];
        let uri = |written: &str| format!("a {{ background: url(\"{written}\") }}");
        for text in [
            format!("query {{ f(x: \"{start}\\u00{code:02x}{rest}\") }}"),
            format!("query {{ f(x: \"{start}\\u{{{code:x}}}{rest}\") }}"),
            format!("x = '{start}\\x{code:02x}{rest}'"),
            format!("x: \"{start}\\\n   {end}\"\n"),
            uri(&format!("\\64 ata:image/png;base64,{encoded}")),
            uri(&format!("d\\61ta:image/png;base64,{start}\\\n{end}")),
            uri(&format!("data:image/png;base64,{start}\\0000{code:02x}{rest}")),
        ] {
            assert!(decoded(&text, extract).contains(&content), "{text}");
        }
        for text in ["C:\\users\\name", "\\u", "abcd\\u12", "abcd\\x", "abcd\\u{", "url(\\", "url(\\110000)"] {
            assert!(decoded(text, extract).is_empty(), "{text}");
        }
    }
}
