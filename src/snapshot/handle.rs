//! The snapshot that serves, and its replacement.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use super::Snapshot;
use super::inputs::Inputs;
use super::load::load_all;
use super::source::{Fetching, ForMissing, SourceHealth, Sources};
use crate::config::{Config, Problem, SetSource};
use crate::telemetry::{Metrics, ReloadLabels};

/// Shares the snapshot that serves. Reading it never waits, not even for a reload.
#[derive(Debug)]
pub struct SnapshotHandle {
    config_file: PathBuf,
    current: ArcSwap<Snapshot>,
    /// Snapshots that requests may still hold. To let go of millions of hashes takes milliseconds, so the last to do so
    /// must not be a request.
    retired: Mutex<Vec<Arc<Snapshot>>>,
    metrics: Arc<Metrics>,
    sources: Arc<Sources>,
    /// Files that the last reload was given. Its lock keeps reloads one at a time.
    last_inputs: Mutex<Inputs>,
    outcome: Mutex<Outcome>,
}

/// What the last reload wanted and came to. Its lock is held for moments only.
#[derive(Debug)]
struct Outcome {
    problems: Vec<Problem>,
    /// Sets of the configuration, whether it serves or not.
    sets: Vec<SetSource>,
}

/// Whether a reload needs a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Swap {
    Always,
    IfChanged,
}

impl SnapshotHandle {
    /// Loads the first snapshot. Sets on servers are fetched; one of which something is kept does not wait for long.
    ///
    /// # Errors
    /// Every problem in every file.
    pub fn load(config_file: &Path, metrics: Arc<Metrics>) -> Result<Self, Vec<Problem>> {
        let config = Config::load(config_file)?;
        let cache = config.server.cache_directory.clone();
        let sources = Arc::new(Sources::new(cache, Fetching::Allowed, Arc::clone(&metrics)));
        sources.fetch_now(&config.hash_sets, ForMissing::Wait);
        let mut inputs = Inputs::of(&config);
        let snapshot = load_all(config, &mut inputs, None, &sources)?;
        let outcome = Outcome { problems: Vec::new(), sets: snapshot.config.hash_sets.clone() };
        let handle = Self {
            config_file: config_file.to_owned(),
            current: ArcSwap::from_pointee(snapshot),
            retired: Mutex::default(),
            metrics,
            sources,
            last_inputs: Mutex::new(inputs),
            outcome: Mutex::new(outcome),
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
        self.outcome().problems.clone()
    }

    /// How far the sets that serve can be relied on, as of now.
    pub fn source_health(&self) -> Vec<SourceHealth> {
        self.sources.health(&self.current().config.hash_sets)
    }

    /// Brings the metrics that change by themselves, the ages of sets, up to now.
    pub fn publish_ages(&self) {
        self.sources.publish(&self.current().config.hash_sets);
    }

    /// Asks every server for its sets, loads everything anew and swaps it in, or logs what is wrong and keeps what serves.
    pub fn reload(&self) {
        if let Ok(config) = Config::load(&self.config_file) {
            self.sources.fetch_now(&config.hash_sets, ForMissing::GiveUp);
        }
        let mut inputs = self.last_inputs.lock().unwrap_or_else(PoisonError::into_inner);
        self.attempt(&mut inputs, Swap::Always);
    }

    /// Lets go of the snapshots that no request holds any more.
    pub(super) fn drop_retired(&self) {
        let is_held = |snapshot: &Arc<Snapshot>| Arc::strong_count(snapshot) > 1;
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).retain(is_held);
    }

    /// Reloads if any input differs from what the last reload saw. Says whether it did.
    pub(super) fn reload_if_changed(&self) -> bool {
        if !self.has_changed(&self.last_inputs.lock().unwrap_or_else(PoisonError::into_inner)) {
            return false;
        }
        self.fetch_new_sets();
        let mut inputs = self.last_inputs.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.has_changed(&inputs) {
            return false;
        }
        self.attempt(&mut inputs, Swap::IfChanged);
        true
    }

    /// The files of the last reload and of the snapshot that serves, as they are now.
    pub(super) fn watched_inputs(&self) -> Inputs {
        self.inputs_now(&self.last_inputs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The sets of the snapshot that serves, and of the configuration that was read last.
    pub(super) fn wanted_sets(&self) -> Vec<SetSource> {
        let mut sets = self.current.load().config.hash_sets.clone();
        for set in &self.outcome().sets {
            if !sets.iter().any(|other| other.name == set.name && other.location == set.location) {
                sets.push(set.clone());
            }
        }
        sets.retain(|set| set.location.remote().is_some());
        sets
    }

    pub(super) const fn sources(&self) -> &Arc<Sources> {
        &self.sources
    }

    fn has_changed(&self, last: &Inputs) -> bool {
        self.inputs_now(last) != *last
    }

    fn inputs_now(&self, last: &Inputs) -> Inputs {
        let current = self.current.load();
        let mut inputs = Inputs::of(&current.config);
        let wanted = self.outcome().sets.clone();
        for set in current.config.hash_sets.iter().chain(&wanted) {
            inputs.note(self.sources.inputs(set));
        }
        inputs.and(&last.refreshed())
    }

    /// Fetches sets that came with a changed configuration, outside any lock.
    fn fetch_new_sets(&self) {
        let Ok(config) = Config::load(&self.config_file) else {
            return;
        };
        let is_new = |set: &SetSource| !self.sources.has_files(set);
        let new: Vec<SetSource> = config.hash_sets.into_iter().filter(is_new).collect();
        self.sources.fetch_now(&new, ForMissing::GiveUp);
    }

    fn attempt(&self, last: &mut Inputs, swap: Swap) {
        let previous = self.current();
        let mut inputs = Inputs::of_file(&self.config_file).and(&self.inputs_now(last));
        let loaded = Config::load(&self.config_file).and_then(|config| {
            self.outcome().sets.clone_from(&config.hash_sets);
            inputs = Inputs::of(&config);
            load_all(config, &mut inputs, Some(&previous), &self.sources)
        });
        *last = inputs;
        match loaded {
            Ok(snapshot) => {
                self.outcome().problems.clear();
                // What was new has been rejected.
                if swap == Swap::IfChanged && snapshot.inputs == previous.inputs {
                    self.metrics.reload_failing.set(0);
                } else {
                    self.swap_in(snapshot, &previous);
                }
            }
            Err(problems) => {
                self.keep(&previous, &problems);
                self.outcome().problems = problems;
            }
        }
    }

    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn swap_in(&self, snapshot: Snapshot, previous: &Snapshot) {
        if !snapshot.config.has_same_start_settings(&previous.config) {
            tracing::warn!(
                "[server], [[listener]], [admin] and inspection_queue are read only at start: restart to apply them"
            );
        }
        let generation = snapshot.generation;
        self.publish(&snapshot);
        let retired = self.current.swap(Arc::new(snapshot));
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).push(retired);
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
        let texts: usize = snapshot.texts.iter().map(|texts| texts.list.texts().len()).sum();
        self.metrics.loaded_texts.set(texts as i64);
    }
}
