//! A chunked body (RFC 9112 §7.1), in the one way of writing it that all servers read alike.

use std::ops::Range;

use memchr::memchr;

use super::head::{field, is_named, line};
use super::violation::Violation;
use crate::extract::is_token_byte;

/// Most bytes of a line with the size of a chunk. What extensions there are is short.
const MAX_SIZE_LINE: usize = 256;
/// Most bytes of all trailers.
const MAX_TRAILERS: usize = 16 << 10;
/// So many chunks that came at once are made one, if each takes less than `MOST_MERGED` bytes. pingora handles each by
/// itself, which costs more than the byte that may be in it.
const LEAST_MERGED: usize = 16;
const MOST_MERGED: usize = 512;
/// Digits of a size. More would pass 60 bits, or be zeros that some parsers count and others do not.
const MAX_SIZE_DIGITS: usize = 15;

/// Headers that would change what the request is, or where it ends, if a server merged trailers into its header.
const NO_TRAILERS: [&[u8]; 11] = [
    b"content-length",
    b"transfer-encoding",
    b"host",
    b"connection",
    b"upgrade",
    b"expect",
    b"te",
    b"trailer",
    b"content-type",
    b"content-encoding",
    b"authorization",
];

/// How far a chunked body has been read.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    part: Part,
    /// The line that is being read: pieces of it may come one by one.
    line: Vec<u8>,
    trailers: usize,
    whole: Whole,
}

/// The chunks that began and ended in what was read last.
#[derive(Debug, Default)]
struct Whole {
    start: Option<usize>,
    end: usize,
    count: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Size,
    Data(u64),
    /// The line end behind the data.
    DataEnd,
    Trailer,
}

impl Chunks {
    /// Reads on. Gives the number of bytes up to the end of the body, or `None` when it goes on behind `bytes`.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<Option<usize>, Violation> {
        let mut at = 0;
        self.whole = Whole::default();
        while at < bytes.len() {
            let rest = &bytes[at..];
            if self.part == Part::Size && self.line.is_empty() {
                self.whole.start.get_or_insert(at);
            }
            if let Part::Data(missing) = self.part {
                let piece = usize::try_from(missing).unwrap_or(usize::MAX).min(rest.len());
                at += piece;
                let missing = missing - piece as u64;
                self.part = if missing == 0 { Part::DataEnd } else { Part::Data(missing) };
                continue;
            }
            let end = memchr(b'\n', rest).map(|end| end + 1);
            let piece = &rest[..end.unwrap_or(rest.len())];
            if self.line.len() + piece.len() > self.line_limit() {
                return Err(self.violation());
            }
            self.line.extend_from_slice(piece);
            at += piece.len();
            let ends_chunk = self.part == Part::DataEnd;
            if end.is_some() && self.end_line()? {
                return Ok(Some(at));
            }
            if ends_chunk && self.part == Part::Size && self.whole.start.is_some() {
                self.whole.end = at;
                self.whole.count += 1;
            }
        }
        Ok(None)
    }

    /// Where in what was read last there are so many small chunks that they are better [merged].
    pub(super) fn small(&self) -> Option<Range<usize>> {
        let Whole { start: Some(start), end, count } = self.whole else { return None };
        (count >= LEAST_MERGED && (end - start) / count < MOST_MERGED).then_some(start..end)
    }

    fn line_limit(&self) -> usize {
        match self.part {
            Part::Size => MAX_SIZE_LINE,
            Part::Data(_) | Part::DataEnd => 2,
            Part::Trailer => MAX_TRAILERS - self.trailers,
        }
    }

    fn violation(&self) -> Violation {
        if self.part == Part::Trailer { Violation::Trailer } else { Violation::Chunk }
    }

    /// Whether the body is at its end.
    fn end_line(&mut self) -> Result<bool, Violation> {
        let violation = self.violation();
        let text = line(&self.line).map_err(|_| violation)?;
        match self.part {
            Part::Size => {
                let size = size(text).ok_or(violation)?;
                self.part = if size == 0 { Part::Trailer } else { Part::Data(size) };
            }
            Part::Trailer if text.is_empty() => return Ok(true),
            Part::Trailer => {
                let (name, _) = field(text).map_err(|_| violation)?;
                if NO_TRAILERS.iter().any(|forbidden| is_named(name, forbidden)) {
                    return Err(violation);
                }
                self.trailers += self.line.len();
            }
            Part::Data(_) | Part::DataEnd if text.is_empty() => self.part = Part::Size,
            Part::Data(_) | Part::DataEnd => return Err(violation),
        }
        self.line.clear();
        Ok(false)
    }
}

/// One chunk with the data of all `chunks`, which are whole and in order.
pub(super) fn merged(chunks: &[u8]) -> Vec<u8> {
    let (mut data, mut rest) = (Vec::with_capacity(chunks.len()), chunks);
    while let Some((line_end, length)) =
        memchr(b'\n', rest).and_then(|end| Some((end, size(rest.get(..end.checked_sub(1)?)?)?)))
    {
        let (start, length) = (line_end + 1, usize::try_from(length).unwrap_or(usize::MAX));
        let end = start.saturating_add(length).min(rest.len());
        data.extend_from_slice(&rest[start..end]);
        rest = rest.get(end + 2..).unwrap_or_default();
    }
    [format!("{:x}\r\n", data.len()).as_bytes(), &data, b"\r\n"].concat()
}

/// `size *( ";" name [ "=" value ] )`, without the white space that RFC 9112 tolerates.
fn size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    if digits == 0 || digits > MAX_SIZE_DIGITS || !are_extensions(&line[digits..]) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(&line[..digits]).ok()?, 16).ok()
}

fn are_extensions(mut rest: &[u8]) -> bool {
    while let Some(extension) = rest.strip_prefix(b";") {
        let Some(behind_name) = behind_token(extension) else {
            return false;
        };
        rest = match behind_name.strip_prefix(b"=") {
            None => behind_name,
            Some(value) => match behind_token(value).or_else(|| behind_quotes(value)) {
                Some(behind_value) => behind_value,
                None => return false,
            },
        };
    }
    rest.is_empty()
}

fn behind_token(text: &[u8]) -> Option<&[u8]> {
    let length = text.iter().position(|byte| !is_token_byte(*byte)).unwrap_or(text.len());
    (length > 0).then(|| &text[length..])
}

/// RFC 9110 §5.6.4, printable ASCII alone.
fn behind_quotes(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        rest = match rest {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', b' '..=b'~', rest @ ..] => rest,
            [b'\\', ..] => return None,
            [b' '..=b'~', rest @ ..] => rest,
            _ => return None,
        };
    }
}
