//! What a part is, as its bytes say.

use std::fmt;

/// The kind of content that a part's bytes show, never what its sender declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// JPEG picture.
    Jpeg,
    /// PNG picture.
    Png,
    /// GIF picture.
    Gif,
    /// WebP picture.
    WebP,
    /// BMP picture.
    Bmp,
    /// TIFF picture, or one that is built like it (raw files of cameras).
    Tiff,
    /// ICO or CUR: icons of several sizes.
    Ico,
    /// AVIF picture.
    Avif,
    /// HEIC picture.
    Heic,
    /// JPEG XL picture.
    Jxl,
    /// PBM, PGM, PPM or PAM picture.
    Pnm,
    /// Targa picture.
    Tga,
    /// QOI picture.
    Qoi,
    /// DDS texture.
    Dds,
    /// Text in UTF-8, or in UTF-16 with a byte order mark, or in a single-byte charset without control characters.
    Text,
    /// A format we recognise but do not decode, by its usual short name ("pdf", "zip", "mp4"…).
    Known(&'static str),
    /// No bytes at all.
    Empty,
    /// Anything else.
    Opaque,
}

impl MediaType {
    /// Short name for tables, logs and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::WebP => "webp",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
            Self::Ico => "ico",
            Self::Avif => "avif",
            Self::Heic => "heic",
            Self::Jxl => "jxl",
            Self::Pnm => "pnm",
            Self::Tga => "tga",
            Self::Qoi => "qoi",
            Self::Dds => "dds",
            Self::Text => "text",
            Self::Known(name) => name,
            Self::Empty => "empty",
            Self::Opaque => "opaque",
        }
    }

    /// Whether perceptual hashes can be made of it.
    pub const fn is_picture(self) -> bool {
        !matches!(self, Self::Text | Self::Known(_) | Self::Empty | Self::Opaque)
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
