//! Files written as text: base64 values and data URIs.
//!
//! Applications decode base64 in different ways, most of them leniently: Python, PHP and Node skip what is not in the
//! alphabet. So every value is decoded as leniently as any of them does, and where they differ (the URL-safe alphabet,
//! padding in the middle) each way is a reading of its own.
//!
//! Sources: RFC 4648 §4 and §5; RFC 2397; what Python's `base64`, PHP's `base64_decode` and Node's `Buffer` do.

use bytes::Bytes;

use crate::body::{End, ScratchWriter};
use crate::content::{Part, PartKind};

use super::dissection::Dissection;
use super::percent;

/// Fewest characters of a value that is decoded: twelve bytes.
const MIN_CHARACTERS: usize = 16;

/// Longest head of a data URI, media type and parameters. Browsers send up to some 80.
const MAX_HEAD: usize = 512;

/// Decoded bytes handed on at a time; a multiple of three.
const BLOCK: usize = 48 << 10;

/// One way to decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    /// `-` and `_` count as `+` and `/`; otherwise they are skipped.
    url_safe: bool,
    /// The first `=` ends the value; otherwise it is skipped.
    ends_at_padding: bool,
}

impl Way {
    const USUAL: Self = Self { url_safe: true, ends_at_padding: true };

    /// The value of `byte`: six bits, or nothing.
    fn value(self, byte: u8) -> Option<u8> {
        Some(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'-' if self.url_safe => 62,
            b'_' if self.url_safe => 63,
            _ => return None,
        })
    }
}

/// Hands out what `text` is when the whole of it is decoded.
pub(super) fn whole_value(text: &Bytes, found: &mut Dissection<'_>) {
    let characters = text.iter().filter(|byte| Way::USUAL.value(**byte).is_some()).take(MIN_CHARACTERS).count();
    if characters < MIN_CHARACTERS || text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"data:")) {
        return;
    }
    base64(text, found);
}

/// Hands out what `body` is when it is base64 by the letter, as some clients send files.
pub(super) fn whole_body(body: &Bytes, found: &mut Dissection<'_>) {
    let is_character = |byte: &u8| Way::USUAL.value(*byte).is_some() || byte.is_ascii_whitespace() || *byte == b'=';
    let is_within_limit = body.len() as u64 <= found.limits().max_escaped;
    if is_within_limit && body.len() >= MIN_CHARACTERS && body.iter().all(is_character) {
        base64(body, found);
    }
}

/// Hands out what `text` is in base64, in every way.
pub(super) fn base64(text: &Bytes, found: &mut Dissection<'_>) {
    for way in ways(text) {
        decode(text, way, found);
    }
}

/// Hands out what `text` is in base64, in every way but the one of [`decode_usual`].
pub(super) fn other_ways(text: &Bytes, found: &mut Dissection<'_>) {
    for way in ways(text).into_iter().skip(1) {
        decode(text, way, found);
    }
}

/// What `text` is in base64 by the letter of RFC 4648, white space aside; `None` when it is none.
pub(super) fn strict(text: &[u8]) -> Option<Bytes> {
    let text: Vec<u8> = text.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
    data_encoding::BASE64.decode(&text).ok().map(Bytes::from)
}

/// Every way in which `text` may be decoded to something else.
fn ways(text: &[u8]) -> Vec<Way> {
    let has = |byte| memchr::memchr(byte, text).is_some();
    let mut ways = vec![Way::USUAL];
    let mut vary = |differs: bool, change: fn(&mut Way)| {
        if differs {
            let changed = ways.iter().map(|way| {
                let mut way = *way;
                change(&mut way);
                way
            });
            let changed: Vec<Way> = changed.collect();
            ways.extend(changed);
        }
    };
    vary(has(b'-') || has(b'_'), |way| way.url_safe = false);
    let ends_with_padding =
        memchr::memchr(b'=', text).is_none_or(|at| text[at..].iter().all(|byte| !byte.is_ascii_alphanumeric()));
    vary(!ends_with_padding, |way| way.ends_at_padding = false);
    ways
}

fn decode(text: &[u8], way: Way, found: &mut Dissection<'_>) {
    let mut output = found.output();
    match decode_to(text, way, &mut output, found) {
        Ok(()) => found.add_output(PartKind::Decoded, output),
        Err(end) => found.report_limit(end),
    }
}

/// Adds to `output` what `text` is in base64, in the way that most decode it.
///
/// # Errors
/// A limit was passed.
pub(super) fn decode_usual(text: &[u8], output: &mut ScratchWriter, found: &mut Dissection<'_>) -> Result<(), End> {
    decode_to(text, Way::USUAL, output, found)
}

fn decode_to(text: &[u8], way: Way, output: &mut ScratchWriter, found: &mut Dissection<'_>) -> Result<(), End> {
    let mut block = Vec::with_capacity(BLOCK.min(text.len()));
    for byte in decoded(text, way) {
        block.push(byte);
        if block.len() == BLOCK {
            found.write(&block, text.len(), output)?;
            block.clear();
        }
    }
    found.write(&block, text.len(), output)
}

/// What `text` is in base64 if everything that is not of its alphabet is skipped, padding too.
pub(super) fn decode_leniently(text: &[u8]) -> Vec<u8> {
    decoded(text, Way { url_safe: false, ends_at_padding: false }).collect()
}

/// The bytes that `text` is in base64.
fn decoded(text: &[u8], way: Way) -> impl Iterator<Item = u8> {
    let (mut bits, mut count) = (0_u32, 0_u32);
    let digits = text.iter().take_while(move |byte| !(**byte == b'=' && way.ends_at_padding));
    digits.filter_map(move |byte| {
        bits = bits << 6 | u32::from(way.value(*byte)?);
        count += 6;
        if count < 8 {
            return None;
        }
        count -= 8;
        Some((bits >> count) as u8)
    })
}

/// Hands out the content of every data URI in `text`.
pub(super) fn data_uris(text: &Bytes, found: &mut Dissection<'_>) {
    for colon in memchr::memchr_iter(b':', text) {
        let is_data = colon >= 4 && text[colon - 4..colon].eq_ignore_ascii_case(b"data");
        if is_data && !found.is_over() {
            data_uri(text, colon + 1, found);
        }
    }
}

/// Hands out the content of the data URI whose head starts at `start`.
fn data_uri(text: &Bytes, start: usize, found: &mut Dissection<'_>) {
    let head = &text[start..text.len().min(start + MAX_HEAD)];
    // What stands between `data:` and the comma has no spaces (RFC 2397 §3), and prose does.
    let Some(comma) = head.iter().position(|byte| matches!(byte, b',' | b' ' | b'\n')).filter(|at| head[*at] == b',')
    else {
        return;
    };
    let head = &head[..comma];
    let data = start + comma + 1;
    let length = text[data..].iter().position(|byte| b"\"'<>()`\\ \t\r\n".contains(byte));
    let data = text.slice(data..length.map_or(text.len(), |length| data + length));
    let unescaped = percent::decode(&data, percent::Plus::IsPlus);
    if head.to_ascii_lowercase().ends_with(b";base64") {
        base64(&unescaped, found);
    } else if !unescaped.is_empty() {
        let declared = String::from_utf8_lossy(head).into_owned();
        found.add(Part::new(PartKind::Decoded, unescaped).declared(Some(declared)), Some(start));
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64URL_NOPAD};

    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    fn decoded(text: &str, read: fn(&Bytes, &mut Dissection<'_>)) -> Vec<Vec<u8>> {
        let text = Bytes::copy_from_slice(text.as_bytes());
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| read(&text, found));
        assert_eq!(found.problems, []);
        found.parts.into_iter().filter(|part| part.inside.is_none()).map(|part| part.bytes.to_vec()).collect()
    }

    /// Bytes whose base64 has every character of the alphabet in it.
    fn content() -> Vec<u8> {
        BASE64.decode(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").unwrap()
    }

    #[test]
    fn a_value_is_decoded_as_leniently_as_any_application_does() {
        let plain = BASE64.encode(&content());
        let lines: Vec<&str> = plain.as_bytes().chunks(19).map(|line| str::from_utf8(line).unwrap()).collect();
        for text in [
            plain.clone(),
            BASE64URL_NOPAD.encode(&content()),
            lines.join("\r\n"),
            lines.join("!*\0é"),
            format!("\t{plain}\n"),
            lines.join("="),
        ] {
            assert!(decoded(&text, whole_value).contains(&content()), "{text:?}");
        }
    }

    #[test]
    fn what_follows_the_padding_is_one_reading_and_what_stops_there_another() {
        let (first, second) = (BASE64.encode(b"first value!!!"), BASE64.encode(b"second"));
        let found = decoded(&format!("{first}{second}"), whole_value);
        assert!(found.contains(&b"first value!!!".to_vec()), "{found:?}");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn short_values_are_left_alone() {
        assert_eq!(decoded("fifteenLetters1", whole_value), Vec::<Vec<u8>>::new());
        assert_eq!(decoded("sixteen, Letters", whole_value), Vec::<Vec<u8>>::new());
        assert_eq!(decoded("sixteenLetters12", whole_value).len(), 1);
    }

    #[test]
    fn a_long_value_comes_out_whole() {
        let content: Vec<u8> = (0..200_000_u32).map(|i| (i * 7 % 251) as u8).collect();
        assert_eq!(decoded(&BASE64.encode(&content), whole_value), [content]);
    }

    #[test]
    fn data_uris_are_found_wherever_they_stand() {
        for (text, expected) in [
            ("data:image/png;base64,RVZJTA==", &b"EVIL"[..]),
            ("DATA:;charset=utf-8;Base64,RVZJTA", b"EVIL"),
            ("<img src=\"data:image/png;base64,RVZJTA==\" alt=x>", b"EVIL"),
            ("url(data:;base64,RVZJTA==)", b"EVIL"),
            ("data:;base64,RVZJ%54%41==", b"EVIL"),
            ("data:text/plain,EV%49L more", b"EVIL"),
        ] {
            assert_eq!(decoded(text, data_uris), [expected], "{text}");
        }
        assert_eq!(decoded("metadata: one, two", data_uris).len(), 0);
        assert_eq!(decoded("data:", data_uris).len(), 0);
    }
}
