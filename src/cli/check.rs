//! `penstock check`.

use std::path::Path;

use super::{FAILED, OK, counted, print_problems};
use crate::app;

pub(super) fn check(config: &Path) -> u8 {
    let snapshot = match app::check(config) {
        Ok(snapshot) => snapshot,
        Err(problems) => {
            print_problems(&problems);
            return FAILED;
        }
    };
    for set in &snapshot.sets {
        let counts: Vec<String> =
            set.set.algorithms().iter().map(|algorithm| format!("{} {algorithm}", set.set.count(algorithm))).collect();
        let counts = if counts.is_empty() { "empty".to_owned() } else { counts.join(", ") };
        println!("hash set {:<20} {counts} ({})", set.name, set.file.path.display());
    }
    for file in &snapshot.rule_files {
        println!("rules    {}", file.path.display());
    }
    let routes = counted(snapshot.config.routes.len(), "route");
    let (sets, rules) = (counted(snapshot.sets.len(), "hash set"), counted(snapshot.rules.len(), "rule"));
    println!("ok: {routes}, {sets}, {rules}");
    OK
}
