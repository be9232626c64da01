//! What is removed from the folder of compiled sets.
//!
//! The name of a compiled set begins with what list it is of, so that the newest of a list, which the next start needs,
//! is told from those before it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How long a compiled set stays after it was last loaded.
const KEPT_UNUSED: Duration = Duration::from_secs(7 * 24 * 3600);

/// Compiled sets of one list: the one in use, and one to go back to when a new list turns out wrong.
const KEPT_OF_A_LIST: usize = 2;

/// Bytes that all compiled sets but the newest of each list may take.
const KEPT_BYTES: u64 = 4 << 30;

/// Compiled sets that are kept in all.
const KEPT_FILES: usize = 1_000;

/// A file in the folder.
struct Kept {
    path: PathBuf,
    list: String,
    bytes: u64,
    used: SystemTime,
}

/// Removes sets from `folder` that have not been loaded for a week, older ones of a list, those beyond the limits, and
/// what broken-off compilations left.
pub(super) fn tidy(folder: &Path, now: SystemTime) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut kept: Vec<Kept> = entries.flatten().filter_map(|entry| Kept::of(&entry)).collect();
    kept.sort_by_key(|file| std::cmp::Reverse(file.used));
    let mut of_list: HashMap<&str, usize> = HashMap::new();
    let (mut files, mut bytes) = (0, 0);
    for file in &kept {
        let unused = now.duration_since(file.used).unwrap_or_default() > KEPT_UNUSED;
        // Another process may be writing it.
        if file.list.is_empty() {
            remove(file, unused, "unused for a week");
            continue;
        }
        let newer = of_list.entry(&file.list).or_default();
        let older_bytes = if *newer == 0 { 0 } else { file.bytes };
        let is_too_much = *newer >= KEPT_OF_A_LIST || files >= KEPT_FILES || bytes + older_bytes > KEPT_BYTES;
        if remove(file, unused, "unused for a week") || remove(file, is_too_much, "newer ones are kept") {
            continue;
        }
        (*newer, files, bytes) = (*newer + 1, files + 1, bytes + older_bytes);
    }
}

fn remove(file: &Kept, is_wanted: bool, why: &str) -> bool {
    let is_removed = is_wanted && fs::remove_file(&file.path).is_ok();
    if is_removed {
        tracing::info!(event = "set_cache", file = %file.path.display(), "removed: {why}");
    }
    is_removed
}

impl Kept {
    /// The file at `entry`, if it is one of ours.
    fn of(entry: &fs::DirEntry) -> Option<Self> {
        let (path, metadata) = (entry.path(), entry.metadata().ok()?);
        let name = path.file_name()?.to_str()?;
        let list = if path.extension() == Some(OsStr::new("pset")) {
            name.split(['-', '.']).next()?.to_owned()
        } else if name.starts_with(".compiling-") {
            String::new()
        } else {
            return None;
        };
        Some(Self { list, bytes: metadata.len(), used: metadata.modified().ok()?, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_each_list_are_kept_and_nothing_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let put = |name: &str, hours: u64, bytes: u64| {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            file.set_len(bytes).unwrap();
            file.set_modified(now - Duration::from_secs(hours * 3600)).unwrap();
        };
        for (name, hours, bytes) in [
            ("a-1.pset", 9, 1),
            ("a-2.pset", 8, 1),
            ("a-3.pset", 7, 1),
            ("b-1.pset", 6, 5 << 30),
            ("b-2.pset", 5, 5 << 30),
            ("c-1.pset", 169, 1),
            ("0123.pset", 100, 1),
            (".compiling-x", 169, 1),
            (".compiling-y", 1, 1),
            ("not-ours", 999, 1),
        ] {
            put(name, hours, bytes);
        }
        tidy(folder.path(), now);
        let mut left: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [".compiling-y", "0123.pset", "a-2.pset", "a-3.pset", "b-2.pset", "not-ours"]);
    }

    #[test]
    fn there_is_a_limit_to_the_number_of_lists_too() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..KEPT_FILES + 5 {
            fs::write(folder.path().join(format!("{number}-1.pset")), "").unwrap();
        }
        tidy(folder.path(), SystemTime::now());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), KEPT_FILES);
    }
}
