//! PSD and PSB of Photoshop: the picture that all layers together make. Source: Adobe Photoshop File Formats
//! Specification, 2019.

use super::{Planes, numbers, unpack_bits};
use crate::content::number::{be_u16_at, be_u32_at};
use crate::media::decode::{DecodeError, Decoding};

const HEADER: usize = 26;
const INDEXED: u16 = 2;
const CMYK: u16 = 4;
const RGB: u16 = 3;
const LAB: u16 = 9;

/// The resource that says whether there is a picture of all layers in truth, and where in it.
const VERSION_INFO: u16 = 1_057;
const HAS_MERGED: usize = 4;

const LAYERS_APART: DecodeError = DecodeError::Unsupported("a PSD without the picture that its layers make");

/// Whether `resources` do not say that Photoshop left out putting the layers together.
fn has_layers_together(resources: &[u8]) -> bool {
    let mut reader = Reader { bytes: resources, at: 0 };
    while reader.take(4) == b"8BIM" {
        let number = reader.u16();
        let name = usize::from(reader.take(1).first().copied().unwrap_or_default());
        reader.take((name + 1).next_multiple_of(2) - 1);
        let length = reader.length(false);
        let content = reader.take(length.checked_next_multiple_of(2).unwrap_or(usize::MAX));
        if number == VERSION_INFO {
            return content.get(HAS_MERGED) != Some(&0);
        }
    }
    true
}

/// What the header says.
#[derive(Clone, Copy)]
struct Header {
    is_large: bool,
    channels: usize,
    width: u32,
    height: u32,
    bits: usize,
    mode: u16,
}

/// A way through the bytes; past their end numbers are 0.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn u16(&mut self) -> u16 {
        self.at = self.at.saturating_add(2);
        be_u16_at(self.bytes, self.at - 2).unwrap_or_default()
    }

    fn u32(&mut self) -> u32 {
        self.at = self.at.saturating_add(4);
        be_u32_at(self.bytes, self.at - 4).unwrap_or_default()
    }

    /// A length, of eight bytes in large files.
    fn length(&mut self, is_large: bool) -> usize {
        let high = if is_large { u64::from(self.u32()) } else { 0 };
        usize::try_from(high << 32 | u64::from(self.u32())).unwrap_or(usize::MAX)
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at = self.at.saturating_add(length);
        &rest[..rest.len().min(length)]
    }
}

impl Decoding<'_, '_> {
    pub(in crate::media::decode) fn psd(&mut self) -> Result<(), DecodeError> {
        let bytes = self.bytes;
        if bytes.len() < HEADER {
            return Err(DecodeError::header_cut_off());
        }
        let mut reader = Reader { bytes, at: 4 };
        let is_large = reader.u16() == 2;
        reader.at = 12;
        let channels = usize::from(reader.u16());
        let (height, width) = (reader.u32(), reader.u32());
        let header = Header { is_large, channels, width, height, bits: reader.u16().into(), mode: reader.u16() };
        if !matches!(header.bits, 1 | 8 | 16 | 32) || header.mode > LAB {
            return Err(DecodeError::Unsupported("a PSD of unusual colours"));
        }
        let colours = reader.length(false);
        let palette = reader.take(colours);
        let resources = reader.length(false);
        let is_together = has_layers_together(reader.take(resources));
        let layers = reader.length(is_large);
        reader.take(layers);
        if reader.at >= bytes.len() {
            return Err(LAYERS_APART);
        }
        let packing = reader.u16();
        let shown = self.psd_planes(&mut reader, header, packing, palette);
        if is_together { shown } else { shown.and(Err(LAYERS_APART)) }
    }

    /// The channels of the whole picture, one after the other.
    fn psd_planes(
        &mut self,
        reader: &mut Reader<'_>,
        header: Header,
        packing: u16,
        palette: &[u8],
    ) -> Result<(), DecodeError> {
        let kept = header.kept();
        let mut planes = Planes::new(self, header.width, header.height, kept)?;
        let (height, stride) = (header.height as usize, header.stride(header.width));
        let width_of_count = if header.is_large { 4 } else { 2 };
        match packing {
            0 => {}
            1 => {
                reader.take(height.saturating_mul(header.channels).saturating_mul(width_of_count));
            }
            _ => return Err(DecodeError::Unsupported("a PSD packed in an unusual way")),
        }
        for plane in 0..kept {
            self.psd_channel(reader, &mut planes, plane, packing, stride, header)?;
        }
        if header.has_alpha() {
            return planes.show_with_alpha(self);
        }
        planes.show(self, 0, |pixel| header.colour(pixel, palette))
    }

    fn psd_channel(
        &self,
        reader: &mut Reader<'_>,
        planes: &mut Planes,
        plane: usize,
        packing: u16,
        stride: usize,
        header: Header,
    ) -> Result<(), DecodeError> {
        for row in 0..planes.height {
            if row % super::ROWS_A_LOOK == 0 {
                self.check_deadline()?;
            }
            let line = if packing == 1 {
                let (line, read) = unpack_bits(reader.bytes.get(reader.at..).unwrap_or_default(), stride);
                reader.take(read);
                line
            } else {
                reader.take(stride).to_vec()
            };
            planes.put(plane, row, header.samples(&line).into_iter());
        }
        Ok(())
    }
}

impl Header {
    /// Whether there is a channel that readers take for transparency.
    const fn has_alpha(&self) -> bool {
        self.mode == RGB && self.channels > 3
    }

    /// Channels that are colours, and transparency.
    fn kept(&self) -> usize {
        let colours = match self.mode {
            RGB if self.has_alpha() => 4,
            RGB | LAB => 3,
            CMYK => 4,
            _ => 1,
        };
        if self.channels < colours { 1 } else { colours }
    }

    fn stride(&self, width: u32) -> usize {
        (width as usize * self.bits).div_ceil(8)
    }

    fn samples(&self, line: &[u8]) -> Vec<u8> {
        match self.bits {
            1 => numbers(line, 1).map(|bit| if bit == 1 { 0 } else { 255 }).collect(),
            32 => {
                let tone = |bytes: &[u8; 4]| (f32::from_be_bytes(*bytes).clamp(0.0, 1.0).powf(1.0 / 2.2) * 255.0) as u8;
                line.as_chunks().0.iter().map(tone).collect()
            }
            bits => line.iter().step_by(bits / 8).copied().collect(),
        }
    }

    fn colour(&self, pixel: &[u8], palette: &[u8]) -> [u8; 3] {
        match (self.mode, pixel) {
            (INDEXED, [number, ..]) if palette.len() >= 768 => {
                [0, 256, 512].map(|plane| palette[plane + usize::from(*number)])
            }
            // Stored inverted, as in JPEG.
            (CMYK, [c, m, y, k]) => [c, m, y].map(|ink| (u16::from(*ink) * u16::from(*k) / 255) as u8),
            (LAB, [light, ..]) => [*light; 3],
            _ => super::grey_or_colours(pixel),
        }
    }
}
