//! ICNS of Apple: files of PNG and JPEG 2000, and runs of colours in planes. Source: "Apple Icon Image format",
//! Wikipedia; libicns.

use super::Planes;
use crate::content::MediaType;
use crate::media::decode::chosen::Chosen;
use crate::media::decode::png_chunks::SIGNATURE;
use crate::media::decode::{DecodeError, Decoding, ForeignFormat, Several};

const HEAD: usize = 8;

/// Kinds with colours in runs, and their sides.
const RUNS: [([u8; 4], u32); 4] = [(*b"is32", 16), (*b"il32", 32), (*b"ih32", 48), (*b"it32", 128)];
/// Kinds with alpha before them.
const WITH_ALPHA: [([u8; 4], u32); 4] = [(*b"ic04", 16), (*b"ic05", 32), (*b"icsb", 18), (*b"icsB", 36)];

/// Kinds that hold no picture, or masks of others: those of black and white, of old, are shown by nobody.
const OTHERS: [&[u8; 4]; 4] = [b"TOC ", b"icnV", b"name", b"info"];

impl Decoding<'_, '_> {
    pub(in crate::media::decode) fn icns(&mut self) -> Result<(), DecodeError> {
        let mut rest = self.bytes.get(HEAD..).ok_or_else(DecodeError::header_cut_off)?;
        let mut entries = Vec::new();
        while let Some((head, _)) = rest.split_first_chunk::<HEAD>() {
            let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
            let length = length.clamp(HEAD, rest.len());
            entries.push(([head[0], head[1], head[2], head[3]], &rest[HEAD..length]));
            rest = &rest[length..];
        }
        let weights: Vec<u64> = entries.iter().map(|(_, content)| content.len() as u64).collect();
        let mut chosen = Chosen::of(&weights, self.means.limits.max_frames, &self.means.deadline);
        let mut several = Several::default();
        for (number, (kind, content)) in entries.into_iter().enumerate() {
            if OTHERS.contains(&&kind) || !chosen.takes(number, &self.means.deadline) {
                continue;
            }
            self.check_deadline()?;
            if content.starts_with(&SIGNATURE) {
                several.add(self.of_inner(content, MediaType::Png).png());
            } else if content.starts_with(b"\0\0\0\x0cjP  ") || content.starts_with(b"\xff\x4f\xff\x51") {
                several.add(self.of_inner(content, MediaType::Jp2).foreign(ForeignFormat::Jpeg2000));
            } else if let Some((_, side)) = RUNS.iter().find(|(own, _)| *own == kind) {
                // The largest begin with four zeros.
                let start = if kind == *b"it32" { 4 } else { 0 };
                several.add(self.icns_runs(content.get(start..).unwrap_or_default(), *side, 0, number));
            } else if let Some((_, side)) = WITH_ALPHA.iter().find(|(own, _)| *own == kind)
                && let Some(content) = content.strip_prefix(b"ARGB")
            {
                several.add(self.icns_runs(content, *side, 1, number));
            }
        }
        chosen.ended().and(several.ended())
    }

    /// Colours in runs, after so many planes of something else.
    fn icns_runs(&mut self, mut packed: &[u8], side: u32, before: usize, frame: usize) -> Result<(), DecodeError> {
        let mut planes = Planes::new(self, side, side, 3)?;
        let (side, mut bytes) = (side as usize, Vec::new());
        let whole = side * side * (3 + before);
        while bytes.len() < whole {
            match *packed {
                [head @ 0x80..=0xff, byte, ref rest @ ..] => {
                    bytes.resize(bytes.len() + usize::from(head) - 125, byte);
                    packed = rest;
                }
                [head @ 0..=0x7f, ref rest @ ..] => {
                    let count = rest.len().min(usize::from(head) + 1);
                    bytes.extend_from_slice(&rest[..count]);
                    packed = &rest[count..];
                }
                _ => break,
            }
        }
        for (number, row) in bytes.chunks(side).skip(before * side).take(3 * side).enumerate() {
            planes.put(number / side, number % side, row.iter().copied());
        }
        planes.show(self, frame, super::grey_or_colours)
    }
}
