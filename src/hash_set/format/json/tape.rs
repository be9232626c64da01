//! The bytes of a list as the JSON parser takes them one by one, with the entry it stands in kept aside.
//!
//! `serde_json` checks a stream without building anything from it, and looks at most one byte ahead of what it has
//! taken. So when it has passed an entry, the bytes it took since then are that entry, and are parsed again by
//! themselves, as a slice, which is also far faster.

use std::cell::RefCell;
use std::io::{self, Read};

use super::super::Input;

/// Bytes of one entry. The longest there are, with a thumbnail or an attachment in base64, take a tenth of it.
pub(super) const MAX_ENTRY: usize = if cfg!(test) { 128 << 10 } else { 16 << 20 };

/// Bytes that are read at once. Few in tests, so that entries lie across them.
const CHUNK: usize = if cfg!(test) { 64 } else { 64 << 10 };

/// A list on its way to the parser. Memory is bounded by [`MAX_ENTRY`].
pub(super) struct Tape<'i, 'a>(RefCell<State<'i, 'a>>);

struct State<'i, 'a> {
    input: &'i mut Input<'a>,
    chunk: Box<[u8]>,
    /// How much of the chunk holds bytes, and how many of these are taken.
    len: usize,
    at: usize,
    /// Where the entry starts in the chunk, and what of it stood in chunks before.
    start: Option<usize>,
    kept: Vec<u8>,
    /// How many entries have started so far.
    started: u64,
    /// Bytes taken in chunks before since an entry or a member began.
    since: usize,
    is_over: bool,
    /// The line of byte `counted` of the chunk, and how many bytes of it so far only continue a character.
    line: u64,
    continuations: u64,
    counted: usize,
}

impl<'i, 'a> Tape<'i, 'a> {
    /// All that is left of `input`.
    pub(super) fn of(input: &'i mut Input<'a>) -> Self {
        let line = input.line();
        Self(RefCell::new(State {
            input,
            chunk: vec![0; CHUNK].into(),
            len: 0,
            at: 0,
            start: None,
            kept: Vec::new(),
            started: 0,
            since: 0,
            is_over: false,
            line,
            continuations: 0,
            counted: 0,
        }))
    }

    /// Takes a byte order mark, if there is one, at the start.
    ///
    /// # Errors
    /// The input cannot be read.
    pub(super) fn skip_mark(&self) -> io::Result<()> {
        let state = &mut *self.0.borrow_mut();
        // Readers may give a first chunk of any length, so three bytes are asked for until they are there.
        while state.len < 3 {
            let more = state.input.read(&mut state.chunk[state.len..])?;
            if more == 0 {
                break;
            }
            state.len += more;
        }
        state.at = if state.chunk[..state.len].starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Ok(())
    }

    /// Whether the list starts with the byte order mark of UTF-16. Asked before anything is taken.
    pub(super) fn is_utf16(&self) -> bool {
        let state = self.0.borrow();
        matches!(state.chunk[..state.len], [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
    }

    /// The byte that was taken last.
    pub(super) fn last(&self) -> u8 {
        let state = self.0.borrow();
        state.at.checked_sub(1).map_or(0, |last| state.chunk[last])
    }

    /// An entry starts with the byte that was taken last, in place of any that has not ended. Returns its line.
    pub(super) fn start(&self) -> u64 {
        let state = &mut *self.0.borrow_mut();
        let start = state.at.saturating_sub(1);
        state.start = Some(start);
        state.kept.clear();
        state.started += 1;
        state.since = 0;
        state.count_to(start);
        state.line
    }

    /// How many entries have started so far: while it stays the same, the tape holds the same one.
    pub(super) fn started(&self) -> u64 {
        self.0.borrow().started
    }

    /// What was thought to be an entry is none.
    pub(super) fn forget(&self) {
        let state = &mut *self.0.borrow_mut();
        state.start = None;
        state.since = 0;
    }

    /// Something outside of entries ended, so that what comes next may be long again.
    pub(super) fn breathe(&self) {
        self.0.borrow_mut().since = 0;
    }

    /// Calls `look` with the bytes from the start of the entry to the byte that was taken last.
    pub(super) fn finish<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        let state = &mut *self.0.borrow_mut();
        let start = state.start.take().unwrap_or(state.at);
        state.since = 0;
        if state.kept.is_empty() {
            return look(&state.chunk[start..state.at]);
        }
        state.kept.extend_from_slice(&state.chunk[start..state.at]);
        let seen = look(&state.kept);
        state.kept.clear();
        seen
    }

    /// Whether reading stopped because an entry is longer than [`MAX_ENTRY`].
    pub(super) fn is_over(&self) -> bool {
        self.0.borrow().is_over
    }

    /// The line, from 1, of the byte that was taken last.
    pub(super) fn line(&self) -> u64 {
        let state = &mut *self.0.borrow_mut();
        state.count_to(state.at.saturating_sub(1));
        state.line
    }

    /// How many bytes of that line up to there only continue a character.
    pub(super) fn continuations(&self) -> u64 {
        let state = &mut *self.0.borrow_mut();
        state.count_to(state.at.saturating_sub(1));
        state.continuations
    }
}

impl State<'_, '_> {
    fn count_to(&mut self, at: usize) {
        if let Some(passed) = self.chunk.get(self.counted..at) {
            self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
            let last_line = match memchr::memrchr(b'\n', passed) {
                Some(end) => {
                    self.continuations = 0;
                    &passed[end + 1..]
                }
                None => passed,
            };
            self.continuations += last_line.iter().filter(|byte| **byte & 0xc0 == 0x80).count() as u64;
            self.counted = at;
        }
    }

    /// Reads the next chunk; afterwards there is none left of the one before.
    #[cold]
    fn refill(&mut self) -> io::Result<()> {
        self.count_to(self.len);
        if let Some(start) = self.start {
            self.kept.extend_from_slice(&self.chunk[start..self.len]);
            self.start = Some(0);
        }
        self.since += self.len;
        if self.since.max(self.kept.len()) > MAX_ENTRY {
            self.is_over = true;
            return Err(io::Error::other("the entry is too long"));
        }
        (self.len, self.at, self.counted) = (0, 0, 0);
        self.len = self.input.read(&mut self.chunk)?;
        Ok(())
    }
}

/// One byte at a time, which is how `serde_json` reads.
impl Read for &Tape<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let state = &mut *self.0.borrow_mut();
        if state.at == state.len {
            state.refill()?;
        }
        match (into.first_mut(), state.chunk[..state.len].get(state.at)) {
            (Some(into), Some(byte)) => {
                *into = *byte;
                state.at += 1;
                Ok(1)
            }
            _ => Ok(0),
        }
    }
}
