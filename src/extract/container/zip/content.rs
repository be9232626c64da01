//! The content of one entry, as one header describes it.

use bytes::Bytes;

use crate::body::{Chain, Coding, End, ScratchWriter, Step};
use crate::content::number::{clamped, u16_at, u32_at};
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

use super::record::Header;

/// An entry to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'a> {
    pub(super) bytes: &'a Bytes,
    pub(super) header: &'a Header,
    /// Where its content begins.
    pub(super) start: usize,
    pub(super) sizes: Sizes,
    /// What it is that its content goes on after the end of the archive.
    pub(super) cut: ProblemCode,
}

/// What is known about an entry from elsewhere than its own structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sizes {
    /// The header says its sizes and checksum.
    Told,
    /// They stand behind the content, and nothing in front of it says them.
    Unknown,
}

/// How an entry is packed.
#[derive(Clone, Copy, Debug)]
enum Method<'p> {
    Stored,
    Coded(Coding),
    /// A step and its stream, which the properties in front of it describe; `None` where they are broken.
    Chained(Option<(Step, &'p [u8])>),
}

/// What an entry turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) crc: u32,
    pub(super) size: u64,
    /// Bytes that it takes in the archive.
    pub(super) packed: u64,
}

impl Content<'_> {
    /// Hands it out. `None` when it could not be read to its end.
    pub(super) fn hand_out(&self, found: &mut Dissection<'_>) -> Option<Seen> {
        let packed = self.packed();
        if self.header.is_encrypted() {
            let plain = self.in_spite_of_flags(&packed, found);
            // Readers go by bit 0 alone, and few by that.
            if plain.is_none() || self.header.asks_for_password() {
                self.report_if_any(&packed, ProblemCode::ContainerEncrypted, found);
            }
            return plain;
        }
        if self.sizes == Sizes::Told && self.is_cut() {
            self.report(self.cut, found);
        }
        match self.method(&packed) {
            Some(Method::Stored) => self.stored(&packed, found),
            Some(Method::Coded(coding)) => self.unpacked(coding, &packed, found),
            Some(Method::Chained(step)) => self.chained(step, &packed, found),
            None => {
                self.report_if_any(&packed, ProblemCode::ContainerMethodUnknown, found);
                None
            }
        }
    }

    /// How its content, which takes the bytes `packed`, is packed; `None` when nothing here knows it.
    fn method<'p>(&self, packed: &'p [u8]) -> Option<Method<'p>> {
        Some(match self.header.method {
            0 => Method::Stored,
            8 => Method::Coded(Coding::Deflate),
            9 => Method::Coded(Coding::Deflate64),
            12 => Method::Coded(Coding::Bzip2),
            14 => Method::Chained(Self::lzma(packed)),
            20 | 93 => Method::Coded(Coding::Zstd),
            95 => Method::Coded(Coding::Xz),
            98 => Method::Chained(Self::ppmd(packed)),
            _ => return None,
        })
    }

    /// Hands out an entry that says that it is encrypted, if its method makes of it what its checksum says: then it is
    /// not, and readers that do not look at the flags unpack it.
    fn in_spite_of_flags(&self, packed: &Bytes, found: &mut Dissection<'_>) -> Option<Seen> {
        let mut output = found.output();
        let end = match self.method(packed)? {
            Method::Stored => return self.stored_plainly(packed, found),
            Method::Coded(coding) => found.unpack(coding, packed, &mut output),
            Method::Chained(step) => {
                let (step, stream) = step?;
                let chain = Chain::Step { step, inputs: vec![Chain::Bytes(stream)], size: Some(self.header.size) };
                found.unpack_chain(&chain, &mut output)
            }
        };
        let End::Complete(length) = end else {
            found.report_limit(end);
            return None;
        };
        let length = if self.sizes == Sizes::Told { self.header.packed } else { length as u64 };
        let content = found.take(output)?;
        self.add_if_meant(content, length, found)
    }

    /// The same, where it is stored. What is encrypted is longer than it was.
    fn stored_plainly(&self, packed: &Bytes, found: &mut Dissection<'_>) -> Option<Seen> {
        let length = match self.sizes {
            Sizes::Told => packed.len(),
            Sizes::Unknown => Self::length_by_descriptor(packed)?,
        };
        self.add_if_meant(packed.slice(..length), length as u64, found)
    }

    /// Hands out `content`, which takes `packed` bytes, if its checksum is the one that is said.
    fn add_if_meant(&self, content: Bytes, packed: u64, found: &mut Dissection<'_>) -> Option<Seen> {
        let seen = Seen { crc: crc32fast::hash(&content), size: content.len() as u64, packed };
        let behind = || self.bytes.get(self.start.checked_add(clamped(packed))?..);
        let is_meant = match self.sizes {
            Sizes::Told => seen.crc == self.header.crc && seen.size == self.header.size,
            Sizes::Unknown => behind().is_some_and(|rest| super::descriptor_length(rest, &seen).is_some()),
        };
        if !is_meant {
            return None;
        }
        self.add(content, found);
        Some(seen)
    }

    /// Whether it goes on after the end of the archive, or may do so.
    fn is_cut(&self) -> bool {
        let end = self.start.saturating_add(clamped(self.header.packed));
        self.sizes == Sizes::Unknown || end > self.bytes.len()
    }

    /// The bytes that it takes in the archive; all behind its start where that is not known.
    fn packed(&self) -> Bytes {
        let end = match self.sizes {
            Sizes::Told => self.start.saturating_add(clamped(self.header.packed)).min(self.bytes.len()),
            Sizes::Unknown => self.bytes.len(),
        };
        self.bytes.slice(self.start.min(end)..end)
    }

    fn stored(&self, packed: &Bytes, found: &mut Dissection<'_>) -> Option<Seen> {
        if self.sizes == Sizes::Unknown {
            return self.stored_up_to_descriptor(packed, found);
        }
        let seen = Seen { crc: crc32fast::hash(packed), size: packed.len() as u64, packed: packed.len() as u64 };
        if !self.is_cut() {
            self.check(&seen, found);
        }
        self.add(packed.clone(), found);
        // Some unpackers go by the other size.
        if self.header.size != seen.size {
            let end = self.start.saturating_add(clamped(self.header.size)).min(self.bytes.len());
            self.add(self.bytes.slice(self.start.min(end)..end), found);
        }
        Some(seen)
    }

    /// A stored entry whose end nothing tells but the descriptor behind it, which says how long the entry was.
    fn stored_up_to_descriptor(&self, rest: &Bytes, found: &mut Dissection<'_>) -> Option<Seen> {
        let Some(length) = Self::length_by_descriptor(rest) else {
            self.report(self.cut, found);
            self.add(rest.clone(), found);
            return None;
        };
        let content = rest.slice(..length);
        let seen = Seen { crc: crc32fast::hash(&content), size: length as u64, packed: length as u64 };
        self.add(content, found);
        Some(seen)
    }

    /// Bytes of `rest` before the first descriptor that says that there are so many.
    fn length_by_descriptor(rest: &[u8]) -> Option<usize> {
        let fits = |at: &usize| super::descriptor_says(&rest[*at..], *at as u64);
        memchr::memmem::find_iter(rest, super::record::DESCRIPTOR).find(fits)
    }

    /// Two bytes of a version, the length of the properties, and these (APPNOTE §5.8).
    fn lzma(packed: &[u8]) -> Option<(Step, &[u8])> {
        let (Some(5), [_, _, _, _, properties, _, _, _, _, stream @ ..]) = (u16_at(packed, 2), packed) else {
            return None;
        };
        Some((Step::Lzma { properties: *properties, dictionary: u32_at(packed, 5)? }, stream))
    }

    /// One less than the order, one less than the megabytes of the model, how it is restored: 4, 8 and 4 bits
    /// (APPNOTE §5.10).
    fn ppmd(packed: &[u8]) -> Option<(Step, &[u8])> {
        let (properties, stream) = (u16_at(packed, 0)?, packed.get(2..)?);
        let (order, memory) = ((properties & 15) as u8 + 1, (u32::from(properties >> 4 & 255) + 1) << 20);
        Some((Step::PpmdOfZip { order, memory, restore: (properties >> 12) as u8 }, stream))
    }

    /// What is not told by a stream itself, but in front of it.
    fn chained(&self, step: Option<(Step, &[u8])>, packed: &Bytes, found: &mut Dissection<'_>) -> Option<Seen> {
        let (Some((step, stream)), Sizes::Told) = (step, self.sizes) else {
            self.report_if_any(packed, ProblemCode::ContainerBroken, found);
            return None;
        };
        // Flag 1: the stream of LZMA marks its end.
        let marks_end = self.header.method == 14 && self.header.flags & 2 != 0;
        let size = (!marks_end).then_some(self.header.size);
        let chain = Chain::Step { step, inputs: vec![Chain::Bytes(stream)], size };
        let mut output = found.output();
        let end = found.unpack_chain(&chain, &mut output);
        self.finish(end, output, found)
    }

    fn unpacked(&self, coding: Coding, packed: &Bytes, found: &mut Dissection<'_>) -> Option<Seen> {
        let mut output = found.output();
        let mut end = found.unpack(coding, packed, &mut output);
        let rest = self.bytes.slice(self.start.min(self.bytes.len())..);
        if end == End::Broken && packed.len() < rest.len() {
            // A reader that does not look at the size goes on.
            let mut longer = found.output();
            if let complete @ End::Complete(_) = found.unpack(coding, &rest, &mut longer) {
                found.ambiguous(ProblemCode::ContainerAmbiguous, Some(self.start));
                (output, end) = (longer, complete);
            }
        }
        self.finish(end, output, found)
    }

    /// Compares what came out with what was said, and hands it out.
    fn finish(&self, end: End, output: ScratchWriter, found: &mut Dissection<'_>) -> Option<Seen> {
        let content = found.take(output)?;
        let seen = match end {
            End::Complete(packed) => {
                // Properties in front are no part of the stream, whose end is not told.
                let packed = if matches!(self.header.method, 14 | 98) { self.header.packed } else { packed as u64 };
                Some(Seen { crc: crc32fast::hash(&content), size: content.len() as u64, packed })
            }
            End::Broken => {
                self.report(if self.is_cut() { self.cut } else { ProblemCode::ContainerBroken }, found);
                None
            }
            limit => {
                found.report_limit(limit);
                None
            }
        };
        if let Some(seen) = &seen
            && self.sizes == Sizes::Told
        {
            self.check(seen, found);
            self.check_packed(seen, found);
            // Some unpackers stop where the entry is said to end.
            if seen.size > self.header.size {
                self.add(content.slice(..clamped(self.header.size)), found);
            }
        }
        self.add(content, found);
        seen
    }

    /// Compares what came out with what was said. Some writers keep only 32 bits of a size, and say so nowhere.
    fn check(&self, seen: &Seen, found: &mut Dissection<'_>) {
        let has_size = seen.size == self.header.size || seen.size & u64::from(u32::MAX) == self.header.size;
        if !has_size || seen.crc != self.header.crc {
            self.report(ProblemCode::ContainerSize, found);
        }
    }

    /// Behind the end of compressed content, something may be hidden that is no part of it.
    fn check_packed(&self, seen: &Seen, found: &mut Dissection<'_>) {
        // Deflate64 is told to four bytes, by our decoder.
        if seen.packed + 4 <= self.header.packed || (self.header.method != 9 && seen.packed < self.header.packed) {
            found.ambiguous(ProblemCode::ContainerAmbiguous, Some(self.start));
        }
    }

    /// Hands out `content`. Folders and empty files have none.
    fn add(&self, content: Bytes, found: &mut Dissection<'_>) {
        if !content.is_empty() {
            let name = String::from_utf8_lossy(&self.bytes[self.header.name.clone()]).into_owned();
            found.add(Part::new(PartKind::Entry, content).named(name), Some(self.start));
        }
    }

    fn report(&self, code: ProblemCode, found: &mut Dissection<'_>) {
        found.report(code, Some(self.start));
    }

    fn report_if_any(&self, packed: &Bytes, code: ProblemCode, found: &mut Dissection<'_>) {
        if !packed.is_empty() {
            self.report(code, found);
        }
    }
}
