//! Archives in the middle of bytes that are no zip file.

use super::*;

/// Bytes in which nothing begins.
const JUNK: &[u8] = &[7; 300];

/// A tar file of `entries`, as Unix V7 has it.
fn tar(entries: &[&[u8]]) -> Vec<u8> {
    let entry = |content: &&[u8]| {
        let mut block = vec![0; 512];
        block[..5].copy_from_slice(b"entry");
        block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block.extend_from_slice(content);
        block.resize(block.len().next_multiple_of(512), 0);
        block
    };
    entries.iter().flat_map(entry).chain([0; 1024]).collect()
}

/// An archive whose two directories list different entries: the one in front the listed one.
fn two_directories() -> Vec<u8> {
    let (good, evil) = (stored("good", b"good"), Made { method: 8, ..deflated("evil", LISTED) });
    // Whoever goes along the local headers sees no listed content.
    let hidden = Made { method: 99, ..evil.clone() };
    let locals = [good.local(), hidden.local()].concat();
    let one = evil.central(good.local().len() as u32);
    let two = good.central(0);
    let first_end = end(1, one.len(), locals.len());
    let second_end = end(1, two.len(), locals.len() + one.len() + first_end.len());
    [locals, one, first_end, two, second_end].concat()
}

#[test]
fn archives_in_other_bytes_are_found_each_by_itself_and_are_no_puzzle() {
    let one = plain(&[stored("evil", LISTED)]);
    let two = plain(&[deflated("other", b"other content"), deflated("evil", LISTED)]);
    let nested = plain(&[stored("a.zip", &one), stored("b.zip", &two)]);
    let pdf =
        [&b"%PDF-1.4\n1 0 obj\n<< /Length 9 >>\nstream\n"[..], &one, b"\nendstream\n", &two, b"\n%%EOF\n"].concat();
    for (what, bytes, count) in [
        ("binary", [JUNK, &one, JUNK, &two, JUNK].concat(), 2),
        ("far from the end", [JUNK, &one, JUNK, &two, &[7; 70_000]].concat(), 2),
        ("nested", [JUNK, &nested, JUNK].concat(), 2),
        ("tar", tar(&[&one, b"text", &two]), 2),
        ("tar of one", tar(&[&nested]), 2),
        ("tar of what has archives in it", tar(&[&[JUNK, &one, JUNK, &two, JUNK].concat()]), 2),
        ("PDF", pdf, 2),
    ] {
        let found = opened(bytes);
        assert_eq!(codes(&found), [], "{what}");
        assert!(listed(&found) >= count, "{what}: {}", listed(&found));
    }
}

#[test]
fn an_archive_that_is_an_entry_of_a_tar_is_looked_at_once() {
    let found = opened(tar(&[&plain(&[deflated("evil", LISTED)]), &plain(&[stored("evil", LISTED)])]));
    assert_eq!((codes(&found), listed(&found)), (vec![], 2));
}

#[test]
fn whatever_a_directory_near_the_end_lists_is_found() {
    let rivals = two_directories();
    let rival_starts = rivals.len() - 40;
    for (what, bytes) in [
        ("binary", [JUNK, &rivals, JUNK].concat()),
        ("tar", tar(&[&rivals])),
        ("tar with another file behind", tar(&[&rivals, b"text"])),
        ("over two entries of a tar", tar(&[&rivals[..rival_starts], &rivals[rival_starts..]])),
    ] {
        let found = opened(bytes);
        assert!(listed(&found) > 0, "{what}");
    }
    // The directory is found by its place from the start of the file only.
    let evil = deflated("evil", LISTED);
    let hidden = Made { method: 99, ..evil.clone() };
    let front = [JUNK, &hidden.local()].concat();
    let directory = evil.central(JUNK.len() as u32);
    let bytes = [&front[..], &directory, b"between", &end(1, directory.len(), front.len()), JUNK].concat();
    let found = opened(bytes);
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
}

#[test]
fn what_a_directory_says_counts_also_in_the_middle_and_far_from_the_end() {
    let evil = deflated("evil", LISTED);
    let hidden = Made { method: 99, ..evil.clone() };
    let archive = archive(&[hidden], &[(evil, 0)]);
    let decoy = stored("decoy", b"x");
    // A later archive lists an entry in front of this one, but does not hold it.
    let behind = [JUNK, &decoy.local(), &archive, JUNK, &decoy.central(0)].concat();
    let at = (behind.len() - decoy.central(0).len()) as u32;
    let around = [&behind[..], &end(1, decoy.central(0).len(), at as usize - JUNK.len())].concat();
    for bytes in [[JUNK, &archive, &[7; 80_000]].concat(), [&around[..], &[7; 80_000]].concat()] {
        let found = opened(bytes);
        assert_eq!(codes(&found), []);
        assert!(listed(&found) > 0);
    }
}

#[test]
fn signatures_in_front_of_an_archive_do_not_hide_it() {
    let archive = plain(&[deflated("evil", LISTED)]);
    let entry = Made { packed: 5000, ..deflated("decoy", b"decoy") }.local();
    for decoy in [&b"7z\xbc\xaf\x27\x1c\0\x04"[..], b"PK\x05\x06", b"PK\x03\x04", &entry, &archive[..30]] {
        let found = opened([JUNK, decoy, &archive, JUNK].concat());
        assert_eq!(codes(&found), [], "{}", String::from_utf8_lossy(decoy));
        assert!(listed(&found) > 0, "{}", String::from_utf8_lossy(decoy));
    }
}

#[test]
fn what_is_read_as_the_file_itself_is_ambiguous_as_before() {
    let rivals = two_directories();
    for bytes in [rivals.clone(), [JUNK, &rivals].concat(), [&rivals[..], b"\n"].concat()] {
        let found = opened(bytes);
        assert!(codes(&found).contains(&ContainerAmbiguous) && listed(&found) > 0);
    }
    let two = [plain(&[stored("a", b"a")]), plain(&[stored("evil", LISTED)])].concat();
    assert!(codes(&opened(two)).contains(&ContainerAmbiguous));
}

#[test]
fn many_end_records_cost_time_in_proportion() {
    let directory = stored("a", b"a").central(0).repeat(2000);
    let ends = end(0, 1 << 30, 0).repeat(20_000);
    let far = end(2000, directory.len(), 0).repeat(20_000);
    let signatures = b"PK\x03\x04".repeat(200_000);
    for bytes in [[JUNK, &directory, &ends].concat(), [JUNK, &directory, &far].concat(), signatures] {
        let start = std::time::Instant::now();
        opened([JUNK, &bytes, JUNK].concat());
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }
}
