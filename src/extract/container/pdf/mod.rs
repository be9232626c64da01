//! What is in PDF files (ISO 32000-1): pictures, files, and what their pages say.
//!
//! Nothing here goes by the table at the end of the file: readers mend it when it is broken, so a sender may break it.
//! All of the file is searched for objects, and every stream is handed out as what its filters make of it. A damaged
//! file is no problem: readers show what they can, and so is it here.

mod filter;
mod inline;
mod layout;
mod objects;
mod operands;
mod picture;
mod predictor;
mod security;
mod text;
mod uses;
mod value;

use std::cell::RefCell;
use std::collections::HashSet;

use bytes::Bytes;
use memchr::memmem;

use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

use super::Coverage;
use filter::Filter;
use inline::Inline;
use objects::{Objects, Stream};
use picture::Shape;
use security::Locks;
use text::Pages;
use uses::Uses;
use value::Value;

/// Where the header may be: readers look for it so far.
const HEADER_WITHIN: usize = 1024;

/// How many times the length of the file all streams may have together, since they may lie in each other.
const MAX_COVER: usize = 16;

/// Bytes of samples from which on they are not kept while a picture is made of them.
const LARGE: u64 = 8 << 20;

/// Whether readers take `bytes` for a PDF file.
pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    memmem::find(&bytes[..bytes.len().min(HEADER_WITHIN)], b"%PDF-").is_some()
}

/// Hands out pictures, files and whatever else is in streams.
///
/// A file that is encrypted is read as it is, too: not every reader believes what some trailer says.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let objects = Objects::find(bytes, found);
    let Locks { opened, is_locked } = Locks::find(&objects.trailers(found), &objects);
    if is_locked {
        found.report(ProblemCode::ContainerEncrypted, None);
    }
    let is_encrypted = is_locked || !opened.is_empty();
    for security in opened {
        read(&objects.clone().unpacked(Some(security), found), found);
    }
    let objects = objects.unpacked(None, found);
    if is_encrypted {
        found.guess(|found| read(&objects, found));
    } else {
        read(&objects, found);
    }
    found.show(Part::of_pages(with_trailer(bytes, &objects)).named("pages"), None);
    // Where there is something in place of digits, renderers differ.
    if let Some(mended) = with_digits(bytes, &objects) {
        found.show(Part::of_pages(mended).named("pages"), None);
    }
    Coverage::Some
}

/// The file with digits throughout its streams of digits, as poppler reads them; `None` where that is as it is.
fn with_digits(bytes: &Bytes, objects: &Objects) -> Option<Bytes> {
    let has = |name: &[u8]| memmem::find(bytes, name).is_some();
    let names: [&[u8]; 4] = [b"ASCIIHexDecode", b"ASCII85Decode", b"AHx", b"A85"];
    if !names.into_iter().any(has) {
        return None;
    }
    let mut mended: Option<Vec<u8>> = None;
    for stream in objects.streams() {
        let name = objects.first_filter(&stream).unwrap_or_default();
        if let Some(data) = filter::with_digits(&name, &stream.raw) {
            let mended = mended.get_or_insert_with(|| bytes.to_vec());
            mended[stream.start..stream.start + data.len()].copy_from_slice(&data);
        }
    }
    mended.map(Bytes::from)
}

/// The file, with a trailer where it has none. MuPDF goes by the catalogue then, which not every renderer looks for.
fn with_trailer(bytes: &Bytes, objects: &Objects) -> Bytes {
    let has = |name: &[u8]| memmem::find(bytes, name).is_some();
    if has(b"trailer") || has(b"/XRef") {
        return bytes.clone();
    }
    let is_name = |value: Option<&Value>, name: &str| matches!(value, Some(Value::Name(own)) if own == name);
    let is_catalogue =
        |value: &Value| matches!(value, Value::Dictionary(own) if is_name(own.get(&["Type"]), "Catalog"));
    match objects.values().filter(|(_, value)| is_catalogue(value)).last() {
        Some((number, _)) => {
            let trailer = format!("\nendstream\nendobj\ntrailer\n<</Root {number} 0 R>>\n%%EOF\n");
            [bytes, trailer.as_bytes()].concat().into()
        }
        None => bytes.clone(),
    }
}

/// Hands out what the streams among `objects` hold, and what the pages say.
fn read(objects: &Objects, found: &mut Dissection<'_>) {
    let pages = Pages::find(objects, found);
    let uses = Uses::find(objects, found);
    let with_pictures = RefCell::default();
    let mut cover = objects.length().saturating_mul(MAX_COVER);
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
        Opened { objects, pages: &pages, uses: &uses, with_pictures: &with_pictures }.hand_out(&stream, found);
    }
    pages.show_divided(objects, found);
    layout::show(pages.contents(), &with_pictures.into_inner(), objects, found);
}

/// What is known of a file when its streams are handed out.
struct Opened<'o> {
    objects: &'o Objects,
    pages: &'o Pages,
    uses: &'o Uses,
    /// Numbers of content in whose middle pictures are.
    with_pictures: &'o RefCell<HashSet<u32>>,
}

impl Opened<'_> {
    fn hand_out(&self, stream: &Stream, found: &mut Dissection<'_>) {
        let kind =
            |keys: &[&str], name: &str| matches!(stream.dictionary.get(keys), Some(Value::Name(kind)) if kind == name);
        let number = stream.id.number;
        let is_of_file = kind(&["Type"], "ObjStm") || kind(&["Type"], "XRef");
        if is_of_file && !self.uses.is_known(number) {
            return;
        }
        let is_image = kind(&["Subtype"], "Image") && !self.uses.is_content(number);
        if is_image && self.draw_large(stream, found) {
            return;
        }
        let unfiltered = self.objects.unfiltered(stream, found);
        let Some((content, left)) = unfiltered.filter(|(content, _)| !content.is_empty()) else {
            return;
        };
        // What stands in the file as it is was carved from that.
        let is_plain = content.len() == stream.raw.len() && content.as_ptr() == stream.raw.as_ptr();
        let is_attached = kind(&["Type"], "EmbeddedFile") || self.uses.is_attached(number);
        if is_attached {
            let part = Part::new(PartKind::Entry, content.clone()).named("embedded file");
            found.add(part, Some(stream.start));
        }
        let is_new = !is_attached && (!is_plain || left.as_deref() == Some("JPXDecode"));
        if let Some(filter) = left {
            return self.hand_out_file(stream, &filter, content, is_new, found);
        }
        // What is attached may be drawn as well.
        if is_attached && !is_image && !self.uses.is_content(number) {
            return;
        }
        let kind = self.show_content(stream, &content, is_image, found);
        if is_new {
            found.add(Part::new(kind, content), Some(stream.start));
        }
    }

    /// Hands out a file in which a picture is, unless it is known, and that picture where it is shown in other tones.
    fn hand_out_file(&self, stream: &Stream, filter: &str, content: Bytes, is_new: bool, found: &mut Dissection<'_>) {
        let in_tones = if picture::is_file(filter) {
            picture::in_tones(&stream.dictionary, &content, self.objects, found)
        } else {
            None
        };
        if is_new {
            found.add(Part::new(PartKind::Carved, content), Some(stream.start));
        }
        if let Some(part) = in_tones {
            found.show(part, Some(stream.start));
        }
    }

    /// Shows the picture or the page that `content` is. How people read it otherwise.
    fn show_content(&self, stream: &Stream, content: &Bytes, is_image: bool, found: &mut Dissection<'_>) -> PartKind {
        let number = stream.id.number;
        let is_only_shown = if is_image {
            show_picture(stream, Some(content), self.objects, found);
            self.uses.is_only_drawn(number)
        } else if self.uses.is_of_font(number) {
            true
        } else {
            let pictures = Inline::all_in(content, found);
            if !pictures.is_empty() {
                self.with_pictures.borrow_mut().insert(number);
            }
            pictures.iter().for_each(|picture| picture.hand_out(content, stream.start, self.objects, found));
            self.pages.show_stream(stream, content, found);
            self.uses.is_only_shown(number)
        };
        if is_only_shown { PartKind::Samples } else { PartKind::Carved }
    }

    /// Shows a picture whose samples are not kept while it is made: it is large, or a fax. Whether that is all there is
    /// to its stream.
    fn draw_large(&self, stream: &Stream, found: &mut Dissection<'_>) -> bool {
        let Some(shape) = Shape::of(&stream.dictionary, self.objects).filter(Shape::has_colours) else {
            return false;
        };
        let last = self.objects.last_filter(stream);
        let is_of_bytes = last.as_deref().is_none_or(Filter::is_of_bytes);
        let is_drawn = self.uses.is_only_drawn(stream.id.number);
        if is_of_bytes && is_drawn && shape.plain_bytes() > LARGE {
            show_picture(stream, None, self.objects, found);
            return true;
        }
        if matches!(last.as_deref(), Some("CCITTFaxDecode" | "CCF")) {
            show_picture(stream, None, self.objects, found);
        }
        false
    }
}

/// Hands out the picture in `stream`, whose filters gave `samples` if that is known.
fn show_picture(stream: &Stream, samples: Option<&Bytes>, objects: &Objects, found: &mut Dissection<'_>) {
    if let Some(picture) = picture::draw(stream, samples, objects, found) {
        found.add(Part::made(picture).named("image"), Some(stream.start));
    }
}

#[cfg(test)]
mod tests;
