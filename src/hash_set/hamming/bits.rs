//! Runs of bits of a hash, and the numbers close to a number.

use std::iter;

/// The `count` bits, at most 32, from bit `start` of `hash` on. Bit 0 is the highest of the first word; behind the last
/// bit of the last word comes bit 0 again.
#[inline(always)]
pub(super) fn bits_of<const W: usize>(hash: &[u64; W], start: u32, count: u32) -> u32 {
    if count == 0 {
        return 0;
    }
    let (word, shift) = (start as usize / 64 % W, start % 64);
    let behind = hash[(word + 1) % W] >> 1 >> (63 - shift);
    ((hash[word] << shift | behind) >> (64 - count)) as u32
}

/// Bits in which two hashes differ.
#[inline(always)]
pub(super) fn distance<const W: usize>(a: &[u64; W], b: &[u64; W]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// Every way to flip at most `radius` of the low `bits` bits, fewest first. `bits` is at most 30.
pub(super) fn flips(bits: u32, radius: u32) -> impl Iterator<Item = u32> {
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
pub(super) fn ball_size(bits: u32, radius: u32) -> u64 {
    let (bits, mut ways, mut size) = (u64::from(bits), 1_u64, 1_u64);
    for weight in 1..=u64::from(radius).min(bits) {
        ways = ways * (bits - weight + 1) / weight;
        size += ways;
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_from_the_highest_of_the_first_word_and_go_round() {
        let hash = [0xabcd_0000_0000_0012, 0x3400_0000_0000_ef12];
        assert_eq!(bits_of(&hash, 0, 16), 0xabcd);
        assert_eq!(bits_of(&hash, 4, 8), 0xbc);
        assert_eq!(bits_of(&hash, 56, 16), 0x1234);
        assert_eq!(bits_of(&hash, 64, 6), 0x34 >> 2);
        assert_eq!(bits_of(&hash, 112, 32), 0xef12_abcd);
        assert_eq!(bits_of(&hash, 120, 0), 0);
        assert_eq!(bits_of(&[0x8000_0000_0000_0001_u64], 63, 2), 0b11);
    }

    #[test]
    fn flips_are_all_numbers_of_small_weight_once() {
        for bits in 1..=10 {
            for radius in 0..=12 {
                let mut given: Vec<u32> = flips(bits, radius).collect();
                assert_eq!(given.len() as u64, ball_size(bits, radius), "{bits} bits within {radius}");
                assert!(given.is_sorted_by_key(|flip| flip.count_ones()), "{bits} bits within {radius}");
                given.sort_unstable();
                let naive: Vec<u32> = (0..1 << bits).filter(|flip: &u32| flip.count_ones() <= radius).collect();
                assert_eq!(given, naive, "{bits} bits within {radius}");
            }
        }
    }

    #[test]
    fn the_widest_directory_has_all_its_flips_counted() {
        assert_eq!(ball_size(28, 28), 1 << 28);
        assert_eq!(ball_size(28, 2), 1 + 28 + 378);
        assert_eq!(flips(28, 2).last(), Some(0b11 << 26));
    }
}
