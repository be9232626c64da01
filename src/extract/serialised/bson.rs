//! BSON. Source: bsonspec.org, version 1.1.

use bytes::Bytes;

use super::{MAX_DEPTH, Sort, Values, number_le, take};

/// Shortest document with a string in it.
const MIN_LENGTH: usize = 12;

/// Whether `bytes` are as long as the document in them says, and begin and end like one.
pub(super) fn may_be(bytes: &[u8]) -> bool {
    let length = number_le(bytes, &mut 0, 4);
    bytes.len() >= MIN_LENGTH
        && length == Some(bytes.len() as u64)
        && matches!(bytes[4], 1..=0x13)
        && bytes.ends_with(&[0])
}

/// Reads documents behind each other, as dumps have them.
pub(super) fn read(bytes: &Bytes) -> Values {
    let mut values = Values::default();
    let mut at = 0;
    while at < bytes.len() {
        if document(bytes, &mut at, &mut values, 0).is_none() {
            return values;
        }
    }
    values.is_whole = true;
    values
}

fn document(bytes: &Bytes, at: &mut usize, values: &mut Values, depth: usize) -> Option<()> {
    // Its length; some write one that is off, and the elements are there all the same.
    number_le(bytes, at, 4)?;
    loop {
        match number_le(bytes, at, 1) {
            Some(0) => return Some(()),
            // The end mark of the outermost document may be missing.
            None if depth == 0 => return Some(()),
            kind => {
                let name = name(bytes, at)?;
                values.add(Sort::Text, name);
                element(bytes, at, kind? as u8, values, depth)?;
            }
        }
    }
}

/// A text up to its zero.
fn name(bytes: &Bytes, at: &mut usize) -> Option<Bytes> {
    let length = memchr::memchr(0, bytes.get(*at..)?)?;
    let name = take(bytes, at, length as u64)?;
    *at += 1;
    Some(name)
}

fn element(bytes: &Bytes, at: &mut usize, kind: u8, values: &mut Values, depth: usize) -> Option<()> {
    let skipped = match kind {
        0x02 | 0x0d | 0x0e => {
            let length = number_le(bytes, at, 4)?.checked_sub(1)?;
            let text = take(bytes, at, length)?;
            values.add(Sort::Text, text);
            1
        }
        0x05 => {
            let length = number_le(bytes, at, 4)?;
            *at += 1;
            let content = take(bytes, at, length)?;
            values.add(Sort::Bytes, content);
            0
        }
        0x03 | 0x04 if depth < MAX_DEPTH => return document(bytes, at, values, depth + 1),
        // Code with a scope: its length, a string, a document.
        0x0f if depth < MAX_DEPTH => {
            number_le(bytes, at, 4)?;
            element(bytes, at, 0x02, values, depth)?;
            return document(bytes, at, values, depth + 1);
        }
        0x0b => {
            values.add(Sort::Text, name(bytes, at)?);
            name(bytes, at)?;
            0
        }
        0x0c => {
            element(bytes, at, 0x02, values, depth)?;
            12
        }
        0x01 | 0x09 | 0x11 | 0x12 => 8,
        0x07 => 12,
        0x08 => 1,
        0x10 => 4,
        0x13 => 16,
        0x06 | 0x0a | 0x7f | 0xff => 0,
        _ => return None,
    };
    take(bytes, at, skipped).map(drop)
}
