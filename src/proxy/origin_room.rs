//! How many requests may be at the origins at once.
//!
//! Each takes a connection, and so a descriptor. A client may have a hundred requests on one connection of HTTP/2, so
//! the bound on connections of clients does not bound these. As of connections, no network of clients gets all.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::occupants::{Lacking, Occupant, Occupants, Sitting};
use crate::body::{Quota, Reservation};
use crate::content::ClientNetwork;
use crate::telemetry::{Metrics, OriginLabels};

/// How long a request waits for another to come back.
const WAIT: Duration = Duration::from_secs(1);

/// Time between two looks for a connection that gives its seats up.
const GLANCE: Duration = Duration::from_millis(50);

/// Most idle connections to origins that a thread keeps.
const MOST_IDLE: usize = 128;

/// All origins.
#[derive(Debug)]
pub(super) struct OriginRoom {
    /// For all together.
    most: usize,
    all: Arc<Desk>,
    each: Mutex<HashMap<String, Arc<Desk>>>,
    occupants: Arc<Occupants>,
    metrics: Arc<Metrics>,
}

/// How many requests are somewhere.
#[derive(Debug, Default)]
struct Desk {
    taken: Arc<Quota>,
    given_back: Notify,
}

/// Whose request it is.
#[derive(Clone, Default)]
pub(super) struct Guest {
    /// The network of the client.
    pub(super) network: Option<ClientNetwork>,
    /// Its connection, unless that is one of a proxy of ours.
    pub(super) occupant: Option<Arc<Occupant>>,
}

/// The place of one request at an origin, until it is dropped.
pub(super) struct Seat {
    _sitting: Option<Sitting>,
    _own: Taken,
    _all: Taken,
    gauge: Gauge,
}

/// One of those that a desk has.
struct Taken {
    desk: Arc<Desk>,
    one: Reservation,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.one.release();
        // Not all who wait may have it: it is not one of their networks that gave it back.
        self.desk.given_back.notify_waiters();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

/// Idle connections that each of `threads` may keep, so that together they are at most a quarter of `most`.
pub(super) fn idle_connections(most: usize, threads: usize) -> usize {
    (most / 4 / threads.max(1)).clamp(1, MOST_IDLE)
}

impl OriginRoom {
    /// Room for `most` requests at all origins together, of which a quarter is for connections that are idle.
    /// Those on connections of `occupants` give way to others while their clients keep them waiting.
    pub(super) fn new(most: usize, occupants: Arc<Occupants>, metrics: Arc<Metrics>) -> Self {
        let most = (most - most / 4).max(1);
        Self { most, all: Arc::default(), each: Mutex::default(), occupants, metrics }
    }

    /// A place for one more request of `guest` at `origin`, which may have `most`, one of so many `origins`. `None`
    /// when none was given back in time, which is counted.
    pub(super) async fn take(&self, origin: &str, most: Option<usize>, origins: usize, guest: Guest) -> Option<Seat> {
        let until = Instant::now() + WAIT;
        let labels = OriginLabels { origin: origin.to_owned() };
        let client = guest.network;
        let own = self.at(self.desk_of(origin), most.unwrap_or_else(|| self.share(origins)), client, until).await;
        let all = match &own {
            Some(_) => self.at(Arc::clone(&self.all), self.most, client, until).await,
            None => None,
        };
        let (Some(own), Some(all)) = (own, all) else {
            self.metrics.origin_refusals.get_or_create(&labels).inc();
            return None;
        };
        let gauge = self.metrics.origin_requests.get_or_create(&labels).clone();
        gauge.inc();
        Some(Seat { _sitting: guest.occupant.as_ref().map(Occupant::sit), _own: own, _all: all, gauge })
    }

    /// One of the places of `desk`, which has `most`.
    async fn at(&self, desk: Arc<Desk>, most: usize, client: Option<ClientNetwork>, until: Instant) -> Option<Taken> {
        let mut one = Reservation::of(&desk.taken, client);
        let mut has_ended_one = false;
        loop {
            let mut given_back = pin!(desk.given_back.notified());
            // From here on none is missed.
            given_back.as_mut().enable();
            if one.grow(1, most as u64) {
                break;
            }
            if !has_ended_one && self.occupants.make_room(Lacking::Seat, client) {
                self.metrics.evicted_connections.inc();
                has_ended_one = true;
            }
            let next = if has_ended_one { until } else { until.min(Instant::now() + GLANCE) };
            if timeout_at(next, given_back).await.is_err() && Instant::now() >= until {
                return None;
            }
        }
        Some(Taken { desk, one })
    }

    /// What one origin may take, unless the configuration says: one that hangs leaves room for the others.
    fn share(&self, origins: usize) -> usize {
        if origins > 1 { (self.most * 3 / 4).max(1) } else { self.most }
    }

    fn desk_of(&self, origin: &str) -> Arc<Desk> {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(desk) = each.get(origin) {
            return Arc::clone(desk);
        }
        Arc::clone(each.entry(origin.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::credit::CONNECTION;

    fn room(most: usize, metrics: &Arc<Metrics>) -> OriginRoom {
        OriginRoom::new(most, Arc::new(Occupants::new(CONNECTION)), Arc::clone(metrics))
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_for_one_that_comes_back_and_not_for_long() {
        let metrics = Arc::new(Metrics::default());
        let room = Arc::new(room(100, &metrics));
        let (first, second) = (
            room.take("site", Some(2), 1, Guest::default()).await,
            room.take("site", Some(2), 1, Guest::default()).await,
        );
        assert!(first.is_some() && second.is_some() && room.take("site", Some(2), 1, Guest::default()).await.is_none());
        let labels = OriginLabels { origin: "site".to_owned() };
        assert_eq!(metrics.origin_requests.get_or_create(&labels).get(), 2);
        assert_eq!(metrics.origin_refusals.get_or_create(&labels).get(), 1);
        let waiting = tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.take("site", Some(2), 1, Guest::default()).await.is_some() }
        });
        tokio::time::sleep(WAIT / 2).await;
        drop(first);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn one_network_leaves_room_for_others() {
        let room = room(200, &Arc::default());
        let network =
            |number: u8| Guest { network: Some(ClientNetwork::of([10, 0, number, 1].into())), ..Guest::default() };
        let mut seats = Vec::new();
        while let Some(seat) = room.take("site", None, 1, network(1)).await {
            seats.push(seat);
        }
        assert_eq!(seats.len(), 120, "four fifths of 150");
        for number in 2..10 {
            seats.extend(room.take("site", None, 1, network(number)).await);
        }
        assert_eq!(seats.len(), 128);
    }

    #[tokio::test(start_paused = true)]
    async fn one_origin_leaves_room_for_others_and_all_together_stay_within_theirs() {
        let room = room(16, &Arc::default());
        let mut seats = Vec::new();
        while let Some(seat) = room.take("slow", None, 2, Guest::default()).await {
            seats.push(seat);
        }
        assert_eq!(seats.len(), 9, "three quarters of twelve");
        while let Some(seat) = room.take("other", None, 2, Guest::default()).await {
            seats.push(seat);
        }
        assert_eq!(seats.len(), 12);
        seats.clear();
        assert!(room.take("other", None, 2, Guest::default()).await.is_some());
    }

    #[test]
    fn idle_connections_are_at_most_a_quarter() {
        for (most, threads, expected) in [(480, 2, 60), (20_000, 2, 128), (20_000, 64, 78), (4, 8, 1), (0, 0, 1)] {
            assert_eq!(idle_connections(most, threads), expected, "{most} {threads}");
        }
    }
}
