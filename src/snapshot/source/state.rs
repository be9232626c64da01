//! What is kept of a set on a server: its last good version, and perhaps one that the loader has not seen yet.
//!
//! ```text
//! <cache folder>/sources/<set>-<hash of location and key>/
//!     state.json           which version is which, with validators and times
//!     lock                 held while state.json changes, also against another Penstock
//!     <version>/           the files of one version, which never change
//! ```
//!
//! A version is first a *candidate*. The loader accepts it, and it becomes *current*, or rejects it, and the version
//! before stays current. Either way the change is one rename of `state.json`, so a crash leaves the one or the other.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::signature;
use crate::config::{RemoteStore, SetSource, read_file};

/// Begin of the names of folders that are being filled.
const INCOMING: &str = "incoming-";

/// Age at which such a folder is what a crash has left.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// A file of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredFile {
    /// Name in its folder.
    pub(super) name: String,
    /// Length in bytes.
    pub(super) bytes: u64,
    /// SHA-256 in hex.
    pub(super) sha256: String,
    /// As the server gave it.
    pub(super) etag: Option<String>,
    /// As the server gave it.
    pub(super) last_modified: Option<String>,
    /// Where both hold, when that is not the set's own location: the end of redirects, without the query.
    pub(super) redirected_to: Option<String>,
}

/// A set as it was on the server at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    /// Folder of its files, in that of the set.
    pub(super) folder: String,
    /// When it was fetched.
    pub(super) fetched_at: SystemTime,
    /// By name, signatures among them.
    pub(super) files: Vec<StoredFile>,
}

/// What `state.json` says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The last version that the loader accepted.
    pub(super) current: Option<Version>,
    /// A newer one that it has not seen yet.
    pub(super) candidate: Option<Version>,
    /// When the server last said that what was kept is what it has.
    pub(super) confirmed_at: Option<SystemTime>,
}

/// The folder of one set.
#[derive(Clone, Debug)]
pub(super) struct SetFolder {
    path: PathBuf,
}

impl State {
    /// The version that the server is compared with.
    pub(super) fn newest(&self) -> Option<&Version> {
        self.candidate.as_ref().or(self.current.as_ref())
    }
}

impl SetFolder {
    /// The folder of `set` in `cache`. Another location or key has another folder: what one key signed means nothing
    /// under another.
    pub(super) fn of(cache: &Path, set: &SetSource) -> Self {
        let place = set.location.remote().map_or_else(String::new, |remote| match &remote.store {
            RemoteStore::Http { url, .. } => url.to_string(),
            RemoteStore::S3 { bucket, key, endpoint, .. } => format!("s3 {endpoint:?} {bucket} {key}"),
        });
        let identity = format!("{place} {:?}", set.public_key);
        let digest = Sha256::digest(identity.as_bytes());
        let name = format!("{}-{}", set.name, data_encoding::HEXLOWER.encode(&digest[..6]));
        Self { path: cache.join("sources").join(name) }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is kept now. Nothing when there is no folder yet, or when it cannot be read, which is logged.
    pub(super) fn read(&self) -> State {
        let path = self.path.join("state.json");
        let state = match read_file(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::default()),
            Err(error) => Err(error),
        };
        state.unwrap_or_else(|error| {
            tracing::warn!(event = "source", file = %path.display(), %error, "what was kept of a set cannot be read");
            State::default()
        })
    }

    /// The files of `version` that are lists, by name. Signatures stand beside them.
    ///
    /// # Errors
    /// A file is gone, or has not the length it was stored with.
    pub(super) fn lists(&self, version: &Version) -> io::Result<Vec<PathBuf>> {
        let lists = version.files.iter().filter(|file| !file.name.ends_with(signature::SUFFIX));
        lists
            .map(|file| {
                let path = self.file(version, file);
                let length = fs::metadata(&path)?.len();
                if length == file.bytes {
                    return Ok(path);
                }
                let message = format!("{} has {length} bytes, expected {}", path.display(), file.bytes);
                Err(io::Error::new(io::ErrorKind::InvalidData, message))
            })
            .collect()
    }

    /// Where a file of a version is.
    pub(super) fn file(&self, version: &Version, file: &StoredFile) -> PathBuf {
        self.path.join(&version.folder).join(&file.name)
    }

    /// A new folder to fetch a version into. It is gone when this is dropped, unless it was installed.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn incoming(&self) -> io::Result<TempDir> {
        // What providers hand out is nobody else's to read on this machine.
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        tempfile::Builder::new().prefix(INCOMING).tempdir_in(&self.path)
    }

    /// Makes what was fetched into `incoming` the candidate.
    ///
    /// # Errors
    /// The system refuses; then everything is as before.
    pub(super) fn install(&self, incoming: TempDir, files: Vec<StoredFile>, now: SystemTime) -> io::Result<()> {
        let folder = uuid::Uuid::now_v7().to_string();
        let path = self.path.join(&folder);
        File::open(incoming.path())?.sync_all()?;
        fs::rename(incoming.keep(), &path)?;
        let version = Version { folder, fetched_at: now, files };
        self.change(|state| state.candidate = Some(version)).inspect_err(|_| drop(fs::remove_dir_all(&path)))
    }

    /// The version in `folder` is the last good one from now on, and was confirmed when it was fetched. Does nothing
    /// when it is no longer the candidate.
    ///
    /// # Errors
    /// The system refuses; then everything is as before.
    pub(super) fn accept(&self, folder: &str) -> io::Result<()> {
        self.change(|state| {
            if let Some(version) = state.candidate.take_if(|version| version.folder == folder) {
                state.confirmed_at = state.confirmed_at.max(Some(version.fetched_at));
                state.current = Some(version);
            }
        })
    }

    /// Drops the candidate in `folder`. Does nothing when it is no longer the candidate.
    ///
    /// # Errors
    /// The system refuses; then everything is as before.
    pub(super) fn reject(&self, folder: &str) -> io::Result<()> {
        self.change(|state| drop(state.candidate.take_if(|version| version.folder == folder)))
    }

    /// Drops the last good version, which has turned out to be none, so that it is fetched anew.
    ///
    /// # Errors
    /// The system refuses; then everything is as before.
    pub(super) fn forget(&self) -> io::Result<()> {
        self.change(|state| state.current = None)
    }

    /// The server still has the newest version that is kept; `files` are its validators if it gave new ones.
    ///
    /// # Errors
    /// The system refuses; then everything is as before.
    pub(super) fn confirm(&self, files: Option<Vec<StoredFile>>, now: SystemTime) -> io::Result<()> {
        self.change(|state| {
            let newest = match (&mut state.candidate, &mut state.current) {
                (Some(candidate), _) => {
                    candidate.fetched_at = now;
                    candidate
                }
                (None, Some(current)) => {
                    state.confirmed_at = Some(now);
                    current
                }
                (None, None) => return,
            };
            if let Some(files) = files {
                newest.files = files;
            }
        })
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        let lock =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(self.path.join("lock"))?;
        flock(&lock, FlockOperation::LockExclusive)?;
        let before = self.read();
        let mut state = before.clone();
        change(&mut state);
        if state != before {
            self.write(&state)?;
        }
        self.clean(&state);
        Ok(())
    }

    fn write(&self, state: &State) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        serde_json::to_writer_pretty(&mut file, state)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(self.path.join("state.json"))?;
        File::open(&self.path)?.sync_all()
    }

    /// Removes the folders of versions that are no longer kept. One that stays for now is removed the next time.
    fn clean(&self, state: &State) {
        let kept: Vec<&str> =
            [&state.current, &state.candidate].into_iter().flatten().map(|version| version.folder.as_str()).collect();
        let Ok(entries) = fs::read_dir(&self.path) else {
            return;
        };
        for entry in entries.map_while(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let name = entry.file_name();
            let is_kept = name
                .to_str()
                .is_some_and(|name| kept.contains(&name) || name.starts_with(INCOMING) && !is_abandoned(&entry.path()));
            if !is_kept {
                drop(fs::remove_dir_all(entry.path()));
            }
        }
    }
}

fn is_abandoned(folder: &Path) -> bool {
    let modified = fs::metadata(folder).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > ABANDONED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(folder: &SetFolder, content: &str) -> Version {
        let incoming = folder.incoming().unwrap();
        fs::write(incoming.path().join("list"), content).unwrap();
        let file = StoredFile {
            name: "list".into(),
            bytes: content.len() as u64,
            sha256: String::new(),
            etag: None,
            last_modified: None,
            redirected_to: None,
        };
        folder.install(incoming, vec![file], SystemTime::now()).unwrap();
        folder.read().candidate.unwrap()
    }

    #[test]
    fn a_version_is_a_candidate_until_it_is_accepted_and_the_one_before_stays_until_then() {
        let cache = tempfile::tempdir().unwrap();
        let folder = SetFolder { path: cache.path().join("set") };
        assert_eq!(folder.read(), State::default());
        let first = install(&folder, "first");
        folder.accept(&first.folder).unwrap();
        let second = install(&folder, "second");
        assert_eq!((folder.read().current, folder.read().candidate), (Some(first.clone()), Some(second.clone())));
        folder.reject(&second.folder).unwrap();
        assert_eq!((folder.read().current, folder.read().candidate), (Some(first.clone()), None));
        assert!(folder.lists(&second).is_err(), "its files are gone");
        let third = install(&folder, "third");
        folder.accept(&second.folder).unwrap();
        assert_eq!(folder.read().current.as_ref(), Some(&first), "only the candidate can be accepted");
        folder.accept(&third.folder).unwrap();
        assert_eq!(folder.read().current.as_ref(), Some(&third));
        assert!(folder.lists(&first).is_err(), "its files are gone");
        fs::write(&folder.lists(&third).unwrap()[0], "thi").unwrap();
        assert!(folder.lists(&third).unwrap_err().to_string().contains("has 3 bytes, expected 5"));
    }

    #[test]
    fn a_state_that_cannot_be_read_is_none() {
        let cache = tempfile::tempdir().unwrap();
        let folder = SetFolder { path: cache.path().join("set") };
        install(&folder, "first");
        fs::write(cache.path().join("set/state.json"), "{").unwrap();
        assert_eq!(folder.read(), State::default());
    }
}
