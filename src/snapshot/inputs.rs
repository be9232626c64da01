//! Which files a snapshot depends on, and whether they changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::texts::text_files;
use crate::config::Config;

/// Every file that a snapshot was built from, with what the file system said of it just before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inputs(BTreeMap<PathBuf, Option<Stamp>>);

/// Enough to notice an edit, a replacement by rename, and a swapped symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified_seconds: i64,
    modified_nanoseconds: i64,
}

impl Inputs {
    /// The inputs of `config` but its sets, as they are now. Those of a set are noted when it is loaded, because which
    /// they are is only known then.
    pub(super) fn of(config: &Config) -> Self {
        let mut files = vec![config.file.clone()];
        for path in &config.rules {
            files.push(path.clone());
            files.extend(rule_files(path).unwrap_or_default());
        }
        for list in &config.text_lists {
            files.push(list.path.clone());
            files.extend(text_files(&list.path).unwrap_or_default());
        }
        Self(files.into_iter().map(|path| (path.clone(), stamp(&path))).collect())
    }

    /// Adds files, as they are now.
    pub(super) fn note(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        self.0.extend(files.into_iter().map(|path| (path.clone(), stamp(&path))));
    }

    /// Just the configuration file, for when it cannot be read.
    pub(super) fn of_file(file: &Path) -> Self {
        Self(BTreeMap::from([(file.to_owned(), stamp(file))]))
    }

    /// The same files, as they are now.
    pub(super) fn refreshed(&self) -> Self {
        Self(self.0.keys().map(|path| (path.clone(), stamp(path))).collect())
    }

    /// These files and those of `other`.
    pub(super) fn and(mut self, other: &Self) -> Self {
        for (path, stamp) in &other.0 {
            self.0.entry(path.clone()).or_insert(*stamp);
        }
        self
    }

    /// Whether each file is there and has the same stamp in `other`.
    pub(super) fn is_part_of(&self, other: &Self) -> bool {
        self.0.iter().all(|(path, stamp)| stamp.is_some() && other.0.get(path) == Some(stamp))
    }

    /// Whether each of these files is there, with the same stamp in `other`.
    pub(super) fn are_same_in(&self, other: &Self, mut files: impl Iterator<Item = PathBuf>) -> bool {
        files.all(|path| matches!(self.0.get(&path), Some(Some(stamp)) if other.0.get(&path) == Some(&Some(*stamp))))
    }

    /// Whether the file at `path` is among them.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// The folders to watch: those that hold the files, and those that are inputs themselves.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = self
            .0
            .keys()
            .flat_map(|path| {
                let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                [parent.unwrap_or(Path::new(".")).to_owned(), path.clone()]
            })
            .filter(|path| path.is_dir())
            .collect();
        folders.sort();
        folders.dedup();
        folders
    }
}

/// The rule files that `path` means: itself, or the `*.toml` files in it by name.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn rule_files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    files_of(path, |file| file.extension().is_some_and(|extension| extension == "toml"))
}

/// The files that `path` means: itself, or those in it by name that `is_wanted` and that are not hidden.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn files_of(path: &Path, is_wanted: impl Fn(&Path) -> bool) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        let is_hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !is_hidden && is_wanted(&file) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(Stamp {
        inode: metadata.ino(),
        length: metadata.len(),
        modified_seconds: metadata.mtime(),
        modified_nanoseconds: metadata.mtime_nsec(),
    })
}
