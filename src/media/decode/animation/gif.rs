//! GIF, as browsers show it: with a screen that has room for the first frame, and up to anything that is no block.
//!
//! Source: GIF89a specification.

use weezl::{BitOrder, LzwStatus};

use super::screen::{Area, Disposal, Screen};
use crate::media::decode::still::{is_forgiven, too_few_pixels};
use crate::media::decode::{DecodeError, Decoding};

const HEADER: usize = 13;

/// For so many hundredths of a second browsers show a frame that is to be shown for none or one.
const AT_ONCE: u64 = 10;

/// Pixels between two looks at the clock.
const PIXELS_A_LOOK: usize = 1 << 20;

/// Where the rows of an interlaced frame begin, and how far they are apart.
const PASSES: [(u32, usize); 4] = [(0, 8), (4, 8), (2, 4), (1, 2)];

impl Decoding<'_, '_> {
    pub(in crate::media::decode) fn gif(&mut self) -> Result<(), DecodeError> {
        let header: &[u8; HEADER] = self.bytes.first_chunk().ok_or_else(DecodeError::header_cut_off)?;
        let frames = Frames::of(self.bytes);
        let Some(first) = frames.clone().next() else {
            return Err(DecodeError::Broken("there is no picture in it".into()));
        };
        let width = u32::from(number(header, 6)).max(first.area.left + first.area.width);
        let height = u32::from(number(header, 8)).max(first.area.top + first.area.height);
        let saves = frames.clone().any(|frame| frame.disposal == Disposal::Restore);
        // The screen, the copy that is handed out, the same without transparency, and the numbers of a frame.
        let each = if saves { 16 } else { 12 };
        self.check_size(width, height, u64::from(width) * u64::from(height) * each)?;
        let mut screen = Screen::new(width, height);
        let mut showing = self.showing(frames.clone().map(|frame| frame.duration));
        let (mut has_pixels, mut is_whole) = (false, true);
        for (number, frame) in frames.enumerate() {
            self.check_deadline()?;
            let drawn = self.draw_gif(&frame, &mut screen)?;
            if drawn.has_pixels || has_pixels {
                self.show_frame(&mut showing, number, (width, height), &screen.rgba)?;
            }
            if drawn.has_pixels && screen.has_picture_apart() {
                self.show_area(&screen, number)?;
            }
            has_pixels |= drawn.has_pixels;
            is_whole &= drawn.is_whole;
        }
        showing.chosen.ended()?;
        if has_pixels && is_whole { Ok(()) } else { Err(too_few_pixels()) }
    }

    /// Draws what there is of a frame.
    fn draw_gif(&self, frame: &Frame<'_>, screen: &mut Screen) -> Result<Drawn, DecodeError> {
        let Area { width, height, .. } = frame.area;
        let pixels = u64::from(width) * u64::from(height);
        self.check_size(width, height, pixels)?;
        let (numbers, is_damaged) = self.numbers(frame, pixels as usize)?;
        screen.begin(frame.area, frame.disposal);
        let interlaced = PASSES.iter().flat_map(|(start, step)| (*start..height).step_by(*step));
        let order: &mut dyn Iterator<Item = u32> =
            if frame.is_interlaced { &mut { interlaced } } else { &mut (0..height) };
        for (row, numbers) in order.zip(numbers.chunks(width as usize)) {
            for (pixel, number) in screen.row(row).iter_mut().zip(numbers) {
                if let Some([red, green, blue]) = frame.colour(*number) {
                    *pixel = [red, green, blue, 255];
                }
            }
        }
        let missing = pixels - numbers.len() as u64;
        // A frame that says itself that it ends early looks the same everywhere.
        Ok(Drawn { has_pixels: !numbers.is_empty(), is_whole: !is_damaged || is_forgiven(missing, pixels) })
    }

    /// The numbers of the colours of a frame, as many as there are, and whether they break off.
    fn numbers(&self, frame: &Frame<'_>, most: usize) -> Result<(Vec<u8>, bool), DecodeError> {
        let (packed, mut is_damaged) = frame.packed();
        let Some((size @ 1..=11, mut packed)) = packed.split_first().map(|(size, rest)| (*size, rest)) else {
            return Ok((Vec::new(), true));
        };
        let (mut numbers, mut written) = (vec![0; most], 0);
        let mut decoder = weezl::decode::Decoder::new(BitOrder::Lsb, size);
        while written < most {
            self.check_deadline()?;
            let end = most.min(written + PIXELS_A_LOOK);
            let step = decoder.decode_bytes(packed, &mut numbers[written..end]);
            packed = &packed[step.consumed_in..];
            written += step.consumed_out;
            is_damaged |= step.status.is_err();
            let has_moved = step.consumed_in > 0 || step.consumed_out > 0;
            if !has_moved || !matches!(step.status, Ok(LzwStatus::Ok)) {
                break;
            }
        }
        numbers.truncate(written);
        Ok((numbers, is_damaged))
    }
}

/// Whether there is a frame, as readers look for one whatever the version is.
pub(in crate::media) fn has_gif_frame(gif: &[u8]) -> bool {
    Frames::of(gif).next().is_some()
}

/// What came of a frame.
struct Drawn {
    has_pixels: bool,
    is_whole: bool,
}

/// A frame as it is stored.
#[derive(Clone)]
struct Frame<'a> {
    area: Area,
    disposal: Disposal,
    /// In hundredths of a second, as browsers show it.
    duration: u64,
    /// The number of the colour that is none.
    transparent: Option<u8>,
    is_interlaced: bool,
    /// Of the frame or the file; `None` where neither has any.
    colours: Option<&'a [[u8; 3]]>,
    /// From the size of codes on.
    data: &'a [u8],
}

impl Frame<'_> {
    /// Greys where there are no colours at all. Numbers past the last colour are not drawn.
    fn colour(&self, number: u8) -> Option<[u8; 3]> {
        if self.transparent == Some(number) {
            return None;
        }
        self.colours.map_or(Some([number; 3]), |colours| colours.get(usize::from(number)).copied())
    }

    /// The size of codes, and the codes; and whether they are cut off.
    fn packed(&self) -> (Vec<u8>, bool) {
        let (size, rest) = self.data.split_at(self.data.len().min(1));
        let mut packed = size.to_vec();
        let mut blocks = SubBlocks::of(rest);
        blocks.by_ref().for_each(|block| packed.extend_from_slice(block));
        (packed, !blocks.has_ended)
    }
}

/// The frames of a file, one after the other.
#[derive(Clone)]
struct Frames<'a> {
    rest: &'a [u8],
    colours: Option<&'a [[u8; 3]]>,
    control: Control,
}

/// What is said before a frame.
#[derive(Clone, Copy, Default)]
struct Control {
    packed: u8,
    /// In hundredths of a second.
    delay: u16,
    transparent: u8,
}

impl<'a> Frames<'a> {
    fn of(gif: &'a [u8]) -> Self {
        let packed = gif.get(10).copied().unwrap_or_default();
        let (colours, rest) = colours(packed, gif.get(HEADER..).unwrap_or_default());
        Self { rest, colours, control: Control::default() }
    }

    /// Passes over a chain of blocks.
    fn pass(&mut self) {
        let mut blocks = SubBlocks::of(self.rest);
        blocks.by_ref().for_each(drop);
        self.rest = blocks.rest;
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        loop {
            match *self.rest {
                // Some programs write one more where a chain ends.
                [0, ref rest @ ..] => self.rest = rest,
                [0x21, label, ref rest @ ..] => {
                    self.rest = rest;
                    if let (0xf9, [(4..), packed, d0, d1, transparent, ..]) = (label, rest) {
                        self.control = Control {
                            packed: *packed,
                            delay: u16::from_le_bytes([*d0, *d1]),
                            transparent: *transparent,
                        };
                    }
                    self.pass();
                }
                [0x2c, ref rest @ ..] => {
                    let (head, rest) = rest.split_first_chunk::<9>()?;
                    let [left, top, width, height] = [0, 2, 4, 6].map(|at| u32::from(number(head, at)));
                    let (own, rest) = colours(head[8], rest);
                    self.rest = rest.get(1..).unwrap_or_default();
                    self.pass();
                    let control = std::mem::take(&mut self.control);
                    if width > 0 && height > 0 {
                        let disposal = match control.packed >> 2 & 7 {
                            2 => Disposal::Clear,
                            3 | 4 => Disposal::Restore,
                            _ => Disposal::Keep,
                        };
                        return Some(Frame {
                            area: Area { left, top, width, height },
                            disposal,
                            duration: if control.delay < 2 { AT_ONCE } else { control.delay.into() },
                            transparent: (control.packed & 1 == 1).then_some(control.transparent),
                            is_interlaced: head[8] & 0x40 != 0,
                            colours: own.or(self.colours),
                            data: rest,
                        });
                    }
                }
                _ => return None,
            }
        }
    }
}

/// The table of colours that a byte of flags announces, and what comes after it.
fn colours(flags: u8, rest: &[u8]) -> (Option<&[[u8; 3]]>, &[u8]) {
    if flags & 0x80 == 0 {
        return (None, rest);
    }
    let (table, rest) = rest.split_at(rest.len().min(3 << ((flags & 7) + 1)));
    (Some(table.as_chunks().0), rest)
}

/// Blocks with their lengths, up to an empty one.
struct SubBlocks<'a> {
    rest: &'a [u8],
    /// Whether the empty one was there.
    has_ended: bool,
}

impl<'a> SubBlocks<'a> {
    const fn of(rest: &'a [u8]) -> Self {
        Self { rest, has_ended: false }
    }
}

impl<'a> Iterator for SubBlocks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first()?;
        let (block, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        self.rest = rest;
        self.has_ended = *length == 0;
        (!block.is_empty()).then_some(block)
    }
}

fn number(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |number| u16::from_le_bytes(*number))
}
