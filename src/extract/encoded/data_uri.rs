//! Data URIs in a text.
//!
//! Where one ends depends on what it is in. So each is read up to the first character that no notation of URIs has,
//! and, if that says something else, through white space and escapes as well (see [`spread`](super::spread)).
//!
//! Sources: RFC 2397; WHATWG Fetch §"data: URLs"; URL §"basic URL parser", which leaves out tabs and line feeds.

use std::ops::Range;

use bytes::Bytes;
use memchr::{memchr, memchr_iter};

use super::spread::Spread;
use super::{Standing, base64, decode, decode_leniently, ways};
use crate::content::{Part, PartKind, ReferenceIn};
use crate::extract::dissection::Dissection;
use crate::extract::{legible, percent};

/// Longest head of a data URI, media type and parameters, in which another one may begin. Browsers send up to some 80.
const MAX_HEAD: usize = 512;

/// Length of `data:`, and with the tabs and line ends that may be in it.
const SCHEME: usize = 5;
const MAX_SCHEME: usize = 64;

/// Hands out the content of every data URI in `text`. Time is linear in the text.
///
/// A data URI that seems to go on in the data of another one is read by itself. The first of such is read up to the
/// next and as far as it goes, the others up to the next.
pub(in crate::extract) fn find(text: &Bytes, found: &mut Dissection<'_>) {
    let Some(first) = text.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return;
    };
    let written = first..text.trim_ascii_end().len();
    let mut uris = heads(text).peekable();
    let (mut end, mut spread_end) = (0, 0);
    while let Some(head) = uris.next() {
        if found.is_over() {
            return;
        }
        let (start, data) = (head.start - SCHEME, head.end + 1);
        let is_inside = data < end;
        if !is_inside {
            end = text[data..].iter().position(ends_data).map_or(text.len(), |length| data + length);
        }
        let next = uris.peek().map_or(text.len(), |next| (next.start - SCHEME).max(data));
        let near = next.min(end);
        let standing = if (start..end) == written { Standing::Value } else { Standing::Quoted };
        let ends = [Some(near), Some(end).filter(|end| *end > near && !is_inside)];
        for end in ends.into_iter().flatten() {
            data_uri(text, &head, data..end, standing, found);
        }
        let limit = if data < spread_end { next } else { text.len() };
        let read = spread_uri(text, &head, data..if is_inside { near } else { end }, limit, found);
        spread_end = spread_end.max(read);
    }
}

/// Where the heads of data URIs are in `text`. A head goes as far as the first comma. A long one is that of the last
/// address before the comma, so that none is looked through twice.
fn heads(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut addresses =
        memchr_iter(b':', text).filter(|colon| is_scheme(&text[..*colon])).map(|colon| colon + 1).peekable();
    let mut comma = 0;
    std::iter::from_fn(move || {
        loop {
            let start = addresses.next()?;
            if comma < start {
                comma = start + memchr(b',', &text[start..])?;
            }
            let is_last = addresses.peek().is_none_or(|next| *next > comma);
            if comma - start > MAX_HEAD && !is_last {
                continue;
            }
            let head = &text[start..comma];
            // What is between `data:` and the comma has no spaces (RFC 2397 §3), and prose does. Browsers forgive them.
            let has_spaces = || head.iter().any(|byte| matches!(byte, b' ' | b'\n'));
            if is_base64(head) || is_quoted(text, start) || !has_spaces() {
                return Some(start..comma);
            }
        }
    })
}

/// Whether the address whose head starts at `start` is all of a value: it begins the text, or a quotation.
fn is_quoted(text: &[u8], start: usize) -> bool {
    let before = &text[..start - SCHEME];
    before.last().is_none_or(|byte| b"\"'`(=".contains(byte))
}

/// Whether `text` ends in `data`. Addresses are read without tabs and line ends, which may stand in the middle of it.
fn is_scheme(text: &[u8]) -> bool {
    let letters = text.iter().rev().take(MAX_SCHEME).filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r'));
    letters.take(4).map(u8::to_ascii_lowercase).eq(b"data".iter().rev().copied())
}

/// Whether data after `head` is in base64.
pub(super) fn is_base64(head: &[u8]) -> bool {
    let last = head.iter().rev().filter(|byte| !byte.is_ascii_whitespace()).map(u8::to_ascii_lowercase);
    last.take(7).eq(b";base64".iter().rev().copied())
}

/// The type in `head`, if it names a charset, without which a text is not read as browsers read it.
fn charset_of(head: &[u8]) -> Option<String> {
    legible::named(head, b"charset").map(|_| String::from_utf8_lossy(head).into_owned())
}

/// Whether `byte` can be no data of a URI, in any notation that URIs are in.
fn ends_data(byte: &u8) -> bool {
    b"\"'<>()`\\ \t\r\n".contains(byte)
}

/// Hands out the content of the URI with `head` and `data`.
fn data_uri(text: &Bytes, head: &Range<usize>, data: Range<usize>, standing: Standing, found: &mut Dissection<'_>) {
    let unescaped = percent::decode(&text.slice(data), percent::Plus::IsPlus);
    if is_base64(&text[head.clone()]) {
        base64(&unescaped, charset_of(&text[head.clone()]).as_deref(), standing, found);
    } else {
        let is_guess = standing.is_guess(&unescaped);
        add(text, head, unescaped, is_guess, found);
    }
}

/// What is in the data URI `address`, as an attribute has it; `None` when it is none, or a limit was passed.
pub(in crate::extract) fn content_of(address: &[u8], found: &mut Dissection<'_>) -> Option<Bytes> {
    let resolved = legible::resolved(address, ReferenceIn::Attribute);
    declared_content_of(resolved.as_deref().unwrap_or(address), found).map(|(_, content)| content)
}

/// The head of the data URI `address` and what is in it; `None` when it is none, or a limit was passed.
pub(in crate::extract) fn declared_content_of(address: &[u8], found: &mut Dissection<'_>) -> Option<(Vec<u8>, Bytes)> {
    let address = address.trim_ascii_start();
    let is_kept = |byte: &u8| !matches!(byte, b'\t' | b'\n' | b'\r');
    // What follows a number sign is the name of a place in the content.
    let kept = address.iter().filter(|byte| is_kept(byte)).take_while(|byte| **byte != b'#');
    let mut address: Vec<u8> = kept.copied().collect();
    let comma = memchr(b',', &address)?;
    let data = percent::decode(&Bytes::copy_from_slice(&address[comma + 1..]), percent::Plus::IsPlus);
    address.truncate(comma);
    let (scheme, head) = address.split_at_checked(SCHEME)?;
    if !scheme.eq_ignore_ascii_case(b"data:") {
        return None;
    }
    let packed = data.len();
    let content =
        if is_base64(head) { found.keep(&decode_leniently(&data), packed)? } else { found.keep(&data, packed)? };
    Some((head.to_vec(), content))
}

/// Hands out what is declared by `head`.
fn add(text: &[u8], head: &Range<usize>, content: Bytes, is_guess: bool, found: &mut Dissection<'_>) {
    if !content.is_empty() && found.is_new(&content) {
        let declared = String::from_utf8_lossy(&text[head.clone()]).into_owned();
        let part = Part { is_guess, ..Part::new(PartKind::Decoded, content).declared(Some(declared)) };
        found.add(part, Some(head.start));
    }
}

/// Hands out what the URI with `head` is when it goes on after white space and escapes, no further than `limit`, if
/// that is something else than `data`. Where that ends.
///
/// It is a guess always: in prose, words follow.
fn spread_uri(
    text: &Bytes,
    head: &Range<usize>,
    data: Range<usize>,
    limit: usize,
    found: &mut Dissection<'_>,
) -> usize {
    let near = percent::decode(&text.slice(data.clone()), percent::Plus::IsPlus);
    if !is_base64(&text[head.clone()]) {
        let end = quoted_end(text, head.start - SCHEME, data.start..limit);
        if end > data.end {
            let content = percent::decode(&text.slice(data.start..end), percent::Plus::IsPlus);
            add(text, head, content, true, found);
        }
        return end.max(data.end);
    }
    let ends_before_more = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\\';
    if !text[..limit].get(data.end).is_some_and(ends_before_more) && memchr(b'&', &near).is_none() {
        return data.end;
    }
    let spread = Spread::of(&text[data.start..limit]);
    let mut reading = spread.clone();
    let differs = near.iter().copied().map(Some).chain(std::iter::repeat(None));
    let says_more = reading.by_ref().zip(differs).any(|(byte, near)| near != Some(byte));
    let rest = reading.read_to_end();
    let end = limit - rest;
    if says_more {
        // Up to padding that comes before anything that was left out, it has been read already.
        let padding = memchr(b'=', &near).map(|length| &near[..=length]);
        let is_known = padding.is_some_and(|known| spread.clone().take(known.len()).eq(known.iter().copied()));
        for way in ways(spread.clone()).into_iter().filter(|way| !(is_known && way.ends_at_padding)) {
            let declared = charset_of(&text[head.clone()]);
            decode(spread.clone(), end - data.start, way, declared.as_deref(), Standing::Quoted, found);
        }
    }
    end
}

/// Where the quotation ends that a URI begins at `start`, `within` what follows its head; the start of that where it is
/// not quoted.
fn quoted_end(text: &[u8], start: usize, within: Range<usize>) -> usize {
    let quote = start.checked_sub(1).map(|before| text[before]).filter(|byte| b"\"'`".contains(byte));
    let length = quote.and_then(|quote| memchr(quote, &text[within.clone()])).unwrap_or_default();
    let is_escaped = length > 0 && text[within.start + length - 1] == b'\\';
    within.start + length - usize::from(is_escaped)
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::super::tests::decoded;
    use super::*;
    use crate::content::assert_linear;

    #[test]
    fn data_uris_in_each_other_are_read_in_time_that_is_linear() {
        let found = decoded("data:,onedata:,twodata:,three and more", find);
        assert_eq!(found, [&b"one"[..], b"onedata:,twodata:,three", b"two", b"three"]);
        assert_linear(10_000, |count| {
            assert_eq!(decoded(&"data:;base64,QUJD".repeat(count), find).len(), count + 1);
        });
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
            assert_eq!(decoded(text, find), [expected], "{text}");
        }
        assert_eq!(decoded("metadata: one, two", find).len(), 0);
        assert_eq!(decoded("data:", find).len(), 0);
    }

    #[test]
    fn a_charset_in_the_head_is_declared_for_what_is_in_base64_too() {
        let text = Bytes::from_static(b"<iframe src='data:text/html;charset=utf-16le;base64,ZgBvAHIA'>");
        let found = crate::extract::dissection::testing::gathered(
            &crate::content::ExtractLimits::default(),
            crate::config::Ambiguity::Refuse,
            |found| find(&text, found),
        );
        let declared: Vec<_> = found.parts.iter().filter_map(|part| part.declared_type.as_deref()).collect();
        assert_eq!(declared, ["text/html;charset=utf-16le;base64"]);
        assert!(found.parts.iter().any(|part| part.kind == PartKind::Text && &part.bytes[..] == b"for"));
    }

    /// A picture's worth of bytes, and their base64 in lines of `width`, with `between` after each.
    fn wrapped(width: usize, between: &str) -> (Vec<u8>, String) {
        let content: Vec<u8> = (0..1000_u32).map(|i| (i * 7 % 251) as u8).collect();
        let encoded = BASE64.encode(&content);
        let lines: Vec<&str> = encoded.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
        (content, lines.join(between))
    }

    #[test]
    fn data_uris_go_on_behind_white_space_in_every_notation() {
        for between in [
            "\n",
            " ",
            "\r\n\t",
            "\n     ",
            "%0A",
            "%0d%0a",
            "&#10;",
            "&#xA;",
            "&#13;&#10;",
            "&Tab;",
            "&NewLine;\n ",
            "\\n",
            "\\r\\n",
            "\\\n",
            "\\u000a",
            "\\\\n",
            "\\A ",
            "\\00000a",
        ] {
            for width in [1, 4, 19, 76] {
                let (content, data) = wrapped(width, between);
                for text in [
                    format!("<image xlink:href=\"data:image/png;base64,{data}\n\" x=\"1\"/>"),
                    format!("<img src='data:image/png;base64,\n{data}'>"),
                    format!("a {{ background: url(data:image/png;base64,{data}) }}"),
                    format!("{{\"picture\": \"data:image\\/png;base64,{data}\"}}"),
                    format!("data:image/png;\n  base64 ,{data}"),
                ] {
                    assert!(decoded(&text, find).contains(&content), "{between:?}, {width}: {text}");
                }
            }
        }
    }

    #[test]
    fn escaped_characters_of_base64_are_themselves() {
        let content: Vec<u8> = BASE64.decode(b"ab+/cd+/ef+/gw==").unwrap();
        for data in [
            "ab+\\/cd+\\/ef+\\/gw==",
            "ab&#43;/cd&plus;&sol;ef&#x2b;/gw&equals;=",
            "ab\\u002b/cd\\x2b\\u002Fef+/gw\\u003d=",
            "ab-_cd-_ef\n-_gw",
        ] {
            let text = format!("x = \"data:image/png;base64,{data}\";");
            assert!(decoded(&text, find).contains(&content), "{text}");
        }
    }

    #[test]
    fn what_follows_a_data_uri_in_prose_is_one_more_reading_and_never_the_only_one() {
        let (content, data) = wrapped(5000, "");
        let found = decoded(&format!("see data:image/png;base64,{data} and more"), find);
        assert_eq!(found.len(), 2);
        assert!(found[0] == content && found[1].starts_with(&content) && found[1].len() > content.len());
        let found = decoded(&format!("(data:image/png;base64,{data}) and <data:image/png;base64,{data}\n>"), find);
        assert_eq!(found, [&content[..], &content]);
    }

    #[test]
    fn a_text_in_quotation_marks_goes_on_behind_spaces() {
        for (text, expected) in [
            (r#"url("data:image/svg+xml,%3Csvg x='1' y='2'%3E%3C/svg%3E")"#, "<svg x='1' y='2'></svg>"),
            (r#"<img src='data:image/svg+xml;utf8,<svg x="1" y="2"></svg>'>"#, r#"<svg x="1" y="2"></svg>"#),
            (r#"{"a": "data:text/plain,one two\n three"}"#, r"one two\n three"),
            (r#""{\"a\": \"data:text/plain,one two\"}""#, "one two"),
        ] {
            assert!(decoded(text, find).contains(&expected.as_bytes().to_vec()), "{text}");
        }
    }

    #[test]
    fn spread_data_uris_in_each_other_are_read_in_time_that_is_linear() {
        for text in ["data:;base64,QU JD ", "\"data:,a b "] {
            assert_linear(2_500, |count| {
                let found = decoded(&text.repeat(count), find);
                let bytes: usize = found.iter().map(Vec::len).sum();
                let is_enough = found.len() <= 2 * count + 1_000 && bytes <= 6 * count * text.len();
                assert!(is_enough, "{} of {bytes} bytes", found.len());
            });
        }
    }
}
