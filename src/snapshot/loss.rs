//! What a reload would lose: input that was cut off often parses as well as before, and only has less in it.
//!
//! Whoever means it says so in the configuration. Otherwise the snapshot that serves stays, and the loss is a problem
//! like any other.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{LoadedFile, LoadedSet, LoadedTexts, Snapshot};
use crate::config::{Config, Emptied, Inspection, Problem, Route, SetSource};
use crate::content::Mode;

/// Entries that any set may lose at once, so that a person can edit a list of a few: of a list this short, a cut at the
/// end of a row looks like an edit.
const EDITABLE: usize = 10;

/// How long a set is measured by the most that it had: otherwise it could lose a tenth with each of many reloads.
const PEAK_LASTS: Duration = Duration::from_secs(24 * 3600);

/// Entries that are looked for in what takes the place of their set. One in ten that are gone is found to be between 6
/// and 14 in a hundred.
const SAMPLE: usize = 500;

/// The most entries that a set had, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peak {
    pub(super) entries: usize,
    pub(super) at: SystemTime,
}

impl Peak {
    /// The larger one, unless it is old.
    pub(super) fn or(self, now: Self) -> Self {
        let age = now.at.duration_since(self.at).unwrap_or(Duration::ZERO);
        if self.entries > now.entries && age < PEAK_LASTS { self } else { now }
    }
}

/// Why `set` may not take the place of `before`, which serves.
pub(super) fn of_set(before: &LoadedSet, source: &SetSource, set: &LoadedSet) -> Option<Problem> {
    let most = before.peak.or(Peak { entries: before.file.entries, at: set.peak.at }).entries;
    let now = set.file.entries;
    let share = source.allow_shrink.get();
    let allowed = (most as f64 * share).floor().max(EDITABLE as f64);
    let hint = format!("If it is meant, raise allow_shrink of the set, which is {share}");
    let (name, path) = (&set.name, &set.file.path);
    let is_emptied = most > 0 && now == 0 && share < 1.0;
    if is_emptied || most.saturating_sub(now) as f64 > allowed {
        let what = format!("hash set \"{name}\" has {now} entries, {most} before: is the list cut off? {hint}");
        return Some(Problem::of_file(path, what));
    }
    let gone = gone(before, set);
    (gone as f64 > allowed.max(share * most as f64 * 1.5)).then(|| {
        let what = format!(
            "of the {} entries that hash set \"{name}\" had, some {gone} are gone, though it has {now} now: is it \
             another list? {hint}",
            before.file.entries
        );
        Problem::of_file(path, what)
    })
}

/// About how many entries of `before` no list of `set` has any more.
fn gone(before: &LoadedSet, set: &LoadedSet) -> usize {
    if Arc::ptr_eq(&before.set, &set.set) {
        return 0;
    }
    let (mut looked_for, mut missing) = (0, 0);
    for hash in before.set.sample(SAMPLE) {
        looked_for += 1;
        missing += usize::from(!set.set.lists(&hash));
    }
    (missing * before.set.len()).checked_div(looked_for).unwrap_or(0)
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
    for texts in &previous.texts {
        let now = next.texts.iter().find(|next| next.source.name == texts.source.name);
        let (name, before, now) = (&texts.source.name, texts.file.entries, now.map(|now| now.file.entries));
        match now {
            None => gone("text list", name),
            Some(now) if now < before => {
                tracing::warn!(event = "reload", "text list \"{name}\" has {now} texts, {before} before");
            }
            Some(_) => {}
        }
    }
    log_weaker_policies(&previous.config, &next.config);
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

/// Says in the log which routes and sets do less than before. It is in the configuration, so somebody meant it; others
/// should see it.
fn log_weaker_policies(previous: &Config, next: &Config) {
    for before in &previous.routes {
        if let Some(now) = next.routes.iter().find(|route| route.name == before.name) {
            log_weaker_route(before, now);
        }
    }
    for before in &previous.hash_sets {
        let now = next.hash_set(&before.name);
        if now.is_some_and(|now| now.policy.mode == Mode::Monitor && before.policy.mode == Mode::Enforce) {
            tracing::warn!(event = "reload", "hash set \"{}\" is only watched now, enforced before", before.name);
        }
    }
}

fn log_weaker_route(before: &Route, now: &Route) {
    let rank = |inspect: Inspection| match inspect {
        Inspection::Enforce => 2,
        Inspection::Monitor => 1,
        Inspection::Off => 0,
    };
    let name = &now.name;
    if now.pattern != before.pattern {
        tracing::warn!(event = "reload", "route \"{name}\" has another host, path or methods than before");
    }
    let (before, now) = (&before.policy, &now.policy);
    if rank(now.inspect) < rank(before.inspect) {
        let (before, now) = (before.inspect, now.inspect);
        tracing::warn!(event = "reload", "route \"{name}\" has inspect = {now:?} now, {before:?} before");
    }
    for ((option, before), (_, now)) in before.doubts().into_iter().zip(now.doubts()) {
        if now < before {
            tracing::warn!(event = "reload", "route \"{name}\" has {option} = {now:?} now, {before:?} before");
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
