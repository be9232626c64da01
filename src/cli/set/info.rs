//! `penstock set info`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::{ReadingArgs, counts, open};
use crate::cli::OK;
use crate::config::Problem;
use crate::hash_set::SetInfo;

#[derive(Debug, Args)]
pub(in crate::cli) struct InfoArgs {
    /// A compiled set, or a list in any format.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: ReadingArgs,
}

pub(super) fn info(args: &InfoArgs) -> Result<u8, Vec<Problem>> {
    let set = open(&args.file, &args.reading)?;
    for compiled in set.compiled() {
        let (info, bytes, version) = (compiled.info(), compiled.file_len(), compiled.version());
        let removals = compiled.removals().count();
        if args.json {
            let report = json!({
                "file": args.file.display().to_string(),
                "version": version,
                "bytes": bytes,
                "hashes": object(set.counts().map(|(algorithm, count)| (algorithm.name(), count))),
                "kept": object(set.kept_counts().map(|(kind, count)| (kind.name(), count))),
                "removals": removals,
                "made": info,
            });
            println!("{report}");
            continue;
        }
        println!("{}: {}", args.file.display(), counts(&set));
        println!("  version {version}, {bytes} bytes, compiled by Penstock {}", info.penstock);
        for source in &info.sources {
            let skipped = if source.skipped > 0 { format!(", {} skipped", source.skipped) } else { String::new() };
            println!("  from {} ({}): {} listed{skipped}", source.name, source.format, source.listed);
        }
        if removals > 0 {
            println!("  takes back {removals} of what older lists say");
        }
        print_left_out(info);
    }
    Ok(OK)
}

/// What of the lists is not in the set.
pub(in crate::cli) fn print_left_out(info: &SetInfo) {
    for (count, what) in [(info.duplicates, "said twice"), (info.removed, "taken back by a later row")] {
        if count > 0 {
            println!("  left out: {count} {what}");
        }
    }
    for (kind, count) in &info.ignored {
        println!("  left out: {count} of kind \"{kind}\", which no upload can be compared with");
    }
}

/// Counts as a JSON object.
fn object(counts: impl Iterator<Item = (&'static str, usize)>) -> Map<String, Value> {
    counts.map(|(name, count)| (name.to_owned(), count.into())).collect()
}
