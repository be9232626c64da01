//! `penstock texts query`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::{DIFFERENT, OK};
use crate::config::{DEFAULT_THRESHOLD, DEFAULT_TLSH_DISTANCE, Problem};
use crate::content::Deadline;
use crate::snapshot::open_texts;
use crate::text::{Sought, TextList, find_near_copies};

#[derive(Debug, Args)]
pub(in crate::cli) struct QueryArgs {
    /// A folder of texts, or what `penstock texts compile` wrote.
    #[arg(value_name = "LIST")]
    list: PathBuf,
    /// Files, which are read as plain text.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Least share of a known text's fingerprints, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = DEFAULT_THRESHOLD)]
    threshold: f64,
    /// Largest distance of TLSH.
    #[arg(long, value_name = "DISTANCE", default_value_t = DEFAULT_TLSH_DISTANCE)]
    distance: u16,
    /// Print one JSON object a near text: `file`, `text`, `score`, `distance`, `span`.
    #[arg(long)]
    json: bool,
}

pub(super) fn query(args: &QueryArgs) -> Result<u8, Vec<Problem>> {
    let list = TextList::of(open_texts(&args.list)?);
    let found = args.files.iter().map(|file| print_near(args, &list, file)).sum::<Result<usize, _>>()?;
    Ok(if found > 0 { DIFFERENT } else { OK })
}

fn print_near(args: &QueryArgs, list: &TextList, file: &PathBuf) -> Result<usize, Vec<Problem>> {
    let bytes = fs::read(file).map_err(|error| vec![Problem::unreadable(file, &error)])?;
    let sought =
        Sought { list, threshold: args.threshold, tlsh_distance: Some(args.distance), most: list.texts().len() };
    let near = find_near_copies(&[sought], &bytes, &Deadline::NEVER);
    for copy in &near {
        let (file, text, span) = (file.display(), &list.texts()[copy.text].id, &copy.span);
        if args.json {
            let object = json!({
                "file": file.to_string(),
                "text": text,
                "score": copy.score,
                "distance": copy.distance,
                "span": [span.start, span.end],
            });
            println!("{object}");
        } else {
            let distance = copy.distance.map_or(String::new(), |distance| format!(", TLSH at distance {distance}"));
            println!("{file}: {text}: score {}{distance}, bytes {}–{}", copy.score, span.start, span.end);
        }
    }
    if near.is_empty() && !args.json {
        println!("{}: near to nothing", file.display());
    }
    Ok(near.len())
}
