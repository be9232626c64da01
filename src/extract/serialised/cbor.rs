//! CBOR. Source: RFC 8949 §3.

use bytes::Bytes;

use super::{MAX_DEPTH, Sort, Values, number, take};

/// How much follows the first byte of a value.
enum Length {
    Known(u64),
    /// Up to a mark.
    Open,
}

/// Reads values behind each other.
pub(super) fn read(bytes: &Bytes) -> Values {
    let mut values = Values::default();
    let mut at = 0;
    while at < bytes.len() {
        if value(bytes, &mut at, &mut values, 0).is_none() {
            return values;
        }
    }
    values.is_whole = true;
    values
}

fn is_end(bytes: &[u8], at: &mut usize) -> bool {
    let is_end = bytes.get(*at) == Some(&0xff);
    *at += usize::from(is_end);
    is_end
}

fn value(bytes: &Bytes, at: &mut usize, values: &mut Values, depth: usize) -> Option<()> {
    let first = *bytes.get(*at)?;
    *at += 1;
    let length = match first & 31 {
        length @ 0..=23 => Length::Known(u64::from(length)),
        length @ 24..=27 => Length::Known(number(bytes, at, 1 << (length - 24))?),
        31 => Length::Open,
        _ => return None,
    };
    let sort = if first >> 5 == 2 { Sort::Bytes } else { Sort::Text };
    match (first >> 5, length) {
        (0, Length::Known(number)) => values.number(number),
        (1 | 7, Length::Known(_)) => {}
        (2 | 3, Length::Known(length)) => {
            let content = take(bytes, at, length)?;
            values.add(sort, content);
        }
        (2 | 3, Length::Open) => values.add(sort, pieces(bytes, at, first & 0xe0)?),
        _ if depth == MAX_DEPTH => return None,
        (6, Length::Known(_)) => value(bytes, at, values, depth + 1)?,
        (kind @ (4 | 5), Length::Known(count)) => {
            for _ in 0..count.checked_mul(u64::from(kind) - 3)? {
                value(bytes, at, values, depth + 1)?;
            }
        }
        (4 | 5, Length::Open) => {
            while !is_end(bytes, at) {
                value(bytes, at, values, depth + 1)?;
            }
        }
        _ => return None,
    }
    Some(())
}

/// A string in pieces, each of which is a string of the same kind.
fn pieces(bytes: &Bytes, at: &mut usize, kind: u8) -> Option<Bytes> {
    let mut whole = Vec::new();
    while !is_end(bytes, at) {
        let first = *bytes.get(*at)?;
        *at += 1;
        let length = match first.checked_sub(kind)? {
            length @ 0..=23 => u64::from(length),
            length @ 24..=27 => number(bytes, at, 1 << (length - 24))?,
            _ => return None,
        };
        whole.extend_from_slice(&take(bytes, at, length)?);
    }
    Some(whole.into())
}
