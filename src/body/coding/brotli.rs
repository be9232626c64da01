//! Brotli.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{Broken, Decoder};

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

pub(super) struct Brotli<'a> {
    state: Box<State>,
    input: &'a [u8],
    at: usize,
    is_done: bool,
}

impl<'a> Brotli<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        let alloc = StandardAlloc::default;
        let state = Box::new(BrotliState::new(alloc(), alloc(), alloc()));
        Self { state, input, at: 0, is_done: false }
    }
}

impl Decoder for Brotli<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        if self.is_done {
            return Ok(0);
        }
        let (mut available_in, mut available_out) = (self.input.len() - self.at, block.len());
        let (mut written, mut total) = (0, 0);
        let result = BrotliDecompressStream(
            &mut available_in,
            &mut self.at,
            self.input,
            &mut available_out,
            &mut written,
            block,
            &mut total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultSuccess => self.is_done = true,
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::NeedsMoreInput | BrotliResult::ResultFailure => {
                return if written > 0 { Ok(written) } else { Err(Broken) };
            }
        }
        Ok(written)
    }

    fn consumed(&self) -> usize {
        self.at
    }
}
