//! How picture files begin, as far as it tells them from anything else.
//!
//! A long magic number is enough. Where it is short, or made of letters that a text may begin with, what follows has to
//! make sense too; and where that leaves room for chance, the file counts as a picture only when it can be decoded.

use crate::content::MediaType;

/// The last bytes of a TGA file of version 2.
const TGA_FOOTER: &[u8] = b"TRUEVISION-XFILE.\0";

/// What picture `bytes` show; `None` when they are none.
pub(super) fn picture(bytes: &[u8]) -> Option<MediaType> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(MediaType::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(MediaType::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::WebP),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(MediaType::Tiff),
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', b'\r', b'\n', 0x87, b'\n', ..] => Some(MediaType::Jxl),
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => Some(MediaType::Jp2),
        [b'q', b'o', b'i', b'f', _, _, _, _, _, _, _, _, 3 | 4, 0 | 1, ..] => Some(MediaType::Qoi),
        [b'D', b'D', b'S', b' ', 124, 0, 0, 0, ..] => Some(MediaType::Dds),
        [b'B', b'M', ..] if is_bmp(bytes) => Some(MediaType::Bmp),
        [0, 0, 1 | 2, 0, ..] if is_icon(bytes) => Some(MediaType::Ico),
        [b'P', b'1'..=b'7', ..] if is_pnm(bytes) => Some(MediaType::Pnm),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => heif(bytes),
        _ if is_tga(bytes) => Some(MediaType::Tga),
        _ => None,
    }
}

/// Whether bytes that are something else may well look like this format.
pub(super) fn is_guess(media_type: MediaType, bytes: &[u8]) -> bool {
    match media_type {
        MediaType::Jxl => bytes.starts_with(&[0xff, 0x0a]),
        MediaType::Tga => !bytes.ends_with(TGA_FOOTER),
        MediaType::Ico | MediaType::Pnm => true,
        _ => false,
    }
}

/// By the size of its second header, of which there are some versions: those of OS/2 may leave out what comes last.
/// Windows does not look at the reserved fields.
fn is_bmp(bytes: &[u8]) -> bool {
    let Some([size, 0, 0, 0]) = bytes.get(14..18) else { return false };
    matches!(size, 12 | 42 | 46 | 108 | 124) || (16..=64).contains(size) && size.is_multiple_of(4)
}

/// By its first entry, whose picture has to lie behind it and within the file.
fn is_icon(bytes: &[u8]) -> bool {
    let number = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
    let has_entries = bytes.get(4..6).is_some_and(|count| count != [0, 0]);
    let starts_within = number(18).is_some_and(|start| (22..bytes.len()).contains(&start));
    has_entries && starts_within && number(14).is_some_and(|length| length > 0)
}

/// By the numbers behind its first two characters, or what starts the header of a PAM file.
fn is_pnm(bytes: &[u8]) -> bool {
    if bytes[1] == b'7' {
        return bytes.starts_with(b"P7\nWIDTH") || bytes.starts_with(b"P7\n#");
    }
    let header = &bytes[2..bytes.len().min(512)];
    header.first().is_some_and(u8::is_ascii_whitespace) && first_number(header).is_some()
}

/// The first number, behind white space and comments.
fn first_number(mut bytes: &[u8]) -> Option<u8> {
    loop {
        bytes = bytes.trim_ascii_start();
        match bytes.first()? {
            b'#' => bytes = &bytes[memchr::memchr(b'\n', bytes)?..],
            digit => return digit.is_ascii_digit().then_some(*digit),
        }
    }
}

/// By the brands that its first box names. Source: ISO/IEC 14496-12 §4.3, 23008-12 §10; AVIF specification §6.
fn heif(bytes: &[u8]) -> Option<MediaType> {
    let length = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
    let brands = bytes.get(8..length.min(bytes.len()).min(256))?.as_chunks::<4>().0;
    let has = |wanted: &[&[u8; 4]]| brands.iter().any(|brand| wanted.contains(&brand));
    if has(&[b"avif", b"avis"]) {
        Some(MediaType::Avif)
    } else if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) {
        Some(MediaType::Heic)
    } else {
        None
    }
}

/// By its footer, or by a header whose fields fit together and fit the length of the file. Source: Truevision TGA file
/// format specification 2.0.
fn is_tga(bytes: &[u8]) -> bool {
    let Some([id, colour_map, kind, _, _, m0, m1, entry_bits, _, _, _, _, w0, w1, h0, h1, bits, descriptor]) =
        bytes.first_chunk().copied()
    else {
        return false;
    };
    let pixels = usize::from(u16::from_le_bytes([w0, w1])) * usize::from(u16::from_le_bytes([h0, h1]));
    let is_mapped = matches!(kind, 1 | 9);
    let fits = matches!(kind, 1..=3 | 9..=11) && colour_map <= 1 && (colour_map == 1 || !is_mapped);
    let bits_fit = matches!(bits, 8 | 15 | 16 | 24 | 32) && (!is_mapped || bits == 8) && descriptor & 0xc0 == 0;
    if pixels == 0 || !fits || !bits_fit {
        return false;
    }
    if bytes.ends_with(TGA_FOOTER) {
        return true;
    }
    let map = usize::from(u16::from_le_bytes([m0, m1])) * usize::from(entry_bits).div_ceil(8);
    let data = bytes.len().saturating_sub(18 + usize::from(id) + usize::from(colour_map) * map);
    let whole = pixels * usize::from(bits).div_ceil(8);
    // Runs take at most one byte in 128 more, and at least a pixel and a byte for 128 pixels.
    let fits_length = if kind > 8 { data * 128 >= whole && data <= whole + whole / 100 + 1_024 } else { data == whole };
    // Some programs write the size of colours that there are none of.
    fits_length && (colour_map == 1 || entry_bits == 0 || kind <= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_begin_like_pictures_are_none() {
        for text in [
            &b"BM and other makes of cars, listed by year"[..],
            b"P3 is a road, and P4 is one too",
            b"P7\nsecond line",
            b"MM, yes",
            b"II. The second chapter",
            b"qoif is not a word, as anybody knows",
            b"DDS is a clearing",
        ] {
            assert_eq!(picture(text), None, "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(picture(b"P3\n# a comment\n2 2\n255\n"), Some(MediaType::Pnm));
    }

    #[test]
    fn a_targa_file_is_told_by_its_length_or_its_footer() {
        let header = [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 3, 0, 24, 0];
        let whole = [&header[..], &[7; 36]].concat();
        assert_eq!(picture(&whole), Some(MediaType::Tga));
        assert!(is_guess(MediaType::Tga, &whole));
        assert_eq!(picture(&whole[..40]), None);
        let with_footer = [&whole[..], b"\0\0\0\0\0\0\0\0TRUEVISION-XFILE.\0"].concat();
        assert_eq!(picture(&with_footer), Some(MediaType::Tga));
        assert!(!is_guess(MediaType::Tga, &with_footer));
    }

    #[test]
    fn brands_tell_what_is_in_a_heif_file() {
        let file = |brands: &[u8]| [&(8 + brands.len() as u32).to_be_bytes()[..], b"ftyp", brands].concat();
        assert_eq!(picture(&file(b"avif\0\0\0\0avifmif1")), Some(MediaType::Avif));
        assert_eq!(picture(&file(b"mif1\0\0\0\0mif1avif")), Some(MediaType::Avif));
        assert_eq!(picture(&file(b"heic\0\0\0\0mif1heic")), Some(MediaType::Heic));
        assert_eq!(picture(&file(b"isom\0\0\0\0isommp41")), None);
    }
}
