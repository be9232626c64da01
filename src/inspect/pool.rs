//! The threads that decode, hash and scan: a bounded number of them, with a bounded [queue](super::queue) before them.
//!
//! CPU work never runs on the threads that move bytes, so one large picture delays nobody's connection.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::queue::{Line, Popped, Queue};

/// Does its work, or says that it was turned away.
type Job = Box<dyn FnOnce(Turn) + Send>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Run,
    Away,
}

/// A fixed number of threads behind one queue. They end when the pool is dropped.
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    work: Mutex<Work>,
    /// There is something to do, or nothing any more.
    wake: Condvar,
    threads: usize,
}

struct Work {
    queue: Queue<Job>,
    /// Jobs for threads that would have nothing to do.
    idle: VecDeque<(Line, Box<dyn FnOnce() + Send>)>,
    /// The lines of such jobs that run: one of each, and never on all threads.
    idle_running: Vec<Line>,
    is_over: bool,
}

/// Why a job gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PoolError {
    /// The queue is full, or the job would wait too long.
    Full,
    /// The job panicked.
    Panicked,
}

impl Pool {
    /// Jobs wait for `threads`: at most `most` of them, and none longer than `max_wait` if all goes as before.
    ///
    /// # Errors
    /// The system has no more threads.
    pub(super) fn start(threads: usize, most: usize, max_wait: Duration) -> std::io::Result<Self> {
        let work = Work {
            queue: Queue::new(threads, most, max_wait),
            idle: VecDeque::new(),
            idle_running: Vec::new(),
            is_over: false,
        };
        let pool = Self(Arc::new(Shared { work: Mutex::new(work), wake: Condvar::new(), threads }));
        for number in 0..threads {
            let shared = Arc::clone(&pool.0);
            thread::Builder::new().name(format!("inspect-{number}")).spawn(move || shared.serve())?;
        }
        Ok(pool)
    }

    /// Runs `job` when a thread has nothing else to do, unless too many such jobs wait. Says whether it will.
    ///
    /// It takes no place in the queue; those who stand there are served first. What it takes is counted as given to
    /// `line` all the same.
    pub(super) fn run_when_idle(&self, line: Line, job: impl FnOnce() + Send + 'static) -> bool {
        let mut work = self.0.lock();
        let has_room = work.idle.len() < self.0.threads;
        if has_room {
            work.idle.push_back((line, Box::new(job)));
            drop(work);
            self.0.wake.notify_one();
        }
        has_room
    }

    /// Runs `job`, which stands in `line` and may wait for `more` than others, on one of the threads.
    ///
    /// Dropping the future gives up waiting; a job that has begun runs to its end, so it should ask its deadline.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        line: Line,
        more: Duration,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let (reply, result) = oneshot::channel();
        let job: Job = Box::new(move |turn| {
            if reply.is_closed() {
                return;
            }
            let outcome = match turn {
                Turn::Run => catch_unwind(AssertUnwindSafe(job)).map_err(|_| PoolError::Panicked),
                Turn::Away => Err(PoolError::Full),
            };
            drop(reply.send(outcome));
        });
        self.0.lock().queue.push(&line, job, more, Instant::now()).map_err(|_| PoolError::Full)?;
        self.0.wake.notify_one();
        result.await.unwrap_or(Err(PoolError::Full))
    }

    /// Whether a job in `line` that may wait for `more` than others would be turned away, so that what it
    /// needs is better not even fetched.
    pub(super) fn turns_away(&self, line: &Line, more: Duration) -> bool {
        self.0.lock().queue.turns_away(line, more, Instant::now())
    }

    /// Jobs that wait.
    pub(super) fn waiting(&self) -> usize {
        self.0.lock().queue.waiting()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.wake.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Work> {
        // No job runs while it is locked.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what there is to do, until nothing is left and the pool is gone.
    fn serve(&self) {
        let mut work = self.lock();
        loop {
            let Popped { next, late } = work.queue.pop(Instant::now());
            late.into_iter().for_each(|job| job(Turn::Away));
            if let Some((line, job)) = next {
                drop(work);
                let start = Instant::now();
                job(Turn::Run);
                work = self.lock();
                let now = Instant::now();
                work.queue.done(&line, now - start, now);
                // A line that had to wait for this one may be served now, by another thread too.
                self.wake.notify_one();
            } else if let Some((line, job)) = work.take_idle(self.threads) {
                drop(work);
                let start = Instant::now();
                // Whoever inspects the whole meets the same panic, and counts it.
                let _panicked = catch_unwind(AssertUnwindSafe(job)).is_err();
                work = self.lock();
                let now = Instant::now();
                work.idle_running.retain(|running| *running != line);
                work.queue.charge(&line, now - start, now);
            } else if work.is_over {
                return;
            } else {
                work = self.wake.wait(work).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

impl Work {
    /// A job for a thread that would have nothing to do, of which one is always left for uploads that are whole.
    fn take_idle(&mut self, threads: usize) -> Option<(Line, Box<dyn FnOnce() + Send>)> {
        if self.idle_running.len() >= (threads - 1).max(1) {
            return None;
        }
        let next = self.idle.iter().position(|(line, _)| !self.idle_running.contains(line))?;
        let (line, job) = self.idle.remove(next)?;
        self.idle_running.push(line.clone());
        Some((line, job))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn line() -> Line {
        Line::of(None, &"uploads".into())
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn a_panic_ends_the_job_and_not_the_thread() {
        let pool = Pool::start(1, 4, LONG).unwrap();
        assert_eq!(
            block_on(pool.run(line(), Duration::ZERO, || panic!("a decoder gives up"))),
            Err::<(), _>(PoolError::Panicked)
        );
        assert_eq!(block_on(pool.run(line(), Duration::ZERO, || 7)), Ok(7));
    }

    #[test]
    fn a_full_queue_says_so_at_once() {
        let pool = Pool::start(1, 1, LONG).unwrap();
        let (started, has_started) = mpsc::channel();
        let (release, gate) = mpsc::channel::<()>();
        block_on(async {
            let busy = pool.run(line(), Duration::ZERO, move || {
                started.send(()).unwrap();
                gate.recv().unwrap();
            });
            let waiting = pool.run(line(), Duration::ZERO, || ());
            let mut busy = Box::pin(busy);
            assert!(futures_poll(&mut busy).is_none());
            has_started.recv().unwrap();
            let mut waiting = Box::pin(waiting);
            assert!(futures_poll(&mut waiting).is_none());
            assert_eq!(pool.waiting(), 1);
            assert_eq!(pool.run(line(), Duration::ZERO, || ()).await, Err(PoolError::Full));
            release.send(()).unwrap();
            assert_eq!((busy.await, waiting.await), (Ok(()), Ok(())));
        });
    }

    #[test]
    fn jobs_for_idle_threads_wait_until_nobody_else_does() {
        let pool = Pool::start(1, 2, LONG).unwrap();
        let (started, has_started) = mpsc::channel();
        let (release, gate) = mpsc::channel::<()>();
        let (note, order) = mpsc::channel();
        block_on(async {
            let mut busy = Box::pin(pool.run(line(), Duration::ZERO, move || {
                started.send(()).unwrap();
                gate.recv().unwrap();
            }));
            assert!(futures_poll(&mut busy).is_none());
            has_started.recv().unwrap();
            let noting = |name: &'static str| {
                let note = note.clone();
                move || note.send(name).unwrap()
            };
            assert!(pool.run_when_idle(line(), noting("idle")));
            assert!(!pool.run_when_idle(line(), || ()), "one waits for each thread");
            let mut waiting = Box::pin(pool.run(line(), Duration::ZERO, noting("waiting")));
            assert!(futures_poll(&mut waiting).is_none());
            release.send(()).unwrap();
            assert_eq!((busy.await, waiting.await), (Ok(()), Ok(())));
        });
        assert_eq!([order.recv(), order.recv()], [Ok("waiting"), Ok("idle")]);
        assert!(pool.run_when_idle(line(), || panic!("a decoder gives up")));
        assert_eq!(block_on(pool.run(line(), Duration::ZERO, || 7)), Ok(7), "the thread is still there");
    }

    /// Polls once: `Some` when the future is done.
    fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(future).poll(&mut context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }
}
