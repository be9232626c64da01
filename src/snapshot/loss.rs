//! What a reload would lose: input that was cut off often parses as well as before, and only has less in it.
//!
//! Whoever means it says so in the configuration. Otherwise the snapshot that serves stays, and the loss is a problem
//! like any other.

use super::{LoadedFile, LoadedSet, LoadedTexts, Snapshot};
use crate::config::{Config, Emptied, Inspection, Problem, SetSource};

/// Entries that any set may lose at once, so that a person can edit a list of a few: of a list this short, a cut at the
/// end of a row looks like an edit.
const EDITABLE: usize = 10;

/// Why `set` may not take the place of what serves under its name.
pub(super) fn of_set(previous: &Snapshot, source: &SetSource, set: &LoadedSet) -> Option<Problem> {
    let before = previous.sets.iter().find(|before| before.name == set.name)?.file.entries;
    let now = set.file.entries;
    let lost = before.saturating_sub(now);
    let share = source.allow_shrink.get();
    let allowed = (before as f64 * share).floor().max(EDITABLE as f64);
    let is_emptied = before > 0 && now == 0 && share < 1.0;
    if !is_emptied && lost as f64 <= allowed {
        return None;
    }
    let what = format!(
        "hash set \"{}\" has {now} entries, {before} before: is the list cut off? If it is meant, raise \
         allow_shrink of the set, which is {share}",
        set.name
    );
    Some(Problem::of_file(&set.file.path, what))
}

/// What is gone of routes, sets, texts and rules although `config` does not allow it.
pub(super) fn of_snapshot(
    previous: &Snapshot,
    config: &Config,
    texts: &[LoadedTexts],
    rule_files: &[LoadedFile],
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut note = |emptied: Emptied, problem: Problem| {
        if !config.allow_empty.contains(&emptied) {
            let hint =
                format!(": is it cut off? If it is meant, write allow_empty = [\"{}\"] in [reload]", emptied.name());
            problems.push(Problem { message: problem.message + &hint, ..problem });
        }
    };
    let of_config = |message: String| Problem::of_file(&config.file, message);
    if inspecting(config) == 0 && inspecting(&previous.config) > 0 {
        note(Emptied::Routes, of_config(format!("no route inspects, {} before", inspecting(&previous.config))));
    }
    if config.hash_sets.is_empty() && !previous.sets.is_empty() {
        note(Emptied::Sets, of_config(format!("there is no hash set, {} before", previous.sets.len())));
    }
    let entries = |files: &[LoadedFile]| files.iter().map(|file| file.entries).sum::<usize>();
    let mut emptied =
        rule_files.iter().filter_map(|file| Some((file, emptied(file, &previous.rule_files)?))).peekable();
    if emptied.peek().is_none() && entries(rule_files) == 0 && entries(&previous.rule_files) > 0 {
        let before = entries(&previous.rule_files);
        note(Emptied::Rules, of_config(format!("there is no rule, {before} before")));
    }
    for (file, before) in emptied {
        note(Emptied::Rules, Problem::of_file(&file.path, format!("there is no rule in it, {before} before")));
    }
    let texts_before: Vec<LoadedFile> = previous.texts.iter().map(|texts| texts.file.clone()).collect();
    for (file, before) in
        texts.iter().filter_map(|texts| Some((&texts.file, self::emptied(&texts.file, &texts_before)?)))
    {
        note(Emptied::Texts, Problem::of_file(&file.path, format!("there is no text in it, {before} before")));
    }
    problems
}

/// Says in the log what there is less of, though it is allowed.
pub(super) fn log(previous: &Snapshot, next: &Snapshot) {
    let gone = |kind: &str, name: &str| tracing::warn!(event = "reload", "{kind} \"{name}\" is gone");
    for set in previous.sets.iter().filter(|set| next.config.hash_set(&set.name).is_none()) {
        gone("hash set", &set.name);
    }
    for route in previous.config.routes.iter().filter(|route| !next.config.routes.iter().any(|r| r.name == route.name))
    {
        gone("route", &route.name);
    }
    for file in &previous.rule_files {
        let now = next.rule_files.iter().find(|next| next.path == file.path);
        match now.map(|now| now.entries) {
            None => gone("rule file", &file.path.display().to_string()),
            Some(now) if now < file.entries => {
                let (path, before) = (file.path.display(), file.entries);
                tracing::warn!(event = "reload", "rule file \"{path}\" has {now} rules, {before} before");
            }
            Some(_) => {}
        }
    }
}

fn inspecting(config: &Config) -> usize {
    config.routes.iter().filter(|route| route.policy.inspect != Inspection::Off).count()
}

/// How much was in `file` before, now that there is nothing.
fn emptied(file: &LoadedFile, before: &[LoadedFile]) -> Option<usize> {
    let before = before.iter().find(|before| before.path == file.path)?.entries;
    (file.entries == 0 && before > 0).then_some(before)
}
