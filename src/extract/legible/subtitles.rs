//! Subtitles without times, numbers and styles, so that a sentence over two lines or two cues is one.
//!
//! Told by their lines: SubRip and WebVTT have times with an arrow between them, SubStation Alpha has `Dialogue:`. What
//! is none of the notation stays, so that nothing gets lost.
//!
//! Sources: W3C WebVTT §4; SSA v4.00+ script format, "The [Events] section"; SubRip as players read it.

use memchr::{memchr, memmem};

use crate::content::{PartKind, ReferenceIn};
use crate::extract::dissection::Dissection;

use super::references;
use super::writer::TextWriter;

/// Longest tag or override that is taken away; what is longer is text.
const MAX_TAG: usize = 512;

/// Bytes of a line that are looked at together.
const MAX_PIECE: usize = 64 << 10;

/// What stands between the time at which a cue begins and that at which it ends.
const ARROW: &[u8] = b"-->";

/// Fields of an event in front of its text.
const EVENT_FIELDS: usize = 9;

/// Whether `text` has lines of subtitles.
pub(super) fn are_in(text: &[u8]) -> bool {
    let has_times = memmem::find_iter(text, ARROW).any(|at| ends_with_time(&text[at.saturating_sub(64)..at]));
    has_times || memmem::find_iter(text, b"Dialogue:").any(|at| at == 0 || matches!(text[at - 1], b'\n' | b'\r'))
}

/// Shows what the subtitles in `text` say.
pub(super) fn show(text: &[u8], found: &mut Dissection<'_>) {
    let mut output = TextWriter::new(text.len(), found);
    // The number of a cue is only told by the line behind it.
    let mut number: Option<&[u8]> = None;
    for line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
        if found.is_over() {
            break;
        }
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if memmem::find(line, ARROW).is_some_and(|at| ends_with_time(&line[..at])) {
            number = None;
            continue;
        }
        if let Some(number) = number.take() {
            push_line(number, &mut output, found);
        }
        if line.iter().all(u8::is_ascii_digit) {
            number = Some(line);
        } else {
            push_line(event_text(line), &mut output, found);
        }
    }
    if let Some(number) = number {
        push_line(number, &mut output, found);
    }
    output.show(PartKind::Text, "subtitles", found);
}

/// Whether a time stands at the end of `text`, with hours or without.
fn ends_with_time(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    let length = text.iter().rev().take_while(|byte| byte.is_ascii_digit() || b":.,".contains(byte)).count();
    length >= 4 && text[text.len() - length..].contains(&b':')
}

/// What an event of SubStation Alpha says; any other line as it is.
fn event_text(line: &[u8]) -> &[u8] {
    let Some(mut rest) = line.strip_prefix(b"Dialogue:").or_else(|| line.strip_prefix(b"Comment:")) else {
        return line;
    };
    for _ in 0..EVENT_FIELDS {
        match memchr(b',', rest) {
            Some(comma) => rest = &rest[comma + 1..],
            None => return line,
        }
    }
    rest
}

fn push_line<'a>(line: &[u8], output: &mut TextWriter<'a>, found: &mut Dissection<'a>) {
    for piece in line.chunks(MAX_PIECE) {
        let plain = without_styles(piece);
        let resolved = references::resolved(&plain, ReferenceIn::Text);
        output.push(resolved.as_deref().unwrap_or(&plain), found);
    }
    output.push(b"\n", found);
}

/// The line without its tags and overrides; `\N`, `\n` and `\h` are white space.
fn without_styles(line: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((&first, behind)) = rest.split_first() {
        let is_tag = first == b'<' && behind.first().is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'/');
        let close = match first {
            b'<' if is_tag => Some(b'>'),
            b'{' => Some(b'}'),
            _ => None,
        };
        let end = close.and_then(|close| memchr(close, &behind[..behind.len().min(MAX_TAG)]));
        match (first, behind, end) {
            (_, _, Some(end)) => rest = &behind[end + 1..],
            (b'\\', [b'N' | b'n' | b'h', behind @ ..], _) => {
                plain.push(b' ');
                rest = behind;
            }
            _ => {
                plain.push(first);
                rest = behind;
            }
        }
    }
    plain
}
