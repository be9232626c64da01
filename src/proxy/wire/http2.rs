//! Takes the requests of one HTTP/2 connection.
//!
//! pingora has a loop for that, in which it refuses requests by itself and without a word: those that name more than
//! one host or none. It hands out nothing of them, so that the log has the client and no more. What breaks HTTP/2
//! itself, such as a name in upper case, the `h2` crate ends by a reset that nobody can hook into.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pingora::apps::HttpServerApp;
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::{H2Accept, H2Options, HttpSession, handshake};
use pingora::protocols::{Digest, Stream};
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use tokio::sync::Notify;

use crate::proxy::{Gate, request_log};

/// Reason code of what pingora refuses.
const CODE: &str = "http2_request";

/// Most refused requests of a connection, which ends then. pingora has the same bound.
const MOST_REFUSED: usize = 32;

/// Requests that are being served.
#[derive(Default)]
struct Busy {
    requests: AtomicUsize,
    ended: Notify,
}

/// One of them, until it is dropped.
struct Request(Arc<Busy>);

impl Busy {
    fn begin(self: &Arc<Self>) -> Request {
        self.requests.fetch_add(1, Ordering::AcqRel);
        Request(Arc::clone(self))
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
        if self.0.requests.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.ended.notify_one();
        }
    }
}

/// Serves the requests of `stream` to its end.
pub(super) async fn serve(
    proxy: Arc<HttpProxy<Gate>>,
    stream: Stream,
    options: H2Options,
    idle_timeout: Duration,
    shutdown: &ShutdownWatch,
) {
    let digest = Arc::new(Digest {
        ssl_digest: stream.get_ssl_digest(),
        timing_digest: stream.get_timing_digest(),
        proxy_digest: stream.get_proxy_digest(),
        socket_digest: stream.get_socket_digest(),
    });
    // An error is the client's, as are those below.
    let Ok(mut connection) = handshake(stream, Some(options)).await else {
        return;
    };
    let (busy, mut refused) = (Arc::new(Busy::default()), 0);
    let (mut ending, mut is_ending) = (shutdown.clone(), false);
    while refused < MOST_REFUSED {
        let accepted = tokio::select! {
            biased;
            _ = ending.changed(), if !is_ending => {
                // What is under way, and what the client has sent before it knows, is served.
                connection.graceful_shutdown();
                is_ending = true;
                continue;
            }
            accepted = HttpSession::from_h2_conn(&mut connection, Arc::clone(&digest)) => accepted,
            () = busy.idle(idle_timeout), if !is_ending => return,
        };
        match accepted {
            Ok(Some(H2Accept::Session(session))) => {
                let (proxy, shutdown, request) = (Arc::clone(&proxy), shutdown.clone(), busy.begin());
                tokio::spawn(async move {
                    drop(proxy.process_new_http(ServerSession::new_http2(session), &shutdown).await);
                    drop(request);
                });
            }
            Ok(Some(H2Accept::Rejected)) => {
                refused += 1;
                request_log::refused_unseen(&digest, CODE);
            }
            Ok(None) | Err(_) => return,
        }
    }
}
