//! Sets that are files here: one, or all in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::signature;
use crate::config::{Problem, SetSource};
use crate::snapshot::inputs::files_of;

/// The files of a local set by name: `path` itself, or the files in it that are neither hidden nor signatures.
///
/// # Errors
/// It cannot be read, or there are none.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, Vec<Problem>> {
    let unreadable = |error: std::io::Error| vec![Problem::unreadable(path, &error)];
    fs::metadata(path).map_err(unreadable)?;
    let is_signature = |file: &Path| file.as_os_str().as_encoded_bytes().ends_with(signature::SUFFIX.as_bytes());
    let files = files_of(path, |file| !is_signature(file) && file.is_file()).map_err(unreadable)?;
    if files.is_empty() {
        return Err(vec![Problem::of_file(path, "there are no files in this folder, expected at least one list")]);
    }
    Ok(files)
}

/// Everything on which a local set depends: a folder tells what was added or taken away.
pub(super) fn inputs(path: &Path, set: &SetSource) -> Vec<PathBuf> {
    let files = files(path).unwrap_or_default();
    let signatures = files.iter().filter(|_| set.public_key.is_some()).map(|file| signature::beside(file));
    let signatures: Vec<PathBuf> = signatures.collect();
    [vec![path.to_owned()], files, signatures].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_its_files_by_name_without_hidden_ones_and_signatures() {
        let folder = tempfile::tempdir().unwrap();
        assert!(files(folder.path()).unwrap_err()[0].message.contains("no files"));
        for name in ["b.csv", "a.csv", ".hidden", "a.csv.minisig"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("c")).unwrap();
        let expected = ["a.csv", "b.csv"].map(|name| folder.path().join(name));
        assert_eq!(files(folder.path()).unwrap(), expected);
        assert_eq!(files(&expected[0]).unwrap(), expected[..1]);
    }
}
