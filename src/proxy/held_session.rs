//! Puts a held body in the client's place, so that pingora replays it to the origin.
//!
//! pingora's body filter runs after the upstream connection is made and its headers are sent, which is too late: nothing
//! may reach the origin before the verdict. So the whole body is read first, and then the downstream session is
//! replaced by a [`HeldSession`], which gives out the held body in place of the socket and passes everything else on to
//! the client's session. pingora's retries, load balancing and timeouts work on it unchanged.
//!
//! This stands on `pingora::protocols::http::custom::server::Session`, a `doc(hidden)` trait: pingora is pinned to one
//! exact version, and nothing outside this file knows of it.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderMap;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Digest;
use pingora::protocols::http::custom::CustomMessageWrite;
use pingora::protocols::http::custom::server::Session as CustomSession;
use pingora::protocols::http::{HttpTask, ServerSession};
use pingora::protocols::l4::socket::SocketAddr;
use pingora::proxy::Session;
use pingora::{Error, ErrorType, Result};

/// Bytes handed to pingora at a time: enough to make one write of most uploads, few enough to share the line.
const REPLAY_CHUNK: usize = 256 << 10;

/// What becomes of a request whose client goes away while the origin works on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// It is given up.
    WithClient,
    /// It is carried on until the origin answers: what the origin has must be known.
    UntilAnswered,
}

/// A replay that has begun. The client's session must be put back with [`Replay::end`] before anything asks it for
/// keep-alive or answers by itself.
pub(super) struct Replay {
    client: Slot,
}

/// Where the client's session goes when its stand-in is dropped. Shared, because pingora owns the stand-in.
type Slot = Arc<Mutex<Option<Box<ServerSession>>>>;

impl Replay {
    /// Puts `body` in the place of the client's, which must have been read to its end.
    pub(super) fn begin(session: &mut Session, body: Bytes, patience: Patience) -> Self {
        let slot = Slot::default();
        let client = mem::replace(&mut session.downstream_session, placeholder());
        let held = HeldSession { client, home: Arc::clone(&slot), body, sent: 0, patience };
        *session.downstream_session = ServerSession::new_custom(Box::new(held));
        Self { client: slot }
    }

    /// Gives the client's session back to pingora, with which keep-alive lives on. The held body is dropped.
    pub(super) fn end(self, session: &mut Session) {
        drop(mem::replace(&mut session.downstream_session, placeholder()));
        if let Some(client) = self.client.lock().unwrap_or_else(PoisonError::into_inner).take() {
            session.downstream_session = client;
        }
    }
}

/// A session that nothing ever talks to, for the moment in which the real one changes hands.
fn placeholder() -> Box<ServerSession> {
    Box::new(ServerSession::new_custom(Box::new(())))
}

struct HeldSession {
    client: Box<ServerSession>,
    home: Slot,
    body: Bytes,
    sent: usize,
    patience: Patience,
}

impl Drop for HeldSession {
    fn drop(&mut self) {
        let client = mem::replace(&mut self.client, placeholder());
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = Some(client);
    }
}

impl HeldSession {
    fn is_sent(&self) -> bool {
        self.sent == self.body.len()
    }

    fn next_chunk(&mut self) -> Option<Bytes> {
        let end = self.body.len().min(self.sent + REPLAY_CHUNK);
        let chunk = self.body.slice(self.sent..end);
        self.sent = end;
        (!chunk.is_empty()).then_some(chunk)
    }
}

#[async_trait]
impl CustomSession for HeldSession {
    async fn read_body_bytes(&mut self) -> Result<Option<Bytes>> {
        Ok(self.next_chunk())
    }

    /// Once the body is sent, watches the client: when it goes away, the request to the origin is given up, unless
    /// the answer matters to others than the client.
    async fn read_body_or_idle(&mut self, no_body_expected: bool) -> Result<Option<Bytes>> {
        if no_body_expected || self.is_sent() {
            return match self.patience {
                Patience::WithClient => self.client.read_body_or_idle(true).await,
                Patience::UntilAnswered => std::future::pending().await,
            };
        }
        Ok(self.next_chunk())
    }

    async fn drain_request_body(&mut self) -> Result<()> {
        self.sent = self.body.len();
        Ok(())
    }

    fn is_body_done(&mut self) -> bool {
        self.is_sent()
    }

    fn is_body_empty(&mut self) -> bool {
        self.body.is_empty()
    }

    fn body_bytes_read(&self) -> usize {
        self.client.body_bytes_read()
    }

    /// pingora calls this at the start of each attempt at a server: the replay begins again at the first byte.
    fn enable_retry_buffering(&mut self) {
        self.sent = 0;
    }

    fn retry_buffer_truncated(&self) -> bool {
        false
    }

    fn get_retry_buffer(&self) -> Option<Bytes> {
        None
    }

    fn req_header(&self) -> &RequestHeader {
        self.client.req_header()
    }

    fn req_header_mut(&mut self) -> &mut RequestHeader {
        self.client.req_header_mut()
    }

    async fn write_response_header(&mut self, response: Box<ResponseHeader>, _end: bool) -> Result<()> {
        self.client.write_response_header(response).await
    }

    async fn write_response_header_ref(&mut self, response: &ResponseHeader, _end: bool) -> Result<()> {
        self.client.write_response_header_ref(response).await
    }

    async fn write_body(&mut self, data: Bytes, end: bool) -> Result<()> {
        self.client.write_response_body(data, end).await
    }

    async fn write_trailers(&mut self, trailers: HeaderMap) -> Result<()> {
        self.client.write_response_trailers(trailers).await
    }

    async fn response_duplex_vec(&mut self, tasks: Vec<HttpTask>) -> Result<bool> {
        self.client.response_duplex_vec(tasks).await
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.client.set_read_timeout(timeout);
    }

    fn get_read_timeout(&self) -> Option<Duration> {
        self.client.get_read_timeout()
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.client.set_write_timeout(timeout);
    }

    fn get_write_timeout(&self) -> Option<Duration> {
        self.client.get_write_timeout()
    }

    fn set_total_drain_timeout(&mut self, timeout: Option<Duration>) {
        self.client.set_total_drain_timeout(timeout);
    }

    fn get_total_drain_timeout(&self) -> Option<Duration> {
        self.client.get_total_drain_timeout()
    }

    fn request_summary(&self) -> String {
        self.client.request_summary()
    }

    fn response_written(&self) -> Option<&ResponseHeader> {
        self.client.response_written()
    }

    async fn shutdown(&mut self, _code: u32, _context: &str) {
        self.client.shutdown().await;
    }

    async fn finish(&mut self) -> Result<()> {
        self.client.finish_body().await
    }

    fn body_bytes_sent(&self) -> usize {
        self.client.body_bytes_sent()
    }

    fn digest(&self) -> Option<&Digest> {
        self.client.digest()
    }

    fn digest_mut(&mut self) -> Option<&mut Digest> {
        self.client.digest_mut()
    }

    fn client_addr(&self) -> Option<&SocketAddr> {
        self.client.client_addr()
    }

    fn server_addr(&self) -> Option<&SocketAddr> {
        self.client.server_addr()
    }

    fn pseudo_raw_h1_request_header(&self) -> Bytes {
        self.client.to_h1_raw()
    }

    async fn finish_custom(&mut self) -> Result<()> {
        Ok(())
    }

    fn take_custom_message_reader(
        &mut self,
    ) -> Option<Box<dyn futures_core::Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static>> {
        None
    }

    fn restore_custom_message_reader(
        &mut self,
        _reader: Box<dyn futures_core::Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static>,
    ) -> Result<()> {
        Err(no_custom_messages())
    }

    fn take_custom_message_writer(&mut self) -> Option<Box<dyn CustomMessageWrite>> {
        None
    }

    fn restore_custom_message_writer(&mut self, _writer: Box<dyn CustomMessageWrite>) -> Result<()> {
        Err(no_custom_messages())
    }
}

fn no_custom_messages() -> Box<Error> {
    Error::explain(ErrorType::InternalError, "a held session has no custom messages")
}
