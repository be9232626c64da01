//! Deflate64, which Windows writes into zip files for large entries.

use deflate64::InflaterManaged;

use super::{Broken, Decoder};

pub(super) struct Deflate64<'a> {
    state: Box<InflaterManaged>,
    input: &'a [u8],
    at: usize,
}

impl<'a> Deflate64<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { state: Box::new(InflaterManaged::new()), input, at: 0 }
    }
}

impl Decoder for Deflate64<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        loop {
            let result = self.state.inflate(&self.input[self.at..], block);
            self.at += result.bytes_consumed;
            if result.bytes_written > 0 {
                return Ok(result.bytes_written);
            }
            if self.state.finished() {
                return Ok(0);
            }
            if result.data_error || result.bytes_consumed == 0 {
                return Err(Broken);
            }
        }
    }

    fn consumed(&self) -> usize {
        self.at
    }
}
