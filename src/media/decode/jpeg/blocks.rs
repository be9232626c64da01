//! The coefficients of one block, out of the bits of a scan.
//!
//! Source: ITU-T T.81, §F.2.2 (sequential), §G.1.2 and figures G.3 to G.7 (progressive).

use std::ops::RangeInclusive;

use super::entropy::{Bits, Codes};

/// Where each coefficient is in its block, by the order in which they come. Source: T.81, figure A.6.
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// Where the coefficient is that comes as `number`; libjpeg takes those after the last for the last.
#[inline]
pub(super) fn place(number: usize) -> usize {
    usize::from(ZIGZAG[number.min(63)])
}

/// How the first coefficient differs from the one before.
#[inline]
pub(super) fn difference(bits: &mut Bits<'_>, codes: &Codes) -> i32 {
    let size = bits.value(codes).min(15);
    bits.signed(size)
}

/// Hands out the coefficients of a band as they are written, with their numbers. What the code says that ends the band
/// before its last one: how many bits follow it that count blocks without any.
#[inline]
fn read_band(
    bits: &mut Bits<'_>,
    codes: &Codes,
    range: RangeInclusive<usize>,
    mut take: impl FnMut(usize, i32),
) -> Option<u8> {
    let mut number = *range.start();
    while number <= *range.end() {
        let value = bits.value(codes);
        let (zeros, size) = (value >> 4, value & 15);
        if size > 0 {
            number += usize::from(zeros);
            take(number, bits.signed(size));
            number += 1;
        } else if zeros == 15 {
            number += 16;
        } else {
            return Some(zeros);
        }
    }
    None
}

/// Reads all but the first coefficient of `block`, which is long enough for all or for that one alone.
#[inline]
pub(super) fn read_higher(bits: &mut Bits<'_>, codes: &Codes, block: &mut [i16]) {
    let keeps = block.len() > 1;
    read_band(bits, codes, 1..=63, |number, coefficient| {
        if keeps {
            block[place(number)] = coefficient as i16;
        }
    });
}

/// How much is in the coefficients of a band as far as bit `low`, which are not kept: the sum of their squares, in
/// `steps`.
#[inline]
pub(super) fn energy(
    bits: &mut Bits<'_>,
    codes: &Codes,
    range: RangeInclusive<usize>,
    low: u8,
    steps: &[u16; 64],
    run: &mut u32,
) -> f32 {
    let mut energy = 0.0;
    read_band_in_run(bits, codes, range, run, adding(&mut energy, low, steps));
    energy
}

/// The same for all but the first coefficient of a block that is complete.
#[inline]
pub(super) fn energy_of_block(bits: &mut Bits<'_>, codes: &Codes, steps: &[u16; 64]) -> f32 {
    let mut energy = 0.0;
    read_band(bits, codes, 1..=63, adding(&mut energy, 0, steps));
    energy
}

fn adding<'e>(energy: &'e mut f32, low: u8, steps: &'e [u16; 64]) -> impl FnMut(usize, i32) + 'e {
    move |number, coefficient| {
        let value = (coefficient << low) as f32 * f32::from(steps[number.min(63)]);
        *energy += value * value;
    }
}

/// Passes over the coefficients of a band.
#[inline]
pub(super) fn pass_over(bits: &mut Bits<'_>, codes: &Codes, range: RangeInclusive<usize>, run: &mut u32) {
    read_band_in_run(bits, codes, range, run, |_, _| ());
}

/// Reads a band, which has no coefficients while `run` says that blocks are empty. Source: T.81, §G.1.2.2.
#[inline]
fn read_band_in_run(
    bits: &mut Bits<'_>,
    codes: &Codes,
    range: RangeInclusive<usize>,
    run: &mut u32,
    note: impl FnMut(usize, i32),
) {
    if *run > 0 {
        *run -= 1;
    } else if let Some(zeros) = read_band(bits, codes, range, note) {
        *run = (1 << zeros) - 1 + bits.take(zeros) as u32;
    }
}

/// Coefficients of a band as far as bit `low`. Source: T.81, §G.1.2.2.
pub(super) fn read_first_bits(
    bits: &mut Bits<'_>,
    codes: &Codes,
    block: &mut [i16],
    range: RangeInclusive<usize>,
    low: u8,
    run: &mut u32,
) {
    let take = |number: usize, coefficient: i32| block[place(number)] = (coefficient << low) as i16;
    read_band_in_run(bits, codes, range, run, take);
}

/// One more bit of the coefficients of a band, and those that begin with it. Source: T.81, §G.1.2.3.
pub(super) fn read_next_bit(
    bits: &mut Bits<'_>,
    codes: &Codes,
    block: &mut [i16],
    range: RangeInclusive<usize>,
    low: u8,
    run: &mut u32,
) {
    let bit = 1_i16 << low;
    let refine = |bits: &mut Bits<'_>, coefficient: &mut i16| {
        if bits.take(1) == 1 && *coefficient & bit == 0 {
            *coefficient += if *coefficient >= 0 { bit } else { -bit };
        }
    };
    let mut number = *range.start();
    if *run == 0 {
        while number <= *range.end() {
            let value = bits.value(codes);
            let (mut zeros, size) = (value >> 4, value & 15);
            let mut new = 0;
            if size > 0 {
                new = if bits.take(1) == 1 { bit } else { -bit };
            } else if zeros < 15 {
                *run = (1 << zeros) + bits.take(zeros) as u32;
                break;
            }
            while number <= *range.end() {
                let coefficient = &mut block[place(number)];
                if *coefficient != 0 {
                    refine(bits, coefficient);
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                number += 1;
            }
            if new != 0 {
                block[place(number)] = new;
            }
            number += 1;
        }
    }
    if *run > 0 {
        for number in number..=*range.end() {
            let coefficient = &mut block[place(number)];
            if *coefficient != 0 {
                refine(bits, coefficient);
            }
        }
        *run -= 1;
    }
}
