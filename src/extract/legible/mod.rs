//! Texts as people read them, for the rules: what stands in the bytes of a part in another form.
//!
//! A part's own bytes are always scanned as they are. Beside them come the names of files, what markup says without its
//! tags, JSON without its escapes, subtitles without their times, what another charset makes of the bytes, and what
//! pictures and archives carry as metadata. Each is a part of its own, within the same limits as everything else that
//! is unpacked; none is looked into.
//!
//! What cannot be understood is left to the scan of the raw bytes; a charset that nobody knows is a problem besides.

mod cards;
mod charset;
mod css;
mod displayed;
mod drawing;
mod elements;
mod encoded_words;
mod hidden;
mod json;
mod latex;
mod markdown;
mod markup;
mod name;
mod nesting;
mod picture;
mod references;
mod rich_text;
mod rtf;
mod sheets;
mod styles;
mod subtitles;
mod writer;

use bytes::Bytes;

use crate::content::{Part, PartKind, goes_on_as_text, legible_stretches, reads_as_text};

use super::carve::begins_as_picture;
use super::dissection::Dissection;

pub(super) use charset::{decoded, decoded_by, named};
pub(super) use encoded_words::decode as decode_words;
pub(super) use name::show as show_name;
pub(super) use references::resolved;
pub(super) use rich_text::show as show_rich_text;
pub(super) use writer::TextWriter;

/// Bytes by which a text is told from a file with texts in it.
const FIRST_BYTES: usize = 1 << 10;

/// Shows every text of `part`, which has just been handed out. Those that are shown never come here themselves.
pub(super) fn show_texts(part: &Part, found: &mut Dissection<'_>) {
    // The names of a body are shown by themselves.
    if !matches!(part.kind, PartKind::Reading | PartKind::Body | PartKind::Envelope)
        && let Some(name) = &part.file_name
    {
        name::show(name.as_bytes(), found);
    }
    picture::show(&part.bytes, found);
    if !is_text(part) {
        // Browsers leave zeros out, by which everybody else takes a page for something else.
        if part.bytes.trim_ascii_start().starts_with(b"<") && memchr::memchr(0, &part.bytes).is_some() {
            let mut output = TextWriter::new(part.bytes.len(), found);
            part.bytes.split(|byte| *byte == 0).for_each(|piece| output.push(piece, found));
            if let Some(without) = output.finish(found).filter(|text| reads_as_text(text)) {
                show_readable(part, &without, found);
                show(PartKind::Text, "text", without, found);
            }
        }
        return picture::show_xmp(&part.bytes, found);
    }
    let (recoded, source) = charset::recoded(part, found);
    if let Some(text) = &recoded {
        show(PartKind::Text, "charset", text.clone(), found);
    }
    let text = recoded.clone().unwrap_or_else(|| written(part));
    show_readable(part, &text, found);
    // A declared charset may be wrong: then the bytes are read as they are, too.
    if recoded.is_some() && source == charset::Source::Declared {
        show_readable(part, &part.bytes, found);
    }
}

/// The bytes of `part`, or what is written in them, if that is less than half and nobody calls them a text: samples of
/// a picture have brackets like markup.
fn written(part: &Part) -> Bytes {
    let is_value = matches!(part.kind, PartKind::Field | PartKind::JsonString | PartKind::XmlText | PartKind::Envelope);
    if is_value || part.is_called_text() || rtf::is_rtf(&part.bytes) {
        return part.bytes.clone();
    }
    let stretches = legible_stretches(&part.bytes);
    if 2 * stretches.iter().map(ExactSizeIterator::len).sum::<usize>() >= part.bytes.len() {
        return part.bytes.clone();
    }
    let lines = stretches.into_iter().flat_map(|stretch| part.bytes[stretch].iter().chain(b"\n"));
    lines.copied().collect()
}

fn show_readable(part: &Part, text: &[u8], found: &mut Dissection<'_>) {
    if json::is_in(part, text, found) {
        json::show(text, found);
    }
    if subtitles::are_in(text) {
        subtitles::show(text, found);
    }
    if rtf::is_rtf(text) {
        rtf::show(text, found);
    }
    if cards::are_in(text) {
        cards::show(text, found);
    }
    if latex::is_in(part, text) {
        latex::show(text, found);
    }
    // Nobody shows a picture with a long history of edits in it as Markdown, or the sheets of a workbook.
    if goes_on_as_text(&part.bytes[..part.bytes.len().min(FIRST_BYTES)]) && !is_xml_by_name(part) {
        markdown::show(text, found);
    }
    markup::show(text, found);
    displayed::show(text, found);
}

/// Shows what somebody wrote about an archive or an entry.
pub(super) fn show_comment(comment: Bytes, found: &mut Dissection<'_>) {
    if !comment.iter().all(is_blank) {
        show(PartKind::Metadata, "comment", comment, found);
    }
}

/// Whether `byte` is nothing to read: white space, or a zero that ends or fills a text.
const fn is_blank(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || *byte == 0
}

fn show(kind: PartKind, name: &str, text: Bytes, found: &mut Dissection<'_>) {
    found.show(Part::new(kind, text).named(name), None);
}

/// Whether `part` may hold text: what the rules look at, and bodies whose pieces they look at.
fn is_text(part: &Part) -> bool {
    match part.kind {
        PartKind::Field | PartKind::JsonString | PartKind::XmlText => true,
        // Of other bodies that were taken apart, every text is a part already.
        PartKind::Envelope => {
            part.bytes.trim_ascii_start().starts_with(b"<") || encoding_rs::Encoding::for_bom(&part.bytes).is_some()
        }
        _ if part.is_called_text() || rtf::is_rtf(&part.bytes) => true,
        _ => reads_as_text(&part.bytes) && !is_picture(&part.bytes),
    }
}

/// Whether `part` is XML and called so.
fn is_xml_by_name(part: &Part) -> bool {
    part.bytes.starts_with(b"<?xml") && part.extension().is_some_and(|name| matches!(&*name, "xml" | "rels"))
}

/// Whether `bytes` are a picture whose samples read as text by chance: nobody shows it as a page.
fn is_picture(bytes: &[u8]) -> bool {
    let is_text = |chunk: std::str::Utf8Chunk<'_>| chunk.invalid().is_empty() && !chunk.valid().contains('\0');
    begins_as_picture(bytes) && !bytes[..bytes.len().min(FIRST_BYTES)].utf8_chunks().next().is_none_or(is_text)
}

#[cfg(test)]
mod tests;
