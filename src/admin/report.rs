//! What is loaded, as `/snapshot` tells it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;

use crate::config::Problem;
use crate::content::{Action, Mode, SetAction};
use crate::snapshot::{LoadedFile, LoadedSet, LoadedTexts, Snapshot, SourceHealth};
use crate::worker::Undecodable;

#[derive(Debug, Serialize)]
pub(super) struct SnapshotReport {
    generation: u64,
    loaded_at: String,
    config: String,
    routes: Vec<RouteReport>,
    hash_sets: Vec<SetReport>,
    /// Lists of known texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    text_lists: Vec<TextListReport>,
    rules: usize,
    rule_files: Vec<FileReport>,
    /// Formats that cannot be decoded on this machine.
    undecodable: Vec<UndecodableReport>,
    last_reload_problems: Vec<String>,
}

#[derive(Debug, Serialize)]
struct UndecodableReport {
    format: String,
    why: &'static str,
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
    /// What is listed and not compared with uploads as a hash.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    kept: BTreeMap<&'static str, usize>,
    /// Rows of its lists that could not be read.
    skipped_rows: u64,
    action: SetAction,
    mode: Mode,
    #[serde(flatten)]
    file: FileReport,
    source: Option<SourceReport>,
}

#[derive(Debug, Serialize)]
struct TextListReport {
    name: String,
    texts: usize,
    action: Action,
    mode: Mode,
    #[serde(flatten)]
    file: FileReport,
}

/// Where a set comes from and how far that can be relied on. Fields that mean nothing for it are left out.
#[derive(Debug, Serialize)]
struct SourceReport {
    location: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    validators: Vec<ValidatorsReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<u64>,
    is_stale: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
}

#[derive(Debug, Serialize)]
struct ValidatorsReport {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

#[derive(Debug, Serialize)]
struct FileReport {
    file: String,
    version: String,
    loaded_at: String,
}

impl SnapshotReport {
    pub(super) fn of(
        snapshot: &Snapshot,
        sources: &[SourceHealth],
        undecodable: &[Undecodable],
        problems: &[Problem],
    ) -> Self {
        let config = &snapshot.config;
        let routes = config.routes.iter().map(|route| RouteReport {
            name: route.name.to_string(),
            inspect: route.policy.inspect,
            origin: config.origins[route.origin].name.clone(),
        });
        let undecodable =
            undecodable.iter().map(|lack| UndecodableReport { format: lack.format.to_string(), why: lack.why });
        Self {
            generation: snapshot.generation,
            loaded_at: time(snapshot.loaded_at),
            config: config.file.display().to_string(),
            routes: routes.collect(),
            hash_sets: snapshot.sets.iter().map(|set| SetReport::of(set, sources)).collect(),
            text_lists: snapshot.texts.iter().map(TextListReport::of).collect(),
            rules: snapshot.rules.len(),
            rule_files: snapshot.rule_files.iter().map(FileReport::of).collect(),
            undecodable: undecodable.collect(),
            last_reload_problems: problems.iter().map(Problem::to_string).collect(),
        }
    }
}

impl TextListReport {
    fn of(texts: &LoadedTexts) -> Self {
        Self {
            name: texts.source.name.to_string(),
            texts: texts.list.texts().len(),
            action: texts.source.action,
            mode: texts.source.mode,
            file: FileReport::of(&texts.file),
        }
    }
}

impl SetReport {
    fn of(set: &LoadedSet, sources: &[SourceHealth]) -> Self {
        let lists = set.set.compiled().flat_map(|compiled| &compiled.info().sources);
        Self {
            name: set.name.to_string(),
            hashes: set.set.counts().map(|(algorithm, count)| (algorithm.name(), count)).collect(),
            kept: set.set.kept_counts().map(|(kind, count)| (kind.name(), count)).collect(),
            skipped_rows: lists.map(|list| list.skipped).sum(),
            action: set.policy.action,
            mode: set.policy.mode,
            file: FileReport::of(&set.file),
            source: sources.iter().find(|source| source.set == set.name).map(SourceReport::of),
        }
    }
}

impl SourceReport {
    fn of(source: &SourceHealth) -> Self {
        let validators = source.validators.iter().map(|file| ValidatorsReport {
            name: file.name.clone(),
            etag: file.etag.clone(),
            last_modified: file.last_modified.clone(),
        });
        Self {
            location: source.location.clone(),
            validators: validators.collect(),
            fetched_at: source.fetched_at.map(time),
            confirmed_at: source.confirmed_at.map(time),
            age_seconds: source.age.map(|age| age.as_secs()),
            is_stale: source.stale.is_some(),
            last_error: source.last_error.clone(),
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
