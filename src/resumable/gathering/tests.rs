use super::super::Outcome;
use super::super::piece_hash;
use super::*;

const MAX: ByteSize = ByteSize(100);

fn nth(index: u64, count: u64) -> Claim {
    let place = Place { index: Some(index), offset: None };
    Claim { upload: "u".into(), place, first: Some(0), count: Some(count), ..Claim::default() }
}

fn at(offset: u64, total: u64) -> Claim {
    let place = Place { index: None, offset: Some(offset) };
    Claim { upload: "u".into(), place, total: Some(total), ..Claim::default() }
}

fn send(gathering: &mut Gathering, claim: &Claim, piece: &'static str) -> (bool, Vec<String>) {
    let begun = gathering.begin(claim, &piece.into(), piece_hash(piece.as_bytes()), MAX).unwrap();
    gathering.settle(begun.ticket, Outcome::Stored(None));
    let text = |pieces: &Vec<Bytes>| String::from_utf8(pieces.concat()).unwrap();
    (begun.is_whole, begun.wholes.readings.iter().map(text).collect())
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn the_whole_is_there_with_its_last_piece_in_whatever_order_they_come() {
    let mut gathering = Gathering::default();
    assert_eq!(send(&mut gathering, &nth(2, 3), "c"), (false, vec![]));
    assert_eq!(send(&mut gathering, &nth(0, 3), "a"), (false, texts(&["ac", "ca"])));
    assert_eq!(send(&mut gathering, &nth(0, 3), "a"), (false, texts(&["ac", "ca"])), "once more");
    assert_eq!(send(&mut gathering, &nth(1, 3), "b"), (true, texts(&["abc", "cab"])));
    let mut gathering = Gathering::default();
    send(&mut gathering, &at(0, 6), "ab");
    assert_eq!(send(&mut gathering, &at(4, 6), "ef"), (false, texts(&["ab\0\0ef", "abef"])));
    assert_eq!(send(&mut gathering, &at(2, 6), "cd"), (true, texts(&["abcdef", "abefcd"])));
}

#[test]
fn numbers_that_lie_hide_nothing() {
    let mut gathering = Gathering::default();
    send(&mut gathering, &nth(0, 9), "a");
    assert_eq!(send(&mut gathering, &nth(1, 9), "b").1, texts(&["ab"]), "looked at though not said to be whole");
    assert!(send(&mut gathering, &nth(1, 2), "b").0, "by the other number it is whole");
    assert_eq!(send(&mut gathering, &nth(1, 9), "x").1, texts(&["ax", "ab", "abx"]), "the later, the former, both");
    let mut gathering = Gathering::default();
    let both = |index, offset| Claim { place: Place { index: Some(index), offset: Some(offset) }, ..nth(index, 9) };
    send(&mut gathering, &both(0, 1), "b");
    assert_eq!(send(&mut gathering, &both(1, 0), "a").1, texts(&["ba", "ab"]), "by number, and by where they begin");
}

#[test]
fn what_the_origin_did_not_take_is_not_kept() {
    let mut gathering = Gathering::default();
    let begun = gathering.begin(&nth(0, 2), &"a".into(), piece_hash(b"a"), MAX).unwrap();
    gathering.settle(begun.ticket, Outcome::Refused);
    assert_eq!(gathering.bytes(), 0);
    assert!(gathering.lacks(&nth(1, 2), 1) && !gathering.lacks(&nth(0, 2), 1));
    send(&mut gathering, &nth(0, 2), "a");
    assert!(!gathering.lacks(&nth(1, 2), 1) && gathering.has(0) && !gathering.has(1));
    let large = gathering.begin(&nth(1, 2), &"x".repeat(100).into(), 0, MAX).unwrap_err();
    assert_eq!(large, Halt::Fault(Fault::TooLarge(MAX)));
}

#[test]
fn of_a_client_that_may_count_from_one_the_second_to_last_piece_is_seen_and_waits_for_no_other() {
    let unsaid = |index| Claim { first: None, ..nth(index, 4) };
    let mut gathering = Gathering::default();
    send(&mut gathering, &unsaid(1), "a");
    assert!(gathering.lacks(&unsaid(3), 1), "piece 2 is missing whatever the first is");
    send(&mut gathering, &unsaid(2), "b");
    assert!(!gathering.lacks(&unsaid(3), 1));
    assert_eq!(send(&mut gathering, &unsaid(3), "c"), (false, texts(&["abc"])), "it may be the last one");
    assert!(!gathering.lacks(&unsaid(4), 1));
    assert_eq!(send(&mut gathering, &unsaid(4), "d"), (true, texts(&["abcd"])));
    let mut gathering = Gathering::default();
    send(&mut gathering, &unsaid(0), "a");
    send(&mut gathering, &unsaid(1), "b");
    assert!(gathering.lacks(&unsaid(3), 1), "it counts from 0");
}

#[test]
fn a_piece_that_one_of_two_requests_got_through_stays() {
    for (first, second, bytes) in [
        (Outcome::Refused, Outcome::Stored(None), 1),
        (Outcome::Stored(None), Outcome::Refused, 1),
        (Outcome::Unknown, Outcome::Refused, 1),
        (Outcome::Refused, Outcome::NotSent, 0),
    ] {
        let mut gathering = Gathering::default();
        let mut begin = || gathering.begin(&nth(0, 2), &"a".into(), piece_hash(b"a"), MAX).unwrap().ticket;
        let (one, two) = (begin(), begin());
        gathering.settle(one, first);
        gathering.settle(two, second);
        assert_eq!(gathering.bytes(), bytes, "{first:?} {second:?}");
    }
}

#[test]
fn an_upload_that_is_over_begins_anew_only_with_a_first_piece() {
    let mut gathering = Gathering::default();
    send(&mut gathering, &nth(0, 2), "a");
    send(&mut gathering, &nth(1, 2), "b");
    gathering.end(false);
    assert_eq!(gathering.bytes(), 0);
    assert!(send(&mut gathering, &nth(1, 2), "b").1.is_empty(), "its answer was lost");
    let other = Claim { place: Place { index: Some(2), offset: None }, ..nth(2, 3) };
    assert_eq!(
        gathering.begin(&other, &"c".into(), piece_hash(b"c"), MAX).unwrap_err(),
        Halt::Fault(Fault::Incomplete)
    );
    send(&mut gathering, &nth(0, 3), "x");
    send(&mut gathering, &nth(1, 3), "y");
    gathering.end(true);
    assert_eq!(gathering.begin(&nth(0, 3), &"x".into(), piece_hash(b"x"), MAX).unwrap_err(), Halt::Blocked);
    assert_eq!(gathering.begin(&nth(2, 3), &"z".into(), piece_hash(b"z"), MAX).unwrap_err(), Halt::Blocked);
    send(&mut gathering, &nth(0, 4), "0");
    let jump = gathering.begin(&nth(3, 4), &"3".into(), piece_hash(b"3"), MAX).unwrap_err();
    assert_eq!(jump, Halt::Fault(Fault::Incomplete), "the origin may still have those in between");
}

#[test]
fn what_was_given_up_is_missing_until_it_comes_again() {
    let begin = |gathering: &mut Gathering, claim: &Claim| {
        let begun = gathering.begin(claim, &"x".into(), piece_hash(b"x"), MAX).unwrap();
        gathering.settle(begun.ticket, Outcome::Stored(None));
        (begun.is_whole, begun.is_whole && begun.wholes.is_gapped)
    };
    let mut gathering = Gathering::default();
    begin(&mut gathering, &nth(2, 3));
    assert!(gathering.lose() && gathering.bytes() == 0 && !gathering.lose());
    assert_eq!(begin(&mut gathering, &nth(0, 3)), (false, false));
    assert_eq!(begin(&mut gathering, &nth(1, 3)), (true, true), "the origin may have all of it");
    let mut gathering = Gathering::default();
    begin(&mut gathering, &nth(0, 3));
    begin(&mut gathering, &nth(1, 3));
    assert!(gathering.lose());
    for (number, expected) in [(0, (false, false)), (1, (false, false)), (2, (true, false))] {
        assert_eq!(begin(&mut gathering, &nth(number, 3)), expected, "{number}: sent once more");
    }
    let mut gathering = Gathering::default();
    begin(&mut gathering, &at(1, 2));
    gathering.lose();
    assert_eq!(begin(&mut gathering, &at(0, 2)), (true, true));
    gathering.end(false);
    assert!(!gathering.lose(), "there is nothing to remember of what is over");
}
