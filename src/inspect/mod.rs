//! Extract → hash and scan → match: what is found out about one upload.
//!
//! [`examine`] does the work on one thread and knows no clock but its [`Deadline`]; [`Inspector`] runs it on the pool
//! and turns overload, lost time and panics into doubts, so that no fault ever becomes a silent "allow". What can be
//! done before a body is whole is done ahead, by threads that have nothing else to do.

mod ahead;
mod doubts;
mod examine;
mod lineage;
mod lookahead;
mod pool;
mod queue;
mod stretches;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::body::Stores;
use crate::config::{Ambiguity, Limits, Server};
use crate::content::{ClientNetwork, Deadline};
use crate::media::{DecodeMeans, ForeignDecoder};
use crate::snapshot::Snapshot;
use crate::telemetry::Metrics;
use crate::verdict::{Doubt, DoubtKind, Findings};

pub use ahead::Known;
pub use examine::{Examination, Resources, examine};
pub use lookahead::Lookahead;

use ahead::Ahead;
use lookahead::Threads;
use pool::{Pool, PoolError};
use queue::Line;

/// Time past its deadline that an inspection gets to stop by itself, so that what it found until then counts.
const TO_STOP: Duration = Duration::from_secs(2);

/// What an inspection needs of an upload.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The held body.
    pub body: Bytes,
    /// Every `Content-Type` header's value.
    pub content_types: Vec<Bytes>,
    /// Every `Content-Encoding` header's value.
    pub content_encodings: Vec<Bytes>,
    /// What the request calls the body: file names and the like, as they were sent.
    pub names: Vec<Bytes>,
    /// The query of the request, if there are fields in it.
    pub query: Option<Bytes>,
    /// What the route does about bodies that servers read in different ways.
    pub ambiguity: Ambiguity,
    /// Name of the route, for rules that look at some routes only.
    pub route: Arc<str>,
}

/// The result of an inspection.
#[derive(Debug)]
pub struct Inspection {
    /// What was found, and what could not be found out.
    pub findings: Findings,
    /// Parts that were looked at.
    pub parts: usize,
    /// Time before a thread took it up.
    pub queued: Duration,
    /// Time it took then.
    pub worked: Duration,
}

/// Inspects uploads on a bounded pool of threads.
pub struct Inspector {
    threads: Threads,
    stores: Stores,
}

impl Inspector {
    /// Starts the threads. What they unpack takes its room out of `stores`; what they cannot decode they give to
    /// `foreign`.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start(
        server: &Server,
        limits: &Limits,
        stores: Stores,
        foreign: Arc<dyn ForeignDecoder>,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let pool = Arc::new(Pool::start(server.inspection_threads, limits.inspection_queue, limits.inspection_wait)?);
        Ok(Self { threads: Threads { pool, foreign, metrics }, stores })
    }

    /// Uploads that wait for a thread.
    pub fn waiting(&self) -> usize {
        self.threads.pool.waiting()
    }

    /// Whether an upload of so many `bytes` of `client` on `route` is better turned away before it is received: too
    /// many come from there, and those who wait are as many as may. Says no while that is not so for long enough to be
    /// sure.
    pub fn turns_away(&self, client: Option<ClientNetwork>, route: &Arc<str>, bytes: u64, limits: &Limits) -> bool {
        self.threads.pool.turns_away(&Line::of(client, route), limits.time_for_size(bytes))
    }

    /// Begins to work on an upload with these `Content-Type` and `Content-Encoding` headers while it arrives; `None`
    /// where nothing can be told of it before it is whole.
    pub fn look_ahead(
        &self,
        client: Option<ClientNetwork>,
        route: &Arc<str>,
        snapshot: Arc<Snapshot>,
        content_types: &[Bytes],
        content_encodings: &[Bytes],
    ) -> Option<Lookahead> {
        let ahead = Ahead::new(snapshot, content_types, content_encodings)?;
        Some(Lookahead::new(self.threads.clone(), Line::of(client, route), ahead))
    }

    /// Inspects `upload`, which came from `client`, against `snapshot`, going on from where `lookahead` is. Always
    /// comes to an end within the time its limits give.
    pub async fn inspect(
        &self,
        upload: Upload,
        client: Option<ClientNetwork>,
        snapshot: Arc<Snapshot>,
        lookahead: Option<Lookahead>,
    ) -> Inspection {
        let line = Line::of(client, &upload.route);
        let allowed = snapshot.config.limits.inspection_time(upload.body.len() as u64);
        let more = snapshot.config.limits.time_for_size(upload.body.len() as u64);
        let start = Instant::now();
        let (stores, foreign) = (self.stores.of(client), Arc::clone(&self.threads.foreign));
        let arrival = lookahead.map(Lookahead::into_arrival);
        let job = move || {
            let queued = start.elapsed();
            let ahead = arrival.and_then(|arrival| arrival.take_over(&snapshot));
            let limits = &snapshot.config.limits;
            let work = limits.inspection_work(upload.body.len() as u64);
            let work = work.saturating_sub(ahead.as_ref().map(Ahead::worked).unwrap_or_default());
            let deadline = Deadline::after(allowed.saturating_sub(queued)).or_after_work(work);
            let decode = DecodeMeans { limits: &limits.decode, deadline, foreign: &*foreign };
            let known = ahead.map(|ahead| ahead.finish(&upload.body, &decode)).unwrap_or_default();
            let resources = Resources { stores: &stores, foreign: &*foreign, deadline, known: &known };
            (examine(&upload, &snapshot, &resources), queued)
        };
        match tokio::time::timeout(allowed + TO_STOP, self.threads.pool.run(line, more, job)).await {
            Ok(Ok((examination, queued))) => {
                self.threads.metrics.decoder_panics.inc_by(examination.decoder_panics);
                Inspection {
                    findings: examination.findings,
                    parts: examination.parts.len(),
                    queued,
                    worked: start.elapsed().saturating_sub(queued),
                }
            }
            Ok(Err(PoolError::Full)) => Inspection::doubtful(DoubtKind::Overload, "overload", start),
            Ok(Err(PoolError::Panicked)) => {
                self.threads.metrics.inspection_panics.inc();
                Inspection::doubtful(DoubtKind::Undecodable, "inspection_panicked", start)
            }
            Err(_) => Inspection::doubtful(DoubtKind::Deadline, "deadline", start),
        }
    }
}

impl Inspection {
    fn doubtful(kind: DoubtKind, code: &'static str, start: Instant) -> Self {
        let doubt = Doubt { kind, code, part: None, offset: None };
        let findings = Findings { matches: Vec::new(), doubts: vec![doubt] };
        Self { findings, parts: 0, queued: start.elapsed(), worked: Duration::ZERO }
    }
}
