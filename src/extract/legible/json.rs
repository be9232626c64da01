//! JSON in files without the escapes of its strings: `"\u0066orbidden"` reads as "forbidden".
//!
//! An origin that stores a file does not take it apart, so its strings are no parts, of which a long list would have
//! too many. The whole text is read with all escapes undone, wherever they stand: that serves one value, a value a
//! line, what only some readers forgive, and files that are cut off.

use bytes::Bytes;

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::json;

use super::writer::TextWriter;
use super::{markup, rich_text, rtf};

/// JSON in a string of JSON, which logs have: how often escapes are undone.
const MAX_LEVELS: usize = 3;

/// Lists and objects inside each other in which strings are put together.
pub(super) const MAX_DEPTH: usize = 1 << 10;

/// Whether `text` of `part` is JSON, by what it is called or how it begins, and is not read string by string anyway.
pub(super) fn is_in(part: &Part, text: &[u8], found: &Dissection<'_>) -> bool {
    let is_whole = match part.kind {
        PartKind::File | PartKind::Entry => true,
        PartKind::Body => !json::looks_so(&part.bytes, found),
        _ => false,
    };
    is_whole && (is_called_json(part) || begins_as_json(text))
}

fn is_called_json(part: &Part) -> bool {
    let mentions = |text: &str| text.to_ascii_lowercase().contains("json");
    let names = [&part.file_name, &part.name].into_iter().flatten();
    let mut extensions = names.filter_map(|name| name.rsplit_once('.')).map(|(_, extension)| extension);
    part.declared_type.as_deref().is_some_and(mentions) || extensions.any(mentions)
}

fn begins_as_json(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
    matches!(text, [b'{' | b'[' | b'"', ..]) && !rtf::is_rtf(text)
}

/// Shows what `text` says, and what strings in its strings do.
pub(super) fn show(text: &[u8], found: &mut Dissection<'_>) {
    let is_within_limit = text.len() as u64 <= found.limits().max_escaped;
    if let Some(cells) = is_within_limit.then(|| joined_cells(text)).flatten() {
        show_unescaped(&cells, found);
        if let Some(cells) = found.keep(&cells, text.len()) {
            super::show(PartKind::Text, "cells", cells, found);
        }
    }
    show_unescaped(text, found);
    rich_text::show(text, found);
}

/// A notebook of Jupyter with the lines of each cell in one: there, a list of strings is one text.
///
/// Source: nbformat 4, "source" and "text".
fn joined_cells(text: &[u8]) -> Option<Vec<u8>> {
    let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    if !has(b"\"cells\"") || !has(b"\"source\"") {
        return None;
    }
    let (mut joined, mut lists, mut rest) = (Vec::with_capacity(text.len()), Vec::new(), text);
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        joined.push(first);
        match first {
            b'"' => loop {
                let end = string_end(rest);
                joined.extend_from_slice(&rest[..end]);
                rest = &rest[end..];
                let gap = if lists.last() == Some(&true) { gap_of_strings(rest) } else { None };
                let Some(gap) = gap else { break };
                joined.pop();
                rest = &rest[gap..];
            },
            b'[' | b'{' if lists.len() < MAX_DEPTH => lists.push(first == b'['),
            b']' | b'}' => drop(lists.pop()),
            _ => {}
        }
    }
    Some(joined)
}

/// Bytes up to the end of the string whose content `text` begins with, the quotation mark too.
pub(super) fn string_end(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(next) = memchr::memchr2(b'"', b'\\', &text[at..]) {
        if text[at + next] == b'"' {
            return at + next + 1;
        }
        at = (at + next + 2).min(text.len());
    }
    text.len()
}

/// Bytes of the comma that `text` begins with, up to the content of the string behind it.
fn gap_of_strings(text: &[u8]) -> Option<usize> {
    let comma = text.trim_ascii_start().strip_prefix(b",")?;
    let string = comma.trim_ascii_start().strip_prefix(b"\"")?;
    Some(text.len() - string.len())
}

fn show_unescaped(text: &[u8], found: &mut Dissection<'_>) {
    if memchr::memchr(b'\\', text).is_none() {
        return;
    }
    let mut plain = unescaped(text, found);
    for level in 1..=MAX_LEVELS {
        let Some(text) = plain.take() else {
            return;
        };
        super::show(PartKind::Text, "json", text.clone(), found);
        markup::show(&text, found);
        if level < MAX_LEVELS && json::escape::has_numbers(&text) {
            plain = unescaped(&text, found);
        }
    }
}

pub(super) fn unescaped<'a>(text: &[u8], found: &mut Dissection<'a>) -> Option<Bytes> {
    let mut output = TextWriter::new(text.len(), found);
    json::escape::resolve(text, |piece| output.push(piece, found));
    output.finish(found)
}
