//! pingora: listeners, routes, hold and release, replies.
//!
//! On a route that inspects, `request_filter` holds the whole body, has it inspected, and then either answers or lets
//! pingora go on with the held body in the client's place. Everything else is proxied untouched and streamed.

mod answer;
mod assembling;
mod certificate;
mod client;
mod credit;
mod errand;
mod failing;
mod forwarded;
mod framing;
mod gathering;
mod held_session;
mod hold;
mod joining;
mod judging;
mod listening;
mod loose;
mod occupants;
mod origin_room;
mod pace;
mod parts;
mod pending;
mod pieces;
mod places;
mod release;
mod request_log;
mod server;
mod spooling;
mod target;
mod upgrading;
mod verdict_log;
mod watched;
mod wire;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::{StatusCode, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session};
use pingora::upstreams::peer::{H1UpgradePolicy, HttpPeer, Peer as _};
use pingora::{Error, ErrorType, Result};
use uuid::Uuid;

use crate::body::{HeldBody, Stores};
use crate::config::{Doubtful, Inspection, Network, Origin, OriginServer, Route, WebSocket};
use crate::content::ClientNetwork;
use crate::inspect::{Inspector, Lookahead};
use crate::quarantine::Quarantine;
use crate::resumable::{Assemblies, Terms};
use crate::snapshot::{Snapshot, SnapshotHandle};
use crate::telemetry::{DoubtLabels, HoldLabels, Metrics};
use crate::verdict::DoubtKind;

pub use places::{most_spool_files, raise_descriptor_limit};
pub use server::{StartError, check_tls, serve};

use answer::{Answer, InconclusiveKind, Refusal};
use assembling::{Stop, content_encodings, values};
use client::client_of;
use held_session::Replay;
use hold::{HoldFailure, declared_length, hold};
use judging::{Held, brings_fields};
use occupants::Occupants;
use origin_room::{Guest, OriginRoom, Seat};
use pace::Lines;
use pending::Pending;
use release::Release;
use spooling::Spoolers;
use upgrading::Upgrading;

/// How long a client that was answered before its body was read may go on sending, so that it gets to read the answer
/// and not a reset connection.
const LINGER: Duration = Duration::from_secs(2);

/// Bytes of a body that is received only to be thrown away, so that its client can use the connection again.
const CHEAP_TO_DROP: u64 = 1 << 20;

/// The proxy's application logic.
pub struct Gate {
    snapshots: Arc<SnapshotHandle>,
    inspector: Inspector,
    stores: Stores,
    spoolers: Spoolers,
    assemblies: Arc<Assemblies>,
    lines: Arc<Lines>,
    origin_room: OriginRoom,
    occupants: Arc<Occupants>,
    quarantine: Arc<Quarantine>,
    metrics: Arc<Metrics>,
    send_timeout: Duration,
}

/// What a request is judged by.
struct Case<'a> {
    snapshot: &'a Arc<Snapshot>,
    route: &'a Route,
    /// Who uploads.
    client: Option<IpAddr>,
}

impl Case<'_> {
    /// The network of the client, which is what counts as one where something is shared out.
    fn network(&self) -> Option<ClientNetwork> {
        self.client.map(ClientNetwork::of)
    }
}

impl Gate {
    /// A gate that judges with the snapshot that serves, and holds bodies in `stores`.
    pub fn new(
        snapshots: Arc<SnapshotHandle>,
        inspector: Inspector,
        stores: Stores,
        quarantine: Arc<Quarantine>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let assemblies = Arc::new(Assemblies::new(Arc::clone(&metrics)));
        let send_timeout = snapshots.current().config.connections.send_timeout;
        let occupants = Arc::new(Occupants::new(credit::CONNECTION));
        let origin_room = OriginRoom::new(places::most_to_origins(), Arc::clone(&occupants), Arc::clone(&metrics));
        let (lines, spoolers) = (Arc::default(), Spoolers::new(Arc::clone(&metrics)));
        Self {
            snapshots,
            inspector,
            stores,
            spoolers,
            assemblies,
            lines,
            origin_room,
            occupants,
            quarantine,
            metrics,
            send_timeout,
        }
    }
}

/// What is remembered about one request.
pub struct Passage {
    /// The one snapshot of this request, taken at its start.
    snapshot: Arc<Snapshot>,
    /// For the log.
    route: Option<Arc<str>>,
    origin: usize,
    /// Names this upload, in answers, headers and the log.
    reference: Option<String>,
    /// Whether the client was, or would have been, told that its request is refused.
    is_refused: bool,
    /// Set once a held body goes on to the origin.
    release: Option<Release>,
    replay: Option<Replay>,
    /// What the origin's answer means for an upload in pieces.
    pending: Option<Pending>,
    /// Its place at the origin, from the first attempt at a server on.
    seat: Option<Seat>,
    turn: usize,
    failed_servers: usize,
}

impl Passage {
    fn origin(&self) -> &Origin {
        &self.snapshot.config.origins[self.origin]
    }

    /// Which of the origin's servers has its turn.
    fn server(&self) -> usize {
        (self.turn + self.failed_servers) % self.origin().servers.len()
    }

    /// Proxies of ours, which are believed when they name their clients.
    fn trusted_proxies(&self) -> &[Network] {
        &self.snapshot.config.server.trusted_proxies
    }

    fn reference(&mut self) -> &str {
        self.reference.get_or_insert_with(|| Uuid::now_v7().to_string())
    }

    /// Puts the client's session back in its place, if a held body stands there.
    fn end_replay(&mut self, session: &mut Session) {
        if let Some(replay) = self.replay.take() {
            replay.end(session);
        }
    }
}

#[async_trait]
impl ProxyHttp for Gate {
    type CTX = Passage;

    fn new_ctx(&self) -> Passage {
        let snapshot = self.snapshots.current();
        let origin = snapshot.config.default_origin;
        Passage {
            snapshot,
            route: None,
            origin,
            reference: None,
            is_refused: false,
            release: None,
            replay: None,
            pending: None,
            seat: None,
            turn: 0,
            failed_servers: 0,
        }
    }

    /// Lets a client send its next request before it has its answer (RFC 9112 §9.3.2).
    async fn early_request_filter(&self, session: &mut Session, _passage: &mut Passage) -> Result<()> {
        wire::set_busy(session, true);
        session.set_write_timeout(Some(self.send_timeout));
        session.downstream_session.set_pipelining_enabled(true);
        Ok(())
    }

    /// Answers with `Ok(true)`, or lets the request go on with `Ok(false)`.
    async fn request_filter(&self, session: &mut Session, passage: &mut Passage) -> Result<bool> {
        if let Some(violation) = wire::bad_request(session) {
            return self.refuse(session, passage, &Refusal::Wire(violation)).await;
        }
        if let Err(refusal) = framing::settle(session).await {
            return self.refuse(session, passage, &refusal).await;
        }
        let snapshot = Arc::clone(&passage.snapshot);
        let Some(target) = target::settle(session.req_header_mut(), &snapshot.config) else {
            return self.refuse(session, passage, &Refusal::TargetForm).await;
        };
        let route = snapshot.config.route_for(&target);
        target::drop_steering_but(session.req_header_mut(), route.map(|route| &route.pass_headers));
        if let Some(route) = route {
            passage.origin = route.origin;
            passage.route = Some(Arc::clone(&route.name));
        }
        passage.turn = passage.origin().next_turn();
        match route {
            Some(route) if route.policy.inspect != Inspection::Off => {
                let client = client_of(session, passage.trusted_proxies());
                self.pass_judged(session, passage, &Case { snapshot: &snapshot, route, client }).await
            }
            Some(route) if route.policy.websocket == WebSocket::Refuse && asks_for_upgrade(session) => {
                self.refuse(session, passage, &Refusal::Upgrade).await
            }
            _ => {
                if session.is_body_empty() {
                    wire::note_complete(session);
                } else {
                    wire::await_body(session);
                }
                self.metrics.passed.inc();
                Ok(false)
            }
        }
    }

    /// An empty last piece, with which HTTP/2 ends a body, is nothing: pingora would write it as the last chunk and
    /// then write the last chunk, and an origin takes the second one for a broken request.
    async fn request_body_filter(
        &self,
        session: &mut Session,
        body: &mut Option<Bytes>,
        end_of_stream: bool,
        _passage: &mut Passage,
    ) -> Result<()> {
        wire::note_body(session, end_of_stream);
        if end_of_stream && body.as_ref().is_some_and(Bytes::is_empty) {
            *body = None;
        }
        Ok(())
    }

    async fn upstream_peer(&self, session: &mut Session, passage: &mut Passage) -> Result<Box<HttpPeer>> {
        self.take_seat(session, passage).await?;
        let origin = passage.origin();
        let server = &origin.servers[passage.server()];
        let address = match server {
            OriginServer::Address(address) => *address,
            OriginServer::Name(name) => {
                let found = tokio::net::lookup_host(name).await.ok().and_then(|mut addresses| addresses.next());
                found.ok_or_else(|| {
                    Error::explain(ErrorType::ConnectError, format!("cannot resolve {name}")).into_up()
                })?
            }
        };
        let mut peer = HttpPeer::new(address, false, String::new());
        if asks_for_upgrade(session) {
            peer.group_key = upgrading::GROUP;
            peer.options.custom_l4 = Some(Arc::new(Upgrading { connect_timeout: origin.connect_timeout }));
        }
        let Some(options) = peer.get_mut_peer_options() else {
            return Ok(Box::new(peer));
        };
        options.connection_timeout = Some(origin.connect_timeout);
        options.read_timeout = Some(origin.read_timeout);
        options.write_timeout = Some(origin.write_timeout);
        options.idle_timeout = Some(origin.idle_timeout);
        options.http_upstream_request_policy.h1_upgrade = H1UpgradePolicy::Preserve;
        Ok(Box::new(peer))
    }

    /// Tries the next server, until each has had its turn.
    fn fail_to_connect(
        &self,
        _session: &mut Session,
        _peer: &HttpPeer,
        passage: &mut Passage,
        mut error: Box<Error>,
    ) -> Box<Error> {
        self.metrics.origin_connect_failures.inc();
        let has_others = passage.failed_servers + 1 < passage.origin().servers.len();
        if has_others {
            request_log::server_failed(passage, &error);
            passage.failed_servers += 1;
        }
        error.set_retry(has_others);
        error
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        upstream_request: &mut RequestHeader,
        passage: &mut Passage,
    ) -> Result<()> {
        release::remove_penstock_headers(upstream_request);
        framing::isolate(upstream_request, !session.is_body_empty())?;
        forwarded::write_to(upstream_request, session, passage.origin().x_forwarded, passage.trusted_proxies())?;
        match &passage.release {
            Some(release) => release.write_to(upstream_request),
            None => Ok(()),
        }
    }

    async fn upstream_response_filter(
        &self,
        _session: &mut Session,
        response: &mut ResponseHeader,
        passage: &mut Passage,
    ) -> Result<()> {
        if let Some(pending) = &mut passage.pending {
            pending.answered(response);
        }
        Ok(())
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        _passage: &mut Passage,
    ) -> Result<()> {
        if response.status == StatusCode::SWITCHING_PROTOCOLS {
            wire::open_tunnel(session);
        } else if !response.status.is_informational() {
            wire::note_answered(session);
        }
        Ok(())
    }

    fn upstream_response_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end_of_stream: bool,
        passage: &mut Passage,
    ) -> Result<Option<Duration>> {
        if let Some(pending) = &mut passage.pending {
            pending.answer_goes_on(body.as_deref().unwrap_or_default(), end_of_stream);
        }
        Ok(None)
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, passage: &mut Passage) -> FailToProxy {
        self.fail(session, error, passage).await
    }

    /// pingora's lines have the query string in them; `request_log` has ours.
    fn suppress_error_log(&self, _session: &Session, _passage: &Passage, _error: &Error) -> bool {
        true
    }

    /// As above.
    fn suppress_proxy_warn_log(
        &self,
        _session: &Session,
        _passage: &Passage,
        _error: &Error,
        _context: ProxyWarnLogContext,
    ) -> bool {
        true
    }

    /// As above.
    fn request_summary(&self, _session: &Session, _passage: &Passage) -> String {
        String::new()
    }

    /// The last call for every request: from here on pingora deals with the client's connection itself.
    async fn logging(&self, session: &mut Session, _error: Option<&Error>, passage: &mut Passage) {
        passage.end_replay(session);
        passage.pending = None;
        passage.seat = None;
        self.note_stores();
        wire::set_busy(session, false);
    }
}

impl Gate {
    /// The way of an upload: hold, inspect, decide, then answer or release.
    async fn pass_judged(&self, session: &mut Session, passage: &mut Passage, case: &Case<'_>) -> Result<bool> {
        if asks_for_upgrade(session) {
            if case.route.policy.websocket == WebSocket::Pass && framing::is_websocket_handshake(session) {
                self.metrics.websockets_passed.inc();
                return Ok(false);
            }
            return self.refuse(session, passage, &Refusal::Upgrade).await;
        }
        let plan = match self.plan(session.req_header(), case) {
            Ok(plan) => plan,
            Err(stop) if case.is_enforced() => return self.stop(session, passage, &stop, case).await,
            Err(stop) => {
                stop.record(passage.reference());
                None
            }
        };
        let has_body = !session.is_body_empty();
        if !has_body && plan.is_none() && !brings_fields(session.req_header()) {
            wire::note_complete(session);
            return Ok(false);
        }
        if self.is_overloaded(session, case) {
            if is_short_and_on_its_way(session) {
                linger(session).await;
            }
            return self.refuse(session, passage, &Refusal::Inconclusive("overload", InconclusiveKind::Busy)).await;
        }
        let start = Instant::now();
        let lookahead = self.look_ahead(session, case);
        let body = match self.hold(session, case, lookahead.as_ref()).await {
            Ok(body) => body,
            Err(HoldFailure::Refused(refusal)) => {
                self.metrics.holds_failed.get_or_create(&HoldLabels { reason: refusal.code() }).inc();
                return self.refuse(session, passage, &refusal).await;
            }
            Err(HoldFailure::Client(error)) => {
                if let Some(violation) = wire::violation(session) {
                    self.metrics.holds_failed.get_or_create(&HoldLabels { reason: violation.code() }).inc();
                    return self.refuse(session, passage, &Refusal::Wire(violation)).await;
                }
                self.metrics.holds_failed.get_or_create(&HoldLabels { reason: "client_gone" }).inc();
                return Err(error.into_down());
            }
        };
        wire::note_complete(session);
        let hold_time = start.elapsed();
        self.metrics.hold_seconds.observe(hold_time.as_secs_f64());
        self.pass_held(session, passage, case, Held::new(body, has_body, hold_time), lookahead, plan).await
    }

    /// Whether the upload is turned away before it is received: at many times what can be inspected, receiving what is
    /// then refused takes the time of the inspections. It counts as any other that found no room in the queue.
    fn is_overloaded(&self, session: &Session, case: &Case<'_>) -> bool {
        let policy = &case.route.policy;
        let is_refused = case.is_enforced() && policy.overload == Doubtful::Refuse;
        // Where the length is not known yet, it may be any.
        let bytes = declared_length(session).unwrap_or(policy.max_body.0);
        let turns_away = is_refused
            && self.inspector.turns_away(case.network(), &case.route.name, bytes, &case.snapshot.config.limits);
        if turns_away {
            let label = DoubtLabels { kind: DoubtKind::Overload.name(), failed: "closed" };
            self.metrics.doubts.get_or_create(&label).inc();
        }
        turns_away
    }

    /// Waits for room at the origin. An attempt at another server keeps it.
    async fn take_seat(&self, session: &Session, passage: &mut Passage) -> Result<()> {
        if passage.seat.is_none() {
            let (origin, origins) = (passage.origin(), passage.snapshot.config.origins.len());
            let network = client_of(session, passage.trusted_proxies()).map(ClientNetwork::of);
            let guest = Guest { network, occupant: wire::occupant(session) };
            passage.seat = self.origin_room.take(&origin.name, origin.max_requests, origins, guest).await;
        }
        if passage.seat.is_some() { Ok(()) } else { Err(Error::new_up(ErrorType::Custom(failing::ORIGIN_BUSY))) }
    }

    /// Prepares work on a body that is large enough for its beginning to be worked on before its end is there.
    fn look_ahead(&self, session: &Session, case: &Case<'_>) -> Option<Lookahead> {
        let small = case.snapshot.config.limits.memory_per_upload.0;
        if declared_length(session).is_some_and(|length| length <= small) {
            return None;
        }
        let headers = &session.req_header().headers;
        let types = values(headers, header::CONTENT_TYPE);
        let (client, route, snapshot) = (case.network(), &case.route.name, Arc::clone(case.snapshot));
        self.inspector.look_ahead(client, route, snapshot, &types, &content_encodings(headers))
    }

    async fn hold(
        &self,
        session: &mut Session,
        case: &Case<'_>,
        lookahead: Option<&Lookahead>,
    ) -> std::result::Result<HeldBody, HoldFailure> {
        self.metrics.held_uploads.inc();
        let held = {
            let config = &case.snapshot.config;
            let line = self.lines.of(case.client);
            let room = self.spoolers.room(&self.stores, case.network());
            hold(session, &config.limits, &case.route.policy, room, line, lookahead).await
        };
        self.metrics.held_uploads.dec();
        self.note_stores();
        held
    }

    fn note_stores(&self) {
        self.metrics.held_memory.set(self.stores.memory_used() as i64);
        self.metrics.held_disk.set(self.stores.disk_used() as i64);
        self.assemblies.expire(Terms::of(&self.snapshots.current().config.limits), Instant::now());
    }

    /// Answers with an error and, when the body has not been read, ends the connection without cutting the answer off.
    async fn refuse(&self, session: &mut Session, passage: &mut Passage, refusal: &Refusal) -> Result<bool> {
        passage.reference();
        passage.is_refused = true;
        self.metrics.count_refused(refusal.code());
        request_log::refused(session, passage, refusal.code());
        if refusal.ends_connection() {
            session.set_keepalive(None);
        }
        self.answer_early(session, &Answer::refused(refusal, passage.reference())).await
    }

    async fn stop(&self, session: &mut Session, passage: &mut Passage, stop: &Stop, case: &Case<'_>) -> Result<bool> {
        match stop {
            Stop::Refused(refusal) => self.refuse(session, passage, refusal).await,
            Stop::NotThere => self.answer_early(session, &Answer::nothing(passage.reference())).await,
            Stop::Blocked => {
                stop.record(passage.reference());
                let answer = Answer::blocked(case.route.policy.block_status, passage.reference());
                self.answer_early(session, &answer).await
            }
        }
    }

    /// Answers. Where the body has not been read, it is thrown away for a while, so that the client gets to read the
    /// answer.
    async fn answer_early(&self, session: &mut Session, answer: &Answer) -> Result<bool> {
        let is_read = session.is_body_done();
        if !is_read {
            session.set_keepalive(None);
        }
        answer.send(session).await?;
        if !is_read {
            linger(session).await;
        }
        Ok(true)
    }
}

/// Reads what is left of a body and throws it away.
async fn linger(session: &mut Session) {
    let rest = session.downstream_session.drain_request_body();
    drop(tokio::time::timeout(LINGER, rest).await);
}

/// Whether it costs less to receive the body of a request that is refused than to make the client connect again.
fn is_short_and_on_its_way(session: &Session) -> bool {
    let is_awaited = session.get_header(header::EXPECT).is_some();
    !is_awaited && declared_length(session).is_some_and(|length| length <= CHEAP_TO_DROP)
}

fn asks_for_upgrade(session: &Session) -> bool {
    session.req_header().headers.contains_key(header::UPGRADE)
}
