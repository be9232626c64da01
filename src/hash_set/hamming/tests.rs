//! The index against its naive twin.

use proptest::prelude::*;

use super::slot::cut;
use super::*;

/// Hashes around a few centres, at distances on both sides of every radius asked for, and some anywhere.
fn clustered<const W: usize>() -> impl Strategy<Value = Vec<[u64; W]>> {
    let flipped = prop::collection::vec(0..64 * W, 0..80);
    let member = (any::<prop::sample::Index>(), flipped, prop::bool::weighted(0.1), any::<[u64; W]>());
    let centres = prop::collection::vec(any::<[u64; W]>(), 1..4);
    (centres, prop::collection::vec(member, 0..150)).prop_map(|(centres, members)| {
        let place = |(centre, flipped, is_stray, stray): (prop::sample::Index, Vec<usize>, bool, [u64; W])| {
            let start = if is_stray { stray } else { *centre.get(&centres) };
            flipped.into_iter().fold(start, flip_bit)
        };
        members.into_iter().map(place).chain(centres.iter().copied()).collect()
    })
}

fn flip_bit<const W: usize>(mut hash: [u64; W], bit: usize) -> [u64; W] {
    hash[bit / 64] ^= 1 << (bit % 64);
    hash
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

fn check<const W: usize>(hashes: Vec<[u64; W]>, slots: usize, radius: u16) -> Result<(), TestCaseError> {
    // Members are their own best queries; the last is a centre, whose distances are spread widest.
    let queries: Vec<_> = hashes.iter().rev().step_by(hashes.len().div_ceil(3)).copied().collect();
    let index = HammingIndex::with_slots(hashes, cut(64 * W, slots));
    let expected = brute_force(index.hashes(), &queries, radius);
    prop_assert_eq!(&index.find_within(&queries, Distance(radius), Budget::UNLIMITED), &expected);
    prop_assert_eq!(&index.find(&queries, Distance(radius)), &expected);
    prop_assert_eq!(&index.scan(&queries, Distance(radius)), &expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn tables_find_what_brute_force_finds_in_256_bits(
        hashes in clustered::<4>(), slots in 17_usize..=64, radius in 0_u16..=64,
    ) {
        check(hashes, slots, radius)?;
    }

    #[test]
    fn tables_find_what_brute_force_finds_in_64_bits(
        hashes in clustered::<1>(), slots in 5_usize..=16, radius in 0_u16..=64,
    ) {
        check(hashes, slots, radius)?;
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
    hashes
}

fn check_planted<const W: usize>(len: usize) {
    let index = HammingIndex::new(planted::<W>(len));
    assert_eq!(index.tables.is_empty(), len < SCAN_BELOW, "{len} hashes");
    for radius in 0..=64 {
        let queries = [[0; W], [1; W]];
        let expected = brute_force(index.hashes(), &queries, radius);
        assert!(expected.len() > usize::from(radius / 2), "{len} hashes, radius {radius}: planted ones are near");
        assert_eq!(index.find(&queries, Distance(radius)), expected, "{len} hashes, radius {radius}");
    }
}

#[test]
fn the_default_layout_is_exact_on_both_sides_of_the_threshold() {
    for len in [SCAN_BELOW - 1, SCAN_BELOW, 50_000] {
        check_planted::<4>(len);
        check_planted::<1>(len);
    }
}

#[test]
fn every_radius_up_to_all_bits_is_answered() {
    let index = HammingIndex::new(planted::<1>(5_000));
    assert_eq!(index.find(&[[0]], Distance(64)).len(), 5_000);
    assert_eq!(index.find(&[[0]], Distance(u16::MAX)).len(), 5_000);
    assert_eq!(index.find(&[], Distance(64)), []);
    assert_eq!(HammingIndex::<4>::new(Vec::new()).find(&[[0; 4]], Distance(256)), []);
}

#[test]
fn equal_hashes_are_scanned_rather_than_gathered() {
    let index = HammingIndex::new(vec![[7_u64; 4]; 100_000]);
    let mut candidates = Vec::new();
    let budget = Budget::below_a_scan_of(index.hashes.len());
    assert_eq!(index.gather(&[7; 4], Distance(31), budget, &mut candidates), Err(OverBudget));
    assert!(candidates.len() < 100_000 / 16);
    assert_eq!(index.find(&[[7; 4]], Distance(31)).len(), 100_000);
}

#[test]
fn a_row_near_several_queries_comes_once_with_its_least_distance() {
    let index = HammingIndex::new(vec![[0b0000], [0b0111]]);
    let found = index.find(&[[0b0011], [0b0001], [0b0000]], Distance(2));
    let expected = [(0, 0), (1, 1)].map(|(distance, row)| Neighbour { distance: Distance(distance), row });
    assert_eq!(found, expected);
}
