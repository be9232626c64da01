//! Compressed and encoded uploads: what a server would unpack is what is inspected.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};

use crate::support::archives;
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pictures::{landscape, pdq, png};
use crate::support::sha256;

const LISTED: &[u8] = b"EVIL-FILE-BYTES";

/// A Penstock that knows the digest of [`LISTED`], with `limits`.
fn knowing(origin: &Origin, limits: &str) -> Penstock {
    Setup::new(&[origin.address]).with(ENFORCING).with_limits(limits).with_known("sha256", &sha256(LISTED)).start()
}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// The listed bytes, made by gzip, zlib and zstd for Python and by brotli.
fn gzip() -> Vec<u8> {
    hex("1f8b0800000000000203730df3f4d175f3f471d5758a0c710d060094ca56010f000000")
}

fn coded() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("gzip", gzip()),
        ("GZip", gzip()),
        ("x-gzip", gzip()),
        ("deflate", hex("78da730df3f4d175f3f471d5758a0c710d060021270432")),
        ("deflate", hex("730df3f4d175f3f471d5758a0c710d0600")),
        ("br", hex("0b07804556494c2d46494c452d425954455303")),
        ("zstd", hex("28b52ffd200f7900004556494c2d46494c452d4259544553")),
        ("identity, gzip", gzip()),
        ("gzip, br", hex("0b11801f8b0800000000000203730df3f4d175f3f471d5758a0c710d060094ca56010f00000003")),
    ]
}

#[test]
fn a_listed_body_is_blocked_in_every_content_coding() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    for (coding, body) in coded() {
        let answer = penstock.post("/upload/a", &[("Content-Encoding", coding)], &body);
        assert_eq!(answer.status, 451, "{coding}");
    }
    let two_headers = [("Content-Encoding", "gzip"), ("Content-Encoding", "br")];
    assert_eq!(
        penstock
            .post(
                "/upload/a",
                &two_headers,
                &hex("0b11801f8b0800000000000203730df3f4d175f3f471d5758a0c710d060094ca56010f00000003")
            )
            .status,
        451
    );
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_harmless_compressed_body_goes_on_unchanged() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let body = hex("1f8b0800000000000203ab564a54b2524acbcc4b55aa0500c94c9c780c000000");
    let headers = [("Content-Encoding", "gzip"), ("Content-Type", "application/json")];
    assert_eq!(penstock.post("/upload/a", &headers, &body).status, 200);
    let request = &origin.requests()[0];
    assert_eq!((request.headers["content-encoding"].as_str(), &request.body), ("gzip", &body));
}

#[test]
fn members_behind_each_other_are_read_together_and_the_first_alone() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let halves = [
        hex("1f8b0800000000000203730df3f4d17503004edd0d7906000000"),
        hex("1f8b0800000000000203f3f471d5758a0c710d0600054ce4c709000000"),
    ]
    .concat();
    let first = [gzip(), hex("1f8b0800000000000203f3f471d5758a0c710d0600054ce4c709000000")].concat();
    for body in [halves, first] {
        assert_eq!(penstock.post("/upload/a", &[("Content-Encoding", "gzip")], &body).status, 451);
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_form_hidden_in_the_header_of_a_compressed_body_does_not_pass() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let form =
        b"\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\nEVIL-FILE-BYTES\r\n--b--\r\n";
    let mut body = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff".to_vec();
    body.extend((form.len() as u16).to_le_bytes());
    body.extend(form);
    body.extend(&hex("1f8b080000000000020335c7310a80300c05d03d903b94eeff021627bd488b09046c2236f7c7c9b73d60301de1299e386d3db12c2d7c2b1aefc4d5b3b7e27dca5eb5b6a276cb3f262635172660004c1f620bac3b4c000000")[10..]);
    let headers = [("Content-Encoding", "gzip"), ("Content-Type", "multipart/form-data; boundary=b")];
    assert!(penstock.post("/upload/a", &headers, &body).status >= 400);
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_compressed_form_is_read_as_the_form_it_is() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let headers = [("Content-Encoding", "gzip"), ("Content-Type", "multipart/form-data; boundary=b")];
    assert_eq!(penstock.post("/upload/a", &headers, &hex("1f8b0800000000000203d3d54de2e572cecf2b49cd2bd175c92c2ec82fce2cc9cccfb35248cb2fcad54d492c49b456c84bcc4db5554a53b25648cbcc4985f178b978b95cc33c7d74dd3c7d5c759d22435c8379b9747593747579b9001231558557000000")).status, 451);
    assert_eq!(penstock.post("/upload/a", &headers, &hex("1f8b080000000000020335c7310a80300c05d03d903b94eeff021627bd488b09046c2236f7c7c9b73d60301de1299e386d3db12c2d7c2b1aefc4d5b3b7e27dca5eb5b6a276cb3f262635172660004c1f620bac3b4c000000")).status, 200);
}

#[test]
fn codings_that_cannot_be_undone_follow_the_policy_of_the_route() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let trailing = [gzip(), b"trailing".to_vec()].concat();
    for (coding, body, status, code) in [
        ("compress", &b"anything"[..], 422, "content_encoding"),
        ("gzip, compress", b"anything", 422, "content_encoding"),
        ("gzip", b"no gzip", 422, "content_encoding_broken"),
        (
            "gzip",
            &hex("1f8b0800000000000203ab564a54b2524acbcc4b55aa0500c94c9c780c000000")[..20],
            422,
            "content_encoding_broken",
        ),
        ("br, gzip, br, gzip", b"anything", 413, "too_many_codings"),
        (
            "gzip",
            &[hex("1f8b0800000000000203ab564a54b2524acbcc4b55aa0500c94c9c780c000000"), b"trailing".to_vec()].concat(),
            422,
            "content_encoding_trailing_data",
        ),
    ] {
        let answer = penstock.post("/upload/a", &[("Content-Encoding", coding)], body);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{coding}");
    }
    assert_eq!(penstock.post("/upload/a", &[("Content-Encoding", "gzip")], &trailing).status, 451);
    assert_eq!(origin.connections(), 0);
    for mistaken in ["UTF-8", "none", "8bit", "gzip, binary"] {
        let coding = [("Content-Encoding", mistaken)];
        let expected = if mistaken.starts_with("gzip") { 422 } else { 200 };
        assert_eq!(penstock.post("/upload/a", &coding, b"anything").status, expected, "{mistaken}");
    }
}

#[test]
fn base64_is_found_in_json_forms_and_fields_however_it_is_written() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let plain = BASE64.encode(LISTED);
    let wrapped: String =
        plain.as_bytes().chunks(7).map(|line| format!("{}\\r\\n", str::from_utf8(line).unwrap())).collect();
    let junk: String = plain.chars().map(|c| format!("!{c}*")).collect();
    let escaped: String = plain.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let url_safe = BASE64URL_NOPAD.encode(LISTED);
    let json = ("Content-Type", "application/json");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    for (header, body) in [
        (json, format!(r#"{{"a":[{{"b":"{plain}"}}]}}"#)),
        (json, format!(r#"{{"a":"x","a":"{plain}"}}"#)),
        (json, format!(r#"{{"a":"{wrapped}"}}"#)),
        (json, format!(r#"{{"a":"{junk}"}}"#)),
        (json, format!(r#"{{"a":"{escaped}"}}"#)),
        (json, format!(r#"{{"a":"{url_safe}"}}"#)),
        (json, format!(r#"{{"a":"data:image/png;base64,{plain}"}}"#)),
        (json, format!(r#"{{"a":"<img src='data:;charset=x;BASE64,{plain}'>"}}"#)),
        (json, format!(r#"{{"a":"{{\"inner\":\"{plain}\"}}"}}"#)),
        (json, r#"{"a":"data:,EVIL%2DFILE-BYTES"}"#.to_owned()),
        (form, format!("a=1&b={}", plain.replace('=', "%3D"))),
        (form, format!(r#"payload={{"b":"{plain}"}}"#)),
        (("Content-Type", "text/html"), format!("<img src=\"data:image/png;base64,{plain}\">")),
    ] {
        assert_eq!(penstock.post("/upload/a", &[header], body.as_bytes()).status, 451, "{body}");
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn what_an_upload_unpacks_to_is_limited() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "max_unpacked = \"33 MiB\"\nmax_unpack_ratio = 1100");
    let zeros = |mib: usize| archives::gzip(&vec![0; mib << 20]);
    let gzip = [("Content-Encoding", "gzip")];
    assert_eq!(penstock.post("/upload/a", &gzip, &zeros(33)).status, 200);
    let answer = penstock.post("/upload/a", &gzip, &zeros(34));
    assert_eq!((answer.status, answer.json()["code"].as_str()), (413, Some("unpacked_too_large")));
    let dense = knowing(&origin, "max_unpack_ratio = 100").post("/upload/a", &gzip, &zeros(17));
    assert_eq!((dense.status, dense.json()["code"].as_str()), (413, Some("unpacked_too_dense")));
}

/// `text`, in every kind of body that a text comes in.
fn bodies_with(text: &str) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let json = serde_json::to_string(&serde_json::json!({ "content": [{ "text": text }] })).expect("JSON");
    let cell = serde_json::json!({ "cells": [{ "cell_type": "markdown", "source": [text] }] }).to_string();
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let form: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("comment", text).finish();
    let multipart = |head: &str| format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n--x--\r\n");
    let document = format!("<w:document><w:body><w:p><w:r><w:t>{escaped}</w:t></w:r></w:p></w:body></w:document>");
    let docx = archives::zip(&[
        archives::ZipEntry::deflated("[Content_Types].xml", b"<Types/>"),
        archives::ZipEntry::deflated("word/document.xml", document.as_bytes()),
    ]);
    vec![
        ("JSON", "application/json", json.clone().into()),
        ("JSON in JSON", "application/json", serde_json::json!({ "body": json }).to_string().into()),
        ("form", "application/x-www-form-urlencoded", form.into()),
        ("field", "multipart/form-data; boundary=x", multipart("name=\"comment\"").into()),
        ("file", "multipart/form-data; boundary=x", multipart("name=\"f\"; filename=\"README.md\"").into()),
        ("text", "text/plain", text.into()),
        ("HTML", "text/html", format!("<p>{text}</p>").into()),
        ("notebook", "application/octet-stream", cell.into()),
        ("XML", "application/xml", format!("<a b=\"{escaped}\"><c>{escaped}</c></a>").into()),
        ("SVG", "application/octet-stream", format!("<svg xmlns=\"x\"><text>{escaped}</text></svg>").into()),
        ("style sheet", "text/css", format!("a {{ content: url({text}) }}").into()),
        ("mail", "message/rfc822", archives::mail("a.txt", text.as_bytes())),
        ("docx", "application/octet-stream", docx),
    ]
}

/// `text` as editors break it into lines.
fn in_lines(text: &str, between: &str) -> String {
    let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap()).collect();
    lines.join(between)
}

fn knowing_picture(origin: &Origin, picture: &[u8]) -> Penstock {
    Setup::new(&[origin.address]).with(ENFORCING).with_known("pdq", &pdq(picture)).start()
}

#[test]
fn a_data_uri_that_is_cut_short_is_no_reason_to_refuse_a_text() {
    let origin = Origin::start();
    let penstock = knowing_picture(&origin, &png(&landscape(200, 150, 7)));
    let picture = BASE64.encode(&png(&landscape(200, 150, 3)));
    let archive = BASE64.encode(&archives::zip(&[archives::ZipEntry::deflated("a", b"content of an entry")]));
    for uri in [
        "data:image/png;base64,iVBORw0KGgo...".to_owned(),
        "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ…".to_owned(),
        "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP".to_owned(),
        "data:image/webp;base64,UklGRiQAAABXRUJQVlA4".to_owned(),
        format!("data:image/png;base64,{}[...]", &picture[..3000]),
        format!("data:application/zip;base64,{}...", &archive[..80]),
        format!("data:image/png;base64,{}", in_lines(&picture[..3000], "\n ")),
        format!("data:image/png;base64,{}... and so on", in_lines(&picture[..3000], "\r\n")),
    ] {
        for text in [uri.clone(), format!("Use <img src=\"{uri}\"> in your page."), format!("![a]({uri}) and so on")] {
            for (what, content_type, body) in bodies_with(&text) {
                let answer = penstock.post("/upload/a", &[("Content-Type", content_type)], &body);
                assert_eq!(answer.status, 200, "{what}: {text}: {}", answer.text());
            }
        }
    }
    assert!(origin.requests().iter().all(|request| !request.headers.contains_key("penstock-labels")));
}

#[test]
fn a_listed_picture_in_a_data_uri_is_blocked_whole_or_cut_short() {
    let origin = Origin::start();
    let picture = png(&landscape(200, 150, 7));
    let penstock = knowing_picture(&origin, &picture);
    let encoded = BASE64.encode(&picture);
    let wrapped = ["\n", "\r\n     ", " ", "%0A", "\t\n"].map(|between| in_lines(&encoded, between));
    for data in [&encoded[..], &encoded[..encoded.len() - 40]].into_iter().chain(wrapped.iter().map(|data| &data[..])) {
        let uri = format!("data:image/png;base64,{data}");
        for text in [uri.clone(), format!("Use <img src=\"{uri}\"> in your page.")] {
            for (what, content_type, body) in bodies_with(&text) {
                let answer = penstock.post("/upload/a", &[("Content-Type", content_type)], &body);
                assert_eq!(answer.status, 451, "{what}, {} characters: {}", data.len(), answer.text());
            }
        }
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_listed_picture_in_lines_is_blocked_in_the_notation_of_every_format() {
    let origin = Origin::start();
    let picture = png(&landscape(200, 150, 7));
    let penstock = knowing_picture(&origin, &picture);
    let encoded = BASE64.encode(&picture);
    let uri = |between: &str| format!("data:image/png;base64,{}", in_lines(&encoded, between));
    let file = "application/octet-stream";
    for (content_type, body) in [
        (file, format!("<svg xmlns=\"x\"><image xlink:href=\"{}\n\"/></svg>", uri("\n "))),
        (file, format!("<svg xmlns=\"x\"><image xlink:href='{}'/></svg>", uri("&#10;"))),
        ("image/svg+xml", format!("<svg xmlns=\"x\"><image xlink:href=\"{}\"/></svg>", uri("&#xA;&#x9;"))),
        ("text/html", format!("<img src=\"{}\" alt=\"&#10;\">", uri("&NewLine;"))),
        ("text/css", format!("a {{ background: url(\"{}\") }}", uri("\\\n"))),
        (file, format!("export default '{}';", uri("\\n"))),
        (file, format!("{{\"picture\": \"{}\"}}", uri("\\r\\n").replace('/', "\\/"))),
    ] {
        let answer = penstock.post("/upload/a", &[("Content-Type", content_type)], body.as_bytes());
        assert_eq!(answer.status, 451, "{}", &body[..80]);
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_whole_picture_that_cannot_be_decoded_counts_where_it_is_all_of_a_value() {
    let origin = Origin::start();
    let penstock = knowing_picture(&origin, &png(&landscape(200, 150, 7)));
    let mut damaged = png(&landscape(200, 150, 3));
    let middle = damaged.len() / 2;
    damaged[middle..middle + 50].fill(0);
    let uri = format!("data:image/png;base64,{}", BASE64.encode(&damaged));
    let status = |text: &str| {
        let body = serde_json::json!({ "avatar": text }).to_string();
        penstock.post("/upload/a", &[("Content-Type", "application/json")], body.as_bytes()).status
    };
    assert_eq!((status(&uri), status(&format!("see {uri}"))), (422, 200));
}
