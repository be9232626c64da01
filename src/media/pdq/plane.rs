//! From a luma plane of any size to 64×64, as PDQ wants it.
//!
//! The reference blurs the whole plane with two passes of a box filter and then keeps 64×64 of its values. Only those
//! are computed here: each is a weighted sum of the values around it, and as the boxes are about as wide as the samples
//! are apart, the plane is gone through little more than once.

use std::ops::Range;

use image::Rgba;

use crate::media::decode::{Ground, Picture, Pixels, over};

/// Sides of the small picture.
pub(super) const SIDE: usize = 64;

/// The small picture, row by row, 0 to 255.
pub(super) type Small = [[f32; SIDE]; SIDE];

/// Filters and samples `picture` as it looks on `ground`, neither side of which is 0.
pub(super) fn reduce(picture: &Picture, ground: Ground) -> Small {
    let (across, down) = (samples(picture.stored.0 as usize), samples(picture.stored.1 as usize));
    let [across, down] = [across, down].map(|samples| samples.map(|sample| sample.over_means(picture.side as usize)));
    let width = picture.width as usize;
    match &picture.pixels {
        Pixels::Luma(luma) => reduce_pixels(luma, width, &across, &down, |value| f32::from(*value)),
        Pixels::Rgb(rgb) => reduce_pixels(rgb.as_raw().as_chunks().0, width, &across, &down, luma_of),
        Pixels::Rgba(rgba) => {
            let luma = |pixel: &[u8; 4]| luma_of(&over(ground, Rgba(*pixel)));
            reduce_pixels(rgba.as_raw().as_chunks().0, width, &across, &down, luma)
        }
    }
}

/// Filters and samples a luma plane of `width × height` bytes, neither of which is 0.
pub(super) fn reduce_luma(luma: &[u8], width: u32, height: u32) -> Small {
    let (width, height) = (width as usize, height as usize);
    reduce_pixels(luma, width, &samples(width), &samples(height), |value| f32::from(*value))
}

/// ITU-R BT.601 luma, not rounded, as both references weigh colours.
fn luma_of(rgb: &[u8; 3]) -> f32 {
    let [red, green, blue] = rgb.map(f32::from);
    0.299 * red + 0.587 * green + 0.114 * blue
}

fn reduce_pixels<P>(
    pixels: &[P],
    width: usize,
    across: &[Sample; SIDE],
    down: &[Sample; SIDE],
    luma: impl Fn(&P) -> f32,
) -> Small {
    let mut sums = vec![0.0_f32; width];
    down.each_ref().map(|sample| {
        sums.fill(0.0);
        for (row, weight) in pixels[sample.start * width..].chunks_exact(width).zip(&sample.weights) {
            sums.iter_mut().zip(row).for_each(|(sum, pixel)| *sum += weight * luma(pixel));
        }
        across.each_ref().map(|sample| sample.weights.iter().zip(&sums[sample.start..]).map(|(w, sum)| w * sum).sum())
    })
}

/// One value of the small picture along one side: positions from `start` on, with weights that add up to 1.
struct Sample {
    start: usize,
    weights: Vec<f32>,
}

impl Sample {
    /// The same of a line that has a mean in place of every `side` values.
    fn over_means(self, side: usize) -> Self {
        if side == 1 {
            return self;
        }
        let first = self.start / side;
        let mut weights = vec![0.0; (self.start + self.weights.len()).div_ceil(side) - first];
        for (position, weight) in (self.start..).zip(&self.weights) {
            weights[position / side - first] += weight;
        }
        Self { start: first, weights }
    }
}

/// The samples along a side of `length` positions: evenly spaced, each under two boxes.
fn samples(length: usize) -> [Sample; SIDE] {
    let window = Window::of(length);
    std::array::from_fn(|i| {
        let outer = window.at((2 * i + 1) * length / (2 * SIDE), length);
        let start = window.at(outer.start, length).start;
        let end = window.at(outer.end - 1, length).end;
        let mut weights = vec![0.0; end - start];
        for centre in outer.clone() {
            let inner = window.at(centre, length);
            let weight = 1.0 / (outer.len() * inner.len()) as f32;
            weights[inner.start - start..inner.end - start].iter_mut().for_each(|sum| *sum += weight);
        }
        Sample { start, weights }
    })
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
            for (i, sample) in samples(length).iter().enumerate() {
                let found: f32 = values[sample.start..].iter().zip(&sample.weights).map(|(v, weight)| v * weight).sum();
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
            for sample in samples(length) {
                let values = (sample.start..).zip(&sample.weights);
                let expected: f32 = values.map(|(at, weight)| means[at / 8] * weight).sum();
                let Sample { start, weights } = sample.over_means(8);
                let found: f32 = means[start..].iter().zip(&weights).map(|(mean, weight)| mean * weight).sum();
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
