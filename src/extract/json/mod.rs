//! JSON bodies: every string value and every object key, at any depth, as a part of its own.
//!
//! The body is walked without building a tree. Both values of a repeated key become parts, because origins differ in
//! which of the two they keep. A string without escapes is a slice of the body, half an emoji (`"\ud800"`) is U+FFFD,
//! as those read it who do not refuse it. Several values one after the other are all walked.
//!
//! A body that is not JSON by the letter is no reason to refuse it: strict readers refuse it themselves, and what
//! generous ones read is what is [walked](walk). Readers differ in the charset that they believe, so each one is a
//! reading.

pub(super) mod escape;
mod loose;
mod walk;

use bytes::Bytes;

use super::ProblemCode;
use super::charset::Charset;
use super::dissection::Dissection;
use super::legible;
use super::protobuf::Fields;
use super::seen::Seen;
use walk::{Aside, Walked, walk};

/// What a body that is declared as JSON turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// JSON, every string of which has been handed out.
    Json,
    /// Something else, or JSON that only some read: it may be looked at as it is, too.
    Odd,
}

/// Adds the strings of `body` in every charset that some reader believes it to be in.
pub(super) fn extract(body: &Bytes, charset: Charset, found: &mut Dissection<'_>) -> Form {
    if charset.is_doubtful(body) {
        found.ambiguous(ProblemCode::JsonNotUtf8, None);
    }
    let others = charset.readings(body, found);
    if others.is_empty() {
        return extract_reading(body, Aside::default(), found);
    }
    let mut seen = Seen::default();
    let mut forms = others.iter().chain([body]).map(|reading| {
        let aside = Aside { seen: Some(&mut seen), pieces: None };
        extract_reading(reading, aside, found)
    });
    // Each is read, whatever the ones before turned out to be.
    forms.by_ref().fold(Form::Odd, |all, form| if form == Form::Json { form } else { all })
}

fn extract_reading(text: &Bytes, aside: Aside<'_>, found: &mut Dissection<'_>) -> Form {
    legible::show_rich_text(text, found);
    let Walked { odd, too_deep } = walk(text, aside, found);
    if let Some(offset) = too_deep {
        found.ambiguous(ProblemCode::JsonTooDeep, Some(offset));
    }
    let Some(odd) = odd else {
        return Form::Json;
    };
    if found.reads_all() {
        loose::extract(text, odd, found);
    }
    Form::Odd
}

/// Adds the strings of one message of several. What is base64 in JSON is bytes in other notations, and may come in
/// pieces.
pub(super) fn extract_message(message: &Bytes, pieces: &mut Fields, found: &mut Dissection<'_>) {
    extract_reading(message, Aside { seen: None, pieces: Some(pieces) }, found);
}

/// Adds the strings in a value that is JSON by its looks only, such as a form's field.
pub(super) fn extract_if_it_looks_so(value: &Bytes, found: &mut Dissection<'_>) {
    if looks_so(value, found) {
        legible::show_rich_text(value, found);
        extract_loosely(value, found);
    }
}

/// Whether `value` looks like JSON whose strings may become parts.
pub(super) fn looks_so(value: &[u8], found: &Dissection<'_>) -> bool {
    let is_within_limit = value.len() as u64 <= found.limits().max_escaped;
    is_within_limit && matches!(value.trim_ascii(), [b'{', .., b'}'] | [b'[', .., b']'])
}

/// Whether some reader may take `body`, which is declared as JSON, for that: it begins with what a value begins with.
pub(super) fn may_be(body: &[u8]) -> bool {
    let is_blank =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | 0x1e | 0xef | 0xbb | 0xbf | 0xfe | 0xff);
    let start = body.iter().take(MAX_BLANKS).find(|byte| !is_blank(byte));
    start.is_none_or(|byte| byte.is_ascii_digit() || b"{[\"'/#-+.)tfnNI".contains(byte))
}

/// Blanks that may come before a value in what is told from its start. Longer ones leave it open.
const MAX_BLANKS: usize = 4096;

/// Adds the strings in what may be JSON, several values of it, or neither.
pub(super) fn extract_loosely(value: &Bytes, found: &mut Dissection<'_>) {
    if let Some(odd) = walk(value, Aside::default(), found).odd {
        loose::extract(value, odd, found);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Extraction, Problem};
    use super::walk::MAX_POINTER;
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::content::Part;
    use crate::extract::dissection::testing::gathered;

    fn extracted(body: &[u8], limits: ExtractLimits) -> (Bytes, Extraction) {
        let body = Bytes::copy_from_slice(body);
        let found = gathered(&limits, Ambiguity::Refuse, |found| {
            extract(&body, Charset::Utf8, found);
        });
        (body, found)
    }

    fn strings(found: &Extraction) -> Vec<(&str, &str)> {
        let text = |part: &'_ Part| str::from_utf8(&part.bytes).unwrap().to_owned().leak() as &str;
        found.parts.iter().map(|part| (part.name.as_deref().unwrap(), text(part))).collect()
    }

    #[test]
    fn values_and_keys_come_with_their_pointers() {
        let (_, found) =
            extracted(br#" {"a": ["x", 1, {"b/c~": "y"}], "": null, "e": 1e3, "t": true} "#, ExtractLimits::default());
        assert_eq!(found.problems, []);
        assert_eq!(
            strings(&found),
            [
                ("/a", "a"),
                ("/a/0", "x"),
                ("/a/2/b~1c~0", "b/c~"),
                ("/a/2/b~1c~0", "y"),
                ("/", ""),
                ("/e", "e"),
                ("/t", "t")
            ]
        );
    }

    #[test]
    fn both_values_of_a_repeated_key_and_a_top_level_string_are_parts() {
        let (_, found) = extracted(br#"{"a":"1","a":"2"}"#, ExtractLimits::default());
        assert_eq!(strings(&found), [("/a", "a"), ("/a", "1"), ("/a", "a"), ("/a", "2")]);
        let (_, found) = extracted(b"\xef\xbb\xbf\"top\"", ExtractLimits::default());
        assert_eq!(strings(&found), [("", "top")]);
        assert_eq!(found.problems, []);
    }

    #[test]
    fn strings_without_escapes_are_slices_of_the_body() {
        let (body, found) = extracted(br#"["plain","esc\u0061ped\n"]"#, ExtractLimits::default());
        assert_eq!(strings(&found), [("/0", "plain"), ("/1", "escaped\n")]);
        let range = body.as_ptr_range();
        assert_eq!(found.parts[0].bytes.as_ptr(), body[2..].as_ptr());
        assert!(!range.contains(&found.parts[1].bytes.as_ptr()));
    }

    #[test]
    fn what_only_generous_readers_take_is_read_as_they_read_it() {
        for (body, expected) in [
            (&b"[\"a\", // \" \n 'b', /* \" */ NaN, -Infinity, 0x1F, \"c\",]"[..], &["a", "b", "c"][..]),
            (b"{a: 'x', \"b\" = \"y\"; c => z}", &["a", "x", "b", "y", "c", "z"]),
            (b"{\"a\":1}\n{\"b\":\"x\"}\x1e{\"c\":2} \"d\"", &["a", "b", "x", "c", "d"]),
            (b")]}'\n[\"a\"]", &["a"]),
            (b"[\"a\tb\x01\",\"\\x41\\\nB\"]", &["a\tb\u{1}", "x41\nB", "AB"]),
            (b"[\"\\ud83d\", \"\\ud83d\\udca3\", \"b\"]", &["\u{fffd}", "\u{1f4a3}", "b"]),
            (b"[\"a\", \"cut o", &["a", "cut o"]),
            (b"[\"a\" \"b\"]", &["a"]),
            (b"[\"a\"} \"b\"", &["a"]),
            (b"no, \"json\"", &[]),
            (b"\xff\xd8\xff\xe0 \"x\"", &[]),
        ] {
            let (_, found) = extracted(body, ExtractLimits::default());
            let shown = String::from_utf8_lossy(body);
            assert_eq!(found.problems, [], "{shown}");
            assert_eq!(strings(&found).iter().map(|(_, text)| *text).collect::<Vec<_>>(), expected, "{shown}");
        }
    }

    #[test]
    fn only_json_by_the_letter_needs_no_second_look() {
        for (body, expected) in [
            (&b"{\"a\": [1, \"\\ud800\"]} [2]"[..], Form::Json),
            (b"[\"caf\xe9\"]", Form::Json),
            (b"[1, /* x */ 2]", Form::Odd),
            (b"{'a': 1}", Form::Odd),
            (b"[1, 2", Form::Odd),
            (b"\x89PNG", Form::Odd),
        ] {
            let mut form = None;
            gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
                form = Some(extract(&Bytes::from_static(body), Charset::Utf8, found));
            });
            assert_eq!(form, Some(expected), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn a_body_is_read_in_its_charset_and_as_utf8() {
        let utf16: Vec<u8> = "{\"a\": \"n\u{f8}\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let utf32: Vec<u8> = "[\"n\u{f8}\"]".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        for (content_type, body, expected) in [
            ("application/json; charset=ISO-8859-1", b"[\"n\xf8\"]".to_vec(), &["n\u{f8}"][..]),
            ("application/json; charset=windows-1251", b"[\"\xec\"]".to_vec(), &["\u{43c}"]),
            ("application/json; charset=shift_jis", b"[\"\x83\x5c\"]".to_vec(), &["\u{30bd}"]),
            ("application/json", utf16, &["n\u{f8}"]),
            ("application/json", utf32, &["n\u{f8}"]),
            ("application/json; charset=utf-16", b"[\"plain\"]".to_vec(), &["plain"]),
        ] {
            let body = Bytes::from(body);
            let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
                extract(&body, Charset::of_media_type(content_type), found);
            });
            assert_eq!(found.problems, [], "{content_type}");
            let texts: Vec<_> = found.parts.iter().map(|part| String::from_utf8_lossy(&part.bytes)).collect();
            assert!(expected.iter().all(|text| texts.iter().any(|found| found == text)), "{content_type}: {texts:?}");
        }
        let unknown = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
            extract(&"[]".into(), Charset::of_media_type("application/json; charset=utf-7"), found);
        });
        assert_eq!(unknown.problems[0].code, ProblemCode::JsonNotUtf8);
    }

    #[test]
    fn limits_are_reported_at_their_place_and_what_came_before_is_kept() {
        use ProblemCode::*;
        let limits = ExtractLimits { max_depth: 3, max_parts: 4, ..ExtractLimits::default() };
        for (body, parts, code, offset) in [
            (&b"[[[\"a\"]], [[[]]]]"[..], 1, JsonTooDeep, 12),
            (b"[[\n[  {  \"a\": 1}]]]", 0, JsonTooDeep, 6),
            (b"[1,2,\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]", 4, TooManyParts, 22),
        ] {
            let (_, found) = extracted(body, limits);
            let shown = String::from_utf8_lossy(body);
            assert_eq!(found.parts.len(), parts, "{shown}");
            assert_eq!(found.problems, [Problem { code, part: None, offset: Some(offset) }], "{shown}");
        }
    }

    #[test]
    fn nesting_goes_exactly_as_deep_as_the_limit() {
        for limit in [1, 128, 100_000] {
            let limits = ExtractLimits { max_depth: limit, ..ExtractLimits::default() };
            let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
            assert_eq!(extracted(nested(limit).as_bytes(), limits).1.problems, []);
            let found = extracted(nested(limit + 1).as_bytes(), limits).1;
            assert_eq!(found.problems[0].code, ProblemCode::JsonTooDeep);
        }
    }

    #[test]
    fn a_long_key_does_not_make_every_name_below_it_long() {
        let body = format!("{{\"{}\":[\"a\",\"b\"]}}", "k".repeat(100_000));
        let (_, found) = extracted(body.as_bytes(), ExtractLimits::default());
        assert_eq!(found.parts.len(), 3);
        assert!(found.parts.iter().all(|part| part.name.as_ref().is_some_and(|name| name.len() <= MAX_POINTER)));
    }
}
