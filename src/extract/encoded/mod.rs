//! Files written as text: base64 values and data URIs, and other ways to spell bytes.
//!
//! Applications decode base64 in different ways, most of them leniently: Python, PHP and Node skip what is not in the
//! alphabet. So every value is decoded as leniently as any of them does, and where they differ (the URL-safe alphabet,
//! padding in the middle) each way is a reading of its own.
//!
//! Whether anybody decodes a value, nobody here knows. A file that is cut off, which the value may have been shortened
//! to, is a guess, and so is every data URI with other text around it.
//!
//! Sources: RFC 4648 §4 and §5; what Python's `base64`, PHP's `base64_decode` and Node's `Buffer` do.

mod armour;
mod data_uri;
mod dump;
mod escaped;
mod git_patch;
mod literal;
mod markup;
mod packets;
mod postscript;
mod rich_text;
mod runs;
mod spelled;
mod spread;
mod yenc;

use bytes::Bytes;

use crate::body::{End, ScratchWriter};
use crate::content::{Part, PartKind, base64_digit, reads_as_text};

pub(super) use self::data_uri::{content_of, declared_content_of};
use super::carve;
use super::container::uuencode;
use super::dissection::Dissection;
use super::percent;

/// Fewest characters of a value that is decoded: twelve bytes.
const MIN_CHARACTERS: usize = 16;

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
        match byte {
            b'-' if self.url_safe => base64_digit(b'+'),
            b'_' if self.url_safe => base64_digit(b'/'),
            byte => base64_digit(byte),
        }
    }
}

/// Whether texts are searched for what is encoded in the middle of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    /// They are.
    Sought,
    /// All that may be encoded in them comes by itself.
    LeftOut,
}

/// Hands out what is encoded in `part`, each content once.
pub(super) fn extract(part: &Part, runs: Runs, found: &mut Dissection<'_>) {
    found.once(|found| {
        match part.kind {
            PartKind::Envelope => markup::pictures_together(&part.bytes, part.declared_type.as_deref(), found),
            _ => {
                data_uris(part, found);
                compressed_in(&part.bytes, found);
            }
        }
        if is_value(part) {
            whole_value(&part.bytes, found);
        }
        if is_value(part) || matches!(part.kind, PartKind::Body | PartKind::File | PartKind::Entry) {
            spelled::whole(&part.bytes, found);
        }
        if is_value(part) {
            spelled::binary_string(&part.bytes, found);
            escaped_markup(&part.bytes, found);
        }
        if part.kind == PartKind::Body {
            whole_body(&part.bytes, found);
            found.guess(|found| packets::extract(&part.bytes, found));
        }
        let is_guess_of_chance = matches!(part.kind, PartKind::Carved | PartKind::Reading);
        if !is_guess_of_chance {
            yenc::extract(&part.bytes, found);
            rich_text::extract(&part.bytes, found);
            look_for_text(part, runs, found);
        }
    });
}

/// Looks for files that are written as text in a text, if `part` is one. A picture may seem to be.
fn look_for_text(part: &Part, runs: Runs, found: &mut Dissection<'_>) {
    if part.bytes.len() < MIN_CHARACTERS || !reads_as_text(&part.bytes) {
        return;
    }
    armour::extract(&part.bytes, found);
    git_patch::extract(&part.bytes, found);
    dump::extract(&part.bytes, found);
    postscript::extract(&part.bytes, found);
    uuencode::extract(&part.bytes, found);
    spelled::byte_arrays(&part.bytes, found);
    escaped::extract(&part.bytes, found);
    literal::extract(&part.bytes, found);
    if runs == Runs::Sought {
        runs::in_text(&part.bytes, found);
    }
}

/// Whether an application gets the part as one value, which it may well decode.
pub(super) fn is_value(part: &Part) -> bool {
    match part.kind {
        PartKind::Field | PartKind::JsonString | PartKind::XmlText | PartKind::Reading => true,
        // Encoded twice.
        PartKind::Decoded => str::from_utf8(&part.bytes).is_ok(),
        _ => false,
    }
}

/// Hands out the content of every data URI in `part`.
fn data_uris(part: &Part, found: &mut Dissection<'_>) {
    data_uri::find(&part.bytes, found);
    // References in texts of XML are resolved already.
    if part.kind != PartKind::XmlText {
        markup::find(&part.bytes, part.declared_type.as_deref(), found);
    }
}

/// Hands out what `text` is when the whole of it is decoded.
pub(super) fn whole_value(text: &Bytes, found: &mut Dissection<'_>) {
    let characters = text.iter().filter(|byte| Way::USUAL.value(**byte).is_some()).take(MIN_CHARACTERS).count();
    if characters < MIN_CHARACTERS || text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"data:")) {
        return;
    }
    base64(text, None, Standing::Value, found);
}

/// Hands out what `body` is when it is base64 by the letter, as some clients send files.
fn whole_body(body: &Bytes, found: &mut Dissection<'_>) {
    let is_character = |byte: &u8| Way::USUAL.value(*byte).is_some() || byte.is_ascii_whitespace() || *byte == b'=';
    let is_within_limit = body.len() as u64 <= found.limits().max_escaped;
    if is_within_limit && body.len() >= MIN_CHARACTERS && body.iter().all(is_character) {
        base64(body, None, Standing::Value, found);
    }
}

/// How XML begins with percent escapes: as draw.io has drawings, in whatever else it packs them.
const ESCAPED_MARKUP: &[u8] = b"%3C";

/// Hands out the markup that `text` is with percent escapes.
pub(super) fn escaped_markup(text: &[u8], found: &mut Dissection<'_>) {
    let is_markup = text.get(..ESCAPED_MARKUP.len()).is_some_and(|start| start.eq_ignore_ascii_case(ESCAPED_MARKUP));
    if is_markup && let Some(markup) = found.keep(&percent::undo(text, b'%', None), text.len()) {
        found.add(Part { is_guess: true, ..Part::new(PartKind::Decoded, markup) }, None);
    }
}

/// Hands out what `text` is in base64, as it is declared to be.
pub(super) fn declared_base64(text: &Bytes, found: &mut Dissection<'_>) {
    base64(text, None, Standing::Declared, found);
}

/// How base64 of a gzip member begins.
const GZIP_IN_BASE64: &[u8] = b"H4sI";

/// Fewest characters of compressed data in the middle of a text: the header and trailer of gzip take 24.
const MIN_COMPRESSED: usize = 28;

/// Hands out the gzip members that are in the middle of `text` in base64: what programs print of compressed data.
fn compressed_in(text: &[u8], found: &mut Dissection<'_>) {
    let is_digit = |byte: &u8| Way::USUAL.value(*byte).is_some();
    let mut end = 0;
    for at in memchr::memmem::find_iter(text, GZIP_IN_BASE64) {
        if at < end || at > 0 && is_digit(&text[at - 1]) || found.is_over() {
            continue;
        }
        end = text[at..].iter().position(|byte| !is_digit(byte)).map_or(text.len(), |length| at + length);
        if end - at >= MIN_COMPRESSED && end - at < text.len() {
            decode(text[at..end].iter().copied(), end - at, Way::USUAL, None, Standing::Quoted, found);
        }
    }
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

/// Hands out what `text` is in base64, in every way; it may be `declared` to be of a type.
fn base64(text: &[u8], declared: Option<&str>, standing: Standing, found: &mut Dissection<'_>) {
    for way in ways(text.iter().copied()) {
        decode(text.iter().copied(), text.len(), way, declared, standing, found);
    }
}

/// Hands out what `text` is in base64, in every way but the one of [`decode_usual`].
pub(super) fn other_ways(text: &Bytes, found: &mut Dissection<'_>) {
    for way in ways(text.iter().copied()).into_iter().skip(1) {
        decode(text.iter().copied(), text.len(), way, None, Standing::Declared, found);
    }
}

/// What `text` is in base64 by the letter of RFC 4648, white space aside; `None` when it is none.
pub(super) fn strict(text: &[u8]) -> Option<Bytes> {
    let text: Vec<u8> = text.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
    data_encoding::BASE64.decode(&text).ok().map(Bytes::from)
}

/// Every way in which `text` may be decoded to something else.
fn ways(text: impl Iterator<Item = u8>) -> Vec<Way> {
    let (mut has_url_safe, mut has_padding, mut goes_on) = (false, false, false);
    for byte in text {
        has_url_safe |= byte == b'-' || byte == b'_';
        goes_on |= has_padding && byte.is_ascii_alphanumeric();
        has_padding |= byte == b'=';
    }
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
    vary(has_url_safe, |way| way.url_safe = false);
    vary(goes_on, |way| way.ends_at_padding = false);
    ways
}

/// Hands out what `text`, which takes `length` bytes where it is, is in base64.
fn decode(
    text: impl Iterator<Item = u8>,
    length: usize,
    way: Way,
    declared: Option<&str>,
    standing: Standing,
    found: &mut Dissection<'_>,
) {
    let mut output = found.output();
    if let Err(end) = decode_to(text, length, way, &mut output, found) {
        return found.report_limit(end);
    }
    if let Some(content) = found.take(output).filter(|content| !content.is_empty() && found.is_new(content)) {
        let is_guess = standing.is_guess(&content);
        let part = Part { is_guess, ..Part::new(PartKind::Decoded, content) };
        found.add(part.declared(declared.map(str::to_owned)), None);
    }
}

/// Adds to `output` what `text` is in base64, in the way that most decode it.
///
/// # Errors
/// A limit was passed.
pub(super) fn decode_usual(text: &[u8], output: &mut ScratchWriter, found: &mut Dissection<'_>) -> Result<(), End> {
    decode_to(text.iter().copied(), text.len(), Way::USUAL, output, found)
}

fn decode_to(
    text: impl Iterator<Item = u8>,
    length: usize,
    way: Way,
    output: &mut ScratchWriter,
    found: &mut Dissection<'_>,
) -> Result<(), End> {
    let mut block = Vec::with_capacity(BLOCK.min(length));
    for byte in decoded(text, way) {
        block.push(byte);
        if block.len() == BLOCK {
            found.write(&block, length, output)?;
            block.clear();
        }
    }
    found.write(&block, length, output)
}

/// What `text` is in base64 if everything that is not of its alphabet is skipped, padding too.
pub(super) fn decode_leniently(text: &[u8]) -> Vec<u8> {
    decoded(text.iter().copied(), Way { url_safe: false, ends_at_padding: false }).collect()
}

/// The bytes that `text` is in base64.
fn decoded(text: impl Iterator<Item = u8>, way: Way) -> impl Iterator<Item = u8> {
    let (mut bits, mut count) = (0_u32, 0_u32);
    let digits = text.take_while(move |byte| !(*byte == b'=' && way.ends_at_padding));
    digits.filter_map(move |byte| {
        bits = bits << 6 | u32::from(way.value(byte)?);
        count += 6;
        if count < 8 {
            return None;
        }
        count -= 8;
        Some((bits >> count) as u8)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use data_encoding::{BASE64, BASE64URL_NOPAD};

    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    pub(super) fn decoded(text: &str, read: fn(&Bytes, &mut Dissection<'_>)) -> Vec<Vec<u8>> {
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
}
