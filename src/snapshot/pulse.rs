//! What the thread that looks at inputs is doing, for the one that notices when it hangs.
//!
//! A call to a file system whose server is gone does not come back, and no thread can be freed of it. So whoever may
//! make such a call says before which input it is for. When it takes too long, that thread is given up and another one
//! goes on, which leaves this input alone until the first comes back.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::hash_set::Progress;

/// How long a call about one input may take: to ask for a file's date is a matter of microseconds, over a network of
/// milliseconds.
const LOOK_PATIENCE: Duration = Duration::from_secs(10);

/// How long loading may go on without being told of progress: the longest step, sorting a hundred million hashes, takes
/// less.
const LOAD_PATIENCE: Duration = Duration::from_secs(300);

/// What one thread is doing.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    doing: Mutex<Option<Doing>>,
    is_given_up: AtomicBool,
}

#[derive(Debug)]
struct Doing {
    input: PathBuf,
    since: Instant,
    patience: Duration,
}

impl Pulse {
    /// The file system is asked about `input` from here on.
    pub(super) fn looks_at(&self, input: &Path) {
        self.set(Some(Doing { input: input.to_owned(), since: Instant::now(), patience: LOOK_PATIENCE }));
    }

    /// `input` is loaded from here on.
    pub(super) fn loads(&self, input: &Path) {
        self.set(Some(Doing { input: input.to_owned(), since: Instant::now(), patience: LOAD_PATIENCE }));
    }

    /// The file system has answered, and is asked on about the same input.
    pub(super) fn goes_on(&self) {
        if let Some(doing) = self.doing().as_mut() {
            doing.since = Instant::now();
        }
    }

    /// Nothing is asked of any input from here on.
    pub(super) fn rests(&self) {
        self.set(None);
    }

    /// The input that has not answered for too long.
    pub(super) fn hanging(&self) -> Option<PathBuf> {
        let doing = self.doing();
        let doing = doing.as_ref().filter(|doing| doing.since.elapsed() > doing.patience)?;
        Some(doing.input.clone())
    }

    /// Nobody waits for this thread any more: what it finds out is not used.
    pub(super) fn give_up(&self) {
        self.is_given_up.store(true, Ordering::SeqCst);
    }

    /// Whether nobody waits for this thread any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.is_given_up.load(Ordering::SeqCst)
    }

    fn set(&self, doing: Option<Doing>) {
        *self.doing() = doing;
    }

    fn doing(&self) -> MutexGuard<'_, Option<Doing>> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Pulse {
    fn step(&self, _what: &'static str) {
        self.goes_on();
    }

    fn read(&self, _bytes: u64) {
        self.goes_on();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_hangs_when_nothing_is_heard_of_it_for_too_long() {
        let pulse = Pulse::default();
        let long_ago = Instant::now() - 2 * LOAD_PATIENCE;
        let age = |pulse: &Pulse| pulse.doing().as_mut().unwrap().since = long_ago;
        pulse.looks_at(Path::new("a"));
        assert_eq!(pulse.hanging(), None);
        age(&pulse);
        assert_eq!(pulse.hanging(), Some("a".into()));
        pulse.loads(Path::new("b"));
        age(&pulse);
        assert_eq!(pulse.hanging(), Some("b".into()));
        pulse.read(1);
        assert_eq!(pulse.hanging(), None, "there is progress");
        age(&pulse);
        pulse.rests();
        assert_eq!(pulse.hanging(), None, "a thread that waits for changes does not hang");
    }
}
