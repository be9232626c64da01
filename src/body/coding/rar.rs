//! RAR of all versions, by `rars`, in a thread of its own.
//!
//! That crate gives content to writers that own all they use, so that pieces come over a channel with room for a few of
//! them. It has no unsafe code; what panics in it ends its thread and is damage. What the thread works counts for the
//! one that reads.

use std::io::{self, Cursor, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rars::{
    ArchiveMember, ArchiveReadOptions, ArchiveReader, Error, ErrorKind, ExtractionDecision, ExtractionErrorAction,
    ReadCancellation,
};

use crate::content::{Deadline, WorkClock, note_work_elsewhere};

/// Events under way at once.
const UNDER_WAY: usize = 4;

/// How often somebody looks whether time has run out.
const PAUSE: Duration = Duration::from_millis(5);

/// A decoder may be silent for so many times the work that is left: silence is told by the clock, and others use the
/// processor too.
const SILENCE: u32 = 4;

/// Largest dictionary, as for LZMA, and all that a decoder may take besides.
const MAX_DICTIONARY: u64 = 256 << 20;
const MAX_WORKSPACE: u64 = 512 << 20;

/// Content of a member that is held while filters are looked for in it.
const MAX_BUFFERED: u64 = 4 << 20;

/// Bytes of all headers together.
const MAX_HEADERS: u64 = 64 << 20;

/// What an archive gives, in order.
#[derive(Debug)]
pub enum RarEvent {
    /// What somebody wrote about the archive.
    Comment(Vec<u8>),
    /// A file or a folder begins, of this name.
    Member(Vec<u8>),
    /// More of its content.
    Content(Vec<u8>),
    /// Not all of it can be read.
    Fault(RarFault),
}

/// Why not all of an archive can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RarFault {
    /// It is damaged.
    Broken,
    /// It is encrypted.
    Encrypted,
    /// Some of it is in another volume.
    Incomplete,
    /// It is written in a way that nobody here knows.
    Unknown,
    /// It asks for more memory than a decoder gets.
    TooLarge,
}

/// Reads an archive.
#[derive(Debug)]
pub struct RarReader {
    events: Receiver<(RarEvent, Duration)>,
    cancellation: ReadCancellation,
    /// What the thread has worked, as far as it was counted.
    counted: Duration,
}

impl RarReader {
    /// Begins to read `archive`, with up to `max_members` files and folders; `None` when there is no thread to be had.
    pub fn start(archive: Bytes, max_members: usize) -> Option<Self> {
        let (sender, events) = sync_channel(UNDER_WAY);
        let cancellation = ReadCancellation::new();
        let signal = cancellation.clone();
        let run = move || {
            let outlet = Outlet { sender, clock: WorkClock::start() };
            let headers = max_members.saturating_add(8) as u64;
            if let Err(error) = read(archive, headers, &signal, &outlet)
                && let Some(fault) = fault_of(&error)
            {
                outlet.send(RarEvent::Fault(fault));
            }
        };
        std::thread::Builder::new().name("rar".to_owned()).spawn(run).ok()?;
        Some(Self { events, cancellation, counted: Duration::ZERO })
    }

    /// The next event; `None` at the end, or when `deadline` has passed.
    pub fn next(&mut self, deadline: &Deadline) -> Option<RarEvent> {
        let start = Instant::now();
        let patience = deadline.work_left().map(|left| left.saturating_mul(SILENCE));
        loop {
            match self.events.recv_timeout(PAUSE) {
                Ok((event, worked)) => {
                    note_work_elsewhere(worked.saturating_sub(self.counted));
                    self.counted = worked;
                    return Some(event);
                }
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if deadline.has_passed() {
                return None;
            }
            if patience.is_some_and(|patience| start.elapsed() > patience) {
                // It has worked all the while, or would not get to.
                note_work_elsewhere(start.elapsed());
                return None;
            }
        }
    }
}

impl Drop for RarReader {
    fn drop(&mut self) {
        self.cancellation.cancel();
    }
}

#[derive(Clone)]
struct Outlet {
    sender: SyncSender<(RarEvent, Duration)>,
    clock: WorkClock,
}

impl Outlet {
    /// Whether somebody still reads.
    fn send(&self, event: RarEvent) -> bool {
        self.sender.send((event, self.clock.worked())).is_ok()
    }
}

impl Write for Outlet {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let piece = &piece[..piece.len().min(super::BLOCK)];
        if self.send(RarEvent::Content(piece.to_vec())) {
            Ok(piece.len())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn read(archive: Bytes, headers: u64, signal: &ReadCancellation, outlet: &Outlet) -> rars::Result<()> {
    let options = ArchiveReadOptions::new()
        .with_cancellation(signal)
        .with_max_header_count(headers)
        .with_max_header_bytes(MAX_HEADERS)
        .with_rar50_dictionary_size_limit(MAX_DICTIONARY)
        .with_max_reader_workspace_bytes(MAX_WORKSPACE)
        .with_rar50_buffered_decode_limit(MAX_BUFFERED);
    let archive = match ArchiveReader::read_reader_with_options(Cursor::new(archive), options) {
        // Other readers go on where the checksum of a header is wrong, and it was often another program that wrote it.
        Err(error) if error.kind() == ErrorKind::ChecksumMismatch => {
            outlet.send(RarEvent::Fault(RarFault::Unknown));
            return Ok(());
        }
        opened => opened?,
    };
    if let Ok(Some(comment)) = archive.comment_with_options(options) {
        outlet.send(RarEvent::Comment(comment));
    }
    let goes_on = |error: &Error| match fault_of(error) {
        Some(fault) if outlet.send(RarEvent::Fault(fault)) => ExtractionErrorAction::Continue,
        _ => ExtractionErrorAction::Abort,
    };
    archive
        .extract_with_control_and_errors(options, |member| Ok(decide(member, outlet)), |_, error| Ok(goes_on(error)))
        .map(drop)
}

/// Whether a member is read.
fn decide(member: &ArchiveMember, outlet: &Outlet) -> ExtractionDecision {
    let name = member.decoded_name(None).map_or_else(|_| member.meta.name.clone(), |name| name.into_owned());
    let meta = &member.meta;
    let fault = if meta.is_encrypted {
        Some(RarFault::Encrypted)
    } else {
        (meta.is_split_before || meta.is_split_after).then_some(RarFault::Incomplete)
    };
    let goes_on = outlet.send(RarEvent::Member(name)) && fault.is_none_or(|fault| outlet.send(RarEvent::Fault(fault)));
    match fault {
        _ if !goes_on => ExtractionDecision::Stop,
        // A link to another file has no content.
        _ if meta.is_redirection => ExtractionDecision::Skip,
        // What follows cannot be read without this one.
        Some(_) if member.is_solid() => ExtractionDecision::Stop,
        Some(_) => ExtractionDecision::Skip,
        None => ExtractionDecision::Extract(Box::new(outlet.clone())),
    }
}

fn fault_of(error: &Error) -> Option<RarFault> {
    // The one feature that reading would need.
    if let Error::FeatureDisabled { .. } = error.root_cause() {
        return Some(RarFault::Encrypted);
    }
    Some(match error.kind() {
        ErrorKind::Cancelled => return None,
        ErrorKind::PasswordRequired | ErrorKind::BadPassword => RarFault::Encrypted,
        ErrorKind::UnsupportedFormat | ErrorKind::UnsupportedFeature => RarFault::Unknown,
        ErrorKind::ResourceLimit => RarFault::TooLarge,
        _ => RarFault::Broken,
    })
}
