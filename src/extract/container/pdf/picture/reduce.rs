//! Rows of samples → a picture that is no larger than hashes need it.
//!
//! A page at 600 dpi has 35 million pixels, and a hash looks at some thousand. So squares of pixels become one pixel
//! each, their mean, as the rows come, and no more of the page is ever in memory.

use crate::body::End;

/// Pixels of the shorter side that a picture keeps. Hashes of what is reduced to this differ by two bits at most.
const LEAST_SIDE: usize = 1024;

/// Most pixels that a picture keeps.
const MAX_KEPT: usize = 8 << 20;

/// Longest side of a square, so that the sum of its rows fits in sixteen bits.
const MAX_SQUARE: usize = 255;

/// Bytes of one pixel for each of eight bits, for every byte.
static BITS: [[u8; 8]; 256] = {
    let mut bits = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut at = 0;
        while at < 8 {
            bits[byte][at] = ((byte >> (7 - at)) & 1) as u8;
            at += 1;
        }
        byte += 1;
    }
    bits
};

/// How the samples of a picture are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples of a pixel.
    pub(super) channels: usize,
    /// Bits of a sample: 1, 2, 4, 8 or 16.
    pub(super) bits: usize,
}

impl Layout {
    /// Bytes of a row.
    pub(super) const fn stride(&self) -> usize {
        (self.width * self.channels * self.bits).div_ceil(8)
    }

    /// Pixels along a side of the square that becomes one.
    fn square(&self) -> usize {
        let by_side = self.width.min(self.height) / LEAST_SIDE;
        let by_pixels = (1..).find(|side| self.width.div_ceil(*side) * self.height.div_ceil(*side) <= MAX_KEPT);
        by_side.max(by_pixels.unwrap_or(1)).clamp(1, MAX_SQUARE)
    }
}

/// A picture, eight bits a sample.
#[derive(Debug, Default)]
pub(super) struct Reduced {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) channels: usize,
    pub(super) samples: Vec<u8>,
}

/// Takes in samples as they come.
pub(super) struct Reducer {
    layout: Layout,
    square: usize,
    /// Whether bits are counted, and become levels when there is a pixel of them.
    counts_bits: bool,
    /// What each sample is as eight bits, where there are no more than that.
    levels: Vec<Vec<u8>>,
    /// What a sample looks like, where it is the number of a colour.
    table: Vec<[u8; 3]>,
    row: Vec<u8>,
    pixels: Vec<u8>,
    sums: Vec<u16>,
    rows_in_sums: usize,
    rows: usize,
    reduced: Reduced,
}

impl Reducer {
    /// `levels` has, for each channel, eight bits for each sample, or for the upper eight bits of one. `table` has the
    /// colours that samples are numbers of, if they are that.
    pub(super) fn new(layout: Layout, levels: Vec<Vec<u8>>, table: Vec<[u8; 3]>) -> Self {
        let square = layout.square();
        let channels = if table.is_empty() { layout.channels } else { 3 };
        let reduced = Reduced { width: layout.width.div_ceil(square), height: 0, channels, samples: Vec::new() };
        let counts_bits = layout.bits == 1 && layout.channels == 1 && table.is_empty() && square > 1;
        Self {
            square,
            counts_bits,
            levels,
            table,
            row: Vec::with_capacity(layout.stride()),
            pixels: Vec::new(),
            sums: vec![0; if square > 1 { (layout.width * channels).next_multiple_of(8) } else { 0 }],
            rows_in_sums: 0,
            rows: 0,
            reduced,
            layout,
        }
    }

    /// Whether nothing has come.
    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0 && self.row.is_empty()
    }

    /// Takes in `bytes`.
    ///
    /// # Errors
    /// [`End::Complete`] when all rows are there.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), End> {
        let stride = self.layout.stride();
        while !bytes.is_empty() {
            if self.rows == self.layout.height {
                return Err(End::Complete(0));
            }
            if self.row.is_empty() && bytes.len() >= stride {
                let (row, rest) = bytes.split_at(stride);
                self.add_row(row);
                bytes = rest;
                continue;
            }
            let (piece, rest) = bytes.split_at(bytes.len().min(stride - self.row.len()));
            self.row.extend_from_slice(piece);
            bytes = rest;
            if self.row.len() == stride {
                self.add_pending();
            }
        }
        Ok(())
    }

    /// The picture, as far as there are rows of it.
    pub(super) fn finish(mut self) -> Reduced {
        if !self.row.is_empty() && self.rows < self.layout.height {
            self.row.resize(self.layout.stride(), 0);
            self.add_pending();
        }
        self.flush();
        self.reduced
    }

    fn add_pending(&mut self) {
        let row = std::mem::take(&mut self.row);
        self.add_row(&row);
        self.row = row;
        self.row.clear();
    }

    fn add_row(&mut self, row: &[u8]) {
        self.rows += 1;
        if self.counts_bits {
            for (sums, byte) in self.sums.as_chunks_mut::<8>().0.iter_mut().zip(row) {
                sums.iter_mut().zip(BITS[usize::from(*byte)]).for_each(|(sum, bit)| *sum += u16::from(bit));
            }
            return self.end_row();
        }
        self.unpack(row);
        if self.square == 1 {
            self.reduced.samples.extend_from_slice(&self.pixels);
            self.reduced.height += 1;
            return;
        }
        self.sums.iter_mut().zip(&self.pixels).for_each(|(sum, sample)| *sum += u16::from(*sample));
        self.end_row();
    }

    fn end_row(&mut self) {
        self.rows_in_sums += 1;
        if self.rows_in_sums == self.square {
            self.flush();
        }
    }

    /// Makes `pixels` of a row: eight bits a sample, or three colours of each where samples are numbers of these.
    fn unpack(&mut self, row: &[u8]) {
        let Layout { width, channels, bits, .. } = self.layout;
        let count = width * channels;
        self.pixels.clear();
        match bits {
            8 => self.pixels.extend_from_slice(&row[..count]),
            16 => self.pixels.extend(row.as_chunks::<2>().0.iter().take(count).map(|[high, _]| *high)),
            1 => row.iter().for_each(|byte| self.pixels.extend_from_slice(&BITS[usize::from(*byte)])),
            2 => self.pixels.extend(row.iter().flat_map(|byte| [byte >> 6, byte >> 4 & 3, byte >> 2 & 3, byte & 3])),
            _ => self.pixels.extend(row.iter().flat_map(|byte| [byte >> 4, byte & 15])),
        }
        self.pixels.truncate(count);
        match &self.levels[..] {
            [] => {}
            [one] => self.pixels.iter_mut().for_each(|sample| *sample = one[usize::from(*sample)]),
            all => {
                for pixel in self.pixels.chunks_exact_mut(channels) {
                    pixel.iter_mut().zip(all).for_each(|(sample, level)| *sample = level[usize::from(*sample)]);
                }
            }
        }
        if !self.table.is_empty() {
            let numbers = std::mem::take(&mut self.pixels);
            self.pixels.extend(numbers.iter().flat_map(|number| self.table[usize::from(*number)]));
        }
    }

    /// Makes pixels of the rows in the sums.
    fn flush(&mut self) {
        if self.rows_in_sums == 0 {
            return;
        }
        let channels = self.reduced.channels;
        let bit = |level: usize| self.levels.first().map_or(level as u8, |levels| levels[level]);
        let (unset, set) = (u32::from(bit(0)), u32::from(bit(1)));
        let mut shares = Shares::of(1);
        for square in self.sums[..self.layout.width * channels].chunks(self.square * channels) {
            let count = (square.len() / channels * self.rows_in_sums) as u32;
            if shares.count != count {
                shares = Shares::of(count);
            }
            for channel in 0..channels {
                let sum: u32 = square.iter().skip(channel).step_by(channels).map(|sum| u32::from(*sum)).sum();
                let sum = if self.counts_bits { sum * set + (count - sum) * unset } else { sum };
                self.reduced.samples.push(shares.mean(sum));
            }
        }
        self.sums.fill(0);
        self.rows_in_sums = 0;
        self.reduced.height += 1;
    }
}

/// Divides by one number again and again, which takes a fifth of the time as a product.
struct Shares {
    count: u32,
    /// 2 to the power of [`Self::SHIFT`] by the number, rounded up.
    reciprocal: u64,
}

impl Shares {
    /// Squares have fewer than 2^16 pixels, and sums of those fewer than 2^24, so that no quotient is off.
    const SHIFT: u32 = 42;

    fn of(count: u32) -> Self {
        Self { count, reciprocal: (1_u64 << Self::SHIFT).div_ceil(u64::from(count.max(1))) }
    }

    /// The mean of so many samples, rounded.
    fn mean(&self, sum: u32) -> u8 {
        ((u64::from(sum + self.count / 2) * self.reciprocal) >> Self::SHIFT) as u8
    }
}

impl Reduced {
    /// The row that is where row `y` of `height` rows is.
    pub(super) fn row_at(&self, y: usize, height: usize) -> &[u8] {
        let stride = self.width * self.channels;
        &self.samples[y * self.height / height * stride..][..stride]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_quotients() {
        for count in (1..=2_000).chain([65_025, 65_024, 40_000, 255 * 17]) {
            let step = (count as usize * 255 / 5_000).max(1);
            for sum in (0..=count * 255).rev().step_by(step).chain(0..count.min(300)) {
                assert_eq!(u32::from(Shares::of(count).mean(sum)), (sum + count / 2) / count, "{sum} / {count}");
            }
        }
    }

    fn reduced(layout: Layout, levels: Vec<Vec<u8>>, bytes: &[u8], cut: usize) -> Reduced {
        let mut reducer = Reducer::new(layout, levels, Vec::new());
        for piece in bytes.chunks(cut) {
            if reducer.push(piece).is_err() {
                break;
            }
        }
        reducer.finish()
    }

    #[test]
    fn squares_become_their_means_however_rows_come() {
        let layout = Layout { width: 2048, height: 2049, channels: 3, bits: 8 };
        let bytes: Vec<u8> = (0..layout.stride() * 2049).map(|at| (at % 251) as u8).collect();
        let whole = reduced(layout, Vec::new(), &bytes, usize::MAX);
        assert_eq!((whole.width, whole.height, whole.channels), (1024, 1025, 3));
        let sample = |x: usize, y: usize, channel: usize| u32::from(bytes[y * layout.stride() + 3 * x + channel]);
        for (x, y, channel) in [(0, 0, 0), (1023, 1023, 2), (511, 700, 1)] {
            let of_row = |row: usize| sample(2 * x, row, channel) + sample(2 * x + 1, row, channel);
            let mean = (of_row(2 * y) + of_row(2 * y + 1) + 2) / 4;
            assert_eq!(u32::from(whole.samples[(y * 1024 + x) * 3 + channel]), mean);
        }
        let last = (sample(0, 2048, 0) + sample(1, 2048, 0)).div_ceil(2);
        assert_eq!(u32::from(whole.samples[1024 * 1024 * 3]), last, "a row that is left over");
        assert!(reduced(layout, Vec::new(), &bytes, 1000).samples == whole.samples);
    }

    #[test]
    fn samples_of_all_lengths_are_unpacked_and_rows_that_are_cut_off_are_filled() {
        let scaled =
            |bits: usize| vec![(0..1 << bits).map(|sample| (sample * 255 / ((1 << bits) - 1)) as u8).collect()];
        for (bits, bytes, expected) in [
            (1, vec![0b1010_0000, 0b0100_0000], [255, 0, 255, 0, 255, 0]),
            (2, vec![0b0001_1000, 0b1100_0000], [0, 85, 170, 255, 0, 0]),
            (4, vec![0x0f, 0xf0, 0x30], [0, 255, 255, 51, 0, 0]),
            (8, vec![1, 2, 3, 4], [1, 2, 3, 4, 0, 0]),
            (16, vec![1, 9, 2, 9, 3, 9, 4, 9, 5, 9, 6], [1, 2, 3, 4, 5, 6]),
        ] {
            let layout = Layout { width: 3, height: 2, channels: 1, bits };
            let levels = if bits < 8 { scaled(bits) } else { Vec::new() };
            assert_eq!(reduced(layout, levels, &bytes, 1).samples, expected, "{bits} bits");
        }
    }

    #[test]
    fn no_picture_keeps_more_than_hashes_need() {
        for (width, height) in [(32_768, 7_600), (1_000_000, 250), (20_000, 20_000), (2_047, 32_768), (9, 9)] {
            let layout = Layout { width, height, channels: 1, bits: 1 };
            let side = layout.square();
            assert!(width.div_ceil(side) * height.div_ceil(side) <= MAX_KEPT, "{width} × {height}");
            assert!(side == 1 || width.min(height) / side >= 40, "{width} × {height}");
        }
    }
}
