//! Undoes the filters of streams (ISO 32000-1 §7.4). What is damaged gives what came out up to there, as readers do it.

use bytes::Bytes;
use weezl::{BitOrder, LzwStatus, decode::Decoder};

use crate::body::{Coding, End, ScratchWriter};
use crate::extract::dissection::Dissection;

use super::predictor::Predictor;
use super::value::hex;

/// Bytes decoded at a time.
const BLOCK: usize = 32 << 10;

/// A filter, and how it was used.
pub(super) struct Filter<'f> {
    pub(super) name: &'f str,
    pub(super) predictor: Predictor,
    /// Whether the codes of LZW become longer one too early.
    pub(super) early_change: bool,
}

impl Filter<'_> {
    /// Undoes it on `input`, which counts as `packed` bytes; `None` when it is none that is undone here, or a limit was
    /// passed.
    pub(super) fn undo(&self, input: &Bytes, packed: usize, found: &mut Dissection<'_>) -> Option<Bytes> {
        let mut output = found.output();
        let end = match self.name {
            "FlateDecode" | "Fl" => inflate(input, packed, &mut output, found),
            "LZWDecode" | "LZW" => lzw(input, packed, self.early_change, &mut output, found),
            "ASCIIHexDecode" | "AHx" => ascii_hex(input, &mut output, found),
            "ASCII85Decode" | "A85" => ascii_85(input, &mut output, found),
            "RunLengthDecode" | "RL" => run_length(input, packed, &mut output, found),
            _ => return None,
        };
        if let Err(limit) = end {
            found.report_limit(limit);
            return None;
        }
        let plain = found.take(output)?;
        match self.name {
            "FlateDecode" | "Fl" | "LZWDecode" | "LZW" => self.predictor.undo(plain, found),
            _ => Some(plain),
        }
    }
}

fn inflate(input: &Bytes, packed: usize, output: &mut ScratchWriter, found: &mut Dissection<'_>) -> Result<(), End> {
    // White space in front and a missing header are forgiven.
    let start = input.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mut end = found.unpack_as(Coding::Zlib, input, packed, output);
    if end == End::Broken && output.is_empty() {
        end = found.unpack_as(Coding::Zlib, &input[start..], packed, output);
    }
    if end == End::Broken && output.is_empty() {
        end = found.unpack_as(Coding::Deflate, input, packed, output);
    }
    match end {
        End::Complete(_) | End::Broken => Ok(()),
        limit => Err(limit),
    }
}

fn lzw(
    input: &[u8],
    packed: usize,
    early: bool,
    output: &mut ScratchWriter,
    found: &mut Dissection<'_>,
) -> Result<(), End> {
    let mut decoder =
        if early { Decoder::with_tiff_size_switch(BitOrder::Msb, 8) } else { Decoder::new(BitOrder::Msb, 8) };
    let mut block = vec![0; BLOCK];
    let mut rest = input;
    loop {
        let step = decoder.decode_bytes(rest, &mut block);
        rest = &rest[step.consumed_in..];
        found.write(&block[..step.consumed_out], packed, output)?;
        match step.status {
            Ok(LzwStatus::Ok) if step.consumed_in > 0 || step.consumed_out > 0 => {}
            _ => return Ok(()),
        }
    }
}

fn ascii_hex(input: &[u8], output: &mut ScratchWriter, found: &mut Dissection<'_>) -> Result<(), End> {
    let end = memchr::memchr(b'>', input).unwrap_or(input.len());
    let mut digits = input[..end].iter().copied().filter(u8::is_ascii_hexdigit);
    let mut block = Vec::with_capacity(BLOCK);
    while let Some(high) = digits.next() {
        block.push(hex(high) << 4 | digits.next().map_or(0, hex));
        found.flush(&mut block, BLOCK, input.len(), output)?;
    }
    found.flush(&mut block, 1, input.len(), output)
}

fn ascii_85(input: &[u8], output: &mut ScratchWriter, found: &mut Dissection<'_>) -> Result<(), End> {
    let end = memchr::memchr(b'~', input).unwrap_or(input.len());
    let input = input.strip_prefix(b"<~").unwrap_or(&input[..end]);
    let mut block = Vec::with_capacity(BLOCK);
    let (mut group, mut count) = (0_u32, 0);
    for byte in input {
        match byte {
            b'~' => break,
            b'z' if count == 0 => block.extend([0; 4]),
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                count += 1;
                if count == 5 {
                    block.extend(group.to_be_bytes());
                    (group, count) = (0, 0);
                }
            }
            _ => {}
        }
        found.flush(&mut block, BLOCK, input.len(), output)?;
    }
    if count > 1 {
        let filled = (count..5).fold(group, |group, _| group.wrapping_mul(85).wrapping_add(84));
        block.extend(&filled.to_be_bytes()[..count - 1]);
    }
    found.flush(&mut block, 1, input.len(), output)
}

fn run_length(input: &[u8], packed: usize, output: &mut ScratchWriter, found: &mut Dissection<'_>) -> Result<(), End> {
    let mut block = Vec::with_capacity(BLOCK + 128);
    let mut rest = input;
    while let [length, behind @ ..] = rest {
        match length {
            0..=127 => {
                let (run, behind) = behind.split_at((usize::from(*length) + 1).min(behind.len()));
                block.extend(run);
                rest = behind;
            }
            128 => break,
            129.. => {
                let Some((byte, behind)) = behind.split_first() else { break };
                block.extend(std::iter::repeat_n(*byte, 257 - usize::from(*length)));
                rest = behind;
            }
        }
        found.flush(&mut block, BLOCK, packed, output)?;
    }
    found.flush(&mut block, 1, packed, output)
}
