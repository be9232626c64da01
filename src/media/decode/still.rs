//! Files of one picture, by the decoders of the crate `image`.

use image::metadata::Orientation;
use image::{ImageDecoder, ImageError, ImageResult, Limits};

use super::pixels::Pixels;
use super::{DecodeError, Decoding, Picture};
use crate::content::DecodeLimits;
use crate::media::scratch::PIXELS;

impl Decoding<'_, '_> {
    /// Hands out the picture of `decoder`, or the part of it before the data broke off.
    pub(super) fn still<D: ImageDecoder>(&mut self, decoder: ImageResult<D>, frame: usize) -> Result<(), DecodeError> {
        let mut decoder = decoder.map_err(of_image)?;
        let (width, height) = decoder.dimensions();
        let (color, total) = (decoder.color_type(), decoder.total_bytes());
        // Besides the decoder's own output there may be a copy in eight-bit colours.
        self.check_size(width, height, total.saturating_add(u64::from(width) * u64::from(height) * 3))?;
        decoder.set_limits(image_limits(self.means.limits)).map_err(of_image)?;
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let total = usize::try_from(total).map_err(|_| DecodeError::TooLarge { width, height })?;
        let mut bytes = PIXELS.with(|kept| kept.take(total));
        let read = decoder.read_image(&mut bytes).map_err(of_image);
        if read.is_ok() || bytes.iter().any(|byte| *byte != 0) {
            let pixels = Pixels::from_decoder(width, height, color, bytes).ok_or_else(too_few_pixels)?;
            (self.visit)(Picture::whole(width, height, pixels, orientation, frame));
        }
        read
    }
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
