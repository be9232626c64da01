//! How long a client may say nothing while nothing of it is being worked on.
//!
//! pingora waits for the first byte, for the rest of a header and for the next request as long as the client likes. A
//! connection costs a descriptor, and there are not many.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use crate::config::Connections;

/// What a client is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// Its first bytes.
    ToBegin,
    /// A request.
    ForRequest,
    /// The rest of a header.
    ForHeader,
    /// Nothing, or something that is timed elsewhere.
    ForNothing,
}

/// Times one wait after the other.
#[derive(Debug)]
pub(super) struct Patience {
    opening: Duration,
    header: Duration,
    idle: Duration,
    waiting: Waiting,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(super) fn new(times: &Connections) -> Self {
        Self {
            opening: times.opening_timeout,
            header: times.header_timeout,
            idle: times.idle_timeout,
            waiting: Waiting::ForNothing,
            timer: None,
        }
    }

    /// The wait is over: the next begins when it is asked about.
    pub(super) fn start_anew(&mut self) {
        self.waiting = Waiting::ForNothing;
    }

    /// Ready once the client has been waited for in this way for too long.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, waiting: Waiting) -> Poll<()> {
        let time = match waiting {
            Waiting::ToBegin => self.opening,
            Waiting::ForRequest => self.idle,
            Waiting::ForHeader => self.header,
            Waiting::ForNothing => {
                self.waiting = waiting;
                return Poll::Pending;
            }
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(time)));
        if self.waiting != waiting {
            self.waiting = waiting;
            timer.as_mut().reset(Instant::now() + time);
        }
        timer.as_mut().poll(context)
    }
}
