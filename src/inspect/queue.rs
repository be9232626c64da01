//! Uploads that wait for a thread, in lines: those of one client network on one route stand in one.
//!
//! The line that has been given the least time is served next, so a line with many or costly uploads waits for itself
//! and not the others for it. Lines whose uploads are costly never have all threads. An upload that would wait too long
//! is turned away at once: its client can come again, and who is accepted is served soon.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Uploads take so long on average in a line that is costly. Photos take a twentieth of it.
const COSTLY: Duration = Duration::from_millis(500);

/// Who waits together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Line {
    network: Option<IpAddr>,
    route: Arc<str>,
}

impl Line {
    /// Of a client at `address` who uploads on `route`. One client easily has a /24 of IPv4 or a /64 of IPv6.
    pub(super) fn of(address: Option<IpAddr>, route: &Arc<str>) -> Self {
        let network = address.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4((u32::from(address) & !0xff).into()),
            IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        });
        Self { network, route: Arc::clone(route) }
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
        }
    }

    /// Jobs that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Threads that costly lines may have together.
    fn for_costly(&self) -> usize {
        (self.threads - 1).max(1)
    }

    fn costly_running(&self) -> usize {
        self.lines.values().filter(|state| state.is_costly()).map(|state| state.running).sum()
    }

    /// How long a job at the end of `line` would wait, if all goes as before.
    fn expected_wait(&self, line: &Line) -> Duration {
        let own = self.lines.get(line);
        let (ahead, is_costly) = own.map_or((0, false), |state| (state.jobs.len(), state.is_costly()));
        let threads =
            if is_costly { self.for_costly() } else { self.threads - self.costly_running().min(self.threads - 1) };
        // Others of the kind share the threads; each other line is served as often before this one is.
        let rivals = self.lines.iter().filter(|(_, state)| state.is_costly() == is_costly);
        let (mut running, mut time) = (0, Duration::ZERO);
        for (other, state) in rivals {
            let before = if other == line { ahead } else { state.jobs.len().min(ahead + 1) };
            // What runs is half done.
            time += state.time_of(before) + state.time_of(state.running) / 2;
            running += state.running;
        }
        if running < threads && ahead == 0 { Duration::ZERO } else { time / u32::try_from(threads).unwrap_or(u32::MAX) }
    }

    /// Puts `job` at the end of `line`.
    ///
    /// # Errors
    /// The job, when too many wait or it would wait too long.
    pub(super) fn push(&mut self, line: &Line, job: J) -> Result<(), J> {
        if self.waiting >= self.most || self.expected_wait(line) > self.max_wait {
            return Err(job);
        }
        let (floor, usual) = (self.floor, self.usual);
        let new = || State { jobs: VecDeque::new(), running: 0, given: floor, usual, is_new: true };
        let state = self.lines.entry(line.clone()).or_insert_with(new);
        if state.jobs.is_empty() {
            state.given = state.given.max(floor);
        }
        state.jobs.push_back(job);
        self.waiting += 1;
        Ok(())
    }

    /// The job that is next, and its line. [`Queue::done`] has to be told when it has ended.
    pub(super) fn pop(&mut self) -> Option<(Line, J)> {
        let may_be_costly = self.costly_running() < self.for_costly();
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
    pub(super) fn done(&mut self, line: &Line, time: Duration) {
        self.usual = mean(self.usual, time, 8);
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
        Line::of(Some(IpAddr::from([10, 0, client, 1])), &"uploads".into())
    }

    /// Serves the next job for `time`, and says whose it was.
    fn serve(queue: &mut Queue<u8>, time: Duration) -> Option<u8> {
        let (line, job) = queue.pop()?;
        queue.done(&line, time);
        Some(job)
    }

    #[test]
    fn who_brings_many_waits_for_himself() {
        let mut queue = Queue::new(1, 100, Duration::from_secs(9));
        (0..10).for_each(|_| queue.push(&line(1), 1).unwrap());
        assert_eq!(serve(&mut queue, SHORT), Some(1));
        queue.push(&line(2), 2).unwrap();
        queue.push(&line(2), 2).unwrap();
        let order: Vec<u8> = std::iter::from_fn(|| serve(&mut queue, SHORT)).collect();
        let first = order[..3].iter().filter(|client| **client == 2).count();
        assert_eq!((order.len(), first), (11, 2), "{order:?}");
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn neighbours_and_routes_have_lines_of_their_own() {
        let route = Arc::from("uploads");
        let of = |address: &str| Line::of(Some(address.parse().unwrap()), &route);
        assert_eq!(of("10.0.0.1"), of("10.0.0.200"));
        assert_eq!(of("10.0.0.1"), of("::ffff:10.0.0.1"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::2:1"));
        assert_ne!(of("10.0.0.1"), of("10.0.1.1"));
        assert_ne!(of("10.0.0.1"), Line::of(Some(IpAddr::from([10, 0, 0, 1])), &"others".into()));
    }

    #[test]
    fn costly_lines_never_have_all_threads() {
        let mut queue = Queue::new(3, 100, Duration::from_secs(60));
        queue.push(&line(1), 1).unwrap();
        assert_eq!(serve(&mut queue, 2 * COSTLY), Some(1));
        (0..5).for_each(|_| queue.push(&line(1), 1).unwrap());
        let running = [queue.pop(), queue.pop(), queue.pop()].map(|next| next.map(|(_, job)| job));
        assert_eq!(running, [Some(1), Some(1), None]);
        queue.push(&line(2), 2).unwrap();
        assert_eq!(serve(&mut queue, SHORT), Some(2));
    }

    #[test]
    fn who_would_wait_too_long_is_turned_away_and_others_are_not() {
        let mut queue = Queue::new(1, 100, 5 * SHORT);
        queue.push(&line(1), 1).unwrap();
        assert_eq!(serve(&mut queue, SHORT), Some(1));
        queue.push(&line(1), 1).unwrap();
        let (running, _) = queue.pop().unwrap();
        let accepted = (0..50).take_while(|_| queue.push(&line(1), 1).is_ok()).count();
        assert_eq!(accepted, 5, "half a job and five more are 55 ms");
        assert_eq!(queue.push(&line(2), 2), Ok(()), "it is served after the next");
        queue.done(&running, SHORT);
        assert!(serve(&mut queue, SHORT).is_some() && serve(&mut queue, SHORT).is_some());
        assert_eq!(queue.push(&line(1), 1), Ok(()));
    }

    #[test]
    fn lines_are_forgotten_in_the_end() {
        let mut queue = Queue::new(2, 10, Duration::from_secs(60));
        for client in 0..200 {
            queue.push(&line(client), client).unwrap();
            assert_eq!(serve(&mut queue, 2 * COSTLY), Some(client));
        }
        assert!(queue.lines.len() <= 23, "{}", queue.lines.len());
    }
}
