//! Reloads when a file changes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::SnapshotHandle;

/// How long files must be left alone before they are read: an editor or a copy may still be writing.
const QUIET: Duration = Duration::from_millis(200);

/// How often files are looked at even when the system reports no change, as on network file systems.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);

/// A thread that reloads a snapshot when one of its files changes. It ends when this is dropped.
#[derive(Debug)]
pub struct Watcher {
    _stop: mpsc::Sender<Signal>,
}

#[derive(Debug)]
enum Signal {
    Changed,
}

impl Watcher {
    /// Starts watching.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start(handle: Arc<SnapshotHandle>) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        thread::Builder::new().name("watch".into()).spawn(move || watch(&handle, &stopped))?;
        Ok(Self { _stop: stop })
    }
}

fn watch(handle: &SnapshotHandle, stopped: &Receiver<Signal>) {
    let (changed, changes) = mpsc::channel();
    let mut folders = Folders::new(changed);
    loop {
        folders.follow(handle.watched_inputs().folders());
        match changes.recv_timeout(LOOK_ANYWAY) {
            Ok(Signal::Changed) => wait_for_quiet(&changes),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        if matches!(stopped.try_recv(), Err(mpsc::TryRecvError::Disconnected)) {
            return;
        }
        handle.reload_if_changed();
        handle.drop_retired();
    }
}

fn wait_for_quiet(changes: &Receiver<Signal>) {
    while changes.recv_timeout(QUIET).is_ok() {}
}

/// The folders that are watched. Folders, because a file that is replaced by a rename is another file.
struct Folders {
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
}

impl Folders {
    fn new(changed: mpsc::Sender<Signal>) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                drop(changed.send(Signal::Changed));
            }
        });
        let watcher =
            watcher.inspect_err(|error| tracing::warn!(%error, "file changes are only seen every few seconds")).ok();
        Self { watcher, watched: BTreeSet::new() }
    }

    fn follow(&mut self, folders: Vec<PathBuf>) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let folders: BTreeSet<PathBuf> = folders.into_iter().collect();
        for gone in self.watched.difference(&folders) {
            drop(watcher.unwatch(gone));
        }
        for new in folders.difference(&self.watched) {
            if let Err(error) = watcher.watch(new, RecursiveMode::NonRecursive) {
                tracing::warn!(folder = %new.display(), %error, "changes in it are only seen every few seconds");
            }
        }
        self.watched = folders;
    }
}
