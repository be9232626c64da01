//! What a JPEG consists of, by a walk over its segments up to the end of the picture, without decoding anything.
//!
//! What lies after that end is another picture, the film of a photo that moves, or anything else, and what segments
//! hold, such as thumbnails, is no part of it either.

use super::markers::{Colour, FrameHeader, Notes, Segment, end_of_scan, marker};
use crate::media::decode::DecodeError;

/// The picture of a file.
pub(super) struct Outline<'a> {
    pub(super) header: FrameHeader,
    /// Also where the frame header leaves it to what comes after the first scan.
    pub(super) height: u16,
    pub(super) notes: Notes<'a>,
    /// Scans, as far as they are part of the picture.
    pub(super) scans: usize,
    /// Whether there is the marker that ends it.
    pub(super) has_end: bool,
    /// Whether it is written as most encoders write it, with nothing missing and nothing in between. What is not may be
    /// read differently by decoders, and then is read as libjpeg reads it.
    pub(super) is_plain: bool,
}

impl<'a> Outline<'a> {
    /// # Errors
    /// There is no frame.
    pub(super) fn of(jpeg: &'a [u8]) -> Result<Self, DecodeError> {
        let no_frame = || DecodeError::Broken("no frame header".into());
        let (mut notes, mut at) = (Notes::default(), 2);
        let (mut has_gaps, mut has_restarts, mut has_codes) = (false, false, false);
        let header = loop {
            let segment = Segment::next(jpeg, at).ok_or_else(no_frame)?;
            if matches!(segment.marker, marker::EOI | marker::SOS) {
                return Err(no_frame());
            }
            has_gaps |= segment.start != at;
            has_restarts |= is_restart_interval(&segment);
            has_codes |= segment.marker == marker::DHT;
            notes.read(&segment);
            at = segment.end;
            if FrameHeader::is_frame(segment.marker) {
                break FrameHeader::of(&segment).ok_or_else(no_frame)?;
            }
        };
        let mut outline = Self { height: header.height, header, notes, scans: 0, has_end: false, is_plain: false };
        let mut is_plain = !has_gaps;
        while let Some(segment) = Segment::next(jpeg, at) {
            is_plain &= segment.start == at;
            has_restarts |= is_restart_interval(&segment);
            has_codes |= segment.marker == marker::DHT;
            at = segment.end;
            match (segment.marker, segment.content) {
                (marker::EOI, _) => {
                    outline.has_end = true;
                    let is_usual = outline.has_usual_components() && outline.header.height > 0;
                    outline.is_plain = is_plain && is_usual && !has_restarts && has_codes;
                    break;
                }
                (marker::SOS, [count, ..]) => {
                    let (end, restarts) = end_of_scan(jpeg, segment.end);
                    (at, has_restarts) = (end, has_restarts || restarts);
                    outline.scans += 1;
                    if !outline.header.is_progressive() {
                        let is_all = usize::from(*count) == outline.header.components.len();
                        is_plain &= is_all && outline.scans == 1;
                    }
                }
                (marker::DNL, [high, low, ..]) if outline.height == 0 => {
                    outline.height = u16::from_be_bytes([*high, *low]);
                }
                (marker, _) if FrameHeader::is_frame(marker) => break,
                _ if outline.scans == 0 => outline.notes.read(&segment),
                // Between scans, a progressive file has codes and nothing else: some readers go by what comes late.
                (marker, _) => is_plain &= marker == marker::DHT && outline.header.is_progressive(),
            }
        }
        Ok(outline)
    }

    pub(super) fn colour(&self) -> Colour {
        self.notes.colour(&self.header.components)
    }

    /// Components as cameras and encoders write them: named differently, brightness the finest.
    fn has_usual_components(&self) -> bool {
        let components = &self.header.components;
        let are_named_apart =
            components.iter().enumerate().all(|(at, [id, ..])| components[..at].iter().all(|[other, ..]| other != id));
        let is_usual = match &components[..] {
            [_] => true,
            [first, rest @ ..] => {
                let is_coarse =
                    |component: &[u8; 3]| component[1] == 0x11 || rest.len() == 3 && component[1] == first[1];
                matches!(first[1], 0x11 | 0x12 | 0x21 | 0x22) && rest.iter().all(is_coarse)
            }
            [] => false,
        };
        are_named_apart && is_usual && self.notes.agree(components)
    }
}

/// Whether the header of a frame comes before anything else that a decoder stops at, whatever is in between.
pub(in crate::media) fn has_jpeg_frame(jpeg: &[u8]) -> bool {
    let mut at = 2;
    while let Some(segment) = Segment::next(jpeg, at) {
        if FrameHeader::is_frame(segment.marker) {
            let is_usual = |header: FrameHeader| {
                header.width > 0 && matches!(header.precision, 8 | 12) && matches!(header.components.len(), 1 | 3 | 4)
            };
            return FrameHeader::of(&segment).is_some_and(is_usual);
        }
        if matches!(segment.marker, marker::EOI | marker::SOS) {
            return false;
        }
        at = segment.end;
    }
    false
}

fn is_restart_interval(segment: &Segment<'_>) -> bool {
    segment.marker == marker::DRI && segment.content != [0, 0]
}
