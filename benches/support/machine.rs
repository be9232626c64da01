//! What figures were measured on. Whatever cannot be found out is "unknown": it must not stop a bench.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::process::Command;

const UNKNOWN: &str = "unknown";

pub(super) fn cpu_model() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    model.map_or(UNKNOWN, |(_, model)| model).to_owned()
}

pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// The commit, with `-dirty` when the tree differs from it in anything but results.
pub(super) fn commit() -> String {
    let Some(commit) = output_of("git", &["rev-parse", "--short", "HEAD"]) else {
        return UNKNOWN.to_owned();
    };
    let changes = output_of("git", &["status", "--porcelain", "--", ".", ":!benches/results"]);
    if changes.is_some_and(|changes| changes.is_empty()) { commit } else { format!("{commit}-dirty") }
}

/// Versions of the compiler and of `packages`, as `Cargo.lock` had them when the bench was compiled.
pub(super) fn versions(packages: &[&str]) -> BTreeMap<String, String> {
    let lock: toml::Table = toml::from_str(include_str!("../../Cargo.lock")).unwrap_or_default();
    let listed = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let named = listed.filter_map(|package| Some((package.get("name")?.as_str()?, package.get("version")?.as_str()?)));
    let wanted = named.filter(|(name, _)| packages.contains(name));
    let compiler = output_of("rustc", &["--version"]).unwrap_or_else(|| UNKNOWN.to_owned());
    let compiler = compiler.split_whitespace().nth(1).unwrap_or(UNKNOWN).to_owned();
    let versions = wanted.map(|(name, version)| (name.to_owned(), version.to_owned()));
    versions.chain([("rustc".to_owned(), compiler)]).collect()
}

/// What a command prints, without space around it; `None` when it fails.
fn output_of(command: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(command).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
