//! Files → snapshot, all problems at once.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::inputs::{Inputs, rule_files};
use super::sets::{SetLoader, listed_rules};
use super::source::{Fetching, ForMissing, SourceHealth, Sources};
use super::texts::load_lists;
use super::{LoadedFile, Snapshot};
use crate::config::{Config, Problem};
use crate::content::AlgorithmSet;
use crate::hash_set::{Progress, Silent};
use crate::text::{Rule, RuleProblem, RuleSet, parse_rules};

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
    let mut inputs = Inputs::of(&config);
    let snapshot = load_with(config, &mut inputs, None, &sources, progress)?;
    let health = sources.health(&snapshot.config.hash_sets);
    Ok((snapshot, health))
}

/// Loads everything that `config` names; `inputs` is what the file system said of it before, to which the files of sets
/// are added, also when there are problems.
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
) -> Result<Snapshot, Vec<Problem>> {
    load_with(config, inputs, previous, sources, &Silent)
}

fn load_with(
    config: Config,
    inputs: &mut Inputs,
    previous: Option<&Snapshot>,
    sources: &Sources,
    progress: &dyn Progress,
) -> Result<Snapshot, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut sets = Vec::new();
    let loader = SetLoader { sources, previous, progress, config: &config };
    for source in &config.hash_sets {
        match loader.load_or_reuse(source, inputs) {
            Ok(set) => sets.push(set),
            Err(found) => problems.extend(found),
        }
    }
    loader.tidy();
    let texts = load_lists(&config, previous, inputs, &mut problems);
    let (mut rules, rule_files) = load_rules(&config, &mut problems);
    for (source, set) in config.hash_sets.iter().zip(&sets) {
        listed_rules(source, set, &mut rules, &mut problems);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let rules = RuleSet::compile(rules).map_err(|error| vec![Problem::of_file(&config.file, error.to_string())])?;
    let wanted = sets.iter().fold(AlgorithmSet::EMPTY, |wanted, set| wanted.union(set.set.algorithms()));
    let generation = previous.map_or(1, |previous| previous.generation + 1);
    let inputs = inputs.clone();
    Ok(Snapshot { generation, loaded_at: SystemTime::now(), config, sets, texts, rules, rule_files, wanted, inputs })
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
    let version = data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)[..6]);
    LoadedFile { path: path.to_owned(), version, loaded_at: SystemTime::now() }
}
