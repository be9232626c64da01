//! Packed samples → eight bits each.

use super::page::{Colour, Format, Page};

/// The least and the largest of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Extent {
    pub(super) const NOTHING: Self = Self { low: f64::INFINITY, high: f64::NEG_INFINITY };

    fn add(&mut self, number: f64) {
        if number.is_finite() {
            self.low = self.low.min(number);
            self.high = self.high.max(number);
        }
    }
}

/// How the samples of a page become bytes.
pub(super) struct Samples {
    bits: u32,
    format: Format,
    is_big_endian: bool,
    /// Numbers of colours, which are not stretched.
    are_numbers: bool,
    /// What becomes 0 and 255, of numbers of which nobody says what they mean.
    pub(super) extent: Extent,
}

impl Samples {
    pub(super) fn of(page: &Page<'_>) -> Self {
        let most = 2_f64.powi(page.bits as i32);
        let extent = match page.format {
            Format::Unsigned => Extent { low: 0.0, high: most - 1.0 },
            Format::Signed => Extent { low: -most / 2.0, high: most / 2.0 - 1.0 },
            Format::Float => Extent { low: 0.0, high: 1.0 },
        };
        Self {
            bits: page.bits,
            format: page.format,
            is_big_endian: page.file().is_big_endian,
            are_numbers: page.colour == Colour::Palette,
            extent,
        }
    }

    /// Whether the range of the numbers is not known before they are seen, and programs show what there is of it.
    pub(super) fn is_open(&self) -> bool {
        self.format != Format::Unsigned || self.bits > 16
    }

    /// Whether numbers that were seen do not fit the range.
    pub(super) fn misfits(&self, seen: Extent) -> bool {
        let is_wide = seen.low < self.extent.low || seen.high > self.extent.high;
        let is_narrow =
            self.format != Format::Float && (seen.high - seen.low) * 16.0 < self.extent.high - self.extent.low;
        seen.low < seen.high && (is_wide || is_narrow)
    }

    /// Fills `row` from `packed`, which may end early, and takes numbers of an open range down in `seen`.
    pub(super) fn unpack(&self, packed: &[u8], row: &mut [u8], seen: &mut Extent) {
        match (self.bits, self.format) {
            (8, Format::Unsigned) => {
                let length = row.len().min(packed.len());
                row[..length].copy_from_slice(&packed[..length]);
            }
            (16, Format::Unsigned) => {
                for (to, from) in row.iter_mut().zip(packed.as_chunks().0) {
                    let number = if self.is_big_endian { u16::from_be_bytes(*from) } else { u16::from_le_bytes(*from) };
                    *to = if self.are_numbers { (number >> 8) as u8 } else { ((u32::from(number) + 128) / 257) as u8 };
                }
            }
            (1..16, Format::Unsigned) => self.unpack_bits(packed, row),
            _ => {
                let width = (self.bits as usize).div_ceil(8);
                if self.bits.is_multiple_of(8) {
                    for (to, from) in row.iter_mut().zip(packed.chunks_exact(width)) {
                        *to = self.stretch(self.number(from), seen);
                    }
                } else {
                    let bits = self.bits as usize;
                    for (index, to) in row.iter_mut().enumerate() {
                        let Some(number) = bits_at(packed, index * bits, bits) else { break };
                        *to = self.stretch(self.signed(u64::from(number)), seen);
                    }
                }
            }
        }
    }

    /// Samples of less than 16 bits, the highest first whatever the order of bytes.
    fn unpack_bits(&self, packed: &[u8], row: &mut [u8]) {
        let bits = self.bits as usize;
        let most = (1_u32 << bits) - 1;
        for (index, to) in row.iter_mut().enumerate() {
            let Some(number) = bits_at(packed, index * bits, bits) else { break };
            *to = match (self.are_numbers, bits) {
                (false, _) => ((number * 255 + most / 2) / most) as u8,
                (true, ..=8) => number as u8,
                (true, _) => (number >> (bits - 8)) as u8,
            };
        }
    }

    /// A number of whole bytes.
    fn number(&self, bytes: &[u8]) -> f64 {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        let raw = if self.is_big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) };
        match (self.format, self.bits) {
            (Format::Unsigned, _) => raw as f64,
            (Format::Signed, _) => self.signed(raw),
            (Format::Float, 16) => small_float(raw, 5, 10),
            (Format::Float, 24) => small_float(raw, 7, 16),
            (Format::Float, 32) => f64::from(f32::from_bits(raw as u32)),
            (Format::Float, _) => f64::from_bits(raw),
        }
    }

    fn signed(&self, raw: u64) -> f64 {
        let unused = 64 - self.bits;
        ((raw << unused).cast_signed() >> unused) as f64
    }

    fn stretch(&self, number: f64, seen: &mut Extent) -> u8 {
        seen.add(number);
        ((number - self.extent.low) / (self.extent.high - self.extent.low) * 255.0 + 0.5) as u8
    }
}

/// At most 16 bits from the bit `at` on.
fn bits_at(packed: &[u8], at: usize, bits: usize) -> Option<u32> {
    let (first, last) = (at / 8, (at + bits - 1) / 8);
    let together = packed.get(first..=last)?.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    let after = (last + 1) * 8 - at - bits;
    Some(together >> after & ((1 << bits) - 1))
}

/// A floating-point number with so many bits of exponent and of fraction.
fn small_float(raw: u64, exponent_bits: u32, fraction_bits: u32) -> f64 {
    let sign = if raw >> (exponent_bits + fraction_bits) & 1 == 1 { -1.0 } else { 1.0 };
    let largest = (1_u64 << exponent_bits) - 1;
    let exponent = raw >> fraction_bits & largest;
    let fraction = (raw & ((1 << fraction_bits) - 1)) as f64 / 2_f64.powi(fraction_bits as i32);
    let bias = (largest / 2) as i32;
    match exponent {
        0 => sign * fraction * 2_f64.powi(1 - bias),
        exponent if exponent == largest => f64::NAN,
        exponent => sign * (1.0 + fraction) * 2_f64.powi(exponent as i32 - bias),
    }
}

/// Undoes the differences between neighbours that were stored in place of the samples of `row`.
pub(super) fn undo_prediction(page: &Page<'_>, row: &mut [u8]) {
    let (samples, width) = (page.samples_of_chunk(), (page.bits / 8) as usize);
    match page.predictor {
        2 => add_up(row, width, samples, page.file().is_big_endian),
        3 => join_planes(row, width, samples, page.file().is_big_endian),
        _ => {}
    }
}

/// Source: TIFF revision 6.0, §14.
fn add_up(row: &mut [u8], width: usize, samples: usize, is_big_endian: bool) {
    let distance = width * samples;
    if width == 1 {
        for at in distance..row.len() {
            row[at] = row[at].wrapping_add(row[at - distance]);
        }
        return;
    }
    for at in (distance..(row.len() + 1).saturating_sub(width)).step_by(width) {
        let mut carry = 0;
        for number in 0..width {
            let byte = at + if is_big_endian { width - 1 - number } else { number };
            let sum = u16::from(row[byte]) + u16::from(row[byte - distance]) + carry;
            row[byte] = sum as u8;
            carry = sum >> 8;
        }
    }
}

/// Differences of bytes, and the highest bytes of all samples before the next ones. Source: Adobe, "TIFF Technical Note
/// 3".
fn join_planes(row: &mut [u8], width: usize, samples: usize, is_big_endian: bool) {
    add_up(row, 1, samples, is_big_endian);
    let planes = row.to_vec();
    let count = row.len() / width;
    for (number, sample) in row.chunks_exact_mut(width).enumerate() {
        for (byte, to) in sample.iter_mut().enumerate() {
            let plane = if is_big_endian { byte } else { width - 1 - byte };
            *to = planes[plane * count + number];
        }
    }
}
