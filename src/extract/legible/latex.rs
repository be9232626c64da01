//! What a document in TeX says without its commands: `\\textbf{for}bidden` reads as "forbidden".
//!
//! This is no TeX. Commands go and what is in their braces stays; the names of environments stay too, on lines of their
//! own. Comments are left to the scan of the raw bytes.
//!
//! Source: "LaTeX2e: An unofficial reference manual", §2.4 to §2.6 and §9.

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;

use super::writer::TextWriter;

/// Ends of the names of such files.
const EXTENSIONS: [&str; 4] = ["tex", "latex", "ltx", "sty"];

/// Bytes at the start of a text in which a document says what it is.
const MAX_START: usize = 4 << 10;

/// Whether `text` of `part` is a document in TeX, by what it is called or how it begins.
pub(super) fn is_in(part: &Part, text: &[u8]) -> bool {
    let mentions = |declared: &str| {
        let lower = declared.to_ascii_lowercase();
        ["/x-tex", "/x-latex", "/tex", "/latex"].iter().any(|name| lower.contains(name))
    };
    let start = &text[..text.len().min(MAX_START)];
    part.declared_type.as_deref().is_some_and(mentions)
        || part.extension().is_some_and(|extension| EXTENSIONS.contains(&&*extension))
        || memchr::memmem::find(start, b"\\documentclass").is_some()
}

/// Shows what the document says.
pub(super) fn show(text: &[u8], found: &mut Dissection<'_>) {
    let mut output = TextWriter::new(text.len(), found);
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'{' | b'}' | b'%' | b'~')) {
        if found.is_over() {
            break;
        }
        output.push(&rest[..at], found);
        let mark = rest[at];
        rest = &rest[at + 1..];
        match mark {
            b'\\' => rest = command(rest, &mut output, found),
            b'~' => output.push(b" ", found),
            // A comment takes its line end, and the blanks that the next line begins with, along.
            b'%' => {
                let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
                rest = rest[end..].trim_ascii_start();
            }
            _ => {}
        }
    }
    output.push(rest, found);
    output.show(PartKind::Text, "latex", found);
}

/// Passes the command whose name `rest` begins with, and its options.
fn command<'t, 'a>(rest: &'t [u8], output: &mut TextWriter<'a>, found: &mut Dissection<'a>) -> &'t [u8] {
    let letters = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    if letters == 0 {
        let Some((first, behind)) = rest.split_first() else {
            return rest;
        };
        match first {
            b'\\' => output.push(b"\n", found),
            b' ' | b',' | b';' | b'\n' => output.push(b" ", found),
            b'%' | b'&' | b'$' | b'#' | b'_' | b'{' | b'}' => output.push(&rest[..1], found),
            // Accents, and places where a word may be divided.
            _ => {}
        }
        return behind;
    }
    let (name, behind) = rest.split_at(letters);
    let behind = behind.strip_prefix(b"*").unwrap_or(behind);
    if matches!(name, b"par" | b"newline" | b"item" | b"begin" | b"end" | b"linebreak") || name.ends_with(b"section") {
        output.push(b"\n", found);
    }
    let options = behind.strip_prefix(b"[").and_then(|options| memchr::memchr(b']', options).map(|end| end + 2));
    let behind = &behind[options.unwrap_or(0)..];
    if matches!(name, b"begin" | b"end" | b"documentclass" | b"usepackage")
        && let Some(end) = behind.strip_prefix(b"{").and_then(|argument| memchr::memchr(b'}', argument))
    {
        output.push(&behind[1..=end], found);
        output.push(b"\n", found);
        return &behind[end + 2..];
    }
    // Blanks behind the name of a command end it.
    if behind.starts_with(b"{") { behind } else { behind.trim_ascii_start() }
}
