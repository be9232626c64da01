//! Coefficients → pixels.
//!
//! Source: ITU-T T.81, §A.3.3 (inverse DCT); C. Loeffler, A. Ligtenberg, G. Moschytz, "Practical fast 1-D DCT
//! algorithms with 11 multiplications", 1989, as libjpeg's `jidctint.c` uses it; JFIF 1.02 (colours).

use super::coefficients::{BLOCK, Coefficients, Component, Depth};
use super::markers::Colour;
use crate::content::Deadline;
use crate::media::decode::DecodeError;
use crate::media::scratch::PIXELS;

/// Samples of one component, as many as it has.
struct Samples {
    stride: usize,
    bytes: Vec<u8>,
}

impl Component {
    fn samples(&mut self, depth: Depth, deadline: &Deadline) -> Result<Samples, DecodeError> {
        let steps = self.steps.ok_or_else(|| DecodeError::Broken("a table of steps is missing".into()))?;
        let coefficients = std::mem::take(&mut self.coefficients);
        if depth == Depth::Means {
            let step = i32::from(steps[0]);
            let mean = |first: &i16| clamped(128 + ((i32::from(*first).saturating_mul(step) + 4) >> 3));
            let mut bytes = PIXELS.with(|kept| kept.take(0));
            bytes.extend(coefficients.iter().map(mean));
            self.coefficients = coefficients;
            return Ok(Samples { stride: self.stride, bytes });
        }
        let stride = self.stride * BLOCK;
        let mut bytes = vec![0; coefficients.len()];
        let steps = in_place(&steps);
        for (row, line) in coefficients.chunks_exact(self.stride * 64).zip(bytes.chunks_exact_mut(stride * BLOCK)) {
            if deadline.has_passed() {
                return Err(DecodeError::Deadline);
            }
            for (number, block) in row.as_chunks::<64>().0.iter().enumerate() {
                inverse(block, &steps, &mut line[number * BLOCK..], stride);
            }
        }
        Ok(Samples { stride, bytes })
    }
}

/// Steps come in zigzag and are used by place.
fn in_place(steps: &[u16; 64]) -> [i32; 64] {
    let mut placed = [0; 64];
    for (number, step) in steps.iter().enumerate() {
        placed[super::blocks::place(number)] = i32::from(*step);
    }
    placed
}

fn clamped(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}

/// Fractional bits of constants, and of what lies between the two passes.
const BITS: u32 = 13;
const BETWEEN: u32 = 2;

const fn fixed(value: f64) -> i32 {
    (value * (1 << BITS) as f64 + 0.5) as i32
}

/// Eight values of a line, in both directions the same. What it gives is [`BITS`] bits larger.
fn inverse_line(v: [i32; 8]) -> [i32; 8] {
    let mul = |a: i32, b: i32| a.wrapping_mul(b);
    // Even places.
    let z = mul(v[2].wrapping_add(v[6]), fixed(0.541_196_100));
    let low = z.wrapping_sub(mul(v[6], fixed(1.847_759_065)));
    let high = z.wrapping_add(mul(v[2], fixed(0.765_366_865)));
    let sum = v[0].wrapping_add(v[4]) << BITS;
    let difference = v[0].wrapping_sub(v[4]) << BITS;
    let even =
        [sum.wrapping_add(high), difference.wrapping_add(low), difference.wrapping_sub(low), sum.wrapping_sub(high)];
    // Odd places.
    let [a, b, c, d] = [v[7], v[5], v[3], v[1]];
    let z5 = mul(a.wrapping_add(c).wrapping_add(b).wrapping_add(d), fixed(1.175_875_602));
    let z1 = mul(a.wrapping_add(d), -fixed(0.899_976_223));
    let z2 = mul(b.wrapping_add(c), -fixed(2.562_915_447));
    let z3 = mul(a.wrapping_add(c), -fixed(1.961_570_560)).wrapping_add(z5);
    let z4 = mul(b.wrapping_add(d), -fixed(0.390_180_644)).wrapping_add(z5);
    let odd = [
        mul(d, fixed(1.501_321_110)).wrapping_add(z1).wrapping_add(z4),
        mul(c, fixed(3.072_711_026)).wrapping_add(z2).wrapping_add(z3),
        mul(b, fixed(2.053_119_869)).wrapping_add(z2).wrapping_add(z4),
        mul(a, fixed(0.298_631_336)).wrapping_add(z1).wrapping_add(z3),
    ];
    let mut line = [0; 8];
    for i in 0..4 {
        line[i] = even[i].wrapping_add(odd[i]);
        line[7 - i] = even[i].wrapping_sub(odd[i]);
    }
    line
}

const fn rounded(value: i32, bits: u32) -> i32 {
    value.wrapping_add(1 << (bits - 1)) >> bits
}

/// Writes the samples of a block to eight lines of `into`.
fn inverse(block: &[i16; 64], steps: &[i32; 64], into: &mut [u8], stride: usize) {
    let mut between = [0_i32; 64];
    for x in 0..BLOCK {
        let column: [i32; 8] = std::array::from_fn(|y| i32::from(block[y * 8 + x]).wrapping_mul(steps[y * 8 + x]));
        if column[1..].iter().all(|value| *value == 0) {
            for y in 0..BLOCK {
                between[y * 8 + x] = column[0] << BETWEEN;
            }
            continue;
        }
        for (y, value) in inverse_line(column).into_iter().enumerate() {
            between[y * 8 + x] = rounded(value, BITS - BETWEEN);
        }
    }
    for (line, values) in into.chunks_mut(stride).zip(between.as_chunks::<8>().0) {
        for (sample, value) in line.iter_mut().zip(inverse_line(*values)) {
            *sample = clamped(128 + rounded(value, BITS + BETWEEN + 3));
        }
    }
}

/// The pixels of a file, or a mean for every 8×8 of them, row by row: one byte each, or three.
pub(super) struct Painted {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) bytes: Vec<u8>,
}

impl Coefficients<'_> {
    /// The brightness alone: of a file that is grey, or has it in its first component.
    pub(super) fn paint_luma(&mut self, deadline: &Deadline) -> Result<Painted, DecodeError> {
        let (width, height) = self.size();
        let Some(first) = self.components.first_mut() else {
            return Err(DecodeError::Broken("it has no components".into()));
        };
        let Samples { stride, mut bytes } = first.samples(self.depth, deadline)?;
        let own = first.sampling;
        if own == self.most {
            // In place: a row never moves further on.
            for y in 0..height {
                bytes.copy_within(y * stride..y * stride + width, y * width);
            }
            bytes.truncate(width * height);
            return Ok(Painted { width, height, bytes });
        }
        let across = columns(width, own.0, self.most.0);
        let mut spread = PIXELS.with(|kept| kept.take(0));
        for y in 0..height {
            let row = &bytes[y * own.1 / self.most.1 * stride..];
            spread.extend(across.iter().map(|x| row[*x]));
        }
        Ok(Painted { width, height, bytes: spread })
    }

    /// Red, green and blue.
    pub(super) fn paint_rgb(&mut self, colour: Colour, deadline: &Deadline) -> Result<Painted, DecodeError> {
        let (width, height) = self.size();
        let (depth, most) = (self.depth, self.most);
        let mut planes = Vec::with_capacity(self.components.len());
        for component in &mut self.components {
            let across = columns(width, component.sampling.0, most.0);
            // What no scan has brought is as grey as blocks without data.
            let samples = if component.steps.is_some() {
                component.samples(depth, deadline)?
            } else {
                Samples { stride: 0, bytes: vec![128; across.last().map_or(0, |last| last + 1)] }
            };
            planes.push((samples, across, component.sampling.1));
        }
        let mut bytes = PIXELS.with(|kept| kept.take(width * height * 3));
        for (y, row) in bytes.chunks_exact_mut((width * 3).max(1)).enumerate() {
            if deadline.has_passed() {
                return Err(DecodeError::Deadline);
            }
            let lines: Vec<(&[u8], &[usize])> = planes
                .iter()
                .map(|(samples, across, down)| (&samples.bytes[y * down / most.1 * samples.stride..], &across[..]))
                .collect();
            for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let sample = |plane: usize| lines.get(plane).map_or(128, |(line, across)| line[across[x]]);
                *pixel = rgb_of(colour, [sample(0), sample(1), sample(2), sample(3)]);
            }
        }
        Ok(Painted { width, height, bytes })
    }

    /// Pixels that are painted, along both sides.
    fn size(&self) -> (usize, usize) {
        match self.depth {
            Depth::All => (self.width, self.height),
            Depth::Means => (self.width.div_ceil(BLOCK), self.height.div_ceil(BLOCK)),
        }
    }
}

/// For each pixel of a row, the sample of a component that it shows.
fn columns(width: usize, own: usize, most: usize) -> Vec<usize> {
    (0..width).map(|x| x * own / most).collect()
}

/// A pixel of samples. CMYK is stored inverted, as Adobe began it and programs for pictures take it; those for PDF do
/// not.
fn rgb_of(colour: Colour, [a, b, c, d]: [u8; 4]) -> [u8; 3] {
    let over_black = |tone: u8, light: u8| {
        let product = u32::from(tone) * u32::from(light) + 128;
        ((product + (product >> 8)) >> 8) as u8
    };
    match colour {
        Colour::Grey => [a; 3],
        Colour::Rgb => [a, b, c],
        Colour::Ycc => of_ycc(a, b, c),
        Colour::Cmyk => [a, b, c].map(|tone| over_black(tone, d)),
        Colour::PlainCmyk => [a, b, c].map(|tone| over_black(255 - tone, 255 - d)),
        Colour::Ycck => of_ycc(a, b, c).map(|tone| over_black(255 - tone, d)),
        Colour::PlainYcck => of_ycc(a, b, c).map(|tone| over_black(tone, 255 - d)),
    }
}

fn of_ycc(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    let (luma, blue, red) = (i32::from(luma), i32::from(blue) - 128, i32::from(red) - 128);
    let half = 1 << 15;
    [
        luma + ((91_881 * red + half) >> 16),
        luma - ((22_554 * blue + 46_802 * red + half) >> 16),
        luma + ((116_130 * blue + half) >> 16),
    ]
    .map(clamped)
}
