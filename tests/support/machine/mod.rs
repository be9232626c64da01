//! What the differential tests of pictures and of texts have in common: the programs that they install, how they are
//! set, and the origin behind Penstock.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::origin::Origin;
use super::{repository, skipped};

/// Limits of a Penstock whose code may not be optimised, on a machine that does something else besides.
pub const PATIENT: &str = "inspection_wait = \"60s\"\ninspection_deadline = \"120s\"\ninspection_work = \"60s\"";

/// What the environment says of `name`, which a target of `make` sets.
pub fn setting(name: &str, default: &str) -> String {
    std::env::var(name).ok().filter(|text| !text.is_empty()).unwrap_or_else(|| default.to_owned())
}

/// The folder with the programs of the machine in `tests/NAME`, which are installed if need be; `what` they are.
pub fn install(name: &str, what: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(name.replace('_', "-"));
    let output = Command::new(repository(&format!("tests/{name}/setup.sh"))).arg(&folder).output().unwrap();
    if output.status.success() {
        return Some(folder);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = said.lines().last().unwrap_or("setup.sh failed");
    skipped("differential", what, &format!("they are not installed: {reason}"));
    None
}

/// An origin that tells clients whether what reached it was flagged.
pub fn telling_origin() -> Origin {
    let origin = Origin::answering(|seen| {
        let is_flagged = seen.headers.get("penstock-verdict").is_some_and(|verdict| verdict == "flag");
        let flagged = u8::from(is_flagged);
        Some(format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Flagged: {flagged}\r\n\r\n"))
    });
    origin.forget_bodies();
    origin
}

/// The command that runs the machine in `tests/NAME` against a Penstock, with as many files as the setting `count`
/// says.
pub fn machine(name: &str, folder: &Path, address: std::net::SocketAddr, count: &str) -> Command {
    let mut command = Command::new(folder.join("venv/bin/python"));
    command.arg(repository(&format!("tests/{name}/machine/run.py"))).arg(address.to_string());
    command.arg(setting(count, "300")).arg(setting("PENSTOCK_DIFFERENTIAL_SEED", "1"));
    command.arg(setting("PENSTOCK_DIFFERENTIAL_FIRST", "0"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}
