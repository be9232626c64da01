//! What tests of single formats share.

use super::{Colours, DecodeMeans, Pixels, each_picture};
use crate::content::{Deadline, DecodeLimits};
use crate::media::{NoForeignDecoder, sniff};

/// A picture that was handed out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) rgba: Vec<[u8; 4]>,
}

/// What `file` shows, and the code of what is wrong with it.
pub(super) fn shown(file: &[u8]) -> (Vec<Shown>, Result<(), &'static str>) {
    shown_within(file, &DecodeLimits::default())
}

fn shown_within(file: &[u8], limits: &DecodeLimits) -> (Vec<Shown>, Result<(), &'static str>) {
    let means = DecodeMeans { limits, deadline: Deadline::NEVER, foreign: &NoForeignDecoder };
    let mut all = Vec::new();
    let ended = each_picture(file, sniff(file), Colours::Rgb, &means, &mut |picture| {
        let rgba = match picture.pixels {
            Pixels::Luma(luma) => luma.iter().map(|tone| [*tone, *tone, *tone, 255]).collect(),
            Pixels::Rgb(rgb) => rgb.pixels().map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect(),
            Pixels::Rgba(rgba) => rgba.pixels().map(|pixel| pixel.0).collect(),
            Pixels::Means(_) => panic!("these are pictures of few pixels"),
        };
        all.push(Shown { width: picture.width, height: picture.height, rgba });
    });
    (all, ended.map_err(|error| error.code()))
}

/// The one picture of a file with nothing wrong.
pub(super) fn only(file: &[u8]) -> Shown {
    let (mut all, ended) = shown(file);
    assert_eq!((all.len(), ended), (1, Ok(())));
    all.remove(0)
}

/// Cuts `file` off everywhere and turns bits of it over: no decoder may panic, or take more than is allowed.
pub(super) fn assert_withstands(name: &str, file: &[u8]) {
    let limits = DecodeLimits { max_pixels: 1 << 20, max_alloc: 16 << 20, ..DecodeLimits::default() };
    let check = |what: &str, at: u64, file: &[u8]| {
        let (_, ended) = shown_within(file, &limits);
        assert_ne!(ended, Err("picture_decoder_panicked"), "{name}, {what} {at}");
    };
    for length in 0..file.len().min(3_000) {
        check("cut off at", length as u64, &file[..length]);
    }
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..1_000 {
        let mut damaged = file.to_vec();
        // Most of them in the headers.
        for _ in 0..=round % 4 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let room = if random & 1 == 0 { damaged.len().min(200) } else { damaged.len() };
            damaged[(random >> 32) as usize % room] ^= 1 << (random >> 8 & 7);
        }
        check("damaged in round", round, &damaged);
    }
}
