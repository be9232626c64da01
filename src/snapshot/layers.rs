//! Files of hash sets → compiled sets in the cache folder → memory.
//!
//! A list is compiled once and its compiled set kept in the cache folder, under a name that follows from what the file
//! system says of the list and how it is read; as long as neither changes, a start only maps the file. A set that comes
//! compiled is copied there too: what is mapped must not change, and who updates a set with `cp` changes it in place.

use std::fmt::Display;
use std::fs::{DirBuilder, File};
use std::io::{self, BufReader, Read, Seek};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use rustix::fs::{MemfdFlags, memfd_create};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::tidy::tidy;
use crate::body::{Decompressed, FileCoding, private_copy};
use crate::config::{ListReading, OnBadRow, Place, Problem, open_file};
use crate::hash_set::compiled::{copy_in_blocks, is_compiled};
use crate::hash_set::format::Input;
use crate::hash_set::{Compiled, HashSet, LoadError, Progress, ReadError, RowProblem, RowProblems, SetBuilder};

/// Bytes read from a list at a time.
const BUFFER: usize = 1 << 18;

/// Turns the files of hash sets into compiled sets, and keeps these.
pub struct SetCache<'a> {
    /// Where compiled sets are kept. `None` for nowhere, so that each start compiles anew.
    pub folder: Option<&'a Path>,
    /// Whether new ones may be put there.
    pub keeping: Keeping,
    /// Where files without a name lie.
    pub temporary: &'a Path,
    /// Threads that compiling may use.
    pub threads: usize,
    /// Who is told how far it is.
    pub progress: &'a dyn Progress,
}

/// Whether what is compiled is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// It is put into the folder.
    New,
    /// Only what is in the folder already is used.
    Nothing,
}

/// A list, compiled and in memory.
#[derive(Clone)]
pub struct LoadedLayer {
    /// The set.
    pub set: Arc<Compiled>,
    /// Rows that were left out just now because the set says `on_bad_row = "skip"`.
    pub skipped: Vec<Problem>,
}

/// Lists that were read and not compiled yet.
pub struct Collected {
    /// What they list.
    pub builder: SetBuilder,
    /// Rows that were left out.
    pub skipped: Vec<Problem>,
}

/// A list or compiled set.
#[derive(Clone, Copy, Debug)]
pub struct SetPath<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What people know it as: problems name it so, and some formats are told by it.
    pub shown: &'a Path,
}

impl<'a> SetPath<'a> {
    /// A file that people know as what it is.
    pub const fn of(path: &'a Path) -> Self {
        Self { path, shown: path }
    }
}

/// A list or compiled set that is about to be read.
struct SetFile<'a> {
    shown: &'a Path,
    file: File,
    /// Its first bytes.
    start: Vec<u8>,
    reading: &'a ListReading,
}

impl SetCache<'_> {
    /// The set that the lists and compiled sets `files` make together, in this order.
    ///
    /// # Errors
    /// Every problem of the first that cannot be used.
    pub fn load(&self, files: &[SetPath<'_>], reading: &ListReading) -> Result<LoadedLayer, Vec<Problem>> {
        let mut lists = files.iter().map(|file| SetFile::open(*file, reading)).collect::<Result<Vec<_>, _>>()?;
        let shown = files.first().map_or(Path::new(""), |file| file.shown);
        let unreadable = |error: io::Error| vec![Problem::unreadable(shown, &error)];
        let kept = self.kept_path(&lists).map_err(unreadable)?;
        if let Some(set) = kept.as_deref().and_then(open_kept) {
            return Ok(LoadedLayer { set: Arc::new(set), skipped: Vec::new() });
        }
        let (mut aside, skipped) = self.write(&mut lists, self.aside()).map_err(|failure| match failure {
            Failure::List(problems) => problems,
            Failure::Write(error) => vec![Problem::of_file(shown, format!("cannot be compiled: {error}"))],
        })?;
        let set = verified(aside.as_file()).map_err(|error| vec![Problem::of_file(shown, error.to_string())])?;
        aside.keep(kept.as_deref());
        tracing::debug!(event = "set_cache", list = %shown.display(), version = set.version(), "compiled");
        Ok(LoadedLayer { set: Arc::new(set), skipped })
    }

    /// Writes the set that `lists` make together to `aside`, or to memory where that has no room. Gives it back with
    /// the rows that were left out.
    fn write(&self, lists: &mut [SetFile<'_>], aside: io::Result<Aside>) -> Result<(Aside, Vec<Problem>), Failure> {
        match aside.map_err(Failure::Write).and_then(|aside| self.write_to(lists, aside)) {
            Err(Failure::Write(error)) if is_full(&error) => {
                tracing::warn!(event = "set_cache", %error, "a set is compiled in memory and not kept");
                lists.iter_mut().try_for_each(|list| list.file.rewind()).map_err(Failure::Write)?;
                self.write_to(lists, Aside::Nameless(in_memory().map_err(Failure::Write)?))
            }
            written => written,
        }
    }

    fn write_to(&self, lists: &mut [SetFile<'_>], mut aside: Aside) -> Result<(Aside, Vec<Problem>), Failure> {
        if let [list] = lists
            && is_compiled(&list.start)
        {
            copy_in_blocks(&mut list.file, aside.as_file()).map_err(Failure::Write)?;
            return Ok((aside, Vec::new()));
        }
        let Collected { builder, skipped } = self.collect_from(lists).map_err(Failure::List)?;
        self.compile(builder, aside.as_file()).map_err(Failure::Write)?;
        Ok((aside, skipped))
    }

    /// Reads the lists and compiled sets `files` into one builder, in this order.
    ///
    /// # Errors
    /// Every problem of the first that cannot be used.
    pub fn collect(&self, files: &[SetPath<'_>], reading: &ListReading) -> Result<Collected, Vec<Problem>> {
        let lists = files.iter().map(|file| SetFile::open(*file, reading)).collect::<Result<Vec<_>, _>>();
        self.collect_from(&mut lists?)
    }

    fn collect_from(&self, lists: &mut [SetFile<'_>]) -> Result<Collected, Vec<Problem>> {
        let (mut builder, mut skipped) = (SetBuilder::default(), Vec::new());
        for list in lists {
            if is_compiled(&list.start) {
                let set = verified(&list.file).map_err(|error| list.problem(error))?;
                builder.add_set(&HashSet::of(Arc::new(set)));
            } else {
                skipped.extend(self.read(&mut builder, list)?);
            }
        }
        Ok(Collected { builder, skipped })
    }

    /// Reads `list` and gives the problems of the rows that were left out.
    fn read(&self, builder: &mut SetBuilder, list: &mut SetFile<'_>) -> Result<Vec<Problem>, Vec<Problem>> {
        let before = builder.problems().len();
        let name = list.shown.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let outcome = match FileCoding::of(&list.start) {
            None => {
                let reader = BufReader::with_capacity(BUFFER, Told { inner: &mut list.file, progress: self.progress });
                builder.read(&mut Input::new(reader, &name), list.reading)
            }
            Some(coding) => {
                let packed =
                    self.private_copy(&mut list.file).map_err(|error| vec![Problem::unreadable(list.shown, &error)])?;
                let reader = Told { inner: Decompressed::new(coding, &packed), progress: self.progress };
                let name = name.strip_suffix(coding.extension()).unwrap_or(&name).trim_end_matches('.');
                builder.read(&mut Input::new(BufReader::with_capacity(BUFFER, reader), name), list.reading)
            }
        };
        let mut problems = row_problems(list.shown, builder.problems(), before);
        let broken = outcome.err().map(|error| match error {
            ReadError::Broken(problem) => row_problem(list.shown, &problem),
            ReadError::Io { .. } => Problem::of_file(list.shown, error.to_string()),
        });
        if broken.is_none() && (problems.is_empty() || list.reading.on_bad_row == OnBadRow::Skip) {
            return Ok(problems);
        }
        problems.extend(broken);
        Err(problems)
    }

    fn compile(&self, builder: SetBuilder, out: &File) -> io::Result<()> {
        builder.compile(out, self.threads, self.progress)?.0.sync_all()
    }

    /// Where the compiled set of `lists` is kept: a file named after all that its content depends on.
    fn kept_path(&self, lists: &[SetFile<'_>]) -> io::Result<Option<PathBuf>> {
        let Some(folder) = self.folder else {
            return Ok(None);
        };
        let (mut key, mut of_list) = (Sha256::new(), Sha256::new());
        key.update(concat!("penstock ", env!("CARGO_PKG_VERSION"), "\n"));
        for list in lists {
            let metadata = list.file.metadata()?;
            let stamp = [
                metadata.dev(),
                metadata.ino(),
                metadata.len(),
                metadata.mtime() as u64,
                metadata.mtime_nsec() as u64,
                metadata.ctime() as u64,
                metadata.ctime_nsec() as u64,
            ];
            key.update(format!("{}\n{stamp:?}\n{:?}\n", list.shown.display(), list.reading));
            let shown = std::path::absolute(list.shown).unwrap_or_else(|_| list.shown.to_owned());
            of_list.update(format!("{}\n{:?}\n", shown.display(), list.reading));
        }
        let hex = |digest: Sha256, bytes: usize| data_encoding::HEXLOWER.encode(&digest.finalize()[..bytes]);
        Ok(Some(folder.join(format!("{}-{}.pset", hex(of_list, 8), hex(key, 16)))))
    }

    /// A file to write a set to before it has its name.
    fn aside(&self) -> io::Result<Aside> {
        let Some(folder) = self.folder.filter(|_| self.keeping == Keeping::New) else {
            return Ok(Aside::Nameless(self.nameless()?));
        };
        let named = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        match named.and_then(|()| NamedTempFile::with_prefix_in(".compiling-", folder)) {
            Ok(file) => Ok(Aside::Named(file)),
            Err(error) => {
                let folder = folder.display();
                tracing::warn!(event = "set_cache", %folder, %error, "compiled sets cannot be kept, each start compiles anew");
                Ok(Aside::Nameless(self.nameless()?))
            }
        }
    }

    /// A file without a name: where no folder can be written, in memory, so that a list that has changed is used all
    /// the same.
    fn nameless(&self) -> io::Result<File> {
        tempfile::tempfile_in(self.temporary).or_else(|error| {
            let folder = self.temporary.display();
            tracing::warn!(event = "set_cache", %folder, %error, "lists are compiled in memory");
            in_memory()
        })
    }

    /// What `file` holds, which does not change any more: in a file without a name, or in memory where no folder has
    /// room.
    fn private_copy(&self, file: &mut File) -> io::Result<Bytes> {
        match self.nameless().and_then(|own| private_copy(file, own)) {
            Err(error) if is_full(&error) => {
                file.rewind()?;
                private_copy(file, in_memory()?)
            }
            copied => copied,
        }
    }

    /// Removes what is not needed any more from the folder.
    pub fn tidy(&self) {
        if let Some(folder) = self.folder {
            tidy(folder, SystemTime::now());
        }
    }
}

impl<'a> SetFile<'a> {
    fn open(SetPath { path, shown }: SetPath<'a>, reading: &'a ListReading) -> Result<Self, Vec<Problem>> {
        let opened = open_file(path).and_then(|mut file| {
            let mut start = Vec::new();
            (&mut file).take(16).read_to_end(&mut start)?;
            file.rewind()?;
            Ok((file, start))
        });
        let (file, start) = opened.map_err(|error| vec![Problem::unreadable(shown, &error)])?;
        Ok(Self { shown, file, start, reading })
    }

    fn problem(&self, message: impl Display) -> Vec<Problem> {
        vec![Problem::of_file(self.shown, message.to_string())]
    }
}

/// Why a set was not written.
enum Failure {
    /// A list cannot be used.
    List(Vec<Problem>),
    /// There is no place to write it to.
    Write(io::Error),
}

/// Whether a disk has no room, or its user may have no more of it.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn in_memory() -> io::Result<File> {
    Ok(File::from(memfd_create("list", MemfdFlags::CLOEXEC)?))
}

/// Where a set is written before it is known to be whole.
enum Aside {
    Named(NamedTempFile),
    Nameless(File),
}

impl Aside {
    fn as_file(&mut self) -> &File {
        match self {
            Self::Named(file) => file.as_file(),
            Self::Nameless(file) => file,
        }
    }

    /// Gives the set its name. Where that fails the set is used all the same, and compiled again at the next start.
    fn keep(self, path: Option<&Path>) {
        if let (Self::Named(file), Some(path)) = (self, path)
            && let Err(error) = file.persist(path)
        {
            tracing::warn!(event = "set_cache", file = %path.display(), error = %error.error, "cannot be kept");
        }
    }
}

/// The set kept at `path`, if it is there and whole. One that is damaged is compiled again.
fn open_kept(path: &Path) -> Option<Compiled> {
    let file = open_file(path).ok()?;
    match verified(&file) {
        Ok(set) => {
            // That it was used just now is what its date says from here on.
            drop(file.set_modified(SystemTime::now()));
            Some(set)
        }
        Err(error) => {
            tracing::warn!(event = "set_cache", file = %path.display(), %error, "compiled again");
            None
        }
    }
}

/// Maps the set in `file` and reads all of it.
fn verified(file: &File) -> Result<Compiled, LoadError> {
    let set = Compiled::open_file(file)?;
    set.verify()?;
    Ok(set)
}

/// Tells how much is read.
struct Told<'a, R> {
    inner: R,
    progress: &'a dyn Progress,
}

impl<R: Read> Read for Told<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.progress.read(read as u64);
        Ok(read)
    }
}

/// The problems of a list but the first `before`, which were another's.
fn row_problems(path: &Path, problems: &RowProblems, before: u64) -> Vec<Problem> {
    let own = problems.first.iter().skip(usize::try_from(before).unwrap_or(usize::MAX));
    let mut all: Vec<Problem> = own.map(|problem| row_problem(path, problem)).collect();
    let more = (problems.len() - before) - all.len() as u64;
    if more > 0 {
        all.push(Problem::of_file(path, format!("and {more} more problems")));
    }
    all
}

fn row_problem(path: &Path, problem: &RowProblem) -> Problem {
    Problem::at(path, Place { line: problem.line, column: problem.column }, problem.kind.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash_set::Silent;

    #[test]
    fn a_full_disk_keeps_no_list_from_being_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        std::fs::write(&path, format!("algorithm,hash\nmd5,{}\nmd5,short\n", "0".repeat(32))).unwrap();
        let reading = ListReading { on_bad_row: OnBadRow::Skip, ..ListReading::default() };
        let cache = SetCache {
            folder: Some(folder.path()),
            keeping: Keeping::New,
            temporary: folder.path(),
            threads: 1,
            progress: &Silent,
        };
        let full = || File::options().write(true).open("/dev/full").map(Aside::Nameless);
        let mut lists = [SetFile::open(SetPath::of(&path), &reading).unwrap()];
        let (mut aside, skipped) = cache.write(&mut lists, full()).ok().unwrap();
        assert_eq!((verified(aside.as_file()).unwrap().info().sources[0].listed, skipped.len()), (1, 1));
        let compiled = folder.path().join("list.pset");
        aside.as_file().rewind().unwrap();
        io::copy(&mut aside.as_file(), &mut File::create(&compiled).unwrap()).unwrap();
        let mut lists = [SetFile::open(SetPath::of(&compiled), &reading).unwrap()];
        let (mut aside, _) = cache.write(&mut lists, full()).ok().unwrap();
        assert_eq!(verified(aside.as_file()).unwrap().info().sources[0].listed, 1);
    }
}
