//! The corpora of the fuzz targets, replayed: what once was found stays fixed.

use std::fs;

use crate::support::repository;

#[path = "../fuzz/targets.rs"]
mod targets;

#[test]
fn every_input_of_every_corpus_still_holds() {
    for (name, run) in targets::TARGETS {
        let folder = repository("fuzz/corpus").join(name);
        let inputs: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(!inputs.is_empty(), "{name} has no corpus");
        for input in inputs {
            run(&fs::read(&input).unwrap());
        }
    }
}
