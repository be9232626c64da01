//! How long the proxy waits for a worker.
//!
//! A worker that has the processor decodes for so long and no longer. One that does not get it, because others keep the
//! machine busy, has done nothing wrong and is waited for, up to the end of the inspection or to [`WAITS`] times as
//! long: then it hangs, or nobody waits for the answer any more.

use std::fs;
use std::time::{Duration, Instant};

use crate::content::Deadline;

/// How many times the processor time of a file it may take of any other.
const WAITS: u32 = 12;

/// The shortest time between two looks at how much a worker has worked, which the system counts in steps of 10 ms.
const LOOK: Duration = Duration::from_millis(10);

/// What is left of the time that a worker gets for one file.
pub(super) struct Patience {
    process: u32,
    /// What its clock shows when it has worked enough.
    work_end: Duration,
    /// It cannot have worked enough before, for as long as it has one thread, and the clock of a process that shows
    /// none.
    not_before: Instant,
    deadline: Deadline,
}

impl Patience {
    /// With a worker that may work for `work` from now on, and for which nobody waits past `deadline`.
    pub(super) fn with(process: u32, work: Duration, deadline: &Deadline) -> Self {
        let work_end = time_of(process).unwrap_or_default().saturating_add(work);
        let now = Instant::now();
        let not_before = now.checked_add(work).unwrap_or(now);
        Self { process, work_end, not_before, deadline: deadline.or_after(work.saturating_mul(WAITS)) }
    }

    /// How long to wait before asking again; `None` at the end of it.
    pub(super) fn left(&self) -> Option<Duration> {
        let left = self.deadline.left().filter(|left| !left.is_zero())?;
        let work_left = match time_of(self.process) {
            Some(worked) => self.work_end.saturating_sub(worked),
            None => self.not_before.saturating_duration_since(Instant::now()),
        };
        if work_left.is_zero() { None } else { Some(left.min(work_left.max(LOOK))) }
    }

    /// How much the worker has worked so far; `None` where the system does not say.
    pub(super) fn worked(&self) -> Option<Duration> {
        time_of(self.process)
    }
}

/// Processor time that all threads of `process` have used, in it and in the kernel for it. Source: proc(5), `stat`.
fn time_of(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before may hold anything, brackets as well.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let ticks = ticks()?.checked_add(ticks()?)?;
    let a_second = rustix::param::clock_ticks_per_second().max(1);
    Some(Duration::from_millis(ticks.saturating_mul(1000) / a_second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_waits_is_waited_for_and_one_that_has_worked_enough_is_not() {
        let own = std::process::id();
        let short = Duration::from_millis(50);
        let patience = Patience::with(own, Duration::from_secs(60), &Deadline::NEVER);
        std::thread::sleep(short);
        assert!(patience.left().is_some());
        assert!(Patience::with(own, Duration::from_secs(60), &Deadline::after(Duration::ZERO)).left().is_none());

        let patience = Patience::with(own, short, &Deadline::NEVER);
        let start = Instant::now();
        while patience.left().is_some() {
            assert!(start.elapsed() < Duration::from_secs(60), "this process works all the time");
        }
        assert!(patience.worked().unwrap() >= short);
    }

    #[test]
    fn of_a_process_that_is_gone_any_time_counts() {
        let gone = Patience::with(u32::MAX, Duration::from_millis(5), &Deadline::NEVER);
        std::thread::sleep(Duration::from_millis(10));
        assert!(gone.left().is_none());
    }
}
