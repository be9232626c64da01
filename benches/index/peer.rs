//! faiss, in a Python process of its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::lists::{Hash, List};
use crate::{PASSES, RADIUS};

/// How faiss did.
#[derive(Debug, Deserialize)]
pub(crate) struct Peer {
    pub(crate) flat: Measured,
    pub(crate) multi_hash: Measured,
    pub(crate) versions: BTreeMap<String, String>,
}

/// One index of faiss.
#[derive(Debug, Deserialize)]
pub(crate) struct Measured {
    pub(crate) median_ms: f64,
    /// Rows and distances by query, sorted.
    pub(crate) found: Vec<Vec<(u32, u16)>>,
}

impl Peer {
    /// Runs faiss over `list`: the flat index for `flat_queries` of the queries, the multi-hash index for all.
    pub(crate) fn run(list: &List, flat_queries: usize) -> Self {
        let folder = folder();
        let python = folder.join("venv/bin/python");
        assert!(python.exists(), "{}: not found; run `make bench-index`, which installs faiss", python.display());
        let (hashes, queries) = (folder.join("hashes.bin"), folder.join("queries.bin"));
        write(&hashes, &list.hashes);
        write(&queries, &list.queries);
        // With this many slots of this many bits, searched so far each, the multi-hash index is exact.
        let (slots, bits, flips) = if list.hashes.len() > 2_000_000 { (12, 21, 2) } else { (16, 16, 1) };
        let numbers =
            [usize::from(RADIUS.0), PASSES, flat_queries, slots, bits, flips].map(|number| number.to_string());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/faiss_peer.py");
        let output = Command::new(python).arg(script).args([&hashes, &queries]).args(numbers).output();
        let output = output.expect("the peer starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the peer failed: {errors}");
        for file in [hashes, queries] {
            fs::remove_file(file).expect("what was written can be removed");
        }
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("the peer's answer: {error}\n{errors}"))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-index")
}

fn write(file: &Path, hashes: &[Hash]) {
    let written = File::create(file).and_then(|file| {
        let mut writer = BufWriter::new(file);
        hashes.as_flattened().iter().try_for_each(|word| writer.write_all(&word.to_be_bytes()))?;
        writer.flush()
    });
    written.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}
