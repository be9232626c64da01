//! Follows the requests of one connection, byte by byte as they come, and finds the first that breaks the rules.

use std::ops::Range;

use super::chunks::Chunks;
use super::head::{self, Framing, MAX_HEAD};
use super::violation::Violation;

/// Where in a request the connection is.
#[derive(Debug)]
enum Phase {
    /// In a head, of which so many bytes were searched for its end.
    Head {
        searched: usize,
    },
    /// In a body of which so many bytes are missing.
    Length(u64),
    Chunked(Chunks),
}

/// What became of the bytes that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sifted {
    /// So many bytes from the start may go on. The rest is a head without its end, to be shown again with what follows.
    Good(usize),
    /// So many bytes may go on. The request behind them must not.
    BadRequest(usize, Violation),
    /// A body whose head went on before is broken.
    BadBody(Violation),
}

#[derive(Debug)]
pub(super) struct Lexer {
    phase: Phase,
    /// Where in what was read last there are many small chunks.
    small: Vec<Range<usize>>,
}

impl Default for Lexer {
    fn default() -> Self {
        Self { phase: Phase::Head { searched: 0 }, small: Vec::new() }
    }
}

impl Lexer {
    /// Whether a request is waited for, or the rest of its head.
    pub(super) fn is_in_head(&self) -> bool {
        matches!(self.phase, Phase::Head { .. })
    }

    /// Where in the first `count` bytes of what was read last there are many small chunks, which are better merged.
    pub(super) fn take_small(&mut self, count: usize) -> Vec<Range<usize>> {
        let mut small = std::mem::take(&mut self.small);
        small.retain(|range| range.end <= count);
        small
    }

    /// Reads on. Heads count as read only when they are complete, so that nobody acts on half of one; bodies as they
    /// come. After anything but [`Sifted::Good`] there is nothing more to read.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Sifted {
        let mut at = 0;
        self.small.clear();
        // The start of the request that `at` is in, when it lies within `bytes`.
        let mut start = None;
        let bad = |start: Option<usize>, violation| match start {
            Some(start) => Sifted::BadRequest(start, violation),
            None => Sifted::BadBody(violation),
        };
        while at < bytes.len() {
            let rest = &bytes[at..];
            match &mut self.phase {
                Phase::Head { searched } => match complete_head(rest, searched) {
                    Ok(None) => return Sifted::Good(at),
                    Ok(Some((length, framing))) => {
                        start = Some(at);
                        at += length;
                        self.phase = Phase::of(framing);
                    }
                    Err(violation) => return bad(Some(at), violation),
                },
                Phase::Length(missing) => {
                    let piece = usize::try_from(*missing).unwrap_or(usize::MAX).min(rest.len());
                    at += piece;
                    *missing -= piece as u64;
                    if *missing == 0 {
                        self.phase = Phase::Head { searched: 0 };
                    }
                }
                Phase::Chunked(chunks) => {
                    let end = match chunks.advance(rest) {
                        Ok(end) => end,
                        Err(violation) => return bad(start, violation),
                    };
                    self.small.extend(chunks.small().map(|range| range.start + at..range.end + at));
                    match end {
                        None => at = bytes.len(),
                        Some(length) => {
                            at += length;
                            self.phase = Phase::Head { searched: 0 };
                        }
                    }
                }
            }
        }
        Sifted::Good(at)
    }
}

impl Phase {
    fn of(framing: Framing) -> Self {
        match framing {
            Framing::Length(0) => Self::Head { searched: 0 },
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(Chunks::default()),
        }
    }
}

/// Length and framing of the head at the start of `bytes`; `None` when it goes on behind them.
fn complete_head(bytes: &[u8], searched: &mut usize) -> Result<Option<(usize, Framing)>, Violation> {
    let end = head::end_of(bytes, *searched);
    if end.unwrap_or(bytes.len()) > MAX_HEAD {
        return Err(Violation::HeaderTooLarge);
    }
    let Some(end) = end else {
        *searched = bytes.len();
        return Ok(None);
    };
    Ok(Some((end, head::check(&bytes[..end])?)))
}
