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

use crate::body::{Quota, Reservation};
use crate::content::ClientNetwork;
use crate::telemetry::{Metrics, OriginLabels};

/// How long a request waits for another to come back.
const WAIT: Duration = Duration::from_secs(1);

/// Most idle connections to origins that a thread keeps.
const MOST_IDLE: usize = 128;

/// All origins.
#[derive(Debug)]
pub(super) struct OriginRoom {
    /// For all together.
    most: usize,
    all: Arc<Desk>,
    each: Mutex<HashMap<String, Arc<Desk>>>,
    metrics: Arc<Metrics>,
}

/// How many requests are somewhere.
#[derive(Debug, Default)]
struct Desk {
    taken: Arc<Quota>,
    given_back: Notify,
}

/// The place of one request at an origin, until it is dropped.
pub(super) struct Seat {
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
    pub(super) fn new(most: usize, metrics: Arc<Metrics>) -> Self {
        Self { most: (most - most / 4).max(1), all: Arc::default(), each: Mutex::default(), metrics }
    }

    /// A place for one more request of `client` at `origin`, which may have `most`, one of so many `origins`. `None`
    /// when none was given back in time, which is counted.
    pub(super) async fn take(
        &self,
        origin: &str,
        most: Option<usize>,
        origins: usize,
        client: Option<ClientNetwork>,
    ) -> Option<Seat> {
        let until = Instant::now() + WAIT;
        let labels = OriginLabels { origin: origin.to_owned() };
        let own = take(self.desk_of(origin), most.unwrap_or_else(|| self.share(origins)), client, until).await;
        let all = match &own {
            Some(_) => take(Arc::clone(&self.all), self.most, client, until).await,
            None => None,
        };
        let (Some(own), Some(all)) = (own, all) else {
            self.metrics.origin_refusals.get_or_create(&labels).inc();
            return None;
        };
        let gauge = self.metrics.origin_requests.get_or_create(&labels).clone();
        gauge.inc();
        Some(Seat { _own: own, _all: all, gauge })
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

async fn take(desk: Arc<Desk>, most: usize, client: Option<ClientNetwork>, until: Instant) -> Option<Taken> {
    let mut one = Reservation::of(&desk.taken, client);
    loop {
        let mut given_back = pin!(desk.given_back.notified());
        // From here on none is missed.
        given_back.as_mut().enable();
        if one.grow(1, most as u64) {
            break;
        }
        timeout_at(until, given_back).await.ok()?;
    }
    Some(Taken { desk, one })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_for_one_that_comes_back_and_not_for_long() {
        let metrics = Arc::new(Metrics::default());
        let room = Arc::new(OriginRoom::new(100, Arc::clone(&metrics)));
        let (first, second) = (room.take("site", Some(2), 1, None).await, room.take("site", Some(2), 1, None).await);
        assert!(first.is_some() && second.is_some() && room.take("site", Some(2), 1, None).await.is_none());
        let labels = OriginLabels { origin: "site".to_owned() };
        assert_eq!(metrics.origin_requests.get_or_create(&labels).get(), 2);
        assert_eq!(metrics.origin_refusals.get_or_create(&labels).get(), 1);
        let waiting = tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.take("site", Some(2), 1, None).await.is_some() }
        });
        tokio::time::sleep(WAIT / 2).await;
        drop(first);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn one_network_leaves_room_for_others() {
        let room = OriginRoom::new(200, Arc::new(Metrics::default()));
        let network = |number| Some(ClientNetwork::of([10, 0, number, 1].into()));
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
        let room = OriginRoom::new(16, Arc::new(Metrics::default()));
        let mut seats = Vec::new();
        while let Some(seat) = room.take("slow", None, 2, None).await {
            seats.push(seat);
        }
        assert_eq!(seats.len(), 9, "three quarters of twelve");
        while let Some(seat) = room.take("other", None, 2, None).await {
            seats.push(seat);
        }
        assert_eq!(seats.len(), 12);
        seats.clear();
        assert!(room.take("other", None, 2, None).await.is_some());
    }

    #[test]
    fn idle_connections_are_at_most_a_quarter() {
        for (most, threads, expected) in [(480, 2, 60), (20_000, 2, 128), (20_000, 64, 78), (4, 8, 1), (0, 0, 1)] {
            assert_eq!(idle_connections(most, threads), expected, "{most} {threads}");
        }
    }
}
