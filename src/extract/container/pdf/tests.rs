//! Streams with all filters, and files whose structure is broken.

use super::*;
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

#[expect(clippy::disallowed_methods, reason = "the picture is our own")]
fn pixels(found: &crate::extract::Extraction) -> Vec<u8> {
    let picture = found.parts.iter().find(|part| part.bytes.starts_with(b"\x89PNG")).expect("a picture");
    image::load_from_memory(&picture.bytes).unwrap().into_rgb8().into_raw()
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
        ("1 0 obj<</Type/Filespec/EF<</F 9 0 R>>>>endobj ", PartKind::Carved),
        ("1 0 obj<</XObject<</Im0 9 0 R>>>>endobj 2 0 obj<</EF<</F 9 0 R>>>>endobj ", PartKind::Carved),
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
    assert_eq!(kinds_of(&found, content), [PartKind::Carved]);
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
    for content in [&plain, &packed] {
        assert_eq!(pixels(&of(content)), samples);
    }
    let found = of(&plain);
    assert_eq!(kinds_of(&found, &plain), [], "not as it is");
    assert_eq!(kinds_of(&found, b"q BI /W 16 /H 16 /CS /RGB /BPC 8 ID \nEI Q BT (word) Tj ET"), [PartKind::Carved]);
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
