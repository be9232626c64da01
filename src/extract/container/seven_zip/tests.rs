//! Archives of 7-Zip with each of its methods, and damaged ones.

use super::*;
use crate::content::ExtractLimits;
use crate::extract::container::testing::{LISTED, codes, entries, fixture, listed, opened, opened_within};

#[test]
fn archives_of_every_method_open_without_a_problem() {
    for name in [
        "lzma2.7z",
        "lzma.7z",
        "copy.7z",
        "deflate.7z",
        "bzip2.7z",
        "ppmd.7z",
        "bcj.7z",
        "delta.7z",
        "not-solid.7z",
        "plain-header.7z",
    ] {
        let found = opened(fixture(name));
        assert_eq!((codes(&found), listed(&found)), (vec![], 1), "{name}");
        let names: Vec<&str> = entries(&found).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["folder/numbers.txt", "listed.txt"], "{name}");
    }
    let found = opened(fixture("bcj2.7z"));
    assert_eq!(codes(&found), []);
    let call = |number: u32| [&[0xe8][..], &(1000 - 7 * number).to_le_bytes(), &[0x90, 0x90]].concat();
    let program = [b"\x7fELF".to_vec(), (0..100).flat_map(call).collect()].concat();
    assert_eq!(entries(&found), [("program", &program[..])]);
}

#[test]
fn encrypted_archives_and_unknown_methods_are_reported() {
    for (name, code) in [
        ("encrypted.7z", ProblemCode::ContainerEncrypted),
        ("encrypted-header.7z", ProblemCode::ContainerEncrypted),
        ("unknown-method.7z", ProblemCode::ContainerMethodUnknown),
    ] {
        assert_eq!(codes(&opened(fixture(name))), [code], "{name}");
    }
}

#[test]
fn an_archive_that_is_cut_off_is_broken_and_one_that_is_empty_is_fine() {
    let whole = fixture("lzma2.7z");
    for length in [6, 32, 100, whole.len() - 1] {
        assert_eq!(codes(&opened(whole.slice(..length))), [ProblemCode::ContainerBroken], "{length}");
    }
    let empty = [SIGNATURE, &[0; 26]].concat();
    assert_eq!(codes(&opened(empty)), []);
}

#[test]
fn the_first_volume_of_several_is_incomplete_and_any_other_archive_that_breaks_off_is_broken() {
    let place = [&(1_u64 << 20).to_le_bytes()[..], &100_u64.to_le_bytes(), &[0; 4]].concat();
    let checksum = crc32fast::hash(&place).to_le_bytes();
    let volume = |checksum: &[u8], length: usize| {
        let mut volume = [SIGNATURE, &[0, 4], checksum, &place].concat();
        volume.resize(length, 0xa5);
        codes(&opened(volume))
    };
    for length in [65_536, 100_000, 512 * 1000] {
        assert_eq!(volume(&checksum, length), [ProblemCode::ContainerIncomplete], "{length}");
    }
    assert_eq!(volume(&checksum, 65_537), [ProblemCode::ContainerBroken]);
    assert_eq!(volume(&checksum, 1000), [ProblemCode::ContainerBroken]);
    assert_eq!(volume(&[0; 4], 65_536), [ProblemCode::ContainerBroken]);
}

#[test]
fn what_an_archive_asks_for_is_limited() {
    let limits = ExtractLimits { max_unpacked: 1000, ..ExtractLimits::default() };
    assert_eq!(codes(&opened_within(fixture("plain-header.7z"), &limits)), [ProblemCode::UnpackedTooLarge]);
    let mut archive = fixture("plain-header.7z").to_vec();
    let coder = memchr::memmem::find(&archive, &[0x23, 3, 1, 1, 5, 0x5d]).unwrap();
    archive[coder + 6..coder + 10].copy_from_slice(&(512_u32 << 20).to_le_bytes());
    assert!(codes(&opened(archive)).contains(&ProblemCode::UnpackedTooLarge));
}

#[test]
fn a_wrong_checksum_is_reported_and_the_file_is_seen() {
    let mut archive = fixture("copy.7z").to_vec();
    let at = memchr::memmem::find(&archive, b"0\n1\n2\n3\n").unwrap_or(40);
    archive[at] ^= 1;
    let found = opened(archive);
    assert_eq!((codes(&found), listed(&found)), (vec![ProblemCode::ContainerSize], 1));
    assert!(entries(&found).iter().any(|(_, content)| *content == LISTED));
}

proptest::proptest! {
    #[test]
    fn no_archive_makes_it_panic(
        name in proptest::sample::select(vec!["plain-header.7z", "copy.7z", "bcj2.7z", "delta.7z"]),
        flips in proptest::collection::vec((0..4000_usize, proptest::prelude::any::<u8>()), 1..6),
    ) {
        let mut bytes = fixture(name).to_vec();
        for (at, value) in flips {
            // Headers stand at the end.
            let at = bytes.len() - 1 - at % bytes.len().min(300);
            bytes[at] = value;
        }
        opened(bytes);
    }
}
