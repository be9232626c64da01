//! The site of the load test: reads requests as fast as they come and answers each with an empty 200.
//!
//! In a load test on few processors, what the site costs is taken from the proxy, so this one does no more than it must:
//! it knows `Content-Length`, which is how Penstock and wrk send bodies.

use std::io::{self, ErrorKind};

use memchr::memmem;
use tokio::net::{TcpListener, TcpStream};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Bytes read at once: a whole upload of the load test.
const BUFFER: usize = 256 << 10;

pub(super) async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move { drop(answer_all(&stream).await) });
    }
}

/// Answers request after request until the client ends the connection.
async fn answer_all(stream: &TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    let mut filled = 0;
    loop {
        let Some(head) = memmem::find(&buffer[..filled], b"\r\n\r\n") else {
            filled += read(stream, &mut buffer[filled..]).await?;
            continue;
        };
        let request = head + 4 + content_length(&buffer[..head])?;
        while filled < request.min(BUFFER) {
            filled += read(stream, &mut buffer[filled..]).await?;
        }
        let mut missing = request.saturating_sub(BUFFER);
        while missing > 0 {
            let most = missing.min(BUFFER);
            missing -= read(stream, &mut buffer[..most]).await?;
        }
        let done = request.min(filled);
        buffer.copy_within(done..filled, 0);
        filled -= done;
        write(stream, ANSWER).await?;
    }
}

fn content_length(head: &[u8]) -> io::Result<usize> {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let value = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    value.map_or(Ok(0), |value| value.trim().parse().map_err(|_| ErrorKind::InvalidData.into()))
}

/// One read; the end of the stream is an error.
async fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        stream.readable().await?;
        match stream.try_read(buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
