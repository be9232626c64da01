//! What PHP serialises. Source: "PHP Internals Book", serialization format; `ext/standard/var.c`.

use bytes::Bytes;
use memchr::memmem;

use super::{Sort, Values};

/// Longest number in front of a string.
const MAX_DIGITS: usize = 10;

/// Whether `bytes` begin as an array, an object or a string does, or a session with a name in front of one.
pub(super) fn begins_so(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(128)];
    let name = start.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    let start = if start.get(name) == Some(&b'|') { &start[name + 1..] } else { start };
    let [b'a' | b'O' | b'C' | b's', b':', rest @ ..] = start else {
        return false;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && rest.get(digits) == Some(&b':') && matches!(rest.get(digits + 1), Some(b'{' | b'"'))
}

/// Reads every string. What is inside of one is no other, so that one may hold what it likes.
pub(super) fn read(bytes: &Bytes) -> Values {
    let mut values = Values { is_whole: true, ..Values::default() };
    let finder = memmem::Finder::new(b"s:");
    let mut at = 0;
    while let Some(next) = finder.find(&bytes[at..]) {
        at += next + 2;
        if let Some(content) = string(bytes, at) {
            at = content.end + 1;
            values.add(Sort::Text, bytes.slice(content.clone()));
        }
    }
    values
}

/// Where the string is whose length stands at `at`.
fn string(bytes: &[u8], at: usize) -> Option<std::ops::Range<usize>> {
    let digits = bytes[at..].iter().take(MAX_DIGITS).take_while(|byte| byte.is_ascii_digit()).count();
    let length: usize = str::from_utf8(&bytes[at..at + digits]).ok()?.parse().ok()?;
    let start = at + digits + 2;
    let end = start.checked_add(length)?;
    (bytes.get(at + digits..start)? == b":\"" && bytes.get(end) == Some(&b'"')).then_some(start..end)
}
