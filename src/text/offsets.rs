//! Which original bytes a piece of normalised text came from.
//!
//! Original and normalised text advance together in steps. Stretches of bytes that map one to one share a step and
//! every other folded run has its own, so plain ASCII costs next to nothing and other text five bytes a character.

use std::ops::Range;

/// Steps between two checkpoints: what a look-up walks at most.
const CHECKPOINT_EVERY: usize = 32;

/// In [`Step::normalised`]: the step's bytes map one to one.
const ONE_TO_ONE: u16 = u16::MAX;

/// In [`Step::normalised`]: the step's bytes have no normalised text.
const NOTHING: u16 = 0;

/// Longest original text of one step.
pub(super) const MAX_STEP: usize = u16::MAX as usize;

#[derive(Clone, Copy, Debug)]
struct Step {
    normalised: u16,
    original: u16,
}

impl Step {
    fn normalised_len(self) -> usize {
        usize::from(if self.normalised == ONE_TO_ONE { self.original } else { self.normalised })
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Position {
    normalised: usize,
    original: usize,
}

impl Position {
    fn after(self, step: Step) -> Self {
        Self {
            normalised: self.normalised + step.normalised_len(),
            original: self.original + usize::from(step.original),
        }
    }
}

/// The smallest piece that maps as a whole: one byte of a one-to-one stretch, or one folded run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// Where it is in the normalised text.
    pub(super) normalised: Range<usize>,
    /// Where it came from.
    pub(super) original: Range<usize>,
}

/// Map from normalised offsets to original ones. Built front to back; monotone in both.
#[derive(Debug, Default)]
pub(super) struct OffsetMap {
    steps: Vec<Step>,
    checkpoints: Vec<Position>,
    end: Position,
}

impl OffsetMap {
    /// Adds bytes that map one to one, `len` of them from original offset `at` on.
    pub(super) fn push_bytes(&mut self, at: usize, len: usize) {
        self.skip_to(at);
        self.extend(ONE_TO_ONE, len);
    }

    /// Adds a folded run of `normalised` bytes that came from `original`.
    ///
    /// The caller keeps the original within [`MAX_STEP`] bytes and the run within 65,534.
    pub(super) fn push_run(&mut self, original: Range<usize>, normalised: usize) {
        if normalised == 0 {
            return self.skip_to(original.end);
        }
        self.skip_to(original.start);
        let normalised = u16::try_from(normalised).unwrap_or(ONE_TO_ONE).min(ONE_TO_ONE - 1);
        self.push(Step { normalised, original: u16::try_from(original.len()).unwrap_or(u16::MAX) });
    }

    /// The unit that holds normalised byte `offset`; past the end, an empty one there.
    pub(super) fn unit_at(&self, offset: usize) -> Unit {
        let checkpoint = self.checkpoint_before(offset);
        let mut position = self.checkpoints.get(checkpoint).copied().unwrap_or_default();
        for step in self.steps.iter().skip(checkpoint * CHECKPOINT_EVERY) {
            let next = position.after(*step);
            if offset >= next.normalised {
                position = next;
                continue;
            }
            if step.normalised != ONE_TO_ONE {
                return Unit {
                    normalised: position.normalised..next.normalised,
                    original: position.original..next.original,
                };
            }
            let original = position.original + (offset - position.normalised);
            return Unit { normalised: offset..offset + 1, original: original..original + 1 };
        }
        Unit { normalised: self.end.normalised..self.end.normalised, original: self.end.original..self.end.original }
    }

    /// Forgets what is before normalised offset `at`, the start of a unit. Normalised offsets count from there now.
    pub(super) fn forget_before(&mut self, at: usize) {
        let start = self.unit_at(at).original.start;
        let checkpoint = self.checkpoint_before(at);
        let mut position = self.checkpoints.get(checkpoint).copied().unwrap_or_default();
        let mut rest = Self { end: Position { normalised: 0, original: start }, ..Self::default() };
        for step in self.steps.iter().skip(checkpoint * CHECKPOINT_EVERY) {
            let next = position.after(*step);
            if position.original >= start {
                rest.push(*step);
            } else if next.original > start {
                rest.extend(ONE_TO_ONE, next.original - start);
            }
            position = next;
        }
        *self = rest;
    }

    fn checkpoint_before(&self, offset: usize) -> usize {
        self.checkpoints.partition_point(|position| position.normalised <= offset).saturating_sub(1)
    }

    /// Original bytes between the end of the last step and `at` have no normalised text.
    fn skip_to(&mut self, at: usize) {
        self.extend(NOTHING, at.saturating_sub(self.end.original));
    }

    /// Adds `len` original bytes of a sort that can share steps: [`ONE_TO_ONE`] or [`NOTHING`].
    fn extend(&mut self, sort: u16, len: usize) {
        let mut left = len;
        if let Some(last) = self.steps.last_mut().filter(|last| last.normalised == sort) {
            let room = usize::from(u16::MAX - last.original).min(left);
            last.original += u16::try_from(room).unwrap_or_default();
            left -= room;
            self.end.original += room;
            self.end.normalised += if sort == ONE_TO_ONE { room } else { 0 };
        }
        while left > 0 {
            let original = u16::try_from(left).unwrap_or(u16::MAX);
            self.push(Step { normalised: sort, original });
            left -= usize::from(original);
        }
    }

    fn push(&mut self, step: Step) {
        if self.steps.len().is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoints.push(self.end);
        }
        self.steps.push(step);
        self.end = self.end.after(step);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a map is built from: original bytes that map one to one, fold to a run, or vanish.
    #[derive(Clone, Debug)]
    enum Piece {
        Bytes(usize),
        Run { original: usize, normalised: usize },
        Gap(usize),
    }

    fn piece() -> impl Strategy<Value = Piece> {
        prop_oneof![
            (1..300_usize).prop_map(Piece::Bytes),
            (65_000..140_000_usize).prop_map(Piece::Bytes),
            (1..9_usize, 0..9_usize).prop_map(|(original, normalised)| Piece::Run { original, normalised }),
            (1..100_000_usize).prop_map(Piece::Gap),
        ]
    }

    /// The map and its naive twin: the unit of every normalised byte, written out.
    fn build(pieces: &[Piece]) -> (OffsetMap, Vec<Unit>) {
        let (mut map, mut units, mut at) = (OffsetMap::default(), Vec::new(), 0);
        for piece in pieces {
            let start = units.len();
            match *piece {
                Piece::Bytes(len) => {
                    map.push_bytes(at, len);
                    units.extend(
                        (0..len).map(|i| Unit { normalised: start + i..start + i + 1, original: at + i..at + i + 1 }),
                    );
                    at += len;
                }
                Piece::Run { original, normalised } => {
                    map.push_run(at..at + original, normalised);
                    let unit = Unit { normalised: start..start + normalised, original: at..at + original };
                    units.extend(std::iter::repeat_n(unit, normalised));
                    at += original;
                }
                Piece::Gap(len) => at += len,
            }
        }
        (map, units)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_look_up_agrees_with_the_map_written_out(
            pieces in prop::collection::vec(piece(), 0..12),
            runs in prop::collection::vec((1..9_usize, 0..9_usize), 0..600),
        ) {
            let runs = runs.into_iter().map(|(original, normalised)| Piece::Run { original, normalised });
            let pieces: Vec<Piece> = pieces.iter().cloned().chain(runs).chain(pieces.iter().cloned()).collect();
            let (map, units) = build(&pieces);
            let near_steps = units.iter().enumerate().filter(|(i, unit)| i % 997 == 0 || unit.normalised.len() > 1);
            for (offset, unit) in near_steps {
                prop_assert_eq!(&map.unit_at(offset), unit);
            }
            prop_assert!(map.unit_at(units.len()).normalised.is_empty());
        }

        #[test]
        fn what_is_left_after_forgetting_maps_as_before(
            pieces in prop::collection::vec(piece(), 1..12),
            cut in any::<prop::sample::Index>(),
        ) {
            let (mut map, units) = build(&pieces);
            prop_assume!(!units.is_empty());
            let at = units[cut.index(units.len())].normalised.start;
            map.forget_before(at);
            for (offset, unit) in units.iter().enumerate().skip(at).step_by(13) {
                let shifted = unit.normalised.start - at..unit.normalised.end - at;
                prop_assert_eq!(map.unit_at(offset - at), Unit { normalised: shifted, original: unit.original.clone() });
            }
            map.push_bytes(1 << 40, 1);
            prop_assert_eq!(map.unit_at(units.len() - at).original, 1 << 40..(1 << 40) + 1);
        }
    }

    #[test]
    fn long_stretches_share_steps() {
        let mut map = OffsetMap::default();
        for at in 0..100_000 {
            map.push_bytes(at, 1);
        }
        assert_eq!(map.steps.len(), 2);
        assert_eq!(map.unit_at(99_999), Unit { normalised: 99_999..100_000, original: 99_999..100_000 });
    }
}
