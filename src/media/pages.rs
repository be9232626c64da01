//! Hashes pages of PDF as they are shown.
//!
//! What is in a PDF is compared as it is stored, too. Pages show what that cannot: pictures under masks and clips, in
//! patterns, out of letters and lines, and those in formats that only a renderer reads. A page that cannot be rendered,
//! or for which there is no work left, is no problem: nothing is worse then than without a renderer.

use std::time::Duration;

use image::metadata::Orientation;

use super::decode::{DecodeMeans, Ground, Picture, Pixels};
use super::foreign::{ForeignFormat, ForeignPicture};
use super::{PartHashes, ViewHashes, hash_view};
use crate::content::{AlgorithmSet, DecodeLimits, MediaType};

/// What pages are called where types are told.
const KIND: MediaType = MediaType::Known("pages");

/// Pictures of a page, at most: the whole, and the largest that are on it.
pub const PICTURES_A_PAGE: usize = 4;

/// Less work than this is not worth asking for.
const LEAST: Duration = Duration::from_millis(5);

/// Which part of the time that is left for an inspection its pages may be waited for, where the machine is busy.
const SHARE_OF_TIME: u32 = 4;

/// The perceptual hashes in `wanted` of the pages of `pdf` as they are shown, within [`DecodeLimits::render_work`]. It
/// has no digests.
pub(super) fn hash_pages(pdf: &[u8], wanted: AlgorithmSet, means: &DecodeMeans<'_>) -> PartHashes {
    let mut hashes = PartHashes { media_type: KIND, digests: Vec::new(), views: Vec::new(), problem: None };
    let DecodeLimits { max_rendered_pages, render_work, .. } = *means.limits;
    let deadline = means.deadline.or_after_work(render_work);
    let deadline = means.deadline.left().map_or(deadline, |left| deadline.or_after(left / SHARE_OF_TIME));
    let most = deadline.work_left().unwrap_or(render_work).min(means.limits.deadline);
    if !wanted.needs_picture() || max_rendered_pages == 0 || most < LEAST {
        return hashes;
    }
    let limits = DecodeLimits {
        max_frames: max_rendered_pages.saturating_mul(PICTURES_A_PAGE),
        deadline: most,
        ..*means.limits
    };
    let mut visit = |picture: ForeignPicture| {
        if deadline.has_passed() {
            return;
        }
        let (width, height) = (picture.width, picture.height);
        let Some(pixels) = Pixels::from_rgba(width, height, picture.rgba) else { return };
        let whole = Picture::whole(width, height, pixels, Orientation::NoTransforms, hashes.views.len());
        hashes.views.push(hash_view(&whole, Ground::White, wanted));
        if let Some(inside) = whole.without_borders(Ground::White) {
            hashes.views.push(ViewHashes { is_trimmed: true, ..hash_view(&inside, Ground::White, wanted) });
        }
    };
    // The worker counts what became of them.
    let _ended = means.foreign.decode(ForeignFormat::Pdf, pdf, &limits, &deadline, &mut visit);
    hashes
}
