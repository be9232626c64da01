//! Words in bytes that are no text, as `strings` of Unix shows them: in programs, films, data of games, formats that
//! nobody here takes apart.
//!
//! A word counts when chance hardly makes it: twelve readable characters of ASCII behind each other, or eight letters
//! and spaces, or four letters of other alphabets, in UTF-8; six characters in UTF-16, of either order of bytes. Seven
//! letters do where a zero follows, as programs in C end a string, or their number stands in front. Random bytes have
//! less than ten such runs a mebibyte. The search looks at many bytes side by side.

use std::ops::Range;

/// Bytes that are looked at together, and words of four bytes in them.
const BLOCK: usize = 128;
const WORDS: usize = BLOCK / 4;

/// Least characters of ASCII in a run, least letters and spaces, and least weight of other characters: five for one of
/// two bytes, eight for a longer one, for so many bits chance has to hit.
const MIN_ASCII: usize = 12;
const MIN_LETTERS: usize = 8;
const MIN_MARKED: usize = 7;
const MIN_WEIGHT: usize = 20;

/// Least characters of a run in UTF-16.
const MIN_UNITS: usize = 6;

/// First bytes of characters in UTF-16 of alphabets that are looked for beside the Latin one: Greek, Cyrillic,
/// Armenian, Hebrew, Arabic.
const SCRIPTS: std::ops::RangeInclusive<u8> = 3..=7;

/// Words of something, as one text.
#[derive(Debug, Default)]
pub struct Strings {
    /// A run a line, in UTF-8.
    pub text: Vec<u8>,
    /// Where each run begins, in the text and in the bytes, and how it is written there.
    places: Vec<(usize, usize, Written)>,
}

/// How a run is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// As in the text.
    Utf8,
    /// Two bytes a character.
    Utf16,
}

impl Strings {
    /// Those of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut strings = Self::default();
        let (mut narrow, mut wide) = (0, 0);
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for (number, block) in blocks.iter().enumerate() {
            let candidates = candidates(block);
            if candidates == [0; WORDS] {
                continue;
            }
            let of_block = candidates.iter().enumerate().filter(|(_, candidate)| **candidate != 0);
            for at in of_block.map(|(word, _)| number * BLOCK + 4 * word) {
                if at >= narrow && is_in_run(bytes, at) {
                    narrow = strings.take_run(bytes, at, narrow);
                }
                for start in [at, at + 1] {
                    if start >= wide && is_unit_among(bytes, start) {
                        wide = wide.max(strings.take_wide(bytes, start, wide));
                    }
                }
            }
        }
        strings.finish(bytes, bytes.len() - rest.len(), narrow, wide);
        strings
    }

    /// What is left behind the last whole block.
    fn finish(&mut self, bytes: &[u8], from: usize, mut narrow: usize, mut wide: usize) {
        for start in from..bytes.len() {
            if start >= narrow && is_readable(bytes[start]) {
                narrow = self.take_run(bytes, start, narrow);
            }
            if start >= wide && is_unit_among(bytes, start) {
                wide = wide.max(self.take_wide(bytes, start, wide));
            }
        }
    }

    /// Where the byte at `at` of the text is in the bytes.
    pub fn place(&self, at: usize) -> usize {
        let number = self.places.partition_point(|(start, ..)| *start <= at).saturating_sub(1);
        let Some((start, place, written)) = self.places.get(number) else {
            return at;
        };
        match written {
            Written::Utf8 => place + (at - start),
            Written::Utf16 => place + 2 * count_characters(&self.text[*start..at.min(self.text.len())]),
        }
    }

    /// Takes the run around `at`, which begins behind `from`. Where it ends.
    fn take_run(&mut self, bytes: &[u8], at: usize, from: usize) -> usize {
        let start = at - bytes[from.min(at)..at].iter().rev().take_while(|byte| is_readable(**byte)).count();
        let end = at + bytes[at..].iter().take_while(|byte| is_readable(**byte)).count();
        for run in valid_runs(bytes, start..end) {
            if has_words(&bytes[run.clone()]) || is_marked(bytes, &run) {
                self.add(&bytes[run.clone()], run.start, Written::Utf8);
            }
        }
        end.max(at + 1)
    }

    /// Takes the run in UTF-16 that has a character at `at`, lowest byte first. Where it ends.
    fn take_wide(&mut self, bytes: &[u8], at: usize, from: usize) -> usize {
        let script = bytes.get(at + 1).copied().unwrap_or_default();
        let is_unit = |at: usize| is_unit(bytes, at, script);
        let mut start = at;
        while start >= from + 2 && is_unit(start - 2) {
            start -= 2;
        }
        let count = (0..).take_while(|number| is_unit(start + 2 * number)).count();
        if count < MIN_UNITS {
            return at;
        }
        let end = start + 2 * count;
        let units = bytes[start..end].as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
        let mut text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect();
        self.add(text.as_bytes(), start, Written::Utf16);
        // Two bytes beside a run may look like a letter with an accent.
        let is_rare = |character: char| ('\u{100}'..'\u{200}').contains(&character);
        let inner = text.trim_matches(is_rare);
        if inner.len() < text.len() {
            let before = text.chars().take_while(|character| is_rare(*character)).count();
            self.add(inner.as_bytes(), start + 2 * before, Written::Utf16);
        }
        // In the other order of bytes, the last character has its high byte in front.
        if let Some(low) = bytes.get(end)
            && is_readable(*low)
            && let Some(last) = char::from_u32(u32::from(bytes[end - 1]) << 8 | u32::from(*low))
        {
            text.push(last);
            self.add(text.as_bytes(), start, Written::Utf16);
        }
        end
    }

    fn add(&mut self, run: &[u8], place: usize, written: Written) {
        self.places.push((self.text.len(), place, written));
        self.text.extend_from_slice(run);
        self.text.push(b'\n');
    }
}

fn count_characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// Which words of a block may be in a run, not 0. Without a branch, so that the compiler works on many side by side.
///
/// A run of seven bytes has all of such a word in it, which is then four characters of ASCII, characters of two or of
/// three bytes each, or two characters of UTF-16.
fn candidates(block: &[u8; BLOCK]) -> [u32; WORDS] {
    let mut candidates = [0; WORDS];
    for (candidate, word) in candidates.iter_mut().zip(block.as_chunks::<4>().0) {
        let word = u32::from_le_bytes(*word);
        let has = |mask: u32, bits: u32| word & mask == bits;
        let is_ascii = has(0x8080_8080, 0) & (word.wrapping_add(0x6060_6060) & 0x8080_8080 == 0x8080_8080);
        let is_two = has(0xc0e0_c0e0, 0x80c0_80c0) | has(0xe0c0_e0c0, 0xc080_c080);
        let is_three = has(0xf0c0_c0f0, 0xe080_80e0) | has(0xc0f0_c0c0, 0x80e0_8080) | has(0xc0c0_f0c0, 0x8080_e080);
        let is_wide = (has(0xf800_f800, 0) | has(0x00f8_00f8, 0)) & (word != 0);
        *candidate = u32::from(is_ascii | is_two | is_three | is_wide);
    }
    candidates
}

/// Whether enough bytes around `at` are of ASCII, or none of them is.
fn is_in_run(bytes: &[u8], at: usize) -> bool {
    let is_ascii = bytes[at] < 0x80;
    let goes_on = |byte: &u8| is_readable(*byte) && (*byte < 0x80) == is_ascii;
    let after = bytes[at..].iter().take(MIN_MARKED).take_while(|byte| goes_on(byte)).count();
    let before = || bytes[..at].iter().rev().take(MIN_MARKED).take_while(|byte| goes_on(byte)).count();
    after >= MIN_MARKED || after > 0 && after + before() >= MIN_MARKED
}

/// Whether a character of UTF-16 and another one of its alphabet are at `at`.
fn is_unit_among(bytes: &[u8], at: usize) -> bool {
    let script = bytes.get(at + 1).copied().unwrap_or_default();
    is_unit(bytes, at, script) && is_unit(bytes, at + 2, script)
}

/// Whether a byte may be in a text in UTF-8.
const fn is_readable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | 0x80..=0xf4) && !matches!(byte, 0xc0 | 0xc1)
}

/// Whether a character of UTF-16 is at `at`, lowest byte first: of Latin, or of the alphabet whose characters have
/// `script` for their first byte.
fn is_unit(bytes: &[u8], at: usize, script: u8) -> bool {
    match bytes.get(at..at + 2) {
        Some([low, 0]) => matches!(low, b' '..=b'~' | b'\t' | 0xa0..),
        Some([_, high]) => *high == if SCRIPTS.contains(&script) { script } else { 1 },
        _ => false,
    }
}

/// The stretches of `range` that are UTF-8.
fn valid_runs(bytes: &[u8], range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut start = range.start;
    bytes[range].utf8_chunks().map(move |chunk| {
        let run = start..start + chunk.valid().len();
        start = run.end + chunk.invalid().len();
        run
    })
}

/// Whether characters follow each other in `run`, which is UTF-8, that chance does not put there.
fn has_words(run: &[u8]) -> bool {
    let (mut ascii, mut letters, mut weight) = (0, 0, 0);
    run.iter().any(|byte| {
        (ascii, letters, weight) = match byte {
            b' ' | b'A'..=b'Z' | b'a'..=b'z' => (ascii + 1, letters + 1, 0),
            0..0x80 => (ascii + 1, 0, 0),
            0x80..0xc0 => (0, 0, weight),
            0xc0..0xe0 => (0, 0, weight + 5),
            0xe0.. => (0, 0, weight + 8),
        };
        ascii >= MIN_ASCII || letters >= MIN_LETTERS || weight >= MIN_WEIGHT
    })
}

/// Whether a program may have put the letters in `run` there: its end or its length is written.
fn is_marked(bytes: &[u8], run: &Range<usize>) -> bool {
    let before = run.start.checked_sub(1).and_then(|before| bytes.get(before));
    let is_written = bytes.get(run.end) == Some(&0) || before.is_some_and(|before| usize::from(*before) == run.len());
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b' ';
    is_written && run.len() >= MIN_MARKED && bytes[run.clone()].iter().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 88_172_645_463_325_252_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn words_are_found_between_anything_else_wherever_they_stand() {
        let russian = "запрещённая репа";
        for (what, written, expected) in [
            ("ASCII", b"zorblax quantum".to_vec(), "zorblax quantum"),
            ("one word", b"zorblaxian".to_vec(), "zorblaxian"),
            ("a string in C", b"zorblax\0".to_vec(), "zorblax"),
            ("accents", "défense d'entrée".into(), "défense d'entrée"),
            ("UTF-8", russian.into(), russian),
            ("Chinese", "禁止萝卜是一种".into(), "禁止萝卜是一种"),
            ("UTF-16", utf16("zorblax", u16::to_le_bytes), "zorblax"),
            ("UTF-16BE", utf16("zorblax", u16::to_be_bytes), "zorblax"),
            ("UTF-16 in Polish", utf16("zakazana rzepąą", u16::to_le_bytes), "zakazana rzepąą"),
            ("UTF-16 in Russian", utf16(russian, u16::to_le_bytes), russian),
        ] {
            for (before, after) in [(0, 300), (1000, 300), (1001, 299), (1002, 1), (1003, 0), (127, 127)] {
                let noise = noise(before + after);
                let bytes = [&noise[..before], b"\x01\xff", &written, b"\xff\xff\x01", &noise[before..]].concat();
                let strings = Strings::of(&bytes);
                let text = String::from_utf8_lossy(&strings.text).into_owned();
                let at = text.find(expected).unwrap_or_else(|| panic!("{what} at {before}: {text:?}"));
                assert_eq!(strings.place(at).abs_diff(before + 2) / 2, 0, "{what} at {before}");
            }
        }
    }

    #[test]
    fn what_looks_like_a_letter_beside_a_run_does_not_hide_its_words() {
        let wide = utf16("zorblax quantum", u16::to_le_bytes);
        let strings = Strings::of(&[b"\xff\x01", &wide[..], b"\0\x01\xff\xff"].concat());
        let text = String::from_utf8_lossy(&strings.text).into_owned();
        assert!(text.lines().any(|line| line == "zorblax quantum"), "{text:?}");
    }

    #[test]
    fn chance_makes_few() {
        let strings = Strings::of(&noise(1 << 20));
        assert!(strings.places.len() < 40, "{}", String::from_utf8_lossy(&strings.text));
        for plain in [vec![0; 5000], vec![0xff; 5000], (0..5000_u16).flat_map(u16::to_le_bytes).collect()] {
            let strings = Strings::of(&plain);
            assert!(strings.text.len() < 8000, "{}", String::from_utf8_lossy(&strings.text));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..700)) {
            let strings = Strings::of(&bytes);
            proptest::prop_assert!(strings.place(strings.text.len()) <= bytes.len() + 2 * strings.text.len());
        }
    }
}
