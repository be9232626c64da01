//! Who holds a place for connections, and who gives one up when there are none left.
//!
//! A connection earns time with every byte it sends or takes, and owes the time for which its client is waited for
//! ([`super::credit`]). When all places are taken, one that owes some ends for a client whose network holds fewer
//! places: a few machines with thousands of slow or idle connections would keep everybody else out, as none of these
//! is slow enough to be ended for itself.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use atomic_waker::AtomicWaker;

use super::credit::{Credit, Terms, patience};
use crate::content::ClientNetwork;

/// Connections that may be ending at once. Until they have, there are as many more than places.
const MOST_LEAVING: usize = 32;

/// How many times as long as a look at all of them takes is waited until the next: whoever knocks costs no more than
/// a fifth of a processor.
const PAUSE: u32 = 4;

/// Milliseconds for which it counts that a network has lost a place, and how many networks are remembered for that.
const PENALTY: u64 = 10_000;
const MOST_DISPLACED: usize = 10_000;

/// What there is none left of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacking {
    /// The place that each occupant has.
    Place,
    /// Seats of requests at origins, of which an occupant may have many.
    Seat,
}

/// All connections of clients that are not proxies of ours.
#[derive(Debug)]
pub(super) struct Occupants {
    terms: Terms,
    start: Instant,
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    by_network: HashMap<ClientNetwork, HashMap<u64, Arc<Occupant>>>,
    next: u64,
    leaving: usize,
    /// When a connection of a network was last ended for another one.
    displaced: HashMap<ClientNetwork, u64>,
    /// When the next look at all of them may begin.
    next_look: Option<Instant>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Occupant {
    network: ClientNetwork,
    number: u64,
    start: Instant,
    credit: Mutex<Credit>,
    /// Its requests that are at an origin.
    seats: AtomicUsize,
    is_ended: AtomicBool,
    waker: AtomicWaker,
}

impl Occupants {
    /// Of whom each earns time by `terms`.
    pub(super) fn new(terms: Terms) -> Self {
        Self { terms, start: Instant::now(), present: Mutex::default() }
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
            credit: Mutex::new(Credit::new(self.terms, millis_since(self.start))),
            seats: AtomicUsize::new(0),
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

    /// Ends one connection, so that a client of `newcomer` can have what is lacking; without a network, that is a proxy
    /// of ours. It is one of the network that has most of it, and of those the one that owes most time. False when
    /// there is none.
    pub(super) fn make_room(&self, lacking: Lacking, newcomer: Option<ClientNetwork>) -> bool {
        let mut present = self.present();
        let start = Instant::now();
        if present.leaving >= MOST_LEAVING || present.next_look.is_some_and(|next| start < next) {
            return false;
        }
        let last = present.last_before(lacking, newcomer, millis_since(self.start));
        present.next_look = Some(Instant::now() + start.elapsed() * PAUSE);
        let Some(last) = last else { return false };
        present.leaving += 1;
        present.note_displaced(last.network, last.now());
        last.end();
        true
    }
}

impl Present {
    /// Who gives way to a client of `newcomer`.
    fn last_before(&self, lacking: Lacking, newcomer: Option<ClientNetwork>, now: u64) -> Option<Arc<Occupant>> {
        let total = |those: &HashMap<u64, Arc<Occupant>>| match lacking {
            Lacking::Place => those.len(),
            Lacking::Seat => those.values().map(|one| one.has(lacking)).sum(),
        };
        let own = newcomer.and_then(|network| self.by_network.get(&network)).map_or(0, total);
        let penalty = newcomer.map_or(0, |network| self.penalty(network, now));
        let larger = self.by_network.values().map(|those| (total(those), those)).filter(|(theirs, _)| *theirs > own);
        let late = larger.flat_map(|(theirs, those)| {
            let patience = patience(theirs, own) + penalty;
            let overdue = move |one: &Arc<Occupant>| one.overdue(now).filter(|overdue| *overdue >= patience);
            let those = those.values().filter(move |one| one.has(lacking) > 0);
            those.filter_map(move |one| Some(((theirs, overdue(one)?), one)))
        });
        late.max_by_key(|(rank, _)| *rank).map(|(_, one)| Arc::clone(one))
    }
}

impl Present {
    fn note_displaced(&mut self, network: ClientNetwork, now: u64) {
        if self.displaced.len() >= MOST_DISPLACED {
            self.displaced.retain(|_, since| now.saturating_sub(*since) < PENALTY);
        }
        if self.displaced.len() < MOST_DISPLACED {
            self.displaced.insert(network, now);
        }
    }

    /// How much longer others must have been overdue for one of a network that has just lost a place: whoever takes
    /// and loses one after the other leaves some to those who come for the first time.
    fn penalty(&self, network: ClientNetwork, now: u64) -> u64 {
        let since = self.displaced.get(&network).map_or(PENALTY, |since| now.saturating_sub(*since));
        PENALTY.saturating_sub(since)
    }
}

impl Occupant {
    /// Whose it is.
    pub(super) fn network(&self) -> ClientNetwork {
        self.network
    }

    fn credit(&self) -> MutexGuard<'_, Credit> {
        self.credit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        millis_since(self.start)
    }

    /// Counts `bytes` that came.
    pub(super) fn received(&self, bytes: usize) {
        self.credit().earn(bytes, self.now());
    }

    /// Counts `bytes` that were written.
    pub(super) fn wrote(&self, bytes: usize) {
        self.credit().earn_by_written(bytes, self.now());
    }

    /// Counts bytes of another protocol than HTTP, of which few make sense.
    pub(super) fn talked(&self) {
        self.credit().talk(self.now());
    }

    /// A request begins, unless one has begun.
    pub(super) fn begin(&self) {
        self.credit().begin(self.now());
    }

    /// The last request is over: whoever waits for the next one holds the place for nothing.
    pub(super) fn rest(&self) {
        self.credit().rest(self.now());
    }

    /// The same of requests beside each other, until what this returns is dropped.
    pub(super) fn request(self: &Arc<Self>) -> UnderWay {
        self.credit().begin_or_end(1, self.now());
        UnderWay(Arc::clone(self))
    }

    /// Says whether the client is waited for. While it is not, the connection is never ended.
    pub(super) fn set_asked(&self, is_asked: bool) {
        self.credit().ask(is_asked, self.now());
    }

    /// One of its requests waits for us or for an origin, until what this returns is dropped. Until then it is never
    /// ended either.
    pub(super) fn serve(self: &Arc<Self>) -> Served {
        self.credit().serve(1, self.now());
        Served(Arc::clone(self))
    }

    /// A request of it is at an origin, until what this returns is dropped.
    pub(super) fn sit(self: &Arc<Self>) -> Sitting {
        self.seats.fetch_add(1, Ordering::Relaxed);
        Sitting(Arc::clone(self))
    }

    /// How much it has of what is lacking.
    fn has(&self, lacking: Lacking) -> usize {
        match lacking {
            Lacking::Place => 1,
            Lacking::Seat => self.seats.load(Ordering::Relaxed),
        }
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

    /// As if nothing had gone on it for `time`.
    #[cfg(test)]
    pub(super) fn let_pass(&self, time: Duration) {
        self.credit().let_pass(millis(time));
    }

    /// Milliseconds that it owes at `now`. None where it owes none, or must not be ended.
    fn overdue(&self, now: u64) -> Option<u64> {
        if self.is_ended() { None } else { self.credit().overdue(now) }
    }
}

/// A request whose client waits for us or for an origin.
#[derive(Debug)]
pub(super) struct Served(Arc<Occupant>);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.credit().serve(-1, self.0.now());
    }
}

/// A request that is at an origin.
#[derive(Debug)]
pub(super) struct Sitting(Arc<Occupant>);

impl Drop for Sitting {
    fn drop(&mut self) {
        self.0.seats.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request beside others.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Occupant>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.credit().begin_or_end(-1, self.0.now());
    }
}

/// What the time is at the start, so that there is some before it, which may be owed.
const AT_START: u64 = 1_000_000;

fn millis_since(start: Instant) -> u64 {
    AT_START + millis(start.elapsed())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::credit::CONNECTION;

    fn network(number: u8) -> ClientNetwork {
        ClientNetwork::of([10, 0, number, 1].into())
    }

    fn let_pass(occupant: &Occupant, time: Duration) {
        occupant.let_pass(time);
    }

    fn late() -> Occupants {
        Occupants::new(CONNECTION)
    }

    /// As [`Occupants::make_room`], as soon as a look may be taken.
    fn make_room(occupants: &Occupants, newcomer: Option<ClientNetwork>) -> bool {
        occupants.present().next_look = None;
        occupants.make_room(Lacking::Place, newcomer)
    }

    fn ended(those: &[Arc<Occupant>]) -> Vec<bool> {
        those.iter().map(|one| one.is_ended()).collect()
    }

    #[test]
    fn the_slowest_of_the_network_that_has_most_gives_its_place_up() {
        let occupants = late();
        let many: Vec<_> = (0..4).map(|_| occupants.add(network(1))).collect();
        let few: Vec<_> = (0..2).map(|_| occupants.add(network(2))).collect();
        assert!(!make_room(&occupants, Some(network(3))), "all have just come");
        for (index, occupant) in many.iter().chain(&few).enumerate() {
            let_pass(occupant, Duration::from_secs(100 + index as u64));
        }
        many[3].begin();
        many[3].received(10 << 10);
        many[2].set_asked(false);
        assert!(make_room(&occupants, Some(network(3))));
        assert_eq!((ended(&many), ended(&few)), (vec![false, true, false, false], vec![false, false]));
        occupants.remove(&many[1]);
        assert!(make_room(&occupants, None), "a proxy of ours gets one too");
        assert_eq!((ended(&many)[0], ended(&few)), (true, vec![false, false]));
    }

    #[test]
    fn nobody_makes_room_for_a_network_that_has_as_many() {
        let occupants = late();
        let all: Vec<_> = (0..4).map(|index| occupants.add(network(index / 2))).collect();
        all.iter().for_each(|occupant| let_pass(occupant, Duration::from_secs(100)));
        assert!(!make_room(&occupants, Some(network(0))));
        assert!(make_room(&occupants, Some(network(2))));
    }

    #[test]
    fn the_longest_idle_of_many_networks_with_one_each_gives_way_to_a_network_that_has_none() {
        let occupants = late();
        let all: Vec<_> = (0..60).map(|index| occupants.add(network(index))).collect();
        for (index, occupant) in all.iter().enumerate() {
            let_pass(occupant, Duration::from_millis(2900 + 2 * index as u64));
        }
        assert!(!make_room(&occupants, Some(network(7))), "it has one itself");
        assert!(make_room(&occupants, Some(network(99))));
        assert_eq!(ended(&all).iter().position(|is_ended| *is_ended), Some(59));
    }

    #[test]
    fn a_network_that_has_just_lost_a_place_leaves_some_to_others() {
        let occupants = late();
        let all: Vec<_> = (0..4).map(|index| occupants.add(network(index))).collect();
        let_pass(&all[0], Duration::from_secs(9));
        all[1..].iter().for_each(|occupant| let_pass(occupant, Duration::from_secs(5)));
        assert!(make_room(&occupants, Some(network(9))));
        assert_eq!(ended(&all), [true, false, false, false]);
        occupants.remove(&all[0]);
        assert!(!make_room(&occupants, Some(network(0))), "it would take the next one, and so on");
        assert!(make_room(&occupants, Some(network(10))));
        all.iter().filter(|occupant| !occupant.is_ended()).for_each(|one| let_pass(one, Duration::from_secs(20)));
        assert!(make_room(&occupants, Some(network(0))), "nobody wants what has been idle for long");
    }

    #[test]
    fn a_connection_of_http2_has_its_place_while_a_request_on_it_is_served() {
        let occupants = late();
        let only = occupants.add(network(1));
        let_pass(&only, Duration::from_secs(100));
        let (first, second) = (only.serve(), only.serve());
        drop(first);
        assert!(!make_room(&occupants, None));
        drop(second);
        assert!(make_room(&occupants, Some(network(2))), "though it is the only one of its network");
    }

    #[test]
    fn for_a_seat_at_an_origin_the_connection_ends_that_has_most_of_them_for_nothing() {
        let occupants = late();
        let all: Vec<_> = (0..4).map(|index| occupants.add(network(index))).collect();
        let mut seats: Vec<_> = (0..3).map(|_| all[0].sit()).collect();
        seats.extend([all[1].sit(), all[1].sit(), all[2].sit()]);
        all.iter().for_each(|occupant| let_pass(occupant, Duration::from_secs(100)));
        let served = all[0].serve();
        let make_seat = |newcomer| {
            occupants.present().next_look = None;
            occupants.make_room(Lacking::Seat, newcomer)
        };
        assert!(!make_seat(Some(network(1))), "nobody has more but one that waits for an origin");
        assert!(make_seat(Some(network(3))));
        assert_eq!(ended(&all), [false, true, false, false]);
        drop((served, seats));
        assert!(!make_seat(None), "there are none any more");
    }

    #[test]
    fn only_so_many_leave_at_once() {
        let occupants = late();
        let all: Vec<_> = (0..100).map(|_| occupants.add(network(1))).collect();
        all.iter().for_each(|occupant| let_pass(occupant, Duration::from_secs(100)));
        let made = || (0..100).take_while(|_| make_room(&occupants, None)).count();
        assert_eq!(made(), MOST_LEAVING);
        all.iter().filter(|occupant| occupant.is_ended()).take(3).for_each(|occupant| occupants.remove(occupant));
        assert_eq!(made(), 3);
    }

    #[test]
    fn those_who_knock_have_others_looked_at_only_now_and_then() {
        let occupants = late();
        occupants.present().next_look = Some(Instant::now() + Duration::from_secs(3600));
        let only = occupants.add(network(1));
        let_pass(&only, Duration::from_secs(100));
        assert!(!occupants.make_room(Lacking::Place, None));
        assert!(make_room(&occupants, None));
    }
}
