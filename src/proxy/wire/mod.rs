//! Reads HTTP/1 as it comes from the client, before pingora does, and lets on only what every server reads alike.
//!
//! pingora is a generous reader: it takes bare LFs as line ends, the last of several transfer codings, white space in
//! chunk sizes, anything as a chunk extension or trailer. What it forwards is in canonical form, but a request that has
//! two readings is an attack or a mistake, and is refused whole. [`StrictStream`] stands between the socket and pingora
//! and shows a head only once it is complete and in order. In the place of a bad request it shows one of our own, which
//! the gate knows and refuses, so that such requests get the same answers, log lines and codes as all others.
//!
//! HTTP/2 passes as it is: the `h2` crate is strict. `http2` takes its requests, `fields` bounds their headers, and
//! `frames` sees those that the crate refuses without a word.

mod chunks;
mod fields;
mod frames;
mod head;
mod http2;
mod lexer;
mod patience;
mod stream;
#[cfg(test)]
mod tests;
mod violation;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::{StatusCode, Version};
use pingora::apps::ServerApp;
use pingora::http::ResponseHeader;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::{ALPN, Stream};
use pingora::proxy::{HttpProxy, Session};
use pingora::server::ShutdownWatch;
use tokio::time::{Instant, sleep_until};

use super::Gate;
use super::occupants::{Occupant, Served};
use crate::body::Quota;
use crate::config::Connections;
use crate::telemetry::Metrics;

use fields::Fields;
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
    /// Since when the client is waited for, of a body that goes on to the origin as it comes.
    awaited: Mutex<Option<Instant>>,
    /// Whose connection it is on, unless that is a proxy of ours.
    occupant: Option<Arc<Occupant>>,
    /// How far one request on a connection of HTTP/2 is; of HTTP/1 the stream sees it.
    serving: Option<Mutex<Serving>>,
}

/// Who waits for whom.
#[derive(Debug)]
enum Serving {
    /// We for the rest of the request.
    Receiving,
    /// The client for the answer.
    Served { _until_dropped: Served },
    /// We for the client, which is to take its answer.
    Answering,
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

    /// Of a connection of HTTP/1.
    fn of_connection(occupant: Option<Arc<Occupant>>) -> Self {
        Self { occupant, ..Self::default() }
    }

    /// Of one request on a connection of HTTP/2.
    fn of_request(occupant: Option<Arc<Occupant>>) -> Self {
        Self { occupant, serving: Some(Mutex::new(Serving::Receiving)), ..Self::default() }
    }

    fn serving(&self) -> Option<MutexGuard<'_, Serving>> {
        self.serving.as_ref().map(|serving| serving.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn awaited(&self) -> MutexGuard<'_, Option<Instant>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the client was waited for, for as long as `patience`.
    async fn silence(&self, patience: Duration) {
        loop {
            let since = *self.awaited();
            if since.is_some_and(|since| since.elapsed() >= patience) {
                return;
            }
            sleep_until(since.unwrap_or_else(Instant::now) + patience).await;
        }
    }

    /// What pingora hands on to each request of a connection, with `self` in it. No proxy of the kind that it is made
    /// for is ever in front of a listener.
    fn digest(self: &Arc<Self>) -> Option<Arc<ProxyDigest>> {
        let response = ResponseHeader::build(StatusCode::OK, Some(0)).ok()?;
        Some(Arc::new(ProxyDigest::new(Box::new(response), Some(Box::new(Arc::clone(self))))))
    }

    fn of(session: &Session) -> Option<&Arc<Self>> {
        session.digest()?.proxy_digest.as_ref()?.user_data.as_ref()?.downcast_ref()
    }
}

/// Why this request is to be refused, when it stands in the place of a bad one, or is one of HTTP/2 that was stripped.
pub(super) fn bad_request(session: &Session) -> Option<Violation> {
    let request = session.req_header();
    let may_be_bad = request.method.as_str() == SUBSTITUTE_METHOD || request.version == Version::HTTP_2;
    if may_be_bad { violation(session) } else { None }
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

/// Says that all of a request has come, so that its client waits for us.
pub(super) fn note_complete(session: &Session) {
    if let Some(wire) = Wire::of(session)
        && let Some(occupant) = &wire.occupant
        && let Some(mut serving) = wire.serving()
        && matches!(*serving, Serving::Receiving)
    {
        *serving = Serving::Served { _until_dropped: occupant.serve() };
    }
}

/// Says that the answer begins. From here on what its client takes of it keeps the connection.
pub(super) fn note_answered(session: &Session) {
    if let Some(mut serving) = Wire::of(session).and_then(|wire| wire.serving()) {
        *serving = Serving::Answering;
    }
}

/// Whose connection the request is on, unless that is a proxy of ours.
pub(super) fn occupant(session: &Session) -> Option<Arc<Occupant>> {
    Wire::of(session)?.occupant.clone()
}

/// Says that a body goes on to the origin as it comes, so that nobody else times it.
pub(super) fn await_body(session: &Session) {
    if let Some(wire) = Wire::of(session) {
        *wire.awaited() = Some(Instant::now());
    }
}

/// Notes that a piece of such a body came, or the last one.
pub(super) fn note_body(session: &Session, is_last: bool) {
    if is_last {
        note_complete(session);
    }
    if let Some(mut awaited) = Wire::of(session).map(|wire| wire.awaited()).filter(|awaited| awaited.is_some()) {
        *awaited = (!is_last).then(Instant::now);
    }
}

/// The proxy, behind strict streams.
pub(super) struct StrictProxy {
    proxy: Arc<HttpProxy<Gate>>,
    http2: http2::Windows,
    /// What the headers of all requests of HTTP/2 take.
    headers: Arc<Quota>,
    times: Connections,
    metrics: Arc<Metrics>,
}

impl StrictProxy {
    pub(super) fn new(proxy: HttpProxy<Gate>, times: Connections, metrics: Arc<Metrics>) -> Self {
        Self { proxy: Arc::new(proxy), http2: http2::Windows::default(), headers: Arc::default(), times, metrics }
    }
}

impl StrictProxy {
    /// Serves the connection of `occupant`, where that is not a proxy of ours, to its end.
    pub(super) async fn serve(&self, stream: Stream, occupant: Option<Arc<Occupant>>, shutdown: &ShutdownWatch) {
        let opening = match (stream.selected_alpn_proto(), stream.get_ssl_digest()) {
            (Some(ALPN::H2), _) => Opening::Http2,
            (_, Some(_)) => Opening::Tls,
            (_, None) => Opening::Plain,
        };
        let mut stream = StrictStream::new(stream, opening, &self.times, occupant.clone());
        if opening != Opening::Http2 && !stream.open(opening).await {
            return;
        }
        if stream.is_http2() {
            let (proxy, windows) = (Arc::clone(&self.proxy), self.http2.open());
            let network = occupant.as_deref().map(Occupant::network);
            let fields = Arc::new(Fields::new(&self.headers, network));
            stream.note_headers(&fields);
            let terms = http2::Terms {
                options: windows.options(),
                idle_timeout: self.times.idle_timeout,
                fields,
                metrics: Arc::clone(&self.metrics),
            };
            http2::serve(proxy, Box::new(stream), occupant, terms, shutdown).await;
        } else {
            // It ends with the connection: pingora goes on with the next request by itself.
            drop(self.proxy.process_new(Box::new(stream), shutdown).await);
        }
    }

    pub(super) async fn clean_up(&self) {
        ServerApp::cleanup(&*self.proxy).await;
    }
}
