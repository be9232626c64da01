//! HTTP/2 requests that become something else as HTTP/1 are refused, and trailers stay here.
//!
//! From RFC 9113 §8.1 to §8.5 and PortSwigger's "HTTP/2: The Sequel is Always Worse" (2021). The bytes are ours.

use std::io::{Read, Write};

use crate::support::curl::curl;
use crate::support::http2::{Fate, Request};
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Setup};

/// Status 200 and 400 as an index into HPACK's static table (RFC 7541, appendix A).
const OK: Fate = Fate::Answered(0x88);
const BAD: Fate = Fate::Answered(0x8c);

fn post(path: &str) -> Request {
    Request::new("POST", path)
}

/// Replaces a pseudo-header of an ordinary request.
fn with_pseudo(path: &str, name: &str, value: &str) -> Request {
    let mut request = post(path);
    for field in request.fields.iter_mut().filter(|field| field.0 == name.as_bytes()) {
        field.1 = value.as_bytes().to_vec();
    }
    request
}

fn without(path: &str, name: &str) -> Request {
    let mut request = post(path);
    request.fields.retain(|field| field.0 != name.as_bytes());
    request
}

fn bad_requests(path: &str) -> Vec<(&'static str, Request)> {
    vec![
        ("length below the data", post(path).with("content-length", "3").with_data("hello")),
        ("length above the data", post(path).with("content-length", "9").with_data("hello")),
        ("length zero, and data", post(path).with("content-length", "0").with_data("GET /smuggled")),
        ("length without data", post(path).with("content-length", "5")),
        ("two lengths", post(path).with("content-length", "5").with("content-length", "5").with_data("hello")),
        ("list of lengths", post(path).with("content-length", "5, 5").with_data("hello")),
        ("length with plus", post(path).with("content-length", "+5").with_data("hello")),
        ("length with underscore in its name", post(path).with("content_length", "5").with_data("hello")),
        ("transfer coding", post(path).with("transfer-encoding", "chunked").with_data("0\r\n\r\n")),
        ("transfer coding with underscore", post(path).with("transfer_encoding", "chunked").with_data("0\r\n\r\n")),
        ("connection", post(path).with("connection", "close")),
        ("connection that names a header", post(path).with("connection", "x-forwarded-for")),
        ("keep-alive", post(path).with("keep-alive", "5")),
        ("upgrade", post(path).with("upgrade", "websocket")),
        ("proxy-connection", post(path).with("proxy-connection", "close")),
        ("te other than trailers", post(path).with("te", "chunked")),
        ("name in upper case", post(path).with("X-Y", "a")),
        ("name with a colon", post(path).with("x:y", "a")),
        ("name with a space", post(path).with("x y", "a")),
        ("name with CR LF", post(path).with("x\r\ny", "a")),
        ("empty name", post(path).with("", "a")),
        ("value with CR LF", post(path).with("x", "a\r\nTransfer-Encoding: chunked")),
        ("value with LF", post(path).with("x", "a\nb: c")),
        ("value with CR", post(path).with("x", "a\rb")),
        ("value with NUL", post(path).with("x", "a\0b")),
        ("path with a space", with_pseudo(path, ":path", &format!("{path} HTTP/1.1"))),
        ("path with CR LF", with_pseudo(path, ":path", &format!("{path} HTTP/1.1\r\nX: y\r\n\r\n"))),
        ("empty path", with_pseudo(path, ":path", "")),
        ("method with a space", with_pseudo(path, ":method", "GET /smuggled HTTP/1.1\r\nX: y")),
        ("method in lower case", with_pseudo(path, ":method", "post")),
        ("scheme with a path", with_pseudo(path, ":scheme", "http://other.test/?")),
        ("authority with a path", with_pseudo(path, ":authority", "site.test/smuggled")),
        ("authority with user information", with_pseudo(path, ":authority", "a@site.test")),
        ("authority with CR LF", with_pseudo(path, ":authority", "site.test\r\nX: y")),
        ("no method", without(path, ":method")),
        ("no path", without(path, ":path")),
        ("two paths", post(path).with(":path", "/smuggled")),
        ("two methods", post(path).with(":method", "GET")),
        ("pseudo-header behind a header", {
            let mut request = without(path, ":path").with("x", "y");
            request.fields.push((b":path".to_vec(), path.as_bytes().to_vec()));
            request
        }),
        ("unknown pseudo-header", post(path).with(":other", "x")),
        ("status in a request", post(path).with(":status", "200")),
        ("another host than the authority", post(path).with("host", "other.test")),
        ("CONNECT", Request { fields: without(path, ":path").fields, ..Request::default() }.clone_as_connect()),
        ("extended CONNECT", with_pseudo(path, ":method", "CONNECT").with(":protocol", "websocket")),
        ("another expectation", post(path).with("expect", "x").with_data("hello")),
        ("HEAD with data", Request::new("HEAD", path).with_data("hello")),
    ]
}

impl Request {
    fn clone_as_connect(mut self) -> Self {
        self.fields.retain(|field| field.0 != b":scheme");
        self.fields[0].1 = b"CONNECT".to_vec();
        self
    }
}

#[test]
fn requests_that_would_be_others_in_http1_are_refused() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let mut failures = Vec::new();
    for path in ["/upload/a", "/streamed/a"] {
        for (name, request) in bad_requests(path) {
            let fate = request.send(penstock.address);
            if fate == OK {
                failures.push(format!("{path}: {name}: {fate:?}"));
            }
        }
        assert_eq!(penstock.post("/probe", &[], b"").status, 200);
    }
    let arrived = origin.requests().into_iter().filter(|request| request.target != "/probe");
    failures.extend(arrived.map(|request| format!("reached the origin: {request:?}")));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn trailers_never_reach_the_origin_and_do_no_harm() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    for path in ["/upload/a", "/streamed/a"] {
        let trailers =
            [("x-trailer", "y"), ("content-length", "9"), ("transfer-encoding", "chunked"), ("host", "b.test")];
        for (name, value) in trailers {
            let fate = post(path).with_data("hel").with_data("lo").with_trailer(name, value).send(penstock.address);
            if name == "x-trailer" {
                assert_eq!(fate, OK, "{path}");
            }
        }
        let mut client = penstock.connect();
        let head = format!("POST {path} HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send(head + "5\r\nhello\r\n0\r\nX-Trailer: y\r\n\r\n");
        assert_eq!(client.read_response().unwrap().status, 200, "{path}");
        assert_eq!(client.post(path, &[], b"hello").status, 200, "{path}: the connection is in step");
    }
    assert!(origin.requests().len() >= 6);
    for request in origin.requests() {
        assert_eq!(request.body, b"hello");
        assert_eq!(request.headers["host"], "site.test");
        assert!(!request.headers.contains_key("x-trailer"));
    }
}

#[test]
fn a_body_that_is_declared_empty_and_is_goes_on() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    for path in ["/upload/a", "/streamed/a"] {
        let empty = post(path).with("content-length", "0");
        assert_eq!(empty.send(penstock.address), OK);
        assert_eq!(empty.with_data("").send(penstock.address), OK);
    }
    assert_eq!(origin.requests().len(), 4);
}

#[test]
fn what_breaks_http2_itself_leaves_a_line_and_is_counted() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let upper_case = post("/upload/a").with("X-Y", "a");
    let short = post("/upload/a").with("content-length", "9").with_data("hello");
    assert_eq!(post("/upload/a").with_data("hello").send(penstock.address), OK);
    for (count, request) in [upper_case, short].into_iter().enumerate() {
        assert_eq!(request.send(penstock.address), Fate::Reset);
        if count == 0 {
            let line = penstock.wait_for_events("refused", 1).swap_remove(0);
            assert_eq!((line["code"].as_str(), line["client"].as_str()), (Some("http2_broken"), Some("127.0.0.1")));
        }
    }
    let mut stream = std::net::TcpStream::connect(penstock.address).unwrap();
    // A frame that is to continue a header of which there is none.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\0\x09\0\0\0\0\x01").unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    penstock.wait_for_events("refused", 2);
    assert!(penstock.metric("penstock_refused_requests_total{code=\"http2_broken\"}") >= 2.0);
}

#[test]
fn a_header_above_the_limit_gets_an_answer_of_ours() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    // HTTP/2 counts 33 bytes for each, and so 69,300.
    let large = (0..2100).fold(post("/upload/a"), |request, _| request.with("x", ""));
    assert!(matches!(large.send(penstock.address), Fate::Answered(first) if first != 0x88));
    assert_eq!(penstock.wait_for_events("refused", 1)[0]["code"], "header_too_large");
    assert_eq!(penstock.metric("penstock_refused_requests_total{code=\"header_too_large\"}"), 1.0);
    assert_eq!(origin.connections(), 0);
}

#[test]
fn codes_are_the_same_as_in_http1() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    assert_eq!(with_pseudo("/upload/a", ":method", "post").send(penstock.address), BAD);
    assert_eq!(penstock.wait_for_events("refused", 1)[0]["code"], "request_line");
    assert_eq!((origin.connections(), origin.bytes()), (0, 0));
}

#[test]
fn requests_that_are_refused_as_they_come_leave_a_line() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    for (count, request) in [
        post("/upload/a").with("host", "other.test"),
        without("/upload/a", ":authority"),
        with_pseudo("/upload/a", ":authority", "a@site.test"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(request.send(penstock.address), BAD);
        let line = penstock.wait_for_events("refused", count + 1).swap_remove(count);
        assert_eq!((line["code"].as_str(), line["client"].as_str()), (Some("http2_request"), Some("127.0.0.1")));
    }
    assert_eq!(post("/upload/a").with_data("hello").send(penstock.address), OK);
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn cookies_that_a_client_has_split_reach_the_origin_as_one() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let cookies = ["Cookie: a=1", "Cookie: b=2; c=3", "Cookie: d=4"];
    for path in ["/upload/a", "/streamed/a"] {
        let split = cookies
            .iter()
            .fold(post(path), |request, cookie| request.with("cookie", cookie.strip_prefix("Cookie: ").unwrap()));
        assert_eq!(split.with_data("hello").send(penstock.address), OK);
        assert_eq!(post(path).with("cookie", "a=1; b=2").send(penstock.address), OK);
        let url = format!("http://{}{path}", penstock.address);
        let headers: Vec<&str> = cookies.iter().flat_map(|cookie| ["-H", cookie]).collect();
        let answer = curl(&[&["--http2-prior-knowledge", "-d", "hello"], &headers[..], &[&url]].concat());
        assert_eq!((answer.status, answer.version.as_str()), (200, "2"));
    }
    let seen: Vec<String> = origin.requests().iter().map(|request| request.headers["cookie"].clone()).collect();
    let all = "a=1; b=2; c=3; d=4";
    assert_eq!(seen, [all, "a=1; b=2", all, all, "a=1; b=2", all]);
}

#[test]
fn a_body_without_a_length_ends_once_however_its_end_is_written() {
    for ends in [
        &(|request: Request| request.with_data("hello")) as &dyn Fn(Request) -> Request,
        &|request| request.with_data("hel").with_data("lo"),
        &|request| request.with_data("hello").with_data(""),
        &|request| request.with_data("").with_data("hello"),
        &|request| request.with_data("hel").with_data("").with_data("lo").with_data(""),
        &|request| request.with_data("hello").with_trailer("x-trailer", "y"),
        &|request| request.with_data(""),
        &|request| request.with_trailer("x-trailer", "y"),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let penstock = Setup::new(&[listener.local_addr().unwrap()]).with(ENFORCING).start();
        let origin = std::thread::spawn(move || bytes_of_one_request(&listener));
        assert_eq!(ends(post("/streamed/a")).send(penstock.address), OK);
        let seen = String::from_utf8_lossy(&origin.join().unwrap()).into_owned();
        let body = seen.split_once("\r\n\r\n").unwrap().1;
        assert_eq!(body.matches("0\r\n\r\n").count(), 1, "{seen}");
        assert!(body.ends_with("0\r\n\r\n"), "{seen}");
    }
}

/// All that an origin gets on one connection. It answers once the body is over, and then waits for what else comes.
fn bytes_of_one_request(listener: &std::net::TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().unwrap();
    let (mut seen, mut block, mut is_answered) = (Vec::new(), [0; 4096], false);
    while let Ok(length @ 1..) = stream.read(&mut block) {
        seen.extend_from_slice(&block[..length]);
        if !is_answered && seen.ends_with(b"0\r\n\r\n") {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
            stream.set_read_timeout(Some(std::time::Duration::from_millis(300))).unwrap();
            is_answered = true;
        }
    }
    seen
}

#[test]
fn a_header_of_very_many_fields_is_refused() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    for path in ["/upload/a", "/a"] {
        let many = |count: usize| (0..count).fold(post(path), |request, _| request.with("x", "a"));
        assert_eq!(many(200).with_data("hello").send(penstock.address), OK, "{path}");
        assert_ne!(many(300).with_data("hello").send(penstock.address), OK, "{path}");
    }
    assert_eq!(penstock.wait_for_events("refused", 2)[0]["code"], "header_too_large");
}

#[test]
fn a_header_that_says_the_same_again_and_again_is_refused_and_large_cookies_pass() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let value = "v".repeat(120);
    for path in ["/upload/a", "/a"] {
        let same = |count: usize| (0..count).fold(post(path), |request, _| request.with("x", &value));
        assert_eq!(same(30).with_data("hello").send(penstock.address), OK, "{path}");
        assert_ne!(same(60).with_data("hello").send(penstock.address), OK, "{path}");
        let (cookie, url) =
            (format!("Cookie: a={}", "c".repeat(32 << 10)), format!("http://{}{path}", penstock.address));
        let answer = curl(&["--http2-prior-knowledge", "-H", &cookie, "-d", "hello", &url]);
        assert_eq!((answer.status, answer.version.as_str()), (200, "2"), "{path}");
        let repeated = format!("X: {}", "v".repeat(3000));
        let answer = curl(&["--http2-prior-knowledge", "-H", &repeated, "-H", &repeated, "-H", &repeated, &url]);
        assert!(answer.status == 431 && answer.body.contains("header_too_large"), "{path}: {}", answer.body);
    }
    let codes: Vec<String> =
        penstock.wait_for_events("refused", 4).iter().map(|line| line["code"].as_str().unwrap().to_owned()).collect();
    assert_eq!(codes, ["header_too_large"; 4]);
}
