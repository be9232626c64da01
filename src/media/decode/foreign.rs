//! Pictures that were decoded in another process, whose word is not taken for anything.

use image::metadata::Orientation;

use super::pixels::Pixels;
use super::still::too_few_pixels;
use super::{DecodeError, Decoding, Picture};
use crate::media::foreign::ForeignFormat;

impl Decoding<'_, '_> {
    pub(super) fn foreign(&mut self, format: ForeignFormat) -> Result<(), DecodeError> {
        let pictures = self.means.foreign.decode(format, self.bytes, self.means.limits, &self.means.deadline)?;
        for (frame, picture) in pictures.into_iter().enumerate().take(self.means.limits.max_frames) {
            let (width, height) = (picture.width, picture.height);
            self.check_size(width, height, picture.rgba.len() as u64)?;
            let pixels = Pixels::from_rgba(width, height, picture.rgba).ok_or_else(too_few_pixels)?;
            (self.visit)(Picture { width, height, pixels, orientation: Orientation::NoTransforms, frame });
        }
        Ok(())
    }
}
