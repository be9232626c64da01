//! What all clients share: memory, disk, places for connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::content::ClientNetwork;

/// A network may have so many times what is left, so that something is left for the next, however many there are
/// (dynamic thresholds, Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998). One alone gets four
/// fifths.
const SHARE: u64 = 4;

/// How much is in use of something that is shared. The limit comes with each request for more, so that a reload can
/// change it.
#[derive(Debug, Default)]
pub struct Quota(Mutex<Used>);

#[derive(Debug, Default)]
struct Used {
    total: u64,
    by_network: HashMap<ClientNetwork, Share>,
}

/// What one network has.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    amount: u64,
    reservations: usize,
}

impl Quota {
    /// How much is in use.
    pub fn used(&self) -> u64 {
        self.lock().total
    }

    /// How much each network has.
    pub fn shares(&self) -> HashMap<ClientNetwork, u64> {
        self.lock().by_network.iter().map(|(network, share)| (*network, share.amount)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        // Nothing that runs while it is locked can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Used {
    fn take(&mut self, owner: Option<ClientNetwork>, amount: u64, limit: u64) -> bool {
        let Some(total) = self.total.checked_add(amount).filter(|total| *total <= limit) else {
            return false;
        };
        let share = owner.and_then(|owner| self.by_network.get_mut(&owner));
        if let Some(share) = share {
            let grown = share.amount + amount;
            // A single upload may be as large as there is room. Of very little nothing can be kept.
            if grown / SHARE > limit - total && share.reservations > 1 && limit > SHARE {
                return false;
            }
            share.amount = grown;
        }
        self.total = total;
        true
    }

    fn give_back(&mut self, owner: Option<ClientNetwork>, amount: u64) {
        self.total -= amount;
        if let Some(share) = owner.and_then(|owner| self.by_network.get_mut(&owner)) {
            share.amount -= amount;
        }
    }
}

/// What somebody has of a [`Quota`], given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    quota: Arc<Quota>,
    owner: Option<ClientNetwork>,
    amount: u64,
}

impl Reservation {
    /// Nothing yet, for `owner`. Without one it is limited by what all have alone.
    pub fn of(quota: &Arc<Quota>, owner: Option<ClientNetwork>) -> Self {
        if let Some(owner) = owner {
            quota.lock().by_network.entry(owner).or_default().reservations += 1;
        }
        Self { quota: Arc::clone(quota), owner, amount: 0 }
    }

    /// How much it is.
    pub fn amount(&self) -> u64 {
        self.amount
    }

    /// Who has it, where that is one network.
    pub fn owner(&self) -> Option<ClientNetwork> {
        self.owner
    }

    /// Takes `amount` more, unless all would then have more than `limit`, or the owner, who has other reservations too,
    /// much more than is left. Says whether it did.
    #[must_use]
    pub fn grow(&mut self, amount: u64, limit: u64) -> bool {
        let taken = self.quota.lock().take(self.owner, amount, limit);
        if taken {
            self.amount += amount;
        }
        taken
    }

    /// Gives everything back.
    pub fn release(&mut self) {
        self.quota.lock().give_back(self.owner, self.amount);
        self.amount = 0;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.release();
        let Some(owner) = self.owner else { return };
        let mut used = self.quota.lock();
        if let Some(share) = used.by_network.get_mut(&owner) {
            share.reservations -= 1;
            if share.reservations == 0 {
                used.by_network.remove(&owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u8) -> Option<ClientNetwork> {
        Some(ClientNetwork::of([10, 0, number, 1].into()))
    }

    #[test]
    fn shares_never_exceed_the_limit_and_come_back() {
        let quota = Arc::new(Quota::default());
        let mut first = Reservation::of(&quota, None);
        let mut second = Reservation::of(&quota, None);
        assert!(first.grow(60, 100) && second.grow(40, 100));
        assert!(!second.grow(1, 100), "nothing is left");
        assert!(!second.grow(u64::MAX, 100), "no overflow");
        drop(first);
        assert_eq!(quota.used(), 40);
        assert!(second.grow(60, 100));
        second.release();
        assert_eq!(quota.used(), 0);
    }

    #[test]
    fn one_network_leaves_something_for_others() {
        let quota = Arc::new(Quota::default());
        let mut many: Vec<Reservation> = (0..100).map(|_| Reservation::of(&quota, network(1))).collect();
        assert_eq!(many.iter_mut().filter_map(|one| one.grow(1, 100).then_some(())).count(), 80);
        let mut others: Vec<Reservation> = (2..40).map(|other| Reservation::of(&quota, network(other))).collect();
        assert!(others[..20].iter_mut().all(|other| other.grow(1, 100)));
        assert!(!others[20].grow(1, 100), "nothing is left");
        many.clear();
        assert!(others[20].grow(1, 100));
        others.clear();
        assert_eq!(quota.used(), 0);
        assert!(quota.lock().by_network.is_empty());
    }

    #[test]
    fn a_few_networks_leave_something_for_others_too() {
        let quota = Arc::new(Quota::default());
        let mut held = Vec::new();
        let had: Vec<usize> = (1..=4)
            .map(|number| {
                let mut all: Vec<_> = (0..1000).map(|_| Reservation::of(&quota, network(number))).collect();
                all.retain_mut(|one| one.grow(1, 1000));
                held.push(all);
                held.last().map_or(0, Vec::len)
            })
            .collect();
        assert_eq!(had, [800, 160, 32, 7]);
    }

    #[test]
    fn a_single_upload_may_have_everything() {
        let quota = Arc::new(Quota::default());
        let mut only = Reservation::of(&quota, network(1));
        assert!(only.grow(90, 100) && only.grow(10, 100));
    }
}
