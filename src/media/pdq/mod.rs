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
use self::plane::{Small, reduce};
use super::decode::Picture;
use crate::content::PdqHash;

/// The reference refuses pictures with a shorter side.
const MIN_SIDE: u32 = 5;

/// The PDQ hash of a picture in its eight orientations, and how much it can be relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PdqHashes {
    /// 0 to 100: how much structure the picture has. Below 50 a match means little.
    pub quality: u8,
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
}

impl Unhashable {
    /// Stable reason code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooSmall => "picture_too_small",
            Self::NoFeatures => "picture_too_plain",
        }
    }
}

/// The PDQ hashes of `picture`. Deterministic for equal pixels.
///
/// # Errors
/// [`Unhashable`].
pub(super) fn hash(picture: &Picture) -> Result<PdqHashes, Unhashable> {
    if picture.width.min(picture.height) < MIN_SIDE {
        return Err(Unhashable::TooSmall);
    }
    let small = reduce(picture);
    match quality(&small) {
        0 => Err(Unhashable::NoFeatures),
        quality => Ok(PdqHashes { quality, dihedral: Coefficients::of(&small).dihedral() }),
    }
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
    use super::plane::SIDE;
    use super::*;
    use crate::media::decode::Pixels;

    #[test]
    fn pictures_without_structure_or_size_have_no_hash() {
        let plain = |width, height| Picture { width, height, pixels: Pixels::Luma(vec![7; (width * height) as usize]) };
        assert_eq!(hash(&plain(100, 100)), Err(Unhashable::NoFeatures));
        assert_eq!(hash(&plain(4, 100)), Err(Unhashable::TooSmall));
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
