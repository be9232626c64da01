//! `penstock set export`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ReadingArgs, open, parse_algorithm};
use crate::cli::OK;
use crate::config::Problem;
use crate::content::Algorithm;
use crate::hash_set::export::{ExportFormat, export as write_set};

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// A compiled set, or a list in any format.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// `csv` is Penstock's own and loses nothing, `json` one object a line, `pytx` what the Python package
    /// threatexchange reads, `plain` one hash a line.
    #[arg(long, value_enum, default_value_t = As::Csv)]
    r#as: As,
    /// Whose hashes `plain` writes.
    #[arg(long, value_name = "NAME", value_parser = parse_algorithm, required_if_eq("as", "plain"))]
    only: Option<Algorithm>,
    /// Where to. Default: standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadingArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum As {
    Csv,
    Json,
    Pytx,
    Plain,
}

pub(super) fn export(args: &ExportArgs) -> Result<u8, Vec<Problem>> {
    let set = open(&args.file, &args.reading)?;
    let format = match (args.r#as, args.only) {
        (As::Json, _) => ExportFormat::JsonLines,
        (As::Pytx, _) => ExportFormat::PytxCsv,
        (As::Plain, Some(algorithm)) => ExportFormat::Plain(algorithm),
        (As::Csv | As::Plain, _) => ExportFormat::Csv,
    };
    let to: Box<dyn Write> = match &args.output {
        Some(path) => Box::new(File::create(path).map_err(|error| vec![unwritable(Some(path), &error)])?),
        None => Box::new(io::stdout().lock()),
    };
    let mut out = BufWriter::new(to);
    write_set(&set, format, &mut out)
        .and_then(|()| out.flush())
        .map(|()| OK)
        .or_else(|error| if is_closed(&error) { Ok(OK) } else { Err(vec![unwritable(args.output.as_ref(), &error)]) })
}

/// Whoever reads the output has seen enough.
fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

fn unwritable(path: Option<&PathBuf>, error: &io::Error) -> Problem {
    let output = PathBuf::from("standard output");
    Problem::of_file(path.unwrap_or(&output), format!("cannot be written: {error}"))
}
