//! A client's connection, of which pingora sees only what has one reading.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Buf, Bytes};
use http::StatusCode;
use pingora::http::ResponseHeader;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::{SslDigest, TlsRef};
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream, TimingDigest,
    UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::lexer::{Lexer, Sifted};
use super::violation::Violation;
use super::{SUBSTITUTE, Wire};

/// How HTTP/2 begins (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What happens to bytes of the client.
#[derive(Debug)]
enum Mode {
    /// They are read as HTTP/1.
    Http1(Lexer),
    /// They go on as they are: HTTP/2, a tunnel, or what comes behind a request that was refused.
    Raw,
    /// A body was broken, which pingora has to be told.
    Broken,
    /// It was told. What still comes is thrown away, so that the client gets to read its answer.
    Draining,
}

#[derive(Debug)]
pub(super) struct StrictStream {
    inner: Stream,
    mode: Mode,
    /// A head without its end.
    held: Vec<u8>,
    /// What was read and may go on.
    good: Bytes,
    wire: Arc<Wire>,
    digest: Option<Arc<ProxyDigest>>,
}

impl StrictStream {
    pub(super) fn new(inner: Stream) -> Self {
        let wire = Arc::new(Wire::default());
        // pingora hands this digest on to the request; no proxy of that kind is ever in front of a listener.
        let response = ResponseHeader::build(StatusCode::OK, Some(0)).ok();
        let digest =
            response.map(|response| Arc::new(ProxyDigest::new(Box::new(response), Some(Box::new(Arc::clone(&wire))))));
        Self { inner, mode: Mode::Http1(Lexer::default()), held: Vec::new(), good: Bytes::new(), wire, digest }
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
        if self.held.is_empty() {
            self.held.extend_from_slice(&new[good..]);
            buffer.set_filled(before + good);
        } else {
            buffer.set_filled(before);
            let rest = self.held.split_off(good);
            self.good = std::mem::replace(&mut self.held, rest).into();
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
            let before = buffer.filled().len();
            ready!(Pin::new(&mut *this.inner).poll_read(context, buffer))?;
            let is_end = buffer.filled().len() == before;
            match this.mode {
                _ if is_end => return Poll::Ready(Ok(())),
                Mode::Draining => buffer.set_filled(before),
                Mode::Raw => return Poll::Ready(Ok(())),
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
        Pin::new(&mut *self.inner).poll_write(context, bytes)
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
        Pin::new(&mut *self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[async_trait]
impl Peek for StrictStream {
    /// pingora peeks once, at the start, to tell HTTP/2 from HTTP/1: both must come to the same conclusion.
    async fn try_peek(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        let is_peeked = self.inner.try_peek(buffer).await?;
        if is_peeked && buffer == HTTP2_PREFACE {
            self.mode = Mode::Raw;
        }
        Ok(is_peeked)
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
