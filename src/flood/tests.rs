use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn key(entry: &str) -> EntryKey {
    EntryKey { set: Arc::from("set"), entry: Arc::from(entry), hash: HashValue::Md5([0; 16]) }
}

fn rule(min_uploads: u32, min_clients: u32, factor: f64) -> FloodRule {
    FloodRule { window: Duration::from_secs(60), min_uploads, min_clients, factor }
}

fn from(content: u64) -> Sighting {
    Sighting { content: content.wrapping_mul(0x9e37_79b9_7f4a_7c15), client: 1 }
}

/// Remembers everything, and works all of it out anew at each sighting.
struct Twin {
    rule: FloodRule,
    seen: Vec<(u64, Sighting)>,
    is_held_back: bool,
}

impl Twin {
    fn observe(&mut self, sighting: Sighting, now: u64) -> bool {
        self.seen.push((now, sighting));
        let different = |window: u64, of: fn(&Sighting) -> u64| {
            let in_window = self.seen.iter().filter(|(at, _)| at / 60 == window);
            in_window.map(|(_, sighting)| of(sighting)).collect::<HashSet<_>>().len()
        };
        let mut windows: Vec<u64> = self.seen.iter().map(|(at, _)| at / 60).collect();
        windows.dedup();
        let current = windows.pop().unwrap();
        let usual = windows
            .iter()
            .fold(0.0, |usual, window| usual + (different(*window, |sighting| sighting.content) as f64 - usual) / 8.0);
        let count = different(current, |sighting| sighting.content);
        let clients = different(current, |sighting| sighting.client);
        self.is_held_back |= count > self.rule.min_uploads as usize
            && count as f64 > usual * self.rule.factor
            && clients >= self.rule.min_clients as usize;
        self.is_held_back
    }
}

proptest! {
    #[test]
    fn it_trips_exactly_when_the_rule_says(
        min_uploads in 1u32..12,
        min_clients in 1u32..4,
        factor in 1.0..6.0,
        steps in prop::collection::vec((0u64..40, 0u64..30, 0u64..4), 1..200),
    ) {
        let rule = rule(min_uploads, min_clients, factor);
        let (mut breaker, mut twin) = (Breaker::default(), Twin { rule, seen: Vec::new(), is_held_back: false });
        let (mut now, mut trips) = (6_000, 0);
        for (step, content, client) in steps {
            now += step;
            let was_held_back = twin.is_held_back;
            let expected = twin.observe(Sighting { content, client }, now);
            let found = breaker.observe(&key("e"), Sighting { content, client }, Moment(now), Some(&rule));
            prop_assert_eq!(found != Standing::Acts, expected);
            prop_assert_eq!(matches!(found, Standing::Trips(_)), expected && !was_held_back);
            trips += usize::from(matches!(found, Standing::Trips(_)));
        }
        prop_assert!(trips <= 1);
    }

    #[test]
    fn one_upload_sent_again_and_again_never_trips(times in prop::collection::vec(0u64..100_000, 1..500)) {
        let mut breaker = Breaker::default();
        for now in times {
            prop_assert_eq!(breaker.observe(&key("e"), from(7), Moment(now), Some(&rule(1, 1, 1.0))), Standing::Acts);
        }
    }
}

#[test]
fn memory_is_bounded_whatever_comes_and_what_is_held_back_stays() {
    let mut breaker = Breaker::default();
    let rule = rule(2, 1, 1.0);
    let flood = |breaker: &mut Breaker, entry: &str, now| {
        (0..3).map(|content| breaker.observe(&key(entry), from(content), now, Some(&rule))).last().unwrap()
    };
    assert!(matches!(flood(&mut breaker, "first", Moment(1)), Standing::Trips(_)));
    for number in 0..2 * Breaker::MAX_ENTRIES as u64 {
        breaker.observe(&key(&format!("e{number}")), from(number), Moment(60 + number), Some(&rule));
        assert!(breaker.tracks.len() <= Breaker::MAX_ENTRIES);
    }
    assert_eq!(breaker.observe(&key("first"), from(9), Moment(1), Some(&rule)), Standing::HeldBack);
    for number in 0..Breaker::MAX_HELD_BACK + 10 {
        flood(&mut breaker, &format!("flood{number}"), Moment(1_000_000));
    }
    assert_eq!((breaker.held_back, breaker.count_held_back()), (Breaker::MAX_HELD_BACK, Breaker::MAX_HELD_BACK));
    for content in 0..5_000 {
        breaker.observe(&key("first"), from(content), Moment(1), Some(&rule));
    }
    assert!(breaker.tracks.values().all(|track| track.contents.kept() <= Distinct::EXACT));
    let clients = (0..500).map(|client| Sighting { content: 1, client });
    for sighting in clients {
        breaker.observe(&key("first"), sighting, Moment(1), Some(&rule));
    }
    assert_eq!(breaker.tracks[&key("first")].clients.len(), FloodRule::MAX_CLIENTS as usize);
}

#[test]
fn what_was_usual_for_many_windows_is_no_flood_and_ten_times_of_it_is() {
    let mut breaker = Breaker::default();
    let rule = rule(50, 1, 10.0);
    let mut window = |number: u64, uploads: u64| {
        let at = Moment(number * 60);
        (0..uploads).map(|content| breaker.observe(&key("e"), from(content), at, Some(&rule))).last().unwrap()
    };
    for number in 100..150 {
        assert_eq!(window(number, 40), Standing::Acts);
    }
    assert_eq!(window(300, 390), Standing::Acts, "nights do not make it forget");
    let Standing::Trips(trip) = (401..900)
        .find_map(|uploads| match window(1000, uploads) {
            Standing::Acts => None,
            standing => Some(standing),
        })
        .unwrap()
    else {
        panic!("held back before it tripped");
    };
    assert!((trip.uploads as f64 - trip.usual * 10.0) > 0.0 && trip.usual > 40.0, "{trip:?}");
}

#[test]
fn a_person_decides_and_what_was_decided_outlives_a_restart() {
    let rule = rule(3, 1, 10.0);
    let mut breaker = Breaker::default();
    let send = |breaker: &mut Breaker, entry: &str, contents: std::ops::Range<u64>| {
        let seen = contents.map(|content| breaker.observe(&key(entry), from(content), Moment(60), Some(&rule)));
        seen.collect::<Vec<_>>()
    };
    let seen = send(&mut breaker, "good", 0..6);
    assert_eq!(&seen[..3], [Standing::Acts; 3]);
    assert_eq!(seen[3], Standing::Trips(Trip { uploads: 4, usual: 0.0 }));
    assert_eq!(&seen[4..], [Standing::HeldBack; 2]);
    send(&mut breaker, "bad", 0..6);
    assert_eq!(breaker.waiting(), 2);
    assert_eq!(breaker.decide("set", "unheard of", Decision::Enforce, Moment(61)), 0);
    assert_eq!(breaker.decide("set", "good", Decision::Enforce, Moment(61)), 1);
    assert_eq!(breaker.decide("set", "bad", Decision::Monitor, Moment(61)), 1);
    assert_eq!(breaker.waiting(), 0);
    assert_eq!(
        breaker.observe(&key("bad"), from(1), Moment(62), None),
        Standing::HeldBack,
        "even where none is counted"
    );

    let mut next = Breaker::default();
    next.restore(breaker.records());
    let seen = send(&mut next, "good", 0..61);
    assert_eq!(&seen[..60], [Standing::Acts; 60], "ten times the six it had is usual now");
    assert!(matches!(seen[60], Standing::Trips(_)));
    assert_eq!(send(&mut next, "bad", 0..1), [Standing::HeldBack]);
    let another = EntryKey { hash: HashValue::Md5([1; 16]), ..key("bad") };
    assert_eq!(next.observe(&another, from(1), Moment(62), Some(&rule)), Standing::Acts, "a corrected hash");
}

#[test]
fn without_a_rule_a_quarantined_entry_acts() {
    let mut breaker = Breaker::default();
    for content in 0..5 {
        breaker.observe(&key("e"), from(content), Moment(60), Some(&rule(2, 1, 10.0)));
    }
    assert_eq!(breaker.waiting(), 1);
    assert_eq!(breaker.observe(&key("e"), from(9), Moment(61), None), Standing::Acts);
}
