//! Takes the requests of one HTTP/2 connection.
//!
//! pingora has a loop for that, in which it refuses requests by itself and without a word: those that name more than
//! one host or none. It hands out nothing of them, so that the log has the client and no more. What breaks HTTP/2
//! itself, such as a name in upper case, the `h2` crate ends by itself, too: of such requests it is only known that
//! their headers came.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use pingora::apps::HttpServerApp;
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::{H2Accept, H2Options, HttpSession, default_h2_options, handshake};
use pingora::protocols::{Digest, Stream};
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use tokio::sync::Notify;

use super::Wire;
use super::fields::Fields;
use super::violation::Violation;
use crate::proxy::occupants::Occupant;
use crate::proxy::{Gate, request_log};
use crate::telemetry::Metrics;

/// Reason code of what pingora refuses.
const CODE: &str = "http2_request";

/// How long the next piece of a body that goes on as it comes is waited for. In HTTP/1 pingora waits as long.
const SILENCE: Duration = Duration::from_secs(60);

/// Reason code of what the `h2` crate refuses.
const BROKEN: &str = "http2_broken";

/// Bytes of a header as HTTP/2 counts them (RFC 9113 §10.5.1). A larger one is answered by the `h2` crate, with 431 and
/// no more. `fields` allows half of that, so that the answer is ours where a client has gathered too many cookies.
const MAX_HEADER: u32 = 128 << 10;

/// Most refused requests of a connection, which ends then. pingora has the same bound.
const MOST_REFUSED: usize = 32;

/// Bytes that may be on their way on a connection before any is taken, by how many connections there are at least. It
/// is also the most memory that a connection can fill with bytes that nobody takes, as on a route that streams to a
/// slow origin. At 50 ms there and back, 16 MiB are 320 MB/s; where there are many connections, each gets less.
const WINDOWS: [(usize, u32); 3] = [(128, 256 << 10), (32, 2 << 20), (0, 16 << 20)];

/// How many connections are open, which decides about the windows of the next one.
#[derive(Default)]
pub(super) struct Windows(Arc<AtomicUsize>);

/// The windows of one connection, until it is dropped.
pub(super) struct Opened {
    open: Arc<AtomicUsize>,
    window: u32,
}

impl Windows {
    /// Counts one more connection.
    pub(super) fn open(&self) -> Opened {
        let before = self.0.fetch_add(1, Ordering::AcqRel);
        let window = WINDOWS.iter().find(|(from, _)| before >= *from).map_or(0, |(_, window)| *window);
        Opened { open: Arc::clone(&self.0), window }
    }
}

impl Opened {
    /// What the connection begins with. One request may fill it.
    pub(super) fn options(&self) -> H2Options {
        let mut options = default_h2_options();
        options.initial_window_size(self.window);
        options.initial_connection_window_size(self.window);
        options.max_header_list_size(MAX_HEADER);
        options
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// By which the requests of a connection are served.
pub(super) struct Terms {
    pub(super) options: H2Options,
    pub(super) idle_timeout: Duration,
    pub(super) fields: Arc<Fields>,
    pub(super) metrics: Arc<Metrics>,
}

impl Terms {
    /// Notes that something of the connection of `digest` was refused.
    fn refused(&self, digest: &Digest, code: &'static str) {
        self.metrics.count_refused(code);
        request_log::refused_unseen(digest, code);
    }

    /// Notes what ended the connection, if it was not the client's going away.
    fn ended(&self, digest: &Digest, error: &pingora::Error) {
        let is_broken = || error.root_cause().downcast_ref::<h2::Error>().is_some_and(h2::Error::is_library);
        let code = self.fields.violation().map(Violation::code).or_else(|| is_broken().then_some(BROKEN));
        if let Some(code) = code {
            self.refused(digest, code);
        }
    }

    /// Notes each header that came and led to none of `requests`. Never ready: it is polled when there is no request.
    async fn note_lost(&self, digest: &Digest, requests: u64) -> Infallible {
        poll_fn(|_| {
            (0..self.fields.take_lost(requests)).for_each(|_| self.refused(digest, BROKEN));
            Poll::Pending
        })
        .await
    }
}

/// Requests that are being served.
#[derive(Default)]
struct Busy {
    requests: AtomicUsize,
    ended: Notify,
}

/// One of them, until it is dropped.
struct Request {
    busy: Arc<Busy>,
    fields: Arc<Fields>,
}

impl Busy {
    fn begin(self: &Arc<Self>, fields: &Arc<Fields>) -> Request {
        self.requests.fetch_add(1, Ordering::AcqRel);
        Request { busy: Arc::clone(self), fields: Arc::clone(fields) }
    }

    /// Waits until there was none for `time`. Any request that is taken meanwhile begins this anew.
    async fn idle(&self, time: Duration) {
        while self.requests.load(Ordering::Acquire) > 0 {
            self.ended.notified().await;
        }
        tokio::time::sleep(time).await;
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let left = self.busy.requests.fetch_sub(1, Ordering::AcqRel) - 1;
        self.fields.release_trailers(left);
        if left == 0 {
            self.busy.ended.notify_one();
        }
    }
}

/// Serves the requests of `stream` to its end.
pub(super) async fn serve(
    proxy: Arc<HttpProxy<Gate>>,
    stream: Stream,
    occupant: Option<Arc<Occupant>>,
    terms: Terms,
    shutdown: &ShutdownWatch,
) {
    let digest = Digest {
        ssl_digest: stream.get_ssl_digest(),
        timing_digest: stream.get_timing_digest(),
        proxy_digest: None,
        socket_digest: stream.get_socket_digest(),
    };
    let mut connection = match handshake(stream, Some(terms.options.clone())).await {
        Ok(connection) => connection,
        Err(error) => return terms.ended(&digest, &error),
    };
    let (busy, mut taken, mut refused) = (Arc::new(Busy::default()), 0, 0);
    let (mut ending, mut is_ending) = (shutdown.clone(), false);
    let (mut wire, mut known) = with_wire(&digest, &occupant);
    while refused < MOST_REFUSED {
        let accepted = tokio::select! {
            biased;
            _ = ending.changed(), if !is_ending => {
                // What is under way, and what the client has sent before it knows, is served.
                connection.graceful_shutdown();
                is_ending = true;
                continue;
            }
            accepted = HttpSession::from_h2_conn(&mut connection, Arc::clone(&known)) => accepted,
            // Behind a goodbye, requests that come too late are not read.
            never = terms.note_lost(&digest, taken), if !is_ending => match never {},
            () = busy.idle(terms.idle_timeout), if !is_ending => return,
        };
        taken += 1;
        match accepted {
            Ok(Some(H2Accept::Session(mut session))) => {
                let room = terms.fields.admit(session.req_header_mut()).map_err(|violation| wire.note(violation));
                let (proxy, shutdown, request) = (Arc::clone(&proxy), shutdown.clone(), busy.begin(&terms.fields));
                let under_way = occupant.as_ref().map(Occupant::request);
                tokio::spawn(async move {
                    tokio::select! {
                        _ = proxy.process_new_http(ServerSession::new_http2(session), &shutdown) => {}
                        () = wire.silence(SILENCE) => tracing::debug!(event = "client_gone", "a body did not go on"),
                    }
                    drop((under_way, request, room));
                });
                (wire, known) = with_wire(&digest, &occupant);
            }
            Ok(Some(H2Accept::Rejected)) => {
                refused += 1;
                terms.refused(&digest, CODE);
            }
            Ok(None) => return,
            Err(error) => return terms.ended(&digest, &error),
        }
    }
}

/// `digest` as the next request gets it.
fn with_wire(digest: &Digest, occupant: &Option<Arc<Occupant>>) -> (Arc<Wire>, Arc<Digest>) {
    let wire = Arc::new(Wire::of_request(occupant.clone()));
    let known = Digest {
        ssl_digest: digest.ssl_digest.clone(),
        timing_digest: digest.timing_digest.clone(),
        proxy_digest: wire.digest(),
        socket_digest: digest.socket_digest.clone(),
    };
    (wire, Arc::new(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_connections_there_are_the_smaller_are_the_windows_of_the_next() {
        let windows = Windows::default();
        let open: Vec<Opened> = (0..200).map(|_| windows.open()).collect();
        let of = |number: usize| open[number].window;
        assert_eq!([of(0), of(31), of(32), of(127), of(128)], [16 << 20, 16 << 20, 2 << 20, 2 << 20, 256 << 10]);
        drop(open);
        assert_eq!(windows.open().window, 16 << 20);
    }
}
