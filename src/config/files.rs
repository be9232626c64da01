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
/// It cannot be read, is no file, or is not UTF-8; then it is said where, or what it is.
pub fn read_text(path: &Path) -> io::Result<String> {
    let bytes = read_file(path)?;
    let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidData, message);
    if let Some(charset) = wide_charset(&bytes) {
        return Err(invalid(format!("this is text in {charset}, expected UTF-8: save it as UTF-8")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let (before, _) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        invalid(format!("line {line} is not text in UTF-8: save the file as UTF-8"))
    })
}

/// The charset of text in which each letter takes two or four bytes, as Windows writes it; `None` for other bytes.
pub fn wide_charset(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Some("UTF-16"),
        _ => {}
    }
    // What people write here is ASCII for the most part, so every other byte is zero.
    let start = &bytes[..bytes.len().min(64) & !1];
    let zeros = |first: usize| start.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, letters) = (zeros(0), zeros(1), start.len() / 2);
    let is_wide = letters >= 4 && even.min(odd) == 0 && even.max(odd) * 4 >= letters * 3;
    is_wide.then_some("UTF-16")
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
        for (bytes, expected) in [
            (&b"a\nb\n\xfc"[..], "line 3 is not text in UTF-8: save the file as UTF-8"),
            (b"\xff\xfea\0", "this is text in UTF-16, expected UTF-8: save it as UTF-8"),
            (b"\0[\0s\0e\0t\0]", "this is text in UTF-16, expected UTF-8: save it as UTF-8"),
        ] {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(read_text(&file).unwrap_err().to_string(), expected);
        }
        std::fs::write(&file, "text").unwrap();
        assert_eq!((read_text(&file).unwrap(), read_file(&file).unwrap()), ("text".to_owned(), b"text".to_vec()));
    }
}
