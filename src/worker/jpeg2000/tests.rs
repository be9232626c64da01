//! Against pictures that OpenJPEG wrote, whole and damaged.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use super::*;

/// Width and height of every fixture.
const SIZE: (u32, u32) = (160, 120);

/// Every fixture but the PDF.
const FILES: [&str; 9] = [
    "hills.jp2",
    "lossy.jp2",
    "tiled.jp2",
    "codestream.j2k",
    "grey.jp2",
    "sixteen-bits.jp2",
    "opaque.jp2",
    "luma-and-chroma.jp2",
    "numbers.jp2",
];

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures/jpeg2000");
    std::fs::read(folder.join(name)).unwrap()
}

/// What is shown of `file`, and the code of what is wrong.
fn shown_within(file: &[u8], limits: &DecodeLimits) -> (Vec<Drawn>, Result<(), &'static str>) {
    let mut all = Vec::new();
    let ended = decode(file, limits, &mut |drawn: &Drawn| {
        all.push(Drawn { size: drawn.size, rgba: drawn.rgba.clone() });
        Ok::<_, DecodeError>(())
    });
    (all, ended.map_err(|error| error.code()))
}

fn shown(file: &[u8]) -> (Vec<Drawn>, Result<(), &'static str>) {
    shown_within(file, &DecodeLimits::default())
}

/// The code for `file`, of which nothing is shown.
#[track_caller]
fn refused(file: &[u8], limits: &DecodeLimits) -> &'static str {
    let (pictures, ended) = shown_within(file, limits);
    assert_eq!(pictures.len(), 0);
    ended.unwrap_err()
}

/// A pixel of the picture that `draw.py` draws.
fn hills(x: usize, y: usize) -> [u8; 4] {
    let (u, v) = (x as f64 / 160.0, y as f64 / 120.0);
    let ridge = (u * 9.0).sin() * 0.18 + (u * 19.0).cos() * 0.07 + 0.55;
    let waves = (u * 31.0 + v * 29.0).sin() / 2.0 + 0.5;
    let light = if (u - 0.7).hypot(v - 0.25) < 0.1 {
        0.95
    } else if v > ridge {
        0.15 + 0.35 * waves
    } else {
        0.9 - 0.5 * v * waves
    };
    [(light * 255.0) as u8, (light * 245.0) as u8, (light * 200.0 + 40.0 * v) as u8, 255]
}

/// How far the channels are from those of the hills on average; of one channel only where there is but one.
fn distance(drawn: &Drawn, is_grey: bool) -> f64 {
    let pixels = drawn.rgba.as_chunks::<4>().0.iter().enumerate();
    let total: u32 = pixels
        .map(|(number, found)| {
            let wanted = hills(number % 160, number / 160);
            if is_grey {
                let [red, green, blue, _] = wanted.map(u32::from);
                u32::from(found[0]).abs_diff((red * 299 + green * 587 + blue * 114) / 1000) * 3
            } else {
                (0..3).map(|channel| u32::from(found[channel].abs_diff(wanted[channel]))).sum()
            }
        })
        .sum();
    f64::from(total) / (160.0 * 120.0 * 3.0)
}

/// The codestream of the file, with where it begins.
fn codestream(file: &[u8]) -> usize {
    memchr::memmem::find(file, &[0xff, 0x4f, 0xff, 0x51]).unwrap()
}

fn with(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut changed = file.to_vec();
    changed[at..at + bytes.len()].copy_from_slice(bytes);
    changed
}

#[test]
fn every_way_of_writing_shows_the_same_picture() {
    for name in FILES {
        let (pictures, ended) = shown(&fixture(name));
        assert_eq!((pictures.len(), ended), (1, Ok(())), "{name}");
        assert_eq!(pictures[0].size, SIZE, "{name}");
        let is_grey = matches!(name, "grey.jp2" | "sixteen-bits.jp2" | "numbers.jp2");
        let distance = distance(&pictures[0], is_grey);
        let most = match name {
            "hills.jp2" => 0.0,
            "numbers.jp2" => 1.0,
            _ => 8.0,
        };
        assert!(distance <= most, "{name} is {distance} away");
    }
}

#[test]
fn colours_are_kept_where_they_are_transparent() {
    let (pictures, ended) = shown(&fixture("transparent.jp2"));
    assert_eq!((pictures.len(), ended), (1, Ok(())));
    assert!(pictures[0].rgba.iter().skip(3).step_by(4).all(|alpha| *alpha == 0));
    assert!(distance(&pictures[0], false) <= 8.0);
}

#[test]
fn a_second_codestream_is_a_second_picture() {
    let file = fixture("hills.jp2");
    let start = codestream(&file) - 8;
    let negative = fixture("grey.jp2");
    let mut two = file.clone();
    two.extend_from_slice(&negative[codestream(&negative) - 8..]);
    // Its own length was up to the end.
    two[start..start + 4].copy_from_slice(&((file.len() - start) as u32).to_be_bytes());
    let (pictures, ended) = shown(&two);
    assert_eq!((pictures.len(), ended), (2, Ok(())));
    assert_eq!(distance(&pictures[0], false), 0.0);
    assert!(distance(&pictures[1], true) <= 8.0);
}

#[test]
fn a_picture_over_a_limit_is_refused_before_it_is_decoded() {
    let limits = DecodeLimits::default();
    let file = fixture("lossy.jp2");
    for small in [
        DecodeLimits { max_pixels: 160 * 120 - 1, ..limits },
        DecodeLimits { max_side: 159, ..limits },
        DecodeLimits { max_alloc: 160 * 120 * 4 - 1, ..limits },
        // Of which three planes, the coefficients and the colours take more than twice as much.
        DecodeLimits { max_alloc: 160 * 120 * 28 / 2, ..limits },
    ] {
        assert_eq!(refused(&file, &small), "picture_too_large");
    }
    assert_eq!(shown_within(&file, &DecodeLimits { max_alloc: 160 * 120 * 20, ..limits }).1, Ok(()));

    let size = codestream(&file) + 2 + 4;
    let start = Instant::now();
    let side = |number: usize| size + 2 + 4 * number;
    let wide =
        |width: u32, height: u32| with(&with(&file, side(0), &width.to_be_bytes()), side(1), &height.to_be_bytes());
    assert_eq!(refused(&wide(30_000, 30_000), &limits), "picture_too_large");
    assert_eq!(refused(&wide(u32::MAX, u32::MAX), &limits), "picture_too_large");
    assert_eq!(refused(&wide(12_000, 12_000), &limits), "picture_too_large");
    let tiles = with(&with(&wide(2_000, 2_000), side(4), &1_u32.to_be_bytes()), side(5), &1_u32.to_be_bytes());
    assert_eq!(refused(&tiles, &limits), "picture_unsupported", "four million tiles");
    let components = with(&file, size + 34, &16_384_u16.to_be_bytes());
    assert_eq!(refused(&components, &limits), "picture_unsupported");
    // Blocks of 4×4 samples with 32 layers, for a tile of 16 megapixels.
    let style = codestream(&file) + memchr::memmem::find(&file[codestream(&file)..], &[0xff, 0x52]).unwrap() + 4;
    let large = wide(4_000, 4_000);
    let large = with(&with(&large, side(4), &4_000_u32.to_be_bytes()), side(5), &4_000_u32.to_be_bytes());
    let blocks = with(&with(&large, style + 2, &32_u16.to_be_bytes()), style + 6, &[0, 0]);
    assert_eq!(refused(&blocks, &limits), "picture_too_large");
    assert!(start.elapsed() < Duration::from_secs(1), "nothing was decoded");
}

#[test]
fn damage_and_what_the_decoder_does_not_know_are_told_apart() {
    let file = fixture("codestream.j2k");
    let limits = DecodeLimits::default();
    let (pictures, ended) = shown(&file[..file.len() * 3 / 4]);
    assert_eq!((pictures.len(), ended), (1, Err("picture_broken")), "what there is of it is shown");
    assert!(distance(&pictures[0], false) <= 12.0);
    assert_eq!(refused(&file[..60], &limits), "picture_broken");
    // A segment that is not known, in a file that keeps to the standard and in one that does not.
    let end_of_size = 4 + usize::from(u16::from_be_bytes([file[4], file[5]]));
    let strange = [&file[..end_of_size], &[0xff, 0x50, 0, 4, 0, 0], &file[end_of_size..]].concat();
    assert_eq!(refused(&strange, &limits), "picture_unsupported", "high throughput");
    let unknown = [&file[..end_of_size], &[0xff, 0x65, 0, 4, 0, 0], &file[end_of_size..]].concat();
    assert_eq!(refused(&unknown, &limits), "picture_broken");
    assert_eq!(refused(&with(&unknown, 6, &[0x80, 0]), &limits), "picture_unsupported");
}

#[test]
fn nothing_damaged_makes_it_panic_or_takes_long() {
    let limits = DecodeLimits { max_pixels: 1 << 18, max_alloc: 8 << 20, ..DecodeLimits::default() };
    let check = |name: &str, what: &str, at: usize, file: &[u8]| {
        let start = Instant::now();
        let decoded = catch_unwind(AssertUnwindSafe(|| shown_within(file, &limits)));
        assert!(decoded.is_ok(), "{name}, {what} {at}");
        let time = start.elapsed();
        assert!(time < Duration::from_secs(5), "{name}, {what} {at}: {time:?}");
    };
    for name in ["grey.jp2", "codestream.j2k", "tiled.jp2"] {
        let file = fixture(name);
        for length in 0..file.len() {
            check(name, "cut off at", length, &file[..length]);
        }
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        for round in 0..1_000 {
            let mut damaged = file.clone();
            // Half of them in the headers.
            for _ in 0..=round % 4 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let room = if random & 1 == 0 { damaged.len().min(250) } else { damaged.len() };
                damaged[(random >> 32) as usize % room] ^= 1 << (random >> 8 & 7);
            }
            check(name, "damaged in round", round, &damaged);
        }
    }
}
