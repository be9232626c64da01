//! What bytes are, by what they show and never by what they are called.

use super::{compound, signature};
use crate::content::{MediaType, reads_as_text};

/// What `bytes` are.
///
/// Pictures come first, so that no text can be put in front of one; text comes before the formats that are only named,
/// some of which (HTML, XML, scripts) are text.
pub fn sniff(bytes: &[u8]) -> MediaType {
    if bytes.is_empty() {
        return MediaType::Empty;
    }
    signature::picture(bytes).unwrap_or_else(|| sniff_other(bytes))
}

/// What `bytes` are that are no picture.
pub(super) fn sniff_other(bytes: &[u8]) -> MediaType {
    reads_as_text(bytes)
        .then_some(MediaType::Text)
        .or_else(|| compound::name(bytes).map(MediaType::Known))
        .or_else(|| infer::get(bytes).map(|kind| MediaType::Known(kind.extension())))
        .unwrap_or(MediaType::Opaque)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_tell_what_they_are() {
        let random: Vec<u8> = (0..4096_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let one_nul = [b"keyword \0".as_slice(), &[b'x'; 100]].concat();
        for (bytes, expected) in [
            (&b""[..], MediaType::Empty),
            (b"\xff\xd8\xff\xe0", MediaType::Jpeg),
            (b"\x89PNG\r\n\x1a\n", MediaType::Png),
            (b"GIF89a and then text", MediaType::Gif),
            (b"RIFF\0\0\0\0WEBPVP8 ", MediaType::WebP),
            (b"RIFF\0\0\0\0WAVE", MediaType::Known("wav")),
            (b"PK\x03\x04\0\0\0\0", MediaType::Known("zip")),
            (b"<!doctype html><p>", MediaType::Text),
            (b"\xff\xfek\0e\0y\0", MediaType::Text),
            (b"caf\xe9", MediaType::Text),
            (&one_nul, MediaType::Text),
            (&random, MediaType::Opaque),
        ] {
            assert_eq!(sniff(bytes), expected, "{:?}", &bytes[..bytes.len().min(20)]);
        }
    }
}
