//! Style sheets as bytes: comments, escapes, declarations.
//!
//! Sources: CSS Syntax 3 §4.3.2 (comments), §4.3.7 (escapes), §5.4.4 (declarations); CSS Content 3 §2.

use memchr::{memchr, memmem};

use crate::content::css_code;

/// Longest text that a style adds.
const MAX_CONTENT: usize = 4 << 10;

/// The declarations in `style`, in small letters, without blanks, comments and escapes: property, value, and whether it
/// is important.
pub(super) fn declarations(style: &[u8]) -> Vec<(Vec<u8>, Vec<u8>, bool)> {
    let style = unescaped(&without_comments(style));
    let dense: Vec<u8> = style.iter().filter(|byte| !byte.is_ascii_whitespace()).map(u8::to_ascii_lowercase).collect();
    let read = |one: &[u8]| {
        let colon = memchr(b':', one)?;
        let (value, is_important) = match one[colon + 1..].strip_suffix(b"!important") {
            Some(value) => (value, true),
            None => (&one[colon + 1..], false),
        };
        Some((one[..colon].to_vec(), value.to_vec(), is_important))
    };
    dense.split(|byte| *byte == b';').filter_map(read).collect()
}

/// The number that `value` begins with.
pub(super) fn number(value: &[u8]) -> Option<f64> {
    let is_of_number = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+');
    let length = value.iter().take_while(is_of_number).count();
    str::from_utf8(&value[..length]).ok()?.parse().ok()
}

/// `style` without its comments.
pub(super) fn without_comments(style: &[u8]) -> Vec<u8> {
    let (mut kept, mut rest) = (Vec::with_capacity(style.len()), style);
    while let Some(at) = memmem::find(rest, b"/*") {
        kept.extend_from_slice(&rest[..at]);
        rest = memmem::find(&rest[at + 2..], b"*/").map_or(&[][..], |end| &rest[at + 2 + end + 2..]);
    }
    kept.extend_from_slice(rest);
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
        } else if let Some((first, behind)) = rest.split_first() {
            // An escaped line end stands for nothing.
            if *first != b'\n' {
                kept.push(*first);
            }
            rest = behind;
        }
    }
    kept.extend_from_slice(rest);
    kept
}

/// The value of the last declaration of `property`.
pub(super) fn value_of<'t>(declarations: &'t [u8], property: &[u8]) -> Option<&'t [u8]> {
    declarations.rsplit(|byte| *byte == b';').find_map(|one| {
        let colon = memchr(b':', one)?;
        let is_it = unescaped(&one[..colon]).trim_ascii().eq_ignore_ascii_case(property);
        is_it.then(|| one[colon + 1..].trim_ascii())
    })
}

/// The text that the `value` of `content` stands for: strings, and attributes, whose values `attribute` gives.
pub(super) fn content<'v>(value: &[u8], attribute: impl Fn(&[u8]) -> Option<&'v [u8]>) -> Vec<u8> {
    let (mut said, mut rest) = (Vec::new(), value);
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if matches!(first, b'"' | b'\'') {
            let mut end = 0;
            while behind.get(end).is_some_and(|byte| byte != first) {
                end += 1 + usize::from(behind[end] == b'\\');
            }
            let end = end.min(behind.len());
            said.extend(unescaped(&behind[..end]));
            rest = behind.get(end + 1..).unwrap_or_default();
        } else if *first == b'a' && behind.starts_with(b"ttr(") {
            let end = memchr(b')', behind).unwrap_or(behind.len());
            said.extend(attribute(behind[4..end].trim_ascii()).unwrap_or_default());
            rest = &behind[end..];
        }
    }
    said.truncate(MAX_CONTENT);
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read_without_escapes_and_comments() {
        let read = declarations(b"D\\69splay : n/**/one !IMPORTANT;x;left: -9.5e9px");
        let expected = [(&b"display"[..], &b"none"[..], true), (b"left", b"-9.5e9px", false)];
        let read: Vec<_> = read.iter().map(|(name, value, important)| (&name[..], &value[..], *important)).collect();
        assert_eq!(read, expected);
        assert_eq!(number(b"-9.5e9px"), Some(-9.5));
        assert_eq!(number(b"auto"), None);
    }
}
