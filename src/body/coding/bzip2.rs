//! bzip2, one stream at a time.

use bzip2::{Decompress, Status};

use super::{Broken, Decoder};

pub(super) struct Bzip2<'a> {
    state: Decompress,
    input: &'a [u8],
    at: usize,
    is_done: bool,
}

impl<'a> Bzip2<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { state: Decompress::new(false), input, at: 0, is_done: false }
    }
}

impl Decoder for Bzip2<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        while !self.is_done {
            let (read, written) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(&self.input[self.at..], block).map_err(|_| Broken)?;
            let consumed = (self.state.total_in() - read) as usize;
            let length = (self.state.total_out() - written) as usize;
            self.at += consumed;
            self.is_done = status == Status::StreamEnd;
            if length > 0 {
                return Ok(length);
            }
            if consumed == 0 && !self.is_done {
                return Err(Broken);
            }
        }
        Ok(0)
    }

    fn consumed(&self) -> usize {
        self.at
    }
}
