//! Formats whose decoders are written in C, or look at no clock, and so never run in this process.
//!
//! Who runs them is not known here: [`ForeignDecoder`] is what the worker is to this module.

use std::fmt;

use super::decode::DecodeError;
use crate::content::{Deadline, DecodeLimits};

/// A format that is decoded elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ForeignFormat {
    /// HEIC, by libheif.
    Heic,
    /// AVIF, by libheif.
    Avif,
    /// JPEG 2000, by a decoder in Rust that nothing but a process can stop.
    Jpeg2000,
    /// SVG, by a renderer in Rust that nothing but a process can stop.
    Svg,
    /// Pages of PDF, by pdfium.
    Pdf,
}

impl ForeignFormat {
    /// Every format that counts as undecodable where nothing decodes it. What is in PDF is read here, too.
    pub const ALL: [Self; 4] = [Self::Heic, Self::Avif, Self::Jpeg2000, Self::Svg];

    /// Name for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Heic => "heic",
            Self::Avif => "avif",
            Self::Jpeg2000 => "jp2",
            Self::Svg => "svg",
            Self::Pdf => "pdf",
        }
    }
}

impl fmt::Display for ForeignFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heic => "HEIC",
            Self::Avif => "AVIF",
            Self::Jpeg2000 => "JPEG 2000",
            Self::Svg => "SVG",
            Self::Pdf => "PDF",
        })
    }
}

/// A picture that came from elsewhere. Its size has not been checked against anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignPicture {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Red, green, blue and alpha of each pixel, row by row: `4 × width × height` bytes.
    pub rgba: Vec<u8>,
}

/// Decodes foreign formats outside of this process, within limits.
pub trait ForeignDecoder: Send + Sync {
    /// Hands the pictures of a file to `visit`, at most [`DecodeLimits::max_frames`], turned the way the file says.
    ///
    /// # Errors
    /// [`DecodeError::Unavailable`] where the library is missing or no worker can be started; otherwise as for any
    /// format, also when pictures were handed out before.
    fn decode(
        &self,
        format: ForeignFormat,
        bytes: &[u8],
        limits: &DecodeLimits,
        deadline: &Deadline,
        visit: &mut dyn FnMut(ForeignPicture),
    ) -> Result<(), DecodeError>;
}

/// Where there is no worker.
#[derive(Clone, Copy, Debug)]
pub struct NoForeignDecoder;

impl ForeignDecoder for NoForeignDecoder {
    fn decode(
        &self,
        format: ForeignFormat,
        _: &[u8],
        _: &DecodeLimits,
        _: &Deadline,
        _: &mut dyn FnMut(ForeignPicture),
    ) -> Result<(), DecodeError> {
        Err(DecodeError::Unavailable(format, "there is no worker"))
    }
}
