//! Archives of 7-Zip.
//!
//! The crate sevenz-rust2 allocates what a header asks for before it looks whether that is there, and decodes without
//! limits. So the header is read here, and streams are decoded by the same crate for LZMA that it uses, through the one
//! door that has limits.

mod header;

use bytes::Bytes;

use crate::body::{Chain, End, Machine, Step};
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, legible};

use super::{Coverage, volume};
use crate::content::number::{clamped, u32_at, u64_at};
use header::{Coder, Either, Folder, Header, Streams};

const SIGNATURE: &[u8] = b"7z\xbc\xaf\x27\x1c";

/// Where packed streams begin.
const SIGNATURE_HEADER: usize = 32;

/// How often a header may be packed in itself. 7-Zip does it once.
const MAX_PACKED_HEADERS: usize = 4;

const AES: &[u8] = &[6, 0xf1, 7, 1];

pub(super) fn is_seven_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(SIGNATURE)
}

/// Hands out the files.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let header = match read_header(bytes, found) {
        Ok(header) => header,
        Err(problem) => {
            problem.report(found);
            return Coverage::Some;
        }
    };
    for name in header.names.iter().chain(&header.empty_names) {
        legible::show_name(name.as_bytes(), found);
    }
    let mut names = header.names.into_iter();
    let mut stream = 0;
    for folder in &header.streams.folders {
        if found.is_over() {
            break;
        }
        let names: Vec<String> = names.by_ref().take(folder.files.len()).collect();
        match unpack(bytes, &header.streams, folder, stream, found) {
            Ok(content) => hand_out(&content, folder, &names, found),
            Err(problem) => problem.report(found),
        }
        stream += folder.packed.len();
    }
    Coverage::Some
}

/// Why a folder is not there, or not all of it.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Code(ProblemCode),
    Limit(End),
}

impl Fault {
    const BROKEN: Self = Self::Code(ProblemCode::ContainerBroken);

    fn report(self, found: &mut Dissection<'_>) {
        match self {
            Self::Code(code) => found.report(code, None),
            Self::Limit(end) => found.report_limit(end),
        }
    }
}

fn read_header(bytes: &Bytes, found: &mut Dissection<'_>) -> Result<Header, Fault> {
    let place = (u64_at(bytes, 12), u64_at(bytes, 20), u32_at(bytes, 28));
    let (Some(offset), Some(length), Some(checksum)) = place else {
        return Err(Fault::BROKEN);
    };
    if length == 0 {
        return Ok(Header::default());
    }
    let start = SIGNATURE_HEADER.saturating_add(clamped(offset));
    let end = start.saturating_add(clamped(length));
    if end > bytes.len() {
        let is_meant = Some(crc32fast::hash(&bytes[12..SIGNATURE_HEADER])) == u32_at(bytes, 8);
        return Err(if is_meant { Fault::Code(volume::cut_off(bytes.len())) } else { Fault::BROKEN });
    }
    let mut header = bytes.slice(start..end);
    if crc32fast::hash(&header) != checksum {
        found.report(ProblemCode::ContainerBroken, Some(start));
    }
    for _ in 0..MAX_PACKED_HEADERS {
        match header::read(&header).ok_or(Fault::BROKEN)? {
            Either::Header(header) => return Ok(header),
            Either::Packed(streams) => {
                let folder = streams.folders.first().ok_or(Fault::BROKEN)?;
                header = unpack(bytes, &streams, folder, 0, found)?;
            }
        }
    }
    Err(Fault::BROKEN)
}

/// What `folder`, whose packed streams begin with number `first`, unpacks to. What a broken one gives is handed out
/// up to the fault.
fn unpack(
    bytes: &Bytes,
    streams: &Streams,
    folder: &Folder,
    first: usize,
    found: &mut Dissection<'_>,
) -> Result<Bytes, Fault> {
    if folder.coders.iter().any(|coder| coder.method == AES) {
        return Err(Fault::Code(ProblemCode::ContainerEncrypted));
    }
    let packed = packed_streams(bytes, streams, first, folder.packed.len()).ok_or(Fault::BROKEN)?;
    let plan = Plan { folder, packed };
    let last = folder.last_coder().ok_or(Fault::BROKEN)?;
    let chain = plan.chain(last, folder.coders.len())?;
    if let Chain::Bytes(plain) = chain {
        return Ok(bytes.slice_ref(plain));
    }
    let mut output = found.output();
    match found.unpack_chain(&chain, &mut output) {
        End::Complete(_) => {}
        End::Broken => found.report(ProblemCode::ContainerBroken, None),
        limit => found.report_limit(limit),
    }
    output.finish().map_err(|_| Fault::Limit(End::NoRoom))
}

/// The packed streams from number `first`.
fn packed_streams<'a>(bytes: &'a [u8], streams: &Streams, first: usize, count: usize) -> Option<Vec<&'a [u8]>> {
    let before = streams.packed_sizes.get(..first)?.iter().try_fold(0_u64, |sum, size| sum.checked_add(*size))?;
    let mut at = usize::try_from(streams.position.checked_add(before)?).ok()?.checked_add(SIGNATURE_HEADER)?;
    let sizes = streams.packed_sizes.get(first..first.checked_add(count)?)?;
    let mut packed = Vec::new();
    for size in sizes {
        let end = at.checked_add(usize::try_from(*size).ok()?)?;
        packed.push(bytes.get(at..end)?);
        at = end;
    }
    Some(packed)
}

/// How the coders of a folder follow each other.
struct Plan<'a> {
    folder: &'a Folder,
    packed: Vec<&'a [u8]>,
}

impl<'a> Plan<'a> {
    /// What coder number `index` gives; `depth` is how many coders may still come.
    fn chain(&self, index: usize, depth: usize) -> Result<Chain<'a>, Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault::BROKEN)?;
        let coder = self.folder.coders.get(index).ok_or(Fault::BROKEN)?;
        let step = step(coder).ok_or(Fault::Code(ProblemCode::ContainerMethodUnknown))?;
        let size = *self.folder.sizes.get(index).ok_or(Fault::BROKEN)?;
        let first: u64 = self.folder.coders[..index].iter().map(|coder| coder.inputs).sum();
        let inputs = (first..first + coder.inputs).map(|input| self.input(input, depth));
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        match (step, &inputs[..]) {
            (Step::Copy, [Chain::Bytes(bytes)]) => Ok(Chain::Bytes(bytes.get(..clamped(size)).ok_or(Fault::BROKEN)?)),
            _ => Ok(Chain::Step { step, inputs, size: Some(size) }),
        }
    }

    fn input(&self, input: u64, depth: usize) -> Result<Chain<'a>, Fault> {
        if let Some(place) = self.folder.packed.iter().position(|packed| *packed == input) {
            return self.packed.get(place).map(|bytes| Chain::Bytes(bytes)).ok_or(Fault::BROKEN);
        }
        let bond = self.folder.bonds.iter().find(|(bound, _)| *bound == input);
        let (_, output) = bond.ok_or(Fault::BROKEN)?;
        self.chain(clamped(*output), depth)
    }
}

/// The step that a coder stands for.
fn step(coder: &Coder) -> Option<Step> {
    Some(match &coder.method[..] {
        [0] => Step::Copy,
        [3] => Step::Delta(usize::from(*coder.properties.first().unwrap_or(&0)) + 1),
        [4] | [3, 3, 1, 3] => Step::Branches(Machine::X86),
        [5] | [3, 3, 2, 5] => Step::Branches(Machine::PowerPc),
        [6] | [3, 3, 4, 1] => Step::Branches(Machine::Ia64),
        [7] | [3, 3, 5, 1] => Step::Branches(Machine::Arm),
        [8] | [3, 3, 7, 1] => Step::Branches(Machine::ArmThumb),
        [9] | [3, 3, 8, 5] => Step::Branches(Machine::Sparc),
        [10] => Step::Branches(Machine::Arm64),
        [11] => Step::Branches(Machine::RiscV),
        [3, 3, 1, 0x1b] => Step::FourStreams,
        [0x21] => Step::Lzma2 { dictionary: lzma2_dictionary(*coder.properties.first()?)? },
        [3, 1, 1] => Step::Lzma { properties: *coder.properties.first()?, dictionary: u32_at(&coder.properties, 1)? },
        [4, 1, 8] => Step::Deflate,
        [4, 1, 9] => Step::Deflate64,
        [4, 2, 2] => Step::Bzip2,
        [3, 4, 1] => Step::Ppmd { order: *coder.properties.first()?, memory: u32_at(&coder.properties, 1)? },
        _ => return None,
    })
}

/// 2 or 3, shifted by the rest of the byte.
fn lzma2_dictionary(property: u8) -> Option<u32> {
    match property {
        0..40 => Some((2 | u32::from(property & 1)) << (property / 2 + 11)),
        40 => Some(u32::MAX),
        _ => None,
    }
}

/// Hands out the files that `content` is divided into.
fn hand_out(content: &Bytes, folder: &Folder, names: &[String], found: &mut Dissection<'_>) {
    let mut at = 0_usize;
    for (index, (size, checksum)) in folder.files.iter().enumerate() {
        if found.is_over() {
            return;
        }
        let end = at.saturating_add(clamped(*size));
        let file = content.slice(at.min(content.len())..end.min(content.len()));
        // What is cut off has been reported.
        if end <= content.len() && checksum.is_some_and(|checksum| crc32fast::hash(&file) != checksum) {
            found.report(ProblemCode::ContainerSize, None);
        }
        at = end;
        if !file.is_empty() {
            let name = names.get(index).cloned().unwrap_or_default();
            found.add(Part::new(PartKind::Entry, file).named(name), None);
        }
    }
}

#[cfg(test)]
mod tests;
