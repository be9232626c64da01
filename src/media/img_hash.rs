//! The 64-bit hashes of the `img_hash` family, as the crate's maintained continuation computes them.
//!
//! They see the picture at its full size and through the crate's own grey, so that hashes made elsewhere with it agree.

use image::RgbImage;
use img_hash::{HashAlg, HasherConfig};

use crate::content::{Algorithm, AlgorithmSet, Hash64, HashValue};

/// Whether `algorithm` is one of the family.
pub(super) const fn is_of_family(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::AHash | Algorithm::DHash | Algorithm::PHash)
}

/// The hashes of the family among the algorithms in `wanted`.
pub(super) fn hashes(picture: &RgbImage, wanted: AlgorithmSet) -> Vec<HashValue> {
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
