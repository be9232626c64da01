//! Which bytes of one text a piece of another, made from it, came from.
//!
//! Both advance together in steps. Neighbours that map alike share a step: a stretch of bytes that map one to one, the
//! letters of a word that have two bytes here and two there, whatever was left out. So plain text costs next to nothing.

use std::ops::Range;

/// Steps between two checkpoints: what a look-up walks at most.
const CHECKPOINT_EVERY: usize = 32;

/// So many units in a row, each of so many bytes here and there. Bytes that were left out are one unit of none here.
#[derive(Clone, Copy, Debug)]
struct Step {
    made: u32,
    original: u64,
    count: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Position {
    made: usize,
    original: usize,
}

impl Position {
    const fn after(self, step: Step, count: usize) -> Self {
        Self { made: self.made + step.made as usize * count, original: self.original + step.original as usize * count }
    }
}

/// The smallest piece that maps as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// Where it is in the text that was made.
    pub(super) made: Range<usize>,
    /// Where it came from.
    pub(super) original: Range<usize>,
}

/// Map from offsets in a text that was made to those in its original. Built front to back; monotone in both.
#[derive(Clone, Debug, Default)]
pub(super) struct OffsetMap {
    steps: Vec<Step>,
    checkpoints: Vec<Position>,
    end: Position,
}

impl OffsetMap {
    /// A map whose original begins at `original`.
    pub(super) fn starting_at(original: usize) -> Self {
        Self { end: Position { made: 0, original }, ..Self::default() }
    }

    /// Adds bytes that map one to one, `len` of them from original offset `at` on.
    pub(super) fn push_bytes(&mut self, at: usize, len: usize) {
        self.skip_to(at);
        self.extend(Step { made: 1, original: 1, count: len as u32 });
    }

    /// Adds a unit of `made` bytes that came from `original`. One of no bytes is left out.
    pub(super) fn push_unit(&mut self, original: Range<usize>, made: usize) {
        if made == 0 {
            return self.skip_to(original.end);
        }
        self.skip_to(original.start);
        self.extend(Step { made: made as u32, original: original.len() as u64, count: 1 });
    }

    /// The unit that holds byte `offset` of what was made; past the end, an empty one there.
    pub(super) fn unit_at(&self, offset: usize) -> Unit {
        let (mut position, steps) = self.steps_near(offset);
        for step in steps {
            let next = position.after(*step, step.count as usize);
            if offset >= next.made {
                position = next;
                continue;
            }
            let start = position.after(*step, (offset - position.made) / step.made as usize);
            let end = start.after(*step, 1);
            return Unit { made: start.made..end.made, original: start.original..end.original };
        }
        Unit { made: self.end.made..self.end.made, original: self.end.original..self.end.original }
    }

    /// The original of `span`, with all of every unit that it touches. An empty span has none.
    pub(super) fn original(&self, span: &Range<usize>) -> Range<usize> {
        if span.is_empty() {
            let at = self.unit_at(span.start).original.start;
            return at..at;
        }
        self.unit_at(span.start).original.start..self.unit_at(span.end - 1).original.end
    }

    /// Forgets what is before offset `at`, the start of a unit. Offsets in what was made count from there now.
    pub(super) fn forget_before(&mut self, at: usize) {
        let start = self.unit_at(at);
        let (mut position, steps) = self.steps_near(at);
        let mut rest = Self::starting_at(start.original.start);
        for step in steps {
            let next = position.after(*step, step.count as usize);
            if next.original > start.original.start && step.made > 0 {
                let passed = start.made.start.saturating_sub(position.made) / step.made as usize;
                rest.push(Step { count: step.count - passed as u32, ..*step });
            } else if next.original > start.original.start {
                rest.push(Step {
                    original: (next.original - start.original.start.max(position.original)) as u64,
                    ..*step
                });
            }
            position = next;
        }
        *self = rest;
    }

    /// Takes back what was made from offset `at` on, the start of a unit, and came from `original` and behind.
    pub(super) fn truncate(&mut self, at: usize, original: usize) {
        while self.end.made > at
            && let Some(step) = self.steps.last_mut()
        {
            let excess = if step.made == 0 { 1 } else { (self.end.made - at) / step.made as usize };
            let taken = excess.clamp(1, step.count as usize);
            step.count -= taken as u32;
            self.end.made -= taken * step.made as usize;
            self.end.original -= taken * step.original as usize;
            if step.count == 0 {
                self.steps.pop();
                if self.steps.len().is_multiple_of(CHECKPOINT_EVERY) {
                    self.checkpoints.pop();
                }
            }
        }
        // What was left out there is not known to be any more.
        if let Some(step) = self.steps.last_mut().filter(|step| step.made == 0) {
            let excess = self.end.original.saturating_sub(original).min(step.original as usize);
            step.original -= excess as u64;
            self.end.original -= excess;
        }
    }

    fn steps_near(&self, offset: usize) -> (Position, &[Step]) {
        let checkpoint = self.checkpoints.partition_point(|position| position.made <= offset).saturating_sub(1);
        let position = self.checkpoints.get(checkpoint).copied().unwrap_or(self.end);
        (position, self.steps.get(checkpoint * CHECKPOINT_EVERY..).unwrap_or_default())
    }

    /// Original bytes between the end of the last step and `at` are left out.
    fn skip_to(&mut self, at: usize) {
        let len = at.saturating_sub(self.end.original);
        if len == 0 {
            return;
        }
        match self.steps.last_mut() {
            Some(last) if last.made == 0 => {
                last.original += len as u64;
                self.end.original += len;
            }
            _ => self.push(Step { made: 0, original: len as u64, count: 1 }),
        }
    }

    fn extend(&mut self, step: Step) {
        match self.steps.last_mut() {
            Some(last) if (last.made, last.original) == (step.made, step.original) => {
                last.count += step.count;
                self.end = self.end.after(step, step.count as usize);
            }
            _ => self.push(step),
        }
    }

    fn push(&mut self, step: Step) {
        if step.count == 0 {
            return;
        }
        if self.steps.len().is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoints.push(self.end);
        }
        self.steps.push(step);
        self.end = self.end.after(step, step.count as usize);
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
        Run { original: usize, made: usize },
        Gap(usize),
    }

    fn piece() -> impl Strategy<Value = Piece> {
        prop_oneof![
            (1..300_usize).prop_map(Piece::Bytes),
            (65_000..140_000_usize).prop_map(Piece::Bytes),
            (1..9_usize, 0..9_usize).prop_map(|(original, made)| Piece::Run { original, made }),
            (1..100_000_usize).prop_map(Piece::Gap),
        ]
    }

    /// The map and its naive twin: the unit of every made byte, written out.
    fn build(pieces: &[Piece]) -> (OffsetMap, Vec<Unit>) {
        let (mut map, mut units, mut at) = (OffsetMap::default(), Vec::new(), 0);
        for piece in pieces {
            let start = units.len();
            match *piece {
                Piece::Bytes(len) => {
                    map.push_bytes(at, len);
                    units.extend(
                        (0..len).map(|i| Unit { made: start + i..start + i + 1, original: at + i..at + i + 1 }),
                    );
                    at += len;
                }
                Piece::Run { original, made } => {
                    map.push_unit(at..at + original, made);
                    let unit = Unit { made: start..start + made, original: at..at + original };
                    units.extend(std::iter::repeat_n(unit, made));
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
            let runs = runs.into_iter().map(|(original, made)| Piece::Run { original, made });
            let pieces: Vec<Piece> = pieces.iter().cloned().chain(runs).chain(pieces.iter().cloned()).collect();
            let (map, units) = build(&pieces);
            let near_steps = units.iter().enumerate().filter(|(i, unit)| i % 997 == 0 || unit.made.len() > 1);
            for (offset, unit) in near_steps {
                prop_assert_eq!(&map.unit_at(offset), unit);
            }
            prop_assert!(map.unit_at(units.len()).made.is_empty());
        }

        #[test]
        fn what_is_left_after_forgetting_maps_as_before(
            pieces in prop::collection::vec(piece(), 1..12),
            cut in any::<prop::sample::Index>(),
        ) {
            let (mut map, units) = build(&pieces);
            prop_assume!(!units.is_empty());
            let at = units[cut.index(units.len())].made.start;
            map.forget_before(at);
            for (offset, unit) in units.iter().enumerate().skip(at).step_by(13) {
                let shifted = unit.made.start - at..unit.made.end - at;
                prop_assert_eq!(map.unit_at(offset - at), Unit { made: shifted, original: unit.original.clone() });
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
        assert_eq!(map.steps.len(), 1);
        assert_eq!(map.unit_at(99_999), Unit { made: 99_999..100_000, original: 99_999..100_000 });
    }
}
