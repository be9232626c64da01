//! Requests that servers read in different ways are refused before anything of them reaches the origin.

mod chunks;
mod heads;

use std::io::{ErrorKind, Write};
use std::net::Shutdown;
use std::time::Duration;

use crate::support::http::{Connection, Response};
use crate::support::origin::{Origin, Seen};
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use heads::{Case, post};

/// What an attack tries to get past the proxy. It follows every case on the same connection.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: site.test\r\n\r\n";

const ROUTES: [&str; 2] = ["/upload", "/streamed"];

fn start(origin: &Origin) -> Penstock {
    Setup::new(&[origin.address])
        .with(ENFORCING)
        .with("[[route]]\nname = \"streamed\"\npath = \"/streamed/**\"\ninspect = \"off\"\n")
        .start()
}

/// How the bytes of a case come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    AtOnce,
    ByteByByte,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Answered(u16),
    Closed,
    /// Neither an answer nor an end.
    Hung,
}

impl Outcome {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Closed | Self::Answered(400 | 405 | 417 | 431 | 501))
    }
}

/// Sends `bytes` as far as the other side takes them.
fn send(connection: &mut Connection, bytes: &[u8], pace: Pace) {
    match pace {
        Pace::AtOnce => drop(connection.stream.write_all(bytes)),
        Pace::ByteByByte => drop(bytes.iter().try_for_each(|byte| connection.stream.write_all(&[*byte]))),
    }
}

fn outcome(connection: &mut Connection) -> Outcome {
    connection.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    match connection.try_read_response() {
        Ok(Some(Response { status, .. })) => Outcome::Answered(status),
        Ok(None) => Outcome::Closed,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Outcome::Hung,
        Err(_) => Outcome::Closed,
    }
}

fn try_case(penstock: &Penstock, text: &str, path: &str, pace: Pace) -> Outcome {
    let mut connection = penstock.connect();
    send(&mut connection, (text.replace('@', path) + SMUGGLED).as_bytes(), pace);
    outcome(&mut connection)
}

/// Tries every case on every route and returns what was not refused, or reached the origin.
fn failures(cases: &[Case], pace: Pace) -> Vec<String> {
    let origin = Origin::start();
    let penstock = start(&origin);
    let mut failures = Vec::new();
    for route in ROUTES {
        for (number, (name, text)) in cases.iter().enumerate() {
            let outcome = try_case(&penstock, text, &format!("{route}/{number}"), pace);
            if !outcome.is_refusal() {
                failures.push(format!("{route}: {name}: {outcome:?}"));
            }
        }
    }
    // Requests of before would have come by now: what follows them on the same way has.
    for route in ROUTES {
        assert_eq!(penstock.post(&format!("{route}/probe"), &[], b"").status, 200);
    }
    let arrived = origin.requests().into_iter().filter(|request| !request.target.ends_with("/probe"));
    failures.extend(arrived.map(|request| format!("reached the origin: {} {}", request.method, request.target)));
    failures
}

#[track_caller]
fn assert_refused(cases: &[Case], pace: Pace) {
    let failures = failures(cases, pace);
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), 2 * cases.len(), failures.join("\n"));
}

/// Requests that are in order, however odd, and the body that the origin gets.
const IN_ORDER: &[(&str, &str, &str)] = &[
    ("chunked in mixed case", post!("tRANSFER-eNCODING: ChunKED\r\n", "5\r\nhello\r\n0\r\n\r\n"), "hello"),
    ("white space around it", post!("Transfer-Encoding:\t chunked \t\r\n", "5\r\nhello\r\n0\r\n\r\n"), "hello"),
    ("extensions", post!("Transfer-Encoding: chunked\r\n", "5;a\r\nhello\r\n1;b=c\r\n!\r\n0;d\r\n\r\n"), "hello!"),
    (
        "extensions in quotes",
        post!("Transfer-Encoding: chunked\r\n", "5;a=\"b; \\\" c\";d=e\r\nhello\r\n0\r\n\r\n"),
        "hello",
    ),
    (
        "sizes in both cases",
        post!("Transfer-Encoding: chunked\r\n", "0a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n"),
        "01234567890123456789",
    ),
    (
        "trailers",
        post!("Transfer-Encoding: chunked\r\nTrailer: X\r\n", "5\r\nhello\r\n0\r\nX: y\r\nZ:\r\n\r\n"),
        "hello",
    ),
    ("one empty line before it", "\r\nPOST @ HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhello", "hello"),
    (
        "HTTP/1.0",
        "POST @ HTTP/1.0\r\nHost: site.test\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
        "hello",
    ),
    ("no length", post!("", ""), ""),
    ("length zero", post!("Content-Length: 0\r\n", ""), ""),
    ("a body with GET", "GET @ HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhello", "hello"),
    (
        "options of the connection",
        post!("Connection: keep-alive, TE\r\nTE: trailers\r\nContent-Length: 5\r\n", "hello"),
        "hello",
    ),
    ("empty and foreign values", post!("X:\r\nY: \u{e9}\u{4e00}\r\nContent-Length: 5\r\n", "hello"), "hello"),
];

#[test]
fn requests_in_order_go_on_in_one_form_and_so_do_those_behind_them() {
    for pace in [Pace::AtOnce, Pace::ByteByByte] {
        let origin = Origin::start();
        let penstock = start(&origin);
        for route in ROUTES {
            for (name, text, body) in IN_ORDER {
                let mut connection = penstock.connect();
                let text = text.replace('@', &format!("{route}/a"));
                send(&mut connection, format!("{text}{text}").as_bytes(), pace);
                for _ in 0..2 {
                    let response = connection.read_response().unwrap();
                    assert_eq!(response.text(), format!("{} bytes ", body.len()), "{route}, {name}, {pace:?}");
                    assert_canonical(&origin.requests().pop().unwrap(), body, name);
                }
            }
        }
        assert_eq!(origin.requests().len(), 2 * ROUTES.len() * IN_ORDER.len(), "nothing came besides");
    }
}

fn assert_canonical(seen: &Seen, body: &str, name: &str) {
    assert_eq!(seen.body, body.as_bytes(), "{name}");
    let framing = (seen.headers.get("content-length"), seen.headers.get("transfer-encoding"));
    match framing {
        (Some(length), None) => assert_eq!(*length, body.len().to_string(), "{name}"),
        (None, Some(coding)) => assert_eq!(coding, "chunked", "{name}"),
        (None, None) => assert!(body.is_empty(), "{name}"),
        both @ (Some(_), Some(_)) => panic!("{name}: {both:?}"),
    }
    for gone in ["trailer", "te", "x-trailer", "z", "expect"] {
        assert!(!seen.headers.contains_key(gone), "{name}: {gone}");
    }
}

#[test]
fn a_get_with_a_body_has_the_origins_connection_for_itself() {
    let origin = Origin::start();
    let penstock = start(&origin);
    for route in ROUTES {
        let before = origin.connections();
        for _ in 0..2 {
            let mut connection = penstock.connect();
            connection.send(format!("GET {route}/a HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhello"));
            assert_eq!(connection.read_response().unwrap().status, 200);
            assert_eq!(origin.requests().pop().unwrap().headers["connection"], "close");
        }
        assert_eq!(penstock.post(&format!("{route}/a"), &[], b"hello").status, 200);
        assert!(origin.connections() - before >= 2, "{route}: what came before and behind them came on others");
    }
}

#[test]
fn a_refusal_says_why_and_ends_the_connection() {
    let origin = Origin::start();
    let penstock = start(&origin);
    for (text, status, code) in [
        (post!("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400, "framing_conflict"),
        (post!("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501, "transfer_encoding"),
        (post!("X: a\r\n b\r\n", ""), 400, "header_folded"),
        (post!("Transfer-Encoding: chunked\r\n", "5;\r\n"), 400, "chunk_malformed"),
        (post!("Connection: cookie\r\n", ""), 400, "connection_option"),
    ] {
        for route in ROUTES {
            let mut connection = penstock.connect();
            connection.send(text.replace('@', &format!("{route}/a")) + SMUGGLED);
            let answer = connection.read_response().unwrap();
            assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)));
            assert_eq!(answer.headers["connection"], "close");
            connection.stream.shutdown(Shutdown::Write).unwrap();
            assert!(connection.read_response().is_none(), "nothing is answered behind it");
        }
    }
    let refused = penstock.wait_for_events("refused", 10);
    assert!(refused.iter().all(|line| line["reference"].is_string()));
    assert_eq!((origin.connections(), origin.bytes()), (0, 0));
}

#[test]
fn a_request_before_a_bad_one_is_answered() {
    let origin = Origin::start();
    let penstock = start(&origin);
    for route in ROUTES {
        let mut connection = penstock.connect();
        let good = format!("POST {route}/good HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhello");
        let bad = post!("Content-Length: 0\r\nContent-Length: 5\r\n", "hello").replace('@', "/bad");
        connection.send(good + &bad + SMUGGLED);
        let statuses = [connection.read_response().unwrap().status, connection.read_response().unwrap().status];
        assert_eq!(statuses, [200, 400], "{route}");
    }
    assert!(origin.requests().iter().all(|request| request.target.ends_with("/good")));
}

#[test]
fn a_bad_request_is_refused_also_when_it_comes_byte_by_byte() {
    for cases in [heads::LENGTHS, heads::CODINGS, heads::FIELDS, heads::REQUEST_LINES, heads::MEANINGS] {
        assert_refused(cases, Pace::ByteByByte);
    }
    for cases in [chunks::SIZES, chunks::EXTENSIONS, chunks::DATA, chunks::TRAILERS] {
        assert_refused(cases, Pace::ByteByByte);
    }
}

#[test]
fn a_request_that_breaks_off_is_none() {
    let origin = Origin::start();
    let penstock = start(&origin);
    for route in ROUTES {
        for (name, text) in chunks::UNFINISHED {
            let mut connection = penstock.connect();
            connection.send(text.replace('@', &format!("{route}/a")));
            connection.stream.shutdown(Shutdown::Write).unwrap();
            let outcome = outcome(&mut connection);
            assert!(outcome.is_refusal(), "{route}: {name}: {outcome:?}");
        }
        assert_eq!(penstock.post(&format!("{route}/probe"), &[], b"").status, 200);
    }
    assert!(origin.requests().iter().all(|request| request.target.ends_with("/probe")));
}

#[test]
fn lengths_that_can_be_read_in_two_ways_are_refused() {
    assert_refused(heads::LENGTHS, Pace::AtOnce);
}

#[test]
fn transfer_codings_other_than_plain_chunked_are_refused() {
    assert_refused(heads::CODINGS, Pace::AtOnce);
}

#[test]
fn header_lines_that_can_be_read_in_two_ways_are_refused() {
    assert_refused(heads::FIELDS, Pace::AtOnce);
}

#[test]
fn request_lines_that_can_be_read_in_two_ways_are_refused() {
    assert_refused(heads::REQUEST_LINES, Pace::AtOnce);
}

#[test]
fn headers_that_change_how_a_request_is_forwarded_are_refused() {
    assert_refused(heads::MEANINGS, Pace::AtOnce);
}

#[test]
fn odd_chunk_sizes_are_refused() {
    assert_refused(chunks::SIZES, Pace::AtOnce);
}

#[test]
fn odd_chunk_extensions_are_refused() {
    assert_refused(chunks::EXTENSIONS, Pace::AtOnce);
}

#[test]
fn chunks_that_are_not_as_long_as_they_say_are_refused() {
    assert_refused(chunks::DATA, Pace::AtOnce);
}

#[test]
fn trailers_that_would_change_the_request_are_refused() {
    assert_refused(chunks::TRAILERS, Pace::AtOnce);
}
