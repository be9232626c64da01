//! `penstock hash`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::{FAILED, OK, hash_file_content};
use crate::content::HashValue;
use crate::media::{Ground, PartHashes, ViewHashes};
use crate::worker::Workers;

#[derive(Debug, Args)]
pub(super) struct HashArgs {
    /// Print one JSON object a line: `file`, `kind`, `width`, `height`, `md5`, `sha1`, `sha256`, `pdq` (`hash`,
    /// `quality`, `dihedral`), `ahash`, `dhash`, `phash`, and `error` where one occurred. Where a file shows several
    /// pictures (frames, pages, transparency on white and on black), `views` has all of them, and the first is above.
    #[arg(long)]
    json: bool,
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn hash(args: &HashArgs) -> u8 {
    let workers = Workers::new(1, Arc::default());
    let codes = args.files.iter().map(|file| hash_file(args, file, &workers));
    codes.fold(OK, u8::max)
}

fn hash_file(args: &HashArgs, file: &Path, workers: &Workers) -> u8 {
    let hashes = match fs::read(file) {
        Ok(bytes) => hash_file_content(&bytes, workers),
        Err(error) => {
            if args.json {
                println!("{}", json!({ "file": file.display().to_string(), "error": error.to_string() }));
            } else {
                eprintln!("{}: cannot be read: {error}", file.display());
            }
            return FAILED;
        }
    };
    if args.json {
        println!("{}", object(file, &hashes));
    } else {
        print_table(file, &hashes);
    }
    if hashes.problem.is_some() { FAILED } else { OK }
}

fn object(file: &Path, hashes: &PartHashes) -> Value {
    let mut object = json!({ "file": file.display().to_string(), "kind": hashes.media_type.name() });
    for digest in hashes.digests() {
        object[digest.algorithm().name()] = digest.to_string().into();
    }
    if let Some(view) = hashes.views.first() {
        add_view(&mut object, view);
    }
    if hashes.views.len() > 1 {
        object["views"] = hashes.views.iter().map(view_object).collect();
    }
    if let Some(problem) = &hashes.problem {
        object["error"] = problem.to_string().into();
    }
    object
}

fn view_object(view: &ViewHashes) -> Value {
    let mut object =
        json!({ "frame": view.frame, "ground": ground_name(view.ground), "without_borders": view.is_trimmed });
    add_view(&mut object, view);
    object
}

const fn ground_name(ground: Ground) -> &'static str {
    match ground {
        Ground::Ignored => "ignored",
        Ground::White => "white",
        Ground::Black => "black",
    }
}

fn add_view(object: &mut Value, view: &ViewHashes) {
    object["width"] = view.width.into();
    object["height"] = view.height.into();
    match &view.pdq {
        Some(Ok(pdq)) => {
            let dihedral: Vec<String> = pdq.dihedral.iter().map(ToString::to_string).collect();
            object["pdq"] = json!({ "hash": dihedral[0], "quality": pdq.quality, "dihedral": dihedral });
        }
        Some(Err(reason)) => object["error"] = reason.to_string().into(),
        None => {}
    }
    for hash in view.hash64s() {
        object[hash.algorithm().name()] = hash.to_string().into();
    }
}

fn print_table(file: &Path, hashes: &PartHashes) {
    let size = hashes.views.first().map(|view| format!(", {}×{}", view.width, view.height)).unwrap_or_default();
    println!("{} ({}{size})", file.display(), hashes.media_type.name());
    for digest in hashes.digests() {
        print_hash(&digest);
    }
    for (number, view) in hashes.views.iter().enumerate() {
        if number > 0 {
            let borders = if view.is_trimmed { ", without borders" } else { "" };
            let (ground, width, height) = (shown_on(view.ground), view.width, view.height);
            println!("  frame {}, transparency {ground}{borders}, {width}×{height}", view.frame);
        }
        print_view(view);
    }
    if let Some(problem) = &hashes.problem {
        println!("  error   {problem}");
    }
}

const fn shown_on(ground: Ground) -> &'static str {
    match ground {
        Ground::Ignored => "ignored",
        Ground::White => "on white",
        Ground::Black => "on black",
    }
}

fn print_view(view: &ViewHashes) {
    match &view.pdq {
        Some(Ok(pdq)) => {
            println!("  pdq     {} quality {}", pdq.dihedral[0], pdq.quality);
            for (turn, hash) in TURNS.iter().zip(&pdq.dihedral).skip(1) {
                println!("          {hash} {turn}");
            }
        }
        Some(Err(reason)) => println!("  pdq     {reason}"),
        None => {}
    }
    for hash in view.hash64s() {
        print_hash(&hash);
    }
}

fn print_hash(hash: &HashValue) {
    println!("  {:<7} {hash}", hash.algorithm().name());
}

/// What each of the eight PDQ hashes stands for, in their order.
const TURNS: [&str; 8] = [
    "as it stands",
    "rotated 90° to the left",
    "rotated 180°",
    "rotated 90° to the right",
    "flipped top to bottom",
    "flipped left to right",
    "flipped along one diagonal",
    "flipped along the other",
];
