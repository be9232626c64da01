//! What holds for every format, and the vectors with what real parsers saw.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::content::PartKind;

/// What real parsers saw in bodies, with a README beside it.
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/multipart/cases.json");

fn extracted(body: &[u8], content_types: &[&str]) -> Extraction {
    let values: Vec<&[u8]> = content_types.iter().map(|value| value.as_bytes()).collect();
    Extraction::of(&Source::plain(&Bytes::copy_from_slice(body), &values), &ExtractLimits::default())
}

fn codes(found: &Extraction) -> Vec<ProblemCode> {
    found.problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn an_empty_body_has_no_parts_and_no_problems() {
    for content_types in [&[][..], &["multipart/mixed"], &["application/json"], &["text/plain", "multipart/form-data"]]
    {
        let found = extracted(b"", content_types);
        assert!(found.parts.is_empty() && found.problems.is_empty(), "{content_types:?}");
    }
}

#[test]
fn a_body_that_is_not_taken_apart_is_one_part_with_its_declared_type() {
    for content_types in [&[][..], &["image/jpeg"], &["text/plain; charset=utf-8"], &["application/octet-stream"]] {
        let found = extracted(b"bytes", content_types);
        assert_eq!(
            found.parts,
            [Part::new(PartKind::Body, "bytes".into())
                .declared(content_types.first().map(|value| (*value).to_owned()))]
        );
        assert_eq!(found.problems, []);
    }
}

#[test]
fn forms_and_json_keep_the_whole_body_as_their_first_part() {
    for (content_type, body, strings) in [
        ("application/x-www-form-urlencoded", "a=1&b=2", vec!["a=1&b=2", "1", "2"]),
        ("application/json", r#"{"a":"1"}"#, vec![r#"{"a":"1"}"#, "a", "1"]),
    ] {
        let found = extracted(body.as_bytes(), &[content_type]);
        assert_eq!(found.parts.iter().map(|part| part.bytes.clone()).collect::<Vec<_>>(), strings);
        assert_eq!(found.parts[0].kind, PartKind::Envelope);
        assert_eq!(found.parts[0].declared_type.as_deref(), Some(content_type));
    }
}

#[test]
fn headers_that_servers_may_read_differently_are_problems_without_a_place() {
    use ProblemCode::*;
    for (content_types, code) in [
        (&["text/plain", "text/plain"][..], ContentTypeRepeated),
        (&["multipart/form-data boundary=b"], ContentTypeMalformed),
        (&["multipart/mixed; boundary=b; boundary=c"], MultipartBoundaryRepeated),
        (&["application/x-www-form-urlencoded; charset=utf-7"], FormCharset),
    ] {
        let found = extracted(b"x", content_types);
        assert_eq!(found.problems, [Problem { code, part: None, offset: None }], "{content_types:?}");
        assert_eq!(&found.parts[0].bytes[..], b"x");
    }
    assert_eq!(codes(&extracted(b"[]", &["application/json; charset=utf-7"])), [JsonNotUtf8]);
    for body in [&b"--b\r\nX: y"[..], b"\r\n--", b"{--\r\nX: y\r\n\r\n}"] {
        assert_eq!(codes(&extracted(body, &["multipart/form-data"])), [MultipartBoundaryMissing], "{body:?}");
    }
}

#[test]
fn a_body_that_is_called_multipart_by_mistake_is_read_as_what_it_is() {
    let json = br#"{"a -- b": ["forbidden\u0021"]}"#;
    for (body, texts) in [(&json[..], &["a -- b", "forbidden!"][..]), (b"a=for%62idden&b=c+d", &["forbidden", "c d"])] {
        for content_type in ["multipart/form-data", "Multipart/Form-Data; charset=UTF-8;"] {
            let found = extracted(body, &[content_type]);
            assert_eq!(found.problems, [], "{content_type}");
            assert!(found.parts.iter().any(|part| part.kind == PartKind::Body && &part.bytes[..] == body));
            assert!(texts.iter().all(|text| found.parts.iter().any(|part| part.bytes == text)), "{:?}", found.parts);
        }
    }
    let charset = extracted(b"a=%EC", &["multipart/form-data; charset=utf-7"]);
    assert!(codes(&charset).contains(&ProblemCode::FormCharset));
}

#[test]
fn ascii_in_a_charset_that_nobody_knows_is_ascii() {
    use ProblemCode::*;
    for (label, is_doubtful) in [("cp850", false), ("\"utf8mb4\"", false), ("unknown-8bit", false), ("cp1047", true)] {
        for (content_type, plain, other, code) in [
            ("application/json", &b"[\"a\"]"[..], &b"[\"\xe4\"]"[..], JsonNotUtf8),
            ("application/x-www-form-urlencoded", b"a=%41&b=%9", b"a=%e4", FormCharset),
            ("application/x-www-form-urlencoded", b"a=%41", b"a=\xe4", FormCharset),
            ("text/xml", b"<a>b</a>", b"<a>\xe4</a>", XmlNotUtf8),
            ("text/plain", b"a", b"\xe4", CharsetUnknown),
        ] {
            let declared = format!("{content_type}; charset={label}");
            assert_eq!(codes(&extracted(plain, &[&declared])).contains(&code), is_doubtful, "{declared}");
            assert!(codes(&extracted(other, &[&declared])).contains(&code), "{declared}");
        }
        let part = |content: &[u8]| {
            let head =
                format!("--b\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset={label}");
            let body = [head.as_bytes(), b"\r\n\r\n", content, b"\r\n--b--\r\n"].concat();
            codes(&extracted(&body, &["multipart/form-data; boundary=b"])).contains(&MultipartCharset)
        };
        assert_eq!((part(b"a"), part(b"\xe4")), (is_doubtful, true), "{label}");
    }
}

#[test]
fn a_hostile_body_cannot_make_the_list_of_problems_long() {
    let body = "x--b".repeat(10_000);
    let found = extracted(body.as_bytes(), &["multipart/form-data; boundary=b"]);
    // As many as are kept, and the first of each other code.
    assert!((32..40).contains(&found.problems.len()), "{}", found.problems.len());
}

#[derive(Deserialize)]
struct Case {
    id: String,
    what: String,
    content_type: String,
    body_base64: String,
    seen_by: BTreeMap<String, String>,
}

/// Bodies in which parsers find the same contents, or nothing, and differ only in what they call them.
const ACCEPTED: &[&str] = &[
    "00", "01", "06", "09", "11", "23", "24", "28", "29", "32", "33", "34", "35", "36", "37", "38", "39", "41", "43",
    "44", "52", "55", "65",
];

#[test]
fn bodies_that_real_parsers_read_differently_are_refused() {
    let text = std::fs::read_to_string(VECTORS).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 47);
    let mut accepted = Vec::new();
    for case in &cases {
        let body = data_encoding::BASE64.decode(case.body_base64.as_bytes()).unwrap();
        let found = extracted(&body, &[&case.content_type]);
        println!("{} {}: {:?}", case.id, case.what, codes(&found));
        if !found.problems.is_empty() {
            continue;
        }
        accepted.push(case.id.as_str());
        for (parser, seen) in &case.seen_by {
            let is_seen = seen.contains("EVIL-FILE-BYTES");
            let is_inspected = found.parts.iter().any(|part| part.bytes == "EVIL-FILE-BYTES");
            assert!(is_inspected || !is_seen, "{}: {parser} saw it: {seen}", case.what);
        }
    }
    assert_eq!(accepted, ACCEPTED);
}

proptest! {
    #[test]
    fn no_body_makes_it_panic_or_give_more_parts_than_allowed(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        content_type in prop_oneof![
            Just("multipart/form-data; boundary=b"),
            Just("application/json"),
            Just("application/x-www-form-urlencoded"),
            Just("text/plain"),
        ],
        max_parts in 0..4_usize,
    ) {
        let limits = ExtractLimits { max_parts, ..ExtractLimits::default() };
        let found = Extraction::of(&Source::plain(&body.into(), &[content_type.as_bytes()]), &limits);
        prop_assert!(found.parts.len() <= max_parts);
    }

    #[test]
    fn any_json_of_strings_gives_them_all_in_order(strings in proptest::collection::vec(any::<String>(), 0..8)) {
        let body = serde_json::to_vec(&strings).unwrap();
        let found = extracted(&body, &["application/json"]);
        prop_assert!(found.problems.is_empty());
        // A string that looks like JSON itself, such as `{¡}`, has strings inside of it.
        let is_of_body = |part: &&Part| part.kind == PartKind::JsonString && part.inside.is_none();
        let strings_found = found.parts[1..].iter().filter(is_of_body);
        let seen: Vec<_> = strings_found.map(|part| str::from_utf8(&part.bytes).unwrap()).collect();
        prop_assert_eq!(seen, strings);
    }

    #[test]
    fn whatever_is_called_json_is_no_problem_and_no_string_of_it_is_lost(
        body in "[\\[\\]{}:,\"a1 \\\\u]{0,24}".prop_filter("empty", |text| !text.is_empty()),
    ) {
        let found = extracted(body.as_bytes(), &["application/json"]);
        prop_assert!(found.problems.is_empty());
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(&body) {
            prop_assert_eq!(found.parts[0].kind, PartKind::Envelope);
            prop_assert!(found.parts.iter().all(|part| part.kind != PartKind::Body));
            let mut rest = vec![&value];
            while let Some(value) = rest.pop() {
                match value {
                    serde_json::Value::String(text) => prop_assert!(found.parts.iter().any(|part| part.bytes == *text)),
                    serde_json::Value::Array(values) => rest.extend(values),
                    serde_json::Value::Object(members) => rest.extend(members.values()),
                    _ => {}
                }
            }
        }
    }
}
