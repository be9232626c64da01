//! `penstock set compile`, also called `merge`.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::Builder;

use super::info::print_left_out;
use super::{ReadingArgs, counts, warn_of_skipped, with_cache};
use crate::cli::OK;
use crate::config::Problem;
use crate::hash_set::compiled::Compiled;
use crate::hash_set::{HashSet, SetBuilder};
use crate::snapshot::{SetCache, SetPath};

#[derive(Debug, Args)]
pub(in crate::cli) struct CompileArgs {
    /// Lists in any format, compressed with gzip or zstd or not, and compiled sets.
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<PathBuf>,
    /// Where the compiled set goes. It is replaced at once when it is whole, so a proxy may be using it.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    reading: ReadingArgs,
}

pub(super) fn compile(args: &CompileArgs) -> Result<u8, Vec<Problem>> {
    with_cache(&args.inputs, |cache| {
        let inputs: Vec<SetPath<'_>> = args.inputs.iter().map(|path| SetPath::of(path)).collect();
        let collected = cache.collect(&inputs, &args.reading.reading())?;
        warn_of_skipped(&collected.skipped);
        write(collected.builder, &args.output, cache).map_err(|error| vec![unwritable(&args.output, &error)])
    })?;
    let set = Compiled::open(&args.output)
        .map_err(|error| vec![Problem::of_file(&args.output, format!("cannot be read back: {error}"))])?;
    let (bytes, version, info) = (set.file_len(), set.version(), set.info().clone());
    println!("{}: {} ({bytes} bytes, version {version})", args.output.display(), counts(&HashSet::of(set.into())));
    print_left_out(&info);
    Ok(OK)
}

fn unwritable(path: &Path, error: &io::Error) -> Problem {
    Problem::of_file(path, format!("cannot be written: {error}"))
}

/// Writes the set beside `output` and renames it when it is whole and on the disk.
fn write(builder: SetBuilder, output: &Path, cache: &SetCache<'_>) -> io::Result<()> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let readable = Permissions::from_mode(0o644);
    let file = Builder::new().prefix(".compiling-").permissions(readable).tempfile_in(folder)?;
    let (file, _) = builder.compile(file, cache.threads, cache.progress)?;
    file.as_file().sync_all()?;
    file.persist(output).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
