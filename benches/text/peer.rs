//! Hyperscan, in a Python process of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::inputs::{Inputs, Keywords};

/// Past this Hyperscan is not asked: compiling 100,000 keywords took it nine seconds, and ten times as many do not fit.
const LARGEST: usize = 100_000;

/// How Hyperscan did.
#[derive(Debug, Deserialize)]
pub(crate) struct Peer {
    /// Median of the scans; none where it was not asked.
    pub(crate) seconds: Option<f64>,
    /// Numbers of the keywords that the text has, sorted.
    pub(crate) found: Vec<usize>,
    pub(crate) versions: BTreeMap<String, String>,
}

impl Peer {
    /// Scans the normalised text for the normalised keywords.
    pub(crate) fn run(inputs: &Inputs, keywords: &Keywords, passes: usize) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/text/peer.py");
        let mut command = Command::new(inputs.python());
        command.arg(script).arg(inputs.file()).arg(&keywords.file).arg(passes.to_string()).arg(LARGEST.to_string());
        let output = command.output().expect("the peer starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the peer failed: {errors}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("the peer's answer: {error}\n{errors}"))
    }
}
