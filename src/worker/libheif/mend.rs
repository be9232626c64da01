//! Takes out of a file what libheif refuses the whole of it for, and no reader shows.
//!
//! Cameras write more than one picture into a HEIC and say which of them the auxiliary ones (depth, gain map, mattes)
//! belong to. libheif as Debian has it refuses a file of which one belongs to two pictures, as iPhones write it, and
//! any libheif one that belongs to a picture that is not there. Such a reference is renamed to one that libheif does
//! not know, and the auxiliary picture is hidden, as it would be with the reference. Alpha of several pictures is not
//! touched, since it changes how they look. Nor does libheif bear metadata of several pictures: what metadata describe
//! is not asked at all.
//!
//! It also refuses sequences that do not name the brand of the still picture which they hold besides.
//!
//! Source: ISO/IEC 14496-12, §8.11 (boxes of items); 23008-12, §6.4 (auxiliary pictures).

use std::ops::Range;

/// A name of references that nobody knows.
const UNKNOWN: &[u8; 4] = b"xaux";

/// How the names begin that auxiliary pictures of alpha have, in HEIC and in AVIF.
const ALPHA: [&[u8]; 2] = [b"urn:mpeg:hevc:2015:auxid:1\0", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"];

/// A flag of an item: it is not to be shown by itself.
const HIDDEN: u8 = 1;

/// Bytes of a box before its content: its length and name, for some also version and flags.
const HEAD: usize = 8;
const FULL_HEAD: usize = 12;

/// Brands of files that libheif reads.
const BRANDS: [&[u8; 4]; 8] = [b"avif", b"heic", b"heim", b"heis", b"heix", b"hevc", b"hevx", b"mif1"];

/// Mends `file` in place; one that is put together otherwise than expected is left alone.
pub(super) fn mend(file: &mut [u8]) {
    if let Some(brand) = brand(file) {
        file[brand..][..4].copy_from_slice(b"mif1");
    }
    for change in changes(file).unwrap_or_default() {
        file[change.reference + 4..][..4].copy_from_slice(UNKNOWN);
        if let Some(item) = change.item {
            file[item + FULL_HEAD - 1] |= HIDDEN;
        }
    }
}

/// Whether `file` has frames of a sequence and no still picture.
pub(super) fn is_only_sequence(file: &[u8]) -> bool {
    let has = |name: &[u8; 4]| boxes(file, 0..file.len()).any(|(found, _)| found == *name);
    has(b"moov") && !has(b"meta")
}

/// Where the first of the brands is if none is one that libheif reads. Before them are one more and its version.
fn brand(file: &[u8]) -> Option<usize> {
    let (_, own) = boxes(file, 0..file.len()).next().filter(|(name, _)| name == b"ftyp")?;
    let brands = file.get(own.start + HEAD..own.end)?.as_chunks::<4>().0;
    let is_known = brands.iter().any(|brand| BRANDS.contains(&brand));
    (!is_known && !brands.is_empty()).then_some(own.start + HEAD)
}

/// Where a reference is to be renamed, and an item to be hidden.
struct Change {
    reference: usize,
    item: Option<usize>,
}

fn changes(file: &[u8]) -> Option<Vec<Change>> {
    let meta = boxes(file, 0..file.len()).find(|(name, _)| name == b"meta")?.1;
    let inside = |name: &[u8; 4]| boxes(file, meta.start + 4..meta.end).find(|(found, _)| found == name);
    let items = items(file, inside(b"iinf")?.1)?;
    let references = inside(b"iref")?.1;
    let primary = inside(b"pitm").and_then(|(_, own)| number(file, own.start + 4, *file.get(own.start)? == 0));
    let has_alpha = ALPHA.iter().any(|name| memchr::memmem::find(&file[meta.clone()], name).is_some());
    let is_short = *file.get(references.start)? == 0;
    let mut changes = Vec::new();
    for (name, own) in boxes(file, references.start + 4..references.end) {
        let Some((from, masters)) = masters(file, &own, is_short) else { continue };
        let is_of_none = masters.iter().any(|master| items.iter().all(|(id, _)| id != master));
        let is_of_many = masters.len() > 1 && !has_alpha;
        if &name == b"cdsc" {
            changes.push(Change { reference: own.start - HEAD, item: None });
        } else if &name == b"auxl" && (is_of_none || is_of_many) {
            let item = items.iter().find(|(id, _)| *id == from && Some(from) != primary).map(|(_, place)| *place);
            changes.push(Change { reference: own.start - HEAD, item });
        }
    }
    Some(changes)
}

/// The number of each item, and where its box begins.
fn items(file: &[u8], own: Range<usize>) -> Option<Vec<(u32, usize)>> {
    let counted = own.start + if *file.get(own.start)? == 0 { 6 } else { 8 };
    let entries = boxes(file, counted..own.end).filter(|(name, _)| name == b"infe");
    let item = |(_, entry): (_, Range<usize>)| {
        let is_short = *file.get(entry.start)? < 3;
        Some((number(file, entry.start + 4, is_short)?, entry.start - HEAD))
    };
    Some(entries.filter_map(item).collect())
}

/// The item that a reference is of, and those that it leads to.
fn masters(file: &[u8], own: &Range<usize>, is_short: bool) -> Option<(u32, Vec<u32>)> {
    let each = if is_short { 2 } else { 4 };
    let from = number(file, own.start, is_short)?;
    let count = number(file, own.start + each, true)? as usize;
    let start = own.start + each + 2;
    let ids =
        (0..count).map(|at| number(file, start + at * each, is_short).filter(|_| start + (at + 1) * each <= own.end));
    Some((from, ids.collect::<Option<_>>()?))
}

fn number(file: &[u8], at: usize, is_short: bool) -> Option<u32> {
    let bytes = file.get(at..)?;
    if is_short {
        bytes.first_chunk().map(|bytes| u32::from(u16::from_be_bytes(*bytes)))
    } else {
        bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }
}

/// Name and content of the boxes in a part of `file`, up to one that is longer than it may be. Boxes of more than 4 GiB
/// have another head and none in them that matters here.
fn boxes(file: &[u8], part: Range<usize>) -> impl Iterator<Item = ([u8; 4], Range<usize>)> {
    let mut at = part.start;
    std::iter::from_fn(move || {
        let [a, b, c, d, name @ ..] = *file.get(at..part.end)?.first_chunk::<HEAD>()?;
        let length = match u32::from_be_bytes([a, b, c, d]) as usize {
            0 => part.end - at,
            length => length,
        };
        let end = at.checked_add(length).filter(|end| length >= HEAD && *end <= part.end)?;
        let content = at + HEAD..end;
        at = end;
        Some((name, content))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        [&(content.len() as u32 + 8).to_be_bytes()[..], name, &content].concat()
    }

    fn item(number: u8, name: &[u8; 4]) -> Vec<u8> {
        boxed(b"infe", &[&[2, 0, 0, 0, 0, number, 0, 0], name, &[0]])
    }

    fn reference(from: u8, to: &[u8]) -> Vec<u8> {
        let masters: Vec<u8> = to.iter().flat_map(|id| [0, *id]).collect();
        boxed(b"auxl", &[&[0, from, 0, to.len() as u8], &masters])
    }

    /// Pictures 1, which is shown, 2 and 3, and what the references say.
    fn file(references: &[Vec<u8>], kind: &[u8]) -> Vec<u8> {
        let items = [item(1, b"hvc1"), item(2, b"hvc1"), item(3, b"hvc1")].concat();
        let meta = [
            boxed(b"pitm", &[&[0, 0, 0, 0, 0, 1]]),
            boxed(b"iinf", &[&[0, 0, 0, 0, 0, 3], &items]),
            boxed(b"iref", &[&[0; 4], &references.concat()]),
            boxed(b"auxC", &[&[0; 4], kind, &[0]]),
        ];
        let brands = boxed(b"ftyp", &[b"avis\0\0\0\0avismsf1"]);
        [brands, boxed(b"meta", &[&[0; 4], &meta.concat()]), boxed(b"mdat", &[&[7; 9]])].concat()
    }

    /// References that are left, and items that are hidden.
    fn left(file: &[u8]) -> (usize, usize) {
        let count = |name: &[u8; 4]| memchr::memmem::find_iter(file, name).count();
        let hidden = memchr::memmem::find_iter(file, b"infe\x02\0\0\x01").count();
        (count(b"auxl"), hidden)
    }

    #[test]
    fn what_belongs_to_several_pictures_or_to_none_is_hidden() {
        for (what, references, kind, expected) in [
            ("one picture", vec![reference(3, &[1])], &b"depth"[..], (1, 0)),
            ("two pictures", vec![reference(3, &[1, 2])], b"depth", (0, 1)),
            ("one picture, and two", vec![reference(2, &[1]), reference(3, &[1, 2])], b"depth", (1, 1)),
            ("alpha of two pictures", vec![reference(3, &[1, 2])], ALPHA[0], (1, 0)),
            ("alpha of a picture that is not there", vec![reference(3, &[0])], ALPHA[1], (0, 1)),
            ("the picture that is shown", vec![reference(1, &[2, 3])], b"depth", (0, 0)),
        ] {
            let mut mended = file(&references, kind);
            let length = mended.len();
            mend(&mut mended);
            assert_eq!((left(&mended), mended.len()), (expected, length), "{what}");
            assert_eq!(&mended[..24], b"\0\0\0\x18ftypavis\0\0\0\0mif1msf1", "{what}");
        }
    }

    #[test]
    fn a_file_that_is_damaged_is_left_alone_wherever_it_ends() {
        let whole = file(&[reference(3, &[1, 2])], b"depth");
        for length in 0..whole.len() {
            let mut cut = whole[..length].to_vec();
            mend(&mut cut);
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                mend(&mut damaged);
                assert_eq!(damaged.len(), whole.len());
            }
        }
    }
}
