//! The 64-bit hashes of the `img_hash` family, as the crate's maintained continuation computes them.
//!
//! They see the picture at its full size and through the crate's own grey, so that hashes made elsewhere with it agree.

mod shrink;

use image::metadata::Orientation;
use image::{GrayImage, RgbImage};
use img_hash::{HashAlg, HasherConfig};

use super::decode::{Ground, Picture, Pixels};
use crate::content::{Algorithm, AlgorithmSet, Hash64, HashValue};
use shrink::shrink;

/// Sides of the small pictures that the hashes are made of: averages, differences, and frequencies of twice as many.
const SIZES: [(u32, u32); 3] = [(8, 8), (9, 8), (16, 16)];

/// Whether `algorithm` is one of the family.
pub(super) const fn is_of_family(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::AHash | Algorithm::DHash | Algorithm::PHash)
}

/// The hashes of the family among the algorithms in `wanted`, of `picture` as it looks on `ground`.
pub(super) fn hashes(picture: &Picture, ground: Ground, wanted: AlgorithmSet) -> Vec<HashValue> {
    let grey = match &picture.pixels {
        Pixels::Luma(luma) if picture.orientation == Orientation::NoTransforms => {
            GrayImage::from_raw(picture.width, picture.height, luma.clone())
        }
        _ => None,
    };
    let grey = grey.unwrap_or_else(|| grey_of(&picture.as_shown(ground)));
    let small = shrink(&grey, SIZES);
    wanted.iter().filter_map(|algorithm| hash(&small, algorithm)).collect()
}

/// As the crate `image` makes grey of colours.
fn grey_of(picture: &RgbImage) -> GrayImage {
    let mut grey = GrayImage::new(picture.width(), picture.height());
    for (grey, rgb) in grey.iter_mut().zip(picture.as_raw().as_chunks::<3>().0) {
        let [red, green, blue] = rgb.map(u32::from);
        *grey = ((2126 * red + 7152 * green + 722 * blue) / 10_000) as u8;
    }
    grey
}

/// The crate finds each picture as small as it wants it, and leaves it so.
fn hash([averages, differences, frequencies]: &[GrayImage; 3], algorithm: Algorithm) -> Option<HashValue> {
    let config = HasherConfig::with_bytes_type::<[u8; 8]>().hash_size(8, 8);
    let (small, config, value): (_, _, fn(Hash64) -> HashValue) = match algorithm {
        Algorithm::AHash => (averages, config.hash_alg(HashAlg::Mean), HashValue::AHash),
        Algorithm::DHash => (differences, config.hash_alg(HashAlg::Gradient), HashValue::DHash),
        Algorithm::PHash => (frequencies, config.hash_alg(HashAlg::Mean).preproc_dct(), HashValue::PHash),
        Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha512 | Algorithm::Pdq => return None,
    };
    Some(value(Hash64(config.to_hasher().hash_image(small).into_inner())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_crate() {
        for (width, height) in [(8, 8), (61, 40), (300, 200), (16, 900)] {
            let picture = RgbImage::from_fn(width, height, |x, y| {
                image::Rgb([(x * x % 251) as u8, (x * y % 241) as u8, (y * 7 % 256) as u8])
            });
            let config = || HasherConfig::with_bytes_type::<[u8; 8]>().hash_size(8, 8);
            let wanted: AlgorithmSet = [Algorithm::AHash, Algorithm::DHash, Algorithm::PHash].into_iter().collect();
            let of = |config: HasherConfig<[u8; 8]>| Hash64(config.to_hasher().hash_image(&picture).into_inner());
            let expected = [
                HashValue::AHash(of(config().hash_alg(HashAlg::Mean))),
                HashValue::DHash(of(config().hash_alg(HashAlg::Gradient))),
                HashValue::PHash(of(config().hash_alg(HashAlg::Mean).preproc_dct())),
            ];
            let pixels = Pixels::Rgb(picture.clone());
            let shown = Picture::whole(width, height, pixels, Orientation::NoTransforms, 0);
            let mut found = hashes(&shown, Ground::Ignored, wanted);
            found.sort_by_key(|hash| expected.iter().position(|other| other == hash));
            assert_eq!(found, expected, "{width}×{height}");
            let grey = image::imageops::grayscale(&picture);
            assert_eq!(grey_of(&picture), grey);
            let pixels = Pixels::Luma(grey.into_raw());
            let shown = Picture::whole(width, height, pixels, Orientation::NoTransforms, 0);
            let mut found = hashes(&shown, Ground::Ignored, wanted);
            found.sort_by_key(|hash| expected.iter().position(|other| other == hash));
            assert_eq!(found, expected, "{width}×{height} in grey");
        }
    }
}
