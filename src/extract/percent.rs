//! Percent escapes (RFC 3986 §2.1). A broken one stays as it is, as Python, PHP and Node leave it.

use bytes::Bytes;

/// What `+` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plus {
    /// A space, as in forms.
    IsSpace,
    /// Itself, as in URLs.
    IsPlus,
}

/// Undoes the escapes of `text`. Without any, the result is the same slice.
pub(crate) fn decode(text: &Bytes, plus: Plus) -> Bytes {
    let first = match plus {
        Plus::IsSpace => memchr::memchr2(b'%', b'+', text),
        Plus::IsPlus => memchr::memchr(b'%', text),
    };
    if first.is_none() {
        return text.clone();
    }
    undo(text, b'%', (plus == Plus::IsSpace).then_some(b'+')).into()
}

/// Undoes the escapes of `text` that begin with `mark`, and makes spaces of `space`.
pub(crate) fn undo(text: &[u8], mark: u8, space: Option<u8>) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match after {
            _ if space == Some(byte) => decoded.push(b' '),
            [high, low, tail @ ..] if byte == mark => match hex_pair(*high, *low) {
                Some(value) => {
                    decoded.push(value);
                    rest = tail;
                }
                None => decoded.push(byte),
            },
            _ => decoded.push(byte),
        }
    }
    decoded
}

/// The byte that two hex digits stand for.
pub(crate) fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}
