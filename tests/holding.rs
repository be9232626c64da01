//! An upload is held until there is a verdict on it, within bounds, and goes on whole.

use std::io::Write;
use std::net::Shutdown;
use std::process::Command;

use crate::support::http::{Connection, head};
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::{skipped, wait_until};

fn start(origin: &Origin) -> Penstock {
    Setup::new(&[origin.address]).with(ENFORCING).start()
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8).collect()
}

fn chunked(body: &[u8], piece: usize) -> Vec<u8> {
    let mut framed = Vec::new();
    for chunk in body.chunks(piece) {
        write!(framed, "{:x}\r\n", chunk.len()).unwrap();
        framed.extend_from_slice(chunk);
        framed.extend_from_slice(b"\r\n");
    }
    framed.extend_from_slice(b"0\r\n\r\n");
    framed
}

#[test]
fn a_body_of_any_length_and_framing_reaches_the_origin_whole_with_its_length() {
    let origin = Origin::start();
    let penstock = start(&origin);
    let mut client = penstock.connect();
    for length in [0, 1, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5 << 20] {
        let body = pattern(length);
        for piece in [None, Some(1000), Some(70_000)] {
            match piece {
                None => {
                    client.send(head("PUT", "/upload/a", &[], Some(length)));
                    client.send(&body);
                }
                Some(piece) => {
                    client.send(head("PUT", "/upload/a", &[("Transfer-Encoding", "chunked")], None));
                    client.send(chunked(&body, piece));
                }
            }
            let response = client.read_response().unwrap();
            assert_eq!(response.text(), format!("{length} bytes "), "chunks of {piece:?}");
            let seen = origin.requests().pop().unwrap();
            assert!(seen.body == body, "{length} bytes in chunks of {piece:?} arrived changed");
            assert_eq!(seen.headers["content-length"], length.to_string());
            assert!(!seen.headers.contains_key("transfer-encoding"));
        }
    }
}

/// Bytes of disk that tests can fill.
#[test]
fn chunks_of_a_byte_that_come_at_once_go_on_as_few() {
    let origin = Origin::start();
    let penstock = start(&origin);
    let mut client = penstock.connect();
    for (length, piece) in [(200_000, 1), (200_000, 3), (200_000, 600), (1, 1), (20, 1)] {
        let (body, before) = (pattern(length), origin.bytes());
        client.send(head("PUT", "/streamed/a", &[("Transfer-Encoding", "chunked")], None));
        client.send(chunked(&body, piece));
        assert_eq!(client.read_response().unwrap().text(), format!("{length} bytes "), "chunks of {piece}");
        assert!(origin.requests().pop().unwrap().body == body, "{length} bytes in chunks of {piece} arrived changed");
        let took = origin.bytes() - before;
        assert!(took < body.len() * 3 / 2 + 500, "{took} bytes for {length} in chunks of {piece}");
    }
}

fn free_disk() -> u64 {
    let output = Command::new("df").args(["--output=avail", "--block-size=1", env!("CARGO_TARGET_TMPDIR")]).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    text.lines().nth(1).unwrap().trim().parse().unwrap()
}

#[test]
fn five_gibibytes_are_spooled_in_constant_memory() {
    if free_disk() < 6 << 30 {
        return skipped("disk", "an upload of 5 GiB", "there is less than 6 GiB of disk");
    }
    let origin = Origin::start();
    origin.forget_bodies();
    let penstock = start(&origin);
    let length = 5usize << 30;
    let mut client = penstock.connect();
    let before = penstock.anonymous_memory();
    let mut most = before;
    client.send(head("PUT", "/upload/large", &[], Some(length)));
    let block = pattern(16 << 20);
    for _ in 0..length / block.len() {
        client.send(&block);
        most = most.max(penstock.anonymous_memory());
    }
    let mut answered = client.stream.try_clone().map(Connection::from_stream).unwrap();
    let reading = std::thread::spawn(move || answered.read_response_patiently());
    while !reading.is_finished() {
        most = most.max(penstock.anonymous_memory());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(reading.join().unwrap().text(), format!("{length} bytes "));
    assert!(most - before < 64 << 20, "memory grew by {} bytes", most - before);
    let verdict = &penstock.wait_for_events("verdict", 1)[0];
    assert_eq!((verdict["bytes"].as_u64(), verdict["spooled"].as_bool()), (Some(length as u64), Some(true)));
    wait_until("the disk is given back", || penstock.metric("penstock_held_disk_bytes") == 0.0);
}

#[test]
fn a_slow_sender_never_occupies_an_origin_connection() {
    let origin = Origin::start();
    let penstock = start(&origin);
    let mut senders: Vec<Connection> = (0..20).map(|_| penstock.connect()).collect();
    for sender in &mut senders {
        sender.send(head("POST", "/upload/slow", &[], Some(100)));
        sender.send([b'x'; 99]);
    }
    wait_until("all are held", || penstock.metric("penstock_held_uploads") == 20.0);
    assert_eq!((origin.connections(), origin.bytes()), (0, 0));
    for sender in &mut senders {
        sender.send("x");
        assert_eq!(sender.read_response().unwrap().status, 200);
    }
    assert_eq!(origin.requests().len(), 20);
}

#[test]
fn expect_100_continue_is_answered_here_and_never_forwarded() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with("max_body = \"1 KiB\"").start();
    let mut client = penstock.connect();
    client.send(head("POST", "/upload/a", &[("Expect", "100-continue")], Some(4)));
    assert_eq!(client.read_response().unwrap().status, 100);
    client.send("body");
    assert_eq!(client.read_response().unwrap().status, 200);
    assert!(!origin.requests()[0].headers.contains_key("expect"));

    client.send(head("POST", "/upload/a", &[("Expect", "100-continue")], Some(2000)));
    assert_eq!(client.read_response().unwrap().status, 413, "a body that is too large is not asked for");

    let mut client = penstock.connect();
    client.send(head("POST", "/upload/a", &[("Expect", "a-miracle")], Some(4)));
    assert_eq!(client.read_response().unwrap().status, 417);
}

#[test]
fn past_a_bound_the_client_gets_a_clear_status_and_nothing_reaches_the_origin() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with("max_body = \"100 KiB\"")
        .with_limits("spool_total = \"64 KiB\"\nmemory_per_upload = \"1 KiB\"\nrate_grace = \"300ms\"\n")
        .start();
    let refusal = |response: crate::support::http::Response| {
        (response.status, response.json()["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(refusal(penstock.post("/upload/a", &[], &pattern(110_000))), (413, "body_too_large".into()));

    let mut client = penstock.connect();
    client.send(head("POST", "/upload/a", &[("Transfer-Encoding", "chunked")], None));
    client.send(&chunked(&pattern(90_000), 1000)[..80_000]);
    let full = client.read_response().unwrap();
    assert!(full.headers.contains_key("retry-after"));
    assert_eq!(refusal(full), (503, "spool_full".into()));

    let mut client = penstock.connect();
    client.send(head("POST", "/upload/a", &[], Some(1000)));
    client.send("a few bytes and then silence");
    assert_eq!(refusal(client.read_response().unwrap()), (408, "upload_too_slow".into()));

    assert_eq!((origin.connections(), origin.bytes()), (0, 0));
    for reason in ["body_too_large", "spool_full", "upload_too_slow"] {
        let name = format!("penstock_holds_failed_total{{reason=\"{reason}\"}}");
        assert_eq!(penstock.metric(&name), 1.0, "{reason}");
    }
    assert_eq!(penstock.post("/upload/a", &[], &pattern(1000)).status, 200, "others are not disturbed");
}

#[test]
fn uploads_of_one_client_never_take_all_the_disk() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with_limits("spool_total = \"100 KiB\"\nmemory_per_upload = \"1 KiB\"")
        .start();
    let piece = pattern(10 << 10);
    let begin = || {
        let mut client = penstock.connect();
        client.send(head("POST", "/upload/a", &[], Some(piece.len() + 1)));
        client.send(&piece);
        client
    };
    let _held: Vec<_> = (0..9).map(|_| begin()).collect();
    let refused = || penstock.metric("penstock_holds_failed_total{reason=\"spool_full\"}");
    wait_until("one of the nine is past the share of the client", || refused() >= 1.0);
    assert_eq!(penstock.connect_from_elsewhere().post("/upload/a", &[], &piece).status, 200);
}

#[test]
fn a_client_that_goes_away_leaves_nothing_behind() {
    let origin = Origin::start();
    let penstock = start(&origin);
    for length in [10, 200_000, 3 << 20] {
        let mut client = penstock.connect();
        client.send(head("POST", "/upload/a", &[], Some(4 << 20)));
        client.send(pattern(length));
        client.stream.shutdown(Shutdown::Both).unwrap();
    }
    let gone = "penstock_holds_failed_total{reason=\"client_gone\"}";
    wait_until("all are gone", || penstock.metric(gone) == 3.0);
    wait_until("memory is given back", || penstock.metric("penstock_held_memory_bytes") == 0.0);
    wait_until("disk is given back", || penstock.metric("penstock_held_disk_bytes") == 0.0);
    assert_eq!((origin.connections(), origin.bytes()), (0, 0));
}

#[test]
fn kill_9_leaves_no_spool_file_behind() {
    let origin = Origin::start();
    let mut penstock = start(&origin);
    let mut client = penstock.connect();
    client.send(head("POST", "/upload/a", &[], Some(20 << 20)));
    client.send(pattern(10 << 20));
    wait_until("the body is on disk", || {
        penstock.metric("penstock_held_uploads") == 1.0 && penstock.spooled_bytes() > 0
    });
    penstock.signal("KILL");
    penstock.wait_for_exit();
    assert_eq!(std::fs::read_dir(penstock.path("spool")).unwrap().count(), 0);
}

#[test]
fn a_connection_lives_on_through_held_blocked_and_passed_requests() {
    let origin = Origin::start();
    let penstock =
        Setup::new(&[origin.address]).with(ENFORCING).with_known("sha256", &crate::support::sha256(b"listed")).start();
    let mut client = penstock.connect();
    for _ in 0..5 {
        assert_eq!(client.post("/upload/a", &[], b"harmless").status, 200);
        assert_eq!(client.post("/upload/a", &[], b"listed").status, 451);
        assert_eq!(client.post("/elsewhere", &[], b"listed").status, 200);
    }
    assert_eq!(origin.requests().len(), 10);
    assert_eq!(origin.connections(), 1, "the origin's connection lives on too");
}

#[test]
fn requests_that_are_sent_ahead_are_answered_in_their_order() {
    let origin = Origin::start();
    let penstock =
        Setup::new(&[origin.address]).with(ENFORCING).with_known("sha256", &crate::support::sha256(b"listed")).start();
    let request = |path: &str, echo: &str, body: &str| head("POST", path, &[("X-Echo", echo)], Some(body.len())) + body;
    let requests = [
        request("/upload/a", "first", "harmless"),
        request("/upload/a", "second", "listed"),
        request("/elsewhere", "third", "listed"),
        request("/upload/a", "fourth", "also harmless"),
    ];
    for pieces in [vec![requests.concat()], requests.to_vec()] {
        let mut client = penstock.connect();
        pieces.iter().for_each(|piece| client.send(piece));
        let answers: Vec<_> = (0..4).map(|_| client.read_response().unwrap()).collect();
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 451, 200, 200]);
        for (answer, expected) in [(0, "8 bytes first"), (2, "6 bytes third"), (3, "13 bytes fourth")] {
            assert_eq!(answers[answer].text(), expected);
        }
    }
}
