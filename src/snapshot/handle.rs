//! The snapshot that serves, and its replacement.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::Snapshot;
use super::inputs::Inputs;
use super::load::{load, load_all};
use crate::config::{Config, Problem};
use crate::telemetry::{Metrics, ReloadLabels};

/// Shares the snapshot that serves. Reading it never waits, not even for a reload.
#[derive(Debug)]
pub struct SnapshotHandle {
    config_file: PathBuf,
    current: ArcSwap<Snapshot>,
    metrics: Arc<Metrics>,
    last_attempt: Mutex<Attempt>,
}

/// What the last reload was given and came to. Its lock keeps reloads one at a time.
#[derive(Debug)]
struct Attempt {
    inputs: Inputs,
    problems: Vec<Problem>,
}

impl SnapshotHandle {
    /// Loads the first snapshot.
    ///
    /// # Errors
    /// Every problem in every file.
    pub fn load(config_file: &Path, metrics: Arc<Metrics>) -> Result<Self, Vec<Problem>> {
        let snapshot = load(config_file, None)?;
        let attempt = Attempt { inputs: snapshot.inputs.clone(), problems: Vec::new() };
        let handle = Self {
            config_file: config_file.to_owned(),
            current: ArcSwap::from_pointee(snapshot),
            metrics,
            last_attempt: Mutex::new(attempt),
        };
        handle.publish(&handle.current());
        Ok(handle)
    }

    /// The snapshot that serves now. A request takes it once and keeps it.
    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// What was wrong with the last reload; empty when nothing was.
    pub fn last_problems(&self) -> Vec<Problem> {
        self.last_attempt.lock().unwrap_or_else(PoisonError::into_inner).problems.clone()
    }

    /// Loads everything anew and swaps it in, or logs what is wrong and keeps what serves.
    pub fn reload(&self) {
        let mut attempt = self.last_attempt.lock().unwrap_or_else(PoisonError::into_inner);
        self.attempt(&mut attempt);
    }

    /// Reloads if any input differs from what the last reload saw. Says whether it did.
    pub(super) fn reload_if_changed(&self) -> bool {
        let mut attempt = self.last_attempt.lock().unwrap_or_else(PoisonError::into_inner);
        if self.inputs_now(&attempt) == attempt.inputs {
            return false;
        }
        self.attempt(&mut attempt);
        true
    }

    /// The files of the last reload and of the snapshot that serves, as they are now.
    pub(super) fn watched_inputs(&self) -> Inputs {
        self.inputs_now(&self.last_attempt.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn inputs_now(&self, attempt: &Attempt) -> Inputs {
        let serving = Inputs::of(&self.current.load().config);
        serving.and(&attempt.inputs.refreshed())
    }

    fn attempt(&self, attempt: &mut Attempt) {
        let previous = self.current();
        let mut inputs = Inputs::of_file(&self.config_file).and(&self.inputs_now(attempt));
        let loaded = Config::load(&self.config_file).and_then(|config| {
            inputs = Inputs::of(&config);
            load_all(config, inputs.clone(), Some(&previous))
        });
        attempt.inputs = inputs;
        match loaded {
            Ok(snapshot) => {
                attempt.problems.clear();
                self.swap_in(snapshot, &previous);
            }
            Err(problems) => {
                self.keep(&previous, &problems);
                attempt.problems = problems;
            }
        }
    }

    fn swap_in(&self, snapshot: Snapshot, previous: &Snapshot) {
        if !snapshot.config.has_same_start_settings(&previous.config) {
            tracing::warn!(
                "[server], [[listener]], [admin] and inspection_queue are read only at start: restart to apply them"
            );
        }
        let generation = snapshot.generation;
        self.publish(&snapshot);
        self.current.store(Arc::new(snapshot));
        self.metrics.reloads.get_or_create(&ReloadLabels { result: "ok" }).inc();
        tracing::info!(event = "reload", generation, "snapshot loaded");
    }

    fn keep(&self, previous: &Snapshot, problems: &[Problem]) {
        self.metrics.reloads.get_or_create(&ReloadLabels { result: "failed" }).inc();
        self.metrics.reload_failing.set(1);
        let generation = previous.generation;
        for problem in problems {
            tracing::error!(event = "reload", generation, %problem, "reload failed, the old snapshot serves");
        }
    }

    fn publish(&self, snapshot: &Snapshot) {
        let hashes: usize = snapshot.sets.iter().map(|set| set.set.len()).sum();
        self.metrics.reload_failing.set(0);
        self.metrics.snapshot_generation.set(snapshot.generation as i64);
        self.metrics.loaded_hashes.set(hashes as i64);
        self.metrics.loaded_rules.set(snapshot.rules.len() as i64);
    }
}
