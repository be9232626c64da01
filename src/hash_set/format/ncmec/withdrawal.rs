//! Which deletions of a file stand, when entries and deletions come in no order of time.
//!
//! A deletion holds unless the same id was entered anew after it, which may be said before it or behind it. It can
//! therefore be told at the end only, and what was listed in the meantime has to be remembered: 16 bytes an entry, a
//! fifth of what the entry itself takes in the set.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::time::UNIX_EPOCH;

use crate::hash_set::entry::{RecordSink, Removal};

/// A moment, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time(u64);

impl Time {
    /// Reads a time as in `2024-05-01T10:00:00Z`, perhaps with a fraction of a second.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let since = humantime::parse_rfc3339_weak(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        u64::try_from(since.as_millis()).ok().map(Self)
    }
}

/// What a file lists and takes back so far.
#[derive(Default)]
pub(super) struct Withdrawals {
    /// Ids and the time of their last deletion.
    deleted: BTreeMap<String, Time>,
    /// Ids that are listed, as numbers, and when they were entered.
    listed: Vec<(u64, Time)>,
    numbers: RandomState,
}

impl Withdrawals {
    /// `id` was entered at `time`.
    pub(super) fn list(&mut self, id: &str, time: Time) {
        self.listed.push((self.numbers.hash_one(id), time));
    }

    /// `id` was deleted at `time`.
    pub(super) fn delete(&mut self, id: String, time: Time) {
        let last = self.deleted.entry(id).or_insert(time);
        *last = time.max(*last);
    }

    /// Tells `sink` what is taken back in the end.
    pub(super) fn tell(self, sink: &mut dyn RecordSink) {
        let mut newest: HashMap<u64, Option<Time>> =
            self.deleted.keys().map(|id| (self.numbers.hash_one(id), None)).collect();
        for (number, time) in self.listed {
            if let Some(newest) = newest.get_mut(&number) {
                *newest = Some(time).max(*newest);
            }
        }
        for (id, deleted) in &self.deleted {
            let entered = newest.get(&self.numbers.hash_one(id)).copied().flatten();
            if entered.is_none_or(|entered| entered <= *deleted) {
                sink.remove(&Removal { id: Some(id), hash: None });
            }
        }
    }
}
