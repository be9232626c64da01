//! Takes a body in piece by piece and decides where it lies.

use std::io;
use std::path::PathBuf;

use bytes::{Bytes, BytesMut};

use super::held::HeldBody;
use super::quota::Reservation;
use super::scratch::Stores;
use super::spool::{Spool, Spooled};
use crate::config::{ByteSize, Limits};

/// Bytes gathered before a write to the spool file: few enough to cost little memory, enough to make writes rare.
const SPOOL_BLOCK: usize = 1 << 20;

/// A body that is being received.
///
/// The caller pushes pieces as they arrive. When [`BodyCollector::wants_flush`] says so, it calls
/// [`BodyCollector::flush`] on a thread that may block, and goes on.
#[derive(Debug)]
pub struct BodyCollector {
    limits: HoldLimits,
    stores: Stores,
    memory: Reservation,
    disk: Reservation,
    received: u64,
    /// Whether there is no memory for what is pending, so that it must not wait for more.
    is_pressed: bool,
    ignores_share: bool,
    /// Bytes not in the spool file. A body of one piece stays that piece.
    pending: Pending,
    spool: Option<(Spool, Reservation)>,
}

#[derive(Debug)]
struct HoldLimits {
    max_body: u64,
    memory_per_upload: u64,
    memory_total: u64,
    spool_total: u64,
    spool_directory: PathBuf,
    expected: Option<u64>,
}

#[derive(Debug)]
enum Pending {
    One(Bytes),
    Many(BytesMut),
}

/// Why a body could not be held.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// It is larger than the route takes.
    #[error("the body is larger than {0}")]
    TooLarge(ByteSize),
    /// All uploads together fill the disk they may take.
    #[error("the spool is full")]
    SpoolFull,
    /// As many bodies are being written to files as there may be, or too many of this client. The piece was not taken.
    #[error("too many bodies are being written to files")]
    NoFile,
    /// The spool file failed.
    #[error("the spool file failed: {0}")]
    Spool(#[from] io::Error),
}

impl BodyCollector {
    /// A collector for one body; `expected` is its declared length, if any.
    pub fn new(limits: &Limits, max_body: ByteSize, expected: Option<u64>, stores: &Stores) -> Self {
        Self {
            limits: HoldLimits {
                max_body: max_body.0,
                memory_per_upload: limits.memory_per_upload.0,
                memory_total: limits.memory_total.0,
                spool_total: limits.spool_total.0,
                spool_directory: limits.spool_directory.clone(),
                expected,
            },
            stores: stores.clone(),
            memory: stores.reserve_memory(),
            disk: stores.reserve_disk(),
            received: 0,
            is_pressed: false,
            ignores_share: false,
            pending: Pending::One(Bytes::new()),
            spool: None,
        }
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Takes the room for `length` bytes that are to come, where they will lie on disk.
    ///
    /// # Errors
    /// [`HoldError::SpoolFull`].
    pub(super) fn reserve(&mut self, length: u64) -> Result<(), HoldError> {
        let has_room = length <= self.limits.memory_per_upload || self.disk.grow(length, self.limits.spool_total);
        if has_room { Ok(()) } else { Err(HoldError::SpoolFull) }
    }

    /// Lets the body have a file also where its client has its share of them, since somebody gave one up for it.
    pub fn ignore_share_of_files(&mut self) {
        self.ignores_share = true;
    }

    /// Takes in the next piece.
    ///
    /// # Errors
    /// [`HoldError::TooLarge`], [`HoldError::SpoolFull`], [`HoldError::NoFile`], or the failure to create a spool file.
    pub fn push(&mut self, piece: Bytes) -> Result<(), HoldError> {
        let length = piece.len() as u64;
        self.received += length;
        if self.received > self.limits.max_body {
            return Err(HoldError::TooLarge(ByteSize(self.limits.max_body)));
        }
        if self.spool.is_some() {
            self.is_pressed |= !self.memory.grow(length, self.limits.memory_total);
        } else if !self.fits_in_memory(length) {
            let Some(file) = self.stores.reserve_file(self.ignores_share) else {
                self.received -= length;
                return Err(HoldError::NoFile);
            };
            self.spool = Some((Spool::create(&self.limits.spool_directory)?, file));
            self.is_pressed = true;
        }
        if self.spool.is_some() {
            let uncounted = self.received.saturating_sub(self.disk.amount());
            if !self.disk.grow(uncounted, self.limits.spool_total) {
                return Err(HoldError::SpoolFull);
            }
        }
        self.append(piece);
        Ok(())
    }

    /// Whether enough is pending for a write to the spool file.
    pub fn wants_flush(&self) -> bool {
        self.spool.is_some() && (self.is_pressed || self.pending.len() >= SPOOL_BLOCK)
    }

    /// Writes what is pending to the spool file. Blocks.
    ///
    /// # Errors
    /// The failure of the write.
    pub fn flush(&mut self) -> Result<(), HoldError> {
        let Some((spool, _)) = &mut self.spool else {
            return Ok(());
        };
        spool.write(self.pending.as_slice())?;
        // Its memory is given back, too: the next piece may be long in coming.
        self.pending = Pending::One(Bytes::new());
        self.memory.release();
        self.is_pressed = false;
        Ok(())
    }

    /// What is in the spool file by now, if there is one.
    pub fn spooled(&self) -> Option<Spooled> {
        let pending = self.pending.len() as u64;
        self.spool.as_ref().map(|(spool, _)| spool.so_far((self.received - pending) as usize))
    }

    /// Whether [`BodyCollector::finish`] touches the disk, and so may block.
    pub fn is_spooled(&self) -> bool {
        self.spool.is_some()
    }

    /// The whole body, now that its last piece is in. Blocks when it is spooled.
    ///
    /// # Errors
    /// The failure of the last write or of the map.
    pub fn finish(mut self) -> Result<HeldBody, HoldError> {
        self.flush()?;
        Ok(match self.spool {
            Some((spool, _)) => HeldBody::new(spool.map()?, true, self.disk),
            None => HeldBody::new(self.pending.into_bytes(), false, self.memory),
        })
    }

    fn fits_in_memory(&mut self, length: u64) -> bool {
        self.received <= self.limits.memory_per_upload && self.memory.grow(length, self.limits.memory_total)
    }

    fn append(&mut self, piece: Bytes) {
        if self.pending.is_empty() && self.spool.is_none() {
            self.pending = Pending::One(piece);
            return;
        }
        if let Pending::One(first) = &self.pending {
            let mut many = BytesMut::with_capacity(self.capacity());
            many.extend_from_slice(first);
            self.pending = Pending::Many(many);
        }
        if let Pending::Many(many) = &mut self.pending {
            many.extend_from_slice(&piece);
        }
    }

    /// A declared length is trusted only up to what the body may take in memory.
    fn capacity(&self) -> usize {
        let bound = self.limits.memory_per_upload.max(SPOOL_BLOCK as u64);
        let wanted = self.limits.expected.unwrap_or(self.received * 2).max(self.received);
        wanted.min(bound) as usize
    }
}

impl Pending {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes,
        }
    }

    fn len(&self) -> usize {
        self.as_slice().len()
    }

    fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes.freeze(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    struct Holding {
        limits: Limits,
        stores: Stores,
    }

    impl Holding {
        fn new() -> Self {
            let source = "[limits]\nmemory_per_upload = \"1 KiB\"\nmemory_total = \"2 KiB\"\nspool_total = \"8 MiB\"\n\
                          [[listener]]\naddress = \"127.0.0.1:1\"\n[[origin]]\nname = \"o\"\nservers = [\"127.0.0.1:2\"]";
            let limits = Config::parse(Path::new("c.toml"), source).unwrap().limits;
            Self { limits, stores: Stores::default() }
        }

        fn used(&self) -> (u64, u64) {
            (self.stores.memory_used(), self.stores.disk_used())
        }

        fn collector(&self, max_body: u64) -> BodyCollector {
            BodyCollector::new(&self.limits, ByteSize(max_body), None, &self.stores)
        }

        fn collect(&self, body: &[u8], piece: usize) -> Result<HeldBody, HoldError> {
            let mut collector = self.collector(u64::MAX);
            for piece in body.chunks(piece) {
                collector.push(Bytes::copy_from_slice(piece))?;
                if collector.wants_flush() {
                    collector.flush()?;
                }
            }
            collector.finish()
        }
    }

    #[test]
    fn a_body_comes_back_whole_wherever_it_lies() {
        let holding = Holding::new();
        let pattern: Vec<u8> = (0..5_000_000u32).map(|i| (i % 251) as u8).collect();
        for (length, piece) in
            [(0, 1), (1, 1), (1023, 100), (1024, 1024), (1025, 100), (3_000_000, 65_536), (5_000_000, 4_999_999)]
        {
            let held = holding.collect(&pattern[..length], piece).unwrap();
            assert_eq!(held.bytes(), &pattern[..length], "{length} bytes");
            assert_eq!(held.is_spooled(), length > 1024, "{length} bytes");
        }
        assert_eq!(holding.used(), (0, 0), "every share came back");
    }

    #[test]
    fn when_memory_is_spent_a_small_body_goes_to_disk() {
        let holding = Holding::new();
        let first = holding.collect(&[1; 1000], 1000).unwrap();
        let second = holding.collect(&[2; 1000], 1000).unwrap();
        let third = holding.collect(&[3; 1000], 1000).unwrap();
        assert!(!first.is_spooled() && !second.is_spooled() && third.is_spooled());
        assert_eq!(third.bytes(), &[3u8; 1000][..]);
    }

    #[test]
    fn a_piece_for_which_there_is_no_file_is_not_taken() {
        let holding = Holding { stores: Stores::with_files(1), ..Holding::new() };
        let (mut first, mut second) = (holding.collector(1 << 20), holding.collector(1 << 20));
        second.push(Bytes::from_static(&[1; 1000])).unwrap();
        first.push(Bytes::from_static(&[2; 5000])).unwrap();
        assert!(matches!(second.push(Bytes::from_static(&[3; 5000])), Err(HoldError::NoFile)));
        drop(first);
        second.push(Bytes::from_static(&[4; 5000])).unwrap();
        let held = second.finish().unwrap();
        assert_eq!(held.bytes(), &[&[1; 1000][..], &[4; 5000]].concat());
    }

    #[test]
    fn past_a_bound_the_body_is_refused_and_its_share_comes_back() {
        let holding = Holding::new();
        let mut collector = holding.collector(10);
        collector.push(Bytes::from_static(b"0123456789")).unwrap();
        assert!(matches!(collector.push(Bytes::from_static(b"x")), Err(HoldError::TooLarge(_))));
        drop(collector);
        assert!(matches!(holding.collect(&vec![0; 9 << 20], 1 << 20), Err(HoldError::SpoolFull)));
        assert_eq!(holding.used(), (0, 0));
    }
}
