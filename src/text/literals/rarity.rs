//! How often a stretch of bytes is to be expected in text, judged by the patterns themselves.
//!
//! Patterns are written in the languages of the texts they are looked for in, so pairs of letters that are frequent
//! among them are frequent there. A wrong guess costs time and misses nothing.

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

const fn index(first: u8, second: u8) -> usize {
    first as usize * 256 + second as usize
}
