//! What Python pickles. Source: `Lib/pickletools.py` of CPython. Nothing is executed: only the strings are read.

use bytes::Bytes;

use super::{Sort, Values, number_le, take};

/// Whether `bytes` begin and end like a pickle: of a protocol that says so, or of an older one with a list, a set or a
/// map.
pub(super) fn may_be(bytes: &[u8]) -> bool {
    let begins = matches!(
        bytes,
        [0x80, 2..=5, ..] | [b'(', b'd' | b'l' | b't', b'p', b'0'..=b'9', ..] | [b'}' | b']', b'q', 0, ..]
    );
    begins && bytes.ends_with(b".")
}

/// Reads every string up to the end, or to an opcode that nobody knows.
pub(super) fn read(bytes: &Bytes) -> Values {
    let mut values = Values::default();
    let mut at = 0;
    loop {
        let opcode = bytes.get(at).copied();
        at += 1;
        let step = match opcode {
            Some(b'.') => {
                values.is_whole = at == bytes.len();
                return values;
            }
            Some(opcode) => step(bytes, &mut at, opcode, &mut values),
            None => None,
        };
        if step.is_none() {
            return values;
        }
    }
}

fn step(bytes: &Bytes, at: &mut usize, opcode: u8, values: &mut Values) -> Option<()> {
    let (sort, size) = match opcode {
        b'C' => (Sort::Bytes, 1),
        b'B' => (Sort::Bytes, 4),
        0x8e | 0x96 => (Sort::Bytes, 8),
        b'U' => (Sort::Bytes, 1),
        b'T' => (Sort::Bytes, 4),
        0x8c => (Sort::Text, 1),
        b'X' => (Sort::Text, 4),
        0x8d => (Sort::Text, 8),
        _ => return skip(bytes, at, opcode, values),
    };
    let length = number_le(bytes, at, size)?;
    let content = take(bytes, at, length)?;
    if opcode == b'X' {
        add_encoded(&String::from_utf8_lossy(&content), values);
    }
    values.add(sort, content);
    Some(())
}

/// Adds the bytes that `text` may stand for: protocols 0 to 2 have no bytes, and write each as a character.
fn add_encoded(text: &str, values: &mut Values) {
    if text.is_ascii() {
        return;
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect();
    if let Some(bytes) = bytes {
        values.add(Sort::Bytes, bytes.into());
    }
}

/// What a line of the text protocol says, without escapes (`raw-unicode-escape`); bytes that are none are Latin 1.
fn unescaped(line: &[u8]) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((byte, behind)) = rest.split_first() {
        let digits = match (byte, behind.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => 0,
        };
        let escaped = behind.get(1..1 + digits).filter(|_| digits > 0).and_then(|digits| str::from_utf8(digits).ok());
        match escaped.and_then(|digits| char::from_u32(u32::from_str_radix(digits, 16).ok()?)) {
            Some(character) => {
                text.push(character);
                rest = &behind[1 + digits..];
            }
            None => {
                text.push(char::from(*byte));
                rest = behind;
            }
        }
    }
    text
}

/// Passes by what follows `opcode`.
fn skip(bytes: &Bytes, at: &mut usize, opcode: u8, values: &mut Values) -> Option<()> {
    let length = match opcode {
        b'J' | b'r' | b'j' | 0x84 => 4,
        b'K' | b'q' | b'h' | 0x80 | 0x82 => 1,
        b'M' | 0x83 => 2,
        b'G' | 0x95 => 8,
        0x8a => number_le(bytes, at, 1)?,
        0x8b => number_le(bytes, at, 4)?,
        b'c' | b'i' => {
            line(bytes, at)?;
            line(bytes, at)?;
            0
        }
        b'S' | b'V' => {
            let line = line(bytes, at)?;
            if opcode == b'V' {
                let text = unescaped(&line);
                add_encoded(&text, values);
                values.add(Sort::Text, text.into());
            } else {
                values.add(Sort::Text, line);
            }
            0
        }
        b'I' | b'L' | b'F' | b'p' | b'g' | b'P' => {
            line(bytes, at)?;
            0
        }
        b'('
        | b'0'
        | b'1'
        | b'2'
        | b'N'
        | b'Q'
        | b'R'
        | b'a'
        | b'b'
        | b'd'
        | b'e'
        | b'l'
        | b'o'
        | b's'
        | b't'
        | b'u'
        | b')'
        | b']'
        | b'}'
        | 0x81
        | 0x85..=0x89
        | 0x8f..=0x94
        | 0x97
        | 0x98 => 0,
        _ => return None,
    };
    take(bytes, at, length).map(drop)
}

fn line(bytes: &Bytes, at: &mut usize) -> Option<Bytes> {
    let length = memchr::memchr(b'\n', bytes.get(*at..)?)?;
    let line = take(bytes, at, length as u64)?;
    *at += 1;
    Some(line)
}
