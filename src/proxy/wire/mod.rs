//! Reads HTTP/1 as it comes from the client, before pingora does, and lets on only what every server reads alike.
//!
//! pingora is a generous reader: it takes bare LFs as line ends, the last of several transfer codings, white space in
//! chunk sizes, anything as a chunk extension or trailer. What it forwards is in canonical form, but a request that has
//! two readings is an attack or a mistake, and is refused whole. [`StrictStream`] stands between the socket and pingora
//! and shows a head only once it is complete and in order. In the place of a bad request it shows one of our own, which
//! the gate knows and refuses, so that such requests get the same answers, log lines and codes as all others.
//!
//! HTTP/2 passes as it is: the `h2` crate is strict. `http2` takes its requests.

mod chunks;
mod head;
mod http2;
mod lexer;
mod patience;
mod stream;
#[cfg(test)]
mod tests;
mod violation;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use pingora::apps::ServerApp;
use pingora::protocols::{ALPN, Stream};
use pingora::proxy::{HttpProxy, Session};
use pingora::server::ShutdownWatch;

use super::Gate;
use crate::config::Connections;

pub(super) use head::length;
use stream::{Opening, StrictStream};
pub(super) use violation::Violation;

/// Stands in the place of a bad request. Its target is refused in any case, and its length makes what follows it on the
/// connection its body, which nobody reads.
const SUBSTITUTE: &[u8] =
    b"PENSTOCK-REFUSED * HTTP/1.1\r\nHost: invalid\r\nConnection: close\r\nContent-Length: 999999999999999999\r\n\r\n";
const SUBSTITUTE_METHOD: &str = "PENSTOCK-REFUSED";

/// What the gate and the stream of one connection tell each other.
#[derive(Debug, Default)]
struct Wire {
    violation: OnceLock<Violation>,
    tunnel: AtomicBool,
    /// Whether a request is being worked on.
    busy: AtomicBool,
}

impl Wire {
    /// The first counts: nothing is read behind it.
    fn note(&self, violation: Violation) {
        self.violation.get_or_init(|| violation);
    }

    fn is_tunnel(&self) -> bool {
        self.tunnel.load(Ordering::Acquire)
    }

    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    fn of(session: &Session) -> Option<&Arc<Self>> {
        session.digest()?.proxy_digest.as_ref()?.user_data.as_ref()?.downcast_ref()
    }
}

/// Why this request is to be refused, when it stands in the place of a bad one.
pub(super) fn bad_request(session: &Session) -> Option<Violation> {
    if session.req_header().method.as_str() == SUBSTITUTE_METHOD { violation(session) } else { None }
}

/// What broke the connection, once reading a body from it has failed.
pub(super) fn violation(session: &Session) -> Option<Violation> {
    Wire::of(session)?.violation.get().copied()
}

/// Says that the client's connection is no longer HTTP/1: its upgrade was accepted.
pub(super) fn open_tunnel(session: &Session) {
    if let Some(wire) = Wire::of(session) {
        wire.tunnel.store(true, Ordering::Release);
    }
}

/// Says whether a request is being worked on, during which its client may be silent.
pub(super) fn set_busy(session: &Session, is_busy: bool) {
    if let Some(wire) = Wire::of(session) {
        wire.busy.store(is_busy, Ordering::Release);
    }
}

/// The proxy, behind strict streams.
pub(super) struct StrictProxy {
    proxy: Arc<HttpProxy<Gate>>,
    http2: http2::Windows,
    times: Connections,
}

impl StrictProxy {
    pub(super) fn new(proxy: HttpProxy<Gate>, times: Connections) -> Self {
        Self { proxy: Arc::new(proxy), http2: http2::Windows::default(), times }
    }
}

#[async_trait]
impl ServerApp for StrictProxy {
    async fn process_new(self: &Arc<Self>, stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        let opening = match (stream.selected_alpn_proto(), stream.get_ssl_digest()) {
            (Some(ALPN::H2), _) => Opening::Http2,
            (_, Some(_)) => Opening::Tls,
            (_, None) => Opening::Plain,
        };
        let mut stream = StrictStream::new(stream, opening, &self.times);
        if opening != Opening::Http2 && !stream.open(opening).await {
            return None;
        }
        if !stream.is_http2() {
            return self.proxy.process_new(Box::new(stream), shutdown).await;
        }
        let (proxy, windows) = (Arc::clone(&self.proxy), self.http2.open());
        http2::serve(proxy, Box::new(stream), windows.options(), self.times.idle_timeout, shutdown).await;
        None
    }

    async fn cleanup(&self) {
        ServerApp::cleanup(&*self.proxy).await;
    }
}
