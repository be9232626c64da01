//! A file that somebody put into a document, with its name: the stream `Ole10Native`.
//!
//! Sources: MS-OLEDS §2.3.6; what is in its data nobody but the programs that write it has said, so this follows what
//! Office and LibreOffice read.

use bytes::Bytes;

use crate::content::number::{u16_at, u32_at};
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::legible;

/// Longest name or path that is looked for.
const MAX_NAME: usize = 4096;

/// Hands out the file in `stream`. Where there are no names in front of it, it is all behind the length.
pub(in crate::extract) fn open(stream: &Bytes, found: &mut Dissection<'_>) {
    let Some(file) = File::read(stream) else {
        let start = stream.len().min(4);
        return found.add(Part::new(PartKind::Entry, stream.slice(start..)).named("embedded file"), None);
    };
    for name in [file.label, file.path, file.stored_as] {
        legible::show_name(name, found);
    }
    let part = Part::new(PartKind::Entry, stream.slice(file.start..file.end)).named("embedded file");
    found.add(Part { file_name: Some(String::from_utf8_lossy(file.label).into_owned()), ..part }, None);
}

struct File<'s> {
    label: &'s [u8],
    path: &'s [u8],
    /// Where the program that put it in had it.
    stored_as: &'s [u8],
    start: usize,
    end: usize,
}

impl<'s> File<'s> {
    fn read(stream: &'s [u8]) -> Option<Self> {
        // A length of all, and flags.
        let mut at = 6;
        u16_at(stream, 4).filter(|flags| *flags == 2)?;
        let label = zero_ended(stream, &mut at)?;
        let path = zero_ended(stream, &mut at)?;
        // Flags, then a path with its length.
        at += 8;
        let stored_as = zero_ended(stream, &mut at)?;
        let length = u32_at(stream, at)? as usize;
        let start = at + 4;
        Some(Self { label, path, stored_as, start, end: start.saturating_add(length).min(stream.len()) })
    }
}

/// The bytes at `at` up to a zero, behind which `at` is then.
fn zero_ended<'s>(stream: &'s [u8], at: &mut usize) -> Option<&'s [u8]> {
    let rest = stream.get(*at..)?;
    let length = memchr::memchr(0, &rest[..rest.len().min(MAX_NAME)])?;
    *at += length + 1;
    Some(&rest[..length])
}
