//! Snappy in pieces: its own framing, and what Pages, Numbers and Keynote make of it, without a mark and checksums. And
//! Snappy as one block, which says how long its content is.
//!
//! Sources: "Snappy compressed format description" and "Snappy framing format description", github.com/google/snappy.
//! Checksums are not looked at.

use super::back::{self, Window};
use super::{Broken, Decoder};
use crate::content::number::varint;

/// How a stream in the usual framing begins.
const MARK: &[u8] = b"\xff\x06\0\0sNaPpY";

/// Length of the head of a piece: its kind and three bytes of length.
const HEAD: usize = 4;

/// Bytes of the number that says how much a piece gives.
const MAX_VARINT: usize = 5;

/// Most that a piece gives; both framings allow 64 KiB.
const MAX_PIECE: usize = 1 << 20;

/// Bytes that a copy may reach back at least. Writers stay within 64 KiB, S2 within its blocks of 1 MiB.
const HISTORY: usize = 1 << 20;

/// Bytes that a block gives before they are handed on.
const STEP: usize = 64 << 10;

pub(super) struct Snappy<'a> {
    input: &'a [u8],
    at: usize,
    /// Bytes in front of the content of a piece.
    checksum: usize,
    window: Window,
}

impl<'a> Snappy<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        let checksum = if input.starts_with(MARK) { 4 } else { 0 };
        Self { input, at: 0, checksum, window: Window::default() }
    }

    /// Reads the next piece into the window; `None` when it is damaged.
    fn next_piece(&mut self) -> Option<()> {
        let head: [u8; HEAD] = *self.input.get(self.at..)?.first_chunk()?;
        let length = u32::from_le_bytes([head[1], head[2], head[3], 0]) as usize;
        let start = self.at + HEAD;
        let piece = self.input.get(start..start.checked_add(length)?)?;
        self.at = start + length;
        self.window.content.clear();
        // No piece copies from another.
        self.window.begin(0);
        let is_framed = self.checksum > 0;
        match head[0] {
            0 => expand(piece.get(self.checksum..)?, &mut self.window.content),
            1 if is_framed => {
                self.window.content.extend_from_slice(piece.get(self.checksum..)?);
                Some(())
            }
            // Marks, padding, and what readers have to pass by.
            0x80.. if is_framed => Some(()),
            _ => None,
        }
    }
}

impl Decoder for Snappy<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        loop {
            let length = self.window.give(block);
            if length > 0 {
                return Ok(length);
            }
            if self.at == self.input.len() {
                return Ok(0);
            }
            self.next_piece().ok_or(Broken)?;
        }
    }

    fn consumed(&self) -> usize {
        self.at
    }
}

/// One block that is all of its stream.
pub(super) struct SnappyBlock<'a> {
    input: &'a [u8],
    at: usize,
    /// Bytes that it has still to give; `None` before its start has been read.
    left: Option<usize>,
    window: Window,
}

impl<'a> SnappyBlock<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0, left: None, window: Window::default() }
    }

    /// Reads as many elements as fill the window for a while; `None` when one is damaged.
    fn read_on(&mut self) -> Option<()> {
        let mut left = match self.left {
            Some(left) => left,
            None => length_of_content(self.input, &mut self.at)?,
        };
        self.window.begin(HISTORY);
        let content = &mut self.window.content;
        let step = content.len() + STEP;
        while self.at < self.input.len() && content.len() < step {
            let before = content.len();
            element(self.input, &mut self.at, content, before + left)?;
            left -= content.len() - before;
        }
        self.left = Some(left);
        (left == 0 || self.at < self.input.len()).then_some(())
    }
}

impl Decoder for SnappyBlock<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        let length = self.window.give(block);
        if length > 0 || self.at == self.input.len() {
            return if length > 0 || self.left == Some(0) { Ok(length) } else { Err(Broken) };
        }
        self.read_on().ok_or(Broken)?;
        Ok(self.window.give(block))
    }

    fn consumed(&self) -> usize {
        self.at
    }
}

/// How much a block gives, which is what it begins with.
fn length_of_content(block: &[u8], at: &mut usize) -> Option<usize> {
    let length = varint(block, at).and_then(|length| usize::try_from(length).ok());
    length.filter(|length| *at <= MAX_VARINT && u32::try_from(*length).is_ok())
}

/// Sets `out` to what `block` gives; `None` when it is damaged.
fn expand(block: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut at = 0;
    let most = length_of_content(block, &mut at).filter(|most| *most <= MAX_PIECE)?;
    while at < block.len() {
        element(block, &mut at, out, most)?;
    }
    Some(())
}

/// Adds to `out` what the element at `at` of a block gives; `None` when it is damaged, or `out` would be longer than
/// `most`.
fn element(block: &[u8], at: &mut usize, out: &mut Vec<u8>, most: usize) -> Option<()> {
    let number = |at: &mut usize, length: usize| {
        let bytes = block.get(*at..*at + length)?;
        *at += length;
        Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let tag = usize::from(*block.get(*at)?);
    *at += 1;
    let (length, distance) = match tag & 3 {
        0 => {
            let short = tag >> 2;
            let length = if short < 60 { short } else { number(at, short - 59)? } + 1;
            let end = at.checked_add(length).filter(|_| length <= most.saturating_sub(out.len()))?;
            out.extend_from_slice(block.get(*at..end)?);
            *at = end;
            return Some(());
        }
        1 => (4 + (tag >> 2 & 7), (tag >> 5) << 8 | number(at, 1)?),
        2 => ((tag >> 2) + 1, number(at, 2)?),
        _ => ((tag >> 2) + 1, number(at, 4)?),
    };
    back::copy(out, distance, length, most)
}
