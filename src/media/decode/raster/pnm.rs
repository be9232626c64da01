//! PBM, PGM, PPM and PAM: headers as readers forgive them, written anew for the crate `image`.
//!
//! Source: the manual pages of netpbm. Pillow, ImageMagick and libvips take all white space of C, a comment in place of
//! it, comments of any length, and the fields of a PAM in any order.

use image::codecs::pnm::PnmDecoder;

use crate::media::decode::source::Source;
use crate::media::decode::{DecodeError, Decoding};

/// Digits of a number.
const MOST_DIGITS: usize = 10;

/// Fields of a PAM that are written anew, the last of which may be missing.
const FIELDS: [&str; 5] = ["WIDTH", "HEIGHT", "DEPTH", "MAXVAL", "TUPLTYPE"];

impl Decoding<'_, '_> {
    pub(in crate::media::decode) fn pnm(&mut self) -> Result<(), DecodeError> {
        let usual = match usual_header(self.bytes).or_else(|| forgiven_header(self.bytes)) {
            Some((header, data)) if !self.bytes.starts_with(&header) => {
                Some([&header[..], self.bytes.get(data..).unwrap_or_default()].concat())
            }
            _ => None,
        };
        let source = Source::new(usual.as_deref().unwrap_or(self.bytes), self.means.deadline);
        self.still(PnmDecoder::new(source), 0)
    }
}

/// White space of C.
pub(in crate::media) const fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// The words of a header, between white space and comments.
#[derive(Clone)]
pub(in crate::media) struct Words<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The words at the start of `bytes`.
pub(in crate::media) const fn netpbm_words(bytes: &[u8]) -> Words<'_> {
    Words { bytes, at: 0 }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let rest = self.bytes.get(self.at..)?;
            self.at += rest.iter().position(|byte| !is_space(*byte))?;
            if self.bytes[self.at] != b'#' {
                break;
            }
            self.at += memchr::memchr2(b'\n', b'\r', &self.bytes[self.at..])?;
        }
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|byte| is_space(*byte) || *byte == b'#').unwrap_or(rest.len());
        self.at += end;
        Some(&rest[..end])
    }
}

impl Words<'_> {
    fn number(&mut self) -> Option<u32> {
        let word = self.next().filter(|word| word.len() <= MOST_DIGITS && word.iter().all(u8::is_ascii_digit))?;
        std::str::from_utf8(word).ok()?.parse().ok()
    }

    /// A number that any byte ends, as ImageMagick has it.
    fn forgiven_number(&mut self) -> Option<u32> {
        // The byte that ended the one before.
        self.at += usize::from(self.bytes.get(self.at).is_some_and(|byte| !is_space(*byte) && *byte != b'#'));
        let word = self.next()?;
        let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at -= word.len() - digits;
        (1..=MOST_DIGITS).contains(&digits).then_some(std::str::from_utf8(&word[..digits]).ok()?.parse().ok()?)
    }

    /// Where what follows the white space after the last word is.
    fn data(&self) -> usize {
        match self.bytes.get(self.at) {
            Some(b'#') => {
                let end = memchr::memchr2(b'\n', b'\r', &self.bytes[self.at..]);
                end.map_or(self.bytes.len(), |end| self.at + end + 1)
            }
            _ => self.at + 1,
        }
    }
}

/// The numbers at the start of `bytes`.
pub(in crate::media) fn numbers_at<const N: usize>(bytes: &[u8]) -> Option<[u32; N]> {
    let mut words = netpbm_words(bytes);
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = words.number()?;
    }
    Some(numbers)
}

/// The header of a file that has all of it, as most programs write it, and where its data begin.
pub(in crate::media) fn usual_header(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    match bytes {
        [b'P', b'7', rest @ ..] => {
            rest.first().filter(|byte| is_space(**byte) || **byte == b'#')?;
            usual_pam(netpbm_words(rest))
        }
        bytes => header_of(bytes, |words| words.number()),
    }
}

/// The same where anything may end a number: too much for telling what the file is.
fn forgiven_header(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    header_of(bytes, |words| words.forgiven_number())
}

fn header_of(bytes: &[u8], number: fn(&mut Words<'_>) -> Option<u32>) -> Option<(Vec<u8>, usize)> {
    let [b'P', kind @ b'1'..=b'6', rest @ ..] = bytes else { return None };
    rest.first().filter(|byte| is_space(**byte) || **byte == b'#')?;
    let mut words = netpbm_words(rest);
    let count = if matches!(kind, b'1' | b'4') { 2 } else { 3 };
    let numbers: Vec<u32> = std::iter::from_fn(|| number(&mut words)).take(count).collect();
    let [width, height, ref most @ ..] = numbers[..] else { return None };
    let mut header = format!("P{}\n{width} {height}\n", char::from(*kind));
    match most {
        [] if count == 2 => {}
        [most] => header.push_str(&format!("{most}\n")),
        _ => return None,
    }
    Some((header.into_bytes(), 2 + words.data()))
}

fn usual_pam(mut words: Words<'_>) -> Option<(Vec<u8>, usize)> {
    let mut values: [Option<&[u8]>; FIELDS.len()] = [None; FIELDS.len()];
    loop {
        let name = words.next()?;
        if name.eq_ignore_ascii_case(b"ENDHDR") {
            break;
        }
        let field = FIELDS.iter().position(|field| name.eq_ignore_ascii_case(field.as_bytes()))?;
        values[field] = Some(words.next()?);
    }
    let mut header = b"P7\n".to_vec();
    for (field, (name, value)) in FIELDS.iter().zip(values).enumerate() {
        match value {
            Some(value) => header.extend([name.as_bytes(), b" ", value, b"\n"].concat()),
            None if field + 1 == FIELDS.len() => {}
            None => return None,
        }
    }
    header.extend(b"ENDHDR\n");
    let is_long = words.bytes[words.at.min(words.bytes.len())..].starts_with(b"\r\n");
    Some((header, 2 + words.data() + usize::from(is_long)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::decode::testing::only;

    #[test]
    fn headers_are_read_as_readers_forgive_them() {
        let pixels: Vec<u8> = (1..=12).collect();
        let comment = format!("P6\n#{}\n2 2\n255\n", "x".repeat(70_000));
        for header in [
            "P6\n2 2\n255\n",
            "P6#c\n2 2 255\n",
            "P6\x0b2 2 255\n",
            "P6\r# a\r2\t00002#b\n255\n",
            &comment,
            "P7\r\nWIDTH 2\nHEIGHT 2\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n",
            "P7\nHEIGHT 2\nDEPTH 3\n# a\nMAXVAL 255\nwidth 2\nTUPLTYPE RGB\nENDHDR\r\n",
        ] {
            let shown = only(&[header.as_bytes(), &pixels].concat());
            assert_eq!((shown.width, shown.height), (2, 2), "{header:.60}");
            assert_eq!(shown.rgba[3], [10, 11, 12, 255], "{header:.60}");
        }
        for header in ["P6\n2 2q255\n", "P6\n2x2 255;", "P6 2,2,255\n"] {
            assert_eq!(usual_header(header.as_bytes()), None, "{header}");
            assert_eq!(
                forgiven_header(header.as_bytes()),
                Some((b"P6\n2 2\n255\n".to_vec(), header.len())),
                "{header}"
            );
        }
        for none in ["P6", "P6 2 2", "P6 2 2 x", "P62 2 255 ", "P7\nsecond line", "P7 332\n2 2 255\n"] {
            assert_eq!(usual_header(none.as_bytes()), None, "{none}");
        }
    }
}
