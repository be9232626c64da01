//! `penstock texts compile`.

use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::Builder;

use crate::cli::{OK, counted};
use crate::config::Problem;
use crate::snapshot::open_texts;
use crate::text::{TextDigest, digest_lines};

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
    write(&texts, &args.output)
        .map_err(|error| vec![Problem::of_file(&args.output, format!("cannot be written: {error}"))])?;
    println!("{}: {}", args.output.display(), counted(texts.len(), "text"));
    Ok(OK)
}

/// Writes the file beside `output` and renames it when it is whole and on the disk.
fn write(texts: &[TextDigest], output: &Path) -> io::Result<()> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = Builder::new().prefix(".compiling-").permissions(Permissions::from_mode(0o644)).tempfile_in(folder)?;
    let mut out = BufWriter::new(&file);
    for line in digest_lines(texts) {
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    file.persist(output).map_err(|error| error.error)?;
    Ok(())
}
