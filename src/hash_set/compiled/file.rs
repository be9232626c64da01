//! The file of a compiled set: a header, sections, and a table that says where each section stands.
//!
//! ```text
//! header    64 bytes: magic, version, length of the file, place and checksum of the table, checksum of the header
//! sections  each from a multiple of 64 bytes on, so that what is read together shares as few cache lines as possible
//! table     32 bytes a section: what it is, where it stands, its XXH3 checksum
//! ```
//!
//! All numbers are little-endian. The same entries make the same bytes everywhere: there is no date in the file and no
//! order but that of the hashes.

use std::hash::Hasher as _;
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use twox_hash::XxHash3_64;

use super::blocks::BlockWriter;

/// As in PNG, a byte that is no text and line ends of both kinds tell a file that was sent as text.
const MAGIC: [u8; 8] = *b"\x89PSET\r\n\x1a";

/// The version that is written, and the only one that is read.
pub(super) const VERSION: u32 = 2;

const HEADER: usize = 64;
const ENTRY: usize = 32;
const ALIGN: u64 = 64;

/// Sections of a set at most; a set has a few dozen.
const MAX_SECTIONS: u64 = 4_096;

/// Whether `start` begins a compiled set, of whatever version.
pub fn is_compiled(start: &[u8]) -> bool {
    start.starts_with(&MAGIC)
}

/// Why a file is no compiled set that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is something else.
    #[error("not a compiled hash set; make one with \"penstock set compile\"")]
    Foreign,
    /// It was written by an earlier or a later Penstock.
    #[error(
        "written in version {found} of the format, this Penstock reads version {VERSION}; compile the set again or update"
    )]
    Newer {
        /// The version it has.
        found: u32,
    },
    /// It was cut off or appended to.
    #[error(
        "the file has {found} bytes and says it should have {expected}: it was cut off or copied badly; compile or copy it again"
    )]
    Length {
        /// Bytes it should have.
        expected: u64,
        /// Bytes it has.
        found: u64,
    },
    /// It was changed.
    #[error("{part} does not agree with its checksum: the file is damaged; compile or copy it again")]
    Damaged {
        /// Which part.
        part: &'static str,
    },
    /// The checksums are right and what they protect makes no sense.
    #[error("{part} makes no sense: the file was not written by Penstock; compile the set again")]
    Senseless {
        /// Which part.
        part: &'static str,
    },
}

/// What a section is. Numbers are part of the format and never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum SectionKind {
    /// JSON: how the set was made.
    Info = 1,
    /// Records of what many entries share.
    Profiles = 2,
    ProfileStarts = 3,
    /// Records of what was taken back.
    Removals = 4,
    RemovalStarts = 5,
    /// Sorted hashes of one algorithm.
    Hashes = 16,
    /// The profile of each row: one, two or four bytes.
    RowProfiles = 17,
    /// Records of what a row has for itself.
    RowTexts = 18,
    RowTextStarts = 19,
    /// Where the digests with the same first bits start.
    Directory = 20,
    /// The layout of a Hamming index.
    Layout = 21,
    /// Its tables.
    IndexTables = 22,
    /// Records of what is only kept; `owner` is a kind of it.
    Kept = 32,
    KeptStarts = 33,
    KeptProfiles = 34,
    KeptTexts = 35,
    KeptTextStarts = 36,
}

/// Which section: of what kind, and of which algorithm or kind of kept item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SectionName {
    pub(super) kind: SectionKind,
    pub(super) owner: u16,
}

impl SectionName {
    /// A section that there is one of.
    pub(super) const fn of(kind: SectionKind) -> Self {
        Self { kind, owner: 0 }
    }

    fn to_bytes(self) -> [u8; 8] {
        let mut bytes = [0; 8];
        bytes[..2].copy_from_slice(&(self.kind as u16).to_le_bytes());
        bytes[2..4].copy_from_slice(&self.owner.to_le_bytes());
        bytes
    }
}

/// Writes a set section by section, so that no more than one is in memory.
pub(super) struct SetWriter<W> {
    out: BlockWriter<W>,
    at: u64,
    table: Vec<u8>,
}

impl<W: Write + Seek> SetWriter<W> {
    /// Begins a set at the start of `out`.
    pub(super) fn begin(out: W) -> io::Result<Self> {
        let mut out = BlockWriter::new(out);
        out.write_all(&[0; HEADER])?;
        Ok(Self { out, at: HEADER as u64, table: Vec::new() })
    }

    /// Writes a section. An empty one is the same as none.
    pub(super) fn section(&mut self, name: SectionName, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.pieces(name, |write| write(bytes))
    }

    /// Writes a section that `give` gives piece by piece.
    pub(super) fn pieces<T, E: From<io::Error>>(
        &mut self,
        name: SectionName,
        give: impl FnOnce(&mut dyn FnMut(&[u8]) -> io::Result<()>) -> Result<T, E>,
    ) -> Result<T, E> {
        let padding = self.at.next_multiple_of(ALIGN) - self.at;
        self.out.write_all(&[0; ALIGN as usize][..padding as usize])?;
        self.at += padding;
        let (mut length, mut checksum) = (0, XxHash3_64::new());
        let given = give(&mut |piece| {
            length += piece.len() as u64;
            checksum.write(piece);
            self.out.write_all(piece)
        })?;
        self.table.extend(name.to_bytes());
        for number in [self.at, length, checksum.finish()] {
            self.table.extend(number.to_le_bytes());
        }
        self.at += length;
        Ok(given)
    }

    /// Writes the table and the header, and gives the file back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&self.table)?;
        let numbers = [
            u64::from(VERSION),
            self.at + self.table.len() as u64,
            self.at,
            (self.table.len() / ENTRY) as u64,
            XxHash3_64::oneshot(&self.table),
            0,
        ];
        let mut header = MAGIC.to_vec();
        header.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        header.extend(XxHash3_64::oneshot(&header).to_le_bytes());
        let mut out = self.out.finish()?;
        out.seek(SeekFrom::Start(0))?;
        out.write_all(&header)?;
        out.flush()?;
        Ok(out)
    }
}

/// A compiled set's file, cut into its sections.
#[derive(Clone)]
pub(super) struct SetFile {
    bytes: Bytes,
    table: Range<usize>,
}

/// Where a section stands, and its checksum.
struct Section {
    range: Range<usize>,
    checksum: u64,
}

impl SetFile {
    /// Checks the header and the table of `bytes`, which takes no longer for a large set than for a small one.
    ///
    /// The content of sections is only looked at by [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`OpenError`].
    pub(super) fn open(bytes: Bytes) -> Result<Self, OpenError> {
        if !is_compiled(&bytes) {
            return Err(OpenError::Foreign);
        }
        let found = bytes.len() as u64;
        let header: [u8; HEADER] = *bytes.first_chunk().ok_or(OpenError::Length { expected: HEADER as u64, found })?;
        let number = |position: usize| u64_at(&header, MAGIC.len() + 8 * position);
        let version = number(0);
        if version != u64::from(VERSION) {
            let found = u32::try_from(version).ok().filter(|version| *version > VERSION);
            return Err(found.map_or(OpenError::Damaged { part: "the header" }, |found| OpenError::Newer { found }));
        }
        if XxHash3_64::oneshot(&header[..HEADER - 8]) != number(6) {
            return Err(OpenError::Damaged { part: "the header" });
        }
        let (length, start, count) = (number(1), number(2), number(3));
        if found != length {
            return Err(OpenError::Length { expected: length, found });
        }
        let is_sound = count <= MAX_SECTIONS && start.checked_add(count * ENTRY as u64) == Some(length);
        if !is_sound {
            return Err(OpenError::Senseless { part: "the header" });
        }
        let file = Self { table: start as usize..bytes.len(), bytes };
        file.check_table(number(4))?;
        Ok(file)
    }

    fn check_table(&self, checksum: u64) -> Result<(), OpenError> {
        if XxHash3_64::oneshot(self.table()) != checksum {
            return Err(OpenError::Damaged { part: "the table of sections" });
        }
        let end = self.table.start as u64;
        let is_inside = |entry: &[u8; ENTRY]| {
            let (offset, length) = (u64_at(entry, 8), u64_at(entry, 16));
            offset.is_multiple_of(ALIGN) && offset.checked_add(length).is_some_and(|stop| stop <= end)
        };
        if !self.entries().iter().all(is_inside) {
            return Err(OpenError::Senseless { part: "the table of sections" });
        }
        Ok(())
    }

    /// Reads every byte and compares it with the checksums. Afterwards all pages are in memory.
    ///
    /// # Errors
    /// [`OpenError::Damaged`].
    pub(super) fn verify(&self) -> Result<(), OpenError> {
        let mut end = HEADER;
        for Section { range, checksum } in self.entries().iter().map(section_of) {
            let padding = self.bytes.get(end..range.start).unwrap_or(&[1]);
            end = range.end;
            if padding.iter().any(|byte| *byte != 0) || XxHash3_64::oneshot(&self.bytes[range]) != checksum {
                return Err(OpenError::Damaged { part: "the content" });
            }
        }
        if end == self.table.start { Ok(()) } else { Err(OpenError::Damaged { part: "the content" }) }
    }

    /// The first twelve hex digits of a SHA-256 over what the sections are and their checksums: equal sets have equal
    /// versions, wherever they were compiled and whatever their lists were called.
    pub(super) fn version(&self) -> String {
        let info = SectionName::of(SectionKind::Info).to_bytes();
        let mut digest = Sha256::new();
        self.entries().iter().filter(|entry| entry[..8] != info).for_each(|entry| digest.update(entry));
        data_encoding::HEXLOWER.encode(&digest.finalize()[..6])
    }

    /// The content of a section; empty when there is none.
    pub(super) fn section(&self, name: SectionName) -> Bytes {
        let wanted = name.to_bytes();
        let entry = self.entries().iter().find(|entry| entry[..8] == wanted);
        entry.map_or_else(Bytes::new, |entry| self.bytes.slice(section_of(entry).range))
    }

    /// Bytes of the whole file.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    fn table(&self) -> &[u8] {
        &self.bytes[self.table.clone()]
    }

    fn entries(&self) -> &[[u8; ENTRY]] {
        self.table().as_chunks().0
    }
}

fn section_of(entry: &[u8; ENTRY]) -> Section {
    let (offset, length) = (u64_at(entry, 8) as usize, u64_at(entry, 16) as usize);
    Section { range: offset..offset + length, checksum: u64_at(entry, 24) }
}

/// The number at `at`, which must be inside.
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
