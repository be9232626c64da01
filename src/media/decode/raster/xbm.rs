//! XBM: bits in a piece of C. Source: X Window System, "Bitmap File Format".

use super::Planes;
use crate::media::decode::{DecodeError, Decoding};

impl Decoding<'_, '_> {
    pub(in crate::media::decode) fn xbm(&mut self) -> Result<(), DecodeError> {
        let side = |name: &[u8]| defined(self.bytes, name).ok_or_else(DecodeError::header_cut_off);
        let size = (side(b"width")?, side(b"height")?);
        let start = memchr::memchr(b'{', self.bytes).ok_or_else(DecodeError::header_cut_off)?;
        let data = &self.bytes[start + 1..];
        let words = || data.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(number);
        // Of version 10, numbers have sixteen bits.
        if memchr::memmem::find(&self.bytes[..start], b"short").is_some() {
            return self.xbm_of(words(), 16, size);
        }
        // Pillow goes from one x to the next, whatever is between them.
        let behind = || memchr::memchr_iter(b'x', data).filter_map(|at| data.get(at + 1..at + 3)).map(hex_digits);
        let of_words = self.xbm_of(words(), 8, size);
        if words().eq(behind()) { of_words } else { of_words.and(self.xbm_of(behind(), 8, size)) }
    }

    /// A picture of numbers of `each` bits, row by row.
    fn xbm_of(
        &mut self,
        mut numbers: impl Iterator<Item = u32>,
        each: usize,
        (width, height): (u32, u32),
    ) -> Result<(), DecodeError> {
        let mut planes = Planes::new(self, width, height, 1)?;
        for row in 0..height as usize {
            if row % super::ROWS_A_LOOK == 0 {
                self.check_deadline()?;
            }
            let line = numbers.by_ref().take((width as usize).div_ceil(each));
            let bits = line.flat_map(|word| (0..each).map(move |bit| if word >> bit & 1 == 1 { 0 } else { 255 }));
            planes.put(0, row, bits);
        }
        planes.show(self, 0, |pixel| [pixel[0]; 3])
    }
}

/// What is no digit counts for nothing.
fn hex_digits(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number, digit| number << 4 | char::from(*digit).to_digit(16).unwrap_or_default())
}

/// The number after a name that ends so.
fn defined(text: &[u8], name: &[u8]) -> Option<u32> {
    let at = memchr::memmem::find(text, name)? + name.len();
    let word = text[at..].split(u8::is_ascii_whitespace).find(|word| !word.is_empty())?;
    std::str::from_utf8(word).ok()?.parse().ok()
}

fn number(word: &[u8]) -> u32 {
    let Ok(word) = std::str::from_utf8(word) else { return 0 };
    let hex = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    hex.map_or_else(|| word.parse(), |hex| u32::from_str_radix(hex, 16)).unwrap_or_default()
}

/// Where the definition of a width is that begins an XBM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::media) enum Xbm {
    /// In the first line, after no more than a comment.
    AtOnce,
    /// After other definitions, as headers of C may have some.
    Later,
}

/// Bytes of definitions before the samples.
const HEAD: usize = 2_048;

/// Whether bytes begin as an XBM does: with definitions, a width among them, and with all else that it has. Readers ask
/// for no more than the ends of these names.
pub(in crate::media) fn is_xbm(bytes: &[u8]) -> Option<Xbm> {
    let start = bytes.trim_ascii_start();
    let head = &start[..start.len().min(HEAD)];
    let start = match memchr::memmem::find(head, b"*/") {
        Some(end) if head.starts_with(b"/*") => head[end + 2..].trim_ascii_start(),
        _ => head,
    };
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let has = |name: &[u8]| memchr::memmem::find(start, name).is_some();
    if !start.starts_with(b"#define") || !has(b"height") || !has(b"_bits[") {
        return None;
    }
    let is_in_line = defined(line, b"width").is_some();
    if is_in_line { Some(Xbm::AtOnce) } else { defined(start, b"width").map(|_| Xbm::Later) }
}
