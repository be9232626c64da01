//! An origin that tells exactly what reached it: every connection, every byte, every request.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What an origin does with a request.
#[derive(Clone)]
pub enum Manner {
    /// Reads it all and answers 200 with the body's length.
    Answers,
    /// Reads so many bytes of the body and drops the connection.
    DiesAfter(usize),
    /// Answers an upgrade and then sends back every byte it gets.
    Upgrades,
    /// Answers as it is told; `None` ends the connection.
    Told(Answering),
}

/// What a request is answered with.
pub type Answering = Arc<dyn Fn(&Seen) -> Option<String> + Send + Sync>;

/// A request as the origin saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub target: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// An origin on a port of its own. It stops when it is dropped.
pub struct Origin {
    pub address: SocketAddr,
    tally: Arc<Tally>,
}

#[derive(Default)]
struct Tally {
    connections: AtomicUsize,
    bytes: AtomicUsize,
    stopped: AtomicBool,
    /// Bodies are kept unless a test sends more than memory should hold.
    forgets_bodies: AtomicBool,
    seen: Mutex<Vec<Seen>>,
}

impl Origin {
    pub fn start() -> Self {
        Self::with_manner(Manner::Answers)
    }

    /// One that answers with the bytes that `answer` makes for a request.
    pub fn answering(answer: impl Fn(&Seen) -> Option<String> + Send + Sync + 'static) -> Self {
        Self::with_manner(Manner::Told(Arc::new(answer)))
    }

    pub fn with_manner(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let tally = Arc::new(Tally::default());
        let accepting = Arc::clone(&tally);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                accepting.connections.fetch_add(1, Ordering::SeqCst);
                let (tally, manner) = (Arc::clone(&accepting), manner.clone());
                thread::spawn(move || drop(serve(stream, &manner, &tally)));
            }
        });
        Self { address, tally }
    }

    pub fn forget_bodies(&self) {
        self.tally.forgets_bodies.store(true, Ordering::SeqCst);
    }

    /// Connections ever accepted.
    pub fn connections(&self) -> usize {
        self.tally.connections.load(Ordering::SeqCst)
    }

    /// Bytes ever received, headers included.
    pub fn bytes(&self) -> usize {
        self.tally.bytes.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> Vec<Seen> {
        self.tally.seen.lock().unwrap().clone()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.tally.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

struct Reader<'a> {
    stream: TcpStream,
    buffer: Vec<u8>,
    tally: &'a Tally,
}

impl Reader<'_> {
    /// One more read; false at the end of the stream.
    fn fill(&mut self) -> std::io::Result<bool> {
        let mut piece = vec![0; 64 << 10];
        let read = super::http::read(&mut self.stream, &mut piece)?;
        self.tally.bytes.fetch_add(read, Ordering::SeqCst);
        self.buffer.extend_from_slice(&piece[..read]);
        Ok(read > 0)
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        self.buffer.drain(..count).collect()
    }

    fn line(&mut self) -> std::io::Result<Option<String>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.take(end + 2);
                return Ok(Some(String::from_utf8_lossy(&line[..end]).into_owned()));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }
}

fn serve(stream: TcpStream, manner: &Manner, tally: &Tally) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = Reader { stream, buffer: Vec::new(), tally };
    while let Some(start) = reader.line()? {
        let mut words = start.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = BTreeMap::new();
        while let Some(line) = reader.line()?.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        if let Manner::DiesAfter(count) = manner {
            while reader.buffer.len() < *count && reader.fill()? {}
            return reader.stream.shutdown(Shutdown::Both);
        }
        if matches!(manner, Manner::Upgrades) && headers.contains_key("upgrade") {
            tally.seen.lock().unwrap().push(Seen { method, target, headers, body: Vec::new() });
            return echo(reader, writer);
        }
        let (body, length) = read_body(&mut reader, &headers)?;
        let echo = headers.get("x-echo").cloned().unwrap_or_default();
        let seen = Seen { method, target, headers, body };
        tally.seen.lock().unwrap().push(seen.clone());
        if let Manner::Told(answer) = manner {
            let Some(answer) = answer(&seen) else {
                return reader.stream.shutdown(Shutdown::Both);
            };
            writer.write_all(answer.as_bytes())?;
            if answer.contains("\r\nConnection: close\r\n") {
                return reader.stream.shutdown(Shutdown::Both);
            }
            continue;
        }
        let text = format!("{length} bytes {echo}");
        write!(writer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{text}", text.len())?;
    }
    Ok(())
}

fn read_body(reader: &mut Reader<'_>, headers: &BTreeMap<String, String>) -> std::io::Result<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    let mut length = 0;
    let forgets = reader.tally.forgets_bodies.load(Ordering::SeqCst);
    let mut keep = |piece: Vec<u8>| {
        length += piece.len();
        if !forgets {
            body.extend(piece);
        }
    };
    if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        // A body that is cut off is no request: the connection ended before it was one.
        let cut_off = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        loop {
            let line = reader.line()?.ok_or_else(cut_off)?;
            let size = usize::from_str_radix(line.split(';').next().unwrap_or_default(), 16).unwrap_or(0);
            while reader.buffer.len() < size + 2 {
                if !reader.fill()? {
                    return Err(cut_off());
                }
            }
            let chunk = reader.take(size + 2);
            if size == 0 {
                return Ok((body, length));
            }
            keep(chunk[..size].to_vec());
        }
    }
    let mut missing = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0usize);
    while missing > 0 {
        if reader.buffer.is_empty() && !reader.fill()? {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let piece = reader.take(missing.min(reader.buffer.len()));
        missing -= piece.len();
        keep(piece);
    }
    Ok((body, length))
}

fn echo(mut reader: Reader<'_>, mut writer: TcpStream) -> std::io::Result<()> {
    writer.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")?;
    loop {
        if reader.buffer.is_empty() && !reader.fill()? {
            return Ok(());
        }
        let piece = std::mem::take(&mut reader.buffer);
        writer.write_all(&piece)?;
    }
}
