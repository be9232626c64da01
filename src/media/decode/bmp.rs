//! BMP of Windows and of OS/2, and the same without a file header, as icons have it.
//!
//! Sources: Microsoft, "Bitmap Header Types" and "Bitmap Compression"; "OS/2 Bitmap File Format" for headers of 12 and
//! of 16 to 64 bytes, runs of 24 bits, and fax. Where readers differ, what browsers show.

use hayro_ccitt::EncodingMode;
use image::metadata::Orientation;
use image::{RgbImage, RgbaImage};

use super::fax::Fax;
use super::masks::{Masks, opaque_unless_somewhere};
use super::pixels::Pixels;
use super::runs::Runs;
use super::still::{ended_with, too_few_pixels};
use super::{DecodeError, Decoding, Picture};
use crate::content::MediaType;
use crate::content::number::{u16_at, u32_at};

/// Bytes before the header of the picture.
const FILE_HEADER: usize = 14;

/// A header of OS/2 1.x, whose colours have three bytes.
const CORE: usize = 12;

/// Headers of Windows, with masks and with alpha as well in those from the second and the third on.
const WINDOWS: [usize; 5] = [40, 52, 56, 108, 124];

/// Pixels of runs between two looks at the clock.
const PIXELS_A_LOOK: u32 = 1 << 16;

/// How pixels are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    /// Runs of numbers of so many bits, or of colours.
    Runs(u32),
    Fax,
    /// A file of its own.
    Jpeg,
    Png,
}

/// What the header of a picture says.
#[derive(Clone)]
pub(super) struct Header {
    pub(super) width: u32,
    /// Rows, and in an icon those of its mask as well.
    pub(super) height: u32,
    is_top_down: bool,
    bits: u32,
    packing: Packing,
    masks: Masks,
    colours: Vec<[u8; 3]>,
    /// Where what comes after the colours begins.
    pub(super) end: usize,
}

/// Bytes of pixels, and how many rows there were data for.
pub(super) struct Canvas {
    pub(super) bytes: Vec<u8>,
    pub(super) rows: u32,
}

impl Decoding<'_, '_> {
    pub(super) fn bmp(&mut self) -> Result<(), DecodeError> {
        // What has several begins with a header of the same length.
        if let Some(inner) = self.bytes.strip_prefix(b"BA").and_then(|rest| rest.get(FILE_HEADER - 2..))
            && !inner.starts_with(b"BA")
        {
            // Places are counted from the start of the file, or else of the picture.
            let start = u32_at(inner, 10).ok_or_else(DecodeError::header_cut_off)?;
            let from_start =
                [&inner[..10], &start.saturating_sub(FILE_HEADER as u32).to_le_bytes(), &inner[14..]].concat();
            let of_start = self.of_inner(&from_start, MediaType::Bmp).bmp();
            return of_start.and(self.of_inner(inner, MediaType::Bmp).bmp());
        }
        let rest = self.bytes.get(FILE_HEADER..).ok_or_else(DecodeError::header_cut_off)?;
        let start = u32_at(self.bytes, 10).ok_or_else(DecodeError::header_cut_off)? as usize;
        let header = Header::read(rest, start.saturating_sub(FILE_HEADER))?;
        let start = if start < FILE_HEADER + CORE { FILE_HEADER + header.end } else { start };
        let data = self.bytes.get(start..).unwrap_or_default();
        self.bmp_data(&header, data)
    }

    /// A BMP without the file header, as the clipboard has it.
    pub(super) fn dib(&mut self) -> Result<(), DecodeError> {
        let header = Header::read(self.bytes, 0)?;
        let data = self.bytes.get(header.end..).unwrap_or_default();
        self.bmp_data(&header, data)
    }

    fn bmp_data(&mut self, header: &Header, data: &[u8]) -> Result<(), DecodeError> {
        match header.packing {
            Packing::Jpeg => self.of_inner(data, MediaType::Jpeg).jpeg(),
            Packing::Png => self.of_inner(data, MediaType::Png).png(),
            Packing::Plain | Packing::Runs(_) | Packing::Fax => self.bmp_pixels(header, data),
        }
    }

    fn bmp_pixels(&mut self, header: &Header, data: &[u8]) -> Result<(), DecodeError> {
        let (width, height) = (header.width, header.height);
        let each = if header.may_be_transparent() { 7 } else { 3 };
        self.check_size(width, height, u64::from(width) * u64::from(height) * each)?;
        let (pixels, rows) = if header.may_be_transparent() {
            let mut canvas = header.canvas::<4>(data, height, self)?;
            if header.packing == Packing::Plain {
                opaque_unless_somewhere(&mut canvas.bytes);
            }
            (RgbaImage::from_raw(width, height, canvas.bytes).map(Pixels::of_rgba), canvas.rows)
        } else {
            let canvas = header.canvas::<3>(data, height, self)?;
            (RgbImage::from_raw(width, height, canvas.bytes).map(Pixels::Rgb), canvas.rows)
        };
        let pixels = pixels.filter(|_| rows > 0).ok_or_else(too_few_pixels)?;
        self.show(Picture::whole(width, height, pixels, Orientation::NoTransforms, 0));
        if let Some(all_greys) = header.with_all_greys() {
            return self.bmp_pixels(&all_greys, data);
        }
        ended_with(rows.into(), height.into())
    }
}

impl Header {
    /// The header at the start of `bytes`, with colours up to `data`, where pixels begin, if that says anything.
    pub(super) fn read(bytes: &[u8], data: usize) -> Result<Self, DecodeError> {
        let size = u32_at(bytes, 0).ok_or_else(DecodeError::header_cut_off)? as usize;
        let sides = if size == CORE {
            Option::zip(u16_at(bytes, 4), u16_at(bytes, 6)).map(|(width, height)| (width.into(), height.into()))
        } else {
            Option::zip(u32_at(bytes, 4), u32_at(bytes, 8))
        };
        let bits = u16_at(bytes, if size == CORE { 10 } else { 14 });
        let ((width, height), bits) = sides.zip(bits).ok_or_else(DecodeError::header_cut_off)?;
        let height = height.cast_signed();
        // Fields that a short header leaves out are zero.
        let field = |at: usize| if at + 4 <= size { u32_at(bytes, at).unwrap_or_default() } else { 0 };
        let compression = field(16);
        // After a header of 40 bytes, in longer ones.
        let masks_behind = match compression {
            3 if size == 40 => 12,
            6 if size == 40 => 16,
            _ => 0,
        };
        let start = size + masks_behind;
        let begin = if data == 0 { start } else { data };
        let inner = bytes.get(begin..).unwrap_or_default();
        let packing = packing(compression, bits, inner)?;
        let width_of_colour = if size == CORE { 3 } else { 4 };
        let stated = field(32) as usize;
        let most = if bits <= 8 { 1 << bits } else { 0 };
        let count = if stated == 0 { most } else { stated };
        let all = bytes.get(start..).unwrap_or_default();
        // There may be fewer than is said, up to the pixels.
        let room = data.checked_sub(start).unwrap_or(usize::MAX);
        let colours = all[..all.len().min(room)].chunks_exact(width_of_colour).take(count.min(most));
        Ok(Self {
            width,
            height: height.unsigned_abs(),
            is_top_down: height < 0,
            bits: u32::from(bits),
            packing,
            masks: masks(bytes, size, u32::from(bits), compression),
            colours: colours.map(|colour| [colour[2], colour[1], colour[0]]).collect(),
            end: start.saturating_add(count.saturating_mul(width_of_colour)),
        })
    }

    /// Whether its pixels are here, and not in another file inside.
    pub(super) const fn has_pixels(&self) -> bool {
        matches!(self.packing, Packing::Plain | Packing::Runs(_) | Packing::Fax)
    }

    /// The same with greys for all numbers, where the colours are the first few of them: Pillow then takes numbers for
    /// what they are.
    fn with_all_greys(&self) -> Option<Self> {
        let is_grey = |(number, colour): (usize, &[u8; 3])| *colour == [number as u8; 3];
        let are_some = self.bits == 8 && (3..256).contains(&self.colours.len());
        (are_some && self.colours.iter().enumerate().all(is_grey))
            .then(|| Self { colours: (0..=255).map(|grey| [grey; 3]).collect(), ..self.clone() })
    }

    /// Bytes of a row of its pixels.
    pub(super) const fn stride(&self) -> usize {
        stride(self.width, self.bits)
    }

    /// Pixels that runs leave out are transparent in browsers, and the first colour elsewhere.
    pub(super) fn may_be_transparent(&self) -> bool {
        match self.packing {
            Packing::Plain => matches!(self.bits, 16 | 32) && self.masks.have_alpha(),
            Packing::Runs(_) => true,
            Packing::Fax | Packing::Jpeg | Packing::Png => false,
        }
    }

    /// The pixels of `height` rows, of three bytes or, with alpha, four.
    pub(super) fn canvas<const N: usize>(
        &self,
        data: &[u8],
        height: u32,
        decoding: &Decoding<'_, '_>,
    ) -> Result<Canvas, DecodeError> {
        let data = match self.packing {
            Packing::Runs(bits) => return self.canvas_of_runs::<N>(data, bits, height, decoding),
            Packing::Fax => &self.unfax(data),
            _ => data,
        };
        let mut canvas = Canvas { bytes: vec![0; self.width as usize * height as usize * N], rows: 0 };
        let length = self.width as usize * N;
        for (number, packed) in data.chunks(self.stride().max(1)).take(height as usize).enumerate() {
            if number % 64 == 0 {
                decoding.check_deadline()?;
            }
            let at = self.row(number as u32, height) * length;
            self.unpack::<N>(packed, &mut canvas.bytes[at..at + length]);
            canvas.rows = number as u32 + 1;
        }
        Ok(canvas)
    }

    fn canvas_of_runs<const N: usize>(
        &self,
        data: &[u8],
        bits: u32,
        height: u32,
        decoding: &Decoding<'_, '_>,
    ) -> Result<Canvas, DecodeError> {
        let [red, green, blue] = self.colour(0);
        let left_out: [u8; N] = in_bytes([red, green, blue, 0]);
        let mut canvas = Canvas { bytes: left_out.repeat(self.width as usize * height as usize), rows: 0 };
        let mut runs = Runs::new(data, bits, self.width, height);
        let mut count = 0_u32;
        while let Some((x, y, colour)) = runs.next_pixel() {
            if count.is_multiple_of(PIXELS_A_LOOK) {
                decoding.check_deadline()?;
            }
            count = count.wrapping_add(1);
            let at = (self.row(y, height) * self.width as usize + x as usize) * N;
            let [red, green, blue] = colour.unwrap_or_else(|number| self.colour(number));
            canvas.bytes[at..at + N].copy_from_slice(&in_bytes::<N>([red, green, blue, 255]));
            canvas.rows = canvas.rows.max(y + 1);
        }
        if runs.has_ended() {
            canvas.rows = height;
        }
        Ok(canvas)
    }

    /// Rows of fax as plain ones. What it calls black is the second colour.
    fn unfax(&self, data: &[u8]) -> Vec<u8> {
        let encoding = EncodingMode::Group3_1D;
        let rows = Fax { columns: self.width, rows: self.height, encoding, begins_at_bytes: false }.undo(data);
        let mut plain = Vec::with_capacity(self.height as usize * self.stride());
        for row in rows.chunks_exact(self.width.div_ceil(8).max(1) as usize) {
            plain.extend_from_slice(row);
            plain.resize(plain.len().next_multiple_of(self.stride()), 0);
        }
        plain
    }

    /// Where the row that is stored as number `stored` is shown.
    const fn row(&self, stored: u32, height: u32) -> usize {
        (if self.is_top_down { stored } else { height - 1 - stored }) as usize
    }

    fn colour(&self, number: u8) -> [u8; 3] {
        self.colours.get(usize::from(number)).copied().unwrap_or_default()
    }

    fn unpack<const N: usize>(&self, packed: &[u8], row: &mut [u8]) {
        let pixels = row.as_chunks_mut::<N>().0.iter_mut();
        match self.bits {
            24 => {
                let colours = packed.as_chunks().0;
                pixels.zip(colours).for_each(|(to, [blue, green, red])| *to = in_bytes([*red, *green, *blue, 255]));
            }
            16 => pixels.zip(packed.as_chunks().0).for_each(|(to, from)| {
                *to = in_bytes(self.masks.rgba(u32::from(u16::from_le_bytes(*from))));
            }),
            32 => pixels.zip(packed.as_chunks().0).for_each(|(to, from)| {
                *to = in_bytes(self.masks.rgba(u32::from_le_bytes(*from)));
            }),
            bits => {
                let each = 8 / bits as usize;
                let most = (1_u16 << bits) - 1;
                for (number, to) in pixels.enumerate() {
                    let Some(byte) = packed.get(number / each) else { break };
                    let after = 8 - bits as usize * (number % each + 1);
                    let [red, green, blue] = self.colour((u16::from(*byte) >> after & most) as u8);
                    *to = in_bytes([red, green, blue, 255]);
                }
            }
        }
    }
}

/// As many channels as are kept.
fn in_bytes<const N: usize>(rgba: [u8; 4]) -> [u8; N] {
    std::array::from_fn(|channel| rgba[channel])
}

/// Bytes of a row of so many pixels, which ends at four.
pub(super) const fn stride(width: u32, bits: u32) -> usize {
    ((width as u64 * bits as u64).div_ceil(32) * 4) as usize
}

fn masks(bytes: &[u8], size: usize, bits: u32, compression: u32) -> Masks {
    let stated = |number: usize| u32_at(bytes, 40 + 4 * number).unwrap_or_default();
    let is_windows = WINDOWS.contains(&size);
    // Browsers look at it whatever the compression is.
    let has_alpha = is_windows && (size >= 56 || compression == 6);
    let alpha = if has_alpha { stated(3) } else { 0 };
    Masks::new(match bits {
        16 | 32 if is_windows && matches!(compression, 3 | 6) => [stated(0), stated(1), stated(2), alpha],
        16 => [0x7c00, 0x03e0, 0x001f, alpha],
        // Some viewers, though no browser, show the byte without a meaning as transparency.
        _ => [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, if has_alpha { alpha } else { 0xff00_0000 }],
    })
}

/// Numbers mean one thing in headers of Windows, another in those of OS/2, some of which look like the first.
fn packing(compression: u32, bits: u16, inner: &[u8]) -> Result<Packing, DecodeError> {
    match (compression, bits) {
        (0, 1 | 2 | 4 | 8 | 16 | 24 | 32) | (3 | 6, 16 | 32) => Ok(Packing::Plain),
        (1, 8) => Ok(Packing::Runs(8)),
        (2, 4) => Ok(Packing::Runs(4)),
        (3, 1) => Ok(Packing::Fax),
        (4, _) if inner.starts_with(&[0xff, 0xd8]) => Ok(Packing::Jpeg),
        (4, 24) => Ok(Packing::Runs(24)),
        (4, _) => Ok(Packing::Jpeg),
        (5, _) => Ok(Packing::Png),
        (0 | 3 | 6, 64) | (11..=13, _) => Err(DecodeError::Unsupported("a BMP written in a way that is not common")),
        _ => Err(DecodeError::Broken("its bits and its compression do not fit each other".into())),
    }
}

#[cfg(test)]
mod tests;
