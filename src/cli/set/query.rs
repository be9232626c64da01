//! `penstock set query`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::{ReadingArgs, open};
use crate::cli::{DIFFERENT, OK, hash_file_content};
use crate::config::{Problem, SetPolicy};
use crate::content::{Action, Algorithm, Distance, HashValue, SetAction};
use crate::hash_set::HashSet;
use crate::media::ViewHashes;
use crate::worker::Workers;

#[derive(Debug, Args)]
pub(in crate::cli) struct QueryArgs {
    /// A compiled set, or a list in any format.
    #[arg(value_name = "SET")]
    set: PathBuf,
    /// Hashes, as `pdq:f8f8…` or without the name where their length tells it, and files, which are hashed first.
    #[arg(required = true, value_name = "HASH or FILE")]
    queries: Vec<String>,
    /// Bits that may differ. Default: as for uploads, 31 for PDQ and 4 for the 64-bit hashes.
    #[arg(long, value_name = "BITS")]
    distance: Option<u16>,
    /// Only the nearest entry of each algorithm; with --distance 256, however far it is.
    #[arg(long)]
    nearest: bool,
    /// Print one JSON object a match.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// Hashes that belong together: of one file, or of one argument that could be several.
struct Query {
    name: String,
    hashes: Vec<HashValue>,
}

pub(super) fn query(args: &QueryArgs) -> Result<u8, Vec<Problem>> {
    let queries = args.queries.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
    let set = open(&args.set, &args.reading)?;
    let found = queries.iter().map(|query| print_matches(args, &set, query)).sum::<usize>();
    Ok(if found > 0 { DIFFERENT } else { OK })
}

fn print_matches(args: &QueryArgs, set: &HashSet, query: &Query) -> usize {
    let mut found = 0;
    for algorithm in Algorithm::ALL {
        let own: Vec<HashValue> = query.hashes.iter().filter(|hash| hash.algorithm() == algorithm).copied().collect();
        let usual = SetPolicy::asking(SetAction::Act(Action::Block)).max_distance(algorithm);
        let radius = args.distance.filter(|_| algorithm.is_perceptual()).map_or(usual, Distance);
        let nearby = if args.nearest { set.find_nearest(&own, radius) } else { set.find_near(&own, radius) };
        for near in &nearby.entries {
            let entry = set.entry(near.entry);
            if args.json {
                let about = entry.about;
                let object = json!({
                    "query": query.name,
                    "algorithm": algorithm.name(),
                    "hash": entry.hash.to_string(),
                    "distance": near.distance,
                    "about": about,
                });
                println!("{object}");
            } else {
                let about = serde_json::to_string(&entry.about).unwrap_or_default();
                println!("{}: {algorithm} {} at distance {} {about}", query.name, entry.hash, near.distance);
            }
        }
        if nearby.is_capped {
            eprintln!("{}: too much of {algorithm} is alike, there may be more", query.name);
        }
        found += nearby.entries.len();
    }
    if found == 0 && !args.json {
        println!("{}: no match", query.name);
    }
    found
}

fn parse(text: &str) -> Result<Query, Vec<Problem>> {
    let path = Path::new(text);
    if path.is_file() {
        let bytes = fs::read(path).map_err(|error| vec![Problem::unreadable(path, &error)])?;
        return Ok(Query { name: text.to_owned(), hashes: hashes_of(&bytes) });
    }
    let hashes: Vec<HashValue> = match HashValue::parse_named(text) {
        Some(Ok(hash)) => vec![hash],
        Some(Err(error)) => return Err(vec![Problem::of_file(path, error.to_string())]),
        None => Algorithm::ALL.into_iter().filter_map(|algorithm| HashValue::parse(algorithm, text).ok()).collect(),
    };
    if hashes.is_empty() {
        let message = "neither a file nor a hash, expected for example \"md5:\" and 32 hex digits";
        return Err(vec![Problem::of_file(path, message)]);
    }
    Ok(Query { name: text.to_owned(), hashes })
}

fn hashes_of(bytes: &[u8]) -> Vec<HashValue> {
    let hashes = hash_file_content(bytes, &Workers::new(1, Arc::default()));
    hashes.digests().chain(hashes.views.iter().flat_map(perceptual)).collect()
}

fn perceptual(view: &ViewHashes) -> Vec<HashValue> {
    let pdq = view.pdq.as_ref().and_then(|pdq| pdq.as_ref().ok());
    let dihedral = pdq.map(|pdq| pdq.dihedral.map(HashValue::Pdq));
    dihedral.into_iter().flatten().chain(view.hash64s()).collect()
}
