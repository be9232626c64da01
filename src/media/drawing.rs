//! Hashes drawings in SVG as they are shown.

use image::metadata::Orientation;

use super::decode::{DecodeError, DecodeMeans, Ground, Picture, Pixels};
use super::foreign::{ForeignFormat, ForeignPicture};
use super::{PartHashes, ViewHashes, hash_view};
use crate::content::{AlgorithmSet, Drawing, MediaType};

/// What a drawing is called where types are told.
const KIND: MediaType = MediaType::Known("svg");

/// Why a drawing is not compared as it is shown, whatever keeps it from that.
const NOT_DRAWN: DecodeError = DecodeError::Unsupported(
    "a drawing that takes too long, of which browsers may show more, or there is no worker to draw it",
);

/// Whether that `drawing` was not drawn for `error` says anything. One without pictures that takes too long is a map.
fn counts(error: &DecodeError, drawing: &Drawing) -> bool {
    let is_of_form = matches!(error, DecodeError::Broken(_) | DecodeError::Unsupported(_) | DecodeError::Panicked);
    drawing.has_pictures || is_of_form
}

/// The perceptual hashes in `wanted` of `drawing` as it is shown. It has no digests.
pub(super) fn hash_drawing(drawing: &Drawing, wanted: AlgorithmSet, means: &DecodeMeans<'_>) -> PartHashes {
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
        // Pages are white, unless the drawing itself says otherwise.
        let is_clear = whole.pixels.grounds().contains(&Ground::Black);
        for ground in [Ground::White, Ground::Black].into_iter().take(1 + usize::from(is_clear)) {
            hashes.views.push(hash_view(&whole, ground, wanted));
            if let Some(inside) = whole.without_borders(ground) {
                hashes.views.push(ViewHashes { is_trimmed: true, ..hash_view(&inside, ground, wanted) });
            }
        }
    };
    let drawn = means.foreign.decode(ForeignFormat::Svg, &drawing.svg, means.limits, &deadline, &mut visit);
    hashes.problem = drawn.err().filter(|error| counts(error, drawing)).map(|_| NOT_DRAWN);
    hashes
}
