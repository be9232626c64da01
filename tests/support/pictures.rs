//! Pictures drawn by us.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, imageops::FilterType};
use penstock::content::{AlgorithmSet, DecodeLimits};
use penstock::media::hash_part_here;

/// A landscape of smooth hills, a sun and noise-like texture: enough structure for a perceptual hash of full quality.
/// Different seeds give unrelated pictures.
pub fn landscape(width: u32, height: u32, seed: u32) -> DynamicImage {
    let s = seed as f32;
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let hills = (u * (7.0 + s % 5.0) + s).sin() * 0.18 + (u * 17.0 + s * 2.3).cos() * 0.07 + 0.55;
        let sun = ((u - (0.2 + (s * 0.37).fract() * 0.6)).powi(2) + (v - 0.25).powi(2)).sqrt();
        let waves = ((u * 31.0 + v * 23.0 * (1.0 + (s * 0.61).fract())).sin() + 1.0) * 0.5;
        let light = if sun < 0.09 {
            1.0
        } else if v > hills {
            0.18 + 0.3 * waves
        } else {
            0.55 + 0.35 * (1.0 - v) + 0.06 * waves
        };
        let tone = |weight: f32| (light * weight * 255.0).clamp(0.0, 255.0) as u8;
        Rgb([tone(0.95), tone(1.0), tone(0.85 + 0.15 * v)])
    });
    DynamicImage::ImageRgb8(picture)
}

/// The PDQ hash of an encoded picture, as `penstock hash` prints it.
pub fn pdq(picture: &[u8]) -> String {
    pdq_turned(picture, 0)
}

/// The PDQ hash that the picture has in one of its eight orientations.
pub fn pdq_turned(picture: &[u8], orientation: usize) -> String {
    let mut hashes = hash_part_here(picture, AlgorithmSet::all(), &DecodeLimits::default());
    hashes.views.remove(0).pdq.unwrap().unwrap().dihedral[orientation].to_string()
}

/// The hashes of the `img_hash` family of an encoded picture, with their algorithms.
pub fn hash64s(picture: &[u8]) -> Vec<(String, String)> {
    let mut hashes = hash_part_here(picture, AlgorithmSet::all(), &DecodeLimits::default());
    let family = hashes.views.remove(0);
    family.hash64s().map(|hash| (hash.algorithm().to_string(), hash.to_string())).collect()
}

pub fn png(picture: &DynamicImage) -> Vec<u8> {
    encoded(picture, ImageFormat::Png)
}

pub fn gif(picture: &DynamicImage) -> Vec<u8> {
    encoded(picture, ImageFormat::Gif)
}

pub fn webp(picture: &DynamicImage) -> Vec<u8> {
    encoded(picture, ImageFormat::WebP)
}

pub fn resized(picture: &DynamicImage, width: u32, height: u32) -> DynamicImage {
    picture.resize_exact(width, height, FilterType::Triangle)
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}
