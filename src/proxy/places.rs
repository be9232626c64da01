//! How many connections of clients there may be, and what is left for everything else that needs a descriptor.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::occupants::{Lacking, Occupant, Occupants};
use crate::body::{Quota, Reservation};
use crate::content::ClientNetwork;
use crate::telemetry::{Metrics, RefusedConnectionLabels};

/// Descriptors that clients cannot use up: for the admin listener, sets that are loaded, workers and the log.
const RESERVED: u64 = 64;

/// Most connections unless the configuration asks for more: each costs about 15 KB while it is idle.
const DEFAULT_MOST: usize = 20_000;

/// Seconds between two lines about connections that are refused.
const QUIET_SECONDS: u64 = 10;

/// Raises the soft limit on descriptors to the hard one. systemd's soft limit is 1,024, for programs that use `select`.
pub fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(event = "start", %error, "the limit on descriptors cannot be raised");
    }
}

/// Connections to origins that may be open at once: half of what connections of clients leave.
pub(super) fn most_to_origins() -> usize {
    (most(None, descriptors()) / 2).max(1)
}

/// Uploads that may be written to files at once: the other half of it.
pub fn most_spool_files() -> u64 {
    (most(None, descriptors()) as u64 / 2).max(1)
}

fn descriptors() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Connections that may be open at once, of those that are `asked` for. Each may need a second descriptor, for the
/// connection to the origin or for the file in which its upload is held, and on HTTP/2 many: those have bounds of their
/// own, which leave a descriptor for each connection here.
fn most(asked: Option<usize>, descriptors: u64) -> usize {
    let free = descriptors - RESERVED.min(descriptors / 2);
    let room = usize::try_from(free / 2).unwrap_or(usize::MAX).max(1);
    room.min(asked.unwrap_or(DEFAULT_MOST))
}

/// The places for connections.
pub(super) struct Places {
    most: u64,
    taken: Arc<Quota>,
    occupants: Arc<Occupants>,
    metrics: Arc<Metrics>,
    start: OnceLock<Instant>,
    /// The second since then in which the last line about a refused connection was written.
    told: AtomicU64,
}

/// The place of one connection, until it is dropped.
pub(super) struct Place {
    _taken: Reservation,
    /// Who has it, unless that is a proxy of ours.
    pub(super) occupant: Option<Arc<Occupant>>,
    occupants: Arc<Occupants>,
    metrics: Arc<Metrics>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(occupant) = &self.occupant {
            self.occupants.remove(occupant);
        }
        self.metrics.open_connections.dec();
    }
}

impl Places {
    pub(super) fn new(asked: Option<usize>, occupants: Arc<Occupants>, metrics: Arc<Metrics>) -> Self {
        let descriptors = descriptors();
        let most = most(asked, descriptors);
        if asked.is_some_and(|asked| asked > most) {
            tracing::warn!(event = "start", descriptors, most, "there are too few descriptors for [connections] max");
        }
        metrics.max_connections.set(i64::try_from(most).unwrap_or(i64::MAX));
        Self {
            most: most as u64,
            taken: Arc::default(),
            occupants,
            metrics,
            start: OnceLock::new(),
            told: AtomicU64::new(0),
        }
    }

    /// A place for one more connection of `client`, where that is not a proxy of ours. Where all are taken, a slow
    /// connection of a network that has more gives up its own. It is counted when there is none.
    pub(super) fn take(&self, client: Option<ClientNetwork>) -> Option<Place> {
        let mut taken = Reservation::of(&self.taken, client);
        if !taken.grow(1, self.most) {
            let has_room = self.occupants.make_room(Lacking::Place, client) && taken.grow(1, u64::MAX);
            if !has_room {
                self.refuse("limit");
                return None;
            }
            self.metrics.evicted_connections.inc();
        }
        self.metrics.open_connections.inc();
        let occupant = client.map(|client| self.occupants.add(client));
        Some(Place {
            _taken: taken,
            occupant,
            occupants: Arc::clone(&self.occupants),
            metrics: Arc::clone(&self.metrics),
        })
    }

    /// Counts a connection that could not be taken, and says so from time to time.
    pub(super) fn refuse(&self, reason: &'static str) {
        self.metrics.refused_connections.get_or_create(&RefusedConnectionLabels { reason }).inc();
        // From one on, so that zero is never.
        let now = self.start.get_or_init(Instant::now).elapsed().as_secs() + QUIET_SECONDS;
        let told = self.told.load(Ordering::Relaxed);
        if now < told + QUIET_SECONDS && told > 0 {
            return;
        }
        if self.told.compare_exchange(told, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::error!(event = "connections", reason, "connections are refused: there are too many");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::credit::CONNECTION;

    #[test]
    fn some_descriptors_are_never_for_clients() {
        for (asked, descriptors, expected) in [
            (None, 64, 16),
            (None, 1024, 480),
            (None, 1 << 20, 20_000),
            (None, 0, 1),
            (Some(5), 1024, 5),
            (Some(5000), 1024, 480),
            (Some(100_000), u64::MAX, 100_000),
        ] {
            assert_eq!(most(asked, descriptors), expected, "{asked:?} of {descriptors}");
        }
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let metrics = Arc::new(Metrics::default());
        let places = Places::new(Some(2), Arc::new(Occupants::new(CONNECTION)), Arc::clone(&metrics));
        let (first, second) = (places.take(None), places.take(None));
        assert!(first.is_some() && second.is_some() && places.take(None).is_none());
        assert_eq!(metrics.open_connections.get(), 2);
        drop(first);
        assert!(places.take(None).is_some());
        let labels = RefusedConnectionLabels { reason: "limit" };
        assert_eq!(metrics.refused_connections.get_or_create(&labels).get(), 1);
    }
}
