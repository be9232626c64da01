//! A client that keeps its connection, and what parsers answer to it.

use std::io::Write;
use std::net::SocketAddr;

use data_encoding::BASE64;
use serde_json::Value;

use super::Request;
use crate::support::http::{Connection, Response};

pub(super) struct Client {
    address: SocketAddr,
    connection: Option<Connection>,
}

impl Client {
    pub(super) const fn new(address: SocketAddr) -> Self {
        Self { address, connection: None }
    }

    /// Sends `request` to `path`, again on a new connection where the kept one turns out to be closed.
    pub(super) fn post(&mut self, path: &str, request: &Request) -> Response {
        let bytes = on_the_wire(path, request);
        for _ in 0..3 {
            let mut connection = self.connection.take().unwrap_or_else(|| Connection::open(self.address));
            let sent = connection.stream.write_all(&bytes);
            if let Some(response) = sent.ok().and_then(|()| connection.read_response()) {
                if response.headers.get("connection").is_none_or(|value| value != "close") {
                    self.connection = Some(connection);
                }
                return response;
            }
        }
        panic!("no answer to {request}");
    }
}

fn on_the_wire(path: &str, Request { content_type, body }: &Request) -> Vec<u8> {
    let mut bytes =
        format!("POST {path} HTTP/1.1\r\nHost: site.test\r\nContent-Length: {}\r\n", body.len()).into_bytes();
    if !content_type.is_empty() {
        bytes.extend([b"Content-Type: ", &content_type[..], b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// What a parser handed to its application.
#[derive(Debug)]
pub(super) struct SeenPart {
    pub(super) is_file: bool,
    pub(super) name: Value,
    pub(super) bytes: Vec<u8>,
}

/// The parts in a parser's answer, those before an error included.
pub(super) fn seen_parts(response: &Response) -> Vec<SeenPart> {
    let answer = response.json();
    assert!(answer["parts"].is_array() || answer["error"].is_string(), "not an answer of a parser: {answer}");
    let parts = answer["parts"].as_array().into_iter().flatten();
    let seen = parts.map(|part| SeenPart {
        is_file: part["kind"] == "file",
        name: part["name"].clone(),
        bytes: BASE64.decode(part["base64"].as_str().unwrap().as_bytes()).unwrap(),
    });
    seen.collect()
}
