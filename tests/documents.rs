//! What the documents say is what Penstock does.

use std::fs;
use std::process::Command;

use penstock::extract::ProblemCode;

use crate::support::penstock::BINARY;
use crate::support::{free_address, repository};

fn document(name: &str) -> String {
    fs::read_to_string(repository(name)).unwrap()
}

/// The fenced blocks of a document in one language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn commands_in_the_readme_print_what_it_says() {
    let readme = document("README.md");
    let consoles = blocks(&readme, "console");
    assert!(!consoles.is_empty());
    for example in consoles.iter().flat_map(|console| console.split("$ penstock ").skip(1)) {
        let (command, expected) = example.split_once('\n').unwrap();
        let output = Command::new(BINARY).args(command.split(' ')).current_dir(repository("")).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "$ penstock {command}");
    }
}

#[test]
fn the_first_configuration_in_the_readme_is_in_order_and_every_line_is_explained() {
    let readme = document("README.md");
    let [config] = blocks(&readme, "toml")[..] else { panic!("one configuration") };
    let folder = tempfile::tempdir().unwrap();
    let from = [repository("config"), repository("rules")];
    assert!(Command::new("cp").arg("-r").args(from).arg(folder.path()).status().unwrap().success());
    let file = folder.path().join("config/penstock.toml");
    fs::write(&file, config).unwrap();
    let checked = Command::new(BINARY).arg("check").arg("--config").arg(&file).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    for line in config.lines().filter(|line| !line.is_empty()) {
        let name = line.trim_matches(['[', ']']).split(" =").next().unwrap();
        assert!(readme.contains(&format!("`{name}`")) || readme.contains(&format!("`{line}`")), "{line}");
    }
}

#[test]
fn set_examples_are_in_order() {
    for list in blocks(&document("docs/hash-sets.md"), "csv") {
        let mut builder = penstock::hash_set::SetBuilder::default();
        let mut input = penstock::hash_set::format::Input::new(list.as_bytes(), "list.csv");
        builder.read(&mut input, &penstock::config::ListReading::default()).unwrap();
        assert!(builder.problems().is_empty(), "{}", builder.problems());
        assert_eq!(builder.build().unwrap().len(), 2);
    }
}

#[test]
fn every_field_of_the_configuration_is_documented() {
    let page = document("docs/configuration.md");
    let raw = document("src/config/raw.rs");
    let fields = raw.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split(':').next());
    let fields: Vec<&str> = fields.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')).collect();
    assert!(fields.len() > 40, "{fields:?}");
    for field in fields {
        let is_documented =
            [format!("`{field}`"), format!("`[{field}]`"), format!("`[[{field}]]`"), format!("{field} =")];
        assert!(is_documented.iter().any(|form| page.contains(form)), "{field} is not in docs/configuration.md");
    }
}

#[test]
fn every_reason_code_is_documented_with_its_sentence() {
    let page = document("docs/reason-codes.md");
    for code in ProblemCode::ALL {
        let row = format!("| `{}` | {} |", code.code(), code.explain());
        assert!(page.contains(&row), "docs/reason-codes.md lacks: {row}");
    }
}

#[test]
fn every_metric_is_documented() {
    let page = document("docs/operating.md");
    let source = document("src/telemetry/metrics.rs");
    let registered = source.split("registry.register").skip(1).filter_map(|call| call.split('"').nth(1));
    let metrics: Vec<&str> = registered.collect();
    assert!(metrics.len() > 15, "{metrics:?}");
    for metric in metrics {
        assert!(page.contains(&format!("`penstock_{metric}")), "{metric} is not in docs/operating.md");
    }
}

#[test]
fn the_demo_ends_as_the_readme_shows() {
    let folder = tempfile::tempdir().unwrap();
    let free = || free_address().to_string();
    let origin = std::path::Path::new(BINARY).with_file_name("examples").join("demo-origin");
    assert!(origin.exists(), "build the examples first: cargo build --examples");
    let output = Command::new(repository("deploy/demo/run.sh"))
        .env("PENSTOCK", BINARY)
        .env("ORIGIN", origin)
        .env("DATA", folder.path().join("data"))
        .envs([("LISTEN", free()), ("ADMIN", free()), ("SITE", free())])
        .env("DEMO_ONCE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let readme = document("README.md");
    let shown = blocks(&readme, "text")[0];
    for line in shown.lines() {
        assert!(said.lines().any(|printed| printed.trim_end() == line), "not printed: {line}\n{said}");
    }
}
