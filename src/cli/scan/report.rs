//! `penstock scan --report`: what would happen to every file of a folder, so that operators see on files of their own
//! what a policy costs before it is enforced.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use super::super::progress::Bar;
use super::super::{FAILED, OK, STOPPED};
use super::tally::{FileResult, Reason, Tally};
use super::{Setting, inspect_file, printable};
use crate::config::{Doubtful, Inspection};
use crate::content::{Deadline, DecodeLimits};
use crate::hash_set::Progress;
use crate::inspect::Examination;
use crate::media::{DecodeError, ForeignDecoder, ForeignFormat, ForeignPicture};
use crate::verdict::{Doubt, DoubtKind, Outcome, Verdict};

/// Prints the report on every file in `folder` and the folders below it.
pub(super) fn report(folder: &Path, setting: &Setting<'_>, workers: &dyn ForeignDecoder) -> u8 {
    let files = match files_below(folder) {
        Ok(files) if !files.is_empty() => files,
        Ok(_) => {
            eprintln!("penstock: there is no file in {}", printable(folder));
            return FAILED;
        }
        Err((path, error)) => {
            eprintln!("penstock: {} cannot be read: {error}", printable(&path));
            return FAILED;
        }
    };
    let tally = inspect_all(&files, setting, workers);
    if setting.args.json {
        println!("{}", tally.to_json());
    } else {
        print!("{tally}");
    }
    match tally.worst() {
        _ if tally.has_unreadable() => FAILED,
        Some(Outcome::Refuse | Outcome::Block) => STOPPED,
        _ => OK,
    }
}

/// A file and its size.
type Sized = (PathBuf, u64);

/// Every file in `folder` and the folders below it, by name. Links are not followed, so that the walk ends.
fn files_below(folder: &Path) -> Result<Vec<Sized>, (PathBuf, io::Error)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let unreadable = |error| (folder.clone(), error);
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let metadata = entry.metadata().map_err(|error| (entry.path(), error))?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if metadata.is_file() {
                files.push((entry.path(), metadata.len()));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Inspects `files` on as many threads as the proxy would.
fn inspect_all(files: &[Sized], setting: &Setting<'_>, workers: &dyn ForeignDecoder) -> Tally {
    let bar = Bar::over(files.iter().map(|(_, size)| size).sum());
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let work = || {
        while let Some((file, size)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = measure(file, *size, setting, workers);
            tally.lock().unwrap_or_else(PoisonError::into_inner).add(result);
            bar.read(*size);
        }
    };
    thread::scope(|scope| {
        for _ in 1..setting.snapshot.config.server.inspection_threads {
            scope.spawn(work);
        }
        work();
    });
    let mut tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    tally.sort();
    tally
}

fn measure(file: &Path, size: u64, setting: &Setting<'_>, workers: &dyn ForeignDecoder) -> FileResult {
    let workers = Timed { workers, nanoseconds: AtomicU64::new(0) };
    let time = setting.snapshot.config.limits.inspection_time(size);
    let start = processor_time();
    let inspected = catch_unwind(AssertUnwindSafe(|| inspect_file(file, setting, &workers, Some(time))));
    let here = processor_time().saturating_sub(start);
    let elsewhere = Duration::from_nanos(workers.nanoseconds.into_inner());
    let (content, reason) = match inspected {
        Ok(Ok((examination, verdict))) => (content_of(&examination, size), reason(&examination, &verdict, setting)),
        Ok(Err(error)) => ("unreadable", Reason::Unreadable(error.to_string())),
        Err(_) => ("unreadable", Reason::Doubt(Outcome::Refuse, DoubtKind::Undecodable.name(), "inspection_panicked")),
    };
    FileResult { file: file.to_path_buf(), size, content, reason, time: here + elsewhere }
}

/// What the file is. An empty one has no part but its name.
fn content_of(examination: &Examination, size: u64) -> &'static str {
    examination.parts.first().filter(|_| size > 0).map_or("empty", |part| part.name())
}

/// Why the file gets the verdict that it gets: one reason a file, so that they add up. A route that only monitors is
/// reported as if it enforced.
fn reason(examination: &Examination, verdict: &Verdict, setting: &Setting<'_>) -> Reason {
    let policy = &setting.route.policy;
    let outcome = if policy.inspect == Inspection::Enforce { verdict.outcome } else { verdict.if_enforced };
    let decides = match outcome {
        Outcome::Allow => return Reason::Allowed,
        Outcome::Block => return Reason::Match(outcome),
        Outcome::Refuse => Doubtful::Refuse,
        Outcome::Flag => Doubtful::Flag,
    };
    let deciding = |doubt: &&Doubt| doubt.kind.policy(policy) == decides;
    // Of a damaged archive, that is what people want to know, and not what it does to the last file in it.
    let outermost = examination.findings.doubts.iter().filter(deciding).min_by_key(|doubt| doubt.part);
    outermost.map_or(Reason::Match(outcome), |doubt| Reason::Doubt(outcome, doubt.kind.name(), doubt.code))
}

/// Processor time of this thread.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Counts the time that workers take, which is no processor time of a thread here.
struct Timed<'a> {
    workers: &'a dyn ForeignDecoder,
    nanoseconds: AtomicU64,
}

impl ForeignDecoder for Timed<'_> {
    fn decode(
        &self,
        format: ForeignFormat,
        bytes: &[u8],
        limits: &DecodeLimits,
        deadline: &Deadline,
        visit: &mut dyn FnMut(ForeignPicture),
    ) -> Result<(), DecodeError> {
        let (start, here) = (Instant::now(), processor_time());
        let decoded = self.workers.decode(format, bytes, limits, deadline, visit);
        // What `visit` does is processor time of this thread already.
        let elsewhere = start.elapsed().saturating_sub(processor_time().saturating_sub(here));
        self.nanoseconds.fetch_add(elsewhere.as_nanos() as u64, Ordering::Relaxed);
        decoded
    }
}
