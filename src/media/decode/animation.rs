//! Files whose pictures follow each other: GIF, WebP, and what APNG needs too.
//!
//! Each frame is drawn over the one before, so all are decoded up to the last that is wanted; only those are handed out.

use image::codecs::{gif::GifDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{AnimationDecoder, Frames, ImageDecoder};
use memchr::memmem;
use twox_hash::XxHash3_64;

use super::pixels::Pixels;
use super::still::{image_limits, of_image};
use super::{DecodeError, Decoding, Picture, is_chosen};

impl Decoding<'_, '_> {
    pub(super) fn gif(&mut self) -> Result<(), DecodeError> {
        let mut decoder = GifDecoder::new(self.source()).map_err(of_image)?;
        self.check_canvas(&decoder)?;
        decoder.set_limits(image_limits(self.means.limits)).map_err(of_image)?;
        let shown = self.frames(decoder.into_frames(), gif_frames(self.bytes));
        match shown {
            // What there is of a first frame that is cut off.
            Err((_, 0)) => self.still(GifDecoder::new(self.source()), 0),
            shown => shown.map_err(|(error, _)| error),
        }
    }

    pub(super) fn webp(&mut self) -> Result<(), DecodeError> {
        let mut decoder = WebPDecoder::new(self.source()).map_err(of_image)?;
        if !decoder.has_animation() {
            return self.still(Ok(decoder), 0);
        }
        self.check_canvas(&decoder)?;
        decoder.set_limits(image_limits(self.means.limits)).map_err(of_image)?;
        let count = memmem::find_iter(self.bytes, b"ANMF").count();
        self.frames(decoder.into_frames(), count).map_err(|(error, _)| error)
    }

    /// Room for the canvas, a frame, and the frame drawn on it.
    pub(super) fn check_canvas(&self, decoder: &impl ImageDecoder) -> Result<(), DecodeError> {
        let (width, height) = decoder.dimensions();
        self.check_size(width, height, u64::from(width) * u64::from(height) * 12)
    }

    /// Hands out chosen frames of about `count`. One that is equal to the frame handed out before says nothing new: the
    /// next that differs takes its place. An error comes with the number of frames before it.
    pub(super) fn frames(&mut self, frames: Frames<'_>, count: usize) -> Result<(), (DecodeError, usize)> {
        let mut is_due = false;
        let mut last_shown = None;
        for (number, frame) in frames.enumerate() {
            let frame = frame.map_err(|error| (of_image(error), number))?;
            self.check_deadline().map_err(|error| (error, number))?;
            is_due |= number >= count || is_chosen(number, count, self.means.limits.max_frames);
            if !is_due {
                continue;
            }
            let canvas = frame.into_buffer();
            let content = XxHash3_64::oneshot(canvas.as_raw());
            if last_shown != Some(content) {
                (is_due, last_shown) = (false, Some(content));
                let (width, height) = canvas.dimensions();
                let pixels = Pixels::of_rgba(canvas);
                (self.visit)(Picture::whole(width, height, pixels, Orientation::NoTransforms, number));
            }
        }
        Ok(())
    }
}

/// Image descriptors of a GIF. Source: GIF89a specification, appendix B.
fn gif_frames(bytes: &[u8]) -> usize {
    let colour_table = |packed: &u8| if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) };
    let mut at = 13 + bytes.get(10).map_or(0, colour_table);
    let mut frames = 0;
    loop {
        match bytes.get(at) {
            Some(0x21) => at += 2,
            Some(0x2c) => {
                frames += 1;
                at += 11 + bytes.get(at + 9).map_or(0, colour_table);
            }
            _ => return frames,
        }
        // A chain of sub-blocks, which an empty one ends.
        while let Some(length) = bytes.get(at).filter(|length| **length > 0) {
            at += 1 + usize::from(*length);
        }
        at += 1;
    }
}
