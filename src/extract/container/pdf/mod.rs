//! What is in PDF files (ISO 32000-1): pictures, files, and what their pages say.
//!
//! Nothing here goes by the table at the end of the file: readers mend it when it is broken, so a sender may break it.
//! All of the file is searched for objects, and every stream is handed out as what its filters make of it. A damaged
//! file is no problem: readers show what they can, and so is it here.

mod filter;
mod inline;
mod objects;
mod png;
mod predictor;
mod samples;
mod text;
mod uses;
mod value;

use bytes::Bytes;
use memchr::memmem;

use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

use super::Coverage;
use inline::Inline;
use objects::{Objects, Stream};
use samples::Shape;
use text::Pages;
use uses::Uses;
use value::{Dictionary, Reader, Value};

/// Where the header may be: readers look for it so far.
const HEADER_WITHIN: usize = 1024;

/// How many times the length of the file all streams may have together, since they may lie in each other.
const MAX_COVER: usize = 16;

/// Whether readers take `bytes` for a PDF file.
pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    memmem::find(&bytes[..bytes.len().min(HEADER_WITHIN)], b"%PDF-").is_some()
}

/// Hands out pictures, files and whatever else is in streams.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    if is_encrypted(bytes) {
        found.report(ProblemCode::ContainerEncrypted, None);
        return Coverage::Some;
    }
    let objects = Objects::find(bytes, found);
    let pages = Pages::find(&objects, found);
    let uses = Uses::find(&objects, found);
    let mut cover = bytes.len().saturating_mul(MAX_COVER);
    for stream in objects.streams() {
        if found.is_over() {
            break;
        }
        cover = match cover.checked_sub(stream.raw.len()) {
            Some(rest) => rest,
            None => {
                found.report(ProblemCode::TooManyCandidates, Some(stream.start));
                break;
            }
        };
        Opened { objects: &objects, pages: &pages, uses: &uses }.hand_out(&stream, found);
    }
    pages.show_divided(&objects, found);
    Coverage::Some
}

/// Whether a dictionary says how the file is encrypted.
fn is_encrypted(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, b"/Encrypt").any(|at| {
        let behind = &bytes[at + b"/Encrypt".len()..];
        let is_whole = behind.first().is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'<');
        let value = Reader::new(&behind[..behind.len().min(4096)]).value();
        is_whole && matches!(value, Some(Value::Reference(_) | Value::Dictionary(_)))
    })
}

/// What is known of a file when its streams are handed out.
struct Opened<'o> {
    objects: &'o Objects,
    pages: &'o Pages,
    uses: &'o Uses,
}

impl Opened<'_> {
    fn hand_out(&self, stream: &Stream, found: &mut Dissection<'_>) {
        let kind =
            |keys: &[&str], name: &str| matches!(stream.dictionary.get(keys), Some(Value::Name(kind)) if kind == name);
        if kind(&["Type"], "ObjStm") || kind(&["Type"], "XRef") {
            return;
        }
        let has_filter = stream.dictionary.get(&["Filter", "F"]).is_some();
        let unfiltered = self.objects.unfiltered(stream, found);
        let Some((content, left)) = unfiltered.filter(|(content, _)| !content.is_empty()) else {
            return;
        };
        // What stands in the file as it is was carved from that.
        let is_plain = content.len() == stream.raw.len() && content.as_ptr() == stream.raw.as_ptr();
        if kind(&["Type"], "EmbeddedFile") {
            let part = Part::new(PartKind::Entry, content).named("embedded file");
            return found.add(part, Some(stream.start));
        }
        let is_image = kind(&["Subtype"], "Image");
        if left.is_some() {
            if (has_filter && !is_plain) || left.as_deref() == Some("JPXDecode") {
                found.add(Part::new(PartKind::Carved, content), Some(stream.start));
            }
            return;
        }
        let mut kept = content.clone();
        if !is_image || self.uses.is_content(stream.number) {
            self.pages.show_stream(stream, &content, found);
            let pictures = Inline::all_in(&content, found);
            pictures.iter().for_each(|picture| picture.hand_out(&content, stream.start, found));
            if self.uses.is_only_shown(stream.number) {
                kept = inline::without(&pictures, content, found);
            }
        } else {
            show_picture(&stream.dictionary, &content, self.objects, stream.start, found);
        }
        if has_filter && !is_plain {
            let is_picture = is_image && self.uses.is_only_drawn(stream.number);
            let kind = if is_picture { PartKind::Samples } else { PartKind::Carved };
            found.add(Part::new(kind, kept), Some(stream.start));
        }
    }
}

/// Hands out the picture that `samples` show. Whatever is not right about it is no reason to refuse the file.
fn show_picture(dictionary: &Dictionary, samples: &Bytes, objects: &Objects, start: usize, found: &mut Dissection<'_>) {
    let picture = Shape::of(dictionary, objects).and_then(|shape| shape.picture(samples, found));
    if let Some(picture) = picture {
        found.add(Part::new(PartKind::Samples, picture).named("image"), Some(start));
    }
}

#[cfg(test)]
mod tests;
