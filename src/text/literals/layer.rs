//! Patterns of similar length, found by one pass over the text.

use super::class::{Class, Filling, Lookups};
use super::rarity::{Frequency, Rarity};
use super::sieve::{Passed, Sieve};
use super::window::Window;
use super::{Occurrence, Patterns};

/// Bytes of text that all layers go over before the next: they stay in the first cache.
pub(super) const BLOCK: usize = 4 << 10;

/// Widths of windows, and how long a pattern must be for each, the longest first. The longer, the rarer the window; but
/// there must remain a choice of places.
const CLASSES: [(usize, usize); 2] = [(20, 16), (6, 6)];

/// What finding a window costs that is not its pattern's, in passes of the sieve.
const HIT_COST: f32 = 30.0;

/// One sieve, and the patterns behind it by the width of their windows.
#[derive(Debug)]
pub(super) struct Layer {
    window: Window,
    sieve: Sieve,
    classes: Vec<Class>,
}

impl Layer {
    /// Puts the patterns `numbers` together, each of at least [`Window::shortest`] bytes. Those that found no place are
    /// added to `left_over`.
    pub(super) fn build(
        window: Window,
        patterns: &Patterns,
        numbers: &[u32],
        rarity: &Rarity,
        left_over: &mut Vec<u32>,
    ) -> Self {
        let sieve = Sieve::for_windows(numbers.len() * window.stride);
        let shares = slot_shares(&sieve, &window, patterns, numbers);
        let mut layer = Self { window, sieve, classes: Vec::new() };
        let bytes = numbers.iter().map(|number| patterns.get(*number).len()).sum();
        let mut by_class: [Vec<u32>; CLASSES.len() + 1] = Default::default();
        for number in numbers {
            by_class[layer.class_of(patterns.get(*number).len())].push(*number);
        }
        // Short ones first: they have the fewest places to choose from, and the others can share theirs.
        for (class, numbers) in by_class.iter().enumerate().rev().filter(|(_, numbers)| !numbers.is_empty()) {
            let width = CLASSES.get(class).map_or(window.width, |(_, width)| *width);
            let mut filling = Filling::new(class as u8, Window::new(width, window.stride), numbers.len());
            let all = by_class.iter().flatten().map(|number| patterns.get(*number));
            let frequency = Frequency::of(Window::new(width, window.stride), all, bytes);
            layer.fill(&mut filling, (patterns, numbers), (rarity, &frequency), &shares, left_over);
            layer.classes.extend(filling.finish());
        }
        layer
    }

    fn class_of(&self, len: usize) -> usize {
        let fits = |(shortest, width): &(usize, usize)| {
            len >= *shortest && *width > self.window.width && len >= width + self.window.stride - 1
        };
        CLASSES.iter().position(fits).unwrap_or(CLASSES.len())
    }

    /// Adds every pattern at the place that lets the least text through the sieve.
    fn fill(
        &mut self,
        filling: &mut Filling,
        (patterns, numbers): (&Patterns, &[u32]),
        (rarity, frequency): (&Rarity, &Frequency),
        slot_shares: &[f32],
        left_over: &mut Vec<u32>,
    ) {
        let stride = self.window.stride;
        let (mut shares, mut slots, mut order) = (Vec::new(), Vec::new(), Vec::new());
        for number in numbers {
            let pattern = patterns.get(*number);
            slots.clear();
            slots
                .extend(pattern.windows(self.window.width).map(|bytes| self.sieve.slot(self.window.hash_alone(bytes))));
            rarity.shares(pattern, filling.width(), &mut shares);
            for ((share, slot), window) in shares.iter_mut().zip(&slots).zip(pattern.windows(filling.width())) {
                *share = HIT_COST * (*share + frequency.share(window))
                    + match self.sieve.classes_at(*slot) {
                        classes if classes >> filling.bit() & 1 != 0 => 0.0,
                        0 => slot_shares[*slot],
                        _ => slot_shares[*slot] / 2.0,
                    };
            }
            let places = pattern.len() + 1 - filling.shortest();
            order.clear();
            order.extend(shares.windows(stride).map(|shares| shares.iter().sum::<f32>()).zip(0..places));
            order.sort_unstable_by(|one: &(f32, usize), other| one.0.total_cmp(&other.0));
            let is_short = pattern.len() <= usize::from(u16::MAX);
            match order.iter().find(|(_, at)| is_short && filling.add(*number, pattern, *at)) {
                Some((_, at)) => {
                    (*at..at + stride).for_each(|at| self.sieve.open(slots[at], filling.bit(), slot_shares[slots[at]]))
                }
                None => left_over.push(*number),
            }
        }
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.sieve.bytes() + self.classes.iter().map(Class::bytes).sum::<usize>()
    }

    /// Bytes that `len` bytes must be padded to so that whole groups start at all of them.
    pub(super) const fn padded(&self, len: usize) -> usize {
        len.next_multiple_of(self.window.group_span()) + Window::MAX_WIDTH
    }

    /// Reports the patterns of which a window starts in whole groups of `bytes`, which stand at `base` in `text`. There is
    /// room in `passed` for each of them.
    pub(super) fn search<const N: usize>(
        &self,
        patterns: &Patterns,
        (text, bytes, base): (&[u8], &[u8], usize),
        (passed, lookups): (&mut [Passed], &mut Lookups<N>),
        found: &mut impl FnMut(Occurrence),
    ) {
        let count = self.sieve.sift(&self.window, bytes, passed);
        for class in &self.classes {
            class.compare(patterns, (text, bytes, base), &passed[..count], lookups, found);
        }
    }
}

/// For each slot of the sieve, the share of the patterns' own bytes where it is met: what text is like.
fn slot_shares(sieve: &Sieve, window: &Window, patterns: &Patterns, numbers: &[u32]) -> Vec<f32> {
    let mut shares = vec![0.0; sieve.slots()];
    let mut total = 0.0;
    for number in numbers {
        for bytes in patterns.get(*number).windows(window.width) {
            shares[sieve.slot(window.hash_alone(bytes))] += 1.0;
            total += 1.0;
        }
    }
    shares.iter_mut().for_each(|share| *share = (*share + 0.2) / total);
    shares
}
