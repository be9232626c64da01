//! The luma plane of a progressive JPEG at an eighth of its size, without decoding the rest of it.
//!
//! A progressive file sends the mean of every block of 8×8 samples first, in scans of their own; where the others end is
//! cheap to see. Of a large picture PDQ keeps 64×64 means over larger squares than that, so it needs nothing else: twelve
//! megapixels take some milliseconds and 0.2 MB, in place of 60 ms and two bytes a pixel for coefficients.
//!
//! Whatever is unusual is left to the full decoder by giving `None`, and so is what takes too long. Source: ITU-T T.81,
//! §F.2.2.1 (decoding the first coefficient), §G.1.2.1 (its scans), Annex C and §F.2.2.3 (Huffman codes), §A.2 (order of
//! blocks).

use super::super::luma_scans::{Segment, end_of_scan};
use crate::content::Deadline;
use crate::media::scratch::{COEFFICIENTS, PIXELS};

/// Pixels along a side of a block.
pub(super) const SIDE: u32 = 8;

const BLOCK: usize = SIDE as usize;

/// The shorter side of a plane that is hashed in place of the full one. Of 18 photographs, hashes were in the mean 2.8 bits
/// from those of the reference at 960 pixels, and 8 at most; 0.6 and 2 from 2,000 pixels on; 5.1 and 8 at 520.
const LEAST_SIDE: usize = 120;

/// A luma plane, row by row.
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) luma: Vec<u8>,
}

/// The plane of `jpeg`, a byte for every 8×8 pixels, also for those that the edges cut; `None` when it is not progressive,
/// too small for this, when anything about its first coefficients is not as encoders write it, or past the deadline, which
/// is looked at for every row of blocks.
pub(super) fn eighth(jpeg: &[u8], deadline: &Deadline) -> Option<Plane> {
    let mut decoder = Decoder::default();
    let mut at = 2;
    while let Some(segment) = Segment::at(jpeg, at) {
        at = segment.end;
        match segment.marker {
            0xc2 => decoder.read_frame(segment.content)?,
            0xc4 => decoder.read_codes(segment.content)?,
            0xdb => decoder.read_steps(segment.content)?,
            0xdd => decoder.restart_interval = usize::from(u16::from_be_bytes(*segment.content.first_chunk()?)),
            0xda => {
                // Where a scan of any other file ends is not worth the walk.
                decoder.frame.as_ref()?;
                let end = end_of_scan(jpeg, segment.end);
                decoder.read_scan(segment.content, &jpeg[segment.end..end], deadline)?;
                at = end;
            }
            _ => {}
        }
    }
    decoder.plane()
}

#[derive(Default)]
struct Decoder {
    frame: Option<Frame>,
    /// Huffman codes of first coefficients by the number of their table.
    codes: [Option<Codes>; 4],
    /// Quantisation steps of first coefficients, likewise.
    steps: [Option<u16>; 4],
    restart_interval: usize,
    /// How many bits of the luma's coefficients are still to come.
    missing_bits: Option<u8>,
}

struct Frame {
    width: usize,
    height: usize,
    components: Vec<Component>,
    /// Units of the interleaved scans, along both sides.
    units: (usize, usize),
}

struct Component {
    id: u8,
    /// Blocks in a unit, along both sides.
    sampling: (usize, usize),
    step_table: u8,
    /// Blocks in a row, with those that only fill the last unit.
    stride: usize,
    /// First coefficients, of the luma only.
    coefficients: Vec<i16>,
}

impl Decoder {
    fn read_frame(&mut self, content: &[u8]) -> Option<()> {
        let &[8, h1, h0, w1, w0, count, ref rest @ ..] = content else {
            return None;
        };
        let [height, width] = [[h1, h0], [w1, w0]].map(|side| usize::from(u16::from_be_bytes(side)));
        if self.frame.is_some() || width.min(height) / BLOCK < LEAST_SIDE || !matches!(count, 1 | 3) {
            return None;
        }
        let described = rest.as_chunks::<3>().0.get(..usize::from(count))?;
        let sampling = |factors: u8| (usize::from(factors >> 4), usize::from(factors & 15));
        let [first, ..] = described else {
            return None;
        };
        // Of one component alone, a unit is a block whatever the factors say.
        let most = if count == 1 { (1, 1) } else { sampling(first[1]) };
        let is_usual = |(across, down): (usize, usize)| {
            (1..=4).contains(&across) && (1..=4).contains(&down) && across <= most.0 && down <= most.1
        };
        let units = (width.div_ceil(BLOCK * most.0), height.div_ceil(BLOCK * most.1));
        let components: Option<Vec<Component>> = described
            .iter()
            .map(|[id, factors, step_table]| {
                let sampling = if count == 1 { (1, 1) } else { sampling(*factors) };
                let stride = units.0 * sampling.0;
                let component =
                    Component { id: *id, sampling, step_table: *step_table, stride, coefficients: Vec::new() };
                is_usual(sampling).then_some(component)
            })
            .collect();
        let mut components = components?;
        let luma = components.first_mut()?;
        luma.coefficients = COEFFICIENTS.with(|kept| kept.take(luma.stride * units.1 * luma.sampling.1));
        self.frame = Some(Frame { width, height, components, units });
        Some(())
    }

    fn read_codes(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = content.split_first() {
            let lengths: &[u8; 16] = rest.first_chunk()?;
            let count: usize = lengths.iter().map(|count| usize::from(*count)).sum();
            let values = rest.get(16..16 + count)?;
            if head >> 4 == 0 {
                *self.codes.get_mut(usize::from(head & 15))? = Some(Codes::new(lengths, values)?);
            }
            content = &rest[16 + count..];
        }
        Some(())
    }

    fn read_steps(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = content.split_first() {
            let (step, size) = match head >> 4 {
                0 => (u16::from(*rest.first()?), 64),
                _ => (u16::from_be_bytes(*rest.first_chunk()?), 128),
            };
            *self.steps.get_mut(usize::from(head & 15))? = Some(step);
            content = rest.get(size..)?;
        }
        Some(())
    }

    /// Reads a scan with the luma's first coefficients, and passes over any other.
    fn read_scan(&mut self, header: &[u8], data: &[u8], deadline: &Deadline) -> Option<()> {
        let (&count, rest) = header.split_first()?;
        let (chosen, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let &[first, last, bits, ..] = rest else {
            return None;
        };
        let chosen = chosen.as_chunks::<2>().0;
        let frame = self.frame.as_mut()?;
        let luma = frame.components.first()?.id;
        if first > 0 || !chosen.iter().any(|[id, _]| *id == luma) {
            return Some(());
        }
        let (high, low) = (bits >> 4, bits & 15);
        let is_expected = match self.missing_bits {
            None => high == 0 && low <= 13,
            Some(missing) => high == missing && low + 1 == missing,
        };
        if last > 0 || !is_expected {
            return None;
        }
        self.missing_bits = Some(low);
        let mut parts = Vec::with_capacity(chosen.len());
        for [id, tables] in chosen {
            let component = frame.components.iter().position(|component| component.id == *id)?;
            let codes = self.codes.get(usize::from(tables >> 4))?.as_ref();
            let codes = if high == 0 { Some(codes?) } else { None };
            parts.push(Part { component, codes, before: 0 });
        }
        Scan { frame, parts, bits: Bits::new(data), low }.read(self.restart_interval, deadline)
    }

    fn plane(self) -> Option<Plane> {
        let frame = self.frame?;
        let luma = frame.components.into_iter().next()?;
        self.missing_bits?;
        let step = self.steps.get(usize::from(luma.step_table)).copied()??;
        let (width, height) = (frame.width.div_ceil(BLOCK), frame.height.div_ceil(BLOCK));
        let rows = luma.coefficients.chunks_exact(luma.stride).take(height);
        let mean =
            |coefficient: &i16| (128 + ((i32::from(*coefficient) * i32::from(step) + 4) >> 3)).clamp(0, 255) as u8;
        let mut plane = PIXELS.with(|kept| kept.take(0));
        plane.extend(rows.flat_map(|row| row[..width].iter().map(mean)));
        COEFFICIENTS.with(|kept| kept.give_back(luma.coefficients));
        Some(Plane { width, height, luma: plane })
    }
}

/// A component in a scan.
struct Part<'a> {
    component: usize,
    /// None when a scan adds a bit to what is known.
    codes: Option<&'a Codes>,
    /// The coefficient before, which the next one is told from.
    before: i32,
}

struct Scan<'a> {
    frame: &'a mut Frame,
    parts: Vec<Part<'a>>,
    bits: Bits<'a>,
    /// Bits of the coefficients that are still to come.
    low: u8,
}

impl Scan<'_> {
    fn read(mut self, restart_interval: usize, deadline: &Deadline) -> Option<()> {
        // Alone in a scan, a component has no blocks that only fill a unit.
        let is_alone = self.parts.len() == 1;
        let (across, down) = if is_alone { self.frame.blocks_of(self.parts[0].component) } else { self.frame.units };
        for unit in 0..across * down {
            if restart_interval > 0 && unit > 0 && unit.is_multiple_of(restart_interval) {
                self.bits.restart()?;
                self.parts.iter_mut().for_each(|part| part.before = 0);
            }
            let (x, y) = (unit % across, unit / across);
            if x == 0 && deadline.has_passed() {
                return None;
            }
            for part in 0..self.parts.len() {
                let (columns, rows) =
                    if is_alone { (1, 1) } else { self.frame.components[self.parts[part].component].sampling };
                for row in 0..rows {
                    for column in 0..columns {
                        self.read_block(part, x * columns + column, y * rows + row)?;
                    }
                }
            }
        }
        Some(())
    }

    fn read_block(&mut self, part: usize, x: usize, y: usize) -> Option<()> {
        let Part { component, codes, before } = &mut self.parts[part];
        let component = &mut self.frame.components[*component];
        // Only the luma has a place for it.
        let place = component.coefficients.get_mut(y * component.stride + x);
        if let Some(codes) = codes {
            let size = codes.read(&mut self.bits)?;
            *before += self.bits.signed(size)?;
            if let Some(place) = place {
                *place = i16::try_from(*before << self.low).ok()?;
            }
        } else {
            let bit = self.bits.take(1)? as i16;
            if let Some(place) = place {
                *place |= bit << self.low;
            }
        }
        Some(())
    }
}

impl Frame {
    /// Blocks of a component that hold samples, along both sides.
    fn blocks_of(&self, component: usize) -> (usize, usize) {
        let (own, most) = (self.components[component].sampling, self.components[0].sampling);
        let along = |side: usize, own: usize, most: usize| (side * own).div_ceil(most).div_ceil(BLOCK);
        (along(self.width, own.0, most.0), along(self.height, own.1, most.1))
    }
}

/// Canonical Huffman codes.
struct Codes {
    /// By length: the first code behind those of this length, its bits shifted to the top of sixteen.
    ends: [u32; 17],
    /// By length: what leads from a code to its value.
    offsets: [i32; 17],
    values: Vec<u8>,
}

impl Codes {
    fn new(lengths: &[u8; 16], values: &[u8]) -> Option<Self> {
        let (mut ends, mut offsets) = ([0; 17], [0; 17]);
        let (mut code, mut index) = (0_u32, 0_i32);
        for (length, count) in (1..=16).zip(lengths) {
            offsets[length] = index - code as i32;
            code += u32::from(*count);
            index += i32::from(*count);
            if code > 1 << length {
                return None;
            }
            ends[length] = code << (16 - length);
            code <<= 1;
        }
        Some(Self { ends, offsets, values: values.to_vec() })
    }

    /// The next value: how many bits the difference has that follows.
    fn read(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let next = bits.peek_16();
        let length = (1..=16).find(|length| next < self.ends[*length])?;
        let index = (next >> (16 - length)) as i32 + self.offsets[length];
        bits.skip(length as u32)?;
        self.values.get(usize::try_from(index).ok()?).copied().filter(|size| *size <= 15)
    }
}

/// The bits of a scan's data, without stuffed bytes.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// Bits that are read ahead, the next one at the top.
    ahead: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, ahead: 0, count: 0 }
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match self.data.get(self.at..) {
                Some([0xff, 0, ..]) => {
                    self.at += 2;
                    0xff
                }
                Some([byte, ..]) if *byte != 0xff => {
                    self.at += 1;
                    *byte
                }
                _ => return,
            };
            self.ahead |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next sixteen bits, with zeros behind the end.
    fn peek_16(&mut self) -> u32 {
        if self.count < 16 {
            self.fill();
        }
        (self.ahead >> 48) as u32
    }

    fn skip(&mut self, count: u32) -> Option<()> {
        self.count = self.count.checked_sub(count)?;
        self.ahead <<= count;
        Some(())
    }

    /// The next `count` bits, at most 15, as a number.
    fn take(&mut self, count: u8) -> Option<u32> {
        if count == 0 {
            return Some(0);
        }
        let number = self.peek_16() >> (16 - count);
        self.skip(u32::from(count))?;
        Some(number)
    }

    /// A difference of `size` bits: one that starts with 0 is below zero.
    fn signed(&mut self, size: u8) -> Option<i32> {
        let number = self.take(size)? as i32;
        let is_below = size > 0 && number < 1 << (size - 1);
        Some(if is_below { number - (1 << size) + 1 } else { number })
    }

    /// Goes on behind the restart marker, which must be next.
    fn restart(&mut self) -> Option<()> {
        // What is read ahead are whole bytes that belong before the marker, so nothing else may be left there.
        if self.count >= 8 {
            return None;
        }
        (self.ahead, self.count) = (0, 0);
        match self.data.get(self.at..)? {
            [0xff, 0xd0..=0xd7, ..] => {
                self.at += 2;
                Some(())
            }
            _ => None,
        }
    }
}
