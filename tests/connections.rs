//! How long connections may be silent, and how many there may be.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::http::{Connection, head};
use crate::support::http2::Request;
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::wait_until;

const SHORT: &str = "[connections]\ntls_timeout = \"200ms\"\nopening_timeout = \"200ms\"\n\
                     header_timeout = \"200ms\"\nidle_timeout = \"200ms\"\n";

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn short_tempered(origin: &Origin) -> Setup {
    Setup::new(&[origin.address]).with(ENFORCING).with(SHORT)
}

fn with_tls(setup: Setup) -> Penstock {
    let issued = rcgen::generate_simple_self_signed(vec!["site.test".to_owned()]).unwrap();
    setup
        .with_file("cert.pem", issued.cert.pem().as_bytes())
        .with_file("key.pem", issued.signing_key.serialize_pem().as_bytes())
        .with_tls("cert.pem", "key.pem")
        .start()
}

/// What comes on a connection on which nothing is sent but `bytes`, until it ends.
fn all_that_comes_after(penstock: &Penstock, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(penstock.address).unwrap();
    stream.write_all(bytes).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut seen = Vec::new();
    stream.read_to_end(&mut seen).unwrap_or_else(|error| panic!("still open after {bytes:?}: {error}"));
    String::from_utf8_lossy(&seen).into_owned()
}

#[test]
fn a_connection_that_says_nothing_is_closed_in_every_phase() {
    let origin = Origin::start();
    let penstock = short_tempered(&origin).start();
    let headers_without_end = [PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0], &[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82]].concat();
    for (bytes, expected) in [
        (&b""[..], ""),
        (b"G", "HTTP/1.1 408"),
        (b"GET / HTTP/1.1\r\n", "HTTP/1.1 408"),
        (b"GET / HTTP/1.1\r\nHost: site.test\r\nX: y", "HTTP/1.1 408"),
        (b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n", "HTTP/1.1 200"),
        (b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\nGET /", "HTTP/1.1 200"),
        (&PREFACE[..10], ""),
    ] {
        let seen = all_that_comes_after(&penstock, bytes);
        assert!(seen.starts_with(expected), "{}: {seen}", String::from_utf8_lossy(bytes));
        assert_eq!(seen.is_empty(), expected.is_empty(), "{seen}");
    }
    for bytes in [PREFACE, &headers_without_end] {
        all_that_comes_after(&penstock, bytes);
    }
    let refused = penstock.wait_for_events("refused", 4);
    assert!(refused.iter().all(|line| line["code"] == "header_timeout"), "{refused:?}");
    wait_until("all are closed", || penstock.metric("penstock_open_connections") == 0.0);
}

#[test]
fn a_header_that_comes_byte_by_byte_is_not_waited_for() {
    let origin = Origin::start();
    let penstock = short_tempered(&origin).start();
    let mut client = penstock.connect();
    let head = format!("GET / HTTP/1.1\r\nHost: site.test\r\nX: {}", "y".repeat(10_000));
    let sending = client.stream.try_clone().unwrap();
    std::thread::spawn(move || {
        for byte in head.bytes() {
            if (&sending).write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(client.read_response().map(|response| response.status), Some(408));
}

#[test]
fn a_tls_handshake_that_does_not_get_on_is_given_up() {
    let origin = Origin::start();
    let penstock = with_tls(short_tempered(&origin));
    for bytes in [&b""[..], &[0x16, 3, 1], b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n"] {
        all_that_comes_after(&penstock, bytes);
    }
    wait_until("they are counted", || penstock.metric("penstock_failed_handshakes_total") >= 3.0);
}

#[test]
fn a_client_that_is_served_may_be_silent() {
    let origin = Origin::answering(|_| {
        std::thread::sleep(Duration::from_millis(700));
        Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned())
    });
    let penstock = short_tempered(&origin).start();
    for path in ["/upload/a", "/streamed/a"] {
        let mut client = penstock.connect();
        client.send(head("POST", path, &[], Some(5)));
        std::thread::sleep(Duration::from_millis(700));
        client.send("hello");
        assert_eq!(client.read_response().unwrap().status, 200, "{path}");
        assert_eq!(client.post(path, &[], b"hello").status, 200, "{path}: the connection is still there");
        let fate = Request::new("POST", path).with_data("hello").send(penstock.address);
        assert_eq!(fate, crate::support::http2::Fate::Answered(0x88), "{path} over HTTP/2");
    }
}

#[test]
fn tls_on_a_port_without_is_answered_at_once() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let mut hello = vec![0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3];
    hello.resize(205, 7);
    let mut client = penstock.connect();
    client.send(&hello);
    let answer = client.read_response().unwrap();
    assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("tls_on_plain_port")));
    assert_eq!(penstock.wait_for_events("refused", 1)[0]["code"], "tls_on_plain_port");
}

#[test]
fn one_connection_too_many_is_closed_and_operators_still_get_in() {
    let (gate, waiting) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let origin = Origin::answering({
        let (gate, waiting) = (Arc::clone(&gate), Arc::clone(&waiting));
        move |seen| {
            if seen.target == "/upload/waits" {
                waiting.fetch_add(1, Ordering::SeqCst);
                wait_until("it may be answered", || gate.load(Ordering::SeqCst));
            }
            Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned())
        }
    });
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with("[connections]\nmax = 8\n").start();
    assert_eq!(penstock.post("/upload/a", &[], b"hello").status, 200, "what came before it was taken before it");
    wait_until("nothing of the start is open", || penstock.metric("penstock_open_connections") == 0.0);
    let begin = |mut client: Connection| {
        client.send(head("POST", "/upload/waits", &[], Some(5)) + "hello");
        client
    };
    let mut open: Vec<Connection> = (0..7).map(|_| begin(penstock.connect())).collect();
    wait_until("one network has its share", || penstock.metric("penstock_open_connections") == 7.0);
    assert!(penstock.connect().read_response().is_none());
    let mut other = penstock.connect_from_elsewhere();
    assert_eq!(other.post("/upload/a", &[], b"hello").status, 200, "something is left for others");
    open.push(begin(other));
    wait_until("all wait for their answers", || waiting.load(Ordering::SeqCst) == 8);
    for _ in 0..3 {
        assert!(penstock.connect_from_elsewhere().read_response().is_none());
    }
    assert_eq!(penstock.get_admin("/healthz").status, 200);
    assert_eq!(penstock.metric("penstock_refused_connections_total{reason=\"limit\"}"), 4.0);
    assert_eq!(penstock.metric("penstock_evicted_connections_total"), 0.0, "whoever is served stays");
    assert_eq!(penstock.events("connections").len(), 1, "told once, not each time");
    gate.store(true, Ordering::SeqCst);
    for client in &mut open {
        assert_eq!(client.read_response().unwrap().status, 200);
    }
    open.clear();
    wait_until("there is room again", || penstock.metric("penstock_open_connections") == 0.0);
    assert_eq!(penstock.post("/upload/a", &[], b"hello").status, 200);
}

#[test]
fn whoever_is_idle_makes_room_for_a_network_that_has_nothing() {
    let origin = Origin::start();
    let penstock = with_tls(Setup::new(&[origin.address]).with(ENFORCING).with("[connections]\nmax = 8\n"));
    let knock = |network: u8| Connection::open_from([127, network, 1, 1], penstock.address);
    // Networks with one connection each: nothing on it, or the beginning of a handshake.
    let mut idle = Vec::new();
    wait_until("all places are taken", || {
        idle.push(knock((idle.len() % 100) as u8 + 1));
        if idle.len() % 2 == 0 {
            idle.last_mut().unwrap().send([0x16, 3, 1, 2]);
        }
        penstock.metric("penstock_open_connections") == 8.0
    });
    let before = penstock.metric("penstock_evicted_connections_total");
    let mut newcomers = Vec::new();
    wait_until("a newcomer is let in", || {
        let mut newcomer = Connection::open_from([127, 200, newcomers.len() as u8, 1], penstock.address);
        newcomer.stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let is_open = matches!(newcomer.stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        newcomers.push(newcomer);
        is_open
    });
    assert_eq!(penstock.metric("penstock_evicted_connections_total") - before, 1.0);
    wait_until("one gave its place up", || penstock.metric("penstock_open_connections") == 8.0);
}

#[test]
fn a_slow_connection_gives_its_place_up_for_a_network_that_holds_fewer() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with("[connections]\nmax = 8\n")
        .with_limits("rate_grace = \"2m\"")
        .start();
    assert_eq!(penstock.post("/upload/a", &[], b"hello").status, 200, "what came before it was taken before it");
    wait_until("nothing of the start is open", || penstock.metric("penstock_open_connections") == 0.0);
    let begin = |mut client: Connection| {
        client.send(head("POST", "/upload/a", &[], Some(50_000)) + "x");
        client
    };
    let mut slow: Vec<Connection> = (0..6).map(|_| begin(penstock.connect())).collect();
    let few: Vec<Connection> = (0..2).map(|_| begin(penstock.connect_from_elsewhere())).collect();
    wait_until("all places are taken", || penstock.metric("penstock_open_connections") == 8.0);
    // What it sends earns time for the upload of each connection of its network, and a place for its own alone.
    slow[0].send("x".repeat(40_000));
    wait_until("one more is let in", || {
        let mut newcomer = penstock.connect_from_elsewhere();
        newcomer.send(head("POST", "/upload/a", &[], Some(5)) + "hello");
        newcomer.read_response().is_some_and(|answer| answer.status == 200)
    });
    assert_eq!(penstock.metric("penstock_evicted_connections_total"), 1.0);
    let mut all = slow.split_off(1);
    all.extend(few);
    all.iter().for_each(|client| client.stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap());
    let is_ended = |client: &mut Connection| matches!(client.stream.read(&mut [0]), Ok(0));
    wait_until("one of the network that holds more is closed", || {
        let ended: Vec<bool> = all.iter_mut().map(is_ended).collect();
        ended.iter().filter(|is_ended| **is_ended).count() == 1 && ended[..5].contains(&true)
    });
    slow[0].send("x".repeat(9_999));
    assert_eq!(slow[0].read_response().unwrap().status, 200);
}

#[test]
fn the_soft_limit_on_descriptors_is_raised() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let limits = penstock.process_file("limits");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<&str> = line.split_whitespace().filter(|word| word.parse::<u64>().is_ok()).collect();
    assert_eq!(numbers[0], numbers[1], "{line}");
}

#[test]
fn no_more_requests_are_at_an_origin_than_it_may_have() {
    let gate = Arc::new(AtomicBool::new(false));
    let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let origin = Origin::answering({
        let (gate, most, now) = (Arc::clone(&gate), Arc::clone(&most), Arc::clone(&now));
        move |seen| {
            if seen.target.starts_with("/upload") {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                wait_until("the gate is open", || gate.load(Ordering::SeqCst));
                now.fetch_sub(1, Ordering::SeqCst);
            }
            Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned())
        }
    });
    let second = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with("max_requests = 3")
        .with(&format!("[[origin]]\nname = \"other\"\nservers = [\"{}\"]", second.address))
        .with(ENFORCING)
        .with("[[route]]\nname = \"other\"\npath = \"/other/**\"\ninspect = \"enforce\"\norigin = \"other\"\n")
        .start();
    let mut waiting: Vec<Connection> = (0..3).map(|_| penstock.connect()).collect();
    for client in &mut waiting {
        client.send(head("POST", "/upload/a", &[], Some(5)) + "hello");
    }
    wait_until("all are there", || now.load(Ordering::SeqCst) == 3);
    let busy = penstock.post("/upload/a", &[], b"hello");
    assert_eq!((busy.status, busy.json()["code"].as_str()), (503, Some("origin_busy")));
    assert!(busy.headers.contains_key("retry-after"));
    assert_eq!(penstock.wait_for_events("refused", 1)[0]["code"], "origin_busy");
    assert_eq!(penstock.post("/other/a", &[], b"hello").status, 200, "others are not busy");
    assert_eq!(penstock.metric("penstock_origin_requests{origin=\"site\"}"), 3.0);
    assert_eq!(penstock.metric("penstock_origin_refusals_total{origin=\"site\"}"), 1.0);
    gate.store(true, Ordering::SeqCst);
    for client in &mut waiting {
        assert_eq!(client.read_response().unwrap().status, 200);
    }
    assert_eq!(penstock.post("/upload/a", &[], b"hello").status, 200);
    wait_until("none is left", || penstock.metric("penstock_origin_requests{origin=\"site\"}") == 0.0);
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[test]
fn a_request_whose_client_does_not_go_on_gives_its_place_at_the_origin_up() {
    let unfinished = (head("POST", "/streamed/a", &[], Some(50_000)) + "x").into_bytes();
    // HTTP/2 with windows of no bytes, so that the answer does not go.
    let no_window = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    let get = [0, 0, 6, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 1, b'x'];
    for opening in [unfinished, [PREFACE, &no_window, &get].concat()] {
        let origin = Origin::start();
        let penstock = Setup::new(&[origin.address]).with("max_requests = 2").with(ENFORCING).start();
        let mut slow: Vec<Connection> = (0..2).map(|_| penstock.connect()).collect();
        slow.iter_mut().for_each(|client| client.send(&opening));
        let at_the_origin = || penstock.metric("penstock_origin_requests{origin=\"site\"}");
        wait_until("both are there", || at_the_origin() == 2.0);
        wait_until("another network gets one of their places", || {
            let answer = penstock.connect_from_elsewhere().post("/streamed/b", &[], b"hello");
            assert!([200, 503].contains(&answer.status), "{}", answer.text());
            answer.status == 200
        });
        assert_eq!(penstock.metric("penstock_evicted_connections_total"), 1.0);
        wait_until("the other one stays", || at_the_origin() == 1.0);
    }
}

#[test]
fn an_answer_about_an_origin_that_broke_off_is_read_although_the_body_is_on_its_way() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let penstock = Setup::new(&[listener.local_addr().unwrap()]).start();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Unread bytes make it a reset.
            stream.unwrap().read_exact(&mut [0; 10]).unwrap();
        }
    });
    for _ in 0..5 {
        let mut client = penstock.connect();
        client.send(head("POST", "/a", &[], Some(4_000_000)));
        let sending = client.stream.try_clone().unwrap();
        let sender = std::thread::spawn(move || (&sending).write_all(&vec![b'a'; 4_000_000]));
        let answer = client.read_response().expect("an answer");
        assert_eq!((answer.status, answer.json()["code"].as_str()), (502, Some("origin_failed")));
        sender.join().unwrap().expect("what was sent is taken");
    }
}
