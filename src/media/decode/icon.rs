//! ICO and CUR: a folder of small pictures, each of which somebody may show.

use std::collections::BTreeSet;

use image::RgbaImage;
use image::codecs::png::PngDecoder;
use image::metadata::Orientation;

use super::bmp::{Header, stride};
use super::chosen::Chosen;
use super::masks::opaque_unless_somewhere;
use super::pixels::Pixels;
use super::png_chunks::SIGNATURE;
use super::source::Source;
use super::still::{ended_with, image_limits, too_few_pixels};
use super::{DecodeError, Decoding, Picture, Several};
use crate::content::MediaType;
use crate::content::number::u32_at;

const HEADER: usize = 6;
const ENTRY: usize = 16;
/// Bytes of the shortest header of a BMP.
const SMALLEST: usize = 12;

impl Decoding<'_, '_> {
    /// Of what the folder says, only the places are looked at: browsers believe the pictures as to their sizes, and in
    /// a cursor the fields for bits are something else.
    pub(super) fn icon(&mut self) -> Result<(), DecodeError> {
        let (header, rest) = self.bytes.split_first_chunk::<HEADER>().ok_or_else(DecodeError::header_cut_off)?;
        let entries = usize::from(u16::from_le_bytes([header[4], header[5]]));
        let entries = rest.as_chunks::<ENTRY>().0.iter().take(entries);
        let places = entries.map(|[.., a, b, c, d]| u32::from_le_bytes([*a, *b, *c, *d]) as usize);
        // Where there is no room for a header, nobody shows a picture.
        let has_room = |place: &usize| self.bytes.len().saturating_sub(*place) >= SMALLEST;
        let places: BTreeSet<usize> = places.filter(has_room).collect();
        if places.is_empty() {
            return Err(DecodeError::header_cut_off());
        }
        // Viewers show the largest that they have room for.
        let sizes: Vec<u64> =
            places.iter().map(|place| pixels_at(self.bytes.get(*place..).unwrap_or_default())).collect();
        let mut chosen = Chosen::of(&sizes, self.means.limits.max_frames, &self.means.deadline);
        let mut shown = Several::default();
        for (number, place) in places.iter().enumerate() {
            if chosen.takes(number, &self.means.deadline) {
                self.check_deadline()?;
                shown.add(self.icon_picture(*place, number));
            }
        }
        chosen.ended().and(shown.ended())
    }

    fn icon_picture(&mut self, place: usize, number: usize) -> Result<(), DecodeError> {
        let rest = self.bytes.get(place..).ok_or_else(DecodeError::header_cut_off)?;
        if rest.starts_with(&SIGNATURE) {
            let source = Source::new(rest, self.means.deadline);
            let decoder = PngDecoder::with_limits(source, image_limits(self.means.limits));
            return self.of_inner(rest, MediaType::Png).still(decoder, number);
        }
        let header = Header::read(rest, 0)?;
        if !header.has_pixels() {
            return Err(DecodeError::Unsupported("an icon with another file inside of a BMP"));
        }
        // The rows of the mask are counted as well.
        let (width, height) = (header.width, header.height / 2);
        self.check_size(width, height, u64::from(width) * u64::from(height) * 7)?;
        let data = rest.get(header.end..).unwrap_or_default();
        let canvas = header.canvas::<4>(data, height, self)?;
        if canvas.rows == 0 {
            return Err(too_few_pixels());
        }
        let mut rgba = canvas.bytes;
        let has_alpha = header.may_be_transparent() && rgba.as_chunks::<4>().0.iter().any(|pixel| pixel[3] != 0);
        if !has_alpha {
            opaque_unless_somewhere(&mut rgba);
            let mask = data.get(header.stride() * height as usize..).unwrap_or_default();
            cut_out(&mut rgba, width, mask);
        }
        let picture = RgbaImage::from_raw(width, height, rgba).ok_or_else(too_few_pixels)?;
        self.show(Picture::whole(width, height, Pixels::of_rgba(picture), Orientation::NoTransforms, number));
        ended_with(canvas.rows.into(), height.into())
    }
}

/// Pixels of the picture that begins `bytes`, as far as it says.
fn pixels_at(bytes: &[u8]) -> u64 {
    let sides = if bytes.starts_with(&SIGNATURE) {
        let sides = bytes.get(16..24).unwrap_or_default().as_chunks::<4>().0;
        sides.iter().map(|side| u32::from_be_bytes(*side)).collect()
    } else {
        vec![u32_at(bytes, 4).unwrap_or_default(), u32_at(bytes, 8).unwrap_or_default() / 2]
    };
    sides.iter().fold(1, |pixels: u64, side| pixels.saturating_mul(u64::from(*side)))
}

/// Makes transparent what a mask, whose rows go upwards, says is so.
fn cut_out(rgba: &mut [u8], width: u32, mask: &[u8]) {
    let rows = rgba.chunks_exact_mut(width as usize * 4).rev();
    for (row, mask) in rows.zip(mask.chunks_exact(stride(width, 1))) {
        for (x, pixel) in row.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            pixel[3] = if mask[x / 8] >> (7 - x % 8) & 1 == 1 { 0 } else { 255 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_withstands, shown};

    /// A picture of 2×2 pixels in an icon: its header, colours, rows and mask.
    fn picture(bits: u16, behind: &[u8], rows: &[u8], mask: &[u8]) -> Vec<u8> {
        let sides = [40_u32, 2, 4].map(u32::to_le_bytes).concat();
        [&sides[..], &[1, 0], &bits.to_le_bytes(), &[0; 24], behind, rows, mask].concat()
    }

    /// A folder that says of each picture what is wrong, except for where it is.
    fn folder(kind: u8, pictures: &[&[u8]]) -> Vec<u8> {
        let mut file = vec![0, 0, kind, 0, pictures.len() as u8, 0];
        let mut place = 6 + 16 * pictures.len() as u32;
        for picture in pictures {
            file.extend([0, 99, 0, 0, 3, 0, 200, 0, 1, 0, 0, 0]);
            file.extend(place.to_le_bytes());
            place += picture.len() as u32;
        }
        file.extend(pictures.concat());
        file
    }

    #[test]
    fn pictures_are_cut_out_by_their_alpha_or_by_their_mask() {
        let colours = [0_u8, 0, 0, 0, 30, 20, 10, 0];
        let mask = [0x40, 0, 0, 0, 0x80, 0, 0, 0];
        let of_numbers = picture(8, &[&colours[..], &[0; 254 * 4]].concat(), &[1, 1, 0, 0, 1, 0, 0, 0], &mask);
        let rows = [1, 2, 3, 0, 4, 5, 6, 128, 7, 8, 9, 255, 1, 1, 1, 0];
        let of_colours = picture(32, &[], &rows, &mask);
        let without_alpha = picture(32, &[], &rows.map(|byte| if byte > 100 { 0 } else { byte }), &mask);
        let (pictures, ended) = shown(&folder(2, &[&of_numbers, &of_colours, &without_alpha]));
        assert_eq!(ended, Ok(()));
        let [first, second, third] = &pictures[..] else { panic!("{pictures:?}") };
        assert_eq!(first.rgba, [[10, 20, 30, 0], [0, 0, 0, 255], [10, 20, 30, 255], [10, 20, 30, 0]]);
        assert_eq!(second.rgba, [[9, 8, 7, 255], [1, 1, 1, 0], [3, 2, 1, 0], [6, 5, 4, 128]]);
        assert_eq!(third.rgba.iter().map(|pixel| pixel[3]).collect::<Vec<_>>(), [0, 255, 255, 0]);
    }

    #[test]
    fn a_picture_that_is_broken_is_a_doubt_also_beside_another() {
        let good = picture(24, &[], &[9; 16], &[0; 8]);
        let (pictures, ended) = shown(&folder(1, &[&[40, 0, 0, 0], &good]));
        assert_eq!((pictures.len(), ended), (1, Err("picture_broken")));
        let (pictures, ended) = shown(&folder(1, &[&[41, 0, 0, 0], &[40, 0, 0, 0]]));
        assert_eq!((pictures.len(), ended), (0, Err("picture_broken")));
    }

    #[test]
    fn every_picture_is_shown_however_many_there_are() {
        let all: Vec<Vec<u8>> = (0..20).map(|tone| picture(24, &[], &[tone; 16], &[0; 8])).collect();
        let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        let (pictures, ended) = shown(&folder(1, &all));
        assert_eq!((pictures.len(), ended), (20, Ok(())));
    }

    #[test]
    fn damage_is_withstood() {
        let good = picture(32, &[], &[77; 16], &[0x55; 8]);
        assert_withstands("icon", &folder(1, &[&good, &picture(8, &[9; 1024], &[7; 8], &[0x55; 8])]));
    }
}
