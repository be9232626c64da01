//! Escapes in strings (RFC 8259 §7), as those read them who forgive faults.

use bytes::Bytes;

use crate::extract::percent::hex_pair;

/// Hands out `text` piece by piece with its escapes resolved; a broken one loses its backslash.
pub(in crate::extract) fn resolve(text: &[u8], mut push: impl FnMut(&[u8])) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        push(&rest[..at]);
        let Some((escape, behind)) = rest[at + 1..].split_first() else {
            return;
        };
        rest = behind;
        match escape {
            b'b' => push(b"\x08"),
            b'f' => push(b"\x0c"),
            b'n' => push(b"\n"),
            b'r' => push(b"\r"),
            b't' => push(b"\t"),
            b'u' => {
                let (character, behind) = unicode(rest);
                push(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = behind;
            }
            other => push(&[*other]),
        }
    }
    push(rest);
}

/// `text` without its escapes; without any, the same slice.
pub(super) fn unescaped(text: &Bytes) -> Bytes {
    if memchr::memchr(b'\\', text).is_none() {
        return text.clone();
    }
    let mut resolved = Vec::with_capacity(text.len());
    resolve(text, |piece| resolved.extend_from_slice(piece));
    resolved.into()
}

/// What JSON5 makes of `text`, where that is something else: it knows `\x41`, `\v` and `\0`, and an escaped end of a
/// line is nothing.
pub(super) fn unescaped_as_json5(text: &Bytes) -> Option<Bytes> {
    let mut changed = None;
    let mut done = 0;
    let mut at = 0;
    while let Some(next) = memchr::memchr(b'\\', &text[at..]) {
        at += next;
        let Some((character, length)) = json5_escape(&text[at..]) else {
            // Two bytes at a time, so that an escaped backslash begins no escape.
            at = text.len().min(at + 2);
            continue;
        };
        let changed: &mut Vec<u8> = changed.get_or_insert_default();
        changed.extend_from_slice(&text[done..at]);
        match character {
            // Still to be read as a string, in which these mean something.
            Some('\\') => changed.extend_from_slice(br"\\"),
            Some(character) => changed.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
            None => {}
        }
        at += length;
        done = at;
    }
    let mut changed = changed?;
    changed.extend_from_slice(&text[done..]);
    Some(unescaped(&changed.into()))
}

/// The character of an escape that only JSON5 knows, if it stands for one, and the bytes of the escape.
fn json5_escape(text: &[u8]) -> Option<(Option<char>, usize)> {
    match text {
        [_, b'x', high, low, ..] => hex_pair(*high, *low).map(|byte| (Some(char::from(byte)), 4)),
        [_, b'v', ..] => Some((Some('\x0b'), 2)),
        [_, b'0', ..] => Some((Some('\0'), 2)),
        [_, b'\r', b'\n', ..] => Some((None, 3)),
        [_, b'\n' | b'\r', ..] => Some((None, 2)),
        _ => None,
    }
}

/// Whether there is a character in `text` that is written by its number.
pub(in crate::extract) fn has_numbers(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"\\u").any(|at| hex4(&text[at + 2..]).is_some())
}

/// The character that starts at the digits of a `\u` escape, and what follows it.
fn unicode(text: &[u8]) -> (char, &[u8]) {
    let Some((first, rest)) = hex4(text) else {
        return ('u', text);
    };
    let second = rest.strip_prefix(b"\\u").and_then(hex4);
    let units = [Some(first), second.map(|(second, _)| second)];
    let mut characters = char::decode_utf16(units.into_iter().flatten());
    let character = match characters.next() {
        Some(Ok(character)) => character,
        _ => char::REPLACEMENT_CHARACTER,
    };
    match second {
        Some((_, behind)) if character.len_utf16() == 2 => (character, behind),
        _ => (character, rest),
    }
}

fn hex4(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_at_checked(4)?;
    let digits = str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}
