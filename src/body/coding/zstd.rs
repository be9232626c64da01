//! Zstandard, one frame at a time. A skippable frame (RFC 8878 §3.1.2) is a frame without content.

use std::io::Read;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{Broken, Decoder};

/// Largest window a frame may ask for. RFC 8878 §3.1.1.1.2 recommends that decoders take 8 MiB; `zstd -19` uses that,
/// `zstd --ultra` up to 128 MiB.
const MAX_WINDOW: u64 = 128 << 20;

pub(super) struct Zstd<'a> {
    frame: Frame,
    input: &'a [u8],
    rest: &'a [u8],
}

enum Frame {
    Data(Box<FrameDecoder>),
    Skipped,
    Broken,
}

impl<'a> Zstd<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        if let Some(length) = skippable(input) {
            return match input.get(length..) {
                Some(rest) => Self { frame: Frame::Skipped, input, rest },
                None => Self { frame: Frame::Broken, input, rest: input },
            };
        }
        let mut decoder = Box::new(FrameDecoder::new());
        decoder.set_max_window_size(MAX_WINDOW);
        let mut rest = input;
        let frame = if decoder.init(&mut rest).is_ok() { Frame::Data(decoder) } else { Frame::Broken };
        Self { frame, input, rest }
    }
}

/// Length of the skippable frame that `input` starts with.
fn skippable(input: &[u8]) -> Option<usize> {
    let (magic, rest) = input.split_first_chunk()?;
    let is_skippable = u32::from_le_bytes(*magic) & 0xffff_fff0 == 0x184d_2a50;
    is_skippable.then_some(8 + u32::from_le_bytes(*rest.first_chunk()?) as usize)
}

impl Decoder for Zstd<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        let decoder = match &mut self.frame {
            Frame::Data(decoder) => decoder,
            Frame::Skipped => return Ok(0),
            Frame::Broken => return Err(Broken),
        };
        while decoder.can_collect() == 0 && !decoder.is_finished() {
            let strategy = BlockDecodingStrategy::UptoBlocks(1);
            decoder.decode_blocks(&mut self.rest, strategy).map_err(|_| Broken)?;
        }
        if decoder.can_collect() == 0 {
            let (stated, counted) = (decoder.get_checksum_from_data(), decoder.get_calculated_checksum());
            return if stated.is_none() || stated == counted { Ok(0) } else { Err(Broken) };
        }
        decoder.read(block).map_err(|_| Broken)
    }

    fn consumed(&self) -> usize {
        self.input.len() - self.rest.len()
    }
}
