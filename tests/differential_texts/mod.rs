//! Real programs that show documents, behind a real Penstock: whatever gets through silently, none of them shows the
//! listed phrase.
//!
//! `machine` writes phrases into documents of every kind, in structures that are unusual, and sends them. Chromium,
//! renderers of Markdown, poppler and mupdf, and LibreOffice where it is installed, say what each document shows. If a
//! listed phrase is in that and the document was allowed silently, it was a way around the rules.

use std::path::Path;
use std::process::Command;

use crate::support::machine::{PATIENT, install, machine, telling_origin};
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::repository;

/// A Penstock with a rule for each phrase.
fn start(origin: &Origin, python: &Path) -> Penstock {
    let script = repository("tests/differential_texts/machine/phrases.py");
    let rules = Command::new(python).arg(script).env("PYTHONUTF8", "1").output().unwrap();
    assert!(rules.status.success(), "rules are written");
    Setup::new(&[origin.address])
        .with_limits(PATIENT)
        .with_file("rules.toml", &rules.stdout)
        .with_top("rules = [\"rules.toml\"]\n")
        .with(ENFORCING)
        .start()
}

#[test]
fn no_program_shows_a_listed_phrase_that_was_let_through() {
    let what = "programs that show documents behind Penstock";
    let Some(folder) = install("differential_texts", what) else { return };
    let python = folder.join("venv/bin/python");
    let origin = telling_origin();
    let penstock = start(&origin, &python);
    let mut command = machine("differential_texts", &folder, penstock.address, "PENSTOCK_TEXTS_N");
    command.env("PYTHONUTF8", "1");
    command.env("PENSTOCK_TEXTS_MODULES", folder.join("node_modules"));
    assert!(command.status().unwrap().success(), "some program shows what was let through: see BYPASS above");
}
