//! Hashes drawings in SVG as they are shown.

use image::metadata::Orientation;

use super::decode::{DecodeError, DecodeMeans, Ground, Picture, Pixels};
use super::foreign::{ForeignFormat, ForeignPicture};
use super::{PartHashes, ViewHashes, hash_view};
use crate::content::{AlgorithmSet, MediaType};

/// What a drawing is called where types are told.
const KIND: MediaType = MediaType::Known("svg");

/// Why a drawing is not compared as it is shown, whatever keeps it from that but its syntax.
const NOT_DRAWN: DecodeError =
    DecodeError::Unsupported("a drawing that takes too long, or there is no worker to draw it");

/// The perceptual hashes in `wanted` of the drawing `svg` as it is shown. It has no digests.
pub(super) fn hash_drawing(svg: &[u8], wanted: AlgorithmSet, means: &DecodeMeans<'_>) -> PartHashes {
    let mut hashes = PartHashes { media_type: KIND, digests: Vec::new(), views: Vec::new(), problem: None };
    if !wanted.needs_picture() {
        return hashes;
    }
    // What else is in the upload has its share.
    let most = means.deadline.work_left().map_or(means.limits.deadline, |left| (left / 2).min(means.limits.deadline));
    let deadline = means.deadline.or_after_work(most);
    let mut visit = |picture: ForeignPicture| {
        let (width, height) = (picture.width, picture.height);
        let Some(pixels) = Pixels::from_rgba(width, height, picture.rgba) else { return };
        let whole = Picture::whole(width, height, pixels, Orientation::NoTransforms, 0);
        hashes.views.push(hash_view(&whole, Ground::White, wanted));
        if let Some(inside) = whole.without_borders(Ground::White) {
            hashes.views.push(ViewHashes { is_trimmed: true, ..hash_view(&inside, Ground::White, wanted) });
        }
    };
    let drawn = means.foreign.decode(ForeignFormat::Svg, svg, means.limits, &deadline, &mut visit);
    hashes.problem = drawn.err().filter(|error| !matches!(error, DecodeError::Broken(_))).map(|_| NOT_DRAWN);
    hashes
}
