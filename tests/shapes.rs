//! The shapes of upload that there are beside forms: raw bodies, JSON, XML, GraphQL, gRPC, opaque bytes.

use data_encoding::BASE64;

use crate::support::http::head;
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pictures::{landscape, png};
use crate::support::sha256;

const LISTED: &[u8] = b"EVIL-FILE-BYTES";

fn knowing(origin: &Origin, listed: &[u8]) -> Penstock {
    Setup::new(&[origin.address]).with(ENFORCING).with_known("sha256", &sha256(listed)).start()
}

fn blocks(penstock: &Penstock, content_type: &str, body: &[u8]) -> bool {
    let status = penstock.post("/upload/a", &[("Content-Type", content_type)], body).status;
    assert!(matches!(status, 200 | 451), "{status} for {content_type}");
    status == 451
}

#[test]
fn raw_bodies_of_every_method_are_inspected() {
    let origin = Origin::start();
    let penstock = knowing(&origin, LISTED);
    for method in ["POST", "PUT", "PATCH", "DELETE", "GET", "PROPFIND"] {
        let mut connection = penstock.connect();
        connection.send(head(method, "/upload/a", &[], Some(LISTED.len())));
        connection.send(LISTED);
        assert_eq!(connection.read_response().unwrap().status, 451, "{method}");
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_body_that_looks_like_json_xml_or_base64_is_read_as_that_whatever_it_is_called() {
    let origin = Origin::start();
    let penstock = knowing(&origin, LISTED);
    let encoded = BASE64.encode(LISTED);
    for body in [
        format!(" {{\"a\":[\"{encoded}\"]}}\n"),
        format!("{{\"a\":1}}\n{{\"a\":\"{encoded}\"}}\n"),
        format!("<?xml version=\"1.0\"?><a>{encoded}</a>"),
        format!("{}\r\n{}\r\n", &encoded[..9], &encoded[9..]),
    ] {
        for content_type in ["text/plain", "application/octet-stream", "", "application/x-ndjson"] {
            assert!(blocks(&penstock, content_type, body.as_bytes()), "{content_type}: {body}");
        }
    }
    assert!(!blocks(&penstock, "text/plain", b"{not json at all, but text}"));
}

#[test]
fn xml_is_inspected_text_by_text() {
    let origin = Origin::start();
    let penstock = knowing(&origin, LISTED);
    let encoded = BASE64.encode(LISTED);
    let soap = |content: &str| {
        format!("<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"x\"><s:Body>{content}</s:Body></s:Envelope>")
    };
    for content in [
        format!("<file>{encoded}</file>"),
        format!("<file>\n  {encoded}\n</file>"),
        format!("<file data=\"{encoded}\"/>"),
        format!("<file><![CDATA[{encoded}]]></file>"),
        format!("<file>{}<!-- -->{}</file>", &encoded[..7], &encoded[7..]),
        "<file>EVIL&#45;FILE-&#x42;YTES</file>".to_owned(),
        format!("<img href=\"data:image/png;base64,{encoded}\"/>"),
    ] {
        assert!(blocks(&penstock, "text/xml; charset=utf-8", soap(&content).as_bytes()), "{content}");
        assert!(blocks(&penstock, "image/svg+xml", soap(&content).as_bytes()), "{content}");
    }
    assert!(!blocks(&penstock, "application/xml", soap("<file>harmless &amp; fine</file>").as_bytes()));
    let entity = "<!DOCTYPE a [<!ENTITY e \"EVIL-FILE-BYTES\">]><a>&e;</a>";
    assert!(blocks(&penstock, "text/xml", entity.as_bytes()));
    assert!(!blocks(&penstock, "text/xml", entity.replace("EVIL", "GOOD").as_bytes()));
}

#[test]
fn a_graphql_upload_is_inspected_in_its_operations_and_its_files() {
    let origin = Origin::start();
    let penstock = knowing(&origin, LISTED);
    let form = |operations: &str, file: &[u8]| {
        let part = |name: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"");
        [
            format!("{}\r\n\r\n{operations}\r\n", part("operations")).as_bytes(),
            format!("{}\r\n\r\n{{\"0\":[\"variables.file\"]}}\r\n", part("map")).as_bytes(),
            format!("{}; filename=\"a.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n", part("0")).as_bytes(),
            file,
            b"\r\n--b--\r\n",
        ]
        .concat()
    };
    let plain = r#"{"query":"mutation($file: Upload!){upload(file:$file){id}}","variables":{"file":null}}"#;
    let inline = format!(r#"{{"query":"…","variables":{{"data":"{}"}}}}"#, BASE64.encode(LISTED));
    let content_type = "multipart/form-data; boundary=b";
    assert!(blocks(&penstock, content_type, &form(plain, LISTED)));
    assert!(blocks(&penstock, content_type, &form(&inline, b"harmless")));
    assert!(!blocks(&penstock, content_type, &form(plain, b"harmless")));
}

#[test]
fn grpc_messages_are_inspected_field_by_field_and_put_together() {
    let origin = Origin::start();
    let penstock = knowing(&origin, LISTED);
    let field = |content: &[u8]| [&[0x12, content.len() as u8][..], content].concat();
    let framed = |message: &[u8]| [&[0][..], &(message.len() as u32).to_be_bytes(), message].concat();
    let whole = framed(&field(LISTED));
    let pieces = [framed(&field(&LISTED[..5])), framed(&field(&LISTED[5..]))].concat();
    for content_type in ["application/grpc", "application/grpc+proto", "application/grpc-web"] {
        assert!(blocks(&penstock, content_type, &whole), "{content_type}");
        assert!(blocks(&penstock, content_type, &pieces), "{content_type}");
        assert!(!blocks(&penstock, content_type, &framed(&field(b"harmless"))));
    }
    assert!(blocks(&penstock, "application/grpc-web-text", BASE64.encode(&whole).as_bytes()));
    assert!(blocks(&penstock, "application/x-protobuf", &field(LISTED)));
}

#[test]
fn a_picture_is_found_anywhere_in_opaque_bytes() {
    let origin = Origin::start();
    let picture = png(&landscape(300, 200, 1));
    let penstock = knowing(&origin, &picture);
    let noise: Vec<u8> = (0..50_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for content_type in ["application/octet-stream", "application/x-msgpack", "video/mp4", "image/jpeg", "x"] {
        let body = [&noise[..], &picture, &noise].concat();
        assert!(blocks(&penstock, content_type, &body), "{content_type}");
        assert!(!blocks(&penstock, content_type, &noise), "{content_type}");
    }
    let behind = [&png(&landscape(40, 30, 2))[..], &picture].concat();
    assert!(blocks(&penstock, "image/png", &behind), "behind the end of another picture");
}

#[test]
fn every_reading_is_inspected_where_the_route_says_so() {
    let origin = Origin::start();
    let route = "[[route]]\nname = \"odd\"\npath = \"/odd\"\ninspect = \"enforce\"\nambiguity = \"inspect-all\"\n";
    let penstock =
        Setup::new(&[origin.address]).with(route).with(ENFORCING).with_known("sha256", &sha256(LISTED)).start();
    for (content_type, before, behind) in [
        ("multipart/form-data; boundary=b", "--b\nContent-Disposition: form-data; name=\"f\"\n\n", "\n--b--\n"),
        ("multipart/form-data; boundary=\"b\"", "--b\r\nX: y\r\nfilename=f\r\n\r\n", "\n--b--\n"),
    ] {
        let body = |content: &str| format!("{before}{content}{behind}");
        let send = |path: &str, content: &str| {
            penstock.post(path, &[("Content-Type", content_type)], body(content).as_bytes()).status
        };
        assert_eq!(send("/upload/a", "harmless"), 400, "{content_type}");
        assert_eq!(send("/odd", "harmless"), 200, "{content_type}");
        assert_eq!(send("/odd", "EVIL-FILE-BYTES"), 451, "{content_type}");
    }
}

#[test]
fn packets_of_socket_io_are_taken_apart() {
    let origin = Origin::start();
    let penstock = knowing(&origin, LISTED);
    for (content, status) in [(LISTED, 451), (b"harmless".as_slice(), 200)] {
        let encoded = BASE64.encode(content);
        for body in [
            format!("451-[\"upload\",{{\"_placeholder\":true,\"num\":0}}]\u{1e}b{encoded}"),
            format!("42[\"upload\",\"{encoded}\"]"),
        ] {
            let answer = penstock.post("/upload/a", &[("Content-Type", "text/plain;charset=UTF-8")], body.as_bytes());
            assert_eq!(answer.status, status, "{body}");
        }
    }
}

/// A body that gives `content`, as one block of Snappy of a literal.
fn snappy(content: &[u8]) -> Vec<u8> {
    let length = content.len() as u8;
    [&[length, (length - 1) << 2], content].concat()
}

#[test]
fn bodies_whose_headers_are_odd_and_clear_pass_and_are_inspected() {
    let origin = Origin::start();
    let penstock = knowing(&origin, LISTED);
    let encoded = BASE64.encode(LISTED);
    let json = |content: &str| format!("{{\"a\":\"{content}\"}}").into_bytes();
    let field = |content: &[u8]| [&[0x0a, content.len() as u8], content].concat();
    let listed_and_not = |write: &dyn Fn(&str) -> Vec<u8>| [(write(&encoded), 451), (write("harmless"), 200)];
    for (headers, bodies) in [
        (&[("Content-Type", "application/json; charset=\"utf8mb4\"")][..], listed_and_not(&|content| json(content))),
        (&[("Content-Type", "application/x-www-form-urlencoded; charset=cp850")], {
            listed_and_not(&|content| format!("a={content}").into_bytes())
        }),
        (&[("Content-Type", "multipart/form-data")], listed_and_not(&|content| json(content))),
        (
            &[("Content-Type", "multipart/form-data")],
            listed_and_not(&|content| format!("a={content}&b=c").into_bytes()),
        ),
        (
            &[("Content-Type", "application/json"), ("Content-Type", "application/json")],
            listed_and_not(&|content| json(content)),
        ),
        (
            &[("Content-Type", "multipart/form-data; boundary=b"), ("Content-Type", "multipart/form-data; boundary=b")],
            listed_and_not(&|content| {
                let head = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n";
                format!("{head}{content}\r\n--b--\r\n").into_bytes()
            }),
        ),
        (
            &[("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy")],
            [(snappy(&field(LISTED)), 451), (snappy(&field(b"harmless")), 200)],
        ),
    ] {
        for (body, status) in bodies {
            let answer = penstock.post("/upload/a", headers, &body);
            assert_eq!(answer.status, status, "{headers:?} {}", body.escape_ascii());
        }
    }
    let form = b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nharmless\r\n--b--\r\n";
    assert_eq!(penstock.post("/upload/a", &[("Content-Type", "multipart/form-data")], form).status, 400);
    let different = [("Content-Type", "application/json"), ("Content-Type", "text/plain")];
    assert_eq!(penstock.post("/upload/a", &different, b"[]").status, 400);
}
