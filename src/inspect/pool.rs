//! The threads that decode, hash and scan: a bounded number of them, with a bounded queue before them.
//!
//! CPU work never runs on the threads that move bytes, so one large picture delays nobody's connection.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select_biased};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads behind one queue. They end when the pool is dropped.
#[derive(Debug)]
pub(super) struct Pool {
    queue: Sender<Job>,
    /// Jobs for threads that would have nothing to do.
    idle_queue: Sender<Job>,
}

/// Why a job gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PoolError {
    /// The queue is full.
    Full,
    /// The job panicked.
    Panicked,
}

impl Pool {
    /// # Errors
    /// The system has no more threads.
    pub(super) fn start(threads: usize, queue: usize) -> std::io::Result<Self> {
        let (queue, jobs) = bounded::<Job>(queue);
        let (idle_queue, idle_jobs) = bounded::<Job>(threads);
        for number in 0..threads {
            let (jobs, idle_jobs) = (jobs.clone(), idle_jobs.clone());
            thread::Builder::new().name(format!("inspect-{number}")).spawn(move || work(&jobs, &idle_jobs))?;
        }
        Ok(Self { queue, idle_queue })
    }

    /// Runs `job` when a thread has nothing else to do, unless too many such jobs wait. Says whether it will.
    ///
    /// It takes no place in the queue; those who stand there are served first.
    pub(super) fn run_when_idle(&self, job: impl FnOnce() + Send + 'static) -> bool {
        let job = || {
            // Whoever inspects the whole meets the same panic, and counts it.
            let _panicked = catch_unwind(AssertUnwindSafe(job)).is_err();
        };
        self.idle_queue.try_send(Box::new(job)).is_ok()
    }

    /// Runs `job` on one of the threads.
    ///
    /// Dropping the future gives up waiting; a job that has begun runs to its end, so it should ask its deadline.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let (reply, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            if reply.is_closed() {
                return;
            }
            if let Ok(value) = catch_unwind(AssertUnwindSafe(job)) {
                drop(reply.send(value));
            }
        });
        match self.queue.try_send(job) {
            Ok(()) => result.await.map_err(|_| PoolError::Panicked),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(PoolError::Full),
        }
    }

    /// Jobs that wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }
}

fn work(jobs: &Receiver<Job>, idle_jobs: &Receiver<Job>) {
    loop {
        let job = select_biased! {
            recv(jobs) -> job => job,
            recv(idle_jobs) -> job => job,
        };
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn a_panic_ends_the_job_and_not_the_thread() {
        let pool = Pool::start(1, 4).unwrap();
        assert_eq!(block_on(pool.run(|| panic!("a decoder gives up"))), Err::<(), _>(PoolError::Panicked));
        assert_eq!(block_on(pool.run(|| 7)), Ok(7));
    }

    #[test]
    fn a_full_queue_says_so_at_once() {
        let pool = Pool::start(1, 1).unwrap();
        let (started, has_started) = mpsc::channel();
        let (release, gate) = mpsc::channel::<()>();
        block_on(async {
            let busy = pool.run(move || {
                started.send(()).unwrap();
                gate.recv().unwrap();
            });
            let waiting = pool.run(|| ());
            let mut busy = Box::pin(busy);
            assert!(futures_poll(&mut busy).is_none());
            has_started.recv().unwrap();
            let mut waiting = Box::pin(waiting);
            assert!(futures_poll(&mut waiting).is_none());
            assert_eq!(pool.waiting(), 1);
            assert_eq!(pool.run(|| ()).await, Err(PoolError::Full));
            release.send(()).unwrap();
            assert_eq!((busy.await, waiting.await), (Ok(()), Ok(())));
        });
    }

    #[test]
    fn jobs_for_idle_threads_wait_until_nobody_else_does() {
        let pool = Pool::start(1, 2).unwrap();
        let (started, has_started) = mpsc::channel();
        let (release, gate) = mpsc::channel::<()>();
        let (note, order) = mpsc::channel();
        block_on(async {
            let mut busy = Box::pin(pool.run(move || {
                started.send(()).unwrap();
                gate.recv().unwrap();
            }));
            assert!(futures_poll(&mut busy).is_none());
            has_started.recv().unwrap();
            let noting = |name: &'static str| {
                let note = note.clone();
                move || note.send(name).unwrap()
            };
            assert!(pool.run_when_idle(noting("idle")));
            assert!(!pool.run_when_idle(|| ()), "one waits for each thread");
            let mut waiting = Box::pin(pool.run(noting("waiting")));
            assert!(futures_poll(&mut waiting).is_none());
            release.send(()).unwrap();
            assert_eq!((busy.await, waiting.await), (Ok(()), Ok(())));
        });
        assert_eq!([order.recv(), order.recv()], [Ok("waiting"), Ok("idle")]);
        assert!(pool.run_when_idle(|| panic!("a decoder gives up")));
        assert_eq!(block_on(pool.run(|| 7)), Ok(7), "the thread is still there");
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
