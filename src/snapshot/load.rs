//! Files → snapshot, all problems at once.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::Snapshot;
use super::inputs::{Inputs, Look};
use super::loss;
use super::pulse::Pulse;
use super::rules::{RuleLoader, failing_tests, tell_of_expired, unknown_routes};
use super::sets::{SetLoader, listed_rules};
use super::source::{Fetching, ForMissing, SourceHealth, Sources};
use super::texts::load_lists;
use crate::config::{Config, Problem};
use crate::content::AlgorithmSet;
use crate::hash_set::Progress;
use crate::text::RuleSet;

/// Loads the configuration at `config_file` and everything it names, with what is known of where its sets come from.
/// `progress` is told how far compiling sets is.
///
/// # Errors
/// Every problem in every file.
pub fn load(
    config_file: &Path,
    fetching: Fetching,
    progress: &dyn Progress,
) -> Result<(Snapshot, Vec<SourceHealth>), Vec<Problem>> {
    let config = Config::load(config_file)?;
    let sources = Arc::new(Sources::new(config.server.cache_directory.clone(), fetching, Arc::default()));
    sources.fetch_now(&config.hash_sets, ForMissing::Wait);
    let (hanging, last) = Default::default();
    let look = Look { pulse: &Pulse::default(), hanging: &hanging, last: &last };
    let mut inputs = look.inputs_of(&config);
    let snapshot = load_with(config, &mut inputs, None, &sources, &look, progress)?;
    let health = sources.health(&snapshot.config.hash_sets, &snapshot.inputs);
    Ok((snapshot, health))
}

/// Loads everything that `config` names; `inputs` is what the file system said of it before, by `look`, to which the
/// files of sets are added, also when there are problems.
///
/// A set whose files have not changed since `previous` is taken over from it.
///
/// # Errors
/// Every problem in every file.
pub(super) fn load_all(
    config: Config,
    inputs: &mut Inputs,
    previous: Option<&Snapshot>,
    sources: &Sources,
    look: &Look<'_>,
) -> Result<Snapshot, Vec<Problem>> {
    load_with(config, inputs, previous, sources, look, look.pulse)
}

fn load_with(
    config: Config,
    inputs: &mut Inputs,
    previous: Option<&Snapshot>,
    sources: &Sources,
    look: &Look<'_>,
    progress: &dyn Progress,
) -> Result<Snapshot, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut sets = Vec::new();
    let loader = SetLoader { sources, previous, progress, look, config: &config };
    for source in &config.hash_sets {
        match loader.load_or_reuse(source, inputs) {
            Ok(set) => sets.push(set),
            Err(found) => problems.extend(found),
        }
    }
    loader.tidy();
    let texts = load_lists(&config, previous, inputs, look, &mut problems);
    let mut loaded = RuleLoader { look, inputs: &mut *inputs, problems: &mut problems }.load(&config.rules);
    problems.extend(unknown_routes(&config, &loaded));
    tell_of_expired(&loaded);
    let mut rules = std::mem::take(&mut loaded.rules);
    for set in &sets {
        if let Some(source) = config.hash_set(&set.name) {
            listed_rules(source, set, &mut rules, &mut problems);
        }
    }
    if let Some(previous) = previous.filter(|_| problems.is_empty()) {
        problems.extend(loss::of_snapshot(previous, &config, &texts, &loaded.files));
    }
    // Also when something else is wrong, so that all that is wrong is known at once.
    look.pulse.loads(config.rules.first().unwrap_or(&config.file));
    let compiled = RuleSet::compile(rules);
    match &compiled {
        Ok(rules) => problems.extend(failing_tests(rules, &loaded.file_of)),
        Err(error) => problems.push(Problem::of_file(&config.file, error.to_string())),
    }
    look.pulse.rests();
    let Some(rules) = compiled.ok().filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    let wanted = sets.iter().fold(AlgorithmSet::EMPTY, |wanted, set| wanted.union(set.set.algorithms()));
    let generation = previous.map_or(1, |previous| previous.generation + 1);
    let inputs = inputs.clone();
    Ok(Snapshot {
        generation,
        loaded_at: SystemTime::now(),
        config,
        sets,
        texts,
        rules,
        rule_files: loaded.files,
        wanted,
        inputs,
    })
}
