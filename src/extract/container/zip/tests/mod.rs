//! Archives of common tools, which have no problem, and archives that two unpackers read differently.

use super::*;
use crate::config::Ambiguity;
use crate::content::{ExtractLimits, PartKind};
use crate::extract::container::testing::{LISTED, codes, entries, fixture, listed, opened, opened_within};
use crate::extract::{Extraction, Source};

mod embedded;
mod volumes;

use ProblemCode::{ContainerAmbiguous, ContainerBroken, ContainerEncrypted, ContainerMethodUnknown, ContainerSize};

/// An entry, and what its two headers say about it.
#[derive(Clone, Debug)]
struct Made {
    name: &'static str,
    method: u16,
    flags: u16,
    data: Vec<u8>,
    size: u32,
    packed: u32,
    crc: u32,
    extra: Vec<u8>,
    behind: Vec<u8>,
}

fn stored(name: &'static str, content: &[u8]) -> Made {
    let (length, crc) = (content.len() as u32, crc32fast::hash(content));
    let (extra, behind) = (Vec::new(), Vec::new());
    Made { name, method: 0, flags: 0, data: content.to_vec(), size: length, packed: length, crc, extra, behind }
}

fn deflated(name: &'static str, content: &[u8]) -> Made {
    let data = miniz_oxide::deflate::compress_to_vec(content, 9);
    Made { method: 8, packed: data.len() as u32, data, ..stored(name, content) }
}

impl Made {
    /// As writers to a pipe have it: sizes and checksum behind the content.
    fn streamed(mut self, descriptor: Vec<u8>) -> Self {
        self.flags |= 8;
        self.behind = descriptor;
        self
    }

    fn signed_descriptor(&self) -> Vec<u8> {
        [DESCRIPTOR, &self.crc.to_le_bytes(), &self.packed.to_le_bytes(), &self.size.to_le_bytes()].concat()
    }

    fn numbers(&self) -> Vec<u8> {
        [self.crc.to_le_bytes(), self.packed.to_le_bytes(), self.size.to_le_bytes()].concat()
    }

    fn local(&self) -> Vec<u8> {
        let numbers = if self.flags & 8 == 0 { self.numbers() } else { vec![0; 12] };
        let lengths = [(self.name.len() as u16).to_le_bytes(), (self.extra.len() as u16).to_le_bytes()].concat();
        let head = [LOCAL, &[20, 0], &self.flags.to_le_bytes(), &self.method.to_le_bytes(), &[0; 4]].concat();
        [&head, &numbers, &lengths, self.name.as_bytes(), &self.extra, &self.data, &self.behind].concat()
    }

    fn central(&self, at: u32) -> Vec<u8> {
        let head = [record::CENTRAL, &[20, 0, 20, 0], &self.flags.to_le_bytes(), &self.method.to_le_bytes()].concat();
        let lengths = [(self.name.len() as u16).to_le_bytes(), (self.extra.len() as u16).to_le_bytes()].concat();
        let rest = [&lengths[..], &[0; 10], &at.to_le_bytes()].concat();
        [&head, &[0; 4][..], &self.numbers(), &rest, self.name.as_bytes(), &self.extra].concat()
    }
}

fn end(count: u16, size: usize, offset: usize) -> Vec<u8> {
    let count = count.to_le_bytes();
    [END, &[0; 4], &count, &count, &(size as u32).to_le_bytes(), &(offset as u32).to_le_bytes(), &[0; 2]].concat()
}

/// An archive with these local headers, and a directory of those entries.
fn archive(locals: &[Made], directory: &[(Made, u32)]) -> Vec<u8> {
    let locals: Vec<u8> = locals.iter().flat_map(Made::local).collect();
    let central: Vec<u8> = directory.iter().flat_map(|(made, at)| made.central(*at)).collect();
    let end = end(directory.len() as u16, central.len(), locals.len());
    [locals, central, end].concat()
}

/// An archive as it should be.
fn plain(made: &[Made]) -> Vec<u8> {
    let mut at = 0;
    let directory: Vec<(Made, u32)> = made
        .iter()
        .map(|made| {
            let here = at;
            at += made.local().len() as u32;
            (made.clone(), here)
        })
        .collect();
    archive(made, &directory)
}

#[test]
fn archives_of_common_tools_open_without_a_problem() {
    for name in [
        "info-zip.zip",
        "info-zip-streamed.zip",
        "info-zip-from-stdin.zip",
        "info-zip-comment.zip",
        "java.jar",
        "java-stored.jar",
        "7-zip.zip",
        "bsdtar.zip",
        "python.zip",
        "python-streamed.zip",
        "python-zip64.zip",
        "self-extracting.zip",
        "self-extracting-mended.zip",
    ] {
        let found = opened(fixture(name));
        assert_eq!((codes(&found), listed(&found)), (vec![], 1), "{name}");
    }
    for (name, entry) in [
        ("openpyxl.xlsx", "xl/workbook.xml"),
        ("odfpy.odt", "content.xml"),
        ("7-zip-deflate64.zip", "folder/numbers.txt"),
        ("7-zip-lzma.zip", "folder/numbers.txt"),
        ("7-zip-xz.zip", "folder/numbers.txt"),
        ("7-zip-bzip2.zip", "folder/numbers.txt"),
        ("7-zip-ppmd.zip", "folder/numbers.txt"),
    ] {
        let found = opened(fixture(name));
        assert_eq!(codes(&found), [], "{name}");
        assert!(entries(&found).iter().any(|(name, content)| *name == entry && content.len() > 100), "{name}");
    }
}

#[test]
fn entries_keep_their_names_and_stored_ones_are_not_copied() {
    let bytes = Bytes::from(plain(&[stored("a/../b.txt", LISTED), deflated("c", b"more"), stored("empty/", b"")]));
    let found = opened(bytes.clone());
    assert_eq!(codes(&found), []);
    assert_eq!(entries(&found), [("a/../b.txt", LISTED), ("c", b"more")]);
    let entry = found.parts.iter().find(|part| part.kind == crate::content::PartKind::Entry).expect("an entry");
    assert!(bytes.as_ptr_range().contains(&entry.bytes.as_ptr()));
}

#[test]
fn descriptors_are_read_in_all_their_forms() {
    let made = deflated("listed.txt", LISTED);
    let signed = made.signed_descriptor();
    let long = [&signed[..8], &u64::from(made.packed).to_le_bytes(), &u64::from(made.size).to_le_bytes()].concat();
    for descriptor in [signed.clone(), signed[4..].to_vec(), long.clone(), long[4..].to_vec(), vec![]] {
        let made = [made.clone().streamed(descriptor), stored("behind", b"behind")];
        let found = opened(plain(&made));
        assert_eq!((codes(&found), listed(&found)), (vec![], 1));
        assert_eq!(entries(&found).len(), 2);
    }
    let lying = [made.clone().streamed(plain(&[])[..16].to_vec()), stored("behind", b"behind")];
    assert!(codes(&opened(plain(&lying))).contains(&ContainerAmbiguous));
}

#[test]
fn programs_for_android_are_no_puzzle() {
    let filler = Made { extra: vec![0; 40], ..stored("", b"") };
    let aligned = Made { extra: vec![0; 3], ..stored("lib.so", LISTED) };
    let locals = [stored("classes.dex", b"dex"), filler, aligned];
    let at = |index: usize| locals[..index].iter().map(|made| made.local().len() as u32).sum();
    let block = [&[7; 40][..], ANDROID_BLOCK].concat();
    let mut bytes: Vec<u8> = locals.iter().flat_map(Made::local).chain(vec![0; 11]).chain(block).collect();
    let central = [locals[0].central(at(0)), locals[2].central(at(2))].concat();
    let end = end(2, central.len(), bytes.len());
    bytes.extend([central, end].concat());
    let found = opened(bytes);
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
}

#[test]
fn what_only_one_reading_has_is_found_and_makes_the_archive_ambiguous() {
    let (good, evil) = (stored("good", b"good"), stored("evil", LISTED));
    let behind_good = good.local().len() as u32;
    let hidden = archive(&[good.clone(), evil.clone()], &[(good.clone(), 0)]);
    let wrong_name = archive(std::slice::from_ref(&evil), &[(Made { name: "fine", ..evil.clone() }, 0)]);
    let wrong_method = archive(&[deflated("evil", LISTED)], &[(Made { method: 0, ..deflated("evil", LISTED) }, 0)]);
    let twice = archive(std::slice::from_ref(&evil), &[(evil.clone(), 0), (evil.clone(), 0)]);
    let mut junk = good.clone();
    junk.behind = [b"junk", LISTED].concat();
    let between = plain(&[junk, evil.clone()]);
    let inside = stored("outer", &evil.local());
    let at = (inside.local().len() - evil.local().len()) as u32;
    let overlap = archive(std::slice::from_ref(&inside), &[(inside.clone(), 0), (evil.clone(), at)]);
    let short = archive(
        &[good.clone(), evil.clone()],
        &[(Made { packed: 2, size: 2, crc: crc32fast::hash(b"go"), ..good }, 0), (evil, behind_good)],
    );
    for (what, bytes) in [
        ("hidden", hidden),
        ("name", wrong_name),
        ("method", wrong_method),
        ("twice", twice),
        ("between", between),
        ("overlap", overlap),
        ("short", short),
    ] {
        let found = opened(bytes);
        assert!(codes(&found).contains(&ContainerAmbiguous), "{what}: {:?}", codes(&found));
        assert!(listed(&found) > 0, "{what}");
    }
}

#[test]
fn several_directories_are_all_read() {
    let (good, evil) = (stored("good", b"good"), stored("evil", LISTED));
    let locals = [good.local(), evil.local()].concat();
    let one = evil.central(good.local().len() as u32);
    let two = good.central(0);
    let first_end = end(1, one.len(), locals.len());
    let second_end = end(1, two.len(), locals.len() + one.len() + first_end.len());
    let bytes = [locals, one, first_end, two, second_end].concat();
    let found = opened(bytes.clone());
    assert!(codes(&found).contains(&ContainerAmbiguous));
    assert_eq!(listed(&found), 1);
    let mut wrong_count = plain(&[good, evil]);
    let at = wrong_count.len() - 12;
    wrong_count[at] = 1;
    let found = opened(wrong_count);
    assert_eq!((codes(&found), listed(&found)), (vec![ContainerAmbiguous], 1));
}

#[test]
fn an_archive_stored_as_the_last_entry_is_no_second_directory() {
    let inner = plain(&[stored("evil", LISTED)]);
    let found = opened(plain(&[stored("a", b"a"), stored("inner.zip", &inner)]));
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
}

#[test]
fn lying_sizes_and_checksums_are_reported_and_all_content_is_seen() {
    for made in [
        Made { size: 3, ..deflated("evil", LISTED) },
        Made { size: 3000, ..deflated("evil", LISTED) },
        Made { crc: 7, ..deflated("evil", LISTED) },
        Made { crc: 7, ..stored("evil", LISTED) },
        Made { size: 3, ..stored("evil", LISTED) },
    ] {
        let found = opened(plain(&[made]));
        assert_eq!((codes(&found), listed(&found)), (vec![ContainerSize], 1));
    }
    let longer = [LISTED, b"and more"].concat();
    for made in [deflated("evil", &longer), stored("evil", &longer)] {
        let found = opened(plain(&[Made { size: LISTED.len() as u32, ..made }]));
        assert_eq!((codes(&found), listed(&found)), (vec![ContainerSize], 1));
    }
    let cut = deflated("evil", LISTED);
    let found = opened(plain(&[Made { packed: cut.packed - 4, ..cut }]));
    assert!(codes(&found).contains(&ContainerAmbiguous) && listed(&found) > 0);
    let mut padded = deflated("evil", LISTED);
    padded.data.extend(b"hidden behind the end");
    padded.packed = padded.data.len() as u32;
    assert_eq!(codes(&opened(plain(&[padded]))), [ContainerAmbiguous]);
}

#[test]
fn encrypted_and_unknown_entries_are_reported_beside_the_others() {
    for name in ["info-zip-encrypted.zip", "7-zip-aes.zip"] {
        assert_eq!(codes(&opened(fixture(name))), [ContainerEncrypted], "{name}");
    }
    let strange = Made { method: 97, ..stored("strange", b"wavpack") };
    let found = opened(plain(&[strange, stored("evil", LISTED)]));
    assert_eq!((codes(&found), listed(&found)), (vec![ContainerMethodUnknown], 1));
}

#[test]
fn what_is_only_called_encrypted_is_unpacked() {
    let with_flags = |flags: u16, made: Made| Made { flags: made.flags | flags, ..made };
    let streamed = |made: Made| {
        let descriptor = made.signed_descriptor();
        made.streamed(descriptor)
    };
    let plain_entries = || [stored("evil", LISTED), deflated("evil", LISTED), streamed(deflated("evil", LISTED))];
    // Bit 0: most ask for a password, Go does not. Bit 6: nobody does. Bit 13: nobody does either.
    for (flags, expected) in [(1, &[ContainerEncrypted][..]), (0x41, &[ContainerEncrypted]), (0x40, &[]), (0x2040, &[])]
    {
        for made in plain_entries() {
            let found = opened(plain(&[with_flags(flags, made.clone())]));
            assert_eq!((codes(&found), listed(&found)), (expected.to_vec(), 1), "{flags:x} {made:?}");
            let found = opened(plain(&[with_flags(flags, Made { crc: 7, behind: Vec::new(), ..made })]));
            assert_eq!((codes(&found), listed(&found)), (vec![ContainerEncrypted], 0), "its checksum says another");
        }
    }
    let aes = Made { method: 99, ..with_flags(1, stored("evil", LISTED)) };
    assert_eq!(codes(&opened(plain(&[aes]))), [ContainerEncrypted]);
}

#[test]
fn damaged_archives_give_what_can_be_read() {
    let whole = plain(&[stored("evil", LISTED), deflated("more", &[7; 4000])]);
    let cut = opened(whole[..whole.len() - 60].to_vec());
    assert!(codes(&cut).contains(&ContainerBroken) && listed(&cut) == 1, "{:?}", codes(&cut));
    let mut nowhere = plain(&[stored("evil", LISTED)]);
    let at = nowhere.len() - 22 - 8;
    nowhere[at] = 3;
    let found = opened(nowhere);
    assert!(codes(&found).contains(&ContainerBroken) && listed(&found) == 1, "{:?}", codes(&found));
}

#[test]
fn an_archive_behind_something_else_is_found_and_chance_is_not() {
    let zip = plain(&[deflated("evil", LISTED)]);
    let found = opened([b"\xff\xd8\xff some picture", &zip[..]].concat());
    assert_eq!(codes(&found), []);
    assert!(listed(&found) > 0);
    for chance in [&b"text about PK\x05\x06 and its fields, which are twenty-two bytes long"[..], b"text PK\x05\x06"] {
        assert_eq!(opened(chance.to_vec()).parts.len(), 1);
    }
}

#[test]
fn an_archive_that_lost_its_start_is_read_as_far_as_python_reads_it() {
    let whole = plain(&[stored("lost", b"lost"), stored("evil", LISTED)]);
    let found = opened(whole[10..].to_vec());
    assert_eq!((codes(&found), listed(&found)), (vec![ContainerBroken], 1));
}

#[test]
fn overlapping_bombs_end_at_the_limit() {
    // As David Fifield has it: every entry quotes the headers of those behind it, down to one kernel.
    let kernel = deflated("kernel", &vec![0; 1 << 20]);
    let mut header = kernel.local().len() - kernel.data.len();
    let mut data = kernel.local();
    let mut directory = vec![(kernel, 0_u32)];
    for name in ["1", "2", "3", "4", "5", "6"] {
        let quoted = header as u16;
        let head = [&[0][..], &quoted.to_le_bytes(), &(!quoted).to_le_bytes()].concat();
        let packed = [head, data.clone()].concat();
        let made = Made { name, data: packed.clone(), packed: packed.len() as u32, method: 8, ..stored(name, b"") };
        let grown = made.local();
        header = grown.len() - packed.len();
        let shift = (grown.len() - data.len()) as u32;
        directory.iter_mut().for_each(|(_, at)| *at += shift);
        directory.push((made, 0));
        data = grown;
    }
    let central: Vec<u8> = directory.iter().flat_map(|(made, at)| made.central(*at)).collect();
    let bytes = [&data[..], &central, &end(7, central.len(), data.len())].concat();
    let limits = ExtractLimits { max_unpacked: 3 << 20, ..ExtractLimits::default() };
    let found = codes(&opened_within(bytes, &limits));
    assert!(found.contains(&ContainerAmbiguous) && found.contains(&ProblemCode::UnpackedTooLarge), "{found:?}");
}

#[test]
fn entries_that_all_cover_the_file_end_at_a_limit() {
    let locals: Vec<u8> = (0..100).flat_map(|_| stored("a", b"").local()).chain([7; 9000]).collect();
    let cover = Made { packed: 9000, size: 9000, ..stored("a", b"") };
    let directory: Vec<u8> = (0..100).flat_map(|index| cover.central(index * 31)).collect();
    let bytes = [&locals[..], &directory, &end(100, directory.len(), locals.len())].concat();
    let found = codes(&opened(bytes));
    assert!(found.contains(&ContainerAmbiguous) && found.contains(&ProblemCode::TooManyReadings));
}

#[test]
fn a_form_with_the_end_of_headers_in_an_archive_leaves_no_doubt() {
    let archive = plain(&[stored("first", b"one"), stored("middle", b"a\r\n\r\n\n\nb"), stored("last", LISTED)]);
    for line_end in ["\n", "\r", "\r\n"] {
        let head = ["--b", "Content-Disposition: form-data; name=\"f\"; filename=\"a\"", "", ""].join(line_end);
        let body: Bytes = [head.as_bytes(), &archive, line_end.as_bytes(), b"--b--\n"].concat().into();
        let types: [&[u8]; 1] = [b"multipart/form-data; boundary=b; x=boundary"];
        let source = Source { ambiguity: Ambiguity::InspectAll, ..Source::plain(&body, &types) };
        let found = Extraction::of(&source, &ExtractLimits::default());
        assert_eq!(found.problems, []);
        assert!(found.parts.iter().any(|part| part.bytes == LISTED));
    }
}

proptest::proptest! {
    #[test]
    fn no_archive_makes_it_panic(flips in proptest::collection::vec((0..400_usize, proptest::prelude::any::<u8>()), 0..6)) {
        let mut bytes = plain(&[stored("one", b"one"), deflated("two", &[7; 500]), stored("three", LISTED)]);
        for (at, value) in flips {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        let found = opened(bytes);
        // Damaged lengths let an archive quote itself at each level of nesting: up to 87 parts in a million runs.
        proptest::prop_assert!(found.parts.len() < 500);
    }
}

#[test]
fn names_in_utf8_beside_the_name_are_shown_wherever_they_stand() {
    let field = |name: &str| {
        let length = (name.len() as u16 + 5).to_le_bytes();
        [&[9, 0, 1, 0, 0][..], b"up", &length, &[1, 0, 0, 0, 0], name.as_bytes()].concat()
    };
    let (plain, named, other) = (
        stored("a", b"x"),
        Made { extra: field("turnip"), ..stored("a", b"x") },
        Made { extra: field("beet"), ..stored("a", b"x") },
    );
    for (local, central, expected) in [
        (&plain, &named, &["a", "turnip"][..]),
        (&named, &plain, &["a", "turnip"]),
        (&named, &named, &["a", "turnip"]),
        (&named, &other, &["a", "beet", "turnip"]),
        (&plain, &Made { extra: field("turnip")[..12].to_vec(), ..plain.clone() }, &["a"]),
    ] {
        let found = opened(archive(std::slice::from_ref(local), &[((*central).clone(), 0)]));
        let names = found.parts.iter().filter(|part| part.kind == PartKind::Name);
        let names: Vec<&[u8]> = names.map(|part| &part.bytes[..]).collect();
        assert_eq!(names, expected.iter().map(|name| name.as_bytes()).collect::<Vec<_>>());
        assert_eq!(codes(&found), []);
    }
}
