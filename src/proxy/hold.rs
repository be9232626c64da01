//! Reads a whole request body before anything else happens to the request.

use std::pin::pin;

use bytes::Bytes;
use pingora::proxy::Session;
use tokio::time::{Instant, timeout_at};

use crate::body::{BodyCollector, HeldBody, HoldError};
use crate::config::{Limits, RoutePolicy};
use crate::inspect::Lookahead;

use super::answer::Refusal;
use super::pace::{Line, Pace};
use super::spooling::Room;

/// Why there is no held body.
pub(super) enum HoldFailure {
    /// The client gets an answer.
    Refused(Refusal),
    /// The client is gone, or broke the protocol.
    Client(Box<pingora::Error>),
}

/// Reads the body of `session` within `limits`. What comes of a large one is told to `lookahead` on the way.
///
/// # Errors
/// [`HoldFailure`]: a bound was passed, or the client went away.
pub(super) async fn hold(
    session: &mut Session,
    limits: &Limits,
    policy: &RoutePolicy,
    mut room: Room<'_>,
    line: Line,
    lookahead: Option<&Lookahead>,
) -> Result<HeldBody, HoldFailure> {
    let expected = declared_length(session);
    if expected.is_some_and(|length| length > policy.max_body.0) {
        return Err(HoldFailure::Refused(Refusal::TooLarge(policy.max_body)));
    }
    answer_expectation(session).await?;
    let mut collector = BodyCollector::new(limits, policy.max_body, expected, &room.stores);
    let mut pace = Pace::start(limits, line);
    while let Some(piece) = next_piece(session, &pace, &room).await? {
        pace.received(piece.len());
        room.push(&mut collector, piece).await?;
        if collector.wants_flush() {
            collector = on_blocking_thread(move || collector.flush().map(|()| collector)).await?;
            if let (Some(lookahead), Some(spooled)) = (lookahead, collector.spooled()) {
                lookahead.has_come(spooled);
            }
        }
    }
    if collector.is_spooled() {
        return Ok(on_blocking_thread(move || collector.finish()).await?);
    }
    Ok(collector.finish()?)
}

/// The next piece of the body; `None` behind the last.
async fn next_piece(session: &mut Session, pace: &Pace, room: &Room<'_>) -> Result<Option<Bytes>, HoldFailure> {
    let mut read = pin!(session.downstream_session.read_request_body());
    loop {
        let read = timeout_at(pace.patience(), &mut read);
        let read = tokio::select! {
            read = read => read,
            () = room.ended() => return Err(HoldFailure::Refused(Refusal::SpoolFull)),
        };
        match read {
            Ok(piece) => return piece.map_err(HoldFailure::Client),
            Err(_) if pace.patience() <= Instant::now() => return Err(HoldFailure::Refused(pace.too_slow())),
            // Another upload on the connection has got on meanwhile.
            Err(_) => {}
        }
    }
}

impl From<HoldError> for HoldFailure {
    fn from(error: HoldError) -> Self {
        Self::Refused(match error {
            HoldError::TooLarge(limit) => Refusal::TooLarge(limit),
            HoldError::SpoolFull | HoldError::NoFile => Refusal::SpoolFull,
            HoldError::Spool(error) => {
                tracing::error!(event = "spool", %error, "the spool file failed");
                Refusal::SpoolFull
            }
        })
    }
}

/// The length of the body, if it is known before the body has come.
pub(super) fn declared_length(session: &Session) -> Option<u64> {
    session.get_header(http::header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Tells a client that waits for `100 Continue` to go on (RFC 9110 §10.1.1). The origin never sees the expectation.
async fn answer_expectation(session: &mut Session) -> Result<(), HoldFailure> {
    let Some(expectation) = session.get_header(http::header::EXPECT) else {
        return Ok(());
    };
    if !expectation.as_bytes().eq_ignore_ascii_case(b"100-continue") {
        return Err(HoldFailure::Refused(Refusal::UnknownExpectation));
    }
    if session.req_header().version == http::Version::HTTP_10 {
        return Ok(());
    }
    let client = &mut session.downstream_session;
    // pingora ends the connection after any response that is written before the body has come, even this one.
    client.set_close_on_response_before_downstream_finish(false);
    let written = client.write_continue_response().await;
    client.set_close_on_response_before_downstream_finish(true);
    written.map_err(HoldFailure::Client)
}

async fn on_blocking_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HoldError> + Send + 'static,
) -> Result<T, HoldError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(HoldError::Spool(std::io::Error::other(error))),
    }
}
