//! The layers of `ARCHITECTURE.md`: a module uses only what its row names.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::repository;

/// Module, and the modules of ours that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("content", &[]),
    ("config", &["content"]),
    ("telemetry", &[]),
    ("body", &["config", "content"]),
    ("extract", &["body", "config", "content"]),
    ("media", &["config", "content"]),
    ("text", &["config", "content"]),
    ("hash_set", &["config", "content"]),
    ("verdict", &["config", "content"]),
    ("flood", &["config", "content"]),
    ("snapshot", &["body", "config", "content", "hash_set", "telemetry", "text"]),
    (
        "inspect",
        &["body", "config", "content", "extract", "hash_set", "media", "snapshot", "telemetry", "text", "verdict"],
    ),
    ("worker", &["content", "media", "telemetry"]),
    ("quarantine", &["config", "content", "flood", "telemetry", "verdict"]),
    ("proxy", &["body", "config", "content", "extract", "inspect", "quarantine", "snapshot", "telemetry", "verdict"]),
    ("admin", &["config", "content", "quarantine", "snapshot", "telemetry", "verdict", "worker"]),
    (
        "app",
        &["admin", "body", "config", "hash_set", "inspect", "proxy", "quarantine", "snapshot", "telemetry", "worker"],
    ),
    (
        "cli",
        &[
            "app",
            "body",
            "config",
            "content",
            "hash_set",
            "inspect",
            "media",
            "snapshot",
            "telemetry",
            "text",
            "verdict",
            "worker",
        ],
    ),
];

/// Crates and names that only some modules may know of.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("pingora", &["proxy", "app"]),
    ("ArcSwap", &["snapshot"]),
    // `snapshot` only in `source`, which fetches sets in a runtime of its own.
    ("tokio", &["proxy", "app", "admin", "inspect", "snapshot"]),
    ("reqwest", &["snapshot"]),
    ("object_store", &["snapshot"]),
    ("axum", &["admin"]),
    ("zune_jpeg", &["media"]),
    ("image", &["media"]),
    ("hayro_jpeg2000", &["worker"]),
    ("libloading", &["worker"]),
    ("landlock", &["worker"]),
    ("seccompiler", &["worker"]),
    ("SystemTime", &["snapshot", "admin", "telemetry", "quarantine"]),
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The text of a file up to its unit tests, without comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(repository("src")).unwrap();
    inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs")
}

/// The files of `src` but its roots and unit tests, each with its module and code.
fn files() -> Vec<(PathBuf, String, String)> {
    let all = rust_files(&repository("src"));
    let own = all
        .into_iter()
        .filter(|path| !is_test(path) && !path.ends_with("src/lib.rs") && !path.ends_with("src/main.rs"));
    own.map(|path| (path.clone(), module_of(&path), code(&path))).collect()
}

/// First names behind `crate::`, also those in braces.
fn modules_used(code: &str) -> Vec<String> {
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap(),
            None => rest,
        };
        let take = if rest.starts_with('{') { usize::MAX } else { 1 };
        used.extend(
            names
                .split(',')
                .take(take)
                .map(|name| name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()),
        );
    }
    used
}

#[test]
fn a_module_uses_only_what_its_layer_allows() {
    let mut wrong = Vec::new();
    for (path, module, code) in files() {
        let (_, allowed) = MAY_USE.iter().find(|(name, _)| *name == module).unwrap_or_else(|| {
            panic!("{} is in no layer: add module \"{module}\" here and in ARCHITECTURE.md", path.display())
        });
        for used in modules_used(&code).iter().filter(|used| **used != module) {
            if !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}: \"{module}\" must not use \"{used}\"", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether `name` between `before` and `behind` is the crate, as the start of a path, or the type of that name.
fn names(before: &str, name: &str, behind: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
    let is_whole = !before.ends_with(is_word) && !behind.starts_with(is_word);
    is_whole && (name.starts_with(char::is_uppercase) || behind.starts_with("::"))
}

#[test]
fn what_belongs_to_one_place_is_named_nowhere_else() {
    let mut wrong = Vec::new();
    for (path, module, code) in files() {
        for (name, modules) in ONLY_IN {
            let is_named = code.match_indices(name).any(|(at, _)| names(&code[..at], name, &code[at + name.len()..]));
            if is_named && !modules.contains(&module.as_str()) {
                wrong.push(format!("{}: {name} belongs to {modules:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_map_in_architecture_md_names_every_module() {
    let map = fs::read_to_string(repository("ARCHITECTURE.md")).unwrap();
    for (module, _) in MAY_USE {
        assert!(map.contains(&format!("`{module}`")), "ARCHITECTURE.md does not name `{module}`");
    }
}
