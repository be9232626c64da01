//! JPEG in strips and tiles, whose tables may be elsewhere, and the old way of it.
//!
//! The decoder turns no colours: what they are, the page says. Sources: "TIFF Technical Note 2"; TIFF revision 6.0,
//! §22.

use std::borrow::Cow;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::page::Page;
use crate::media::decode::jpeg::Segment;
use crate::media::decode::timed::Timed;
use crate::media::decode::{DecodeError, Decoding};

const TABLES: u16 = 347;
const OLD_STREAM: u16 = 513;
const OLD_LENGTH: u16 = 514;
const STRIP_OFFSETS: u16 = 273;
const STRIP_LENGTHS: u16 = 279;

const START: &[u8] = &[0xff, 0xd8];
const END: &[u8] = &[0xff, 0xd9];

/// Samples of eight bits, as many for each pixel as there are components.
pub(super) struct Decoded {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: usize,
    pub(super) samples: Vec<u8>,
}

impl Decoding<'_, '_> {
    /// The pixels of a strip or tile.
    pub(super) fn jpeg_chunk(&self, page: &Page<'_>, packed: &[u8]) -> Result<Decoded, DecodeError> {
        self.jpeg_samples(&with_tables(page.directory.bytes(TABLES).unwrap_or_default(), packed))
    }

    /// The pixels of a page of the old way, whose one stream is found by its own tags, or is that of its first strip.
    pub(super) fn old_jpeg(&self, page: &Page<'_>) -> Result<Decoded, DecodeError> {
        let stretch = |offset: u16, length: u16| {
            let length = page.directory.number(length).filter(|length| *length > 0);
            let offset = page.directory.number(offset)?;
            Some(page.file().stretch(offset, length.unwrap_or(u64::MAX)))
        };
        let stream = stretch(OLD_STREAM, OLD_LENGTH).unwrap_or_default();
        let strip = stretch(STRIP_OFFSETS, STRIP_LENGTHS).unwrap_or_default();
        let candidates = [stream.into(), strip.into(), Cow::Owned([stream, strip].concat())];
        // What is put together in yet another way is known to few programs.
        let unknown = Err(DecodeError::Unsupported("JPEG in a TIFF in the old way"));
        candidates.iter().fold(unknown, |found, jpeg: &Cow<'_, [u8]>| match found {
            Err(DecodeError::Unsupported(_)) if jpeg.starts_with(START) && has_scan(jpeg) => {
                self.jpeg_samples(&with_tables(&[], jpeg)).or(found)
            }
            found => found,
        })
    }

    fn jpeg_samples(&self, jpeg: &[u8]) -> Result<Decoded, DecodeError> {
        let max_side = self.means.limits.max_side as usize;
        let options = DecoderOptions::new_fast().set_max_width(max_side).set_max_height(max_side);
        let mut decoder = JpegDecoder::new_with_options(Timed::new(jpeg, self.means.deadline), options);
        check_kind(jpeg)?;
        let broken = |error| DecodeError::Broken(format!("{error:?}"));
        decoder.decode_headers().map_err(broken)?;
        let (info, colours) = decoder
            .info()
            .zip(decoder.input_colorspace())
            .ok_or_else(|| DecodeError::Broken("no frame header".into()))?;
        let (width, height, components) = (u32::from(info.width), u32::from(info.height), usize::from(info.components));
        self.check_size(width, height, u64::from(width) * u64::from(height) * components as u64 * 4)?;
        decoder.set_options(options.jpeg_set_out_colorspace(colours));
        let mut samples = vec![0; width as usize * height as usize * components];
        decoder.decode_into(&mut samples).map_err(broken)?;
        Ok(Decoded { width, height, components, samples })
    }
}

/// `jpeg` with the tables of another stream before it, without segments of programs, which the decoder would follow in
/// its colours, and with an end.
fn with_tables(tables: &[u8], jpeg: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(tables.len() + jpeg.len() + END.len());
    whole.extend_from_slice(START);
    for stream in [tables, jpeg] {
        let mut at = stream.iter().take_while(|byte| **byte == 0xff).count().max(1) + 1;
        if !stream.starts_with(START) {
            at = 0;
        }
        while let Some(segment) = Segment::at(stream, at) {
            if !matches!(segment.marker, 0xe0..=0xef | 0xfe) {
                whole.extend_from_slice(&stream[at..segment.end]);
            }
            at = segment.end;
            if segment.marker == 0xda {
                whole.extend_from_slice(&stream[at..]);
                break;
            }
        }
    }
    if !whole.ends_with(END) {
        whole.extend_from_slice(END);
    }
    whole
}

fn segments(jpeg: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut at = START.len();
    std::iter::from_fn(move || {
        let segment = Segment::at(jpeg, at)?;
        at = segment.end;
        Some(segment)
    })
}

fn has_scan(jpeg: &[u8]) -> bool {
    segments(jpeg).any(|segment| segment.marker == 0xda)
}

fn check_kind(jpeg: &[u8]) -> Result<(), DecodeError> {
    let frame = segments(jpeg)
        .find(|segment| matches!(segment.marker, 0xc0..=0xcf) && !matches!(segment.marker, 0xc4 | 0xc8 | 0xcc));
    match frame.map(|frame| (frame.marker, frame.content.first().copied())) {
        Some((0xc0..=0xc2, Some(8))) => Ok(()),
        Some(_) => Err(DecodeError::Unsupported("a JPEG in a TIFF that browsers would not show")),
        None => Err(DecodeError::Broken("no frame header".into())),
    }
}
