//! Files whose pictures follow each other: GIF, APNG, WebP.
//!
//! Each frame is drawn over the one before, so all are decoded up to the last that is wanted; only those are handed
//! out.

mod apng;
mod gif;
mod screen;
mod webp;

pub(super) use self::apng::without_frames;

use image::metadata::Orientation;
use twox_hash::XxHash3_64;

use super::pixels::Pixels;
use super::still::too_few_pixels;
use super::{DecodeError, Decoding, Picture, is_chosen};

impl Decoding<'_, '_> {
    /// Hands out a frame if it is chosen. One that is equal to the frame handed out before says nothing new: the next
    /// that differs takes its place.
    fn show(
        &mut self,
        showing: &mut Showing,
        number: usize,
        (width, height): (u32, u32),
        rgba: &[u8],
    ) -> Result<(), DecodeError> {
        let count = showing.count;
        showing.is_due |= is_chosen(number, count, self.means.limits.max_frames);
        if !showing.is_due {
            return Ok(());
        }
        let content = XxHash3_64::oneshot(rgba);
        if showing.last_shown != Some(content) {
            (showing.is_due, showing.last_shown) = (false, Some(content));
            let pixels = Pixels::from_rgba(width, height, rgba.to_vec()).ok_or_else(too_few_pixels)?;
            (self.visit)(Picture::whole(width, height, pixels, Orientation::NoTransforms, number));
        }
        Ok(())
    }
}

/// Which of `count` frames are handed out.
struct Showing {
    count: usize,
    is_due: bool,
    last_shown: Option<u64>,
}

impl Showing {
    const fn of(count: usize) -> Self {
        Self { count, is_due: false, last_shown: None }
    }
}

#[cfg(test)]
mod tests;
