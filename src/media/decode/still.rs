//! Files of one picture, by the decoders of the crate `image`.

use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageError, ImageResult, Limits};

use super::pixels::Pixels;
use super::{DecodeError, Decoding, Picture};
use crate::content::DecodeLimits;
use crate::media::scratch::PIXELS;

/// Of so many parts of a picture one may be missing, as the last rows of some scanners are.
const FORGIVEN: u64 = 8;

/// What a decoder made of a file.
pub(super) struct Read {
    pub(super) size: (u32, u32),
    orientation: Orientation,
    color: ColorType,
    /// Zeros where data broke off before.
    bytes: Vec<u8>,
    ended: Result<(), DecodeError>,
}

impl Read {
    /// What there is to be shown, `None` when it is nothing; and how decoding ended.
    pub(super) fn into_pixels(self) -> (Option<Pixels>, Result<(), DecodeError>) {
        let (width, height) = self.size;
        let has_any = self.ended.is_ok() || self.bytes.iter().any(|byte| *byte != 0);
        let pixels = if has_any { Pixels::from_decoder(width, height, self.color, self.bytes) } else { None };
        (pixels, self.ended)
    }
}

impl Decoding<'_, '_> {
    /// Hands out the picture of `decoder`, or the part of it before the data broke off.
    pub(super) fn still<D: ImageDecoder>(&mut self, decoder: ImageResult<D>, frame: usize) -> Result<(), DecodeError> {
        let read = self.read_still(decoder)?;
        let ((width, height), orientation) = (read.size, read.orientation);
        let (pixels, ended) = read.into_pixels();
        if let Some(pixels) = pixels {
            self.show(Picture::whole(width, height, pixels, orientation, frame));
        }
        ended
    }

    /// What `decoder` makes of its file.
    pub(super) fn read_still<D: ImageDecoder>(&self, decoder: ImageResult<D>) -> Result<Read, DecodeError> {
        let mut decoder = decoder.map_err(of_image)?;
        let (width, height) = decoder.dimensions();
        let (color, total) = (decoder.color_type(), decoder.total_bytes());
        // Besides the decoder's own output there may be a copy in eight-bit colours.
        self.check_size(width, height, total.saturating_add(u64::from(width) * u64::from(height) * 3))?;
        decoder.set_limits(image_limits(self.means.limits)).map_err(of_image)?;
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let total = usize::try_from(total).map_err(|_| DecodeError::TooLarge { width, height })?;
        let mut bytes = PIXELS.with(|kept| kept.take(total));
        let ended = decoder.read_image(&mut bytes).map_err(of_image);
        Ok(Read { size: (width, height), orientation, color, bytes, ended })
    }
}

/// Whether a picture that lacks `missing` of `whole` parts counts as complete.
pub(super) const fn is_forgiven(missing: u64, whole: u64) -> bool {
    missing.saturating_mul(FORGIVEN) <= whole
}

/// How a picture ends of which only `known` of `whole` parts were there.
///
/// # Errors
/// Too many are missing.
pub(super) fn ended_with(known: u64, whole: u64) -> Result<(), DecodeError> {
    if is_forgiven(whole.saturating_sub(known), whole) { Ok(()) } else { Err(too_few_pixels()) }
}

pub(super) fn too_few_pixels() -> DecodeError {
    DecodeError::Broken("there are not as many pixels as the header says".into())
}

pub(super) fn image_limits(limits: &DecodeLimits) -> Limits {
    let mut bounds = Limits::default();
    bounds.max_image_width = Some(limits.max_side);
    bounds.max_image_height = Some(limits.max_side);
    bounds.max_alloc = Some(limits.max_alloc);
    bounds
}

pub(super) fn of_image(error: ImageError) -> DecodeError {
    match error {
        ImageError::Limits(_) => DecodeError::TooLarge { width: 0, height: 0 },
        ImageError::Unsupported(_) => DecodeError::Unsupported("a way of writing that the decoder does not know"),
        other => DecodeError::Broken(other.to_string()),
    }
}
