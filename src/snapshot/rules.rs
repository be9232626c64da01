//! Rule files → rules, with the files beside them, and with their tests.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::handle::hangs;
use super::inputs::{Inputs, Look, rule_files};
use super::pulse::Pulse;
use super::{LoadedFile, unix_now};
use crate::config::{Config, Problem, read_file, read_text};
use crate::text::{Rule, RuleProblem, RuleSet, parse_rules_beside, try_rules};

/// Bytes that a file beside a rule file may have.
const MAX_BESIDE: u64 = 64 << 20;

/// The rules of some files.
#[derive(Debug, Default)]
pub struct LoadedRules {
    /// In the order of the files.
    pub rules: Vec<Rule>,
    /// The file of each rule.
    pub file_of: Vec<Arc<Path>>,
    /// The files.
    pub files: Vec<LoadedFile>,
}

/// The rules of the files and folders `paths`. Their tests are not run.
///
/// # Errors
/// Every problem in every file.
pub fn load_rules(paths: &[PathBuf]) -> Result<LoadedRules, Vec<Problem>> {
    let (mut inputs, mut problems) = (Inputs::default(), Vec::new());
    let (hanging, last) = Default::default();
    let look = Look { pulse: &Pulse::default(), hanging: &hanging, last: &last };
    let loaded = RuleLoader { look: &look, inputs: &mut inputs, problems: &mut problems }.load(paths);
    if problems.is_empty() { Ok(loaded) } else { Err(problems) }
}

/// Loads rules, notes the files that are read, and collects what is wrong with them.
pub(super) struct RuleLoader<'a> {
    pub(super) look: &'a Look<'a>,
    pub(super) inputs: &'a mut Inputs,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl RuleLoader<'_> {
    /// The rules that are in order.
    pub(super) fn load(&mut self, paths: &[PathBuf]) -> LoadedRules {
        let mut loaded = LoadedRules::default();
        let mut first_in: HashMap<String, PathBuf> = HashMap::new();
        for path in paths {
            if self.look.hangs(path) {
                self.problems.push(hangs(path));
                continue;
            }
            self.look.pulse.loads(path);
            let listed = rule_files(path).unwrap_or_else(|error| {
                self.problems.push(Problem::unreadable(path, &error));
                Vec::new()
            });
            for file in listed {
                match self.load_file(path, &file) {
                    Ok((source, rules)) => {
                        self.note_duplicates(&file, &rules, &mut first_in);
                        let shared: Arc<Path> = file.into();
                        loaded.file_of.extend(rules.iter().map(|_| Arc::clone(&shared)));
                        loaded.rules.extend(rules);
                        loaded.files.push(source);
                    }
                    Err(found) => self.problems.extend(found),
                }
            }
        }
        self.look.pulse.rests();
        loaded
    }

    fn load_file(&mut self, named: &Path, path: &Path) -> Result<(LoadedFile, Vec<Rule>), Vec<Problem>> {
        let source = read_text(path).map_err(|error| vec![Problem::unreadable(path, &error)])?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut digest = Sha256::new_with_prefix(source.as_bytes());
        let mut read = |name: &str| {
            let file = folder.join(name);
            // Before it is read, so that a change meanwhile is noticed.
            self.inputs.note(named, [file.clone()]);
            let content = read_beside(folder, &file)?;
            digest.update(&content);
            Ok(content)
        };
        let rules = parse_rules_beside(&source, &mut read).map_err(|problems| rule_problems(path, problems))?;
        let version = data_encoding::HEXLOWER.encode(&digest.finalize()[..6]);
        let entries = rules.len();
        Ok((LoadedFile { path: path.to_owned(), version, loaded_at: SystemTime::now(), entries }, rules))
    }

    fn note_duplicates(&mut self, file: &Path, rules: &[Rule], first_in: &mut HashMap<String, PathBuf>) {
        for rule in rules {
            if let Some(first) = first_in.insert(rule.id.clone(), file.to_owned()) {
                let message = format!("rule id \"{}\" is used twice, first in {}", rule.id, first.display());
                self.problems.push(Problem::at(file, rule.place, message));
            }
        }
    }
}

/// The content of `file`, if it is a file inside `folder` also where links lead elsewhere.
fn read_beside(folder: &Path, file: &Path) -> Result<Vec<u8>, String> {
    let told = |error: std::io::Error| error.to_string();
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let (folder, file) = (folder.canonicalize().map_err(told)?, file.canonicalize().map_err(told)?);
    if !file.starts_with(&folder) {
        return Err("it is a link to outside the folder of the rule file".to_owned());
    }
    let metadata = file.metadata().map_err(told)?;
    if !metadata.is_file() {
        return Err("it is no file".to_owned());
    }
    if metadata.len() > MAX_BESIDE {
        return Err(format!("it has more than {MAX_BESIDE} bytes"));
    }
    read_file(&file).map_err(told)
}

fn rule_problems(path: &Path, problems: Vec<RuleProblem>) -> Vec<Problem> {
    let at = |problem: RuleProblem| {
        let file = problem.file.map_or(path.to_owned(), |beside| path.with_file_name(beside));
        Problem::at(&file, problem.place, problem.message)
    };
    problems.into_iter().map(at).collect()
}

/// What the scopes of `loaded` say of routes that `config` does not have.
pub(super) fn unknown_routes(config: &Config, loaded: &LoadedRules) -> Vec<Problem> {
    let known: Vec<&str> = config.routes.iter().map(|route| &*route.name).collect();
    let rules = loaded.rules.iter().zip(&loaded.file_of);
    rules.flat_map(|(rule, file)| rule_problems(file, rule.unknown_routes(&known).collect())).collect()
}

/// Tests of rules that fail. `file_of` tells the files of the first rules of `set`; no other has tests.
pub(super) fn failing_tests(set: &RuleSet, file_of: &[Arc<Path>]) -> Vec<Problem> {
    let failed = try_rules(set).into_iter().filter(|trial| !trial.has_passed());
    failed.filter_map(|trial| Some(Problem::at(file_of.get(trial.rule)?, trial.place, trial.to_string()))).collect()
}

/// Says in the log which rules match no more.
pub(super) fn tell_of_expired(loaded: &LoadedRules) {
    let now = unix_now();
    for (rule, file) in loaded.rules.iter().zip(&loaded.file_of) {
        if let Some(expiry) = rule.expired(now) {
            let (file, place) = (file.display(), rule.place);
            tracing::warn!(
                event = "expired_rule",
                rule = rule.id,
                "{file}:{place}: expired on {expiry}, never matches"
            );
        }
    }
}
