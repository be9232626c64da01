//! How long a client may take to send a body.
//!
//! Three bounds: one for all of it, one for its first byte, and from there on a rate. Uploads of one client share its
//! line, on one connection or on many, so the rate is asked of the client: none of them is slow as long as all together
//! are not.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::answer::Refusal;
use crate::config::{ByteSize, Limits};

/// The clients of which bodies are being received at the moment.
#[derive(Default)]
pub(super) struct Lines(Mutex<HashMap<IpAddr, Arc<AtomicU64>>>);

/// What a line has: an address of IPv4, or the first half of one of IPv6, of which everybody has as many as they like.
fn network_of(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

impl Lines {
    /// Whether a body of `client` is being received.
    pub(super) fn is_busy(&self, client: Option<IpAddr>) -> bool {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        client.is_some_and(|client| lines.contains_key(&network_of(client)))
    }

    /// The line on which a body of `client` comes.
    pub(super) fn of(self: &Arc<Self>, client: Option<IpAddr>) -> Line {
        let client = client.map(network_of);
        let received = client.map(|client| {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(lines.entry(client).or_default())
        });
        let received = received.unwrap_or_default();
        Line { before: received.load(Ordering::Relaxed), received, client, lines: Arc::clone(self) }
    }
}

/// What comes of one client while one body is received.
pub(super) struct Line {
    /// Bytes of all bodies since the first of those that are being received.
    received: Arc<AtomicU64>,
    /// Of them those that came before this one.
    before: u64,
    client: Option<IpAddr>,
    lines: Arc<Lines>,
}

impl Line {
    fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed) - self.before
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let Some(client) = self.client else {
            return;
        };
        let mut lines = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The table has one, this has the other, and nobody gets a third without the lock.
        if Arc::strong_count(&self.received) == 2 {
            lines.remove(&client);
        }
    }
}

/// How long the client of one body may take.
pub(super) struct Pace {
    line: Line,
    start: Instant,
    first_byte: Option<Instant>,
    upload_timeout: Duration,
    first_byte_timeout: Duration,
    grace: Duration,
    min_rate: ByteSize,
}

impl Pace {
    pub(super) fn start(limits: &Limits, line: Line) -> Self {
        Self {
            line,
            start: Instant::now(),
            first_byte: None,
            upload_timeout: limits.upload_timeout,
            first_byte_timeout: limits.first_byte_timeout,
            grace: limits.rate_grace,
            min_rate: limits.min_upload_rate,
        }
    }

    /// Counts `bytes` of the body.
    pub(super) fn received(&mut self, bytes: usize) {
        self.line.received.fetch_add(bytes as u64, Ordering::Relaxed);
        if bytes > 0 {
            self.first_byte.get_or_insert_with(Instant::now);
        }
    }

    /// The moment until which the next piece is waited for: what was received earns time at the minimum rate.
    pub(super) fn patience(&self) -> Instant {
        let seconds = self.line.received().checked_div(self.min_rate.0).unwrap_or(u64::from(u32::MAX));
        let earned = self.grace.saturating_add(Duration::from_secs(seconds.min(u64::from(u32::MAX))));
        let until = match self.first_byte {
            Some(first_byte) => first_byte + earned,
            None => self.start + self.first_byte_timeout.max(earned),
        };
        until.min(self.start + self.upload_timeout)
    }

    pub(super) fn too_slow(&self) -> Refusal {
        if self.start.elapsed() >= self.upload_timeout { Refusal::UploadTimeout } else { Refusal::TooSlow }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(lines: &Arc<Lines>, client: &str) -> Line {
        lines.of(client.parse().ok())
    }

    fn seconds(pace: &Pace) -> u64 {
        (pace.patience() - pace.start).as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_byte_has_its_own_time_and_then_the_rate_counts() {
        let lines = Arc::new(Lines::default());
        let limits = Limits { first_byte_timeout: Duration::from_secs(60), ..Limits::default() };
        let mut pace = Pace::start(&limits, line_of(&lines, "192.0.2.1"));
        assert_eq!(seconds(&pace), 60);
        tokio::time::advance(Duration::from_secs(50)).await;
        pace.received(5 << 10);
        assert_eq!(seconds(&pace), 50 + 10 + 5);
        pace.received(1 << 30);
        assert_eq!(seconds(&pace), 3600);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_for_one_upload_earns_time_for_the_others_of_its_client() {
        let lines = Arc::new(Lines::default());
        let mut first = Pace::start(&Limits::default(), line_of(&lines, "192.0.2.1"));
        first.received(100 << 10);
        let mut second = Pace::start(&Limits::default(), line_of(&lines, "192.0.2.1"));
        let other = Pace::start(&Limits::default(), line_of(&lines, "192.0.2.2"));
        second.received(1);
        assert_eq!(seconds(&second), 10, "what came before it began does not count");
        first.received(90 << 10);
        assert_eq!((seconds(&second), seconds(&other)), (10 + 90, 60));
        drop((first, second));
        assert_eq!(lines.0.lock().unwrap().len(), 1);
        drop(other);
        assert!(lines.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_client_is_an_address_of_ipv4_or_half_of_one_of_ipv6() {
        for (first, second, expected) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8::1", "2001:db8:0:0:ffff::2", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            let networks = [first, second].map(|address| network_of(address.parse().unwrap()));
            assert_eq!(networks[0] == networks[1], expected, "{first} {second}");
        }
    }
}
