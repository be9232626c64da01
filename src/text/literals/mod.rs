//! Every occurrence of many byte strings at once, faster than an automaton reads the text.
//!
//! `README.md` in this folder says how, why nothing is missed, and what bounds the work. In the way of an upload this is
//! what keywords are found with, in text that is already normalised.

mod class;
mod layer;
mod plan;
mod rarity;
mod sieve;
#[cfg(test)]
mod tests;
mod window;

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem::Finder;

use class::Lookups;
use layer::{BLOCK, Layer};
use rarity::Rarity;
use sieve::Passed;
use window::Window;

/// Bytes that are searched without clearing room for a block.
const SMALL: usize = 512;

/// Patterns up to which each is looked for by itself in place of a layer of their own, which goes over the whole text too.
const SINGLES: usize = 4;

/// Bytes that such a pattern has at most: a text of nothing but its first letter may be compared with all of it at each place.
const LONGEST_SINGLE: usize = 64;

/// Bytes that the last samples of a text may go on for behind it.
const MARGIN: usize = 128;

/// A pattern in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// Position among the patterns that were passed.
    pub pattern: usize,
    /// Byte offset of its first byte.
    pub start: usize,
    /// Byte offset behind its last byte.
    pub end: usize,
}

/// The patterns exceed what can be numbered: four thousand million bytes in all, or what the automaton takes.
#[derive(Debug, thiserror::Error)]
#[error("too many patterns to search for at once")]
pub struct TooManyPatterns;

/// Distinct byte strings, ready to be searched for. Immutable; searching needs no lock and allocates nothing.
#[derive(Debug)]
pub struct Literals {
    patterns: Patterns,
    layers: Vec<Layer>,
    /// For patterns of which there are few that are as short.
    singles: Vec<(Finder<'static>, u32)>,
    /// For the few that share all their windows with too many others, with the numbers of its patterns.
    automaton: Option<(AhoCorasick, Vec<u32>)>,
}

/// The patterns one after the other.
#[derive(Debug)]
struct Patterns {
    bytes: Vec<u8>,
    /// Where each one ends, behind a zero.
    ends: Vec<u32>,
    longest: usize,
}

impl Patterns {
    fn len(&self) -> usize {
        self.ends.len() - 1
    }

    #[inline(always)]
    fn get(&self, number: u32) -> &[u8] {
        let number = number as usize;
        &self.bytes[self.ends[number] as usize..self.ends[number + 1] as usize]
    }

    fn collect<P: AsRef<[u8]>>(patterns: impl IntoIterator<Item = P>) -> Result<Self, TooManyPatterns> {
        let mut all = Self { bytes: Vec::new(), ends: vec![0], longest: 0 };
        for pattern in patterns {
            let pattern = pattern.as_ref();
            debug_assert!(!pattern.is_empty(), "a pattern has bytes");
            all.bytes.extend_from_slice(pattern);
            all.ends.push(u32::try_from(all.bytes.len()).map_err(|_| TooManyPatterns)?);
            all.longest = all.longest.max(pattern.len());
        }
        all.bytes.shrink_to_fit();
        all.ends.shrink_to_fit();
        Ok(all)
    }
}

impl Literals {
    /// Gets ready to search for `patterns`, which are distinct and not empty. Each has its position for a number.
    ///
    /// Takes time and memory linear in their bytes: about a second and 60 bytes a pattern for a million phrases.
    ///
    /// # Errors
    /// [`TooManyPatterns`].
    pub fn build<P: AsRef<[u8]>>(patterns: impl IntoIterator<Item = P>) -> Result<Self, TooManyPatterns> {
        let patterns = Patterns::collect(patterns)?;
        let rarity = Rarity::of((0..patterns.len()).map(|number| patterns.get(number as u32)));
        let (mut layers, mut singles, mut left_over) = (Vec::new(), Vec::new(), Vec::new());
        let mut longer_than = usize::MAX;
        for planned in plan::plan(&patterns) {
            let lengths = planned.shortest..longer_than;
            longer_than = planned.shortest;
            let has_length = |number: &u32| lengths.contains(&patterns.get(*number).len());
            let numbers: Vec<u32> = (0..patterns.len() as u32).filter(has_length).collect();
            let is_short = |number: &u32| patterns.get(*number).len() <= LONGEST_SINGLE;
            if numbers.len() <= SINGLES && numbers.iter().all(is_short) {
                singles.extend(numbers.iter().map(|number| (Finder::new(patterns.get(*number)).into_owned(), *number)));
            } else {
                layers.push(Layer::build(planned.window, &patterns, &numbers, &rarity, &mut left_over));
            }
        }
        let automaton = automaton_of(&patterns, left_over)?;
        Ok(Self { patterns, layers, singles, automaton })
    }

    /// Bytes of the longest pattern.
    pub fn longest(&self) -> usize {
        self.patterns.longest
    }

    /// Bytes on the heap: patterns and tables.
    pub fn bytes(&self) -> usize {
        let patterns = self.patterns.bytes.len() + size_of_val(&self.patterns.ends[..]);
        let automaton = self
            .automaton
            .as_ref()
            .map_or(0, |(automaton, numbers)| automaton.memory_usage() + size_of_val(&numbers[..]));
        patterns + automaton + self.layers.iter().map(Layer::bytes).sum::<usize>()
    }

    /// Reports every occurrence of every pattern in `text`, overlapping ones too, each once.
    ///
    /// The order is the same every time and otherwise unspecified: what stands further on in the text may come first.
    pub fn search(&self, text: &[u8], found: impl FnMut(Occurrence)) {
        self.search_new(text, 0..text.len(), found);
    }

    /// Reports those occurrences in `text` that end behind the start of `new`, and not behind its end.
    ///
    /// This is how to search a stream: keep [`Self::longest`] less one bytes of what went before in front of each chunk,
    /// and pass the chunk's place as `new`. All together, that is each occurrence in the stream exactly once.
    pub fn search_new(&self, text: &[u8], new: Range<usize>, mut found: impl FnMut(Occurrence)) {
        let start = (new.start + 1).saturating_sub(self.longest());
        let Some(searched) = text.get(start..new.end) else {
            return;
        };
        let mut report = |occurrence: Occurrence| {
            let Occurrence { pattern, start: from, end } = occurrence;
            if start + end > new.start {
                found(Occurrence { pattern, start: start + from, end: start + end });
            }
        };
        if !self.layers.is_empty() {
            self.search_blocks(searched, &mut report);
        }
        for (finder, pattern) in &self.singles {
            each_place(finder, searched, |start| {
                report(Occurrence { pattern: *pattern as usize, start, end: start + finder.needle().len() });
            });
        }
        if let Some((automaton, numbers)) = &self.automaton {
            for occurrence in automaton.find_overlapping_iter(searched) {
                let pattern = numbers[occurrence.pattern().as_usize()] as usize;
                report(Occurrence { pattern, start: occurrence.start(), end: occurrence.end() });
            }
        }
    }

    /// All layers block by block. What is too near the end for a whole group is searched in a copy with room behind it.
    fn search_blocks(&self, text: &[u8], found: &mut impl FnMut(Occurrence)) {
        // Clearing room for a whole block takes longer than searching a few words.
        if text.len() <= SMALL {
            let (mut passed, mut lookups) = ([Passed::default(); SMALL + MARGIN], Lookups::<16>::new());
            return self.search_rest::<{ SMALL + MARGIN }, 16>(text, 0, (&mut passed, &mut lookups), found);
        }
        let (mut passed, mut lookups) = ([Passed::default(); BLOCK + MARGIN], Lookups::<256>::new());
        let blocks = text.len().saturating_sub(Window::MAX_WIDTH) / BLOCK;
        for base in (0..blocks).map(|block| block * BLOCK) {
            let bytes = &text[base..base + BLOCK + Window::MAX_WIDTH];
            for layer in &self.layers {
                layer.search(&self.patterns, (text, bytes, base), (&mut passed, &mut lookups), found);
            }
        }
        self.search_rest::<{ BLOCK + MARGIN }, 256>(text, blocks * BLOCK, (&mut passed, &mut lookups), found);
    }

    /// All layers over what is behind `base`, no more than fits in `SIZE` bytes with the margin.
    fn search_rest<const SIZE: usize, const N: usize>(
        &self,
        text: &[u8],
        base: usize,
        (passed, lookups): (&mut [Passed], &mut Lookups<N>),
        found: &mut impl FnMut(Occurrence),
    ) {
        let rest = &text[base..];
        let mut bytes = [0; SIZE];
        bytes[..rest.len()].copy_from_slice(rest);
        for layer in &self.layers {
            let searched = &bytes[..layer.padded(rest.len())];
            layer.search(&self.patterns, (text, searched, base), (&mut *passed, &mut *lookups), found);
        }
    }
}

/// Every place, overlapping ones too, which `find_iter` leaves out.
fn each_place(finder: &Finder<'_>, text: &[u8], mut found: impl FnMut(usize)) {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| finder.find(rest)) {
        found(from + at);
        from += at + 1;
    }
}

fn automaton_of(patterns: &Patterns, numbers: Vec<u32>) -> Result<Option<(AhoCorasick, Vec<u32>)>, TooManyPatterns> {
    if numbers.is_empty() {
        return Ok(None);
    }
    let texts = numbers.iter().map(|number| patterns.get(*number));
    let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(texts);
    Ok(Some((automaton.map_err(|_| TooManyPatterns)?, numbers)))
}
