//! Metadata as cameras and programs write it, and that no bytes do any harm.

use super::*;
use crate::config::Ambiguity;
use crate::content::{ExtractLimits, Part};
use crate::extract::dissection::testing::gathered;

fn texts(bytes: Vec<u8>) -> Vec<(String, String)> {
    let part = Part::new(PartKind::File, bytes.into());
    let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| super::super::show_texts(&part, found));
    assert_eq!(found.problems, []);
    let parts = found.parts.into_iter();
    parts.map(|part| (part.name.unwrap_or_default(), String::from_utf8_lossy(&part.bytes).into_owned())).collect()
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    [&[0xff, marker][..], &(content.len() as u16 + 2).to_be_bytes(), content].concat()
}

fn jpeg_with(segments: &[Vec<u8>]) -> Vec<u8> {
    [&b"\xff\xd8"[..], &segments.concat(), b"\xff\xda\0\x02\x12\xff\0\x34\xff\xfe\0\x06late\xff\xd9"].concat()
}

/// A directory in the order of Intel or Motorola with these tags, their types and values.
fn tiff(is_little: bool, entries: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let two = |n: u16| if is_little { n.to_le_bytes() } else { n.to_be_bytes() };
    let four = |n: usize| if is_little { (n as u32).to_le_bytes() } else { (n as u32).to_be_bytes() };
    let mut head =
        [if is_little { &b"II"[..] } else { b"MM" }, &two(42), &four(8), &two(entries.len() as u16)].concat();
    let mut values = Vec::new();
    let start = 10 + entries.len() * 12 + 4;
    for (tag, kind, value) in entries {
        head.extend([two(*tag), two(*kind)].concat());
        head.extend(four(value.len()));
        head.extend(four(start + values.len()));
        values.extend_from_slice(value);
        values.resize(values.len().next_multiple_of(8), 0);
    }
    [head, four(0).to_vec(), values].concat()
}

fn exif(is_little: bool) -> Vec<u8> {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let comment = |text: &str| {
        let units =
            text.encode_utf16().flat_map(|unit| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() });
        [&b"UNICODE\0"[..], &units.collect::<Vec<u8>>()].concat()
    };
    tiff(
        is_little,
        &[
            (0x010e, 2, b"a description\0"),
            (0x013b, 2, b"an artist\0"),
            (0x8298, 2, b"photographer\0editor\0"),
            (0x9286, 7, &comment("a comment")),
            (0x9c9b, 1, &wide("a title")),
            (0x9c9c, 1, &wide("a remark")),
            (0x83bb, 7, b"\x1c\x02\x78\0\x09a caption"),
        ],
    )
}

const EXIF_TEXTS: [(&str, &str); 7] = [
    ("exif ImageDescription", "a description"),
    ("exif Artist", "an artist"),
    ("exif Copyright", "photographer\neditor"),
    ("exif UserComment", "a comment"),
    ("exif XPTitle", "a title"),
    ("exif XPComment", "a remark"),
    ("iptc", "a caption"),
];

#[track_caller]
fn assert_has(bytes: Vec<u8>, expected: &[(&str, &str)]) {
    let texts = texts(bytes);
    for (name, text) in expected {
        assert!(texts.contains(&((*name).to_owned(), (*text).to_owned())), "{name}: {text} is not in {texts:?}");
    }
}

#[test]
fn exif_is_read_in_both_orders_in_every_format() {
    for is_little in [true, false] {
        let exif = exif(is_little);
        let length = (exif.len() as u32).to_be_bytes();
        let riff = [b"RIFF\0\0\0\0WEBPEXIF", &(exif.len() as u32).to_le_bytes()[..], &exif].concat();
        let heif = [&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x06Exif\0\0"[..], &exif].concat();
        let profile = [EXIF, &exif].concat();
        let hex = data_encoding::HEXLOWER.encode(&profile);
        let raw = format!("Raw profile type exif\0\nexif\n    {}\n{hex}\n", profile.len());
        for bytes in [
            exif.clone(),
            jpeg_with(&[segment(0xe0, b"JFIF\0"), segment(0xe1, &[EXIF, &exif].concat())]),
            [b"\x89PNG\r\n\x1a\n", &length[..], b"eXIf", &exif, b"crc!"].concat(),
            [b"\x89PNG\r\n\x1a\n", &(raw.len() as u32).to_be_bytes()[..], b"tEXt", raw.as_bytes(), b"crc!"].concat(),
            riff,
            heif,
        ] {
            assert_has(bytes, &EXIF_TEXTS);
        }
    }
}

#[test]
fn comments_captions_and_packets_of_jpeg_are_texts() {
    let iptc = b"\x1c\x02\x19\0\x07keyword\x1c\x02\x78\x80\x02\0\x07caption\x1c\x01\x5a\0\x03\x1b%G";
    let block = [b"8BIM\x04\x04\x02ab\0", &(iptc.len() as u32).to_be_bytes()[..], iptc].concat();
    let other = b"8BIM\x03\xed\0\0\0\0\0\x03abc\0";
    let packet = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><dc:title><b>for</b>bidden</dc:title></x:xmpmeta>";
    let long = |text: &str| [b"http://ns.adobe.com/xmp/extension/\0", &[b'0'; 40][..], text.as_bytes()].concat();
    let jpeg = jpeg_with(&[
        segment(0xfe, b"a comment"),
        segment(0xed, &[b"Photoshop 3.0\0", &other[..], &block].concat()),
        segment(0xe1, packet),
        segment(0xe1, &long("<a>ext")),
        segment(0xe1, &long("ended</a>")),
    ]);
    assert_has(
        jpeg,
        &[
            ("comment", "a comment"),
            ("comment", "late"),
            ("iptc", "keyword"),
            ("iptc", "caption"),
            ("text", "forbidden\n"),
            ("xmp extension", "<a>extended</a>"),
        ],
    );
}

#[test]
fn chunks_of_png_and_comments_of_gif_are_texts() {
    let chunk =
        |kind: &[u8], content: &[u8]| [&(content.len() as u32).to_be_bytes()[..], kind, content, b"crc!"].concat();
    let packed = miniz_oxide::deflate::compress_to_vec_zlib("compressed ü".as_bytes(), 6);
    let png = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &[0; 13]),
        chunk(b"tEXt", b"Title\0plain"),
        chunk(b"zTXt", &[b"Comment\0\0", &packed[..]].concat()),
        chunk(b"iTXt", &[b"Author\0\x01\0de\0Verfasser\0", &packed[..]].concat()),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<i>for</i>bidden"),
    ]
    .concat();
    assert_has(
        png,
        &[
            ("png keyword", "Title"),
            ("png text", "plain"),
            ("png text", "compressed ü"),
            ("png keyword", "Verfasser"),
            ("text", "forbidden"),
        ],
    );
    let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x21\xfe\x05for b\x05idden\0\x21\x01\x0cxxxxxxxxxxxx\x04text\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x21\xfe\x04last\0\x3b";
    assert_has(gif.to_vec(), &[("comment", "for bidden"), ("comment", "text"), ("comment", "last")]);
    // Where there is nothing to read, there is no text.
    assert_eq!(texts([b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &[0; 13])].concat()), []);
}

#[test]
fn directories_in_circles_and_values_in_each_other_end() {
    let mut circle = exif(true);
    let next = 10 + 7 * 12;
    circle[next..next + 4].copy_from_slice(&8_u32.to_le_bytes());
    assert_has(circle, &EXIF_TEXTS[..1]);
    let mut wide = tiff(true, &vec![(0x010e, 2, &b"x"[..]); 4000]);
    let length = wide.len() as u32;
    for at in (10..10 + 4000 * 12).step_by(12) {
        wide[at + 4..at + 8].copy_from_slice(&length.to_le_bytes());
        wide[at + 8..at + 12].fill(0);
    }
    assert!(texts(wide).len() <= 4);
}

proptest::proptest! {
    #[test]
    fn no_bytes_do_any_harm(start in 0_usize..6, bytes: Vec<u8>, cut in 0_usize..400, flip in 0_usize..400, with: u8) {
        let heads: [&[u8]; 6] = [b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBPEXIF", b"II*\0", b"MM\0*"];
        texts([heads[start], &bytes].concat());
        let mut whole = jpeg_with(&[segment(0xe1, &[EXIF, &exif(start % 2 == 0)].concat()), segment(0xed, b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x09\x1c\x02\x78\0\x04text")]);
        let place = flip % whole.len();
        whole[place] = with;
        whole.truncate(cut);
        texts(whole);
    }
}

#[test]
fn what_programs_keep_of_a_drawing_is_looked_into() {
    let chunk =
        |kind: &[u8], content: &[u8]| [&(content.len() as u32).to_be_bytes()[..], kind, content, &[0; 4]].concat();
    let escaped = b"%3Cmxfile%20a%3D%22kept%20value%22%2F%3E";
    let deflated = miniz_oxide::deflate::compress_to_vec(escaped, 6);
    for text in [
        chunk(b"tEXt", &[&b"mxfile\0"[..], escaped].concat()),
        chunk(b"zTXt", &[&b"mxGraphModel\0\0"[..], &deflated].concat()),
        chunk(b"tEXt", b"application/json\0{\"a\": \"kept value\", \"b\": \"\xe9\"}"),
    ] {
        let png = [&b"\x89PNG\r\n\x1a\n"[..], &text, &chunk(b"IEND", b"")].concat();
        let part = Part::new(PartKind::File, png.into());
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(part, None));
        assert_eq!(found.problems, []);
        let kept: [&[u8]; 2] = [b"<mxfile a=\"kept value\"/>", b"kept value"];
        assert!(found.parts.iter().any(|part| kept.contains(&&part.bytes[..])), "{text:?}");
    }
}
