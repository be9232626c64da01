//! Which bytes of one text a piece of another, made from it, came from.
//!
//! Both advance together in units, the smallest pieces that map as a whole. A unit of few bytes takes one byte here;
//! stretches that map byte by byte, and everything else of any length, take one entry. So every text costs a byte a
//! character at most, and plain text next to nothing.

use std::ops::Range;

/// Units between two checkpoints: what a look-up walks at most.
const CHECKPOINT_EVERY: usize = 64;

/// In place of a unit: the next entry of [`OffsetMap::wide`].
const WIDE: u8 = 0xff;

/// The longest a unit of one byte can be, here and there.
const LONGEST_NARROW: usize = 14;

/// So many units in a row, each of so many bytes here and there. Bytes that were left out are one unit of none here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    made: u32,
    original: u64,
    count: u32,
}

impl Step {
    const fn narrow(code: u8) -> Self {
        Self { made: (code >> 4) as u32, original: (code & 0xf) as u64, count: 1 }
    }

    /// In one byte, if it is short.
    const fn code(self) -> Option<u8> {
        let is_short =
            self.count == 1 && self.made as usize <= LONGEST_NARROW && self.original <= LONGEST_NARROW as u64;
        if is_short { Some(lengths(self.made as usize, self.original as usize)) } else { None }
    }
}

/// A unit of so many bytes here and there, [`LONGEST_NARROW`] at most, as [`OffsetMap`] has it.
pub(super) const fn lengths(made: usize, original: usize) -> u8 {
    (made as u8) << 4 | original as u8
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Position {
    made: usize,
    original: usize,
}

impl Position {
    const fn after(self, step: Step, count: usize) -> Self {
        Self { made: self.made + step.made as usize * count, original: self.original + step.original as usize * count }
    }

    const fn before(self, step: Step, count: usize) -> Self {
        Self { made: self.made - step.made as usize * count, original: self.original - step.original as usize * count }
    }
}

/// Where a look-up may begin.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    /// Number of the next unit, and of the next wide one.
    unit: usize,
    wide: usize,
    position: Position,
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
    /// Lengths of a unit, here in the high half and there in the low one, or [`WIDE`].
    units: Vec<u8>,
    wide: Vec<Step>,
    start: Position,
    /// Behind the start.
    checkpoints: Vec<Checkpoint>,
    end: Position,
}

impl OffsetMap {
    /// A map whose original begins at `original`.
    pub(super) fn starting_at(original: usize) -> Self {
        let start = Position { made: 0, original };
        Self { start, end: start, ..Self::default() }
    }

    /// Adds bytes that map one to one, `len` of them from original offset `at` on.
    pub(super) fn push_bytes(&mut self, at: usize, len: usize) {
        self.skip_to(at);
        match self.last_wide() {
            Some(last) if (last.made, last.original) == (1, 1) => {
                last.count += len as u32;
                self.end = self.end.after(Step { made: 1, original: 1, count: 0 }, len);
            }
            _ => self.add(Step { made: 1, original: 1, count: len as u32 }, None),
        }
    }

    /// Adds a unit of `made` bytes that came from `original`. One of no bytes is left out.
    #[inline]
    pub(super) fn push_unit(&mut self, original: Range<usize>, made: usize) {
        if made == 0 {
            return self.skip_to(original.end);
        }
        self.skip_to(original.start);
        self.push(Step { made: made as u32, original: original.len() as u64, count: 1 });
    }

    /// Adds units one after the other from original offset `at` on, each of [`lengths`]: `made` bytes that came from
    /// `original` bytes in all.
    pub(super) fn push_short(&mut self, at: usize, units: &[u8], made: usize, original: usize) {
        self.skip_to(at);
        self.keep_checkpoint();
        self.units.extend_from_slice(units);
        self.end = Position { made: self.end.made + made, original: self.end.original + original };
    }

    /// The unit that holds byte `offset` of what was made; past the end, an empty one there.
    pub(super) fn unit_at(&self, offset: usize) -> Unit {
        for (position, step) in self.steps_from(self.checkpoint_before(|position| position.made <= offset)) {
            if offset < position.after(step, step.count as usize).made {
                let start = position.after(step, (offset - position.made) / step.made as usize);
                let end = start.after(step, 1);
                return Unit { made: start.made..end.made, original: start.original..end.original };
            }
        }
        Unit { made: self.end.made..self.end.made, original: self.end.original..self.end.original }
    }

    /// Where the first unit starts, in what was made, that came from something at `original` or behind.
    pub(super) fn made_from(&self, original: usize) -> usize {
        for (position, step) in self.steps_from(self.checkpoint_before(|position| position.original <= original)) {
            if original < position.after(step, step.count as usize).original {
                let passed = original.saturating_sub(position.original) / step.original as usize;
                return position.after(step, passed).made;
            }
        }
        self.end.made
    }

    /// Where the next byte of the original is that nothing was made from yet.
    pub(super) const fn end(&self) -> usize {
        self.end.original
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
        let near = self.checkpoint_before(|position| position.made <= at);
        let Checkpoint { mut unit, mut wide, .. } = near;
        let (mut start, mut passed) = (self.end, 0);
        for (position, step) in self.steps_from(near) {
            // What was left out right there goes as well.
            if position.after(step, step.count as usize).made > at {
                passed = (at - position.made) / step.made as usize;
                start = position.after(step, passed);
                break;
            }
            (unit, wide) = (unit + 1, wide + usize::from(self.units[unit] == WIDE));
        }
        if self.units.get(unit) == Some(&WIDE) {
            self.wide[wide].count -= passed as u32;
        }
        self.units.drain(..unit);
        self.wide.drain(..wide);
        self.checkpoints.retain_mut(|checkpoint| {
            let stays = checkpoint.unit > unit;
            checkpoint.unit = checkpoint.unit.saturating_sub(unit);
            checkpoint.wide = checkpoint.wide.saturating_sub(wide);
            checkpoint.position.made = checkpoint.position.made.saturating_sub(start.made);
            stays
        });
        self.start = Position { made: 0, original: start.original };
        self.end.made -= start.made;
    }

    /// Gives back memory that is not needed now.
    pub(super) fn shrink(&mut self) {
        self.units.shrink_to_fit();
        self.wide.shrink_to_fit();
        self.checkpoints.shrink_to_fit();
    }

    /// Takes back what was made from offset `at` on, the start of a unit, and came from `original` and behind.
    pub(super) fn truncate(&mut self, at: usize, original: usize) {
        while self.end.made > at
            && let Some(step) = self.pop()
        {
            let excess = if step.made == 0 { 1 } else { (self.end.made - at) / step.made as usize };
            let taken = excess.clamp(1, step.count as usize);
            self.end = self.end.before(step, step.count as usize);
            self.push(Step { count: step.count - taken as u32, ..step });
        }
        // What was left out there is not known to be any more.
        if let Some(step) = self.last().filter(|step| step.made == 0)
            && self.end.original > original
        {
            self.pop();
            self.end = self.end.before(step, 1);
            self.skip_to(original);
        }
    }

    /// The last checkpoint that `is_before` what is looked for.
    fn checkpoint_before(&self, is_before: impl Fn(&Position) -> bool) -> Checkpoint {
        let before = self.checkpoints.partition_point(|checkpoint| is_before(&checkpoint.position));
        let first = Checkpoint { unit: 0, wide: 0, position: self.start };
        before.checked_sub(1).map_or(first, |last| self.checkpoints[last])
    }

    /// The steps from a checkpoint on, and where each begins.
    fn steps_from(&self, checkpoint: Checkpoint) -> impl Iterator<Item = (Position, Step)> {
        let Checkpoint { unit, mut wide, mut position } = checkpoint;
        self.units[unit..].iter().map(move |code| {
            let step = if *code == WIDE { self.wide[wide] } else { Step::narrow(*code) };
            wide += usize::from(*code == WIDE);
            let start = position;
            position = position.after(step, step.count as usize);
            (start, step)
        })
    }

    fn last(&self) -> Option<Step> {
        let code = *self.units.last()?;
        if code == WIDE { self.wide.last().copied() } else { Some(Step::narrow(code)) }
    }

    fn last_wide(&mut self) -> Option<&mut Step> {
        let is_wide = self.units.last() == Some(&WIDE);
        self.wide.last_mut().filter(|_| is_wide)
    }

    /// Takes the last step away, leaving the end where it is.
    fn pop(&mut self) -> Option<Step> {
        let last = self.last()?;
        if self.units.pop() == Some(WIDE) {
            self.wide.pop();
        }
        while self.checkpoints.last().is_some_and(|last| last.unit >= self.units.len()) {
            self.checkpoints.pop();
        }
        Some(last)
    }

    /// Original bytes between the end of the last step and `at` are left out.
    #[inline]
    fn skip_to(&mut self, at: usize) {
        if at > self.end.original {
            self.leave_out(at - self.end.original);
        }
    }

    fn leave_out(&mut self, len: usize) {
        // However much it is, and however it came, it is one step.
        let before = self.last().filter(|step| step.made == 0);
        if let Some(step) = before {
            self.pop();
            self.end = self.end.before(step, 1);
        }
        let original = len as u64 + before.map_or(0, |step| step.original);
        self.push(Step { made: 0, original, count: 1 });
    }

    #[inline]
    fn push(&mut self, step: Step) {
        self.add(step, step.code());
    }

    /// Makes the end a checkpoint if the last one is far.
    #[inline]
    fn keep_checkpoint(&mut self) {
        if self.units.len() >= self.checkpoints.last().map_or(0, |last| last.unit) + CHECKPOINT_EVERY {
            self.checkpoints.push(Checkpoint { unit: self.units.len(), wide: self.wide.len(), position: self.end });
        }
    }

    #[inline]
    fn add(&mut self, step: Step, code: Option<u8>) {
        if step.count == 0 {
            return;
        }
        self.keep_checkpoint();
        if code.is_none() {
            self.wide.push(step);
        }
        self.units.push(code.unwrap_or(WIDE));
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
                prop_assert_eq!(map.made_from(unit.original.start), unit.made.start);
                prop_assert_eq!(map.made_from(unit.original.end - 1), unit.made.start);
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
        assert_eq!((map.units.len(), map.wide.len()), (1, 1));
        assert_eq!(map.unit_at(99_999), Unit { made: 99_999..100_000, original: 99_999..100_000 });
    }
}
