//! Images of CDs and DVDs: ISO 9660, with the names of Joliet and Rock Ridge.
//!
//! Sources: ECMA-119 for descriptors and folders; "Joliet Specification", Microsoft 1995; IEEE P1282 for the field
//! `NM`. A file is the same bytes in each of the trees, so that it is handed out once, and its name in each is shown.

use std::collections::HashSet;

use bytes::Bytes;

use crate::content::number::{u16_at, u32_at};
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, legible};

use super::{Coverage, within};

/// Sectors before the first descriptor, and their length.
const FIRST: usize = 16;
const SECTOR: usize = 2048;

/// Descriptors that are looked at.
const MAX_DESCRIPTORS: usize = 64;

/// Longest name that is put together.
const MAX_NAME: usize = 1 << 10;

const IS_FOLDER: u8 = 2;
const GOES_ON: u8 = 0x80;

/// One tree of folders.
struct Tree {
    root: (usize, usize),
    /// Bytes of a block.
    block: usize,
    is_joliet: bool,
}

pub(super) fn is_iso(bytes: &[u8]) -> bool {
    descriptor(bytes, 0).is_some()
}

/// The file system that is on newer discs, without the one that this file reads.
pub(super) fn is_udf_alone(bytes: &[u8]) -> bool {
    let at = FIRST * SECTOR + 1;
    !is_iso(bytes) && bytes.get(at..at + 5).is_some_and(|mark| mark == b"BEA01")
}

fn descriptor(bytes: &[u8], number: usize) -> Option<&[u8]> {
    let at = (FIRST + number) * SECTOR;
    bytes.get(at..at + SECTOR).filter(|sector| &sector[1..6] == b"CD001")
}

/// Hands out the files of all trees.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let mut walk = Walk { bytes, folders: HashSet::new(), files: HashSet::new() };
    for tree in (0..MAX_DESCRIPTORS).map_while(|number| descriptor(bytes, number)).filter_map(Tree::of) {
        walk.folders.clear();
        walk.follow(&tree, found);
    }
    Coverage::Some
}

impl Tree {
    /// The tree of a primary or supplementary descriptor.
    fn of(sector: &[u8]) -> Option<Self> {
        let is_joliet = sector[0] == 2 && sector[88..120].windows(2).any(|two| two == b"%/");
        let block = usize::from(u16_at(sector, 128)?).max(512);
        let root = (u32_at(sector, 156 + 2)? as usize, u32_at(sector, 156 + 10)? as usize);
        matches!(sector[0], 1 | 2).then_some(Self { root, block, is_joliet })
    }
}

struct Walk<'w> {
    bytes: &'w Bytes,
    /// Places of folders that have been read, in this tree.
    folders: HashSet<usize>,
    /// Places and lengths of files that have been handed out.
    files: HashSet<(usize, usize)>,
}

impl Walk<'_> {
    /// `length` bytes from `block` on, as far as they are there.
    fn extent(&self, tree: &Tree, block: usize, length: usize, found: &mut Dissection<'_>) -> Bytes {
        let start = block.saturating_mul(tree.block);
        let end = start.saturating_add(length);
        if end > self.bytes.len() {
            found.report(ProblemCode::ContainerBroken, Some(start.min(self.bytes.len())));
        }
        within(self.bytes, start, end)
    }

    fn follow(&mut self, tree: &Tree, found: &mut Dissection<'_>) {
        let mut folders = vec![tree.root];
        while let Some((block, length)) = folders.pop() {
            if !self.folders.insert(block) || found.is_over() {
                continue;
            }
            let folder = self.extent(tree, block, length, found);
            // Extents of a file in pieces, and where it begins.
            let mut pieces: Vec<(usize, usize)> = Vec::new();
            let mut at = 0;
            while at < folder.len() && !found.is_over() {
                let length = usize::from(folder[at]);
                if length == 0 {
                    // No record goes over the end of a sector.
                    at = (at + 1).next_multiple_of(tree.block);
                    continue;
                }
                let Some(record) = folder.get(at..at + length).and_then(|record| Record::of(record, tree)) else {
                    found.report(ProblemCode::ContainerBroken, None);
                    break;
                };
                at += length;
                if record.is_own() {
                    continue;
                }
                if record.flags & IS_FOLDER != 0 {
                    legible::show_name(record.name.as_bytes(), found);
                    folders.push((record.block, record.length));
                    continue;
                }
                pieces.push((record.block, record.length));
                if record.flags & GOES_ON == 0 {
                    self.hand_out(tree, &std::mem::take(&mut pieces), record.name, found);
                }
            }
        }
    }

    /// Hands out a file, whose pieces nearly always follow each other.
    fn hand_out(&mut self, tree: &Tree, pieces: &[(usize, usize)], name: String, found: &mut Dissection<'_>) {
        legible::show_name(name.as_bytes(), found);
        let mut rest = pieces;
        while let Some(((block, length), others)) = rest.split_first() {
            let (mut end, mut whole, mut others) = (block.saturating_mul(tree.block) + length, *length, others);
            while let Some(((next, length), more)) = others.split_first()
                && next.saturating_mul(tree.block) == end
            {
                (end, whole, others) = (end.saturating_add(*length), whole.saturating_add(*length), more);
            }
            rest = others;
            if !self.files.insert((*block, whole)) || whole == 0 {
                continue;
            }
            let content = self.extent(tree, *block, whole, found);
            if !content.is_empty() {
                found.add(Part::new(PartKind::Entry, content).named(name.clone()), Some(block * tree.block));
            }
        }
    }
}

/// A file or a folder in a folder.
struct Record {
    block: usize,
    length: usize,
    flags: u8,
    name: String,
}

impl Record {
    fn of(record: &[u8], tree: &Tree) -> Option<Self> {
        let (block, length) = (u32_at(record, 2)? as usize, u32_at(record, 10)? as usize);
        let (flags, name_length) = (*record.get(25)?, usize::from(*record.get(32)?));
        // Blocks of extended attributes stand in front of the content.
        let block = block + usize::from(record[1]);
        let written = record.get(33..33 + name_length)?;
        let name = if tree.is_joliet && name_length > 1 { joliet(written) } else { lossy(written) };
        let rest = record.get(33 + name_length + (name_length + 1) % 2..).unwrap_or_default();
        let name = rock_ridge(rest).unwrap_or(name);
        Some(Self { block, length, flags, name })
    }

    /// Whether it is the folder itself, or the one that it is in.
    fn is_own(&self) -> bool {
        matches!(self.name.as_bytes(), [0 | 1])
    }
}

fn lossy(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    name.strip_suffix(";1").unwrap_or(&name).to_owned()
}

fn joliet(name: &[u8]) -> String {
    let units = name.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
    let name: String = char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect();
    name.strip_suffix(";1").unwrap_or(&name).to_owned()
}

/// The name in the fields `NM`, each two letters, a length, a version and flags.
fn rock_ridge(mut fields: &[u8]) -> Option<String> {
    let mut name = Vec::new();
    while let [one, two, length, _, ..] = *fields {
        let Some(field) = fields.get(..usize::from(length)).filter(|field| field.len() >= 4) else { break };
        if [one, two] == *b"NM" && field.len() > 5 && name.len() < MAX_NAME {
            name.extend_from_slice(&field[5..]);
        }
        fields = &fields[field.len()..];
    }
    (!name.is_empty()).then(|| String::from_utf8_lossy(&name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::container::testing::{LISTED, codes, fixture, opened};

    fn image(name: &str) -> Vec<u8> {
        let packed = fixture(name);
        opened(packed).parts.into_iter().find(|part| is_iso(&part.bytes)).expect("an image").bytes.to_vec()
    }

    #[test]
    fn files_of_all_trees_are_handed_out_once_under_each_name() {
        for name in ["genisoimage.iso.gz", "bsdtar.iso.gz"] {
            let found = opened(image(name));
            assert_eq!(codes(&found), [], "{name}");
            assert_eq!(found.parts.iter().filter(|part| part.bytes == LISTED).count(), 1);
            let names: Vec<_> = found.parts.iter().filter(|part| part.kind == PartKind::Name).collect();
            assert!(names.iter().any(|part| part.bytes == "numbers.txt"), "{name}");
        }
    }

    #[test]
    fn images_that_are_cut_off_or_go_round_give_what_can_be_read() {
        let whole = image("genisoimage.iso.gz");
        let cut = opened(whole[..40 * SECTOR].to_vec());
        assert!(codes(&cut).iter().all(|code| *code == ProblemCode::ContainerBroken));
        // The first folder of the root is the root itself.
        let mut round = whole.clone();
        let root = u32_at(&round, FIRST * SECTOR + 158).unwrap() as usize * SECTOR;
        for at in (root..root + SECTOR - 34).filter(|at| whole[at + 25] == IS_FOLDER && whole[*at] > 34) {
            round[at + 2..at + 6].copy_from_slice(&((root / SECTOR) as u32).to_le_bytes());
        }
        assert!(opened(round).parts.len() < 200);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]
        #[test]
        fn no_image_makes_it_panic(flips in proptest::collection::vec((0x8000..0x10000_usize, 0..=255_u8), 0..20)) {
            let mut bytes = image("genisoimage.iso.gz");
            for (at, value) in flips {
                bytes[at] = value;
            }
            opened(bytes);
        }
    }
}
