//! How picture files begin, as far as it tells them from anything else.
//!
//! A long magic number is enough. Where it is short, or made of letters that a text may begin with, what follows has to
//! make sense too; and where that leaves room for chance, the file counts as a picture only when it can be decoded.

mod others;

use super::decode::{
    DCX, Xbm, has_gif_frame, has_jpeg_frame, has_jxl_header, is_xbm, netpbm_words, numbers_at, usual_netpbm_header,
};
use crate::content::MediaType;
use crate::content::number::{be_u32_at, u16_at, u32_at};

/// Bytes in which the mark of an XPM is looked for, and what kind of samples an HDR has.
const HEAD: usize = 512;

/// The last bytes of a TGA file of version 2.
const TGA_FOOTER: &[u8] = b"TRUEVISION-XFILE.\0";

/// Bytes of the smallest pictures that something is seen in. A text with fewer may be an example of how one begins:
/// lists of media types have "RIFF....WEBP" in them.
const LEAST_PICTURE: usize = 26;

/// What picture `bytes` show; `None` when they are none.
pub(super) fn picture(bytes: &[u8]) -> Option<MediaType> {
    match bytes {
        [0xff, 0xd8, next, ..] if *next == 0xff || has_jpeg_frame(bytes) => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(MediaType::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(MediaType::Gif),
        [b'G', b'I', b'F', b'8', ..] if has_gif_frame(bytes) => Some(MediaType::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::WebP),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(MediaType::Tiff),
        // Pillow takes both orders, and goes by the letters.
        [b'I', b'I', 0, 42, ..] | [b'M', b'M', 42, 0, ..] => Some(MediaType::Tiff),
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', b'\r', b'\n', 0x87, b'\n', ..] => Some(MediaType::Jxl),
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => Some(MediaType::Jp2),
        [b'q', b'o', b'i', b'f', 0, 0, _, _, 0, 0, _, _, _, _, ..] => Some(MediaType::Qoi),
        [b'D', b'D', b'S', b' ', 124, 0, 0, 0, ..] => Some(MediaType::Dds),
        [b'B', b'M', ..] if is_bmp(bytes) => Some(MediaType::Bmp),
        [b'B' | b'C' | b'I' | b'P', ..] if is_bmp_of_os2(bytes) => Some(MediaType::Bmp),
        [0, 0, 1 | 2, 0, ..] if is_icon(bytes) => Some(MediaType::Ico),
        [b'P', b'1'..=b'7', ..] if is_pnm(bytes) => Some(MediaType::Pnm),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => heif(bytes),
        _ if is_tga(bytes) => Some(MediaType::Tga),
        _ if is_dib(bytes) => Some(MediaType::Dib),
        _ => simple(bytes).or_else(|| others::name(bytes).map(MediaType::OtherPicture)),
    }
}

/// Formats of other days and systems.
fn simple(bytes: &[u8]) -> Option<MediaType> {
    match bytes {
        [b'8', b'B', b'P', b'S', 0, 1 | 2, ..] => Some(MediaType::Psd),
        [10, 0..=5, _, 1 | 2 | 4 | 8, ..] if is_pcx(bytes) => Some(MediaType::Pcx),
        [1, 0xda, 0 | 1, 1 | 2, 0, 1..=3, ..] => Some(MediaType::Sgi),
        [0x59, 0xa6, 0x6a, 0x95, ..] => Some(MediaType::Sun),
        [b'i', b'c', b'n', b's', ..] if be_u32_at(bytes, 4).is_some_and(|length| length < 1 << 28) => {
            Some(MediaType::Icns)
        }
        _ if bytes.starts_with(&DCX) => Some(MediaType::Pcx),
        _ if has_in_head(bytes, b"* XPM *") => Some(MediaType::Xpm),
        _ if is_fits(bytes) => Some(MediaType::Fits),
        [b'#', b'?', ..] if is_hdr(bytes) => Some(MediaType::Hdr),
        _ if is_xbm(bytes).is_some() => Some(MediaType::Xbm),
        _ => None,
    }
}

fn has_in_head(bytes: &[u8], mark: &[u8]) -> bool {
    memchr::memmem::find(&bytes[..bytes.len().min(HEAD)], mark).is_some()
}

/// By the word that begins it; the sign after a name may be missing. Readers need two of the cards that come later.
fn is_fits(bytes: &[u8]) -> bool {
    let has = |name: &[u8]| memchr::memmem::find(bytes, name).is_some();
    bytes.starts_with(b"SIMPLE") && has(b"BITPIX") && has(b"NAXIS")
}

/// By its first word, or by what it says of its samples.
fn is_hdr(bytes: &[u8]) -> bool {
    bytes.starts_with(b"#?RADIANCE") || bytes.starts_with(b"#?RGBE") || has_in_head(bytes, b"FORMAT=32-bit_rle_")
}

fn is_side(side: Option<u32>) -> bool {
    side.is_some_and(|side| matches!(side, 1..=65_536))
}

/// By its planes and by sides that make sense. Readers ask for nothing else, neither for its packing nor for zeros.
fn is_pcx(bytes: &[u8]) -> bool {
    let side = |from: usize, to: usize| Some(i32::from(u16_at(bytes, to)?) - i32::from(u16_at(bytes, from)?));
    let is_side = |side: Option<i32>| side.is_some_and(|side| side >= 0);
    is_side(side(4, 8)) && is_side(side(6, 10)) && matches!(bytes.get(65), Some(1..=4))
}

/// By a header of Windows or OS/2 whose sides, bits and compression make sense. Readers do not look at the planes;
/// where these are unusual, half of the pixels have to be there.
fn is_dib(bytes: &[u8]) -> bool {
    let field = |at: usize, width: usize| {
        if width == 2 { u16_at(bytes, at).map(u32::from) } else { u32_at(bytes, at) }
    };
    let sides = |width: usize| [4, 4 + width].map(|at| field(at, width).map(|side| side.cast_signed().unsigned_abs()));
    let is_plain = |[columns, rows]: [Option<u32>; 2], bits: Option<u16>, planes: Option<u16>, usual: u16| {
        let (Some(columns), Some(rows), Some(bits @ (1 | 4 | 8 | 16 | 24 | 32))) = (columns, rows, bits) else {
            return false;
        };
        let pixels = u64::from(columns) * u64::from(rows) * u64::from(bits) / 8;
        let header = u64::from(bytes[0]);
        let is_usual = planes.is_some_and(|planes| planes <= usual && (usual > 1 || planes == 1));
        // It may be cut off.
        is_side(Some(columns)) && is_side(Some(rows)) && (is_usual || header + pixels / 2 <= bytes.len() as u64)
    };
    match bytes {
        // So short a header may be chance.
        [12, 0, 0, 0, ..] => is_plain(sides(2), u16_at(bytes, 10), u16_at(bytes, 8), 1),
        [40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0, ..] => {
            let is_packed = match u32_at(bytes, 16) {
                Some(0 | 3 | 6) => false,
                Some(1..=5) => true,
                _ => return false,
            };
            // Packed pixels have any length.
            let usual = if is_packed { u16::MAX } else { 255 };
            is_plain(sides(4), u16_at(bytes, 14), u16_at(bytes, 12), usual)
        }
        _ => false,
    }
}

/// Marks of OS/2 for icons, pointers and what has several of them, which ImageMagick reads as a BMP.
fn is_bmp_of_os2(bytes: &[u8]) -> bool {
    let one = |bytes: &[u8]| {
        matches!(bytes, [b'B', b'M', ..] | [b'C', b'I' | b'P', ..] | [b'I', b'C', ..] | [b'P', b'I', ..])
            && bytes.get(14..).is_some_and(is_dib)
    };
    one(bytes) || bytes.starts_with(b"BA") && bytes.get(14..).is_some_and(one)
}

/// Whether bytes that are something else may well look like this format.
pub(super) fn is_guess(media_type: MediaType, bytes: &[u8]) -> bool {
    if bytes.len() < LEAST_PICTURE && bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return true;
    }
    match media_type {
        MediaType::Jpeg => bytes[2] != 0xff,
        MediaType::Gif => bytes[5] != b'a',
        MediaType::Bmp => !bytes.starts_with(b"BM"),
        MediaType::Jxl => bytes.starts_with(&[0xff, 0x0a]) && !has_jxl_header(bytes),
        MediaType::Tga => !has_tga_footer(bytes),
        MediaType::Pnm => usual_netpbm_header(bytes).is_none(),
        MediaType::Xpm => !bytes[1..].starts_with(b"* XPM *"),
        MediaType::Xbm => is_xbm(bytes) != Some(Xbm::AtOnce),
        _ => false,
    }
}

/// By the size of its second header: as browsers have it between the least of OS/2 and the largest of Windows. That of
/// OS/2 may leave out what comes last, and Windows does not look at the reserved fields.
fn is_bmp(bytes: &[u8]) -> bool {
    matches!(bytes.get(14..18), Some([12..=255, 0, 0, 0]))
}

/// By its entries, one of which has to lead to a picture: a PNG, or a BMP without a file header. Browsers ask for
/// nothing else, neither lengths nor planes.
fn is_icon(bytes: &[u8]) -> bool {
    let count = usize::from(u16_at(bytes, 4).unwrap_or_default());
    let entries = bytes.get(6..).unwrap_or_default().as_chunks::<16>().0;
    entries.iter().take(count).any(|[.., a, b, c, d]| {
        let place = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let picture = if place < 22 { None } else { bytes.get(place..) };
        matches!(picture, Some([0x89, b'P', b'N', b'G', ..] | [12 | 16..=124, 0, 0, 0, ..]))
    })
}

/// By the number behind its first two characters, or by the fields of a PAM file.
fn is_pnm(bytes: &[u8]) -> bool {
    if bytes[1] == b'7' {
        let begins = bytes.starts_with(b"P7\nWIDTH") || bytes.starts_with(b"P7\n#");
        return begins || usual_netpbm_header(bytes).is_some();
    }
    let is_apart = matches!(bytes.get(2), Some(b'\t'..=b'\r' | b' ' | b'#'));
    is_apart && netpbm_words(&bytes[2..]).next().is_some_and(|word| word[0].is_ascii_digit())
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

/// Pixels of a picture that something can be seen on.
const LEAST_PIXELS: usize = 1_024;

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
    // Without colours, numbers of colours are grey.
    let is_unmapped = is_mapped && colour_map == 0;
    let fits = matches!(kind, 1..=3 | 9..=11) && colour_map <= 1;
    let bits_fit = match bits {
        1 => kind == 3,
        8 => true,
        15 | 16 | 24 | 32 => !is_mapped,
        _ => false,
    };
    if pixels == 0 || !fits || !bits_fit {
        return false;
    }
    if has_tga_footer(bytes) {
        return true;
    }
    let colours = usize::from(u16::from_le_bytes([m0, m1]));
    let map = colours * usize::from(entry_bits).div_ceil(8);
    let data = bytes.len().saturating_sub(18 + usize::from(id) + usize::from(colour_map) * map);
    let whole = if bits == 1 { pixels / 8 } else { pixels * usize::from(bits).div_ceil(8) };
    let has_no_map = [f0, f1, m0, m1, entry_bits] == [0; 5];
    let is_usual = match colour_map {
        0 => has_no_map,
        _ => is_mapped && [f0, f1] == [0; 2] && (2..=256).contains(&colours) && matches!(entry_bits, 15 | 16 | 24 | 32),
    };
    if is_unmapped || bits == 1 {
        return has_no_map && pixels >= LEAST_PIXELS && (kind > 8 || data >= whole);
    }
    if is_usual {
        // It may be cut off, or have something after its pixels.
        return data >= whole / (if kind > 8 { 128 } else { 16 });
    }
    // Runs take at least a pixel and a byte for 128 pixels. Anything may come after the pixels, and some programs write
    // the size of colours that there are none of.
    let has_all = if kind > 8 { data * 128 >= whole } else { data >= whole };
    let is_likely = pixels >= LEAST_PIXELS || data == whole;
    has_all && is_likely && (colour_map == 1 || entry_bits == 0 || kind <= 3)
}

#[cfg(test)]
mod tests;
