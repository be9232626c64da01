//! Files → snapshot, all problems at once.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::inputs::{Inputs, rule_files};
use super::source::{Fetching, ForMissing, SetFiles, SourceHealth, Sources};
use super::{LoadedFile, LoadedSet, Snapshot};
use crate::config::{Config, Place, Problem, SetSource};
use crate::content::AlgorithmSet;
use crate::hash_set::{HashSet, RowProblems};
use crate::text::{Rule, RuleProblem, RuleSet, parse_rules};

/// Loads the configuration at `config_file` and everything it names, with what is known of where its sets come from.
///
/// # Errors
/// Every problem in every file.
pub fn load(config_file: &Path, fetching: Fetching) -> Result<(Snapshot, Vec<SourceHealth>), Vec<Problem>> {
    let config = Config::load(config_file)?;
    let sources = Arc::new(Sources::new(config.server.cache_directory.clone(), fetching, Arc::default()));
    sources.fetch_now(&config.hash_sets, ForMissing::Wait);
    let mut inputs = Inputs::of(&config);
    let snapshot = load_all(config, &mut inputs, None, &sources)?;
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
    let mut problems = Vec::new();
    let mut sets = Vec::new();
    for source in &config.hash_sets {
        match load_or_reuse(source, inputs, previous, sources) {
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
    let inputs = inputs.clone();
    Ok(Snapshot { generation, loaded_at: SystemTime::now(), config, sets, rules, rule_files, wanted, inputs })
}

/// The set from `previous` when its files are the same, or from its files. A new version from a server that is of no use
/// is left for the one before.
fn load_or_reuse(
    source: &SetSource,
    inputs: &mut Inputs,
    previous: Option<&Snapshot>,
    sources: &Sources,
) -> Result<LoadedSet, Vec<Problem>> {
    // Before the files are read, so that a change meanwhile is noticed.
    let mut own = Inputs::default();
    own.note(sources.inputs(source));
    if let Some(set) = reused_set(source, &own, previous) {
        *inputs = std::mem::take(inputs).and(&own);
        return Ok(set);
    }
    let loaded = sources.files(source).and_then(|files| match load_set(source, &files) {
        Ok(set) => {
            sources.accept(source, &files);
            Ok(set)
        }
        Err(problems) if files.is_candidate() => {
            sources.reject(source, &files, &problems);
            sources.last_good(source).map_or(Err(problems), |files| load_set(source, &files))
        }
        Err(problems) => Err(problems),
    });
    match &loaded {
        Ok(set) if source.location.remote().is_some() => inputs.note(set.files.iter().cloned()),
        _ => *inputs = std::mem::take(inputs).and(&own),
    }
    loaded
}

fn reused_set(source: &SetSource, inputs: &Inputs, previous: Option<&Snapshot>) -> Option<LoadedSet> {
    let previous = previous?;
    let sets = previous.config.hash_sets.iter().zip(&previous.sets);
    let (_, loaded) = sets.into_iter().find(|(then, loaded)| {
        let is_same = then.location == source.location && then.public_key == source.public_key;
        is_same && inputs.is_part_of(&previous.inputs) && loaded.files.iter().all(|file| inputs.has(file))
    })?;
    Some(LoadedSet { name: Arc::clone(&source.name), policy: source.policy, ..loaded.clone() })
}

fn load_set(source: &SetSource, files: &SetFiles) -> Result<LoadedSet, Vec<Problem>> {
    let mut contents = Vec::with_capacity(files.files.len());
    for file in &files.files {
        let unreadable = |error| vec![Problem::of_file(&file.shown, format!("cannot be read: {error}"))];
        contents.push(fs::read(&file.path).map_err(unreadable)?);
    }
    let set = HashSet::from_csv_files(contents.iter().map(Vec::as_slice)).map_err(|problems| {
        let of_files = problems.iter().map(|(position, problems)| (&files.files[*position].shown, problems));
        of_files.flat_map(|(file, problems)| row_problems(file, problems)).collect::<Vec<_>>()
    })?;
    Ok(LoadedSet {
        name: Arc::clone(&source.name),
        policy: source.policy,
        file: loaded_file(Path::new(&source.location.to_string()), contents.iter().map(Vec::as_slice)),
        files: files.paths().collect(),
        set: Arc::new(set),
    })
}

fn row_problems(path: &Path, problems: &RowProblems) -> Vec<Problem> {
    let mut all: Vec<Problem> = problems
        .first
        .iter()
        .map(|problem| {
            let place = Place { line: problem.line, column: problem.column };
            Problem::at(path, place, problem.kind.to_string())
        })
        .collect();
    if problems.more > 0 {
        all.push(Problem::of_file(path, format!("and {} more problems", problems.more)));
    }
    all
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
    Ok((loaded_file(path, [source.as_bytes()]), rules))
}

fn loaded_file<'a>(path: &Path, contents: impl IntoIterator<Item = &'a [u8]>) -> LoadedFile {
    let mut digest = Sha256::new();
    contents.into_iter().for_each(|bytes| digest.update(bytes));
    let version = data_encoding::HEXLOWER.encode(&digest.finalize()[..6]);
    LoadedFile { path: path.to_owned(), version, loaded_at: SystemTime::now() }
}
