//! Writes log lines without making anybody wait: who reads them may stop reading, and disks fill up.
//!
//! A thread of its own writes to standard error. What it cannot keep up with, or cannot write, is counted and lost, and
//! the next line that can be written says how much that was.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::fmt::MakeWriter;

/// Bytes of lines that may wait to be written.
const MOST_WAITING: usize = 16 << 20;

/// How long the end of the process waits for lines to be written.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it looks whether they are.
const LOOK: Duration = Duration::from_millis(5);

static LOST: LazyLock<Counter> = LazyLock::new(Counter::default);
static WAITING: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// Lines of the log that were lost since the start.
pub(super) fn lost_lines() -> Counter {
    LOST.clone()
}

/// Waits until all lines are written, or nobody seems to read them. For those who end the process.
pub fn flush_log() {
    let start = Instant::now();
    while WAITING.load(Ordering::Acquire) > 0 && start.elapsed() < PATIENCE {
        thread::sleep(LOOK);
    }
}

/// Takes lines for the thread that writes them.
#[derive(Clone)]
pub(super) struct LogWriter {
    lines: Arc<Lines>,
    waiting: Arc<AtomicUsize>,
    lost: Counter,
}

/// Lines to be written. A channel would spin for a while before it waits for the next one, which with hundreds of lines
/// a second takes as much time as to write them.
#[derive(Default)]
struct Lines {
    to_write: Mutex<Vec<Vec<u8>>>,
    came: Condvar,
}

impl Lines {
    fn push(&self, line: Vec<u8>) {
        self.to_write.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        self.came.notify_one();
    }

    /// All that are there, once there are any.
    fn take(&self) -> Vec<Vec<u8>> {
        let mut to_write = self.to_write.lock().unwrap_or_else(PoisonError::into_inner);
        while to_write.is_empty() {
            to_write = self.came.wait(to_write).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut *to_write)
    }
}

impl LogWriter {
    /// Starts the thread that writes to standard error.
    ///
    /// # Errors
    /// The system has no more threads.
    pub(super) fn start() -> io::Result<Self> {
        Self::into(io::stderr(), Arc::clone(&WAITING), LOST.clone())
    }

    fn into(sink: impl Write + Send + 'static, waiting: Arc<AtomicUsize>, lost: Counter) -> io::Result<Self> {
        let writer = Self { lines: Arc::default(), waiting, lost };
        let own = writer.clone();
        thread::Builder::new().name("log".into()).spawn(move || own.write_all_to(sink))?;
        Ok(writer)
    }

    /// Writes lines as long as the process lives.
    fn write_all_to(&self, mut sink: impl Write) {
        let mut told = 0;
        loop {
            for line in self.lines.take() {
                let is_written = sink.write_all(&line).and_then(|()| sink.flush()).is_ok();
                self.waiting.fetch_sub(line.len(), Ordering::Release);
                if !is_written {
                    self.lost.inc();
                } else if self.lost.get() > told {
                    let lines = self.lost.get() - told;
                    told += lines;
                    tracing::error!(
                        event = "log",
                        lines,
                        "lines of the log were lost, as nobody read them or nothing took them"
                    );
                }
            }
        }
    }
}

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let before = self.waiting.fetch_add(line.len(), Ordering::Acquire);
        if before + line.len() > MOST_WAITING {
            self.waiting.fetch_sub(line.len(), Ordering::Release);
            self.lost.inc();
        } else {
            self.lines.push(line.to_vec());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{self, Receiver};

    use super::*;

    /// A reader that reads a line whenever it is told to, and breaks when it is told nothing more.
    struct Reader(Arc<Mutex<Vec<u8>>>, Receiver<()>);

    impl Write for Reader {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.1.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.0.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stops_or_breaks_holds_nobody_up_and_what_is_lost_is_counted() {
        let (read, waiting, lost) = (Arc::default(), Arc::default(), Counter::default());
        let (tell, told) = mpsc::channel();
        let mut writer = LogWriter::into(Reader(Arc::clone(&read), told), Arc::clone(&waiting), lost.clone()).unwrap();
        let line = vec![b'x'; 1 << 20];
        for _ in 0..20 {
            writer.write_all(&line).unwrap();
        }
        assert_eq!(lost.get(), 4, "the reader has not read any");
        tell.send(()).unwrap();
        while waiting.load(Ordering::Acquire) > 15 << 20 {
            thread::yield_now();
        }
        assert_eq!(read.lock().unwrap().len(), 1 << 20);
        drop(tell);
        while waiting.load(Ordering::Acquire) > 0 {
            thread::yield_now();
        }
        writer.write_all(b"more").unwrap();
        while lost.get() < 20 {
            thread::yield_now();
        }
    }
}
