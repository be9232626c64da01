//! One attempt to fetch a set, and what it comes to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tempfile::TempDir;

use super::http::{self, Signed};
use super::state::{SetFolder, StoredFile, Version};
use super::transfer::{FetchError, Incoming};
use super::{Attempt, Fetching, Outcome, PATIENCE, Rejected, Sources, s3, signature};
use crate::config::{Remote, RemoteStore, SetLocation, SetSource};

/// What [`Sources::fetch_now`] does about a set of which nothing is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::snapshot) enum ForMissing {
    /// Waits until it is there or has failed: there is nothing to start with.
    Wait,
    /// Waits as long as for others: something serves.
    GiveUp,
}

/// What a server is compared with.
pub(super) struct Known<'a> {
    pub(super) newest: Option<&'a [StoredFile]>,
    pub(super) rejected: Option<&'a [StoredFile]>,
    folder: &'a SetFolder,
    version: Option<&'a Version>,
}

impl Known<'_> {
    /// Where a file of the newest version is, unless it is gone.
    pub(super) fn path(&self, file: &StoredFile) -> Option<PathBuf> {
        self.version.map(|version| self.folder.file(version, file)).filter(|path| path.is_file())
    }
}

/// What a server has.
pub(super) enum Found {
    /// The newest version that is kept, with new validators if it gave any.
    Unchanged(Option<Vec<StoredFile>>),
    /// What was rejected before.
    StillRejected,
    /// These files, which are in the folder for what comes in.
    Files(Vec<StoredFile>),
}

impl Sources {
    /// Asks the servers of `sets` at once, and waits for them as long as makes sense: for a set of which nothing is kept
    /// without limit if `for_missing` says so.
    pub(in crate::snapshot) fn fetch_now(self: &Arc<Self>, sets: &[SetSource], for_missing: ForMissing) {
        let remote: Vec<SetSource> = sets.iter().filter(|set| set.location.remote().is_some()).cloned().collect();
        if remote.is_empty() || self.fetching == Fetching::Offline {
            return;
        }
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(event = "source", %error, "sets cannot be fetched"),
        };
        runtime.block_on(async {
            let mut fetches = tokio::task::JoinSet::new();
            for set in remote {
                let sources = Arc::clone(self);
                let is_missing = !sources.has_files(&set);
                fetches.spawn(async move {
                    if is_missing && for_missing == ForMissing::Wait {
                        let message = "nothing of it is kept, so the start waits until it is fetched";
                        tracing::info!(event = "source", set = %set.name, source = %set.location, "{message}");
                        sources.fetch(&set).await;
                    } else if tokio::time::timeout(PATIENCE, sources.fetch(&set)).await.is_err() {
                        sources.overdue().push(sources.key(&set));
                        let message = "the server is slow; what is kept from before serves until it is through";
                        tracing::warn!(event = "source", set = %set.name, source = %set.location, "{message}");
                    }
                });
            }
            while fetches.join_next().await.is_some() {}
        });
        // Looking up a name can hang on for longer than anybody waits.
        runtime.shutdown_background();
    }

    /// Asks the server of `set`, and keeps what is new as the candidate. What goes wrong is logged and counted.
    pub(super) async fn fetch(&self, set: &SetSource) -> Outcome {
        let SetLocation::Remote(remote) = &set.location else {
            return Outcome::Unchanged;
        };
        let outcome = match self.try_fetch(set, remote).await {
            Ok(outcome) => outcome,
            Err(error) => self.failed(set, &error),
        };
        self.count(set, outcome);
        outcome
    }

    async fn try_fetch(&self, set: &SetSource, remote: &Remote) -> Result<Outcome, FetchError> {
        let folder = self.folder(set);
        let incoming = folder.incoming().map_err(|error| FetchError::Io { folder: self.cache.clone(), error })?;
        let state = folder.read();
        let rejected = self.rejected(set);
        let version = state.newest().filter(|version| folder.lists(version).is_ok());
        let newest = version.map(|version| version.files.as_slice());
        let rejected_files = rejected.as_ref().map(|rejected| rejected.files.as_slice());
        let known = Known { newest, rejected: rejected_files, folder: &folder, version };
        let found = find(set, remote, &known, incoming.path()).await?;
        let found = match found {
            Found::Files(files) if known.newest.is_some_and(|kept| is_same_content(kept, &files)) => {
                Found::Unchanged(Some(files))
            }
            Found::Files(files) if known.rejected.is_some_and(|kept| is_same_content(kept, &files)) => {
                Found::StillRejected
            }
            other => other,
        };
        match found {
            Found::Unchanged(files) => self.confirm(set, files),
            Found::StillRejected => Ok(self.still_rejected(set, rejected)),
            Found::Files(files) => self.install(set, incoming, files),
        }
    }

    fn confirm(&self, set: &SetSource, files: Option<Vec<StoredFile>>) -> Result<Outcome, FetchError> {
        self.folder(set).confirm(files, SystemTime::now()).map_err(|error| self.io(error))?;
        self.attempts().insert(self.key(set), Attempt::default());
        tracing::debug!(event = "source", set = %set.name, source = %set.location, result = "unchanged");
        Ok(Outcome::Unchanged)
    }

    fn still_rejected(&self, set: &SetSource, rejected: Option<Rejected>) -> Outcome {
        let reason = rejected.map_or_else(String::new, |rejected| rejected.reason);
        let message = "the server still has a version that is of no use, the one before stays";
        tracing::error!(event = "source", set = %set.name, source = %set.location, problem = reason, "{message}");
        let mut attempts = self.attempts();
        let attempt = attempts.entry(self.key(set)).or_default();
        *attempt = Attempt { failures: 0, retry_after: None, error: Some(reason), rejected: attempt.rejected.take() };
        Outcome::Rejected
    }

    fn install(&self, set: &SetSource, incoming: TempDir, files: Vec<StoredFile>) -> Result<Outcome, FetchError> {
        if let Some(key) = &set.public_key {
            for file in files.iter().filter(|file| !file.name.ends_with(signature::SUFFIX)) {
                if let Err(error) = signature::verify(&incoming.path().join(&file.name), key) {
                    let error = FetchError::Signature { name: file.name.clone(), error };
                    self.remember_rejected(set, files, error.to_string());
                    return Err(error);
                }
            }
        }
        let bytes: u64 = files.iter().map(|file| file.bytes).sum();
        let count = files.len();
        self.folder(set).install(incoming, files, SystemTime::now()).map_err(|error| self.io(error))?;
        self.attempts().insert(self.key(set), Attempt::default());
        tracing::info!(event = "source", set = %set.name, source = %set.location, result = "changed", files = count, bytes);
        Ok(Outcome::Changed)
    }

    fn failed(&self, set: &SetSource, error: &FetchError) -> Outcome {
        tracing::error!(event = "source", set = %set.name, source = %set.location, %error, "a set cannot be fetched");
        let mut attempts = self.attempts();
        let attempt = attempts.entry(self.key(set)).or_default();
        attempt.failures += 1;
        attempt.error = Some(error.to_string());
        attempt.retry_after = match error {
            FetchError::Status { retry_after, .. } => *retry_after,
            _ => None,
        };
        if matches!(error, FetchError::Signature { .. }) { Outcome::Signature } else { Outcome::Failed }
    }

    fn rejected(&self, set: &SetSource) -> Option<Rejected> {
        let rejected = self.attempts().get(&self.key(set))?.rejected.clone();
        rejected.filter(|rejected| rejected.set == *set)
    }

    fn io(&self, error: std::io::Error) -> FetchError {
        FetchError::Io { folder: self.cache.clone(), error }
    }
}

async fn find(set: &SetSource, remote: &Remote, known: &Known<'_>, into: &Path) -> Result<Found, FetchError> {
    let mut incoming = Incoming::new(into, remote.max_bytes);
    let signed = if set.public_key.is_some() { Signed::Yes } else { Signed::No };
    match &remote.store {
        RemoteStore::Http { url, headers } => http::fetch(remote, url, headers, signed, known, &mut incoming).await,
        RemoteStore::S3 { bucket, key, endpoint, region, access } => {
            let (endpoint, region) = (endpoint.as_ref(), region.as_deref());
            let place = s3::Place { bucket, key, endpoint, region, access: *access };
            s3::fetch(remote, place, signed, known, &mut incoming).await
        }
    }
}

/// Whether two versions have the same files, signatures among them.
fn is_same_content(a: &[StoredFile], b: &[StoredFile]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.name == b.name && a.sha256 == b.sha256)
}
