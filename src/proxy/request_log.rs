//! The lines that requests leave in the log when they come to no verdict.
//!
//! They name the path, and never the query string, a host or a header: those have tokens and names of people in them.
//! So an error of pingora is told by its kind and by what the system said, as its text quotes what was received.

use std::borrow::Cow;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::time::Instant;

use pingora::Error;
use pingora::protocols::Digest;
use pingora::proxy::Session;

use super::client::client_of;
use super::{Passage, wire};

/// What every line says of a request.
struct Asked<'a> {
    client: Option<String>,
    /// Neither is known of a request that could not be read.
    method: Option<Cow<'a, str>>,
    path: Option<Cow<'a, str>>,
}

impl<'a> Asked<'a> {
    fn of(session: &'a Session, passage: &Passage) -> Self {
        let request = Some(session.req_header()).filter(|_| wire::bad_request(session).is_none());
        Self {
            client: client_of(session, passage.trusted_proxies()).map(|address| address.to_string()),
            method: request.map(|request| beginning(request.method.as_str())),
            path: request.map(|request| beginning(request.uri.path())),
        }
    }
}

/// Bytes that a text of the client may take in a line. HTTP/2 repeats a long one in a few bytes.
const LONGEST_TEXT: usize = 512;

/// The beginning of a text that a client chose, and a sign where that is not all of it.
pub(super) fn beginning(text: &str) -> Cow<'_, str> {
    let mut written = 0;
    let is_too_much = |character: char| {
        // As JSON writes it.
        written += match character {
            '"' | '\\' => 2,
            control if control < ' ' => 6,
            other => other.len_utf8(),
        };
        written > LONGEST_TEXT
    };
    match text.find(is_too_much) {
        Some(end) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Lines of one kind in one second.
const MOST_A_SECOND: u64 = 1000;

/// Bounds the lines that anybody can cause with a few bytes, so that they fill no disk.
#[derive(Default)]
pub(super) struct LineLimit {
    start: OnceLock<Instant>,
    second: AtomicU64,
    told: AtomicU64,
    left_out: AtomicU64,
}

static LIMIT: LazyLock<LineLimit> = LazyLock::new(LineLimit::default);

impl LineLimit {
    /// How many lines were left out before this one, if it may be written.
    pub(super) fn next(&self) -> Option<u64> {
        let now = self.start.get_or_init(Instant::now).elapsed().as_secs();
        if self.second.swap(now, Ordering::Relaxed) != now {
            self.told.store(0, Ordering::Relaxed);
        }
        if self.told.fetch_add(1, Ordering::Relaxed) >= MOST_A_SECOND {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.take_left_out())
    }

    /// How many lines were left out before one that is written in any case.
    pub(super) fn take_left_out(&self) -> u64 {
        self.left_out.swap(0, Ordering::Relaxed)
    }
}

/// The number of lines that were left out, where there are any.
pub(super) fn some(left_out: u64) -> Option<u64> {
    Some(left_out).filter(|count| *count > 0)
}

/// A request was refused without a verdict.
pub(super) fn refused(session: &Session, passage: &Passage, code: &'static str) {
    let Some(left_out) = LIMIT.next().map(some) else { return };
    let asked = Asked::of(session, passage);
    let (client, method, path) = (asked.client, asked.method.as_deref(), asked.path.as_deref());
    let (reference, route) = (passage.reference.as_deref(), passage.route.as_deref());
    tracing::info!(event = "refused", code, reference, route, client, method, path, left_out, "request refused");
}

/// A request, or a connection, was refused before anything of it was seen here.
pub(super) fn refused_unseen(digest: &Digest, code: &'static str) {
    let Some(left_out) = LIMIT.next().map(some) else { return };
    let address = digest.socket_digest.as_ref().and_then(|digest| digest.peer_addr()).and_then(|peer| peer.as_inet());
    let client = address.map(|address| address.ip().to_string());
    tracing::info!(event = "refused", code, client, left_out, "request refused");
}

/// The origin did not answer, or broke off.
pub(super) fn origin_failed(session: &Session, passage: &Passage, code: &'static str, error: &Error) {
    let Some(left_out) = LIMIT.next().map(some) else { return };
    let asked = Asked::of(session, passage);
    let (client, method, path) = (asked.client, asked.method.as_deref(), asked.path.as_deref());
    let (reference, route) = (passage.reference.as_deref(), passage.route.as_deref());
    let (origin, reason) = (passage.origin().name.as_str(), reason(error));
    tracing::warn!(
        event = "origin",
        code,
        reference,
        route,
        origin,
        server = %passage.origin().servers[passage.server()],
        reason,
        client,
        method,
        path,
        left_out,
        "the origin failed"
    );
}

/// A server of the origin cannot be reached, and the next one is tried.
pub(super) fn server_failed(passage: &Passage, error: &Error) {
    let Some(left_out) = LIMIT.next().map(some) else { return };
    let (route, origin) = (passage.route.as_deref(), passage.origin().name.as_str());
    let (server, reason) = (passage.origin().servers[passage.server()].to_string(), reason(error));
    tracing::warn!(event = "origin", route, origin, server, reason, left_out, "a server of the origin failed");
}

/// Something went wrong here.
pub(super) fn failed(session: &Session, passage: &Passage, code: &'static str, error: &Error) {
    let Some(left_out) = LIMIT.next().map(some) else { return };
    let asked = Asked::of(session, passage);
    let (client, method, path) = (asked.client, asked.method.as_deref(), asked.path.as_deref());
    let (reference, route) = (passage.reference.as_deref(), passage.route.as_deref());
    let reason = reason(error);
    tracing::error!(
        event = "failed",
        code,
        reference,
        route,
        reason,
        client,
        method,
        path,
        left_out,
        "the request failed"
    );
}

/// The client went away: nothing that anybody has to do something about.
pub(super) fn client_gone(session: &Session, passage: &Passage, error: &Error) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let asked = Asked::of(session, passage);
    let (client, method, path) = (asked.client, asked.method.as_deref(), asked.path.as_deref());
    let (reference, route) = (passage.reference.as_deref(), passage.route.as_deref());
    let reason = reason(error);
    tracing::debug!(event = "client_gone", reference, route, reason, client, method, path, "the client went away");
}

/// The kind of an error, and what the system said.
fn reason(error: &Error) -> String {
    let kind = error.etype().as_str();
    match error.root_cause().downcast_ref::<io::Error>().and_then(io::Error::raw_os_error) {
        Some(code) => format!("{kind}: {}", io::Error::from_raw_os_error(code)),
        None => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_a_client_takes_so_much_of_a_line_and_no_more() {
        let of = |text: &str| serde_json::to_string(&beginning(text)).unwrap().len() - 2;
        assert_eq!((beginning("/a/b").as_ref(), of(&"a".repeat(512))), ("/a/b", 512));
        for unit in ["a", "\"", "\\", "\u{7f}", "\u{1}", "ä", "猫"] {
            let text = format!("a{}", unit.repeat(10_000));
            assert!((500..=512 + "…".len()).contains(&of(&text)), "{unit}: {}", of(&text));
            assert!(beginning(&text).ends_with('…'));
        }
    }

    #[test]
    fn lines_have_a_bound_and_the_next_says_how_many_were_left_out() {
        let limit = LineLimit::default();
        let told = (0..100_000).filter_map(|_| limit.next()).count() as u64;
        assert!((MOST_A_SECOND..100_000).contains(&told), "{told}");
        let left_out = loop {
            if let Some(left_out) = limit.next() {
                break left_out;
            }
        };
        assert!(left_out >= 100_000 - told * 2, "{left_out}");
    }
}
