//! curl, the client that most people try first.

use std::path::Path;
use std::process::Command;

/// What curl got.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    /// "1.1" or "2".
    pub version: String,
    pub body: String,
}

/// Runs curl with `arguments`; a failure of curl's own fails the test.
#[track_caller]
pub fn curl(arguments: &[&str]) -> Got {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "120"])
        .args(["--write-out", "\n%{http_code} %{http_version}"])
        .args(arguments)
        .output()
        .expect("curl is installed by `make deps`");
    assert!(output.status.success(), "curl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, trailer) = text.rsplit_once('\n').unwrap();
    let (status, version) = trailer.split_once(' ').unwrap();
    Got { status: status.parse().unwrap(), version: version.to_owned(), body: body.to_owned() }
}

/// The `-F` argument that uploads `file` as a form field.
pub fn form_file(file: &Path) -> String {
    format!("file=@{}", file.display())
}
