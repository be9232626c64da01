//! Entries of hash sets that are held back: by themselves when they flood, or by a person.
//!
//! The decisions are made by [`crate::flood`]; here is what that needs of the world: uploads and their clients, the time,
//! the log, and a file so that it outlives the process. Only matched uploads come here, for a few microseconds each.

mod lock;
mod state;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::SystemTime;

use crate::config::{Config, FloodRule};
use crate::content::{ClientNetwork, SetAction};
use crate::flood::{Breaker, EntryKey, Moment, Sighting, Standing, Status, Trip};
use crate::telemetry::{FloodLabels, Metrics};
use crate::verdict::{Findings, Mark, Match, MatchSource};

pub use crate::flood::{Decision, Record};
pub use lock::{StateInUse, StateLock};
pub use state::{Listed, describe};

use state::StateFile;

/// The entries that are held back, shared by all who judge and by those who decide.
#[derive(Debug)]
pub struct Quarantine {
    breaker: Mutex<Breaker>,
    file: Option<Mutex<StateFile>>,
    hasher: RandomState,
    metrics: Arc<Metrics>,
    /// Wakes the thread that saves. Holds one call, which is as good as many.
    save: SyncSender<()>,
}

impl Quarantine {
    /// Starts with what an earlier process left in `state_directory`, and a thread that keeps it up to date there.
    ///
    /// Where that cannot be read or written, or is `None`, this says so in the log and goes on in memory.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start(state_directory: Option<&Path>, metrics: Arc<Metrics>) -> std::io::Result<Arc<Self>> {
        let file = state_directory.and_then(StateFile::open);
        if state_directory.is_none() {
            tracing::warn!(event = "state", "no state directory: a restart forgets which entries are in quarantine");
        }
        let mut breaker = Breaker::default();
        breaker.restore(file.as_ref().map(StateFile::read).unwrap_or_default());
        metrics.quarantined_entries.set(breaker.waiting() as i64);
        let (save, wakes) = sync_channel(1);
        let (breaker, file) = (Mutex::new(breaker), file.map(Mutex::new));
        let quarantine = Arc::new(Self { breaker, file, hasher: RandomState::new(), metrics, save });
        let saved = Arc::downgrade(&quarantine);
        thread::Builder::new().name("quarantine".into()).spawn(move || keep_saving(&saved, &wakes))?;
        Ok(quarantine)
    }

    /// Counts an upload for every entry that it matches, and holds back the matches of entries in quarantine.
    ///
    /// Comes after [`crate::verdict::exempt`]: an exception is no sign of a bad entry, and an allow set never floods. An
    /// upload counts once for an entry, however many of its parts match, so that one archive cannot flood by itself.
    pub fn settle(&self, findings: &mut Findings, client: Option<ClientNetwork>, config: &Config) {
        let mut by_entry: HashMap<EntryKey, (u64, Vec<usize>)> = HashMap::new();
        for (index, found) in findings.matches.iter().enumerate() {
            if let Some((key, content)) = counted(found) {
                let (least, indexes) = by_entry.entry(key).or_insert((content, Vec::new()));
                *least = content.min(*least);
                indexes.push(index);
            }
        }
        if by_entry.is_empty() {
            return;
        }
        let (client, now) = (self.hasher.hash_one(client), now());
        for (key, (content, indexes)) in by_entry {
            let rule = config.hash_set(&key.set).and_then(|set| set.flood);
            if self.is_held_back(&key, Sighting { content, client }, now, rule.as_ref()) {
                indexes.into_iter().for_each(|index| findings.matches[index].hold_back(Mark::Quarantined));
            }
        }
    }

    fn is_held_back(&self, key: &EntryKey, sighting: Sighting, now: Moment, rule: Option<&FloodRule>) -> bool {
        let mut breaker = self.breaker();
        let standing = breaker.observe(key, sighting, now, rule);
        let has_learned = breaker.has_learned();
        drop(breaker);
        if has_learned {
            self.save_soon();
        }
        if let (Standing::Trips(trip), Some(rule)) = (standing, rule) {
            self.announce(key, trip, rule);
        }
        standing != Standing::Acts
    }

    fn announce(&self, key: &EntryKey, trip: Trip, rule: &FloodRule) {
        tracing::error!(
            event = "flood",
            set = %key.set,
            entry = %key.entry,
            uploads = trip.uploads,
            usual = (trip.usual * 10.0).round() / 10.0,
            window_s = rule.window.as_secs(),
            "an entry matches far more uploads than usual: it is in quarantine until a person decides"
        );
        self.metrics.flood_trips.get_or_create(&FloodLabels { set: key.set.to_string() }).inc();
        self.note_waiting();
        self.save_soon();
    }

    /// Every entry that is held back: those that wait for a decision first, then by set and entry.
    pub fn list(&self) -> Vec<Record> {
        let mut records = self.breaker().records();
        records.retain(|record| record.status != Status::Acting);
        records.sort_by(|a, b| {
            let order = |record: &Record| record.status != Status::Quarantined;
            (order(a), &a.key.set, &a.key.entry).cmp(&(order(b), &b.key.set, &b.key.entry))
        });
        records
    }

    /// Carries out a person's decision about an entry, and saves it before it returns. Says how many hashes it is about: none when the entry neither is
    /// held back nor matched lately.
    pub fn decide(&self, set: &str, entry: &str, decision: Decision) -> usize {
        let hashes = self.breaker().decide(set, entry, decision, now());
        if hashes > 0 {
            let decision = describe(decision);
            tracing::info!(event = "quarantine", set, entry, decision, "a person decided about an entry");
            self.note_waiting();
            self.save();
        }
        hashes
    }

    fn note_waiting(&self) {
        self.metrics.quarantined_entries.set(self.breaker().waiting() as i64);
    }

    /// Has it saved on another thread. When the channel is full, that thread is about to.
    fn save_soon(&self) {
        self.save.try_send(()).ok();
    }

    fn save(&self) {
        if let Some(file) = &self.file {
            // Locked before the records are taken, so that the newest come last.
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let records = self.breaker().records();
            file.write(&records);
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a match counts for, if it does.
fn counted(found: &Match) -> Option<(EntryKey, u64)> {
    if found.action == SetAction::Allow || found.is_exempted() {
        return None;
    }
    match &found.source {
        MatchSource::Hash { set, entry, listed, content, .. } => {
            Some((EntryKey { set: Arc::clone(set), entry: Arc::clone(entry), hash: *listed }, *content))
        }
        MatchSource::Rule { .. } | MatchSource::Text { .. } => None,
    }
}

fn now() -> Moment {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Moment(since.map_or(0, |since| since.as_secs()))
}

/// Saves at each wake, until nobody can change anything any more.
fn keep_saving(quarantine: &Weak<Quarantine>, wakes: &Receiver<()>) {
    while wakes.recv().is_ok() {
        if let Some(quarantine) = quarantine.upgrade() {
            quarantine.save();
        }
    }
}

#[cfg(test)]
mod tests;
