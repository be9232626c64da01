//! What the log says of requests that fail, and what it never says.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::support::free_address;
use crate::support::http::Connection;
use crate::support::http2::Request;
use crate::support::origin::{Manner, Origin, Seen};
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::wait_until;

const SECRETS: [&str; 3] = ["hunter3", "secret-host", "secret-cookie"];

const LIMITS: &str = "first_byte_timeout = \"300ms\"\nrate_grace = \"300ms\"\n";

fn head(method: &str, path: &str, headers: &str) -> String {
    format!(
        "{method} {path}?token=hunter3 HTTP/1.1\r\nHost: secret-host.test\r\nCookie: id=secret-cookie\r\n{headers}\r\n"
    )
}

fn start(origin: std::net::SocketAddr) -> Penstock {
    let small = "[[route]]\nname = \"small\"\npath = \"/small\"\ninspect = \"enforce\"\nmax_body = \"3\"\n";
    Setup::new(&[origin]).with(ENFORCING).with(small).with_limits(LIMITS).with_log("debug").start()
}

/// Sends `bytes` and what is to follow, and ends the connection in one of two ways.
fn leave(penstock: &Penstock, bytes: &str, with_reset: bool) {
    let mut stream = TcpStream::connect(penstock.address).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    if with_reset {
        rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    }
}

#[track_caller]
fn assert_tells_no_secrets(penstock: &Penstock) {
    let log = penstock.log_text();
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "not JSON: {line}");
        assert!(SECRETS.iter().all(|secret| !line.contains(secret)), "{line}");
        assert!(!line.contains("\"target\":\"pingora"), "{line}");
    }
}

#[test]
fn clients_that_break_off_are_told_of_at_debug_without_what_they_sent() {
    let origin = Origin::start();
    let penstock = start(origin.address);
    let mut expected = 0;
    for path in ["/upload/a", "/streamed/a"] {
        for framing in ["Content-Length: 100000\r\n", "Transfer-Encoding: chunked\r\n"] {
            for with_reset in [false, true] {
                let start = if framing.starts_with('T') { "ff\r\nhel" } else { "hel" };
                leave(&penstock, &(head("POST", path, framing) + start), with_reset);
                expected += 1;
                penstock.wait_for_events("client_gone", expected);
            }
        }
        let request = Request::new("POST", &format!("{path}?token=hunter3")).with("cookie", "id=secret-cookie");
        let before = origin.connections();
        let stream = request.with_data("hel").with_data("lo").send_in_part(penstock.address, 3);
        wait_until("the request is under way", || {
            origin.connections() > before || penstock.metric("penstock_held_uploads") > 0.0
        });
        drop(stream);
        expected += 1;
        penstock.wait_for_events("client_gone", expected);
    }
    for line in penstock.events("client_gone") {
        assert_eq!((line["level"].as_str(), line["method"].as_str()), (Some("DEBUG"), Some("POST")), "{line}");
        assert_eq!(line["client"], "127.0.0.1");
        let route = (line["path"] == "/upload/a").then_some("uploads");
        assert_eq!(line["route"].as_str(), route, "{line}");
    }
    for bytes in ["GE", "GET /?token=hunter3 HTTP/1.1\r\nHost: secret-host.test\r\n", "\u{16}hunter3 secret-host"] {
        leave(&penstock, bytes, false);
        leave(&penstock, bytes, true);
    }
    let mut client = penstock.connect();
    client.send(head("GET", "/last", ""));
    client.read_response().unwrap();
    assert_tells_no_secrets(&penstock);
    assert!(penstock.events("origin").is_empty() && penstock.events("refused").len() <= 2, "{}", penstock.log_text());
}

#[test]
fn refused_requests_leave_one_line_with_their_reference() {
    let origin = Origin::start();
    let penstock = start(origin.address);
    let requests = [
        ("uploads", head("POST", "/upload/a", "Content-Length: 5\r\n") + "h"),
        ("small", head("POST", "/small", "Content-Length: 5\r\n") + "hello"),
        ("small", head("POST", "/small", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n"),
        ("uploads", head("GET", "/upload/a", "Upgrade: websocket\r\nConnection: upgrade\r\n")),
        ("", head("POST", "/upload/a", "Connection: cookie\r\n")),
        ("", head("POST", "/upload/a", "Expect: hunter3\r\nContent-Length: 1\r\n") + "x"),
        ("uploads", head("POST", "/upload/a", "Transfer-Encoding: chunked\r\n") + "5\r\nhelloX"),
        ("", head("POST", "/streamed/a", "Transfer-Encoding: chunked\r\n") + "zz hunter3"),
        ("", head("TRACE", "/upload/a", "")),
        ("", head("POST", "/upload/a", "Transfer-Encoding: hunter3\r\n")),
        ("", head("POST", "/upload/a", "Host: other.test\r\n")),
        ("", "GET http://a.test/?token=hunter3 HTTP/1.1\r\nHost: secret-host.test\r\n\r\n".to_owned()),
    ];
    for (number, (route, request)) in requests.iter().enumerate() {
        let mut client = penstock.connect();
        client.send(request);
        let answer = client.read_response().unwrap_or_else(|| panic!("no answer to {request}"));
        let line = penstock.wait_for_events("refused", number + 1).swap_remove(number);
        assert_eq!(line["reference"].as_str(), answer.headers.get("penstock-reference").map(String::as_str), "{line}");
        assert_eq!(line["code"], answer.json()["code"], "{request}");
        assert_eq!(line["client"], "127.0.0.1");
        assert_eq!(line["route"].as_str().unwrap_or_default(), *route, "{request}");
    }
    assert_tells_no_secrets(&penstock);
}

#[test]
fn the_client_in_the_log_is_the_one_that_a_trusted_proxy_names() {
    let origin = Origin::start();
    let forwarded = [("X-Forwarded-For", "203.0.113.5, 198.51.100.7")];
    for (trusted, client) in [("", "127.0.0.1"), ("trusted_proxies = [\"127.0.0.0/8\"]\n", "198.51.100.7")] {
        let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_server(trusted).start();
        assert_eq!(penstock.post("/upload/a", &forwarded, b"hello").status, 200);
        let refusal = penstock.post("/upload/a", &[forwarded[0], ("Expect", "hunter3")], b"x");
        assert_eq!(refusal.status, 417);
        for event in ["verdict", "refused"] {
            assert_eq!(penstock.wait_for_events(event, 1)[0]["client"], client, "{event} {trusted}");
        }
    }
}

#[test]
fn origins_that_fail_leave_one_line_with_the_reason_and_nothing_that_was_sent() {
    let garbage = |seen: &Seen| Some(format!("{} is no answer\r\n\r\n", seen.target));
    let cut = |seen: &Seen| {
        let head = format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 9\r\n", seen.target);
        Some(format!("{head}Connection: close\r\n\r\nabc"))
    };
    let reset = TcpListener::bind("127.0.0.1:0").unwrap();
    let resetting = reset.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in reset.incoming().map_while(Result::ok) {
            rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
        }
    });
    let origins = [
        Origin::with_manner(Manner::DiesAfter(3)),
        Origin::answering(|_| None),
        Origin::answering(garbage),
        Origin::answering(cut),
    ];
    for address in origins.iter().map(|origin| origin.address).chain([free_address(), resetting]) {
        let penstock = start(address);
        for (number, path) in ["/upload/a", "/streamed/a"].into_iter().enumerate() {
            let mut client: Connection = penstock.connect();
            client.send(head("POST", path, "Content-Length: 5\r\n") + "hello");
            drop(client.try_read_response());
            let line = penstock.wait_for_events("origin", number + 1).swap_remove(number);
            assert_eq!((line["code"].as_str(), line["path"].as_str()), (Some("origin_failed"), Some(path)), "{line}");
            assert_eq!((line["method"].as_str(), line["origin"].as_str()), (Some("POST"), Some("site")), "{line}");
            assert!(line["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{line}");
            assert!(line["reference"].is_string(), "{line}");
        }
        wait_until("both are told of", || penstock.events("origin").len() == 2);
        assert_tells_no_secrets(&penstock);
    }
}

#[test]
fn what_keeps_penstock_from_starting_is_one_line_of_json() {
    let origin = Origin::start();
    let broken = "[[route]]\nname = \"x\"\ninspect = \"off\"\norigin = \"none\"\nblock_status = 200\n";
    let setup = Setup::new(&[origin.address]).with(broken);
    let (code, said) = setup.run_in_vain("127.0.0.1:0".parse().unwrap());
    assert_eq!(code, Some(1));
    let lines: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{said}");
    for line in lines {
        assert_eq!((line["event"].as_str(), line["level"].as_str()), (Some("start"), Some("ERROR")), "{line}");
        assert!(line["problem"].as_str().unwrap().contains("penstock.toml:"), "{line}");
    }
}
