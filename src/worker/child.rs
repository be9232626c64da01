//! A worker as the proxy sees it: a process that is asked, and killed when it does not answer.

use std::io::{self, BufReader, ErrorKind};
use std::path::Path;
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::hello::Hello;
use super::patience::Patience;
use super::pipe::{Timed, prepare};
use super::protocol::{Pages, read_answer, read_hello, write_request};
use super::sandbox::Rations;
use super::serve::Role;
use crate::content::{Deadline, DecodeLimits, note_work_elsewhere};
use crate::media::{DecodeError, ForeignFormat, ForeignPicture};

/// Files after which a worker is replaced, so that what a library leaks or an upload left behind does not stay.
const MAX_FILES: u32 = 500;

/// Processor time after which a worker is replaced, far from the CPU time that the system allows it.
const MAX_BUSY: Duration = Duration::from_secs(60);

/// A process, killed and waited for when this is dropped.
struct Process(process::Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that has been waited for.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A worker that has said hello.
pub(super) struct Child {
    process: Process,
    input: ChildStdin,
    output: ChildStdout,
    hello: Hello,
    max_alloc: u64,
    files: u32,
    busy: Duration,
}

impl Child {
    /// Starts `program` as a worker in this role for files within `limits`. It inherits two pipes and no environment.
    ///
    /// # Errors
    /// It cannot be started, or says nothing, or not in time, or something else than hello.
    pub(super) fn start(program: &Path, role: &Role, limits: &DecodeLimits, deadline: &Deadline) -> io::Result<Self> {
        let rations = rations(limits);
        let mut command = Command::new(program);
        command.arg("worker");
        if let Role::Documents { pdfium } = role {
            command.arg("--documents");
            pdfium.iter().for_each(|path| {
                command.arg("--pdfium").arg(path);
            });
        }
        let mut process = Process(
            command
                .args(["--max-alloc", &rations.max_alloc.to_string()])
                .args(["--cpu-seconds", &rations.cpu.as_secs().to_string()])
                .env_clear()
                // Each arena of the C library takes 64 MiB of address space, which is limited.
                .env("MALLOC_ARENA_MAX", "2")
                .current_dir("/")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()?,
        );
        let pipes = process.0.stdin.take().zip(process.0.stdout.take());
        let (input, output) = pipes.ok_or_else(|| io::Error::from(ErrorKind::BrokenPipe))?;
        prepare(&input)?;
        prepare(&output)?;
        let patience = Patience::with(process.0.id(), limits.deadline, deadline);
        let hello = read_hello(&mut Timed { pipe: &output, patience: &patience })?;
        let max_alloc = limits.max_alloc;
        Ok(Self { process, input, output, hello, max_alloc, files: 0, busy: Duration::ZERO })
    }

    pub(super) fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Whether the process runs.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.process.0.try_wait(), Ok(None))
    }

    /// Whether it may take one more file, with these limits.
    pub(super) fn suits(&self, limits: &DecodeLimits) -> bool {
        self.max_alloc == limits.max_alloc && self.files < MAX_FILES && self.busy < MAX_BUSY
    }

    /// Hands what it makes of `file` to `visit`, and notes in `pages` what it says of those.
    ///
    /// # Errors
    /// It died, or did not answer by `deadline` or within the work that `limits` allow, or not as a worker would:
    /// [`ErrorKind::TimedOut`], [`ErrorKind::InvalidData`], others. It is of no use after that.
    pub(super) fn ask(
        &mut self,
        format: ForeignFormat,
        file: &[u8],
        limits: &DecodeLimits,
        deadline: &Deadline,
        pages: &mut Pages,
        visit: &mut dyn FnMut(ForeignPicture),
    ) -> io::Result<Result<(), DecodeError>> {
        let start = Instant::now();
        let work = deadline.work_left().map_or(limits.deadline, |left| left.min(limits.deadline));
        let patience = Patience::with(self.process.0.id(), work, deadline);
        let before = patience.worked();
        write_request(&mut Timed { pipe: &self.input, patience: &patience }, format, limits, file)?;
        let mut output = BufReader::new(Timed { pipe: &self.output, patience: &patience });
        let answer = read_answer(&mut output, limits, pages, visit);
        self.files += 1;
        let worked = patience.worked();
        note_work_elsewhere(match (before, worked) {
            (Some(before), Some(worked)) => worked.saturating_sub(before),
            _ => start.elapsed(),
        });
        self.busy = worked.unwrap_or_else(|| self.busy + start.elapsed());
        answer
    }
}

/// What a worker for `limits` may use up. The CPU time is a safety net below the deadline of each file: it holds when
/// nobody is there to see the deadline pass.
fn rations(limits: &DecodeLimits) -> Rations {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    let busy = MAX_BUSY + limits.deadline + Duration::from_secs(1);
    Rations { max_alloc: limits.max_alloc, cpu: busy.saturating_mul(cores) }
}
