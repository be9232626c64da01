//! What `compress` of Unix writes (`.Z`): LZW with codes of 9 to 16 bits.
//!
//! Codes come in groups of eight. Where codes get longer, or the table is emptied, the rest of a group is left out.
//! Source: what `ncompress` does, whose format has no other description.

use super::{Broken, Decoder};

/// Empties the table.
const CLEAR: usize = 256;

const MIN_BITS: u32 = 9;

pub(super) struct Compress<'a> {
    input: &'a [u8],
    /// Bits read.
    at: usize,
    /// Where the group began, in bits.
    group: usize,
    bits: u32,
    max_bits: u32,
    has_clear: bool,
    /// The code before, and the byte that each of 256 and more ends with.
    table: Vec<(u16, u8)>,
    last: Option<usize>,
    first_byte: u8,
    /// What has not been given yet, last byte first.
    pending: Vec<u8>,
}

impl<'a> Compress<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        let flags = input.get(2).copied().unwrap_or_default();
        let has_clear = flags & 0x80 != 0;
        Self {
            input,
            at: 24,
            group: 24,
            bits: MIN_BITS,
            max_bits: u32::from(flags & 0x1f),
            has_clear,
            table: vec![(0, 0); usize::from(has_clear)],
            last: None,
            first_byte: 0,
            pending: Vec::new(),
        }
    }

    /// The next code; `None` at the end.
    fn next_code(&mut self) -> Option<usize> {
        let is_full = self.bits == self.max_bits;
        if !is_full && 256 + self.table.len() > (1 << self.bits) - 1 {
            self.end_group();
            self.bits += 1;
        }
        let bytes = self.input.get(self.at / 8..)?;
        if bytes.len() * 8 < self.at % 8 + self.bits as usize {
            return None;
        }
        let mut word = [0; 4];
        let length = bytes.len().min(4);
        word[..length].copy_from_slice(&bytes[..length]);
        let code = u32::from_le_bytes(word) >> (self.at % 8) & ((1 << self.bits) - 1);
        self.at += self.bits as usize;
        Some(code as usize)
    }

    fn end_group(&mut self) {
        let group = 8 * self.bits as usize;
        self.at = self.group + (self.at - self.group).next_multiple_of(group);
        self.group = self.at;
    }

    /// Decodes `code` into `pending`.
    fn expand(&mut self, code: usize) -> Result<(), Broken> {
        let Some(last) = self.last else {
            self.first_byte = u8::try_from(code).map_err(|_| Broken)?;
            self.pending.push(self.first_byte);
            self.last = Some(code);
            return Ok(());
        };
        let next = 256 + self.table.len();
        let mut rest = code;
        if code >= next {
            if code > next {
                return Err(Broken);
            }
            self.pending.push(self.first_byte);
            rest = last;
        }
        // Each entry refers to one before it.
        while rest >= 256 {
            let (before, byte) = self.table[rest - 256];
            self.pending.push(byte);
            rest = usize::from(before);
        }
        self.first_byte = rest as u8;
        self.pending.push(self.first_byte);
        if next < 1 << self.max_bits {
            self.table.push((last as u16, self.first_byte));
        }
        self.last = Some(code);
        Ok(())
    }
}

impl Decoder for Compress<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        if !(self.input.starts_with(&[0x1f, 0x9d]) && (MIN_BITS..=16).contains(&self.max_bits)) {
            return Err(Broken);
        }
        let mut written = 0;
        while written < block.len() {
            if let Some(byte) = self.pending.pop() {
                block[written] = byte;
                written += 1;
                continue;
            }
            let Some(code) = self.next_code() else { break };
            if self.has_clear && code == CLEAR && self.last.is_some() {
                self.end_group();
                self.table.clear();
                self.bits = MIN_BITS;
            } else if let Err(broken) = self.expand(code) {
                return if written > 0 { Ok(written) } else { Err(broken) };
            }
        }
        Ok(written)
    }

    fn consumed(&self) -> usize {
        self.input.len()
    }
}
