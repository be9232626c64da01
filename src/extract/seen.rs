//! The texts of several readings of one body: what they have in common is handed out once.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// What has been handed out. Only hashes are kept, with a key that no client knows.
#[derive(Default)]
pub(super) struct Seen {
    hasher: RandomState,
    hashes: HashSet<u64>,
}

impl Seen {
    /// Whether `text` comes for the first time.
    pub(super) fn is_new(&mut self, text: &[u8]) -> bool {
        self.hashes.insert(self.hasher.hash_one(text))
    }
}
