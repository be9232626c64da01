//! How far sets can be relied on: their age, and what went wrong last.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Sources, signature};
use crate::config::{SetLocation, SetSource, Stale};
use crate::snapshot::inputs::Inputs;
use crate::snapshot::sets::name_of;
use crate::telemetry::SetLabels;

/// What is known of where a set comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceHealth {
    /// Name of the set.
    pub set: Arc<str>,
    /// Where it comes from, without secrets.
    pub location: String,
    /// Of each file from a server.
    pub validators: Vec<Validators>,
    /// When what serves was fetched.
    pub fetched_at: Option<SystemTime>,
    /// When a server last said that this is what it has; when the newest of local files was written.
    pub confirmed_at: Option<SystemTime>,
    /// Time since.
    pub age: Option<Duration>,
    /// What being stale means for readiness; `None` while it is not.
    pub stale: Option<Stale>,
    /// What went wrong since the last success.
    pub last_error: Option<String>,
}

/// What a server said of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validators {
    /// The file.
    pub name: String,
    /// Tag of its content.
    pub etag: Option<String>,
    /// When it changed.
    pub last_modified: Option<String>,
}

impl Sources {
    /// The state of each of `sets`, as of now. Local files are not asked, which may hang: `inputs` says how old they
    /// are.
    pub(in crate::snapshot) fn health(&self, sets: &[SetSource], inputs: &Inputs) -> Vec<SourceHealth> {
        sets.iter().map(|set| self.health_of(set, inputs)).collect()
    }

    /// Puts ages and failures of `sets` into the metrics.
    pub(in crate::snapshot) fn publish(&self, sets: &[SetSource], inputs: &Inputs) {
        let metrics = &self.metrics;
        metrics.set_age.clear();
        metrics.set_stale.clear();
        metrics.set_source_failing.clear();
        for health in self.health(sets, inputs) {
            let labels = SetLabels { set: health.set.to_string() };
            if let Some(age) = health.age {
                metrics.set_age.get_or_create(&labels).set(age.as_secs_f64());
            }
            metrics.set_stale.get_or_create(&labels).set(i64::from(health.stale.is_some()));
            metrics.set_source_failing.get_or_create(&labels).set(i64::from(health.last_error.is_some()));
        }
    }

    fn health_of(&self, set: &SetSource, inputs: &Inputs) -> SourceHealth {
        let mut health = match &set.location {
            SetLocation::Local(_) => {
                SourceHealth { confirmed_at: inputs.newest(Some(&name_of(set))), ..SourceHealth::of(set) }
            }
            SetLocation::Remote(_) => self.remote(set),
        };
        health.age = health.confirmed_at.map(|moment| moment.elapsed().unwrap_or_default());
        let is_stale = set.max_age.is_some_and(|most| health.age.is_some_and(|age| age > most));
        health.stale = is_stale.then_some(set.stale);
        health
    }

    fn remote(&self, set: &SetSource) -> SourceHealth {
        let state = self.folder(set).read();
        let files = state.current.iter().flat_map(|version| &version.files);
        let lists = files.filter(|file| !file.name.ends_with(signature::SUFFIX));
        let validators = lists.map(|file| Validators {
            name: file.name.clone(),
            etag: file.etag.clone(),
            last_modified: file.last_modified.clone(),
        });
        SourceHealth {
            validators: validators.collect(),
            fetched_at: state.current.as_ref().map(|version| version.fetched_at),
            confirmed_at: state.confirmed_at,
            last_error: self.attempts().get(&self.key(set)).and_then(|attempt| attempt.error.clone()),
            ..SourceHealth::of(set)
        }
    }
}

impl SourceHealth {
    fn of(set: &SetSource) -> Self {
        Self {
            set: Arc::clone(&set.name),
            location: set.location.to_string(),
            validators: Vec::new(),
            fetched_at: None,
            confirmed_at: None,
            age: None,
            stale: None,
            last_error: None,
        }
    }
}
