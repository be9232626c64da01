//! Formats of other days and other systems that are simple: rows of samples, plain or in runs.
//!
//! No browser shows them, but programs that make thumbnails turn them into what everybody sees.

mod fits;
mod hdr;
mod icns;
mod pcx;
mod pnm;
mod psd;
mod sgi;
mod sun;
mod xbm;
mod xpm;

use image::RgbImage;
use image::metadata::Orientation;

pub(in crate::media) use self::pcx::DCX;
pub(in crate::media) use self::pnm::{netpbm_words, numbers_at, usual_header as usual_netpbm_header};
pub(in crate::media) use self::xbm::{Xbm, is_xbm};
use super::pixels::Pixels;
use super::still::{ended_with, too_few_pixels};
use super::{DecodeError, Decoding, Picture};

/// Rows between two looks at the clock.
const ROWS_A_LOOK: usize = 16;

/// Samples that lie in planes, one after the other: grey, or red, green and blue.
struct Planes {
    width: usize,
    height: usize,
    count: usize,
    samples: Vec<u8>,
    /// Rows for which there were data, of all planes.
    rows: usize,
}

impl Planes {
    /// `decoding` says whether there is room.
    fn new(decoding: &Decoding<'_, '_>, width: u32, height: u32, count: usize) -> Result<Self, DecodeError> {
        let pixels = u64::from(width) * u64::from(height);
        decoding.check_size(width, height, pixels.saturating_mul(count as u64 + 3))?;
        let (width, height) = (width as usize, height as usize);
        Ok(Self { width, height, count, samples: vec![0; width * height * count], rows: 0 })
    }

    /// Takes over a row of a plane; what it lacks stays black.
    fn put(&mut self, plane: usize, row: usize, samples: impl Iterator<Item = u8>) {
        let start = (plane * self.height + row) * self.width;
        let row = &mut self.samples[start..start + self.width];
        let mut has_any = false;
        for (to, from) in row.iter_mut().zip(samples) {
            (*to, has_any) = (from, true);
        }
        self.rows += usize::from(has_any);
    }

    /// Hands out the picture that `colour` makes of the samples of each pixel.
    fn show(
        self,
        decoding: &mut Decoding<'_, '_>,
        frame: usize,
        colour: impl Fn(&[u8]) -> [u8; 3],
    ) -> Result<(), DecodeError> {
        decoding.check_deadline()?;
        if self.rows == 0 {
            return Err(too_few_pixels());
        }
        let plane = self.width * self.height;
        let mut pixel = vec![0; self.count];
        let mut rgb = Vec::with_capacity(plane * 3);
        for at in 0..plane {
            pixel.iter_mut().zip(self.samples[at..].iter().step_by(plane)).for_each(|(to, from)| *to = *from);
            rgb.extend(colour(&pixel));
        }
        let (rows, all) = (self.rows as u64, (self.height * self.count) as u64);
        decoding.show_rgb(self.width as u32, self.height as u32, rgb, frame)?;
        ended_with(rows, all)
    }
}

impl Planes {
    /// Hands out the picture of red, green, blue and alpha.
    fn show_with_alpha(self, decoding: &mut Decoding<'_, '_>) -> Result<(), DecodeError> {
        decoding.check_deadline()?;
        if self.rows == 0 {
            return Err(too_few_pixels());
        }
        let plane = self.width * self.height;
        let pixel = |at: usize| [0, 1, 2, 3].map(|number: usize| self.samples[number * plane + at]);
        let rgba: Vec<u8> = (0..plane).flat_map(pixel).collect();
        let (width, height) = (self.width as u32, self.height as u32);
        let pixels = Pixels::from_rgba(width, height, rgba).ok_or_else(too_few_pixels)?;
        decoding.show(Picture::whole(width, height, pixels, Orientation::NoTransforms, 0));
        ended_with(self.rows as u64, (self.height * self.count) as u64)
    }
}

impl Decoding<'_, '_> {
    /// Hands out rows of red, green and blue.
    fn show_rgb(&mut self, width: u32, height: u32, rgb: Vec<u8>, frame: usize) -> Result<(), DecodeError> {
        let picture = RgbImage::from_raw(width, height, rgb).ok_or_else(too_few_pixels)?;
        self.show(Picture::whole(width, height, Pixels::Rgb(picture), Orientation::NoTransforms, frame));
        Ok(())
    }
}

/// Grey of one sample, colours of three.
fn grey_or_colours(pixel: &[u8]) -> [u8; 3] {
    match pixel {
        [red, green, blue, ..] => [*red, *green, *blue],
        [grey, ..] => [*grey; 3],
        [] => [0; 3],
    }
}

/// The bits of a row, the first one highest, as numbers of `bits` each.
fn numbers(row: &[u8], bits: usize) -> impl Iterator<Item = u8> + '_ {
    let each = 8 / bits.clamp(1, 8);
    let most = (1_u16 << bits.clamp(1, 8)) - 1;
    row.iter().flat_map(move |byte| (0..each).map(move |at| (u16::from(*byte) >> (8 - bits * (at + 1)) & most) as u8))
}

/// Undoes runs of PackBits up to `length` bytes. Says how many bytes it read. Source: TIFF 6.0, §9.
fn unpack_bits(packed: &[u8], length: usize) -> (Vec<u8>, usize) {
    let (mut row, mut at) = (Vec::with_capacity(length), 0);
    while row.len() < length {
        let Some(&head) = packed.get(at) else { break };
        at += 1;
        match head {
            0..=127 => {
                let listed = packed.get(at..).unwrap_or_default();
                let listed = &listed[..listed.len().min(usize::from(head) + 1)];
                row.extend_from_slice(listed);
                at += usize::from(head) + 1;
            }
            128 => {}
            129.. => {
                let Some(&byte) = packed.get(at) else { break };
                row.resize(row.len() + 257 - usize::from(head), byte);
                at += 1;
            }
        }
    }
    row.truncate(length);
    (row, at)
}

#[cfg(test)]
mod tests;
