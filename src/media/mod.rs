//! One part's bytes → what they are, and their hashes.
//!
//! Sniff → decode within limits → hash. Nothing here believes what the sender declared.

mod decode;
mod degenerate;
mod digest;
mod foreign;
mod img_hash;
mod pdq;
mod sniff;

use crate::content::{Algorithm, AlgorithmSet, DecodeLimits, HashValue, MediaType};

pub use decode::DecodeError;
pub use degenerate::is_degenerate;
pub use foreign::{ForeignDecoder, ForeignFormat, ForeignPicture, NoForeignDecoder};
pub use pdq::{PdqHashes, Unhashable};
pub use sniff::sniff;

use decode::{Colours, Pixels, decode};

/// What a part is, and the hashes that were asked for.
#[derive(Debug)]
pub struct PartHashes {
    /// What the bytes show.
    pub media_type: MediaType,
    digests: Vec<HashValue>,
    /// Perceptual hashes, or why there are none. `None` when the part is no picture or none were asked for.
    pub picture: Option<Result<PictureHashes, DecodeError>>,
}

impl PartHashes {
    /// MD5, SHA-1, SHA-256 and SHA-512, those that were asked for.
    pub fn digests(&self) -> impl Iterator<Item = HashValue> {
        self.digests.iter().copied()
    }
}

/// The perceptual hashes of a picture.
#[derive(Debug)]
pub struct PictureHashes {
    /// Width in pixels, as stored.
    pub width: u32,
    /// Height in pixels, as stored.
    pub height: u32,
    /// PDQ, or why the picture has none. `None` when it was not asked for.
    pub pdq: Option<Result<PdqHashes, Unhashable>>,
    hash64s: Vec<HashValue>,
}

impl PictureHashes {
    /// Hashes of the `img_hash` family, those that were asked for.
    pub fn hash64s(&self) -> impl Iterator<Item = HashValue> {
        self.hash64s.iter().copied()
    }
}

/// Hashes one part with the algorithms in `wanted`. A picture is decoded only when a perceptual hash is among them.
pub fn hash_part(bytes: &[u8], wanted: AlgorithmSet, limits: &DecodeLimits) -> PartHashes {
    let media_type = sniff(bytes);
    let picture =
        (media_type.is_picture() && wanted.needs_picture()).then(|| hash_picture(bytes, media_type, wanted, limits));
    PartHashes { media_type, digests: digest::digests(bytes, wanted), picture }
}

/// Below this quality the luma plane of a JPEG, which is rounded, is not exact enough: of nearly plain pictures with the
/// same colours it gave hashes up to 36 bits apart, and at most 8 bits of others.
const EXACT_BELOW: u8 = 50;

fn hash_picture(
    bytes: &[u8],
    media_type: MediaType,
    wanted: AlgorithmSet,
    limits: &DecodeLimits,
) -> Result<PictureHashes, DecodeError> {
    let needs_colour = wanted.iter().any(img_hash::is_of_family);
    let colours = if needs_colour { Colours::Rgb } else { Colours::Luma };
    let picture = decode(bytes, media_type, colours, limits)?;
    let mut pdq = wanted.contains(Algorithm::Pdq).then(|| pdq::hash(&picture));
    if matches!(picture.pixels, Pixels::Luma(_)) && matches!(&pdq, Some(Ok(hashes)) if hashes.quality < EXACT_BELOW) {
        pdq = Some(pdq::hash(&decode(bytes, media_type, Colours::Rgb, limits)?));
    }
    let hash64s = match &picture.pixels {
        Pixels::Rgb(rgb) => img_hash::hashes(rgb, wanted),
        Pixels::Luma(_) => Vec::new(),
    };
    Ok(PictureHashes { width: picture.width, height: picture.height, pdq, hash64s })
}

#[cfg(test)]
mod tests;
