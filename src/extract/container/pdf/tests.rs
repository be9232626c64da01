//! Streams with all filters, and files whose structure is broken.

use super::*;
use crate::content::{Composition, Mosaic};
use crate::extract::container::testing::{LISTED, codes, listed, opened};

/// An object with a stream.
fn object(number: u32, dictionary: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("{number} 0 obj\n<< /Length {} {dictionary} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream\nendobj\n"].concat()
}

fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    [b"%PDF-1.7\n", &objects.concat()[..], b"trailer << /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"].concat()
}

fn zlib(content: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(content, 6)
}

fn hex(content: &[u8]) -> Vec<u8> {
    [data_encoding::HEXLOWER.encode(content).as_bytes(), b">"].concat()
}

#[test]
fn embedded_files_come_out_of_every_filter_and_chain() {
    let runs = [&[LISTED.len() as u8 - 1][..], LISTED, &[128]].concat();
    let lzw = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(LISTED).unwrap();
    let bare = miniz_oxide::deflate::compress_to_vec(LISTED, 6);
    for (filter, content) in [
        ("", LISTED.to_vec()),
        ("/Filter /FlateDecode", zlib(LISTED)),
        ("/Filter /FlateDecode", bare),
        ("/Filter [/ASCIIHexDecode /FlateDecode]", hex(&zlib(LISTED))),
        ("/Filter [ /AHx ]", hex(LISTED)),
        ("/Filter/ASCII85Decode", br#"792uR/Oi<*74gi/<(0^~>"#.to_vec()),
        // What is no digit is one nevertheless, and does not put the rest out of step.
        ("/Filter[/ASCII85Decode]", b"792uR/Oi;\x7f74gi/<(0^~>".to_vec()),
        ("/Filter /AHx", hex(LISTED).iter().map(|digit| if *digit == b'0' { b'x' } else { *digit }).collect()),
        ("/Filter /RunLengthDecode", runs),
        ("/Filter /LZWDecode", lzw),
        ("/Fi#6cter /Fl", zlib(LISTED)),
    ] {
        let found = opened(file(&[object(3, &format!("/Type /EmbeddedFile {filter}"), &content)]));
        assert_eq!(codes(&found), [], "{filter}");
        assert!(listed(&found) > 0, "{filter}");
    }
}

#[test]
fn pages_are_shown_with_digits_in_place_of_what_is_none() {
    let pages = |filter: &str, content: &[u8]| {
        let found = opened(file(&[object(3, &format!("/Filter {filter}"), content)]));
        let of_part = |part: &Part| match part.composition.as_deref() {
            Some(Composition::Pages(pdf)) => Some(String::from_utf8_lossy(pdf).into_owned()),
            _ => None,
        };
        found.parts.iter().filter_map(of_part).collect::<Vec<_>>()
    };
    assert_eq!(pages("/AHx", b"00 ff>").len(), 1);
    assert!(pages("/AHx", b"00 fx>")[1].contains("00 f0>"));
    assert!(pages("[/ASCII85Decode]", b"792uR/Oi;\x7f74gi~>")[1].contains("792uR/Oi<*74gi~>"));
}

#[test]
fn pages_are_shown_of_a_file_without_a_trailer() {
    let shown = |end: &str| {
        let found = opened([b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj ", end.as_bytes()].concat());
        let pages = found.parts.iter().find_map(|part| match part.composition.as_deref() {
            Some(Composition::Pages(pdf)) => Some(pdf.clone()),
            _ => None,
        });
        String::from_utf8_lossy(&pages.unwrap()).matches("trailer").count()
    };
    assert_eq!(shown(""), 1);
    assert_eq!(shown("trailer<</Root 1 0 R>>"), 1, "as it is");
    assert_eq!(shown("9 0 obj<</Type/XRef/Root 1 0 R>>endobj "), 0, "as it is");
}

#[test]
fn attached_files_are_told_by_who_attaches_them() {
    for (others, number) in [
        ("1 0 obj<</Type/Filespec/F(a)/EF<</F 9 0 R>>>>endobj ", 1),
        ("1 0 obj<</EF<</UF 9 0 R/F 9 0 R>>>>endobj ", 1),
        ("1 0 obj<</EF 2 0 R>>endobj 2 0 obj<</F 9 0 R>>endobj ", 1),
        ("1 0 obj<</RF<</F[(a) 9 0 R]>>>>endobj ", 1),
        ("1 0 obj<</RF<</F 2 0 R>>>>endobj 2 0 obj[(a) 9 0 R]endobj ", 1),
        ("1 0 obj<</Names[(a)<</EF<</F 9 0 R>>>>]>>endobj ", 1),
        ("1 0 obj<</Metadata 9 0 R>>endobj ", 0),
    ] {
        for kind in ["", "/Type/Metadata", "/Subtype/Image/Width 3/Height 5"] {
            let found = opened(file(&[others.as_bytes().to_vec(), object(9, kind, LISTED)]));
            let entries = found.parts.iter().filter(|part| part.kind == PartKind::Entry && part.bytes == LISTED);
            assert_eq!((codes(&found), entries.count()), (vec![], number), "{others}{kind}");
        }
    }
}

#[test]
fn nothing_depends_on_lengths_tables_or_types() {
    let good = object(3, "/Filter /FlateDecode", &zlib(LISTED));
    let wrong_length =
        [&b"3 0 obj<</Length 99999/Filter/FlateDecode>>stream\r\n"[..], &zlib(LISTED), b"endstream"].concat();
    let reference = [
        &b"3 0 obj<</Length 9 0 R/Filter 8 0 R>>stream\n"[..],
        &zlib(LISTED),
        b"endstream 8 0 obj[/FlateDecode]endobj",
    ]
    .concat();
    let no_end = [&b"3 0 obj<</Filter/FlateDecode>>stream\n"[..], &zlib(LISTED)].concat();
    let inside = object(2, "", &good);
    for object in [good, wrong_length, reference, no_end, inside] {
        let found = opened([b"junk\n%PDF-1.4\n", &object[..]].concat());
        assert_eq!((codes(&found), listed(&found)), (vec![], 1), "{}", String::from_utf8_lossy(&object));
    }
}

/// Rows of a picture, as PNG's filter `Up` makes differences of them.
fn differences(rows: &[&[u8]]) -> Vec<u8> {
    let mut above = vec![0; rows[0].len()];
    let mut encoded = Vec::new();
    for row in rows {
        encoded.push(2);
        encoded.extend(row.iter().zip(&above).map(|(here, up)| here.wrapping_sub(*up)));
        above = row.to_vec();
    }
    encoded
}

/// The colours of a picture that was made of samples.
#[expect(clippy::disallowed_methods, reason = "the picture is our own")]
pub(super) fn pixels_of(picture: &[u8]) -> Vec<u8> {
    image::load_from_memory(picture).unwrap().into_rgb8().into_raw()
}

fn pixels(found: &crate::extract::Extraction) -> Vec<u8> {
    let picture = found.parts.iter().find(|part| part.bytes.starts_with(b"\x89PNG")).expect("a picture");
    pixels_of(&picture.bytes)
}

#[test]
fn samples_become_pictures_in_every_colour_space() {
    let red_blue = [255, 0, 0, 0, 0, 255];
    for (dictionary, samples) in [
        ("/ColorSpace /DeviceRGB", red_blue.to_vec()),
        ("/ColorSpace [/ICCBased 9 0 R]", red_blue.to_vec()),
        ("/ColorSpace [/Indexed /DeviceRGB 1 <ff00000000ff>]", vec![0, 1]),
        ("/ColorSpace [/Indexed 8 0 R 1 (\\377\\000\\000\\000\\000\\377)] /BitsPerComponent 1", vec![0b0100_0000]),
        ("/ColorSpace /DeviceCMYK", vec![0, 255, 255, 0, 255, 255, 0, 0]),
        ("/ColorSpace /DeviceRGB /BitsPerComponent 16", red_blue.iter().flat_map(|sample| [*sample, 7]).collect()),
    ] {
        let image = object(
            3,
            &format!("/Subtype /Image /Width 2 /Height 1 {dictionary} /Filter /FlateDecode"),
            &zlib(&samples),
        );
        let others = [object(9, "/N 3", b"profile"), b"8 0 obj /DeviceRGB endobj ".to_vec()].concat();
        let found = opened(file(&[others, image]));
        assert_eq!(codes(&found), [], "{dictionary}");
        assert_eq!(pixels(&found), red_blue, "{dictionary}");
    }
}

#[test]
fn grey_masks_inversion_and_predictors_are_understood() {
    let head = "/Subtype /Image /Width 2 /Height 2 /Filter /FlateDecode";
    let predicted = differences(&[&[10, 20], &[30, 40]]);
    for (dictionary, samples, expected) in [
        ("/ColorSpace /DeviceGray", vec![10, 20, 30, 40], [10, 20, 30, 40]),
        ("/ColorSpace /DeviceGray /Decode [1 0]", vec![10, 20, 30, 40], [245, 235, 225, 215]),
        ("/ColorSpace [/Separation /Black /DeviceCMYK 7 0 R]", vec![10, 20, 30, 40], [245, 235, 225, 215]),
        ("/ColorSpace /DeviceGray /DecodeParms << /Predictor 12 /Columns 2 >>", predicted, [10, 20, 30, 40]),
        (
            "/ColorSpace /DeviceGray /DecodeParms [<< /Predictor 2 /Columns 2 >>]",
            vec![10, 10, 30, 10],
            [10, 20, 30, 40],
        ),
        ("/ImageMask true", vec![0b0100_0000, 0b1000_0000], [0, 255, 255, 0]),
        ("/ColorSpace /DeviceGray /BitsPerComponent 4", vec![0x0f, 0xf0], [0, 255, 255, 0]),
    ] {
        let found = opened(file(&[object(3, &format!("{head} {dictionary}"), &zlib(&samples))]));
        let grey: Vec<u8> = pixels(&found).chunks(3).map(|pixel| pixel[0]).collect();
        assert_eq!(grey, expected, "{dictionary}");
    }
}

/// The colours of a picture of two pixels with these samples.
fn two_pixels(dictionary: &str, samples: &[u8], others: &[u8]) -> Vec<u8> {
    let head = format!("/Subtype /Image /Width 2 /Height 1 {dictionary} /Filter /FlateDecode");
    let found = opened(file(&[others.to_vec(), object(3, &head, &zlib(samples))]));
    assert_eq!(codes(&found), [], "{dictionary}");
    pixels(&found)
}

#[test]
fn tables_of_colours_are_read_wherever_they_are() {
    let table = b"\x00\x00\xff\xff\x00\x00";
    let packed = zlib(b"8 0 (\\000\\000\\377\\377\\000\\000)");
    for (space, others) in [
        ("[/Indexed /DeviceRGB 1 8 0 R]", object(8, "", table)),
        ("[/Indexed /DeviceRGB 1 8 0 R]", object(8, "/Filter /FlateDecode", &zlib(table))),
        ("[/Indexed /DeviceRGB 1 8 0 R]", object(4, "/Type /ObjStm /N 1 /First 4 /Filter /Fl", &packed)),
        ("8 0 R", b"8 0 obj [/Indexed 9 0 R 1 <0000ffff0000>] endobj 9 0 obj /DeviceRGB endobj ".to_vec()),
    ] {
        for (bits, samples) in [(8, &[1, 0][..]), (4, &[0x10]), (2, &[0b0100_0000]), (1, &[0b1000_0000])] {
            let dictionary = format!("/ColorSpace {space} /BitsPerComponent {bits}");
            assert_eq!(two_pixels(&dictionary, samples, &others), [255, 0, 0, 0, 0, 255], "{dictionary}");
            let inverted = format!("{dictionary} /Decode [{} 0]", (1 << bits) - 1);
            let samples: Vec<u8> = samples.iter().map(|sample| !sample).collect();
            assert_eq!(two_pixels(&inverted, &samples, &others), [255, 0, 0, 0, 0, 255], "{inverted}");
        }
    }
}

#[test]
fn inks_look_as_their_functions_say() {
    let exponential = "<< /FunctionType 2 /Domain [0 1] /C0 [1 1 1] /C1 [0 0.4 1] /N 1 >>";
    let calculator =
        object(8, "/FunctionType 4 /Domain [0 1] /Range [0 1 0 1 0 1]", b"{ 1 exch sub dup 0.6 mul 0.4 add 1 }");
    let sampled = "/FunctionType 0 /Domain [0 1] /Range [0 1 0 1 0 1] /Size [2] /BitsPerSample 8";
    let sampled = object(8, sampled, &[255, 255, 255, 0, 102, 255]);
    let stitched = format!("<< /FunctionType 3 /Domain [0 1] /Functions [{exponential}] /Bounds [] /Encode [0 1] >>");
    for (function, others) in
        [(exponential, Vec::new()), ("8 0 R", calculator), ("8 0 R", sampled), (&stitched, Vec::new())]
    {
        let dictionary = format!("/ColorSpace [/Separation /Spot /DeviceRGB {function}]");
        assert_eq!(two_pixels(&dictionary, &[0, 255], &others), [255, 255, 255, 0, 102, 255], "{function}");
    }
    let sampled = object(8, "/FunctionType 0 /Domain [0 1] /Range [0 1] /Size [2] /BitsPerSample 8", &[0, 255]);
    for (count, expected) in [(3, [0, 0, 0, 255, 255, 255]), (1_000, [255, 255, 255, 0, 0, 0])] {
        let dictionary = format!("/ColorSpace [/Separation /Spot /DeviceRGB [{}]]", "8 0 R ".repeat(count));
        assert_eq!(two_pixels(&dictionary, &[0, 255], &sampled), expected, "{count}");
    }
    let mixed = object(8, "/FunctionType 4 /Domain [0 1 0 1] /Range [0 1 0 1 0 1 0 1]", b"{ 0 0 }");
    let dictionary = "/ColorSpace [/DeviceN [/Cyan /Magenta] /DeviceCMYK 8 0 R]";
    assert_eq!(two_pixels(dictionary, &[255, 0, 0, 255], &mixed), [0, 255, 255, 255, 0, 255]);
    let unknown = "/ColorSpace [/DeviceN [/One /Two] /DeviceCMYK 8 0 R]";
    assert_eq!(two_pixels(unknown, &[255, 0, 0, 55], b""), [0, 0, 0, 200, 200, 200]);
}

#[test]
fn lab_and_ranges_of_samples_are_understood() {
    let lab = "/ColorSpace [/Lab << /WhitePoint [0.95 1 1.09] /Range [-128 127 -128 127] >>]";
    let red = two_pixels(lab, &[136, 208, 195, 255, 128, 128], b"");
    assert!(red[0] > 245 && red[1] < 15 && red[2] < 15, "{red:?}");
    assert!(red[3..].iter().all(|sample| *sample > 250), "{red:?}");
    let ranges = "/ColorSpace /DeviceRGB /Decode [1 0 0 1 0 0.5]";
    assert_eq!(two_pixels(ranges, &[255, 10, 255, 0, 20, 100], b""), [0, 10, 128, 255, 20, 50]);
    let unknown = "/ColorSpace /SomethingElse";
    assert_eq!(two_pixels(unknown, &[1, 2, 3, 4, 5, 6], b""), [1, 2, 3, 4, 5, 6], "by the number of samples");
}

#[expect(clippy::disallowed_methods, reason = "the picture is our own")]
#[test]
fn what_a_mask_hides_is_transparent() {
    let base =
        object(3, "/Subtype /Image /Width 2 /Height 1 /ColorSpace /DeviceRGB /SMask 5 0 R /Filter /Fl", &zlib(&[9; 6]));
    let soft =
        object(5, "/Subtype /Image /Width 4 /Height 1 /ColorSpace /DeviceGray /Filter /Fl", &zlib(&[0, 70, 255, 9]));
    let stencil_of = |decode: &str| {
        object(5, &format!("/Subtype /Image /Width 2 /Height 1 /ImageMask true {decode} /Filter /Fl"), &zlib(&[0x40]))
    };
    let hard =
        object(3, "/Subtype /Image /Width 2 /Height 1 /ColorSpace /DeviceGray /Mask 5 0 R /Filter /Fl", &zlib(&[9; 2]));
    for (objects, expected) in [
        ([base, soft], vec![0, 70, 255, 9]),
        ([hard.clone(), stencil_of("")], vec![255, 0]),
        ([hard, stencil_of("/Decode [1 0]")], vec![0, 255]),
    ] {
        let found = opened(file(&objects));
        let picture = found.parts.iter().find(|part| part.bytes.starts_with(b"\x89PNG")).expect("a picture");
        let picture = image::load_from_memory(&picture.bytes).unwrap().into_rgba8();
        assert_eq!(picture.pixels().map(|pixel| pixel[3]).collect::<Vec<u8>>(), expected);
        assert!(picture.pixels().all(|pixel| pixel[0] == 9));
    }
}

#[test]
fn faxes_are_pictures() {
    // Group 4: 3 white, 4 black, 3 white; the same again.
    let fax = [0b0011_0000, 0b1101_1111, 0b1110_0000];
    let row = [255, 255, 255, 0, 0, 0, 0, 255, 255, 255];
    for (parameters, is_inverted) in [("", false), ("/BlackIs1 true", true)] {
        let parameters = format!("<< /K -1 /Columns 10 {parameters} >>");
        let head = format!(
            "/Subtype /Image /Width 10 /Height 2 /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms {parameters}"
        );
        let found = opened(file(&[object(3, &head, &fax)]));
        let first: Vec<u8> =
            pixels(&found).chunks(3).take(10).map(|pixel| pixel[0] ^ if is_inverted { 255 } else { 0 }).collect();
        assert_eq!(first, row, "{parameters}");
    }
}

#[test]
fn large_pictures_are_reduced_as_they_come() {
    let page = b"1 0 obj<</Type/Page/Resources<</XObject<</Im0 9 0 R>>>>>>endobj ".to_vec();
    let (width, height) = (4960, 7016);
    let grey = vec![200; width * height];
    let rows = grey.chunks(width).map(|row| [&[0][..], row].concat());
    let bits = vec![0b1100_1100; width.div_ceil(8) * height];
    let predicted = "/ColorSpace /DeviceGray /DecodeParms << /Predictor 15 /Columns 4960 >>";
    for (dictionary, samples, mean, parts) in [
        ("/ColorSpace /DeviceGray", grey.clone(), 200, 1),
        (predicted, rows.flatten().collect(), 200, 1),
        ("/ColorSpace /DeviceGray /BitsPerComponent 1", bits, 128, 2),
    ] {
        let head = format!("/Subtype /Image /Width {width} /Height {height} {dictionary} /Filter /FlateDecode");
        let found = opened(file(&[page.clone(), object(9, &head, &zlib(&samples))]));
        assert_eq!(codes(&found), [], "{dictionary}");
        let pixels = pixels(&found);
        assert_eq!(pixels.len(), 1240 * 1754 * 3, "{dictionary}");
        assert!(pixels.iter().all(|pixel| *pixel == mean), "{dictionary}");
        let kept = found.parts.iter().filter(|part| part.composition.is_none());
        let kinds: Vec<PartKind> = kept.map(|part| part.kind).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == PartKind::Samples).count(), parts, "{kinds:?}");
    }
}

#[test]
fn samples_that_are_not_kept_count_an_eighth() {
    let page =
        "/Subtype /Image /Width 2480 /Height 3508 /ColorSpace /DeviceGray /BitsPerComponent 16 /Filter /FlateDecode";
    let (samples, pages) = (zlib(&vec![0xff; 2480 * 3508 * 2]), 10..15);
    let names: String = pages.clone().map(|number| format!("/Im{number} {number} 0 R")).collect();
    let first = format!("1 0 obj<</Type/Page/Resources<</XObject<<{names}>>>>>>endobj ").into_bytes();
    let file =
        file(&std::iter::once(first).chain(pages.map(|number| object(number, page, &samples))).collect::<Vec<_>>());
    for (max_unpacked, expected, pictures) in
        [(2480 * 3508 * 2, vec![], 5), (2480 * 3508 * 5 / 8, vec![ProblemCode::UnpackedTooLarge], 2)]
    {
        let limits = crate::content::ExtractLimits { max_unpacked, ..Default::default() };
        let found = crate::extract::container::testing::opened_within(file.clone(), &limits);
        let mut codes = codes(&found);
        codes.dedup();
        assert_eq!(codes, expected);
        assert_eq!(found.parts.iter().filter(|part| part.bytes.starts_with(b"\x89PNG")).count(), pictures);
    }
}

#[test]
fn objects_packed_in_streams_are_found() {
    let packed = zlib(b"8 0 7 11 /DeviceRGB 99");
    let stream = object(4, "/Type /ObjStm /N 2 /First 9 /Filter /FlateDecode", &packed);
    let image =
        object(3, "/Subtype /Image /Width 2 /Height 1 /ColorSpace 8 0 R /Filter /Fl", &zlib(&[9, 8, 7, 6, 5, 4]));
    assert_eq!(pixels(&opened(file(&[image, stream]))), [9, 8, 7, 6, 5, 4]);
}

#[test]
fn a_jpeg_behind_another_filter_and_jpeg_2000_are_handed_out() {
    let jpeg = b"\xff\xd8\xff\xe0\0\x04JF and so on";
    let found = opened(file(&[
        object(3, "/Subtype /Image /Filter [/FlateDecode /DCTDecode]", &zlib(jpeg)),
        object(4, "/Subtype /Image /Filter /JPXDecode", b"\0\0\0\x0cjP  and so on"),
    ]));
    assert_eq!(codes(&found), []);
    assert!(found.parts.iter().any(|part| part.bytes == jpeg[..]));
    assert!(found.parts.iter().any(|part| part.bytes.starts_with(b"\0\0\0\x0cjP")));
}

#[test]
fn an_encrypted_file_is_reported_and_the_word_alone_is_nothing() {
    for (text, is_encrypted) in [
        ("trailer << /Encrypt 5 0 R >>", true),
        ("trailer << /Encrypt<</Filter/Standard>> >>", true),
        ("<< /EncryptMetadata false >> /Encrypt is a word", false),
    ] {
        let found = codes(&opened(format!("%PDF-1.7\n{text}")));
        let expected: &[ProblemCode] = if is_encrypted { &[ProblemCode::ContainerEncrypted] } else { &[] };
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn bombs_end_at_the_limit() {
    let bomb = object(3, "/Filter [/FlateDecode /FlateDecode]", &zlib(&zlib(&vec![0; 64 << 20])));
    assert!(codes(&opened(file(&[bomb]))).contains(&ProblemCode::UnpackedTooDense));
}

/// What kinds the parts with these bytes are.
fn kinds_of(found: &crate::extract::Extraction, bytes: &[u8]) -> Vec<PartKind> {
    found.parts.iter().filter(|part| part.bytes == bytes).map(|part| part.kind).collect()
}

#[test]
fn samples_are_no_text_unless_somebody_reads_them_as_something_else() {
    let image = object(9, "/Subtype /Image /Width 5 /Height 3 /Filter /FlateDecode", &zlib(LISTED));
    for (others, expected) in [
        ("1 0 obj<</Type/Page/Resources<</XObject<</Im0 9 0 R>>>>>>endobj ", PartKind::Samples),
        ("1 0 obj<</Type/Filespec/EF<</F 9 0 R>>>>endobj ", PartKind::Entry),
        ("1 0 obj<</XObject<</Im0 9 0 R>>>>endobj 2 0 obj<</EF<</F 9 0 R>>>>endobj ", PartKind::Entry),
        ("1 0 obj<</XObject<</Im0 9 0 R>>>>endobj 2 0 obj<</JS 9 0 R>>endobj ", PartKind::Carved),
        ("", PartKind::Carved),
    ] {
        let found = opened(file(&[others.as_bytes().to_vec(), image.clone()]));
        assert_eq!(kinds_of(&found, LISTED), [expected], "{others}");
        assert_eq!(found.parts.iter().filter(|part| part.bytes.starts_with(b"\x89PNG")).count(), 1, "{others}");
    }
}

#[test]
fn a_page_that_calls_itself_an_image_is_read_as_a_page() {
    let content = b"BT (forbidden turnip) Tj ET";
    let page = object(9, "/Subtype /Image /Width 9 /Height 3 /Filter /FlateDecode", &zlib(content));
    let found = opened(file(&[b"1 0 obj<</Type/Page/Contents 9 0 R>>endobj ".to_vec(), page]));
    let words = |part: &Part| part.kind == PartKind::Text && part.bytes.starts_with(b"forbidden turnip");
    assert!(found.parts.iter().any(words));
    assert_eq!(kinds_of(&found, content), [PartKind::Samples]);
}

#[test]
fn numbers_of_drawings_are_no_text_and_strings_are_what_fonts_may_make_of_them() {
    let content = b"0 0 m 9 9 l S BT /F1 9 Tf [(forb)-3(idden tur)]TJ ET";
    let of = |others: &str| {
        let others = format!("1 0 obj<</Type/Page/Contents 9 0 R{others}>>endobj ").into_bytes();
        opened(file(&[others, object(9, "/Filter /FlateDecode", &zlib(content))]))
    };
    let found = of("");
    assert_eq!(kinds_of(&found, content), [PartKind::Samples]);
    assert!(found.parts.iter().any(|part| part.kind == PartKind::Text && part.bytes == b"forbidden tur"[..]));
    assert_eq!(kinds_of(&of("/JS 9 0 R"), content), [PartKind::Carved], "somebody may read it as something else");
}

#[test]
fn pictures_within_content_are_pictures_and_no_text() {
    let samples: Vec<u8> = (0..16 * 16 * 3).map(|at| 0x80 | at as u8).collect();
    let jpeg = b"\xff\xd8\xff\xe0\0\x04JF and so on";
    let plain = [b"q BI /W 16 /H 16 /CS /RGB /BPC 8 ID ", &samples[..], b"\nEI Q BT (word) Tj ET"].concat();
    let packed = [b"BI /W 16 /H 16 /CS /RGB /BPC 8 /F /Fl ID ", &zlib(&samples)[..], b"\nEI"].concat();
    let file_in = [b"BI /W 16 /H 16 /F /DCT ID ", &jpeg[..], b"\nEI"].concat();
    let of = |content: &[u8]| {
        let page = b"1 0 obj<</Type/Page/Contents 9 0 R>>endobj ".to_vec();
        opened(file(&[page, object(9, "/Filter /FlateDecode", &zlib(content))]))
    };
    let named = [b"BI /W 16 /H 16 /CS /Cs7 /BPC 8 ID ", &samples[..], b"\nEI"].concat();
    for content in [&plain, &packed, &named] {
        assert_eq!(pixels(&of(content)), samples);
    }
    assert_eq!(kinds_of(&of(&plain), &plain), [PartKind::Samples]);
    let letters = b"(a)bc".repeat(160);
    let found = of(&[b"BI /W 16 /H 16 /CS /RGB /BPC 8 ID ", &letters[..768], b"\nEI (word) Tj"].concat());
    assert!(found.parts.iter().all(|part| part.kind != PartKind::Text || part.bytes == b"word"[..]));
    assert_eq!(kinds_of(&of(&file_in), &[jpeg, &b"\n"[..]].concat()), [PartKind::Carved]);
}

#[test]
fn blank_pages_are_as_dense_as_they_are() {
    let blank = |dictionary: &str, length: usize| {
        let head = format!("/Subtype /Image /ColorSpace /DeviceRGB /Filter /FlateDecode {dictionary}");
        codes(&opened(file(&[object(3, &head, &zlib(&vec![0xff; length]))])))
    };
    let length = 2481 * 3508 * 3;
    let columns = "/DecodeParms << /Predictor 15 /Colors 3 /Columns 2481 >>";
    for (dictionary, length) in [
        ("/Width 2481 /Height 3508", length),
        ("/Width 2481 /Height 3508 /BitsPerComponent 16", 2 * length),
        (&format!("/Width 2481 /Height 3508 {columns}"), length + 3508),
    ] {
        assert_eq!(blank(dictionary, length), [], "{dictionary}");
    }
    for dictionary in ["/Width 100 /Height 100", "/Width 248100 /Height 350800", "/Width 2481"] {
        assert_eq!(blank(dictionary, length), [ProblemCode::UnpackedTooDense], "{dictionary}");
    }
}

#[test]
fn streams_that_all_reach_to_the_end_are_looked_at_in_bounds() {
    let endless = b"1 0 obj<</Type/EmbeddedFile>>stream\n".repeat(3000);
    let found = opened([b"%PDF-1.7\n", &endless[..]].concat());
    assert_eq!(codes(&found), [ProblemCode::TooManyCandidates]);
    assert!(found.parts.iter().filter(|part| !part.kind.is_for_rules()).count() < 40);
}

proptest::proptest! {
    #[test]
    fn no_file_makes_it_panic(text in "(/|<<|>>|\\[|\\]|\\(|\\)|[0-9] 0 R|[0-9] 0 obj|stream\n|endstream|/Width 3|/Height 2|/Subtype/Image|/Filter/AHx|/Type/ObjStm/N 2/First 3|f0|[ -~])*") {
        opened(format!("%PDF-1.7\n{text}"));
    }
}

/// The pictures that are put together in a file of these objects, in which page 2 has the images 8 and 9.
fn mosaics(content: &str, images: [Vec<u8>; 2]) -> Vec<Mosaic> {
    let page =
        b"2 0 obj<</Type/Page/Parent 1 0 R/Contents 3 0 R>>endobj 1 0 obj<</Resources<</XObject 4 0 R>>>>endobj \
        4 0 obj<</A 8 0 R/B 9 0 R>>endobj "
            .to_vec();
    let [one, two] = images;
    let found = opened(file(&[page, object(3, "", content.as_bytes()), one, two]));
    assert_eq!(codes(&found), [], "{content}");
    found.parts.iter().filter_map(|part| part.mosaic().cloned()).collect()
}

#[test]
fn pictures_that_touch_on_a_page_are_one() {
    let jpeg = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pictures/baseline.jpg")).unwrap();
    let head = "/Subtype/Image/Width 40/Height 20/ColorSpace/DeviceGray";
    let files = || {
        [
            object(8, &format!("{head}/Filter/DCTDecode"), &jpeg),
            object(9, &format!("{head}/Filter/FlateDecode"), &zlib(&[9; 800])),
        ]
    };
    let [mosaic] = &mosaics("q 80 0 0 40 0 40 cm /A Do Q q 80 0 0 40 0 0 cm /B Do Q", files())[..] else {
        panic!("they touch")
    };
    assert_eq!((mosaic.width, mosaic.height, mosaic.tiles.len()), (40, 40, 2));
    assert!(mosaic.tiles[0].picture == jpeg && mosaic.tiles[1].picture.starts_with(b"\x89PNG"));
    let tops: Vec<u32> = mosaic.tiles.iter().map(|tile| tile.place.top).collect();
    assert_eq!(tops, [0, 20]);
    for apart in [
        "q 80 0 0 40 0 60 cm /A Do Q q 80 0 0 40 0 0 cm /B Do Q",
        "q 80 0 0 40 0 0 cm /A Do Q q 1 0 0 1 80 0 cm 80 0 0 40 0 0 cm /A Do Q",
        "q 80 10 10 40 0 40 cm /A Do Q q 80 0 0 40 0 0 cm /B Do Q",
        "/B Do",
    ] {
        assert!(mosaics(apart, files()).is_empty(), "{apart}");
    }
}

#[test]
fn pictures_in_drawings_are_where_the_drawing_is() {
    let head = "/Subtype/Image/Width 40/Height 20/ColorSpace/DeviceGray/Filter/FlateDecode";
    let images = [
        object(8, "/Subtype/Form/Matrix[1 0 0 1 0 40]/Resources<</XObject<</X 7 0 R>>>>", b"80 0 0 40 0 0 cm /X Do"),
        [object(9, head, &zlib(&[9; 800])), object(7, head, &zlib(&[7; 800]))].concat(),
    ];
    let found = mosaics("/A Do q 80 0 0 40 0 0 cm /B Do Q", images);
    assert_eq!(found.len(), 1);
}

#[test]
fn pictures_within_content_that_touch_are_one_with_others() {
    let strip =
        |top: usize, samples: &str| format!("q 80 0 0 40 0 {top} cm BI /W 40 /H 20 /BPC 8 /CS /G ID {samples} EI Q ");
    let head = "/Subtype/Image/Width 40/Height 20/ColorSpace/DeviceGray/Filter/FlateDecode";
    let images = || [object(8, head, &zlib(&[9; 800])), object(9, head, &zlib(&[8; 800]))];
    let (dark, bright) = ("5".repeat(800), "z".repeat(800));
    let packed = "q 80 0 0 40 0 0 cm BI /W 40 /H 20 /BPC 8 /CS /G /F /AHx ID 7a> EI Q";
    for (content, tiles) in [
        (strip(40, &dark) + &strip(0, &bright), 2),
        (strip(40, &dark) + packed, 2),
        (strip(80, &dark) + &strip(40, &bright) + "q 80 0 0 40 0 0 cm /A Do Q", 3),
    ] {
        let found = mosaics(&content, images());
        assert_eq!(found.iter().map(|mosaic| mosaic.tiles.len()).collect::<Vec<_>>(), [tiles], "{content}");
    }
    assert!(mosaics(&(strip(40, &dark) + &strip(0, &dark)), images()).is_empty(), "a pattern of one picture");
}

#[test]
fn files_are_compared_in_the_tones_that_their_dictionary_says() {
    let jpeg = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pictures/baseline.jpg")).unwrap();
    let ink = "7 0 obj<</FunctionType 2/N 1/Domain[0 1]/C0[1 1 1]/C1[0 0 1]>>endobj";
    for (more, expected) in [
        ("/ColorSpace/DeviceRGB", None),
        ("/ColorSpace/DeviceRGB/Decode[0 1 0 1 0 1]", None),
        ("/ColorSpace/DeviceRGB/Decode[1 0 1 0 1 0]", Some([255 - 10, 255 - 20, 255 - 30])),
        ("/ColorSpace/DeviceRGB/Decode[0 1 1 0 0 1]", Some([10, 255 - 20, 30])),
        ("/ColorSpace/DeviceGray/Decode[1 0]", Some([255 - 10, 255 - 20, 255 - 30])),
        ("/ColorSpace[/Separation/X/DeviceRGB 7 0 R]", Some([235, 235, 255])),
        ("/ColorSpace[/Indexed/DeviceRGB 255 <000000>]", Some([0, 0, 0])),
        ("/ColorSpace/DeviceCMYK/Decode[1 0 1 0 1 0 1 0]", None),
    ] {
        let image = object(3, &format!("/Subtype/Image/Width 40/Height 20{more}/Filter/DCTDecode"), &jpeg);
        let found = opened(file(&[ink.as_bytes().to_vec(), image]));
        let mosaic = found.parts.iter().find_map(|part| part.mosaic());
        let shown = mosaic.and_then(|mosaic| Some(mosaic.tiles[0].tones.as_ref()?.shown([10, 20, 30])));
        assert_eq!(shown, expected, "{more}");
    }
}
