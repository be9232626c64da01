//! The coefficients of a JPEG: all of them, or the first of each block of 8×8 samples, which says what its mean is.
//!
//! Of a large picture PDQ keeps 64×64 means over larger squares than that, so it needs nothing else: two hundred
//! megapixels take ten megabytes then, in place of two bytes for every sample. Of a progressive file those scans are
//! passed over that make other coefficients more exact, as where they end is cheap to see; of any other file every code
//! has to be read, and of one without an end, to see whether it is cut off.
//!
//! Whatever is damaged reads as libjpeg reads it (`jdhuff.c`, `jdphuff.c`), for that is what viewers show: a block for
//! which there are no data is grey. Source: ITU-T T.81, §A.2 (order of blocks), §F.2 (sequential), §G.2 (progressive).

use super::entropy::Bits;
use super::markers::{FrameHeader, Notes, Segment, Tables, end_of_scan, marker};
use super::outline::Outline;
use super::saturation::Energies;
use super::scan::{Scan, ScanHeader};
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
    /// Coefficients of each block.
    pub(super) const fn coefficients(self) -> usize {
        match self {
            Self::Means => 1,
            Self::All => BLOCK * BLOCK,
        }
    }
}

/// One kind of samples.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks in a unit of an interleaved scan, across and down.
    pub(super) sampling: (usize, usize),
    table: usize,
    /// Steps of quantisation, of a block, from its first scan on.
    pub(super) steps: Option<[u16; 64]>,
    /// Blocks that hold samples of the picture, across and down.
    pub(super) blocks: (usize, usize),
    /// Blocks in a row, with those that only fill the last unit.
    pub(super) stride: usize,
    pub(super) coefficients: Vec<i16>,
    /// Where only first coefficients are kept, which others are not zero, a bit each, by block: as much as reading the
    /// next scan needs. Only where that has to be read at all.
    pub(super) telling: Vec<u64>,
    /// Where only first coefficients are kept, how much is in the others.
    pub(super) energies: Energies,
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
    pub(super) units: (usize, usize),
    pub(super) components: Vec<Component>,
    pub(super) notes: Notes<'a>,
    pub(super) depth: Depth,
    /// `None` when no scan brings the first coefficients of the first component.
    pub(super) extent: Option<Extent>,
    /// Whether the file, or the last scan in it, breaks off before all is there.
    pub(super) is_cut_off: bool,
    pub(super) is_progressive: bool,
    /// Whether restarts were not in their order.
    pub(super) is_out_of_step: bool,
    /// Whether the marker is there that ends the picture, and with it every scan.
    has_end: bool,
}

/// A file that is damaged, as `what` says.
pub(super) fn broken(what: &str) -> DecodeError {
    DecodeError::Broken(what.into())
}

impl<'a> Coefficients<'a> {
    /// Reads `jpeg`, whose `outline` this is, up to the end of its picture.
    ///
    /// # Errors
    /// It has no frame or no scan, tables are missing or no tables; [`DecodeError::Deadline`], which is looked at for
    /// every row of blocks.
    pub(super) fn read(
        jpeg: &'a [u8],
        outline: &Outline<'_>,
        depth: Depth,
        deadline: &Deadline,
    ) -> Result<Self, DecodeError> {
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
        let mut coefficients = Self::of_frame(FrameHeader { height: outline.height, ..header }, notes, depth)?;
        coefficients.has_end = outline.has_end;
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
                telling: Vec::new(),
                energies: if depth == Depth::Means { Energies::of_blocks(stride * rows) } else { Energies::default() },
                known: [0; 64],
            }
        });
        let components = components.collect();
        let is_progressive = header.is_progressive();
        let is_out_of_step = false;
        let (extent, is_cut_off, has_end) = (None, false, true);
        Ok(Self {
            width,
            height,
            most,
            units,
            components,
            notes,
            depth,
            extent,
            is_cut_off,
            is_progressive,
            is_out_of_step,
            has_end,
        })
    }

    fn read_scans(
        &mut self,
        jpeg: &'a [u8],
        mut at: usize,
        tables: &mut Tables,
        deadline: &Deadline,
    ) -> Result<(), DecodeError> {
        while let Some(segment) = Segment::next(jpeg, at) {
            at = segment.end;
            match segment.marker {
                // The first frame is the picture.
                marker if marker == marker::EOI || FrameHeader::is_frame(marker) => break,
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
        self.is_cut_off |= !self.has_end && !self.is_all_known();
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
        let is_of_others = self.depth == Depth::Means && self.is_progressive && header.first > 0;
        let is_last = !self.is_progressive && header.parts.len() == self.components.len();
        if is_of_others && self.has_end {
            self.note_known(&header);
            // Later scans of the same coefficients change them little.
            if header.high == 0 {
                Scan::new(self, &header, tables, Bits::new(jpeg, segment.end))?
                    .adding_energies()
                    .read(tables.restart_interval, deadline)?;
            }
            return Ok((end_of_scan(jpeg, segment.end).0, false));
        }
        if is_of_others {
            // Whether the last scan is whole, only reading it says, and those before it on which it depends.
            for (component, _) in &header.parts {
                let Component { coefficients, telling, .. } = &mut self.components[*component];
                telling.resize(coefficients.len(), 0);
            }
        }
        for (component, _) in &header.parts {
            let component = &mut self.components[*component];
            component.steps = component.steps.or(tables.steps.get(component.table).copied().flatten());
        }
        let brings_means = header.first == 0 && header.high == 0 && header.parts.iter().any(|(part, _)| *part == 0);
        let mut scan = Scan::new(self, &header, tables, Bits::new(jpeg, segment.end))?;
        let extent = scan.read(tables.restart_interval, deadline)?;
        let (end, is_at_end) = (scan.bits.end(), scan.bits.is_at_end);
        let is_out_of_step = scan.bits.is_out_of_step;
        self.is_out_of_step |= is_out_of_step;
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
