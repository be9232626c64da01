//! Reads and writes pipes without waiting longer than there is time.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::patience::Patience;

/// Bytes that a pipe shall hold, where the system allows it: with the usual 64 KiB, a large picture takes a change of
/// processes every 16,000 pixels.
const CAPACITY: usize = 1 << 20;

/// Makes one end of a pipe fit for [`Timed`].
///
/// # Errors
/// It is no open descriptor.
pub(super) fn prepare(pipe: &impl AsFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(pipe)?;
    rustix::fs::fcntl_setfl(pipe, flags | OFlags::NONBLOCK)?;
    if let Err(error) = rustix::pipe::fcntl_setpipe_size(pipe, CAPACITY) {
        tracing::debug!(%error, "a pipe keeps its usual size");
    }
    Ok(())
}

/// One end of a pipe. Operations fail with [`ErrorKind::TimedOut`] once patience is at its end.
pub(super) struct Timed<'a, P> {
    pub(super) pipe: &'a P,
    pub(super) patience: &'a Patience,
}

impl<P: AsFd> Timed<'_, P> {
    /// Does `operation` as soon as the pipe is ready for it.
    fn when_ready(
        &self,
        events: PollFlags,
        mut operation: impl FnMut(&P) -> Result<usize, Errno>,
    ) -> io::Result<usize> {
        loop {
            match operation(self.pipe) {
                Err(Errno::AGAIN) => self.wait(events)?,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(count) => return Ok(count),
            }
        }
    }

    /// Waits for `events`, or for the other end to be closed.
    fn wait(&self, events: PollFlags) -> io::Result<()> {
        loop {
            let left = self.patience.left().ok_or(ErrorKind::TimedOut)?;
            match poll(&mut [PollFd::new(self.pipe, events)], Timespec::try_from(left).ok().as_ref()) {
                Ok(0) => {}
                Ok(_) | Err(Errno::INTR) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl<P: AsFd> Read for Timed<'_, P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.when_ready(PollFlags::IN, |pipe| rustix::io::read(pipe, &mut *buffer))
    }
}

impl<P: AsFd> Write for Timed<'_, P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.when_ready(PollFlags::OUT, |pipe| rustix::io::write(pipe, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::content::Deadline;

    /// With this process, which works little meanwhile.
    fn patience(time: Duration) -> Patience {
        Patience::with(std::process::id(), Duration::from_secs(60), &Deadline::after(time))
    }

    #[test]
    fn neither_reading_nor_writing_waits_past_the_deadline() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        prepare(&reader).unwrap();
        prepare(&writer).unwrap();
        let patience = patience(Duration::from_millis(20));
        let read = Timed { pipe: &reader, patience: &patience }.read(&mut [0; 8]);
        assert_eq!(read.unwrap_err().kind(), ErrorKind::TimedOut);
        let written = Timed { pipe: &writer, patience: &patience }.write_all(&vec![7; 4 << 20]);
        assert_eq!(written.unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn what_is_written_is_read_and_an_end_that_closed_is_told() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        prepare(&reader).unwrap();
        let patience = patience(Duration::from_secs(60));
        Timed { pipe: &writer, patience: &patience }.write_all(b"said").unwrap();
        drop(writer);
        let mut text = String::new();
        Timed { pipe: &reader, patience: &patience }.read_to_string(&mut text).unwrap();
        assert_eq!(text, "said");
    }
}
