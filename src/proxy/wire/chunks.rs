//! A chunked body (RFC 9112 §7.1), in the one way of writing it that all servers read alike.

use memchr::memchr;

use super::head::{field, is_named, line};
use super::violation::Violation;
use crate::extract::is_token_byte;

/// Most bytes of a line with the size of a chunk. What extensions there are is short.
const MAX_SIZE_LINE: usize = 256;
/// Most bytes of all trailers.
const MAX_TRAILERS: usize = 16 << 10;
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
        while at < bytes.len() {
            let rest = &bytes[at..];
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
            if end.is_some() && self.end_line()? {
                return Ok(Some(at));
            }
        }
        Ok(None)
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
