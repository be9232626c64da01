//! Whether bytes read as text.
//!
//! Most files that are no text are told by control characters in their first bytes. Samples of light pictures have
//! none, but long stretches in which nothing stands out; UTF-16 without a mark is half control characters and text all
//! the same. In doubt bytes are text: rules that look in vain cost time, rules that do not look miss something.

use std::ops::Range;

use super::metafile::without_samples;

/// Bytes looked at to tell text from anything else.
const SAMPLE: usize = 8 << 10;

/// Bytes counted at once, so few that the count fits in a byte and the compiler counts many side by side.
const LANES: usize = 128;

/// One control character in so many bytes is still text: random bytes have one in nine, and a stray NUL must not keep
/// the rules from looking.
const CONTROLS_PER_TEXT: usize = 32;

/// Places all over the bytes that are looked at, where the first bytes are none: noise may be put in front of a text.
const PLACES: usize = 16;

/// Bytes of each.
const PLACE: usize = 1 << 10;

/// Bytes that are looked at together where texts are between something else.
const BLOCK: usize = 256;

/// Samples of a picture are like those before them, a few bytes away at most and by no more than so much.
const FURTHEST_ALIKE: usize = 4;
const ALIKE: u8 = 3;

/// Bytes in which something stands out if they are writing.
const STRETCH: usize = 64;

/// Bytes that are text whatever stands out in them.
const SHORT: usize = 1 << 10;

/// Neighbours that are further apart than this stand out. Noise of scanners is not.
const JUMP: u8 = 8;

/// So many of them in a stretch may be writing: one way into a word, one out of it, one inside.
const LEAST_JUMPS: u8 = 3;

/// Whether `bytes` read as text, whatever else they are: a small picture may come before one. Of a metafile, what
/// is beside the samples of its bitmaps.
pub fn reads_as_text(bytes: &[u8]) -> bool {
    match without_samples(bytes) {
        Some(rest) => is_text(&rest),
        None => is_text(bytes),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    if matches!(bytes, [0xef, 0xbb, 0xbf, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return true;
    }
    let start = &bytes[..bytes.len().min(SAMPLE)];
    if has_few_controls(start) || is_text_in_most_places(bytes) {
        return bytes.len() < SHORT || has_writing(bytes);
    }
    is_utf16(start)
}

/// Where in `bytes`, much of which may be something else, some read as text: so many bytes at a time, with as many
/// beside them, in which words may begin and end.
pub fn legible_stretches(bytes: &[u8]) -> Vec<Range<usize>> {
    if bytes.len() < SHORT && reads_as_text(bytes) {
        return std::iter::once(0..bytes.len()).collect();
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    for (number, block) in bytes.chunks(BLOCK).enumerate() {
        if !(has_few_controls(block) && has_words(block) || is_utf16(block)) {
            continue;
        }
        let start = number.saturating_sub(1) * BLOCK;
        let end = bytes.len().min((number + 2) * BLOCK);
        match found.last_mut() {
            Some(last) if last.end >= start => last.end = end,
            _ => found.push(start..end),
        }
    }
    found
}

/// Whether `bytes`, which come behind a text, go on like one everywhere.
pub fn goes_on_as_text(bytes: &[u8]) -> bool {
    bytes.chunks(PLACE).all(|block| has_few_controls(block) || is_utf16(block))
}

fn has_few_controls(bytes: &[u8]) -> bool {
    let odd_among = |bytes: &[u8]| usize::from(bytes.iter().map(|byte| is_odd_in_text(*byte)).sum::<u8>());
    let most = bytes.len() / CONTROLS_PER_TEXT;
    let mut odd = 0;
    // Of noise, a part is enough.
    bytes.chunks(LANES).all(|lanes| {
        odd += odd_among(lanes);
        odd <= most
    })
}

/// 1 for a control character that text has no use for; without a branch.
const fn is_odd_in_text(byte: u8) -> u8 {
    let is_space = byte.wrapping_sub(b'\t') <= b'\r' - b'\t';
    ((byte < b' ') & !is_space & (byte != 0x1b) | (byte == 0x7f)) as u8
}

fn is_text_in_most_places(bytes: &[u8]) -> bool {
    let apart = bytes.len() / PLACES;
    if apart < PLACE {
        return false;
    }
    let others = (0..PLACES).filter(|place| !has_few_controls(&bytes[place * apart..][..PLACE]));
    // As many of them are enough.
    others.take(PLACES / 2).count() < PLACES / 2
}

/// Whether anywhere in `bytes` is what may be writing: ASCII, or bytes that are unlike their neighbours. All of them
/// are looked at, since a page may be between blank ones.
fn has_writing(bytes: &[u8]) -> bool {
    bytes.chunks(STRETCH).any(is_writing)
}

/// Whether anywhere in `bytes` is writing that is not as smooth as pictures are.
fn has_words(bytes: &[u8]) -> bool {
    let is_utf8 =
        || bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii() && 2 * chunk.valid().len() > bytes.len());
    bytes.chunks(STRETCH).any(|stretch| is_writing(stretch) && !is_smooth(stretch)) || has_writing(bytes) && is_utf8()
}

fn is_writing(stretch: &[u8]) -> bool {
    let next = stretch.get(1..).unwrap_or_default();
    let jumps: u8 = stretch.iter().zip(next).map(|(byte, next)| u8::from(byte.abs_diff(*next) > JUMP)).sum();
    let third = stretch.get(2..).unwrap_or_default();
    let words = stretch.iter().zip(next).zip(third).map(|((one, two), three)| u8::from(one | two | three < 0x80));
    jumps >= LEAST_JUMPS || words.sum::<u8>() > 0
}

/// Whether two in three bytes of `stretch` are like those at one and the same distance before them.
fn is_smooth(stretch: &[u8]) -> bool {
    (1..=FURTHEST_ALIKE).any(|distance| {
        let others = stretch.get(distance..).unwrap_or_default();
        let alike: usize = stretch.iter().zip(others).filter(|(one, other)| one.abs_diff(**other) <= ALIKE).count();
        others.len() > STRETCH / 4 && 3 * alike > 2 * others.len()
    })
}

/// Whether `start` is UTF-16: one byte of each pair is zero, or always the same as in all of most alphabets, and the
/// pairs with zero are what text has of ASCII, spaces among them.
fn is_utf16(start: &[u8]) -> bool {
    let pairs = start[..start.len().min(SAMPLE / 16)].as_chunks::<2>().0;
    let is_written_in = |high: usize| {
        let mut counts = [0_usize; 0x20];
        let (mut of_ascii, mut spaces) = (0, 0);
        for pair in pairs {
            let (high, low) = (pair[high], pair[1 - high]);
            match high {
                0 if low < 0x80 && low != 0 && is_odd_in_text(low) == 0 => {
                    of_ascii += 1;
                    spaces += usize::from(low.is_ascii_whitespace());
                }
                1..0x20 => counts[usize::from(high)] += 1,
                _ => {}
            }
        }
        let of_alphabet = counts.iter().max().copied().unwrap_or_default();
        10 * (of_ascii + of_alphabet) >= 9 * pairs.len() && 50 * spaces >= pairs.len()
    };
    pairs.len() >= 4 && (is_written_in(0) || is_written_in(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_odd_but_for_those_of_layout() {
        let odd: Vec<u8> = (0..=255).filter(|byte| is_odd_in_text(*byte) == 1).collect();
        let expected: Vec<u8> = (0..=8).chain(0x0e..=0x1a).chain(0x1c..=0x1f).chain([0x7f]).collect();
        assert_eq!(odd, expected);
    }

    /// Bytes that look random, each below `end`.
    fn noise(length: usize, end: u32) -> Vec<u8> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % end
        };
        (0..length).map(|_| next() as u8).collect()
    }

    const GERMAN: &str = "Süße Öläpfel für fünf größere Bären, schön übermütig und äußerst höflich. ";
    const RUSSIAN: &str = "Съешь же ещё этих мягких французских булок, да выпей чаю. ";
    const CHINESE: &str = "禁止萝卜是一种常见的蔬菜，我们每天都在市场上看到它。";

    fn encoded(text: &str, label: &str) -> Vec<u8> {
        encoding_rs::Encoding::for_label(label.as_bytes()).unwrap().encode(&text.repeat(40)).0.into_owned()
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.repeat(40).encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn texts_are_text_in_every_charset_and_between_noise() {
        let latin = encoded(GERMAN, "windows-1252");
        let blank = vec![0xff; 1 << 20];
        for (what, bytes) in [
            ("latin-1", latin.clone()),
            ("windows-1251", encoded(RUSSIAN, "windows-1251")),
            ("koi8-r", encoded(RUSSIAN, "koi8-r")),
            ("gbk", encoded(CHINESE, "gbk")),
            ("one word in gbk", encoded("禁止", "gbk")),
            ("big5", encoded("禁止蘿蔔是一種常見的蔬菜", "big5")),
            ("shift_jis", encoded("これは禁止された大根です。", "shift_jis")),
            ("euc-kr", encoded("이것은 금지된 무입니다. ", "euc-kr")),
            ("UTF-16", utf16("plain english text ", u16::to_le_bytes)),
            ("UTF-16BE", utf16(RUSSIAN, u16::to_be_bytes)),
            ("one letter", vec![b'a'; 4096]),
            ("short", vec![0xff; 100]),
            ("noise before", [noise(20 << 10, 256), latin.repeat(20)].concat()),
            ("noise behind", [latin.repeat(8), noise(1 << 20, 256)].concat()),
            ("noise within", latin.chunks(40).flat_map(|piece| [piece, b"\x01"].concat()).collect()),
            ("between blank pages", [&blank, &latin[..80], &blank].concat()),
            ("a word between blank pages", [&blank, &b"turnip"[..], &blank].concat()),
        ] {
            assert!(reads_as_text(&bytes), "{what}");
        }
    }

    #[test]
    fn samples_of_light_pictures_and_noise_are_none() {
        let scan: Vec<u8> = noise(1 << 20, 7).iter().map(|noise| 0xf0 + noise).collect();
        let gradient: Vec<u8> = (0..1 << 20).map(|at| 0x80 + (at / 999 % 128) as u8).collect();
        let levels: Vec<u8> = (0..4096_u16).flat_map(|at| (at * 7).to_le_bytes()).collect();
        for (what, bytes) in [
            ("a blank page", vec![0xff; 1 << 20]),
            ("noise of a scanner", scan),
            ("a gradient", gradient),
            ("random bytes", noise(1 << 20, 256)),
            ("numbers", levels),
            ("zeros", vec![0; 4096]),
        ] {
            assert!(!reads_as_text(&bytes), "{what}");
        }
    }
    #[test]
    fn stretches_of_text_are_found_between_anything_else() {
        let picture = noise(100 << 10, 256);
        assert!(legible_stretches(&picture).is_empty());
        for text in [encoded(GERMAN, "windows-1252"), encoded(CHINESE, "gbk"), utf16(RUSSIAN, u16::to_le_bytes)] {
            let rest = picture.len() - text.len() % BLOCK;
            let bytes = [&picture, &text[..], &picture[..rest]].concat();
            let [stretch] = &legible_stretches(&bytes)[..] else { panic!("one stretch") };
            assert!(stretch.start <= picture.len() && stretch.end >= picture.len() + text.len(), "{stretch:?}");
            assert!(stretch.len() < text.len() + (8 << 10), "{stretch:?}");
        }
        let text = GERMAN.repeat(20).into_bytes();
        let bytes = [&text, &picture[..], &text].concat();
        let stretches = legible_stretches(&bytes);
        assert_eq!((stretches.len(), stretches[0].start, stretches[1].end), (2, 0, bytes.len()));
        let smooth: Vec<u8> = (0..100_u32 << 10).map(|at| (0x60 + at / 40 % 0x80 + at * 7 % 3) as u8).collect();
        for text in [encoded(GERMAN, "windows-1252"), encoded("これは禁止された大根です。", "shift_jis")] {
            let [stretch] = &legible_stretches(&[&smooth, &text[..], &smooth].concat())[..] else { panic!() };
            assert!(stretch.start <= smooth.len() && stretch.end >= smooth.len() + text.len(), "{stretch:?}");
        }
        for text in ["यह निषिद्ध मूली है ", "ผักต้องห้ามชนิดหนึ่ง"]
        {
            let text = text.repeat(40).into_bytes();
            assert_eq!(legible_stretches(&text).first(), Some(&(0..text.len())));
        }
    }

    #[test]
    fn what_comes_behind_a_text_goes_on_or_not() {
        let text = GERMAN.repeat(100).into_bytes();
        assert!(goes_on_as_text(&text) && goes_on_as_text(&utf16(RUSSIAN, u16::to_le_bytes)));
        assert!(!goes_on_as_text(&[&text, &noise(4 << 10, 256)[..]].concat()));
    }
}
