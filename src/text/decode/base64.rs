//! Base64 in the middle of a text, if it is text that is encoded. RFC 4648 §4 and §5.

use std::ops::Range;

use data_encoding::{BASE64_NOPAD, Encoding};
use std::sync::LazyLock;

use crate::text::charset::Charset;
use crate::text::source::SourceText;

/// Characters in a row that are taken for base64; less is a word. Any run as long has two of these blocks in it.
const BLOCK: usize = 8;

/// Bytes that are looked at together.
const CHUNK: usize = 8 * BLOCK;

/// The shortest run that is decoded: two blocks, wherever they lie.
const LEAST: usize = 3 * BLOCK;

/// Both alphabets, whatever the bits are that are left over.
static ENCODING: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut specification = BASE64_NOPAD.specification();
    specification.check_trailing_bits = false;
    specification.translate.from.push_str("-_");
    specification.translate.to.push_str("+/");
    specification.encoding().ok()
});

/// The texts that are encoded in `text`, and where.
pub(super) fn texts(text: &str) -> Vec<(Range<usize>, String)> {
    let runs = runs(text.as_bytes());
    runs.into_iter()
        .filter_map(|run| {
            // What begins before the piece may be cut anywhere.
            let skips = if run.start == 0 { 0..4 } else { 0..1 };
            let decoded = skips.into_iter().find_map(|skip| decode(text.get(run.start + skip..run.end)?))?;
            Some((run, decoded))
        })
        .collect()
}

fn runs(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut before = false;
    for (number, chunk) in bytes.chunks(CHUNK).enumerate() {
        let digits = maybe_digits(chunk);
        for (block, now) in digits.as_chunks::<BLOCK>().0.iter().map(|block| *block == [1; BLOCK]).enumerate() {
            let at = number * CHUNK + block * BLOCK;
            if now && before && runs.last().is_none_or(|run| run.end <= at) {
                let start = bytes[..at].iter().rposition(|byte| !is_digit(*byte)).map_or(0, |before| before + 1);
                let end =
                    bytes[at..].iter().position(|byte| !is_digit(*byte)).map_or(bytes.len(), |length| at + length);
                if end - start >= LEAST {
                    runs.push(start..end);
                }
            }
            before = now;
        }
    }
    runs
}

/// 1 for each of `bytes` that may be a digit, as no space is, and 0 behind them. Arithmetic without branches, so that the
/// compiler does many at once.
fn maybe_digits(bytes: &[u8]) -> [u8; CHUNK] {
    let mut digits = [0; CHUNK];
    for (is_digit, byte) in digits.iter_mut().zip(bytes) {
        *is_digit = u8::from(byte.wrapping_sub(b'+') < 0x80 - b'+');
    }
    digits
}

const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// What `run` encodes, if that reads as text.
fn decode(run: &str) -> Option<String> {
    let whole = run.len() - usize::from(run.len() % 4 == 1);
    let bytes = ENCODING.as_ref()?.decode(run.get(..whole)?.as_bytes()).ok()?;
    let charset = *Charset::of_start(&bytes).first()?;
    let is_utf8 = std::str::from_utf8(&bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    // Each of these begins a character, of which there would be too many.
    let starts = || bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    if matches!(charset, Charset::Utf8) && !is_utf8 && bytes.len() < 2 * starts() {
        return None;
    }
    let mut source = SourceText::default();
    charset.read(&bytes, 0, true, &mut source);
    let text = source.from(0);
    let is_readable = |ch: char| !ch.is_control() && ch != char::REPLACEMENT_CHARACTER || ch.is_whitespace();
    let (count, readable) =
        text.chars().fold((0, 0), |(count, readable), ch| (count + 1, readable + usize::from(is_readable(ch))));
    let is_text = count > 0 && 10 * readable >= 9 * count && (is_utf8 || bytes.len() >= 2 * count);
    is_text.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64URL};

    use super::*;

    #[test]
    fn encoded_text_is_read_in_both_alphabets() {
        let text = "a forbidden turnip? ~~~ öäü";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for encoded in [BASE64.encode(text.as_bytes()), BASE64URL.encode(text.as_bytes()), BASE64.encode(&utf16)] {
            for before in ["", "x: ", "more words before it "] {
                let found = texts(&format!("{before}{encoded} and"));
                assert!(found.iter().any(|(_, found)| found == text), "{before}{encoded}: {found:?}");
            }
        }
    }

    #[test]
    fn a_run_that_is_cut_at_its_start_is_read() {
        let encoded = BASE64.encode("some words and a forbidden turnip".as_bytes());
        for cut in 0..8 {
            let found = texts(&encoded[cut..]);
            assert!(found.iter().any(|(_, found)| found.contains("forbidden turnip")), "{cut}: {found:?}");
        }
    }

    #[test]
    fn what_encodes_no_text_is_left_alone() {
        let bytes: Vec<u8> = (0..96_u32).map(|i| (i * 7919 % 251) as u8).collect();
        assert_eq!(texts(&BASE64.encode(&bytes)), []);
        assert_eq!(texts("antidisestablishmentarianism is a word of twenty-eight letters"), []);
        assert_eq!(texts("short dHVybmlw"), []);
    }
}
