//! How far each slot is searched for a radius, and when scanning every hash is cheaper.

use super::bits::ball_size;
use super::directory::Kind;
use super::layout::Slot;

/// The largest threshold a slot gets; more never pays.
const MAX_THRESHOLD: usize = 24;

/// For every radius, how far each slot is searched.
///
/// Every bit of radius is given to the slot where one more bit costs least. So the thresholds of a radius are those of
/// the radius before and one more step, and one list of steps holds them all.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// The slot that gets the step for each radius.
    steps: Vec<u8>,
    /// What the tables cost for each radius, in nanoseconds.
    costs: Vec<f64>,
    scan_cost: f64,
    /// Entries of an average bucket by slot.
    mean: Vec<f64>,
}

/// How far each slot is searched, by slot: `None` is not at all.
///
/// Guarantee: over all slots, the thresholds that there are, each plus one, add up to the radius plus one.
pub(super) type Thresholds = [Option<u8>];

impl Plan {
    pub(super) fn new(hash_bits: u32, len: u32, entry_bytes: u32, slots: &[Slot]) -> Self {
        let price = |position: usize, threshold: usize| {
            let bytes = if position == 0 { hash_bits / 8 } else { entry_bytes };
            ball_cost(&slots[position], threshold as u32, f64::from(len), f64::from(bytes))
        };
        // The threshold that each slot would get next, what its search costs now, and what one more step adds.
        let mut next: Vec<_> = (0..slots.len()).map(|slot| (0, 0.0, price(slot, 0))).collect();
        let (mut steps, mut costs, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for _ in 0..=hash_bits {
            let open = next.iter().enumerate().filter(|(_, (threshold, ..))| *threshold <= MAX_THRESHOLD);
            let Some((slot, (threshold, paid, added))) = open.min_by(|a, b| a.1.2.total_cmp(&b.1.2)) else {
                break;
            };
            sum += added;
            let (threshold, paid) = (threshold + 1, paid + added);
            next[slot] = (threshold, paid, price(slot, threshold) - paid);
            steps.push(slot as u8);
            costs.push(sum);
        }
        let mean = slots.iter().map(|slot| mean_entries(slot, f64::from(len))).collect();
        Self { steps, costs, scan_cost: f64::from(len) * f64::from(hash_bits) / 128.0, mean }
    }

    /// Nanoseconds that a search of the tables takes on uniform data by the model; `None` past the largest radius.
    pub(super) fn cost(&self, radius: usize) -> Option<f64> {
        self.costs.get(radius).copied()
    }

    /// Whether the tables can answer for `radius`, and sooner than a scan.
    pub(super) fn prefers_tables(&self, radius: usize) -> bool {
        self.cost(radius).is_some_and(|cost| cost < self.scan_cost)
    }

    /// How far each slot is searched, written to `thresholds`, which has a place for each. The radius is one that
    /// [`cost`](Self::cost) has an answer for.
    #[inline]
    pub(super) fn thresholds(&self, radius: usize, thresholds: &mut Thresholds) {
        thresholds.fill(None);
        for slot in &self.steps[..=radius] {
            let threshold = &mut thresholds[*slot as usize];
            *threshold = Some(threshold.map_or(0, |threshold| threshold + 1));
        }
    }

    /// Entries that a bucket of slot `position` has on uniform data.
    pub(super) fn mean(&self, position: usize) -> f64 {
        self.mean[position]
    }
}

fn mean_entries(slot: &Slot, len: f64) -> f64 {
    len / (1_u64 << slot.directory_bits) as f64
}

/// Nanoseconds to search a slot up to `threshold` on uniform data: what its cache misses and its arithmetic came to where
/// this was measured. Only its proportions matter.
fn ball_cost(slot: &Slot, threshold: u32, len: f64, entry_bytes: f64) -> f64 {
    let values = |bits: u32| ball_size(bits, threshold) as f64;
    let mean = mean_entries(slot, len);
    // Values that differ in the low bits only share a line of the directory.
    let shared = match slot.kind {
        Kind::Blocks => 6,
        Kind::Starts => 4,
    };
    let directory = 5.0 * values(slot.directory_bits.saturating_sub(shared));
    // A bucket is empty, or touches a line and more the longer it is; lines that follow each other are fetched ahead.
    let touched = mean / (mean + 0.6);
    let following = (mean * entry_bytes / 64.0 - 0.1 * touched).max(0.0);
    let bucket = 4.0 + 8.0 * touched + 5.0 * following + 0.9 * mean;
    directory + bucket * values(slot.directory_bits)
}

#[cfg(test)]
mod tests {
    use super::super::layout::Layout;

    #[test]
    fn thresholds_plus_one_add_up_to_the_radius_plus_one() {
        for widths in [&[(20, 20), (22, 20), (22, 22)][..], &[(64, 28)], &[(1, 1); 64]] {
            let layout = Layout::cut(64, 100_000, widths);
            for radius in (0..=64).filter(|radius| layout.plan().cost(*radius).is_some()) {
                let mut thresholds = vec![None; widths.len()];
                layout.plan().thresholds(radius, &mut thresholds);
                let sum: usize = thresholds.iter().flatten().map(|threshold| usize::from(*threshold) + 1).sum();
                assert_eq!(sum, radius + 1, "radius {radius} over {widths:?}");
            }
        }
    }

    #[test]
    fn large_radii_are_scanned() {
        let layout = Layout::cut(64, 1_000_000, &[(16, 16); 4]);
        assert!(layout.plan().prefers_tables(10));
        assert!(!layout.plan().prefers_tables(31));
        assert!(!layout.plan().prefers_tables(64));
    }

    #[test]
    fn costs_grow_with_the_radius() {
        let layout = Layout::cut(256, 10_000_000, &[(16, 16); 16]);
        let costs: Vec<f64> = (0..64).map_while(|radius| layout.plan().cost(radius)).collect();
        assert!(costs.len() == 64 && costs.is_sorted(), "{costs:?}");
    }
}
