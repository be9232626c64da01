//! `multipart/form-data`, `multipart/related` and the like, where every server finds the same contents; everything that
//! lets some server find others is a problem.
//!
//! What decides where contents lie has one canonical form, which browsers, curl and the usual client libraries send:
//!
//! ```text
//! body     = *CRLF *part "--" boundary "--" *CRLF
//! part     = "--" boundary CRLF headers CRLF content CRLF
//! headers  = *(name ":" value CRLF)           ; see `headers`
//! ```
//!
//! with the boundary, hyphens included, nowhere else in the body. Servers search for it in different ways (Django
//! finds it in the middle of a line, PHP and Werkzeug after a bare LF, commons-fileupload in a longer line), so one
//! occurrence out of place is enough for two readings. Searching is linear in the body; content is never copied.
//!
//! What headers say of a part (names, type, charset, transfer encoding) may be written in many ways: every reading of
//! it is inspected.
//!
//! Sources: RFC 7578; RFC 2046 §5.1; RFC 2387; WHATWG HTML, "multipart/form-data encoding algorithm"; what 17 parsers
//! made of the bodies in `vectors/multipart/cases.json`.

mod bare;
mod delimiter;
mod disposition;
mod headers;
mod line_feeds;
mod part;
mod plain;
mod readings;
mod surroundings;

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;
use memchr::memmem;

use super::ProblemCode;
use super::content_type::Multipart;
use super::dissection::Dissection;
use delimiter::{Delimiter, DelimiterKind, Delimiters};
use readings::transform;

/// Field whose value tells some servers how to decode the other fields (HTML, "form-data set"; RFC 7578 §4.6).
const CHARSET_FIELD: &str = "_charset_";

/// Most bodies in parts inside each other.
const MAX_DEPTH: usize = 4;

/// What stands at one place of the body and is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fault {
    code: ProblemCode,
    offset: usize,
}

pub use plain::{FormPart, parts_of_form};
pub(super) use readings::{extract_all as extract_all_readings, mentions_boundary};
pub(super) use surroundings::may_have_parts;

/// Whether every server finds the same contents in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Every server reads the same parts.
    Canonical,
    /// Some server may read others.
    Ambiguous,
}

/// Adds the parts of `body`, going on after a fault as well as can be.
pub(super) fn extract(body: &Bytes, declared: &Multipart<'_>, found: &mut Dissection<'_>) -> Form {
    extract_at(body, declared, Site { base: 0, depth: 0 }, found)
}

/// Where a body in parts lies.
#[derive(Clone, Copy)]
struct Site {
    /// Its offset in the outermost body.
    base: usize,
    /// How many others it is in.
    depth: usize,
}

fn extract_at(body: &Bytes, declared: &Multipart<'_>, site: Site, found: &mut Dissection<'_>) -> Form {
    let charsets = charsets(body, declared, found);
    let mut reader = Reader { body, declared, charsets, site, found, form: Form::Canonical };
    if !declared.is_form && line_feeds::has_lines_of_lf(body, declared.boundary) {
        reader.read_lines_of_lf();
        return reader.form;
    }
    let mut place = Place::Preamble;
    for delimiter in Delimiters::new(body, declared.boundary).iter() {
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

/// The charsets, in lower case, in which some server reads every field: of the type, and of fields named `_charset_`.
fn charsets(body: &Bytes, declared: &Multipart<'_>, found: &Dissection<'_>) -> BTreeSet<Vec<u8>> {
    let mut charsets = transform::labels(declared.value);
    if memmem::find(body, CHARSET_FIELD.as_bytes()).is_none() {
        return charsets;
    }
    let delimiters = Delimiters::new(body, declared.boundary);
    let places: Vec<Delimiter> = delimiters.iter().filter_map(Result::ok).collect();
    for (opening, next) in places.iter().zip(places.iter().skip(1)) {
        let block = opening.end..next.start.unwrap_or(opening.end).max(opening.end);
        let Ok((header_block, content)) = split(body, &block, found) else { continue };
        let disposition = headers::parse(&body[header_block], 0).ok().and_then(|headers| headers.disposition);
        if disposition.is_some_and(|disposition| disposition.may_be_named(CHARSET_FIELD)) {
            let label = transform::label(&body[content]);
            charsets.extend((!label.is_empty()).then_some(label));
        }
    }
    charsets
}

/// The header block of the part in `block`, with the CRLF of its last line, and the content.
fn split(
    body: &[u8],
    block: &Range<usize>,
    found: &Dissection<'_>,
) -> Result<(Range<usize>, Range<usize>), ProblemCode> {
    let start = block.start;
    let bytes = &body[block.clone()];
    if bytes.starts_with(b"\r\n") {
        // Tornado and Werkzeug skip the empty line and look for headers after it.
        let may_go_on = readings::GAPS.iter().any(|gap| memmem::find(bytes, gap).is_some());
        let code = ProblemCode::MultipartHeaderUnterminated;
        return if may_go_on { Err(code) } else { Ok((start..start, start + 2..block.end)) };
    }
    let window = bytes.len().min(found.limits().max_part_header.saturating_add(2));
    match memmem::find(&bytes[..window], b"\r\n\r\n") {
        Some(at) => Ok((start..start + at + 2, start + at + 4..block.end)),
        None if window < bytes.len() => Err(ProblemCode::MultipartHeaderTooLong),
        None => Err(ProblemCode::MultipartHeaderUnterminated),
    }
}

/// Between which delimiters the reader is.
#[derive(Clone, Copy)]
enum Place {
    /// Before the first delimiter.
    Preamble,
    /// In a part whose headers start here.
    Part(usize),
    /// After the closing delimiter.
    Epilogue,
}

struct Reader<'r, 'a> {
    body: &'r Bytes,
    declared: &'r Multipart<'r>,
    charsets: BTreeSet<Vec<u8>>,
    site: Site,
    found: &'r mut Dissection<'a>,
    form: Form,
}

impl Reader<'_, '_> {
    fn report(&mut self, fault: Fault) {
        self.form = Form::Ambiguous;
        self.found.ambiguous(fault.code, Some(self.site.base + fault.offset));
    }

    fn fault(&mut self, code: ProblemCode, offset: usize) {
        self.report(Fault { code, offset });
    }

    /// Ends what came before `delimiter` and says what comes after it.
    fn pass(&mut self, place: Place, delimiter: Delimiter) -> Place {
        match (place, delimiter.start) {
            (Place::Preamble, Some(end)) if !surroundings::is_harmless_preamble(&self.body[..end]) => {
                self.fault(ProblemCode::MultipartPreamble, 0);
            }
            (Place::Part(start), Some(end)) if start <= end => self.part(start..end),
            // A delimiter right after another one shares its CRLF: there is no part between them.
            (Place::Part(start), _) => self.fault(ProblemCode::MultipartHeaderUnterminated, start),
            (Place::Preamble | Place::Epilogue, _) => {}
        }
        match delimiter.kind {
            DelimiterKind::Opening => Place::Part(delimiter.end),
            DelimiterKind::Closing => {
                if !surroundings::is_empty_lines(&self.body[delimiter.end..]) {
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
        self.look_for_other_boundaries();
    }

    fn look_for_other_boundaries(&mut self) {
        if let Some(offset) = surroundings::other_boundary(self.body, self.declared) {
            self.fault(ProblemCode::MultipartBoundaryMalformed, offset);
        }
        bare::extract(self.body, self.declared.boundary.as_bytes(), self.found);
    }
}

#[cfg(test)]
mod tests;
