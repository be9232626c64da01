//! JPEG.
//!
//! - [`outline`] walks over the segments of a file and says what its picture is.
//! - A plain file is decoded by `zune-jpeg`, which can stop at the luma plane, and at the deadline as far as
//!   [`super::timed`] says.
//! - Whatever is not as most encoders write it, is damaged or cut off, is read as libjpeg reads it by [`coefficients`]
//!   and [`samples`], since that is what viewers show; and so are large files, of which a mean for every 8×8 pixels is
//!   enough.
//!
//! A picture that breaks off is handed out as far as it goes, and an error besides.

mod blocks;
mod coefficients;
mod entropy;
mod luma_scans;
mod markers;
mod outline;
mod samples;
mod saturation;
mod scan;
mod usual_codes;

use image::RgbImage;
use image::metadata::Orientation;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use self::coefficients::{BLOCK, Coefficients, Depth, Extent};
use self::luma_scans::luma_scans;
pub(super) use self::markers::Segment;
use self::markers::{Colour, marker};
use self::outline::Outline;
pub(in crate::media) use self::outline::has_jpeg_frame;
use self::samples::Painted;
use super::canvas;
use super::pixels::Pixels;
use super::still::too_few_pixels;
use super::timed::Timed;
use super::{Colours, DecodeError, Decoding, Picture};
use crate::content::Deadline;
use crate::media::scratch::PIXELS;

/// Scans that a file may have. Encoders write about ten; a scan over nothing takes a few bytes, and a walk over every
/// pixel.
const MAX_SCANS: u64 = 64;

/// How many times the scans of a file may go over as many pixels as the largest picture may have: one goes over 100
/// megapixels in some 100 ms.
const MAX_PASSES: u64 = 16;

/// The shorter side, in blocks, of a picture whose means are hashed in place of its pixels where these take long: it is
/// progressive, or not [plain](Outline::is_plain), as it has restart markers, say. Of 18 progressive
/// photographs, hashes were in the mean 2.8 bits from those of the reference at 960 pixels, and 8 at most; 0.6 and 2
/// from 2,000 pixels on; 5.1 and 8 at 520.
const LEAST_SLOW: usize = 120;

/// A picture of which no more than this share is missing, at its end or in the middle, is shown as a whole: one part in
/// so many.
const MISSING_OF_WHOLE: usize = 8;

/// Where no more than one part in so many is missing and the file has its end, it is damaged and not cut off.
const MISSING_OF_DAMAGED: usize = 20;

impl Decoding<'_, '_> {
    pub(super) fn jpeg(&mut self) -> Result<(), DecodeError> {
        let outline = Outline::of(self.bytes)?;
        if let Some(unsupported) = outline.header.unsupported() {
            return Err(DecodeError::Unsupported(unsupported));
        }
        let (width, height) = (u32::from(outline.header.width), u32::from(outline.height));
        let (pixels, components) = (u64::from(width) * u64::from(height), outline.header.components.len() as u64);
        // A coefficient and a byte or three for each block.
        self.check_size(width, height, pixels / 64 * (components * 2 + 4))?;
        let work = outline.scans as u64 * pixels;
        if outline.scans as u64 > MAX_SCANS || work > MAX_PASSES.saturating_mul(self.means.limits.max_pixels) {
            return Err(DecodeError::TooManyScans);
        }
        let colour = outline.colour();
        let ended = self.jpeg_in(&outline, colour);
        match colour.with_ink_turned() {
            Some(turned) => ended.and(self.jpeg_in(&outline, turned)),
            None => ended,
        }
    }

    /// The picture, with samples that mean `colour`.
    fn jpeg_in(&mut self, outline: &Outline<'_>, colour: Colour) -> Result<(), DecodeError> {
        let (width, height) = (u32::from(outline.header.width), u32::from(outline.height));
        let (pixels, components) = (u64::from(width) * u64::from(height), outline.header.components.len() as u64);
        let luma_only = self.colours == Colours::Luma && matches!(colour, Colour::Grey | Colour::Ycc);
        let side = width.min(height) as usize / BLOCK;
        // The pixels, and of a progressive file two bytes of coefficient for each sample until its last scan.
        let is_small = pixels * (components.max(3) * 2 + 4) <= self.means.limits.max_alloc;
        let least = match (is_small, outline.is_plain && !outline.header.is_progressive()) {
            // Of a file that is decoded fast anyway less is won, so that it may cost less.
            (true, true) => canvas::LEAST,
            (true, false) => LEAST_SLOW,
            (false, _) => canvas::LEAST_OF_LARGE,
        };
        // What is meant of a mean is not the mean of what is meant.
        if side >= least && (self.tones.is_empty() || !is_small) {
            let read = self.read(outline, Depth::Means)?;
            // What there is of one that breaks off may have few rows, so every pixel counts.
            let says_little = read.may_be_cut_off_tones();
            if !(is_small && (read.breaks_off() || says_little)) {
                let ended = self.paint(outline, read, luma_only, colour);
                return if says_little { ended.and(Err(DecodeError::TooLarge { width, height })) } else { ended };
            }
        }
        if !is_small {
            return Err(DecodeError::TooLarge { width, height });
        }
        if outline.is_plain
            && colour == outline.colour()
            && let Some(picture) = self.plain_jpeg(outline, luma_only)?
        {
            self.show(picture);
            return Ok(());
        }
        let read = self.read(outline, Depth::All)?;
        self.paint(outline, read, luma_only, colour)
    }

    fn read<'b>(&self, outline: &Outline<'_>, depth: Depth) -> Result<Coefficients<'b>, DecodeError>
    where
        Self: 'b,
    {
        Coefficients::read(self.bytes, outline, depth, &self.means.deadline)
    }

    /// The picture of a plain file; `None` where it turns out that it is damaged.
    fn plain_jpeg(&self, outline: &Outline<'_>, luma_only: bool) -> Result<Option<Picture>, DecodeError> {
        let max_side = self.means.limits.max_side as usize;
        // Where data make no sense to it, this decoder would leave the rest of the picture grey and say nothing.
        let options = DecoderOptions::new_fast().set_strict_mode(true).set_max_width(max_side).set_max_height(max_side);
        let with_luma_only = if luma_only { luma_scans(self.bytes) } else { None };
        let bytes = with_luma_only.as_deref().unwrap_or(self.bytes);
        let Ok(mut decoder) = open(bytes, options, self.means.deadline) else { return Ok(None) };
        let output = if luma_only { ColorSpace::Luma } else { ColorSpace::RGB };
        decoder.set_options(options.jpeg_set_out_colorspace(output));
        let mut samples = PIXELS.with(|kept| kept.take(decoder.output_buffer_size().unwrap_or_default()));
        if decoder.decode_into(&mut samples).is_err() {
            return Ok(None);
        }
        let (width, height) = (usize::from(outline.header.width), usize::from(outline.height));
        // This decoder goes on with zeros when data are missing, and does not say so.
        let may_be_short = outline.header.is_progressive() || ends_evenly(&samples, width, height);
        if may_be_short && self.read(outline, Depth::Means)?.extent.is_none_or(|extent| extent.missing > 0) {
            return Ok(None);
        }
        self.check_deadline()?;
        let painted = Painted { width, height, bytes: samples };
        painted.into_picture(outline, luma_only, (width, height), 1).map(Some)
    }

    /// Hands out what was read, as far as it goes.
    fn paint(
        &mut self,
        outline: &Outline<'_>,
        mut read: Coefficients<'_>,
        luma_only: bool,
        colour: Colour,
    ) -> Result<(), DecodeError> {
        let deadline = self.means.deadline;
        let extent = read.extent.ok_or_else(|| DecodeError::Broken("there are no data".into()))?;
        let (is_cut_off, is_out_of_step) = (read.breaks_off(), read.is_out_of_step);
        let painted = if luma_only { read.paint_luma(&deadline)? } else { read.paint_rgb(colour, &deadline)? };
        let (side, stored) = match read.depth {
            Depth::All => (1, (read.width, read.height)),
            Depth::Means => (BLOCK, (read.width, read.height)),
        };
        drop(read);
        self.check_deadline()?;
        let top = if is_cut_off { painted.top(&extent, stored.1, side) } else { None };
        if extent.missing * MISSING_OF_WHOLE <= extent.units {
            self.show(painted.into_picture(outline, luma_only, stored, side)?);
        }
        if let Some((top, height)) = top {
            self.show(top.into_picture(outline, luma_only, (stored.0, height), side)?);
        }
        match (is_cut_off, is_out_of_step) {
            (true, _) => Err(DecodeError::Broken("the picture is cut off".into())),
            (_, true) => Err(DecodeError::Broken("restarts are not in their order".into())),
            _ => Ok(()),
        }
    }
}

impl Coefficients<'_> {
    /// Whether more is missing than damage explains.
    fn breaks_off(&self) -> bool {
        let is_missing = |extent: &Extent| extent.missing * MISSING_OF_DAMAGED > extent.units;
        self.is_cut_off || self.extent.as_ref().is_some_and(is_missing)
    }
}

impl Painted {
    /// The rows for which there were data, and how many rows of the picture they are; `None` when these are all, or
    /// none.
    fn top(&self, extent: &Extent, height: usize, side: usize) -> Option<(Self, usize)> {
        let rows = extent.reached / extent.across.max(1) * extent.height;
        if extent.missing == 0 || rows == 0 || rows >= height {
            return None;
        }
        let own = (rows / side).min(self.height);
        let channels = self.bytes.len() / (self.width * self.height).max(1);
        let bytes = self.bytes.get(..self.width * own * channels)?.to_vec();
        Some((Self { width: self.width, height: own, bytes }, rows))
    }

    fn into_picture(
        self,
        outline: &Outline<'_>,
        luma_only: bool,
        stored: (usize, usize),
        side: usize,
    ) -> Result<Picture, DecodeError> {
        let (width, height) = (self.width as u32, self.height as u32);
        let pixels = if luma_only {
            Pixels::Luma(self.bytes)
        } else {
            RgbImage::from_raw(width, height, self.bytes).map(Pixels::Rgb).ok_or_else(too_few_pixels)?
        };
        let exif = outline.notes.exif.and_then(Orientation::from_exif_chunk);
        let orientation = exif.unwrap_or(Orientation::NoTransforms);
        let stored = (stored.0 as u32, stored.1 as u32);
        Ok(Picture { width, height, stored, side: side as u32, pixels, orientation, frame: 0 })
    }
}

/// The ICC profile of a file, put together out of its segments.
pub(super) fn profile_of(jpeg: &[u8]) -> Option<Vec<u8>> {
    const NAME: &[u8] = b"ICC_PROFILE\0";
    let (mut pieces, mut at): (Vec<(u8, &[u8])>, _) = (Vec::new(), 2);
    while let Some(segment) = Segment::next(jpeg, at) {
        match (segment.marker, segment.content.strip_prefix(NAME)) {
            (marker::EOI | marker::SOS, _) => break,
            (marker::APP2, Some([number, _, piece @ ..])) => pieces.push((*number, piece)),
            _ => {}
        }
        at = segment.end;
    }
    pieces.sort_by_key(|(number, _)| *number);
    let profile: Vec<u8> = pieces.iter().flat_map(|(_, piece)| *piece).copied().collect();
    (!profile.is_empty()).then_some(profile)
}

/// Whether the last two blocks of a picture differ by nothing but their brightness, as blocks do that were made of
/// nothing.
fn ends_evenly(samples: &[u8], width: usize, height: usize) -> bool {
    let channels = samples.len() / (width * height).max(1);
    let (left, top) = ((width - 1) / BLOCK * BLOCK, (height - 1) / BLOCK * BLOCK);
    let Some(before) = left.checked_sub(BLOCK) else { return true };
    // Green, of colours: what is most of the brightness.
    let sample = |x: usize, y: usize| i32::from(samples[(y * width + x) * channels + channels / 2]);
    let places = (top..height).flat_map(|y| (left..width).map(move |x| (x, y)));
    let mut differences = places.map(|(x, y)| sample(x, y) - sample(x - left + before, y));
    let first = differences.next().unwrap_or_default();
    differences.all(|difference| (difference - first).abs() <= 2)
}

/// A decoder of `bytes` that has read up to the first scan.
fn open(bytes: &[u8], options: DecoderOptions, deadline: Deadline) -> Result<JpegDecoder<Timed<'_>>, DecodeErrors> {
    let mut decoder = JpegDecoder::new_with_options(Timed::new(bytes, deadline), options);
    decoder.decode_headers()?;
    Ok(decoder)
}
