//! Calendars and address books as programs show them: lines put together, and quoted-printable undone.
//!
//! Sources: RFC 5545 §3.1 and RFC 6350 §3.2 (a line goes on in the next one that begins with a blank), §3.3.11 and §3.4
//! (backslash escapes); vCard 2.1, "Encodings" (quoted-printable, whose lines go on behind `=`).

use memchr::memmem;

use crate::content::PartKind;
use crate::extract::dissection::Dissection;
use crate::extract::percent;

use super::writer::TextWriter;

/// Bytes of a text in which the first line must begin a calendar or a card.
const MAX_START: usize = 256;

/// Longest line that is put together.
const MAX_LINE: usize = 64 << 10;

/// Whether `text` is a calendar or has address cards.
pub(super) fn are_in(text: &[u8]) -> bool {
    let start = text[..text.len().min(MAX_START)].to_ascii_uppercase();
    [&b"BEGIN:VCALENDAR"[..], b"BEGIN:VCARD", b"BEGIN:VNOTE", b"BEGIN:VEVENT"]
        .iter()
        .any(|begin| memmem::find(&start, begin).is_some())
}

/// Shows what the calendar or the cards in `text` say.
pub(super) fn show(text: &[u8], found: &mut Dissection<'_>) {
    let mut output = TextWriter::new(text.len(), found);
    let mut line: Vec<u8> = Vec::new();
    for next in text.split(|byte| *byte == b'\n') {
        if found.is_over() {
            break;
        }
        let next = next.strip_suffix(b"\r").unwrap_or(next);
        let goes_on = next.first().is_some_and(|first| matches!(first, b' ' | b'\t'));
        let is_soft = is_quoted_printable(&line) && line.ends_with(b"=");
        if is_soft {
            line.pop();
        } else if !goes_on || line.len() > MAX_LINE {
            push(&line, &mut output, found);
            line.clear();
        }
        line.extend_from_slice(if goes_on && !is_soft { &next[1..] } else { next });
    }
    push(&line, &mut output, found);
    output.show(PartKind::Text, "cards", found);
}

/// Whether the value of `line` is in quoted-printable.
fn is_quoted_printable(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    memmem::find(&name.to_ascii_uppercase(), b"QUOTED-PRINTABLE").is_some()
}

/// Adds a line without its escapes.
fn push<'a>(line: &[u8], output: &mut TextWriter<'a>, found: &mut Dissection<'a>) {
    let decoded;
    let mut rest = if is_quoted_printable(line) {
        decoded = percent::undo(line, b'=', None);
        &decoded[..]
    } else {
        line
    };
    while let Some(at) = memchr::memchr(b'\\', rest) {
        output.push(&rest[..at], found);
        let (meant, length) = match rest.get(at + 1) {
            Some(b'n' | b'N') => (&b"\n"[..], 2),
            Some(b',' | b';' | b':' | b'\\') => (&rest[at + 1..at + 2], 2),
            _ => (&b"\\"[..], 1),
        };
        output.push(meant, found);
        rest = &rest[at + length..];
    }
    output.push(rest, found);
    output.end_line(found);
}
