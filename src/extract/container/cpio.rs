//! Archives of cpio, in the new, the portable and the old binary format; packages of RPM, which have one in them.
//!
//! Sources: cpio(5) of FreeBSD; "RPM Package File Format", Linux Standard Base 5.0.

use bytes::Bytes;

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, legible};

use super::{Coverage, within};
use crate::content::number::{array_at, clamped, u16_at};

/// The name of the last entry.
const TRAILER: &[u8] = b"TRAILER!!!";

/// Longest name that anybody writes.
const MAX_NAME: usize = 64 << 10;

/// How a package of RPM begins, and each header in it.
const LEAD: &[u8] = b"\xed\xab\xee\xdb";
const LEAD_LENGTH: usize = 96;
const RPM_HEADER: &[u8] = b"\x8e\xad\xe8\x01";

/// What a header says.
struct Header {
    length: usize,
    /// Bytes of the name, with the zero after it.
    name: usize,
    size: u64,
    /// Name and content each end at a multiple of this.
    align: usize,
}

impl Header {
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let number = |range: std::ops::Range<usize>, radix| {
            let digits = str::from_utf8(bytes.get(at..)?.get(range)?).ok()?;
            digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, radix).ok())?
        };
        let header = match bytes.get(at..)? {
            [b'0', b'7', b'0', b'7', b'0', b'1' | b'2', ..] => {
                Self { length: 110, name: clamped(number(94..102, 16)?), size: number(54..62, 16)?, align: 4 }
            }
            [b'0', b'7', b'0', b'7', b'0', b'7', ..] => {
                Self { length: 76, name: clamped(number(59..65, 8)?), size: number(65..76, 8)?, align: 1 }
            }
            [0xc7, 0x71, ..] => {
                let size = u64::from(u16_at(bytes, at + 22)?) << 16 | u64::from(u16_at(bytes, at + 24)?);
                Self { length: 26, name: usize::from(u16_at(bytes, at + 20)?), size, align: 2 }
            }
            _ => return None,
        };
        let last = at.checked_add(header.length)?.checked_add(header.name.checked_sub(1)?)?;
        (header.name <= MAX_NAME && bytes.get(last) == Some(&0)).then_some(header)
    }
}

pub(super) fn is_cpio(bytes: &[u8]) -> bool {
    Header::at(bytes, 0).is_some()
}

/// Hands out the entries, each a slice. Behind the last one may be another archive, as the Linux kernel has it, or
/// anything else.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let mut at = 0;
    while at < bytes.len() && !found.is_over() {
        let Some(header) = Header::at(bytes, at) else {
            found.report(ProblemCode::ContainerBroken, Some(at));
            return Coverage::Some;
        };
        let name = &bytes[at + header.length..at + header.length + header.name - 1];
        let start = (at + header.length + header.name).next_multiple_of(header.align);
        if name == TRAILER {
            let Some(gap) = bytes[start.min(bytes.len())..].iter().position(|byte| *byte != 0) else {
                return Coverage::Entries;
            };
            at = start + gap;
            if Header::at(bytes, at).is_none() {
                return Coverage::Some;
            }
            continue;
        }
        legible::show_name(name, found);
        let end = start.saturating_add(clamped(header.size));
        if end > bytes.len() {
            found.report(ProblemCode::ContainerBroken, Some(at));
        }
        let content = within(bytes, start, end);
        if !content.is_empty() {
            let name = String::from_utf8_lossy(name).into_owned();
            found.add(Part::new(PartKind::Entry, content).named(name), Some(at));
        }
        at = end.checked_next_multiple_of(header.align).unwrap_or(usize::MAX);
    }
    Coverage::Entries
}

pub(super) fn is_rpm(bytes: &[u8]) -> bool {
    bytes.starts_with(LEAD)
}

/// Hands out the compressed archive after both headers.
pub(super) fn open_rpm(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let behind = |at: usize| {
        let number = |at| array_at(bytes, at).map(u32::from_be_bytes);
        let is_header = bytes.get(at..)?.starts_with(RPM_HEADER);
        let length = 16 + 16 * u64::from(number(at + 8)?) + u64::from(number(at + 12)?);
        is_header.then(|| at.saturating_add(clamped(length)))
    };
    let start = behind(LEAD_LENGTH).and_then(|end| behind(end.checked_next_multiple_of(8)?));
    match start.filter(|start| *start < bytes.len()) {
        Some(start) => found.add(Part::new(PartKind::Entry, bytes.slice(start..)), Some(start)),
        None => found.report(ProblemCode::ContainerBroken, None),
    }
    Coverage::Some
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::container::testing::{codes, entries, fixture, listed, opened};

    #[test]
    fn archives_of_every_format_are_opened() {
        for name in ["newc.cpio", "odc.cpio", "binary.cpio"] {
            let found = opened(fixture(name));
            assert_eq!((codes(&found), listed(&found)), (vec![], 1), "{name}");
            let names: Vec<&str> = entries(&found).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["listed.txt", "folder/numbers.txt"], "{name}");
        }
        let found = opened(fixture("package.rpm"));
        assert_eq!((codes(&found), listed(&found)), (vec![], 1));
    }

    #[test]
    fn what_follows_the_last_entry_is_another_archive_or_is_carved() {
        let one = fixture("newc.cpio");
        let two = opened([&one[..], &[0; 8], &one].concat());
        assert_eq!((codes(&two), listed(&two)), (vec![], 2));
        let png = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pictures/palette.png")).unwrap();
        let found = opened([&one[..], &png].concat());
        assert_eq!(codes(&found), []);
        assert!(found.parts.iter().any(|part| part.bytes == png));
    }

    #[test]
    fn damaged_archives_give_what_can_be_read() {
        let whole = fixture("newc.cpio");
        for cut in [&whole[..130], &whole[..400]] {
            assert_eq!(codes(&opened(cut.to_vec())), [ProblemCode::ContainerBroken]);
        }
        assert_eq!(codes(&opened(b"070701 is no archive".to_vec())), []);
        let package = fixture("package.rpm");
        assert_eq!(codes(&opened(package[..200].to_vec())), [ProblemCode::ContainerBroken]);
    }

    proptest::proptest! {
        #[test]
        fn no_archive_makes_it_panic(
            name in proptest::sample::select(vec!["newc.cpio", "odc.cpio", "binary.cpio", "package.rpm"]),
            flips in proptest::collection::vec((0..400_usize, proptest::prelude::any::<u8>()), 0..6),
        ) {
            let mut bytes = fixture(name).to_vec();
            for (at, value) in flips {
                let at = at % bytes.len();
                bytes[at] = value;
            }
            opened(bytes);
        }
    }
}
