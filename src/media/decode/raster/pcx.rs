//! PCX of Paintbrush, and several of them in a DCX. Source: ZSoft PCX File Format Technical Reference Manual, 1991.

use super::{Planes, numbers};
use crate::content::MediaType;
use crate::content::number::{u16_at, u32_at};
use crate::media::decode::chosen::Chosen;
use crate::media::decode::{DecodeError, Decoding, Several};

const HEADER: usize = 128;
/// Colours at the end, with a mark before them.
const PALETTE: usize = 769;

impl Decoding<'_, '_> {
    pub(in crate::media::decode) fn pcx(&mut self) -> Result<(), DecodeError> {
        if !self.bytes.starts_with(&DCX) {
            return self.pcx_readings(0);
        }
        let places = (1..=1_023).map_while(|number| u32_at(self.bytes, number * 4)).take_while(|place| *place > 0);
        let places: Vec<usize> = places.map(|place| place as usize).collect();
        let mut chosen = Chosen::of(&vec![0; places.len()], self.means.limits.max_frames, &self.means.deadline);
        let mut several = Several::default();
        for (number, place) in places.into_iter().enumerate() {
            if chosen.takes(number, &self.means.deadline) {
                self.check_deadline()?;
                let inner = self.bytes.get(place..).unwrap_or_default();
                several.add(self.of_inner(inner, MediaType::Pcx).pcx_readings(number));
            }
        }
        chosen.ended().and(several.ended())
    }

    /// Some readers believe the header that there are no runs, others do not look at it. For Pillow, rows are as long
    /// as its sides say, and runs end with them.
    fn pcx_readings(&mut self, frame: usize) -> Result<(), DecodeError> {
        let in_runs = self
            .pcx_picture(frame, Reading::InRuns)
            .and_then(|is_usual| if is_usual { Ok(()) } else { self.pcx_picture(frame, Reading::RowByRow).map(drop) });
        if self.bytes.get(2) != Some(&0) {
            return in_runs;
        }
        self.pcx_picture(frame, Reading::Plain).map(drop).or(in_runs)
    }

    /// Hands out the picture. Says whether Pillow sees the same.
    fn pcx_picture(&mut self, frame: usize, reading: Reading) -> Result<bool, DecodeError> {
        let bytes = self.bytes;
        let header = bytes.first_chunk::<HEADER>().ok_or_else(DecodeError::header_cut_off)?;
        let side = |from: usize, to: usize| {
            let [from, to] = [from, to].map(|at| u32::from(u16_at(header, at).unwrap_or_default()));
            (to + 1).checked_sub(from).ok_or_else(|| DecodeError::Broken("it has no pixels".into()))
        };
        let (width, height) = (side(4, 8)?, side(6, 10)?);
        let (bits, count) = (usize::from(header[3]), usize::from(header[65]).max(1));
        if !matches!((bits, count), (1 | 2 | 4, 1..=4) | (8, 1 | 3 | 4)) {
            return Err(DecodeError::Unsupported("a PCX of unusual planes"));
        }
        let stated = usize::from(u16_at(header, 66).unwrap_or_default());
        let least = (width as usize * bits).div_ceil(8);
        let own = if stated == least { least } else { least.next_multiple_of(2) };
        let stride = if reading == Reading::RowByRow { own } else { stated.max(least) };
        let has_palette = bytes.len() > HEADER + PALETTE && bytes[bytes.len() - PALETTE] == 12;
        let palette = if has_palette && bits == 8 { &bytes[bytes.len() - PALETTE + 1..] } else { &header[16..64] };
        let palette = palette.as_chunks::<3>().0;
        let mut planes = Planes::new(self, width, height, count)?;
        let mut runs = Runs { rest: &bytes[HEADER..], is_plain: reading == Reading::Plain, left: 0, byte: 0 };
        let mut is_usual = stride == own;
        for row in 0..height as usize {
            if row % super::ROWS_A_LOOK == 0 {
                self.check_deadline()?;
            }
            for plane in 0..count {
                let line: Vec<u8> = runs.by_ref().take(stride).collect();
                planes.put(plane, row, numbers(&line, bits));
            }
            is_usual &= runs.left == 0;
            if reading == Reading::RowByRow {
                runs.left = 0;
            }
        }
        planes.show(self, frame, |pixel| match (bits, pixel) {
            (8, [red, green, blue, ..]) => [*red, *green, *blue],
            (8, [grey]) if !has_palette => [*grey; 3],
            (1, [bit]) => [bit * 255; 3],
            _ => {
                let number = pixel.iter().rev().fold(0, |number, plane| number << bits | usize::from(*plane));
                palette.get(number).copied().unwrap_or_default()
            }
        })?;
        Ok(is_usual)
    }
}

/// What readers make of the data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// One line of runs.
    InRuns,
    /// Runs that end with their row.
    RowByRow,
    /// No runs.
    Plain,
}

/// How a DCX begins.
pub(in crate::media) const DCX: [u8; 4] = [0xb1, 0x68, 0xde, 0x3a];

/// Bytes in runs.
struct Runs<'a> {
    rest: &'a [u8],
    is_plain: bool,
    left: u8,
    byte: u8,
}

impl Iterator for Runs<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        while self.left == 0 {
            let (&head, rest) = self.rest.split_first()?;
            self.rest = rest;
            if head < 0xc0 || self.is_plain {
                return Some(head);
            }
            let (&byte, rest) = rest.split_first()?;
            (self.left, self.byte, self.rest) = (head & 0x3f, byte, rest);
        }
        self.left -= 1;
        Some(self.byte)
    }
}
