use super::*;
use crate::config::ByteSize;
use crate::resumable::{Claim, Stored};

const HOUR: Duration = Duration::from_secs(3600);

fn key(name: &str) -> Key {
    Key::tus("o", "h", name)
}

fn under_way() -> Kept {
    Kept::S3(S3Upload::default())
}

#[test]
fn one_network_leaves_room_for_others() {
    let store = Arc::new(Assemblies::new(Arc::default()));
    let (terms, now) = (Terms { max: 100, timeout: HOUR, most_loose: 0 }, Instant::now());
    let network = |last: u8| Some(ClientNetwork::of([10, 0, last, 1].into()));
    for number in 0..80 {
        let slot = store.reserve(network(1), terms, now).unwrap();
        store.insert(slot, key(&number.to_string()), under_way(), now);
    }
    assert!(store.reserve(network(1), terms, now).is_none() && store.reserve(network(2), terms, now).is_some());
    store.remove(&key("7"));
    assert!(store.reserve(network(1), terms, now).is_some());
}

#[test]
fn there_are_no_more_uploads_than_allowed() {
    let store = Arc::new(Assemblies::new(Arc::default()));
    let (terms, now) = (Terms { max: 2, timeout: HOUR, most_loose: 0 }, Instant::now());
    let first = store.reserve(None, terms, now).unwrap();
    store.insert(first, key("a"), under_way(), now);
    let second = store.reserve(None, terms, now).unwrap();
    assert!(store.reserve(None, terms, now).is_none(), "one is kept and one is being created");
    drop(second);
    let second = store.reserve(None, terms, now).unwrap();
    store.insert(second, key("b"), under_way(), now);
    assert!(store.reserve(None, terms, now).is_none());
    store.change(&key("b"), terms, now, |kept| *kept = Kept::Blocked);
    assert!(store.reserve(None, terms, now).is_some(), "one that is over makes room");
    assert!(store.change(&key("b"), terms, now, |_| ()).is_none());
    assert!(store.change(&key("a"), terms, now, |_| ()).is_some());
}

#[test]
fn of_two_that_begin_at_once_the_second_does_not_replace_the_first() {
    let store = Arc::new(Assemblies::new(Arc::default()));
    let (terms, now) = (Terms { max: 2, timeout: HOUR, most_loose: 0 }, Instant::now());
    let (first, second) = (store.reserve(None, terms, now).unwrap(), store.reserve(None, terms, now).unwrap());
    store.insert_new(first, key("a"), Kept::Blocked, now);
    store.insert_new(second, key("a"), under_way(), now);
    assert_eq!(store.change(&key("a"), terms, now, |kept| matches!(kept, Kept::Blocked)), Some(true));
    assert!(store.reserve(None, terms, now).is_some(), "it gave its place back");
}

#[test]
fn an_upload_of_which_nothing_comes_gives_way_to_a_network_that_has_fewer() {
    let store = Arc::new(Assemblies::new(Arc::default()));
    let (terms, start) = (Terms { max: 10, timeout: HOUR, most_loose: 0 }, Instant::now());
    let network = |last: u8| Some(ClientNetwork::of([10, 0, last, 1].into()));
    let s3 = |number: usize| Key::s3("o", &number.to_string());
    let begin = |number: usize, last: u8, kept, now| {
        let slot = store.reserve(network(last), terms, now);
        slot.map(|slot| store.insert(slot, s3(number), kept, now)).is_some()
    };
    for (number, last) in [1, 1, 1, 1, 2, 2, 3, 4, 5, 6].into_iter().enumerate() {
        assert!(begin(number, last, under_way(), start), "{number}");
    }
    assert!(!begin(10, 7, under_way(), start), "something of all may be on its way");
    let late = start + GRACE + Duration::from_secs(1);
    let on_its_way = |kept: &mut Kept| kept.s3().map(|upload| upload.begin(1));
    for number in 0..2 {
        store.change(&s3(number), terms, late, on_its_way);
    }
    let late = late + GRACE + GRACE;
    assert!(begin(11, 7, under_way(), late) && begin(12, 8, under_way(), late));
    let gone: Vec<usize> = (0..10).filter(|number| store.is_gone(&s3(*number))).collect();
    assert_eq!(gone, [2, 3], "what is on its way stays");
    assert!(store.knows(&s3(2), terms, late) && !store.is_gone(&s3(11)));
    assert!(!begin(13, 1, under_way(), late), "nobody has more");
    store.expire(terms, late + HOUR + HOUR);
    assert!(store.is_empty(), "all is forgotten in the end");
}

#[test]
fn what_has_come_of_an_upload_gives_it_time() {
    let piece = |length: usize| Stored { piece: vec![0; length].into(), etag: None };
    let of = |length| {
        let mut upload = S3Upload::default();
        upload.begin(1).unwrap();
        upload.settle(1, Some(piece(length)));
        Kept::S3(upload)
    };
    for (kept, expected) in [
        (of(1), Some(GRACE)),
        (of(1 << 20), Some(GRACE + Duration::from_secs(1024))),
        (Kept::Gathered(Gathering::default()), None),
    ] {
        assert_eq!(kept.patience(), expected);
    }
}

#[test]
fn some_room_is_left_by_uploads_that_never_give_way() {
    let store = Arc::new(Assemblies::new(Arc::default()));
    let (terms, start) = (Terms { max: 8, timeout: HOUR, most_loose: 0 }, Instant::now());
    let gather = |number: u8, now| {
        let network = Some(ClientNetwork::of([10, 0, number, 1].into()));
        store.gather(&Key::gathered("o", &format!("name{number}"), None), network, terms, now, |_| ()).is_some()
    };
    // Empty ones do.
    let keep = |number: u8| {
        let claim = Claim { upload: "a".into(), ..Claim::default() };
        store.change(&Key::gathered("o", &format!("name{number}"), None), terms, start, |kept| {
            kept.gathered().map(|upload| upload.begin(&claim, &Bytes::from_static(b"x"), 1, ByteSize(9)).is_ok())
        })
    };
    let begun = (0..8).filter(|number| gather(*number, start) && keep(*number).is_some()).count();
    assert_eq!(begun, 6);
    assert!(store.reserve(None, terms, start + HOUR).is_some());
}

#[test]
fn an_upload_lives_until_it_was_unused_for_the_timeout() {
    let store = Arc::new(Assemblies::new(Arc::default()));
    let (terms, start) = (Terms { max: 1, timeout: HOUR, most_loose: 0 }, Instant::now());
    store.insert(store.reserve(None, terms, start).unwrap(), key("a"), under_way(), start);
    assert!(store.change(&key("a"), terms, start + HOUR, |_| ()).is_some());
    assert!(store.change(&key("a"), terms, start + HOUR + HOUR, |_| ()).is_some(), "each use counts");
    let late = start + HOUR * 3 + Duration::from_millis(1);
    assert!(store.reserve(None, terms, start + HOUR * 3).is_none());
    assert!(store.reserve(None, terms, late).is_some(), "room is made for a new one");
    assert!(store.change(&key("a"), terms, late, |_| ()).is_none());
}
