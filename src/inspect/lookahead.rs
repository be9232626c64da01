//! Threads that would have nothing else to do work on uploads that are still arriving.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::ahead::{Ahead, Left};
use super::pool::Pool;
use super::queue::Line;
use crate::body::Spooled;
use crate::content::{Deadline, WorkClock};
use crate::media::{DecodeMeans, ForeignDecoder};
use crate::snapshot::Snapshot;
use crate::telemetry::Metrics;

/// Those who work.
#[derive(Clone)]
pub(super) struct Threads {
    pub(super) pool: Arc<Pool>,
    pub(super) foreign: Arc<dyn ForeignDecoder>,
    pub(super) metrics: Arc<Metrics>,
}

/// One upload that is worked on while it arrives. Dropping it ends that.
pub struct Lookahead {
    threads: Threads,
    line: Line,
    arrival: Arc<Arrival>,
}

/// An upload between the threads that work on it and the one that takes it over when it is whole.
pub(super) struct Arrival {
    /// None when it has been taken over.
    ahead: Mutex<Option<Ahead>>,
    progress: Mutex<Progress>,
    /// Whether it is whole, or given up.
    is_over: AtomicBool,
}

#[derive(Default)]
struct Progress {
    /// What has come, if there is anything to do about it.
    spooled: Option<Spooled>,
    /// Whether a thread works on it or is going to.
    is_queued: bool,
}

impl Lookahead {
    pub(super) fn new(threads: Threads, line: Line, ahead: Ahead) -> Self {
        let arrival =
            Arrival { ahead: Mutex::new(Some(ahead)), progress: Mutex::default(), is_over: AtomicBool::new(false) };
        Self { threads, line, arrival: Arc::new(arrival) }
    }

    /// Says how much has come. It is worked on if a thread has time for it, and nobody waits for that.
    pub fn has_come(&self, spooled: Spooled) {
        if self.arrival.note(spooled) {
            self.threads.clone().queue(self.line.clone(), Arc::clone(&self.arrival));
        }
    }

    /// The upload, for the thread that inspects it as a whole.
    pub(super) fn into_arrival(self) -> Arc<Arrival> {
        Arc::clone(&self.arrival)
    }
}

impl Drop for Lookahead {
    fn drop(&mut self) {
        self.arrival.is_over.store(true, Ordering::Release);
    }
}

impl Threads {
    fn queue(self, line: Line, arrival: Arc<Arrival>) {
        let (pool, queued) = (Arc::clone(&self.pool), Arc::clone(&arrival));
        if !pool.run_when_idle(line.clone(), move || self.work_on(line, arrival)) {
            queued.lock().is_queued = false;
        }
    }

    /// Works on `arrival` until nothing is left or an upload that is whole waits for a thread.
    fn work_on(self, line: Line, arrival: Arc<Arrival>) {
        let Some(spooled) = arrival.next() else { return };
        let is_over = || arrival.is_over.load(Ordering::Acquire) || self.pool.waiting() > 0;
        let (left, bytes) = arrival.go_on(&spooled, &*self.foreign, &is_over);
        self.metrics.inspected_ahead.inc_by(bytes);
        if left == Left::Something {
            arrival.lock().spooled.get_or_insert(spooled);
        }
        self.queue(line, arrival);
    }
}

impl Arrival {
    fn lock(&self) -> std::sync::MutexGuard<'_, Progress> {
        // It is one value or another, whoever panicked.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what has come. Says whether a thread has to be found.
    fn note(&self, spooled: Spooled) -> bool {
        let mut progress = self.lock();
        progress.spooled = Some(spooled);
        !std::mem::replace(&mut progress.is_queued, true)
    }

    /// What there is to work on; from `None` on, a thread has to be found again.
    fn next(&self) -> Option<Spooled> {
        let mut progress = self.lock();
        let spooled = progress.spooled.take().filter(|_| !self.is_over.load(Ordering::Acquire));
        progress.is_queued = spooled.is_some();
        spooled
    }

    /// Works on what has come. Says how many more bytes have been worked on.
    fn go_on(&self, spooled: &Spooled, foreign: &dyn ForeignDecoder, is_over: &dyn Fn() -> bool) -> (Left, u64) {
        let nothing = (Left::Nothing, 0);
        let Ok(mut slot) = self.ahead.lock() else { return nothing };
        let (Some(ahead), Ok(body)) = (slot.as_mut(), spooled.map()) else { return nothing };
        let (before, clock) = (ahead.taken(), WorkClock::start());
        let snapshot = Arc::clone(ahead.snapshot());
        let limits = &snapshot.config.limits;
        let length = body.len() as u64;
        let work = limits.inspection_work(length).saturating_sub(ahead.worked());
        let deadline = Deadline::after(limits.inspection_time(length)).or_after_work(work);
        let left = ahead.go_on(&body, &DecodeMeans { limits: &limits.decode, deadline, foreign }, is_over);
        ahead.note_work(clock.worked());
        (left, ahead.taken() - before)
    }

    /// The work so far, for the thread that inspects the upload as a whole. Waits for the thread that works on it,
    /// which stops as soon as it can. There is none where that thread panicked, or compared with another snapshot.
    pub(super) fn take_over(&self, snapshot: &Arc<Snapshot>) -> Option<Ahead> {
        let ahead = self.ahead.lock().ok().and_then(|mut slot| slot.take());
        ahead.filter(|ahead| Arc::ptr_eq(ahead.snapshot(), snapshot) && ahead.taken() > 0)
    }
}
