//! Pictures that were decoded in another process, whose word is not taken for anything.

use image::metadata::Orientation;

use super::pixels::Pixels;
use super::sequence::frames;
use super::still::too_few_pixels;
use super::{DecodeError, Decoding, Picture};
use crate::media::foreign::{ForeignFormat, ForeignPicture};

impl Decoding<'_, '_> {
    pub(super) fn foreign(&mut self, format: ForeignFormat) -> Result<(), DecodeError> {
        let (means, bytes) = (self.means, self.bytes);
        let (mut frame, mut believed) = (0, Ok(()));
        let mut visit = |picture: ForeignPicture| {
            let shown = self.foreign_picture(picture, frame);
            frame += 1;
            if believed.is_ok() {
                believed = shown;
            }
        };
        means.foreign.decode(format, bytes, means.limits, &means.deadline, &mut visit)?;
        believed?;
        let has_frames = format != ForeignFormat::Jpeg2000 && frames(bytes) > 1;
        if has_frames { Err(DecodeError::Unsupported("the frames of a sequence")) } else { Ok(()) }
    }

    fn foreign_picture(&mut self, picture: ForeignPicture, frame: usize) -> Result<(), DecodeError> {
        let (width, height) = (picture.width, picture.height);
        self.check_size(width, height, picture.rgba.len() as u64)?;
        let pixels = Pixels::from_rgba(width, height, picture.rgba).ok_or_else(too_few_pixels)?;
        self.show(Picture::whole(width, height, pixels, Orientation::NoTransforms, frame));
        Ok(())
    }
}
