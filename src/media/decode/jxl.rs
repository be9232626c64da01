//! JPEG XL, by `jxl-oxide`.
//!
//! Once it draws, this decoder cannot be stopped: it reads nothing on its way, asks nobody, and takes most of its
//! memory at the start. What bounds a call of it is how much may be drawn in one. A picture may be made of many frames,
//! each drawn over those before it, and one of a hundred pixels takes as long (12 ms) as one of 100,000, so frames
//! count as well as pixels; the frames of an animation are drawn one by one. The largest picture that the default limit
//! on memory leaves room for, 22 megapixels in colours, takes two to four seconds.
//!
//! Frames hang on those before them, and the decoder follows them by recursion: drawing one takes up to 4 KiB of the
//! stack for each that has not been drawn, dropping the file 0.1 KiB for each. An inspection has 2 MiB, and a stack
//! that overflows ends the process, so there are limits on both.

use image::metadata::Orientation;
use jxl_oxide::{AllocTracker, InitializeResult, JxlImage};

use super::canvas::{Canvas, Grain, Place};
use super::chosen::Chosen;
use super::still::too_few_pixels;
use super::tones::Meaning;
use super::{DecodeError, Decoding};

/// Bytes handed to the decoder between two looks at the clock, and at what it has made of them: a frame takes six or
/// more.
const CHUNK: usize = 8 << 10;

/// Frames of a file.
const MOST_FRAMES: usize = 2_000;

/// Frames of a file that are not shown by themselves.
const MOST_LAYERS: usize = 256;

/// Pixels of layers that are drawn in one call.
const MOST_PIXELS: u64 = 100_000_000;

/// Layers that are drawn in one call.
const MOST_LAYERS_AT_ONCE: usize = 64;

impl Decoding<'_, '_> {
    pub(super) fn jxl(&mut self) -> Result<(), DecodeError> {
        let mut chunks = self.bytes.chunks(CHUNK);
        let mut image = self.open_jxl(&mut chunks)?;
        let (width, height, channels) = (image.width(), image.height(), image.pixel_format().channels());
        // Samples are 32 bits while they are decoded, and there is a copy.
        let samples = u64::from(width) * u64::from(height) * channels as u64 * 8;
        self.add_meaning(Meaning::of_profile(&image.rendered_icc()));
        let (grain, kept) = self.grain(width, height, channels);
        let kept = if grain == Grain::Pixels { samples / 8 } else { kept };
        self.check_size(width, height, samples + kept)?;
        let fed = chunks.try_for_each(|chunk| {
            self.check_deadline()?;
            image.feed_bytes(chunk).map_err(of_jxl)?;
            if image.num_loaded_frames() > MOST_FRAMES { Err(DecodeError::TooManyScans) } else { Ok(()) }
        });
        self.jxl_frames(&image)?;
        fed?;
        if image.is_loading_done() { Ok(()) } else { Err(DecodeError::Broken("the picture is cut off".into())) }
    }

    fn open_jxl(&self, chunks: &mut std::slice::Chunks<'_, u8>) -> Result<JxlImage, DecodeError> {
        let tracker = AllocTracker::with_limit(usize::try_from(self.means.limits.max_alloc).unwrap_or(usize::MAX));
        let mut waiting = JxlImage::builder().alloc_tracker(tracker).build_uninit();
        loop {
            self.check_deadline()?;
            let chunk = chunks.next().ok_or_else(DecodeError::header_cut_off)?;
            waiting.feed_bytes(chunk).map_err(of_jxl)?;
            match waiting.try_init().map_err(of_jxl)? {
                InitializeResult::Initialized(image) => return Ok(image),
                InitializeResult::NeedMoreData(more) => waiting = more,
            }
        }
    }

    /// Hands out chosen frames. Others that later ones may be drawn over are drawn as well, as they would be in any
    /// case.
    fn jxl_frames(&mut self, image: &JxlImage) -> Result<(), DecodeError> {
        let (count, limits) = (image.num_loaded_keyframes(), self.means.limits);
        let durations = (0..count).filter_map(|number| image.frame_by_keyframe(number));
        let durations: Vec<u64> = durations.map(|frame| frame.header().duration.into()).collect();
        let mut chosen = Chosen::of(&durations, limits.max_frames, &self.means.deadline);
        let mut layers = Layers::default();
        for number in 0..count {
            let Some(frame) = image.frame_by_keyframe(number) else { break };
            layers.add_up_to(frame.index(), image);
            let is_chosen = chosen.takes(number, &self.means.deadline);
            if !is_chosen && !frame.header().can_reference() {
                continue;
            }
            self.check_deadline()?;
            if layers.are_too_many(limits.max_pixels.min(MOST_PIXELS)) || frame.index() >= MOST_FRAMES {
                return Err(DecodeError::TooManyScans);
            }
            if is_chosen {
                self.jxl_frame(image, number)?;
            } else {
                image.render_frame(number).map_err(of_jxl)?;
            }
            layers = Layers { undrawn: 0, pixels: 0, ..layers };
        }
        chosen.ended()
    }

    fn jxl_frame(&mut self, image: &JxlImage, frame: usize) -> Result<(), DecodeError> {
        let render = image.render_frame(frame).map_err(of_jxl)?;
        self.check_deadline()?;
        // Turned already, the way the file says.
        let mut stream = render.stream();
        let (width, height, channels) = (stream.width(), stream.height(), stream.channels() as usize);
        if !(1..=4).contains(&channels) {
            return Err(DecodeError::Unsupported("a JPEG XL of more than four channels"));
        }
        let (grain, _) = self.grain(width, height, channels);
        let mut canvas = Canvas::new(width, height, channels, grain);
        let mut row = vec![0_u8; width as usize * channels];
        for y in 0..height as usize {
            stream.write_to_buffer(&mut row);
            canvas.add(Place::row(y), &row);
        }
        let picture = canvas.into_picture(height, Orientation::NoTransforms, frame).ok_or_else(too_few_pixels)?;
        self.show(picture);
        Ok(())
    }
}

/// Whether a header can be read at the start of `bytes`, which then are hardly anything else.
pub(in crate::media) fn has_jxl_header(bytes: &[u8]) -> bool {
    let mut waiting = JxlImage::builder().build_uninit();
    let is_fed = waiting.feed_bytes(&bytes[..bytes.len().min(CHUNK)]).is_ok();
    is_fed && matches!(waiting.try_init(), Ok(InitializeResult::Initialized(_)))
}

/// Frames that are not shown by themselves.
#[derive(Default)]
struct Layers {
    /// The first frame that has not been looked at.
    next: usize,
    count: usize,
    /// Those that have not been drawn yet, and how many pixels they have.
    undrawn: usize,
    pixels: u64,
}

impl Layers {
    fn add_up_to(&mut self, last: usize, image: &JxlImage) {
        for header in (self.next..last).filter_map(|number| image.frame(number)).map(|frame| frame.header()) {
            if !header.is_keyframe() {
                self.count += 1;
                self.undrawn += 1;
                self.pixels = self.pixels.saturating_add(u64::from(header.width) * u64::from(header.height));
            }
        }
        self.next = last + 1;
    }

    const fn are_too_many(&self, max_pixels: u64) -> bool {
        self.count > MOST_LAYERS || self.undrawn > MOST_LAYERS_AT_ONCE || self.pixels > max_pixels
    }
}

fn of_jxl(error: impl std::fmt::Display) -> DecodeError {
    let text = error.to_string();
    // The decoder's errors have no type that says it.
    if ["failed to allocate", "out of memory"].iter().any(|memory| text.contains(memory)) {
        return DecodeError::TooLarge { width: 0, height: 0 };
    }
    DecodeError::Broken(text)
}
