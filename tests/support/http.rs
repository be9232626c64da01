//! A client that sends exactly the bytes a test gives it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One connection.
pub struct Connection {
    pub stream: TcpStream,
    buffer: Vec<u8>,
    /// Whether the last request was one whose response has no body.
    is_head: bool,
}

/// A response, names of headers in lower case.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }
}

/// Reads once. A signal ends the wait of a socket that has a time-out, whichever thread it is for: children that end
/// send one.
pub fn read(stream: &mut TcpStream, piece: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match stream.read(piece) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl Connection {
    pub fn open(address: SocketAddr) -> Self {
        Self::with_patience(TcpStream::connect(address).unwrap())
    }

    /// From `source`, which may be any address of 127.0.0.0/8.
    pub fn open_from(source: [u8; 4], address: SocketAddr) -> Self {
        use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddr::from((source, 0))).unwrap();
        connect(&socket, &address).unwrap();
        Self::with_patience(socket.into())
    }

    fn with_patience(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self::from_stream(stream)
    }

    pub fn from_stream(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::new(), is_head: false }
    }

    /// The next response, however long it takes.
    pub fn read_response_patiently(&mut self) -> Response {
        self.stream.set_read_timeout(None).unwrap();
        self.read_response().expect("a response")
    }

    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends a request with a length and reads its response.
    pub fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        self.send(head("POST", path, headers, Some(body.len())));
        self.send(body);
        self.read_response().expect("a response")
    }

    /// Sends a request of any method and reads its response.
    pub fn exchange(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let length = (!body.is_empty()).then_some(body.len());
        self.send(head(method, path, headers, length));
        self.send(body);
        self.is_head = method == "HEAD";
        self.read_response().expect("a response")
    }

    /// The next response; `None` when the connection ends before one.
    pub fn read_response(&mut self) -> Option<Response> {
        self.try_read_response().unwrap_or_else(|error| panic!("reading from the connection: {error}"))
    }

    /// As [`Self::read_response`], for connections that may hang or be cut off.
    pub fn try_read_response(&mut self) -> std::io::Result<Option<Response>> {
        let head_end = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if !self.fill()? {
                return Ok(None);
            }
        };
        let head: Vec<u8> = self.buffer.drain(..head_end).collect();
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.lines();
        let status_line = lines.next().unwrap_or_default();
        let Some(status) = status_line.split(' ').nth(1).and_then(|status| status.parse().ok()) else {
            return Ok(None);
        };
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.get("content-length").and_then(|length| length.parse().ok());
        let has_body = status >= 200 && status != 204 && !self.is_head;
        assert!(length.is_some() || !has_body, "a response without Content-Length: {status} {headers:?}");
        let body = if has_body { self.read_body(length.unwrap_or_default())? } else { Some(Vec::new()) };
        Ok(body.map(|body| Response { status, headers, body }))
    }

    fn read_body(&mut self, length: usize) -> std::io::Result<Option<Vec<u8>>> {
        while self.buffer.len() < length {
            if !self.fill()? {
                return Ok(None);
            }
        }
        Ok(Some(self.buffer.drain(..length).collect()))
    }

    fn fill(&mut self) -> std::io::Result<bool> {
        let mut piece = [0; 16 << 10];
        match read(&mut self.stream, &mut piece) {
            Ok(read) => {
                self.buffer.extend_from_slice(&piece[..read]);
                Ok(read > 0)
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A request's head. `length` becomes `Content-Length`.
pub fn head(method: &str, path: &str, headers: &[(&str, &str)], length: Option<usize>) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: site.test\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(length) = length {
        head.push_str(&format!("Content-Length: {length}\r\n"));
    }
    head.push_str("\r\n");
    head
}

/// A `multipart/form-data` body with one file, as browsers write it, and its `Content-Type`.
pub fn form_with_file(name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    let boundary = "----penstockTestBoundary7MA4YWxk";
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}
