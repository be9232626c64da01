//! Room for what an upload becomes when it is decompressed or decoded: the same memory and disk that held bodies share.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::collector::{BodyCollector, HoldError};
use super::quota::{Quota, Reservation};
use crate::config::{ByteSize, Limits};
use crate::content::{ClientNetwork, TELLING};

/// Memory and disk that all held bodies share.
#[derive(Clone, Debug)]
pub struct Stores {
    memory: Arc<Quota>,
    disk: Arc<Quota>,
    files: Arc<Quota>,
    most_files: u64,
    owner: Option<ClientNetwork>,
}

impl Default for Stores {
    /// Without a bound on files.
    fn default() -> Self {
        Self::with_files(u64::MAX)
    }
}

impl Stores {
    /// With so many files at most that are being written: each takes a descriptor.
    pub fn with_files(most_files: u64) -> Self {
        let (memory, disk, files) = (Arc::default(), Arc::default(), Arc::default());
        Self { memory, disk, files, most_files, owner: None }
    }

    /// The same, from which a client takes its share. Little is always left for others.
    pub fn of(&self, owner: Option<ClientNetwork>) -> Self {
        Self { owner, ..self.clone() }
    }

    /// Bytes of memory in use.
    pub fn memory_used(&self) -> u64 {
        self.memory.used()
    }

    /// Bytes of disk in use.
    pub fn disk_used(&self) -> u64 {
        self.disk.used()
    }

    pub(super) fn reserve_memory(&self) -> Reservation {
        Reservation::of(&self.memory, self.owner)
    }

    /// The right to open one file; `None` when too many are open, or too many of the owner, where that counts.
    pub(super) fn reserve_file(&self, ignores_share: bool) -> Option<Reservation> {
        let mut file = Reservation::of(&self.files, self.owner.filter(|_| !ignores_share));
        file.grow(1, self.most_files).then_some(file)
    }

    pub(super) fn reserve_disk(&self) -> Reservation {
        Reservation::of(&self.disk, self.owner)
    }
}

/// Where the decompressed content of one upload goes: memory first, then files without a name.
#[derive(Clone, Copy, Debug)]
pub struct Scratch<'a> {
    limits: &'a Limits,
    stores: &'a Stores,
}

impl<'a> Scratch<'a> {
    /// Room within `limits` out of `stores`.
    pub fn new(limits: &'a Limits, stores: &'a Stores) -> Self {
        Self { limits, stores }
    }

    /// Begins one piece of content.
    pub fn writer(&self) -> ScratchWriter<'a> {
        ScratchWriter { scratch: *self, start: Vec::new(), held: None, head: Vec::new() }
    }

    /// Begins content that will have `length` bytes, for which the room is taken at once.
    ///
    /// # Errors
    /// There is not as much room.
    pub fn writer_for(&self, length: u64) -> io::Result<ScratchWriter<'a>> {
        let mut writer = self.writer();
        if length > UNCOUNTED as u64 {
            let mut held = self.collector();
            held.reserve(length).map_err(into_io)?;
            writer.held = Some(held);
        }
        Ok(writer)
    }

    fn collector(&self) -> BodyCollector {
        BodyCollector::new(self.limits, ByteSize(u64::MAX), None, self.stores)
    }
}

/// Bytes that a piece of content may have before it is counted: most are decoded fields, and gone in a moment.
const UNCOUNTED: usize = 16 << 10;

/// Takes content in piece by piece. Blocks while it writes to disk.
#[derive(Debug)]
pub struct ScratchWriter<'a> {
    scratch: Scratch<'a>,
    /// The content, while it is short.
    start: Vec<u8>,
    held: Option<BodyCollector>,
    /// The first bytes of what is held.
    head: Vec<u8>,
}

impl ScratchWriter<'_> {
    /// Bytes written so far.
    pub fn len(&self) -> u64 {
        self.held.as_ref().map_or(self.start.len() as u64, BodyCollector::received)
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first bytes of long content: enough to tell what it is.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Adds `piece`.
    ///
    /// # Errors
    /// The disk that all uploads share is full, or writing failed.
    pub fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.held.is_none() && self.start.len() + piece.len() <= UNCOUNTED {
            self.start.extend_from_slice(piece);
            return Ok(());
        }
        let held = match &mut self.held {
            Some(held) => held,
            None => {
                let mut held = self.scratch.collector();
                let both = self.start.iter().chain(piece);
                self.head = both.take(TELLING).copied().collect();
                held.push(std::mem::take(&mut self.start).into()).map_err(into_io)?;
                self.held.insert(held)
            }
        };
        if held.received() == 0 {
            self.head = piece.iter().take(TELLING).copied().collect();
        }
        held.push(Bytes::copy_from_slice(piece)).map_err(into_io)?;
        if held.wants_flush() { held.flush().map_err(into_io) } else { Ok(()) }
    }

    /// The content as one slice. Its share of memory and disk is given back when the last slice of it is dropped.
    ///
    /// # Errors
    /// Writing failed.
    pub fn finish(self) -> io::Result<Bytes> {
        match self.held {
            Some(held) => held.finish().map(Bytes::from_owner).map_err(into_io),
            None => Ok(self.start.into()),
        }
    }
}

fn into_io(error: HoldError) -> io::Error {
    match error {
        HoldError::Spool(error) => error,
        other => io::Error::other(other),
    }
}
