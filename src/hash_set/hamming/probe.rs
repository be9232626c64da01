//! How far each slot is searched, which values that means, and when it is not worth it.

use std::iter;

use crate::content::Distance;

/// How far slot `position` of `count` slots is searched; `None` for not at all.
///
/// Guarantee: over all slots, these radii each plus one add up to `radius` plus one.
pub(super) const fn slot_radius(radius: Distance, count: usize, position: usize) -> Option<usize> {
    let (share, rest) = (radius.0 as usize / count, radius.0 as usize % count);
    if position <= rest { Some(share) } else { share.checked_sub(1) }
}

/// Every way to flip at most `radius` of the low `bits` bits, fewest first. `bits` is at most 30.
pub(super) fn flips(bits: usize, radius: usize) -> impl Iterator<Item = u32> {
    (0..=radius.min(bits)).flat_map(move |weight| {
        iter::successors(Some((1_u32 << weight) - 1), |flip| next_of_equal_weight(*flip))
            .take_while(move |flip| *flip < 1 << bits)
    })
}

/// The next larger number with as many bits set: its lowest run of ones gives its top bit to the left, and the others
/// fall to the bottom.
const fn next_of_equal_weight(number: u32) -> Option<u32> {
    if number == 0 {
        return None;
    }
    let run = number.trailing_zeros();
    let carried = number + (1 << run);
    Some(carried | ((carried ^ number) >> 2 >> run))
}

/// How many flips [`flips`] gives.
pub(super) fn ball_size(bits: usize, radius: usize) -> u64 {
    let (bits, mut ways, mut size) = (bits as u64, 1_u64, 1_u64);
    for weight in 1..=(radius as u64).min(bits) {
        ways = ways * (bits - weight + 1) / weight;
        size += ways;
    }
    size
}

/// Work that still costs less than a scan of all hashes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    values: u64,
    candidates: usize,
}

/// A scan is cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OverBudget;

impl Budget {
    /// As many values and as many rows as take about as long as a scan.
    ///
    /// Measured with a value and its row each a cache miss: together 25 to 80 ns, by the size of the list, against
    /// 2.5 ns a row for a scan, which reads memory in order.
    pub(super) const fn below_a_scan_of(len: usize) -> Self {
        Self { values: len as u64 / 16, candidates: len / 16 }
    }

    /// No bound, so that a test sees the tables work however small the list is.
    #[cfg(test)]
    pub(super) const UNLIMITED: Self = Self { values: u64::MAX, candidates: usize::MAX };

    /// Whether so many values may be looked up.
    pub(super) const fn allow_values(self, values: u64) -> Result<(), OverBudget> {
        if values <= self.values { Ok(()) } else { Err(OverBudget) }
    }

    /// Whether so many rows may be compared.
    pub(super) const fn allow_candidates(self, candidates: usize) -> Result<(), OverBudget> {
        if candidates <= self.candidates { Ok(()) } else { Err(OverBudget) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slot_radii_plus_one_add_up_to_the_radius_plus_one() {
        for count in 1..=64 {
            for radius in 0..=256 {
                let radii = (0..count).filter_map(|position| slot_radius(Distance(radius), count, position));
                let sum: usize = radii.map(|slot_radius| slot_radius + 1).sum();
                assert_eq!(sum, usize::from(radius) + 1, "radius {radius} over {count} slots");
            }
        }
    }

    #[test]
    fn flips_are_all_numbers_of_small_weight_once() {
        for bits in 1..=10 {
            for radius in 0..=12 {
                let mut given: Vec<u32> = flips(bits, radius).collect();
                assert_eq!(given.len() as u64, ball_size(bits, radius), "{bits} bits within {radius}");
                given.sort_unstable();
                let naive: Vec<u32> =
                    (0..1 << bits).filter(|flip: &u32| flip.count_ones() as usize <= radius).collect();
                assert_eq!(given, naive, "{bits} bits within {radius}");
            }
        }
    }

    #[test]
    fn the_widest_slot_has_all_its_flips_counted() {
        assert_eq!(ball_size(28, 28), 1 << 28);
        assert_eq!(ball_size(28, 2), 1 + 28 + 378);
        assert_eq!(flips(28, 2).last(), Some(0b11 << 26));
    }
}
