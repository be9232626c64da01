//! Uploads that wait for a thread, in lines: those of one client network on one route stand in one.
//!
//! The line that has been given the least time is served next, so a line with many or costly uploads waits for itself
//! and not the others for it (start-time fair queueing, Goyal, Vin and Cheng 1996). Lines whose uploads are costly
//! never have all threads while others upload too. An upload that would wait too long is turned away at once: its
//! client can come again, and who is accepted is served soon. In a line that keeps bringing too many, "too long" is one
//! upload, and those who wait from before are served when nobody newer waits: a longer queue would make all of them
//! late and none faster (as in "Fail at Scale", Maurer, ACM Queue 13(8), 2015).

mod line;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::{Duration, Instant};

pub(super) use self::line::Line;
use self::line::{Admission, COSTLY, State, Stranger, mean};

/// A thread is kept for uploads that are not costly as long as one of them came within this time.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// Lines without jobs that are remembered.
const MOST_IDLE: usize = 10_000;

/// A line has many jobs when they take more than this part of the longest wait.
const MANY: u32 = 8;

/// Jobs that wait, and what those before them took.
#[derive(Debug)]
pub(super) struct Queue<J> {
    threads: usize,
    most: usize,
    max_wait: Duration,
    /// Those with jobs.
    lines: HashMap<Line, State<J>>,
    /// What is remembered of others.
    idle: HashMap<Line, State<J>>,
    waiting: usize,
    /// Time that every line with jobs has been given at least: a line that comes later starts from there.
    floor: Duration,
    /// What a job takes, whatever its line.
    usual: Duration,
    /// When a job that was not costly ended last.
    cheap_seen: Option<Instant>,
    /// Of lines that are not known.
    admission: Admission,
    /// How many of 100 lines that came lately began with a costly job.
    costly_strangers: u32,
}

/// What [`Queue::pop`] takes out.
#[derive(Debug)]
pub(super) struct Popped<J> {
    /// The job that is next, and its line.
    pub(super) next: Option<(Line, J)>,
    /// Jobs that have waited for too long.
    pub(super) late: Vec<J>,
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
            idle: HashMap::new(),
            waiting: 0,
            floor: Duration::ZERO,
            usual: Duration::ZERO,
            cheap_seen: None,
            admission: Admission::default(),
            costly_strangers: 0,
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
        let own = self.state(line);
        let is_costly = own.map_or(self.stranger() == Stranger::Costly, State::is_costly);
        let ahead = own.map_or(0, State::ahead);
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

    fn state(&self, line: &Line) -> Option<&State<J>> {
        self.lines.get(line).or_else(|| self.idle.get(line))
    }

    fn stranger(&self) -> Stranger {
        if self.costly_strangers > 50 { Stranger::Costly } else { Stranger::Cheap }
    }

    /// A line of which nothing is known.
    fn newcomer(&self, now: Instant) -> State<J> {
        State::new(self.floor, self.usual, self.stranger(), self.admission, now)
    }

    fn admission(&self, line: &Line) -> &Admission {
        self.state(line).map_or(&self.admission, |state| &state.admission)
    }

    fn note(&mut self, line: &Line, is_accepted: bool, now: Instant) {
        match self.lines.get_mut(line).or_else(|| self.idle.get_mut(line)) {
            Some(state) => {
                let was_strict = state.admission.is_strict();
                state.admission.note(is_accepted, self.max_wait, now);
                if state.admission.is_strict() && !was_strict {
                    state.set_aside();
                }
            }
            None => self.admission.note(is_accepted, self.max_wait, now),
        }
    }

    fn fits(&self, line: &Line, more: Duration, now: Instant) -> bool {
        let patience = match self.state(line) {
            Some(state) => state.patience(state.usual.max(self.usual), self.max_wait, now),
            None => self.admission.patience(self.usual, self.max_wait),
        };
        self.waiting < self.most && self.expected_wait(line, now) <= patience + more
    }

    /// Whether an upload that would stand in `line` can as well be turned away before it is received, because the line
    /// keeps bringing too many and is full. An upload for which this is true counts as turned away. It may wait for
    /// `more` than others, as below.
    pub(super) fn turns_away(&mut self, line: &Line, more: Duration, now: Instant) -> bool {
        let is_hopeless = self.admission(line).is_strict() && !self.fits(line, more, now);
        if is_hopeless {
            self.note(line, false, now);
        }
        is_hopeless
    }

    /// Puts `job` at the end of `line`. It may wait for `more` than others, as what is large took long to come.
    ///
    /// # Errors
    /// The job, when too many wait or it would wait too long.
    pub(super) fn push(&mut self, line: &Line, job: J, more: Duration, now: Instant) -> Result<(), J> {
        let is_accepted = self.fits(line, more, now);
        self.note(line, is_accepted, now);
        if !is_accepted {
            return Err(job);
        }
        let (remembered, newcomer) = (self.idle.remove(line), self.newcomer(now));
        let state = self.lines.entry(line.clone()).or_insert_with(|| remembered.unwrap_or(newcomer));
        if state.waiting() == 0 {
            state.given = state.given.max(self.floor);
        }
        state.push(job, more, now);
        self.waiting += 1;
        Ok(())
    }

    /// The job that is next, and those that have waited for too long. [`Queue::done`] has to be told when it has ended.
    pub(super) fn pop(&mut self, now: Instant) -> Popped<J> {
        // What was foreseen is not exact, and who waits for a little longer is better served than not.
        let too_long = self.max_wait + self.max_wait / 4;
        let late: Vec<J> = self.lines.values_mut().flat_map(|state| state.take_late(too_long, now)).collect();
        self.waiting -= late.len();
        Popped { next: self.take_next(now), late }
    }

    fn take_next(&mut self, now: Instant) -> Option<(Line, J)> {
        let may_be_costly = self.costly_running() < self.for_costly(now);
        let served = |state: &State<J>| state.may_run() && (may_be_costly || !state.is_costly());
        let waiting = self.lines.iter_mut().filter(|(_, state)| served(state));
        let usual = self.usual;
        let (line, state) = waiting.min_by_key(|(_, state)| (state.turn(usual), state.oldest()))?;
        let many = self.max_wait / MANY * u32::try_from(self.threads).unwrap_or(u32::MAX);
        let job = state.pop(state.time_of(state.ahead()) > many, self.max_wait / 2, now)?;
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
        let Some(state) = self.lines.get_mut(line) else { return };
        if state.is_new() {
            let share = if time < COSTLY { 0 } else { 100 };
            self.costly_strangers = (self.costly_strangers * 7 + share).div_ceil(8);
        }
        state.done(time, now);
        if state.is_idle()
            && let Some(state) = self.lines.remove(line)
        {
            self.idle.insert(line.clone(), state);
            self.forget();
        }
    }

    /// Notes that `line` was given `time` besides.
    pub(super) fn charge(&mut self, line: &Line, time: Duration, now: Instant) {
        let (floor, newcomer) = (self.floor, self.newcomer(now));
        let state = match self.lines.get_mut(line) {
            Some(state) => state,
            None => self.idle.entry(line.clone()).or_insert(newcomer),
        };
        state.given = state.given.max(floor) + time;
        self.forget();
    }

    /// Forgets the older half of the lines without jobs when there are many: those known to be cheap fare better than
    /// strangers, so they are remembered for long.
    fn forget(&mut self) {
        if self.idle.len() <= MOST_IDLE {
            return;
        }
        let mut seen: Vec<Instant> = self.idle.values().map(|state| state.seen).collect();
        let middle = seen.len() / 2;
        let (_, median, _) = seen.select_nth_unstable(middle);
        let median = *median;
        self.idle.retain(|_, state| state.seen > median);
    }
}
