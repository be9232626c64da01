//! MessagePack. Source: github.com/msgpack/msgpack, spec.md.

use bytes::Bytes;

use super::{Sort, Values, number, take};

/// Reads values behind each other. Lists need no nesting: what is in them follows them.
pub(super) fn read(bytes: &Bytes) -> Values {
    let mut values = Values::default();
    let mut at = 0;
    // Values that lists and maps still have.
    let mut missing: u64 = 0;
    while at < bytes.len() {
        let Some(more) = value(bytes, &mut at, &mut values) else {
            return values;
        };
        missing = missing.saturating_sub(1).saturating_add(more);
    }
    values.is_whole = missing == 0;
    values
}

/// Reads one value; how many others are in it.
fn value(bytes: &Bytes, at: &mut usize, values: &mut Values) -> Option<u64> {
    let first = *bytes.get(*at)?;
    *at += 1;
    let (sort, length) = match first {
        0x00..=0x7f => {
            values.number(u64::from(first));
            return Some(0);
        }
        0xcc => {
            values.number(number(bytes, at, 1)?);
            return Some(0);
        }
        0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => return Some(0),
        0x80..=0x8f => return Some(2 * u64::from(first & 15)),
        0x90..=0x9f => return Some(u64::from(first & 15)),
        0xdc | 0xdd => return number(bytes, at, if first == 0xdc { 2 } else { 4 }),
        0xde | 0xdf => return Some(2 * number(bytes, at, if first == 0xde { 2 } else { 4 })?),
        0xcd..=0xcf => {
            values.scalar(number(bytes, at, 1 << (first - 0xcc))?);
            return Some(0);
        }
        0xca | 0xd2 => return take(bytes, at, 4).map(|_| 0),
        0xcb | 0xd3 => return take(bytes, at, 8).map(|_| 0),
        0xd0 => return take(bytes, at, 1).map(|_| 0),
        0xd1 => return take(bytes, at, 2).map(|_| 0),
        0xa0..=0xbf => (Sort::Text, u64::from(first & 31)),
        0xd9..=0xdb => (Sort::Text, number(bytes, at, 1 << (first - 0xd9))?),
        0xc4..=0xc6 => (Sort::Bytes, number(bytes, at, 1 << (first - 0xc4))?),
        // Extensions have a type in front of their bytes.
        0xc7..=0xc9 => (Sort::Bytes, number(bytes, at, 1 << (first - 0xc7))? + 1),
        0xd4..=0xd8 => (Sort::Bytes, (1 << (first - 0xd4)) + 1),
        0xc1 => return None,
    };
    let content = take(bytes, at, length)?;
    let is_extension = matches!(first, 0xc7..=0xc9 | 0xd4..=0xd8);
    values.add(sort, if is_extension { content.slice(1..) } else { content });
    Some(0)
}
