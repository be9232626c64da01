//! How files begin that nothing here decodes, and programs for pictures do.
//!
//! A mark of bytes that no text has is enough. Where it is a word, what follows it has to be what a reader asks for:
//! whether the file reads as text says nothing, since its samples may.
//!
//! Sources: what Pillow, ImageMagick and libvips ask of each format before they read it.

use super::super::decode::netpbm_words;
use super::{is_side, numbers_at};
use crate::content::number::{be_u32_at, u16_at, u32_at};

/// Where a mark is, the mark, the name of the format, and what is true besides.
type Mark = (usize, &'static [u8], &'static str, fn(&[u8]) -> bool);

/// The name of the format, and what is true of it.
type Shape = (&'static str, fn(&[u8]) -> bool);

const fn always(_: &[u8]) -> bool {
    true
}

const MARKS: [Mark; 40] = [
    (0, b"\x76\x2f\x31\x01", "exr", always),
    (0, b"SDPX", "dpx", |bytes| is_within(bytes, be_u32_at(bytes, 4))),
    (0, b"XPDS", "dpx", |bytes| is_within(bytes, u32_at(bytes, 4))),
    (0, b"\x80\x2a\x5f\xd7", "cin", always),
    (0, b"gimp xcf ", "xcf", |bytes| bytes.get(13) == Some(&0)),
    (0, b"BPG\xfb", "bpg", always),
    (0, b"FLIF", "flif", |bytes| matches!(bytes, [_, _, _, _, 0x31..=0x64, b'0'..=b'2', ..])),
    (0, b"II\xbc\x01", "jxr", always),
    (0, b"\x8aMNG\r\n\x1a\n", "mng", always),
    (0, b"\x8bJNG\r\n\x1a\n", "jng", always),
    (0, b"farbfeld", "farbfeld", |bytes| is_side(be_u32_at(bytes, 8)) && is_side(be_u32_at(bytes, 12))),
    (0, b"P7 332", "xv", |bytes| numbers_at::<3>(after_line(bytes)).is_some()),
    (0, b"P0CMYK", "pil", |bytes| numbers_at::<3>(&bytes[6..]).is_some()),
    (0, b"PyCMYK", "pil", |bytes| numbers_at::<3>(&bytes[6..]).is_some()),
    (0, b"PyRGBA", "pil", |bytes| numbers_at::<3>(&bytes[6..]).is_some()),
    (0, b"PyP", "pil", |bytes| numbers_at::<3>(&bytes[3..]).is_some()),
    (0, b"BLP1", "blp", |bytes| matches!(u32_at(bytes, 4), Some(0 | 1))),
    (0, b"BLP2", "blp", |bytes| matches!(u32_at(bytes, 4), Some(0 | 1))),
    (0, b"Paint Shop Pro Image File\n\x1a", "psp", always),
    (0, b"VTF\0", "vtf", always),
    (0, b"\xabKTX 11\xbb\r\n\x1a\n", "ktx", always),
    (0, b"\xabKTX 20\xbb\r\n\x1a\n", "ktx", always),
    (0, b"\x13\xab\xa1\x5c", "astc", always),
    (0, b"DanM", "msp", adds_up),
    (0, b"LinS", "msp", adds_up),
    (0, b"FTEX", "ftex", |bytes| is_side(u32_at(bytes, 8)) && is_side(u32_at(bytes, 12))),
    (0, b"\x80\xe8\0\0", "pixar", |bytes| is_short_side(u16_at(bytes, 416)) && is_short_side(u16_at(bytes, 418))),
    (0, b"\xab\x01", "viff", is_viff),
    (0, b"\x52\xcc", "rle", |bytes| is_short_side(u16_at(bytes, 6)) && bytes.get(12) == Some(&8)),
    (0, b"\xffWPC", "wpg", |bytes| matches!(bytes.get(8..10), Some([1, 0x16]))),
    (0, b"SFW9", "sfw", |bytes| memchr::memmem::find(bytes, b"\xff\xc8\xff").is_some()),
    (0, b"AT&TFORM", "djvu", |bytes| matches!(bytes.get(12..16), Some(b"DJVU" | b"DJVM"))),
    (0, b"# ImageMagick pixel enumeration: ", "txt", |bytes| bytes[33..].first().is_some_and(u8::is_ascii_digit)),
    (0, b"LBLSIZE", "vicar", |bytes| has_word(bytes, b"FORMAT") && has_word(bytes, b"NL") && has_word(bytes, b"NS")),
    (0, b"NJPL1I", "vicar", |bytes| has_word(bytes, b"LBLSIZE")),
    (8, b"ILBM", "ilbm", |bytes| bytes.starts_with(b"FORM")),
    (8, b"PBM BMHD", "ilbm", |bytes| bytes.starts_with(b"FORM")),
    (128, b"DICM", "dcm", always),
    (522, b"\0\x11\x02\xff\x0c\0", "pict", always),
    (2_048, b"PCD_", "pcd", always),
];

/// Formats that have no mark, or more than one.
const SHAPES: [Shape; 12] = [
    ("miff", |bytes| has_start(bytes, b"id=ImageMagick")),
    ("pfm", is_pfm),
    ("pgx", is_pgx),
    ("cals", is_cals),
    ("pict", |bytes| {
        bytes.starts_with(b"PICT") && matches!(bytes.get(14..18), Some([0, 0x11, 2, 0xff] | [0x11, 1, ..]))
    }),
    ("gbr", is_gbr),
    ("fli", is_fli),
    ("iptc", is_iptc),
    ("imt", is_imt),
    ("mcidas", is_mcidas),
    ("xwd", |bytes| is_xwd(|at| be_u32_at(bytes, at)) || is_xwd(|at| u32_at(bytes, at))),
    ("spider", |bytes| is_spider(bytes, be_u32_at) || is_spider(bytes, u32_at)),
];

/// The name of such a format.
pub(super) fn name(bytes: &[u8]) -> Option<&'static str> {
    let is = |(at, magic, _, fits): &&Mark| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic)) && fits(bytes);
    let marked = MARKS.iter().find(is).map(|(_, _, name, _)| *name);
    let shaped = || SHAPES.iter().find(|(_, is)| is(bytes)).map(|(name, _)| *name);
    marked.or_else(shaped).or_else(|| is_im(bytes).then_some("im"))
}

/// Whether `place` lies within the file.
fn is_within(bytes: &[u8], place: Option<u32>) -> bool {
    place.is_some_and(|place| place as usize <= bytes.len())
}

fn is_short_side(side: Option<u16>) -> bool {
    side.is_some_and(|side| side > 0)
}

fn has_start(bytes: &[u8], start: &[u8]) -> bool {
    bytes.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start))
}

/// Whether the first bytes have a word with a value.
fn has_word(bytes: &[u8], word: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(4_096)];
    memchr::memmem::find_iter(head, word).any(|at| head.get(at + word.len()) == Some(&b'='))
}

/// What follows the first line, and comments after it.
fn after_line(bytes: &[u8]) -> &[u8] {
    memchr::memchr(b'\n', bytes).map_or(&[], |end| &bytes[end..])
}

/// Whether the first sixteen words cancel each other out, as readers of Microsoft Paint ask.
fn adds_up(bytes: &[u8]) -> bool {
    let words = bytes.get(..32).unwrap_or_default().as_chunks::<2>().0;
    !words.is_empty() && words.iter().fold(0, |sum, word| sum ^ u16::from_le_bytes(*word)) == 0
}

/// Two sides and a scale, and at least half of the samples.
fn is_pfm(bytes: &[u8]) -> bool {
    let [b'P', b'F' | b'f', rest @ ..] = bytes else { return false };
    let samples = if bytes[1] == b'F' { 12 } else { 4 };
    let mut words = netpbm_words(rest);
    let mut number = || words.next().and_then(|word| std::str::from_utf8(word).ok()?.parse::<f64>().ok());
    let is_apart = rest.first().is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'#' | 0x0b));
    let (Some(width), Some(height), Some(_), true) = (number(), number(), number(), is_apart) else { return false };
    width >= 1.0 && height >= 1.0 && width * height * f64::from(samples) <= bytes.len() as f64 * 2.0
}

/// The order of bytes, a sign, and three numbers.
fn is_pgx(bytes: &[u8]) -> bool {
    let [b'P', b'G', b' ', b'M' | b'L', b'M' | b'L', rest @ ..] = bytes else { return false };
    let rest = rest.trim_ascii_start();
    numbers_at::<3>(rest.strip_prefix(b"+").or_else(|| rest.strip_prefix(b"-")).unwrap_or(rest)).is_some()
}

/// A header of lines of 128 characters.
fn is_cals(bytes: &[u8]) -> bool {
    let begins = [&b"srcdocid:"[..], b"rorient:", b"version: MIL-STD-1840"].iter().any(|start| has_start(bytes, start));
    let head = &bytes[..bytes.len().min(2_048)];
    begins && head.len() == 2_048 && memchr::memmem::find(head, b"rpelcnt:").is_some()
}

fn is_viff(bytes: &[u8]) -> bool {
    let sides = |side: fn(&[u8], usize) -> Option<u32>| is_side(side(bytes, 520)) && is_side(side(bytes, 524));
    bytes.len() > 1_024 && matches!(bytes[4], 2 | 4 | 8 | 10) && (sides(be_u32_at) || sides(u32_at))
}

/// A brush of GIMP, whose first version has no mark: by its length.
fn is_gbr(bytes: &[u8]) -> bool {
    let numbers = [0, 4, 8, 12, 16].map(|at| be_u32_at(bytes, at).map_or(0, u64::from));
    let [header, version, width, height, each] = numbers;
    let is_header = (20..4_096).contains(&header) && matches!(version, 1 | 2) && matches!(each, 1 | 4);
    let pixels = width.saturating_mul(height).saturating_mul(each);
    is_header && pixels > 0 && pixels.saturating_add(header) <= bytes.len() as u64
}

/// A film of Autodesk Animator.
fn is_fli(bytes: &[u8]) -> bool {
    let is_marked = matches!(bytes.get(4..6), Some([0x11 | 0x12, 0xaf]));
    let is_plain = matches!(bytes.get(14..16), Some([0 | 3, 0])) && matches!(bytes.get(20..22), Some([0, 0]));
    is_marked && is_plain && is_short_side(u16_at(bytes, 8)) && is_short_side(u16_at(bytes, 10))
}

/// Records of IPTC that are a picture and not about one: they begin with its sides or its kind, and have its samples.
fn is_iptc(bytes: &[u8]) -> bool {
    let begins = matches!(bytes, [0x1c, 1..=3, _, ..]) && memchr::memmem::find(bytes, &[0x1c, 8, 10]).is_some();
    begins && [20, 30].into_iter().all(|side| memchr::memmem::find(bytes, &[0x1c, 3, side]).is_some())
}

/// Lines of names and values up to a form feed, with both sides and the kind of samples among them, and the samples.
fn is_imt(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(100)];
    let Some(end) = memchr::memchr(0x0c, head) else { return false };
    let side = |name: &[u8]| {
        let line = head[..end].split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name))?;
        std::str::from_utf8(line).ok()?.trim().parse::<usize>().ok().filter(|side| *side > 0)
    };
    let sides = side(b"width ").zip(side(b"height ")).filter(|_| memchr::memmem::find(head, b"pixel n8").is_some());
    sides.is_some_and(|(width, height)| width.saturating_mul(height) <= bytes.len() - end)
}

/// A satellite's area: by its length.
fn is_mcidas(bytes: &[u8]) -> bool {
    let number = |at: usize| be_u32_at(bytes, at).map_or(0, u64::from);
    let (rows, columns, each) = (number(32), number(36), number(40));
    let samples = rows.saturating_mul(columns).saturating_mul(each);
    bytes.starts_with(&[0, 0, 0, 0, 0, 0, 0, 4])
        && matches!(each, 1 | 2 | 4)
        && samples > 0
        && samples.saturating_add(256) <= bytes.len() as u64
}

/// A window of X, version 7.
fn is_xwd(number: impl Fn(usize) -> Option<u32>) -> bool {
    let fits = |at: usize, range: std::ops::RangeInclusive<u32>| number(at).is_some_and(|field| range.contains(&field));
    fits(0, 100..=4_096)
        && fits(4, 7..=7)
        && fits(8, 0..=2)
        && fits(12, 1..=32)
        && is_side(number(16))
        && is_side(number(20))
}

/// One layer of SPIDER: its header is made of floating point numbers which fit each other.
fn is_spider(bytes: &[u8], number: fn(&[u8], usize) -> Option<u32>) -> bool {
    // As its description counts them, from 1.
    let field = |at: usize| number(bytes, 4 * (at - 1)).map_or(f32::NAN, f32::from_bits);
    let whole = |at: usize| field(at) >= 1.0 && field(at).fract() == 0.0;
    let fits = field(5) == 1.0 && [2, 12, 13, 22, 23].into_iter().all(whole) && field(22) == field(13) * field(23);
    fits && f64::from(field(22)) + f64::from(field(2)) * f64::from(field(12)) * 4.0 <= bytes.len() as f64
}

/// Lines of names and values, a mark, and as many pixels as one of them says. Without one there are 512 × 512.
fn is_im(bytes: &[u8]) -> bool {
    const MOST: usize = 100;
    let (mut rest, mut lines, mut least) = (bytes, 0, 512 * 512);
    loop {
        while let [b'\r', after @ ..] = rest {
            rest = after;
        }
        if let [0 | 0x1a, ..] = rest {
            break;
        }
        let Some(end) = memchr::memchr(b'\n', &rest[..rest.len().min(MOST)]) else { return false };
        let line = &rest[..end];
        let Some(colon) = memchr::memchr(b':', line).filter(|_| line[0].is_ascii_alphabetic()) else { return false };
        if has_start(line, b"Image size") {
            let numbers = line[colon..].split(|byte| !byte.is_ascii_digit()).filter(|word| !word.is_empty());
            let side = |word| std::str::from_utf8(word).ok()?.parse::<usize>().ok();
            // A pixel has at least a bit.
            least = numbers.filter_map(side).take(2).fold(1, usize::saturating_mul) / 8;
        }
        (rest, lines) = (&rest[end + 1..], lines + 1);
    }
    let pixels = memchr::memchr(0x1a, rest).map_or(0, |mark| rest.len() - mark - 1);
    lines > 0 && pixels > 0 && pixels >= least
}

#[cfg(test)]
mod tests {
    /// A mark at its place in a file, the rest zeros.
    fn file(length: usize, pieces: &[(usize, &[u8])]) -> Vec<u8> {
        let mut file = vec![0; length];
        pieces.iter().for_each(|(at, piece)| file[*at..at + piece.len()].copy_from_slice(piece));
        file
    }

    #[test]
    fn every_format_is_told_by_what_its_readers_ask_for() {
        let floats = |fields: &[(usize, f32)], bytes: fn(f32) -> [u8; 4]| {
            let mut header = vec![0; 1_280 + 64];
            fields.iter().for_each(|(at, field)| header[4 * (at - 1)..4 * at].copy_from_slice(&bytes(*field)));
            header
        };
        let spider = [(1, 1.0), (2, 4.0), (5, 1.0), (12, 4.0), (13, 1.0), (22, 1_280.0), (23, 1_280.0)];
        let text = |start: &str| [start.as_bytes(), &[b'a'; 64]].concat();
        for (name, file) in [
            ("dpx", [&b"SDPX\0\0\x08\0"[..], &[b'x'; 4_000]].concat()),
            ("cin", [&b"\x80\x2a\x5f\xd7"[..], &[b'x'; 4_000]].concat()),
            ("pfm", text("PF\n2 2\n-1.0\n")),
            ("pfm", text("Pf 4 4\r-1\n")),
            ("pfm", text("Pf#a\n4 4 1.0\n")),
            ("xv", text("P7 332\n#XVVERSION:x\n#END\n4 4 255\n")),
            ("pil", text("P0CMYK\n4 4\n255\n")),
            ("pil", text("PyP 4 4 255 ")),
            ("pgx", text("PG ML + 8 4 4\n")),
            ("pgx", text("PG LM -8 4 4\n")),
            ("txt", b"# ImageMagick pixel enumeration: 4,4,255,srgb\n0,0: (1,1,1)".to_vec()),
            ("vicar", text("LBLSIZE=64 FORMAT='BYTE' NL=4 NS=4 ")),
            ("cals", file(3_000, &[(0, b"SRCDOCID: NONE"), (1_024, b"rpelcnt: 000004,000004")])),
            ("viff", file(2_000, &[(0, &[0xab, 1, 1, 3, 2]), (520, &[0, 0, 0, 4]), (524, &[0, 0, 0, 4])])),
            ("pict", file(600, &[(522, b"\0\x11\x02\xff\x0c\0")])),
            ("pict", file(60, &[(0, b"PICT"), (14, b"\0\x11\x02\xff\x0c\0")])),
            ("fli", file(200, &[(4, &[0x12, 0xaf, 1, 0, 4, 0, 4, 0, 8, 0])])),
            ("ftex", file(80, &[(0, b"FTEX\x01\0\0\0\x04\0\0\0\x04\0\0\0")])),
            ("mcidas", file(300, &[(7, &[4]), (35, &[4, 0, 0, 0, 4, 0, 0, 0, 1])])),
            ("pixar", file(1_100, &[(0, b"\x80\xe8"), (416, &[4, 0, 4, 0])])),
            ("gbr", file(60, &[(3, &[20, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1])])),
            ("xwd", file(200, &[(3, &[101, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0, 24, 0, 0, 0, 4, 0, 0, 0, 4])])),
            ("spider", floats(&spider, f32::to_be_bytes)),
            ("spider", floats(&spider, f32::to_le_bytes)),
            ("im", [&b"Image type: L image\r\nImage size (x*y): 8*8\r\n\0\0\x1a"[..], &[b'a'; 64]].concat()),
            ("im", [&b"a: b\n\x1a"[..], &[b'a'; 512 * 512]].concat()),
            ("imt", [&b"width 8\nheight 8\npixel n8\n\x0c"[..], &[b'a'; 64]].concat()),
            (
                "iptc",
                [
                    &b"\x1c\x03\x3c\0\x02\x01\0\x1c\x03\x14\0\x01\x08\x1c\x03\x1e\0\x01\x08"[..],
                    b"\x1c\x08\x0a\0\x40",
                    &[b'a'; 64],
                ]
                .concat(),
            ),
            ("miff", b"Id=ImageMagick  version=1.0".to_vec()),
            ("djvu", b"AT&TFORM\0\0\0\x0aDJVUINFO".to_vec()),
        ] {
            assert_eq!(super::name(&file), Some(name), "{:?}", String::from_utf8_lossy(&file[..file.len().min(40)]));
        }
    }

    #[test]
    fn texts_that_begin_like_them_are_none() {
        for text in [
            "Pf is a note for a pianist",
            "PF 12 and 14 are the rooms",
            "P7 332 is the number of a bus",
            "PyP is short for something",
            "PG ML and other grades",
            "SDPX is a word",
            "XPDS too",
            "PICTURES of the year",
            "FLIF is a format, and not a text",
            "BLP1 and BLP2 are others",
            "DanMark",
            "LinSeed and other oils",
            "LBLSIZE is what a label has",
            "srcdocid: none",
            "SFW94 is a film",
            "Image type: RGB image\nImage size (x*y): 320*200\n\nand so on",
            "From: a\r\nTo: b\r\n\r\nDear b, \x1a and so on",
            "# ImageMagick pixel enumeration: it is a text",
            "gimp xcf files are pictures",
            "farbfeld is a format too",
            "AT&TFORM",
            "width 8\nheight 8\n\x0cthe next page",
        ] {
            let long = [text.as_bytes(), &[b' '; 3_000]].concat();
            assert_eq!((super::name(text.as_bytes()), super::name(&long)), (None, None), "{text}");
        }
    }
}
