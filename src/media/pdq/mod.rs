//! PDQ, the primary perceptual hash of pictures.
//!
//! Luma → two passes of a box filter, sampled to 64×64 → DCT → 256 bits, one for each coefficient above their median.
//! The full picture is filtered, as by the Python package `pdqhash`, whose hashes of the same pixels these are but for
//! rounding. The C++ reference drops rows and columns of large pictures first and differs from both by up to ten bits.
//!
//! Source: "PDQ & TMK + PDQF", Facebook 2019; reference `pdq/cpp/hashing/pdqhashing.cpp` in facebook/ThreatExchange.

mod dct;
mod plane;

use self::dct::Coefficients;
use self::plane::{Small, reduce, reduce_luma};
use super::decode::{Ground, Picture};
use crate::content::PdqHash;

/// The reference refuses pictures with a shorter side.
const MIN_SIDE: u32 = 5;

/// A picture has no hash when fewer of the 256 coefficients stand out of rounding: then most bits are chance, and pictures
/// that have nothing in common may be close.
///
/// The quality does not tell: stripes and a picture of two halves have 71 to 100, and not one coefficient, because what is
/// the same along one direction has none but at frequency 0, which the hash leaves out. Nor does the number of bits set: it
/// is 71 to 128 there and exactly 128 in other pictures. Measured: 0 for stripes and gradients along a side, 34 towards a
/// corner, 48 for a centred rectangle, 57 to 119 for most gradients around the middle; 225 and more for the thirty
/// reference pictures but one of quality 2, which has 165. Made their own mirror image, those have 126 and more, and are
/// worth a hash: hence not half. A gradient around some other point has more and is a picture like any.
const MIN_TELLING: usize = 120;

/// The PDQ hash of a picture in its eight orientations, and how much it can be relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PdqHashes {
    /// 0 to 100: how much structure the picture has. Below 50 a match means little.
    pub quality: u8,
    /// How far its tones are from their mean: the standard deviation, 0 to 128.
    pub contrast: u8,
    /// As it stands; rotated to the left by 90°, 180° and 270°; mirrored top to bottom, left to right, along the main
    /// diagonal and along the other: the order of the reference.
    pub dihedral: [PdqHash; 8],
}

/// Why a picture has no PDQ hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unhashable {
    /// A side is shorter than five pixels.
    #[error("too small for a PDQ hash: a side is shorter than {MIN_SIDE} pixels")]
    TooSmall,
    /// There is no structure to hash: one colour, or close to it.
    #[error("too plain for a PDQ hash")]
    NoFeatures,
    /// Most bits of the hash would be chance: a gradient, stripes, a few lines.
    #[error("too regular for a PDQ hash: most of its bits would be chance")]
    Degenerate,
}

impl Unhashable {
    /// Stable reason code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooSmall => "picture_too_small",
            Self::NoFeatures => "picture_too_plain",
            Self::Degenerate => super::degenerate::CODE,
        }
    }
}

/// The PDQ hashes of `picture` over `ground`. Deterministic for equal pixels.
///
/// # Errors
/// [`Unhashable`].
pub(super) fn hash(picture: &Picture, ground: Ground) -> Result<PdqHashes, Unhashable> {
    hash_reduced(picture.width, picture.height, || reduce(picture, ground))
}

/// The PDQ hashes of a luma plane: `width × height` bytes, row by row. Deterministic.
///
/// # Errors
/// [`Unhashable`].
///
/// # Panics
/// When `luma` has fewer bytes.
pub fn hash_luma(luma: &[u8], width: u32, height: u32) -> Result<PdqHashes, Unhashable> {
    hash_reduced(width, height, || reduce_luma(luma, width, height))
}

fn hash_reduced(width: u32, height: u32, reduce: impl FnOnce() -> Small) -> Result<PdqHashes, Unhashable> {
    if width.min(height) < MIN_SIDE {
        return Err(Unhashable::TooSmall);
    }
    let small = reduce();
    let quality = quality(&small);
    if quality == 0 {
        return Err(Unhashable::NoFeatures);
    }
    let coefficients = Coefficients::of(&small);
    if coefficients.telling() < MIN_TELLING {
        return Err(Unhashable::Degenerate);
    }
    Ok(PdqHashes { quality, contrast: contrast(&small), dihedral: coefficients.dihedral() })
}

fn contrast(small: &Small) -> u8 {
    let tones = small.as_flattened();
    let mean = |values: &mut dyn Iterator<Item = f32>| values.sum::<f32>() / tones.len() as f32;
    let middle = mean(&mut tones.iter().copied());
    mean(&mut tones.iter().map(|tone| (tone - middle).powi(2))).sqrt() as u8
}

/// How much neighbours differ, from 0 to 100. Differences are cut to whole hundredths first, so that noise counts for
/// nothing.
fn quality(small: &Small) -> u8 {
    let difference = |a: f32, b: f32| (((a - b) * 100.0 / 255.0) as i32).unsigned_abs();
    let down = small.windows(2).flat_map(|rows| rows[0].iter().zip(&rows[1]).map(|(a, b)| difference(*a, *b)));
    let across = small.iter().flat_map(|row| row.windows(2).map(|pair| difference(pair[0], pair[1])));
    let sum: u32 = down.chain(across).sum();
    (sum / 90).min(100) as u8
}

#[cfg(test)]
mod tests {
    use image::metadata::Orientation;

    use super::plane::SIDE;
    use super::*;
    use crate::media::decode::Pixels;

    fn hash_of(width: u32, height: u32, luma: Vec<u8>) -> Result<PdqHashes, Unhashable> {
        let (pixels, orientation) = (Pixels::Luma(luma), Orientation::NoTransforms);
        hash(&Picture::whole(width, height, pixels, orientation, 0), Ground::Ignored)
    }

    #[test]
    fn pictures_without_structure_or_size_have_no_hash() {
        let plain = |width, height| hash_of(width, height, vec![7; (width * height) as usize]);
        assert_eq!(plain(100, 100), Err(Unhashable::NoFeatures));
        assert_eq!(plain(4, 100), Err(Unhashable::TooSmall));
    }

    #[test]
    fn what_is_regular_has_no_hash_whatever_its_quality() {
        type Light = fn(f32, f32) -> f32;
        let drawn = |light: Light| {
            let side = 256;
            let pixels = (0..side * side).map(|at| {
                let (x, y) = ((at % side) as f32 + 0.5, (at / side) as f32 + 0.5);
                let (x, y) = (x / side as f32, y / side as f32);
                (light(x, y) * 255.0).clamp(0.0, 255.0) as u8
            });
            hash_of(side, side, pixels.collect())
        };
        let regular: [(&str, Light); 6] = [
            ("a gradient along a side", |x, _| x),
            ("a steep gradient, again and again", |_, y| (y * 6.0).fract()),
            ("stripes", |x, _| (x * 8.0).floor() % 2.0),
            ("two halves", |_, y| y.round()),
            ("a gradient towards a corner", |x, y| x * y),
            ("a gradient from the middle", |x, y| 1.0 - (x - 0.5).hypot(y - 0.5)),
        ];
        for (what, light) in regular {
            assert_eq!(drawn(light), Err(Unhashable::Degenerate), "{what}");
        }
        let pictures: [(&str, Light); 2] = [
            ("a disc off the middle", |x, y| f32::from((x - 0.4).hypot(y - 0.55) < 0.2)),
            ("its own mirror image", |x, y| {
                0.5 + 0.4 * (9.0 * (x - 0.5).powi(2) + y * 7.0).sin() * (y * y * 13.0).cos()
            }),
        ];
        for (what, light) in pictures {
            assert!(drawn(light).is_ok(), "{what}: {:?}", drawn(light));
        }
    }

    #[test]
    fn quality_counts_whole_hundredths_of_difference() {
        let mut small = [[0.0; SIDE]; SIDE];
        assert_eq!(quality(&small), 0);
        for row in small.iter_mut().step_by(2) {
            row.fill(2.0);
        }
        assert_eq!(quality(&small), 0, "less than a hundredth");
        for row in small.iter_mut().step_by(2) {
            row.fill(6.0);
        }
        assert_eq!(quality(&small), (63 * 64 * 2 / 90) as u8);
    }
}
