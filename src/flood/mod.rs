//! Tells when an entry of a hash set suddenly matches far more uploads than it used to.
//!
//! Bad entries are the commonest failure of hash lists: the hash of a white page or of a popular picture comes in with
//! thousands of others, and stops a good part of a site's uploads. So each entry has its usual number of matches in a
//! window of time, and one that goes far past it is held back until a person decides. Nothing here reads a clock, a file or
//! the configuration: the time and the rule come with each sighting.
//!
//! # Counting
//!
//! Windows lie end to end and start at whole multiples of their length since 1970. What is counted is how many *different*
//! contents an entry matched in the window, so that one file that is sent again and again is one. An entry's usual count is
//! a moving average over the windows in which it matched at all: nights do not make it forget its days.
//!
//! # Bounds
//!
//! At most [`Breaker::MAX_ENTRIES`] entries are remembered; past that the one that has not matched for longest is
//! forgotten. Contents of one window are counted exactly up to [`Distinct::EXACT`] and within some 5 % beyond, in 4 KiB.
//! Together that is some 20 MiB, whatever comes. At most [`Breaker::MAX_HELD_BACK`] entries are held back at once; past
//! that the others go on acting: whoever makes a thousand entries flood does not switch off the list.

mod distinct;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::FloodRule;
use crate::content::HashValue;

pub use distinct::Distinct;

/// Seconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

/// An entry of a hash set. An entry whose hash was changed is another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryKey {
    /// Name of the set.
    pub set: Arc<str>,
    /// Name of the entry.
    pub entry: Arc<str>,
    /// What it lists.
    pub hash: HashValue,
}

/// An upload that matched an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// A hash of what matched, spread evenly and not known outside.
    pub content: u64,
    /// A hash of the network it came from, likewise.
    pub client: u64,
}

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It acts as its set says.
    Acting,
    /// It flooded, and waits for a decision.
    Quarantined,
    /// A person has taken it out.
    Off,
}

/// What a sighting means for its match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    /// The entry acts.
    Acts,
    /// The entry is held back.
    HeldBack,
    /// The entry is held back from this sighting on.
    Trips(Trip),
}

/// How an entry came to be held back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trip {
    /// Different uploads in this window.
    pub uploads: u64,
    /// The entry's usual count.
    pub usual: f64,
}

/// What is remembered about one entry beyond the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Which entry.
    pub key: EntryKey,
    /// What it does.
    pub status: Status,
    /// Since when it is held back; when it was last seen, for one that acts.
    pub since: Moment,
    /// The most different uploads of one window, of those since it is held back.
    pub uploads: u64,
    /// Different uploads in a window in which it matches at all, on average.
    pub usual: f64,
}

/// What a person decided about an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is right: it acts again, and as many matches as it had count as usual.
    Enforce,
    /// It is wrong: it stays out until decided otherwise.
    Monitor,
}

/// The memory of all entries that matched lately.
#[derive(Debug, Default)]
pub struct Breaker {
    tracks: HashMap<EntryKey, Track>,
    /// Entries that do not act.
    held_back: usize,
    has_learned: bool,
}

#[derive(Debug)]
struct Track {
    status: Status,
    since: Moment,
    last_seen: Moment,
    /// Number of the window that is being counted.
    window: u64,
    contents: Distinct,
    /// At most [`FloodRule::MAX_CLIENTS`].
    clients: Vec<u64>,
    uploads: u64,
    usual: f64,
    /// Whether its past makes a difference, and should outlive a restart.
    matters: bool,
}

/// By how much one window moves the average.
const WEIGHT: f64 = 1.0 / 8.0;

impl Breaker {
    /// Entries that are remembered.
    pub const MAX_ENTRIES: usize = 4096;
    /// Entries that are held back.
    pub const MAX_HELD_BACK: usize = 1024;

    /// Notes that an upload matched an entry, and says what that means for the match.
    ///
    /// Trips when the upload makes the different contents of the window more than `min_uploads` and more than `factor`
    /// times the usual count, from at least `min_clients` networks. Without a rule nothing is counted, and only what a
    /// person took out is held back.
    pub fn observe(&mut self, key: &EntryKey, sighting: Sighting, now: Moment, rule: Option<&FloodRule>) -> Standing {
        let Some(rule) = rule else {
            let is_off = self.tracks.get(key).is_some_and(|track| track.status == Status::Off);
            return if is_off { Standing::HeldBack } else { Standing::Acts };
        };
        if !self.tracks.contains_key(key) && !self.make_room() {
            return Standing::Acts;
        }
        let track = self.tracks.entry(key.clone()).or_insert_with(|| Track::new(now));
        self.has_learned |= track.count(sighting, now, rule);
        if track.status != Status::Acting {
            return Standing::HeldBack;
        }
        if !track.floods(rule) || self.held_back >= Self::MAX_HELD_BACK {
            return Standing::Acts;
        }
        let uploads = track.contents.count();
        (track.status, track.since, track.uploads) = (Status::Quarantined, now, uploads);
        self.held_back += 1;
        Standing::Trips(Trip { uploads, usual: track.usual })
    }

    /// Whether [`Self::records`] have changed since this was last asked by more than trips and decisions.
    pub fn has_learned(&mut self) -> bool {
        std::mem::take(&mut self.has_learned)
    }

    /// Carries out a decision about every hash of an entry that is remembered. Says how many there are.
    pub fn decide(&mut self, set: &str, entry: &str, decision: Decision, now: Moment) -> usize {
        let meant = self.tracks.iter_mut().filter(|(key, _)| &*key.set == set && &*key.entry == entry);
        let decided = meant.map(|(_, track)| track.decide(decision, now)).count();
        self.held_back = self.count_held_back();
        decided
    }

    /// Entries that wait for a decision.
    pub fn waiting(&self) -> usize {
        self.tracks.values().filter(|track| track.status == Status::Quarantined).count()
    }

    /// What should outlive a restart: entries that are held back, and usual counts that make a difference.
    pub fn records(&self) -> Vec<Record> {
        let lasting = self.tracks.iter().filter(|(_, track)| track.matters || track.status != Status::Acting);
        lasting.map(|(key, track)| track.record(key)).collect()
    }

    /// Takes over what an earlier process recorded, up to [`Self::MAX_ENTRIES`].
    pub fn restore(&mut self, records: impl IntoIterator<Item = Record>) {
        let room = Self::MAX_ENTRIES.saturating_sub(self.tracks.len());
        self.tracks.extend(records.into_iter().take(room).map(|record| {
            let Record { key, status, since, uploads, usual } = record;
            (key, Track { status, uploads, usual, matters: true, ..Track::new(since) })
        }));
        self.held_back = self.count_held_back();
    }

    fn count_held_back(&self) -> usize {
        self.tracks.values().filter(|track| track.status != Status::Acting).count()
    }

    /// Forgets an entry if there are too many: one whose past makes no difference rather than another, and among those
    /// the one that has not matched for longest. Never one that is held back.
    fn make_room(&mut self) -> bool {
        if self.tracks.len() < Self::MAX_ENTRIES {
            return true;
        }
        let acting = self.tracks.iter().filter(|(_, track)| track.status == Status::Acting);
        let oldest = acting.min_by_key(|(_, track)| (track.matters, track.last_seen)).map(|(key, _)| key.clone());
        oldest.is_some_and(|key| self.tracks.remove(&key).is_some())
    }
}

impl Track {
    fn new(now: Moment) -> Self {
        Self {
            status: Status::Acting,
            since: now,
            last_seen: now,
            window: 0,
            contents: Distinct::default(),
            clients: Vec::new(),
            uploads: 0,
            usual: 0.0,
            matters: false,
        }
    }

    /// Says whether a window has ended and made a difference that should outlive a restart.
    fn count(&mut self, sighting: Sighting, now: Moment, rule: &FloodRule) -> bool {
        let window = now.0 / rule.window.as_secs().max(1);
        let has_ended = window != self.window;
        if has_ended {
            self.close_window(rule);
            self.window = window;
        }
        self.last_seen = now;
        self.contents.insert(sighting.content);
        if self.clients.len() < FloodRule::MAX_CLIENTS as usize && !self.clients.contains(&sighting.client) {
            self.clients.push(sighting.client);
        }
        if self.status != Status::Acting {
            self.uploads = self.uploads.max(self.contents.count());
        }
        has_ended && self.matters
    }

    /// A flood is not what is usual, until a person says so.
    fn close_window(&mut self, rule: &FloodRule) {
        let count = self.contents.count();
        if count > 0 && self.status == Status::Acting {
            self.usual += (count as f64 - self.usual) * WEIGHT;
            self.matters = self.usual * rule.factor > f64::from(rule.min_uploads);
        }
        self.contents.clear();
        self.clients.clear();
    }

    fn floods(&self, rule: &FloodRule) -> bool {
        let count = self.contents.count();
        count > u64::from(rule.min_uploads)
            && count as f64 > self.usual * rule.factor
            && self.clients.len() >= rule.min_clients as usize
    }

    fn decide(&mut self, decision: Decision, now: Moment) {
        match decision {
            Decision::Enforce => {
                self.usual = self.usual.max(self.uploads as f64);
                self.matters = true;
                self.status = Status::Acting;
                self.uploads = 0;
            }
            Decision::Monitor => self.status = Status::Off,
        }
        self.since = now;
    }

    fn record(&self, key: &EntryKey) -> Record {
        let since = if self.status == Status::Acting { self.last_seen } else { self.since };
        Record { key: key.clone(), status: self.status, since, uploads: self.uploads, usual: self.usual }
    }
}
