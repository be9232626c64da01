//! One process a state directory: two would overwrite what the other keeps.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Holds a state directory as long as it lives. The kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

/// Another process holds the state directory.
#[derive(Debug, thiserror::Error)]
#[error(
    "another Penstock{holder} uses the state directory {}: end it, or give each its own state_directory in [server]",
    directory.display()
)]
pub struct StateInUse {
    directory: PathBuf,
    /// Which, as far as it is known.
    holder: String,
}

impl StateLock {
    /// Takes `directory`, which is made if need be. `None` where that is not possible, and it was said so in the log:
    /// state cannot be kept there then either.
    ///
    /// # Errors
    /// [`StateInUse`].
    pub fn take(directory: &Path) -> Result<Option<Self>, StateInUse> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        let open = |()| {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(directory.join("lock"))
        };
        let refused = |error: &std::io::Error| {
            let directory = directory.display();
            tracing::warn!(event = "state_lock", %directory, %error, "cannot be locked, another Penstock could use it too");
        };
        let mut file = match made.and_then(open) {
            Ok(file) => file,
            Err(error) => {
                refused(&error);
                return Ok(None);
            }
        };
        match file.try_lock() {
            Ok(()) => {
                // Only so that people find it.
                if let Err(error) = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())) {
                    tracing::debug!(event = "state_lock", %error, "the lock does not say whose it is");
                }
                Ok(Some(Self { _file: file }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let holder = match file.read_to_string(&mut holder) {
                    Ok(_) if !holder.trim().is_empty() => format!(" (process {})", holder.trim()),
                    _ => String::new(),
                };
                Err(StateInUse { directory: directory.to_owned(), holder })
            }
            Err(TryLockError::Error(error)) => {
                refused(&error);
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_held_until_its_holder_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("state");
        let lock = StateLock::take(&directory).unwrap();
        assert!(lock.is_some());
        let error = StateLock::take(&directory).unwrap_err().to_string();
        let holder = format!("another Penstock (process {}) uses the state directory", std::process::id());
        assert!(error.starts_with(&holder), "{error}");
        drop(lock);
        assert!(StateLock::take(&directory).unwrap().is_some());
        assert!(StateLock::take(Path::new("/proc/nowhere")).unwrap().is_none(), "it goes on without");
    }
}
