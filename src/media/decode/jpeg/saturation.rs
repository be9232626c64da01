//! Whether the mean of a block is what is seen of it.
//!
//! Viewers cut samples off at black and at white. Encoders begin with samples that need no cutting, so that the first
//! coefficient of a block says its mean. But a file may say anything, and then a picture is in its other coefficients
//! alone. How far a mean is off at most follows from their energy, which is the variance of the samples. It is added up
//! for blocks that nobody outside can foresee, one in sixteen, as looking at all of them costs too much.
//!
//! Source: Parseval's theorem for the DCT of ITU-T T.81, §A.3.3; H. Scarf, "A min-max solution of an inventory
//! problem", 1958, for the mean of what lies past a limit.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use super::coefficients::{Coefficients, Component};

/// Which blocks are looked at.
static KEY: LazyLock<u32> = LazyLock::new(|| RandomState::new().hash_one(0) as u32 | 1);

/// By how much means may be off, in the mean over all blocks, before a picture is looked at sample by sample: where it
/// is less, few bits of a hash change.
const MOST_OFF: f32 = 6.0;

/// The standard deviation of colours within blocks, in the mean, from which on their means say little of what red,
/// green and blue become.
const MOST_COLOUR: f32 = 24.0;

/// Energies of the blocks of a component that are looked at; none where they are not asked for.
#[derive(Default)]
pub(super) struct Energies {
    key: u32,
    of_blocks: Vec<f32>,
}

impl Energies {
    pub(super) fn of_blocks(count: usize) -> Self {
        Self { key: *KEY, of_blocks: vec![0.0; count] }
    }

    /// That of block `number`, if it is one that is looked at.
    #[inline]
    pub(super) fn of(&mut self, number: usize) -> Option<&mut f32> {
        if self.has(number) { self.of_blocks.get_mut(number) } else { None }
    }

    #[inline]
    fn has(&self, number: usize) -> bool {
        (number as u32).wrapping_mul(self.key) >> 28 == 0
    }

    fn iter(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        let all = self.of_blocks.iter().copied().enumerate();
        all.filter(|(number, _)| self.has(*number))
    }
}

impl Component {
    /// By how much means are off at most, and the standard deviation inside of blocks, both in the mean.
    fn reach(&self) -> (f32, f32) {
        let step = self.steps.map_or(1, |steps| i32::from(steps[0]));
        let (mut off, mut deviation, mut count) = (0.0, 0.0, 0.0_f32);
        for (number, energy) in self.energies.iter() {
            count += 1.0;
            if energy > 0.0 {
                let first = self.coefficients.get(number).map_or(0, |first| i32::from(*first));
                let mean = (128.0 + (first * step) as f32 / 8.0).clamp(0.0, 255.0);
                let variance = energy / 64.0;
                let past = |room: f32| ((variance + room * room).sqrt() - room) / 2.0;
                off += past(mean).max(past(255.0 - mean));
                deviation += variance.sqrt();
            }
        }
        (off / count.max(1.0), deviation / count.max(1.0))
    }
}

impl Coefficients<'_> {
    /// Whether what is seen may be another picture than its means.
    pub(super) fn may_be_cut_off_tones(&self) -> bool {
        let has_colours = self.components.len() == 3;
        let says_little = |(number, component): (usize, &Component)| {
            let (off, deviation) = component.reach();
            off > MOST_OFF || has_colours && number > 0 && deviation > MOST_COLOUR
        };
        self.components.iter().enumerate().any(says_little)
    }
}
