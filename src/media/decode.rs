//! The one door to the picture decoders: nothing goes through it without a limit.
//!
//! JPEG by `zune-jpeg`, which can stop at the luma plane; PNG, GIF and WebP by `image`. Of a moving picture the first
//! frame counts. Transparency is ignored, as both PDQ references do.
#![expect(clippy::disallowed_methods, reason = "this is the capped door that all other code has to use")]

use std::io::Cursor;

use image::codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::{DynamicImage, ImageDecoder, ImageError, ImageResult, Limits, RgbImage};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::foreign::ForeignFormat;
use crate::content::{DecodeLimits, MediaType};

/// A decoded picture.
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pixels: Pixels,
}

/// Pixels, row by row.
pub(super) enum Pixels {
    /// The luma plane that the file has, a byte a pixel.
    Luma(Vec<u8>),
    /// Three bytes a pixel.
    Rgb(RgbImage),
}

/// What is needed of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    /// A luma plane will do, which for a JPEG is less work.
    Luma,
    /// Colours.
    Rgb,
}

/// Why there is no picture.
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
    /// The file is damaged, or written in a way that the decoder does not know.
    #[error("the picture cannot be decoded: {0}")]
    Broken(String),
    /// A way of writing the format that nothing here decodes.
    #[error("the picture is written in a way that cannot be decoded here: {0}")]
    Unsupported(&'static str),
    /// The format needs a library that is not installed, or a worker that there is none of.
    #[error("{0} cannot be decoded here: {1}")]
    Unavailable(ForeignFormat, &'static str),
    /// Decoding took too long.
    #[error("the picture takes too long to decode")]
    Deadline,
}

impl DecodeError {
    /// Stable reason code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "picture_too_large",
            Self::Broken(_) => "picture_broken",
            Self::Unsupported(_) => "picture_unsupported",
            Self::Unavailable(..) => "picture_decoder_missing",
            Self::Deadline => "picture_deadline",
        }
    }
}

/// Decodes `bytes`, which look like `media_type`.
///
/// # Errors
/// [`DecodeError`].
pub(super) fn decode(
    bytes: &[u8],
    media_type: MediaType,
    colours: Colours,
    limits: &DecodeLimits,
) -> Result<Picture, DecodeError> {
    let source = Cursor::new(bytes);
    match media_type {
        MediaType::Jpeg => decode_jpeg(bytes, colours, limits),
        MediaType::Png => decode_other(PngDecoder::with_limits(source, image_limits(limits)), colours, limits),
        MediaType::Gif => decode_other(GifDecoder::new(source), colours, limits),
        MediaType::WebP => decode_other(WebPDecoder::new(source), colours, limits),
        _ => Err(DecodeError::Broken("not a picture".into())),
    }
}

fn decode_jpeg(bytes: &[u8], colours: Colours, limits: &DecodeLimits) -> Result<Picture, DecodeError> {
    let max_side = limits.max_side as usize;
    let options = DecoderOptions::new_fast().set_max_width(max_side).set_max_height(max_side);
    let broken = |error| DecodeError::Broken(format!("{error:?}"));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(broken)?;
    let info = decoder.info().ok_or_else(|| DecodeError::Broken("no frame header".into()))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    // A progressive file keeps two bytes of coefficient for each sample until its last scan.
    let needed = u64::from(width) * u64::from(height) * (u64::from(info.components) * 2 + 4);
    check_size(width, height, needed, limits)?;

    let has_luma = matches!(decoder.input_colorspace(), Some(ColorSpace::YCbCr | ColorSpace::Luma));
    let luma_only = has_luma && colours == Colours::Luma;
    let output = if luma_only { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options.jpeg_set_out_colorspace(output));
    let pixels = decoder.decode().map_err(broken)?;
    let pixels = if luma_only { Pixels::Luma(pixels) } else { rgb_pixels(width, height, pixels)? };
    Ok(Picture { width, height, pixels })
}

fn rgb_pixels(width: u32, height: u32, bytes: Vec<u8>) -> Result<Pixels, DecodeError> {
    let rgb = RgbImage::from_raw(width, height, bytes);
    rgb.map(Pixels::Rgb).ok_or_else(|| DecodeError::Broken("fewer pixels than the frame header says".into()))
}

fn decode_other<D: ImageDecoder>(
    decoder: ImageResult<D>,
    colours: Colours,
    limits: &DecodeLimits,
) -> Result<Picture, DecodeError> {
    let mut decoder = decoder.map_err(of_image)?;
    let (width, height) = decoder.dimensions();
    // Besides the decoder's own output there may be a copy in eight-bit colours.
    let needed = decoder.total_bytes().saturating_add(u64::from(width) * u64::from(height) * 3);
    check_size(width, height, needed, limits)?;
    decoder.set_limits(image_limits(limits)).map_err(of_image)?;
    let decoded = DynamicImage::from_decoder(decoder).map_err(of_image)?;
    let pixels = match decoded {
        DynamicImage::ImageLuma8(grey) if colours == Colours::Luma => Pixels::Luma(grey.into_raw()),
        other => Pixels::Rgb(other.into_rgb8()),
    };
    Ok(Picture { width, height, pixels })
}

fn image_limits(limits: &DecodeLimits) -> Limits {
    let mut bounds = Limits::default();
    bounds.max_image_width = Some(limits.max_side);
    bounds.max_image_height = Some(limits.max_side);
    bounds.max_alloc = Some(limits.max_alloc);
    bounds
}

fn check_size(width: u32, height: u32, needed: u64, limits: &DecodeLimits) -> Result<(), DecodeError> {
    let pixels = u64::from(width) * u64::from(height);
    let fits = width.max(height) <= limits.max_side && pixels <= limits.max_pixels && needed <= limits.max_alloc;
    if fits { Ok(()) } else { Err(DecodeError::TooLarge { width, height }) }
}

fn of_image(error: ImageError) -> DecodeError {
    match error {
        ImageError::Limits(_) => DecodeError::TooLarge { width: 0, height: 0 },
        other => DecodeError::Broken(other.to_string()),
    }
}
