//! Whatever a picture is wrapped in, and whatever else its file shows, it is found; and hostile files end within
//! limits.

use std::fs;
use std::time::Duration;

use penstock::content::{Algorithm, AlgorithmSet, Deadline, DecodeLimits, HashValue};
use penstock::media::{
    DecodeError, DecodeMeans, ForeignDecoder, ForeignFormat, ForeignPicture, Ground, NoForeignDecoder, PartHashes,
    hash_luma, hash_part, hash_part_here,
};

use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Setup};
use crate::support::pictures::{gif, hash64s, landscape, pdq, png, resized, webp};
use crate::support::repository;

fn fixture(name: &str) -> Vec<u8> {
    fs::read(repository("tests/fixtures/pictures").join(name)).unwrap()
}

/// File and the PDQ hashes that the reference gives the pictures it shows.
fn expected() -> Vec<(String, Vec<String>)> {
    let expected: serde_json::Value = serde_json::from_slice(&fixture("expected.json")).unwrap();
    let hashes = |hashes: &serde_json::Value| {
        hashes.as_array().unwrap().iter().map(|hash| hash.as_str().unwrap().to_owned()).collect()
    };
    expected.as_object().unwrap().iter().map(|(file, shown)| (file.clone(), hashes(shown))).collect()
}

fn hashed(bytes: &[u8]) -> PartHashes {
    hash_part_here(bytes, [Algorithm::Pdq].into_iter().collect(), &DecodeLimits::default())
}

fn problem_of(bytes: &[u8], limits: &DecodeLimits) -> Option<&'static str> {
    hash_part_here(bytes, AlgorithmSet::all(), limits).problem.map(|problem| problem.code())
}

#[test]
fn every_picture_that_a_file_shows_is_found() {
    let origin = Origin::start();
    for (file, shown) in expected() {
        let rows = shown.iter().enumerate().map(|(number, hash)| format!("pdq,{hash},{number}\n"));
        let list = format!("algorithm,hash,id\n{}", rows.collect::<String>());
        let penstock = Setup::new(&[origin.address])
            .with(ENFORCING)
            .with_file("shown.csv", list.as_bytes())
            .with("[[hash_set]]\nname = \"shown\"\npath = \"shown.csv\"\nmax_distance = { pdq = 10 }\n")
            .start();
        let answer = penstock.post("/upload/a", &[], &fixture(&file));
        assert_eq!(answer.status, 451, "{file}: {}", answer.text());
        let verdict = penstock.wait_for_events("verdict", 1).remove(0);
        for number in (0..shown.len()).map(|number| number.to_string()) {
            let matches = verdict["matches"].as_array().unwrap();
            let is_found = matches.iter().any(|found| found["entry"] == *number);
            assert!(is_found, "{file}: picture {number} is not among {matches:?}");
        }
        assert!(verdict["doubts"].as_array().is_none_or(Vec::is_empty), "{file}: {verdict}");
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_picture_that_is_to_be_turned_has_the_hashes_of_the_turned_one() {
    let turned = hash64s(&fixture("turned.jpg"));
    let upright = hash64s(&fixture("baseline.jpg"));
    for ((name, turned), (_, upright)) in turned.iter().zip(&upright) {
        let bits = |hex: &str| u64::from_str_radix(hex, 16).unwrap();
        let apart = (bits(turned) ^ bits(upright)).count_ones();
        assert!(apart <= 6, "{name}: {apart} bits apart");
    }
}

#[test]
fn a_picture_is_found_inside_of_borders() {
    let listed = landscape(300, 200, 1);
    let HashValue::Pdq(expected) = HashValue::parse(Algorithm::Pdq, &pdq(&png(&listed))).unwrap() else {
        unreachable!()
    };
    for (left, top, right, bottom) in [(0, 40, 0, 40), (30, 30, 30, 30), (0, 0, 100, 0)] {
        for tone in [0, 255] {
            let (width, height) = (left + 300 + right, top + 200 + bottom);
            let mut framed =
                image::DynamicImage::ImageRgb8(image::RgbImage::from_pixel(width, height, [tone; 3].into()));
            image::imageops::replace(&mut framed, &listed, i64::from(left), i64::from(top));
            let views = hashed(&png(&framed)).views;
            let bits =
                |view: &penstock::media::ViewHashes| view.pdq.unwrap().unwrap().dihedral[0].distance(&expected).0;
            let is_found = views.iter().any(|view| view.is_trimmed && bits(view) <= 10);
            assert!(is_found, "{left}, {top}, {right}, {bottom} in {tone}: {views:?}");
        }
    }
}

/// A GIF of these frames.
fn gif_film(frames: &[image::DynamicImage]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new_with_speed(&mut file, 30);
    encoder.encode_frames(frames.iter().map(|frame| image::Frame::new(frame.to_rgba8()))).unwrap();
    drop(encoder);
    file
}

/// A folder of icons, which lies about each of these pictures whatever can be lied about.
fn icon_of(pictures: &[Vec<u8>]) -> Vec<u8> {
    let count = u16::try_from(pictures.len()).unwrap();
    let mut file = [&[0, 0, 1, 0][..], &count.to_le_bytes()].concat();
    let mut place = 6 + 16 * pictures.len();
    for picture in pictures {
        file.extend([1, 1, 0, 0, 9, 0, 77, 0, 0, 0, 0, 0]);
        file.extend(u32::try_from(place).unwrap().to_le_bytes());
        place += picture.len();
    }
    file.extend(pictures.concat());
    file
}

#[test]
fn a_picture_among_many_is_found_wherever_it_is() {
    let listed = landscape(96, 64, 2);
    let others: Vec<image::DynamicImage> = (10..50).map(|seed| landscape(96, 64, seed)).collect();
    let with_listed = |place: usize| {
        let mut all = others.clone();
        all[place] = listed.clone();
        all
    };
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with_limits("max_picture_frames = 2\ninspection_work = \"60s\"")
        .with_known("pdq", &pdq(&png(&listed)))
        .start();
    for place in [1, 4, 23, 38] {
        let icons: Vec<Vec<u8>> = with_listed(place).iter().map(png).collect();
        for (what, file) in [("frames", gif_film(&with_listed(place))), ("icons", icon_of(&icons))] {
            assert_eq!(penstock.post("/upload/a", &[], &file).status, 451, "{what}, {place}");
        }
    }
    assert_eq!(penstock.post("/upload/a", &[], &gif_film(&others)).status, 200);
}

#[test]
fn a_file_of_which_not_every_picture_was_looked_at_is_inconclusive() {
    let frame = |number: u32| {
        let pixel =
            |x: u32, y: u32| image::Rgb([(number >> (x % 8)) as u8 ^ (y * 40) as u8, x as u8 * 30, number as u8]);
        image::DynamicImage::ImageRgb8(image::RgbImage::from_fn(8, 8, pixel))
    };
    let film = gif_film(&(0..1_400).map(frame).collect::<Vec<_>>());
    assert_eq!(problem_of(&film, &DecodeLimits::default()), Some("too_many_frames"));
    // One that stands still for long has as many frames, and two pictures.
    let still = gif_film(&(0..1_400).map(|number| frame(number / 700)).collect::<Vec<_>>());
    assert_eq!(problem_of(&still, &DecodeLimits::default()), None);
}

#[test]
fn a_picture_is_compared_as_its_colours_are_meant() {
    let listed = landscape(300, 200, 4);
    let mut negative = listed.clone();
    negative.invert();
    let mut profile = moxcms::ColorProfile::new_srgb();
    let curve = moxcms::ToneReprCurve::Lut((0..=255).rev().map(|tone| tone * 257).collect());
    profile.cicp = None;
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (Some(curve.clone()), Some(curve.clone()), Some(curve));
    let profile = miniz_oxide::deflate::compress_to_vec_zlib(&profile.encode().unwrap(), 6);
    let with_chunk =
        |png: Vec<u8>, kind: &[u8; 4], content: &[u8]| [&png[..33], &chunk(kind, content), &png[33..]].concat();
    let grey = listed.to_luma8();
    let steep = image::DynamicImage::ImageLuma16(image::ImageBuffer::from_fn(300, 200, |x, y| {
        let tone = f64::from(grey.get_pixel(x, y)[0]) / 255.0;
        image::Luma([(tone.powf(2.2 * 6.0) * 65_535.0).round() as u16])
    }));
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_known("pdq", &pdq(&png(&listed))).start();
    for (what, file, status) in [
        ("a negative", png(&negative), 451),
        ("falling curves", with_chunk(png(&negative.fliph()), b"iCCP", &[b"a\0\0", &profile[..]].concat()), 451),
        ("a steep curve", with_chunk(png(&steep), b"gAMA", &600_000_u32.to_be_bytes()), 451),
        ("another picture", png(&landscape(300, 200, 31)), 200),
    ] {
        assert_eq!(penstock.post("/upload/a", &[], &file).status, status, "{what}");
    }
}

/// With its marker of the frame header, and the bits of a sample, replaced.
fn jpeg_of_kind(marker: u8, precision: u8) -> Vec<u8> {
    let mut jpeg = fixture("baseline.jpg");
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 1] = marker;
    jpeg[frame + 4] = precision;
    jpeg
}

#[test]
fn kinds_of_jpeg_that_are_not_decoded_are_named() {
    for (marker, precision, named) in [
        (0xc0, 12, "12 bits"),
        (0xc9, 8, "arithmetic"),
        (0xca, 8, "arithmetic"),
        (0xc3, 8, "lossless"),
        (0xc5, 8, "hierarchical"),
    ] {
        let problem = hashed(&jpeg_of_kind(marker, precision)).problem.unwrap();
        assert_eq!(problem.code(), "picture_unsupported");
        assert!(problem.to_string().contains(named), "{problem}");
    }
}

#[test]
fn a_jpeg_that_is_cut_off_is_hashed_as_browsers_show_it() {
    for name in ["baseline.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg"] {
        let whole = fixture(name);
        let expected = pdq(&whole);
        let HashValue::Pdq(expected) = HashValue::parse(Algorithm::Pdq, &expected).unwrap() else { unreachable!() };
        for missing in [1, 2, 3, 10, 100] {
            let hashes = hashed(&whole[..whole.len() - missing]);
            let view = hashes.views.first().unwrap_or_else(|| panic!("{name} without {missing}: {:?}", hashes.problem));
            let bits = view.pdq.unwrap().unwrap().dihedral[0].distance(&expected);
            assert!(bits.0 <= 31, "{name} without its last {missing} bytes is {bits} bits off");
        }
    }
}

fn bits_apart(view: &penstock::media::ViewHashes, listed: &str) -> u16 {
    let HashValue::Pdq(listed) = HashValue::parse(Algorithm::Pdq, listed).unwrap() else { unreachable!() };
    view.pdq.unwrap().unwrap().dihedral[0].distance(&listed).0
}

/// Where the data of the first scan begin.
fn first_data(jpeg: &[u8]) -> usize {
    let scan = jpeg.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    scan + 2 + usize::from(u16::from_be_bytes([jpeg[scan + 2], jpeg[scan + 3]]))
}

const JPEGS: [&str; 8] = [
    "baseline.jpg",
    "progressive.jpg",
    "restarts.jpg",
    "grey.jpg",
    "full-chroma.jpg",
    "large-progressive.jpg",
    "large-grey.jpg",
    "large-full-chroma.jpg",
];

#[test]
fn a_jpeg_as_careless_programs_write_it_is_read_without_a_doubt() {
    let film: Vec<u8> = (0..2_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let scans = b"\xff\xda".repeat(33_000);
    let metadata = [b"\xff\xed\xff\xff", &scans[..65_533]].concat();
    for name in JPEGS {
        let whole = fixture(name);
        let expected = pdq(&whole);
        let (start, rest) = whole.split_at(2);
        for (what, odd) in [
            ("without its end", whole[..whole.len() - 2].to_vec()),
            ("with something after its end", [&whole[..], b"\0\0\xff\xda and so on"].concat()),
            ("with a film after it", [&whole[..], &film].concat()),
            ("with bytes that fill up", [start, &[0xff; 9], rest].concat()),
            ("with bytes between segments", [&whole[..20], b"abc\0", &whole[20..]].concat()),
            ("with metadata like scans", [start, &metadata, &metadata, rest].concat()),
        ] {
            let hashes = hashed(&odd);
            assert_eq!((&hashes.problem, hashes.views.len()), (&None, 1), "{name} {what}");
            let bits = bits_apart(&hashes.views[0], &expected);
            assert!(bits <= 8, "{name} {what} is {bits} bits off");
        }
    }
}

#[test]
fn a_jpeg_that_is_cut_off_is_compared_as_far_as_it_goes() {
    for name in ["baseline.jpg", "grey.jpg", "full-chroma.jpg"] {
        let whole = fixture(name);
        let data = first_data(&whole);
        for (share, ending) in [(30, &b""[..]), (60, b""), (60, b"\xff\xd9")] {
            let length = data + (whole.len() - data) * share / 100;
            let hashes = hashed(&[&whole[..length], ending].concat());
            assert_eq!(hashes.problem.as_ref().map(DecodeError::code), Some("picture_broken"), "{name}, {share} %");
            // The rest would be grey, and grey is no picture.
            assert!(hashes.views.iter().all(|view| view.height < 160), "{name}, {share} %: {:?}", hashes.views);
        }
        let hashes = hashed(&whole[..data]);
        assert_eq!((hashes.views.len(), hashes.problem.unwrap().code()), (0, "picture_broken"), "{name} without data");
    }
    for name in ["progressive.jpg", "large-progressive.jpg"] {
        let whole = fixture(name);
        let hashes = hashed(&whole[..whole.len() * 6 / 10]);
        assert_eq!(hashes.problem.as_ref().map(DecodeError::code), Some("picture_broken"), "{name}");
        // Less sharp, as browsers show it.
        let bits = bits_apart(&hashes.views[0], &pdq(&whole));
        assert!(bits <= 12, "{name} is {bits} bits off");
    }
}

#[test]
fn a_jpeg_that_is_cut_off_anywhere_is_compared_and_said_to_be() {
    // Two that are decoded in means, as large ones are.
    let limits = [DecodeLimits::default(), DecodeLimits { max_alloc: 1 << 20, ..DecodeLimits::default() }];
    for name in JPEGS {
        let whole = fixture(name);
        let (data, listed) = (first_data(&whole), pdq(&whole));
        for limits in limits.iter().take(if name.starts_with("large") { 2 } else { 1 }) {
            for share in [5, 30, 60, 90, 95, 98] {
                let length = data + (whole.len() - data) * share / 100;
                let hashes = hash_part_here(&whole[..length], [Algorithm::Pdq].into_iter().collect(), limits);
                let code = hashes.problem.as_ref().map(DecodeError::code);
                assert_eq!(code, Some("picture_broken"), "{name}, {share} %");
                let apart = hashes.views.iter().filter(|view| matches!(view.pdq, Some(Ok(_))));
                let apart = apart.map(|view| bits_apart(view, &listed)).min();
                assert!(share < 95 || apart.is_some_and(|apart| apart <= 31), "{name}, {share} %: {apart:?} bits");
            }
            let without_end = &whole[..whole.len() - 2];
            let hashes = hash_part_here(without_end, [Algorithm::Pdq].into_iter().collect(), limits);
            assert_eq!(hashes.problem, None, "{name} without its end");
        }
    }
}

#[test]
fn a_few_bad_bits_make_no_jpeg_undecodable() {
    for name in JPEGS {
        let whole = fixture(name);
        let data = first_data(&whole);
        for share in [30, 50, 70] {
            let mut damaged = whole.clone();
            let at =
                (data + (whole.len() - data) * share / 100..).find(|at| whole[*at] != 0xff && whole[*at - 1] != 0xff);
            damaged[at.unwrap()] ^= 0x10;
            let hashes = hashed(&damaged);
            assert!(!hashes.views.is_empty(), "{name}, {share} %: {:?}", hashes.problem);
        }
    }
}

#[test]
fn a_jpeg_of_two_hundred_megapixels_is_hashed() {
    let mut large = fixture("baseline.jpg");
    // The same data, of which most is missing: what matters is that its size is no reason to refuse it.
    let frame = large.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    large[frame + 5..frame + 9].copy_from_slice(&[0x2f, 0xd0, 0x3f, 0xc0]);
    assert_eq!(problem_of(&large, &DecodeLimits::default()), Some("picture_broken"));
    large[frame + 5..frame + 9].copy_from_slice(&[0x7f, 0xff, 0x7f, 0xff]);
    assert_eq!(problem_of(&large, &DecodeLimits::default()), Some("picture_too_large"));
}

/// How far the first view of `file` is from the PDQ hash of `luma`.
fn bits_from(luma: &image::GrayImage, file: &[u8], limits: &DecodeLimits, what: &str) -> u16 {
    let expected = hash_luma(luma, luma.width(), luma.height()).unwrap().dihedral[0];
    let hashes = hash_part_here(file, [Algorithm::Pdq].into_iter().collect(), limits);
    assert_eq!(hashes.problem, None, "{what}");
    assert_eq!((hashes.views[0].width, hashes.views[0].height), luma.dimensions(), "{what}");
    hashes.views[0].pdq.unwrap().unwrap().dihedral[0].distance(&expected).0
}

#[test]
fn a_picture_may_be_larger_than_the_memory_to_decode_it() {
    let picture = landscape(2_403, 2_002, 3);
    let luma = picture.to_luma8();
    // Less than a quarter of what its pixels take.
    let limits = DecodeLimits { max_alloc: 6 << 20, ..DecodeLimits::default() };
    for (what, picture) in [
        ("colours", picture.clone()),
        ("grey", luma.clone().into()),
        ("16 bits", picture.to_rgb16().into()),
        ("alpha", picture.to_rgba8().into()),
        ("grey with alpha", picture.to_luma_alpha16().into()),
    ] {
        let file = png(&picture);
        let apart = bits_from(&luma, &file, &limits, what);
        assert!(apart <= 8, "{what}: {apart} bits");
        assert_eq!(apart, bits_from(&luma, &file, &DecodeLimits::default(), what), "{what}");
    }
    let narrow = png(&landscape(16_000, 400, 3));
    assert_eq!(problem_of(&narrow, &limits), Some("picture_too_large"), "its means say too little");
}

#[test]
fn a_large_picture_has_the_hashes_of_a_small_one() {
    let picture = landscape(2_400, 2_000, 5);
    let small = hash64s(&png(&resized(&picture, 600, 500)));
    for (what, file) in [("PNG", png(&picture)), ("WebP", webp(&picture))] {
        for ((name, large), (_, small)) in hash64s(&file).iter().zip(&small) {
            let bits = |hex: &str| u64::from_str_radix(hex, 16).unwrap();
            let apart = (bits(large) ^ bits(small)).count_ones();
            assert!(apart <= 4, "{what}, {name}: {apart} bits apart");
        }
    }
}

#[test]
fn a_large_transparent_picture_is_compared_on_every_ground() {
    let mut picture = landscape(2_400, 2_000, 7).to_rgba8();
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        pixel[3] = if (x / 300 + y / 400) % 2 == 0 { 255 } else { (x % 256) as u8 };
    }
    let views = hashed(&png(&picture.clone().into())).views;
    for (ground, tone) in [(Ground::White, 255.0), (Ground::Black, 0.0)] {
        let on = image::GrayImage::from_fn(2_400, 2_000, |x, y| {
            let [r, g, b, alpha] = picture.get_pixel(x, y).0.map(f32::from);
            let shown = 0.299 * r + 0.587 * g + 0.114 * b;
            [((shown * alpha + tone * (255.0 - alpha)) / 255.0).round() as u8].into()
        });
        let expected = hash_luma(&on, 2_400, 2_000).unwrap().dihedral[0];
        let view = views.iter().find(|view| view.ground == ground && !view.is_trimmed).unwrap();
        let apart = view.pdq.unwrap().unwrap().dihedral[0].distance(&expected);
        assert!(apart.0 <= 8, "{ground:?}: {apart} bits");
    }
}

#[test]
fn what_there_is_of_a_large_png_that_is_cut_off_is_compared() {
    let whole = png(&landscape(2_400, 2_000, 9));
    let listed = pdq(&whole);
    let cut = |share: usize| hashed(&whole[..whole.len() * share / 100]);
    let hashes = cut(97);
    assert_eq!(hashes.problem.as_ref().map(DecodeError::code), Some("picture_broken"));
    let apart = hashes.views.iter().map(|view| bits_apart(view, &listed)).min();
    assert!(apart.is_some_and(|apart| apart <= 31), "{apart:?} bits");
    let hashes = cut(50);
    assert_eq!(hashes.problem.as_ref().map(DecodeError::code), Some("picture_broken"));
    assert!(hashes.views.iter().all(|view| (100..1_900).contains(&view.height)), "{:?}", hashes.views);
}

#[test]
fn components_of_the_same_name_and_odd_names_are_read() {
    for names in [[1, 1, 1], [0, 1, 2], [7, 7, 9]] {
        let mut odd = fixture("baseline.jpg");
        let expected = pdq(&odd);
        let frame = odd.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        let scan = odd.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
        for (number, name) in names.into_iter().enumerate() {
            odd[frame + 10 + 3 * number] = name;
            odd[scan + 5 + 2 * number] = name;
        }
        let hashes = hashed(&odd);
        assert_eq!(hashes.problem, None, "{names:?}");
        assert!(bits_apart(&hashes.views[0], &expected) <= 8, "{names:?}");
    }
}

#[test]
fn what_there_is_of_a_picture_that_is_cut_off_is_hashed_and_said_to_be_broken() {
    for name in ["palette.png", "still.bmp", "runs.tga", "moving.gif", "pages.tif"] {
        let whole = fixture(name);
        let hashes = hashed(&whole[..whole.len() * 9 / 10]);
        assert!(!hashes.views.is_empty(), "{name}: {:?}", hashes.problem);
    }
    let whole = fixture("palette.png");
    assert_eq!(problem_of(&whole[..whole.len() * 9 / 10], &DecodeLimits::default()), Some("picture_broken"));
}

/// A chunk of a PNG. Source: W3C PNG §5.3.
fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let sum = crc32fast::hash(&[&kind[..], data].concat()).to_be_bytes();
    [&length[..], kind, data, &sum].concat()
}

fn png_of(width: u32, height: u32, inflated: usize) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let data = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; inflated], 9);
    [b"\x89PNG\r\n\x1a\n", &chunk(b"IHDR", &header)[..], &chunk(b"IDAT", &data), &chunk(b"IEND", &[])].concat()
}

/// Frames of one pixel on a large canvas, each of which costs a walk over all of it.
fn gif_of(side: u16, frames: usize) -> Vec<u8> {
    let [low, high] = side.to_le_bytes();
    let header = [b"GIF89a", &[low, high, low, high, 0x80, 0, 0, 0, 0, 0, 255, 255, 255][..]].concat();
    let frame = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0];
    [&header[..], &frame.repeat(frames), &[0x3b]].concat()
}

/// The smallest JPEG XL of the corpus as an animation, with a frame for each of `durations`; one of 0 is not shown but
/// by what is drawn over it. Source: ISO/IEC 18181-1, annexes D and F.
fn jxl_of(durations: &[u64]) -> Vec<u8> {
    let still = fs::read(repository("fuzz/corpus/pictures/still.jxl")).unwrap();
    let taken = |bits: std::ops::Range<usize>| bits.map(|at| (u64::from(still[at / 8] >> (at % 8) & 1), 1));
    let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    let packed = |fields: Vec<(u64, u32)>| -> Vec<u8> {
        let bits = fields.iter().flat_map(|(value, count)| (0..*count).map(move |at| value >> at & 1 == 1));
        bits.collect::<Vec<bool>>().chunks(8).map(byte).collect()
    };
    // Size; not all as by default: extra fields, of which an animation; eight bits, 16-bit buffers, XYB; then defaults.
    let animated =
        [(0, 1), (1, 1), (0, 5), (1, 1), (0, 7), (0, 3), (1, 1), (0, 2), (1, 1), (1, 1), (1, 1), (0, 2), (1, 1)];
    let mut file = packed(taken(0..31).chain(animated).collect());
    for (number, duration) in durations.iter().enumerate() {
        let duration = if *duration == 0 { vec![(0, 2)] } else { vec![(2, 2), (*duration, 8)] };
        // Whether it is the last; if not, it is kept as picture 1, with its colours converted.
        let place = if number + 1 == durations.len() { vec![(1, 1)] } else { vec![(0, 1), (1, 2), (0, 1)] };
        let header = taken(40..59).chain(duration).chain(place).chain(taken(60..75));
        file.extend(packed(header.collect()));
        file.extend_from_slice(&still[10..]);
    }
    file
}

#[test]
fn an_animation_in_jpeg_xl_is_hashed_with_its_layers() {
    for durations in [&[10][..], &[0, 10], &[0, 0, 10, 0, 10, 10], &[1; 20]] {
        let hashes = hash_part_here(&jxl_of(durations), AlgorithmSet::all(), &DecodeLimits::default());
        assert_eq!((hashes.problem, hashes.views.len()), (None, 1), "{durations:?}: all frames are alike");
    }
}

#[test]
fn bombs_end_at_a_limit_that_is_named() {
    let defaults = DecodeLimits::default();
    let hurried = DecodeLimits { deadline: Duration::from_millis(20), ..defaults };
    let mut scans = fixture("progressive.jpg");
    let last = scans.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
    let scan = scans[last..scans.len() - 2].to_vec();
    scans.truncate(last);
    scans.extend_from_slice(&scan.repeat(80));
    scans.extend_from_slice(&[0xff, 0xd9]);
    let large = png_of(60_000, 60_000, 1_000);
    let entry = [&[0, 0, 0, 0, 1, 0, 32, 0][..], &u32::to_le_bytes(large.len() as u32), &22_u32.to_le_bytes()].concat();
    let icon = [&[0, 0, 1, 0, 1, 0][..], &entry, &large].concat();
    for (name, bomb, limits, code) in [
        ("a PNG of many pixels", large, defaults, "picture_too_large"),
        ("an icon with such a PNG", icon, defaults, "picture_too_large"),
        ("a GIF with a large canvas", gif_of(65_535, 1), defaults, "picture_too_large"),
        ("a GIF of many frames", gif_of(2_000, 50_000), hurried, "picture_deadline"),
        ("a JPEG of many scans", scans, defaults, "picture_too_many_scans"),
        ("a JPEG XL of many layers", jxl_of(&[0; 66]), defaults, "picture_too_many_scans"),
        ("a JPEG XL of more layers than a stack bears", jxl_of(&[0; 20_000]), defaults, "picture_too_many_scans"),
        ("a JPEG XL of many frames", jxl_of(&[1; 500]), hurried, "picture_deadline"),
    ] {
        assert_eq!(problem_of(&bomb, &limits), Some(code), "{name}");
    }
}

#[test]
fn more_data_than_pixels_is_not_unpacked() {
    // A hundred megabytes for one pixel.
    let hashes = hashed(&png_of(1, 1, 100 << 20));
    assert_eq!(hashes.views.len(), 1, "{:?}", hashes.problem);
}

#[test]
fn pages_that_lead_to_each_other_come_to_an_end() {
    let mut tiff = fixture("pages.tif");
    let first = u32::from_le_bytes(tiff[4..8].try_into().unwrap()) as usize;
    let entries = usize::from(u16::from_le_bytes(tiff[first..first + 2].try_into().unwrap()));
    let next = first + 2 + 12 * entries;
    tiff.copy_within(4..8, next);
    assert_eq!(hashed(&tiff).views.len(), 1, "the first page leads to itself");
    tiff[next..next + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(hashed(&tiff).views.len(), 1, "the second page is nowhere");
}

#[test]
fn no_damage_makes_a_decoder_panic_or_take_long() {
    let limits = DecodeLimits { deadline: Duration::from_secs(60), ..DecodeLimits::default() };
    let means = DecodeMeans { limits: &limits, deadline: Deadline::NEVER, foreign: &NoForeignDecoder };
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for (file, _) in expected() {
        let whole = fixture(&file);
        for round in 0..40 {
            let mut damaged = whole.clone();
            for _ in 0..=random(8) {
                let at = random(damaged.len().min(if round % 2 == 0 { 600 } else { usize::MAX }));
                damaged[at] = random(256) as u8;
            }
            if round % 4 == 0 {
                damaged.truncate(random(damaged.len()));
            }
            let hashes = hash_part(&damaged, [Algorithm::Pdq].into_iter().collect(), &means);
            let problem = hashes.problem;
            assert!(
                !matches!(problem, Some(DecodeError::Panicked | DecodeError::Deadline)),
                "{file}, {round}: {problem:?}"
            );
        }
    }
}

#[test]
fn pictures_without_pixels_are_broken() {
    for empty in [gif_of(0, 0), png_of(0, 5, 10), b"P6 0 0 255\n".to_vec(), b"BM".to_vec(), Vec::new()] {
        assert!(hashed(&empty).views.is_empty());
    }
    // A screen without pixels grows to the first frame in browsers.
    let grown = hashed(&gif_of(0, 1));
    assert_eq!((grown.views[0].width, grown.views[0].height, grown.problem), (1, 1, None));
}

struct Panicking;

impl ForeignDecoder for Panicking {
    fn decode(
        &self,
        _: ForeignFormat,
        _: &[u8],
        _: &DecodeLimits,
        _: &Deadline,
        _: &mut dyn FnMut(ForeignPicture),
    ) -> Result<(), DecodeError> {
        panic!("a decoder that gives up")
    }
}

#[test]
fn a_decoder_that_panics_is_a_problem_of_one_picture() {
    let limits = DecodeLimits::default();
    let means = DecodeMeans { limits: &limits, deadline: Deadline::NEVER, foreign: &Panicking };
    let hashes = hash_part(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", AlgorithmSet::all(), &means);
    assert_eq!(hashes.problem, Some(DecodeError::Panicked));
    assert_eq!(hashes.digests().count(), 4);
}

#[test]
fn a_file_that_is_two_things_is_searched_as_both() {
    let origin = Origin::start();
    let (listed, other) = (png(&landscape(300, 200, 1)), fixture("baseline.jpg"));
    let list = format!("algorithm,hash\npdq,{}\n", pdq(&listed));
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with_file("listed.csv", list.as_bytes())
        .with("[[hash_set]]\nname = \"listed\"\npath = \"listed.csv\"\n")
        .with_top("rules = [\"words.toml\"]\n")
        .with_file("words.toml", b"[[rule]]\nid = \"turnip\"\nkeywords = [\"forbidden turnip\"]\n")
        .start();
    let gif_and_script = [&gif(&landscape(40, 30, 2))[..], b"/* forbidden turnip */ alert(1)"].concat();
    let jpeg_and_png = [&other[..], &listed].concat();
    let pdf_and_picture = [b"%PDF-1.4\n% and then \n", &listed[..]].concat();
    for (name, body) in [("JPEG and PNG", jpeg_and_png), ("PDF and PNG", pdf_and_picture)] {
        for headers in [vec![], vec![("Content-Type", "text/plain")], vec![("Content-Type", "image/gif")]] {
            assert_eq!(penstock.post("/upload/a", &headers, &body).status, 451, "{name} as {headers:?}");
        }
    }
    let answer = penstock.post("/upload/a", &[("Content-Type", "image/gif")], &gif_and_script);
    assert_eq!(answer.status, 200, "the picture's bytes outweigh the script: {}", answer.text());
    assert_eq!(penstock.post("/upload/a", &[], &other).status, 200);
}
