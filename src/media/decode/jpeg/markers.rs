//! Markers of a JPEG, found as libjpeg finds them, and what the segments before a scan say.
//!
//! Browsers, Pillow, ImageMagick and most else read JPEG with libjpeg, which forgives much: what is between two
//! segments, bytes that fill up, components of the same name. Source: ITU-T T.81, annex B; JFIF 1.02; libjpeg's
//! `jdmarker.c` for what it forgives.

use memchr::memchr;

use super::entropy::Codes;
use super::usual_codes::TABLES;
use crate::media::decode::DecodeError;

pub(super) mod marker {
    pub(in super::super) const SOF0: u8 = 0xc0;
    pub(in super::super) const SOF2: u8 = 0xc2;
    pub(in super::super) const DHT: u8 = 0xc4;
    pub(in super::super) const JPG: u8 = 0xc8;
    pub(in super::super) const DAC: u8 = 0xcc;
    pub(in super::super) const SOF15: u8 = 0xcf;
    pub(in super::super) const RST0: u8 = 0xd0;
    pub(in super::super) const RST7: u8 = 0xd7;
    pub(in super::super) const SOI: u8 = 0xd8;
    pub(in super::super) const EOI: u8 = 0xd9;
    pub(in super::super) const SOS: u8 = 0xda;
    pub(in super::super) const DQT: u8 = 0xdb;
    pub(in super::super) const DNL: u8 = 0xdc;
    pub(in super::super) const DRI: u8 = 0xdd;
    pub(in super::super) const APP0: u8 = 0xe0;
    pub(in super::super) const APP1: u8 = 0xe1;
    pub(in super::super) const APP2: u8 = 0xe2;
    pub(in super::super) const APP14: u8 = 0xee;
    pub(in super::super) const TEM: u8 = 0x01;
}

/// A marker with the content of its segment, and where the next may begin: for a scan, its data.
pub(in crate::media::decode) struct Segment<'a> {
    pub(in crate::media::decode) marker: u8,
    pub(super) start: usize,
    pub(in crate::media::decode) content: &'a [u8],
    pub(in crate::media::decode) end: usize,
}

impl<'a> Segment<'a> {
    /// The next one from `at` on, whatever comes before it. [`marker::EOI`] has no content; `None` where the file
    /// ends.
    pub(super) fn next(jpeg: &'a [u8], at: usize) -> Option<Self> {
        let (mut marker, mut after) = next_marker(jpeg, at)?;
        while matches!(marker, marker::TEM | marker::RST0..=marker::SOI) {
            (marker, after) = next_marker(jpeg, after)?;
        }
        let start = after - 2;
        if marker == marker::EOI {
            return Some(Self { marker, start, content: &[], end: after });
        }
        let rest = jpeg.get(after..)?;
        let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?)).max(2);
        Some(Self { marker, start, content: rest.get(2..length)?, end: after + length })
    }

    /// The one at `at` itself; `None` where there is none, and at the end of the picture.
    pub(in crate::media::decode) fn at(jpeg: &'a [u8], at: usize) -> Option<Self> {
        Self::next(jpeg, at).filter(|segment| segment.start == at && segment.marker != marker::EOI)
    }
}

/// The next marker from `at` on, and where it ends.
pub(super) fn next_marker(jpeg: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += memchr(0xff, jpeg.get(at..)?)?;
        while jpeg.get(at) == Some(&0xff) {
            at += 1;
        }
        match jpeg.get(at)? {
            0 => at += 1,
            marker => return Some((*marker, at + 1)),
        }
    }
}

/// Where the data of a scan from `start` on ends: at the first marker that is no restart. Says whether there are
/// restarts.
pub(super) fn end_of_scan(jpeg: &[u8], start: usize) -> (usize, bool) {
    let (mut at, mut restarts) = (start, false);
    while let Some((marker, after)) = next_marker(jpeg, at) {
        if !matches!(marker, marker::RST0..=marker::RST7) {
            return (after - 2, restarts);
        }
        (at, restarts) = (after, true);
    }
    (jpeg.len(), restarts)
}

/// A frame header.
pub(super) struct FrameHeader {
    pub(super) marker: u8,
    pub(super) precision: u8,
    pub(super) height: u16,
    pub(super) width: u16,
    /// Identifier, factors of sampling, number of the table of steps.
    pub(super) components: Vec<[u8; 3]>,
}

impl FrameHeader {
    pub(super) const fn is_frame(marker: u8) -> bool {
        matches!(marker, marker::SOF0..=marker::SOF15) && !matches!(marker, marker::DHT | marker::JPG | marker::DAC)
    }

    pub(super) fn of(segment: &Segment<'_>) -> Option<Self> {
        let &[precision, h1, h0, w1, w0, count, ref rest @ ..] = segment.content else { return None };
        let components = rest.as_chunks::<3>().0.get(..usize::from(count))?.to_vec();
        let [height, width] = [[h1, h0], [w1, w0]].map(u16::from_be_bytes);
        Some(Self { marker: segment.marker, precision, height, width, components })
    }

    pub(super) const fn is_progressive(&self) -> bool {
        self.marker == marker::SOF2
    }

    /// Ways of writing that browsers do not show either.
    pub(super) const fn unsupported(&self) -> Option<&'static str> {
        match (self.marker, self.precision, self.components.len()) {
            (0xc3, ..) => Some("a lossless JPEG"),
            (0xc5..=0xc7 | 0xcd..=0xcf, ..) => Some("a hierarchical JPEG"),
            (0xc9..=0xcb, ..) => Some("a JPEG with arithmetic coding"),
            (_, 12, _) => Some("a JPEG of 12 bits a sample"),
            (_, 8, 1 | 3 | 4) => None,
            (_, 8, 0) => Some("a JPEG without components"),
            (_, 8, _) => Some("a JPEG of other than one, three or four components"),
            _ => Some("a JPEG of other than 8 bits a sample"),
        }
    }
}

/// What the samples of a file mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Grey,
    Rgb,
    Ycc,
    Cmyk,
    Ycck,
    /// The same two where more means more ink, as readers of PDF have it.
    PlainCmyk,
    PlainYcck,
}

impl Colour {
    /// The other way of reading amounts of ink; `None` for colours that are no inks.
    pub(super) const fn with_ink_turned(self) -> Option<Self> {
        match self {
            Self::Cmyk => Some(Self::PlainCmyk),
            Self::Ycck => Some(Self::PlainYcck),
            Self::Grey | Self::Rgb | Self::Ycc | Self::PlainCmyk | Self::PlainYcck => None,
        }
    }
}

/// What segments say that are no part of decoding samples.
#[derive(Default)]
pub(super) struct Notes<'a> {
    has_jfif: bool,
    /// The transform that Adobe's segment names.
    adobe: Option<u8>,
    pub(super) exif: Option<&'a [u8]>,
}

impl<'a> Notes<'a> {
    pub(super) fn read(&mut self, segment: &Segment<'a>) {
        match (segment.marker, segment.content) {
            (marker::APP0, [b'J', b'F', b'I', b'F', 0, ..]) => self.has_jfif = true,
            (marker::APP1, [b'E', b'x', b'i', b'f', 0, _, exif @ ..]) if self.exif.is_none() => self.exif = Some(exif),
            (marker::APP14, [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..]) => {
                self.adobe = Some(*transform);
            }
            _ => {}
        }
    }

    /// As libjpeg guesses it (`default_decompress_parms`).
    pub(super) fn colour(&self, components: &[[u8; 3]]) -> Colour {
        match (components, self.adobe) {
            ([_], _) => Colour::Grey,
            ([_, _, _, _], Some(0) | None) => Colour::Cmyk,
            ([_, _, _, _], Some(_)) => Colour::Ycck,
            _ if self.has_jfif => Colour::Ycc,
            (_, Some(0)) => Colour::Rgb,
            ([[b'R', ..], [b'G', ..], [b'B', ..]], None) => Colour::Rgb,
            _ => Colour::Ycc,
        }
    }

    /// Whether nothing contradicts that, so that every decoder sees the same.
    pub(super) fn agree(&self, components: &[[u8; 3]]) -> bool {
        match (components, self.adobe) {
            ([[b'R', ..], [b'G', ..], [b'B', ..]], _) => false,
            ([_, _, _], adobe) => matches!(adobe, None | Some(1)),
            ([_, _, _, _], adobe) => matches!(adobe, None | Some(0 | 2)),
            _ => true,
        }
    }
}

/// The tables that are in force when a scan begins: the usual codes where a file brings none.
pub(super) struct Tables {
    /// Steps of quantisation, as they come, in zigzag.
    pub(super) steps: [Option<[u16; 64]>; 4],
    pub(super) first: [Option<Codes>; 4],
    pub(super) higher: [Option<Codes>; 4],
    /// Units from one restart to the next, 0 for none.
    pub(super) restart_interval: usize,
}

impl Default for Tables {
    fn default() -> Self {
        let mut tables =
            Self { steps: [None; 4], first: Default::default(), higher: Default::default(), restart_interval: 0 };
        for (head, lengths, values) in TABLES {
            let codes = Codes::new(&lengths, values);
            let kind = if head >> 4 == 0 { &mut tables.first } else { &mut tables.higher };
            kind[usize::from(head & 1)] = codes;
        }
        tables
    }
}

impl Tables {
    /// Takes in a segment, if it is one of tables.
    ///
    /// # Errors
    /// [`DecodeError::Broken`].
    pub(super) fn read(&mut self, segment: &Segment<'_>) -> Result<(), DecodeError> {
        let read = match segment.marker {
            marker::DHT => self.read_codes(segment.content),
            marker::DQT => self.read_steps(segment.content),
            marker::DRI => segment.content.first_chunk().map(|interval| {
                self.restart_interval = usize::from(u16::from_be_bytes(*interval));
            }),
            _ => Some(()),
        };
        read.ok_or_else(|| DecodeError::Broken("a table is not written as it should be".into()))
    }

    fn read_codes(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = content.split_first() {
            let lengths: &[u8; 16] = rest.first_chunk()?;
            let count: usize = lengths.iter().map(|count| usize::from(*count)).sum();
            let values = rest.get(16..16 + count)?;
            let tables = if head >> 4 == 0 { &mut self.first } else { &mut self.higher };
            *tables.get_mut(usize::from(head & 15))? = Some(Codes::new(lengths, values)?);
            content = &rest[16 + count..];
        }
        Some(())
    }

    fn read_steps(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = content.split_first() {
            let table = self.steps.get_mut(usize::from(head & 15))?;
            let mut steps = [0; 64];
            if head >> 4 == 0 {
                let (own, rest) = rest.split_first_chunk::<64>()?;
                steps.iter_mut().zip(own).for_each(|(step, own)| *step = u16::from(*own));
                content = rest;
            } else {
                let (own, rest) = rest.split_first_chunk::<128>()?;
                steps.iter_mut().zip(own.as_chunks().0).for_each(|(step, own)| *step = u16::from_be_bytes(*own));
                content = rest;
            }
            *table = Some(steps);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_markers_that_agree_leave_a_file_to_any_decoder() {
        let of_ids = |ids: &[u8]| ids.iter().map(|id| [*id, 0x11, 0]).collect::<Vec<_>>();
        for (has_jfif, adobe, ids, expected) in [
            (true, None, &[1, 2, 3][..], true),
            (true, Some(1), &[1, 2, 3], true),
            (true, Some(0), &[1, 2, 3], false),
            (false, Some(0), &[1, 2, 3], false),
            (false, Some(2), &[1, 2, 3], false),
            (true, None, b"RGB", false),
            (false, Some(0), &[1, 2, 3, 4], true),
            (false, Some(2), &[1, 2, 3, 4], true),
            (false, Some(1), &[1, 2, 3, 4], false),
            (true, None, &[1], true),
        ] {
            let notes = Notes { has_jfif, adobe, exif: None };
            assert_eq!(notes.agree(&of_ids(ids)), expected, "{has_jfif} {adobe:?} {ids:?}");
        }
    }
}
