//! What presentations of PowerPoint say (MS-PPT): the text of slides, notes, comments and links, in records that lie in
//! each other.

use bytes::Bytes;
use memchr::memmem;

use crate::body::Coding;
use crate::content::number::{u16_at, u32_at};
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

use super::cover::Cover;
use super::text::OfficeText;

/// Bytes in front of a record's content (§2.3.1).
const HEADER: usize = 8;

/// Records inside each other that are told apart. PowerPoint writes about ten.
const MAX_DEPTH: usize = 64;

/// How many times its own length the texts of a stream may have together that lie where no record leads.
const MAX_COVER: usize = 4;

/// Types of records (§2.13.24).
const TEXT_CHARS: u16 = 0x0fa0;
const TEXT_BYTES: u16 = 0x0fa8;
const STRING: u16 = 0x0fba;
const OBJECT: u16 = 0x1011;
const CRYPT_SESSION: u16 = 0x2f14;

/// What the stream `Current User` says about an encrypted presentation (§2.3.2).
const ENCRYPTED: u32 = 0xf3d1_c4df;

/// Whether the stream `Current User` says that the presentation is encrypted.
pub(super) fn says_encrypted(current_user: &[u8]) -> bool {
    u32_at(current_user, HEADER + 4) == Some(ENCRYPTED)
}

/// Shows what the presentation says, and hands out the objects in it.
pub(super) fn show(stream: &Bytes, found: &mut Dissection<'_>) {
    let mut text = OfficeText::new(stream.len(), found);
    let mut walk = Walk { stream, at: 0, ends: Vec::new() };
    let mut seen = Vec::new();
    while let Some(record) = walk.next().filter(|_| !found.is_over()) {
        match record.kind {
            TEXT_CHARS | TEXT_BYTES | STRING => {
                seen.push(record.start);
                push_text(&record, stream, &mut text, found);
            }
            OBJECT => open_object(record.instance, &stream.slice(record.start..record.end), found),
            CRYPT_SESSION => found.report(ProblemCode::ContainerEncrypted, None),
            _ => {}
        }
    }
    push_missed(stream, &seen, &mut text, found);
    text.show(PartKind::Text, "presentation", found);
}

fn push_text<'a>(record: &Record, stream: &[u8], text: &mut OfficeText<'a>, found: &mut Dissection<'a>) {
    let content = &stream[record.start..record.end];
    match record.kind {
        // Each byte is the lower half of a unit.
        TEXT_BYTES => text.push_units(content.iter().map(|byte| u16::from(*byte)), found),
        _ => text.push_utf16(content, found),
    }
    text.end_line(found);
}

/// Adds the texts that the way along all records did not come by. PowerPoint goes by a directory, so that anything may
/// stand between records; how a record with a text begins is too long to be chance.
fn push_missed<'a>(stream: &[u8], seen: &[usize], text: &mut OfficeText<'a>, found: &mut Dissection<'a>) {
    let mut cover = Cover::times(MAX_COVER, stream);
    for kind in [TEXT_CHARS, TEXT_BYTES] {
        let [low, high] = kind.to_le_bytes();
        for at in memmem::find_iter(stream, &[0, 0, low, high]) {
            let start = at + HEADER;
            let length = u32_at(stream, at + 4).unwrap_or_default() as usize;
            let end = start.saturating_add(length).min(stream.len());
            if start >= end || seen.binary_search(&start).is_ok() {
                continue;
            }
            if found.is_over() {
                return;
            }
            if cover.take(end - start).is_none() {
                return found.report(ProblemCode::TooManyReadings, None);
            }
            push_text(&Record { kind, instance: 0, start, end }, stream, text, found);
        }
    }
}

/// A record, by the place of its content. One that holds others has none of its own.
struct Record {
    kind: u16,
    instance: u16,
    start: usize,
    end: usize,
}

/// The way through all records. One that is longer than what it lies in ends with that.
struct Walk<'s> {
    stream: &'s [u8],
    at: usize,
    /// Where the records end that the next one is in.
    ends: Vec<usize>,
}

impl Iterator for Walk<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while self.ends.pop_if(|end| self.at + HEADER > *end).map(|end| self.at = end).is_some() {}
        let first = u16_at(self.stream, self.at)?;
        let (kind, length) = (u16_at(self.stream, self.at + 2)?, u32_at(self.stream, self.at + 4)?);
        let limit = self.ends.last().copied().unwrap_or(self.stream.len());
        let start = self.at + HEADER;
        let end = start.saturating_add(length as usize).min(limit);
        if first & 0xf == 0xf {
            self.at = start;
            if self.ends.len() < MAX_DEPTH {
                self.ends.push(end);
            }
            return Some(Record { kind, instance: first >> 4, start, end: start });
        }
        self.at = end;
        Some(Record { kind, instance: first >> 4, start, end })
    }
}

/// An object of another program, which is a compound file mostly: as it is, or compressed behind its length (§2.10.34).
fn open_object(instance: u16, content: &Bytes, found: &mut Dissection<'_>) {
    if content.is_empty() {
        return;
    }
    if instance == 0 {
        return found.add(Part::new(PartKind::Entry, content.clone()).named("object"), None);
    }
    let mut output = found.output();
    let end = found.unpack(Coding::Zlib, content.get(4..).unwrap_or_default(), &mut output);
    found.report_limit(end);
    found.add_output(PartKind::Entry, output);
}
