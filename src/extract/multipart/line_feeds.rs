//! Bodies whose lines end in LF alone, as clients of Google in Python write `multipart/related`.
//!
//! No server that reads forms takes them: those that take LF for a line end in `multipart/form-data` disagree with
//! those that do not. Whoever reads `related` and the like takes the first empty line for the end of the headers; of
//! CRLF twice in the content the rest is one more reading.

use std::ops::Range;

use memchr::memmem;

use super::{Fault, Reader};
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;

/// Whether each delimiter is on a line of its own, and all of these lines end in LF without CR.
pub(super) fn has_lines_of_lf(body: &[u8], boundary: &str) -> bool {
    let dashed = dashed(boundary);
    let mut places = memmem::find_iter(body, &dashed).peekable();
    places.peek().is_some()
        && places.all(|at| {
            let (before, after) = (&body[..at], &body[at + dashed.len()..]);
            let after = after.strip_prefix(b"--").unwrap_or(after);
            let begins_line = before.is_empty() || before.ends_with(b"\n") && !before.ends_with(b"\r\n");
            begins_line && (after.is_empty() || after.starts_with(b"\n"))
        })
}

fn dashed(boundary: &str) -> Vec<u8> {
    [b"--", boundary.as_bytes()].concat()
}

impl Reader<'_, '_> {
    /// Adds the parts between delimiters that are all on lines of LF.
    pub(super) fn read_lines_of_lf(&mut self) {
        let body = self.body.clone();
        let dashed = dashed(self.declared.boundary);
        let places: Vec<usize> = memmem::find_iter(&body, &dashed).collect();
        let is_closing = |at: usize| body[at + dashed.len()..].starts_with(b"--");
        let only_line_feeds = |range: Range<usize>| body[range].iter().all(|byte| *byte == b'\n');
        if places.first().is_some_and(|first| !only_line_feeds(0..*first)) {
            self.fault(ProblemCode::MultipartPreamble, 0);
        }
        for (at, next) in places.iter().zip(places.iter().skip(1).map(Some).chain([None])) {
            let start = (at + dashed.len() + 1).min(body.len());
            match next {
                _ if self.found.is_over() => return,
                None if is_closing(*at) && only_line_feeds(start + 1..body.len()) => {}
                Some(next) if !is_closing(*at) && start < *next => self.part_of_lf(start..next - 1),
                _ if is_closing(*at) => self.fault(ProblemCode::MultipartEpilogue, start),
                Some(_) => self.fault(ProblemCode::MultipartHeaderUnterminated, start),
                None => {
                    self.fault(ProblemCode::MultipartTruncated, body.len());
                    self.part_of_lf(start..body.len());
                }
            }
        }
        self.look_for_other_boundaries();
    }

    /// Adds the part in `block`, whose headers end in an empty line of LF.
    fn part_of_lf(&mut self, block: Range<usize>) {
        let bytes = self.body.slice(block.clone());
        let window = &bytes[..bytes.len().min(self.found.limits().max_part_header.saturating_add(1))];
        let split = if window.starts_with(b"\n") { Some((0, 1)) } else { find_empty_line(window) };
        let Some((length, gap)) = split else {
            self.report(Fault { code: ProblemCode::MultipartHeaderUnterminated, offset: block.start });
            return self.found.add(Part::new(PartKind::File, bytes), Some(block.start));
        };
        // Each line with its CRLF. A CR in a header is one too many then, and refused.
        let headers = bytes[..length]
            .iter()
            .flat_map(|byte| if *byte == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(byte) });
        let headers: Vec<u8> = headers.copied().collect();
        self.part_of(&headers, block.start + length + gap..block.end, block.start);
        if let Some(at) = memmem::find(&bytes[length..], b"\r\n\r\n") {
            self.found.add(Part::new(PartKind::Reading, bytes.slice(length + at + 4..)), Some(block.start));
        }
    }
}

/// The length of the headers with their last line end, and of the empty line after them.
fn find_empty_line(window: &[u8]) -> Option<(usize, usize)> {
    memmem::find(window, b"\n\n").map(|at| (at + 1, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::ExtractLimits;
    use crate::extract::{Extraction, Source};

    fn read(body: &str) -> Extraction {
        let body = bytes::Bytes::copy_from_slice(body.as_bytes());
        let mut found =
            Extraction::of(&Source::plain(&body, &[b"multipart/related; boundary=b"]), &ExtractLimits::default());
        found.parts.retain(|part| part.inside.is_none());
        found
    }

    #[test]
    fn parts_between_lines_of_lf_are_files_as_they_are() {
        for body in [
            "--b\nContent-Type: application/octet-stream\n\nEVIL\n--b--",
            "\n--b\nContent-Type: image/jpeg\nMIME-Version: 1.0\n\nEVIL\n--b--\n\n",
            "--b\n\nEVIL\n--b--",
            "--b\nX: y\n\none\n--b\nContent-Type: a/b\n\nEVIL\n--b--",
            "--b\nContent-Type: image/jpeg\n\none\r\n\r\nEVIL\n--b--",
        ] {
            let found = read(body);
            assert_eq!(found.problems, [], "{body}");
            assert!(found.parts.iter().any(|part| part.bytes == "EVIL"), "{body}");
        }
    }

    #[test]
    fn whatever_else_is_in_such_a_body_is_refused_and_inspected() {
        use ProblemCode::*;
        for (body, code) in [
            ("words\n--b\nX: y\n\nEVIL\n--b--", MultipartPreamble),
            ("--b\nX: y\n\nEVIL\n--b--\nwords", MultipartEpilogue),
            ("--b\nX: y\n\nEVIL\n--b--\n--b--", MultipartEpilogue),
            ("--b\nX: y\n\nEVIL", MultipartTruncated),
            ("--b\nX: y\nEVIL\n--b--", MultipartHeaderUnterminated),
            ("--b\n--b\nX: y\n\nEVIL\n--b--", MultipartHeaderUnterminated),
            ("--b\nX: y\r\n\nEVIL\n--b--", MultipartBareCr),
            ("--b\nX: y\rz\n\nEVIL\n--b--", MultipartBareCr),
            ("--b\nX\n\nEVIL\n--b--", MultipartHeaderMalformed),
        ] {
            let found = read(body);
            assert_eq!(found.problems.first().map(|problem| problem.code), Some(code), "{body}");
            assert!(found.parts.iter().any(|part| part.bytes.ends_with(b"EVIL")), "{body}");
        }
    }
}
