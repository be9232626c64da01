//! Who holds a place for connections, and who gives one up when there are none left.
//!
//! A connection earns time with every byte it sends or takes. When all places are taken, one that has earned no more
//! time ends for a client whose network holds fewer places: a few machines with thousands of slow connections would
//! keep everybody else out, as none of these is slow enough to be ended for itself.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use atomic_waker::AtomicWaker;

use crate::content::ClientNetwork;

/// What a connection is given at its start.
const GRACE: Duration = Duration::from_secs(10);

/// Bytes that earn a second.
const RATE: u64 = 1024;

/// Most time that can be earned ahead: what is written and not taken by its client earns, too.
const MOST_EARNED: Duration = Duration::from_secs(20);

/// Connections that may be ending at once. Until they have, there are as many more than places.
const MOST_LEAVING: usize = 32;

/// All connections of clients that are not proxies of ours.
pub(super) struct Occupants {
    start: Instant,
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    by_network: HashMap<ClientNetwork, HashMap<u64, Arc<Occupant>>>,
    next: u64,
    leaving: usize,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Occupant {
    network: ClientNetwork,
    number: u64,
    start: Instant,
    /// Milliseconds since the start until which it has earned time.
    until: AtomicU64,
    /// Whether its client waits for us or for an origin, in HTTP/1.
    is_served: AtomicBool,
    /// For how many requests it does, in HTTP/2.
    served: AtomicUsize,
    is_ended: AtomicBool,
    waker: AtomicWaker,
}

impl Occupants {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), present: Mutex::default() }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        // Nothing that runs while it is locked can panic.
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes one more connection of `network`.
    pub(super) fn add(&self, network: ClientNetwork) -> Arc<Occupant> {
        let mut present = self.present();
        present.next += 1;
        let occupant = Arc::new(Occupant {
            network,
            number: present.next,
            start: self.start,
            until: AtomicU64::new(millis(self.start.elapsed() + GRACE)),
            is_served: AtomicBool::new(false),
            served: AtomicUsize::new(0),
            is_ended: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        });
        present.by_network.entry(network).or_default().insert(occupant.number, Arc::clone(&occupant));
        occupant
    }

    /// Notes that `occupant` is gone.
    pub(super) fn remove(&self, occupant: &Occupant) {
        let mut present = self.present();
        if let Some(those) = present.by_network.get_mut(&occupant.network) {
            those.remove(&occupant.number);
            if those.is_empty() {
                present.by_network.remove(&occupant.network);
            }
        }
        if occupant.is_ended() {
            present.leaving -= 1;
        }
    }

    /// Ends one connection, so that a client of `newcomer` can have its place; without a network, that is a proxy of
    /// ours. Of those that have earned no more time it is one of the network that has most, and the one whose time has
    /// been over for longest. False when there is none.
    pub(super) fn make_room(&self, newcomer: Option<ClientNetwork>) -> bool {
        let mut present = self.present();
        if present.leaving >= MOST_LEAVING {
            return false;
        }
        let own = newcomer.and_then(|network| present.by_network.get(&network)).map_or(0, HashMap::len);
        let now = millis(self.start.elapsed());
        let larger = present.by_network.values().filter(|those| those.len() > own);
        let late = larger
            .flat_map(|those| those.values().filter_map(move |one| Some(((those.len(), one.overdue(now)?), one))));
        let Some(last) = late.max_by_key(|(rank, _)| *rank).map(|(_, one)| Arc::clone(one)) else {
            return false;
        };
        present.leaving += 1;
        last.end();
        true
    }
}

impl Occupant {
    /// Counts `bytes` that went in either direction.
    pub(super) fn moved(&self, bytes: usize) {
        let now = millis(self.start.elapsed());
        let earned = self.until.load(Ordering::Relaxed).max(now) + bytes as u64 * 1000 / RATE;
        self.until.store(earned.min(now + millis(MOST_EARNED)), Ordering::Relaxed);
    }

    /// Says whether its client waits for us or for an origin. Such a connection is never ended.
    pub(super) fn set_served(&self, is_served: bool) {
        self.is_served.store(is_served, Ordering::Relaxed);
    }

    /// The same of one of the requests on it, until what this returns is dropped.
    pub(super) fn serve(self: &Arc<Self>) -> Served {
        self.served.fetch_add(1, Ordering::Relaxed);
        Served(Arc::clone(self))
    }

    /// Waits until it is to end.
    pub(super) async fn ended(&self) {
        poll_fn(|context| if self.ends(context.waker()) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// Whether it is to end, of which `waker` is told from now on.
    pub(super) fn ends(&self, waker: &Waker) -> bool {
        self.waker.register(waker);
        self.is_ended()
    }

    fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::Acquire)
    }

    fn end(&self) {
        self.is_ended.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Milliseconds since it has had no more time, at `now`. None while it has, or must not be ended.
    fn overdue(&self, now: u64) -> Option<u64> {
        let is_served = self.is_served.load(Ordering::Relaxed) || self.served.load(Ordering::Relaxed) > 0;
        if is_served || self.is_ended() {
            return None;
        }
        now.checked_sub(self.until.load(Ordering::Relaxed)).filter(|overdue| *overdue > 0)
    }
}

/// A request whose client waits for us or for an origin.
#[derive(Debug)]
pub(super) struct Served(Arc<Occupant>);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.served.fetch_sub(1, Ordering::Relaxed);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u8) -> ClientNetwork {
        ClientNetwork::of([10, 0, number, 1].into())
    }

    /// As if its grace and what it has earned had been over for so long.
    fn let_pass(occupant: &Occupant, overdue: Duration) {
        let now = occupant.start.elapsed();
        occupant.until.store(millis(now.saturating_sub(overdue)), Ordering::Relaxed);
    }

    fn late() -> Occupants {
        Occupants { start: Instant::now() - Duration::from_secs(1000), present: Mutex::default() }
    }

    #[test]
    fn the_slowest_of_the_network_that_has_most_gives_its_place_up() {
        let occupants = late();
        let many: Vec<_> = (0..4).map(|_| occupants.add(network(1))).collect();
        let few: Vec<_> = (0..2).map(|_| occupants.add(network(2))).collect();
        assert!(!occupants.make_room(Some(network(3))), "all have their grace");
        for (index, occupant) in many.iter().chain(&few).enumerate() {
            let_pass(occupant, Duration::from_secs(100 + index as u64));
        }
        many[3].moved(10 << 10);
        many[2].set_served(true);
        assert!(occupants.make_room(Some(network(3))));
        let ended = |those: &[Arc<Occupant>]| those.iter().map(|one| one.is_ended()).collect::<Vec<_>>();
        assert_eq!((ended(&many), ended(&few)), (vec![false, true, false, false], vec![false, false]));
        occupants.remove(&many[1]);
        assert!(occupants.make_room(None), "a proxy of ours gets one too");
        assert_eq!((ended(&many)[0], ended(&few)), (true, vec![false, false]));
    }

    #[test]
    fn nobody_makes_room_for_a_network_that_has_as_many() {
        let occupants = late();
        let all: Vec<_> = (0..4).map(|index| occupants.add(network(index / 2))).collect();
        all.iter().for_each(|occupant| let_pass(occupant, Duration::from_secs(100)));
        assert!(!occupants.make_room(Some(network(0))));
        assert!(occupants.make_room(Some(network(2))));
    }

    #[test]
    fn a_connection_of_http2_has_its_place_while_a_request_on_it_is_served() {
        let occupants = late();
        let only = occupants.add(network(1));
        let_pass(&only, Duration::from_secs(100));
        let (first, second) = (only.serve(), only.serve());
        drop(first);
        assert!(!occupants.make_room(None));
        drop(second);
        assert!(occupants.make_room(Some(network(2))), "though it is the only one of its network");
    }

    #[test]
    fn only_so_many_leave_at_once() {
        let occupants = late();
        let all: Vec<_> = (0..100).map(|_| occupants.add(network(1))).collect();
        all.iter().for_each(|occupant| let_pass(occupant, Duration::from_secs(100)));
        let made = || (0..100).take_while(|_| occupants.make_room(None)).count();
        assert_eq!(made(), MOST_LEAVING);
        all.iter().filter(|occupant| occupant.is_ended()).take(3).for_each(|occupant| occupants.remove(occupant));
        assert_eq!(made(), 3);
    }
}
