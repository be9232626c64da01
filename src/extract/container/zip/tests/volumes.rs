//! Archives in several volumes, each by itself, and archives that broke off.

use super::*;
use ProblemCode::ContainerIncomplete;

/// Bytes that cannot be compressed.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// An archive with a listed file at its start and at its end.
fn whole() -> Vec<u8> {
    plain(&[stored("evil", LISTED), deflated("long", &noise(40_000)), stored("again", LISTED)])
}

#[test]
fn the_first_volume_is_incomplete_and_what_is_in_it_is_seen() {
    let marked = [DESCRIPTOR, &whole()[..20_003]].concat();
    let unmarked = [whole()[..20_480].to_vec(), whole()[..20_000].to_vec()];
    for volume in [marked].into_iter().chain(unmarked) {
        let found = opened(volume);
        assert!(codes(&found).iter().all(|code| *code == ContainerIncomplete), "{:?}", codes(&found));
        assert_eq!(listed(&found), 1);
        assert!(entries(&found).iter().any(|(name, content)| *name == "long" && content.len() > 10_000));
    }
    let streamed = stored("evil", LISTED);
    let streamed = streamed.clone().streamed(streamed.signed_descriptor());
    let volume = [DESCRIPTOR, &streamed.local(), &deflated("long", &noise(40_000)).streamed(vec![]).local()[..9_000]];
    let found = opened(volume.concat());
    assert!(codes(&found).iter().all(|code| *code == ContainerIncomplete), "{:?}", codes(&found));
    assert_eq!(listed(&found), 1);
}

#[test]
fn the_last_volume_is_incomplete_and_what_is_in_it_is_seen() {
    // Cut at a round size by whatever cuts files.
    let found = opened(whole()[20_480..].to_vec());
    assert_eq!((codes(&found), listed(&found)), (vec![ContainerIncomplete], 1));

    // As `zip -s` has it: places count from the start of each volume, and the records say which that is.
    let (first, last) = (stored("first", b"elsewhere"), stored("evil", LISTED));
    let volume_of = |mut record: Vec<u8>, at: usize, volume: u8| {
        record[at] = volume;
        record
    };
    let front = noise(100);
    let central = [volume_of(first.central(4), 34, 0), volume_of(last.central(100), 34, 1)].concat();
    let start = front.len() + last.local().len();
    let end = volume_of(end(2, central.len(), start), 4, 1);
    let found = opened([front, last.local(), central, end].concat());
    assert_eq!((codes(&found), listed(&found)), (vec![ContainerIncomplete], 1));
}

#[test]
fn an_entry_is_seen_whatever_its_record_says_about_volumes() {
    let evil = stored("evil", LISTED);
    let mut record = evil.central(0);
    record[34] = 7;
    let end = end(1, record.len(), evil.local().len());
    let found = opened([evil.local(), record, end].concat());
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
}

#[test]
fn an_archive_that_lost_its_end_record_is_read_as_all_read_it() {
    for lost in 1..=22 {
        let cut = opened(whole()[..whole().len() - lost].to_vec());
        assert_eq!((codes(&cut), listed(&cut)), (vec![], 2), "{lost} bytes");
    }
    let hidden = archive(&[stored("evil", LISTED), stored("good", b"good")], &[(stored("good", b"good"), 49)]);
    let cut = opened(hidden[..hidden.len() - 22].to_vec());
    assert!(codes(&cut).contains(&ContainerAmbiguous) && listed(&cut) == 1, "{:?}", codes(&cut));
    let without = opened(whole()[..whole().len() - 50].to_vec());
    assert_eq!((codes(&without), listed(&without)), (vec![ContainerBroken], 2));
}

#[test]
fn a_directory_is_looked_for_in_linear_time() {
    let records = stored("a", b"").central(0).repeat(100_000);
    let start = std::time::Instant::now();
    assert!(directory::without_end(&[&records[..], b"x"].concat(), 1 << 20).is_none());
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}
