//! Undoes the filters of streams (ISO 32000-1 §7.4). What is damaged gives what came out up to there, as readers do it.

use bytes::Bytes;
use weezl::{BitOrder, LzwStatus, decode::Decoder};

use crate::body::{Coding, End, Fax, ScratchWriter};
use crate::extract::dissection::Dissection;

use super::predictor::Predictor;
use super::value::{hex, is_blank};

/// Bytes decoded at a time.
const BLOCK: usize = 32 << 10;

/// Where plain bytes go.
pub(super) trait Sink {
    /// Takes in `piece`.
    ///
    /// # Errors
    /// A limit was passed, or no more is wanted.
    fn push(&mut self, piece: &[u8], found: &mut Dissection<'_>) -> Result<(), End>;

    /// Whether nothing has come.
    fn is_empty(&self) -> bool;
}

/// Keeps all of them.
struct Whole<'d> {
    output: ScratchWriter<'d>,
    /// How many bytes they count to come from.
    packed: usize,
}

impl Sink for Whole<'_> {
    fn push(&mut self, piece: &[u8], found: &mut Dissection<'_>) -> Result<(), End> {
        found.write(piece, self.packed, &mut self.output)
    }

    fn is_empty(&self) -> bool {
        self.output.is_empty()
    }
}

/// A filter, and how it was used.
pub(super) struct Filter<'f> {
    pub(super) name: &'f str,
    pub(super) predictor: Predictor,
    /// Whether the codes of LZW become longer one too early.
    pub(super) early_change: bool,
    pub(super) fax: Fax,
}

impl Filter<'_> {
    /// Whether what it gives can be read here without a picture being made of it.
    pub(super) fn is_of_bytes(name: &str) -> bool {
        !matches!(name, "DCTDecode" | "DCT" | "JPXDecode" | "CCITTFaxDecode" | "CCF" | "JBIG2Decode")
    }

    /// Undoes it on `input`, which counts as `packed` bytes; `None` when it is none that is undone here, or a limit was
    /// passed.
    pub(super) fn undo(&self, input: &Bytes, packed: usize, found: &mut Dissection<'_>) -> Option<Bytes> {
        let mut whole = Whole { output: found.output(), packed };
        self.pour(input, &mut whole, found)?;
        let plain = found.take(whole.output)?;
        self.own_predictor().undo(plain, found)
    }

    /// The predictor that its output has to go through.
    pub(super) fn own_predictor(&self) -> Predictor {
        match self.name {
            "FlateDecode" | "Fl" | "LZWDecode" | "LZW" => self.predictor,
            _ => Predictor::NONE,
        }
    }

    /// Gives `sink` what it makes of `input`, before the predictor; `None` when it is none that is undone here, or a
    /// limit was passed.
    pub(super) fn pour(&self, input: &[u8], sink: &mut dyn Sink, found: &mut Dissection<'_>) -> Option<()> {
        let poured = match self.name {
            "FlateDecode" | "Fl" => inflate(input, sink, found),
            "LZWDecode" | "LZW" => lzw(input, self.early_change, sink, found),
            "ASCIIHexDecode" | "AHx" => ascii_hex(input, sink, found),
            "ASCII85Decode" | "A85" => ascii_85(input, sink, found),
            "RunLengthDecode" | "RL" => run_length(input, sink, found),
            "CCITTFaxDecode" | "CCF" => self.fax.rows(input, &mut |row| sink.push(row, found)),
            _ => return None,
        };
        match poured {
            Ok(()) | Err(End::Complete(_)) => Some(()),
            Err(limit) => {
                found.report_limit(limit);
                None
            }
        }
    }
}

fn inflate(input: &[u8], sink: &mut dyn Sink, found: &mut Dissection<'_>) -> Result<(), End> {
    // White space in front and a missing header are forgiven.
    let start = input.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mut end = End::Broken;
    for (coding, from) in [(Coding::Zlib, 0), (Coding::Zlib, start), (Coding::Deflate, 0)] {
        if end == End::Broken && sink.is_empty() {
            end = found.pour(coding, &input[from..], &mut |piece, found| sink.push(piece, found));
        }
    }
    match end {
        End::Complete(_) | End::Broken => Ok(()),
        limit => Err(limit),
    }
}

fn lzw(input: &[u8], early: bool, sink: &mut dyn Sink, found: &mut Dissection<'_>) -> Result<(), End> {
    let mut decoder =
        if early { Decoder::with_tiff_size_switch(BitOrder::Msb, 8) } else { Decoder::new(BitOrder::Msb, 8) };
    let mut block = vec![0; BLOCK];
    let mut rest = input;
    loop {
        let step = decoder.decode_bytes(rest, &mut block);
        rest = &rest[step.consumed_in..];
        sink.push(&block[..step.consumed_out], found)?;
        match step.status {
            Ok(LzwStatus::Ok) if step.consumed_in > 0 || step.consumed_out > 0 => {}
            _ => return Ok(()),
        }
    }
}

/// Gives `sink` what is in `block`, once that is `at_least` so long.
fn flush(block: &mut Vec<u8>, at_least: usize, sink: &mut dyn Sink, found: &mut Dissection<'_>) -> Result<(), End> {
    if block.len() >= at_least {
        sink.push(block, found)?;
        block.clear();
    }
    Ok(())
}

/// Data of the filter `name`, in which digits replace all other bytes without a change of what comes out. `None` where
/// all are digits.
pub(super) fn with_digits(name: &str, data: &[u8]) -> Option<Vec<u8>> {
    let put: fn(&mut [u8]) -> bool = match name {
        "ASCIIHexDecode" | "AHx" => put_hex_digits,
        "ASCII85Decode" | "A85" => put_digits_of_85,
        _ => return None,
    };
    let mut data = data.to_vec();
    put(&mut data).then_some(data)
}

fn put_hex_digits(data: &mut [u8]) -> bool {
    let end = memchr::memchr(b'>', data).unwrap_or(data.len());
    let mut is_changed = false;
    for byte in data[..end].iter_mut().filter(|byte| !is_blank(**byte) && !byte.is_ascii_hexdigit()) {
        (*byte, is_changed) = (b'0', true);
    }
    is_changed
}

fn put_digits_of_85(data: &mut [u8]) -> bool {
    let start = if data.starts_with(b"<~") { 2 } else { 0 };
    let end = memchr::memchr(b'~', &data[start..]).map_or(data.len(), |end| start + end);
    let (mut places, mut is_changed) = (Vec::with_capacity(5), false);
    for at in start..end {
        match data[at] {
            byte if is_blank(byte) => {}
            b'z' if places.is_empty() => {}
            _ => places.push(at),
        }
        if places.len() == 5 {
            if places.iter().any(|at| !(b'!'..=b'u').contains(&data[*at])) {
                let mut group = places.iter().fold(0_u32, |group, at| with_digit_of_85(group, data[*at]));
                for at in places.iter().rev() {
                    data[*at] = b'!' + (group % 85) as u8;
                    group /= 85;
                }
                is_changed = true;
            }
            places.clear();
        }
    }
    is_changed
}

fn with_digit_of_85(group: u32, digit: u8) -> u32 {
    group.wrapping_mul(85).wrapping_add(u32::from(digit).wrapping_sub(u32::from(b'!')))
}

/// What is no digit counts as 0 where it is no white space, as poppler has it.
fn ascii_hex(input: &[u8], sink: &mut dyn Sink, found: &mut Dissection<'_>) -> Result<(), End> {
    let end = memchr::memchr(b'>', input).unwrap_or(input.len());
    let mut digits = input[..end].iter().copied().filter(|byte| !is_blank(*byte));
    let mut block = Vec::with_capacity(BLOCK);
    while let Some(high) = digits.next() {
        block.push(hex(high) << 4 | digits.next().map_or(0, hex));
        flush(&mut block, BLOCK, sink, found)?;
    }
    flush(&mut block, 1, sink, found)
}

/// What is no digit counts by its distance from the first one, where it is no white space, as poppler has it.
fn ascii_85(input: &[u8], sink: &mut dyn Sink, found: &mut Dissection<'_>) -> Result<(), End> {
    let end = memchr::memchr(b'~', input).unwrap_or(input.len());
    let input = input.strip_prefix(b"<~").unwrap_or(&input[..end]);
    let mut block = Vec::with_capacity(BLOCK);
    let (mut group, mut count) = (0_u32, 0);
    for byte in input {
        match byte {
            b'~' => break,
            b'z' if count == 0 => block.extend([0; 4]),
            byte if !is_blank(*byte) => {
                group = with_digit_of_85(group, *byte);
                count += 1;
                if count == 5 {
                    block.extend(group.to_be_bytes());
                    (group, count) = (0, 0);
                }
            }
            _ => {}
        }
        flush(&mut block, BLOCK, sink, found)?;
    }
    if count > 1 {
        let filled = (count..5).fold(group, |group, _| group.wrapping_mul(85).wrapping_add(84));
        block.extend(&filled.to_be_bytes()[..count - 1]);
    }
    flush(&mut block, 1, sink, found)
}

fn run_length(input: &[u8], sink: &mut dyn Sink, found: &mut Dissection<'_>) -> Result<(), End> {
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
        flush(&mut block, BLOCK, sink, found)?;
    }
    flush(&mut block, 1, sink, found)
}
