//! The index against its naive twin.

use proptest::prelude::*;

use super::build::build_with;
use super::*;

/// Hashes around a few centres, at distances on both sides of every radius asked for, and some anywhere; some twice.
fn clustered<const W: usize>() -> impl Strategy<Value = Vec<[u64; W]>> {
    let flipped = prop::collection::vec(0..64 * W, 0..80);
    let member = (any::<prop::sample::Index>(), flipped, prop::bool::weighted(0.1), any::<[u64; W]>(), 1..3_usize);
    let centres = prop::collection::vec(any::<[u64; W]>(), 1..4);
    (centres, prop::collection::vec(member, 0..150)).prop_map(|(centres, members)| {
        let place = |(centre, flipped, is_stray, stray, times): (prop::sample::Index, Vec<usize>, bool, _, usize)| {
            let start = if is_stray { stray } else { *centre.get(&centres) };
            std::iter::repeat_n(flipped.into_iter().fold(start, flip_bit), times)
        };
        let mut hashes: Vec<_> = members.into_iter().flat_map(place).chain(centres.iter().copied()).collect();
        hashes.sort_unstable();
        hashes
    })
}

fn flip_bit<const W: usize>(mut hash: [u64; W], bit: usize) -> [u64; W] {
    hash[bit / 64] ^= 1 << (bit % 64);
    hash
}

/// Slots of odd widths, with directories over all or a part of each.
fn odd_slots(hash_bits: u32) -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec((1_u32..24, 0_u32..6), 1..40).prop_map(move |parts| {
        let mut left = hash_bits;
        let mut slots = Vec::new();
        for (width, spare) in parts {
            let width = width.min(left);
            if width > 0 {
                slots.push((width, width.saturating_sub(spare).clamp(1, 14)));
            }
            left -= width;
        }
        while left > 0 {
            let width = left.min(13);
            slots.push((width, width));
            left -= width;
        }
        slots
    })
}

/// Written without the index: the distances of every row to every query.
fn brute_force<const W: usize>(hashes: &[[u64; W]], queries: &[[u64; W]], radius: u16) -> Vec<Neighbour> {
    let distance = |a: &[u64; W], b: &[u64; W]| -> u32 { (0..W).map(|word| (a[word] ^ b[word]).count_ones()).sum() };
    let nearest = |hash| queries.iter().map(|query| distance(hash, query)).min();
    let rows = hashes.iter().zip(0..).filter_map(|(hash, row)| Some((nearest(hash)? as u16, row)));
    let mut near: Vec<_> = rows.filter(|(distance, _)| *distance <= radius).collect();
    near.sort_unstable();
    near.into_iter().map(|(distance, row)| Neighbour { distance: Distance(distance), row }).collect()
}

/// The tables of sorted hashes, by a layout whose sizes are not known yet or by the usual one.
fn tables<const W: usize>(hashes: &[[u64; W]], layout: Option<Layout>) -> (Layout, Vec<u8>) {
    let mut tables = Vec::new();
    let emit = |section: &[u8]| -> Result<(), ()> {
        tables.extend_from_slice(section);
        Ok(())
    };
    let layout = match layout {
        Some(layout) => build_with(layout, hashes, 2, emit),
        None => build_tables(hashes, 2, emit),
    };
    (layout.unwrap(), tables)
}

fn complete(neighbours: Vec<Neighbour>) -> Found {
    Found { neighbours, completeness: Completeness::Complete }
}

fn check<const W: usize>(hashes: &[[u64; W]], slots: &[(u32, u32)], radius: u16) -> Result<(), TestCaseError> {
    // Members are their own best queries.
    let queries: Vec<_> = hashes.iter().rev().step_by(hashes.len().div_ceil(3)).copied().collect();
    let (layout, bytes) = tables(hashes, Some(Layout::cut(64 * W as u32, hashes.len() as u32, slots)));
    let read = Layout::from_words(&layout.to_words()).unwrap();
    let view = View::new(&read, hashes, &bytes).unwrap();
    let expected = complete(brute_force(hashes, &queries, radius));
    let radius = Distance(radius);
    if read.plan().cost(usize::from(radius.0)).is_some_and(|cost| cost < 1e7) {
        prop_assert_eq!(&view.find_in_tables(&queries, radius, Limits::NONE), &expected);
    }
    prop_assert_eq!(&view.find_with(&queries, radius, Limits::NONE), &expected);
    prop_assert_eq!(&view.scan(&queries, radius, Limits::NONE), &expected);
    prop_assert_eq!(view.nearest(&queries, radius).0, expected.neighbours.first().copied());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn tables_find_what_brute_force_finds_in_256_bits(
        hashes in clustered::<4>(), slots in odd_slots(256), radius in 0_u16..=64,
    ) {
        check(&hashes, &slots, radius)?;
    }

    #[test]
    fn tables_find_what_brute_force_finds_in_64_bits(
        hashes in clustered::<1>(), slots in odd_slots(64), radius in 0_u16..=64,
    ) {
        check(&hashes, &slots, radius)?;
    }

    #[test]
    fn tables_of_any_bytes_give_only_rows_within_the_radius(
        hashes in clustered::<1>(), slots in odd_slots(64), radius in 0_u16..=12,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..400),
    ) {
        let (layout, mut bytes) = tables(&hashes, Some(Layout::cut(64, hashes.len() as u32, &slots)));
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let view = View::new(&layout, &hashes, &bytes).unwrap();
        let query = hashes[hashes.len() / 2];
        let found = view.find_in_tables(&[query], Distance(radius), Limits::default());
        let all = brute_force(&hashes, &[query], radius);
        prop_assert!(found.neighbours.iter().all(|neighbour| all.contains(neighbour)));
    }

    #[test]
    fn layouts_of_any_numbers_are_refused_or_searched(
        hashes in clustered::<1>(), slots in odd_slots(64),
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![0_u32..40, any::<u32>()]), 1..3),
    ) {
        let (layout, bytes) = tables(&hashes, Some(Layout::cut(64, hashes.len() as u32, &slots)));
        let mut words = layout.to_words();
        for (at, word) in damage {
            let at = at.index(words.len());
            words[at] = word;
        }
        if let Ok(layout) = Layout::from_words(&words)
            && let Ok(view) = View::new(&layout, &hashes, &bytes)
            && layout.plan().cost(8).is_some_and(|cost| cost < 1e7)
        {
            view.find_in_tables(&[hashes[0]], Distance(8), Limits::default());
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): enough randomness, and the same for every run.
fn random_words(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// `len` random hashes, of which a few are moved near the query `[0; W]`, one to every distance up to 64.
fn planted<const W: usize>(len: usize) -> Vec<[u64; W]> {
    let mut word = random_words(len as u64);
    let mut hashes: Vec<[u64; W]> = (0..len).map(|_| std::array::from_fn(|_| word())).collect();
    for distance in 0..=64_usize {
        let row = word() as usize % len;
        hashes[row] = [0; W];
        while hashes[row].iter().map(|word| word.count_ones() as usize).sum::<usize>() < distance {
            let bit = word() as usize % (64 * W);
            hashes[row][bit / 64] |= 1 << (bit % 64);
        }
    }
    hashes.sort_unstable();
    hashes
}

fn check_planted<const W: usize>(len: usize) {
    let hashes = planted::<W>(len);
    let (layout, bytes) = tables(&hashes, None);
    assert_eq!(bytes.is_empty(), len < choose::SCAN_BELOW as usize, "{len} hashes");
    let view = View::new(&layout, &hashes, &bytes).unwrap();
    for radius in 0..=64 {
        let queries = [[0; W], [1; W]];
        let expected = brute_force(&hashes, &queries, radius);
        assert!(expected.len() > usize::from(radius / 2), "{len} hashes, radius {radius}: planted ones are near");
        let found = view.find_with(&queries, Distance(radius), Limits { matches: usize::MAX, ..Limits::default() });
        assert_eq!(found, complete(expected), "{len} hashes, radius {radius}");
    }
}

#[test]
fn the_default_layout_is_exact_on_both_sides_of_the_threshold() {
    for len in [choose::SCAN_BELOW as usize - 1, choose::SCAN_BELOW as usize, 50_000] {
        check_planted::<4>(len);
        check_planted::<1>(len);
    }
}

#[test]
fn every_radius_up_to_all_bits_is_answered() {
    let hashes = planted::<1>(5_000);
    let (layout, bytes) = tables(&hashes, None);
    let view = View::new(&layout, &hashes, &bytes).unwrap();
    assert_eq!(view.find(&[[0]], Distance(64)).neighbours.len(), 5_000);
    assert_eq!(view.find(&[[0]], Distance(u16::MAX)).neighbours.len(), 5_000);
    assert_eq!(view.find(&[], Distance(64)), complete(vec![]));
    let (layout, bytes) = tables::<4>(&[], None);
    let view = View::new(&layout, &[], &bytes).unwrap();
    assert_eq!(view.find(&[[0; 4]], Distance(256)), complete(vec![]));
    assert_eq!(view.nearest(&[[0; 4]], Distance(256)), (None, Completeness::Complete));
}

#[test]
fn more_matches_than_the_limit_are_cut_off_and_said_to_be() {
    let hashes = vec![[7_u64; 4]; 100_000];
    let (layout, bytes) = tables(&hashes, None);
    let view = View::new(&layout, &hashes, &bytes).unwrap();
    let found = view.find(&[[7; 4]], Distance(31));
    assert_eq!((found.neighbours.len(), found.completeness), (10_000, Completeness::Capped));
    let found = view.find_with(&[[7; 4]], Distance(31), Limits::NONE);
    assert_eq!((found.neighbours.len(), found.completeness), (100_000, Completeness::Complete));
    let found = view.scan(&[[7; 4]], Distance(31), Limits { matches: 5, ..Limits::NONE });
    assert_eq!((found.neighbours.len(), found.completeness), (5, Completeness::Capped));
}

#[test]
fn a_bucket_that_holds_everything_is_left_early_and_said_to_be() {
    // All equal but in the last word, where they are far from the query.
    let mut word = random_words(1);
    let mut hashes: Vec<[u64; 4]> = (0..200_000).map(|_| [0, 0, 0, word()]).collect();
    hashes.sort_unstable();
    let (layout, bytes) = tables(&hashes, None);
    let view = View::new(&layout, &hashes, &bytes).unwrap();
    let query = [0, 0, !0, 5];
    assert_eq!(view.find(&[query], Distance(31)), Found { neighbours: vec![], completeness: Completeness::Capped });
    assert_eq!(view.find_with(&[query], Distance(31), Limits::NONE), complete(vec![]));
}

#[test]
fn clusters_of_fifty_are_never_capped() {
    let mut word = random_words(2);
    for len in [5_000, 20_000, 200_000] {
        let mut hashes: Vec<[u64; 4]> = (0..len).map(|_| std::array::from_fn(|_| word())).collect();
        for row in 0..len / 2 {
            let centre = hashes[row / 50 * 50];
            hashes[row] = (0..word() % 11).fold(centre, |hash, _| flip_bit(hash, word() as usize % 256));
        }
        let queries: Vec<_> = hashes.iter().step_by(len / 100).copied().collect();
        hashes.sort_unstable();
        let (layout, bytes) = tables(&hashes, None);
        let view = View::new(&layout, &hashes, &bytes).unwrap();
        for query in queries {
            assert_eq!(view.find(&[query], Distance(31)), complete(brute_force(&hashes, &[query], 31)));
        }
    }
}

#[test]
fn a_row_near_several_queries_comes_once_with_its_least_distance() {
    let hashes = [[0b0000], [0b0111]];
    let (layout, bytes) = tables(&hashes, None);
    let view = View::new(&layout, &hashes, &bytes).unwrap();
    let found = view.find(&[[0b1100], [0b0001], [0b0111]], Distance(2)).neighbours;
    let expected = [(0, 1), (1, 0)].map(|(distance, row)| Neighbour { distance: Distance(distance), row });
    assert_eq!(found, expected);
}

#[test]
fn unsorted_hashes_and_foreign_tables_are_refused() {
    let error = build_tables(&[[1], [0]], 1, |_| Ok::<_, ()>(())).unwrap_err();
    assert_eq!(error, EmitError::Build(BuildError::Unsorted(1)));
    let hashes = planted::<1>(5_000);
    let (layout, bytes) = tables(&hashes, None);
    let expected = LayoutError::Hashes { expected: 5_000, expected_bits: 64, found: 4_999, found_bits: 64 };
    assert_eq!(View::new(&layout, &hashes[1..], &bytes).unwrap_err(), expected);
    let expected = LayoutError::Tables { expected: bytes.len(), found: bytes.len() - 1 };
    assert_eq!(View::new(&layout, &hashes, &bytes[1..]).unwrap_err(), expected);
}

#[test]
fn a_failing_sink_stops_the_building() {
    let hashes = planted::<1>(5_000);
    assert_eq!(build_tables(&hashes, 2, |_| Err("full")).unwrap_err(), EmitError::Sink("full"));
}

#[test]
fn both_copies_of_a_search_answer_the_same() {
    use super::cpu::Work as _;
    let hashes = planted::<4>(50_000);
    let (layout, bytes) = tables(&hashes, None);
    let view = View::new(&layout, &hashes, &bytes).unwrap();
    let search = || TableSearch { view, queries: &[[0; 4], [1; 4]], radius: 31, work: 8.0 };
    let (plain, recent) = (search().run(), cpu::run(search()));
    assert_eq!((plain.found, plain.is_capped), (recent.found, recent.is_capped));
}
