//! What bytes are, by what they show and never by what they are called.

use encoding_rs::Encoding;

use super::signature;
use crate::content::MediaType;

/// Bytes looked at to tell text from anything else.
const SAMPLE: usize = 8 << 10;

/// Bytes counted at once, so few that the count fits in a byte and the compiler counts many side by side.
const LANES: usize = 128;

/// One control character in so many bytes is still text: random bytes have one in nine, and a stray NUL must not keep
/// the rules from looking.
const CONTROLS_PER_TEXT: usize = 32;

/// What `bytes` are.
///
/// Pictures come first, so that no text can be put in front of one; text comes before the formats that are only named,
/// some of which (HTML, XML, scripts) are text.
pub fn sniff(bytes: &[u8]) -> MediaType {
    if bytes.is_empty() {
        return MediaType::Empty;
    }
    signature::picture(bytes)
        .or_else(|| reads_as_text(bytes).then_some(MediaType::Text))
        .or_else(|| infer::get(bytes).map(|kind| MediaType::Known(kind.extension())))
        .unwrap_or(MediaType::Opaque)
}

/// Whether `bytes` read as text, whatever else they are: a small picture may stand in front of one.
pub fn reads_as_text(bytes: &[u8]) -> bool {
    if Encoding::for_bom(bytes).is_some() {
        return true;
    }
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let odd_among = |bytes: &[u8]| usize::from(bytes.iter().map(|byte| is_odd_in_text(*byte)).sum::<u8>());
    sample.chunks(LANES).map(odd_among).sum::<usize>() * CONTROLS_PER_TEXT <= sample.len()
}

/// 1 for a control character that text has no use for; without a branch.
const fn is_odd_in_text(byte: u8) -> u8 {
    let is_space = byte.wrapping_sub(b'\t') <= b'\r' - b'\t';
    ((byte < b' ') & !is_space & (byte != 0x1b) | (byte == 0x7f)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_odd_but_for_those_of_layout() {
        let odd: Vec<u8> = (0..=255).filter(|byte| is_odd_in_text(*byte) == 1).collect();
        let expected: Vec<u8> = (0..=8).chain(0x0e..=0x1a).chain(0x1c..=0x1f).chain([0x7f]).collect();
        assert_eq!(odd, expected);
    }

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
