//! A route says whether WebSockets pass.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use crate::support::http::{Connection, head};
use crate::support::origin::{Manner, Origin};
use crate::support::penstock::{ENFORCING, Penstock, Setup};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const HANDSHAKE: [(&str, &str); 4] = [
    ("Connection", "keep-alive, Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", KEY),
    ("Sec-WebSocket-Version", "13"),
];

fn start(origin: &Origin, websocket: &str) -> Penstock {
    Setup::new(&[origin.address])
        .with(ENFORCING)
        .with(&format!("websocket = \"{websocket}\""))
        .with("[[route]]\nname = \"closed\"\npath = \"/closed/**\"\ninspect = \"off\"\nwebsocket = \"refuse\"\n")
        .start()
}

fn handshake(penstock: &Penstock, path: &str) -> (Connection, u16) {
    let mut client = penstock.connect();
    client.send(head("GET", path, &HANDSHAKE, None));
    let status = client.read_response().unwrap().status;
    (client, status)
}

#[track_caller]
fn assert_echoes(client: &mut Connection, bytes: &[u8]) {
    client.send(bytes);
    let mut echo = vec![0; bytes.len()];
    client.stream.read_exact(&mut echo).unwrap();
    assert_eq!(echo, bytes);
}

#[test]
fn a_websocket_passes_both_ways_where_the_route_says_so_and_is_counted() {
    let origin = Origin::with_manner(Manner::Upgrades);
    let penstock = start(&origin, "pass");
    let (mut client, status) = handshake(&penstock, "/upload/socket");
    assert_eq!(status, 101);
    assert_echoes(&mut client, b"\x81\x85\x01\x02\x03\x04iggha");
    assert_echoes(&mut client, b"no request line\nGET / HTTP/1.1\r\n\r\n\0\r\n\r\n");
    assert_echoes(&mut client, &vec![b'\n'; 100_000]);
    assert_eq!(origin.requests()[0].headers["sec-websocket-key"], KEY);
    assert_eq!(penstock.metric("penstock_websockets_passed_total"), 1.0);
    assert_eq!(penstock.post("/upload/a", &[], b"hello").status, 200, "uploads are held as before");
}

#[test]
fn everything_but_a_plain_handshake_is_refused_where_websockets_pass() {
    let origin = Origin::with_manner(Manner::Upgrades);
    let penstock = start(&origin, "pass");
    let changed = |name: &str, value: &str| {
        let headers: Vec<(&str, &str)> = HANDSHAKE.iter().filter(|header| header.0 != name).copied().collect();
        let mut text = head("GET", "/upload/socket", &headers, None);
        if !value.is_empty() {
            text.insert_str(text.len() - 2, &format!("{name}: {value}\r\n"));
        }
        text
    };
    let plain = head("GET", "/upload/socket", &HANDSHAKE, None);
    for text in [
        changed("Upgrade", "foo"),
        changed("Upgrade", "websocket, foo"),
        changed("Upgrade", "websocket\r\nUpgrade: websocket"),
        changed("Connection", ""),
        changed("Connection", "keep-alive"),
        changed("Sec-WebSocket-Key", ""),
        changed("Sec-WebSocket-Key", "x"),
        changed("Sec-WebSocket-Version", ""),
        changed("Sec-WebSocket-Version", "8"),
        plain.replace("GET", "POST"),
        plain.replace("HTTP/1.1", "HTTP/1.0"),
        plain.replace("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\nhello"),
        plain.replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ] {
        let mut client = penstock.connect();
        client.send(&text);
        let refusal = client.read_response().unwrap();
        assert_eq!((refusal.status, refusal.json()["code"].as_str()), (400, Some("upgrade_not_allowed")), "{text}");
    }
    assert_eq!((origin.connections(), origin.bytes()), (0, 0));
    assert_eq!(penstock.metric("penstock_websockets_passed_total"), 0.0);
}

#[test]
fn a_handshake_that_the_origin_declines_leaves_the_connection_as_strict_as_before() {
    let origin = Origin::start();
    let penstock = start(&origin, "pass");
    let (mut client, status) = handshake(&penstock, "/upload/socket");
    assert_eq!(status, 200);
    assert_eq!(client.post("/upload/a", &[], b"hello").status, 200);
    client.send("GET /smuggled HTTP/1.1\nHost: site.test\r\n\r\n");
    assert_eq!(client.read_response().unwrap().status, 400);
    assert_eq!(origin.requests().len(), 2);
}

#[test]
fn websockets_are_refused_where_the_route_says_so() {
    let origin = Origin::with_manner(Manner::Upgrades);
    let penstock = start(&origin, "refuse");
    for path in ["/upload/socket", "/closed/socket"] {
        assert_eq!(handshake(&penstock, path).1, 400, "{path}");
    }
    assert_eq!((origin.connections(), origin.bytes()), (0, 0));
    assert_eq!(handshake(&penstock, "/elsewhere").1, 101);
}

/// An origin that accepts an upgrade before it has read the request, and then sends back what follows the header.
fn hasty_origin(handshakes: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(handshakes) {
            let mut stream = stream.unwrap();
            let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
            let (mut seen, mut block) = (Vec::new(), [0; 1024]);
            while let Ok(length @ 1..) = stream.read(&mut block) {
                seen.extend_from_slice(&block[..length]);
                if let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
                    stream.write_all(&seen.split_off(end + 4)).unwrap();
                }
            }
        }
    });
    address
}

#[test]
fn an_upgrade_that_is_accepted_at_once_stays_open() {
    const HANDSHAKES: usize = 30;
    let penstock = Setup::new(&[hasty_origin(HANDSHAKES)]).with(ENFORCING).with("websocket = \"pass\"").start();
    for path in ["/upload/socket", "/elsewhere"] {
        for _ in 0..HANDSHAKES / 2 {
            let (mut client, status) = handshake(&penstock, path);
            assert_eq!(status, 101);
            assert_echoes(&mut client, b"\x81\x85\x01\x02\x03\x04iggha");
        }
    }
}
