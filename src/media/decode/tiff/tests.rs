use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};

use crate::content::{Algorithm, DecodeLimits, HashValue};
use crate::media::{PartHashes, hash_part_here};

const SIZE: (u32, u32) = (96, 64);

fn hashed(bytes: &[u8]) -> PartHashes {
    hash_part_here(bytes, [Algorithm::Pdq].into_iter().collect(), &DecodeLimits::default())
}

/// Waves without symmetry.
fn picture() -> RgbImage {
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let (u, v) = (x as f32 / SIZE.0 as f32, y as f32 / SIZE.1 as f32);
        let light = 0.5 + 0.25 * (u * 13.0 + v * 5.0).sin() + 0.2 * (v * 17.0 - u * u * 9.0).cos();
        [light, light * 0.9, 1.0 - light * 0.5].map(|tone| (tone * 255.0).clamp(0.0, 255.0) as u8).into()
    })
}

fn grey() -> GrayImage {
    DynamicImage::ImageRgb8(picture()).into_luma8()
}

fn pdq_of(picture: DynamicImage) -> HashValue {
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).unwrap();
    HashValue::Pdq(hashed(png.get_ref()).views[0].pdq.unwrap().unwrap().dihedral[0])
}

fn distance(bytes: &[u8], expected: HashValue) -> u16 {
    let hashes = hashed(bytes);
    assert_eq!(hashes.problem, None);
    let HashValue::Pdq(expected) = expected else { unreachable!() };
    hashes.views[0].pdq.unwrap().unwrap().dihedral[0].distance(&expected).0
}

/// A file of one page, whose strips are `strips`, with these entries of numbers besides.
fn tiff(entries: &[(u16, &[u32])], strips: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"II*\0\0\0\0\0".to_vec();
    let mut place = |bytes: &[u8]| {
        let at = file.len() as u32;
        file.extend_from_slice(bytes);
        at
    };
    let offsets: Vec<u32> = strips.iter().map(|strip| place(strip)).collect();
    let lengths: Vec<u32> = strips.iter().map(|strip| strip.len() as u32).collect();
    let mut all = entries.to_vec();
    let own: [(u16, &[u32]); 4] = [(256, &[SIZE.0]), (257, &[SIZE.1]), (273, &offsets), (279, &lengths)];
    all.extend(own);
    all.sort_by_key(|(tag, _)| *tag);
    let mut directory = (all.len() as u16).to_le_bytes().to_vec();
    for (tag, values) in all {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let value = if values.len() == 1 { values[0] } else { place(&bytes) };
        directory.extend_from_slice(&tag.to_le_bytes());
        directory.extend_from_slice(&4_u16.to_le_bytes());
        directory.extend([values.len() as u32, value].iter().flat_map(|number| number.to_le_bytes()));
    }
    let start = place(&[directory, vec![0; 4]].concat());
    file[4..8].copy_from_slice(&start.to_le_bytes());
    file
}

/// Samples of so many bits, the highest first, with rows that begin at bytes.
fn packed(samples: &[u32], row: usize, bits: usize) -> Vec<u8> {
    let rows = samples.chunks(row).map(|row| {
        let mut bytes = vec![0; (row.len() * bits).div_ceil(8)];
        for at in 0..row.len() * bits {
            let bit = row[at / bits] >> (bits - 1 - at % bits) & 1;
            bytes[at / 8] |= (bit as u8) << (7 - at % 8);
        }
        bytes
    });
    rows.flatten().collect()
}

#[test]
fn samples_of_every_size_show_the_same_picture() {
    for bits in (2..16).filter(|bits| *bits != 8) {
        let most = (1 << bits) - 1;
        let tones = grey().iter().map(|tone| ((u32::from(*tone) * most / 255 * 255 + most / 2) / most) as u8).collect();
        let expected = pdq_of(DynamicImage::ImageLuma8(GrayImage::from_raw(SIZE.0, SIZE.1, tones).unwrap()));
        let samples: Vec<u32> = grey().iter().map(|tone| u32::from(*tone) * most / 255).collect();
        let data = packed(&samples, SIZE.0 as usize, bits as usize);
        for reversed in [false, true] {
            let data: Vec<u8> = data.iter().map(|byte| if reversed { byte.reverse_bits() } else { *byte }).collect();
            let file = tiff(&[(258, &[bits]), (262, &[1]), (266, &[1 + u32::from(reversed)])], &[data]);
            assert!(distance(&file, expected) <= 10, "{bits} bits, reversed: {reversed}");
        }
    }
}

#[test]
fn numbers_of_every_kind_show_the_same_picture() {
    let expected = pdq_of(DynamicImage::ImageLuma8(grey()));
    let data = |bytes: &dyn Fn(u8) -> Vec<u8>| vec![grey().iter().flat_map(|tone| bytes(*tone)).collect::<Vec<_>>()];
    let cases = [
        ("16 bits", 16, 1, data(&|tone| (u16::from(tone) * 257).to_le_bytes().to_vec())),
        ("24 bits", 24, 1, data(&|tone| vec![tone; 3])),
        ("32 bits, of which few are used", 32, 1, data(&|tone| u32::from(tone).to_le_bytes().to_vec())),
        ("signed", 16, 2, data(&|tone| (i16::from(tone) * 100 - 9_000).to_le_bytes().to_vec())),
        ("float", 32, 3, data(&|tone| (f32::from(tone) / 255.0).to_le_bytes().to_vec())),
        ("float past 1", 32, 3, data(&|tone| (f32::from(tone) * 70.0).to_le_bytes().to_vec())),
        ("double", 64, 3, data(&|tone| (f64::from(tone) / 255.0).to_le_bytes().to_vec())),
    ];
    for (what, bits, format, strips) in cases {
        let file = tiff(&[(258, &[bits]), (262, &[1]), (339, &[format])], &strips);
        assert!(distance(&file, expected) <= 10, "{what}");
    }
}

#[test]
fn every_way_of_colours_shows_the_same_picture() {
    let picture = picture();
    let expected = pdq_of(DynamicImage::ImageRgb8(picture.clone()));
    let pixels = || picture.pixels().map(|pixel| pixel.0);
    let planes = |count: usize, of: &dyn Fn([u8; 3], usize) -> u8| -> Vec<Vec<u8>> {
        (0..count).map(|plane| pixels().map(|rgb| of(rgb, plane)).collect()).collect()
    };
    let ycbcr = |[red, green, blue]: [u8; 3]| {
        let [red, green, blue] = [red, green, blue].map(f32::from);
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        [luma, (blue - luma) * 0.564 + 128.0, (red - luma) * 0.713 + 128.0].map(|tone| tone as u8)
    };
    let blocks = (0..SIZE.1).step_by(2).flat_map(|y| (0..SIZE.0).step_by(2).map(move |x| (x, y))).flat_map(|(x, y)| {
        let [a, b, c, d] = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(i, j)| ycbcr(picture.get_pixel(x + i, y + j).0));
        [a[0], b[0], c[0], d[0], a[1], a[2]]
    });
    let cmyk = planes(4, &|rgb, plane| if plane == 3 { 0 } else { 255 - rgb[plane] });
    let with_alpha: Vec<u8> = pixels().flat_map(|[red, green, blue]| [red, green, blue, 255]).collect();
    let lzw = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(&picture).unwrap();
    let old_lzw = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 8).encode(&picture).unwrap();
    let deflated = miniz_oxide::deflate::compress_to_vec_zlib(&picture, 6);
    type Case<'a> = (&'a str, Vec<(u16, &'a [u32])>, Vec<Vec<u8>>);
    let cases: Vec<Case<'_>> = vec![
        ("a plane each", vec![(262, &[2]), (277, &[3]), (284, &[2])], planes(3, &|rgb, plane| rgb[plane])),
        ("inks, a plane each", vec![(262, &[5]), (277, &[4]), (284, &[2])], cmyk),
        ("luma and colours", vec![(262, &[6]), (277, &[3]), (530, &[1, 1])], vec![pixels().flat_map(ycbcr).collect()]),
        ("shared colours", vec![(262, &[6]), (277, &[3]), (530, &[2, 2])], vec![blocks.collect()]),
        ("transparency", vec![(262, &[2]), (277, &[4]), (338, &[1])], vec![with_alpha]),
        ("LZW", vec![(259, &[5]), (262, &[2]), (277, &[3])], vec![lzw.clone()]),
        ("LZW with rubbish at its end", vec![(259, &[5]), (262, &[2]), (277, &[3])], vec![[lzw, vec![7; 9]].concat()]),
        ("the first LZW", vec![(259, &[5]), (262, &[2]), (277, &[3])], vec![old_lzw]),
        ("deflate", vec![(259, &[32_946]), (262, &[2]), (277, &[3])], vec![deflated]),
    ];
    for (what, entries, strips) in cases {
        let file = tiff(&[&entries[..], &[(258, &[8])]].concat(), &strips);
        assert!(distance(&file, expected) <= 10, "{what}");
    }
}

#[test]
fn what_is_not_decoded_is_unsupported_and_what_is_missing_is_broken() {
    let rows = |count: usize| grey().into_raw()[..count * SIZE.0 as usize].to_vec();
    let code =
        |entries: &[(u16, &[u32])], strip| hashed(&tiff(entries, &[strip])).problem.map(|problem| problem.code());
    let plain: [(u16, &[u32]); 2] = [(258, &[8]), (262, &[1])];
    for compression in [34_712, 34_887, 50_000, 50_001, 34_925, 9, 32_809] {
        let compression = [compression];
        let entries = [&plain[..], &[(259, &compression[..])]].concat();
        assert_eq!(code(&entries, rows(64)), Some("picture_unsupported"), "{compression:?}");
    }
    assert_eq!(code(&[(258, &[8]), (262, &[32_844])], rows(64)), Some("picture_unsupported"));
    assert_eq!(code(&plain, rows(60)), None, "the last rows");
    assert_eq!(code(&plain, rows(40)), Some("picture_broken"));
    assert!(!hashed(&tiff(&plain, &[rows(40)])).views.is_empty(), "it is compared as far as it goes");
}

#[test]
fn sizes_that_lie_cost_nothing() {
    for side in [40_000, 1 << 20, u32::MAX] {
        for (tag, of_tag) in [(322, side), (277, side), (278, side), (258, 64)] {
            let file = tiff(&[(258, &[8]), (262, &[1]), (323, &[side]), (tag, &[of_tag])], &[vec![0; 64]]);
            let allocated = crate::memory::calls_of(|| drop(hashed(&file)));
            assert!(allocated.largest <= 512 << 20, "{tag}: {allocated:?}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_page_makes_a_decoder_panic(
        (tags, data) in (
            proptest::collection::vec((0_usize..22, 0_u32..10), 0..8),
            proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600),
        )
    ) {
        const TAGS: [(u16, [u32; 10]); 22] = [
            (258, [1, 2, 4, 8, 12, 16, 24, 32, 64, 7]),
            (258, [1, 8, 16, 32, 9, 64, 24, 10, 14, 5]),
            (259, [1, 2, 3, 4, 5, 6, 7, 8, 32_773, 32_771]),
            (259, [32_946, 2, 3, 4, 5, 6, 7, 8, 32_773, 32_771]),
            (262, [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]),
            (262, [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]),
            (266, [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]),
            (277, [1, 2, 3, 4, 5, 6, 7, 8, 100, 65_535]),
            (277, [1, 2, 3, 4, 1, 2, 3, 4, 3, 3]),
            (278, [1, 2, 3, 0, 16, 63, 64, 65, 1_000, u32::MAX]),
            (284, [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]),
            (292, [0, 1, 2, 3, 4, 5, 6, 7, 1, 5]),
            (317, [1, 2, 3, 1, 2, 3, 1, 2, 3, 4]),
            (320, [0, 8, 9, 10, 100, 200, 300, 400, 500, 600]),
            (322, [0, 1, 2, 3, 16, 17, 96, 97, 1_000, 100_000]),
            (323, [0, 1, 2, 3, 16, 17, 64, 65, 1_000, 100_000]),
            (338, [0, 1, 2, 0, 1, 2, 0, 1, 2, 3]),
            (339, [1, 2, 3, 4, 1, 2, 3, 4, 5, 6]),
            (347, [8, 9, 10, 11, 12, 13, 14, 15, 16, 17]),
            (513, [8, 9, 10, 11, 12, 13, 14, 15, 16, 17]),
            (530, [1, 2, 4, 3, 1, 2, 4, 3, 1, 2]),
            (257, [1, 2, 3, 7, 8, 9, 64, 65, 1_000, 5_000]),
        ];
        let entries: Vec<(u16, [u32; 1])> = tags.iter().map(|(tag, value)| (TAGS[*tag].0, [TAGS[*tag].1[*value as usize]])).collect();
        let entries: Vec<(u16, &[u32])> = entries.iter().map(|(tag, value)| (*tag, &value[..])).collect();
        let problem = hashed(&tiff(&entries, &[data])).problem.map(|problem| problem.code());
        proptest::prop_assert_ne!(problem, Some("picture_decoder_panicked"));
    }
}
