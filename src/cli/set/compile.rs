//! `penstock set compile`, also called `merge`.

use std::path::PathBuf;

use clap::Args;

use super::info::print_left_out;
use super::{ReadingArgs, counts, warn_of_skipped, with_cache};
use crate::cli::OK;
use crate::cli::replace::replace;
use crate::config::Problem;
use crate::hash_set::HashSet;
use crate::hash_set::compiled::Compiled;
use crate::snapshot::SetPath;

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
        let (builder, threads, progress) = (collected.builder, cache.threads, cache.progress);
        replace(&args.output, |file| Ok(builder.compile(file, threads, progress)?.0))
    })?;
    let set = Compiled::open(&args.output)
        .map_err(|error| vec![Problem::of_file(&args.output, format!("cannot be read back: {error}"))])?;
    let (bytes, version, info) = (set.file_len(), set.version(), set.info().clone());
    println!("{}: {} ({bytes} bytes, version {version})", args.output.display(), counts(&HashSet::of(set.into())));
    print_left_out(&info);
    Ok(OK)
}
