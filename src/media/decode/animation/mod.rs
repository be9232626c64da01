//! Files whose pictures follow each other: GIF, APNG, WebP.
//!
//! Each frame is drawn over the one before, so all are decoded up to the last that is wanted; only those are handed
//! out.

mod apng;
mod gif;
mod screen;
mod webp;

pub(super) use self::apng::without_frames;
pub(in crate::media) use self::gif::has_gif_frame;

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use image::metadata::Orientation;
use twox_hash::XxHash3_64;

use self::screen::Screen;
use super::chosen::Chosen;
use super::pixels::Pixels;
use super::still::too_few_pixels;
use super::{DecodeError, Decoding, Picture};

/// Makes hashes of frames that nobody outside can foresee, so that no frame is taken for another.
static FRAME_KEY: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));

/// Pixels from which on later frames are handed out at half their size: there are many of them.
const LARGE: u64 = 1 << 20;

impl Decoding<'_, '_> {
    /// What is handed out of frames that are shown for so long each.
    fn showing(&self, durations: impl Iterator<Item = u64>) -> Showing {
        let durations: Vec<u64> = durations.collect();
        let chosen = Chosen::of(&durations, self.means.limits.max_frames, &self.means.deadline);
        Showing { chosen, shown: HashSet::new() }
    }

    /// Hands out a frame if it is chosen. One that is equal to a frame handed out before says nothing new: the next
    /// that differs takes its place.
    fn show_frame(
        &mut self,
        showing: &mut Showing,
        number: usize,
        (width, height): (u32, u32),
        rgba: &[u8],
    ) -> Result<(), DecodeError> {
        let content = XxHash3_64::oneshot_with_seed(*FRAME_KEY, rgba);
        if showing.shown.contains(&content) {
            showing.chosen.pass(number);
        } else if showing.chosen.takes(number, &self.means.deadline) {
            showing.shown.insert(content);
            let is_large = u64::from(width) * u64::from(height) >= LARGE && width.min(height) >= 2;
            let picture = if is_large && number > 0 {
                halved(width, height, rgba, number)
            } else {
                let pixels = Pixels::from_rgba(width, height, rgba.to_vec());
                pixels.map(|pixels| Picture::whole(width, height, pixels, Orientation::NoTransforms, number))
            };
            self.show(picture.ok_or_else(too_few_pixels)?);
        }
        Ok(())
    }

    /// The area of the last frame by itself, as some viewers show it.
    fn show_area(&mut self, screen: &Screen, number: usize) -> Result<(), DecodeError> {
        let ((width, height), rgba) = screen.last_area();
        let pixels = Pixels::from_rgba(width, height, rgba).ok_or_else(too_few_pixels)?;
        self.show(Picture::whole(width, height, pixels, Orientation::NoTransforms, number));
        Ok(())
    }
}

/// A frame of half the size, in means of four pixels.
fn halved(width: u32, height: u32, rgba: &[u8], number: usize) -> Option<Picture> {
    let (columns, rows) = (width / 2, height / 2);
    let mut means = Vec::with_capacity(columns as usize * rows as usize * 4);
    for lines in rgba.chunks_exact(width as usize * 8) {
        let (upper, lower) = lines.split_at(width as usize * 4);
        for (above, below) in upper.as_chunks::<8>().0.iter().zip(lower.as_chunks::<8>().0) {
            let sum =
                |at: usize| [above[at], above[at + 4], below[at], below[at + 4]].map(u16::from).iter().sum::<u16>();
            means.extend([0, 1, 2, 3].map(|channel| ((sum(channel) + 2) / 4) as u8));
        }
    }
    let pixels = Pixels::from_rgba(columns, rows, means)?;
    let whole = Picture::whole(columns, rows, pixels, Orientation::NoTransforms, number);
    Some(Picture { stored: (width, height), side: 2, ..whole })
}

/// Which frames are handed out.
struct Showing {
    chosen: Chosen,
    /// Hashes of those that were.
    shown: HashSet<u64>,
}

#[cfg(test)]
mod tests;
