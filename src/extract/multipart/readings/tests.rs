//! Bodies that real parsers read differently: one of the readings is always the one a parser has.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::Ambiguity;
use crate::content::{ExtractLimits, Part};
use crate::extract::{Extraction, ProblemCode, Source};

/// What real parsers saw in bodies, with a README beside it.
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/multipart/cases.json");

fn all_readings(body: &[u8], content_type: &str) -> Extraction {
    let source = Source {
        body: &body.to_vec().into(),
        content_types: &[content_type.as_bytes()],
        content_encodings: &[],
        names: &[],
        query: None,
        ambiguity: Ambiguity::InspectAll,
    };
    Extraction::of(&source, &ExtractLimits::default())
}

/// Whether `content` is inspected, or hashed at least.
fn has(found: &Extraction, content: &[u8]) -> bool {
    let is_cut = |part: &Part| part.cuts.iter().any(|length| part.bytes[..*length] == *content);
    found.parts.iter().any(|part| part.bytes == content || is_cut(part))
}

#[track_caller]
fn assert_has(body: &[u8], content_type: &str, content: &[u8]) {
    let found = all_readings(body, content_type);
    assert_eq!(found.problems, []);
    assert!(found.parts.iter().any(|part| part.bytes == content), "{}", String::from_utf8_lossy(body));
}

#[derive(Deserialize)]
struct Case {
    what: String,
    content_type: String,
    body_base64: String,
    seen_by: BTreeMap<String, String>,
}

#[test]
fn two_empty_lines_may_end_no_headers() {
    assert_has(b"--b\r\n\r\n\r\nlisted\r\n--b--\r\n", "multipart/form-data; boundary=b", b"listed");
}

#[test]
fn whatever_a_real_parser_saw_is_inspected() {
    let text = std::fs::read_to_string(VECTORS).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    for Case { what, content_type, body_base64, seen_by } in cases {
        let body = data_encoding::BASE64.decode(body_base64.as_bytes()).unwrap();
        let found = all_readings(&body, &content_type);
        let is_seen = seen_by.values().any(|seen| seen.contains("EVIL-FILE-BYTES"));
        let is_inspected = found.parts.iter().any(|part| part.bytes == "EVIL-FILE-BYTES");
        assert!(is_inspected || !is_seen || !found.problems.is_empty(), "{what}: {seen_by:?}");
        println!("{what}: {} parts, {:?}", found.parts.len(), found.problems);
    }
}

#[test]
fn every_notion_of_lines_boundaries_and_headers_is_a_reading() {
    let content_type = "multipart/form-data; boundary=b";
    for body in [
        &b"--b\nContent-Disposition: form-data; name=\"f\"\n\nEVIL\n--b--\n"[..],
        b"--b\rContent-Disposition: form-data; name=\"f\"\r\rEVIL\r--b--\r",
        b"preamble\r\n--b\r\nX: y\r\n\r\nEVIL\r\n--b--\r\nepilogue",
        b"--b \r\nX: y\r\n\r\nEVIL\r\n--b--",
        b"--b\r\nX: y\r\n \t\r\nEVIL\r\n--b--",
        b"--b\r\nX: y\r\n\r\nEVIL",
        b"--b\r\nX: y\r\n\r\nother\r\n--b--\r\n--b\r\nX: y\r\n\r\nEVIL\r\n--b--",
        b"--b\r\nContent-Length: 4\r\n\r\nEVIL and more\r\n--b--",
        b"--b\r\nX: y\r\n\0z\nEVIL\r\n--b--",
        b"--b\r\nX: y\n\nEVIL\xf0\x9f\r\n--b--",
    ] {
        assert_has(body, content_type, b"EVIL");
    }
    let longer = b"--b\r\nX: y\r\n\r\nEV\r\n--bX\r\nIL\r\n--b--";
    assert_has(longer, content_type, b"EV\r\n--bX\r\nIL");
    assert_has(longer, content_type, b"EV");
    assert_has(b"--c\r\nX: y\r\n\r\nEVIL\r\n--c--", "multipart/form-data; boundary=b; boundary=c", b"EVIL");
    for content_type in
        ["multipart/mixed; boundary=c", "multipart/form-data; bo\"und ary=c", "multipart/x; boundary=c/d"]
    {
        assert_has(b"preamble\r\n--c\r\nX: y\r\n\r\nEVIL\r\n--c--", content_type, b"EVIL");
    }
}

#[test]
fn a_type_that_names_several_is_each_of_them() {
    for (beside, body) in [
        ("application/x-www-form-urlencoded", &b"--b&f=%45VIL"[..]),
        ("application/json", b"{\"f\": \"\\u0045VIL\"}"),
        ("text/xml", b"<f>&#x45;VIL</f>"),
    ] {
        for content_type in
            [format!("multipart/form-data, {beside}"), format!("multipart/form-data; boundary=b; x={beside}")]
        {
            assert_has(body, &content_type, b"EVIL");
        }
    }
}

#[test]
fn encodings_of_parts_are_undone_and_nested_bodies_taken_apart() {
    let one_part = |headers: &str, content: &[u8]| {
        [
            b"--b\r\nContent-Disposition: form-data; name=\"f\"\r\n",
            headers.as_bytes(),
            b"\r\n\r\n",
            content,
            b"\r\n--b--\r\n",
        ]
        .concat()
    };
    let content_type = "multipart/form-data; boundary=b";
    let utf16: Vec<u8> = "EVIL".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deflated = miniz_oxide::deflate::compress_to_vec_zlib(b"EVIL", 6);
    for (headers, content) in [
        ("Content-Transfer-Encoding: base64", &b"RVZJTA=="[..]),
        ("Content-Transfer-Encoding: Quoted-Printable", b"E=56=\r\nIL"),
        ("Content-Encoding: deflate", &deflated),
        ("Content-Type: text/plain; charset=UTF-16LE", &utf16),
        ("Content-Type: multipart/mixed; boundary=c", b"--c\r\nX: y\r\n\r\nEVIL\r\n--c--"),
    ] {
        assert_has(&one_part(headers, content), content_type, b"EVIL");
    }
    let unknown = all_readings(&one_part("Content-Type: text/plain; charset=utf-7", b"+AEU-VIL"), content_type);
    assert!(unknown.problems.iter().any(|problem| problem.code == ProblemCode::MultipartCharset));
}

/// Bytes that look like those of a picture or a film, with every line end and empty line in them.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut bytes: Vec<u8> = (0..length).map(|_| next()).collect();
    bytes[length / 2..][..8].copy_from_slice(b"\r\n\r\n\n\n\r\r");
    bytes
}

#[test]
fn an_ordinary_file_costs_a_small_multiple_of_itself_however_its_lines_end() {
    const HEAD: &[u8] =
        b"--bndX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\nContent-Type: image/jpeg\r\n\r\n";
    let text = "A line of text.\n\nAnother one.\r\n\r\nAnd a last.\r".repeat(5_000).into_bytes();
    for content in [noise(3 << 20), text, vec![b'\n'; 400_000]] {
        for content_type in
            ["multipart/form-data; boundary=bndX; boundary=\"bndX\"", "multipart/form-data boundary=bndX"]
        {
            let body = [HEAD, &content, b"\r\n--bndX--\r\n"].concat();
            let found = all_readings(&body, content_type);
            assert_eq!(found.problems, []);
            assert!(has(&found, &content));
            let outside = || found.parts.iter().filter(|part| part.inside.is_none());
            assert!(outside().any(|part| part.cuts.is_empty() && part.bytes == content), "it is inspected");
            let inspected: usize = outside().filter(|part| part.cuts.is_empty()).map(|part| part.bytes.len()).sum();
            let hashed: usize = outside().filter(|part| !part.cuts.is_empty()).map(|part| part.bytes.len()).sum();
            println!("{} bytes: {inspected} inspected, {hashed} hashed", body.len());
            assert!(inspected <= (8 * body.len()).max(1 << 21) + (1 << 20) && hashed <= 32 * body.len());
        }
    }
}

#[test]
fn a_large_part_is_hashed_with_every_line_end_that_some_parser_keeps() {
    let noise = noise(2 << 20);
    for (before, after) in [(&b"\r\n\r\n"[..], &b"\r\n"[..]), (b"\n\n", b"\n"), (b"\r\r", b"\r"), (b"\r\n\n", b"")] {
        let head = [b"--bndX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"", before].concat();
        let body = [&head[..], &noise, after, b"--bndX--\r\n"].concat();
        let found = all_readings(&body, "multipart/form-data; boundary=bndX; x=boundary");
        assert_eq!(found.problems, []);
        assert!(has(&found, &noise), "{}", before.escape_ascii());
        let half = [&head[..], &noise, b"\xe2\x82", after, b"--bndX--\r\n"].concat();
        let found = all_readings(&half, "multipart/form-data; boundary=bndX; x=boundary");
        assert!(has(&found, &noise), "{} and half a character", before.escape_ascii());
    }
}

#[test]
fn an_empty_boundary_and_a_bare_one_are_boundaries_to_some() {
    let part = "Content-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nEVIL";
    let empty = format!("--\r\n{part}\r\n----\r\n");
    for content_type in ["\"", "\"\"", "", "utf-8''", "; x=y"] {
        assert_has(empty.as_bytes(), &format!("multipart/form-data; boundary={content_type}"), b"EVIL");
    }
    assert_has(empty.as_bytes(), "multipart/form-data; bo\"undary=\"x", b"EVIL");
    let bare = format!("--bnd\r\n X: y\r\n\r\nxbnd\r\n{part}\r\n--bnd--");
    assert_has(bare.as_bytes(), "multipart/form-data; boundary=bnd", b"EVIL");
    let cut = format!("--bnd\r\n{part}x-\r--bnd\r\n{part}\nx--bnd--");
    assert_has(cut.as_bytes(), "multipart/form-data; boundary=bnd", b"EVIL");
    assert_has(cut.as_bytes(), "multipart/form-data; boundary=bnd", b"EVILx");
}

#[test]
fn a_body_with_too_many_readings_is_over_the_limit() {
    let delimiters = "--bX\n\n".repeat(3_000);
    let body = format!("--b\r\n\r\n{delimiters}{}", "x".repeat(10_000));
    let found = all_readings(body.as_bytes(), "multipart/form-data; boundary=b");
    assert_eq!(found.problems[0].code, ProblemCode::TooManyReadings);
}
