//! Undoes transfer encodings (RFC 2045 §6), as leniently as mail programs do.

use bytes::Bytes;

use crate::body::{End, ScratchWriter};
use crate::extract::dissection::Dissection;
use crate::extract::encoded;
use crate::extract::percent::hex_pair;

/// Decoded bytes handed on at a time.
const BLOCK: usize = 48 << 10;

/// How the body of a mail's part is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    /// As it stands.
    None,
    Base64,
    QuotedPrintable,
}

impl Transfer {
    pub(super) fn named(name: &str) -> Self {
        let name = name.trim();
        if name.eq_ignore_ascii_case("base64") {
            Self::Base64
        } else if name.eq_ignore_ascii_case("quoted-printable") {
            Self::QuotedPrintable
        } else {
            Self::None
        }
    }

    /// What `body` is once this is undone.
    pub(super) fn undo(self, body: &Bytes, found: &mut Dissection<'_>) -> Option<Bytes> {
        let mut output = found.output();
        let end = match self {
            Self::None => return Some(body.clone()),
            Self::Base64 => {
                encoded::other_ways(body, found);
                encoded::decode_usual(body, &mut output, found)
            }
            Self::QuotedPrintable => quoted_printable(body, &mut output, found),
        };
        match end {
            Ok(()) => found.take(output),
            Err(end) => {
                found.report_limit(end);
                None
            }
        }
    }
}

/// `=` and two digits are a byte, `=` at the end of a line is nothing, and everything else stands for itself.
fn quoted_printable(text: &[u8], output: &mut ScratchWriter, found: &mut Dissection<'_>) -> Result<(), End> {
    let mut block = Vec::with_capacity(BLOCK);
    let mut rest = text;
    loop {
        let plain = memchr::memchr(b'=', rest).unwrap_or(rest.len());
        for piece in rest[..plain].chunks(BLOCK) {
            block.extend_from_slice(piece);
            found.flush(&mut block, BLOCK, text.len(), output)?;
        }
        let Some(escape) = rest.get(plain + 1..) else {
            return found.flush(&mut block, 1, text.len(), output);
        };
        rest = escape;
        if let [high, low, behind @ ..] = escape
            && let Some(byte) = hex_pair(*high, *low)
        {
            block.push(byte);
            rest = behind;
        } else if let Some(length) = soft_break(escape) {
            rest = &escape[length..];
        } else {
            block.push(b'=');
        }
    }
}

/// Length of blanks and a line break at the start of `text`.
fn soft_break(text: &[u8]) -> Option<usize> {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
    match text.get(blanks) {
        Some(b'\n') => Some(blanks + 1),
        None => Some(blanks),
        Some(_) => None,
    }
}
