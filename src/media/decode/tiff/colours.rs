//! Samples of eight bits → pixels.

use image::RgbImage;

use super::directory::Directory;
use super::page::{Alpha, Colour, Packing, Page};
use crate::media::decode::Pixels;

const COLOUR_MAP: u16 = 320;
const COEFFICIENTS: u16 = 529;
const BLACK_AND_WHITE: u16 = 532;

/// The pixels of a page: `samples` holds as many for each as the page keeps. `None` when these are not as many as it
/// says.
pub(super) fn pixels(page: &Page<'_>, mut samples: Vec<u8>) -> Option<Pixels> {
    let (width, height) = (page.width, page.height);
    match (page.colour, page.alpha) {
        (Colour::BlackIsZero, None) => return Some(Pixels::Luma(samples)),
        (Colour::WhiteIsZero, None) => {
            samples.iter_mut().for_each(|tone| *tone = !*tone);
            return Some(Pixels::Luma(samples));
        }
        (Colour::Rgb, None) => return RgbImage::from_raw(width, height, samples).map(Pixels::Rgb),
        _ => {}
    }
    let tones = Tones::of(page);
    let Some(alpha) = page.alpha else {
        let rgb = samples.chunks_exact(page.kept()).flat_map(|pixel| tones.rgb(pixel)).collect();
        return RgbImage::from_raw(width, height, rgb).map(Pixels::Rgb);
    };
    let rgba = samples.chunks_exact(page.kept()).flat_map(|pixel| {
        let share = pixel[pixel.len() - 1];
        let [red, green, blue] = match (tones.rgb(pixel), alpha) {
            (rgb, Alpha::Unassociated) => rgb,
            (rgb, Alpha::Associated) => rgb.map(|tone| divided(tone, share)),
        };
        [red, green, blue, share]
    });
    Pixels::from_rgba(width, height, rgba.collect())
}

/// The tone of which `tone` is that share.
fn divided(tone: u8, share: u8) -> u8 {
    let (tone, share) = (u32::from(tone), u32::from(share));
    (tone * 255 + share / 2).checked_div(share).unwrap_or_default().min(255) as u8
}

/// What the samples of a pixel look like.
enum Tones {
    Grey,
    Inverted,
    Rgb,
    Palette(Vec<[u8; 3]>),
    Cmyk,
    YCbCr(YCbCr),
    Lab { is_signed: bool },
}

impl Tones {
    fn of(page: &Page<'_>) -> Self {
        match page.colour {
            Colour::BlackIsZero => Self::Grey,
            Colour::WhiteIsZero => Self::Inverted,
            Colour::Rgb => Self::Rgb,
            Colour::Palette => Self::Palette(palette(&page.directory, page.bits)),
            Colour::Cmyk => Self::Cmyk,
            Colour::YCbCr => Self::YCbCr(YCbCr::of(page)),
            Colour::Lab { is_signed } => Self::Lab { is_signed },
        }
    }

    fn rgb(&self, pixel: &[u8]) -> [u8; 3] {
        match (self, pixel) {
            (Self::Grey, [grey, ..]) => [*grey; 3],
            (Self::Inverted, [grey, ..]) => [!grey; 3],
            (Self::Rgb, [red, green, blue, ..]) => [*red, *green, *blue],
            (Self::Palette(colours), [number, ..]) => colours.get(usize::from(*number)).copied().unwrap_or_default(),
            (Self::Cmyk, [cyan, magenta, yellow, black, ..]) => [cyan, magenta, yellow].map(|ink| {
                let light = u32::from(!ink) * u32::from(!black);
                ((light + 127) / 255) as u8
            }),
            (Self::YCbCr(colours), [luma, blue, red, ..]) => colours.rgb(*luma, *blue, *red),
            (Self::Lab { is_signed }, [light, a, b, ..]) => {
                let of = |byte: u8| f64::from(byte as i8);
                let (a, b) = if *is_signed { (of(*a), of(*b)) } else { (of(a ^ 0x80), of(b ^ 0x80)) };
                lab(f64::from(*light) / 2.55, a, b)
            }
            _ => [0; 3],
        }
    }
}

/// The colours of a palette. They have sixteen bits, but some programs write eight.
fn palette(directory: &Directory<'_>, bits: u32) -> Vec<[u8; 3]> {
    let tones = directory.numbers(COLOUR_MAP);
    let shift = if tones.iter().all(|tone| *tone < 256) { 0 } else { 8 };
    let (count, step) = (tones.len() / 3, 1 << bits.saturating_sub(8));
    let tone = |number: usize| (tones[number] >> shift) as u8;
    (0..count).step_by(step).map(|number| [tone(number), tone(count + number), tone(2 * count + number)]).collect()
}

/// Source: TIFF revision 6.0, §21.
struct YCbCr {
    /// Shares of red, green and blue in the luma.
    shares: [f32; 3],
    /// What is 0 and 255 of the luma, and 0 and 127 of each colour.
    luma: (f32, f32),
    colours: [(f32, f32); 2],
}

impl YCbCr {
    fn of(page: &Page<'_>) -> Self {
        // JPEG decoders take no notice of what is said about colours.
        let is_jpeg = matches!(page.packing, Packing::Jpeg | Packing::OldJpeg);
        let stated = |tag: u16| if is_jpeg { Vec::new() } else { page.directory.fractions(tag) };
        let shares = match stated(COEFFICIENTS)[..] {
            [red, green, blue] if green > 0.0 => [red, green, blue].map(|share| share as f32),
            _ => [0.299, 0.587, 0.114],
        };
        let bounds = match stated(BLACK_AND_WHITE)[..] {
            [a, b, c, d, e, f] if a < b && c < d && e < f => [a, b, c, d, e, f].map(|bound| bound as f32),
            _ => [0.0, 255.0, 128.0, 255.0, 128.0, 255.0],
        };
        let [black, white, no_blue, blue, no_red, red] = bounds;
        Self { shares, luma: (black, white), colours: [(no_blue, blue), (no_red, red)] }
    }

    fn rgb(&self, luma: u8, blue: u8, red: u8) -> [u8; 3] {
        let scaled = |byte: u8, (low, high): (f32, f32), most: f32| (f32::from(byte) - low) * most / (high - low);
        let luma = scaled(luma, self.luma, 255.0);
        let [blue, red] =
            [(blue, self.colours[0]), (red, self.colours[1])].map(|(byte, range)| scaled(byte, range, 127.0));
        let [red_share, green_share, blue_share] = self.shares;
        let red = luma + red * (2.0 - 2.0 * red_share);
        let blue = luma + blue * (2.0 - 2.0 * blue_share);
        let green = (luma - blue_share * blue - red_share * red) / green_share;
        [red, green, blue].map(|tone| (tone + 0.5) as u8)
    }
}

/// L* of 0 to 100 and the two colours, under D50, as sRGB shows them. Sources: ISO 11664-4; IEC 61966-2-1, with its
/// white adapted by Bradford's matrix.
fn lab(light: f64, a: f64, b: f64) -> [u8; 3] {
    let inverse = |t: f64| if t > 6.0 / 29.0 { t.powi(3) } else { 3.0 * (6.0_f64 / 29.0).powi(2) * (t - 4.0 / 29.0) };
    let middle = (light + 16.0) / 116.0;
    let x = 0.9642 * inverse(middle + a / 500.0);
    let y = inverse(middle);
    let z = 0.8249 * inverse(middle - b / 200.0);
    let linear = [
        3.1339 * x - 1.6169 * y - 0.4906 * z,
        -0.9788 * x + 1.9161 * y + 0.0335 * z,
        0.0719 * x - 0.2290 * y + 1.4052 * z,
    ];
    linear.map(|tone| {
        let tone = if tone <= 0.003_130_8 { 12.92 * tone } else { 1.055 * tone.powf(1.0 / 2.4) - 0.055 };
        (tone * 255.0 + 0.5) as u8
    })
}

/// Luma and colours of each pixel, of blocks that share their colours: the lumas of a block, then both colours.
pub(super) fn unshared(page: &Page<'_>, blocks: &[u8], rows: u32) -> Vec<u8> {
    let (across, down) = page.subsampling;
    let (columns, rows) = (page.chunk.0 as usize, rows as usize);
    let mut samples = vec![0; columns * rows * 3];
    let each = columns.div_ceil(across);
    for (number, block) in blocks.chunks_exact(across * down + 2).enumerate() {
        let (left, top) = (number % each * across, number / each * down);
        let (lumas, colours) = block.split_at(across * down);
        for (within, luma) in lumas.iter().enumerate() {
            let (x, y) = (left + within % across, top + within / across);
            if x < columns && y < rows {
                let at = (y * columns + x) * 3;
                samples[at..at + 3].copy_from_slice(&[*luma, colours[0], colours[1]]);
            }
        }
    }
    samples
}
