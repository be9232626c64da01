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
    assert!(!is_guess(MediaType::Pnm, b"P4\n# 1\n12 13\n\0\0"));
    assert!(is_guess(MediaType::WebP, b"RIFF....WEBP"));
}

#[test]
fn marks_are_as_loose_as_readers_take_them() {
    let dib = [&[40_u8, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 24, 0][..], &[0; 24], &[9; 16]].concat();
    let bmp = |mark: &[u8]| [mark, &[0; 8], &[54, 0, 0, 0], &dib].concat();
    let gif = |version: &[u8]| [b"GIF8", version, &[2, 0, 2, 0, 0, 0, 0, 0x2c, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2]].concat();
    let frame = b"\xff\xc0\0\x0b\x08\0\x02\0\x02\x01\x01\x11\0";
    let app = [&b"\xff\xed\xea\x60"[..], &[b'a'; 59_998]].concat();
    let jpeg = |junk: &[u8]| [b"\xff\xd8", junk, frame].concat();
    let mut pcx = [&[10, 5, 7, 8, 0, 0, 0, 0, 1, 0, 1, 0][..], &[0; 116]].concat();
    (pcx[64], pcx[65]) = (7, 1);
    let short = |planes: u8| [&[12, 0, 0, 0, 2, 0, 2, 0, planes, 0, 24, 0][..], &[9; 16]].concat();
    let planes = |planes: [u8; 2]| [&dib[..12], &planes, &dib[14..]].concat();
    let cards = |first: &str| format!("{first:<80}BITPIX  = 8 NAXIS   = 2").into_bytes();
    let mut icon = [&[0, 0, 1, 0, 0x4c, 4][..], &[255; 16].repeat(1_099)].concat();
    icon.extend([0, 0, 0, 0, 1, 0, 24, 0, 9, 0, 0, 0]);
    icon.extend((icon.len() as u32 + 4).to_le_bytes());
    icon.extend(&dib);
    let xbm = "#define a 1\n#define b_width 8\n#define b_height 1\nstatic char b_bits[] = { 1 };";
    for (expected, file) in [
        (MediaType::Gif, gif(b"9b")),
        (MediaType::Gif, gif(b"zz")),
        (MediaType::Tiff, b"II\0*\x08\0\0\0".to_vec()),
        (MediaType::Tiff, b"MM*\0\0\0\0\x08".to_vec()),
        (MediaType::Bmp, bmp(b"CI")),
        (MediaType::Bmp, [b"BA", &[0; 12][..], &bmp(b"BM")].concat()),
        (MediaType::Dib, short(7)),
        (MediaType::Dib, planes([0x2c, 1])),
        (MediaType::Jpeg, jpeg(&[&[0; 3][..], &app.repeat(3)].concat())),
        (MediaType::Jpeg, jpeg(&[0xd9; 70_000])),
        (MediaType::Pcx, pcx),
        (MediaType::Fits, cards("SIMPLE   = T")),
        (MediaType::Fits, cards("SIMPLE  T")),
        (MediaType::Ico, icon),
        (MediaType::Xpm, b"X* XPM */".to_vec()),
        (MediaType::Xpm, b"\n/* XPM */".to_vec()),
        (MediaType::Xbm, [&b"\n".repeat(5_000)[..], xbm.as_bytes()].concat()),
        (MediaType::Hdr, b"#?XRAD\nFORMAT=32-bit_rle_rgbe\n\n".to_vec()),
        (MediaType::Pnm, b"P6#c\n2 2 255\n".to_vec()),
        (MediaType::Pnm, b"P7\r\nHEIGHT 2\nWIDTH 2\nDEPTH 1\nMAXVAL 255\nENDHDR\n".to_vec()),
    ] {
        assert_eq!(picture(&file), Some(expected), "{:?}", String::from_utf8_lossy(&file[..file.len().min(30)]));
    }
    for text in [
        "CI is what builds this",
        "BA, MA and other degrees",
        "IC, PI and CP",
        "GIF8 is no version",
        "SIMPLE  = words",
        "X* is a star",
        "#? what is that",
        "#define a_width 3\nint height;",
        "P5#5 is a name",
        "P7\nWIDTHS vary",
    ] {
        assert!(picture(text.as_bytes()).is_none_or(|kind| is_guess(kind, text.as_bytes())), "{text}");
    }
    assert_eq!((picture(&short(7)[..13]), picture(&planes([0x2c, 1])[..45])), (None, None), "the pixels are missing");
}

#[test]
fn a_targa_file_may_have_fields_without_a_meaning_and_something_at_its_end() {
    type Change = fn(&mut [u8]);
    let file = |change: Change| {
        let mut header = [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 0, 30, 0, 24, 0];
        change(&mut header);
        [&header[..], &[7; 40 * 30 * 3], b"at the end"].concat()
    };
    let changes: [Change; 5] = [
        |header| header[3] = 5,
        |header| header[7] = 24,
        |header| (header[1], header[5], header[7]) = (1, 1, 24),
        |header| (header[2], header[16]) = (1, 8),
        |header| (header[2], header[16]) = (3, 1),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert_eq!(picture(&file(change)), Some(MediaType::Tga), "change {number}");
    }
    assert_eq!(picture(&file(|header| header[0] = 255)[..300]), None);
}
