//! Uploads that wait for a thread, in lines: those of one client network on one route stand in one.
//!
//! The line that has been given the least time is served next, so a line with many or costly uploads waits for itself
//! and not the others for it (start-time fair queueing, Goyal, Vin and Cheng 1996). Lines whose uploads are costly never
//! have all threads while others upload too. An upload that would wait too long is turned away at once: its client can
//! come again, and who is accepted is served soon. In a line that keeps bringing too many, "too long" is a few uploads:
//! a longer queue would make all of them late and none faster (as in "Fail at Scale", Maurer, ACM Queue 13(8), 2015).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::content::ClientNetwork;

/// Uploads take so long on average in a line that is costly. Photos take a quarter of it.
const COSTLY: Duration = Duration::from_millis(100);

/// A thread is kept for uploads that are not costly as long as one of them came within this time.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// Uploads that may be served before one of a line that brings too many.
const STRICT_WAIT: u32 = 3;

/// The least time that any upload may have to wait: below it the estimates are noise.
const LEAST_WAIT: Duration = Duration::from_millis(20);

/// Who waits together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Line {
    client: Option<ClientNetwork>,
    route: Arc<str>,
}

impl Line {
    /// Of clients in one network who upload on `route`.
    pub(super) fn of(client: Option<ClientNetwork>, route: &Arc<str>) -> Self {
        Self { client, route: Arc::clone(route) }
    }
}

/// Jobs that wait, and what those before them took.
#[derive(Debug)]
pub(super) struct Queue<J> {
    threads: usize,
    most: usize,
    max_wait: Duration,
    lines: HashMap<Line, State<J>>,
    waiting: usize,
    /// Time that every line with jobs has been given at least: a line that comes later starts from there.
    floor: Duration,
    /// What a job takes, whatever its line.
    usual: Duration,
    /// When a job that was not costly ended last.
    cheap_seen: Option<Instant>,
    /// Of lines that are not known.
    admission: Admission,
}

#[derive(Debug)]
struct State<J> {
    jobs: VecDeque<J>,
    running: usize,
    /// Time that the line has been given, what is under way as it is expected.
    given: Duration,
    /// What a job of the line takes.
    usual: Duration,
    /// Whether none of it has ended, so that this is what others take.
    is_new: bool,
    admission: Admission,
}

/// Whether those who come wait as long as they may, or only for a few others, and what came of them.
#[derive(Clone, Copy, Debug, Default)]
struct Admission {
    is_strict: bool,
    /// When counting began.
    since: Option<Instant>,
    accepted: u32,
    refused: u32,
}

impl Admission {
    /// Time that somebody may have to wait where a job takes `usual`.
    fn patience(&self, usual: Duration, max_wait: Duration) -> Duration {
        if self.is_strict { (usual * STRICT_WAIT).max(LEAST_WAIT).min(max_wait) } else { max_wait }
    }

    /// Notes what came of somebody. It is strict from the first who would wait for `max_wait`, until nine in ten of
    /// those who come in such a time are accepted.
    fn note(&mut self, is_accepted: bool, max_wait: Duration, now: Instant) {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= max_wait) {
            let is_over = self.refused.saturating_mul(9) <= self.accepted;
            *self = Self { is_strict: self.is_strict && !is_over, since: Some(now), ..Self::default() };
        }
        self.is_strict |= !is_accepted;
        let count = if is_accepted { &mut self.accepted } else { &mut self.refused };
        *count = count.saturating_add(1);
    }
}

/// The mean of what was seen before and `now`, which counts one part in `weight`.
fn mean(before: Duration, now: Duration, weight: u32) -> Duration {
    before / weight * (weight - 1) + now / weight
}

impl<J> State<J> {
    fn is_idle(&self) -> bool {
        self.jobs.is_empty() && self.running == 0
    }

    /// Nobody is blamed for what others did.
    fn is_costly(&self) -> bool {
        self.usual >= COSTLY && !self.is_new
    }

    fn time_of(&self, jobs: usize) -> Duration {
        self.usual.saturating_mul(u32::try_from(jobs).unwrap_or(u32::MAX))
    }

    /// How many jobs are served before one of another line that starts at `start` in given time.
    fn jobs_before(&self, start: Duration) -> usize {
        let Some(lead) = start.checked_sub(self.given) else { return 0 };
        let jobs = lead.as_nanos().checked_div(self.usual.as_nanos());
        jobs.map_or(self.jobs.len(), |jobs| self.jobs.len().min(usize::try_from(jobs).unwrap_or(usize::MAX) + 1))
    }
}

impl<J> Queue<J> {
    /// For `threads` threads, with at most `most` jobs that wait, none of them longer than `max_wait` if all goes as
    /// before.
    pub(super) fn new(threads: usize, most: usize, max_wait: Duration) -> Self {
        let threads = threads.max(1);
        Self {
            threads,
            most,
            max_wait,
            lines: HashMap::new(),
            waiting: 0,
            floor: Duration::ZERO,
            usual: Duration::ZERO,
            cheap_seen: None,
            admission: Admission::default(),
        }
    }

    /// Jobs that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Threads that costly lines may have together.
    fn for_costly(&self, now: Instant) -> usize {
        let is_shared = self.cheap_seen.is_some_and(|seen| now.saturating_duration_since(seen) < KEPT_FOR);
        if is_shared { (self.threads - 1).max(1) } else { self.threads }
    }

    fn costly_running(&self) -> usize {
        self.lines.values().filter(|state| state.is_costly()).map(|state| state.running).sum()
    }

    /// How long a job at the end of `line` would wait, if all goes as before.
    fn expected_wait(&self, line: &Line, now: Instant) -> Duration {
        let own = self.lines.get(line);
        let is_costly = own.is_some_and(State::is_costly);
        let ahead = own.map_or(0, |state| state.jobs.len());
        let start = own.map_or(self.floor, |state| state.given.max(self.floor) + state.time_of(ahead));
        let threads =
            if is_costly { self.for_costly(now) } else { self.threads - self.costly_running().min(self.threads - 1) };
        // Others of the kind share the threads.
        let rivals = self.lines.iter().filter(|(_, state)| state.is_costly() == is_costly);
        let (mut running, mut time) = (0, Duration::ZERO);
        for (other, state) in rivals {
            let before = if other == line { ahead } else { state.jobs_before(start) };
            // What runs is half done.
            time += state.time_of(before) + state.time_of(state.running) / 2;
            running += state.running;
        }
        if running < threads && ahead == 0 { Duration::ZERO } else { time / u32::try_from(threads).unwrap_or(u32::MAX) }
    }

    fn admission(&self, line: &Line) -> &Admission {
        self.lines.get(line).map_or(&self.admission, |state| &state.admission)
    }

    fn note(&mut self, line: &Line, is_accepted: bool, now: Instant) {
        let admission = self.lines.get_mut(line).map_or(&mut self.admission, |state| &mut state.admission);
        admission.note(is_accepted, self.max_wait, now);
    }

    fn fits(&self, line: &Line, now: Instant) -> bool {
        let usual = self.lines.get(line).map_or(self.usual, |state| state.usual.max(self.usual));
        let patience = self.admission(line).patience(usual, self.max_wait);
        self.waiting < self.most && self.expected_wait(line, now) <= patience
    }

    /// Whether an upload that would stand in `line` can as well be turned away before it is received, because the line
    /// keeps bringing too many and is full. An upload for which this is true counts as turned away.
    pub(super) fn turns_away(&mut self, line: &Line, now: Instant) -> bool {
        let is_hopeless = self.admission(line).is_strict && !self.fits(line, now);
        if is_hopeless {
            self.note(line, false, now);
        }
        is_hopeless
    }

    /// Puts `job` at the end of `line`.
    ///
    /// # Errors
    /// The job, when too many wait or it would wait too long.
    pub(super) fn push(&mut self, line: &Line, job: J, now: Instant) -> Result<(), J> {
        let is_accepted = self.fits(line, now);
        self.note(line, is_accepted, now);
        if !is_accepted {
            return Err(job);
        }
        let (given, usual, admission) = (self.floor, self.usual, self.admission);
        let new = || State { jobs: VecDeque::new(), running: 0, given, usual, is_new: true, admission };
        let state = self.lines.entry(line.clone()).or_insert_with(new);
        if state.jobs.is_empty() {
            state.given = state.given.max(self.floor);
        }
        state.jobs.push_back(job);
        self.waiting += 1;
        Ok(())
    }

    /// The job that is next, and its line. [`Queue::done`] has to be told when it has ended.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Line, J)> {
        let may_be_costly = self.costly_running() < self.for_costly(now);
        let served = |state: &State<J>| !state.jobs.is_empty() && (may_be_costly || !state.is_costly());
        let waiting = self.lines.iter_mut().filter(|(_, state)| served(state));
        let (line, state) = waiting.min_by_key(|(_, state)| state.given)?;
        let job = state.jobs.pop_front()?;
        self.floor = self.floor.max(state.given);
        state.given += state.usual;
        state.running += 1;
        self.waiting -= 1;
        Some((line.clone(), job))
    }

    /// Notes that a job of `line` has taken `time`.
    pub(super) fn done(&mut self, line: &Line, time: Duration, now: Instant) {
        self.usual = mean(self.usual, time, 8);
        if time < COSTLY {
            self.cheap_seen = Some(now);
        }
        if let Some(state) = self.lines.get_mut(line) {
            state.running = state.running.saturating_sub(1);
            state.given = (state.given + time).saturating_sub(state.usual);
            state.usual = if state.is_new { time } else { mean(state.usual, time, 4) };
            state.is_new = false;
        }
        // A line is remembered while it may have had more than its share, and no longer than memory is bounded.
        let (floor, is_full) = (self.floor, self.lines.len() > 2 * self.most + self.threads);
        self.lines.retain(|_, state| !state.is_idle() || !is_full && (state.given > floor || state.is_costly()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(10);

    fn line(client: u8) -> Line {
        Line::of(Some(ClientNetwork::of([10, 0, client, 1].into())), &"uploads".into())
    }

    /// A queue with one clock.
    struct Serving {
        queue: Queue<u8>,
        now: Instant,
    }

    impl Serving {
        fn new(threads: usize, most: usize, max_wait: Duration) -> Self {
            Self { queue: Queue::new(threads, most, max_wait), now: Instant::now() }
        }

        fn push(&mut self, client: u8) -> Result<(), u8> {
            self.queue.push(&line(client), client, self.now)
        }

        fn pop(&mut self) -> Option<u8> {
            self.queue.pop(self.now).map(|(_, job)| job)
        }

        /// Serves the next job for `time`, and says whose it was.
        fn serve(&mut self, time: Duration) -> Option<u8> {
            let (line, job) = self.queue.pop(self.now)?;
            self.now += time;
            self.queue.done(&line, time, self.now);
            Some(job)
        }
    }

    #[test]
    fn who_brings_many_waits_for_himself() {
        let mut serving = Serving::new(1, 100, Duration::from_secs(9));
        (0..10).for_each(|_| serving.push(1).unwrap());
        assert_eq!(serving.serve(SHORT), Some(1));
        serving.push(2).unwrap();
        serving.push(2).unwrap();
        let order: Vec<u8> = std::iter::from_fn(|| serving.serve(SHORT)).collect();
        let first = order[..3].iter().filter(|client| **client == 2).count();
        assert_eq!((order.len(), first), (11, 2), "{order:?}");
        assert_eq!(serving.queue.waiting(), 0);
    }

    #[test]
    fn costly_lines_have_all_threads_only_where_nobody_else_uploads() {
        let mut serving = Serving::new(3, 100, Duration::from_secs(60));
        let all_that_run = |serving: &mut Serving| {
            (0..5).for_each(|_| serving.push(1).unwrap());
            let running: Vec<u8> = std::iter::from_fn(|| serving.pop()).take(3).collect();
            running.iter().for_each(|_| serving.queue.done(&line(1), 2 * COSTLY, serving.now));
            while serving.serve(2 * COSTLY).is_some() {}
            running.len()
        };
        assert_eq!(all_that_run(&mut serving), 3, "nothing is known of it");
        assert_eq!(all_that_run(&mut serving), 3, "nobody else was there");
        serving.push(2).unwrap();
        assert_eq!(serving.serve(SHORT), Some(2));
        assert_eq!(all_that_run(&mut serving), 2, "a thread is kept");
        serving.now += KEPT_FOR;
        assert_eq!(all_that_run(&mut serving), 3, "the other is gone");
    }

    #[test]
    fn who_would_wait_too_long_is_turned_away_and_others_are_not() {
        let mut serving = Serving::new(1, 100, 5 * SHORT);
        serving.push(1).unwrap();
        assert_eq!(serving.serve(SHORT), Some(1));
        serving.push(1).unwrap();
        let running = serving.queue.pop(serving.now).unwrap().0;
        let accepted = (0..50).take_while(|_| serving.push(1).is_ok()).count();
        assert_eq!(accepted, 5, "half a job and five more are 55 ms");
        assert_eq!(serving.push(2), Ok(()), "it is served next");
        serving.queue.done(&running, SHORT, serving.now);
        assert_eq!(serving.serve(SHORT), Some(2));
    }

    #[test]
    fn a_line_that_brings_too_many_waits_for_few_until_it_brings_less() {
        let second = Duration::from_secs(1);
        let mut serving = Serving::new(1, 1000, second);
        let fill = |serving: &mut Serving| (0..500).take_while(|_| serving.push(1).is_ok()).count();
        serving.push(1).unwrap();
        serving.serve(SHORT);
        assert!(!serving.queue.turns_away(&line(1), serving.now), "nothing is known of it");
        assert!(fill(&mut serving) >= 100, "a burst waits for a second");
        assert!(serving.queue.turns_away(&line(1), serving.now));
        assert!(!serving.queue.turns_away(&line(2), serving.now));
        let mut waiting = Vec::new();
        for _ in 0..300 {
            serving.serve(SHORT);
            for _ in 0..5 {
                let _accepted = serving.push(1);
            }
            waiting.push(serving.queue.waiting());
        }
        let last = &waiting[150..];
        assert!(last.iter().all(|waiting| (1..=4).contains(waiting)), "soon and never idle: {last:?}");
        for _ in 0..100 {
            while serving.serve(SHORT).is_some() {}
            serving.push(1).unwrap();
            serving.now += 3 * SHORT;
        }
        assert!(fill(&mut serving) >= 100, "it is as before");
    }

    #[test]
    fn lines_are_forgotten_in_the_end() {
        let mut serving = Serving::new(2, 10, Duration::from_secs(60));
        for client in 0..200 {
            serving.push(client).unwrap();
            assert_eq!(serving.serve(2 * COSTLY), Some(client));
        }
        assert!(serving.queue.lines.len() <= 23, "{}", serving.queue.lines.len());
    }
}
