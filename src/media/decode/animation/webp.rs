//! WebP, whose frames are files of their own but for a header. Source: RFC 9649, §2.7.
//!
//! The decoder draws frames on each other as well, but it never clears what is to be cleared.

use image::ImageDecoder;
use image::codecs::webp::WebPDecoder;

use super::screen::{Area, Disposal, Screen};
use crate::media::decode::source::Source;
use crate::media::decode::still::of_image;
use crate::media::decode::{DecodeError, Decoding};

/// Of a file, and of a chunk.
const FILE_HEADER: usize = 12;
const CHUNK_HEADER: usize = 8;

/// What is said of a frame before its chunks.
const FRAME_HEADER: usize = 16;

/// Flags of a frame.
const IS_CLEARED: u8 = 1;
const IS_PUT_IN_PLACE: u8 = 2;

/// The flag of a file that has transparency.
const HAS_ALPHA: u8 = 0x10;

impl Decoding<'_, '_> {
    pub(in crate::media::decode) fn webp(&mut self) -> Result<(), DecodeError> {
        let decoder = WebPDecoder::new(self.source()).map_err(of_image)?;
        if !decoder.has_animation() {
            return self.still(Ok(decoder), 0);
        }
        let (width, height) = decoder.dimensions();
        // The screen, a frame, and the copies that are handed out.
        self.check_size(width, height, u64::from(width) * u64::from(height) * 12)?;
        let mut screen = Screen::new(width, height);
        let mut showing = self.showing(frames(self.bytes).map(|frame| frame.duration));
        for (number, frame) in frames(self.bytes).enumerate() {
            self.check_deadline()?;
            let drawn = self.draw_webp(&frame, &mut screen);
            self.show_frame(&mut showing, number, (width, height), &screen.rgba)?;
            drawn?;
            if screen.has_picture_apart() {
                self.show_area(&screen, number)?;
            }
        }
        if showing.chosen.is_empty() {
            return Err(DecodeError::Broken("there is no picture in it".into()));
        }
        showing.chosen.ended()
    }

    fn draw_webp(&self, frame: &Frame<'_>, screen: &mut Screen) -> Result<(), DecodeError> {
        let file = frame.alone();
        let decoder = WebPDecoder::new(Source::new(&file, self.means.deadline));
        screen.begin(frame.area, if frame.flags & IS_CLEARED == 0 { Disposal::Keep } else { Disposal::Clear });
        let read = self.read_still(decoder)?;
        let size = read.size;
        if size != (frame.area.width, frame.area.height) {
            return Err(DecodeError::Broken("a frame is not as large as is said".into()));
        }
        let (pixels, ended) = read.into_pixels();
        if let Some(pixels) = pixels {
            screen.draw(&pixels, size, frame.flags & IS_PUT_IN_PLACE == 0);
        }
        ended
    }
}

/// A frame as it is stored.
struct Frame<'a> {
    area: Area,
    flags: u8,
    /// In milliseconds.
    duration: u64,
    /// Its chunks.
    chunks: &'a [u8],
}

impl Frame<'_> {
    /// As a file of its own.
    fn alone(&self) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        if Chunks(self.chunks).any(|chunk| chunk.kind == *b"ALPH") {
            let [width, height] = [self.area.width, self.area.height].map(|side| (side - 1).to_le_bytes());
            file.extend_from_slice(b"VP8X\x0a\0\0\0");
            file.extend_from_slice(&[HAS_ALPHA, 0, 0, 0]);
            file.extend_from_slice(&width[..3]);
            file.extend_from_slice(&height[..3]);
        }
        for chunk in Chunks(self.chunks) {
            file.extend_from_slice(&chunk.kind);
            file.extend_from_slice(&(chunk.content.len() as u32).to_le_bytes());
            file.extend_from_slice(chunk.content);
            file.resize(file.len().next_multiple_of(2), 0);
        }
        let length = (file.len() - CHUNK_HEADER) as u32;
        file[4..8].copy_from_slice(&length.to_le_bytes());
        file
    }
}

/// The frames of a file. As libwebp has it, a frame ends where its pictures do, and the length that it states says
/// nothing of where the next one begins.
fn frames(webp: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let mut all = Chunks(webp.get(FILE_HEADER..).unwrap_or_default());
    std::iter::from_fn(move || {
        let header = loop {
            let rest = all.0;
            if all.next()?.kind == *b"ANMF" {
                let (header, chunks) = rest.get(CHUNK_HEADER..)?.split_first_chunk::<FRAME_HEADER>()?;
                all = Chunks(chunks);
                break header;
            }
        };
        let start = all.0;
        let mut end = start;
        while all.next().is_some_and(|chunk| chunk.is_of_frame()) {
            end = all.0;
        }
        all = Chunks(end);
        let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], 0]);
        let (left, top) = (number(0) * 2, number(3) * 2);
        let area = Area { left, top, width: number(6) + 1, height: number(9) + 1 };
        let chunks = &start[..start.len() - end.len()];
        Some(Frame { area, flags: header[15], duration: number(12).into(), chunks })
    })
}

struct Chunk<'a> {
    kind: [u8; 4],
    content: &'a [u8],
}

impl Chunk<'_> {
    /// Whether it is one that a frame is made of.
    const fn is_of_frame(&self) -> bool {
        matches!(&self.kind, b"ALPH" | b"VP8 " | b"VP8L")
    }
}

/// Chunks, the last of which may be cut off.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let (&[k0, k1, k2, k3, a, b, c, d], rest) = self.0.split_first_chunk::<CHUNK_HEADER>()?;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        let content = &rest[..rest.len().min(length)];
        self.0 = rest.get(length.next_multiple_of(2)..).unwrap_or_default();
        Some(Chunk { kind: [k0, k1, k2, k3], content })
    }
}
