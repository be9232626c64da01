//! Twelve languages, each with the ways to hide a phrase of it.

use std::process::Command;

use crate::support::penstock::BINARY;
use crate::support::repository;

#[test]
fn phrases_of_twelve_languages_are_found_however_they_are_hidden() {
    let folder = repository("tests/fixtures/languages");
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, 12);
    let output = Command::new(BINARY).args(["rules", "test"]).arg(&folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(&format!("of {files} rules: 0 failed")), "{said}");
}
