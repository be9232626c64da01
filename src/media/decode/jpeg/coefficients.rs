//! The coefficients of a JPEG: all of them, or the first of each block of 8×8 samples, which says what its mean is.
//!
//! Of a large picture PDQ keeps 64×64 means over larger squares than that, so it needs nothing else: two hundred megapixels
//! take ten megabytes then, in place of two bytes for every sample. Of a progressive file the scans of other coefficients
//! are passed over, where they end is cheap to see; of any other file every code has to be read.
//!
//! Whatever is damaged reads as libjpeg reads it (`jdhuff.c`, `jdphuff.c`), for that is what viewers show: a block for which
//! there are no data is grey. Source: ITU-T T.81, §A.2 (order of blocks), §F.2 (sequential), §G.2 (progressive).

use super::blocks::{difference, read_first_bits, read_higher, read_next_bit};
use super::entropy::{Bits, Codes};
use super::markers::{FrameHeader, Notes, Segment, Tables, end_of_scan, marker};
use crate::content::Deadline;
use crate::media::decode::DecodeError;
use crate::media::scratch::COEFFICIENTS;

/// Samples along a side of a block.
pub(super) const BLOCK: usize = 8;

/// What is kept of each block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// The first coefficient.
    Means,
    /// All of them.
    All,
}

impl Depth {
    const fn coefficients(self) -> usize {
        match self {
            Self::Means => 1,
            Self::All => BLOCK * BLOCK,
        }
    }
}

/// One kind of samples.
pub(super) struct Component {
    id: u8,
    /// Blocks in a unit of an interleaved scan, across and down.
    pub(super) sampling: (usize, usize),
    table: usize,
    /// Steps of quantisation, of a block, from its first scan on.
    pub(super) steps: Option<[u16; 64]>,
    /// Blocks that hold samples of the picture, across and down.
    blocks: (usize, usize),
    /// Blocks in a row, with those that only fill the last unit.
    pub(super) stride: usize,
    pub(super) coefficients: Vec<i16>,
    /// By frequency: the lowest bit that has come, plus one; 0 for none.
    known: [u8; 64],
}

/// How much there was of the scan that brings the first coefficients of the first component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Units of the scan, in a row and in all.
    pub(super) across: usize,
    pub(super) units: usize,
    /// Units for which there were no data, or not all.
    pub(super) missing: usize,
    /// Units up to the last one that was there.
    pub(super) reached: usize,
    /// Rows of samples in a unit.
    pub(super) height: usize,
}

/// A file as far as its coefficients.
pub(super) struct Coefficients<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Blocks in a unit along both sides, at most.
    pub(super) most: (usize, usize),
    /// Units of an interleaved scan, along both sides.
    units: (usize, usize),
    pub(super) components: Vec<Component>,
    pub(super) notes: Notes<'a>,
    pub(super) depth: Depth,
    /// `None` when no scan brings the first coefficients of the first component.
    pub(super) extent: Option<Extent>,
    /// Whether the file, or the last scan in it, breaks off before all is there.
    pub(super) is_cut_off: bool,
    is_progressive: bool,
}

fn broken(what: &str) -> DecodeError {
    DecodeError::Broken(what.into())
}

impl<'a> Coefficients<'a> {
    /// Reads `jpeg` up to the end of its picture. `height` is that of the picture where the frame header says none.
    ///
    /// # Errors
    /// It has no frame or no scan, tables are missing or no tables; [`DecodeError::Deadline`], which is looked at for every
    /// row of blocks.
    pub(super) fn read(jpeg: &'a [u8], height: u16, depth: Depth, deadline: &Deadline) -> Result<Self, DecodeError> {
        let (mut tables, mut notes, mut header) = (Tables::default(), Notes::default(), None);
        let mut at = 2;
        while header.is_none() {
            let segment = Segment::next(jpeg, at).ok_or_else(|| broken("no frame header"))?;
            match segment.marker {
                marker::EOI | marker::SOS => return Err(broken("no frame header")),
                marker if FrameHeader::is_frame(marker) => {
                    header = Some(FrameHeader::of(&segment).ok_or_else(|| broken("the frame header is cut off"))?);
                }
                _ => tables.read(&segment)?,
            }
            notes.read(&segment);
            at = segment.end;
        }
        let header = header.ok_or_else(|| broken("no frame header"))?;
        let mut coefficients = Self::of_frame(FrameHeader { height, ..header }, notes, depth)?;
        coefficients.read_scans(jpeg, at, &mut tables, deadline)?;
        Ok(coefficients)
    }

    fn of_frame(header: FrameHeader, notes: Notes<'a>, depth: Depth) -> Result<Self, DecodeError> {
        let (width, height) = (usize::from(header.width), usize::from(header.height));
        let sampling = |factors: u8| (usize::from(factors >> 4), usize::from(factors & 15));
        let factors: Vec<(usize, usize)> = header.components.iter().map(|[_, factors, _]| sampling(*factors)).collect();
        if factors.iter().any(|(across, down)| !(1..=4).contains(across) || !(1..=4).contains(down)) {
            return Err(broken("factors of sampling that there are not"));
        }
        let most = factors.iter().fold((1, 1), |most, own| (most.0.max(own.0), most.1.max(own.1)));
        let units = (width.div_ceil(BLOCK * most.0), height.div_ceil(BLOCK * most.1));
        let along = |side: usize, own: usize, most: usize| (side * own).div_ceil(most * BLOCK);
        let components = header.components.iter().zip(factors).map(|([id, _, table], sampling)| {
            let (stride, rows) = (units.0 * sampling.0, units.1 * sampling.1);
            Component {
                id: *id,
                sampling,
                table: usize::from(*table),
                steps: None,
                blocks: (along(width, sampling.0, most.0), along(height, sampling.1, most.1)),
                stride,
                coefficients: COEFFICIENTS.with(|kept| kept.take(stride * rows * depth.coefficients())),
                known: [0; 64],
            }
        });
        let components = components.collect();
        let is_progressive = header.is_progressive();
        let (extent, is_cut_off) = (None, false);
        Ok(Self { width, height, most, units, components, notes, depth, extent, is_cut_off, is_progressive })
    }

    fn read_scans(
        &mut self,
        jpeg: &'a [u8],
        mut at: usize,
        tables: &mut Tables,
        deadline: &Deadline,
    ) -> Result<(), DecodeError> {
        let mut has_end = false;
        while let Some(segment) = Segment::next(jpeg, at) {
            at = segment.end;
            match segment.marker {
                marker::EOI => {
                    has_end = true;
                    break;
                }
                // The first frame is the picture.
                marker if FrameHeader::is_frame(marker) => break,
                marker::SOS => {
                    let (end, is_over) = self.read_scan(jpeg, &segment, tables, deadline)?;
                    if is_over {
                        return Ok(());
                    }
                    at = end;
                }
                _ if self.extent.is_none() => {
                    tables.read(&segment)?;
                    self.notes.read(&segment);
                }
                // What was shown until then stays.
                _ => {
                    if tables.read(&segment).is_err() {
                        break;
                    }
                }
            }
        }
        self.is_cut_off |= !has_end && !self.is_all_known();
        Ok(())
    }

    /// Whether every bit of every coefficient has come, so that nothing is missing but the marker at the end.
    fn is_all_known(&self) -> bool {
        self.components.iter().all(|component| component.known.iter().all(|bits| *bits == 1))
    }

    /// Reads one scan. Says where it ends, and whether nothing that follows is part of the picture.
    fn read_scan(
        &mut self,
        jpeg: &'a [u8],
        segment: &Segment<'a>,
        tables: &Tables,
        deadline: &Deadline,
    ) -> Result<(usize, bool), DecodeError> {
        let header = ScanHeader::of(segment, self).ok_or_else(|| broken("a scan header that makes no sense"))?;
        let is_passed_over = self.depth == Depth::Means && self.is_progressive && header.first > 0;
        let is_last = !self.is_progressive && header.parts.len() == self.components.len();
        if is_passed_over {
            let (end, _) = end_of_scan(jpeg, segment.end);
            // What is there of it is not looked at, so only what comes after it says that it is whole.
            if end < jpeg.len() {
                self.note_known(&header);
            }
            return Ok((end, false));
        }
        for (component, _) in &header.parts {
            let component = &mut self.components[*component];
            component.steps = component.steps.or(tables.steps.get(component.table).copied().flatten());
        }
        let brings_means = header.first == 0 && header.high == 0 && header.parts.iter().any(|(part, _)| *part == 0);
        let mut scan = Scan::new(self, &header, tables, Bits::new(jpeg, segment.end))?;
        let extent = scan.read(tables.restart_interval, deadline)?;
        let (end, is_at_end) = (scan.bits.end(), scan.bits.is_at_end);
        if brings_means && self.extent.is_none() {
            self.extent = Some(extent);
        }
        let is_whole = extent.missing == 0;
        if is_whole || !is_at_end {
            self.note_known(&header);
        }
        self.is_cut_off |= is_at_end && !is_whole;
        Ok((end, is_last))
    }

    fn note_known(&mut self, header: &ScanHeader) {
        for (component, _) in &header.parts {
            self.components[*component].known[header.first..=header.last].fill(header.low + 1);
        }
    }
}

impl Drop for Coefficients<'_> {
    fn drop(&mut self) {
        if let Some(first) = self.components.first_mut() {
            COEFFICIENTS.with(|kept| kept.give_back(std::mem::take(&mut first.coefficients)));
        }
    }
}

/// What a scan header says.
struct ScanHeader {
    /// The place of each component, with the numbers of its tables.
    parts: Vec<(usize, u8)>,
    first: usize,
    last: usize,
    /// The bit before which the scan goes on, 0 for the first of a coefficient; and the lowest that it brings.
    high: u8,
    low: u8,
}

impl ScanHeader {
    fn of(segment: &Segment<'_>, file: &Coefficients<'_>) -> Option<Self> {
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
}

struct Scan<'s, 'a, 't> {
    file: &'s mut [Component],
    units: (usize, usize),
    depth: usize,
    parts: Vec<Part<'t>>,
    bits: Bits<'a>,
    content: Content,
    range: std::ops::RangeInclusive<usize>,
    low: u8,
    /// Blocks that have nothing more to come.
    run: u32,
    most: usize,
}

impl<'s, 'a, 't> Scan<'s, 'a, 't> {
    fn new(
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
            Content::Higher | Content::HigherRefined => (false, true),
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

    fn read(&mut self, restart_interval: usize, deadline: &Deadline) -> Result<Extent, DecodeError> {
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
        let block = &mut self.file[*component].coefficients[start..start + self.depth];
        let bits = &mut self.bits;
        match (self.content, *codes, *higher) {
            (Content::Sequential, Some(codes), Some(higher)) => {
                *before = before.wrapping_add(difference(bits, codes));
                block[0] = *before as i16;
                read_higher(bits, higher, block);
            }
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
