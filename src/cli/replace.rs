//! Files that commands write for a proxy that may be reading them.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use crate::config::Problem;

/// Writes a file beside `output` by `write`, and renames it when it is whole and on the disk.
///
/// # Errors
/// It cannot be written.
pub(super) fn replace(
    output: &Path,
    write: impl FnOnce(NamedTempFile) -> io::Result<NamedTempFile>,
) -> Result<(), Vec<Problem>> {
    let replace = || {
        let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let readable = Permissions::from_mode(0o644);
        let file = write(Builder::new().prefix(".compiling-").permissions(readable).tempfile_in(folder)?)?;
        file.as_file().sync_all()?;
        file.persist(output).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    };
    replace().map_err(|error| vec![Problem::of_file(output, format!("cannot be written: {error}"))])
}
