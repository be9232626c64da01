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
    /// JPEG 2000 picture, in a file or as a bare codestream.
    Jp2,
    /// PBM, PGM, PPM or PAM picture.
    Pnm,
    /// Targa picture.
    Tga,
    /// QOI picture.
    Qoi,
    /// DDS texture.
    Dds,
    /// A BMP without its file header.
    Dib,
    /// PCX or DCX of Paintbrush.
    Pcx,
    /// PSD or PSB of Photoshop.
    Psd,
    /// SGI picture.
    Sgi,
    /// Raster file of Sun.
    Sun,
    /// XBM, bits in C.
    Xbm,
    /// XPM, letters for colours in C.
    Xpm,
    /// FITS of astronomers.
    Fits,
    /// ICNS, icons of Apple.
    Icns,
    /// HDR picture of Radiance.
    Hdr,
    /// A picture of a format that nothing here decodes, by its usual short name.
    OtherPicture(&'static str),
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
            Self::Jp2 => "jp2",
            Self::Pnm => "pnm",
            Self::Tga => "tga",
            Self::Qoi => "qoi",
            Self::Dds => "dds",
            Self::Dib => "dib",
            Self::Pcx => "pcx",
            Self::Psd => "psd",
            Self::Sgi => "sgi",
            Self::Sun => "sun",
            Self::Xbm => "xbm",
            Self::Xpm => "xpm",
            Self::Fits => "fits",
            Self::Icns => "icns",
            Self::Hdr => "hdr",
            Self::OtherPicture(name) => name,
            Self::Text => "text",
            Self::Known(name) => name,
            Self::Empty => "empty",
            Self::Opaque => "opaque",
        }
    }

    /// The media type that is registered for it, or in use; `None` where it is anybody's guess.
    pub const fn essence(self) -> Option<&'static str> {
        Some(match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Ico => "image/x-icon",
            Self::Avif => "image/avif",
            Self::Heic => "image/heic",
            Self::Jxl => "image/jxl",
            Self::Jp2 => "image/jp2",
            Self::Pnm => "image/x-portable-anymap",
            Self::Tga => "image/x-tga",
            Self::Qoi => "image/qoi",
            Self::Dds => "image/vnd-ms.dds",
            Self::Dib => "image/bmp",
            Self::Pcx => "image/x-pcx",
            Self::Psd => "image/vnd.adobe.photoshop",
            Self::Sgi => "image/x-sgi",
            Self::Sun => "image/x-sun-raster",
            Self::Xbm => "image/x-xbitmap",
            Self::Xpm => "image/x-xpixmap",
            Self::Fits => "image/fits",
            Self::Icns => "image/x-icns",
            Self::Hdr => "image/vnd.radiance",
            Self::Text => "text/plain",
            Self::Known(name) => return known_essence(name),
            Self::OtherPicture(_) | Self::Empty | Self::Opaque => return None,
        })
    }

    /// Whether perceptual hashes can be made of it.
    pub const fn is_picture(self) -> bool {
        !matches!(self, Self::Text | Self::Known(_) | Self::Empty | Self::Opaque)
    }
}

/// The media types of what texts are read from.
const fn known_essence(name: &str) -> Option<&'static str> {
    Some(match name.as_bytes() {
        b"pdf" => "application/pdf",
        b"zip" => "application/zip",
        b"gz" => "application/gzip",
        b"tar" => "application/x-tar",
        b"7z" => "application/x-7z-compressed",
        b"doc" => "application/msword",
        b"xls" => "application/vnd.ms-excel",
        b"ppt" => "application/vnd.ms-powerpoint",
        b"msg" => "application/vnd.ms-outlook",
        b"ole" => "application/x-ole-storage",
        b"docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        b"xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        b"pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        b"odt" => "application/vnd.oasis.opendocument.text",
        b"ods" => "application/vnd.oasis.opendocument.spreadsheet",
        b"odp" => "application/vnd.oasis.opendocument.presentation",
        b"epub" => "application/epub+zip",
        b"mp4" => "video/mp4",
        _ => return None,
    })
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
