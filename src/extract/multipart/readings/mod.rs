//! Every reading that some server has of a multipart body that is not canonical.
//!
//! Rather than imitate parsers one by one, this hands out a superset of what any of them could make of the body. A part
//! begins after something that a parser may take for the end of its headers, and ends before something that a parser
//! may take for a delimiter:
//!
//! - boundaries are whatever a parser may read out of the header, or out of the headers of a part for nested bodies;
//! - a delimiter is wherever `--boundary` is, in the middle of a line too, with or without the line end before it;
//! - headers end at the first empty line of any notation after a delimiter, at the latest where CRLF ends two lines,
//!   which every parser knows; or there are none;
//! - a part goes on over delimiters that some parser does not take for one, up to the first that all of them do;
//! - where the headers mention a transfer encoding, a compression or a charset, the part is also what that makes of it.
//!
//! Most readings of a large part are the same bytes with some more at an end: a line end, the headers, the last
//! delimiter. Such a part is inspected once, and the others are hashed only ([`Part::cuts`]), in one pass for all that
//! begin at the same place. So an ordinary file costs a small multiple of hashing it, and what is hidden costs its own
//! length.
//!
//! Source: what 17 parsers made of `vectors/multipart/cases.json`, and `tests/differential`, which runs fifteen of
//! them.

mod boundary;
#[cfg(test)]
mod tests;
pub(super) mod transform;

use std::collections::BTreeSet;

use bytes::Bytes;
use memchr::memmem;

use super::bare;
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;
use crate::extract::parameters::is_token_byte;
use crate::extract::value;

pub(super) use boundary::candidates;
pub(in crate::extract) use boundary::mentions_boundary;

/// Bytes of readings that are inspected each by itself, before those of large parts share what they have in common.
const MAX_SEPARATE: usize = 1 << 20;

/// How many times the length of the body those that share may be inspected, and hashed.
const MAX_INSPECTED: usize = 8;
const MAX_HASHED: usize = 32;

/// Bytes after a delimiter in which headers may end.
const MAX_HEADERS: usize = 64 << 10;

/// Two line ends next to each other, each in any notation.
pub(super) const GAPS: [&[u8]; 8] =
    [b"\r\n\r\n", b"\r\n\n", b"\r\n\r", b"\n\r\n", b"\n\n", b"\n\r", b"\r\r\n", b"\r\r"];

/// Adds every reading of `body`, declared as `content_type`.
pub(in crate::extract) fn extract_all(body: &Bytes, content_type: &[u8], found: &mut Dissection<'_>) {
    let boundaries = boundary::candidates(content_type, body);
    let charsets = transform::charsets_for_all(body);
    let mut writer = Writer {
        body,
        content_type,
        charsets,
        separate: MAX_SEPARATE,
        inspected: body.len().saturating_mul(MAX_INSPECTED).max(MAX_SEPARATE),
        hashed: body.len().saturating_mul(MAX_HASHED).max(MAX_SEPARATE),
        seen: BTreeSet::new(),
        seen_cuts: BTreeSet::new(),
        found,
    };
    for boundary in &boundaries {
        for reading in Readings::new(body, boundary).all() {
            // Too many parts are reported by themselves, and lost time by who set the deadline.
            if writer.found.is_over() {
                return;
            }
            if writer.add(&reading).is_none() {
                return writer.found.report(ProblemCode::TooManyReadings, None);
            }
        }
        if !boundary.is_empty() {
            bare::extract(body, boundary, writer.found);
        }
    }
}

type Range = std::ops::Range<usize>;

/// What begins at one place.
struct Reading {
    headers: Range,
    start: usize,
    /// Where it may end, by the delimiter that ends it: nearest end first, which is without a line end.
    ends: Vec<BTreeSet<usize>>,
    look: Look,
}

/// What is done with a reading of a large part beside hashing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// Nothing: it begins with a header or a line end before what others take for the content.
    Hash,
    /// It is inspected while there is room: for it to be the content, a parser would have to overlook the end of
    /// headers before it. What is in it is looked for in the reading that begins there.
    IfThereIsRoom,
    Inspect,
}

/// Hands out readings, each once, and counts what they cost.
struct Writer<'r, 'a> {
    body: &'r Bytes,
    content_type: &'r [u8],
    charsets: Vec<Vec<u8>>,
    separate: usize,
    inspected: usize,
    hashed: usize,
    seen: BTreeSet<(usize, usize)>,
    seen_cuts: BTreeSet<(usize, usize)>,
    found: &'r mut Dissection<'a>,
}

impl Writer<'_, '_> {
    /// `None` when it would cost too much.
    fn add(&mut self, reading: &Reading) -> Option<()> {
        let Reading { headers, start, ends, look } = reading;
        let all: Vec<usize> =
            ends.iter().flatten().copied().filter(|end| !self.seen.contains(&(*start, *end))).collect();
        let length: usize = all.iter().map(|end| end - start).sum();
        if let Some(rest) = self.separate.checked_sub(length) {
            self.separate = rest;
            for end in all {
                self.inspect(headers, *start..end);
                let reading = Part::new(PartKind::Reading, self.body.slice(*start..end));
                value::add_without_half_a_character(&reading, None, self.found);
            }
            return Some(());
        }
        // Once there is no room, all that follows shares.
        self.separate = 0;
        let without_half = |end: &usize| end - value::half_a_character(&self.body[*start..*end]);
        let all = all.iter().copied().chain(all.iter().map(without_half));
        let mut cuts: Vec<usize> = all.filter(|end| self.seen_cuts.insert((*start, *end))).collect();
        cuts.sort_unstable();
        cuts.dedup();
        if let Some(last) = cuts.last() {
            self.hashed = self.hashed.checked_sub(last - start)?;
            let cut = Part::new(PartKind::Reading, self.body.slice(*start..*last));
            self.found.show(Part { cuts: cuts.iter().map(|end| end - start).collect(), ..cut }, Some(*start));
        }
        let nearest = ends.iter().filter_map(BTreeSet::first).filter(|_| *look != Look::Hash);
        for end in nearest.copied().collect::<BTreeSet<usize>>() {
            if self.seen.contains(&(*start, end)) {
                continue;
            }
            match self.inspected.checked_sub(end - start) {
                Some(rest) => self.inspected = rest,
                None if *look == Look::IfThereIsRoom => continue,
                None => return None,
            }
            self.inspect(headers, *start..end);
        }
        Some(())
    }

    fn inspect(&mut self, headers: &Range, content: Range) {
        if !self.seen.insert((content.start, content.end)) {
            return;
        }
        let content = self.body.slice(content);
        self.found.add(Part::new(PartKind::Reading, content.clone()), None);
        let headers = [&self.body[headers.clone()], self.content_type].concat();
        transform::extract(&headers, &self.charsets, &content, self.found);
    }
}

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

    /// What begins at each place, from first to last delimiter.
    fn all(&self) -> impl Iterator<Item = Reading> + '_ {
        self.delimiters.iter().flat_map(move |delimiter| {
            let starts = self.starts(delimiter.end);
            let looks: Vec<(usize, Look)> = self.looks(delimiter.end, &starts);
            looks.into_iter().map(move |(start, look)| {
                let headers = delimiter.end..start;
                let ends = self.ends(start, &headers);
                Reading { headers, start, ends, look }
            })
        })
    }

    /// Where content may begin after a delimiter that ends at `from`: right there, after its line, and after the first
    /// line that is empty, for every notion of a line and of emptiness. Some parsers skip empty lines before the
    /// headers.
    fn starts(&self, from: usize) -> BTreeSet<usize> {
        let skipped = self.body[from..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let window = |from: usize| &self.body[from..self.body.len().min(from + MAX_HEADERS)];
        let last_end = |from: usize| memmem::find(window(from), b"\r\n\r\n").map(|at| from + at + 4);
        // What every parser takes for the end of headers is the last that any does.
        let latest = last_end(from).zip(last_end(from + skipped)).map_or(usize::MAX, |(one, other)| one.max(other));
        let mut starts = BTreeSet::from([from]);
        for from in [from, from + skipped] {
            let window = window(from);
            for line_end in [&b"\r\n"[..], b"\n", b"\r"] {
                starts.extend(memmem::find(window, line_end).map(|at| from + at + line_end.len()));
            }
            for gap in GAPS {
                starts.extend(memmem::find(window, gap).map(|at| from + at + gap.len()));
            }
            let ends_of = [line_that(window, is_blank), line_that(window, is_empty_to_c)];
            starts.extend(ends_of.into_iter().flatten().map(|end| from + end));
        }
        starts.retain(|start| *start <= latest);
        starts
    }

    /// What is done with each of `starts`, after a delimiter that ends at `from`.
    fn looks(&self, from: usize, starts: &BTreeSet<usize>) -> Vec<(usize, Look)> {
        let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let mut has_first = false;
        let mut look = |start: usize| {
            let next = starts.range(start + 1..).next().copied();
            if next.is_some_and(|next| self.body[start..next].iter().all(is_line_end))
                || next.is_some() && begins_header(&self.body[start..])
            {
                return Look::Hash;
            }
            let is_first = !std::mem::replace(&mut has_first, true);
            let ends_headers = start >= from + 4 && self.body[..start].ends_with(b"\r\n\r\n");
            if is_first || ends_headers { Look::Inspect } else { Look::IfThereIsRoom }
        };
        starts.iter().map(|start| (*start, look(*start))).collect()
    }

    /// Where content that begins at `start` may end.
    fn ends(&self, start: usize, headers: &Range) -> Vec<BTreeSet<usize>> {
        let mut ends = Vec::new();
        let first = self.delimiters.partition_point(|delimiter| delimiter.start < start);
        let mut is_closed = false;
        for delimiter in &self.delimiters[first..] {
            // A line end that belongs to the headers is not that of a delimiter.
            is_closed = delimiter.is_certain && delimiter.start >= start + 2;
            let lengths: &[usize] = if is_closed { &[2] } else { &[0, 1, 2] };
            let usual: BTreeSet<usize> = self.line_ends(start, delimiter.start, lengths).collect();
            // CGI.pm takes two bytes for the line end, whatever they are.
            let two = delimiter.start.checked_sub(2).filter(|end| *end >= start && !usual.contains(end));
            ends.push(usual);
            ends.extend(two.map(|end| BTreeSet::from([end])));
            if is_closed {
                break;
            }
        }
        if !is_closed {
            let whole = self.line_ends(start, self.body.len(), &[0, 1, 2]);
            ends.push(whole.chain(self.cut_off_delimiter.filter(|end| *end >= start)).collect());
        }
        let declared = declared_lengths(&self.body[headers.clone()]);
        let declared = declared.filter_map(|length| start.checked_add(length)).filter(|end| *end <= self.body.len());
        ends.extend(declared.map(|end| BTreeSet::from([end])));
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

/// Whether `text` begins with a line of a header, or a line end and then one.
fn begins_header(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let length = text.iter().take_while(|byte| is_token_byte(**byte)).count();
    length > 0 && text[length..].starts_with(b":")
}

/// The end of the first line, after another one, of which `holds` is true. It gets the line with its LF.
fn line_that(window: &[u8], holds: fn(&[u8]) -> bool) -> Option<usize> {
    let mut start = memchr::memchr(b'\n', window)? + 1;
    loop {
        let length = memchr::memchr(b'\n', &window[start..])? + 1;
        let line = &window[start..start + length];
        start += length;
        if holds(line) {
            return Some(start);
        }
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0x0b)
}

/// PHP goes by the length up to the first NUL.
fn is_empty_to_c(line: &[u8]) -> bool {
    line.starts_with(b"\0")
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
