//! Ends the process when its listeners end by themselves.
//!
//! pingora runs them in a task, and a task that panics ends in silence: the process would live on, and nobody could
//! connect.

use async_trait::async_trait;
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service;

use crate::telemetry::flush_log;

/// Listeners, and what to do when they end although nobody asked for it.
pub(super) struct Watched<S> {
    pub(super) listeners: S,
    pub(super) on_end: fn(),
}

/// Says why and ends the process, so that whoever started it starts it again.
pub(super) fn end_process() {
    tracing::error!(event = "listener", "the listeners have ended by themselves, so the process ends");
    flush_log();
    std::process::exit(1);
}

#[async_trait]
impl<S: Service> Service for Watched<S> {
    async fn start_service(&mut self, descriptors: Option<ListenFds>, shutdown: ShutdownWatch, each: usize) {
        let guard = OnPanic(self.on_end);
        self.listeners.start_service(descriptors, shutdown.clone(), each).await;
        drop(guard);
        if !*shutdown.borrow() {
            (self.on_end)();
        }
    }

    fn name(&self) -> &str {
        self.listeners.name()
    }

    fn threads(&self) -> Option<usize> {
        self.listeners.threads()
    }
}

/// Does something when it is dropped by a panic. A task that is dropped at the end of a process is no panic.
struct OnPanic(fn());

impl Drop for OnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Panics or returns.
    struct Ending(bool);

    #[async_trait]
    impl Service for Ending {
        async fn start_service(&mut self, _: Option<ListenFds>, _: ShutdownWatch, _: usize) {
            assert!(!self.0, "as told");
        }

        fn name(&self) -> &str {
            "ending"
        }
    }

    #[tokio::test]
    async fn listeners_that_end_or_panic_end_the_process_unless_it_is_shut_down() {
        static ENDED: AtomicUsize = AtomicUsize::new(0);
        for (panics, is_shut_down, expected) in [(true, false, 1), (false, false, 1), (false, true, 0)] {
            let before = ENDED.load(Ordering::SeqCst);
            let on_end = || {
                ENDED.fetch_add(1, Ordering::SeqCst);
            };
            let mut watched = Watched { listeners: Ending(panics), on_end };
            let (_sender, shutdown) = tokio::sync::watch::channel(is_shut_down);
            let ended = tokio::spawn(async move { watched.start_service(None, shutdown, 1).await }).await;
            assert_eq!(ended.is_err(), panics);
            assert_eq!(ENDED.load(Ordering::SeqCst) - before, expected, "panics: {panics}");
        }
    }
}
