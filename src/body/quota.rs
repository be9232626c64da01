//! Memory and disk that all uploads share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes in use out of a shared store. The limit comes with each request for more, so that a reload can change it.
#[derive(Debug, Default)]
pub struct Quota {
    used: AtomicU64,
}

impl Quota {
    /// Bytes in use.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64, limit: u64) -> bool {
        let grown = |used: u64| used.checked_add(bytes).filter(|total| *total <= limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok()
    }
}

/// A share of a [`Quota`], given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    quota: Arc<Quota>,
    bytes: u64,
}

impl Reservation {
    /// An empty share.
    pub fn of(quota: &Arc<Quota>) -> Self {
        Self { quota: Arc::clone(quota), bytes: 0 }
    }

    /// Bytes of the share.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes `bytes` more, unless all shares together would then exceed `limit`. Says whether it did.
    #[must_use]
    pub fn grow(&mut self, bytes: u64, limit: u64) -> bool {
        let taken = self.quota.take(bytes, limit);
        if taken {
            self.bytes += bytes;
        }
        taken
    }

    /// Gives everything back.
    pub fn release(&mut self) {
        self.quota.used.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = 0;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_exceed_the_limit_and_come_back() {
        let quota = Arc::new(Quota::default());
        let mut first = Reservation::of(&quota);
        let mut second = Reservation::of(&quota);
        assert!(first.grow(60, 100) && second.grow(40, 100));
        assert!(!second.grow(1, 100), "the store is full");
        assert!(!second.grow(u64::MAX, 100), "no overflow");
        drop(first);
        assert_eq!(quota.used(), 40);
        assert!(second.grow(60, 100));
        second.release();
        assert_eq!(quota.used(), 0);
    }
}
