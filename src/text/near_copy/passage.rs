//! How much of one known text stands in one stretch of an upload.

use std::ops::Range;

/// Pieces of the window in which a passage is looked for.
const PIECES: u64 = 16;

/// How many times as long as the known text the window is: an edited copy grows, and less would miss what was drawn out.
const STRETCH: u64 = 2;

/// The fingerprints of one known text that were found, in a window that moves along the upload.
///
/// The window moves in steps of a sixteenth, so that it needs no memory but a number for each fingerprint of the known
/// text, however long the upload is.
#[derive(Clone, Debug)]
pub(super) struct Passages {
    /// Shingles of the upload in one piece of the window.
    step: u64,
    /// By fingerprint, the piece in which it was last found, counted from 1; 0 for never.
    last_in: Box<[u32]>,
    /// The piece where the upload is, counted from 1.
    now: u32,
    /// Of the last pieces, by number: fingerprints that were last found there.
    counts: [u32; PIECES as usize],
    /// Where the first of these stands in the original.
    starts: [usize; PIECES as usize],
    found: u32,
    best: Passage,
}

/// A stretch of the upload with fingerprints of a known text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Passage {
    /// Different fingerprints found in it.
    pub(super) found: u32,
    /// From about the first of them to the last, in the original bytes.
    pub(super) span: Range<usize>,
}

impl Passages {
    /// Nothing found yet of a text of so many words with so many fingerprints.
    pub(super) fn of(words: u64, fingerprints: usize) -> Self {
        Self {
            step: (words * STRETCH).div_ceil(PIECES).max(1),
            last_in: vec![0; fingerprints].into(),
            now: 1,
            counts: [0; PIECES as usize],
            starts: [0; PIECES as usize],
            found: 0,
            best: Passage::default(),
        }
    }

    /// Notes that shingle number `at` of the upload, which stands at `span`, is fingerprint `ordinal`.
    pub(super) fn note(&mut self, at: u64, ordinal: u32, span: &Range<usize>) {
        self.move_to(u32::try_from(at / self.step + 1).unwrap_or(u32::MAX));
        let last = self.last_in[ordinal as usize];
        if self.is_in_window(last) {
            self.counts[place(last)] -= 1;
        } else {
            self.found += 1;
        }
        if self.counts[place(self.now)] == 0 {
            self.starts[place(self.now)] = span.start;
        }
        self.counts[place(self.now)] += 1;
        self.last_in[ordinal as usize] = self.now;
        if self.found > self.best.found {
            self.best = Passage { found: self.found, span: self.start()..span.end };
        }
    }

    /// The stretch in which the most was found.
    pub(super) fn into_best(self) -> Passage {
        self.best
    }

    fn is_in_window(&self, piece: u32) -> bool {
        piece > 0 && u64::from(self.now - piece) < PIECES
    }

    fn move_to(&mut self, piece: u32) {
        for _ in 0..u64::from(piece - self.now).min(PIECES) {
            self.now += 1;
            self.found -= std::mem::take(&mut self.counts[place(self.now)]);
        }
        self.now = piece;
    }

    /// Where the oldest piece stands that has more than strays: a quarter of what each has where the text fills half the
    /// window. What everybody writes is found before the passage as well.
    fn start(&self) -> usize {
        let mut pieces = self.now.saturating_sub(PIECES as u32 - 1).max(1)..=self.now;
        let oldest = pieces.find(|piece| 2 * PIECES * u64::from(self.counts[place(*piece)]) >= u64::from(self.found));
        oldest.map_or(0, |piece| self.starts[place(piece)])
    }
}

const fn place(piece: u32) -> usize {
    piece as usize % PIECES as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_window_forgets_what_is_far_behind() {
        let mut passages = Passages::of(8, 4);
        passages.note(0, 0, &(0..3));
        passages.note(3, 1, &(30..33));
        passages.note(15, 0, &(150..153));
        passages.note(20, 2, &(200..203));
        passages.note(21, 3, &(210..213));
        assert_eq!(passages.into_best(), Passage { found: 3, span: 150..213 });
    }

    #[test]
    fn strays_before_a_passage_are_no_part_of_it() {
        let mut passages = Passages::of(160, 160);
        passages.note(5, 159, &(5..8));
        for at in 160..260 {
            passages.note(at, at as u32 - 160, &(at as usize..at as usize + 3));
        }
        assert_eq!(passages.into_best(), Passage { found: 101, span: 160..262 });
    }

    proptest! {
        #[test]
        fn the_best_is_what_some_window_holds(hits in prop::collection::vec((0_u64..20, 0_u32..6), 1..60), words in 1_u64..40) {
            let mut passages = Passages::of(words, 6);
            let step = passages.step;
            let mut at = 0;
            let hits: Vec<(u64, u32)> = hits.into_iter().map(|(gap, ordinal)| { at += gap; (at, ordinal) }).collect();
            for (at, ordinal) in &hits {
                let start = *at as usize;
                passages.note(*at, *ordinal, &(start..start + 1));
            }
            let distinct_before = |(at, _): &(u64, u32)| {
                let first = (at / step).saturating_sub(PIECES - 1) * step;
                let mut seen: Vec<u32> =
                    hits.iter().filter(|hit| (first..=*at).contains(&hit.0)).map(|hit| hit.1).collect();
                seen.sort_unstable();
                seen.dedup();
                seen.len() as u32
            };
            prop_assert_eq!(passages.into_best().found, hits.iter().map(distinct_before).max().unwrap_or_default());
        }
    }
}
