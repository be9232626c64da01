//! How long a picture without compression says that it is.
//!
//! A blank page at 300 dpi has 26 MB of samples, and deflate makes 26 KB of them. So the first bytes of what is
//! unpacked tell whether that is ordinary or a bomb. Only formats whose header has the size are known.

use super::number::{be_u16_at, be_u32_at, u16_at, u32_at};

/// Bytes from the start that are enough to tell.
pub const TELLING: usize = 512;

/// Bytes of the file that begins with `start`, if that is a picture without compression. Nothing is promised about
/// files that are something else, but that it is no more than a header may claim.
pub fn plain_picture_length(start: &[u8]) -> Option<u64> {
    match start {
        [b'B', b'M', ..] => bmp(start),
        [b'8', b'B', b'P', b'S', 0, 1 | 2, ..] => psd(start),
        [b'P', b'4'..=b'6', b'\n' | b'\r' | b' ' | b'\t', ..] => pnm(start),
        [b'I', b'I', 42, 0, ..] => tiff(start, u16::from_le_bytes, u32::from_le_bytes),
        [b'M', b'M', 0, 42, ..] => tiff(start, u16::from_be_bytes, u32::from_be_bytes),
        [1, 0, 0, 0, ..] if start.get(40..44) == Some(b" EMF") => Some(u64::from(u32_at(start, 48)?)),
        [0xd7, 0xcd, 0xc6, 0x9a, ..] => Some(2 * u64::from(u32_at(start, 22 + 6)?)),
        [1 | 2, 0, 9, 0, 0, 1 | 3, ..] => Some(2 * u64::from(u32_at(start, 6)?)),
        _ => None,
    }
}

/// Windows' bitmaps, of which those of OS/2 1 have sides of 16 bits.
fn bmp(start: &[u8]) -> Option<u64> {
    let offset = u64::from(u32_at(start, 10)?);
    let (width, height, bits) = match u32_at(start, 14)? {
        12 => (u32::from(u16_at(start, 18)?), u32::from(u16_at(start, 20)?), u16_at(start, 24)?),
        _ => (u32_at(start, 18)?, u32_at(start, 22)?.cast_signed().unsigned_abs(), u16_at(start, 28)?),
    };
    let row = (u64::from(width) * u64::from(bits)).div_ceil(32) * 4;
    Some(row.saturating_mul(u64::from(height)).saturating_add(offset))
}

/// The merged picture; layers are compressed.
fn psd(start: &[u8]) -> Option<u64> {
    let channels = u64::from(be_u16_at(start, 12)?);
    let height = u64::from(be_u32_at(start, 14)?);
    let width = u64::from(be_u32_at(start, 18)?);
    let depth = u64::from(be_u16_at(start, 22)?);
    Some((width * channels.min(56) * depth.min(32)).div_ceil(8).saturating_mul(height))
}

/// `P4` to `P6`, whose samples are no text.
fn pnm(start: &[u8]) -> Option<u64> {
    let kind = start[1];
    let words = start[2..].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut numbers = words.map_while(|word| str::from_utf8(word).ok()?.parse::<u32>().ok()).map(u64::from);
    let (width, height) = (numbers.next()?, numbers.next()?);
    let row = match kind {
        b'4' => width.div_ceil(8),
        _ => width * if kind == b'6' { 3 } else { 1 } * if numbers.next()? > 255 { 2 } else { 1 },
    };
    Some(row.saturating_mul(height).saturating_add(start.len() as u64))
}

/// By the first directory, or by where that is: most programs write it after the samples.
fn tiff(start: &[u8], short: fn([u8; 2]) -> u16, long: fn([u8; 4]) -> u32) -> Option<u64> {
    let short_at = |at: usize| Some(short(*start.get(at..)?.first_chunk()?));
    let long_at = |at: usize| Some(long(*start.get(at..)?.first_chunk()?));
    let directory = long_at(4)?;
    let Some(count) = usize::try_from(directory).ok().and_then(short_at) else {
        return Some(u64::from(directory));
    };
    let (mut width, mut height, mut channels) = (0, 0, 1_u64);
    for entry in (0..usize::from(count)).map(|entry| directory as usize + 2 + 12 * entry) {
        let Some(tag) = short_at(entry) else { break };
        let value = if short_at(entry + 2)? == 3 { u32::from(short_at(entry + 8)?) } else { long_at(entry + 8)? };
        match tag {
            256 => width = value,
            257 => height = value,
            277 => channels = u64::from(value).min(16),
            _ => {}
        }
    }
    // Samples have 16 bits at most, and there is a thumbnail or some metadata beside them.
    Some((u64::from(width) * channels * 2).saturating_mul(u64::from(height)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_plain_pictures_tell_their_length() {
        let bmp =
            [&b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"[..], &[10, 0, 0, 0], &[0xfb, 0xff, 0xff, 0xff, 1, 0, 24, 0]];
        let emf = [&[1, 0, 0, 0][..], &[0; 36], b" EMF", &[0; 4], &[0, 1, 0, 0]];
        let psd = [&b"8BPS\0\x01"[..], &[0; 6], &[0, 3, 0, 0, 0, 5, 0, 0, 0, 10, 0, 8]];
        let behind = [&b"II\x2a\0"[..], &[0, 0, 0, 2]];
        let first = [
            &b"MM\0\x2a\0\0\0\x08\0\x02"[..],
            b"\x01\0\0\x03\0\0\0\x01\0\x0a\0\0",
            b"\x01\x01\0\x04\0\0\0\x01\0\0\0\x05",
        ];
        for (start, expected) in [
            (bmp.concat(), Some(32 * 5 + 54)),
            (emf.concat(), Some(256)),
            (psd.concat(), Some(150)),
            (b"P6\n10 5\n255\n".to_vec(), Some(150 + 12)),
            (behind.concat(), Some(0x200_0000)),
            (first.concat(), Some(100)),
            (b"BM".to_vec(), None),
            (b"plain text".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(plain_picture_length(&start), expected, "{start:x?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_it_panic(kind in 0..6_usize, rest in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            let magic: [&[u8]; 6] = [b"BM", b"8BPS\0\x01", b"P6\n", b"II\x2a\0", b"MM\0\x2a", b"\xd7\xcd\xc6\x9a"];
            let _length = plain_picture_length(&[magic[kind], &rest].concat());
        }
    }
}
