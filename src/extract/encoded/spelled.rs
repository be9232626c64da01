//! Bytes written as text in other ways than base64: hex, base32, ASCII85 and its kin, numbers in a list.
//!
//! Whether anybody decodes them, nobody here knows: all that comes out is a guess. It is compared, and refuses nothing.
//!
//! Sources: RFC 4648 §6 and §8; "PostScript Language Reference", third edition, p. 131, for ASCII85; RFC 1924 for the
//! alphabet of Python's `b85encode`; rfc.zeromq.org/spec/32 for Z85.

use bytes::Bytes;

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;

/// Fewest characters of a value that is decoded.
const MIN_CHARACTERS: usize = 24;

/// Fewest numbers of a list that are bytes.
const MIN_NUMBERS: usize = 12;

/// Fewest characters of base64 in a list of strings.
const MIN_JOINED: usize = 64;

/// Digits of hashes and of identifiers, which are everywhere and hold nothing.
const DIGEST_DIGITS: [usize; 8] = [24, 32, 36, 40, 56, 64, 96, 128];

pub(super) const BASE_85: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
const Z_85: &[u8; 85] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// Hands out what the whole of `text` is in each of these ways.
pub(super) fn whole(text: &Bytes, found: &mut Dissection<'_>) {
    let text = text.trim_ascii();
    if text.len() < MIN_CHARACTERS || text.len() as u64 > found.limits().max_escaped {
        return;
    }
    if let Some(digits) = hex_digits(text) {
        if !is_digest(digits) {
            decode(found, digits, hex);
        }
        return;
    }
    if is_base32(text) {
        return decode(found, text, base32);
    }
    // What has a blank in a line is none, nor is base64, or an address.
    if text.iter().any(|byte| matches!(byte, b' ' | b'\t' | 0x80..)) || !text.iter().any(|byte| is_mark(*byte)) {
        return;
    }
    let is_data_uri = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"data:"));
    if is_data_uri || text.starts_with(b"/") || memchr::memmem::find(text, b"://").is_some() {
        return;
    }
    let inner = text.strip_prefix(b"<~").unwrap_or(text);
    let inner = inner.strip_suffix(b"~>").unwrap_or(inner);
    decode(found, inner, |text| base85(text, |byte| (b'!'..=b'u').contains(&byte).then(|| byte - b'!'), true));
    for alphabet in [BASE_85, Z_85] {
        let values = values(alphabet);
        decode(found, text, |text| base85(text, |byte| values[usize::from(byte)], false));
    }
}

/// Hands out the bytes of which `text` has each as a character, as `readAsBinaryString` of browsers gives them. Texts
/// of people have no control characters.
pub(super) fn binary_string(text: &[u8], found: &mut Dissection<'_>) {
    let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    if text.len() < MIN_CHARACTERS || text.is_ascii() || !text.iter().any(is_control) {
        return;
    }
    let Ok(text) = str::from_utf8(text) else { return };
    if let Ok(content) = text.chars().map(|ch| u8::try_from(u32::from(ch))).collect::<Result<Vec<u8>, _>>() {
        hand_out(content, text.len(), found);
    }
}

/// Hands out every list of numbers in `text` that may be bytes: `[137, 80, …]`, `{0x89, 0x50, …}` in C, signed as Java
/// has them, or `{"0": 137, "1": 80, …}` as JavaScript writes an array of bytes, or one a line as YAML has them. And what lists of
/// strings are in base64 together, as notebooks of Jupyter have pictures.
pub(super) fn byte_arrays(text: &[u8], found: &mut Dissection<'_>) {
    lists_of_yaml(text, found);
    let mut at = 0;
    while let Some(start) = memchr::memchr2(b'[', b'{', text.get(at..).unwrap_or_default()).map(|next| at + next) {
        let (bytes, end) = numbers(text, start);
        at = end.max(start + 1);
        if bytes.len() >= MIN_NUMBERS {
            hand_out(bytes, at - start, found);
        } else if let Some((joined, end)) = strings(text, start) {
            at = end;
            super::base64(&joined, None, super::Standing::Quoted, found);
        }
        if found.is_over() {
            return;
        }
    }
}

/// What is hex in a run of `text`, over lines too, if it is long enough and no hash.
pub(super) fn hex_run(text: &[u8]) -> Option<Vec<u8>> {
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace();
    let is_hex = text.len() >= MIN_CHARACTERS && !is_digest(text) && text.iter().all(is_digit);
    is_hex.then(|| hex(text)).flatten()
}

fn decode(found: &mut Dissection<'_>, text: &[u8], way: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    if let Some(content) = way(text) {
        hand_out(content, text.len(), found);
    }
}

/// Hands out `content`, which `length` characters are.
pub(super) fn hand_out(content: Vec<u8>, length: usize, found: &mut Dissection<'_>) {
    if found.is_new(&content)
        && let Some(content) = found.keep(&content, length)
    {
        found.add(Part { is_guess: true, ..Part::new(PartKind::Decoded, content) }, None);
    }
}

const fn is_mark(byte: u8) -> bool {
    !(byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_'))
}

fn is_digest(digits: &[u8]) -> bool {
    DIGEST_DIGITS.contains(&digits.len())
}

/// `text` without what stands in front of hex in databases and programs; `None` when it is none.
fn hex_digits(text: &[u8]) -> Option<&[u8]> {
    let digits = [&b"0x"[..], b"\\x", b"x'", b"X'"].into_iter().find_map(|prefix| text.strip_prefix(prefix));
    let digits = digits.unwrap_or(text);
    let digits = digits.strip_suffix(b"'").unwrap_or(digits);
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace() || matches!(byte, b':' | b'-');
    digits.iter().all(is_digit).then_some(digits)
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let mut digits = text.iter().filter_map(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len() / 2);
    while let Some(high) = digits.next() {
        bytes.push((high << 4 | digits.next()?) as u8);
    }
    Some(bytes)
}

fn is_base32(text: &[u8]) -> bool {
    let is_in = |first: u8| {
        let is_one = move |byte: &u8| {
            (first..first + 26).contains(byte) || matches!(byte, b'2'..=b'7' | b'=') || byte.is_ascii_whitespace()
        };
        text.iter().all(is_one)
    };
    // Words have no digits, and seldom a length that eight divides.
    let has_digits = || text.iter().filter(|byte| byte.is_ascii_digit()).take(2).count() == 2;
    (is_in(b'A') || is_in(b'a')) && (text.len().is_multiple_of(8) || has_digits())
}

fn base32(text: &[u8]) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0_u32, Vec::with_capacity(text.len() * 5 / 8));
    for byte in text {
        let value = match byte.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => continue,
        };
        bits = bits << 5 | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

/// What each byte counts as a digit of `alphabet`.
pub(super) fn values(alphabet: &[u8; 85]) -> [Option<u8>; 256] {
    let mut values = [None; 256];
    for (value, character) in (0..).zip(alphabet) {
        values[usize::from(*character)] = Some(value);
    }
    values
}

/// Four bytes of each five digits; `None` where they are too large, or a character is no digit. A `z` may be four
/// zeros.
fn base85(text: &[u8], value: impl Fn(u8) -> Option<u8>, has_z: bool) -> Option<Vec<u8>> {
    let (mut bytes, mut number, mut count) = (Vec::with_capacity(text.len() / 5 * 4), 0_u64, 0);
    for byte in text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()) {
        if has_z && byte == b'z' && count == 0 {
            bytes.extend([0; 4]);
            continue;
        }
        number = number * 85 + u64::from(value(byte)?);
        count += 1;
        if count == 5 {
            bytes.extend(u32::try_from(number).ok()?.to_be_bytes());
            (number, count) = (0, 0);
        }
    }
    if count > 1 {
        let whole = (count..5).fold(number, |number, _| number * 85 + 84);
        bytes.extend(&u32::try_from(whole).ok()?.to_be_bytes()[..count - 1]);
    }
    (count != 1).then_some(bytes)
}

/// The bytes that the list or object which begins at `start` has as its numbers, and where it ends or is none.
fn numbers(text: &[u8], start: usize) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let mut at = start + 1;
    // Programs in C and its like have lists in braces.
    let is_object = text[start] == b'{' && key(text, skip_blanks(text, at), 0).is_some();
    loop {
        at = skip_blanks(text, at);
        if !bytes.is_empty() && matches!(text.get(at), Some(b']' | b'}')) {
            return (bytes, at + 1);
        }
        if is_object {
            let Some(next) = key(text, at, bytes.len()) else { return (Vec::new(), at) };
            at = next;
        }
        let Some((byte, next)) = number(text, at) else { return (Vec::new(), at) };
        bytes.push(byte);
        at = skip_blanks(text, next);
        match text.get(at) {
            Some(b',') => at += 1,
            Some(b']' | b'}') => return (bytes, at + 1),
            _ => return (Vec::new(), at),
        }
    }
}

fn skip_blanks(text: &[u8], at: usize) -> usize {
    at + text[at.min(text.len())..].iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Where the value of the key `number` begins, if it stands at `at`.
fn key(text: &[u8], at: usize, number: usize) -> Option<usize> {
    let mut expected = [0; 24];
    let written = {
        let mut rest = &mut expected[..];
        std::io::Write::write_fmt(&mut rest, format_args!("\"{number}\"")).ok()?;
        24 - rest.len()
    };
    let at = skip_blanks(text, at + text.get(at..)?.starts_with(&expected[..written]).then_some(written)?);
    (text.get(at) == Some(&b':')).then(|| skip_blanks(text, at + 1))
}

/// The number from -128 to 255 at `at`, as a byte, and where it ends: `137`, `137.0`, `137e0`, `0x89`, `"137"`,
/// `(byte) 0x89`.
fn number(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let cast = &b"(byte)"[..];
    let at = if text.get(at..)?.starts_with(cast) { skip_blanks(text, at + cast.len()) } else { at };
    let quote = text.get(at).copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let at = at + usize::from(quote.is_some());
    let is_negative = text.get(at) == Some(&b'-');
    let first = at + usize::from(is_negative);
    let digits = |at: usize| text[at.min(text.len())..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let (value, mut end) = match text.get(first..)? {
        [b'0', b'x' | b'X', high, low, ..] if low.is_ascii_hexdigit() => {
            (i16::from_str_radix(str::from_utf8(&[*high, *low]).ok()?, 16).ok()?, first + 4)
        }
        _ => {
            let end = first + digits(first);
            (str::from_utf8(&text[first..end]).ok()?.parse().ok()?, end)
        }
    };
    for marks in [&b"."[..], b"eE"] {
        if text.get(end).is_some_and(|byte| marks.contains(byte)) {
            let zeros = text[end + 1..].iter().take_while(|byte| matches!(byte, b'0' | b'+')).count();
            end += if zeros > 0 { 1 + zeros } else { 0 };
        }
    }
    if quote.is_some() {
        end = (text.get(end).copied() == quote).then_some(end + 1)?;
    }
    let value = if is_negative { -value } else { value };
    (-128..=255).contains(&value).then_some((value as u8, end))
}

/// Hands out lists of numbers of which each is in a line behind `- `.
fn lists_of_yaml(text: &[u8], found: &mut Dissection<'_>) {
    let mut at = 0;
    while let Some(next) = memchr::memmem::find(&text[at..], b"- ").map(|next| at + next) {
        let (mut bytes, mut end) = (Vec::new(), next);
        while let Some((byte, behind)) = text[end..].starts_with(b"- ").then(|| number(text, end + 2)).flatten() {
            bytes.push(byte);
            end = skip_blanks(text, behind);
        }
        at = end.max(next + 2);
        if bytes.len() >= MIN_NUMBERS {
            hand_out(bytes, end - next, found);
        }
        if found.is_over() {
            return;
        }
    }
}

/// The characters of base64 in the list of two strings or more that begins at `start`, joined, and where it ends.
fn strings(text: &[u8], start: usize) -> Option<(Vec<u8>, usize)> {
    let (mut joined, mut count, mut at) = (Vec::new(), 0, start + 1);
    loop {
        at = skip_blanks(text, at);
        let quote = text.get(at).filter(|byte| matches!(byte, b'"' | b'\''))?;
        let length = text[at + 1..].iter().position(|byte| byte == quote)?;
        let string = &text[at + 1..at + 1 + length];
        let string = string.strip_suffix(b"\\n").unwrap_or(string);
        let is_base64 = |byte: &u8| super::Way::USUAL.value(*byte).is_some() || matches!(byte, b'=' | b'\\');
        if !string.iter().all(is_base64) {
            return None;
        }
        joined.extend(string.iter().filter(|byte| **byte != b'\\'));
        count += 1;
        at = skip_blanks(text, at + length + 2);
        match text.get(at)? {
            b',' => at += 1,
            b']' => break,
            _ => return None,
        }
    }
    (count > 1 && joined.len() >= MIN_JOINED).then_some((joined, at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::encoded::tests::decoded;

    const CONTENT: &[u8] = b"EVIL-FILE-BYTES";

    #[test]
    fn a_value_is_decoded_in_every_way_in_which_bytes_are_written() {
        // By Python's base64 and binascii.
        for text in [
            "4556494c2d46494c452d4259544553",
            "0x4556494C2D46494C452D4259544553",
            "\\x4556494c2d46494c452d4259544553\n",
            "45:56:49:4c:2d:46:49:4c:45:2d:42:59:54:45:53",
            "4556494c2d46494c\n452d4259544553",
            "IVLESTBNIZEUYRJNIJMVIRKT",
            "ivlestbnizeuyrjnijmvirkt",
        ] {
            assert_eq!(decoded(text, whole), [CONTENT], "{text}");
        }
        for text in [r#"<~792uR/Oi<*74gi/<(0_S<_5t:7S-9B/OET>78j~>"#, r#"MOH~nEk;R9MJ+;ER7F!oR!K}PMoCOXEkapTMN<"#] {
            assert!(decoded(text, whole).contains(&CONTENT.repeat(2)), "{text}");
        }
    }

    #[test]
    fn hashes_and_words_are_left_alone() {
        for text in
            ["d41d8cd98f00b204e9800998ecf8427e", "an ordinary sentence in a field", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
        {
            assert_eq!(decoded(text, whole), Vec::<Vec<u8>>::new(), "{text}");
        }
    }

    #[test]
    fn strings_of_bytes_are_bytes() {
        let content: Vec<u8> = (0..=255).collect();
        let text: String = content.iter().map(|byte| char::from(*byte)).collect();
        assert_eq!(decoded(&text, |text, found| binary_string(text, found)), [content]);
        for text in ["déjà vu, très français, une longue phrase", "only ASCII, but \u{1} is a control character"] {
            assert!(decoded(text, |text, found| binary_string(text, found)).is_empty(), "{text}");
        }
    }

    #[test]
    fn lists_of_numbers_are_bytes() {
        let list: Vec<String> = CONTENT.iter().map(u8::to_string).collect();
        let keyed: Vec<String> = CONTENT.iter().enumerate().map(|(at, byte)| format!("\"{at}\": {byte}")).collect();
        for text in [
            format!("{{\"type\":\"Buffer\",\"data\":[{}]}}", list.join(",")),
            format!("{{\"f\": {{{}}}, \"g\": [1.5]}}", keyed.join(" , ")),
            format!("[[1], [\n{}\n]]", list.join(",\n")),
        ] {
            assert_eq!(decoded(&text, |text, found| byte_arrays(text, found)), [CONTENT], "{text}");
        }
        let other =
            |write: fn(&u8) -> String, separator: &str| CONTENT.iter().map(write).collect::<Vec<_>>().join(separator);
        for text in [
            format!("[{}]", other(|byte| format!("{byte}.0"), ",")),
            format!("[{}]", other(|byte| format!("{byte}e0"), ",")),
            format!("[{}]", other(|byte| format!("\"{byte}\""), ", ")),
            format!("[{}]", other(|byte| format!("0x{byte:02x}"), ",")),
            format!("char a[] = {{\n  {},\n}};", other(|byte| format!("0x{byte:02x}"), ",\n  ")),
            format!("new byte[] {{{}}}", other(|byte| format!("(byte) {byte}"), ", ")),
            format!("a:\n{}b: c", other(|byte| format!("  - {byte}\n"), "")),
            format!("a:\n- {}\n- x", other(|byte| format!("0x{byte:02x}"), "\n- ")),
        ] {
            assert_eq!(decoded(&text, |text, found| byte_arrays(text, found)), [CONTENT], "{text}");
        }
        let content = CONTENT.repeat(9);
        let encoded = data_encoding::BASE64.encode(&content);
        let (start, end) = encoded.split_at(76);
        for text in [format!("{{\"image/png\": [\"{start}\\n\",\n \"{end}\"]}}"), format!("['{start}','{end}']")] {
            assert_eq!(decoded(&text, |text, found| byte_arrays(text, found)), [&content[..]], "{text}");
        }
        let signed = "[-1,-128,127,0,1,2,3,4,5,6,7,8]";
        assert_eq!(
            decoded(signed, |text, found| byte_arrays(text, found)),
            [b"\xff\x80\x7f\0\x01\x02\x03\x04\x05\x06\x07\x08"]
        );
        for text in [
            "[1,2,3,4,5,6,7,8,9,10,11,256]",
            "[1,2,3]",
            "[1.5,2,3,4,5,6,7,8,9,10,11,12,13]",
            "[",
            "{\"0\":",
            "- ",
            "[\"",
        ] {
            assert_eq!(decoded(text, |text, found| byte_arrays(text, found)), Vec::<Vec<u8>>::new(), "{text}");
        }
    }
}
