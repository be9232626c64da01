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
    ("resumable", &["body", "config", "content", "extract", "telemetry"]),
    ("snapshot", &["body", "config", "content", "hash_set", "telemetry", "text"]),
    (
        "inspect",
        &["body", "config", "content", "extract", "hash_set", "media", "snapshot", "telemetry", "text", "verdict"],
    ),
    ("worker", &["content", "media", "telemetry"]),
    ("quarantine", &["config", "content", "flood", "telemetry", "verdict"]),
    (
        "proxy",
        &[
            "body",
            "config",
            "content",
            "extract",
            "inspect",
            "quarantine",
            "resumable",
            "snapshot",
            "telemetry",
            "verdict",
        ],
    ),
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

/// A file without its unit tests and comments. Tests that are in the file are its last item; `mod tests;` is a line
/// like others, after which everything may follow.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
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
    own.map(|path| (path.clone(), module_of(&path), code(&fs::read_to_string(&path).unwrap()))).collect()
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

/// What `module` uses in `code` and must not.
fn forbidden_uses(module: &str, code: &str) -> Vec<String> {
    let (_, allowed) = MAY_USE
        .iter()
        .find(|(name, _)| *name == module)
        .unwrap_or_else(|| panic!("module \"{module}\" is in no layer: add it here and in ARCHITECTURE.md"));
    let foreign = modules_used(code).into_iter().filter(|used| used != module && !allowed.contains(&used.as_str()));
    foreign.map(|used| format!("\"{module}\" must not use \"{used}\"")).collect()
}

/// What `module` names in `code` and belongs elsewhere.
fn foreign_names(module: &str, code: &str) -> Vec<String> {
    let is_named =
        |name: &str| code.match_indices(name).any(|(at, _)| names(&code[..at], name, &code[at + name.len()..]));
    let foreign = ONLY_IN.iter().filter(|(name, modules)| !modules.contains(&module) && is_named(name));
    foreign.map(|(name, modules)| format!("{name} belongs to {modules:?}")).collect()
}

/// Whether `name` between `before` and `behind` is the crate, as the start of a path, or the type of that name.
fn names(before: &str, name: &str, behind: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
    let is_whole = !before.ends_with(is_word) && !behind.starts_with(is_word);
    is_whole && (name.starts_with(char::is_uppercase) || behind.starts_with("::"))
}

/// What `look` finds wrong in any file.
fn wrong_anywhere(look: fn(&str, &str) -> Vec<String>) -> String {
    let found = files().into_iter().flat_map(|(path, module, code)| {
        look(&module, &code).into_iter().map(move |wrong| format!("{}: {wrong}", path.display()))
    });
    found.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_module_uses_only_what_its_layer_allows() {
    assert_eq!(wrong_anywhere(forbidden_uses), "");
}

#[test]
fn what_belongs_to_one_place_is_named_nowhere_else() {
    assert_eq!(wrong_anywhere(foreign_names), "");
}

#[test]
fn a_use_that_is_not_allowed_is_seen_wherever_it_is_in_a_file() {
    let planted =
        "use crate::{config::Config, proxy::Gate};\nfn late() { pingora::x(); std::time::SystemTime::now(); }\n";
    for before in ["", "#[cfg(test)]\nmod tests;\n", "mod a;\n#[cfg(test)]\nmod tests;\n\nfn early() {}\n"] {
        let code = code(&format!("{before}{planted}"));
        assert_eq!(forbidden_uses("text", &code), ["\"text\" must not use \"proxy\""], "{before}");
        assert_eq!(foreign_names("text", &code).len(), 2, "{before}");
    }
    let tests = code(&format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{planted}}}\n"));
    assert!(forbidden_uses("text", &tests).is_empty() && foreign_names("text", &tests).is_empty());
}

#[test]
fn unit_tests_in_a_file_are_its_last_item() {
    for path in rust_files(&repository("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let Some((_, tests)) = text.split_once("#[cfg(test)]\nmod tests {\n") else { continue };
        let (_, after) = tests.split_once("\n}\n").expect("tests end");
        assert_eq!(after, "", "after the tests of {} nothing is looked at", path.display());
    }
}

#[test]
fn the_map_in_architecture_md_names_every_module() {
    let map = fs::read_to_string(repository("ARCHITECTURE.md")).unwrap();
    for (module, _) in MAY_USE {
        assert!(map.contains(&format!("`{module}`")), "ARCHITECTURE.md does not name `{module}`");
    }
}
