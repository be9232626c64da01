//! Takes the connections of operators, within bounds: a connection that says nothing is closed, one that goes on for
//! long too, and there are not many at once. Where there are, the one that was silent for longest makes room, so that
//! nobody keeps operators out.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long nothing may be sent in either direction. Prometheus asks every 15 s to 60 s.
const SILENCE: Duration = Duration::from_secs(75);

/// How long a connection may last, so that a byte now and then keeps none.
const LIFETIME: Duration = Duration::from_secs(600);

/// Connections at once.
const MOST: usize = 32;

/// How long to wait before another connection is taken, when one could not be.
const PAUSE: Duration = Duration::from_millis(100);

/// The admin listener.
pub(super) struct Bounded {
    listener: TcpListener,
    seats: Vec<Seat>,
    bounds: Bounds,
    start: Instant,
}

/// What is known here of a connection.
struct Seat {
    /// Ends it; closed when it has ended.
    end: oneshot::Sender<()>,
    /// Milliseconds since the start when something was sent last.
    heard: Arc<AtomicU64>,
}

/// How long connections may be silent, and may last.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    silence: Duration,
    lifetime: Duration,
}

impl Bounded {
    pub(super) fn new(listener: TcpListener) -> Self {
        let bounds = Bounds { silence: SILENCE, lifetime: LIFETIME };
        Self { listener, seats: Vec::new(), bounds, start: Instant::now() }
    }

    /// Takes a connection in, and ends another where there are too many.
    fn admit(&mut self, stream: TcpStream) -> BoundedStream {
        self.seats.retain(|seat| !seat.end.is_closed());
        if self.seats.len() >= MOST {
            let heard = |seat: &Seat| seat.heard.load(Ordering::Relaxed);
            let silent = (0..self.seats.len()).min_by_key(|index| heard(&self.seats[*index]));
            if let Some(silent) = silent {
                let _may_have_ended = self.seats.swap_remove(silent).end.send(());
            }
        }
        let (end, ended) = oneshot::channel();
        let stream = BoundedStream::new(stream, self.bounds, self.start, ended);
        self.seats.push(Seat { end, heard: Arc::clone(&stream.heard) });
        stream
    }
}

impl Listener for Bounded {
    type Io = BoundedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (BoundedStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => return (self.admit(stream), address),
                Err(error) => {
                    tracing::error!(event = "admin", %error, "a connection to the admin listener cannot be taken");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends by itself.
pub(super) struct BoundedStream {
    stream: TcpStream,
    end: Instant,
    silence: Duration,
    timer: Pin<Box<Sleep>>,
    /// `None` when nobody can end it any more.
    ended: Option<oneshot::Receiver<()>>,
    start: Instant,
    heard: Arc<AtomicU64>,
}

impl BoundedStream {
    fn new(stream: TcpStream, bounds: Bounds, start: Instant, ended: oneshot::Receiver<()>) -> Self {
        let now = Instant::now();
        let timer = Box::pin(sleep_until(now + bounds.silence));
        let (end, silence, heard) = (now + bounds.lifetime, bounds.silence, Arc::default());
        let new = Self { stream, end, silence, timer, ended: Some(ended), start, heard };
        new.note_time(now);
        new
    }

    fn note_time(&self, now: Instant) {
        let since = now.saturating_duration_since(self.start).as_millis();
        self.heard.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Something was sent: the silence begins anew.
    fn note_progress(&mut self) {
        let now = Instant::now();
        self.note_time(now);
        self.timer.as_mut().reset(self.end.min(now + self.silence));
    }

    /// What `polled` is, unless the time is over.
    fn within_bounds<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.note_progress();
            return polled;
        }
        match self.ended.as_mut().map(|ended| Pin::new(ended).poll(context)) {
            Some(Poll::Ready(Ok(()))) => return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Some(Poll::Ready(Err(_))) => self.ended = None,
            Some(Poll::Pending) | None => {}
        }
        self.timer.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_read(context, buffer);
        this.within_bounds(context, polled)
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.within_bounds(context, polled)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn read(stream: &mut BoundedStream) -> io::Result<usize> {
        let mut block = [0; 16];
        poll_fn(|context| {
            let mut buffer = ReadBuf::new(&mut block);
            let polled = Pin::new(&mut *stream).poll_read(context, &mut buffer);
            polled.map_ok(|()| buffer.filled().len())
        })
        .await
    }

    async fn connection(silence: u64, lifetime: u64) -> (std::net::TcpStream, BoundedStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut bounded = Bounded::new(listener);
        bounded.bounds = Bounds { silence: Duration::from_millis(silence), lifetime: Duration::from_millis(lifetime) };
        let (stream, _) = bounded.accept().await;
        (client, stream)
    }

    #[tokio::test]
    async fn the_connection_that_was_silent_for_longest_makes_room() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut bounded = Bounded::new(listener);
        let mut open = Vec::new();
        for _ in 0..=MOST {
            let client = std::net::TcpStream::connect(address).unwrap();
            let (stream, _) = bounded.accept().await;
            tokio::time::sleep(Duration::from_millis(2)).await;
            open.push((client, stream));
        }
        assert_eq!(read(&mut open[0].1).await.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
        let (client, stream) = &mut open[1];
        io::Write::write_all(client, b"x").unwrap();
        assert_eq!(read(stream).await.unwrap(), 1);
        assert_eq!(bounded.seats.len(), MOST);
    }

    #[tokio::test]
    async fn a_silent_connection_ends() {
        let (_client, mut stream) = connection(50, 60_000).await;
        assert_eq!(read(&mut stream).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_connection_that_sends_a_byte_now_and_then_ends() {
        let (mut client, mut stream) = connection(60_000, 200).await;
        let error = loop {
            io::Write::write_all(&mut client, b"x").unwrap();
            match read(&mut stream).await {
                Ok(count) => assert!(count > 0),
                Err(error) => break error,
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            if Instant::now() > stream.end {
                // What has come is still read; the next wait is the last.
                break read(&mut stream).await.unwrap_err();
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
