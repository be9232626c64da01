//! Archives of common tools, and archives that two readers take for different ones.

use super::*;
use crate::content::ExtractLimits;
use crate::extract::container::testing::{LISTED, codes, entries, fixture, listed, opened, opened_within};

use ProblemCode::{ContainerAmbiguous, ContainerBroken, ContainerIncomplete};

/// A header with a right checksum.
fn header(name: &str, kind: u8, size: &str) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[124..124 + size.len()].copy_from_slice(size.as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

fn padded(content: &[u8]) -> Vec<u8> {
    let mut blocks = content.to_vec();
    blocks.resize(content.len().next_multiple_of(BLOCK), 0);
    blocks
}

fn entry(name: &str, content: &[u8]) -> Vec<u8> {
    [header(name, b'0', &format!("{:011o}", content.len())), padded(content)].concat()
}

fn pax(record: &str) -> Vec<u8> {
    let length = (record.len() + 4).to_string().len() + record.len() + 2;
    let content = format!("{length} {record}\n");
    [header("pax", b'x', &format!("{:011o}", content.len())), padded(content.as_bytes())].concat()
}

const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

#[test]
fn archives_of_common_tools_open_without_a_problem() {
    for name in [
        "gnu-v7.tar",
        "gnu-ustar.tar",
        "gnu-gnu.tar",
        "gnu-pax.tar",
        "gnu-long-gnu.tar",
        "gnu-long-pax.tar",
        "gnu-links.tar",
        "bsdtar.tar",
        "python.tar",
        "gnu.tar.gz",
        "gnu.tar.xz",
    ] {
        let found = opened(fixture(name));
        assert_eq!((codes(&found), listed(&found)), (vec![], 1), "{name}");
    }
    for name in ["gnu-long-gnu.tar", "gnu-long-pax.tar"] {
        let long = format!("{}.txt", "long".repeat(40));
        assert_eq!(entries(&opened(fixture(name))), [(long.as_str(), LISTED)], "{name}");
    }
}

#[test]
fn sparse_files_are_expanded_as_far_as_the_limits_allow() {
    let mut whole = vec![0; 1 << 20];
    whole[700_000..700_000 + LISTED.len()].copy_from_slice(LISTED);
    for name in ["sparse-gnu.tar", "sparse-pax-0.0.tar", "sparse-pax-0.1.tar", "sparse-pax-1.0.tar"] {
        let found = opened(fixture(name));
        assert_eq!(codes(&found), [], "{name}");
        assert!(entries(&found).contains(&("sparse.bin", &whole)), "{name}");
        let limits = ExtractLimits { max_unpacked: 1 << 19, ..ExtractLimits::default() };
        assert_eq!(codes(&opened_within(fixture(name), &limits)), [ProblemCode::UnpackedTooLarge], "{name}");
    }
}

#[test]
fn two_sizes_of_one_entry_are_two_ways_on() {
    let inner = [entry("evil", LISTED), END.to_vec()].concat();
    // The header says nothing follows, the extended header says the inner archive does.
    let nothing = [pax(&format!("size={}", inner.len())), header("outer", b'0', "00000000000"), inner.clone()].concat();
    // The other way round, with an entry of its own behind each.
    let all = [pax("size=0"), header("outer", b'0', &format!("{:011o}", inner.len())), inner].concat();
    for bytes in [nothing, all] {
        let found = opened([&bytes[..], &entry("last", b"last"), &END].concat());
        assert_eq!(codes(&found)[0], ContainerAmbiguous);
        assert!(listed(&found) > 0 && entries(&found).contains(&("last", b"last")));
    }
}

#[test]
fn an_extended_size_that_only_one_way_fits_is_just_the_size() {
    let content = [b"not a header", &[7; 900][..]].concat();
    let bytes = [
        &pax(&format!("size={}", content.len())),
        &header("a", b'0', "00000000000"),
        &padded(&content),
        &entry("evil", LISTED),
        &END[..],
    ]
    .concat();
    let found = opened(bytes);
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
    assert_eq!(entries(&found)[0], ("a", &content[..]));
}

#[test]
fn links_with_a_size_are_followed_both_ways_where_both_go_on() {
    let hidden = entry("evil", LISTED);
    let both = [header("link", b'2', &format!("{:011o}", hidden.len())), hidden, entry("last", b"last"), END.to_vec()]
        .concat();
    let found = opened(both);
    assert_eq!(codes(&found), [ContainerAmbiguous]);
    assert!(listed(&found) > 0);
    // Hard links in pax archives have the size of the file and no content.
    let one = [header("link", b'1', "00000000017"), entry("evil", LISTED), END.to_vec()].concat();
    let found = opened(one);
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
    let content = [header("link", b'1', "00000000017"), padded(LISTED), entry("last", b"last"), END.to_vec()].concat();
    let found = opened(content);
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
}

#[test]
fn damaged_archives_give_what_can_be_read() {
    let cut = [entry("first", b"first"), header("evil", b'0', "00000004000"), LISTED.to_vec()].concat();
    let found = opened(cut);
    assert_eq!((codes(&found), listed(&found)), (vec![ContainerBroken], 1));
    let mut damaged = [entry("first", b"first"), entry("evil", LISTED), END.to_vec()].concat();
    damaged[0] ^= 1;
    let found = opened(damaged);
    assert_eq!((codes(&found), listed(&found)), (vec![ContainerBroken], 1));
    let no_number = [header("evil", b'0', "0000000001x"), padded(LISTED), END.to_vec()].concat();
    assert!(codes(&opened(no_number)).contains(&ContainerBroken));
}

#[test]
fn a_volume_of_several_is_incomplete_and_what_is_in_it_is_seen() {
    // GNU tar writes whole records of 10 KiB.
    let mut volume = [entry("evil", LISTED), header("long", b'0', "00000400000")].concat();
    volume.resize(20 << 10, 7);
    let found = opened(volume.clone());
    assert_eq!((codes(&found), listed(&found)), (vec![ContainerIncomplete], 1));
    let mut next = header("long", b'M', "00000300000");
    next.resize(20 << 10, 7);
    assert_eq!(codes(&opened(next)), [ContainerIncomplete]);
    volume.pop();
    assert_eq!(codes(&opened(volume)), [ContainerBroken]);
}

#[test]
fn archives_behind_each_other_are_all_read_and_what_has_no_end_is_accepted() {
    let two = [entry("first", b"first"), END.to_vec(), entry("evil", LISTED)].concat();
    let found = opened(two);
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
}

#[test]
fn too_many_ways_are_a_limit() {
    let ways: Vec<u8> = (0..20).flat_map(|_| header("link", b'2', "00000001000")).collect();
    let found = opened([ways, END.to_vec()].concat());
    assert!(codes(&found).contains(&ProblemCode::TooManyReadings));
}

#[test]
fn what_only_looks_like_a_tar_is_none() {
    for bytes in [&[0; 2048][..], &[b'x'; 2048], b"ustar"] {
        assert_eq!(opened(bytes.to_vec()).problems, []);
    }
}

proptest::proptest! {
    #[test]
    fn no_archive_makes_it_panic(flips in proptest::collection::vec((0..4096_usize, proptest::prelude::any::<u8>()), 0..6)) {
        let mut bytes = [pax("size=15"), entry("evil", LISTED), entry("last", b"last"), END.to_vec()].concat();
        for (at, value) in flips {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        proptest::prop_assert!(opened(bytes).parts.len() < 50);
    }
}
