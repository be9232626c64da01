//! The 64-bit hashes of the `img_hash` family, as the crate's maintained continuation computes them.
//!
//! They see the picture through the crate's own grey, so that hashes made elsewhere with it agree, and the means of small
//! parts of a large one, which the crate would weigh at length: resizing takes it 0.15 s a megapixel.

use std::borrow::Cow;

use image::{Rgb, RgbImage};
use img_hash::{HashAlg, HasherConfig};

use crate::content::{Algorithm, AlgorithmSet, Hash64, HashValue};

/// Whether `algorithm` is one of the family.
pub(super) const fn is_of_family(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::AHash | Algorithm::DHash | Algorithm::PHash)
}

/// Pixels along a side of what the hashes, which see 16×16 at most, are made of.
const LEAST: usize = 250;

/// The hashes of the family among the algorithms in `wanted`.
pub(super) fn hashes(picture: &RgbImage, wanted: AlgorithmSet) -> Vec<HashValue> {
    let picture = &*shrunk(picture);
    wanted.iter().filter_map(|algorithm| hash(picture, algorithm)).collect()
}

fn hash(picture: &RgbImage, algorithm: Algorithm) -> Option<HashValue> {
    let config = HasherConfig::with_bytes_type::<[u8; 8]>().hash_size(8, 8);
    let (config, value): (_, fn(Hash64) -> HashValue) = match algorithm {
        Algorithm::AHash => (config.hash_alg(HashAlg::Mean), HashValue::AHash),
        Algorithm::DHash => (config.hash_alg(HashAlg::Gradient), HashValue::DHash),
        Algorithm::PHash => (config.hash_alg(HashAlg::Mean).preproc_dct(), HashValue::PHash),
        Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha512 | Algorithm::Pdq => return None,
    };
    Some(value(Hash64(config.to_hasher().hash_image(picture).into_inner())))
}

/// Means of equal parts of `picture`, no fewer than [`LEAST`] along a side. What is left over at the far edges is part of the
/// last ones.
fn shrunk(picture: &RgbImage) -> Cow<'_, RgbImage> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (columns, rows) = ((width / LEAST).max(1), (height / LEAST).max(1));
    if columns * rows == 1 {
        return Cow::Borrowed(picture);
    }
    let (across, down) = (width / columns, height / rows);
    let mut sums = vec![([0_u32; 3], 0_u32); across * down];
    for (y, row) in picture.as_raw().chunks_exact(3 * width).enumerate() {
        let line = (y / rows).min(down - 1) * across;
        for (x, pixels) in row.chunks(3 * columns).enumerate() {
            let (sum, count) = &mut sums[line + x.min(across - 1)];
            for pixel in pixels.as_chunks::<3>().0 {
                sum.iter_mut().zip(pixel).for_each(|(sum, tone)| *sum += u32::from(*tone));
                *count += 1;
            }
        }
    }
    Cow::Owned(RgbImage::from_fn(across as u32, down as u32, |x, y| {
        let (sum, count) = sums[y as usize * across + x as usize];
        Rgb(sum.map(|sum| ((sum + count / 2) / count.max(1)) as u8))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_picture_is_hashed_by_means_and_gets_the_hashes_that_the_crate_gives_all_of_it() {
        let mut differences = Vec::new();
        for seed in 0..12 {
            let wave = |at: f32| (at * (1.3 + seed as f32 * 0.7)).sin();
            let picture = RgbImage::from_fn(1_009, 1_507, |x, y| {
                let (u, v) = (x as f32 / 140.0, y as f32 / 190.0);
                let light = 0.5 + 0.25 * wave(u + 0.3 * v) + 0.2 * wave(v * u / 5.0 - seed as f32);
                Rgb([light, light * 0.9, 1.0 - light].map(|tone| (tone.clamp(0.0, 1.0) * 255.0) as u8))
            });
            assert_eq!(shrunk(&picture).dimensions(), (252, 251));
            for algorithm in AlgorithmSet::all().iter().filter(|algorithm| is_of_family(*algorithm)) {
                let (Some(all), Some(means)) = (hash(&picture, algorithm), hash(&shrunk(&picture), algorithm)) else {
                    panic!("a hash");
                };
                let word = |value: HashValue| match value {
                    HashValue::AHash(hash) | HashValue::DHash(hash) | HashValue::PHash(hash) => hash.word(),
                    other => panic!("{other:?}"),
                };
                differences.push((word(all) ^ word(means)).count_ones());
            }
        }
        let most = differences.iter().max().copied();
        let sum: u32 = differences.iter().sum();
        // Of 180 photographs 0.1 to 0.3 bits in the mean and 4 at most; smooth waves have more that is nearly equal.
        assert!(most <= Some(6) && sum as usize <= differences.len(), "{differences:?}");
    }
}
