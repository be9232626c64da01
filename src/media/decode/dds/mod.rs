//! DDS: textures without compression, and in blocks as far as BC5.
//!
//! Of what a file holds besides the first picture, which are smaller copies and the sides of cubes, viewers show
//! nothing. Source: Microsoft, "DDS_PIXELFORMAT structure", "DDS_HEADER_DXT10 structure" and "DXGI_FORMAT enumeration".

mod blocks;

use image::RgbaImage;
use image::metadata::Orientation;

use self::blocks::Block;
use super::masks::{Masks, opaque_unless_somewhere};
use super::pixels::Pixels;
use super::still::{ended_with, too_few_pixels};
use super::{DecodeError, Decoding, Picture};
use crate::content::number::u32_at;

const HEADER: usize = 128;
const LONG_HEADER: usize = 148;
/// Colours of four bytes.
const PALETTE: usize = 256 * 4;

/// Flags of a pixel's format.
const HAS_ALPHA: u32 = 0x1;
const IS_ALPHA: u32 = 0x2;
const HAS_CODE: u32 = 0x4;
const HAS_PALETTE: u32 = 0x20;
const IS_RGB: u32 = 0x40;
const IS_GREY: u32 = 0x2_0000;

/// Red, green, blue and alpha as most files have them, and as ImageMagick takes them whatever a file says.
const BYTES: [u32; 4] = [0x00ff_0000, 0xff00, 0xff, 0];

/// Pixels between two looks at the clock.
const PIXELS_A_LOOK: usize = 1 << 18;

/// How pixels are written.
enum Layout {
    /// One after the other, in so many bytes.
    Plain(usize, Box<Masks>),
    /// The same, of bytes of blue, green and red for those who do not look at the masks.
    Bytes(usize, Box<Masks>),
    /// The number of a colour each.
    Palette,
    Blocks(Block),
}

impl Decoding<'_, '_> {
    pub(super) fn dds(&mut self) -> Result<(), DecodeError> {
        let (layout, start) = layout(self.bytes)?;
        let Layout::Bytes(each, masks) = layout else { return self.dds_in(&layout, start) };
        let by_masks = self.dds_in(&Layout::Plain(each, masks), start);
        by_masks.and(self.dds_in(&Layout::Plain(each, Box::new(Masks::new(BYTES))), start))
    }

    fn dds_in(&mut self, layout: &Layout, start: usize) -> Result<(), DecodeError> {
        let (height, width) = (field(self.bytes, 12), field(self.bytes, 16));
        self.check_size(width, height, u64::from(width) * u64::from(height) * 7)?;
        let data = self.bytes.get(start..).unwrap_or_default();
        let mut rgba = vec![0; width as usize * height as usize * 4];
        let known = match layout {
            Layout::Plain(each, masks) | Layout::Bytes(each, masks) => {
                let known = self.pixel_by_pixel(data, *each, &mut rgba, |bytes| masks.rgba(number(bytes)))?;
                opaque_unless_somewhere(&mut rgba[..known * 4]);
                known
            }
            Layout::Palette => {
                let (palette, data) = data.split_at_checked(PALETTE).ok_or_else(too_few_pixels)?;
                let colours = palette.as_chunks::<4>().0;
                self.pixel_by_pixel(data, 1, &mut rgba, |bytes| colours[usize::from(bytes[0])])?
            }
            Layout::Blocks(block) => self.block_by_block(data, *block, width as usize, &mut rgba)?,
        };
        let pixels = width as usize * height as usize;
        let picture = RgbaImage::from_raw(width, height, rgba).filter(|_| known > 0).ok_or_else(too_few_pixels)?;
        self.show(Picture::whole(width, height, Pixels::of_rgba(picture), Orientation::NoTransforms, 0));
        ended_with(known as u64, pixels as u64)
    }

    /// How many pixels there were data for.
    fn pixel_by_pixel(
        &self,
        data: &[u8],
        each: usize,
        rgba: &mut [u8],
        colour: impl Fn(&[u8]) -> [u8; 4],
    ) -> Result<usize, DecodeError> {
        let mut known = 0;
        for (pixel, bytes) in rgba.as_chunks_mut::<4>().0.iter_mut().zip(data.chunks_exact(each)) {
            if known % PIXELS_A_LOOK == 0 {
                self.check_deadline()?;
            }
            *pixel = colour(bytes);
            known += 1;
        }
        Ok(known)
    }

    /// The same of blocks of 4×4 pixels, which go over the edges.
    fn block_by_block(&self, data: &[u8], block: Block, width: usize, rgba: &mut [u8]) -> Result<usize, DecodeError> {
        let (across, row) = (width.div_ceil(4), width * 4);
        let mut known = 0;
        for (lines, blocks) in rgba.chunks_mut(row * 4).zip(data.chunks(across * block.bytes())) {
            self.check_deadline()?;
            for (number, packed) in blocks.chunks_exact(block.bytes()).enumerate() {
                let (left, columns) = (number * 4, (width - number * 4).min(4));
                let pixels = block.pixels(packed);
                for (line, pixels) in lines.chunks_exact_mut(row).zip(pixels.as_chunks::<4>().0) {
                    line[left * 4..(left + columns) * 4].copy_from_slice(&pixels.as_flattened()[..columns * 4]);
                    known += columns;
                }
            }
        }
        Ok(known)
    }
}

/// A number of the header; 0 past its end.
fn field(bytes: &[u8], at: usize) -> u32 {
    u32_at(bytes, at).unwrap_or_default()
}

/// Up to four bytes as a number.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

/// How pixels are written, and where they begin.
fn layout(bytes: &[u8]) -> Result<(Layout, usize), DecodeError> {
    let unknown = || DecodeError::Unsupported("a DDS in a format that is not decoded");
    let flags = field(bytes, 80);
    if flags & HAS_CODE != 0 {
        let code: &[u8] = bytes.get(84..88).unwrap_or_default();
        let layout = match code {
            b"DX10" => return named(field(bytes, HEADER)).map(|layout| (layout, LONG_HEADER)).ok_or_else(unknown),
            b"DXT1" => Layout::Blocks(Block::Bc1),
            b"DXT2" | b"DXT3" => Layout::Blocks(Block::Bc2),
            b"DXT4" | b"DXT5" => Layout::Blocks(Block::Bc3),
            b"ATI1" | b"BC4U" => Layout::Blocks(Block::Bc4),
            b"ATI2" | b"BC5U" => Layout::Blocks(Block::Bc5),
            _ => return Err(unknown()),
        };
        return Ok((layout, HEADER));
    }
    let alpha = if flags & (HAS_ALPHA | IS_ALPHA) == 0 { 0 } else { field(bytes, 104) };
    let [red, green, blue] = [92, 96, 100].map(|at| field(bytes, at));
    // Readers take a byte for what it is: Pillow writes the mask of its fourth.
    let red = if flags & IS_GREY != 0 && field(bytes, 88) == 8 { 0xff } else { red };
    let masks = match flags {
        _ if flags & HAS_PALETTE != 0 => return Ok((Layout::Palette, HEADER)),
        _ if flags & IS_RGB != 0 => [red, green, blue, alpha],
        _ if flags & IS_GREY != 0 => [red, red, red, alpha],
        _ if flags & IS_ALPHA != 0 => [0, 0, 0, alpha],
        _ => return Err(unknown()),
    };
    match field(bytes, 88) {
        bits @ (24 | 32) if flags & IS_RGB != 0 && masks[..3] != BYTES[..3] => {
            Ok((Layout::Bytes(bits as usize / 8, Box::new(Masks::new(masks))), HEADER))
        }
        bits @ (8 | 16 | 24 | 32) => Ok((Layout::Plain(bits as usize / 8, Box::new(Masks::new(masks))), HEADER)),
        _ => Err(unknown()),
    }
}

/// A format by its number.
fn named(number: u32) -> Option<Layout> {
    let plain = |each, masks| Layout::Plain(each, Box::new(Masks::new(masks)));
    Some(match number {
        23..=25 => plain(4, [0x3ff, 0x000f_fc00, 0x3ff0_0000, 0xc000_0000]),
        27..=32 => plain(4, [0xff, 0xff00, 0x00ff_0000, 0xff00_0000]),
        48..=52 => plain(2, [0xff, 0xff00, 0, 0]),
        60..=64 => plain(1, [0xff, 0xff, 0xff, 0]),
        65 => plain(1, [0, 0, 0, 0xff]),
        70..=72 => Layout::Blocks(Block::Bc1),
        73..=75 => Layout::Blocks(Block::Bc2),
        76..=78 => Layout::Blocks(Block::Bc3),
        79 | 80 => Layout::Blocks(Block::Bc4),
        82 | 83 => Layout::Blocks(Block::Bc5),
        85 => plain(2, [0xf800, 0x07e0, 0x001f, 0]),
        86 => plain(2, [0x7c00, 0x03e0, 0x001f, 0x8000]),
        87 | 90 | 91 => plain(4, [0x00ff_0000, 0xff00, 0xff, 0xff00_0000]),
        88 | 92 | 93 => plain(4, [0x00ff_0000, 0xff00, 0xff, 0]),
        115 => plain(2, [0x0f00, 0x00f0, 0x000f, 0xf000]),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_withstands, only, shown};

    /// A texture of 2×2 pixels, or of one block, with a pixel's format and what comes after the header.
    fn dds(side: u32, flags: u32, code: &[u8; 4], bits: u32, masks: [u32; 4], behind: &[u8]) -> Vec<u8> {
        let head = [124, 0x1007, side, side, 0, 0, 0].map(u32::to_le_bytes).concat();
        let form = [[32, flags].map(u32::to_le_bytes).concat(), code.to_vec(), bits.to_le_bytes().to_vec()].concat();
        let masks = masks.map(u32::to_le_bytes).concat();
        [b"DDS ", &head[..], &[0; 44], &form, &masks, &[0; 20], behind].concat()
    }

    fn numbered(format: u32, data: &[u8]) -> Vec<u8> {
        let behind = [format, 3, 0, 1, 0].map(u32::to_le_bytes).concat();
        dds(2, 4, b"DX10", 0, [0; 4], &[&behind, data].concat())
    }

    #[test]
    fn pixels_without_compression_are_read_by_their_masks() {
        let four = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255, 255, 255, 255]];
        let bgra: Vec<u8> = four.iter().flat_map(|[red, green, blue, alpha]| [*blue, *green, *red, *alpha]).collect();
        let argb = [0x00ff_0000, 0xff00, 0xff, 0xff00_0000];
        assert_eq!(only(&dds(2, 0x41, &[0; 4], 32, argb, &bgra)).rgba, four);
        assert_eq!(only(&dds(2, 0x40, &[0; 4], 32, argb, &bgra)).rgba, four);
        let bgr: Vec<u8> = four.iter().flat_map(|[red, green, blue, _]| [*blue, *green, *red]).collect();
        assert_eq!(only(&dds(2, 0x40, &[0; 4], 24, argb, &bgr)).rgba, four);
        let (readings, ended) = shown(&dds(2, 0x40, &[0; 4], 24, [0xff, 0xff00, 0x00ff_0000, 0], &bgr));
        assert_eq!((readings.len(), ended), (2, Ok(())), "masks that not all readers look at");
        assert_eq!((readings[0].rgba[0], &readings[1].rgba[..]), ([0, 0, 255, 255], &four[..]));
        let short = [0xf800_u16, 0x07e0, 0x001f, 0xffff].map(u16::to_le_bytes).concat();
        assert_eq!(only(&dds(2, 0x40, &[0; 4], 16, [0xf800, 0x07e0, 0x1f, 0], &short)).rgba, four);
        assert_eq!(only(&numbered(85, &short)).rgba, four);
        assert_eq!(only(&numbered(28, four.as_flattened())).rgba, four);
        assert_eq!(only(&numbered(87, &bgra)).rgba, four);
        let grey = dds(2, 0x2_0001, &[0; 4], 16, [0xff, 0, 0, 0xff00], &[1, 255, 2, 255, 3, 9, 4, 255]);
        assert_eq!(only(&grey).rgba, [[1, 1, 1, 255], [2, 2, 2, 255], [3, 3, 3, 9], [4, 4, 4, 255]]);
        let palette: Vec<u8> = (0..=255).flat_map(|tone| [tone, 0, 0, 255]).collect();
        let of_palette = dds(2, 0x20, &[0; 4], 8, [0; 4], &[&palette[..], &[7, 8, 9, 255]].concat());
        assert_eq!(only(&of_palette).rgba.iter().map(|pixel| pixel[0]).collect::<Vec<_>>(), [7, 8, 9, 255]);
    }

    #[test]
    fn blocks_are_read_as_far_as_they_are_simple() {
        // Red and blue, and what lies between them, a row each.
        let colours = [0x00, 0xf8, 0x1f, 0x00, 0b0000_0000, 0b0101_0101, 0b1010_1010, 0b1111_1111];
        let rows = |file: &[u8]| only(file).rgba.iter().step_by(4).copied().collect::<Vec<_>>();
        let four = [[255, 0, 0, 255], [0, 0, 255, 255], [170, 0, 85, 255], [85, 0, 170, 255]];
        assert_eq!(rows(&dds(4, 4, b"DXT1", 0, [0; 4], &colours)), four);
        let with_alpha = |alphas: [u8; 8], code| dds(4, 4, code, 0, [0; 4], &[alphas, colours].concat());
        let alphas = |file: &[u8]| rows(file).iter().map(|pixel| pixel[3]).collect::<Vec<_>>();
        assert_eq!(alphas(&with_alpha([0, 0, 0x55, 0x55, 0xaa, 0xaa, 0xff, 0xff], b"DXT3")), [0, 85, 170, 255]);
        // The numbers 0, 1, 2 and 7 in turn.
        let tones = [240, 30, 0, 0x90, 0x24, 0x92, 0xf4, 0xff];
        assert_eq!(alphas(&with_alpha(tones, b"DXT5"))[..2], [240, 30]);
        let turned = [0x1f, 0x00, 0x00, 0xf8, 0b1111_1111, 0b1010_1010, 0, 0];
        assert_eq!(rows(&dds(4, 4, b"DXT1", 0, [0; 4], &turned))[..2], [[0; 4], [128, 0, 128, 255]]);
        let channel = [200, 100, 0, 0, 0, 0, 0, 0];
        assert_eq!(rows(&dds(4, 4, b"ATI1", 0, [0; 4], &channel))[0], [200, 200, 200, 255]);
        let two = [channel, [50, 40, 0, 0, 0, 0, 0, 0]].concat();
        assert_eq!(rows(&dds(4, 4, b"ATI2", 0, [0; 4], &two))[0], [200, 50, 0, 255]);
    }

    #[test]
    fn other_formats_are_unsupported_and_missing_pixels_are_a_doubt() {
        assert_eq!(shown(&numbered(98, &[0; 64])), (Vec::new(), Err("picture_unsupported")));
        assert_eq!(shown(&dds(2, 4, b"YUY2", 0, [0; 4], &[0; 64])), (Vec::new(), Err("picture_unsupported")));
        let (pictures, ended) = shown(&numbered(28, &[9; 8]));
        assert_eq!((pictures.len(), ended), (1, Err("picture_broken")));
        assert_eq!(shown(&numbered(28, &[])), (Vec::new(), Err("picture_broken")));
    }

    #[test]
    fn damage_is_withstood() {
        assert_withstands("masks", &dds(2, 0x41, &[0; 4], 32, [0xff, 0xff00, 0x00ff_0000, 0], &[7; 16]));
        assert_withstands("blocks", &dds(6, 4, b"DXT5", 0, [0; 4], &[7; 64]));
        assert_withstands("number", &numbered(83, &[7; 64]));
    }
}
