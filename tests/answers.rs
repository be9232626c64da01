//! Answers of Penstock are ones that clients understand: scripts of other origins may read them, and protocols with an
//! error of their own get that.

use crate::support::origin::Origin;
use crate::support::penstock::{Penstock, Setup};
use crate::support::sha256;

fn start(origin: &Origin) -> Penstock {
    let everything = "[[route]]\nname = \"everything\"\ninspect = \"enforce\"\nmax_body = \"1 KiB\"\n";
    Setup::new(&[origin.address]).with(everything).with_known("sha256", &sha256(b"listed")).start()
}

#[test]
fn scripts_of_other_origins_can_read_what_was_answered() {
    let origin = Origin::start();
    let penstock = start(&origin);
    let post = |headers: &[(&str, &str)], body: &[u8]| penstock.post("/upload/a", headers, body);
    let large = [b'x'; 2000];
    for (body, status) in [(&b"listed"[..], 451), (&large, 413)] {
        for page in ["https://app.example", "null"] {
            let answer = post(&[("Origin", page), ("Cookie", "session=1")], body);
            assert_eq!(answer.status, status);
            assert_eq!(answer.headers["access-control-allow-origin"], page);
            assert_eq!(answer.headers["access-control-allow-credentials"], "true");
            assert!(answer.headers["vary"].contains("origin"));
            assert!(answer.headers["access-control-expose-headers"].contains("penstock-reference"));
            assert_eq!(answer.headers["penstock-reference"], answer.json()["reference"].as_str().unwrap());
        }
        assert!(!post(&[], body).headers.contains_key("access-control-allow-origin"), "nobody asked");
    }
    let answer = post(&[("Origin", "https://app.example")], b"harmless");
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "the origin's answer is its own");
}

#[test]
fn an_answer_is_in_the_form_of_its_protocol() {
    let origin = Origin::start();
    let penstock = start(&origin);
    let framed = b"\0\0\0\0\x08\x0a\x06listed";
    for (method, path, header, body, status, media_type, expected) in [
        (
            "POST",
            "/_matrix/media/v3/upload",
            ("Content-Type", "image/jpeg"),
            &b"listed"[..],
            451,
            "application/json",
            "\"errcode\":\"M_FORBIDDEN\"",
        ),
        (
            "POST",
            "/_matrix/media/v3/upload",
            ("Content-Type", "image/jpeg"),
            &[b'x'; 2000],
            413,
            "application/json",
            "\"errcode\":\"M_TOO_LARGE\"",
        ),
        (
            "POST",
            "/api/v2/media",
            ("Content-Type", "image/jpeg"),
            b"listed",
            451,
            "application/json",
            "\"error\":\"This upload was blocked.",
        ),
        (
            "PUT",
            "/bucket/key",
            ("Authorization", "AWS4-HMAC-SHA256 x"),
            b"listed",
            451,
            "application/xml",
            "<Code>AccessDenied</Code>",
        ),
        (
            "PUT",
            "/remote.php/dav/files/a/b",
            ("X-OC-Mtime", "1"),
            b"listed",
            451,
            "application/xml; charset=utf-8",
            "<s:message>This upload was blocked.",
        ),
        (
            "POST",
            "/s.U/Put",
            ("Content-Type", "application/connect+proto"),
            framed,
            451,
            "application/json",
            "\"permission_denied\"",
        ),
        (
            "POST",
            "/s.U/Put",
            ("Connect-Protocol-Version", "1"),
            b"listed",
            451,
            "application/json",
            "\"permission_denied\"",
        ),
        ("POST", "/upload", ("Accept", "*/*"), b"listed", 451, "application/problem+json", "urn:penstock:blocked"),
    ] {
        let answer = penstock.connect().exchange(method, path, &[header], body);
        assert_eq!((answer.status, answer.headers["content-type"].as_str()), (status, media_type), "{method} {path}");
        assert!(answer.text().contains(expected), "{method} {path}: {}", answer.text());
        assert!(answer.text().contains(&answer.headers["penstock-reference"]), "{method} {path}");
    }
    let answer = penstock.post("/s.U/Put", &[("Content-Type", "application/grpc+proto")], framed);
    assert_eq!((answer.status, answer.headers["grpc-status"].as_str()), (451, "7"));
    assert_eq!(answer.headers["content-type"], "application/grpc+proto");
    assert!(answer.headers["grpc-message"].contains(&answer.headers["penstock-reference"]));
    assert_eq!(origin.connections(), 0);
}
