//! Cabinets of Windows.
//!
//! Source: "Microsoft Cabinet Format", Microsoft 1997. Files of a folder are compressed together, so that a folder is
//! unpacked as a whole, and its files are slices of that.

use bytes::Bytes;

use crate::body::{CabinetMethod, End};
use crate::content::number::{u16_at, u32_at};
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, legible};

use super::{Coverage, within};

const MAGIC: &[u8] = b"MSCF\0\0\0\0";

/// Longest name.
const MAX_NAME: usize = 512;

/// From this number on, a folder goes on in another cabinet, or comes from one.
const ELSEWHERE: u16 = 0xfffd;

/// What a folder is.
struct Folder {
    start: usize,
    blocks: usize,
    method: u16,
}

/// A file of a folder.
struct File<'a> {
    name: &'a [u8],
    start: usize,
    length: usize,
    folder: u16,
}

/// What stands in front.
struct Header {
    folders: usize,
    files: usize,
    file_count: usize,
    folder_count: usize,
    /// Bytes that are reserved in each folder and each block.
    in_folder: usize,
    in_block: usize,
}

pub(super) fn is_cabinet(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Hands out the files.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let Some(header) = Header::of(bytes) else {
        found.report(ProblemCode::ContainerBroken, None);
        return Coverage::Some;
    };
    let files = header.all_files(bytes);
    if files.len() < header.file_count {
        found.report(ProblemCode::ContainerBroken, Some(header.files));
    }
    for file in &files {
        legible::show_name(file.name, found);
        if file.folder >= ELSEWHERE {
            found.report(ProblemCode::ContainerIncomplete, None);
        }
    }
    for number in 0..header.folder_count {
        let Some(folder) = header.folder(bytes, number) else {
            found.report(ProblemCode::ContainerBroken, None);
            break;
        };
        let of_folder = files.iter().filter(|file| usize::from(file.folder) == number);
        hand_out(bytes, &header, &folder, of_folder, found);
        if found.is_over() {
            break;
        }
    }
    Coverage::Some
}

impl Header {
    fn of(bytes: &[u8]) -> Option<Self> {
        let count = |at| u16_at(bytes, at).map(usize::from);
        let flags = u16_at(bytes, 30)?;
        let mut at = 36;
        let (mut in_folder, mut in_block) = (0, 0);
        if flags & 4 != 0 {
            (in_folder, in_block) = (usize::from(*bytes.get(38)?), usize::from(*bytes.get(39)?));
            at = 40 + count(36)?;
        }
        // Names of the cabinets before and after, and of their discs.
        for _ in 0..2 * (u16::from(flags & 1 != 0) + u16::from(flags & 2 != 0)) {
            at += memchr::memchr(0, bytes.get(at..)?)? + 1;
        }
        let (files, folder_count, file_count) = (u32_at(bytes, 16)? as usize, count(26)?, count(28)?);
        Some(Self { folders: at, files, file_count, folder_count, in_folder, in_block })
    }

    fn folder(&self, bytes: &[u8], number: usize) -> Option<Folder> {
        let at = self.folders + number * (8 + self.in_folder);
        let (start, blocks, method) = (u32_at(bytes, at)?, u16_at(bytes, at + 4)?, u16_at(bytes, at + 6)?);
        Some(Folder { start: start as usize, blocks: usize::from(blocks), method })
    }

    fn all_files<'a>(&self, bytes: &'a [u8]) -> Vec<File<'a>> {
        let mut at = self.files;
        let next = || {
            let (length, start, folder) = (u32_at(bytes, at)?, u32_at(bytes, at + 4)?, u16_at(bytes, at + 8)?);
            let name = bytes.get(at + 16..)?;
            let end = memchr::memchr(0, &name[..name.len().min(MAX_NAME)])?;
            at += 16 + end + 1;
            Some(File { name: &name[..end], start: start as usize, length: length as usize, folder })
        };
        std::iter::from_fn(next).take(self.file_count).collect()
    }
}

/// The blocks of `folder`, as far as they are there, with their lengths once they are unpacked.
fn blocks<'a>(bytes: &'a [u8], header: &Header, folder: &Folder) -> Vec<(&'a [u8], usize)> {
    let mut at = folder.start;
    let next = || {
        let (packed, length) = (u16_at(bytes, at + 4)?, u16_at(bytes, at + 6)?);
        let start = at + 8 + header.in_block;
        at = start + usize::from(packed);
        Some((bytes.get(start..at)?, usize::from(length)))
    };
    std::iter::from_fn(next).take(folder.blocks).collect()
}

fn hand_out<'a>(
    bytes: &Bytes,
    header: &Header,
    folder: &Folder,
    files: impl Iterator<Item = &'a File<'a>>,
    found: &mut Dissection<'_>,
) {
    let method = match folder.method & 15 {
        0 => CabinetMethod::Stored,
        1 => CabinetMethod::MsZip,
        3 => CabinetMethod::Lzx((folder.method >> 8 & 31) as u8),
        _ => return found.report(ProblemCode::ContainerMethodUnknown, Some(folder.start)),
    };
    let blocks = blocks(bytes, header, folder);
    let mut output = found.output();
    let end = found.unpack_cabinet(method, &blocks, &mut output);
    if end == End::Broken || blocks.len() < folder.blocks {
        found.report(ProblemCode::ContainerBroken, Some(folder.start));
    }
    found.report_limit(end);
    let Some(content) = found.take(output) else { return };
    for file in files {
        let part = within(&content, file.start, file.start.saturating_add(file.length));
        if !part.is_empty() && !found.is_over() {
            let name = String::from_utf8_lossy(file.name).into_owned();
            found.add(Part::new(PartKind::Entry, part).named(name), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::container::testing::{codes, entries, fixture, listed, opened};

    #[test]
    fn cabinets_are_opened() {
        for name in ["stored.cab", "mszip.cab", "lzx.cab"] {
            let found = opened(fixture(name));
            assert_eq!((codes(&found), listed(&found)), (vec![], 1), "{name}");
            let numbers: String = (1..=400).map(|number| format!("{number}\n")).collect();
            let entries = entries(&found);
            assert!(
                entries
                    .iter()
                    .any(|(name, content)| name.ends_with("numbers.txt") && content.starts_with(numbers.as_bytes())),
                "{name}"
            );
        }
    }

    #[test]
    fn damaged_cabinets_give_what_can_be_read() {
        let whole = fixture("mszip.cab");
        for cut in [10, 40, 60, whole.len() - 9] {
            let codes = codes(&opened(whole[..cut].to_vec()));
            assert!(!codes.is_empty() && codes.iter().all(|code| *code == ProblemCode::ContainerBroken), "{cut}");
        }
        let mut quantum = fixture("stored.cab").to_vec();
        quantum[42] = 2;
        assert_eq!(codes(&opened(quantum)), [ProblemCode::ContainerMethodUnknown]);
    }

    proptest::proptest! {
        #[test]
        fn no_cabinet_makes_it_panic(
            name in proptest::sample::select(vec!["stored.cab", "mszip.cab", "lzx.cab"]),
            flips in proptest::collection::vec((8..4000_usize, proptest::prelude::any::<u8>()), 0..6),
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
