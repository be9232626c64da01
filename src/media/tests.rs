use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use super::*;
use crate::content::Algorithm;
use crate::memory;

/// Waves without symmetry, with colours.
fn picture(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let light = 0.5 + 0.25 * (u * 13.0 + v * 5.0).sin() + 0.2 * (v * 17.0 - u * u * 9.0).cos();
        Rgb([light, light * 0.9, 1.0 - light].map(|tone| (tone * 255.0).clamp(0.0, 255.0) as u8))
    }))
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn hashed(bytes: &[u8]) -> PartHashes {
    hash_part_here(bytes, AlgorithmSet::all(), &DecodeLimits::default())
}

fn only_view(hashes: PartHashes) -> ViewHashes {
    assert_eq!(hashes.problem, None);
    let [view] = <[ViewHashes; 1]>::try_from(hashes.views).unwrap();
    view
}

#[test]
fn every_format_gives_the_hashes_of_its_pixels() {
    let picture = picture(300, 200);
    let expected = only_view(hashed(&encoded(&picture, ImageFormat::Png))).pdq.unwrap().unwrap();
    for (format, media_type) in [
        (ImageFormat::Png, MediaType::Png),
        (ImageFormat::Gif, MediaType::Gif),
        (ImageFormat::WebP, MediaType::WebP),
        (ImageFormat::Bmp, MediaType::Bmp),
        (ImageFormat::Pnm, MediaType::Pnm),
        (ImageFormat::Tga, MediaType::Tga),
        (ImageFormat::Qoi, MediaType::Qoi),
    ] {
        let hashes = hashed(&encoded(&picture, format));
        assert_eq!(hashes.media_type, media_type);
        let found = only_view(hashes);
        assert_eq!((found.width, found.height), (300, 200));
        let pdq = found.pdq.unwrap().unwrap();
        let bits = pdq.dihedral[0].distance(&expected.dihedral[0]);
        assert!(bits.0 <= 10, "{media_type}: {bits} bits off");
        assert!(pdq.quality.abs_diff(expected.quality) <= 5);
        assert_eq!(found.hash64s.len(), 3);
    }
}

#[test]
fn only_what_is_asked_for_is_computed() {
    let bytes = encoded(&picture(64, 64), ImageFormat::Png);
    let hashes = hash_part_here(&bytes, [Algorithm::Sha1].into_iter().collect(), &DecodeLimits::default());
    assert_eq!(hashes.digests().map(|digest| digest.algorithm()).collect::<Vec<_>>(), [Algorithm::Sha1]);
    assert!(hashes.views.is_empty() && hashes.problem.is_none());
    let wanted = [Algorithm::Pdq].into_iter().collect();
    let hashes = hash_part_here(&bytes, wanted, &DecodeLimits::default());
    assert!(hashes.digests.is_empty() && only_view(hashes).hash64s.is_empty());
}

#[test]
fn a_picture_over_a_limit_is_not_decoded() {
    let defaults = DecodeLimits::default();
    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let bytes = encoded(&picture(120, 80), format);
        for (limits, fits) in [
            (DecodeLimits { max_side: 120, ..defaults }, true),
            (DecodeLimits { max_side: 119, ..defaults }, false),
            (DecodeLimits { max_pixels: 120 * 80, ..defaults }, true),
            (DecodeLimits { max_pixels: 120 * 80 - 1, ..defaults }, false),
            (DecodeLimits { max_alloc: 120 * 80, ..defaults }, false),
        ] {
            let found = hash_part_here(&bytes, AlgorithmSet::all(), &limits);
            assert_eq!(!found.views.is_empty(), fits, "{format:?} within {limits:?}");
            assert!(fits || found.problem.is_some_and(|error| error.code() == "picture_too_large"), "{format:?}");
        }
    }
}

#[test]
fn a_damaged_picture_is_an_error_and_keeps_its_digests() {
    let whole = encoded(&picture(64, 64), ImageFormat::Png);
    for bytes in [&whole[..60], b"\xff\xd8\xff\xe0 not a JPEG", b"GIF89a\x01\0", b"RIFF\0\0\0\0WEBPVP8 "] {
        let hashes = hashed(bytes);
        assert_eq!(hashes.problem.as_ref().unwrap().code(), "picture_broken", "{bytes:?}");
        assert_eq!(hashes.digests().count(), 4);
    }
}

#[test]
fn the_64_bit_hashes_survive_a_change_of_size() {
    let full = only_view(hashed(&encoded(&picture(300, 200), ImageFormat::Png)));
    let small = picture(300, 200).resize_exact(150, 100, image::imageops::FilterType::Triangle);
    let small = only_view(hashed(&encoded(&small, ImageFormat::Png)));
    for (one, other) in full.hash64s().zip(small.hash64s()) {
        let bits: u32 = one.as_bytes().iter().zip(other.as_bytes()).map(|(a, b)| (a ^ b).count_ones()).sum();
        assert!(bits <= 4, "{}: {bits} bits apart", one.algorithm());
    }
}

#[test]
fn a_thread_that_has_hashed_a_picture_allocates_little_for_the_next() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/demo/samples/harbour.jpg");
    let jpeg = std::fs::read(path).unwrap();
    let hash = || only_view(hash_part_here(&jpeg, [Algorithm::Pdq].into_iter().collect(), &DecodeLimits::default()));
    let (first, second) = (memory::calls_of(hash), memory::calls_of(hash));
    println!("first {first:?}, second {second:?}");
    let view = hash();
    assert!(first.largest >= (view.width * view.height) as usize, "the plane is allocated once: {first:?}");
    // A row of blocks, and tables.
    assert!(second.largest <= 64 << 10 && second.bytes <= 256 << 10 && second.count <= 100, "{second:?}");
}

#[test]
fn a_jpeg_is_hashed_as_viewers_show_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures");
    // What Pillow shows of each.
    for (name, expected) in [
        // A bit of its data is turned over, after which not all decoders go on.
        ("damaged.jpg", "9ac610f7016d6d097d184e6b14b618c69ac6aa72baec7d6b558dc70d6799a58c"),
        // Its first scan is followed by a marker that says that its colours are others.
        ("late-colours.jpg", "9ac610fe016d6d09f511ce7b15be0cd618c6ba73bee16d4b518dc70c6691e38c"),
        // Every pixel is as bright as the others, as far as its luma plane says.
        ("of-colours-alone.jpg", "65396f09fe9292e682e6b184ea61e7396539558c411e92f4ae5238f3996e1a73"),
        // Every block of its luma plane has the same mean, but for what is cut off at black and white.
        ("saturated.jpg", "75936b6ceb1296f608669086eb63633b151b5cac510388b4ea62b8d718ee6f73"),
    ] {
        let file = std::fs::read(folder.join(name)).unwrap();
        let Ok(HashValue::Pdq(expected)) = HashValue::parse(Algorithm::Pdq, expected) else { panic!("{name}") };
        for wanted in [AlgorithmSet::all(), [Algorithm::Pdq].into_iter().collect()] {
            let hashes = hash_part_here(&file, wanted, &DecodeLimits::default());
            let pdqs = hashes.views.iter().filter_map(|view| view.pdq?.ok());
            let nearest = pdqs.map(|pdq| pdq.dihedral[0].distance(&expected).0).min();
            assert!(nearest.is_some_and(|bits| bits <= 12), "{name}: {nearest:?} bits off");
        }
    }
}
