//! Bodies as real clients send them, and every way to deviate from them.

use proptest::prelude::*;

use super::super::{Extraction, Problem, Source};
use super::*;
use crate::content::{ExtractLimits, Part, PartKind};

/// What a part should be: kind, name, file name, declared type, content.
type Expected<'a> = (PartKind, &'a str, Option<&'a str>, Option<&'a str>, &'a [u8]);

fn extracted(body: &[u8], boundary: &str) -> (Bytes, Extraction) {
    let body = Bytes::copy_from_slice(body);
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let mut found = Extraction::of(&Source::plain(&body, &[content_type.as_bytes()]), &ExtractLimits::default());
    // What lies inside the parts is not of multipart's making.
    found.parts.retain(|part| part.inside.is_none());
    (body, found)
}

/// The parts that multipart is made of, without the whole.
fn contents(found: &Extraction) -> impl Iterator<Item = &Part> {
    found.parts.iter().filter(|part| matches!(part.kind, PartKind::Field | PartKind::File))
}

fn shown(part: &Part) -> Expected<'_> {
    let name = part.name.as_deref().unwrap_or("(none)");
    (part.kind, name, part.file_name.as_deref(), part.declared_type.as_deref(), &part.bytes)
}

const fn field<'a>(name: &'a str, declared_type: Option<&'a str>, bytes: &'a [u8]) -> Expected<'a> {
    (PartKind::Field, name, None, declared_type, bytes)
}

const fn file<'a>(name: &'a str, file_name: &'a str, declared_type: Option<&'a str>, bytes: &'a [u8]) -> Expected<'a> {
    (PartKind::File, name, Some(file_name), declared_type, bytes)
}

const JPEG: Option<&str> = Some("image/jpeg");
const OCTETS: Option<&str> = Some("application/octet-stream");

/// Put together from what the clients named sent to a local server, with the boundary shortened to `b`. Those marked
/// "by hand" were not run: they follow the shape that client is known for.
#[rustfmt::skip]
const CLIENTS: &[(&str, &[u8], &[Expected<'static>])] = &[
    ("curl 7.88", b"--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nh\xc3\xa9\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nJPG\r\n--b--\r\n",
        &[field("t", None, "hé".as_bytes()), file("f", "a.jpg", JPEG, b"JPG")]),
    ("curl 7.88 with a JSON field and a file input left empty", b"--b\r\nContent-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n{\"a\":1}\r\n--b\r\nContent-Disposition: form-data; name=\"e\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n",
        &[field("j", Some("application/json"), b"{\"a\":1}"), file("e", "", OCTETS, b"")]),
    ("requests 2.34", b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\xc3\xa9 %22q%22 .jpg\"\r\n\r\nX\r\n--b--\r\n",
        &[file("f", "é %22q%22 .jpg", None, b"X")]),
    ("httpx 0.28", b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8JPG\r\n--b--\r\n",
        &[file("f", "a.jpg", JPEG, b"\xff\xd8JPG")]),
    ("aiohttp 3.14", b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nh\xc3\xa9\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: form-data; name=\"f\"; filename=\"%C3%A9%20%22q%22%20.jpg\"\r\n\r\nX\r\n--b--\r\n",
        &[field("t", Some("text/plain; charset=utf-8"), "hé".as_bytes()), file("f", "%C3%A9%20%22q%22%20.jpg", OCTETS, b"X")]),
    ("Node 20 fetch", b"--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nh\xc3\xa9\r\nx\r\n--b\r\nContent-Disposition: form-data; name=\"n%22\xc3\xa9\"; filename=\"blob\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n",
        &[field("t", None, "hé\r\nx".as_bytes()), file("n%22é", "blob", OCTETS, b"")]),
    ("Node 20 fetch of an empty form", b"--b--\r\n", &[]),
    ("form-data 4 with a buffer for a field", b"--b\r\nContent-Disposition: form-data; name=\"buf\"\r\nContent-Type: application/octet-stream\r\n\r\nB\r\n--b--\r\n",
        &[field("buf", OCTETS, b"B")]),
    ("axios 1.21", b"--b\r\nContent-Disposition: form-data; name=\"o[a]\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=\"arr[]\"\r\n\r\np\r\n--b--\r\n",
        &[field("o[a]", None, b"1"), field("arr[]", None, b"p")]),
    ("Chromium with a directory, by hand", b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"dir/it's; a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nJPG\r\n--b--\r\n",
        &[file("f", "dir/it's; a.jpg", JPEG, b"JPG")]),
    ("OkHttp, by hand", b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\nJPG\r\n--b--\r\n",
        &[file("f", "a.jpg", JPEG, b"JPG")]),
    ("Apache HttpClient, by hand", b"--b\r\nContent-Disposition: form-data; name=\"t\"\r\nContent-Type: text/plain; charset=ISO-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nplain\r\n--b--\r\n",
        &[field("t", Some("text/plain; charset=ISO-8859-1"), b"plain")]),
    (".NET, by hand", b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=title\r\n\r\nx\r\n--b--\r\n",
        &[field("title", Some("text/plain; charset=utf-8"), b"x")]),
    ("Dart http, by hand", b"--b\r\ncontent-disposition: form-data; name=\"t\"\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-transfer-encoding: binary\r\n\r\nx\r\n--b--\r\n",
        &[field("t", Some("text/plain; charset=utf-8"), b"x")]),
    (".NET HttpClient, by hand", b"--b\r\nContent-Disposition: form-data; name=f; filename=a.jpg; filename*=utf-8''a.jpg\r\n\r\nJPG\r\n--b\r\nContent-Disposition: form-data; name=g; filename=\"=?utf-8?B?w6kuanBn?=\"; filename*=utf-8''%C3%A9.jpg\r\n\r\nJPG\r\n--b--\r\n",
        &[file("f", "a.jpg", None, b"JPG"), file("g", "=?utf-8?B?w6kuanBn?=", None, b"JPG")]),
    ("got 14", b"--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nx\r\n--b--\r\n\r\n",
        &[field("t", None, b"x")]),
    ("no line end at the end, by hand", b"--b\r\nContent-Disposition: form-data; name=\"t\"\r\nX-Other: yes; name=\"z\"\r\n\r\n\r\n\r--\r\n\r\n--b--",
        &[field("t", None, b"\r\n\r--\r\n")]),
];

#[test]
fn bodies_of_real_clients_come_apart_into_exactly_their_parts() {
    for (client, body, expected) in CLIENTS {
        let (held, found) = extracted(body, "b");
        assert_eq!(found.problems, [], "{client}");
        assert_eq!(found.parts.iter().map(shown).collect::<Vec<_>>(), *expected, "{client}");
        for part in found.parts.iter().filter(|part| !part.bytes.is_empty()) {
            assert!(held.as_ptr_range().contains(&part.bytes.as_ptr()), "{client}: a part was copied");
        }
    }
}

/// One part with `headers` (each without its CRLF) and the content `EVIL`.
fn one_part(headers: &[&str]) -> Vec<u8> {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    format!("--b\r\n{lines}\r\nEVIL\r\n--b--\r\n").into_bytes()
}

const NAMED: &str = "Content-Disposition: form-data; name=\"t\"";

/// `{H}` stands for the line end of `--b`, a good header, and its empty line: 46 bytes that end at offset 49.
const DEVIATIONS: &[(&[u8], ProblemCode, usize)] = {
    use ProblemCode::*;
    &[
        (b"no boundary at all", MultipartNoDelimiter, 0),
        (b"X: preamble\r\n--b{H}EVIL\r\n--b--", MultipartPreamble, 0),
        (b"a\r\n\r\npreamble\r\n--b{H}EVIL\r\n--b--", MultipartPreamble, 0),
        (b"\n\r\n--b{H}EVIL\r\n--b--", MultipartPreamble, 0),
        (b"x--b{H}EVIL\r\n--b--", MultipartBoundaryInside, 1),
        (b"--b{H}EVIL\r\n--b--\r\nepilogue", MultipartEpilogue, 62),
        (b"--b{H}EVIL\r\n--b--\r\n\r\n\n", MultipartEpilogue, 62),
        (b"--b{H}EVIL\r\n--b--\r\n--b--", MultipartEpilogue, 62),
        (b"--b{H}EVIL", MultipartTruncated, 53),
        (b"--b{H}EVIL\r\n--b", MultipartTruncated, 55),
        (b"--b{H}EVIL\r\n--b-", MultipartBoundaryPrefix, 55),
        (b"--b{H}EVIL\r\n--bX\r\nMORE\r\n--b--", MultipartBoundaryPrefix, 55),
        (b"--b{H}EVIL\r\n--b--X", MultipartBoundaryPrefix, 55),
        (b"--b{H}EVIL--b\r\nMORE\r\n--b--", MultipartBoundaryInside, 53),
        (b"--b{H}EVIL\n--b--\r\n", MultipartBareLf, 54),
        (b"--b{H}EVIL\r--b--\r\n", MultipartBareCr, 54),
        (b"--b{H}EVIL\r\n--b--\n", MultipartBareLf, 55),
        (b"--b{H}EVIL\r\n--b--\r", MultipartBareCr, 55),
        (b"--b{H}EVIL\r\n--b\n", MultipartBareLf, 55),
        (b"--b{H}EVIL\r\n--b \r\n", MultipartBoundaryPadding, 55),
        (b"--b{H}EVIL\r\n--b-- \r\n", MultipartBoundaryPadding, 55),
        (b"--b\t{H}EVIL\r\n--b--", MultipartBoundaryPadding, 0),
        (b"--b\r\n--b--", MultipartHeaderUnterminated, 5),
        (b"--b\r\nContent-Disposition: form-data; name=\"t\"\r\n--b--", MultipartHeaderUnterminated, 5),
        (b"--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n--b--", MultipartHeaderUnterminated, 5),
        (b"--b\r\n\r\nX: y\r\n\r\nEVIL\r\n--b--", MultipartHeaderUnterminated, 5),
        (b"--b\r\n\r\nX: y\n\nEVIL\r\n--b--", MultipartHeaderUnterminated, 5),
        (b"--b\r\n\r\n\nEVIL\r\n--b--", MultipartHeaderUnterminated, 5),
    ]
};

#[test]
fn a_structure_that_is_not_canonical_is_refused_with_its_reason_and_place() {
    let good = format!("\r\n{NAMED}\r\n\r\n");
    assert_eq!(good.len(), 46);
    for (template, code, offset) in DEVIATIONS {
        let body = String::from_utf8_lossy(template).replace("{H}", &good);
        let (_, found) = extracted(body.as_bytes(), "b");
        assert_eq!(
            found.problems.first(),
            Some(&Problem { code: *code, part: None, offset: Some(*offset) }),
            "{body:?}"
        );
        let whole = found.parts.last().unwrap();
        assert!(matches!(whole.kind, PartKind::Body | PartKind::Envelope) && whole.bytes == body, "{body:?}");
    }
}

#[rustfmt::skip]
const BAD_HEADERS: &[(&[&str], ProblemCode, usize)] = {
    use ProblemCode::*;
    &[
        (&["garbage", NAMED], MultipartHeaderMalformed, 5),
        (&[": x", NAMED], MultipartHeaderMalformed, 5),
        (&["X-Foo : x", NAMED], MultipartHeaderMalformed, 5),
        (&[" x", NAMED], MultipartHeaderFolded, 5),
        (&[NAMED, " \t"], MultipartHeaderFolded, 47),
        (&[NAMED, " Content-Length: 1"], MultipartHeaderFolded, 47),
        (&[NAMED, "X: \0"], MultipartHeaderControl, 50),
        (&[NAMED, "Conten\0-Extra: x"], MultipartHeaderControl, 53),
        (&[NAMED, "X: \u{b}Content-Transfer-Encoding: x"], MultipartHeaderControl, 50),
        (&[NAMED, "X: \u{85}"], MultipartHeaderControl, 50),
        (&[NAMED, "X: \u{2028}"], MultipartHeaderControl, 50),
        (&[NAMED, "X: a\nY: b"], MultipartBareLf, 51),
        (&[NAMED, "X: a\rY: b"], MultipartBareCr, 51),
        (&[NAMED, "\nEVIL"], MultipartBareLf, 47),
        (&["Content-Disposition: form-data; name=\"t\"; filename=\"../a\"; filename*=utf-8''..%2Fa"], MultipartFilenameTraversal, 91),
        (&["Content-Disposition: form-data; name=\"t\"; filename=\"../a.jpg\""], MultipartFilenameTraversal, 70),
        (&["Content-Disposition: form-data; name=\"t\"; filename=\"..\\a.jpg\""], MultipartFilenameTraversal, 70),
        (&[NAMED, "Content-Transfer-Encoding: x-uuencode"], MultipartTransferEncoding, 47),
        (&[NAMED, "Content-Encoding: gzip"], MultipartContentEncoding, 47),
        (&[NAMED, "Content-Length: +4"], MultipartContentLength, 47),
        (&[NAMED, "Content-Length: 99999999999999999999"], MultipartContentLength, 47),
        (&[NAMED, "Content-Length: 3"], MultipartContentLength, 68),
        (&[NAMED, "Content-Length: 4", "Content-Length: 3"], MultipartContentLength, 87),
        (&[NAMED, "Content-Type: multipart/mixed; boundary=c; boundary=d"], MultipartNested, 104),
        (&["Content-Disposition: form-data; name*=utf-8''%5Fcharset_"], MultipartCharsetField, 65),
    ]
};

#[test]
fn headers_by_which_servers_find_other_contents_are_refused_with_their_reason_and_place() {
    for (headers, code, offset) in BAD_HEADERS {
        let (_, mut found) = extracted(&one_part(headers), "b");
        // What a part says of itself is a problem of the part besides.
        found.problems.retain(|problem| problem.code != ProblemCode::CharsetUnknown);
        assert_eq!(found.problems, [Problem { code: *code, part: None, offset: Some(*offset) }], "{headers:?}");
        assert!(found.parts.iter().any(|part| part.bytes.ends_with(b"EVIL")), "{headers:?}: the content is lost");
    }
    let unknown = one_part(&[NAMED, "Content-Type: text/plain; charset=utf-7a"]);
    assert!(extracted(&unknown, "b").1.problems.iter().any(|problem| problem.code == ProblemCode::MultipartCharset));
    let nested = one_part(&[NAMED, "Content-Type: multipart/mixed; boundary=c"]);
    assert_eq!(extracted(&nested, "b").1.problems[0].code, ProblemCode::MultipartNoDelimiter);
}

const FILED: &str = "Content-Disposition: form-data; name=\"t\"; filename=\"a\"";

/// Headers by which servers call a part otherwise, or take it for something else. All of them find the same content.
const ORDINARY: &[&[&str]] = &[
    &[],
    &["Content-Type: image/jpeg"],
    &[FILED, FILED],
    &[FILED, "Content-Disposition: form-data; name=\"u\""],
    &["Content-Type: image/jpeg", "Content-Type: image/jpeg", FILED],
    &["Content-Disposition: form-data;", " name=\"t\";", "\tfilename=\"a\""],
    &["Content-Disposition:\tform-data; name=\"t\"; filename=\"a\tb\u{1}.jpg\""],
    &["Content-Disposition: attachment; filename=\"a\""],
    &["Content-Disposition: form-data ; name=\"t\""],
    &["Content-Disposition: form-data"],
    &["Content-Disposition: form-data; name=\"t\"; filename=\"a\";"],
    &["Content-Disposition: form-data; name='t'"],
    &["Content-Disposition: form-data; name=\"t"],
    &["Content-Disposition: form-data; name=\"t\"; name=\"t\"; x=\"y\"; filename=\"a\"; size=4"],
    &["Content-Disposition: form-data; name*=utf-8''t; filename*=utf-8''%C3%9C"],
    &["Content-Disposition: form-data; name=\"t\"; filename=\"\""],
    &["Content-Disposition: form-data; name=\"t\"; filename=\"C:\\x\\y.jpg\""],
    &["Content-Disposition: form-data; name=\"t\"; filename=\"\\\"q\\\".jpg\""],
    &[FILED, "Content-Length: 4", "Content-Transfer-Encoding: binary"],
    &[FILED, "Content-Type: text/plain; charset=shift_jis"],
];

#[test]
fn headers_that_only_let_servers_call_a_part_otherwise_are_no_fault() {
    for headers in ORDINARY {
        let (_, found) = extracted(&one_part(headers), "b");
        assert_eq!(found.problems, [], "{headers:?}");
        assert!(contents(&found).any(|part| part.bytes == "EVIL"), "{headers:?}");
    }
    let mut latin = one_part(&["Content-Disposition: form-data; name=\"t\"; filename=\"?.jpg\""]);
    let at = latin.iter().position(|byte| *byte == b'?').unwrap();
    latin[at] = 0xdc;
    let (_, found) = extracted(&latin, "b");
    assert_eq!(found.problems, []);
    assert_eq!(contents(&found).next().unwrap().file_name.as_deref(), Some("Ü.jpg"));
}

#[test]
fn a_part_that_some_take_for_a_file_and_some_for_a_field_is_both() {
    let (_, found) = extracted(&one_part(&["Content-Disposition: form-data; name=\"t\"; filename*=utf-8''a.jpg"]), "b");
    let kinds: Vec<PartKind> = contents(&found).map(|part| part.kind).collect();
    assert_eq!(kinds, [PartKind::File, PartKind::Field]);
    let (_, found) = extracted(&one_part(&["Content-Disposition: form-data; name=\"t\"; filename=\"C:\\a\""]), "b");
    let kinds: Vec<PartKind> = contents(&found).map(|part| part.kind).collect();
    assert_eq!(kinds, [PartKind::File]);
}

#[test]
fn what_servers_make_of_a_part_by_its_encoding_or_charset_is_inspected_beside_its_bytes() {
    let utf16: Vec<u8> = "EVIL".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (header, content) in [
        ("Content-Transfer-Encoding: base64", &b"RVZJ\r\nTA=="[..]),
        ("X: y\r\n Content_Transfer_Encoding base64", b"RVZJTA=="),
        ("Content-Transfer-Encoding: quoted-printable", b"E=56=\r\nIL"),
        ("Content-Transfer-Encoding: quoted-printable", b"E=56=\rxx\nIL"),
        ("Content-Type: text/plain; charset=utf-16le", &utf16),
        ("Content-Type: text/plain; charset=utf-16le", &[&utf16[..], b"x"].concat()),
        ("Content-Type: text/plain; charset=utf-16", &[b"\xff\xfe", &utf16[..]].concat()),
        ("Content-Type: text/plain; charset=utf-16", b"\xfe\xff\0E\0V\0I\0L"),
        ("Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64", b"RQBWAEkATAA="),
        (
            "Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: quoted-printable",
            b"E=00V=00I=00L=00",
        ),
        ("Content-Type: text/plain; charset*=utf-8''utf-16le", &utf16),
        ("Content-Type: multipart/mixed; boundary=c", b"--c\r\nX: y\r\n\r\nEVIL\r\n--c--"),
    ] {
        let body = [format!("--b\r\n{FILED}\r\n{header}\r\n\r\n").as_bytes(), content, b"\r\n--b--\r\n"].concat();
        let (_, found) = extracted(&body, "b");
        assert_eq!(found.problems, [], "{header}");
        for expected in [content, b"EVIL"] {
            assert!(found.parts.iter().any(|part| part.bytes == expected), "{header}");
        }
    }
    let charset_of_all = "--b\r\nContent-Disposition: form-data; name=\"_charset_\"\r\n\r\nutf-16le\r\n";
    let body = [charset_of_all.as_bytes(), format!("--b\r\n{NAMED}\r\n\r\n").as_bytes(), &utf16, b"\r\n--b--"].concat();
    let (_, found) = extracted(&body, "b");
    assert!(found.problems.is_empty() && found.parts.iter().any(|part| part.bytes == "EVIL"));
    let body = [format!("--b\r\n{NAMED}\r\n\r\n").as_bytes(), &utf16, b"\r\n--b--"].concat();
    let (_, found) = extracted(&body, "b; charset=utf-16le");
    assert!(found.problems.is_empty() && found.parts.iter().any(|part| part.bytes == "EVIL"));
}

#[test]
fn an_archive_that_some_server_takes_for_text_is_no_doubt() {
    let zip = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/containers/python.zip")).unwrap();
    let ends_in_half_a_character = [&zip[..], b"\xd0"].concat();
    let ends_in_half_a_character = [&ends_in_half_a_character[..zip.len() - 2], b"\x01\0\xd0"].concat();
    for (headers, content) in [
        ("Content-Disposition: form-data; name=\"t\"; filename*=utf-8''%C3%9C.zip", &zip),
        (NAMED, &zip),
        ("Content-Disposition: form-data; name=\"t\"; filename=\"a\"", &ends_in_half_a_character),
        ("Content-Type: application/vnd.openxmlformats-officedocument.wordprocessingml.document", &zip),
        ("Content-Disposition: attachment; name=\"t\"\r\nContent-Type: application/zip; charset=gbk", &zip),
    ] {
        let body = [b"--b\r\n", headers.as_bytes(), b"\r\n\r\n", content, b"\r\n--b--\r\n"].concat();
        for subtype in ["form-data", "related"] {
            let (body, content_type) = (body.clone().into(), format!("multipart/{subtype}; boundary=b"));
            let found = Extraction::of(&Source::plain(&body, &[content_type.as_bytes()]), &ExtractLimits::default());
            let doubted: Vec<&Part> =
                found.problems.iter().map(|problem| &found.parts[problem.part.unwrap()]).collect();
            assert_eq!(found.problems, [], "{subtype} {headers}: {doubted:?}");
            assert!(found.parts.iter().any(|part| part.kind == PartKind::Entry), "{subtype} {headers}");
        }
    }
}

#[test]
fn bodies_of_other_subtypes_come_apart_into_files_and_lines_of_lf_are_read_too() {
    let related = |body: &[u8]| {
        let body = Bytes::copy_from_slice(body);
        let source = Source::plain(&body, &[b"multipart/related; boundary=b"]);
        let mut found = Extraction::of(&source, &ExtractLimits::default());
        found.parts.retain(|part| part.inside.is_none());
        found
    };
    const BODY: &str = "--b\r\nContent-Type: application/json\r\n\r\n{\"name\":\"x\"}\r\n--b\r\nContent-Type: image/jpeg\r\n\r\nEVIL\r\n--b--";
    for body in [BODY.to_owned(), BODY.replace("\r\n", "\n"), BODY.replace("\r\n", "\n") + "\n"] {
        let found = related(body.as_bytes());
        assert_eq!(found.problems, [], "{body}");
        assert!(found.parts.iter().any(|part| part.bytes == "EVIL"), "{body}");
        assert!(found.parts.iter().any(|part| part.bytes == "{\"name\":\"x\"}"), "{body}");
    }
    let encoded = BODY.replace("EVIL", "RVZJTA==").replace("jpeg\r\n", "jpeg\r\nContent-Transfer-Encoding: base64\r\n");
    assert!(related(encoded.as_bytes()).parts.iter().any(|part| part.bytes == "EVIL"));
    assert!(!related(BODY.replacen("\r\n", "\n", 1).as_bytes()).problems.is_empty());
}

#[test]
fn every_reading_of_a_file_name_is_shown_to_the_rules() {
    let names = |disposition: &str| -> Vec<Vec<u8>> {
        let line = format!("Content-Disposition: form-data; name=\"t\"; {disposition}");
        let body = Bytes::from(one_part(&[&line]));
        let found =
            Extraction::of(&Source::plain(&body, &[b"multipart/form-data; boundary=b"]), &ExtractLimits::default());
        found.parts.iter().filter(|part| part.kind == PartKind::Name).map(|part| part.bytes.to_vec()).collect()
    };
    for disposition in [
        "filename=\"ev\\il\"",
        "filename=\"a\"; filename*=utf-8''%65vil",
        "filename*=utf-8''%65vil",
        "filename=\"x\"evil\"",
        "filename*0=ev; filename*1=il",
        "filename=\"a\"; filename=\"evil\"",
    ] {
        let names = names(disposition);
        let is_in = |name: &Vec<u8>| memmem::find(name, b"evil").is_some();
        assert!(names.iter().any(is_in), "{disposition}: {names:?}");
    }
}

#[test]
fn text_is_also_read_without_a_byte_order_mark_and_without_half_a_character() {
    const FILE: &str = "Content-Disposition: form-data; name=\"t\"; filename=\"a\"";
    const ENCODED: &str = "Content-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name=\"t\"";
    const TYPED: &str = "Content-Type: text/plain\r\nContent-Disposition: form-data; name=\"t\"; filename=\"a\"";
    for (headers, content, expected) in [
        (NAMED, &b"\xef\xbb\xbfEVIL"[..], &[&b"\xef\xbb\xbfEVIL"[..], b"EVIL"][..]),
        (NAMED, b"EVIL\xe2\x80", &[b"EVIL\xe2\x80", b"EVIL"]),
        (NAMED, b"\xffEVIL", &[b"\xffEVIL"]),
        (NAMED, b"\xffEVIL\xe2", &[b"\xffEVIL\xe2", b"\xffEVIL"]),
        (FILE, b"\xffEVIL\xe2", &[b"\xffEVIL\xe2", b"\xffEVIL"]),
        (ENCODED, b"RVZJTMM=", &[b"RVZJTMM=", b"EVIL\xc3", b"EVIL", b"RVZJ"]),
        (FILE, b"\xef\xbb\xbfEVIL\xc3", &[b"\xef\xbb\xbfEVIL\xc3", b"\xef\xbb\xbfEVIL"]),
        (TYPED, b"\xef\xbb\xbfEVIL\xc3", &[b"\xef\xbb\xbfEVIL\xc3"]),
    ] {
        let body = [b"--b\r\n", headers.as_bytes(), b"\r\n\r\n", content, b"\r\n--b--\r\n"].concat();
        let (_, found) = extracted(&body, "b");
        assert_eq!(found.problems, []);
        let is_found = |expected: &&[u8]| found.parts.iter().any(|part| part.bytes == *expected);
        assert!(expected.iter().all(is_found), "{:?}", found.parts);
    }
}

#[test]
fn headers_must_be_within_their_limit() {
    let body = one_part(&[NAMED, "X: y"]);
    let headers = NAMED.len() + "\r\nX: y\r\n".len();
    for (max_part_header, expected) in [(headers, None), (headers - 1, Some(ProblemCode::MultipartHeaderTooLong))] {
        let limits = ExtractLimits { max_part_header, ..ExtractLimits::default() };
        let found =
            Extraction::of(&Source::plain(&body.clone().into(), &[b"multipart/form-data; boundary=b"]), &limits);
        assert_eq!(found.problems.first().map(|problem| problem.code), expected);
    }
}

#[test]
fn one_broken_part_does_not_hide_the_others() {
    let body = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\ngarbage\r\n\r\n2\r\n--b\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\n3\r\n--b--\r\n";
    let (_, found) = extracted(body, "b");
    assert_eq!(found.problems, [Problem { code: ProblemCode::MultipartHeaderMalformed, part: None, offset: Some(57) }]);
    let contents: Vec<_> = contents(&found).map(|part| (part.name.as_deref(), &part.bytes[..])).collect();
    assert_eq!(contents, [(Some("a"), &b"1"[..]), (None, b"2"), (Some("c"), b"3")]);
}

#[test]
fn the_limit_on_parts_stops_at_its_place() {
    let part = format!("--b\r\n{NAMED}\r\n\r\nx\r\n");
    let limits = ExtractLimits { max_parts: 3, ..ExtractLimits::default() };
    let body = part.repeat(5) + "--b--";
    let found = Extraction::of(&Source::plain(&body.into(), &[b"multipart/form-data; boundary=b"]), &limits);
    assert_eq!(
        found.problems,
        [Problem { code: ProblemCode::TooManyParts, part: None, offset: Some(part.len() * 3 + 5) }]
    );
    assert_eq!(found.parts.len(), 3);
}

/// Encodes as a browser does.
fn encoded(parts: &[(String, Option<String>, Vec<u8>)], boundary: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file_name, content) in parts {
        let file_name = file_name.as_ref().map(|text| format!("; filename=\"{text}\"")).unwrap_or_default();
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{file_name}\r\n\r\n");
        body.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    body.extend(format!("--{boundary}--\r\n").into_bytes());
    body
}

fn parts_to_encode() -> impl Strategy<Value = Vec<(String, Option<String>, Vec<u8>)>> {
    let content =
        prop_oneof![proptest::collection::vec(any::<u8>(), 0..60), "[\r\n\\-bX ]{0,30}".prop_map(String::into_bytes),];
    let part = ("[a-z\\[\\] é;=']{1,8}", proptest::option::of("[a-z. /é;%]{1,12}"), content);
    proptest::collection::vec(part, 0..6)
}

proptest! {
    #[test]
    fn what_is_encoded_canonically_comes_back_equal_without_a_copy(parts in parts_to_encode()) {
        let sane = |name: &Option<String>| !name.as_ref().is_some_and(|name| name.split('/').any(|folder| folder.trim() == ".."));
        prop_assume!(parts.iter().all(|(_, file_name, _)| sane(file_name)));
        let (held, found) = extracted(&encoded(&parts, "-Bnd-0"), "-Bnd-0");
        prop_assert_eq!(&found.problems, &[]);
        prop_assert_eq!(contents(&found).count(), parts.len());
        for (part, (name, file_name, content)) in contents(&found).zip(&parts) {
            prop_assert_eq!(part.name.as_ref(), Some(name));
            prop_assert_eq!(part.file_name.as_ref(), file_name.as_ref());
            prop_assert_eq!(&part.bytes, content);
            prop_assert!(content.is_empty() || held.as_ptr_range().contains(&part.bytes.as_ptr()));
        }
    }

    #[test]
    fn a_mutated_body_never_panics_and_problems_lie_within_it(
        parts in parts_to_encode(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..3_usize, prop::sample::select(&b"\r\n-b\0\"; :X"[..])), 1..6),
    ) {
        let mut body = encoded(&parts, "b");
        for (index, kind, byte) in edits {
            let at = index.index(body.len());
            match kind {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ if body.len() > 1 => drop(body.remove(at)),
                _ => {}
            }
        }
        let (held, found) = extracted(&body, "b");
        prop_assert!(found.problems.iter().all(|problem| problem.offset.is_some_and(|offset| offset <= held.len())));
        for kind in [PartKind::File, PartKind::Field] {
            let contents: usize = contents(&found).filter(|part| part.kind == kind).map(|part| part.bytes.len()).sum();
            prop_assert!(contents <= held.len());
        }
    }
}
