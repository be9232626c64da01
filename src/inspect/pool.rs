//! The threads that decode, hash and scan: a bounded number of them, with a bounded queue before them.
//!
//! CPU work never runs on the threads that move bytes, so one large picture delays nobody's connection.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads behind one queue. They end when the pool is dropped.
#[derive(Debug)]
pub(super) struct Pool {
    queue: Sender<Job>,
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
        let (sender, receiver) = bounded::<Job>(queue);
        for number in 0..threads {
            let jobs = receiver.clone();
            thread::Builder::new().name(format!("inspect-{number}")).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue: sender })
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

fn work(jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        job();
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

    /// Polls once: `Some` when the future is done.
    fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(future).poll(&mut context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }
}
