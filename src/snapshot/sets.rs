//! The sets of a configuration: taken over from the snapshot before, or loaded from their files.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::handle::hangs;
use super::inputs::{Inputs, Look};
use super::layers::{Keeping, SetCache, SetPath};
use super::loss;
use super::source::{SetFiles, Sources};
use super::{LoadedFile, LoadedSet, Snapshot};
use crate::config::{Config, OnBadRow, Problem, SetSource};
use crate::content::SetAction;
use crate::hash_set::{About, Compiled, HashSet, Item, KeptKind, Progress};
use crate::text::{Rule, parse_trend_query};

/// Where compiled sets lie in the cache folder.
const FOLDER: &str = "compiled";

/// Files of one set that are layers of it; of more, one layer is made.
const MOST_LAYERS: usize = 16;

/// Loads the sets of one configuration.
pub(super) struct SetLoader<'a> {
    pub(super) config: &'a Config,
    pub(super) sources: &'a Sources,
    pub(super) previous: Option<&'a Snapshot>,
    pub(super) look: &'a Look<'a>,
    pub(super) progress: &'a dyn Progress,
}

impl SetLoader<'_> {
    /// The set from the snapshot before when its files are the same, or from its files. A new version from a server that
    /// is of no use is left for the one before.
    ///
    /// # Errors
    /// Every problem in its files.
    pub(super) fn load_or_reuse(&self, source: &SetSource, inputs: &mut Inputs) -> Result<LoadedSet, Vec<Problem>> {
        // Before the files are read, so that a change meanwhile is noticed.
        let name = name_of(source);
        let own = self.look.set(&name, || self.sources.inputs(source));
        if let Some(set) = self.reused(source, &own) {
            inputs.add(&own);
            return Ok(set);
        }
        if self.look.hangs(&name) {
            inputs.add(&own);
            return Err(vec![hangs(&name)]);
        }
        self.look.pulse.loads(&name);
        let load = |files: &SetFiles| self.load(source, files).and_then(|set| self.without_loss(source, set));
        let loaded = self.sources.files(source).and_then(|files| match load(&files) {
            Ok(set) => {
                self.sources.accept(source, &files);
                Ok(set)
            }
            Err(problems) if files.is_candidate() => {
                self.sources.reject(source, &files, &problems);
                self.sources.last_good(source).map_or(Err(problems), |files| load(&files))
            }
            Err(problems) => Err(problems),
        });
        match &loaded {
            Ok(set) if source.location.remote().is_some() => inputs.note(&name, set.files.iter().cloned()),
            _ => inputs.add(&own),
        }
        loaded
    }

    /// `set`, unless it has lost more than its source allows.
    fn without_loss(&self, source: &SetSource, set: LoadedSet) -> Result<LoadedSet, Vec<Problem>> {
        let before = self.previous.and_then(|previous| previous.sets.iter().find(|before| before.name == set.name));
        let Some(before) = before else { return Ok(set) };
        match loss::of_set(before, source, &set) {
            Some(problem) => Err(vec![problem]),
            None => Ok(LoadedSet { peak: before.peak.or(set.peak), ..set }),
        }
    }

    /// Removes what has not been used for long from the folder of compiled sets.
    pub(super) fn tidy(&self) {
        self.with_cache(|cache| cache.tidy());
    }

    fn reused(&self, source: &SetSource, inputs: &Inputs) -> Option<LoadedSet> {
        let (previous, name) = (self.previous?, name_of(source));
        let sets = previous.config.hash_sets.iter().zip(&previous.sets);
        let (_, loaded) = sets.into_iter().find(|(then, loaded)| {
            let is_same = then.location == source.location
                && then.public_key == source.public_key
                && then.reading == source.reading;
            is_same
                && inputs.are_part_of(&name, &previous.inputs)
                && loaded.files.iter().all(|file| inputs.has(&name, file))
        })?;
        Some(LoadedSet { name: Arc::clone(&source.name), policy: source.policy, ..loaded.clone() })
    }

    /// Loads on a thread that gives way to those that serve, while there are any.
    fn load(&self, source: &SetSource, files: &SetFiles) -> Result<LoadedSet, Vec<Problem>> {
        if self.previous.is_none() {
            return self.with_cache(|cache| load(source, files, cache));
        }
        thread::scope(|scope| {
            let loading = scope.spawn(|| {
                if let Err(error) = rustix::process::nice(19) {
                    tracing::debug!(%error, "loading competes with those that serve");
                }
                self.with_cache(|cache| load(source, files, cache))
            });
            loading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn with_cache<T>(&self, work: impl FnOnce(&SetCache<'_>) -> T) -> T {
        let folder = self.config.server.cache_directory.join(FOLDER);
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        work(&SetCache {
            folder: Some(&folder),
            keeping: if self.sources.may_change() { Keeping::New } else { Keeping::Nothing },
            temporary: &self.config.limits.spool_directory,
            threads: if self.previous.is_some() { cores.div_ceil(2) } else { cores },
            progress: self.progress,
        })
    }
}

/// What the files of a set are inputs by.
pub(super) fn name_of(source: &SetSource) -> PathBuf {
    source.location.to_string().into()
}

/// The set that all of `files` make, each laid over those before it.
fn load(source: &SetSource, files: &SetFiles, cache: &SetCache<'_>) -> Result<LoadedSet, Vec<Problem>> {
    let (mut layers, mut problems): (Vec<Arc<Compiled>>, _) = (Vec::new(), Vec::new());
    let paths: Vec<SetPath<'_>> =
        files.files.iter().map(|file| SetPath { path: &file.path, shown: &file.shown }).collect();
    // Each file a layer, so that one that changes is compiled alone; but many are compiled into one, for each search
    // asks each layer.
    for paths in paths.chunks(if paths.len() > MOST_LAYERS { usize::MAX } else { 1 }) {
        match cache.load(paths, &source.reading) {
            Ok(layer) => {
                for problem in &layer.skipped {
                    tracing::warn!(event = "skipped_rows", set = &*source.name, %problem, "a row is left out");
                }
                layers.push(layer.set);
            }
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let location = name_of(source);
    let version = version_of(&layers);
    let set = HashSet::layered(layers);
    let (loaded_at, entries) = (SystemTime::now(), set.records());
    Ok(LoadedSet {
        name: Arc::clone(&source.name),
        policy: source.policy,
        file: LoadedFile { path: location, version, loaded_at, entries },
        peak: loss::Peak { entries, at: loaded_at },
        files: files.paths().collect(),
        set: Arc::new(set),
    })
}

fn version_of(layers: &[Arc<Compiled>]) -> String {
    if let [only] = layers {
        return only.version();
    }
    let mut digest = Sha256::new();
    layers.iter().for_each(|layer| digest.update(layer.version()));
    data_encoding::HEXLOWER.encode(&digest.finalize()[..6])
}

/// Adds the keyword rules that a set lists, with the set's policy. An allow set has none: it allows files, not words.
pub(super) fn listed_rules(source: &SetSource, set: &LoadedSet, rules: &mut Vec<Rule>, problems: &mut Vec<Problem>) {
    let SetAction::Act(action) = source.policy.action else {
        return;
    };
    // Most lists have none, and some keep millions of other things.
    if !set.set.kept_counts().any(|(kind, _)| kind == KeptKind::TrendQuery) {
        return;
    }
    for (number, (item, about)) in (1..).zip(set.set.kept()) {
        let Item::Kept(KeptKind::TrendQuery, query) = item else {
            continue;
        };
        let id = rule_id(&source.name, about.id.unwrap_or(&format!("query-{number}")));
        let labels = about.label.filter(|label| *label == plain(label)).map(str::to_owned);
        match parse_trend_query(query, &id, labels.into_iter().collect()) {
            Ok(rule) => rules.push(Rule { action, mode: source.policy.mode, ..rule }),
            Err(error) => note_query(source, set, &about, &error.to_string(), problems),
        }
    }
}

fn note_query(source: &SetSource, set: &LoadedSet, about: &About<'_>, error: &str, problems: &mut Vec<Problem>) {
    let problem = Problem::of_file(
        Path::new(&set.file.path),
        format!("the trend query \"{}\" is no rule: {error}", about.id.unwrap_or("without id")),
    );
    match source.reading.on_bad_row {
        OnBadRow::Refuse => problems.push(problem),
        OnBadRow::Skip => {
            tracing::warn!(event = "skipped_rows", set = &*source.name, %problem, "a row is left out");
        }
    }
}

/// Ids of rules are small letters, digits and `.`, `_`, `-`, and unique over all files.
fn rule_id(set: &str, entry: &str) -> String {
    format!("{}.{}", plain(set), plain(entry))
}

fn plain(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    text.chars().map(|c| c.to_ascii_lowercase()).map(|c| if is_plain(c) { c } else { '-' }).collect()
}
