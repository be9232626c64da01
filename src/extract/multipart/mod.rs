//! `multipart/form-data` in one canonical form; everything that some server could read otherwise is a problem.
//!
//! Canonical is what browsers, curl and the usual client libraries send:
//!
//! ```text
//! body     = *part "--" boundary "--" [CRLF]
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

use std::ops::Range;

use bytes::Bytes;
use memchr::memmem;

use crate::content::{ExtractLimits, Part, PartKind};

use super::ProblemCode;
use super::charset::Charset;
use super::collector::Collector;
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

/// Adds the parts of `body`, going on after a fault as well as can be.
pub(super) fn extract(body: &Bytes, boundary: &str, limits: &ExtractLimits, found: &mut Collector) {
    let mut reader = Reader { body, limits, found };
    let mut place = Place::Preamble;
    for delimiter in Delimiters::new(body, boundary).iter() {
        match delimiter {
            Ok(delimiter) => place = reader.pass(place, delimiter),
            Err(fault) => reader.report(fault),
        }
        if reader.found.is_full() {
            return;
        }
    }
    reader.end(place);
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

struct Reader<'a> {
    body: &'a Bytes,
    limits: &'a ExtractLimits,
    found: &'a mut Collector,
}

impl Reader<'_> {
    fn report(&mut self, fault: Fault) {
        self.found.report(fault.code, Some(fault.offset));
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
                if delimiter.end < self.body.len() {
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
                Part { kind: PartKind::File, name: None, file_name: None, declared_type: None, bytes }
            }
        };
        let others = other_readings(&part);
        self.found.push(part, Some(start));
        others.into_iter().flatten().for_each(|other| self.found.push(other, Some(start)));
    }

    /// The header block, with the CRLF of its last line, and the content.
    fn split(&self, block: &Range<usize>) -> Result<(Range<usize>, Range<usize>), ProblemCode> {
        let start = block.start;
        let bytes = &self.body[block.clone()];
        if bytes.starts_with(b"\r\n") {
            return Ok((start..start, start + 2..block.end));
        }
        let window = bytes.len().min(self.limits.max_part_header.saturating_add(2));
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
        kind,
        name: Some(disposition.name),
        file_name: disposition.file_name,
        declared_type: headers.declared_type,
        bytes,
    }
}

/// How else servers read text: a field without its byte order mark (`fetch` of Node 20), and without the start of a
/// character that its end cuts off (formidable, multiparty). To formidable, a file without a type is a field.
fn other_readings(part: &Part) -> [Option<Part>; 2] {
    let Part { kind, declared_type, bytes, .. } = part;
    let is_field = *kind == PartKind::Field;
    let is_text = is_field || declared_type.as_deref().unwrap_or_default().is_empty();
    let cut = |error: std::str::Utf8Error| error.error_len().is_none().then(|| error.valid_up_to());
    let unmarked = (is_field && bytes.starts_with(b"\xef\xbb\xbf")).then(|| bytes.slice(3..));
    let uncut = is_text.then(|| str::from_utf8(bytes).err().and_then(cut)).flatten().map(|end| bytes.slice(..end));
    [unmarked, uncut].map(|reading| reading.map(|bytes| Part { bytes, ..part.clone() }))
}

/// What the headers say that makes servers disagree about this very content.
fn content_faults(headers: &PartHeaders, content: &[u8]) -> impl Iterator<Item = ProblemCode> {
    let length_is_wrong = headers.content_length.is_some_and(|length| length != content.len() as u64);
    let file_name = headers.disposition.file_name.as_deref();
    let declared = headers.declared_type.as_deref().unwrap_or_default();
    // A server decodes fields and texts; of a picture it keeps the bytes, whatever charset it claims.
    let is_text = file_name.is_none() || declared.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("text/"));
    let reads_otherwise = is_text && !Charset::of_media_type(declared).reads_like_utf8(content);
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
