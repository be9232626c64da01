//! `penstock texts compile`.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;

use crate::cli::replace::replace;
use crate::cli::{OK, counted};
use crate::config::Problem;
use crate::snapshot::open_texts;
use crate::text::digest_lines;

#[derive(Debug, Args)]
pub(in crate::cli) struct CompileArgs {
    /// A folder of texts, each a file whose name becomes its id.
    #[arg(value_name = "FOLDER")]
    input: PathBuf,
    /// Where the digests go. The file is replaced at once when it is whole, so a proxy may be using it.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn compile(args: &CompileArgs) -> Result<u8, Vec<Problem>> {
    let texts = open_texts(&args.input)?;
    replace(&args.output, |file| {
        let mut out = BufWriter::new(&file);
        digest_lines(&texts).try_for_each(|line| writeln!(out, "{line}"))?;
        out.flush()?;
        drop(out);
        Ok(file)
    })?;
    println!("{}: {}", args.output.display(), counted(texts.len(), "text"));
    Ok(OK)
}
