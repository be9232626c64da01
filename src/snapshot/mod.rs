//! All hash sets and rules of one moment, with the configuration they were loaded by.
//!
//! A [`Snapshot`] never changes. A reload builds the next one aside, checks it whole, and swaps it in at once; requests
//! that have begun keep the one they started with. Anything broken leaves the running snapshot in place.

mod bell;
mod handle;
mod inputs;
mod layers;
mod load;
mod loss;
mod pulse;
mod rules;
mod sets;
mod source;
mod texts;
mod tidy;
mod warnings;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::config::{Config, SetPolicy, TextListSource};
use crate::content::{AlgorithmSet, UnixTime};
use crate::hash_set::HashSet;
use crate::text::{RuleSet, TextList};

pub use handle::SnapshotHandle;
pub use layers::{Collected, Keeping, LoadedLayer, SetCache, SetPath};
pub use load::load;
pub use rules::{LoadedRules, load_rules};
pub use source::{Fetching, Refresher, SourceHealth, Validators};
pub use texts::open_texts;
pub use watch::Watcher;

use inputs::Inputs;

/// Everything that verdicts are reached with at one moment.
#[derive(Debug)]
pub struct Snapshot {
    /// Counts the snapshots of this process from 1; stands in every verdict.
    pub generation: u64,
    /// When it was loaded.
    pub loaded_at: SystemTime,
    /// The configuration it was loaded by.
    pub config: Config,
    /// Hash sets, in the order of the configuration.
    pub sets: Vec<LoadedSet>,
    /// Lists of known texts, in the order of the configuration.
    pub texts: Vec<LoadedTexts>,
    /// All rules.
    pub rules: RuleSet,
    /// The files the rules came from.
    pub rule_files: Vec<LoadedFile>,
    /// What has to be computed for each part so that every set can be asked.
    pub wanted: AlgorithmSet,
    inputs: Inputs,
}

impl Snapshot {
    /// Hashes of all sets together.
    pub fn hashes(&self) -> usize {
        self.sets.iter().map(|set| set.set.len()).sum()
    }
}

/// A hash set in memory, with the policy of its matches.
#[derive(Clone, Debug)]
pub struct LoadedSet {
    /// Name, from the configuration.
    pub name: Arc<str>,
    /// What a match asks for.
    pub policy: SetPolicy,
    /// Where it came from: a file, a folder, or a URL without secrets.
    pub file: LoadedFile,
    files: Vec<PathBuf>,
    /// The most entries that it had lately.
    peak: loss::Peak,
    /// Its entries and indexes; shared with the snapshot before when the file has not changed.
    pub set: Arc<HashSet>,
}

/// A list of known texts in memory, with the policy of near-copies.
#[derive(Clone, Debug)]
pub struct LoadedTexts {
    /// What the configuration says.
    pub source: TextListSource,
    /// Where it came from: a folder or a file.
    pub file: LoadedFile,
    /// The texts; shared with the snapshot before when no file has changed.
    pub list: Arc<TextList>,
}

/// A file as it was when it was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedFile {
    /// Where it is.
    pub path: PathBuf,
    /// The first twelve hex digits of its SHA-256: the same content has the same version everywhere.
    pub version: String,
    /// When it was read.
    pub loaded_at: SystemTime,
    /// Rules or texts in it; of a set entries and what it takes back.
    pub entries: usize,
}

/// The time, for what is pure and is told it.
pub fn unix_now() -> UnixTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    UnixTime(since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)))
}
