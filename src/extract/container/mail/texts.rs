//! What people read of headers: subjects, names, comments, with folded lines joined and encoded words decoded.

use crate::content::PartKind;
use crate::extract::dissection::Dissection;
use crate::extract::legible::{TextWriter, decode_words};

/// Headers whose values only programs read, and which are long.
const UNREAD: [&[u8]; 6] = [
    b"received",
    b"dkim-signature",
    b"arc-seal",
    b"arc-message-signature",
    b"arc-authentication-results",
    b"autocrypt",
];

/// Shows the values of all headers in `head`, a line each.
pub(super) fn show(head: &[u8], found: &mut Dissection<'_>) {
    let mut texts = TextWriter::new(head.len(), found);
    let mut value: Vec<u8> = Vec::new();
    let mut differs = false;
    for line in head.split(|byte| *byte == b'\n') {
        let is_folded = line.first().is_some_and(|first| matches!(first, b' ' | b'\t'));
        let line = line.trim_ascii();
        if is_folded {
            differs = true;
            value.push(b' ');
            value.extend_from_slice(line);
            continue;
        }
        differs |= push_value(&value, &mut texts, found);
        value.clear();
        if let Some(colon) = memchr::memchr(b':', line) {
            let is_unread = UNREAD.iter().any(|name| name.eq_ignore_ascii_case(line[..colon].trim_ascii_end()));
            value.extend_from_slice(if is_unread { b"" } else { &line[colon + 1..] });
        }
    }
    differs |= push_value(&value, &mut texts, found);
    // Otherwise they say nothing that the mail itself does not.
    if differs {
        texts.show(PartKind::Text, "headers", found);
    }
}

/// Shows a text whose lines that end in a space go on with the next, without that space, without marks of quotes and
/// what is put in front of other lines (RFC 3676 §4).
pub(super) fn show_flowed(text: &[u8], found: &mut Dissection<'_>) {
    let mut texts = TextWriter::new(text.len(), found);
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let quotes = line.iter().take_while(|byte| **byte == b'>').count();
        let line = line[quotes..].strip_prefix(b" ").unwrap_or(&line[quotes..]);
        // What is in front of a signature is no line that goes on.
        let flowed = line.strip_suffix(b" ").filter(|line| *line != b"--");
        texts.push(flowed.unwrap_or(line), found);
        if flowed.is_none() {
            texts.end_line(found);
        }
    }
    texts.show(PartKind::Text, "flowed", found);
}

/// Adds a value. Whether it had encoded words.
fn push_value<'a>(value: &[u8], texts: &mut TextWriter<'a>, found: &mut Dissection<'a>) -> bool {
    let decoded = decode_words(value);
    texts.push(decoded.as_deref().unwrap_or(value).trim_ascii(), found);
    texts.end_line(found);
    decoded.is_some()
}
