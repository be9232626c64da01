//! JPEG, by `zune-jpeg`, which can stop at the luma plane, and at the deadline as far as [`super::timed`] says.

use image::RgbImage;
use image::metadata::Orientation;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::eighth::{Plane, SIDE, eighth};
use super::pixels::Pixels;
use super::still::too_few_pixels;
use super::timed::Timed;
use super::{Colours, DecodeError, Decoding, Picture};
use crate::content::Deadline;
use crate::media::luma_scans::luma_scans;
use crate::media::scratch::PIXELS;

/// Scans a progressive file may have. Encoders write about ten; a scan over nothing takes a few bytes, and a walk over
/// every pixel.
const MAX_SCANS: u64 = 64;

/// How many times the scans of a file may go over as many pixels as the largest picture may have: one goes over 100
/// megapixels in some 100 ms.
const MAX_PASSES: u64 = 16;

/// The end of a picture, which files that are cut off lack.
const END: &[u8] = &[0xff, 0xd9];

impl Decoding<'_, '_> {
    pub(super) fn jpeg(&mut self) -> Result<(), DecodeError> {
        let frame = Frame::find(self.bytes).ok_or_else(|| DecodeError::Broken("no frame header".into()))?;
        if let Some(unsupported) = frame.unsupported() {
            return Err(DecodeError::Unsupported(unsupported));
        }
        let (width, height) = (u32::from(frame.width), u32::from(frame.height));
        // A progressive file keeps two bytes of coefficient for each sample until its last scan.
        let needed = u64::from(width) * u64::from(height) * (u64::from(frame.components) * 2 + 4);
        self.check_size(width, height, needed)?;
        if frame.is_progressive() {
            let scans = count_scans(self.bytes) as u64;
            let work = scans * u64::from(width) * u64::from(height);
            if scans > MAX_SCANS || work > MAX_PASSES.saturating_mul(self.means.limits.max_pixels) {
                return Err(DecodeError::TooManyScans);
            }
        }
        match self.jpeg_pixels(self.bytes) {
            // Browsers show what there is of a picture; this decoder wants to see an end at least.
            Err(_) if !self.bytes.ends_with(END) => self.jpeg_pixels(&[self.bytes, END].concat()),
            decoded => decoded,
        }
    }

    fn jpeg_pixels(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let max_side = self.means.limits.max_side as usize;
        let options = DecoderOptions::new_fast().set_max_width(max_side).set_max_height(max_side);
        let with_luma_only;
        let deadline = self.means.deadline;
        let mut decoder = open(bytes, options, deadline)?;
        let info = decoder.info().ok_or_else(|| DecodeError::Broken("no frame header".into()))?;
        let (width, height) = (u32::from(info.width), u32::from(info.height));
        let has_luma = matches!(decoder.input_colorspace(), Some(ColorSpace::YCbCr | ColorSpace::Luma));
        let luma_only = has_luma && self.colours == Colours::Luma;
        if luma_only && let Some(Plane { width, height, luma }) = eighth(bytes, &deadline) {
            let stored = (u32::from(info.width), u32::from(info.height));
            let (width, height, pixels) = (width as u32, height as u32, Pixels::Luma(luma));
            (self.visit)(Picture {
                width,
                height,
                stored,
                side: SIDE,
                pixels,
                orientation: Orientation::NoTransforms,
                frame: 0,
            });
            return Ok(());
        }
        if luma_only && let Some(kept) = luma_scans(bytes) {
            with_luma_only = kept;
            decoder = open(&with_luma_only, options, deadline)?;
        }
        let output = if luma_only { ColorSpace::Luma } else { ColorSpace::RGB };
        decoder.set_options(options.jpeg_set_out_colorspace(output));
        let mut samples = PIXELS.with(|kept| kept.take(decoder.output_buffer_size().unwrap_or_default()));
        decoder.decode_into(&mut samples).map_err(broken)?;
        let exif = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
        let pixels = if luma_only {
            Pixels::Luma(samples)
        } else {
            RgbImage::from_raw(width, height, samples).map(Pixels::Rgb).ok_or_else(too_few_pixels)?
        };
        let orientation = exif.unwrap_or(Orientation::NoTransforms);
        (self.visit)(Picture::whole(width, height, pixels, orientation, 0));
        Ok(())
    }
}

/// A decoder of `bytes` that has read up to the first scan.
fn open(bytes: &[u8], options: DecoderOptions, deadline: Deadline) -> Result<JpegDecoder<Timed<'_>>, DecodeError> {
    let mut decoder = JpegDecoder::new_with_options(Timed::new(bytes, deadline), options);
    decoder.decode_headers().map_err(broken)?;
    Ok(decoder)
}

fn broken(error: DecodeErrors) -> DecodeError {
    DecodeError::Broken(format!("{error:?}"))
}

/// What the first frame header of a JPEG says. Source: ITU-T T.81 §B.2.2.
struct Frame {
    marker: u8,
    precision: u8,
    height: u16,
    width: u16,
    components: u8,
}

impl Frame {
    fn find(bytes: &[u8]) -> Option<Self> {
        let mut at = 2;
        loop {
            let marker = *bytes.get(at + 1)?;
            if bytes[at] != 0xff || matches!(marker, 0x00 | 0xff) {
                // Decoders skip what stands between segments.
                at += 1;
                continue;
            }
            if matches!(marker, 0x01 | 0xd0..=0xd8) {
                at += 2;
                continue;
            }
            let segment = bytes.get(at + 2..)?;
            if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                let [_, _, precision, h1, h0, w1, w0, components] = *segment.first_chunk()?;
                let (height, width) = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
                return Some(Self { marker, precision, height, width, components });
            }
            if matches!(marker, 0xd9 | 0xda) {
                return None;
            }
            at += 2 + usize::from(u16::from_be_bytes(*segment.first_chunk()?));
        }
    }

    /// Ways of writing that browsers do not show either.
    const fn unsupported(&self) -> Option<&'static str> {
        match (self.marker, self.precision) {
            (0xc3, _) => Some("a lossless JPEG"),
            (0xc5..=0xc7 | 0xcd..=0xcf, _) => Some("a hierarchical JPEG"),
            (0xc9..=0xcb, _) => Some("a JPEG with arithmetic coding"),
            (_, 8) => None,
            (_, 12) => Some("a JPEG of 12 bits a sample"),
            _ => Some("a JPEG of other than 8 bits a sample"),
        }
    }

    const fn is_progressive(&self) -> bool {
        self.marker == 0xc2
    }
}

/// Scan headers, whether they are part of the picture or of one inside of it: never fewer than the decoder will meet.
fn count_scans(bytes: &[u8]) -> usize {
    memchr::memmem::find_iter(bytes, &[0xff, 0xda]).count()
}
