//! From where a set is to the files that are loaded: the part in front of the loader.
//!
//! A set on a server is fetched into a folder of its own in the cache folder. What was fetched is a *candidate* until
//! the loader says that it can use it: [`Sources::files`] hands it out, then [`Sources::accept`] makes it the last good
//! version, or [`Sources::reject`] drops it and remembers it, so that the same file is neither fetched nor loaded again
//! but told of each time. Local files are handed out as they are. Whatever has a key is checked against its signature
//! each time it is handed out.

mod fetch;
mod health;
mod http;
mod local;
mod refresh;
mod s3;
mod signature;
mod state;
mod transfer;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::fetch::{Found, Known};
use self::state::{SetFolder, State, StoredFile, Version};
use crate::config::{Problem, Remote, RemoteStore, SetLocation, SetSource};
use crate::telemetry::{Metrics, SetFetchLabels};

pub(super) use self::fetch::ForMissing;
pub use self::health::{SourceHealth, Validators};
pub use self::refresh::Refresher;

/// How long a start or a reload waits for servers when there is something to go on with. After that the fetch goes on by
/// itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// First wait after a failure. It doubles up to the set's interval.
const FIRST_RETRY: Duration = Duration::from_secs(10);

/// Whether what is kept of sets may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetching {
    /// Servers are asked, and the cache folder follows.
    Allowed,
    /// Only what is in the cache folder is used, and nothing in it changes.
    Offline,
}

/// Where sets come from, and what is known of each.
#[derive(Debug)]
pub(super) struct Sources {
    cache: PathBuf,
    fetching: Fetching,
    metrics: Arc<Metrics>,
    attempts: Mutex<HashMap<SourceKey, Attempt>>,
    /// Sets whose servers were too slow for somebody who waited, and are asked again at once.
    overdue: Mutex<Vec<SourceKey>>,
}

/// What tells one source from another: a set that comes from elsewhere is another source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SourceKey(PathBuf);

/// What came of the last attempts to fetch a set.
#[derive(Clone, Debug, Default)]
struct Attempt {
    /// Failures since the last success.
    failures: u32,
    /// What the last one was, or why what was fetched cannot be used.
    error: Option<String>,
    retry_after: Option<Duration>,
    rejected: Option<Rejected>,
}

/// A version that is of no use, by what it was for: another policy or format may make something of it.
#[derive(Clone, Debug)]
struct Rejected {
    set: SetSource,
    files: Vec<StoredFile>,
    reason: String,
}

/// A file of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SetFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Where it is for people: a file in the cache folder is nothing that they have written.
    pub(super) shown: PathBuf,
}

/// The files that make up a set, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SetFiles {
    pub(super) files: Vec<SetFile>,
    /// The version that the loader must accept or reject.
    candidate: Option<Version>,
}

impl SetFiles {
    /// Where they are.
    pub(super) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        self.files.iter().map(|file| file.path.clone())
    }

    /// Whether something older is there to fall back on when these files are of no use.
    pub(super) const fn is_candidate(&self) -> bool {
        self.candidate.is_some()
    }
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Unchanged,
    Changed,
    Rejected,
    Signature,
    Failed,
}

impl Outcome {
    /// As the metric has it.
    const fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Rejected => "rejected",
            Self::Signature => "signature",
            Self::Failed => "failed",
        }
    }
}

impl Sources {
    pub(super) fn new(cache: PathBuf, fetching: Fetching, metrics: Arc<Metrics>) -> Self {
        Self { cache, fetching, metrics, attempts: Mutex::default(), overdue: Mutex::default() }
    }

    /// Whether what is kept of sets may be changed.
    pub(super) fn may_change(&self) -> bool {
        self.fetching == Fetching::Allowed
    }

    /// The files to load for `set`: a candidate before the last good version. Each of a set with a key is as it was
    /// signed; a candidate that is not is rejected here.
    ///
    /// # Errors
    /// There are none, or they are not signed.
    pub(super) fn files(&self, set: &SetSource) -> Result<SetFiles, Vec<Problem>> {
        let files = self.newest(set)?;
        match check_signatures(set, &files) {
            Ok(()) => Ok(files),
            Err(problems) if files.is_candidate() => {
                self.reject(set, &files, &problems);
                self.last_good(set).map_err(|_| problems)
            }
            Err(problems) => {
                self.forget(set);
                Err(problems)
            }
        }
    }

    /// Drops what is kept of a set after it has turned out not to be what was signed.
    fn forget(&self, set: &SetSource) {
        if set.location.remote().is_none() || self.fetching == Fetching::Offline {
            return;
        }
        let message = "what was kept is not what was signed; it is fetched anew";
        tracing::error!(event = "source", set = %set.name, source = %set.location, "{message}");
        if let Err(error) = self.folder(set).forget() {
            tracing::error!(event = "source", set = %set.name, source = %set.location, %error, "cannot be dropped");
        }
    }

    /// The files of `set` that were accepted last, as they were signed.
    ///
    /// # Errors
    /// There are none, or they are not signed.
    pub(super) fn last_good(&self, set: &SetSource) -> Result<SetFiles, Vec<Problem>> {
        let files = match &set.location {
            SetLocation::Local(_) => self.newest(set)?,
            SetLocation::Remote(remote) => self.kept(set, remote, self.folder(set).read().current.as_slice())?,
        };
        check_signatures(set, &files)?;
        Ok(files)
    }

    /// The newest files of `set`, without a look at signatures.
    fn newest(&self, set: &SetSource) -> Result<SetFiles, Vec<Problem>> {
        match &set.location {
            SetLocation::Local(path) => {
                let files = local::files(path)?.into_iter().map(|path| SetFile { shown: path.clone(), path });
                Ok(SetFiles { files: files.collect(), candidate: None })
            }
            SetLocation::Remote(remote) => {
                let State { current, candidate, .. } = self.folder(set).read();
                let is_candidate = candidate.clone();
                // Offline nothing can be rejected, so what has proved itself comes first.
                let order = match self.fetching {
                    Fetching::Offline => [current, candidate],
                    Fetching::Allowed => [candidate, current],
                };
                let versions: Vec<Version> = order.into_iter().flatten().collect();
                let mut files = self.kept(set, remote, &versions)?;
                files.candidate.take_if(|version| Some(&*version) != is_candidate.as_ref());
                Ok(files)
            }
        }
    }

    /// The files of the first of `versions` that is whole.
    fn kept(&self, set: &SetSource, remote: &Remote, versions: &[Version]) -> Result<SetFiles, Vec<Problem>> {
        let folder = self.folder(set);
        let mut problems = Vec::new();
        for version in versions {
            match folder.lists(version) {
                Ok(paths) => {
                    let files = paths.into_iter().map(|path| SetFile { shown: shown(remote, &path), path }).collect();
                    return Ok(SetFiles { files, candidate: Some(version.clone()) });
                }
                Err(error) => {
                    let message = format!("what was kept of it is damaged: {error}");
                    problems.push(Problem::of_file(Path::new(&remote.store.to_string()), message));
                }
            }
        }
        problems.push(self.nothing_kept(set, remote));
        Err(problems)
    }

    /// Every file on which `set` depends now, whether it is there or not.
    pub(super) fn inputs(&self, set: &SetSource) -> Vec<PathBuf> {
        match &set.location {
            SetLocation::Local(path) => local::inputs(path, set),
            SetLocation::Remote(_) => self.newest(set).map(|files| files.paths().collect()).unwrap_or_default(),
        }
    }

    /// Whether there is anything of `set`.
    pub(super) fn has_files(&self, set: &SetSource) -> bool {
        self.newest(set).is_ok()
    }

    fn nothing_kept(&self, set: &SetSource, remote: &Remote) -> Problem {
        let error = self.attempts().get(&self.key(set)).and_then(|attempt| attempt.error.clone());
        let message = match (self.fetching, error) {
            (Fetching::Offline, _) => {
                format!("has not been fetched into {} yet: use --fetch, or run Penstock once", self.cache.display())
            }
            (Fetching::Allowed, Some(error)) => {
                format!("cannot be fetched, and nothing is kept from before: {error}")
            }
            (Fetching::Allowed, None) => {
                let interval = humantime::format_duration(remote.interval);
                format!("is still being fetched; it is loaded when it is there, and asked for every {interval} then")
            }
        };
        Problem::of_file(Path::new(&remote.store.to_string()), message)
    }

    /// The loader can use `files`: they are what a restart without the server starts with from now on.
    pub(super) fn accept(&self, set: &SetSource, files: &SetFiles) {
        let Some(version) = &files.candidate else {
            return;
        };
        let folder = self.folder(set);
        if let Err(error) = folder.accept(&version.folder) {
            let message = "a new version is loaded but cannot be kept for a restart";
            tracing::error!(event = "source", set = %set.name, source = %set.location, %error, "{message}");
        }
        let mut attempts = self.attempts();
        let attempt = attempts.entry(self.key(set)).or_default();
        *attempt = Attempt::default();
    }

    /// The loader cannot use `files`: the version before stays, and these are not fetched again.
    pub(super) fn reject(&self, set: &SetSource, files: &SetFiles, problems: &[Problem]) {
        let Some(version) = &files.candidate else {
            return;
        };
        if let Err(error) = self.folder(set).reject(&version.folder) {
            tracing::error!(event = "source", set = %set.name, source = %set.location, %error, "cannot be dropped");
        }
        for problem in problems {
            let message = "a new version is of no use, the one before stays";
            tracing::error!(event = "source", set = %set.name, source = %set.location, %problem, "{message}");
        }
        let reason = problems.first().map_or_else(|| "it cannot be loaded".to_owned(), Problem::to_string);
        self.count(set, Outcome::Rejected);
        self.remember_rejected(set, version.files.clone(), reason);
    }

    fn remember_rejected(&self, set: &SetSource, files: Vec<StoredFile>, reason: String) {
        let mut attempts = self.attempts();
        let attempt = attempts.entry(self.key(set)).or_default();
        attempt.error = Some(reason.clone());
        attempt.rejected = Some(Rejected { set: set.clone(), files, reason });
    }

    fn count(&self, set: &SetSource, outcome: Outcome) {
        let labels = SetFetchLabels { set: set.name.to_string(), result: outcome.name() };
        self.metrics.set_fetches.get_or_create(&labels).inc();
    }

    fn folder(&self, set: &SetSource) -> SetFolder {
        SetFolder::of(&self.cache, set)
    }

    pub(super) fn key(&self, set: &SetSource) -> SourceKey {
        SourceKey(self.folder(set).path().to_owned())
    }

    fn overdue(&self) -> MutexGuard<'_, Vec<SourceKey>> {
        self.overdue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attempts(&self) -> MutexGuard<'_, HashMap<SourceKey, Attempt>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file of a set on a server, as people know it.
fn shown(remote: &Remote, path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match &remote.store {
        RemoteStore::S3 { key, .. } if key.is_empty() || key.ends_with('/') => format!("{}{name}", remote.store).into(),
        store => store.to_string().into(),
    }
}

fn check_signatures(set: &SetSource, files: &SetFiles) -> Result<(), Vec<Problem>> {
    let Some(key) = &set.public_key else {
        return Ok(());
    };
    let wrong = |file: &SetFile| {
        let error = signature::verify(&file.path, key).err()?;
        Some(Problem::of_file(&file.shown, error.to_string()))
    };
    let problems: Vec<Problem> = files.files.iter().filter_map(wrong).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
