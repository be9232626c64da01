//! Real processes, real sockets: what every behaviour test stands on.

pub mod archives;
pub mod compound;
pub mod curl;
pub mod http;
pub mod http2;
pub mod lists;
pub mod machine;
pub mod office;
pub mod origin;
pub mod penstock;
pub mod pictures;
pub mod pieces;
pub mod s3rver;

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Waits until `condition` holds. A minute is for machines under load, not part of any promise.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "still waiting until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The folder of reference files, or `None` with a loud word where it is not at hand.
pub fn vectors(what: &str) -> Option<PathBuf> {
    let folder = repository("../shared/vectors");
    if folder.is_dir() {
        return Some(folder);
    }
    skipped("vectors", what, "the reference files in ../shared/vectors are not here");
    None
}

/// The file of pdfium, or `None` with a loud word where it is not installed.
pub fn pdfium(what: &str) -> Option<PathBuf> {
    let file = repository("target/pdfium/libpdfium.so");
    if file.exists() {
        return Some(file);
    }
    skipped("pdfium", what, "deploy/install-deps.sh --pdfium has not installed it");
    None
}

/// Says that a test does not test, for lack of `needs`; where `PENSTOCK_REQUIRE` lists that, the test fails. It may
/// list `vectors`, `field` (files of `../shared`), `disk`, `differential`, `libheif` and `pdfium`, with commas between.
#[expect(clippy::explicit_write, reason = "the harness keeps what `eprintln!` says to itself when a test passes")]
pub fn skipped(needs: &str, what: &str, why: &str) {
    let required = std::env::var("PENSTOCK_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|name| name.trim() == needs);
    assert!(!is_required, "{what}: {why}, and PENSTOCK_REQUIRE lists {needs}");
    writeln!(std::io::stderr(), "SKIPPED: {what}: {why}").unwrap();
}

/// A folder with these files.
pub fn folder_with(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

/// What `penstock` says in `folder`, in one text: standard output, then standard error, then the exit code.
pub fn penstock_in(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(penstock::BINARY);
    let output = command.args(arguments).current_dir(folder).env("COLUMNS", "100").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!("{}{}exit code {}", text(&output.stdout), text(&output.stderr), output.status.code().unwrap())
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes))
}

/// An address that nobody has, and that nobody gets who asks the system for any: its port is below those that Linux
/// gives out. Each is given once, and other processes begin elsewhere.
pub fn free_address() -> SocketAddr {
    static GIVEN: AtomicUsize = AtomicUsize::new(0);
    let first = std::process::id() as usize * 97;
    loop {
        let port = 10_000 + (first + GIVEN.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port as u16));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
