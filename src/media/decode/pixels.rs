//! Pixels as the hashes need them: eight bits a channel.

use std::borrow::Cow;

use image::imageops::crop_imm;
use image::{ColorType, Rgb, RgbImage, Rgba, RgbaImage};

use crate::media::scratch::PIXELS;
use crate::media::trim::Rect;

/// Pixels, row by row.
#[derive(Clone, PartialEq)]
pub(in crate::media) enum Pixels {
    /// A byte a pixel: grey, or the luma plane of a JPEG, which is rounded.
    Luma(Vec<u8>),
    /// Three bytes a pixel.
    Rgb(RgbImage),
    /// Four bytes a pixel.
    Rgba(RgbaImage),
    /// Means of the colours of many pixels, each on the grounds on which they differ.
    Means(Vec<Vec<[f32; 3]>>),
}

/// What shows where a picture is transparent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// The colours that transparent pixels have, whatever these are: both PDQ references ignore transparency.
    Ignored,
    /// White, as most pages have it.
    White,
    /// Black, as viewers have it.
    Black,
}

/// The colours of a pixel over a ground.
#[inline]
pub(in crate::media) fn over(ground: Ground, Rgba([red, green, blue, alpha]): Rgba<u8>) -> [u8; 3] {
    let rest = match ground {
        Ground::Ignored => return [red, green, blue],
        Ground::White => 255,
        Ground::Black => 0,
    };
    let alpha = u32::from(alpha);
    [red, green, blue].map(|tone| ((u32::from(tone) * alpha + rest * (255 - alpha) + 127) / 255) as u8)
}

impl Pixels {
    /// Takes what a decoder of the crate `image` wrote; `None` when it is not `width × height` pixels.
    ///
    /// Sixteen bits and floating point become eight; grey stays grey.
    pub(super) fn from_decoder(width: u32, height: u32, color: ColorType, bytes: Vec<u8>) -> Option<Self> {
        let tone16 = |bytes: &[u8; 2]| ((u32::from(u16::from_ne_bytes(*bytes)) + 128) / 257) as u8;
        let tone32 = |bytes: &[u8; 4]| (f32::from_ne_bytes(*bytes).clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        let bytes = match color {
            ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => bytes,
            ColorType::Rgb32F | ColorType::Rgba32F => bytes.as_chunks().0.iter().map(tone32).collect(),
            _ => bytes.as_chunks().0.iter().map(tone16).collect(),
        };
        match color {
            ColorType::L8 | ColorType::L16 => {
                (bytes.len() as u64 == u64::from(width) * u64::from(height)).then_some(Self::Luma(bytes))
            }
            ColorType::La8 | ColorType::La16 => {
                let rgba = bytes.as_chunks().0.iter().flat_map(|[grey, alpha]| [*grey, *grey, *grey, *alpha]);
                Self::from_rgba(width, height, rgba.collect())
            }
            ColorType::Rgb8 | ColorType::Rgb16 | ColorType::Rgb32F => {
                RgbImage::from_raw(width, height, bytes).map(Self::Rgb)
            }
            _ => Self::from_rgba(width, height, bytes),
        }
    }

    /// Pixels with transparency, which is left out when there is none in truth.
    pub(in crate::media) fn from_rgba(width: u32, height: u32, bytes: Vec<u8>) -> Option<Self> {
        RgbaImage::from_raw(width, height, bytes).map(Self::of_rgba)
    }

    pub(super) fn of_rgba(picture: RgbaImage) -> Self {
        if picture.as_raw().as_chunks::<4>().0.iter().any(|pixel| pixel[3] != 255) {
            return Self::Rgba(picture);
        }
        Self::Rgb(coloured(&picture, |Rgba([red, green, blue, _])| [red, green, blue]))
    }

    /// Leaves their memory to the next picture.
    pub(in crate::media) fn give_back(self) {
        let bytes = match self {
            Self::Luma(luma) => luma,
            Self::Rgb(picture) => picture.into_raw(),
            Self::Rgba(picture) => picture.into_raw(),
            Self::Means(_) => return,
        };
        PIXELS.with(|kept| kept.give_back(bytes));
    }

    /// The grounds on which the pixels may look different.
    pub(in crate::media) const fn grounds(&self) -> &'static [Ground] {
        match self {
            Self::Luma(_) | Self::Rgb(_) => &[Ground::Ignored],
            Self::Means(planes) if planes.len() == 1 => &[Ground::Ignored],
            Self::Rgba(_) | Self::Means(_) => &[Ground::Ignored, Ground::White, Ground::Black],
        }
    }

    /// A byte of luma a pixel, rounded, as they look on `ground`.
    pub(super) fn to_luma(&self, ground: Ground) -> Cow<'_, [u8]> {
        match self {
            Self::Luma(luma) => Cow::Borrowed(luma),
            Self::Rgb(picture) => picture.as_raw().as_chunks().0.iter().map(|rgb| luma_of(*rgb)).collect(),
            Self::Rgba(picture) => {
                let pixels = picture.as_raw().as_chunks().0.iter();
                pixels.map(|rgba| luma_of(over(ground, Rgba(*rgba)))).collect()
            }
            Self::Means(planes) => plane_on(planes, ground).iter().map(|rgb| luma_of(rgb.map(rounded))).collect(),
        }
    }

    /// Those in a part of a picture `width` pixels wide.
    pub(super) fn cut(&self, part: Rect, width: usize) -> Self {
        let [left, top, columns, rows] = [part.left, part.top, part.width, part.height].map(|side| side as u32);
        match self {
            Self::Luma(luma) => Self::Luma(part.cut_from(luma, width)),
            Self::Rgb(picture) => Self::Rgb(crop_imm(picture, left, top, columns, rows).to_image()),
            Self::Rgba(picture) => Self::Rgba(crop_imm(picture, left, top, columns, rows).to_image()),
            Self::Means(planes) => Self::Means(planes.iter().map(|plane| part.cut_from(plane, width)).collect()),
        }
    }

    /// The picture in colours over `ground`.
    pub(in crate::media) fn to_rgb(&self, width: u32, height: u32, ground: Ground) -> Cow<'_, RgbImage> {
        match self {
            Self::Rgb(picture) => Cow::Borrowed(picture),
            Self::Rgba(picture) => Cow::Owned(coloured(picture, |pixel| over(ground, pixel))),
            Self::Means(planes) => {
                let plane = plane_on(planes, ground);
                let mean = |x, y| plane.get(y as usize * width as usize + x as usize).copied().unwrap_or_default();
                Cow::Owned(RgbImage::from_fn(width, height, |x, y| Rgb(mean(x, y).map(rounded))))
            }
            Self::Luma(luma) => {
                let grey = |x, y| luma.get(y as usize * width as usize + x as usize).copied().unwrap_or_default();
                Cow::Owned(RgbImage::from_fn(width, height, |x, y| Rgb([grey(x, y); 3])))
            }
        }
    }
}

/// The means on `ground`, of those on the grounds on which they differ.
pub(in crate::media) fn plane_on(planes: &[Vec<[f32; 3]>], ground: Ground) -> &[[f32; 3]] {
    let number = match ground {
        Ground::Ignored => 0,
        Ground::White => 1,
        Ground::Black => 2,
    };
    planes.get(number).or_else(|| planes.first()).map_or(&[], Vec::as_slice)
}

fn rounded(mean: f32) -> u8 {
    (mean + 0.5) as u8
}

/// ITU-R BT.601.
fn luma_of(rgb: [u8; 3]) -> u8 {
    let [red, green, blue] = rgb.map(u32::from);
    ((77 * red + 150 * green + 29 * blue + 128) >> 8) as u8
}

fn coloured(picture: &RgbaImage, colour: impl Fn(Rgba<u8>) -> [u8; 3]) -> RgbImage {
    let mut rgb = RgbImage::new(picture.width(), picture.height());
    let samples: &mut [u8] = &mut rgb;
    for (to, from) in samples.as_chunks_mut().0.iter_mut().zip(picture.as_raw().as_chunks().0) {
        *to = colour(Rgba(*from));
    }
    rgb
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ground_shows_as_far_as_a_pixel_is_transparent() {
        let pixel = |alpha| Rgba([200, 100, 0, alpha]);
        assert_eq!(over(Ground::White, pixel(255)), [200, 100, 0]);
        assert_eq!(over(Ground::White, pixel(0)), [255; 3]);
        assert_eq!(over(Ground::Black, pixel(0)), [0; 3]);
        assert_eq!(over(Ground::Ignored, pixel(0)), [200, 100, 0]);
        assert_eq!(over(Ground::Black, pixel(128)), [100, 50, 0]);
    }

    #[test]
    fn every_kind_of_sample_becomes_eight_bits() {
        let tone = |value: u16| value.to_ne_bytes();
        let bytes: Vec<u8> = [tone(0), tone(65_535), tone(32_896)].concat();
        assert!(Pixels::from_decoder(3, 1, ColorType::L16, bytes) == Some(Pixels::Luma(vec![0, 255, 128])));
        let bytes: Vec<u8> = [0.0_f32, 1.0, 7.0].iter().flat_map(|tone| tone.to_ne_bytes()).collect();
        let expected = RgbImage::from_raw(1, 1, vec![0, 255, 255]).map(Pixels::Rgb);
        assert!(Pixels::from_decoder(1, 1, ColorType::Rgb32F, bytes) == expected);
        assert!(Pixels::from_decoder(2, 1, ColorType::L8, vec![1]).is_none());
        let opaque = Pixels::from_decoder(1, 1, ColorType::La8, vec![9, 255]);
        assert!(opaque == RgbImage::from_raw(1, 1, vec![9; 3]).map(Pixels::Rgb));
    }
}
