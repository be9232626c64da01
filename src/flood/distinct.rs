//! Counts different values in bounded memory.

/// A set of 64-bit hashes that knows how many different ones it was given.
///
/// Exact up to [`Self::EXACT`] of them. Beyond that it keeps the smallest: if `k` evenly spread values take up the part `p`
/// of the range from zero, there are about `(k − 1) / p` in all, within 5 % in two of three cases. The values must be
/// hashes that whoever sends the content cannot foresee.
///
/// Source: Z. Bar-Yossef et al., "Counting Distinct Elements in a Data Stream", RANDOM 2002, algorithm 1.
#[derive(Clone, Debug, Default)]
pub struct Distinct {
    /// Ascending, each once.
    smallest: Vec<u64>,
    /// Whether a value was left out.
    is_estimate: bool,
}

impl Distinct {
    /// Values that are all kept.
    pub const EXACT: usize = 512;

    /// Adds a value.
    pub fn insert(&mut self, value: u64) {
        let Err(place) = self.smallest.binary_search(&value) else {
            return;
        };
        if self.smallest.len() == Self::EXACT {
            self.is_estimate = true;
            if place == Self::EXACT {
                return;
            }
            self.smallest.pop();
        }
        self.smallest.insert(place, value);
    }

    /// How many different values were added.
    pub fn count(&self) -> u64 {
        match self.smallest.last() {
            Some(largest) if self.is_estimate => {
                let part = (*largest as f64 + 1.0) / 2f64.powi(64);
                ((Self::EXACT - 1) as f64 / part) as u64
            }
            _ => self.smallest.len() as u64,
        }
    }

    /// Forgets all values.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Values that are kept, at most [`Self::EXACT`].
    pub fn kept(&self) -> usize {
        self.smallest.len()
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use super::*;

    #[test]
    fn counts_are_exact_up_to_the_limit_and_close_beyond_it() {
        let hasher = RandomState::new();
        let mut distinct = Distinct::default();
        for number in 0..20_000u64 {
            for _ in 0..2 {
                distinct.insert(hasher.hash_one(number));
            }
            let expected = number + 1;
            if expected <= Distinct::EXACT as u64 {
                assert_eq!(distinct.count(), expected);
            } else {
                let off = distinct.count() as f64 / expected as f64 - 1.0;
                assert!(off.abs() < 0.35, "{} for {expected}", distinct.count());
            }
        }
        assert_eq!(distinct.kept(), Distinct::EXACT);
        distinct.clear();
        assert_eq!(distinct.count(), 0);
    }
}
