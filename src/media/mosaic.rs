//! Hashes pictures as a document puts them together.
//!
//! Each file in a document is hashed by itself as well. What cannot be decoded leaves its place white here, and that is
//! no problem of the whole.

use std::time::Duration;

use image::imageops::{flip_horizontal, flip_vertical, replace, rotate90, thumbnail};
use image::metadata::Orientation;
use image::{Rgb, RgbImage};

use super::decode::{Colours, DecodeError, DecodeMeans, Ground, Picture, Pixels, each_picture};
use super::{PartHashes, hash_view, sniff};
use crate::content::{AlgorithmSet, MediaType, Mosaic, Tile};

/// Processor time that a pixel of a piece takes to be put in its place.
const A_PIXEL: Duration = Duration::from_nanos(20);

/// What the whole is called where types are told.
const KIND: MediaType = MediaType::Known("mosaic");

/// The perceptual hashes in `wanted` of `mosaic` as it is shown. It has no digests.
pub(super) fn hash_mosaic(mosaic: &Mosaic, wanted: AlgorithmSet, means: &DecodeMeans<'_>) -> PartHashes {
    let mut hashes = PartHashes { media_type: KIND, digests: Vec::new(), views: Vec::new(), problem: None };
    if !wanted.needs_picture() || mosaic.width == 0 || mosaic.height == 0 {
        return hashes;
    }
    let mut canvas = RgbImage::from_pixel(mosaic.width, mosaic.height, Rgb([255; 3]));
    let mut count = 0;
    for tile in &mosaic.tiles {
        match shown(tile, means) {
            Ok(picture) => {
                replace(&mut canvas, &picture, i64::from(tile.place.left), i64::from(tile.place.top));
                count += 1;
            }
            Err(DecodeError::TooMuchWork) => hashes.problem = Some(DecodeError::TooMuchWork),
            Err(_) => {}
        }
        if means.deadline.has_passed() {
            return hashes;
        }
    }
    if count > 0 {
        let pixels = Pixels::Rgb(canvas);
        let whole = Picture::whole(mosaic.width, mosaic.height, pixels, Orientation::NoTransforms, 0);
        hashes.views.push(hash_view(&whole, Ground::Ignored, wanted));
        if let Some(inside) = whole.without_borders(Ground::Ignored) {
            hashes.views.push(super::ViewHashes { is_trimmed: true, ..hash_view(&inside, Ground::Ignored, wanted) });
        }
    }
    hashes
}

/// The first picture of `tile`, in its tones, turned and as large as it is shown.
fn shown(tile: &Tile, means: &DecodeMeans<'_>) -> Result<RgbImage, DecodeError> {
    let (mut first, mut lacks_work) = (None, false);
    let mut visit = |picture: Picture| {
        let pixels = u64::from(picture.width) * u64::from(picture.height);
        if first.is_none() && means.deadline.affords_steps(pixels, A_PIXEL) {
            first = Some(placed(&picture, tile));
        } else {
            lacks_work |= first.is_none();
        }
        picture.pixels.give_back();
    };
    let ended = each_picture(&tile.picture, sniff(&tile.picture), Colours::Rgb, means, &mut visit);
    if lacks_work {
        return Err(DecodeError::TooMuchWork);
    }
    first.ok_or_else(|| ended.err().unwrap_or_else(DecodeError::header_cut_off))
}

fn placed(picture: &Picture, tile: &Tile) -> RgbImage {
    let mut pixels = picture.pixels.to_rgb(picture.width, picture.height, Ground::White);
    if let Some(tones) = &tile.tones {
        pixels.to_mut().pixels_mut().for_each(|pixel| pixel.0 = tones.shown(pixel.0));
    }
    let (place, turn) = (tile.place, tile.place.turn);
    let (width, height) = (place.width.max(1), place.height.max(1));
    let mut small = if turn.swaps { thumbnail(&*pixels, height, width) } else { thumbnail(&*pixels, width, height) };
    if turn.swaps {
        small = flip_horizontal(&rotate90(&small));
    }
    if turn.flips_across {
        small = flip_horizontal(&small);
    }
    if turn.flips_down {
        small = flip_vertical(&small);
    }
    small
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::content::{Algorithm, Deadline, DecodeLimits, TilePlace, Tones, Turn};
    use crate::media::{NoForeignDecoder, PdqHashes};

    fn png(picture: &RgbImage) -> Bytes {
        let mut file = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
        file.into_inner().into()
    }

    fn hash(mosaic: &Mosaic) -> PdqHashes {
        let means =
            DecodeMeans { limits: &DecodeLimits::default(), deadline: Deadline::NEVER, foreign: &NoForeignDecoder };
        let wanted: AlgorithmSet = [Algorithm::Pdq].into_iter().collect();
        let mut hashes = hash_mosaic(mosaic, wanted, &means);
        assert_eq!(hashes.problem, None);
        hashes.views.remove(0).pdq.unwrap().unwrap()
    }

    fn photograph() -> RgbImage {
        RgbImage::from_fn(160, 120, |x, y| {
            let (x, y) = (f64::from(x) / 9.0, f64::from(y) / 13.0);
            let shade = |phase: f64| (((x * 1.3 + phase).sin() * (y - x / 5.0).cos() + 1.0) * 127.0) as u8;
            Rgb([shade(0.0), shade(0.4), shade(0.9)])
        })
    }

    fn tile(picture: &RgbImage, left: u32, top: u32, turn: Turn) -> Tile {
        let (width, height) =
            if turn.swaps { (picture.height(), picture.width()) } else { (picture.width(), picture.height()) };
        Tile { picture: png(picture), place: TilePlace { left, top, width, height, turn }, tones: None }
    }

    #[test]
    fn pieces_show_what_the_whole_shows() {
        let whole = photograph();
        let expected = hash(&Mosaic { width: 160, height: 120, tiles: vec![tile(&whole, 0, 0, Turn::default())] });
        let cut = |left, top, width, height| image::imageops::crop_imm(&whole, left, top, width, height).to_image();
        let turn = Turn { swaps: true, flips_across: true, flips_down: true };
        let lower = flip_horizontal(&cut(0, 50, 100, 70));
        let pieces = vec![
            tile(&cut(0, 0, 100, 50), 0, 0, Turn::default()),
            tile(&lower, 0, 50, Turn { flips_across: true, ..Turn::default() }),
            tile(&flip_horizontal(&rotate90(&flip_vertical(&flip_horizontal(&cut(100, 0, 60, 120))))), 100, 0, turn),
        ];
        let found = hash(&Mosaic { width: 160, height: 120, tiles: pieces });
        assert!(found.dihedral[0].distance(&expected.dihedral[0]).0 <= 4, "{found:?} {expected:?}");
    }

    #[test]
    fn tones_are_those_that_the_document_says() {
        let whole = photograph();
        let plain = tile(&whole, 0, 0, Turn::default());
        let expected = hash(&Mosaic { width: 160, height: 120, tiles: vec![plain] });
        let mut inverted = whole.clone();
        image::imageops::invert(&mut inverted);
        let table: [u8; 256] = std::array::from_fn(|tone| 255 - tone as u8);
        let tones = Some(Tones::Each(Box::new([table; 3])));
        let turned = Tile { tones, ..tile(&inverted, 0, 0, Turn::default()) };
        let found = hash(&Mosaic { width: 160, height: 120, tiles: vec![turned] });
        assert_eq!(found.dihedral[0], expected.dihedral[0]);
    }
}
