//! Boundaries that some parser may read out of a header.

use std::collections::BTreeSet;

use bytes::Bytes;
use memchr::memmem;

use crate::extract::parameters::is_token_byte;
use crate::extract::percent;

/// Places where a boundary is named that are looked at, in the body of nested ones.
const MAX_PLACES: usize = 64;

/// Bytes between the word and its value: PHP looks for the next `=`, however far it is.
const MAX_GAP: usize = 256;

/// Longest header value that is looked at.
const MAX_VALUE: usize = 2048;

/// Every boundary that may be meant by `content_type`, by a header in `body`, or by the first line of `body`.
pub(in crate::extract::multipart) fn candidates(content_type: &[u8], body: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut boundaries = BTreeSet::new();
    let mut has_empty = false;
    for text in [content_type, body] {
        let mut continued = Vec::new();
        for place in places(text).take(MAX_PLACES) {
            let value = &text[place..text.len().min(place + MAX_VALUE)];
            let value = value.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
            let read = values(value);
            continued.extend_from_slice(read.first().map_or(&[][..], Vec::as_slice));
            has_empty |= may_be_empty(value);
            boundaries.extend(read);
        }
        boundaries.insert(continued);
    }
    // CGI.pm takes a form without one for a form with an empty one.
    let names_one = memmem::find(&content_type.to_ascii_lowercase(), b"boundary=").is_some();
    has_empty |= !names_one && !body.is_empty();
    // Some parsers take an empty boundary for one.
    if has_empty {
        boundaries.insert(Vec::new());
    }
    if let Some(line) = body.strip_prefix(b"--") {
        let end = line.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(line.len());
        boundaries.insert(line[..end.min(MAX_VALUE)].trim_ascii_end().to_vec());
    }
    if !has_empty {
        boundaries.remove(&[][..]);
    }
    boundaries
}

/// Whether some parser takes `value` for an empty boundary: nothing, quotes with nothing in them or not closed, or a
/// charset of RFC 2231 with nothing after it.
fn may_be_empty(value: &[u8]) -> bool {
    let end = value.iter().position(|byte| matches!(byte, b';' | b',')).unwrap_or(value.len());
    let value = value[..end].trim_ascii();
    value.iter().all(|byte| matches!(byte, b'"' | b'\'')) || value.ends_with(b"''") || value.starts_with(b"\"\"")
}

/// Whether `body` has a boundary in it that may be meant by `content_type`.
pub(in crate::extract) fn mentions_boundary(body: &[u8], content_type: &[u8]) -> bool {
    let boundaries = candidates(content_type, &[]);
    boundaries.iter().any(|boundary| memmem::find(body, &[b"--", boundary.as_slice()].concat()).is_some())
}

/// Where values begin: behind the first `=` that follows `boundary`, whatever stands between the two.
fn places(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let hits = memchr::memchr2_iter(b'y', b'Y', text).map(|at| at + 1).filter(|end| ends_in_name(&text[..*end]));
    hits.filter_map(|at| {
        let between = &text[at..text.len().min(at + MAX_GAP)];
        memchr::memchr(b'=', between).map(|length| at + length + 1)
    })
}

/// Whether `text` ends in `boundary`, also with [passed](is_passed) bytes in it.
fn ends_in_name(text: &[u8]) -> bool {
    let mut before = text.iter().rev().filter(|byte| !is_passed(byte)).map(u8::to_ascii_lowercase);
    b"boundary".iter().rev().all(|byte| before.next() == Some(*byte))
}

/// What busboy for Fastify leaves out of parameters, wherever it stands.
const fn is_passed(byte: &u8) -> bool {
    matches!(byte, b'"' | b' ' | b'\t')
}

/// What a parser may take for the value at the start of `text`, the likeliest first.
fn values(text: &[u8]) -> Vec<Vec<u8>> {
    let trimmed = text.trim_ascii_start();
    let mut values = Vec::new();
    let bodies =
        [trimmed, trimmed.strip_prefix(b"\"").unwrap_or(trimmed), trimmed.strip_prefix(b"'").unwrap_or(trimmed)];
    for body in bodies.iter().rev() {
        for stops in [&b";, \t\"'"[..], b";,\"", b"\"", b"'", b";", b",", b" \t", b""] {
            let end = body.iter().position(|byte| stops.contains(byte)).unwrap_or(body.len());
            values.push(body[..end].trim_ascii_end().to_vec());
            values.push(body[..end].to_vec());
            values.push(graphic(&body[..end]));
        }
        values.push(unquoted(body));
        // Werkzeug stops where a token does.
        values.push(body.iter().copied().take_while(|byte| is_token_byte(*byte)).collect());
    }
    let parameter = trimmed.split(|byte| *byte == b';').next().unwrap_or_default();
    let quotes = memchr::memchr_iter(b'"', parameter).take(3);
    for end in quotes.chain([parameter.len()]) {
        values.push(parameter[..end].iter().copied().filter(|byte| !is_passed(byte)).collect());
    }
    let mut decoded: Vec<Vec<u8>> = Vec::new();
    for value in &values {
        // Behind charset and language of RFC 2231, or behind the last mark.
        let last = value.rsplit(|byte| *byte == b'\'').next().unwrap_or_default();
        let extended = value.splitn(3, |byte| *byte == b'\'').nth(2).unwrap_or_default();
        for text in [value, last, extended] {
            decoded.push(percent::decode(&Bytes::copy_from_slice(text), percent::Plus::IsPlus).to_vec());
        }
    }
    values.extend(decoded);
    values.retain(|value| !value.is_empty());
    values
}

/// The value without what Python takes for white space at its ends, among that every byte past ASCII that is some.
fn graphic(value: &[u8]) -> Vec<u8> {
    let start = value.iter().position(u8::is_ascii_graphic).unwrap_or(value.len());
    let end = value.iter().rposition(u8::is_ascii_graphic).map_or(start, |at| at + 1);
    value[start..end].to_vec()
}

/// The value up to a quotation mark that no backslash escapes, without the backslashes.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => value.extend(rest.next()),
            b'"' => break,
            _ => value.push(*byte),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_parser_may_read_is_a_candidate() {
        for (content_type, expected) in [
            ("multipart/form-data; boundary=b", &["b"][..]),
            ("multipart/form-data; boundary=\"b c\"; x=y", &["b c", "\"b c\"", "b"]),
            ("multipart/form-data; boundary=b,c;d", &["b", "b,c", "b,c;d"]),
            ("multipart/form-data; BOUNDARY = \"b\\\"c\"", &["b\"c", "b\\"]),
            ("multipart/form-data; boundary*=utf-8''b%20c", &["b c", "utf-8''b%20c"]),
            ("multipart/form-data; boundary*=utf-8''a'b", &["a'b", "b"]),
            ("multipart/form-data; boundary*0=b; boundary*1=c", &["b", "c", "bc"]),
            ("multipart/form-data; boundary=a; boundary=b", &["a", "b"]),
            ("multipart/form-data; bo\"und ary\"=a \"b\"c; x", &["abc", "ab"]),
            ("multipart/form-data; boundary=b/c", &["b", "b/c"]),
        ] {
            let found = candidates(content_type.as_bytes(), b"");
            for boundary in expected {
                assert!(found.contains(boundary.as_bytes()), "{boundary} in {content_type}");
            }
        }
        assert!(candidates(b"multipart/form-data", b"--own line \r\n").contains(&b"own line"[..]));
    }
}
