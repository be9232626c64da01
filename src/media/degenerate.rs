//! Hashes that say nothing about their picture, and so never match.
//!
//! Flat colour, gradients and the like give near-constant hashes of the `img_hash` family. All such pictures are close
//! to each other, whatever they show, and one of them on a list would block them all. For PDQ see [`super::pdq`]: there
//! it is seen in what the hash is made of, and such a picture has none.

use crate::content::{Hash64, HashValue};

/// Stable reason code.
pub(super) const CODE: &str = "picture_degenerate";

/// aHash and dHash with fewer bits set, or fewer not set. Flat colour gives 0 or 64; photos gave 16 to 48.
const MIN_BITS: u32 = 8;

/// pHash with fewer bits set. The brightness sets one bit in every picture and few others are ever set, 1 to 14 in
/// photos: any two hashes of three bits are within the default distance of each other.
const MIN_PHASH_BITS: u32 = 4;

/// Whether `hash` is one that pictures with nothing in common share.
///
/// True for near-constant hashes of the `img_hash` family, for aHash and dHash of pictures that are the same along a
/// row or a column (stripes, gradients), and for aHash of brightness that only grows towards one side or corner. Never
/// for digests and PDQ.
pub fn is_degenerate(hash: &HashValue) -> bool {
    match hash {
        HashValue::AHash(hash) => is_near_constant(*hash) || has_one_direction(*hash) || only_grows(*hash),
        HashValue::DHash(hash) => is_near_constant(*hash) || has_one_direction(*hash),
        HashValue::PHash(hash) => hash.word().count_ones() < MIN_PHASH_BITS,
        HashValue::Md5(_) | HashValue::Sha1(_) | HashValue::Sha256(_) | HashValue::Sha512(_) | HashValue::Pdq(_) => {
            false
        }
    }
}

fn is_near_constant(hash: Hash64) -> bool {
    let bits = hash.word().count_ones();
    !(MIN_BITS..=u64::BITS - MIN_BITS).contains(&bits)
}

/// A byte is a row of the 8×8 picture.
fn has_one_direction(Hash64(rows): Hash64) -> bool {
    let rows_are_alike = rows.iter().all(|row| *row == rows[0]);
    let columns_are_alike = rows.iter().all(|row| matches!(row, 0 | 0xff));
    rows_are_alike || columns_are_alike
}

/// Whether no bit is set before one that is not, in rows and in columns, each in one of its two directions.
fn only_grows(Hash64(rows): Hash64) -> bool {
    let is_ordered = |first: u8, second: u8| first & !second == 0;
    let down = rows.windows(2).all(|pair| is_ordered(pair[0], pair[1]));
    let up = rows.windows(2).all(|pair| is_ordered(pair[1], pair[0]));
    let right = rows.iter().all(|row| row.leading_ones() == row.count_ones());
    let left = rows.iter().all(|row| row.trailing_ones() == row.count_ones());
    (down || up) && (right || left)
}

#[cfg(test)]
mod tests {
    use image::metadata::Orientation;
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::content::{Algorithm, AlgorithmSet};
    use crate::media::decode::{Ground, Picture, Pixels};
    use crate::media::img_hash::hashes;

    /// The algorithms of the family whose hash of the picture is degenerate.
    fn degenerate(light: impl Fn(f32, f32) -> f32) -> Vec<Algorithm> {
        let picture = RgbImage::from_fn(320, 240, |x, y| {
            let light = light(x as f32 / 320.0, y as f32 / 240.0).clamp(0.0, 1.0);
            Rgb([(light * 255.0) as u8; 3])
        });
        let picture = Picture::whole(320, 240, Pixels::Rgb(picture), Orientation::NoTransforms, 0);
        let hashes = hashes(&picture, Ground::Ignored, AlgorithmSet::all());
        hashes.iter().filter(|hash| is_degenerate(hash)).map(HashValue::algorithm).collect()
    }

    #[test]
    fn flat_colour_gradients_and_stripes_are_degenerate_for_the_whole_family() {
        let family = [Algorithm::AHash, Algorithm::DHash, Algorithm::PHash];
        assert_eq!(degenerate(|_, _| 0.8), family, "flat");
        assert_eq!(degenerate(|x, _| x), family, "gradient to the right");
        assert_eq!(degenerate(|_, y| 1.0 - y), family, "gradient upwards");
        assert_eq!(degenerate(|x, y| (x + y) / 2.0), family, "gradient to a corner");
        assert_eq!(degenerate(|x, y| (1.0 - x + y) / 2.0), family, "gradient to another corner");
        assert_eq!(degenerate(|x, _| (x * 16.0).floor() % 2.0), family, "stripes");
    }

    #[test]
    fn pictures_of_something_are_not() {
        let waves = |x: f32, y: f32| 0.5 + 0.3 * (x * 13.0 + y * 5.0).sin() + 0.2 * (y * 17.0 - x * x * 9.0).cos();
        assert_eq!(degenerate(waves), []);
        assert_eq!(degenerate(|x, y| f32::from((x - 0.4).hypot(y - 0.55) < 0.3)), [], "a disc");
    }
}
