//! What a compiled set says about how it was made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a set was made, as it stands in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetInfo {
    /// The Penstock that compiled it.
    pub penstock: String,
    /// The lists it was made from, in order.
    pub sources: Vec<SourceInfo>,
    /// Rows that said nothing new and were left out.
    pub duplicates: u64,
    /// Entries that a later record of the same lists took back.
    pub removed: u64,
    /// Rows of kinds that no upload can be compared with, by kind.
    pub ignored: BTreeMap<String, u64>,
}

/// A list that went into a set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// The file's name, without its folder.
    pub name: String,
    /// Its format.
    pub format: String,
    /// Entries read from it.
    pub listed: u64,
    /// Rows that were not in order and were left out.
    pub skipped: u64,
}
