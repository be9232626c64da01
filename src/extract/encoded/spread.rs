//! Base64 in a text that is broken into lines, or written with the escapes of what it is in.
//!
//! Browsers leave out white space in the data of a URI, and editors of SVG break it into lines. In XML a line feed may
//! be `&#10;`, in JSON and scripts `\n`, at the end of a line of a script or a style sheet a backslash alone.

use crate::content::{ReferenceIn, character_reference};
use crate::extract::percent::hex_pair;

/// Longest character reference that can stand for a character of base64, or for white space.
const MAX_REFERENCE: usize = 16;

/// The bytes that are meant, without white space, up to a character that ends every notation.
#[derive(Clone, Debug)]
pub(super) struct Spread<'a> {
    rest: &'a [u8],
}

/// What the start of a text stands for.
enum Meant {
    Byte(u8, usize),
    Nothing(usize),
    End,
}

impl<'a> Spread<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        Self { rest: text }
    }

    /// Goes on to the end. How many bytes follow that.
    pub(super) fn read_to_end(mut self) -> usize {
        self.by_ref().for_each(drop);
        self.rest.len()
    }
}

impl Iterator for Spread<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        loop {
            match meant(self.rest) {
                Meant::Byte(byte, length) => {
                    self.rest = &self.rest[length..];
                    return Some(byte);
                }
                Meant::Nothing(length) => self.rest = &self.rest[length..],
                Meant::End => return None,
            }
        }
    }
}

fn meant(text: &[u8]) -> Meant {
    match text {
        [] | [b'"' | b'\'' | b'<' | b'>' | b'(' | b')' | b'`', ..] => Meant::End,
        [byte, ..] if byte.is_ascii_whitespace() => Meant::Nothing(1),
        [b'%', high, low, ..] => hex_pair(*high, *low).map_or(Meant::Byte(b'%', 1), |byte| of_byte(byte, 3)),
        [b'&', ..] => reference(text),
        [b'\\', rest @ ..] => escape(rest),
        [byte, ..] => Meant::Byte(*byte, 1),
    }
}

/// What an escape of `length` bytes for `byte` means.
fn of_byte(byte: u8, length: usize) -> Meant {
    if byte.is_ascii_whitespace() { Meant::Nothing(length) } else { Meant::Byte(byte, length) }
}

fn reference(text: &[u8]) -> Meant {
    let text = &text[..text.len().min(MAX_REFERENCE)];
    match character_reference(text, ReferenceIn::Attribute) {
        Some((meant, length)) if meant.len() == 1 && !b"\"'<>()`".contains(&meant.as_bytes()[0]) => {
            of_byte(meant.as_bytes()[0], length)
        }
        _ => Meant::End,
    }
}

/// What a backslash means that `text` follows.
fn escape(text: &[u8]) -> Meant {
    let hex =
        |digits: &[u8]| digits.iter().try_fold(0_u32, |sum, digit| Some(sum << 4 | char::from(*digit).to_digit(16)?));
    let of_code = |code: Option<u32>, length: usize| match code.and_then(|code| u8::try_from(code).ok()) {
        Some(byte) if byte.is_ascii() => of_byte(byte, length),
        _ => Meant::End,
    };
    match text {
        [b'\r', b'\n', ..] => Meant::Nothing(3),
        [b'\r' | b'\n' | b'n' | b'r' | b't' | b'f' | b'a' | b'A', ..] => Meant::Nothing(2),
        // Escaped twice.
        [b'\\', ..] => Meant::Nothing(1),
        [byte @ (b'/' | b'+' | b'='), ..] => Meant::Byte(*byte, 2),
        [b'u', digits @ ..] => of_code(digits.first_chunk::<4>().and_then(|digits| hex(digits)), 6),
        [b'x', digits @ ..] => of_code(digits.first_chunk::<2>().and_then(|digits| hex(digits)), 4),
        // Of style sheets.
        [b'0', digits @ ..] => of_code(digits.first_chunk::<5>().and_then(|digits| hex(digits)), 7),
        _ => Meant::End,
    }
}
