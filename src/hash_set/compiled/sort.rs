//! Sorts rows by their hashes, on several threads.

use std::thread;

/// Below this many rows one thread is done before another has started.
const ALONE_BELOW: usize = 1 << 16;

/// `rows` by ascending `key`, and where keys are equal, in ascending order themselves.
///
/// Only the first eight bytes are moved about with the rows; the rest of a key is looked at when they are equal.
pub(super) fn sorted_by_prefix<'a>(
    rows: Vec<u32>,
    threads: usize,
    key: &(impl Fn(u32) -> &'a [u8] + Sync),
) -> Vec<u32> {
    let mut pairs: Vec<(u64, u32)> = rows.iter().map(|row| (prefix(key(*row)), *row)).collect();
    drop(rows);
    sort(&mut pairs, threads, key);
    pairs.into_iter().map(|(_, row)| row).collect()
}

fn sort<'a>(pairs: &mut [(u64, u32)], threads: usize, key: &(impl Fn(u32) -> &'a [u8] + Sync)) {
    let order = |a: &(u64, u32), b: &(u64, u32)| a.0.cmp(&b.0).then_with(|| key(a.1).cmp(key(b.1))).then(a.1.cmp(&b.1));
    if threads < 2 || pairs.len() < ALONE_BELOW {
        return pairs.sort_unstable_by(order);
    }
    let middle = pairs.len() / 2;
    let (lower, _, upper) = pairs.select_nth_unstable_by(middle, order);
    thread::scope(|scope| {
        scope.spawn(|| sort(lower, threads / 2, key));
        sort(upper, threads - threads / 2, key);
    });
}

fn prefix(key: &[u8]) -> u64 {
    key.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_the_order_of_their_keys_on_any_number_of_threads() {
        let mut state = 7_u32;
        let keys: Vec<[u8; 12]> = (0..ALONE_BELOW as u32 * 3)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let mut key = [0; 12];
                (key[0], key[11]) = ((state >> 24) as u8, (state >> 16) as u8);
                key
            })
            .collect();
        let mut expected: Vec<u32> = (0..keys.len() as u32).collect();
        expected.sort_by_key(|row| keys[*row as usize]);
        for threads in [1, 2, 3, 8] {
            let rows = (0..keys.len() as u32).collect();
            assert_eq!(sorted_by_prefix(rows, threads, &|row| &keys[row as usize][..]), expected, "{threads} threads");
        }
    }
}
