//! The records of a zip file, each read from its place without regard to the others.
//!
//! Source: PKWARE APPNOTE 6.3.10, §4.3.

use std::ops::Range;

use crate::content::number::{clamped, u16_at, u32_at, u64_at};

pub(super) const LOCAL: &[u8] = b"PK\x03\x04";
pub(super) const CENTRAL: &[u8] = b"PK\x01\x02";
pub(super) const END: &[u8] = b"PK\x05\x06";
pub(super) const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR: &[u8] = b"PK\x06\x07";

const LOCAL_LENGTH: usize = 30;
const CENTRAL_LENGTH: usize = 46;
pub(super) const END_LENGTH: usize = 22;
const END64_LENGTH: usize = 56;
const LOCATOR_LENGTH: usize = 20;

/// What stands in place of a number that is in the zip64 field.
const IN_ZIP64: u64 = u32::MAX as u64;

/// What a record says about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    /// Bytes in the archive.
    pub(super) packed: u64,
    /// Bytes of the entry.
    pub(super) size: u64,
    /// Where its name stands.
    pub(super) name: Range<usize>,
    /// Where its name in UTF-8 stands, which readers that know the field take in place of the other.
    pub(super) unicode_name: Option<Range<usize>>,
}

impl Header {
    /// Entries of the old encryption, of the strong one, and of AES.
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & 0x2041 != 0 || self.method == 99
    }

    /// Whether readers ask for a password. The bit of the strong encryption alone they do not look at.
    pub(super) fn asks_for_password(&self) -> bool {
        self.flags & 1 != 0 || self.method == 99
    }

    /// Whether checksum and sizes stand behind the content.
    pub(super) fn is_streamed(&self) -> bool {
        self.flags & 8 != 0
    }
}

/// An entry of the central directory.
#[derive(Clone, Debug)]
pub(super) struct Central {
    pub(super) header: Header,
    /// Where the local header is said to be.
    pub(super) local: u64,
    /// On which volume that is.
    pub(super) volume: u16,
    /// Where its comment stands.
    pub(super) comment: Range<usize>,
    pub(super) end: usize,
}

/// The header in front of an entry's content.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) header: Header,
    pub(super) at: usize,
    /// Where the content begins.
    pub(super) content: usize,
}

/// The end of a central directory: where that is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Entries, of which the short record counts only up to 65,535.
    pub(super) count: u64,
    pub(super) size: u64,
    pub(super) offset: u64,
    /// On which volume it is itself.
    pub(super) volume: u32,
    /// Where the records of the end begin.
    pub(super) at: usize,
}

pub(super) fn central(bytes: &[u8], at: usize) -> Option<Central> {
    if !bytes.get(at..)?.starts_with(CENTRAL) {
        return None;
    }
    let short = |offset| u16_at(bytes, at + offset);
    let name_end = at + CENTRAL_LENGTH + usize::from(short(28)?);
    let extra_end = name_end + usize::from(short(30)?);
    let end = extra_end + usize::from(short(32)?);
    let mut numbers = [u32_at(bytes, at + 24)?, u32_at(bytes, at + 20)?, u32_at(bytes, at + 42)?].map(u64::from);
    bytes.get(name_end..extra_end)?;
    widen(&mut numbers, bytes, name_end..extra_end);
    let [size, packed, local] = numbers;
    let (flags, method, crc) = (short(8)?, short(10)?, u32_at(bytes, at + 16)?);
    let unicode_name = unicode_name(bytes, name_end..extra_end);
    let header = Header { flags, method, crc, packed, size, name: at + CENTRAL_LENGTH..name_end, unicode_name };
    let volume = short(34)?;
    (end <= bytes.len()).then_some(Central { header, local, volume, comment: extra_end..end, end })
}

pub(super) fn local(bytes: &[u8], at: usize) -> Option<Local> {
    if !bytes.get(at..)?.starts_with(LOCAL) {
        return None;
    }
    let short = |offset| u16_at(bytes, at + offset);
    let name_end = at + LOCAL_LENGTH + usize::from(short(26)?);
    let content = name_end + usize::from(short(28)?);
    let mut numbers = [u32_at(bytes, at + 22)?, u32_at(bytes, at + 18)?].map(u64::from);
    bytes.get(name_end..content)?;
    widen(&mut numbers, bytes, name_end..content);
    let [size, packed] = numbers;
    let (flags, method, crc) = (short(6)?, short(8)?, u32_at(bytes, at + 14)?);
    let unicode_name = unicode_name(bytes, name_end..content);
    let header = Header { flags, method, crc, packed, size, name: at + LOCAL_LENGTH..name_end, unicode_name };
    Some(Local { header, at, content })
}

/// The fields in `extra`, up to the first that is cut off: what each is, and where its content stands.
fn fields(bytes: &[u8], extra: Range<usize>) -> impl Iterator<Item = (u16, Range<usize>)> + '_ {
    let mut at = extra.start;
    std::iter::from_fn(move || {
        let (id, length) = (u16_at(bytes, at)?, u16_at(bytes, at + 2)?);
        let content = at + 4..at + 4 + usize::from(length);
        at = content.end;
        (at <= extra.end).then_some((id, content))
    })
}

/// Replaces the numbers that are said to stand in the zip64 field of `extra`, which has those and no others.
fn widen(numbers: &mut [u64], bytes: &[u8], extra: Range<usize>) {
    let Some((_, field)) = fields(bytes, extra).find(|(id, _)| *id == 1) else {
        return;
    };
    let mut wide = bytes[field].as_chunks::<8>().0.iter().map(|number| u64::from_le_bytes(*number));
    for number in numbers.iter_mut().filter(|number| **number == IN_ZIP64) {
        match wide.next() {
            Some(wide) => *number = wide,
            None => return,
        }
    }
}

/// Where the name stands in the field "Info-ZIP Unicode Path" (APPNOTE §4.6.9): behind a version and a checksum of the
/// other name, which not every reader looks at.
fn unicode_name(bytes: &[u8], extra: Range<usize>) -> Option<Range<usize>> {
    let (_, field) = fields(bytes, extra).find(|(id, _)| *id == 0x7075)?;
    (field.len() > 5).then(|| field.start + 5..field.end)
}

/// Every reading of the end record at `at`: some readers always prefer the long record, some only where the short one
/// says so, and some look for the long one where it is said to be, others right in front.
pub(super) fn ends(bytes: &[u8], at: usize) -> Vec<End> {
    let Some(short) = short_end(bytes, at) else {
        return Vec::new();
    };
    let mut ends: Vec<End> = Vec::new();
    if let Some(locator) = at.checked_sub(LOCATOR_LENGTH).filter(|at| bytes[*at..].starts_with(LOCATOR)) {
        let places = [u64_at(bytes, locator + 8).map(clamped), locator.checked_sub(END64_LENGTH)];
        for long in places.into_iter().flatten().filter_map(|place| long_end(bytes, place)) {
            if !ends.contains(&long) {
                ends.push(long);
            }
        }
    }
    let says_more = |long: &End| {
        let fits = |short: u64, long, marker| short == marker || short == long;
        fits(short.count, long.count, u64::from(u16::MAX))
            && fits(short.size, long.size, IN_ZIP64)
            && fits(short.offset, long.offset, IN_ZIP64)
    };
    if ends.is_empty() || !ends.iter().all(says_more) {
        ends.push(short);
    }
    ends
}

/// Where the comment of the archive stands behind the short record at `at`, as far as it is there.
pub(super) fn comment(bytes: &[u8], at: usize) -> Range<usize> {
    let start = (at + END_LENGTH).min(bytes.len());
    let length = u16_at(bytes, at + 20).map_or(0, usize::from);
    start..(start + length).min(bytes.len())
}

fn short_end(bytes: &[u8], at: usize) -> Option<End> {
    let size = u64::from(u32_at(bytes, at + 12)?);
    let offset = u64::from(u32_at(bytes, at + 16)?);
    u16_at(bytes, at + 20)?;
    let volume = u32::from(u16_at(bytes, at + 4)?);
    Some(End { count: u64::from(u16_at(bytes, at + 10)?), size, offset, volume, at })
}

fn long_end(bytes: &[u8], at: usize) -> Option<End> {
    if !bytes.get(at..)?.starts_with(END64) {
        return None;
    }
    let number = |offset| u64_at(bytes, at.checked_add(offset)?);
    let volume = u32_at(bytes, at.checked_add(16)?)?;
    Some(End { count: number(32)?, size: number(40)?, offset: number(48)?, volume, at })
}
