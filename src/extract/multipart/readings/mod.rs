//! Every reading that some server has of a multipart body that is not canonical.
//!
//! Rather than imitate parsers one by one, this hands out a superset of what any of them could make of the body. A part
//! begins behind something that a parser may take for the end of its headers, and ends before something that a parser
//! may take for a delimiter:
//!
//! - boundaries are whatever a parser may read out of the header, or out of the headers of a part for nested bodies;
//! - a delimiter is wherever `--boundary` stands, in the middle of a line too, with or without the line end before it;
//! - headers end at the first empty line of any notation behind a delimiter, or there are none;
//! - a part goes on over delimiters that some parser does not take for one, up to the first that all of them do;
//! - where the headers mention a transfer encoding, a compression or a charset, the part is also what that makes of it.
//!
//! Source: what 17 parsers made of `vectors/multipart/cases.json`, and `tests/differential`, which runs twelve of them.

mod boundary;
#[cfg(test)]
mod tests;
pub(super) mod transform;

use std::collections::BTreeSet;

use bytes::Bytes;
use memchr::memmem;

use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

pub(super) use boundary::candidates;
pub(in crate::extract) use boundary::mentions_boundary;

/// How many times the length of the body its readings may have together.
const MAX_COVER: usize = 16;

/// Bytes of readings that any body may have, however short.
const MIN_COVER: usize = 1 << 20;

/// Bytes behind a delimiter in which headers may end.
const MAX_HEADERS: usize = 64 << 10;

/// Two line ends behind each other, each in any notation.
pub(super) const GAPS: [&[u8]; 8] = [b"\r\n\r\n", b"\r\n\n", b"\r\n\r", b"\n\r\n", b"\n\n", b"\n\r", b"\r\r\n", b"\r\r"];

/// Adds every reading of `body`, declared as `content_type`.
pub(in crate::extract) fn extract_all(body: &Bytes, content_type: &[u8], found: &mut Dissection<'_>) {
    let boundaries = boundary::candidates(content_type, body);
    let mut cover = body.len().saturating_mul(MAX_COVER).max(MIN_COVER);
    let charsets = transform::charsets_for_all(body);
    let mut readings = BTreeSet::new();
    for boundary in &boundaries {
        for (headers, content) in Readings::new(body, boundary).ranges() {
            if !readings.insert((content.start, content.end)) {
                continue;
            }
            match cover.checked_sub(content.len()) {
                Some(rest) if !found.is_over() => cover = rest,
                _ => return found.report(ProblemCode::TooManyReadings, None),
            }
            let content = body.slice(content);
            found.add(Part::new(PartKind::Reading, content.clone()), None);
            let headers = [&body[headers], content_type].concat();
            transform::extract(&headers, &charsets, &content, found);
        }
    }
}

type Range = std::ops::Range<usize>;

/// The readings for one boundary.
struct Readings<'a> {
    body: &'a [u8],
    delimiters: Vec<Delimiter>,
    /// Where a delimiter begins that the end of the body cuts off: PHP does not take it for content.
    cut_off_delimiter: Option<usize>,
}

/// Something that a parser may take for a delimiter.
#[derive(Clone, Copy, Debug)]
struct Delimiter {
    start: usize,
    end: usize,
    /// Whether every parser does. Tornado goes by the last closing one only, so no closing one is certain.
    is_certain: bool,
}

impl<'a> Readings<'a> {
    fn new(body: &'a [u8], boundary: &[u8]) -> Self {
        let dashed = [b"--", boundary].concat();
        let places = memmem::find_iter(body, &dashed);
        let delimiters = places.map(|start| Delimiter::at(body, start, start + dashed.len()));
        // Django and Tornado take what comes before the first delimiter for a part too.
        let start = Delimiter { start: 0, end: 0, is_certain: false };
        let delimiters = std::iter::once(start).chain(delimiters).collect();
        let whole = [b"\r\n", &dashed[..]].concat();
        let cut_off = (1..whole.len()).rev().find(|length| body.ends_with(&whole[..*length]));
        Self { body, delimiters, cut_off_delimiter: cut_off.map(|length| body.len() - length) }
    }

    /// Ranges of headers and content.
    fn ranges(&self) -> impl Iterator<Item = (Range, Range)> + '_ {
        self.delimiters.iter().flat_map(move |delimiter| {
            let starts = self.starts(delimiter.end);
            starts.into_iter().flat_map(move |start| {
                let headers = delimiter.end..start;
                self.ends(start, &headers).into_iter().map(move |end| (headers.clone(), start..end))
            })
        })
    }

    /// Where content may begin behind a delimiter that ends at `from`: right there, behind its line, and behind the
    /// first line that is empty, for every notion of a line and of emptiness. Some parsers skip empty lines before the
    /// headers.
    fn starts(&self, from: usize) -> BTreeSet<usize> {
        let skipped = self.body[from..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let mut starts = BTreeSet::from([from]);
        for from in [from, from + skipped] {
            let window = &self.body[from..self.body.len().min(from + MAX_HEADERS)];
            for line_end in [&b"\r\n"[..], b"\n", b"\r"] {
                starts.extend(memmem::find(window, line_end).map(|at| from + at + line_end.len()));
            }
            for gap in GAPS {
                starts.extend(memmem::find(window, gap).map(|at| from + at + gap.len()));
            }
            starts.extend(blank_line(window).map(|end| from + end));
        }
        starts
    }

    /// Where content that begins at `start` may end.
    fn ends(&self, start: usize, headers: &Range) -> BTreeSet<usize> {
        let mut ends = BTreeSet::new();
        let first = self.delimiters.partition_point(|delimiter| delimiter.start < start);
        let mut is_closed = false;
        for delimiter in &self.delimiters[first..] {
            // A line end that belongs to the headers is not that of a delimiter.
            is_closed = delimiter.is_certain && delimiter.start >= start + 2;
            let lengths: &[usize] = if is_closed { &[2] } else { &[0, 1, 2] };
            ends.extend(self.line_ends(start, delimiter.start, lengths));
            if is_closed {
                break;
            }
        }
        if !is_closed {
            ends.extend(self.line_ends(start, self.body.len(), &[0, 1, 2]));
            ends.extend(self.cut_off_delimiter.filter(|end| *end >= start));
        }
        let declared = declared_lengths(&self.body[headers.clone()]);
        ends.extend(declared.filter_map(|length| start.checked_add(length)).filter(|end| *end <= self.body.len()));
        ends
    }
}

impl Readings<'_> {
    /// `end` without so many bytes of the line end before it.
    fn line_ends(&self, start: usize, end: usize, lengths: &[usize]) -> impl Iterator<Item = usize> {
        lengths.iter().filter_map(move |length| {
            let without = end.checked_sub(*length).filter(|end| *end >= start)?;
            self.body[without..end].iter().all(|byte| matches!(byte, b'\r' | b'\n')).then_some(without)
        })
    }
}

impl Delimiter {
    fn at(body: &[u8], start: usize, end: usize) -> Self {
        let begins_line = start == 0 || body[..start].ends_with(b"\r\n");
        Self { start, end, is_certain: begins_line && body[end..].starts_with(b"\r\n") }
    }
}

/// The end of the first line with nothing but white space in it.
fn blank_line(window: &[u8]) -> Option<usize> {
    let mut start = memchr::memchr(b'\n', window)? + 1;
    loop {
        let length = memchr::memchr(b'\n', &window[start..])? + 1;
        let is_blank = window[start..start + length].iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0x0b);
        start += length;
        if is_blank {
            return Some(start);
        }
    }
}

/// Numbers that the headers of a part may state as its length.
fn declared_lengths(headers: &[u8]) -> impl Iterator<Item = usize> {
    let lower = headers.to_ascii_lowercase();
    let places: Vec<usize> = memmem::find_iter(&lower, b"content-length").collect();
    places.into_iter().filter_map(move |at| {
        let value = lower[at + b"content-length".len()..].iter().skip_while(|byte| !byte.is_ascii_digit());
        let digits: Vec<u8> = value.take_while(|byte| byte.is_ascii_digit()).take(18).copied().collect();
        str::from_utf8(&digits).ok()?.parse().ok()
    })
}
