//! Frames of an APNG. Source: W3C PNG, third edition, §11.3.6.
//!
//! Frames come in the order of the file, whatever numbers they have. Where these are not as they should be, browsers
//! show the still picture, so that a frame which cannot be decoded is no doubt then.

use std::borrow::Cow;

use image::codecs::png::PngDecoder;

use super::screen::{Area, Disposal, Screen};
use crate::media::decode::png_chunks::{Chunk, Chunks, SIGNATURE, push_chunk};
use crate::media::decode::source::Source;
use crate::media::decode::still::image_limits;
use crate::media::decode::{DecodeError, Decoding};

/// Bytes of a header and of a frame's control.
const HEADER: usize = 13;
const CONTROL: usize = 26;

/// Numbers before the data of a frame that is not the first picture.
const NUMBER: usize = 4;

/// A frame as it is stored.
struct Frame<'a> {
    control: &'a [u8; CONTROL],
    /// Its data are in these.
    chunks: Chunks<'a>,
}

impl Decoding<'_, '_> {
    /// Hands out frames; none where the picture does not move.
    pub(in crate::media::decode) fn apng(&mut self) -> Result<(), DecodeError> {
        let count = frames(self.bytes).count();
        let Some(header) = Chunks::of(self.bytes).next().filter(|_| count > 0) else { return Ok(()) };
        let Some(header) = header.content.first_chunk::<HEADER>() else { return Ok(()) };
        let [width, height] = [number(header, 0), number(header, 4)];
        // The screen, what is saved of it, a frame, and the copy that is handed out.
        self.check_size(width, height, u64::from(width) * u64::from(height) * 16)?;
        let mut screen = Screen::new(width, height);
        let mut showing = self.showing(frames(self.bytes).map(|frame| frame.duration()));
        let is_orderly = is_orderly(self.bytes);
        for (at, frame) in frames(self.bytes).enumerate() {
            self.check_deadline()?;
            let drawn = self.draw(&frame, header, &mut screen);
            self.show_frame(&mut showing, at, (width, height), &screen.rgba)?;
            match drawn {
                Err(DecodeError::Broken(_)) if !is_orderly => {}
                drawn => drawn?,
            }
        }
        showing.chosen.ended()
    }

    /// Draws what there is of a frame.
    fn draw(&self, frame: &Frame<'_>, header: &[u8; HEADER], screen: &mut Screen) -> Result<(), DecodeError> {
        let png = frame.alone(self.bytes, header);
        let source = Source::new(&png, self.means.deadline);
        let read = self.read_still(PngDecoder::with_limits(source, image_limits(self.means.limits)))?;
        let size = read.size;
        let (pixels, decoded) = read.into_pixels();
        let disposal = match frame.control[24] {
            1 => Disposal::Clear,
            2 => Disposal::Restore,
            _ => Disposal::Keep,
        };
        screen.begin(frame.area(), disposal);
        if let Some(pixels) = pixels {
            screen.draw(&pixels, size, frame.control[25] == 1);
        }
        decoded
    }
}

impl<'a> Frame<'a> {
    /// Its data, chunk by chunk.
    fn data(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.chunks.clone().take_while(|chunk| chunk.kind != *b"fcTL").filter_map(|chunk| match &chunk.kind {
            b"IDAT" => Some(chunk.content),
            b"fdAT" => chunk.content.get(NUMBER..),
            _ => None,
        })
    }

    fn area(&self) -> Area {
        let [width, height, left, top] = [4, 8, 12, 16].map(|at| number(self.control, at));
        Area { left, top, width, height }
    }

    /// In milliseconds.
    fn duration(&self) -> u64 {
        let [of, parts] = [20, 22].map(|at| u64::from(u16::from_be_bytes([self.control[at], self.control[at + 1]])));
        of * 1_000 / if parts == 0 { 100 } else { parts }
    }

    /// As a PNG of its own, with the colours of the whole.
    fn alone(&self, whole: &[u8], header: &[u8; HEADER]) -> Vec<u8> {
        let mut png = SIGNATURE.to_vec();
        let header = [&self.control[4..12], &header[8..]].concat();
        push_chunk(&mut png, *b"IHDR", &header);
        let before = Chunks::of(whole).take_while(|chunk| !matches!(&chunk.kind, b"IDAT" | b"fdAT"));
        for chunk in before.filter(|chunk| matches!(&chunk.kind, b"PLTE" | b"tRNS")) {
            png.extend_from_slice(chunk.whole);
        }
        push_chunk(&mut png, *b"IDAT", &self.data().collect::<Vec<_>>().concat());
        push_chunk(&mut png, *b"IEND", &[]);
        png
    }
}

/// The picture of those who know nothing of frames: a decoder that does would ask for their numbers to be right.
pub(in crate::media::decode) fn without_frames(png: &[u8]) -> Cow<'_, [u8]> {
    let is_of_frames = |chunk: &Chunk<'_>| matches!(&chunk.kind, b"acTL" | b"fcTL" | b"fdAT");
    if !Chunks::of(png).any(|chunk| is_of_frames(&chunk)) {
        return Cow::Borrowed(png);
    }
    let mut still = SIGNATURE.to_vec();
    Chunks::of(png).filter(|chunk| !is_of_frames(chunk)).for_each(|chunk| still.extend_from_slice(chunk.whole));
    Cow::Owned(still)
}

/// Frames that are stored in a PNG.
fn frames(png: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let mut chunks = Chunks::of(png);
    std::iter::from_fn(move || {
        let Chunk { content, .. } = chunks.find(|chunk| chunk.kind == *b"fcTL" && chunk.content.len() >= CONTROL)?;
        Some(Frame { control: content.first_chunk()?, chunks: chunks.clone() })
    })
}

/// Whether chunks of frames are numbered from 0 on, and each frame has data.
fn is_orderly(png: &[u8]) -> bool {
    let numbered = Chunks::of(png).filter(|chunk| matches!(&chunk.kind, b"fcTL" | b"fdAT"));
    let are_in_order = (0..).zip(numbered).all(|(expected, chunk)| number(chunk.content, 0) == expected);
    are_in_order && frames(png).all(|frame| frame.data().next().is_some())
}

/// A number of a chunk.
fn number(content: &[u8], at: usize) -> u32 {
    content.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |number| u32::from_be_bytes(*number))
}
