//! What passes, and how.

use crate::support::free_address;
use crate::support::http::head;
use crate::support::origin::{Manner, Origin};
use crate::support::penstock::{ENFORCING, Setup};
use crate::support::wait_until;

#[test]
fn what_no_route_inspects_is_streamed_while_it_arrives() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let mut client = penstock.connect();
    client.send(head("POST", "/elsewhere", &[], Some(10)));
    client.send("01234");
    wait_until("the origin has the first half", || origin.bytes() > 5 && origin.connections() == 1);
    client.send("56789");
    assert_eq!(client.read_response().unwrap().text(), "10 bytes ");
    assert_eq!(origin.requests()[0].body, b"0123456789");
    assert_eq!(penstock.metric("penstock_passed_requests_total"), 1.0);
}

#[test]
fn servers_take_turns_and_a_refusing_one_is_skipped_with_the_whole_body() {
    let (first, second) = (Origin::start(), Origin::start());
    let penstock = Setup::new(&[first.address, free_address(), second.address]).with(ENFORCING).start();
    let body = vec![b'x'; 300_000];
    for _ in 0..9 {
        assert_eq!(penstock.post("/upload/a", &[], &body).text(), "300000 bytes ");
    }
    for origin in [&first, &second] {
        assert!(origin.requests().len() >= 3, "{} requests", origin.requests().len());
        assert!(origin.requests().iter().all(|request| request.body == body));
    }
    assert!(penstock.metric("penstock_origin_connect_failures_total") >= 3.0);
}

#[test]
fn an_origin_that_cannot_be_reached_gives_an_answer_with_a_reference() {
    let penstock = Setup::new(&[free_address(), free_address()]).with(ENFORCING).start();
    for path in ["/upload/a", "/elsewhere"] {
        let response = penstock.post(path, &[], b"body");
        assert_eq!(response.status, 502);
        assert_eq!(response.headers["content-type"], "application/problem+json");
        assert_eq!(response.json()["code"], "origin_failed");
        assert!(!response.json()["reference"].as_str().unwrap().is_empty());
    }
}

#[test]
fn an_origin_that_dies_in_the_middle_of_a_replay_gives_an_answer_and_penstock_goes_on() {
    let origin = Origin::with_manner(Manner::DiesAfter(100_000));
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let body = vec![b'x'; 4 << 20];
    for _ in 0..3 {
        let response = penstock.post("/upload/a", &[], &body);
        assert_eq!((response.status, response.json()["code"].as_str()), (502, Some("origin_failed")));
    }
    wait_until("every held body is let go", || {
        penstock.metric("penstock_held_memory_bytes") == 0.0 && penstock.metric("penstock_held_disk_bytes") == 0.0
    });
}

#[test]
fn a_websocket_passes_where_nothing_is_inspected_and_is_refused_where_uploads_are() {
    let origin = Origin::with_manner(Manner::Upgrades);
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "x")];
    let mut client = penstock.connect();
    client.send(head("GET", "/socket", &upgrade, None));
    assert_eq!(client.read_response().unwrap().status, 101);
    client.send("ping");
    let mut echo = [0; 4];
    std::io::Read::read_exact(&mut client.stream, &mut echo).unwrap();
    assert_eq!(&echo, b"ping");

    let mut client = penstock.connect();
    client.send(head("GET", "/upload/socket", &upgrade, None));
    let refusal = client.read_response().unwrap();
    assert_eq!((refusal.status, refusal.json()["code"].as_str()), (400, Some("upgrade_not_allowed")));
}

#[test]
fn an_offer_to_speak_http2_to_the_origin_never_becomes_a_tunnel() {
    let origin = Origin::with_manner(Manner::Upgrades);
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let mut client = penstock.connect();
    let offer = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAAP__")];
    client.send(head("GET", "/elsewhere", &offer, None));
    assert_eq!(client.read_response().unwrap().status, 200);
    assert!(!origin.requests()[0].headers.contains_key("upgrade"));
}

#[test]
fn an_allowed_upload_goes_on_as_it_came_and_the_origin_learns_who_the_client_is() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    for path in ["/upload/a?name=a%20b&c=1", "/elsewhere?name=a%20b&c=1"] {
        let mut client = penstock.connect();
        client.send(head("PATCH", path, &[("X-Forwarded-For", "10.0.0.9"), ("Cookie", "a=b; c=d")], Some(5)));
        client.send("hello");
        assert_eq!(client.read_response().unwrap().status, 200);
        let seen = origin.requests().pop().unwrap();
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("PATCH", path));
        let headers: Vec<(&str, &str)> =
            seen.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            headers,
            [
                ("content-length", "5"),
                ("cookie", "a=b; c=d"),
                ("host", "site.test"),
                ("x-forwarded-for", "10.0.0.9, 127.0.0.1"),
                ("x-forwarded-proto", "http"),
            ]
        );
    }
}

#[test]
fn nobody_but_a_proxy_that_is_trusted_says_who_the_client_is_or_how_it_came() {
    let origin = Origin::start();
    let sent = [
        ("X-Forwarded-Proto", "https"),
        ("x_forwarded_for", "10.9.9.9"),
        ("X-Forwarded_For", "10.9.9.9"),
        ("x_forwarded_proto", "https"),
        ("X-Forwarded-Ssl", "on"),
        ("X-Forwarded-Scheme", "https"),
        ("X-Forwarded-Port", "443"),
        ("Front-End-Https", "on"),
        ("Forwarded", "proto=https"),
        ("penstock_verdict", "allow"),
        ("x_request_id", "7"),
    ];
    for (trusted, expected) in [("", "http"), ("trusted_proxies = [\"127.0.0.0/8\"]\n", "https")] {
        let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_server(trusted).start();
        for path in ["/upload/a", "/elsewhere"] {
            assert_eq!(penstock.post(path, &sent, b"hello").status, 200);
            let seen = origin.requests().pop().unwrap();
            assert_eq!(seen.headers["x-forwarded-proto"], expected, "{trusted}");
            assert_eq!(seen.headers["x-forwarded-for"], "127.0.0.1");
            assert!(!seen.headers.keys().any(|name| name.contains('_')), "{:?}", seen.headers);
            for claim in ["x-forwarded-ssl", "x-forwarded-scheme", "x-forwarded-port", "front-end-https", "forwarded"] {
                assert_eq!(seen.headers.contains_key(claim), expected == "https", "{claim}: {trusted}");
            }
        }
    }
}
