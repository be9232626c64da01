//! The blocks of a folder in a cabinet of Windows: MSZIP, which is deflate block by block, and LZX, by `lzxd`.
//!
//! Source: "Microsoft Cabinet Format" and "MSZIP", Microsoft 1997.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lzxd::{Lzxd, WindowSize};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use super::back::Window;
use super::{Broken, Decoder};

/// What a block may copy from.
const HISTORY: usize = 32 << 10;

/// Most that a block gives.
const MAX_BLOCK: usize = 32 << 10;

/// How folders of cabinets are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CabinetMethod {
    /// Not at all.
    Stored,
    /// Deflate, each block a stream that may copy from the one before.
    MsZip,
    /// LZX in a window of two to the power of so many bytes.
    Lzx(u8),
}

/// Block by block.
pub(super) struct Cabinet<'a> {
    method: CabinetMethod,
    blocks: std::slice::Iter<'a, (&'a [u8], usize)>,
    lzx: Option<Box<Lzxd>>,
    window: Window,
}

impl<'a> Cabinet<'a> {
    /// `blocks` with what each becomes in length.
    pub(super) fn new(method: CabinetMethod, blocks: &'a [(&'a [u8], usize)]) -> Self {
        let lzx = match method {
            CabinetMethod::Lzx(bits) => window(bits).map(|window| Box::new(Lzxd::new(window))),
            _ => None,
        };
        Self { method, blocks: blocks.iter(), lzx, window: Window::default() }
    }

    fn next_block(&mut self, packed: &[u8], length: usize) -> Option<()> {
        self.window.begin(HISTORY);
        match self.method {
            CabinetMethod::Stored => self.window.content.extend_from_slice(packed),
            _ if length > MAX_BLOCK => return None,
            CabinetMethod::MsZip => self.inflate(packed.strip_prefix(b"CK")?, length)?,
            CabinetMethod::Lzx(_) => {
                let lzx = self.lzx.as_mut()?;
                let mut unpack = || lzx.decompress_next(packed, length).map(|content| content.to_vec());
                // It asserts what it holds for impossible.
                let content = catch_unwind(AssertUnwindSafe(&mut unpack)).ok()?.ok()?;
                self.window.content.extend_from_slice(&content);
            }
        }
        Some(())
    }

    fn inflate(&mut self, packed: &[u8], length: usize) -> Option<()> {
        let content = &mut self.window.content;
        let start = content.len();
        content.resize(start + length, 0);
        let mut state = DecompressorOxide::new();
        let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, _, written) = decompress(&mut state, packed, content, start, flags);
        content.truncate(start + written);
        matches!(status, TINFLStatus::Done | TINFLStatus::HasMoreOutput).then_some(())
    }
}

fn window(bits: u8) -> Option<WindowSize> {
    Some(match bits {
        15 => WindowSize::KB32,
        16 => WindowSize::KB64,
        17 => WindowSize::KB128,
        18 => WindowSize::KB256,
        19 => WindowSize::KB512,
        20 => WindowSize::MB1,
        21 => WindowSize::MB2,
        _ => return None,
    })
}

impl Decoder for Cabinet<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        loop {
            let length = self.window.give(block);
            if length > 0 {
                return Ok(length);
            }
            let Some((packed, length)) = self.blocks.next() else {
                return Ok(0);
            };
            self.next_block(packed, *length).ok_or(Broken)?;
        }
    }

    /// Known to who has the blocks.
    fn consumed(&self) -> usize {
        0
    }
}
