//! Files → snapshot, all problems at once.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::inputs::{Inputs, rule_files};
use super::{LoadedFile, LoadedSet, Snapshot};
use crate::config::{Config, ListReading, Problem, SetSource};
use crate::content::AlgorithmSet;
use super::layers::SetCache;
use crate::hash_set::{HashSet, Silent};
use crate::text::{Rule, RuleProblem, RuleSet, parse_rules};

/// Loads the configuration at `config_file` and everything it names.
///
/// A set whose file has not changed since `previous` is taken over from it.
///
/// # Errors
/// Every problem in every file.
pub fn load(config_file: &Path, previous: Option<&Snapshot>) -> Result<Snapshot, Vec<Problem>> {
    let config = Config::load(config_file)?;
    let inputs = Inputs::of(&config);
    load_all(config, inputs, previous)
}

/// Loads everything that `config` names; `inputs` is what the file system said of it before.
///
/// # Errors
/// Every problem in every file.
pub(super) fn load_all(config: Config, inputs: Inputs, previous: Option<&Snapshot>) -> Result<Snapshot, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut sets = Vec::new();
    let cache = SetCache { folder: None, temporary: &config.limits.spool_directory, threads: 1, progress: &Silent };
    for source in &config.hash_sets {
        match reused_set(source, &inputs, previous).map_or_else(|| load_set(source, &cache), Ok) {
            Ok(set) => sets.push(set),
            Err(found) => problems.extend(found),
        }
    }
    let (rules, rule_files) = load_rules(&config, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let rules = RuleSet::compile(rules).map_err(|error| vec![Problem::of_file(&config.file, error.to_string())])?;
    let wanted = sets.iter().fold(AlgorithmSet::EMPTY, |wanted, set| wanted.union(set.set.algorithms()));
    let generation = previous.map_or(1, |previous| previous.generation + 1);
    Ok(Snapshot { generation, loaded_at: SystemTime::now(), config, sets, rules, rule_files, wanted, inputs })
}

fn reused_set(source: &SetSource, inputs: &Inputs, previous: Option<&Snapshot>) -> Option<LoadedSet> {
    let previous = previous?;
    let loaded = previous.sets.iter().find(|set| set.file.path == source.path)?;
    inputs.agree_on(&previous.inputs, &source.path).then(|| LoadedSet {
        name: Arc::clone(&source.name),
        policy: source.policy,
        ..loaded.clone()
    })
}

fn load_set(source: &SetSource, cache: &SetCache<'_>) -> Result<LoadedSet, Vec<Problem>> {
    let path = &source.path;
    let layer = cache.load(path, &ListReading::default())?;
    let version = layer.set.version();
    Ok(LoadedSet {
        name: Arc::clone(&source.name),
        policy: source.policy,
        file: LoadedFile { path: path.clone(), version, loaded_at: SystemTime::now() },
        set: Arc::new(HashSet::of(layer.set)),
    })
}

fn rule_problems(path: &Path, problems: Vec<RuleProblem>) -> Vec<Problem> {
    problems.into_iter().map(|problem| Problem::at(path, problem.place, problem.message)).collect()
}

fn load_rules(config: &Config, problems: &mut Vec<Problem>) -> (Vec<Rule>, Vec<LoadedFile>) {
    let mut rules: Vec<Rule> = Vec::new();
    let mut files = Vec::new();
    let mut first_in: HashMap<String, PathBuf> = HashMap::new();
    for path in &config.rules {
        let listed = rule_files(path).unwrap_or_else(|error| {
            problems.push(Problem::of_file(path, format!("cannot be read: {error}")));
            Vec::new()
        });
        for file in listed {
            match load_rule_file(&file) {
                Ok((loaded, found)) => {
                    note_duplicates(&file, &found, &mut first_in, problems);
                    files.push(loaded);
                    rules.extend(found);
                }
                Err(found) => problems.extend(found),
            }
        }
    }
    (rules, files)
}

fn note_duplicates(file: &Path, rules: &[Rule], first_in: &mut HashMap<String, PathBuf>, problems: &mut Vec<Problem>) {
    for rule in rules {
        if let Some(first) = first_in.insert(rule.id.to_string(), file.to_owned()) {
            let message = format!("rule id \"{}\" is used twice, first in {}", rule.id, first.display());
            problems.push(Problem::at(file, rule.place, message));
        }
    }
}

fn load_rule_file(path: &Path) -> Result<(LoadedFile, Vec<Rule>), Vec<Problem>> {
    let source =
        fs::read_to_string(path).map_err(|error| vec![Problem::of_file(path, format!("cannot be read: {error}"))])?;
    let rules = parse_rules(&source).map_err(|problems| rule_problems(path, problems))?;
    Ok((loaded_file(path, source.as_bytes()), rules))
}

fn loaded_file(path: &Path, bytes: &[u8]) -> LoadedFile {
    let digest = Sha256::digest(bytes);
    let version = data_encoding::HEXLOWER.encode(&digest[..6]);
    LoadedFile { path: path.to_owned(), version, loaded_at: SystemTime::now() }
}
