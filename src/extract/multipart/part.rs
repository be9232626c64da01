//! One part: its headers, and its content in every way in which servers take it.

use std::ops::Range;

use bytes::Bytes;

use super::disposition::{Disposition, Names, Role};
use super::headers::{self, PartHeaders};
use super::readings::transform;
use super::{CHARSET_FIELD, Fault, MAX_DEPTH, Reader, Site, extract_at, split};
use crate::content::{Part, PartKind, reads_as_text};
use crate::extract::charset::{self, Charset};
use crate::extract::content_type::Declared;
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, encoded, legible, value};

impl Reader<'_, '_> {
    /// Adds the part whose headers and content are in `block`. Whatever is wrong with it, its bytes become a part.
    pub(super) fn part(&mut self, block: Range<usize>) {
        match split(self.body, &block, self.found) {
            Ok((headers, content)) => {
                let headers = self.body.slice(headers);
                self.part_of(&headers, content, block.start);
            }
            Err(code) => {
                self.report(Fault { code, offset: block.start });
                self.found.add(Part::new(PartKind::File, self.body.slice(block.clone())), Some(block.start));
                // Rack and Falcon take two empty lines at the start for the end of no headers.
                if self.body[block.clone()].starts_with(b"\r\n\r\n") {
                    let content = block.start + 4..block.end;
                    self.found.add(Part::new(PartKind::File, self.body.slice(content)), Some(block.start));
                }
            }
        }
    }

    /// Adds the part with these headers, which start at `start`, and the content in `content`.
    pub(super) fn part_of(&mut self, header_bytes: &[u8], content: Range<usize>, start: usize) {
        let bytes = self.body.slice(content.clone());
        match headers::parse(header_bytes, start) {
            Ok(headers) => {
                for code in faults(&headers, header_bytes, &bytes) {
                    self.fault(code, content.start);
                }
                self.nested(&headers, &bytes, content.start);
                self.add(headers, header_bytes, &bytes, start);
            }
            Err(fault) => {
                self.report(fault);
                self.found.add(Part::new(PartKind::File, bytes), Some(start));
            }
        }
    }

    /// Adds the parts of a part that is declared to have some.
    fn nested(&mut self, headers: &PartHeaders, bytes: &Bytes, offset: usize) {
        let site = Site { base: self.site.base + offset, depth: self.site.depth + 1 };
        let mentions = |value: &&Vec<u8>| value.to_ascii_lowercase().windows(9).any(|window| window == b"multipart");
        for value in headers.types.iter().filter(mentions) {
            match Declared::parse(value) {
                Ok(Declared::Multipart(declared)) if site.depth < MAX_DEPTH => {
                    if extract_at(bytes, &declared, site, self.found) == super::Form::Ambiguous {
                        self.form = super::Form::Ambiguous;
                    }
                }
                _ => self.fault(ProblemCode::MultipartNested, offset),
            }
        }
    }

    fn add(&mut self, headers: PartHeaders, header_bytes: &[u8], bytes: &Bytes, start: usize) {
        // About nothing nobody disagrees: a file input without a file.
        let role = self.role(&headers);
        let role = if role == Role::Either && bytes.is_empty() { Role::File } else { role };
        let PartHeaders { disposition, declared_type, types, is_base64, is_called_text, mut texts, .. } = headers;
        let Disposition { names, others, texts: more, .. } = disposition.unwrap_or_else(Disposition::missing);
        texts.extend(more);
        let place = self.site.base + start;
        let offset = Some(place);
        let file = Part {
            name: names.name,
            file_name: names.file_name,
            declared_type,
            ..Part::new(PartKind::File, bytes.clone())
        };
        let field = Part { kind: PartKind::Field, ..file.clone() };
        let charset = Charset::of_media_type(file.declared_type.as_deref().unwrap_or_default());
        if role != Role::Field {
            self.found.add_with(file.clone(), offset, |found| show_names(&texts, others, &file, found));
            // To formidable, a file without a type is a field.
            if file.declared_type.is_none() {
                value::add_without_half_a_character(&file, offset, self.found);
            }
        }
        if role != Role::File {
            // Of what is decoded too, multiparty drops half a character at the end.
            for bytes in transform::decodings(header_bytes, bytes, self.found) {
                value::add(Part { kind: PartKind::Decoded, bytes, ..field.clone() }, charset, place, self.found);
            }
            value::add(field, charset, place, self.found);
        }
        if role == Role::Field {
            texts.iter().for_each(|text| legible::show_name(text, self.found));
        }
        transform::undo_transfer_encoding(header_bytes, bytes, self.found);
        if is_base64 {
            transform::add_other_base64(bytes, self.found);
        }
        let mut labels = transform::labels(&types.join(&b';'));
        let is_encoded = memchr::memmem::find(&header_bytes.to_ascii_lowercase(), b"encoding").is_some();
        if role != Role::File {
            labels.extend(self.charsets.iter().cloned());
        }
        // A server decodes fields and texts; of a picture it keeps the bytes, whatever charset it claims. Latin-1 is
        // among the readings of every field.
        if role != Role::File || is_called_text {
            let others = labels.iter().filter(|label| !charset::is_latin(label) || is_encoded);
            transform::transcode(others, header_bytes, bytes, self.found);
        }
    }

    /// What servers take a part for. Outside of forms, parts are files to whoever knows what to do with them.
    fn role(&self, headers: &PartHeaders) -> Role {
        let role = headers.disposition.as_ref().map_or(Role::Either, |disposition| disposition.role);
        if self.declared.is_form || role != Role::Either {
            return role;
        }
        let declared = headers.declared_type.as_deref().unwrap_or("text/plain").to_ascii_lowercase();
        let essence = declared.split([';', ',', ' ', '\t']).next().unwrap_or_default();
        // Not all that has the word in it: documents of Office are `…openxmlformats…`.
        let is_value = essence.starts_with("text/") || essence.ends_with("json") || essence.ends_with("xml");
        if is_value { Role::Either } else { Role::File }
    }
}

/// Shows the readings of a part's names, and where rules may be for parts of some name, its text under each.
fn show_names(texts: &[Vec<u8>], others: impl IntoIterator<Item = Names>, part: &Part, found: &mut Dissection<'_>) {
    for text in texts {
        legible::show_name(text, found);
    }
    let is_text = reads_as_text(&part.bytes);
    for Names { name, file_name } in others {
        if let Some(file_name) = &file_name {
            legible::show_name(file_name.as_bytes(), found);
        }
        if is_text {
            found.show(Part { kind: PartKind::Text, name, file_name, ..part.clone() }, None);
        }
    }
}

/// What the headers say that lets servers disagree about this very content.
fn faults(headers: &PartHeaders, header_bytes: &[u8], content: &[u8]) -> impl Iterator<Item = ProblemCode> {
    let length_is_wrong = headers.content_lengths.iter().any(|length| *length != content.len() as u64);
    let disposition = headers.disposition.as_ref();
    // Written out, the field has been looked for.
    let mentions_charset_field =
        || memchr::memmem::find(&header_bytes.to_ascii_lowercase(), CHARSET_FIELD.as_bytes()).is_some();
    let hides_charset_field =
        disposition.is_some_and(|disposition| disposition.may_be_named(CHARSET_FIELD)) && !mentions_charset_field();
    [
        (length_is_wrong, ProblemCode::MultipartContentLength),
        (disposition.is_some_and(|disposition| disposition.climbs), ProblemCode::MultipartFilenameTraversal),
        (hides_charset_field, ProblemCode::MultipartCharsetField),
        // Each decoder has its own way with what is not of the alphabet.
        (headers.is_base64 && encoded::strict(content).is_none(), ProblemCode::MultipartTransferEncoding),
    ]
    .into_iter()
    .filter_map(|(holds, code)| holds.then_some(code))
}
