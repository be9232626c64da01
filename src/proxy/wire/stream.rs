//! A client's connection, of which pingora sees only what has one reading.

use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Buf, Bytes};
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::{SslDigest, TlsRef};
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream, TimingDigest,
    UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::chunks::merged;
use super::fields::Fields;
use super::frames::Frames;
use super::lexer::{Lexer, Sifted};
use super::patience::{Patience, Waiting};
use super::violation::Violation;
use super::{SUBSTITUTE, Wire};
use crate::config::Connections;
use crate::proxy::occupants::Occupant;

/// How HTTP/2 begins (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How TLS begins (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// What happens to bytes of the client.
#[derive(Debug)]
enum Mode {
    /// They are read as HTTP/1.
    Http1(Lexer),
    /// So many bytes are missing of how HTTP/2 begins.
    Preface(usize),
    /// They go on as they are: HTTP/2, a tunnel, or what comes behind a request that was refused.
    Raw,
    /// A body was broken, which pingora has to be told.
    Broken,
    /// It was told. What still comes is thrown away, so that the client gets to read its answer.
    Draining,
    /// The client was silent for too long. Nothing is read any more.
    Over,
}

/// How a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// With HTTP/1, or with the preface of HTTP/2, and not encrypted.
    Plain,
    /// With HTTP/1, encrypted.
    Tls,
    /// With HTTP/2, as was agreed on when TLS was.
    Http2,
}

#[derive(Debug)]
pub(super) struct StrictStream {
    inner: Stream,
    mode: Mode,
    /// What was read to see how the connection begins, and is still to be looked at.
    unsifted: Bytes,
    /// A head without its end.
    held: Vec<u8>,
    /// What was read and may go on.
    good: Bytes,
    patience: Patience,
    /// What is seen of HTTP/2, and where that is noted.
    http2: Option<(Frames, Arc<Fields>)>,
    /// Whose place it has, unless that is a proxy of ours.
    occupant: Option<Arc<Occupant>>,
    wire: Arc<Wire>,
    digest: Option<Arc<ProxyDigest>>,
}

impl StrictStream {
    pub(super) fn new(inner: Stream, opening: Opening, times: &Connections, occupant: Option<Arc<Occupant>>) -> Self {
        let wire = Arc::new(Wire::of_connection(occupant.clone()));
        let digest = wire.digest();
        let mode = match opening {
            Opening::Plain | Opening::Tls => Mode::Http1(Lexer::default()),
            Opening::Http2 => Mode::Preface(HTTP2_PREFACE.len()),
        };
        Self {
            inner,
            mode,
            unsifted: Bytes::new(),
            held: Vec::new(),
            good: Bytes::new(),
            patience: Patience::new(times),
            http2: None,
            occupant,
            wire,
            digest,
        }
    }

    /// Reads until it is clear whether the connection begins with the preface of HTTP/2. False when the client went
    /// away, or was silent for too long.
    pub(super) async fn open(&mut self, opening: Opening) -> bool {
        let mut seen = Vec::with_capacity(HTTP2_PREFACE.len());
        while seen.len() < HTTP2_PREFACE.len() && HTTP2_PREFACE.starts_with(&seen) {
            let mut piece = [0; HTTP2_PREFACE.len()];
            let room = HTTP2_PREFACE.len() - seen.len();
            let read = poll_fn(|context| {
                let mut buffer = ReadBuf::new(&mut piece[..room]);
                if self.poll_socket(context, &mut buffer)?.is_ready() {
                    return Poll::Ready(Ok(buffer.filled().len()));
                }
                ready!(self.patience.poll(context, Waiting::ToBegin));
                Poll::Ready(Err(io::Error::from(io::ErrorKind::TimedOut)))
            });
            match read.await {
                Ok(0) if seen.is_empty() => return false,
                Ok(0) => break,
                Ok(count) => seen.extend_from_slice(&piece[..count]),
                Err(error) => {
                    tracing::debug!(%error, "a connection did not begin");
                    return false;
                }
            }
        }
        if seen == HTTP2_PREFACE && opening == Opening::Plain {
            self.mode = Mode::Raw;
            self.good = seen.into();
        } else if seen.first() == Some(&TLS_HANDSHAKE) && opening == Opening::Plain {
            self.substitute(Violation::Tls);
        } else {
            self.unsifted = seen.into();
        }
        true
    }

    /// Whether the connection began with the preface of HTTP/2, or is to.
    pub(super) fn is_http2(&self) -> bool {
        matches!(self.mode, Mode::Preface(_)) || self.good == HTTP2_PREFACE
    }

    /// Notes the headers and trailers of HTTP/2 with `fields` from here on.
    pub(super) fn note_headers(&mut self, fields: &Arc<Fields>) {
        self.http2 = Some((Frames::new(Arc::clone(fields)), Arc::clone(fields)));
    }

    /// Sees what came behind the preface of HTTP/2.
    fn see_frames(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some((frames, _)) = &mut self.http2 else { return Ok(()) };
        frames.advance(bytes).map_err(|violation| io::Error::new(io::ErrorKind::InvalidData, violation.code()))
    }

    /// Reads from the client.
    fn poll_client(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let count = self.unsifted.len().min(buffer.remaining());
        if count > 0 {
            buffer.put_slice(&self.unsifted[..count]);
            self.unsifted.advance(count);
            return Poll::Ready(Ok(()));
        }
        self.poll_socket(context, buffer)
    }

    /// Reads from the socket. A connection that is to give up its place reads as one that its client ended.
    fn poll_socket(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut *self.inner).poll_read(context, buffer);
        let Some(occupant) = &self.occupant else { return polled };
        match polled {
            Poll::Ready(_) => {
                let bytes = buffer.filled().len() - before;
                // Nothing more is asked of the client until it is.
                occupant.set_asked(false);
                self.note_moved(occupant, bytes);
                occupant.received(bytes);
            }
            Poll::Pending => {
                if self.waiting() == Waiting::ForRequest {
                    occupant.rest();
                }
                occupant.set_asked(!self.is_served());
            }
        }
        if polled.is_pending() && occupant.ends(context.waker()) { Poll::Ready(Ok(())) } else { polled }
    }

    /// Notes that bytes came or went.
    fn note_moved(&self, occupant: &Occupant, bytes: usize) {
        if matches!(self.mode, Mode::Http1(_)) {
            occupant.begin();
        }
        if bytes > 0 && self.wire.is_tunnel() {
            occupant.talked();
        }
    }

    /// Whether all of a request has come and its answer has not gone yet, as far as that can be seen.
    fn is_served(&self) -> bool {
        self.wire.is_busy() && matches!(&self.mode, Mode::Http1(lexer) if lexer.is_in_head())
    }

    /// Counts what was written, and ends the wait of a connection that is to give up its place.
    fn note_written(&self, context: &Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Some((_, fields)) = &self.http2 {
            fields.set_blocked(written.is_pending());
        }
        let Some(occupant) = &self.occupant else { return written };
        match written {
            Poll::Ready(Ok(bytes)) => {
                // In other protocols the client is read from all the time.
                if matches!(self.mode, Mode::Http1(_)) {
                    occupant.set_asked(false);
                }
                self.note_moved(occupant, bytes);
                occupant.wrote(bytes);
            }
            // The client does not take its answer.
            Poll::Pending => occupant.set_asked(true),
            Poll::Ready(Err(_)) => {}
        }
        if written.is_pending() && occupant.ends(context.waker()) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        written
    }

    /// What the client is waited for, while it sends nothing.
    fn waiting(&self) -> Waiting {
        match &self.mode {
            Mode::Preface(_) => Waiting::ToBegin,
            Mode::Http1(lexer) if !self.wire.is_busy() && lexer.is_in_head() => {
                if self.has_begun_header() {
                    Waiting::ForHeader
                } else {
                    Waiting::ForRequest
                }
            }
            _ => Waiting::ForNothing,
        }
    }

    /// Ends a wait that was too long: half a header is answered, silence is not.
    fn give_up(&mut self) {
        if self.has_begun_header() {
            self.substitute(Violation::HeaderTimeout);
        } else {
            self.mode = Mode::Over;
        }
    }

    /// Whether there is more of a header than the empty line that some clients send after a body (RFC 9112 §2.2).
    fn has_begun_header(&self) -> bool {
        !b"\r\n".starts_with(&self.held)
    }

    /// Takes the bytes of `buffer` from `before` on back unless they may go on.
    fn sift(&mut self, buffer: &mut ReadBuf<'_>, before: usize) {
        let Mode::Http1(lexer) = &mut self.mode else {
            return;
        };
        let new = &buffer.filled()[before..];
        let sifted = if self.held.is_empty() {
            lexer.advance(new)
        } else {
            self.held.extend_from_slice(new);
            lexer.advance(&self.held)
        };
        let good = match sifted {
            Sifted::Good(good) | Sifted::BadRequest(good, _) => good,
            Sifted::BadBody(_) => 0,
        };
        let small = lexer.take_small(good);
        if good > 0 {
            self.patience.start_anew();
        }
        if self.held.is_empty() && small.is_empty() {
            self.held.extend_from_slice(&new[good..]);
            buffer.set_filled(before + good);
        } else {
            if self.held.is_empty() {
                self.held.extend_from_slice(new);
            }
            buffer.set_filled(before);
            let rest = self.held.split_off(good);
            let seen = std::mem::replace(&mut self.held, rest);
            self.good = if small.is_empty() { seen } else { with_merged(&seen, &small) }.into();
        }
        match sifted {
            Sifted::Good(_) => {}
            Sifted::BadRequest(_, violation) => self.substitute(violation),
            Sifted::BadBody(violation) => {
                self.wire.note(violation);
                self.held.clear();
                self.mode = Mode::Broken;
            }
        }
    }

    /// Puts a request of ours in the place of the bad one: it is answered like any other that is refused.
    fn substitute(&mut self, violation: Violation) {
        self.wire.note(violation);
        self.held = Vec::new();
        self.good = [&self.good, SUBSTITUTE].concat().into();
        self.mode = Mode::Raw;
    }

    /// Hands out what is ready. False when there is nothing.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let count = self.good.len().min(buffer.remaining());
        buffer.put_slice(&self.good[..count]);
        self.good.advance(count);
        count > 0
    }

    /// From the moment an upgrade was accepted the bytes are no longer HTTP/1.
    fn note_tunnel(&mut self) {
        if matches!(self.mode, Mode::Http1(_)) && self.wire.is_tunnel() {
            self.mode = Mode::Raw;
            self.good = [&self.good[..], &std::mem::take(&mut self.held)].concat().into();
        }
    }
}

/// `bytes`, where the chunks in each range of `small` are one.
fn with_merged(bytes: &[u8], small: &[Range<usize>]) -> Vec<u8> {
    let (mut result, mut at) = (Vec::with_capacity(bytes.len()), 0);
    for range in small {
        result.extend_from_slice(&bytes[at..range.start]);
        result.extend(merged(&bytes[range.clone()]));
        at = range.end;
    }
    result.extend_from_slice(&bytes[at..]);
    result
}

impl AsyncRead for StrictStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.note_tunnel();
        loop {
            if this.give(buffer) || buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            if matches!(this.mode, Mode::Broken) {
                this.mode = Mode::Draining;
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "the body is malformed")));
            }
            if matches!(this.mode, Mode::Over) {
                return Poll::Ready(Ok(()));
            }
            let before = buffer.filled().len();
            if this.poll_client(context, buffer)?.is_pending() {
                ready!(this.patience.poll(context, this.waiting()));
                this.give_up();
                continue;
            }
            let count = buffer.filled().len() - before;
            match &mut this.mode {
                _ if count == 0 => return Poll::Ready(Ok(())),
                Mode::Draining => buffer.set_filled(before),
                Mode::Raw | Mode::Over => return Poll::Ready(this.see_frames(&buffer.filled()[before..])),
                Mode::Preface(missing) if count < *missing => {
                    *missing -= count;
                    return Poll::Ready(Ok(()));
                }
                Mode::Preface(missing) => {
                    let from = before + *missing;
                    this.mode = Mode::Raw;
                    return Poll::Ready(this.see_frames(&buffer.filled()[from..]));
                }
                Mode::Http1(_) | Mode::Broken => this.sift(buffer, before),
            }
            if buffer.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for StrictStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *self.inner).poll_write(context, bytes);
        self.note_written(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *self.inner).poll_write_vectored(context, slices);
        self.note_written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[async_trait]
impl Peek for StrictStream {
    /// pingora is not to look for HTTP/2: [`StrictStream::open`] has.
    async fn try_peek(&mut self, _buffer: &mut [u8]) -> io::Result<bool> {
        Ok(false)
    }
}

#[async_trait]
impl Shutdown for StrictStream {
    async fn shutdown(&mut self) {
        self.inner.shutdown().await;
    }
}

impl UniqueID for StrictStream {
    fn id(&self) -> UniqueIDType {
        self.inner.id()
    }
}

impl Ssl for StrictStream {
    fn get_ssl(&self) -> Option<&TlsRef> {
        self.inner.get_ssl()
    }

    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.inner.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.inner.selected_alpn_proto()
    }
}

impl GetTimingDigest for StrictStream {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.inner.get_timing_digest()
    }

    fn get_read_pending_time(&self) -> Duration {
        self.inner.get_read_pending_time()
    }

    fn get_write_pending_time(&self) -> Duration {
        self.inner.get_write_pending_time()
    }
}

impl GetProxyDigest for StrictStream {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.digest.clone()
    }
}

impl GetSocketDigest for StrictStream {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.inner.get_socket_digest()
    }

    fn set_socket_digest(&mut self, digest: SocketDigest) {
        self.inner.set_socket_digest(digest);
    }
}
