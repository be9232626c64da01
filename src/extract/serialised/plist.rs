//! Property lists in their binary form. Source: `CFBinaryPList.c` of Apple's CoreFoundation, its comment on the format.

use bytes::Bytes;

use super::{MAX_VALUES, Sort, Values, number, take};

pub(super) const MAGIC: &[u8] = b"bplist0";

const TRAILER: usize = 32;

/// Reads every string and every run of bytes among the objects, whatever refers to them.
pub(super) fn read(bytes: &Bytes) -> Values {
    let mut values = Values::default();
    values.is_whole = objects(bytes, &mut values).is_some();
    values
}

fn objects(bytes: &Bytes, values: &mut Values) -> Option<()> {
    let mut at = bytes.len().checked_sub(TRAILER)? + 6;
    let size = number(bytes, &mut at, 1)? as usize;
    at += 1;
    let count = number(bytes, &mut at, 8)?.min(MAX_VALUES as u64);
    at += 8;
    let mut table = usize::try_from(number(bytes, &mut at, 8)?).ok()?;
    if !(1..=8).contains(&size) {
        return None;
    }
    for _ in 0..count {
        let place = number(bytes, &mut table, size)?;
        object(bytes, usize::try_from(place).ok()?, values);
    }
    Some(())
}

fn object(bytes: &Bytes, mut at: usize, values: &mut Values) -> Option<()> {
    let marker = number(bytes, &mut at, 1)?;
    let mut length = marker & 15;
    if length == 15 {
        // A number in its turn: 2 to the power of so many bytes.
        let size = number(bytes, &mut at, 1)?;
        length = number(bytes, &mut at, 1 << (size & 3))?;
    }
    match marker >> 4 {
        4 => values.add(Sort::Bytes, take(bytes, &mut at, length)?),
        5 | 7 => values.add(Sort::Text, take(bytes, &mut at, length)?),
        6 => {
            let text = take(bytes, &mut at, length.checked_mul(2)?)?;
            let units = text.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
            let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect();
            values.add(Sort::Text, text.into());
        }
        _ => {}
    }
    Some(())
}
