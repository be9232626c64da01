//! Shrinks a grey picture to a few pixels just as the crate `image` does with its filter "Lanczos3", but quickly.
//!
//! That one asks for every pixel by itself, some seventy times for the three hashes: two thirds of the time that a
//! document with pictures took went there. Here a row is added to all small rows that it counts for while it is in the
//! cache. Sums are made in the same order and with the same precision, so the pixels, and the hashes, are the same to
//! the bit.

use std::ops::Range;

use image::GrayImage;

/// Pixels on either side, of the small picture, that count for one of its pixels.
const SUPPORT: f32 = 3.0;

/// What the pixels along one side count for one pixel of the small picture.
struct Weights {
    range: Range<usize>,
    weights: Vec<f32>,
}

/// The weights for each of `small` pixels along a side of `length`, both more than 0.
fn weights(length: usize, small: usize) -> Vec<Weights> {
    let ratio = length as f32 / small as f32;
    let scale = ratio.max(1.0);
    let of = |number: usize| {
        let centre = (number as f32 + 0.5) * ratio;
        let from = ((centre - SUPPORT * scale).floor() as i64).clamp(0, length as i64 - 1);
        let to = ((centre + SUPPORT * scale).ceil() as i64).clamp(from + 1, length as i64);
        let range = from as usize..to as usize;
        let mut weights: Vec<f32> = range.clone().map(|at| lanczos((at as f32 - (centre - 0.5)) / scale)).collect();
        let mut sum = 0.0;
        weights.iter().for_each(|weight| sum += weight);
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Weights { range, weights }
    };
    (0..small).map(of).collect()
}

fn lanczos(x: f32) -> f32 {
    let sinc = |t: f32| {
        let angle = t * std::f32::consts::PI;
        if t == 0.0 { 1.0 } else { angle.sin() / angle }
    };
    if x.abs() < SUPPORT { sinc(x) * sinc(x / SUPPORT) } else { 0.0 }
}

/// `picture` in each of `sizes`, its width and its height.
pub(super) fn shrink<const N: usize>(picture: &GrayImage, sizes: [(u32, u32); N]) -> [GrayImage; N] {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut heights: Vec<usize> = sizes.iter().map(|(_, height)| *height as usize).collect();
    heights.sort_unstable();
    heights.dedup();
    let tall: Vec<(usize, Vec<f32>)> =
        heights.iter().map(|small| (*small, vec![0.0; if height == 0 { 0 } else { small * width }])).collect();
    let tall = if width == 0 || height == 0 { Vec::new() } else { shrink_height(picture, tall) };
    sizes.map(|(small_width, small_height)| {
        let sums = tall.iter().find(|(height, _)| *height == small_height as usize);
        let mut small = GrayImage::new(small_width, small_height);
        if (small_width, small_height) == picture.dimensions() {
            small.copy_from_slice(picture);
        } else if let Some((_, sums)) = sums {
            shrink_width(sums, width, &mut small);
        }
        small
    })
}

/// Adds each row of `picture` to every row of `tall` that it counts for.
fn shrink_height(picture: &GrayImage, mut tall: Vec<(usize, Vec<f32>)>) -> Vec<(usize, Vec<f32>)> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let all: Vec<Vec<Weights>> = tall.iter().map(|(small, _)| weights(height, *small)).collect();
    let mut levels = vec![0.0; width];
    for (y, row) in picture.as_raw().chunks_exact(width).enumerate() {
        levels.iter_mut().zip(row).for_each(|(level, byte)| *level = f32::from(*byte));
        for ((_, sums), weights) in tall.iter_mut().zip(&all) {
            for (sums, Weights { range, weights }) in sums.chunks_exact_mut(width).zip(weights) {
                if range.contains(&y) {
                    let weight = weights[y - range.start];
                    sums.iter_mut().zip(&levels).for_each(|(sum, level)| *sum += level * weight);
                }
            }
        }
    }
    tall
}

/// Makes the rows of `small` out of `sums`, which are as many and each `width` long.
fn shrink_width(sums: &[f32], width: usize, small: &mut GrayImage) {
    let columns = small.width() as usize;
    let weights = weights(width, columns);
    for (row, sums) in small.chunks_exact_mut(columns).zip(sums.chunks_exact(width)) {
        for (pixel, Weights { range, weights }) in row.iter_mut().zip(&weights) {
            let mut sum = 0.0;
            sums[range.clone()].iter().zip(weights).for_each(|(level, weight)| sum += level * weight);
            *pixel = sum.clamp(0.0, 255.0).round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use image::imageops::{FilterType, resize};

    use super::*;

    #[test]
    fn pixels_are_those_of_the_crate_to_the_bit() {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        let sizes = [(8, 8), (9, 8), (16, 16)];
        for (width, height) in [(1, 1), (3, 200), (8, 8), (9, 8), (16, 16), (17, 5), (100, 75), (640, 481), (1301, 77)]
        {
            let noise = GrayImage::from_fn(width, height, |x, y| {
                let shade = (x * 255 / width + y * 90 / height + next() % 64) % 256;
                image::Luma([shade as u8])
            });
            let small = shrink(&noise, sizes);
            for (size, small) in sizes.iter().zip(small) {
                let expected = resize(&noise, size.0, size.1, FilterType::Lanczos3);
                assert_eq!(small.as_raw(), expected.as_raw(), "{width}×{height} to {size:?}");
            }
        }
    }
}
