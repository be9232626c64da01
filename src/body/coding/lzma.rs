//! The LZMA family, and the other steps that archives of 7-Zip are made of, by `lzma-rust2`.
//!
//! Memory grows with what comes out, up to the dictionary that a stream asks for.

use std::io::{self, Read};

use lzma_rust2::filter::bcj::BcjReader;
use lzma_rust2::filter::bcj2::Bcj2Reader;
use lzma_rust2::filter::delta::DeltaReader;
use lzma_rust2::{Lzma2Reader, LzmaReader, XzReader};
use ppmd_rust::{Ppmd7Decoder, Ppmd8Decoder, RestoreMethod};

use super::{Broken, Decoder, bzip2, deflate, deflate64};

/// Largest dictionary. `xz -9` uses 64 MiB, 7-Zip's strongest setting takes 64 MiB to 256 MiB by the size of the files.
pub(super) const MAX_DICTIONARY: u32 = 256 << 20;

/// Smallest dictionary that decoders keep, whatever a stream asks for.
const MIN_DICTIONARY: u32 = 4096;

/// One step of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is changed.
    Copy,
    /// A raw stream of LZMA.
    Lzma {
        /// How it is coded, as one byte tells.
        properties: u8,
        /// Bytes of its dictionary.
        dictionary: u32,
    },
    /// LZMA in chunks.
    Lzma2 {
        /// Bytes of its dictionary.
        dictionary: u32,
    },
    /// RFC 1951; only as the first step.
    Deflate,
    /// Deflate64; only as the first step.
    Deflate64,
    /// bzip2; only as the first step.
    Bzip2,
    /// PPMd, variant H, with the range coder of 7-Zip.
    Ppmd {
        /// Longest context.
        order: u8,
        /// Bytes of its model.
        memory: u32,
    },
    /// PPMd, variant I, as zip has it.
    PpmdOfZip {
        /// Longest context.
        order: u8,
        /// Bytes of its model.
        memory: u32,
        /// What is done when the model is full, as a number of four bits.
        restore: u8,
    },
    /// Differences to the byte so many places before.
    Delta(usize),
    /// Addresses in programs that are made absolute so that they compress better.
    Branches(Machine),
    /// The same for x86 in four streams.
    FourStreams,
}

/// Whose programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "names of processors")]
pub enum Machine {
    X86,
    PowerPc,
    Ia64,
    Arm,
    ArmThumb,
    Arm64,
    Sparc,
    RiscV,
}

/// Where bytes come from: they stand somewhere, or a step makes them of others.
#[derive(Clone, Debug)]
pub enum Chain<'a> {
    /// They stand here.
    Bytes(&'a [u8]),
    /// A step makes them.
    Step {
        /// The step.
        step: Step,
        /// What it is made of.
        inputs: Vec<Self>,
        /// Bytes that come out; `None` when the stream marks its end.
        size: Option<u64>,
    },
}

impl Chain<'_> {
    /// Bytes that all of it is made of.
    pub(super) fn packed(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Step { inputs, .. } => inputs.iter().map(Self::packed).sum(),
        }
    }

    /// Largest dictionary or model that one of its steps asks for.
    pub(super) fn dictionary(&self) -> u32 {
        let Self::Step { step, inputs, .. } = self else {
            return 0;
        };
        let own = match step {
            Step::Lzma { dictionary, .. } | Step::Lzma2 { dictionary } => *dictionary,
            Step::Ppmd { memory, .. } | Step::PpmdOfZip { memory, .. } => *memory,
            _ => 0,
        };
        inputs.iter().map(Self::dictionary).fold(own, u32::max)
    }
}

/// Reads what a chain gives.
pub(super) struct Reading<'a> {
    reader: Option<Box<dyn Read + 'a>>,
    left: Option<u64>,
    packed: usize,
}

impl<'a> Reading<'a> {
    pub(super) fn new(chain: &Chain<'a>) -> Self {
        let left = match chain {
            Chain::Bytes(bytes) => Some(bytes.len() as u64),
            Chain::Step { size, .. } => *size,
        };
        Self { reader: reader(chain), left, packed: chain.packed() }
    }
}

impl Decoder for Reading<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        let reader = self.reader.as_mut().ok_or(Broken)?;
        let wanted = self.left.map_or(block.len(), |left| block.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        if wanted == 0 {
            return Ok(0);
        }
        let length = reader.read(&mut block[..wanted]).map_err(|_| Broken)?;
        if let Some(left) = &mut self.left {
            if length == 0 {
                return Err(Broken);
            }
            *left -= length as u64;
        }
        Ok(length)
    }

    /// All of the input: the decoders read ahead.
    fn consumed(&self) -> usize {
        self.packed
    }
}

fn reader<'a>(chain: &Chain<'a>) -> Option<Box<dyn Read + 'a>> {
    let Chain::Step { step, inputs, size } = chain else {
        let Chain::Bytes(bytes) = chain else { return None };
        return Some(Box::new(*bytes));
    };
    if *step == Step::FourStreams {
        let inputs: Vec<_> = inputs.iter().map(reader).collect::<Option<_>>()?;
        return Some(Box::new(Bcj2Reader::try_new(inputs, (*size)?).ok()?));
    }
    let [input] = &inputs[..] else {
        return None;
    };
    Some(match (*step, input) {
        (Step::Deflate, Chain::Bytes(bytes)) => Box::new(Pulled(deflate::Inflate::raw(bytes))),
        (Step::Deflate64, Chain::Bytes(bytes)) => Box::new(Pulled(deflate64::Deflate64::new(bytes))),
        (Step::Bzip2, Chain::Bytes(bytes)) => Box::new(Pulled(bzip2::Bzip2::new(bytes))),
        (Step::Ppmd { order, memory }, input) => {
            Box::new(Ppmd7Decoder::new(reader(input)?, u32::from(order), memory).ok()?)
        }
        (Step::PpmdOfZip { order, memory, restore }, input) => {
            let restore = RestoreMethod::from(restore);
            Box::new(Ppmd8Decoder::new(reader(input)?, u32::from(order), memory, restore).ok()?)
        }
        (Step::Copy, input) => reader(input)?,
        (Step::Lzma { properties, dictionary }, input) => {
            let size = size.unwrap_or(u64::MAX);
            let dictionary = dictionary.max(MIN_DICTIONARY);
            Box::new(LzmaReader::new_with_props(reader(input)?, size, properties, dictionary, None).ok()?)
        }
        (Step::Lzma2 { dictionary }, input) => {
            Box::new(Lzma2Reader::new(reader(input)?, dictionary.max(MIN_DICTIONARY), None))
        }
        (Step::Delta(distance), input) => Box::new(DeltaReader::new(reader(input)?, distance)),
        (Step::Branches(machine), input) => Box::new(branches(machine, reader(input)?)),
        (Step::Deflate | Step::Deflate64 | Step::Bzip2 | Step::FourStreams, _) => return None,
    })
}

fn branches<R: Read>(machine: Machine, input: R) -> BcjReader<R> {
    match machine {
        Machine::X86 => BcjReader::new_x86(input, 0),
        Machine::PowerPc => BcjReader::new_ppc(input, 0),
        Machine::Ia64 => BcjReader::new_ia64(input, 0),
        Machine::Arm => BcjReader::new_arm(input, 0),
        Machine::ArmThumb => BcjReader::new_arm_thumb(input, 0),
        Machine::Arm64 => BcjReader::new_arm64(input, 0),
        Machine::Sparc => BcjReader::new_sparc(input, 0),
        Machine::RiscV => BcjReader::new_riscv(input, 0),
    }
}

/// A decoder as a reader.
struct Pulled<D>(D);

impl<D: Decoder> Read for Pulled<D> {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        self.0.decode(block).map_err(|Broken| io::ErrorKind::InvalidData.into())
    }
}

/// One stream of the format of `xz`.
pub(super) struct Xz<'a> {
    input: &'a [u8],
    reader: XzReader<&'a [u8]>,
}

impl<'a> Xz<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { input, reader: XzReader::new_mem_limit(input, false, MAX_DICTIONARY / 1024 + 1024) }
    }
}

impl Decoder for Xz<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        self.reader.read(block).map_err(|_| Broken)
    }

    fn consumed(&self) -> usize {
        self.input.len() - self.reader.inner().len()
    }
}

/// LZMA behind a header of its own (`lzma-file-format.txt` of XZ Utils).
pub(super) struct Alone<'a> {
    input: &'a [u8],
    reader: Option<LzmaReader<&'a [u8]>>,
}

impl<'a> Alone<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { input, reader: LzmaReader::new_mem_limit(input, MAX_DICTIONARY / 1024 + 1024, None).ok() }
    }
}

impl Decoder for Alone<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        self.reader.as_mut().ok_or(Broken)?.read(block).map_err(|_| Broken)
    }

    /// All of the input: nothing is known to follow such a stream, and the decoder reads ahead.
    fn consumed(&self) -> usize {
        self.input.len()
    }
}

/// One member of the format of `lzip` (lzip manual, "File format"): a header of six bytes, LZMA up to its end mark,
/// and a trailer of checksum and sizes.
pub(super) struct Lzip<'a> {
    input: &'a [u8],
    reader: Option<LzmaReader<&'a [u8]>>,
    checksum: crc32fast::Hasher,
    consumed: usize,
}

/// Three bits of literal context, two of position.
const LZIP_PROPERTIES: u8 = 93;
const LZIP_HEADER: usize = 6;
const LZIP_TRAILER: usize = 20;

impl<'a> Lzip<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        let reader = lzip_dictionary(input).and_then(|dictionary| {
            LzmaReader::new_with_props(&input[LZIP_HEADER..], u64::MAX, LZIP_PROPERTIES, dictionary, None).ok()
        });
        Self { input, reader, checksum: crc32fast::Hasher::new(), consumed: 0 }
    }

    /// Checks the trailer: CRC-32 of the content first.
    fn finish(&mut self, reader: LzmaReader<&'a [u8]>) -> Result<(), Broken> {
        let (rest, buffered) = reader.into_parts();
        let end = self.input.len() - rest.len() - buffered.len();
        self.consumed = end + LZIP_TRAILER;
        let trailer = self.input.get(end..self.consumed).ok_or(Broken)?;
        if trailer.starts_with(&self.checksum.clone().finalize().to_le_bytes()) { Ok(()) } else { Err(Broken) }
    }
}

impl Decoder for Lzip<'_> {
    fn decode(&mut self, block: &mut [u8]) -> Result<usize, Broken> {
        let Some(reader) = &mut self.reader else {
            return if self.consumed > 0 { Ok(0) } else { Err(Broken) };
        };
        let length = reader.read(block).map_err(|_| Broken)?;
        self.checksum.update(&block[..length]);
        if length == 0
            && let Some(reader) = self.reader.take()
        {
            self.finish(reader)?;
        }
        Ok(length)
    }

    fn consumed(&self) -> usize {
        self.consumed
    }
}

/// A power of two, less some sixteenths of it.
fn lzip_dictionary(input: &[u8]) -> Option<u32> {
    let coded = *input.strip_prefix(b"LZIP\x01")?.first()?;
    let (power, less) = (u32::from(coded & 0x1f), u32::from(coded >> 5));
    let size = 1_u32.checked_shl(power).filter(|_| (12..=28).contains(&power))?;
    Some(size - size / 16 * less)
}
