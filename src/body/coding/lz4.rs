//! LZ4: one frame, or what the Linux kernel has of it, which has no end mark.
//!
//! Source: "LZ4 Frame Format Description" 1.6.4 and "LZ4 Block Format Description", github.com/lz4/lz4. Checksums are
//! not looked at: tools write what they have before they find a wrong one.

use super::back::{self, Window};
use super::{Broken, Decoder};
use crate::content::number::{u16_at, u32_at};

const FRAME: u32 = 0x184d_2204;
const LEGACY: u32 = 0x184c_2102;

/// Content of a block of the old format.
const LEGACY_BLOCK: usize = 8 << 20;

/// How far back a block may copy from.
const HISTORY: usize = 64 << 10;

/// Bit of a block's length that says that it is not compressed.
const STORED: u32 = 1 << 31;

pub(super) struct Lz4<'a> {
    input: &'a [u8],
    at: usize,
    header: Option<Header>,
    window: Window,
    is_done: bool,
}

#[derive(Clone, Copy)]
struct Header {
    is_legacy: bool,
    are_linked: bool,
    /// Bytes after each block.
    checksum: usize,
    /// Bytes after the end mark.
    trailer: usize,
    most: usize,
}

impl<'a> Lz4<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        let header = header(input);
        let at = header.map_or(0, |(_, length)| length);
        let header = header.map(|(header, _)| header);
        Self { input, at, header, window: Window::default(), is_done: false }
    }

    /// Reads the next block into the window; `None` when it is damaged.
    fn next_block(&mut self, header: Header) -> Option<()> {
        if !header.are_linked {
            self.window.content.clear();
        }
        self.window.begin(HISTORY);
        let content = &mut self.window.content;
        if header.is_legacy && self.at == self.input.len() {
            self.is_done = true;
            return Some(());
        }
        let size = u32_at(self.input, self.at)?;
        if header.is_legacy && matches!(size, LEGACY | FRAME) {
            self.is_done = true;
            return Some(());
        }
        self.at += 4;
        if size == 0 && !header.is_legacy {
            self.at = self.at.checked_add(header.trailer).filter(|at| *at <= self.input.len())?;
            self.is_done = true;
            return Some(());
        }
        let is_stored = !header.is_legacy && size & STORED != 0;
        let end = self.at.checked_add((size & !STORED) as usize)?;
        let block = self.input.get(self.at..end)?;
        if is_stored {
            content.extend_from_slice(block);
        } else {
            let most = content.len() + header.most;
            expand(block, content, most)?;
        }
        self.at = end.checked_add(header.checksum)?;
        Some(())
    }
}

impl Decoder for Lz4<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        let header = self.header.ok_or(Broken)?;
        loop {
            let length = self.window.give(block);
            if length > 0 {
                return Ok(length);
            }
            if self.is_done {
                return Ok(0);
            }
            self.next_block(header).ok_or(Broken)?;
        }
    }

    fn consumed(&self) -> usize {
        self.at
    }
}

/// What a frame begins with, and how long that is.
fn header(input: &[u8]) -> Option<(Header, usize)> {
    match u32_at(input, 0)? {
        LEGACY => {
            let header = Header { is_legacy: true, are_linked: false, checksum: 0, trailer: 0, most: LEGACY_BLOCK };
            Some((header, 4))
        }
        FRAME => {
            let (flags, sizes) = (*input.get(4)?, *input.get(5)?);
            let has = |bit: u32| usize::from(flags >> bit & 1);
            if flags >> 6 != 1 {
                return None;
            }
            // 4 is 64 KiB, each one more four times as much.
            let most = match sizes >> 4 & 7 {
                size @ 4..=7 => 1 << (2 * size + 8),
                _ => return None,
            };
            let header =
                Header { is_legacy: false, are_linked: has(5) == 0, checksum: 4 * has(4), trailer: 4 * has(2), most };
            Some((header, 7 + 8 * has(3) + 4 * has(0)))
        }
        _ => None,
    }
}

/// Adds what `block` gives to `out`, which may become `most` bytes long; `None` when it is damaged.
fn expand(block: &[u8], out: &mut Vec<u8>, most: usize) -> Option<()> {
    let mut at = 0;
    let next = |at: &mut usize| {
        let byte = *block.get(*at)?;
        *at += 1;
        Some(usize::from(byte))
    };
    let long = |mut length: usize, at: &mut usize| {
        if length == 15 {
            loop {
                let more = next(at)?;
                length += more;
                if more < 255 {
                    break;
                }
            }
        }
        Some(length)
    };
    loop {
        let token = next(&mut at)?;
        let literals = long(token >> 4, &mut at)?;
        let end = at.checked_add(literals).filter(|_| literals <= most.saturating_sub(out.len()))?;
        out.extend_from_slice(block.get(at..end)?);
        at = end;
        if at == block.len() {
            return Some(());
        }
        let distance = u16_at(block, at)?;
        at += 2;
        let length = long(token & 15, &mut at)? + 4;
        back::copy(out, usize::from(distance), length, most)?;
    }
}
