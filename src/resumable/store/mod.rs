//! Uploads that come in pieces over several requests, kept until the last piece so that the whole can be inspected.
//!
//! Pieces are the held bodies of the requests that brought them, and keep their share of memory and disk. Nothing here
//! outlives the process: after a restart an upload is unknown, and its client starts again.
//!
//! What is kept must be what the origin has, or the upload must not go on. So a piece is taken over only when the
//! origin answered that it has it, and whatever leaves that open makes the upload incomplete or unknown.

mod gone;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::claim::plain_name;
use super::{Gathering, Loose, S3Upload, TusUpload};
use crate::body::{Quota, Reservation};
use crate::config::Limits;
use crate::content::ClientNetwork;
use crate::telemetry::Metrics;
use gone::Gone;

/// Pieces of one upload, as many as S3 allows: each costs some memory beside its bytes.
pub(crate) const MAX_PIECES: usize = 10_000;

/// Time between two looks for what is too old, where nothing new is created.
const SWEEPING: Duration = Duration::from_secs(30);

/// How long nothing has come of an upload that gives way to another, beside a second for each KiB that it has.
const GRACE: Duration = Duration::from_secs(30);
const RATE: u64 = 1024;

/// Time after which the next look is taken for an upload to give way, where there was none.
const PAUSE: Duration = Duration::from_secs(1);

/// How long pieces are kept that are known by no name.
const LOOSELY_KEPT: Duration = Duration::from_secs(15 * 60);

/// Every upload under way.
pub(crate) struct Assemblies {
    table: Mutex<Table>,
    /// How many there may be, shared out by network.
    places: Arc<Quota>,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Table {
    entries: HashMap<Key, Entry>,
    bytes: u64,
    /// When what is too old was last forgotten.
    swept: Option<Instant>,
    gone: Gone,
    /// When nothing gave way to a network with so many uploads.
    futile: Option<(Instant, u64)>,
}

struct Entry {
    used: Instant,
    kept: Kept,
    place: Reservation,
}

/// What is kept of one upload.
pub(crate) enum Kept {
    /// One that goes on where it broke off.
    Tus(TusUpload),
    /// One in numbered parts.
    S3(S3Upload),
    /// One in pieces of which only the client says how they belong together.
    Gathered(Gathering),
    /// What a network sends that may be pieces, by names that nobody here knows.
    Loose(Loose),
    /// One whose whole matched. Its pieces are gone, and nothing more of it goes on.
    Blocked,
}

impl Kept {
    pub(crate) fn tus(&mut self) -> Option<&mut TusUpload> {
        if let Self::Tus(upload) = self { Some(upload) } else { None }
    }

    pub(crate) fn s3(&mut self) -> Option<&mut S3Upload> {
        if let Self::S3(upload) = self { Some(upload) } else { None }
    }

    pub(crate) fn gathered(&mut self) -> Option<&mut Gathering> {
        if let Self::Gathered(upload) = self { Some(upload) } else { None }
    }
}

/// Names one upload.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    origin: String,
    name: String,
}

/// The limits that hold at the moment.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) max: usize,
    pub(crate) timeout: Duration,
    /// Bytes of all pieces that are known by no name.
    pub(crate) most_loose: u64,
}

impl Terms {
    pub(crate) fn of(limits: &Limits) -> Self {
        let most_loose = limits.memory_total.0 / 4;
        Self { max: limits.max_assemblies, timeout: limits.assembly_timeout, most_loose }
    }
}

/// Room for one more upload, given back when it is dropped unused.
pub(crate) struct Slot(Reservation);

impl Key {
    /// A tus upload is named by its URL.
    pub(crate) fn tus(origin: &str, host: &str, target: &str) -> Self {
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix(":80").or(host.strip_suffix(":443")).unwrap_or(&host);
        Self { origin: origin.to_owned(), name: format!("tus {host} {target}") }
    }

    /// An upload of FilePond is named by the id that the origin gave it, whatever the host is called. Databases and
    /// file systems may find one in other case.
    pub(crate) fn chunks(origin: &str, id: &str) -> Self {
        Self { origin: origin.to_owned(), name: format!("chunks {}", id.to_ascii_lowercase()) }
    }

    /// An upload that only its client names. Origins drop and change characters of such a name, each in its way. A name
    /// that clients have in common is one for each `client`.
    pub(crate) fn gathered(origin: &str, upload: &str, client: Option<IpAddr>) -> Self {
        let client = client.map(|client| format!(" {client}")).unwrap_or_default();
        Self { origin: origin.to_owned(), name: format!("pieces {}{client}", plain_name(upload)) }
    }

    /// What the network of `client` sends to `origin` and is known by no name.
    pub(crate) fn loose(origin: &str, client: Option<ClientNetwork>) -> Self {
        Self { origin: origin.to_owned(), name: format!("loose {client:?}") }
    }

    /// The id alone, which the origin makes unique: an object has more than one URL, and a part that came under one
    /// must not be missed under another.
    pub(crate) fn s3(origin: &str, upload: &str) -> Self {
        Self { origin: origin.to_owned(), name: format!("s3 {upload}") }
    }
}

impl Kept {
    fn bytes(&self) -> u64 {
        match self {
            Self::Tus(upload) => upload.bytes(),
            Self::S3(upload) => upload.bytes(),
            Self::Gathered(upload) => upload.bytes(),
            Self::Loose(pieces) => pieces.bytes(),
            Self::Blocked => 0,
        }
    }

    /// Whether nothing more of it is to come, so that it is kept only for its client to get an answer to a question; or
    /// nothing has come of it that an origin took.
    fn is_over(&self) -> bool {
        match self {
            Self::Tus(upload) => !upload.is_growing() && upload.bytes() == 0,
            Self::S3(upload) => upload.is_adopted() && upload.is_empty(),
            Self::Gathered(upload) => upload.is_over() || upload.is_empty(),
            Self::Loose(_) | Self::Blocked => true,
        }
    }
}

impl Kept {
    /// How long nothing may come of it until it gives way to another; none while something is on its way. One that
    /// only its client names never does: any request may have the origin put it together.
    fn patience(&self) -> Option<Duration> {
        let may_give_way = match self {
            Self::Tus(upload) => !upload.is_in_flight(),
            Self::S3(upload) => !upload.is_in_flight(),
            Self::Gathered(_) | Self::Loose(_) | Self::Blocked => false,
        };
        may_give_way.then(|| GRACE + Duration::from_secs(self.bytes() / RATE))
    }
}

impl Assemblies {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { table: Mutex::default(), places: Arc::default(), metrics }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room for an upload that `owner` is about to create; `None` when there are as many as there may be, or the owner
    /// has many and little is left, and none of a network that has more gives way.
    pub(crate) fn reserve(&self, owner: Option<ClientNetwork>, terms: Terms, now: Instant) -> Option<Slot> {
        let mut table = self.table();
        self.sweep(&mut table, terms, now);
        let (mut place, max) = (Reservation::of(&self.places, owner), terms.max as u64);
        let has_place = place.grow(1, max)
            || table.make_room() && place.grow(1, max)
            || self.evict(&mut table, owner, terms, now) && place.grow(1, u64::MAX);
        has_place.then_some(Slot(place))
    }

    /// Gives up the upload of which nothing has come for longest, of the network that has most, for one of `owner`.
    fn evict(&self, table: &mut Table, owner: Option<ClientNetwork>, terms: Terms, now: Instant) -> bool {
        let shares = self.places.shares();
        let share = |owner: Option<ClientNetwork>| owner.and_then(|owner| shares.get(&owner)).copied().unwrap_or(0);
        let own = share(owner);
        let is_futile = |(last, least): (Instant, u64)| own >= least && now.saturating_duration_since(last) < PAUSE;
        if !table.gone.has_room(terms.max) || table.futile.is_some_and(is_futile) {
            return false;
        }
        let late = table.entries.iter().filter_map(|(key, entry)| {
            let theirs = Some(share(entry.place.owner())).filter(|theirs| *theirs > own)?;
            Some(((theirs, entry.overdue(now)?), key))
        });
        let Some(last) = late.max_by_key(|(rank, _)| *rank).map(|(_, key)| key.clone()) else {
            table.futile = Some((now, own));
            return false;
        };
        table.give_up(&last, now);
        self.note(table);
        self.metrics.evicted_assemblies.inc();
        true
    }

    /// Forgets what is too old, now and then: abandoned pieces take room from others.
    pub(crate) fn expire(&self, terms: Terms, now: Instant) {
        let mut table = self.table();
        let pause = SWEEPING.min(terms.timeout);
        if table.entries.is_empty() || table.swept.is_some_and(|last| now.saturating_duration_since(last) < pause) {
            return;
        }
        self.sweep(&mut table, terms, now);
    }

    fn sweep(&self, table: &mut Table, terms: Terms, now: Instant) {
        let abandoned = table.sweep(terms.timeout, now);
        table.swept = Some(now);
        self.note(table);
        if abandoned > 0 {
            self.metrics.abandoned_assemblies.inc_by(abandoned);
            tracing::info!(event = "assembly", code = "abandoned", abandoned, "uploads in pieces were never finished");
        }
    }

    /// Keeps an upload in the room that was reserved for it.
    pub(crate) fn insert(&self, slot: Slot, key: Key, kept: Kept, now: Instant) {
        let mut table = self.table();
        table.remove(&key);
        table.bytes += kept.bytes();
        table.entries.insert(key, Entry { used: now, kept, place: slot.0 });
        self.note(&table);
    }

    /// The same, unless one of this name is known by now: two requests may come at once.
    pub(crate) fn insert_new(&self, slot: Slot, key: Key, kept: Kept, now: Instant) {
        let mut table = self.table();
        table.entries.entry(key).or_insert_with(|| Entry { used: now, kept, place: slot.0 });
        self.note(&table);
    }

    /// What `act` makes of the upload called `key`; `None` when it is unknown or too old.
    pub(crate) fn change<R>(
        &self,
        key: &Key,
        terms: Terms,
        now: Instant,
        act: impl FnOnce(&mut Kept) -> R,
    ) -> Option<R> {
        let mut table = self.table();
        if table.entries.get(key)?.is_expired(terms.timeout, now) {
            self.sweep(&mut table, terms, now);
        }
        let entry = table.entries.get_mut(key)?;
        let before = entry.kept.bytes();
        let result = act(&mut entry.kept);
        entry.used = now;
        let after = entry.kept.bytes();
        table.bytes = table.bytes + after - before;
        self.note(&table);
        Some(result)
    }

    /// What `act` makes of the upload called `key`, which `owner` begins here unless it is known; `None` when there is
    /// no room for it.
    pub(crate) fn gather<R>(
        &self,
        key: &Key,
        owner: Option<ClientNetwork>,
        terms: Terms,
        now: Instant,
        act: impl FnOnce(&mut Gathering) -> R,
    ) -> Option<R> {
        if self.change(key, terms, now, |_| ()).is_none() {
            // These never give way. Some room is left for others, which do.
            let slot = self.reserve(owner, Terms { max: (terms.max * 3 / 4).max(1), ..terms }, now)?;
            self.insert_new(slot, key.clone(), Kept::Gathered(Gathering::default()), now);
        }
        self.change(key, terms, now, |kept| match kept {
            Kept::Gathered(upload) => Some(act(upload)),
            Kept::Tus(_) | Kept::S3(_) | Kept::Loose(_) | Kept::Blocked => None,
        })?
    }

    /// What `act` makes of what `owner` sends that is known by no name, kept at `key`; `None` when nothing is and
    /// `begins` does not say so, or there is no room for it.
    pub(crate) fn change_loose<R>(
        &self,
        key: &Key,
        owner: Option<ClientNetwork>,
        terms: Terms,
        begins: bool,
        act: impl FnOnce(&mut Loose) -> R,
    ) -> Option<R> {
        let now = Instant::now();
        if self.change(key, terms, now, |_| ()).is_none() {
            let slot = begins.then(|| self.reserve(owner, terms, now))??;
            self.insert_new(slot, key.clone(), Kept::Loose(Loose::default()), now);
        }
        self.change(key, terms, now, |kept| if let Kept::Loose(pieces) = kept { Some(act(pieces)) } else { None })?
    }

    /// Whether there is room for so many more bytes that are known by no name.
    pub(crate) fn has_room_for_loose(&self, bytes: u64, terms: Terms) -> bool {
        let table = self.table();
        let kept = table.entries.values().filter(|entry| matches!(entry.kept, Kept::Loose(_)));
        kept.map(|entry| entry.kept.bytes()).sum::<u64>() + bytes <= terms.most_loose
    }

    /// Whether none is under way, as on most sites.
    pub(crate) fn is_empty(&self) -> bool {
        let table = self.table();
        table.entries.is_empty() && table.gone.is_empty()
    }

    /// Whether an upload called `key` is under way, over, or had to give way.
    pub(crate) fn knows(&self, key: &Key, terms: Terms, now: Instant) -> bool {
        let table = self.table();
        table.entries.get(key).is_some_and(|entry| !entry.is_expired(terms.timeout, now)) || table.gone.knows(key)
    }

    /// Who began the upload called `key`, where it is known.
    pub(crate) fn owner(&self, key: &Key) -> Option<ClientNetwork> {
        self.table().entries.get(key).and_then(|entry| entry.place.owner())
    }

    /// Whether an upload called `key` had to give way, so that an origin may have pieces that are not known here.
    pub(crate) fn is_gone(&self, key: &Key) -> bool {
        self.table().gone.knows(key)
    }

    /// Forgets an upload.
    pub(crate) fn remove(&self, key: &Key) {
        let mut table = self.table();
        table.remove(key);
        self.note(&table);
    }

    fn note(&self, table: &Table) {
        self.metrics.assemblies.set(table.entries.len() as i64);
        self.metrics.assembly_bytes.set(table.bytes as i64);
    }
}

impl Table {
    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= entry.kept.bytes();
        }
    }

    /// Forgets the upload that has been over for longest. To be unknown stops an upload as well as to be blocked.
    fn make_room(&mut self) -> bool {
        let over = self.entries.iter().filter(|(_, entry)| entry.kept.is_over());
        let oldest = over.min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
        oldest.is_some_and(|key| self.entries.remove(&key).is_some())
    }

    /// Forgets what is too old, and says of how many uploads pieces were still to come.
    fn sweep(&mut self, timeout: Duration, now: Instant) -> u64 {
        let expired = self.entries.values().filter(|entry| entry.is_expired(timeout, now));
        let abandoned = expired.filter(|entry| !entry.kept.is_over()).count() as u64;
        self.entries.retain(|_, entry| !entry.is_expired(timeout, now) || entry.lose(now));
        self.bytes = self.entries.values().map(|entry| entry.kept.bytes()).sum();
        self.gone.sweep(timeout, now);
        abandoned
    }

    /// Gives up an upload that is under way, and remembers what an origin may have of it.
    fn give_up(&mut self, key: &Key, now: Instant) {
        let Some(entry) = self.entries.remove(key) else { return };
        self.bytes -= entry.kept.bytes();
        // Of tus the origin has nothing then, and what is unknown is refused.
        if !matches!(entry.kept, Kept::Tus(upload) if upload.bytes() == 0) {
            self.gone.note(key, now);
        }
    }
}

impl Entry {
    /// Gives its pieces up. Says whether there is anything to remember for as long again.
    fn lose(&mut self, now: Instant) -> bool {
        let Kept::Gathered(upload) = &mut self.kept else { return false };
        let is_lost = upload.lose();
        self.used = if is_lost { now } else { self.used };
        is_lost
    }

    /// For how long more than it may nothing has come of it.
    fn overdue(&self, now: Instant) -> Option<Duration> {
        now.saturating_duration_since(self.used).checked_sub(self.kept.patience()?)
    }

    fn is_expired(&self, timeout: Duration, now: Instant) -> bool {
        let is_loose = matches!(self.kept, Kept::Loose(_));
        let timeout = if is_loose { timeout.min(LOOSELY_KEPT) } else { timeout };
        now.saturating_duration_since(self.used) > timeout
    }
}

pub(crate) fn bytes_of(pieces: &[Bytes]) -> u64 {
    pieces.iter().map(|piece| piece.len() as u64).sum()
}

#[cfg(test)]
mod tests;
