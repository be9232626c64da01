//! How often a stretch of bytes is to be expected in text, judged by the patterns themselves.
//!
//! Patterns are written in the languages of the texts they are looked for in, so pairs of letters that are frequent
//! among them are frequent there. A wrong guess costs time and misses nothing.

use super::window::{Window, mixed};

/// Weight of what is known about English before any pattern was seen, in pairs.
const PRIOR: f32 = 8.0;

/// Letters of English, space among them, the most frequent first.
const FREQUENT: &[u8; 28] = b" etaoinsrhldcumfpgwybvkxjqz.";

/// Pairs of bytes of a set of patterns.
pub(super) struct Rarity {
    /// For every pair, the exponent of two to which its second byte follows its first.
    exponents: Vec<f32>,
    /// The same for a byte, whatever is before it.
    first: [f32; 256],
}

impl Rarity {
    pub(super) fn of<'a>(patterns: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut pairs = vec![0_f32; 1 << 16];
        for pattern in patterns {
            for pair in pattern.windows(2) {
                pairs[index(pair[0], pair[1])] += 1.0;
            }
        }
        let mut singles = [0.05; 256];
        for (rank, byte) in FREQUENT.iter().enumerate() {
            singles[usize::from(*byte)] += 100.0 / (rank + 2) as f32;
        }
        for (byte, row) in pairs.chunks_exact(256).enumerate() {
            singles[byte] += row.iter().sum::<f32>();
        }
        let total: f32 = singles.iter().sum();
        let first = singles.map(|count| (count / total).log2());
        for row in pairs.chunks_exact_mut(256) {
            let known: f32 = PRIOR + row.iter().sum::<f32>();
            for (pair, single) in row.iter_mut().zip(singles) {
                *pair = ((*pair + PRIOR * single / total) / known).log2();
            }
        }
        Self { exponents: pairs, first }
    }

    /// For every place in `pattern`, into `shares`: the share of places in a text where its next `width` bytes stand.
    pub(super) fn shares(&self, pattern: &[u8], width: usize, shares: &mut Vec<f32>) {
        shares.clear();
        let exponent = |at: usize| self.exponents[index(pattern[at - 1], pattern[at])];
        let mut within: f32 = (1..width).map(exponent).sum();
        for at in 0..=pattern.len() - width {
            shares.push((self.first[usize::from(pattern[at])] + within).exp2());
            if at + width < pattern.len() {
                within += exponent(at + width) - if width > 1 { exponent(at + 1) } else { exponent(at + width) };
            }
        }
    }
}

/// Windows that are counted at most, in about as many places.
const SAMPLE: usize = 1 << 22;

/// How often windows of one width stand in the patterns, for those that are not rare: in phrases, the words of every text.
pub(super) struct Frequency {
    window: Window,
    counts: Vec<u16>,
    counted: usize,
}

impl Frequency {
    /// Counted in patterns that are evenly chosen among `patterns`, which have so many bytes.
    pub(super) fn of<'a>(window: Window, patterns: impl Iterator<Item = &'a [u8]>, bytes: usize) -> Self {
        let places = bytes.clamp(1 << 10, SAMPLE).next_power_of_two();
        let mut frequency = Self { window, counts: vec![0; places], counted: 0 };
        for pattern in patterns.step_by(1 + bytes / SAMPLE).filter(|pattern| pattern.len() >= window.width) {
            frequency.counted += pattern.len() + 1 - window.width;
            for bytes in pattern.windows(window.width) {
                let place = frequency.place(bytes);
                frequency.counts[place] = frequency.counts[place].saturating_add(1);
            }
        }
        frequency
    }

    /// The share of places in the patterns where a window stands.
    pub(super) fn share(&self, window: &[u8]) -> f32 {
        f32::from(self.counts[self.place(window)]) / self.counted.max(1) as f32
    }

    fn place(&self, window: &[u8]) -> usize {
        mixed(self.window.hash_alone(window)) as usize & (self.counts.len() - 1)
    }
}

const fn index(first: u8, second: u8) -> usize {
    first as usize * 256 + second as usize
}
