//! When an inspection has to end: a moment, and an amount of work.
//!
//! The moment is what a client waits for. The work is processor time, so that a small body cannot keep a thread busy,
//! and a busy machine refuses nothing by itself. It is the one budget for all that an upload may cause, whatever it
//! consists of: every loop asks whether it is used up, and what cannot be stopped asks before it begins whether there
//! is enough of it: see [`Deadline::affords`].

use std::cell::Cell;
use std::time::{Duration, Instant};

/// The moment by which an inspection must have come to its end, and how much work it may be until then.
///
/// Pure stages ask [`Deadline::has_passed`] between steps and stop; they never read a clock themselves.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    moment: Moment,
    work: Option<Work>,
}

#[derive(Clone, Copy, Debug)]
enum Moment {
    Never,
    At(Instant),
    /// When it has been asked for so often.
    #[cfg(test)]
    Asked(&'static std::sync::atomic::AtomicU32),
}

/// Processor time that one thread may still use.
#[derive(Clone, Copy, Debug)]
struct Work {
    /// What the clock of that thread shows when it is used up.
    end: Duration,
    /// It cannot be used up before. Asking the thread's clock takes a call of the system, 200 ns; the usual one takes
    /// 30.
    not_before: Instant,
}

impl Deadline {
    /// No deadline, for command-line use and benches.
    pub const NEVER: Self = Self::at(Moment::Never);

    const fn at(moment: Moment) -> Self {
        Self { moment, work: None }
    }

    /// A deadline `duration` from now.
    pub fn after(duration: Duration) -> Self {
        Self::at(Instant::now().checked_add(duration).map_or(Moment::Never, Moment::At))
    }

    /// One that has passed the next time but `times` that somebody asks, so that tests need no clock.
    #[cfg(test)]
    pub(crate) fn after_asking(times: u32) -> Self {
        Self::at(Moment::Asked(Box::leak(Box::new(times.into()))))
    }

    /// How often [`Self::after_asking`] has still to be asked.
    #[cfg(test)]
    pub(crate) fn times_left(&self) -> Option<u32> {
        match self.moment {
            Moment::Asked(left) => Some(left.load(std::sync::atomic::Ordering::Relaxed)),
            Moment::Never | Moment::At(_) => None,
        }
    }

    /// This deadline, or one `duration` from now if that is sooner.
    #[must_use]
    pub fn or_after(self, duration: Duration) -> Self {
        let moment = match (self.moment, Self::after(duration).moment) {
            (Moment::At(moment), Moment::At(soon)) => Moment::At(moment.min(soon)),
            (Moment::Never, soon) => soon,
            (moment, _) => moment,
        };
        Self { moment, ..self }
    }

    /// This deadline, or when this thread has worked for `duration` from now, if that is sooner. What it waits for,
    /// also for a processor that others use, does not count; what others work for it does: see
    /// [`note_work_elsewhere`]. No other thread may ask.
    #[must_use]
    pub fn or_after_work(self, duration: Duration) -> Self {
        #[cfg(test)]
        if matches!(self.moment, Moment::Asked(_)) {
            return self;
        }
        let not_before = Instant::now().checked_add(duration);
        let work = not_before.map(|not_before| Work { end: counted_time().saturating_add(duration), not_before });
        let sooner = match (self.work, work) {
            (Some(one), Some(other)) => Some(if one.end <= other.end { one } else { other }),
            (one, other) => one.or(other),
        };
        Self { work: sooner, ..self }
    }

    /// The time that is left, 0 when the moment has passed; `None` when there is no deadline. Work does not count.
    pub fn left(&self) -> Option<Duration> {
        match self.moment {
            Moment::At(moment) => Some(moment.saturating_duration_since(Instant::now())),
            _ => None,
        }
    }

    /// The work that is left, 0 when it is used up; `None` when there may be any.
    pub fn work_left(&self) -> Option<Duration> {
        self.work.map(|work| work.end.saturating_sub(counted_time()))
    }

    /// Whether the work is used up, whatever the time.
    pub fn is_spent(&self) -> bool {
        self.work.is_some_and(|work| work.is_used_up(Instant::now(), Duration::ZERO))
    }

    /// Whether something may begin that takes about `work` of processor time and cannot be stopped.
    pub fn affords(&self, work: Duration) -> bool {
        !self.work.is_some_and(|left| left.is_used_up(Instant::now(), work))
    }

    /// The same for `count` steps, which take `each` one by one.
    pub fn affords_steps(&self, count: u64, each: Duration) -> bool {
        self.affords(each.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)))
    }

    /// Whether the moment has come, or the work is used up.
    pub fn has_passed(&self) -> bool {
        let now = Instant::now();
        let has_come = match self.moment {
            Moment::Never => false,
            Moment::At(moment) => now >= moment,
            #[cfg(test)]
            Moment::Asked(left) => {
                use std::sync::atomic::Ordering::Relaxed;
                left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_err()
            }
        };
        has_come || self.work.is_some_and(|work| work.is_used_up(now, Duration::ZERO))
    }
}

impl Work {
    /// Whether, `now`, more than is left would be used with `more` work.
    fn is_used_up(&self, now: Instant, more: Duration) -> bool {
        let is_near = now.checked_add(more).is_none_or(|then| then >= self.not_before);
        is_near && counted_time().saturating_add(more) >= self.end
    }
}

thread_local! {
    /// What other processes have worked for this thread.
    static ELSEWHERE: Cell<Duration> = const { Cell::new(Duration::ZERO) };

    /// What this thread has worked that counts for no deadline.
    static APART: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Counts `work` that another process has done for this thread as its own.
pub fn note_work_elsewhere(work: Duration) {
    ELSEWHERE.set(ELSEWHERE.get().saturating_add(work));
}

/// Does `work` that has a budget of its own: what it takes, here and elsewhere, is returned with its result, and counts
/// for no deadline that there was before.
pub fn apart<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = time_of_thread();
    let result = work();
    let took = time_of_thread().saturating_sub(before);
    APART.set(APART.get().saturating_add(took));
    (result, took)
}

/// Measures how much this thread works.
#[derive(Clone, Copy, Debug)]
pub struct WorkClock(Duration);

impl WorkClock {
    /// Starts now.
    pub fn start() -> Self {
        Self(time_of_thread())
    }

    /// Processor time since the start. No other thread may ask.
    pub fn worked(&self) -> Duration {
        time_of_thread().saturating_sub(self.0)
    }
}

/// Processor time that this thread has used, and others for it.
fn time_of_thread() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let own = Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default());
    own.saturating_add(ELSEWHERE.get())
}

/// The same but for what is done [`apart`].
fn counted_time() -> Duration {
    time_of_thread().saturating_sub(APART.get())
}

/// Checks that `work` takes processor time in proportion to the size that it gets: for eight times as much no more than
/// 24 times as long, where the square would be 64. Other programs can only add to a time, so the best of some runs
/// counts.
///
/// `size` is large enough that `work` takes some milliseconds.
#[cfg(test)]
pub(crate) fn assert_linear(size: usize, work: impl Fn(usize)) {
    let best = |size: usize| {
        let runs = (0..3).map(|_| {
            let start = time_of_thread();
            work(size);
            time_of_thread().saturating_sub(start)
        });
        runs.min().unwrap_or_default()
    };
    let (few, many) = (best(size), best(8 * size));
    assert!(many < 24 * few.max(Duration::from_millis(1)), "{few:?}, and for eight times as much {many:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_no_work() {
        let allowed = Duration::from_millis(30);
        let deadline = Deadline::NEVER.or_after_work(allowed);
        std::thread::sleep(2 * allowed);
        assert!(!deadline.has_passed(), "this thread slept");
        let start = time_of_thread();
        while !deadline.has_passed() {
            assert!(time_of_thread() < start + 10 * allowed, "it has worked enough");
        }
        assert!(time_of_thread() >= start + allowed / 2);
    }

    #[test]
    fn the_moment_counts_however_little_work_there_was() {
        assert!(Deadline::after(Duration::ZERO).or_after_work(Duration::from_secs(60)).has_passed());
        assert!(Deadline::NEVER.or_after_work(Duration::ZERO).has_passed());
        assert!(!Deadline::NEVER.or_after_work(Duration::MAX).has_passed());
    }

    #[test]
    fn of_two_amounts_of_work_the_smaller_one_counts() {
        let (much, none) = (Duration::from_secs(600), Duration::ZERO);
        assert!(Deadline::NEVER.or_after_work(none).or_after_work(much).is_spent());
        assert!(Deadline::NEVER.or_after_work(much).or_after_work(none).is_spent());
        assert!(!Deadline::after(none).or_after_work(much).is_spent(), "time has run out, and work is left");
    }

    #[test]
    fn what_would_take_more_work_than_is_left_may_not_begin() {
        let deadline = Deadline::NEVER.or_after_work(Duration::from_secs(600));
        assert!(deadline.affords(Duration::from_secs(60)) && !deadline.affords(Duration::from_secs(601)));
        assert!(!deadline.affords(Duration::MAX) && Deadline::NEVER.affords(Duration::MAX));
        note_work_elsewhere(Duration::from_secs(599));
        assert!(deadline.work_left().unwrap() <= Duration::from_secs(1), "what others work for it counts");
    }

    #[test]
    fn what_is_done_apart_has_a_budget_of_its_own() {
        let deadline = Deadline::NEVER.or_after_work(Duration::from_secs(600));
        let most = Duration::from_secs(60);
        let (left, took) = apart(|| {
            let own = deadline.or_after_work(most);
            note_work_elsewhere(most);
            own.work_left()
        });
        assert_eq!(left, Some(Duration::ZERO));
        assert!(took >= most && took < 2 * most, "{took:?}");
        assert!(deadline.work_left().unwrap() > Duration::from_secs(590), "{deadline:?}");
    }
}
