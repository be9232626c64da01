//! Random numbers that a seed repeats: SplitMix64 (Steele, Lea, Flood 2014), which needs no crate and no warming up.

pub(super) struct Random(u64);

impl Random {
    /// A sequence of its own for each `index`, so that one body can be made again without those before it.
    pub(super) fn new(seed: u64, index: u64) -> Self {
        let mut start = Self(seed);
        Self(start.next() ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    /// True once in `odds` times.
    pub(super) fn once_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }

    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    pub(super) fn pick_bytes(&mut self, choices: &[&'static [u8]]) -> &'static [u8] {
        choices[self.below(choices.len())]
    }

    /// The first choice, and once in `odds` times any.
    pub(super) fn mostly_first(&mut self, choices: &[&'static [u8]], odds: usize) -> &'static [u8] {
        if self.once_in(odds) { self.pick_bytes(choices) } else { choices[0] }
    }
}
