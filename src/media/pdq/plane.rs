//! From a luma plane of any size to 64×64, as PDQ wants it.
//!
//! The reference blurs the whole plane with two passes of a box filter and then keeps 64×64 of its values. Only those
//! are computed here: each is a weighted sum of the values around it, and as the boxes are about as wide as the samples
//! are apart, the plane is gone through little more than once.

use std::cell::RefCell;
use std::ops::Range;

use image::Rgba;

use crate::media::decode::{Ground, Picture, Pixels, over, plane_on};

/// Sides of the small picture.
pub(super) const SIDE: usize = 64;

/// The small picture, row by row, 0 to 255.
pub(super) type Small = [[f32; SIDE]; SIDE];

thread_local! {
    /// A thread filters one picture after the other. As long as the longest side, some three times over: 0.4 MB at
    /// most.
    static ROOM: RefCell<Room> = RefCell::default();
}

/// What filtering a picture takes besides it.
#[derive(Default)]
struct Room {
    across: Samples,
    down: Samples,
    /// A row of pixels, several added up.
    sums: Vec<f32>,
}

impl Room {
    /// For a picture of that many pixels, of which there are means of `side × side` each.
    fn prepare(&mut self, (width, height): (usize, usize), side: usize) {
        self.across.prepare(width, side);
        self.down.prepare(height, side);
    }
}

/// Filters and samples `picture` as it looks on `ground`, neither side of which is 0.
pub(super) fn reduce(picture: &Picture, ground: Ground) -> Small {
    let stored = (picture.stored.0 as usize, picture.stored.1 as usize);
    let width = picture.width as usize;
    ROOM.with_borrow_mut(|room| {
        room.prepare(stored, picture.side as usize);
        match &picture.pixels {
            Pixels::Luma(luma) => reduce_pixels(luma, width, room, |value| f32::from(*value)),
            Pixels::Rgb(rgb) => reduce_pixels(rgb.as_raw().as_chunks().0, width, room, luma_of),
            Pixels::Rgba(rgba) => {
                let luma = |pixel: &[u8; 4]| luma_of(&over(ground, Rgba(*pixel)));
                reduce_pixels(rgba.as_raw().as_chunks().0, width, room, luma)
            }
            Pixels::Means(planes) => reduce_pixels(plane_on(planes, ground), width, room, |rgb| weigh(*rgb)),
        }
    })
}

/// Filters and samples a luma plane of `width × height` bytes, neither of which is 0.
pub(super) fn reduce_luma(luma: &[u8], width: u32, height: u32) -> Small {
    let (width, height) = (width as usize, height as usize);
    ROOM.with_borrow_mut(|room| {
        room.prepare((width, height), 1);
        reduce_pixels(luma, width, room, |value| f32::from(*value))
    })
}

/// ITU-R BT.601 luma, not rounded, as both references weigh colours.
fn luma_of(rgb: &[u8; 3]) -> f32 {
    weigh(rgb.map(f32::from))
}

fn weigh([red, green, blue]: [f32; 3]) -> f32 {
    0.299 * red + 0.587 * green + 0.114 * blue
}

fn reduce_pixels<P>(pixels: &[P], width: usize, room: &mut Room, luma: impl Fn(&P) -> f32) -> Small {
    let Room { across, down, sums } = room;
    sums.resize(width, 0.0);
    let mut small = [[0.0; SIDE]; SIDE];
    for (values, (start, weights)) in small.iter_mut().zip(down.iter()) {
        sums.fill(0.0);
        for (row, weight) in pixels[start * width..].chunks_exact(width).zip(weights) {
            sums.iter_mut().zip(row).for_each(|(sum, pixel)| *sum += weight * luma(pixel));
        }
        for (value, (start, weights)) in values.iter_mut().zip(across.iter()) {
            *value = weights.iter().zip(&sums[start..]).map(|(weight, sum)| weight * sum).sum();
        }
    }
    small
}

/// The values of the small picture along one side, evenly spaced, each under two boxes: positions from some start on,
/// with weights that add up to 1.
struct Samples {
    starts: [usize; SIDE],
    /// Where the weights of each end.
    ends: [usize; SIDE],
    weights: Vec<f32>,
}

impl Default for Samples {
    fn default() -> Self {
        Self { starts: [0; SIDE], ends: [0; SIDE], weights: Vec::new() }
    }
}

impl Samples {
    /// For a side of `length` positions, of which there are means of `side` each.
    fn prepare(&mut self, length: usize, side: usize) {
        let window = Window::of(length);
        self.weights.clear();
        for i in 0..SIDE {
            let outer = window.at((2 * i + 1) * length / (2 * SIDE), length);
            let start = window.at(outer.start, length).start;
            let end = window.at(outer.end - 1, length).end;
            let begin = self.weights.len();
            self.weights.resize(begin + end - start, 0.0);
            let weights = &mut self.weights[begin..];
            for centre in outer.clone() {
                let inner = window.at(centre, length);
                let weight = 1.0 / (outer.len() * inner.len()) as f32;
                weights[inner.start - start..inner.end - start].iter_mut().for_each(|sum| *sum += weight);
            }
            let count = fold(weights, start, side);
            self.weights.truncate(begin + count);
            (self.starts[i], self.ends[i]) = (start / side, begin + count);
        }
    }

    /// The start and the weights of each.
    fn iter(&self) -> impl Iterator<Item = (usize, &[f32])> {
        let mut begin = 0;
        self.starts.iter().zip(&self.ends).map(move |(start, end)| {
            let weights = &self.weights[begin..*end];
            begin = *end;
            (*start, weights)
        })
    }
}

/// Makes of the weights of the positions from `start` on those of a line that has a mean in place of every `side`
/// positions, and says how many these are.
fn fold(weights: &mut [f32], start: usize, side: usize) -> usize {
    if side == 1 {
        return weights.len();
    }
    let first = start / side;
    for at in 0..weights.len() {
        let weight = std::mem::take(&mut weights[at]);
        // Never further on than what is still to be read.
        weights[(start + at) / side - first] += weight;
    }
    (start + weights.len()).div_ceil(side) - first
}

/// How far a box reaches to either side of its centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    before: usize,
    after: usize,
}

impl Window {
    /// A box of one 128th of `length`, rounded up; an even one reaches further behind than before.
    fn of(length: usize) -> Self {
        let full = length.div_ceil(2 * SIDE);
        let after = full / 2;
        Self { before: full - 1 - after, after }
    }

    /// The positions under the box at `centre`, cut off at the edges.
    fn at(self, centre: usize, length: usize) -> Range<usize> {
        centre.saturating_sub(self.before)..length.min(centre + self.after + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes of the reference, `computeJaroszFilterWindowSize` and `box1DFloat`.
    #[test]
    fn windows_are_those_of_the_reference() {
        for (length, before, after) in [(64, 0, 0), (128, 0, 0), (129, 0, 1), (257, 1, 1), (512, 1, 2)] {
            assert_eq!(Window::of(length), Window { before, after }, "{length}");
        }
    }

    fn samples(length: usize, side: usize) -> Samples {
        let mut samples = Samples::default();
        // What was there before does not matter.
        samples.prepare(777, 1);
        samples.prepare(length, side);
        samples
    }

    fn blurred(values: &[f32]) -> Vec<f32> {
        let window = Window::of(values.len());
        let mean = |under: &[f32]| under.iter().sum::<f32>() / under.len() as f32;
        (0..values.len()).map(|centre| mean(&values[window.at(centre, values.len())])).collect()
    }

    #[test]
    fn a_sample_is_the_value_that_two_passes_over_everything_leave_at_its_place() {
        for length in [5, 64, 100, 129, 512, 1004, 4001] {
            let values: Vec<f32> = (0..length).map(|i| ((i * 7919) % 256) as f32).collect();
            let twice = blurred(&blurred(&values));
            for (i, (start, weights)) in samples(length, 1).iter().enumerate() {
                let found: f32 = values[start..].iter().zip(weights).map(|(v, weight)| v * weight).sum();
                let expected = twice[(2 * i + 1) * length / 128];
                assert!((found - expected).abs() < 0.01, "{length}: sample {i} is {found}, not {expected}");
            }
        }
    }

    #[test]
    fn luma_weights_add_up_to_the_whole_scale() {
        for (rgb, expected) in [([0; 3], 0.0), ([255, 0, 0], 76.245), ([0, 255, 0], 149.685), ([255; 3], 255.0)] {
            assert!((luma_of(&rgb) - expected).abs() < 0.001, "{rgb:?}");
        }
    }

    #[test]
    fn a_plain_plane_stays_what_it_is() {
        for (width, height) in [(5, 7), (64, 64), (700, 30), (1600, 1004)] {
            let small = reduce_luma(&vec![100_u8; width * height], width as u32, height as u32);
            assert!(small.as_flattened().iter().all(|value| (value - 100.0).abs() < 0.01), "{width}×{height}");
        }
    }

    #[test]
    fn means_count_as_much_as_the_values_they_are_of() {
        for length in [1024, 1503, 4001] {
            let means: Vec<f32> = (0..length / 8 + 1).map(|i| ((i * 7919) % 256) as f32).collect();
            let (whole, of_means) = (samples(length, 1), samples(length, 8));
            for ((start, weights), (first, of_means)) in whole.iter().zip(of_means.iter()) {
                let expected: f32 = (start..).zip(weights).map(|(at, weight)| means[at / 8] * weight).sum();
                let found: f32 = means[first..].iter().zip(of_means).map(|(mean, weight)| mean * weight).sum();
                assert!((found - expected).abs() < 0.01, "{length}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn a_gradient_keeps_its_direction() {
        let luma: Vec<u8> = (0..300 * 1000).map(|i| (i % 1000 / 4) as u8).collect();
        let small = reduce_luma(&luma, 1000, 300);
        assert!(small.iter().all(|row| row.is_sorted()) && small[0][63] > small[0][0] + 200.0);
        assert!((0..SIDE).all(|x| (small[0][x] - small[63][x]).abs() < 0.01));
    }
}
