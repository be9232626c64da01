//! Files that lie about themselves, and files of chance: they end, and what is whole in them comes out.

use proptest::prelude::*;

use super::office::{doc_with_picture, encrypted, msg, ppt, put, xls};
use super::*;
use crate::content::ExtractLimits;
use crate::extract::container::testing::opened_within;

const SECTOR: usize = 512;

fn number_at(file: &[u8], at: usize) -> usize {
    u32::from_le_bytes(*file[at..].first_chunk().unwrap()) as usize
}

/// Where a file's first sector of its table, and its directory, begin.
fn table(file: &[u8]) -> usize {
    (number_at(file, 76) + 1) * SECTOR
}

fn directory(file: &[u8]) -> usize {
    (number_at(file, 48) + 1) * SECTOR
}

#[test]
fn chains_that_meet_themselves_or_break_off_end_there() {
    let large = content(20_000, 4);
    let file = compound(&[("large", &large), ("listed", LISTED)]);
    let first = number_at(&file, directory(&file) + 128 + 116);
    for next in [first as u32 + 1, u32::MAX - 1, 0x00ff_ffff] {
        let mut file = file.clone();
        let at = table(&file) + 4 * (first + 5);
        put(&mut file, at, &next.to_le_bytes());
        let found = opened(file);
        assert_eq!((codes(&found), listed(&found)), (vec![ProblemCode::ContainerBroken], 1), "{next:x}");
        assert!(entries(&found)[0] == ("large", &large[..6 * SECTOR]), "{next:x}");
    }
}

#[test]
fn a_directory_that_is_no_tree_is_read_all_the_same() {
    let file = compound(&[("a", b"1"), ("bb", LISTED)]);
    for (link, to) in [(68, 1_u32), (72, 1), (68, 99), (72, u32::MAX)] {
        let mut file = file.clone();
        let at = directory(&file) + 128 + link;
        put(&mut file, at, &to.to_le_bytes());
        let found = opened(file);
        assert_eq!(listed(&found), 1, "{link} {to}");
        let expected = if to == u32::MAX { vec![] } else { vec![ProblemCode::ContainerBroken] };
        assert_eq!(codes(&found), expected, "{link} {to}");
    }
}

#[test]
fn sizes_past_the_file_take_no_memory() {
    let large = content(5_000, 5);
    for size in [u64::from(u32::MAX), 1 << 31] {
        let mut file = compound(&[("large", &large)]);
        let at = directory(&file) + 128 + 120;
        put(&mut file, at, &size.to_le_bytes());
        let found = opened(file);
        assert_eq!(codes(&found), [ProblemCode::ContainerBroken]);
        assert!(entries(&found)[0].1.starts_with(&large));
    }
}

#[test]
fn streams_that_share_their_sectors_are_read_a_few_times_only() {
    let large = content(100_000, 6);
    let names: Vec<String> = (0..500).map(|number| format!("stream {number}")).collect();
    let mut streams: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    streams.push(("large", &large));
    let mut file = compound(&streams);
    let directory = directory(&file);
    let last = file[directory + 501 * 128 + 116..directory + 501 * 128 + 128].to_vec();
    for index in 1..=500 {
        put(&mut file, directory + index * 128 + 116, &last);
    }
    let found = opened(file.clone());
    assert_eq!(codes(&found), [ProblemCode::TooManyReadings]);
    let handed_out: usize = entries(&found).iter().map(|(_, content)| content.len()).sum();
    assert!(handed_out <= 5 * file.len());
}

#[test]
fn a_header_that_leads_nowhere_is_told() {
    let file = compound(&[("listed", LISTED)]);
    for (at, value) in [(30, [8, 0]), (30, [60, 0]), (32, [0, 0]), (32, [10, 0]), (48, [0xff, 0xff]), (56, [0, 0])] {
        let mut file = file.clone();
        put(&mut file, at, &value);
        assert_eq!(codes(&opened(file)), [ProblemCode::ContainerBroken], "{at} {value:?}");
    }
    assert_eq!(codes(&opened(file[..8].to_vec())), [ProblemCode::ContainerBroken]);
}

fn samples() -> Vec<Vec<u8>> {
    let picture = jpeg(6_000);
    let scattered = laid_out(Layout::SCATTERED, &[("Workbook", &content(9_000, 8)), ("a/b/c", LISTED)]);
    vec![
        doc_with_picture("forbidden turnip", &picture),
        xls("forbidden turnip"),
        ppt("forbidden turnip"),
        msg("forbidden turnip", "a.jpg", &picture),
        encrypted(),
        scattered,
    ]
}

/// Limits so small that hostile files reach them.
const SMALL: ExtractLimits = ExtractLimits {
    max_parts: 1_000,
    max_part_header: 1 << 10,
    max_depth: 32,
    max_escaped: 1 << 20,
    max_codings: 3,
    max_nesting: 4,
    max_unpacked: 4 << 20,
    max_ratio: 200,
    max_plain_picture: 4 << 20,
    max_carved: 100,
};

proptest! {
    #[test]
    fn whatever_happens_to_a_file_it_is_read_to_an_end(
        index in 0..6_usize,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        kept in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut file = samples().swap_remove(index);
        for (at, value) in flips {
            let at = at.index(file.len());
            file[at] = value;
        }
        if is_cut {
            file.truncate(kept.index(file.len()));
        }
        let found = opened_within(file, &SMALL);
        prop_assert!(found.parts.len() <= SMALL.max_parts);
    }

    #[test]
    fn chance_behind_the_first_bytes_is_read_to_an_end(
        header in proptest::collection::vec(any::<u8>(), 600),
        rest in proptest::collection::vec(0..12_u32, 0..2_000),
    ) {
        let mut file = header;
        put(&mut file, 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
        put(&mut file, 30, &[9, 0, 6, 0]);
        for at in [48, 60, 68, 76, 80] {
            let low = file[at] % 16;
            put(&mut file, at, &[low, 0, 0, 0]);
        }
        file.truncate(512);
        file.extend(rest.into_iter().flat_map(u32::to_le_bytes));
        opened_within(file, &SMALL);
    }

    #[test]
    fn streams_of_chance_are_read_to_an_end(
        name in prop::sample::select(vec![
            "WordDocument", "1Table", "Workbook", "Book", "PowerPoint Document", "\u{5}SummaryInformation",
            "\u{1}Ole10Native", "__substg1.0_10090102", "__substg1.0_1000001F", "__properties_version1.0",
        ]),
        content in proptest::collection::vec(any::<u8>(), 0..3_000),
        kinds in proptest::collection::vec((prop::sample::select(vec![
            0xfc_u16, 0x3c, 0x204, 0x1b6, 0x1be, 0xeb, 0x1c, 0x85, 0x809, 0x42,
        ]), 0..40_usize), 0..40),
    ) {
        let mut records = Vec::new();
        for (kind, length) in kinds {
            let length = length.min(content.len());
            records.extend(office::biff(kind, &content[..length]));
        }
        opened_within(compound(&[(name, &content), ("0Table", &records)]), &SMALL);
        opened_within(compound(&[("Workbook", &records)]), &SMALL);
    }
}
