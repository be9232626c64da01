//! What becomes of a request that failed on its way: an answer of ours while one can still be given, and a line in the
//! log.

use pingora::proxy::{FailToProxy, Session};
use pingora::{Error, ErrorSource, ErrorType};

use super::answer::{Answer, Refusal};
use super::{Gate, Passage, request_log, wire};

/// The kind of error of a request for which there was no room at the origin.
pub(super) const ORIGIN_BUSY: &str = "OriginBusy";

/// Whose fault it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The origin's, or that of the way there.
    Origin,
    /// Nobody's: there are as many requests at the origin as there may be.
    OriginBusy,
    /// The client went away.
    ClientGone,
    /// The client sent too slowly, or something that cannot be read.
    Client,
    /// Ours.
    Own,
}

impl Fault {
    fn of(error: &Error) -> Self {
        let is_gone = matches!(
            error.etype(),
            ErrorType::WriteError
                | ErrorType::ReadError
                | ErrorType::ConnectionClosed
                | ErrorType::WriteTimedout
                | ErrorType::H2Error
        );
        match error.esource() {
            _ if *error.etype() == ErrorType::Custom(ORIGIN_BUSY) => Self::OriginBusy,
            ErrorSource::Upstream => Self::Origin,
            ErrorSource::Downstream if is_gone => Self::ClientGone,
            ErrorSource::Downstream => Self::Client,
            ErrorSource::Internal | ErrorSource::Unset => Self::Own,
        }
    }

    fn refusal(self, error: &Error) -> Option<Refusal> {
        let is_timeout = matches!(error.etype(), ErrorType::ReadTimedout | ErrorType::WriteTimedout);
        match self {
            Self::ClientGone => None,
            Self::OriginBusy => Some(Refusal::OriginBusy),
            Self::Origin if is_timeout => Some(Refusal::OriginTimeout),
            Self::Origin => Some(Refusal::OriginFailed),
            Self::Client if is_timeout => Some(Refusal::TooSlow),
            Self::Client => Some(Refusal::Broken),
            Self::Own => Some(Refusal::Internal),
        }
    }
}

impl Gate {
    /// Answers a request that failed, unless its client is gone or has part of an answer.
    pub(super) async fn fail(&self, session: &mut Session, error: &Error, passage: &mut Passage) -> FailToProxy {
        passage.end_replay(session);
        passage.pending = None;
        session.set_keepalive(None);
        let is_answered = session.response_written().is_some();
        if *error.esource() == ErrorSource::Downstream
            && !is_answered
            && !passage.is_refused
            && let Some(violation) = wire::violation(session)
        {
            // The origin has part of the body, on a connection that ends.
            let refusal = Refusal::Wire(violation);
            if let Err(error) = self.refuse(session, passage, &refusal).await {
                request_log::client_gone(session, passage, &error);
            }
            return ended(refusal.status().as_u16());
        }
        let fault = Fault::of(error);
        let Some(refusal) = fault.refusal(error) else {
            request_log::client_gone(session, passage, error);
            return ended(0);
        };
        passage.reference();
        self.metrics.count_refused(refusal.code());
        match fault {
            Fault::Origin => request_log::origin_failed(session, passage, refusal.code(), error),
            Fault::Own => request_log::failed(session, passage, refusal.code(), error),
            Fault::Client | Fault::ClientGone | Fault::OriginBusy => {
                request_log::refused(session, passage, refusal.code())
            }
        }
        if is_answered {
            return ended(0);
        }
        let answer = Answer::refused(&refusal, passage.reference());
        if let Err(error) = self.answer_early(session, &answer).await {
            request_log::client_gone(session, passage, &error);
        }
        ended(answer.status())
    }
}

fn ended(error_code: u16) -> FailToProxy {
    FailToProxy { error_code, can_reuse_downstream: false }
}
