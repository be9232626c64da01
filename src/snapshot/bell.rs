//! Wakes the one thread that looks at inputs, and hands it what others ask of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

/// How long files must be left alone before they are read: an editor or a copy may still be writing.
const QUIET: Duration = Duration::from_millis(200);

/// How long is waited for that: a file that is written all the time must not keep others from being read.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// A bell that rings once however often it is rung before somebody hears it.
#[derive(Debug)]
pub(super) struct Bell {
    ringer: Sender<()>,
    listener: Receiver<()>,
    /// Reloads asked for so far, and the last of them that was carried out.
    asked: AtomicU64,
    done: AtomicU64,
}

impl Default for Bell {
    fn default() -> Self {
        let (ringer, listener) = crossbeam_channel::bounded(1);
        Self { ringer, listener, asked: AtomicU64::new(0), done: AtomicU64::new(0) }
    }
}

impl Bell {
    /// Wakes who waits.
    pub(super) fn ring(&self) {
        self.ringer.try_send(()).ok();
    }

    /// Something that rings it.
    pub(super) fn ringer(&self) -> Sender<()> {
        self.ringer.clone()
    }

    /// A reload is wanted even if nothing has changed.
    pub(super) fn ask_for_reload(&self) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.ring();
    }

    /// The newest reload that was asked for and not carried out yet.
    pub(super) fn asked(&self) -> Option<u64> {
        let asked = self.asked.load(Ordering::SeqCst);
        (asked > self.done.load(Ordering::SeqCst)).then_some(asked)
    }

    /// What `asked` gave is carried out.
    pub(super) fn done(&self, asked: Option<u64>) {
        if let Some(asked) = asked {
            self.done.fetch_max(asked, Ordering::SeqCst);
        }
    }

    /// Waits until it rings, or for `longest`. After a ring it waits until there was none for a moment, but not for
    /// long.
    pub(super) fn wait(&self, longest: Duration) {
        if self.listener.recv_timeout(longest).is_err() {
            return;
        }
        let end = Instant::now() + LONGEST_WAIT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.listener.recv_timeout(QUIET.min(left)).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_that_never_falls_silent_is_heard_all_the_same() {
        let bell = Bell::default();
        let is_heard = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_heard.load(Ordering::SeqCst) {
                    bell.ring();
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            bell.wait(Duration::from_secs(60));
            is_heard.store(true, Ordering::SeqCst);
        });
    }

    #[test]
    fn a_reload_that_is_asked_for_during_another_is_not_lost() {
        let bell = Bell::default();
        assert_eq!(bell.asked(), None);
        bell.ask_for_reload();
        let first = bell.asked();
        bell.ask_for_reload();
        bell.done(first);
        let second = bell.asked();
        assert!(first.is_some() && second > first);
        bell.done(second);
        assert_eq!(bell.asked(), None);
    }
}
