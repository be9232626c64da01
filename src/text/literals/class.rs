//! Patterns that are told apart by windows of one width, and how they are looked up.

use std::ops::Range;

use super::sieve::Passed;
use super::window::{Window, mixed};
use super::{Occurrence, Patterns};

/// What comparing at one window may cost: patterns that share it, long ones counting for more. It bounds the work on
/// any text; a pattern that has no window within it goes to the automaton.
const BUDGET: u8 = 16;

/// Bytes of pattern that count as one more pattern.
const BYTES_PER_COST: usize = 64;

/// Room for `N` hits that are compared together, a power of two. Kept by the caller, so that it is cleared once.
pub(super) struct Lookups<const N: usize> {
    places: [usize; N],
    /// Where in the text, and the window's hash.
    hits: [(usize, u64); N],
    buckets: [(usize, usize); N],
}

impl<const N: usize> Lookups<N> {
    pub(super) const fn new() -> Self {
        Self { places: [0; N], hits: [(0, 0); N], buckets: [(0, 0); N] }
    }
}

/// A window of a pattern.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// Bits of the window's hash that the bucket does not tell.
    tag: u32,
    /// Of the pattern's first and last bytes, so that hardly any pattern is looked at in vain.
    ends: u32,
    pattern: u32,
    /// Where in the pattern the window is.
    at: u16,
    len: u16,
}

impl Entry {
    /// Where in the text the pattern would stand whose window is at `at`, if that is in the text.
    #[inline(always)]
    fn span(&self, at: usize, text: &[u8]) -> Option<Range<usize>> {
        let start = at.checked_sub(usize::from(self.at))?;
        let end = start + usize::from(self.len);
        (end <= text.len()).then_some(start..end)
    }
}

/// A hash of the first and the last eight bytes, or four; of shorter ones, nothing.
#[inline(always)]
fn ends(bytes: &[u8]) -> u32 {
    let (first, last) = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()),
            _ => return 0,
        },
    };
    (mixed(first.rotate_left(23) ^ last.wrapping_mul(0x94d0_49bb_1331_11eb)) >> 7) as u32
}

/// A hash table from windows to the patterns that have them, behind a Bloom filter that keeps most of the text away.
#[derive(Debug)]
pub(super) struct Class {
    /// Its bit in the sieve.
    bit: u8,
    window: Window,
    /// Three bits in a word for each window, eight to sixteen bits a window in all: small enough for the second cache
    /// where there are a million.
    screen: Vec<u64>,
    /// For each bucket, where its entries start; one more at the end.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

/// A class that is being filled.
pub(super) struct Filling {
    class: Class,
    spent: Vec<u8>,
    placed: Vec<(u32, Entry)>,
}

impl Filling {
    /// Room for so many patterns.
    pub(super) fn new(bit: u8, window: Window, patterns: usize) -> Self {
        let buckets = (patterns * window.stride).next_power_of_two();
        let screen = vec![0; (buckets / 8).max(1)];
        let class = Class { bit, window, screen, starts: vec![0; buckets + 1], entries: Vec::new() };
        Self { class, spent: vec![0; buckets], placed: Vec::with_capacity(patterns * window.stride) }
    }

    /// Its bit in the sieve.
    pub(super) const fn bit(&self) -> u8 {
        self.class.bit
    }

    /// Bytes of a window.
    pub(super) const fn width(&self) -> usize {
        self.class.window.width
    }

    /// Bytes of the shortest pattern that has enough of them.
    pub(super) const fn shortest(&self) -> usize {
        self.class.window.shortest()
    }

    /// Adds `pattern` with its windows from `first` on; does nothing and says so where its windows are taken.
    pub(super) fn add(&mut self, number: u32, pattern: &[u8], first: usize) -> bool {
        let window = self.class.window;
        let cost = (1 + pattern.len() / BYTES_PER_COST).min(usize::from(BUDGET)) as u8;
        let places = first..first + window.stride;
        let mut hashes = [0; Window::MAX_STRIDE];
        for (hash, at) in hashes.iter_mut().zip(places.clone()) {
            *hash = mixed(window.hash_alone(&pattern[at..]));
        }
        let hashes = &hashes[..window.stride];
        if !self.pay(hashes, cost) {
            return false;
        }
        for (hash, at) in hashes.iter().zip(places) {
            let (word, bits) = self.class.screen_bits(*hash);
            self.class.screen[word] |= bits;
            let (at, len) = (at as u16, pattern.len() as u16);
            let entry = Entry { tag: *hash as u32, ends: ends(pattern), pattern: number, at, len };
            self.placed.push((self.class.bucket(*hash) as u32, entry));
        }
        true
    }

    /// Takes `cost` from what is left at each window; nothing where one has too little.
    fn pay(&mut self, hashes: &[u64], cost: u8) -> bool {
        for (number, hash) in hashes.iter().enumerate() {
            let spent = &mut self.spent[self.class.bucket(*hash)];
            if *spent + cost > BUDGET {
                hashes[..number].iter().for_each(|hash| self.spent[self.class.bucket(*hash)] -= cost);
                return false;
            }
            *spent += cost;
        }
        true
    }

    /// The class with all that was added, if anything was.
    pub(super) fn finish(self) -> Option<Class> {
        let Self { mut class, placed, .. } = self;
        for (bucket, _) in &placed {
            class.starts[*bucket as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut class.starts {
            sum += *start;
            *start = sum;
        }
        let mut next = class.starts.clone();
        class.entries = vec![Entry::default(); placed.len()];
        for (bucket, entry) in &placed {
            let next = &mut next[*bucket as usize];
            class.entries[*next as usize] = *entry;
            *next += 1;
        }
        (!placed.is_empty()).then_some(class)
    }
}

impl Class {
    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.screen[..]) + size_of_val(&self.starts[..]) + size_of_val(&self.entries[..])
    }

    /// Reports the patterns of which a window is at what `passed` of `bytes`, which stand at `base` in `text`.
    pub(super) fn compare<const N: usize>(
        &self,
        patterns: &Patterns,
        (text, bytes, base): (&[u8], &[u8], usize),
        passed: &[Passed],
        Lookups { places, hits, buckets }: &mut Lookups<N>,
        found: &mut impl FnMut(Occurrence),
    ) {
        for passed in passed.chunks(N) {
            let mut count = 0;
            for sample in passed {
                places[count % N] = sample.at();
                count += usize::from(sample.is_in(self.bit));
            }
            let places = &places[..count];
            count = 0;
            for place in places {
                let hash = mixed(self.window.hash(bytes, *place));
                let (word, bits) = self.screen_bits(hash);
                hits[count % N] = (base + *place, hash);
                count += usize::from(self.screen[word] & bits == bits);
            }
            self.compare_hits(patterns, text, &hits[..count], buckets, found);
        }
    }

    /// Loop after loop, so that the processor waits for the memory of many hits at once.
    fn compare_hits(
        &self,
        patterns: &Patterns,
        text: &[u8],
        hits: &[(usize, u64)],
        buckets: &mut [(usize, usize)],
        found: &mut impl FnMut(Occurrence),
    ) {
        for (bucket, (_, hash)) in buckets.iter_mut().zip(hits) {
            let number = self.bucket(*hash);
            *bucket = (self.starts[number] as usize, self.starts[number + 1] as usize);
        }
        for ((start, end), (at, hash)) in buckets.iter().zip(hits) {
            for entry in self.entries[*start..*end].iter().filter(|entry| entry.tag == *hash as u32) {
                let Some(span) = entry.span(*at, text) else {
                    continue;
                };
                let there = &text[span.clone()];
                if entry.ends == ends(there) && there == patterns.get(entry.pattern) {
                    found(Occurrence { pattern: entry.pattern as usize, start: span.start, end: span.end });
                }
            }
        }
    }

    #[inline(always)]
    fn bucket(&self, hash: u64) -> usize {
        let buckets = self.starts.len() - 1;
        (hash >> 32) as usize & (buckets - 1)
    }

    /// A word, and the bits in it that a window with this hash has set: chosen by the tag as well as by the bucket.
    #[inline(always)]
    fn screen_bits(&self, hash: u64) -> (usize, u64) {
        let word = (hash >> 30) as usize & (self.screen.len() - 1);
        (word, 1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63))
    }
}
