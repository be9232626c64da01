//! What is loaded, as `/snapshot` tells it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;

use crate::config::Problem;
use crate::content::{Mode, SetAction};
use crate::snapshot::{LoadedFile, LoadedSet, Snapshot};

#[derive(Debug, Serialize)]
pub(super) struct SnapshotReport {
    generation: u64,
    loaded_at: String,
    config: String,
    routes: Vec<RouteReport>,
    hash_sets: Vec<SetReport>,
    rules: usize,
    rule_files: Vec<FileReport>,
    last_reload_problems: Vec<String>,
}

#[derive(Debug, Serialize)]
struct RouteReport {
    name: String,
    inspect: crate::config::Inspection,
    origin: String,
}

#[derive(Debug, Serialize)]
struct SetReport {
    name: String,
    hashes: BTreeMap<&'static str, usize>,
    action: SetAction,
    mode: Mode,
    #[serde(flatten)]
    file: FileReport,
}

#[derive(Debug, Serialize)]
struct FileReport {
    file: String,
    version: String,
    loaded_at: String,
}

impl SnapshotReport {
    pub(super) fn of(snapshot: &Snapshot, problems: Vec<Problem>) -> Self {
        let config = &snapshot.config;
        let routes = config.routes.iter().map(|route| RouteReport {
            name: route.name.to_string(),
            inspect: route.policy.inspect,
            origin: config.origins[route.origin].name.clone(),
        });
        Self {
            generation: snapshot.generation,
            loaded_at: time(snapshot.loaded_at),
            config: config.file.display().to_string(),
            routes: routes.collect(),
            hash_sets: snapshot.sets.iter().map(SetReport::of).collect(),
            rules: snapshot.rules.len(),
            rule_files: snapshot.rule_files.iter().map(FileReport::of).collect(),
            last_reload_problems: problems.iter().map(Problem::to_string).collect(),
        }
    }
}

impl SetReport {
    fn of(set: &LoadedSet) -> Self {
        let algorithms = set.set.algorithms();
        Self {
            name: set.name.to_string(),
            hashes: algorithms.iter().map(|algorithm| (algorithm.name(), set.set.count(algorithm))).collect(),
            action: set.policy.action,
            mode: set.policy.mode,
            file: FileReport::of(&set.file),
        }
    }
}

impl FileReport {
    fn of(file: &LoadedFile) -> Self {
        Self { file: file.path.display().to_string(), version: file.version.clone(), loaded_at: time(file.loaded_at) }
    }
}

/// RFC 3339, in seconds.
fn time(moment: SystemTime) -> String {
    humantime::format_rfc3339_seconds(moment).to_string()
}
