//! What is remembered of uploads that gave way to others while they were under way.
//!
//! An origin may have pieces of them. So one that is remembered is not taken for a new one: nothing of it goes on.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::Key;

/// How many are remembered for each that may be under way.
const FOR_EACH: usize = 20;

/// Uploads that gave way, and when. Each is known by a hash, which nobody outside can foresee.
#[derive(Default)]
pub(super) struct Gone {
    hasher: RandomState,
    since: HashMap<u64, Instant>,
}

impl Gone {
    /// Whether one more can be remembered, where `max` uploads may be under way.
    pub(super) fn has_room(&self, max: usize) -> bool {
        self.since.len() < max.saturating_mul(FOR_EACH)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.since.is_empty()
    }

    /// Remembers the upload called `key`.
    pub(super) fn note(&mut self, key: &Key, now: Instant) {
        self.since.insert(self.hasher.hash_one(key), now);
    }

    pub(super) fn knows(&self, key: &Key) -> bool {
        !self.is_empty() && self.since.contains_key(&self.hasher.hash_one(key))
    }

    /// Forgets those that gave way longer ago than `timeout`.
    pub(super) fn sweep(&mut self, timeout: Duration, now: Instant) {
        self.since.retain(|_, since| now.saturating_duration_since(*since) <= timeout);
    }
}
