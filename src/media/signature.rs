//! How picture files begin, as far as it tells them from anything else.
//!
//! A long magic number is enough. Where it is short, or made of letters that a text may begin with, what follows has to
//! make sense too; and where that leaves room for chance, the file counts as a picture only when it can be decoded.

use super::decode::{DCX, has_jxl_header, is_xbm};
use crate::content::number::{be_u32_at, u16_at, u32_at};
use crate::content::{MediaType, reads_as_text};

/// Bytes in which headers that may have comments have to end.
const HEAD: usize = 64 << 10;

/// The last bytes of a TGA file of version 2.
const TGA_FOOTER: &[u8] = b"TRUEVISION-XFILE.\0";

/// What picture `bytes` show; `None` when they are none.
pub(super) fn picture(bytes: &[u8]) -> Option<MediaType> {
    match bytes {
        [0xff, 0xd8, next, ..] if *next == 0xff || has_frame(bytes) => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(MediaType::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(MediaType::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::WebP),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(MediaType::Tiff),
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', b'\r', b'\n', 0x87, b'\n', ..] => Some(MediaType::Jxl),
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => Some(MediaType::Jp2),
        [b'q', b'o', b'i', b'f', 0, 0, _, _, 0, 0, _, _, _, _, ..] => Some(MediaType::Qoi),
        [b'D', b'D', b'S', b' ', 124, 0, 0, 0, ..] => Some(MediaType::Dds),
        [b'B', b'M', ..] if is_bmp(bytes) => Some(MediaType::Bmp),
        [0, 0, 1 | 2, 0, ..] if is_icon(bytes) => Some(MediaType::Ico),
        [b'P', b'1'..=b'7', ..] if is_pnm(bytes) => Some(MediaType::Pnm),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => heif(bytes),
        _ if is_tga(bytes) => Some(MediaType::Tga),
        _ if is_dib(bytes) => Some(MediaType::Dib),
        _ => simple(bytes).or_else(|| other(bytes).map(MediaType::OtherPicture)),
    }
}

/// Formats of other days and systems.
fn simple(bytes: &[u8]) -> Option<MediaType> {
    match bytes {
        [b'8', b'B', b'P', b'S', 0, 1 | 2, ..] => Some(MediaType::Psd),
        [10, 0..=5, 0 | 1, 1 | 2 | 4 | 8, ..] if is_pcx(bytes) => Some(MediaType::Pcx),
        [1, 0xda, 0 | 1, 1 | 2, 0, 1..=3, ..] => Some(MediaType::Sgi),
        [0x59, 0xa6, 0x6a, 0x95, ..] => Some(MediaType::Sun),
        [b'i', b'c', b'n', b's', ..] if be_u32_at(bytes, 4).is_some_and(|length| length < 1 << 28) => {
            Some(MediaType::Icns)
        }
        _ if bytes.starts_with(&DCX) => Some(MediaType::Pcx),
        _ if bytes.starts_with(b"/* XPM */") => Some(MediaType::Xpm),
        _ if bytes.starts_with(b"SIMPLE  =") => Some(MediaType::Fits),
        _ if bytes.starts_with(b"#?RADIANCE") || bytes.starts_with(b"#?RGBE") => Some(MediaType::Hdr),
        _ if is_xbm(bytes) => Some(MediaType::Xbm),
        _ => None,
    }
}

/// How files begin that nothing here decodes, and programs for pictures do.
const OTHERS: [(&[u8], &str); 24] = [
    (b"\x76\x2f\x31\x01", "exr"),
    (b"SDPX", "dpx"),
    (b"XPDS", "dpx"),
    (b"\x80\x2a\x5f\xd7", "cin"),
    (b"id=ImageMagick", "miff"),
    (b"gimp xcf ", "xcf"),
    (b"BPG\xfb", "bpg"),
    (b"FLIF", "flif"),
    (b"II\xbc\x01", "jxr"),
    (b"\x8aMNG\r\n\x1a\n", "mng"),
    (b"\x8bJNG\r\n\x1a\n", "jng"),
    (b"farbfeld", "farbfeld"),
    (b"PF\n", "pfm"),
    (b"Pf\n", "pfm"),
    (b"P7 332\n", "xv"),
    (b"BLP1", "blp"),
    (b"BLP2", "blp"),
    (b"Paint Shop Pro Image File", "psp"),
    (b"VTF\0", "vtf"),
    (b"\xabKTX 11\xbb\r\n\x1a\n", "ktx"),
    (b"\xabKTX 20\xbb\r\n\x1a\n", "ktx"),
    (b"\x13\xab\xa1\x5c", "astc"),
    (b"DanM", "msp"),
    (b"LinS", "msp"),
];

/// Names that formats have where they are not at the start.
const WITHIN: [(usize, &[u8], &str); 4] =
    [(8, b"ILBMBMHD", "ilbm"), (8, b"PBM BMHD", "ilbm"), (20, b"GIMP", "gbr"), (2_048, b"PCD_IPI", "pcd")];

/// The name of such a format.
fn other(bytes: &[u8]) -> Option<&'static str> {
    let starts = |(magic, name): &(&[u8], &'static str)| bytes.starts_with(magic).then_some(*name);
    let has = |(at, magic, name): &(usize, &[u8], &'static str)| {
        bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic)).then_some(*name)
    };
    let name = OTHERS.iter().find_map(starts).or_else(|| WITHIN.iter().find_map(has))?;
    // Most of these are words that a text may have as well, and only one begins with a text.
    (name == "miff" || !reads_as_text(bytes)).then_some(name)
}

/// By its planes and by sides that make sense.
fn is_pcx(bytes: &[u8]) -> bool {
    let side = |from: usize, to: usize| Some(i32::from(u16_at(bytes, to)?) - i32::from(u16_at(bytes, from)?));
    let is_side = |side: Option<i32>| side.is_some_and(|side| side >= 0);
    is_side(side(4, 8)) && is_side(side(6, 10)) && bytes.get(64) == Some(&0) && matches!(bytes.get(65), Some(1..=4))
}

/// By a header of Windows or OS/2 whose sides, bits and compression make sense; readers do not look at the planes.
fn is_dib(bytes: &[u8]) -> bool {
    let sides = |at: usize, width: usize| {
        let side = |at: usize| if width == 2 { u16_at(bytes, at).map(u32::from) } else { u32_at(bytes, at) };
        let is_side = |side: u32| matches!(side.cast_signed().unsigned_abs(), 1..=65_536);
        side(at).is_some_and(is_side) && side(at + width).is_some_and(is_side)
    };
    let planes = |at: usize| matches!(u16_at(bytes, at), Some(0..=255));
    let bits = |at: usize| matches!(u16_at(bytes, at), Some(1 | 4 | 8 | 16 | 24 | 32));
    match bytes {
        // So short a header may be chance.
        [12, 0, 0, 0, ..] => sides(4, 2) && u16_at(bytes, 8) == Some(1) && bits(10),
        [40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0, ..] => {
            sides(4, 4) && planes(12) && bits(14) && u32_at(bytes, 16).is_some_and(|way| way <= 6)
        }
        _ => false,
    }
}

/// Whether bytes that are something else may well look like this format.
pub(super) fn is_guess(media_type: MediaType, bytes: &[u8]) -> bool {
    match media_type {
        MediaType::Jpeg => bytes[2] != 0xff,
        MediaType::Jxl => bytes.starts_with(&[0xff, 0x0a]) && !has_jxl_header(bytes),
        MediaType::Tga => !has_tga_footer(bytes),
        MediaType::Pnm => bytes[1] != b'7' && !has_whole_header(bytes),
        _ => false,
    }
}

/// Whether the header of a frame is near the start of what begins like a JPEG and goes on like none: libjpeg looks
/// for it.
fn has_frame(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(HEAD)];
    memchr::memchr_iter(0xff, start)
        .any(|at| matches!(start.get(at + 1..at + 5), Some([0xc0..=0xc2, 0, 11 | 17 | 20, 8])))
}

/// By the size of its second header: as browsers have it between the least of OS/2 and the largest of Windows. That of
/// OS/2 may leave out what comes last, and Windows does not look at the reserved fields.
fn is_bmp(bytes: &[u8]) -> bool {
    matches!(bytes.get(14..18), Some([12..=255, 0, 0, 0]))
}

/// Entries of an icon that are looked at: no program has as many.
const MOST_ENTRIES: usize = 1_000;

/// By its entries, one of which has to lead to a picture: a PNG, or a BMP without a file header. Browsers ask for
/// nothing else, neither lengths nor planes.
fn is_icon(bytes: &[u8]) -> bool {
    let count = usize::from(u16_at(bytes, 4).unwrap_or_default());
    let entries = bytes.get(6..).unwrap_or_default().as_chunks::<16>().0;
    entries.iter().take(count.min(MOST_ENTRIES)).any(|[.., a, b, c, d]| {
        let place = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let picture = if place < 22 { None } else { bytes.get(place..) };
        matches!(picture, Some([0x89, b'P', b'N', b'G', ..] | [12 | 16..=124, 0, 0, 0, ..]))
    })
}

/// By the numbers behind its first two characters, or what starts the header of a PAM file.
fn is_pnm(bytes: &[u8]) -> bool {
    if bytes[1] == b'7' {
        return bytes.starts_with(b"P7\nWIDTH") || bytes.starts_with(b"P7\n#");
    }
    let header = &bytes[2..bytes.len().min(HEAD)];
    header.first().is_some_and(u8::is_ascii_whitespace) && first_number(header).is_some()
}

/// Whether all numbers are there that come before the pixels of a bitmap (two) or of grey and colours (three), each at
/// most as large as such a number can be.
fn has_whole_header(bytes: &[u8]) -> bool {
    let header = bytes.get(2..bytes.len().min(HEAD)).unwrap_or_default();
    let count = if matches!(bytes[1], b'1' | b'4') { 2 } else { 3 };
    let lines = header.split(|byte| *byte == b'\n').map(|line| line.split(|byte| *byte == b'#').next().unwrap_or(line));
    let words = lines.flat_map(|line| line.split(u8::is_ascii_whitespace)).filter(|word| !word.is_empty());
    let is_number = |word: &[u8]| word.len() <= 6 && word.iter().all(u8::is_ascii_digit);
    words.take(count).filter(|word| is_number(word)).count() == count
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

/// By the brands that its first box names. Source: ISO/IEC 14496-12 §4.2 (lengths of boxes), §4.3, 23008-12 §10; AVIF
/// specification §6.
fn heif(bytes: &[u8]) -> Option<MediaType> {
    let (length, start) = match u32::from_be_bytes(*bytes.first_chunk()?) {
        // Up to the end of the file, and with a length of eight bytes.
        0 => (bytes.len(), 8),
        1 => (usize::try_from(u64::from_be_bytes(*bytes.get(8..)?.first_chunk()?)).unwrap_or(usize::MAX), 16),
        length => (length as usize, 8),
    };
    let brands = bytes.get(start..length.min(bytes.len()).min(256))?.as_chunks::<4>().0;
    let has = |wanted: &[&[u8; 4]]| brands.iter().any(|brand| wanted.contains(&brand));
    if has(&[b"avif", b"avis"]) {
        Some(MediaType::Avif)
    } else if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) {
        Some(MediaType::Heic)
    } else {
        None
    }
}

/// Something may have been added after it: readers go by the header.
fn has_tga_footer(bytes: &[u8]) -> bool {
    let end = &bytes[bytes.len().saturating_sub(4096)..];
    memchr::memmem::rfind(end, TGA_FOOTER).is_some()
}

/// By its footer, or by a header whose fields fit together and fit the length of the file, or are as nearly all
/// programs write them. Source: Truevision TGA file format specification 2.0.
fn is_tga(bytes: &[u8]) -> bool {
    let Some([id, colour_map, kind, f0, f1, m0, m1, entry_bits, _, _, _, _, w0, w1, h0, h1, bits, _]) =
        bytes.first_chunk().copied()
    else {
        return false;
    };
    let pixels = usize::from(u16::from_le_bytes([w0, w1])) * usize::from(u16::from_le_bytes([h0, h1]));
    let is_mapped = matches!(kind, 1 | 9);
    let fits = matches!(kind, 1..=3 | 9..=11) && colour_map <= 1 && (colour_map == 1 || !is_mapped);
    let bits_fit = matches!(bits, 8 | 15 | 16 | 24 | 32) && (!is_mapped || bits == 8);
    if pixels == 0 || !fits || !bits_fit {
        return false;
    }
    if has_tga_footer(bytes) {
        return true;
    }
    let colours = usize::from(u16::from_le_bytes([m0, m1]));
    let map = colours * usize::from(entry_bits).div_ceil(8);
    let data = bytes.len().saturating_sub(18 + usize::from(id) + usize::from(colour_map) * map);
    let whole = pixels * usize::from(bits).div_ceil(8);
    let is_usual = match colour_map {
        0 => [f0, f1, m0, m1, entry_bits] == [0; 5],
        _ => is_mapped && [f0, f1] == [0; 2] && (2..=256).contains(&colours) && matches!(entry_bits, 15 | 16 | 24 | 32),
    };
    if is_usual {
        // It may be cut off, or have something after its pixels.
        return data >= whole / (if kind > 8 { 128 } else { 16 });
    }
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
        assert_eq!(picture(&whole[..40]), Some(MediaType::Tga), "it is cut off");
        let odd = [&[0, 0, 2, 0, 1, 0, 0, 8, 0, 0, 0, 0, 4, 0, 3, 0, 24, 0][..], &[7; 36]].concat();
        assert_eq!((picture(&odd), picture(&odd[..40])), (Some(MediaType::Tga), None));
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
        for length in [&[0, 0, 0, 1, b'f', b't', b'y', b'p', 0, 0, 0, 0, 0, 0, 0, 24][..], b"\0\0\0\0ftyp"] {
            assert_eq!(picture(&[length, b"avif\0\0\0\0"].concat()), Some(MediaType::Avif));
        }
    }

    #[test]
    fn what_browsers_take_for_a_bmp_or_an_icon_is_one() {
        for size in [12, 20, 36, 42, 44, 48, 60, 64, 108, 124, 200] {
            let file = [b"BM\0\0\0\0\0\0\0\0\0\0\0\0", &[size, 0, 0, 0][..], &[1; 40]].concat();
            assert_eq!(picture(&file), Some(MediaType::Bmp), "{size}");
        }
        let entry = |place: u8| [16, 16, 0, 0, 7, 0, 200, 0, 0, 0, 0, 0, place, 0, 0, 0];
        let icon = |places: [u8; 2], inner: &[u8]| {
            [&[0, 0, 1, 0, 2, 0][..], &entry(places[0]), &entry(places[1]), inner, &[0; 60]].concat()
        };
        assert_eq!(picture(&icon([38, 0], &[40, 0, 0, 0])), Some(MediaType::Ico));
        assert_eq!(picture(&icon([255, 38], &[20, 0, 0, 0])), Some(MediaType::Ico));
        assert_eq!(picture(&icon([255, 38], b"\x89PNG")), Some(MediaType::Ico));
        assert_eq!(picture(&icon([255, 38], b"none")), None);
    }

    #[test]
    fn a_header_of_numbers_is_no_chance() {
        assert!(is_guess(MediaType::Pnm, b"P3 12 of them are there"));
        assert!(!is_guess(MediaType::Pnm, b"P3 12 13 # of them\n255 and bytes"));
        assert!(!is_guess(MediaType::Pnm, b"P4\n# 1\n12 13\n"));
    }
}
