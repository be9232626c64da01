//! One scan of a JPEG: which coefficients of which blocks its bits are.
//!
//! Source: ITU-T T.81, §A.2 (order of blocks), §B.2.3 (scan header), §E.2.4 (restarts).

use super::blocks::{
    difference, energy, energy_of_block, pass_over, place, read_first_bits, read_higher, read_next_bit,
};
use super::coefficients::{BLOCK, Coefficients, Component, Extent, broken};
use super::entropy::{Bits, Codes};
use super::markers::{Segment, Tables};
use crate::content::Deadline;
use crate::media::decode::DecodeError;

/// Stands for a coefficient of which only is known that it is not zero; the next bit does not make it zero either.
const KNOWN: i16 = 2;

/// What a scan header says.
pub(super) struct ScanHeader {
    /// The place of each component, with the numbers of its tables.
    pub(super) parts: Vec<(usize, u8)>,
    pub(super) first: usize,
    pub(super) last: usize,
    /// The bit before which the scan goes on, 0 for the first of a coefficient; and the lowest that it brings.
    pub(super) high: u8,
    pub(super) low: u8,
}

impl ScanHeader {
    pub(super) fn of(segment: &Segment<'_>, file: &Coefficients<'_>) -> Option<Self> {
        let (&count, rest) = segment.content.split_first()?;
        let (chosen, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let &[first, last, bits, ..] = rest else { return None };
        let mut parts: Vec<(usize, u8)> = Vec::new();
        for [id, tables] in chosen.as_chunks::<2>().0 {
            // Of components with the same name, each is meant once.
            let is_meant =
                |place: &usize| file.components[*place].id == *id && parts.iter().all(|(other, _)| other != place);
            let place = (0..file.components.len()).find(is_meant)?;
            parts.push((place, *tables));
        }
        if parts.is_empty() {
            return None;
        }
        if !file.is_progressive {
            return Some(Self { parts, first: 0, last: 63, high: 0, low: 0 });
        }
        let (first, last, high, low) = (usize::from(first), usize::from(last), bits >> 4, bits & 15);
        let makes_sense = if first == 0 { last == 0 } else { (first..64).contains(&last) && parts.len() == 1 };
        let is_next_bit = high == 0 || low + 1 == high;
        (makes_sense && is_next_bit && low <= 13).then_some(Self { parts, first, last, high, low })
    }
}

/// A component in a scan.
struct Part<'t> {
    component: usize,
    /// Codes of first and of other coefficients, as far as the scan has any.
    codes: Option<&'t Codes>,
    higher: Option<&'t Codes>,
    /// The coefficient before, from which the next one differs.
    before: i32,
}

/// What a scan brings of each block.
#[derive(Clone, Copy)]
enum Content {
    Sequential,
    First,
    FirstRefined,
    Higher,
    HigherRefined,
    /// Nothing but how much is in it.
    Energies,
}

/// One scan on its way into the coefficients.
pub(super) struct Scan<'s, 'a, 't> {
    file: &'s mut [Component],
    units: (usize, usize),
    depth: usize,
    parts: Vec<Part<'t>>,
    pub(super) bits: Bits<'a>,
    content: Content,
    range: std::ops::RangeInclusive<usize>,
    low: u8,
    /// Blocks that have nothing more to come.
    run: u32,
    most: usize,
}

impl<'s, 'a, 't> Scan<'s, 'a, 't> {
    pub(super) fn new(
        file: &'s mut Coefficients<'_>,
        header: &ScanHeader,
        tables: &'t Tables,
        bits: Bits<'a>,
    ) -> Result<Self, DecodeError> {
        let content = match (file.is_progressive, header.first, header.high) {
            (false, ..) => Content::Sequential,
            (_, 0, 0) => Content::First,
            (_, 0, _) => Content::FirstRefined,
            (_, _, 0) => Content::Higher,
            _ => Content::HigherRefined,
        };
        let (needs_first, needs_higher) = match content {
            Content::Sequential => (true, true),
            Content::First => (true, false),
            Content::FirstRefined => (false, false),
            Content::Higher | Content::HigherRefined | Content::Energies => (false, true),
        };
        let parts = header.parts.iter().map(|(component, numbers)| {
            let codes = tables.first.get(usize::from(numbers >> 4)).and_then(Option::as_ref);
            let higher = tables.higher.get(usize::from(numbers & 15)).and_then(Option::as_ref);
            let is_whole = (codes.is_some() || !needs_first) && (higher.is_some() || !needs_higher);
            is_whole.then_some(Part { component: *component, codes, higher, before: 0 })
        });
        let parts = parts.collect::<Option<_>>().ok_or_else(|| broken("a table of codes is missing"))?;
        let (range, low) = (header.first..=header.last, header.low);
        let (depth, units, most) = (file.depth.coefficients(), file.units, file.most.1);
        Ok(Self { file: &mut file.components, units, depth, parts, bits, content, range, low, run: 0, most })
    }

    /// The same scan, of which nothing is kept but how much is in it.
    pub(super) fn adding_energies(self) -> Self {
        Self { content: Content::Energies, ..self }
    }

    /// Reads it to its end. Looks at `deadline` for every row of units.
    pub(super) fn read(&mut self, restart_interval: usize, deadline: &Deadline) -> Result<Extent, DecodeError> {
        // Alone in a scan, a component has no blocks that only fill a unit.
        let alone = if self.parts.len() == 1 { Some(self.parts[0].component) } else { None };
        let (across, down) = alone.map_or(self.units, |component| self.file[component].blocks);
        let height = alone.map_or(self.most, |component| self.most / self.file[component].sampling.1.max(1)) * BLOCK;
        let mut extent = Extent { across, units: across * down, missing: 0, reached: 0, height };
        for unit in 0..across * down {
            if restart_interval > 0 && unit > 0 && unit.is_multiple_of(restart_interval) {
                self.bits.restart();
                self.run = 0;
                self.parts.iter_mut().for_each(|part| part.before = 0);
            }
            let (x, y) = (unit % across, unit / across);
            if x == 0 && deadline.has_passed() {
                return Err(DecodeError::Deadline);
            }
            if !self.bits.is_short {
                self.read_unit(x, y, alone.is_some());
            }
            if self.bits.is_short {
                extent.missing += 1;
                if self.bits.is_at_end && restart_interval == 0 {
                    // Nothing more will come.
                    extent.missing += across * down - unit - 1;
                    break;
                }
            } else {
                extent.reached = unit + 1;
            }
        }
        Ok(extent)
    }

    fn read_unit(&mut self, x: usize, y: usize, is_alone: bool) {
        for part in 0..self.parts.len() {
            let component = &self.file[self.parts[part].component];
            let (columns, rows) = if is_alone { (1, 1) } else { component.sampling };
            let stride = component.stride;
            for row in 0..rows {
                for column in 0..columns {
                    self.read_block(part, (y * rows + row) * stride + x * columns + column);
                }
            }
        }
    }

    #[inline]
    fn read_block(&mut self, part: usize, number: usize) {
        let Part { component, codes, higher, before } = &mut self.parts[part];
        let start = number * self.depth;
        let component = &mut self.file[*component];
        let bits = &mut self.bits;
        if let (Content::Higher | Content::HigherRefined, Some(telling)) =
            (self.content, component.telling.get_mut(number))
        {
            let mut block = [0; 64];
            let places = self.range.clone().map(place);
            places.clone().filter(|place| *telling >> place & 1 == 1).for_each(|place| block[place] = KNOWN);
            match (self.content, *higher) {
                (Content::Higher, Some(codes)) => {
                    read_first_bits(bits, codes, &mut block, self.range.clone(), 0, &mut self.run);
                }
                (_, Some(codes)) => read_next_bit(bits, codes, &mut block, self.range.clone(), 0, &mut self.run),
                _ => {}
            }
            *telling |= places.filter(|place| block[*place] != 0).fold(0, |bits, place| bits | 1 << place);
            if let (Content::Higher, Some(sum), Some(steps)) =
                (self.content, component.energies.of(number), &component.steps)
            {
                let value =
                    |number: usize| (i32::from(block[place(number)]) << self.low) as f32 * f32::from(steps[number]);
                *sum += self.range.clone().map(|number| value(number).powi(2)).sum::<f32>();
            }
            return;
        }
        let block = &mut component.coefficients[start..start + self.depth];
        match (self.content, *codes, *higher) {
            (Content::Sequential, Some(codes), Some(higher)) => {
                *before = before.wrapping_add(difference(bits, codes));
                block[0] = *before as i16;
                match (component.energies.of(number), &component.steps) {
                    (Some(sum), Some(steps)) => *sum += energy_of_block(bits, higher, steps),
                    _ => read_higher(bits, higher, block),
                }
            }
            (Content::Energies, _, Some(codes)) => match (component.energies.of(number), &component.steps) {
                (Some(sum), Some(steps)) => {
                    *sum += energy(bits, codes, self.range.clone(), self.low, steps, &mut self.run);
                }
                _ => pass_over(bits, codes, self.range.clone(), &mut self.run),
            },
            (Content::First, Some(codes), _) => {
                *before = before.wrapping_add(difference(bits, codes));
                block[0] = (*before << self.low) as i16;
            }
            (Content::FirstRefined, ..) => {
                let bit = bits.take(1) as i16;
                block[0] |= bit << self.low;
            }
            (Content::Higher, _, Some(codes)) => {
                read_first_bits(bits, codes, block, self.range.clone(), self.low, &mut self.run);
            }
            (Content::HigherRefined, _, Some(codes)) => {
                read_next_bit(bits, codes, block, self.range.clone(), self.low, &mut self.run);
            }
            _ => {}
        }
    }
}
