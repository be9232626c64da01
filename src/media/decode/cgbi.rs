//! PNG as Xcode writes it for phones: a chunk `CgBI` comes first, data have no header of zlib, blue comes before red,
//! and colours are multiplied by their alpha. Programs of Apple show it, and no others. Source: "CgBI file format", The
//! Apple Wiki.

use image::codecs::png::PngDecoder;
use image::metadata::Orientation;

use super::pixels::Pixels;
use super::png_chunks::{Chunks, SIGNATURE, push_chunk};
use super::source::Source;
use super::still::image_limits;
use super::{DecodeError, Decoding, Picture};

/// Where the header of a PNG names the kind of its colours, and the kinds that have red and blue.
const COLOURS: usize = 9;
const TRUE_COLOURS: [u8; 2] = [2, 6];

/// Whether a PNG is of this kind.
pub(super) fn is_cgbi(png: &[u8]) -> bool {
    Chunks::of(png).next().is_some_and(|chunk| chunk.kind == *b"CgBI")
}

impl Decoding<'_, '_> {
    pub(super) fn cgbi(&mut self) -> Result<(), DecodeError> {
        let (png, is_whole) = ordinary(self.bytes);
        let header = Chunks::of(&png).find(|chunk| chunk.kind == *b"IHDR");
        let colours = header.and_then(|header| header.content.get(COLOURS).copied());
        let is_turned = colours.is_some_and(|colours| TRUE_COLOURS.contains(&colours));
        let source = Source::new(&png, self.means.deadline);
        let read = self.read_still(PngDecoder::with_limits(source, image_limits(self.means.limits)))?;
        let (width, height) = read.size;
        let (pixels, ended) = read.into_pixels();
        if let Some(mut pixels) = pixels {
            if is_turned && is_whole {
                // Readers that pass over `CgBI` show it as it is.
                let as_stored = pixels.clone();
                self.show(Picture::whole(width, height, as_stored, Orientation::NoTransforms, 0));
            }
            if is_turned {
                turn(&mut pixels);
            }
            self.show(Picture::whole(width, height, pixels, Orientation::NoTransforms, 0));
        }
        ended
    }
}

/// The same data as an ordinary PNG, and whether they had a header of zlib.
fn ordinary(cgbi: &[u8]) -> (Vec<u8>, bool) {
    let mut png = SIGNATURE.to_vec();
    let mut data = Vec::with_capacity(cgbi.len());
    for chunk in Chunks::of(cgbi) {
        match &chunk.kind {
            b"CgBI" | b"IEND" => {}
            b"IDAT" => data.extend_from_slice(chunk.content),
            _ => png.extend_from_slice(chunk.whole),
        }
    }
    // Some programs that write `CgBI` leave data as they were. The sum at the end is none that a decoder here looks at.
    let is_whole =
        matches!(data[..], [first, second, ..] if first & 15 == 8 && u16::from_be_bytes([first, second]) % 31 == 0);
    if !is_whole {
        data.splice(..0, [0x78, 0x01]);
        data.extend_from_slice(&[0; 4]);
    }
    push_chunk(&mut png, *b"IDAT", &data);
    push_chunk(&mut png, *b"IEND", &[]);
    (png, is_whole)
}

/// Exchanges red and blue, and divides colours by their alpha.
fn turn(pixels: &mut Pixels) {
    match pixels {
        Pixels::Luma(_) | Pixels::Means(_) => {}
        Pixels::Rgb(picture) => picture.pixels_mut().for_each(|pixel| pixel.0.swap(0, 2)),
        Pixels::Rgba(picture) => picture.pixels_mut().for_each(|pixel| {
            let [blue, green, red, alpha] = pixel.0;
            let divided = |tone: u8| {
                let (tone, alpha) = (u32::from(tone), u32::from(alpha));
                (tone * 255 + alpha / 2).checked_div(alpha).unwrap_or_default().min(255) as u8
            };
            pixel.0 = [divided(red), divided(green), divided(blue), alpha];
        }),
    }
}
