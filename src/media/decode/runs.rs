//! Runs of pixels in a BMP. Source: Microsoft, "Bitmap Compression".

/// A way along the pixels that a stream of runs sets.
pub(super) struct Runs<'a> {
    rest: &'a [u8],
    /// Bits of a pixel: numbers of 4 or 8, or colours of 24.
    bits: u32,
    width: u32,
    height: u32,
    x: u32,
    y: u32,
    state: State<'a>,
}

enum State<'a> {
    /// Pixels of one run that are left, and how many there were before.
    Same {
        left: u32,
        number: u32,
        pixel: &'a [u8],
    },
    /// Pixels that differ.
    Listed {
        left: u32,
        number: u32,
        pixels: &'a [u8],
    },
    Ended,
    Broken,
}

/// A colour, or the number of one.
type Colour = Result<[u8; 3], u8>;

impl<'a> Runs<'a> {
    pub(super) const fn new(data: &'a [u8], bits: u32, width: u32, height: u32) -> Self {
        Self { rest: data, bits, width, height, x: 0, y: 0, state: State::Same { left: 0, number: 0, pixel: &[] } }
    }

    /// Whether the end was marked.
    pub(super) const fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// The next pixel that lies in the picture, with its place.
    pub(super) fn next_pixel(&mut self) -> Option<(u32, u32, Colour)> {
        loop {
            let colour = match &mut self.state {
                State::Same { left: 0, .. } | State::Listed { left: 0, .. } => {
                    self.next_run();
                    continue;
                }
                State::Same { left, number, pixel } | State::Listed { left, number, pixels: pixel } => {
                    *left -= 1;
                    *number += 1;
                    (*number - 1, *pixel)
                }
                State::Ended | State::Broken => return None,
            };
            let at = (self.x, self.y);
            self.x = self.x.saturating_add(1);
            if at.0 < self.width && at.1 < self.height {
                let is_same = matches!(self.state, State::Same { .. });
                return Some((at.0, at.1, self.colour(colour.0, colour.1, is_same)));
            }
            // What lies outside of the picture is not gone through pixel by pixel.
            if let State::Same { left, .. } | State::Listed { left, .. } = &mut self.state {
                *left = 0;
            }
        }
    }

    fn colour(&self, number: u32, pixels: &[u8], is_same: bool) -> Colour {
        let number = number as usize;
        let byte = |at: usize| pixels.get(at).copied().unwrap_or_default();
        match self.bits {
            24 => {
                let at = if is_same { 0 } else { number * 3 };
                Ok([byte(at + 2), byte(at + 1), byte(at)])
            }
            4 => {
                let pair = byte(if is_same { 0 } else { number / 2 });
                Err(if number.is_multiple_of(2) { pair >> 4 } else { pair & 15 })
            }
            _ => Err(byte(if is_same { 0 } else { number })),
        }
    }

    fn next_run(&mut self) {
        if self.y >= self.height {
            self.state = State::Ended;
            return;
        }
        let bytes = self.bits.div_ceil(8) as usize;
        self.state = match *self.rest {
            [0, 0, ref rest @ ..] => {
                (self.x, self.y, self.rest) = (0, self.y + 1, rest);
                return;
            }
            [0, 1, ..] => State::Ended,
            [0, 2, across, down, ref rest @ ..] => {
                (self.x, self.y) = (self.x.saturating_add(u32::from(across)), self.y + u32::from(down));
                self.rest = rest;
                return;
            }
            [0, count, ref rest @ ..] => {
                let length = (usize::from(count) * self.bits as usize).div_ceil(8);
                let pixels = &rest[..rest.len().min(length)];
                self.rest = rest.get(length.next_multiple_of(2)..).unwrap_or_default();
                State::Listed { left: u32::from(count), number: 0, pixels }
            }
            [count, ref rest @ ..] if rest.len() >= bytes => {
                self.rest = &rest[bytes..];
                State::Same { left: u32::from(count), number: 0, pixel: &rest[..bytes] }
            }
            _ => State::Broken,
        };
    }
}
