//! Bytes → characters with their places, without an intermediate copy.
//!
//! No declared charset is believed here: senders choose it. Where the bytes leave more than one reading, all are
//! scanned, since what stores the text may choose another than we would: a byte order mark may be ignored, and bytes
//! that are not UTF-8 may be windows-1252 or have faults replaced. Otherwise a byte or two would hide everything.

use std::sync::LazyLock;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Characters of windows-1252 for the bytes 0x80 to 0xFF.
static WINDOWS_1252_HIGH: LazyLock<[char; 128]> = LazyLock::new(|| {
    let bytes: Vec<u8> = (0x80..=0xff).collect();
    let (decoded, _) = WINDOWS_1252.decode_without_bom_handling(&bytes);
    let mut table = [char::REPLACEMENT_CHARACTER; 128];
    for (slot, ch) in table.iter_mut().zip(decoded.chars()) {
        *slot = ch;
    }
    table
});

/// Bytes of ASCII given out at once: endless text must not become endless windows.
pub(super) const MAX_STRETCH: usize = 4 << 10;

/// One way to read bytes as characters. Offsets are always into the original bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reading<'a> {
    /// UTF-8, and each byte that is not part of valid UTF-8 as windows-1252.
    Utf8(&'a [u8]),
    /// windows-1252, which gives every byte a character.
    Windows1252(&'a [u8]),
    /// UTF-16, low byte first.
    Utf16Le(&'a [u8]),
    /// UTF-16, high byte first.
    Utf16Be(&'a [u8]),
}

impl<'a> Reading<'a> {
    /// Every reading of `bytes`, the likeliest first; one only for valid UTF-8 and for UTF-8 that was cut at its end.
    pub(super) fn all_of(bytes: &'a [u8]) -> impl Iterator<Item = Self> {
        let other = match Encoding::for_bom(bytes) {
            Some((encoding, _)) if encoding == UTF_16LE => Some(Self::Utf16Le(bytes)),
            Some((encoding, _)) if encoding == UTF_16BE => Some(Self::Utf16Be(bytes)),
            _ if has_foreign_bytes(bytes) => Some(Self::Windows1252(bytes)),
            _ => None,
        };
        other.into_iter().chain([Self::Utf8(bytes)])
    }

    /// The longest stretch at `at` whose bytes are ASCII characters, up to [`MAX_STRETCH`]; always empty for UTF-16.
    pub(super) fn ascii_at(self, at: usize) -> &'a [u8] {
        match self {
            Self::Utf8(bytes) | Self::Windows1252(bytes) => {
                let rest = bytes.get(at..).unwrap_or_default();
                let rest = &rest[..rest.len().min(MAX_STRETCH)];
                &rest[..Encoding::ascii_valid_up_to(rest)]
            }
            Self::Utf16Le(_) | Self::Utf16Be(_) => &[],
        }
    }

    /// The character at `at` and how many bytes it takes; `None` at the end.
    pub(super) fn char_at(self, at: usize) -> Option<(char, usize)> {
        match self {
            Self::Utf8(bytes) => utf8_or_windows_1252(bytes.get(at..)?),
            Self::Windows1252(bytes) => Some((windows_1252(*bytes.get(at)?), 1)),
            Self::Utf16Le(bytes) => utf16(bytes.get(at..)?, u16::from_le_bytes),
            Self::Utf16Be(bytes) => utf16(bytes.get(at..)?, u16::from_be_bytes),
        }
    }
}

fn utf8_or_windows_1252(rest: &[u8]) -> Option<(char, usize)> {
    let first = *rest.first()?;
    let len = match first {
        0..=0x7f => return Some((char::from(first), 1)),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let valid = rest.get(..len).and_then(|sequence| std::str::from_utf8(sequence).ok());
    match valid.and_then(|sequence| sequence.chars().next()) {
        Some(ch) => Some((ch, len)),
        None => Some((windows_1252(first), 1)),
    }
}

fn windows_1252(byte: u8) -> char {
    if byte.is_ascii() { char::from(byte) } else { WINDOWS_1252_HIGH[usize::from(byte & 0x7f)] }
}

fn has_foreign_bytes(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_some())
}

fn utf16(rest: &[u8], unit: fn([u8; 2]) -> u16) -> Option<(char, usize)> {
    let mut units = rest.chunks_exact(2).take(2).map(|pair| unit([pair[0], pair[1]]));
    match char::decode_utf16(units.by_ref()).next() {
        Some(Ok(ch)) => Some((ch, ch.len_utf16() * 2)),
        Some(Err(_)) => Some((char::REPLACEMENT_CHARACTER, 2)),
        None => (!rest.is_empty()).then_some((char::REPLACEMENT_CHARACTER, rest.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn characters(reading: Reading<'_>) -> Vec<(usize, char)> {
        let mut at = 0;
        std::iter::from_fn(|| {
            let (ch, len) = reading.char_at(at)?;
            at += len;
            Some((at - len, ch))
        })
        .collect()
    }

    #[test]
    fn bytes_are_utf8_and_what_is_not_is_windows_1252() {
        for (bytes, expected) in [
            (&b"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xa3"[..], &[(0, 'a'), (1, 'é'), (3, '€'), (6, '💣')][..]),
            (b"caf\xe9", &[(0, 'c'), (1, 'a'), (2, 'f'), (3, 'é')]),
            (b"\x80\x93", &[(0, '€'), (1, '“')]),
            (b"\xff\xc3\xa9", &[(0, 'ÿ'), (1, 'é')]),
            (b"\xe2\x82", &[(0, 'â'), (1, '‚')]),
            (b"\xed\xa0\x80", &[(0, 'í'), (1, '\u{a0}'), (2, '€')]),
        ] {
            assert_eq!(characters(Reading::Utf8(bytes)), expected, "{bytes:x?}");
        }
        assert_eq!(characters(Reading::Windows1252(b"a\xc9\x85")), [(0, 'a'), (1, 'É'), (2, '…')]);
    }

    #[test]
    fn utf16_is_read_in_both_byte_orders_with_its_faults() {
        let le = b"a\0\x3d\xd8\xa3\xdc\x3d\xd8b\0c";
        let expected =
            [(0, 'a'), (2, '💣'), (6, char::REPLACEMENT_CHARACTER), (8, 'b'), (10, char::REPLACEMENT_CHARACTER)];
        assert_eq!(characters(Reading::Utf16Le(le)), expected);
        assert_eq!(characters(Reading::Utf16Be(b"\0a\x20\xac")), [(0, 'a'), (2, '€')]);
    }

    #[test]
    fn doubtful_bytes_get_a_second_reading() {
        for (bytes, count) in [
            (&b"\xff\xfea\0"[..], 2),
            (b"\xfe\xff\0a", 2),
            (b"caf\xe9s", 2),
            (b"\xef\xbb\xbfa", 1),
            (b"a\0", 1),
            (b"cut \xe2\x82", 1),
            (b"", 1),
        ] {
            let readings: Vec<Reading<'_>> = Reading::all_of(bytes).collect();
            assert_eq!(readings.len(), count, "{bytes:x?}");
            assert!(matches!(readings.last(), Some(Reading::Utf8(whole)) if *whole == bytes));
        }
    }
}
