//! The bits of a scan, and Huffman codes in them.
//!
//! Where data are missing or make no sense, what comes out is what libjpeg makes of it (`jdhuff.c`): zeros after the
//! end, and the value 0 for what is no code. Source: ITU-T T.81, annex C and §F.2.2.

use super::markers::{marker, next_marker};

/// Bits of a code that are looked up at once; longer ones are rare.
const LOOKED_UP: u32 = 9;

/// Canonical Huffman codes.
pub(super) struct Codes {
    /// By the next [`LOOKED_UP`] bits: length and value of the code they begin with; length 0 where it is longer.
    short: Vec<(u8, u8)>,
    /// By length: the first code after those of this length, its bits shifted to the top of sixteen.
    ends: [u32; 17],
    /// By length: what leads from a code to its value.
    offsets: [i32; 17],
    values: Vec<u8>,
}

impl Codes {
    /// `None` when there are more codes than bits give.
    pub(super) fn new(lengths: &[u8; 16], values: &[u8]) -> Option<Self> {
        let (mut ends, mut offsets) = ([0; 17], [0; 17]);
        let mut short = vec![(0, 0); 1 << LOOKED_UP];
        let (mut code, mut index) = (0_u32, 0_usize);
        for (length, count) in (1..=16_u32).zip(lengths) {
            offsets[length as usize] = index as i32 - code as i32;
            for value in values.get(index..index + usize::from(*count))? {
                if length <= LOOKED_UP {
                    let first = (code << (LOOKED_UP - length)) as usize;
                    short.get_mut(first..first + (1 << (LOOKED_UP - length)))?.fill((length as u8, *value));
                }
                code += 1;
            }
            index += usize::from(*count);
            if code > 1 << length {
                return None;
            }
            ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Some(Self { short, ends, offsets, values: values.to_vec() })
    }

    /// The code that `next` sixteen bits begin with: its length and value. What is none has seventeen bits and the
    /// value 0.
    #[inline]
    fn find(&self, next: u32) -> (u32, u8) {
        let (length, value) = self.short[(next >> (16 - LOOKED_UP)) as usize];
        if length > 0 { (u32::from(length), value) } else { self.find_long(next) }
    }

    #[cold]
    fn find_long(&self, next: u32) -> (u32, u8) {
        let Some(length) = (LOOKED_UP + 1..=16).find(|length| next < self.ends[*length as usize]) else {
            return (17, 0);
        };
        let index = (next >> (16 - length)) as i32 + self.offsets[length as usize];
        let value = usize::try_from(index).ok().and_then(|index| self.values.get(index));
        value.map_or((17, 0), |value| (length, *value))
    }
}

/// The bits of a scan's data, without stuffed bytes.
pub(super) struct Bits<'a> {
    jpeg: &'a [u8],
    at: usize,
    /// Bits that are read ahead, the next one at the top, zeros after the last.
    ahead: u64,
    count: u32,
    /// The marker before which the data end, and whose place has been passed.
    pub(super) marker: Option<u8>,
    /// Whether more was read than there is, up to that marker.
    pub(super) is_short: bool,
    /// Whether the file ends there.
    pub(super) is_at_end: bool,
    /// Whether a restart had another number than it was its turn, so that readers guess what is missing.
    pub(super) is_out_of_step: bool,
    next_restart: u8,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(jpeg: &'a [u8], at: usize) -> Self {
        let (ahead, count, next_restart) = (0, 0, 0);
        let (is_short, is_at_end, is_out_of_step) = (false, false, false);
        Self { jpeg, at, ahead, count, marker: None, is_short, is_at_end, is_out_of_step, next_restart }
    }

    /// Where what follows the data begins.
    pub(super) fn end(&self) -> usize {
        // A marker that was met is to be found again.
        if self.marker.is_some() { self.at.saturating_sub(2) } else { self.at }
    }

    #[inline]
    fn fill(&mut self) {
        if let Some(four) = self.jpeg.get(self.at..).and_then(|rest| rest.first_chunk::<4>())
            && self.count <= 32
            && self.marker.is_none()
            && !four.contains(&0xff)
        {
            self.ahead |= u64::from(u32::from_be_bytes(*four)) << (32 - self.count);
            self.count += 32;
            self.at += 4;
            return;
        }
        self.fill_by_bytes();
    }

    fn fill_by_bytes(&mut self) {
        while self.count <= 56 && self.marker.is_none() {
            let byte = match self.jpeg.get(self.at) {
                Some(0xff) => match next_after_ff(self.jpeg, self.at) {
                    (Some(0), after) => {
                        self.at = after;
                        0xff
                    }
                    (Some(marker), after) => {
                        self.at = after;
                        self.marker = Some(marker);
                        return;
                    }
                    (None, _) => return self.meet_end(),
                },
                Some(byte) => {
                    self.at += 1;
                    *byte
                }
                None => return self.meet_end(),
            };
            self.ahead |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    fn meet_end(&mut self) {
        self.at = self.jpeg.len();
        (self.marker, self.is_at_end) = (Some(marker::EOI), true);
    }

    /// Passes over `count` bits, at most 17, of which there may be fewer.
    #[inline]
    fn skip(&mut self, count: u32) {
        if self.count < count {
            self.run_short();
        }
        self.count -= count;
        self.ahead <<= count;
    }

    #[cold]
    fn run_short(&mut self) {
        // As many zeros as anything takes.
        (self.is_short, self.count) = (true, 56);
    }

    /// The next value of `codes`.
    #[inline]
    pub(super) fn value(&mut self, codes: &Codes) -> u8 {
        if self.count < 17 {
            self.fill();
        }
        let (length, value) = codes.find((self.ahead >> 48) as u32);
        self.skip(length);
        value
    }

    /// The next `count` bits, at most 15, as a number.
    #[inline]
    pub(super) fn take(&mut self, count: u8) -> i32 {
        if count == 0 {
            return 0;
        }
        if self.count < u32::from(count) {
            self.fill();
        }
        let number = (self.ahead >> (64 - u32::from(count))) as i32;
        self.skip(u32::from(count));
        number
    }

    /// A number of `size` bits, at most 15: one that starts with 0 is below zero.
    #[inline]
    pub(super) fn signed(&mut self, size: u8) -> i32 {
        let number = self.take(size);
        let is_below = size > 0 && number < 1 << (size - 1);
        if is_below { number - (1 << size) + 1 } else { number }
    }

    /// Goes on after the next restart marker, or stays before a marker that belongs further on: then what follows up to
    /// the restart after that is missing. What libjpeg does (`jpeg_resync_to_restart`).
    pub(super) fn restart(&mut self) {
        (self.ahead, self.count) = (0, 0);
        let wanted = self.next_restart;
        self.next_restart = (wanted + 1) & 7;
        loop {
            if self.marker.is_none() {
                match next_marker(self.jpeg, self.at) {
                    Some((marker, after)) => (self.marker, self.at) = (Some(marker), after),
                    None => self.meet_end(),
                }
            }
            let ahead_of_wanted = |number: u8| number.wrapping_sub(wanted) & 7;
            let is_other = |number: u8| ahead_of_wanted(number.wrapping_sub(marker::RST0)) != 0;
            self.is_out_of_step |=
                self.marker.is_some_and(|met| (marker::RST0..=marker::RST7).contains(&met) && is_other(met));
            match self.marker {
                Some(number @ marker::RST0..=marker::RST7) => match ahead_of_wanted(number - marker::RST0) {
                    // One of the next two: this one is lost.
                    1 | 2 => return,
                    // One of the last two: it comes late.
                    6 | 7 => self.marker = None,
                    _ => {
                        (self.marker, self.is_short) = (None, false);
                        return;
                    }
                },
                Some(..marker::SOF0) => self.marker = None,
                _ => return,
            }
        }
    }
}

/// What follows bytes of 0xff from `at` on, and where that ends.
fn next_after_ff(jpeg: &[u8], mut at: usize) -> (Option<u8>, usize) {
    while jpeg.get(at) == Some(&0xff) {
        at += 1;
    }
    (jpeg.get(at).copied(), at + 1)
}
