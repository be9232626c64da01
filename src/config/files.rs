//! The one door to files that people name: whatever is not a file there is refused, and never waited for.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Opens the file at `path` for reading. A pipe, a device, a socket or a folder is refused without a wait: who opens a
/// pipe waits until somebody writes to it, and a device may never end.
///
/// # Errors
/// It cannot be opened, or is no file.
pub fn open_file(path: &Path) -> io::Result<File> {
    // Before it is opened as well, because to open a device may do something.
    expect_file(&path.metadata()?)?;
    let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    expect_file(&file.metadata()?)?;
    Ok(file)
}

/// All bytes of the file at `path`, opened by [`open_file`].
///
/// # Errors
/// It cannot be read, or is no file.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of the file at `path`, opened by [`open_file`].
///
/// # Errors
/// It cannot be read, is no file, or is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open_file(path)?.read_to_string(&mut text)?;
    Ok(text)
}

fn expect_file(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let found = kind(metadata.file_type());
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("this is {found}, expected a file")))
}

fn kind(found: FileType) -> &'static str {
    if found.is_dir() {
        "a folder"
    } else if found.is_fifo() {
        "a pipe"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_refused_and_never_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        let cases =
            [(&*pipe, "a pipe"), (&*link, "a pipe"), (folder.path(), "a folder"), (Path::new("/dev/zero"), "a device")];
        for (path, expected) in cases {
            assert_eq!(read_file(path).unwrap_err().to_string(), format!("this is {expected}, expected a file"));
        }
        let file = folder.path().join("file");
        std::fs::write(&file, "text").unwrap();
        assert_eq!((read_text(&file).unwrap(), read_file(&file).unwrap()), ("text".to_owned(), b"text".to_vec()));
    }
}
