//! The block in front of an entry, as all variants of tar have it.
//!
//! Sources: POSIX.1-2017 pax §"ustar Interchange Format"; GNU tar manual §"Basic Tar Format".

pub(super) const BLOCK: usize = 512;

/// The size of what follows stands here.
const SIZE: std::ops::Range<usize> = 124..136;
const CHECKSUM: std::ops::Range<usize> = 148..156;
const MAGIC: usize = 257;

/// A header whose checksum is right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header<'a>(&'a [u8; BLOCK]);

impl<'a> Header<'a> {
    pub(super) fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let block: &[u8; BLOCK] = bytes.get(at..)?.first_chunk()?;
        let stated = octal(&block[CHECKSUM])?;
        let spaces = CHECKSUM.len() as i64 * i64::from(b' ');
        let others = || block[..CHECKSUM.start].iter().chain(&block[CHECKSUM.end..]);
        let unsigned = others().map(|byte| i64::from(*byte)).sum::<i64>() + spaces;
        // Some old writers took bytes for signed.
        let signed = || others().map(|byte| i64::from(*byte as i8)).sum::<i64>() + spaces;
        let stated = i64::try_from(stated).ok()?;
        (stated == unsigned || stated == signed()).then_some(Self(block))
    }

    /// What kind of entry it is.
    pub(super) fn kind(self) -> u8 {
        self.0[156]
    }

    /// Bytes of content, if that is a number.
    pub(super) fn size(self) -> Option<u64> {
        number(&self.0[SIZE])
    }

    pub(super) fn name(self) -> String {
        let name = text(&self.0[..100]);
        let prefix = if has_magic(self.0) && self.0[MAGIC + 5] == 0 { text(&self.0[345..500]) } else { String::new() };
        if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
    }

    /// The map of a sparse file of GNU's old format: where each piece belongs, and its length. The second value tells
    /// whether it goes on in the next block.
    pub(super) fn sparse_map(self) -> (Vec<(u64, u64)>, bool) {
        (pieces(&self.0[386..482]), self.0[482] != 0)
    }

    /// Bytes of a sparse file of GNU's old format once it is expanded.
    pub(super) fn real_size(self) -> Option<u64> {
        number(&self.0[483..495])
    }
}

/// A block in which the map of a sparse file goes on.
pub(super) fn more_sparse_map(block: &[u8; BLOCK]) -> (Vec<(u64, u64)>, bool) {
    (pieces(&block[..504]), block[504] != 0)
}

fn pieces(map: &[u8]) -> Vec<(u64, u64)> {
    let pieces = map.chunks_exact(24).map_while(|piece| Some((number(&piece[..12])?, number(&piece[12..])?)));
    pieces.take_while(|(offset, length)| *offset > 0 || *length > 0).collect()
}

/// Whether `bytes` say that they are a tar file.
pub(super) fn has_magic(bytes: &[u8]) -> bool {
    matches!(bytes.get(MAGIC..MAGIC + 6), Some(b"ustar\0" | b"ustar "))
}

/// Up to the first zero.
fn text(field: &[u8]) -> String {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// A number in octal digits, or in GNU's binary notation for large ones.
fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 == 0 {
        return octal(field);
    }
    let bytes = std::iter::once(first & 0x7f).chain(rest.iter().copied());
    bytes.into_iter().try_fold(0_u64, |value, byte| value.checked_mul(256)?.checked_add(u64::from(byte)))
}

/// Digits between spaces and zeros, and nothing else: readers differ about everything else.
fn octal(field: &[u8]) -> Option<u64> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !is_blank(byte)).unwrap_or(field.len());
    let digits = field[start..].iter().position(is_blank).unwrap_or(field.len() - start);
    let (digits, rest) = field[start..].split_at(digits);
    let digit = |byte: &u8| (b'0'..=b'7').contains(byte).then(|| u64::from(byte - b'0'));
    let value = digits.iter().try_fold(0_u64, |value, byte| value.checked_mul(8)?.checked_add(digit(byte)?))?;
    rest.iter().all(is_blank).then_some(value)
}
