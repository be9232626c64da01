//! JPEG XL, by `jxl-oxide`.

use image::ColorType;
use image::metadata::Orientation;
use jxl_oxide::{AllocTracker, InitializeResult, JxlImage};

use super::pixels::Pixels;
use super::still::too_few_pixels;
use super::{DecodeError, Decoding, Picture, is_chosen};

/// Bytes handed to the decoder between two looks at the clock.
const CHUNK: usize = 64 << 10;

impl Decoding<'_, '_> {
    pub(super) fn jxl(&mut self) -> Result<(), DecodeError> {
        let tracker = AllocTracker::with_limit(usize::try_from(self.means.limits.max_alloc).unwrap_or(usize::MAX));
        let mut waiting = JxlImage::builder().alloc_tracker(tracker).build_uninit();
        let mut chunks = self.bytes.chunks(CHUNK);
        let mut image = loop {
            let chunk = chunks.next().ok_or_else(|| DecodeError::Broken("the header is cut off".into()))?;
            waiting.feed_bytes(chunk).map_err(broken)?;
            match waiting.try_init().map_err(broken)? {
                InitializeResult::Initialized(image) => break image,
                InitializeResult::NeedMoreData(more) => waiting = more,
            }
        };
        // Samples are 32 bits while they are decoded, and there is a copy.
        let needed = u64::from(image.width()) * u64::from(image.height()) * image.pixel_format().channels() as u64 * 9;
        self.check_size(image.width(), image.height(), needed)?;
        let fed = chunks.try_for_each(|chunk| {
            self.check_deadline()?;
            image.feed_bytes(chunk).map(drop).map_err(broken)
        });
        let count = image.num_loaded_keyframes();
        let chosen = (0..count).filter(|number| is_chosen(*number, count, self.means.limits.max_frames));
        for frame in chosen.collect::<Vec<_>>() {
            self.check_deadline()?;
            self.jxl_frame(&image, frame)?;
        }
        fed?;
        if image.is_loading_done() { Ok(()) } else { Err(DecodeError::Broken("the picture is cut off".into())) }
    }

    fn jxl_frame(&mut self, image: &JxlImage, frame: usize) -> Result<(), DecodeError> {
        let render = image.render_frame(frame).map_err(broken)?;
        // Turned already, the way the file says.
        let mut stream = render.stream();
        let (width, height, channels) = (stream.width(), stream.height(), stream.channels() as usize);
        let mut samples = vec![0_u8; width as usize * height as usize * channels];
        stream.write_to_buffer(&mut samples);
        let color = match channels {
            1 => ColorType::L8,
            2 => ColorType::La8,
            3 => ColorType::Rgb8,
            4 => ColorType::Rgba8,
            _ => return Err(DecodeError::Unsupported("a JPEG XL of more than four channels")),
        };
        let pixels = Pixels::from_decoder(width, height, color, samples).ok_or_else(too_few_pixels)?;
        (self.visit)(Picture::whole(width, height, pixels, Orientation::NoTransforms, frame));
        Ok(())
    }
}

fn broken(error: impl std::fmt::Display) -> DecodeError {
    DecodeError::Broken(error.to_string())
}
