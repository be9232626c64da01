//! Real processes, real sockets: what every behaviour test stands on.

pub mod http;
pub mod origin;
pub mod penstock;
pub mod pictures;

use std::time::{Duration, Instant};

/// Waits until `condition` holds. A minute is for machines under load, not part of any promise.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "still waiting until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The folder of reference files, or `None` with a loud word where it is not at hand.
pub fn vectors(what: &str) -> Option<std::path::PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {what}: the reference files in ../shared/vectors are not here");
    None
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes))
}
