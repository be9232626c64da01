//! `multipart/form-data` in one canonical form; everything that some server could read otherwise is a problem.
//!
//! Canonical is what browsers, curl and the usual client libraries send:
//!
//! ```text
//! body     = *part "--" boundary "--" [CRLF [CRLF]]
//! part     = "--" boundary CRLF headers CRLF content CRLF
//! headers  = 1*(name ":" *SP value CRLF)      ; see `headers`
//! ```
//!
//! with the boundary, hyphens included, nowhere else in the body. Servers search for it in different ways (Django
//! finds it in the middle of a line, PHP and Werkzeug after a bare LF, commons-fileupload in a longer line), so one
//! occurrence out of place is enough for two readings. Searching is linear in the body; content is never copied.
//!
//! Sources: RFC 7578; RFC 2046 §5.1; WHATWG HTML, "multipart/form-data encoding algorithm"; what 17 parsers made of the
//! bodies in `vectors/multipart/cases.json`.

mod delimiter;
mod disposition;
mod headers;
mod readings;

use std::ops::Range;

use bytes::Bytes;
use memchr::memmem;

use crate::content::{Part, PartKind};

use super::ProblemCode;
use super::charset::Charset;
use super::dissection::Dissection;
use super::value;
use delimiter::{Delimiter, DelimiterKind, Delimiters};
use headers::PartHeaders;

/// Field whose value tells some servers how to decode the other fields (HTML, "form-data set"; RFC 7578 §4.6).
const CHARSET_FIELD: &str = "_charset_";

/// What stands at one place of the body and is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fault {
    code: ProblemCode,
    offset: usize,
}

pub(super) use readings::{extract_all as extract_all_readings, mentions_boundary};

/// Whether a body is written in the canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Every server reads the same parts.
    Canonical,
    /// Some server may read others.
    Ambiguous,
}

/// Adds the parts of `body`, going on after a fault as well as can be.
pub(super) fn extract(body: &Bytes, boundary: &str, found: &mut Dissection<'_>) -> Form {
    let mut reader = Reader { body, found, form: Form::Canonical };
    let mut place = Place::Preamble;
    for delimiter in Delimiters::new(body, boundary).iter() {
        match delimiter {
            Ok(delimiter) => place = reader.pass(place, delimiter),
            Err(fault) => reader.report(fault),
        }
        if reader.found.is_over() {
            return reader.form;
        }
    }
    reader.end(place);
    reader.form
}

/// Between which delimiters the reader is.
#[derive(Clone, Copy)]
enum Place {
    /// Before the first delimiter.
    Preamble,
    /// In a part whose headers start here.
    Part(usize),
    /// Behind the closing delimiter.
    Epilogue,
}

struct Reader<'r, 'a> {
    body: &'r Bytes,
    found: &'r mut Dissection<'a>,
    form: Form,
}

impl Reader<'_, '_> {
    fn report(&mut self, fault: Fault) {
        self.form = Form::Ambiguous;
        self.found.ambiguous(fault.code, Some(fault.offset));
    }

    fn fault(&mut self, code: ProblemCode, offset: usize) {
        self.report(Fault { code, offset });
    }

    /// Ends what came before `delimiter` and says what comes behind it.
    fn pass(&mut self, place: Place, delimiter: Delimiter) -> Place {
        match (place, delimiter.start) {
            (Place::Preamble, Some(_)) => self.fault(ProblemCode::MultipartPreamble, 0),
            (Place::Part(start), Some(end)) if start <= end => self.part(start..end),
            // A delimiter right behind another one shares its CRLF: there is no part between them.
            (Place::Part(start), _) => self.fault(ProblemCode::MultipartHeaderUnterminated, start),
            (Place::Preamble, None) | (Place::Epilogue, _) => {}
        }
        match delimiter.kind {
            DelimiterKind::Opening => Place::Part(delimiter.end),
            DelimiterKind::Closing => {
                // got, a client for Node, ends with one line end too many.
                if !matches!(&self.body[delimiter.end..], b"" | b"\r\n") {
                    self.fault(ProblemCode::MultipartEpilogue, delimiter.end);
                }
                Place::Epilogue
            }
        }
    }

    fn end(&mut self, place: Place) {
        let length = self.body.len();
        match place {
            Place::Preamble => self.fault(ProblemCode::MultipartNoDelimiter, 0),
            Place::Part(start) => {
                self.fault(ProblemCode::MultipartTruncated, length);
                self.part(start..length);
            }
            Place::Epilogue => {}
        }
    }

    /// Adds the part whose headers and content are in `block`. Whatever is wrong with it, its bytes become a part.
    fn part(&mut self, block: Range<usize>) {
        let start = block.start;
        let (headers, content) = match self.split(&block) {
            Ok((header_block, content)) => (headers::parse(&self.body[header_block], start), content),
            Err(code) => (Err(Fault { code, offset: start }), block),
        };
        let bytes = self.body.slice(content.clone());
        let part = match headers {
            Ok(headers) => {
                for code in content_faults(&headers, &bytes) {
                    self.fault(code, content.start);
                }
                part(headers, bytes)
            }
            Err(fault) => {
                self.report(fault);
                Part::new(PartKind::File, bytes)
            }
        };
        let declared = part.declared_type.as_deref().unwrap_or_default();
        let charset = Charset::of_media_type(declared);
        match part.kind {
            PartKind::Field => value::add(part, charset, start, self.found),
            // To formidable, a file without a type is a field.
            _ if declared.is_empty() => {
                let uncut = value::without_half_a_character(&part.bytes);
                let others = uncut.map(|bytes| Part { kind: PartKind::Reading, bytes, ..part.clone() });
                self.found.add(part, Some(start));
                others.into_iter().for_each(|other| self.found.add(other, Some(start)));
            }
            _ => self.found.add(part, Some(start)),
        }
    }

    /// The header block, with the CRLF of its last line, and the content.
    fn split(&self, block: &Range<usize>) -> Result<(Range<usize>, Range<usize>), ProblemCode> {
        let start = block.start;
        let bytes = &self.body[block.clone()];
        if bytes.starts_with(b"\r\n") {
            return Ok((start..start, start + 2..block.end));
        }
        let window = bytes.len().min(self.found.limits().max_part_header.saturating_add(2));
        match memmem::find(&bytes[..window], b"\r\n\r\n") {
            Some(at) => Ok((start..start + at + 2, start + at + 4..block.end)),
            None if window < bytes.len() => Err(ProblemCode::MultipartHeaderTooLong),
            None => Err(ProblemCode::MultipartHeaderUnterminated),
        }
    }
}

fn part(headers: PartHeaders, bytes: Bytes) -> Part {
    let disposition = headers.disposition;
    let kind = if disposition.file_name.is_some() { PartKind::File } else { PartKind::Field };
    Part {
        name: Some(disposition.name),
        file_name: disposition.file_name,
        declared_type: headers.declared_type,
        ..Part::new(kind, bytes)
    }
}

/// What the headers say that makes servers disagree about this very content.
fn content_faults(headers: &PartHeaders, content: &[u8]) -> impl Iterator<Item = ProblemCode> {
    let length_is_wrong = headers.content_length.is_some_and(|length| length != content.len() as u64);
    let file_name = headers.disposition.file_name.as_deref();
    let declared = headers.declared_type.as_deref().unwrap_or_default();
    // A server decodes fields and texts; of a picture it keeps the bytes, whatever charset it claims.
    let is_text = file_name.is_none() || declared.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("text/"));
    let charset = Charset::of_media_type(declared);
    // Of a field in Latin-1 both readings are inspected.
    let reads_otherwise = is_text && matches!(charset, Charset::Other(_) | Charset::Foreign);
    [
        (length_is_wrong, ProblemCode::MultipartContentLength),
        (file_name == Some("") && !content.is_empty(), ProblemCode::MultipartFilenameEmpty),
        (reads_otherwise, ProblemCode::MultipartCharset),
        (headers.disposition.name.eq_ignore_ascii_case(CHARSET_FIELD), ProblemCode::MultipartCharsetField),
    ]
    .into_iter()
    .filter_map(|(holds, code)| holds.then_some(code))
}

#[cfg(test)]
mod tests;
