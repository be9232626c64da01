//! Sees among the frames of HTTP/2 where the headers and trailers of requests end.
//!
//! The `h2` crate reads the frames. Of a request that breaks HTTP/2 itself it tells nobody, and trailers it keeps until
//! their request is over. So both are counted here, by the heads of frames alone (RFC 9113 §4.1 and §6.2).

use std::sync::Arc;

use super::fields::Fields;
use super::violation::Violation;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// Bytes of the head of a frame.
const HEAD: usize = 9;

/// How far the frames of a connection have been seen.
#[derive(Debug)]
pub(super) struct Frames {
    fields: Arc<Fields>,
    head: [u8; HEAD],
    filled: usize,
    /// Bytes of the frame that are still to come.
    missing: usize,
    /// The newest stream that the client opened.
    newest: u32,
    /// Of the trailers that are being sent, if it is those.
    trailers: Option<u64>,
    ends_block: bool,
}

impl Frames {
    /// Of a connection whose requests have `fields`.
    pub(super) fn new(fields: Arc<Fields>) -> Self {
        Self { fields, head: [0; HEAD], filled: 0, missing: 0, newest: 0, trailers: None, ends_block: false }
    }

    /// Sees what came.
    ///
    /// # Errors
    /// Why the connection is to end: it has more trailers than there is room for.
    pub(super) fn advance(&mut self, mut bytes: &[u8]) -> Result<(), Violation> {
        while !bytes.is_empty() {
            let wanted = if self.filled < HEAD { HEAD - self.filled } else { self.missing };
            let (piece, rest) = bytes.split_at(wanted.min(bytes.len()));
            bytes = rest;
            if self.filled < HEAD {
                self.head[self.filled..][..piece.len()].copy_from_slice(piece);
                self.filled += piece.len();
                if self.filled == HEAD {
                    self.begin();
                }
            } else {
                self.missing -= piece.len();
            }
            if self.filled == HEAD && self.missing == 0 {
                self.filled = 0;
                self.end()?;
            }
        }
        Ok(())
    }

    fn begin(&mut self) {
        let [high, middle, low, kind, flags, stream @ ..] = self.head;
        self.missing = u32::from_be_bytes([0, high, middle, low]) as usize;
        self.ends_block = matches!(kind, HEADERS | CONTINUATION) && flags & END_HEADERS != 0;
        let length = self.missing as u64;
        match kind {
            HEADERS => {
                let stream = u32::from_be_bytes(stream) & !(1 << 31);
                self.trailers = (stream <= self.newest).then_some(length);
                self.newest = self.newest.max(stream);
            }
            CONTINUATION => self.trailers = self.trailers.map(|before| before + length),
            _ => {}
        }
    }

    fn end(&mut self) -> Result<(), Violation> {
        if !std::mem::take(&mut self.ends_block) {
            return Ok(());
        }
        match self.trailers.take() {
            Some(bytes) => self.fields.admit_trailers(bytes),
            None => {
                self.fields.note_header();
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize, kind: u8, flags: u8, stream: u32) -> Vec<u8> {
        let mut frame = (length as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        // What looks like the head of a frame of headers is none.
        frame.extend([0, 0, 0, HEADERS, 5, 0, 0, 0, 9].iter().cycle().take(length));
        frame
    }

    #[test]
    fn headers_and_trailers_are_seen_however_their_bytes_come() {
        let bytes = [
            frame(0, 4, 0, 0),
            frame(30, HEADERS, 0, 1),
            frame(20, CONTINUATION, 0, 1),
            frame(20, CONTINUATION, END_HEADERS, 1),
            frame(100, 0, 0, 1),
            frame(30, HEADERS, END_HEADERS | 1, 3),
            frame(40, HEADERS, 1, 1),
            frame(2, CONTINUATION, END_HEADERS, 1),
            frame(30, HEADERS, END_HEADERS | 1, 1 << 31 | 5),
        ]
        .concat();
        for size in [1, 2, 9, 10, 100, bytes.len()] {
            let fields = Arc::new(Fields::new(&Arc::default(), None));
            let mut frames = Frames::new(Arc::clone(&fields));
            for piece in bytes.chunks(size) {
                frames.advance(piece).unwrap();
            }
            assert_eq!((fields.take_lost(0), fields.trailers()), (3, vec![42]), "{size}");
        }
    }
}
