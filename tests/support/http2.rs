//! An HTTP/2 client that sends any frames, however wrong. It knows as little of HTTP/2 as that takes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate {
    /// The first byte of the response's header block, which in HPACK's static table stands for a status.
    Answered(u8),
    /// The stream or the connection was given up.
    Reset,
}

/// A request on a connection of its own.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub data: Vec<Vec<u8>>,
    pub trailers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Request {
    /// With the pseudo-headers of an ordinary one.
    pub fn new(method: &str, path: &str) -> Self {
        let pseudo = [(":method", method), (":scheme", "http"), (":authority", "site.test"), (":path", path)];
        let fields = pseudo.map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        Self { fields: fields.to_vec(), ..Self::default() }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        self
    }

    pub fn with_data(mut self, data: &str) -> Self {
        self.data.push(data.as_bytes().to_vec());
        self
    }

    pub fn with_trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        self
    }

    pub fn send(&self, address: SocketAddr) -> Fate {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        drop(stream.write_all(&self.bytes()));
        fate(&mut stream)
    }

    /// Sends all but the last bytes. The connection ends when what is returned is dropped.
    pub fn send_in_part(&self, address: SocketAddr, missing: usize) -> TcpStream {
        let mut stream = TcpStream::connect(address).unwrap();
        let bytes = self.bytes();
        stream.write_all(&bytes[..bytes.len() - missing]).unwrap();
        stream
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(SETTINGS, 0, 0, &[]));
        let has_more = !self.data.is_empty() || !self.trailers.is_empty();
        let end = |is_last: bool| if is_last { END_STREAM } else { 0 };
        bytes.extend(frame(HEADERS, END_HEADERS | end(!has_more), 1, &block(&self.fields)));
        for (number, data) in self.data.iter().enumerate() {
            let is_last = number + 1 == self.data.len() && self.trailers.is_empty();
            bytes.extend(frame(DATA, end(is_last), 1, data));
        }
        if !self.trailers.is_empty() {
            bytes.extend(frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&self.trailers)));
        }
        bytes
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Every field as a literal without indexing (RFC 7541 §6.2.2), names and values below 127 bytes.
fn block(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).ok().filter(|length| *length < 127).unwrap());
            block.extend_from_slice(text);
        }
    }
    block
}

/// Reads frames until one tells what became of the request.
fn fate(stream: &mut TcpStream) -> Fate {
    let mut head = [0; 9];
    loop {
        if stream.read_exact(&mut head).is_err() {
            return Fate::Reset;
        }
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        if stream.read_exact(&mut payload).is_err() {
            return Fate::Reset;
        }
        match head[3] {
            HEADERS => return Fate::Answered(payload[0]),
            RST_STREAM | GOAWAY => return Fate::Reset,
            _ => {}
        }
    }
}
