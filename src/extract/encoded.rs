//! Files written as text: base64 values and data URIs.
//!
//! Applications decode base64 in different ways, most of them leniently: Python, PHP and Node skip what is not in the
//! alphabet. So every value is decoded as leniently as any of them does, and where they differ (the URL-safe alphabet,
//! padding in the middle) each way is a reading of its own.
//!
//! Whether anybody decodes a value, nobody here knows. A file that is cut off, which the value may have been shortened
//! to, is a guess, and so is every data URI with other text around it.
//!
//! Sources: RFC 4648 §4 and §5; RFC 2397; what Python's `base64`, PHP's `base64_decode` and Node's `Buffer` do.

use std::ops::Range;

use bytes::Bytes;

use crate::body::{End, ScratchWriter};
use crate::content::{Part, PartKind};

use super::dissection::Dissection;
use super::{carve, percent};

/// Fewest characters of a value that is decoded: twelve bytes.
const MIN_CHARACTERS: usize = 16;

/// Longest head of a data URI, media type and parameters. Browsers send up to some 80.
const MAX_HEAD: usize = 512;

/// Length of `data:`.
const SCHEME: usize = 5;

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
    base64(text, Standing::Value, found);
}

/// Hands out what `body` is when it is base64 by the letter, as some clients send files.
pub(super) fn whole_body(body: &Bytes, found: &mut Dissection<'_>) {
    let is_character = |byte: &u8| Way::USUAL.value(*byte).is_some() || byte.is_ascii_whitespace() || *byte == b'=';
    let is_within_limit = body.len() as u64 <= found.limits().max_escaped;
    if is_within_limit && body.len() >= MIN_CHARACTERS && body.iter().all(is_character) {
        base64(body, Standing::Value, found);
    }
}

/// Hands out what `text` is in base64, as it is declared to be.
pub(super) fn declared_base64(text: &Bytes, found: &mut Dissection<'_>) {
    base64(text, Standing::Declared, found);
}

/// How an encoded file stands in an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It says that it is encoded.
    Declared,
    /// It is all of a value.
    Value,
    /// There is other text around it.
    Quoted,
}

impl Standing {
    fn is_guess(self, content: &[u8]) -> bool {
        match self {
            Self::Declared => false,
            Self::Value => carve::is_cut_off(content),
            Self::Quoted => true,
        }
    }
}

/// Hands out what `text` is in base64, in every way.
fn base64(text: &[u8], standing: Standing, found: &mut Dissection<'_>) {
    for way in ways(text) {
        decode(text, way, standing, found);
    }
}

/// Hands out what `text` is in base64, in every way but the one of [`decode_usual`].
pub(super) fn other_ways(text: &Bytes, found: &mut Dissection<'_>) {
    for way in ways(text).into_iter().skip(1) {
        decode(text, way, Standing::Declared, found);
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

fn decode(text: &[u8], way: Way, standing: Standing, found: &mut Dissection<'_>) {
    let mut output = found.output();
    if let Err(end) = decode_to(text, way, &mut output, found) {
        return found.report_limit(end);
    }
    if let Some(content) = found.take(output).filter(|content| !content.is_empty()) {
        let is_guess = standing.is_guess(&content);
        found.add(Part { is_guess, ..Part::new(PartKind::Decoded, content) }, None);
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

/// Where a data URI stands in a text: its head behind `data:`, and its data up to the end of what may be data.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DataUri {
    head: Range<usize>,
    data: Range<usize>,
}

/// Hands out the content of every data URI in `text`. Time is linear in the text.
///
/// A data URI that seems to go on in the data of another one is read by itself. The first of such is read up to the
/// next and as far as it goes, the others up to the next.
pub(super) fn data_uris(text: &Bytes, found: &mut Dissection<'_>) {
    let Some(first) = text.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return;
    };
    let written = first..text.trim_ascii_end().len();
    let mut uris = heads(text).peekable();
    let mut end = 0;
    while let Some(head) = uris.next() {
        if found.is_over() {
            return;
        }
        let (start, data) = (head.start - SCHEME, head.end + 1);
        let is_inside = data < end;
        if !is_inside {
            end = text[data..].iter().position(ends_data).map_or(text.len(), |length| data + length);
        }
        let next = uris.peek().map_or(end, |next| (next.start - SCHEME).clamp(data, end));
        let standing = if (start..end) == written { Standing::Value } else { Standing::Quoted };
        let ends = [Some(next), Some(end).filter(|end| *end > next && !is_inside)];
        for end in ends.into_iter().flatten() {
            data_uri(text, &DataUri { head: head.clone(), data: data..end }, standing, found);
        }
    }
}

/// Where the heads of data URIs stand in `text`.
fn heads(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    memchr::memchr_iter(b':', text).filter_map(|colon| {
        let start = colon + 1;
        let is_data = start >= SCHEME && text[start - SCHEME..colon].eq_ignore_ascii_case(b"data");
        let head = &text[start..text.len().min(start + MAX_HEAD)];
        // What stands between `data:` and the comma has no spaces (RFC 2397 §3), and prose does.
        let length = is_data.then(|| memchr::memchr3(b',', b' ', b'\n', head)).flatten()?;
        (head[length] == b',').then_some(start..start + length)
    })
}

/// Whether `byte` can be no data of a URI, in any notation that URIs stand in.
fn ends_data(byte: &u8) -> bool {
    b"\"'<>()`\\ \t\r\n".contains(byte)
}

/// Hands out the content of `uri`.
fn data_uri(text: &Bytes, uri: &DataUri, standing: Standing, found: &mut Dissection<'_>) {
    let head = &text[uri.head.clone()];
    let unescaped = percent::decode(&text.slice(uri.data.clone()), percent::Plus::IsPlus);
    if head.to_ascii_lowercase().ends_with(b";base64") {
        base64(&unescaped, standing, found);
    } else if !unescaped.is_empty() {
        let declared = String::from_utf8_lossy(head).into_owned();
        let is_guess = standing.is_guess(&unescaped);
        let part = Part { is_guess, ..Part::new(PartKind::Decoded, unescaped).declared(Some(declared)) };
        found.add(part, Some(uri.head.start));
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
    fn data_uris_in_each_other_are_read_in_time_that_is_linear() {
        let found = decoded("data:,onedata:,twodata:,three and more", data_uris);
        assert_eq!(found, [&b"one"[..], b"onedata:,twodata:,three", b"two", b"three"]);
        let text = "data:;base64,QUJD".repeat(100_000);
        let start = std::time::Instant::now();
        assert_eq!(decoded(&text, data_uris).len(), 100_001);
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn a_guess_is_what_stands_in_a_text_or_is_cut_off() {
        let png =
            [&b"\x89PNG\r\n\x1a\n\0\0\0\x02IHDRab----"[..], b"\0\0\0\x78IDAT", &[7; 124], b"\0\0\0\0IEND----"].concat();
        let (whole, cut) = (BASE64.encode(&png), BASE64.encode(&png[..150]));
        for (text, is_guess) in [
            (whole.clone(), false),
            (format!(" data:image/png;base64,{whole}\n"), false),
            (format!("see data:image/png;base64,{whole}"), true),
            (format!("data:image/png;base64,{whole} and more"), true),
            (format!("data:image/png;base64,{cut}..."), true),
            (cut, true),
        ] {
            let part = Part::new(PartKind::Field, text.clone().into());
            let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(part, None));
            let decoded = found.parts.iter().find(|part| part.bytes.starts_with(b"\x89PNG")).expect("a picture");
            assert_eq!(decoded.is_guess, is_guess, "{text}");
        }
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
