//! What a picture is put together on, row by row, while it is decoded: all of its pixels, or their means.
//!
//! Perceptual hashes look at 64×64 means or fewer, so of a large picture the mean of every 8×8 pixels is enough: a
//! picture of 250 megapixels takes some 100 MB then in place of a gigabyte, and is hashed in a fraction of the time.

use image::ColorType;
use image::metadata::Orientation;

use super::Picture;
use super::pixels::Pixels;
use crate::content::DecodeLimits;
use crate::media::scratch::PIXELS;

/// Pixels along a side of the square that becomes one mean.
pub(super) const SIDE: usize = 8;

/// The shorter side, in means, of a picture whose means are hashed in place of its pixels.
pub(super) const LEAST: usize = 250;

/// The same of one that is too large for anything else: PDQ looks at 64×64 means.
pub(super) const LEAST_OF_LARGE: usize = 64;

/// Bytes that a mean takes: sums of colours, of colours over black and of alpha, and what they are on three grounds.
const BYTES_A_MEAN: u64 = 7 * 4 + 3 * 12;

/// How much of a picture is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    /// Every pixel.
    Pixels,
    /// Means of [`SIDE`]×[`SIDE`] pixels.
    Means,
}

impl Grain {
    /// For a picture of that size with `channels` bytes a pixel; with it the bytes that it takes.
    pub(super) fn of(width: u32, height: u32, channels: usize, limits: &DecodeLimits) -> (Self, u64) {
        let pixels = u64::from(width) * u64::from(height);
        // There may be a copy in colours.
        let whole = pixels.saturating_mul(channels as u64 + 3);
        let side = width.min(height) as usize / SIDE;
        let least = if whole <= limits.max_alloc { LEAST } else { LEAST_OF_LARGE };
        if side < least {
            return (Self::Pixels, whole);
        }
        let means = u64::from(width.div_ceil(SIDE as u32)) * u64::from(height.div_ceil(SIDE as u32));
        (Self::Means, means * BYTES_A_MEAN)
    }

    /// Stored pixels along a side of what is kept.
    const fn side(self) -> u32 {
        match self {
            Self::Pixels => 1,
            Self::Means => SIDE as u32,
        }
    }
}

/// Which pixels of a picture come: every `step`th of row `y`, from column `x` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) step: usize,
}

impl Place {
    /// All of a row.
    pub(super) const fn row(y: usize) -> Self {
        Self { x: 0, y, step: 1 }
    }
}

/// A picture on its way out of a decoder.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    channels: usize,
    grain: Grain,
    kept: Kept,
}

enum Kept {
    Pixels(Vec<u8>),
    Means(Sums),
}

impl Canvas {
    /// For `width × height` pixels of `channels` bytes each: grey, grey and alpha, colours, colours and alpha.
    pub(super) fn new(width: u32, height: u32, channels: usize, grain: Grain) -> Self {
        let (width, height) = (width as usize, height as usize);
        let kept = match grain {
            Grain::Pixels => Kept::Pixels(PIXELS.with(|kept| kept.take(width * height * channels))),
            Grain::Means => Kept::Means(Sums::new(width.div_ceil(SIDE), height.div_ceil(SIDE), channels)),
        };
        Self { width, height, channels, grain, kept }
    }

    /// Takes in the pixels at `place`; those that the picture has no place for are left out.
    pub(super) fn add(&mut self, place: Place, pixels: &[u8]) {
        if place.y >= self.height || place.x >= self.width {
            return;
        }
        let columns = (self.width - place.x).div_ceil(place.step);
        let pixels = &pixels[..pixels.len().min(columns * self.channels)];
        match &mut self.kept {
            Kept::Pixels(bytes) => {
                let row = &mut bytes[place.y * self.width * self.channels..][..self.width * self.channels];
                if place.step == 1 {
                    row[place.x * self.channels..][..pixels.len()].copy_from_slice(pixels);
                } else {
                    let places = row[place.x * self.channels..].chunks_mut(self.channels).step_by(place.step);
                    places.zip(pixels.chunks_exact(self.channels)).for_each(|(to, from)| to.copy_from_slice(from));
                }
            }
            Kept::Means(sums) => sums.add(place, pixels, self.channels),
        }
    }

    /// The picture of the first `rows` rows; `None` when there are none.
    pub(super) fn into_picture(self, rows: u32, orientation: Orientation, frame: usize) -> Option<Picture> {
        let (side, is_whole, stored) = (self.grain.side(), rows as usize == self.height, self.width as u32);
        let (width, height, pixels) = self.into_pixels(rows as usize)?;
        let stored = (stored, if is_whole { rows } else { height * side });
        Some(Picture { width, height, stored, side, pixels, orientation, frame })
    }

    /// What there is of the first `rows` rows: width, height and pixels of what is kept. `None` when these are none.
    fn into_pixels(self, rows: usize) -> Option<(u32, u32, Pixels)> {
        let rows = rows.min(self.height);
        match self.kept {
            Kept::Pixels(mut bytes) => {
                bytes.truncate(rows * self.width * self.channels);
                let color = match self.channels {
                    1 => ColorType::L8,
                    2 => ColorType::La8,
                    3 => ColorType::Rgb8,
                    _ => ColorType::Rgba8,
                };
                let (width, height) = (self.width as u32, rows as u32);
                let pixels = Pixels::from_decoder(width, height, color, bytes)?;
                (rows > 0).then_some((width, height, pixels))
            }
            Kept::Means(sums) => {
                // A row of means that is not complete is one nevertheless if the picture ends there.
                let rows = if rows == self.height { sums.height } else { rows / SIDE };
                let (width, height) = (sums.width as u32, rows as u32);
                (rows > 0).then(|| (width, height, sums.into_pixels(rows)))
            }
        }
    }
}

impl Picture {
    /// The same as means, where it is large and came as pixels.
    pub(super) fn in_grain(self, limits: &DecodeLimits) -> Self {
        let channels = match &self.pixels {
            Pixels::Luma(_) => 1,
            Pixels::Rgb(_) => 3,
            Pixels::Rgba(_) => 4,
            Pixels::Means(_) => return self,
        };
        let (grain, _) = Grain::of(self.width, self.height, channels, limits);
        if grain == Grain::Pixels || self.side != 1 {
            return self;
        }
        let mut canvas = Canvas::new(self.width, self.height, channels, grain);
        let bytes = match &self.pixels {
            Pixels::Luma(luma) => luma.as_slice(),
            Pixels::Rgb(picture) => picture.as_raw(),
            Pixels::Rgba(picture) => picture.as_raw(),
            Pixels::Means(_) => &[],
        };
        for (y, row) in bytes.chunks_exact(self.width as usize * channels).enumerate() {
            canvas.add(Place::row(y), row);
        }
        match canvas.into_picture(self.height, self.orientation, self.frame) {
            Some(means) => {
                self.pixels.give_back();
                means
            }
            None => self,
        }
    }
}

/// Sums over squares of pixels.
struct Sums {
    width: usize,
    height: usize,
    /// Pixels that have come of each square.
    counts: Vec<u8>,
    colours: Vec<[u32; 3]>,
    /// Colours times alpha, and alpha; nothing where there is no alpha.
    over: Vec<[u32; 4]>,
}

impl Sums {
    fn new(width: usize, height: usize, channels: usize) -> Self {
        let has_alpha = matches!(channels, 2 | 4);
        let over = if has_alpha { vec![[0; 4]; width * height] } else { Vec::new() };
        Self { width, height, counts: vec![0; width * height], colours: vec![[0; 3]; width * height], over }
    }

    fn add(&mut self, place: Place, pixels: &[u8], channels: usize) {
        let start = place.y / SIDE * self.width + place.x / SIDE;
        // In a row there are as many of each square, but for the last; steps divide sides.
        let each = SIDE / place.step.min(SIDE);
        let squares = pixels.chunks(each * channels);
        let colours = self.colours[start..].iter_mut().zip(&mut self.counts[start..]);
        for ((sum, count), square) in colours.zip(squares.clone()) {
            *count += (square.len() / channels) as u8;
            match channels {
                1 => {
                    let grey: u32 = square.iter().map(|grey| u32::from(*grey)).sum();
                    *sum = sum.map(|sum| sum + grey);
                }
                2 => square.as_chunks::<2>().0.iter().for_each(|[grey, _]| add_to(sum, [*grey; 3])),
                3 => square.as_chunks::<3>().0.iter().for_each(|rgb| add_to(sum, *rgb)),
                _ => square.as_chunks::<4>().0.iter().for_each(|[r, g, b, _]| add_to(sum, [*r, *g, *b])),
            }
        }
        for (sum, square) in self.over.get_mut(start..).into_iter().flatten().zip(squares) {
            match channels {
                2 => square.as_chunks::<2>().0.iter().for_each(|[grey, alpha]| add_over(sum, [*grey; 3], *alpha)),
                _ => square.as_chunks::<4>().0.iter().for_each(|[r, g, b, alpha]| add_over(sum, [*r, *g, *b], *alpha)),
            }
        }
    }

    /// The means of the first `rows` rows of squares, on every ground on which they may differ. Where no pixels have
    /// come, they are black.
    fn into_pixels(self, rows: usize) -> Pixels {
        let count = rows * self.width;
        let counts = &self.counts[..count];
        let mean = |sum: u32, pixels: u8| sum as f32 / f32::from(pixels.max(1));
        let ignored =
            counts.iter().zip(&self.colours).map(|(pixels, sums)| sums.map(|sum| mean(sum, *pixels))).collect();
        let is_opaque = |(pixels, sums): (&u8, &[u32; 4])| sums[3] == u32::from(*pixels) * 255;
        if counts.iter().zip(&self.over).all(is_opaque) {
            return Pixels::Means(vec![ignored]);
        }
        let on = |ground: f32| -> Vec<[f32; 3]> {
            let on = |(pixels, [r, g, b, alpha]): (&u8, &[u32; 4])| {
                let rest = ground * (255.0 - mean(*alpha, *pixels));
                [*r, *g, *b].map(|sum| mean(sum, *pixels) / 255.0 + rest)
            };
            counts.iter().zip(&self.over).map(on).collect()
        };
        let (white, black) = (on(1.0), on(0.0));
        Pixels::Means(vec![ignored, white, black])
    }
}

#[inline]
fn add_to(sum: &mut [u32; 3], rgb: [u8; 3]) {
    for (sum, tone) in sum.iter_mut().zip(rgb) {
        *sum += u32::from(tone);
    }
}

#[inline]
fn add_over(sum: &mut [u32; 4], rgb: [u8; 3], alpha: u8) {
    let alpha = u32::from(alpha);
    let [r, g, b] = rgb.map(|tone| u32::from(tone) * alpha);
    for (sum, more) in sum.iter_mut().zip([r, g, b, alpha]) {
        *sum += more;
    }
}

#[cfg(test)]
mod tests {
    use super::super::pixels::Ground;
    use super::*;

    const WIDTH: u32 = 2_100;
    const HEIGHT: u32 = 2_003;

    fn sample(x: usize, y: usize, channel: usize) -> u8 {
        ((x * x / 700 + y * 3 + channel * 50) % 251) as u8
    }

    fn row(y: usize, channels: usize, columns: impl Iterator<Item = usize>) -> Vec<u8> {
        columns.flat_map(|x| (0..channels).map(move |channel| sample(x, y, channel))).collect()
    }

    fn drawn(channels: usize, grain: Grain, rows: usize) -> (u32, u32, Pixels) {
        let mut canvas = Canvas::new(WIDTH, HEIGHT, channels, grain);
        for y in 0..HEIGHT as usize {
            canvas.add(Place::row(y), &row(y, channels, 0..WIDTH as usize));
        }
        canvas.into_pixels(rows).unwrap()
    }

    #[test]
    fn large_pictures_are_kept_as_means_and_small_ones_are_not() {
        let limits = DecodeLimits::default();
        for (width, height, channels, grain) in [
            (1_920, 1_080, 3, Grain::Pixels),
            (3_840, 2_160, 3, Grain::Means),
            (12_500, 20_000, 4, Grain::Means),
            (30_000, 1_000, 4, Grain::Pixels),
            (30_000, 8_000, 4, Grain::Means),
            (30_000, 400, 4, Grain::Pixels),
        ] {
            let (found, bytes) = Grain::of(width, height, channels, &limits);
            assert_eq!(found, grain, "{width}×{height}");
            assert!(bytes < limits.max_alloc / 2 || grain == Grain::Pixels, "{width}×{height}: {bytes}");
        }
    }

    #[test]
    fn means_are_those_of_the_pixels_on_every_ground() {
        for channels in 1..=4 {
            let (_, _, whole) = drawn(channels, Grain::Pixels, HEIGHT as usize);
            let (width, height, means) = drawn(channels, Grain::Means, HEIGHT as usize);
            assert_eq!((width, height), (WIDTH.div_ceil(8), HEIGHT.div_ceil(8)), "{channels}");
            assert_eq!(whole.grounds(), means.grounds(), "{channels}");
            for ground in whole.grounds() {
                let pixels = whole.to_rgb(WIDTH, HEIGHT, *ground);
                let means = means.to_rgb(width, height, *ground);
                for (x, y) in [(0, 0), (7, 100), (width - 1, 3), (width - 1, height - 1)] {
                    let square =
                        (y * 8..HEIGHT.min(y * 8 + 8)).flat_map(|y| (x * 8..WIDTH.min(x * 8 + 8)).map(move |x| (x, y)));
                    let tones: Vec<f32> = square.map(|(x, y)| f32::from(pixels.get_pixel(x, y)[1])).collect();
                    let expected = tones.iter().sum::<f32>() / tones.len() as f32;
                    let found = f32::from(means.get_pixel(x, y)[1]);
                    assert!(
                        (found - expected).abs() <= 1.0,
                        "{channels}, {ground:?}, {x}, {y}: {found}, not {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn pixels_may_come_in_any_order() {
        let (_, _, expected) = drawn(3, Grain::Means, HEIGHT as usize);
        let mut canvas = Canvas::new(WIDTH, HEIGHT, 3, Grain::Means);
        for (x, step) in [(0, 8), (4, 8), (2, 4), (1, 2)] {
            for y in (0..HEIGHT as usize).rev() {
                canvas.add(Place { x, y, step }, &row(y, 3, (x..WIDTH as usize).step_by(step)));
            }
        }
        let (_, _, found) = canvas.into_pixels(HEIGHT as usize).unwrap();
        assert!(found == expected);
    }

    #[test]
    fn what_is_opaque_has_one_ground_and_what_is_cut_off_ends_before() {
        let mut canvas = Canvas::new(WIDTH, HEIGHT, 4, Grain::Means);
        for y in 0..100 {
            canvas.add(Place::row(y), &[7, 8, 9, 255].repeat(WIDTH as usize));
        }
        canvas.add(Place::row(HEIGHT as usize), &[1; 4]);
        canvas.add(Place { x: WIDTH as usize, y: 0, step: 1 }, &[1; 4]);
        let (width, height, pixels) = canvas.into_pixels(100).unwrap();
        assert_eq!((width, height, pixels.grounds()), (WIDTH.div_ceil(8), 12, &[Ground::Ignored][..]));
        assert!(Canvas::new(WIDTH, HEIGHT, 4, Grain::Means).into_pixels(7).is_none());
        assert!(Canvas::new(9, 9, 4, Grain::Pixels).into_pixels(0).is_none());
    }
}
