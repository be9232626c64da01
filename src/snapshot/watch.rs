//! Reloads when a file changes.
//!
//! One thread looks at inputs and loads them. Another one watches over it: when a file system does not answer, the
//! first thread is given up, and a new one goes on without the input that hangs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::Sender;
use notify::{ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::SnapshotHandle;
use super::inputs::{Inputs, Names};
use super::pulse::Pulse;

/// How often files are looked at even when the system reports no change, as on network file systems.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);

/// How often somebody sees whether the thread that looks at files hangs.
const CHECK: Duration = Duration::from_secs(1);

/// Reloads a snapshot when one of its files changes, until this is dropped.
#[derive(Debug)]
pub struct Watcher {
    _stop: mpsc::Sender<()>,
}

impl Watcher {
    /// Starts watching.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start(handle: Arc<SnapshotHandle>) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let first = Looker::start(&handle)?;
        thread::Builder::new().name("watch-over".into()).spawn(move || watch_over(&handle, first, &stopped))?;
        Ok(Self { _stop: stop })
    }
}

/// The thread that looks at inputs.
struct Looker {
    pulse: Arc<Pulse>,
    thread: JoinHandle<()>,
}

impl Looker {
    fn start(handle: &Arc<SnapshotHandle>) -> std::io::Result<Self> {
        let pulse = Arc::new(Pulse::default());
        let (handle, own) = (Arc::clone(handle), Arc::clone(&pulse));
        let thread = thread::Builder::new().name("watch".into()).spawn(move || watch(&handle, &own))?;
        Ok(Self { pulse, thread })
    }
}

fn watch_over(handle: &Arc<SnapshotHandle>, mut looker: Looker, stopped: &Receiver<()>) {
    // Threads that were given up, each with the input that it waits for.
    let mut hanging: Vec<(PathBuf, JoinHandle<()>)> = Vec::new();
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(CHECK) {
        for (input, _) in hanging.extract_if(.., |(_, thread)| thread.is_finished()) {
            handle.take_up_again(&input);
        }
        let input = looker.pulse.hanging();
        let has_ended = looker.thread.is_finished();
        if input.is_none() && !has_ended {
            continue;
        }
        match Looker::start(handle) {
            Ok(next) => {
                let before = std::mem::replace(&mut looker, next);
                before.pulse.give_up();
                match input {
                    Some(input) => {
                        handle.leave_alone(&input);
                        hanging.push((input, before.thread));
                    }
                    None => tracing::error!(event = "reload", "the thread that reloads panicked, another one goes on"),
                }
            }
            Err(error) => tracing::error!(event = "reload", %error, "changed files are not noticed"),
        }
    }
    looker.pulse.give_up();
    handle.ask_for_look();
}

fn watch(handle: &SnapshotHandle, pulse: &Pulse) {
    let mut folders = Folders::new(handle.bell().ringer());
    while !pulse.is_given_up() {
        folders.follow(handle, pulse);
        handle.bell().wait(LOOK_ANYWAY);
        handle.look(pulse);
        handle.drop_retired();
    }
}

/// The folders that are watched.
struct Folders {
    watcher: Option<RecommendedWatcher>,
    /// What somebody has to look at when it changes; other files in these folders are none of our business.
    names: Arc<RwLock<Names>>,
    followed: Option<Inputs>,
    watched: BTreeSet<PathBuf>,
    /// Those of which it was said that they cannot be.
    unwatchable: BTreeSet<PathBuf>,
}

impl Folders {
    fn new(bell: Sender<()>) -> Self {
        let names: Arc<RwLock<Names>> = Arc::default();
        let known = Arc::clone(&names);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let names = known.read().unwrap_or_else(PoisonError::into_inner);
            if event.is_ok_and(|event| is_of(&names, &event)) {
                bell.try_send(()).ok();
            }
        });
        let watcher =
            watcher.inspect_err(|error| tracing::warn!(%error, "file changes are only seen every few seconds")).ok();
        let (watched, unwatchable) = Default::default();
        Self { watcher, names, followed: None, watched, unwatchable }
    }

    fn follow(&mut self, handle: &SnapshotHandle, pulse: &Pulse) {
        let inputs = handle.last_inputs();
        if self.followed.as_ref() == Some(&inputs) {
            return;
        }
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let names = handle.names(pulse);
        let folders = names.folders();
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = names;
        for gone in self.watched.difference(&folders) {
            drop(watcher.unwatch(gone));
        }
        self.watched.retain(|folder| folders.contains(folder));
        for new in folders {
            pulse.looks_at(&new);
            if !self.watched.contains(&new) && watch_folder(watcher, &new, &mut self.unwatchable) {
                self.watched.insert(new);
            }
        }
        pulse.rests();
        self.followed = Some(inputs);
    }
}

/// Whether changes in `folder` are seen from here on.
fn watch_folder(watcher: &mut RecommendedWatcher, folder: &Path, unwatchable: &mut BTreeSet<PathBuf>) -> bool {
    match watcher.watch(folder, RecursiveMode::NonRecursive) {
        Ok(()) => true,
        Err(error) => {
            // A folder that is not there is a problem of its own, told where it is loaded.
            if !matches!(error.kind, ErrorKind::PathNotFound) && unwatchable.insert(folder.to_owned()) {
                tracing::warn!(folder = %folder.display(), %error, "changes in it are only seen every few seconds");
            }
            false
        }
    }
}

/// Whether `event` may change an input. When the system lost count, every event may.
fn is_of(names: &Names, event: &Event) -> bool {
    !event.kind.is_access() && (event.need_rescan() || event.paths.iter().any(|path| names.has(path)))
}
