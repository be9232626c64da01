//! One line of the queue: who stands in it, and whether more may come.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::content::ClientNetwork;

/// Uploads take so long on average in a line that is costly. Photos take a quarter of it.
pub(super) const COSTLY: Duration = Duration::from_millis(100);

/// Who is turned away within this part of the longest wait came all at once.
const BURST_END: u32 = 4;

/// After how many times the longest wait it is tried whether all can be served, the first time. Each time takes twice
/// as long as the one before, up to so many times.
const FIRST_TRIAL: u32 = 4;
const MOST_TRIALS: u32 = 4;

/// How many times the longest wait a burst may take, of a line that was empty just before.
const BURST: u32 = 2;

/// The least time that any upload may have to wait: below it the estimates are noise.
const LEAST_WAIT: Duration = Duration::from_millis(20);

/// Who waits together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::inspect) struct Line {
    client: Option<ClientNetwork>,
    route: Arc<str>,
}

impl Line {
    /// Of clients in one network who upload on `route`.
    pub(in crate::inspect) fn of(client: Option<ClientNetwork>, route: &Arc<str>) -> Self {
        Self { client, route: Arc::clone(route) }
    }
}

/// The jobs of a line, and what those before them took.
#[derive(Debug)]
pub(super) struct State<J> {
    jobs: VecDeque<Waiting<J>>,
    /// Jobs that were waiting when too many came: served when nobody newer waits, and turned away when they have waited
    /// for too long.
    backlog: Vec<Waiting<J>>,
    pub(super) running: usize,
    /// Time that the line has been given, what is under way as it is expected.
    pub(super) given: Duration,
    /// What a job of the line takes.
    pub(super) usual: Duration,
    /// What is expected of a line of which no job has ended.
    new: Option<Stranger>,
    /// When something happened in it last.
    pub(super) seen: Instant,
    /// When somebody came to the line while nobody waited.
    busy_since: Instant,
    pub(super) admission: Admission,
}

#[derive(Debug)]
struct Waiting<J> {
    job: J,
    /// When it came, or later by what it may wait longer than others.
    since: Instant,
}

/// What the first uploads of other lines were like lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    Cheap,
    Costly,
}

/// Whether those who come wait as long as they may, or only for one other, and what came of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Admission {
    is_strict: bool,
    /// When counting began.
    since: Option<Instant>,
    /// When somebody was turned away first.
    refused_since: Option<Instant>,
    /// When it is tried again whether all can be served: clients that come again at once are refused for ever by a line
    /// in which only one may wait, and would all be served by one in which all may.
    strict_until: Option<Instant>,
    /// How often that was tried in vain.
    trials: u32,
    accepted: u32,
    refused: u32,
}

impl Admission {
    /// Whether too many keep coming.
    pub(super) fn is_strict(&self) -> bool {
        self.is_strict
    }

    /// Time that somebody may have to wait where a job takes `usual`.
    pub(super) fn patience(&self, usual: Duration, max_wait: Duration) -> Duration {
        if self.is_strict { usual.max(LEAST_WAIT).min(max_wait) } else { max_wait }
    }

    /// Notes what came of somebody. It is strict when some are turned away for a while, and not all at once as at the
    /// end of a burst, until nine in ten of those who come within `max_wait` are accepted.
    pub(super) fn note(&mut self, is_accepted: bool, max_wait: Duration, now: Instant) {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= max_wait) {
            let is_over = self.refused.saturating_mul(9) <= self.accepted;
            let is_tried = self.strict_until.is_some_and(|until| now >= until);
            *self = Self {
                is_strict: self.is_strict && !is_over && !is_tried,
                since: Some(now),
                refused_since: self.refused_since.filter(|_| self.refused > 0 && !is_tried),
                trials: if is_over { 0 } else { self.trials },
                strict_until: self.strict_until.filter(|_| !is_over && !is_tried),
                ..Self::default()
            };
        }
        if !is_accepted {
            let first = *self.refused_since.get_or_insert(now);
            if !self.is_strict && now.saturating_duration_since(first) >= max_wait / BURST_END {
                self.is_strict = true;
                self.strict_until = Some(now + max_wait * (FIRST_TRIAL << self.trials));
                self.trials = (self.trials + 1).min(MOST_TRIALS);
            }
        }
        let count = if is_accepted { &mut self.accepted } else { &mut self.refused };
        *count = count.saturating_add(1);
    }
}

impl<J> State<J> {
    /// A line that has been given as much as any, of which nothing is known but what others are like.
    pub(super) fn new(given: Duration, usual: Duration, like: Stranger, admission: Admission, now: Instant) -> Self {
        let (jobs, backlog) = (VecDeque::new(), Vec::new());
        Self { jobs, backlog, running: 0, given, usual, new: Some(like), seen: now, busy_since: now, admission }
    }

    /// Whether no job of it has ended.
    pub(super) fn is_new(&self) -> bool {
        self.new.is_some()
    }

    /// Jobs that wait.
    pub(super) fn waiting(&self) -> usize {
        self.jobs.len() + self.backlog.len()
    }

    /// Since when somebody waits.
    pub(super) fn oldest(&self) -> Option<Instant> {
        let first = [self.backlog.first(), self.jobs.front()];
        first.into_iter().flatten().map(|waiting| waiting.since).min()
    }

    /// Jobs that wait and are not from before too many came.
    pub(super) fn ahead(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting() == 0 && self.running == 0
    }

    /// Nobody is blamed for what others did, unless most of those who came lately did it.
    pub(super) fn is_costly(&self) -> bool {
        self.new.map_or(self.usual >= COSTLY, |like| like == Stranger::Costly)
    }

    /// When it is served, in given time. A line of which nothing is known may bring what is `usual` by now, which many
    /// hostile strangers make long: those that are known need not wait for all of these.
    pub(super) fn turn(&self, usual: Duration) -> Duration {
        if self.is_new() { self.given + usual } else { self.given }
    }

    /// Whether a job of it may begin. As long as nothing is known of a line it has one thread.
    pub(super) fn may_run(&self) -> bool {
        self.waiting() > 0 && !(self.is_new() && self.running > 0)
    }

    pub(super) fn time_of(&self, jobs: usize) -> Duration {
        self.usual.saturating_mul(u32::try_from(jobs).unwrap_or(u32::MAX))
    }

    /// How many jobs are served before one of another line that starts at `start` in given time.
    pub(super) fn jobs_before(&self, start: Duration) -> usize {
        let Some(lead) = start.checked_sub(self.given) else { return 0 };
        let jobs = lead.as_nanos().checked_div(self.usual.as_nanos());
        jobs.map_or(self.waiting(), |jobs| self.waiting().min(usize::try_from(jobs).unwrap_or(usize::MAX) + 1))
    }

    /// `job` may wait for `more` than others.
    pub(super) fn push(&mut self, job: J, more: Duration, now: Instant) {
        if self.waiting() == 0 {
            self.busy_since = now;
        }
        self.jobs.push_back(Waiting { job, since: now + more });
    }

    /// How long somebody may have to wait who comes now, where others wait for `max_wait`.
    pub(super) fn patience(&self, usual: Duration, max_wait: Duration, now: Instant) -> Duration {
        let is_burst = self.waiting() == 0 || now.saturating_duration_since(self.busy_since) < max_wait;
        self.admission.patience(usual, if is_burst && !self.admission.is_strict { max_wait * BURST } else { max_wait })
    }

    /// Puts those who wait behind those who come from now on.
    pub(super) fn set_aside(&mut self) {
        self.backlog.extend(self.jobs.drain(..));
    }

    /// The job that is next. The newest of many, so that most are served soon in a burst, unless the oldest has waited
    /// for `long`.
    pub(super) fn pop(&mut self, are_many: bool, long: Duration, now: Instant) -> Option<J> {
        let is_old = |waiting: &Waiting<J>| now.saturating_duration_since(waiting.since) >= long;
        let is_newest_next = are_many && !self.jobs.front().is_some_and(is_old);
        let next = if is_newest_next { self.jobs.pop_back() } else { self.jobs.pop_front() };
        next.or_else(|| self.backlog.pop()).map(|waiting| waiting.job)
    }

    /// Those of the backlog who have waited for too long.
    pub(super) fn take_late(&mut self, too_long: Duration, now: Instant) -> impl Iterator<Item = J> {
        let is_late = move |waiting: &mut Waiting<J>| now.saturating_duration_since(waiting.since) > too_long;
        self.backlog.extract_if(.., is_late).map(|waiting| waiting.job)
    }

    /// Notes that a job has taken `time`.
    pub(super) fn done(&mut self, time: Duration, now: Instant) {
        self.running = self.running.saturating_sub(1);
        self.given = (self.given + time).saturating_sub(self.usual);
        self.usual = if self.is_new() { time } else { mean(self.usual, time, 4) };
        self.new = None;
        self.seen = now;
    }
}

/// The mean of what was seen before and `now`, which counts one part in `weight`.
pub(super) fn mean(before: Duration, now: Duration, weight: u32) -> Duration {
    before / weight * (weight - 1) + now / weight
}
