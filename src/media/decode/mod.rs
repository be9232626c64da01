//! The one door to the picture decoders: nothing goes through it without a limit.
//!
//! [`each_picture`] hands out every picture of a file that is to be hashed, one at a time, so that an animation costs
//! the memory of one frame. A decoder that gives up hands out what it had until then, and the error besides: a browser
//! shows that too. One that panics is an error like any other.
#![expect(clippy::disallowed_methods, reason = "this is the capped door that all other code has to use")]

mod animation;
mod bmp;
mod canvas;
mod cgbi;
mod chosen;
mod dds;
mod fax;
mod foreign;
mod icon;
mod jpeg;
mod jxl;
mod masks;
mod pixels;
mod png;
mod png_chunks;
mod raster;
mod runs;
mod sequence;
mod several;
mod source;
mod still;
#[cfg(test)]
mod testing;
mod tiff;
mod timed;
mod tones;

use std::borrow::Cow;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use image::codecs::qoi::QoiDecoder;
use image::codecs::tga::TgaDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

pub(super) use self::animation::has_gif_frame;
use self::canvas::Grain;
pub(super) use self::jpeg::has_jpeg_frame;
pub(super) use self::jxl::has_jxl_header;
pub use self::pixels::Ground;
pub(super) use self::pixels::{Pixels, over, plane_on};
pub(super) use self::raster::{DCX, Xbm, is_xbm, netpbm_words, numbers_at, usual_netpbm_header};
pub use self::several::Several;
use self::source::Source;
use self::timed::Late;
use self::tones::{Meaning, Tones};
use super::foreign::{ForeignDecoder, ForeignFormat};
use super::trim::without_borders;
use crate::content::{Deadline, DecodeLimits, MediaType};

/// Processor time that a pixel costs at least, by what the header says: also one that the file says nothing about is
/// cleared, put in its place and hashed.
const A_PIXEL: Duration = Duration::from_nanos(3);

/// Bytes of the header of a QOI, and the place in it of the number of channels.
const QOI_HEADER: usize = 14;
const QOI_CHANNELS: usize = 12;

/// Processor time that a pixel takes whose colours are meant otherwise.
const A_TONED_PIXEL: Duration = Duration::from_nanos(10);

/// A decoded picture.
pub(super) struct Picture {
    /// Width in pixels, before it is turned.
    pub(super) width: u32,
    /// Height in pixels, likewise.
    pub(super) height: u32,
    /// Width and height of what is stored.
    pub(super) stored: (u32, u32),
    /// Stored pixels along a side of the square that each pixel here is the mean of: 1, or more in a smaller copy.
    pub(super) side: u32,
    pub(super) pixels: Pixels,
    /// How the file says it is to be turned before it is shown.
    pub(super) orientation: Orientation,
    /// Which picture of the file it is, from 0: frame, page, or size of an icon.
    pub(super) frame: usize,
}

impl Picture {
    /// A picture whose pixels are those that are stored.
    pub(super) const fn whole(width: u32, height: u32, pixels: Pixels, orientation: Orientation, frame: usize) -> Self {
        Self { width, height, stored: (width, height), side: 1, pixels, orientation, frame }
    }

    /// In colours, over `ground`, turned the way the file says.
    pub(super) fn as_shown(&self, ground: Ground) -> Cow<'_, RgbImage> {
        let picture = self.pixels.to_rgb(self.width, self.height, ground);
        if self.orientation == Orientation::NoTransforms {
            return picture;
        }
        let mut turned = DynamicImage::ImageRgb8(picture.into_owned());
        turned.apply_orientation(self.orientation);
        Cow::Owned(turned.into_rgb8())
    }

    /// What it shows on `ground` inside of borders of one colour; `None` when it has none.
    pub(super) fn without_borders(&self, ground: Ground) -> Option<Self> {
        let (width, height) = (self.width as usize, self.height as usize);
        let inside = without_borders(&self.pixels.to_luma(ground), width, height)?;
        let pixels = self.pixels.cut(inside, width);
        let (width, height) = (inside.width as u32, inside.height as u32);
        let stored = (width * self.side, height * self.side);
        Some(Self { width, height, stored, pixels, ..*self })
    }
}

/// What is needed of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    /// A luma plane will do, which for a JPEG is less work.
    Luma,
    /// Colours.
    Rgb,
}

/// What decoding may use.
#[derive(Clone, Copy)]
pub struct DecodeMeans<'a> {
    /// What one picture may cost.
    pub limits: &'a DecodeLimits,
    /// When the whole inspection must be done.
    pub deadline: Deadline,
    /// Decodes what is not decoded in this process.
    pub foreign: &'a dyn ForeignDecoder,
}

/// Why there is no picture, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A side, the number of pixels, or the memory to decode it is over a limit.
    #[error("the picture is larger than the limits allow ({width}×{height})")]
    TooLarge {
        /// Width in pixels; 0 when a limit stopped the decoder before it was known.
        width: u32,
        /// Height in pixels; likewise.
        height: u32,
    },
    /// The file is damaged.
    #[error("the picture cannot be decoded: {0}")]
    Broken(String),
    /// A way of writing the format that nothing here decodes.
    #[error("the picture is written in a way that cannot be decoded here: {0}")]
    Unsupported(&'static str),
    /// The format needs a library that is not installed, or a worker that there is none of.
    #[error("{0} cannot be decoded here: {1}")]
    Unavailable(ForeignFormat, &'static str),
    /// A JPEG goes over its pixels, or a JPEG XL is drawn over itself, more often than the limits allow.
    #[error("the picture has more scans or layers than the limits allow")]
    TooManyScans,
    /// It has so many frames, pages or sizes that not all were looked at.
    #[error("the file has more pictures than there is work to look at")]
    TooManyPictures,
    /// Decoding took too long.
    #[error("the picture takes too long to decode")]
    Deadline,
    /// The picture would take more work than is left for the upload.
    #[error("the picture takes more work than is left for the upload")]
    TooMuchWork,
    /// The decoder panicked.
    #[error("the decoder failed on the picture")]
    Panicked,
}

impl DecodeError {
    /// A file that ends before it has said what its picture is.
    pub(crate) fn header_cut_off() -> Self {
        Self::Broken("the header is cut off".into())
    }

    /// Stable reason code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "picture_too_large",
            Self::Broken(_) => "picture_broken",
            Self::Unsupported(_) => "picture_unsupported",
            Self::Unavailable(..) => "picture_decoder_missing",
            Self::TooManyScans => "picture_too_many_scans",
            Self::TooManyPictures => "too_many_frames",
            Self::Deadline => "picture_deadline",
            Self::TooMuchWork => "too_much_work",
            Self::Panicked => "picture_decoder_panicked",
        }
    }
}

/// One file on its way through a decoder.
struct Decoding<'a, 'v> {
    bytes: &'a [u8],
    colours: Colours,
    means: DecodeMeans<'a>,
    /// What the file says its colours mean, where that is not usual.
    tones: Vec<Tones>,
    /// Why there may be a meaning that was not compared, here or in a file that lies in this one.
    unmeant: Rc<RefCell<Option<DecodeError>>>,
    visit: &'v mut dyn FnMut(Picture),
}

/// Hands the pictures of `bytes`, which look like `media_type`, to `visit`: those that [`chosen`] says.
///
/// # Errors
/// [`DecodeError`], also when pictures were handed out before.
pub(super) fn each_picture(
    bytes: &[u8],
    media_type: MediaType,
    colours: Colours,
    means: &DecodeMeans<'_>,
    visit: &mut dyn FnMut(Picture),
) -> Result<(), DecodeError> {
    let is_of_picture = means.deadline.work_left().is_none_or(|left| left > means.limits.deadline);
    let means = DecodeMeans { deadline: means.deadline.or_after_work(means.limits.deadline), ..*means };
    let decode = || {
        let mut decoding = Decoding::of(bytes, media_type, colours, means, visit, Rc::default());
        let unmeant = Rc::clone(&decoding.unmeant);
        decoding.decode(media_type)?;
        unmeant.take().map_or(Ok(()), Err)
    };
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    let decoded =
        decoded.unwrap_or_else(|why| Err(if why.is::<Late>() { DecodeError::Deadline } else { DecodeError::Panicked }));
    // What stopped at the deadline calls it anything; and what one picture gets may be less than what is left for all.
    let is_late =
        |error: &DecodeError| means.deadline.has_passed() || is_of_picture && *error == DecodeError::TooMuchWork;
    decoded.map_err(|error| if is_late(&error) { DecodeError::Deadline } else { error })
}

impl<'a, 'v> Decoding<'a, 'v> {
    fn of(
        bytes: &'a [u8],
        media_type: MediaType,
        colours: Colours,
        means: DecodeMeans<'a>,
        visit: &'v mut dyn FnMut(Picture),
        unmeant: Rc<RefCell<Option<DecodeError>>>,
    ) -> Self {
        let mut decoding = Self { bytes, colours, means, tones: Vec::new(), unmeant, visit };
        decoding.add_meaning(Meaning::in_file(bytes, media_type));
        if !decoding.tones.is_empty() {
            decoding.colours = Colours::Rgb;
        }
        decoding
    }

    /// Takes over what colours mean besides.
    fn add_meaning(&mut self, meaning: Meaning) {
        self.tones.extend(meaning.tones);
        if meaning.is_incomplete {
            self.unmeant.replace(Some(DecodeError::Unsupported("a colour profile that cannot be applied here")));
        }
    }

    fn decode(&mut self, media_type: MediaType) -> Result<(), DecodeError> {
        self.check_deadline()?;
        match media_type {
            MediaType::Jpeg => self.jpeg(),
            MediaType::Png => self.png(),
            MediaType::Gif => self.gif(),
            MediaType::WebP => self.webp(),
            MediaType::Bmp => self.bmp(),
            MediaType::Tga => self.tga(),
            MediaType::Qoi => self.qoi(),
            MediaType::Dds => self.dds(),
            MediaType::Pnm => self.pnm(),
            MediaType::Tiff => self.tiff(),
            MediaType::Ico => self.icon(),
            MediaType::Jxl => self.jxl(),
            MediaType::Heic => self.foreign(ForeignFormat::Heic),
            MediaType::Avif => self.foreign(ForeignFormat::Avif),
            MediaType::Jp2 => self.foreign(ForeignFormat::Jpeg2000),
            MediaType::Dib => self.dib(),
            MediaType::Pcx => self.pcx(),
            MediaType::Psd => self.psd(),
            MediaType::Sgi => self.sgi(),
            MediaType::Sun => self.sun(),
            MediaType::Xbm => self.xbm(),
            MediaType::Xpm => self.xpm(),
            MediaType::Fits => self.fits(),
            MediaType::Icns => self.icns(),
            MediaType::Hdr => self.hdr(),
            MediaType::OtherPicture(_) => Err(DecodeError::Unsupported("a format that nothing here decodes")),
            MediaType::Text | MediaType::Known(_) | MediaType::Empty | MediaType::Opaque => {
                Err(DecodeError::Broken("not a picture".into()))
            }
        }
    }

    /// Numbers of colours without colours are grey for readers that show them.
    fn tga(&mut self) -> Result<(), DecodeError> {
        match self.bytes {
            [id, 0, kind @ (1 | 9), rest @ ..] => {
                let file = [&[*id, 0, *kind + 2][..], rest].concat();
                self.still(TgaDecoder::new(Source::new(&file, self.means.deadline)), 0)
            }
            bytes => self.still(TgaDecoder::new(Source::new(bytes, self.means.deadline)), 0),
        }
    }

    /// Readers take any number of channels but three for four, and none cares for the kind of colours.
    fn qoi(&mut self) -> Result<(), DecodeError> {
        let mut header: [u8; QOI_HEADER] = *self.bytes.first_chunk().ok_or_else(DecodeError::header_cut_off)?;
        header[QOI_CHANNELS] = if header[QOI_CHANNELS] == 3 { 3 } else { 4 };
        header[QOI_CHANNELS + 1] = 0;
        let file = [&header[..], &self.bytes[QOI_HEADER..]].concat();
        self.still(QoiDecoder::new(Source::new(&file, self.means.deadline)), 0)
    }

    /// The same for another file that lies in this one.
    fn of_inner<'b>(&'b mut self, bytes: &'b [u8], media_type: MediaType) -> Decoding<'b, 'b> {
        let unmeant = Rc::clone(&self.unmeant);
        Decoding::of(bytes, media_type, self.colours, self.means, &mut *self.visit, unmeant)
    }

    /// Hands out a picture, and as its colours are meant.
    fn show(&mut self, picture: Picture) {
        let pixels = u64::from(picture.width) * u64::from(picture.height);
        for tones in &self.tones {
            if !self.means.deadline.affords_steps(pixels, A_TONED_PIXEL) {
                self.unmeant.replace(Some(DecodeError::TooMuchWork));
            } else if let Some(toned) = picture.toned(tones) {
                (self.visit)(toned.in_grain(self.means.limits));
            }
        }
        (self.visit)(picture.in_grain(self.means.limits));
    }

    /// How much of a picture is kept: of one whose colours are meant otherwise all, since what is meant of a mean is
    /// not the mean of what is meant.
    fn grain(&self, width: u32, height: u32, channels: usize) -> (Grain, u64) {
        let pixels = u64::from(width) * u64::from(height);
        let whole = pixels.saturating_mul(channels as u64 + 3);
        if !self.tones.is_empty() && whole <= self.means.limits.max_alloc {
            return (Grain::Pixels, whole);
        }
        Grain::of(width, height, channels, self.means.limits)
    }

    const fn source(&self) -> Source<'a> {
        Source::new(self.bytes, self.means.deadline)
    }

    fn check_size(&self, width: u32, height: u32, needed: u64) -> Result<(), DecodeError> {
        if width == 0 || height == 0 {
            return Err(DecodeError::Broken("it has no pixels".into()));
        }
        if !self.means.limits.allow(width, height, needed) {
            return Err(DecodeError::TooLarge { width, height });
        }
        let pixels = u64::from(width) * u64::from(height);
        if self.means.deadline.affords_steps(pixels, A_PIXEL) { Ok(()) } else { Err(DecodeError::TooMuchWork) }
    }

    fn check_deadline(&self) -> Result<(), DecodeError> {
        if self.means.deadline.has_passed() { Err(DecodeError::Deadline) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{NoForeignDecoder, sniff};

    fn fixture(name: &str) -> Vec<u8> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures");
        std::fs::read(folder.join(name)).unwrap()
    }

    /// How decoding `file` ends when the deadline passes after it was asked for `times` times, how many pictures were
    /// handed out, and how often it has been asked for.
    fn decoded_within(times: u32, file: &[u8], colours: Colours) -> (Result<(), &'static str>, usize, u32) {
        let deadline = Deadline::after_asking(times);
        let means = DecodeMeans { limits: &DecodeLimits::default(), deadline, foreign: &NoForeignDecoder };
        let mut pictures = 0;
        let ended = each_picture(file, sniff(file), colours, &means, &mut |_| pictures += 1);
        (ended.map_err(|error| error.code()), pictures, times - deadline.times_left().unwrap())
    }

    #[test]
    fn a_deadline_is_looked_at_all_the_way_and_no_picture_is_finished_past_it() {
        for (name, colours, looks) in [
            // Of data, four bytes at a time.
            ("baseline.jpg", Colours::Luma, 4_000 / 4 / 64),
            ("baseline.jpg", Colours::Rgb, 4_000 / 4 / 64),
            ("progressive.jpg", Colours::Luma, 20),
            ("progressive.jpg", Colours::Rgb, 20),
            // Rows of blocks, of luma alone.
            ("large-progressive.jpg", Colours::Luma, 1101 / 16),
            ("large-grey.jpg", Colours::Luma, 1101 / 8),
            ("still.jxl", Colours::Luma, 3),
        ] {
            let file = fixture(name);
            let (ended, pictures, most) = decoded_within(u32::MAX, &file, colours);
            assert_eq!((ended, pictures), (Ok(()), 1), "{name}");
            assert!(most >= looks, "{name} is decoded with {most} looks at the clock");
            for times in 0..most {
                let (ended, pictures, asked) = decoded_within(times, &file, colours);
                assert_eq!((ended, pictures, asked), (Err("picture_deadline"), 0, times), "{name}, {times} looks");
            }
        }
    }

    #[test]
    fn ink_is_read_in_both_ways() {
        assert_eq!(decoded_within(u32::MAX, &fixture("cmyk.jpg"), Colours::Luma).1, 2);
        let (pictures, ended) = testing::shown(&fixture("cmyk.jpg"));
        assert_eq!(ended, Ok(()));
        let light = |number: usize| pictures[number].rgba.iter().map(|pixel| u64::from(pixel[1])).sum::<u64>();
        assert_ne!(light(0), light(1));
    }
}
