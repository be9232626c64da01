//! From a luma plane of any size to 64×64, as PDQ wants it.

/// Sides of the small picture.
pub(super) const SIDE: usize = 64;

/// The small picture, row by row, 0 to 255.
pub(super) type Small = [[f32; SIDE]; SIDE];

/// Longest side that is filtered.
const FILTERED_SIDE: usize = 512;

/// Box filters in a row come close to a Gaussian ("tent" for two): Jarosz, "Fast Image Convolutions", 2001.
const PASSES: usize = 2;

/// A rectangle of values, row by row.
struct Plane {
    width: usize,
    values: Vec<f32>,
}

/// Shrinks, filters and samples `luma`. Neither side is 0.
pub(super) fn reduce(luma: &[u8], width: usize, height: usize) -> Small {
    let mut plane = shrink(luma, width, height);
    let height = plane.values.len() / plane.width;
    for _ in 0..PASSES {
        plane = plane.blurred_across(Window::of(plane.width)).blurred_down(Window::of(height));
    }
    let sample = |i: usize, length: usize| (2 * i + 1) * length / (2 * SIDE);
    std::array::from_fn(|y| {
        let row = &plane.values[sample(y, height) * plane.width..][..plane.width];
        std::array::from_fn(|x| row[sample(x, plane.width)])
    })
}

/// Averages areas so that no side is longer than [`FILTERED_SIDE`].
fn shrink(luma: &[u8], width: usize, height: usize) -> Plane {
    let (across, down) = (Shares::of(width), Shares::of(height));
    let mut values = Vec::with_capacity(across.0.len() * down.0.len());
    let mut sums = vec![0.0_f32; width];
    for share in &down.0 {
        sums.fill(0.0);
        for (y, weight) in share.weights() {
            let row = &luma[y * width..][..width];
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * f32::from(*value));
        }
        values.extend(across.0.iter().map(|share| share.weights().map(|(x, weight)| weight * sums[x]).sum::<f32>()));
    }
    Plane { width: across.0.len(), values }
}

/// For each value of a shrunken side, which values of the long side it averages.
struct Shares(Vec<Share>);

/// Positions `from..to`, where the first and last may count in part.
struct Share {
    from: f64,
    to: f64,
}

impl Shares {
    fn of(length: usize) -> Self {
        let short = length.min(FILTERED_SIDE);
        let edge = |i: usize| i as f64 * length as f64 / short as f64;
        Self((0..short).map(|i| Share { from: edge(i), to: edge(i + 1) }).collect())
    }
}

impl Share {
    /// Positions with their weights, which add up to 1.
    fn weights(&self) -> impl Iterator<Item = (usize, f32)> {
        let Self { from, to } = *self;
        (from as usize..to.ceil() as usize).map(move |position| {
            let covered = (position as f64 + 1.0).min(to) - (position as f64).max(from);
            (position, (covered / (to - from)) as f32)
        })
    }
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
    fn at(self, centre: usize, length: usize) -> std::ops::Range<usize> {
        centre.saturating_sub(self.before)..length.min(centre + self.after + 1)
    }
}

impl Plane {
    fn blurred_across(&self, window: Window) -> Self {
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
        let blurred =
            |row: &[f32]| -> Vec<f32> { (0..row.len()).map(|x| mean(&row[window.at(x, row.len())])).collect() };
        Self { width: self.width, values: self.values.chunks_exact(self.width).flat_map(blurred).collect() }
    }

    fn blurred_down(&self, window: Window) -> Self {
        let rows: Vec<&[f32]> = self.values.chunks_exact(self.width).collect();
        let mut values = Vec::with_capacity(self.values.len());
        for y in 0..rows.len() {
            let under = &rows[window.at(y, rows.len())];
            let start = values.len();
            values.extend_from_slice(under[0]);
            let sums = &mut values[start..];
            for row in &under[1..] {
                sums.iter_mut().zip(*row).for_each(|(sum, value)| *sum += value);
            }
            sums.iter_mut().for_each(|sum| *sum /= under.len() as f32);
        }
        Self { width: self.width, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_a_side_without_gap_or_overlap() {
        for length in [1, 5, 64, 511, 512, 513, 1004, 1600, 4000, 32_768] {
            let shares = Shares::of(length);
            assert_eq!(shares.0.len(), length.min(FILTERED_SIDE));
            let mut covered = vec![0.0_f64; length];
            for share in &shares.0 {
                let mut sum = 0.0;
                for (position, weight) in share.weights() {
                    covered[position] += f64::from(weight) * (share.to - share.from);
                    sum += weight;
                }
                assert!((sum - 1.0).abs() < 1e-4, "{length}: weights add up to {sum}");
            }
            assert!(covered.iter().all(|part| (part - 1.0).abs() < 1e-3), "{length}");
        }
    }

    /// Sizes of the reference, `computeJaroszFilterWindowSize` and `box1DFloat`.
    #[test]
    fn windows_are_those_of_the_reference() {
        for (length, before, after) in [(64, 0, 0), (128, 0, 0), (129, 0, 1), (257, 1, 1), (512, 1, 2)] {
            assert_eq!(Window::of(length), Window { before, after }, "{length}");
        }
    }

    #[test]
    fn a_plain_plane_stays_what_it_is() {
        for (width, height) in [(5, 7), (64, 64), (700, 30), (1600, 1004)] {
            let small = reduce(&vec![100; width * height], width, height);
            assert!(small.as_flattened().iter().all(|value| (value - 100.0).abs() < 0.01), "{width}×{height}");
        }
    }

    #[test]
    fn a_gradient_keeps_its_direction() {
        let luma: Vec<u8> = (0..300 * 1000).map(|i| (i % 1000 / 4) as u8).collect();
        let small = reduce(&luma, 1000, 300);
        assert!(small.iter().all(|row| row.is_sorted()) && small[0][63] > small[0][0] + 200.0);
        assert!((0..SIDE).all(|x| (small[0][x] - small[63][x]).abs() < 0.01));
    }
}
