//! The snapshot that serves, and its replacement.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use arc_swap::ArcSwap;

use super::Snapshot;
use super::bell::Bell;
use super::inputs::{Inputs, Look, Names};
use super::load::load_all;
use super::loss;
use super::pulse::Pulse;
use super::sets::name_of;
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
    /// Files that the last reload was given.
    last_inputs: Mutex<Inputs>,
    outcome: Mutex<Outcome>,
    /// Wakes the one thread that looks at inputs and reloads.
    bell: Bell,
    /// Inputs about which the file system does not answer.
    hanging: Mutex<BTreeSet<PathBuf>>,
    /// When all inputs were last looked at.
    looked_at: Mutex<Instant>,
}

/// What the last reload wanted and came to. Its lock is held for moments only.
#[derive(Debug)]
struct Outcome {
    problems: Vec<Problem>,
    /// Sets of the configuration, whether it serves or not.
    sets: Vec<SetSource>,
}

/// Which sets of servers are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fetch {
    All,
    /// Those of which there is nothing yet.
    New,
}

impl Fetch {
    fn wants(self, sources: &Sources, set: &SetSource) -> bool {
        self == Self::All || !sources.has_files(set)
    }
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
        let (hanging, last) = Default::default();
        let look = Look { pulse: &Pulse::default(), hanging: &hanging, last: &last };
        let mut inputs = look.inputs_of(&config);
        let snapshot = load_all(config, &mut inputs, None, &sources, &look)?;
        let outcome = Outcome { problems: Vec::new(), sets: snapshot.config.hash_sets.clone() };
        let handle = Self {
            config_file: config_file.to_owned(),
            current: ArcSwap::from_pointee(snapshot),
            retired: Mutex::default(),
            metrics,
            sources,
            last_inputs: Mutex::new(inputs),
            outcome: Mutex::new(outcome),
            bell: Bell::default(),
            hanging: Mutex::default(),
            looked_at: Mutex::new(Instant::now()),
        };
        handle.publish(&handle.current());
        handle.current().log_warnings();
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
        self.sources.health(&self.current().config.hash_sets, &locked(&self.last_inputs))
    }

    /// Brings the metrics that change by themselves, the ages of sets and inputs, up to now.
    pub fn publish_ages(&self) {
        let inputs = locked(&self.last_inputs).clone();
        self.sources.publish(&self.current().config.hash_sets, &inputs);
        self.metrics.input_look_age.set(locked(&self.looked_at).elapsed().as_secs_f64());
        let newest = self.current().inputs.newest(None);
        let age = newest.and_then(|newest| SystemTime::now().duration_since(newest).ok());
        self.metrics.newest_input_age.set(age.unwrap_or_default().as_secs_f64());
    }

    /// Has every server asked for its sets and everything loaded anew, by the thread that watches, and swapped in; or
    /// what is wrong logged, and what serves kept.
    pub fn ask_for_reload(&self) {
        self.bell.ask_for_reload();
    }

    /// Has all inputs looked at soon.
    pub(super) fn ask_for_look(&self) {
        self.bell.ring();
    }

    pub(super) const fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Lets go of the snapshots that no request holds any more.
    pub(super) fn drop_retired(&self) {
        let is_held = |snapshot: &Arc<Snapshot>| Arc::strong_count(snapshot) > 1;
        locked(&self.retired).retain(is_held);
    }

    /// Looks at all inputs, and reloads if one differs from what the last reload saw, or if somebody asked for it. What
    /// comes of it after `pulse` was given up is dropped.
    pub(super) fn look(&self, pulse: &Pulse) {
        let asked = self.bell.asked();
        let (hanging, last) = (locked(&self.hanging).clone(), locked(&self.last_inputs).clone());
        let look = Look { pulse, hanging: &hanging, last: &last };
        let now = self.inputs_now(&look);
        if pulse.is_given_up() {
            return;
        }
        if hanging.is_empty() {
            *locked(&self.looked_at) = Instant::now();
        }
        if asked.is_some() {
            self.fetch_sets(&look, Fetch::All);
            self.attempt(&look, &now, Swap::Always);
        } else if now != last {
            self.fetch_sets(&look, Fetch::New);
            self.attempt(&look, &now, Swap::IfChanged);
        }
        if !pulse.is_given_up() {
            self.bell.done(asked);
        }
    }

    /// `input` does not answer: it is left alone from now on, and what was loaded of it serves.
    pub(super) fn leave_alone(&self, input: &Path) {
        locked(&self.hanging).insert(input.to_owned());
        self.metrics.reloads.get_or_create(&ReloadLabels { result: "failed" }).inc();
        self.show_what_hangs();
        let problem = hangs(input);
        tracing::error!(event = "reload", %problem, "an input hangs, what was loaded of it serves");
    }

    /// `input` answers again.
    pub(super) fn take_up_again(&self, input: &Path) {
        locked(&self.hanging).remove(input);
        tracing::info!(event = "reload", input = %input.display(), "it answers again");
        self.ask_for_reload();
    }

    /// The names that tell of a change of the last reload's files.
    pub(super) fn names(&self, pulse: &Pulse) -> Names {
        let (hanging, last) = (locked(&self.hanging).clone(), locked(&self.last_inputs).clone());
        last.names(&Look { pulse, hanging: &hanging, last: &last })
    }

    pub(super) fn last_inputs(&self) -> Inputs {
        locked(&self.last_inputs).clone()
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

    /// The files of the last reload and of the snapshot that serves, as they are now.
    fn inputs_now(&self, look: &Look<'_>) -> Inputs {
        let current = self.current.load();
        let mut inputs = look.inputs_of(&current.config);
        let wanted = self.outcome().sets.clone();
        for set in current.config.hash_sets.iter().chain(&wanted) {
            inputs.add(&look.set(&name_of(set), || self.sources.inputs(set)));
        }
        inputs.add(&look.last_again());
        inputs
    }

    /// Asks servers for sets of the configuration as it is now.
    fn fetch_sets(&self, look: &Look<'_>, which: Fetch) {
        let Ok(config) = self.read_config(look) else {
            return;
        };
        let is_wanted = |set: &SetSource| set.location.remote().is_some() && which.wants(&self.sources, set);
        let sets: Vec<SetSource> = config.hash_sets.into_iter().filter(is_wanted).collect();
        self.sources.fetch_now(&sets, ForMissing::GiveUp);
    }

    fn read_config(&self, look: &Look<'_>) -> Result<Config, Vec<Problem>> {
        if look.hangs(&self.config_file) {
            return Err(vec![hangs(&self.config_file)]);
        }
        look.pulse.looks_at(&self.config_file);
        let config = Config::load(&self.config_file);
        look.pulse.rests();
        config
    }

    fn attempt(&self, look: &Look<'_>, now: &Inputs, swap: Swap) {
        let previous = self.current();
        let mut inputs = look.file(&self.config_file);
        inputs.add(now);
        let loaded = self.read_config(look).and_then(|config| {
            self.outcome().sets.clone_from(&config.hash_sets);
            inputs = look.inputs_of(&config);
            load_all(config, &mut inputs, Some(&previous), &self.sources, look)
        });
        look.pulse.rests();
        if look.pulse.is_given_up() {
            return;
        }
        if loaded.is_err() {
            // What serves depends on more than what was to be loaded; all of it was seen.
            inputs.add(now);
        }
        *locked(&self.last_inputs) = inputs;
        match loaded {
            Ok(snapshot) => {
                // What was new has been rejected.
                if !(swap == Swap::IfChanged && snapshot.inputs == previous.inputs) {
                    self.swap_in(snapshot, &previous);
                }
                self.outcome().problems.clear();
                self.metrics.reload_failing.set(0);
            }
            Err(problems) => {
                self.keep(&previous, &problems);
                self.outcome().problems = problems;
            }
        }
        self.show_what_hangs();
    }

    /// What hangs is a failure, whatever became of the rest.
    fn show_what_hangs(&self) {
        let hanging: Vec<Problem> = locked(&self.hanging).iter().map(|input| hangs(input)).collect();
        let problems = &mut self.outcome().problems;
        for problem in hanging {
            self.metrics.reload_failing.set(1);
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }

    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        locked(&self.outcome)
    }

    fn swap_in(&self, snapshot: Snapshot, previous: &Snapshot) {
        let later = snapshot.config.start_settings_unlike(&previous.config).join(", ");
        if !later.is_empty() {
            tracing::warn!(event = "reload", "{later}: changed, and read only at start. Restart to apply it");
        }
        loss::log(previous, &snapshot);
        snapshot.log_warnings();
        let snapshot = Arc::new(snapshot);
        let retired = self.current.swap(Arc::clone(&snapshot));
        locked(&self.retired).push(retired);
        self.publish(&snapshot);
        self.metrics.reloads.get_or_create(&ReloadLabels { result: "ok" }).inc();
        tracing::info!(
            event = "reload",
            generation = snapshot.generation,
            file = %self.config_file.display(),
            routes = snapshot.config.routes.len(),
            sets = snapshot.sets.len(),
            hashes = snapshot.hashes(),
            texts = snapshot.texts.iter().map(|texts| texts.file.entries).sum::<usize>(),
            rules = snapshot.rules.len(),
            "snapshot loaded"
        );
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
        self.metrics.reload_failing.set(0);
        self.metrics.snapshot_generation.set(snapshot.generation as i64);
        self.metrics.loaded_hashes.set(snapshot.hashes() as i64);
        self.metrics.loaded_rules.set(snapshot.rules.len() as i64);
        let texts: usize = snapshot.texts.iter().map(|texts| texts.list.texts().len()).sum();
        self.metrics.loaded_texts.set(texts as i64);
    }
}

/// That `input` has not been looked at or loaded in the time for it.
pub(super) fn hangs(input: &Path) -> Problem {
    let what = "it was not read in time, and is left alone until it was: is the server of a network mount gone, or \
                does it take minutes to load?";
    Problem::of_file(input, what)
}

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
