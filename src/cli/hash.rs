//! `penstock hash`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::{FAILED, OK};
use crate::content::{AlgorithmSet, DecodeLimits, HashValue};
use crate::media::{PartHashes, PictureHashes, hash_part};

#[derive(Debug, Args)]
pub(super) struct HashArgs {
    /// Print one JSON object a line: `file`, `kind`, `width`, `height`, `md5`, `sha1`, `sha256`, `pdq` (`hash`,
    /// `quality`, `dihedral`), `ahash`, `dhash`, `phash`, and `error` where one occurred.
    #[arg(long)]
    json: bool,
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn hash(args: &HashArgs) -> u8 {
    let codes = args.files.iter().map(|file| hash_file(args, file));
    codes.fold(OK, u8::max)
}

fn hash_file(args: &HashArgs, file: &Path) -> u8 {
    let hashes = match fs::read(file) {
        Ok(bytes) => hash_part(&bytes, AlgorithmSet::all(), &DecodeLimits::default()),
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
    if matches!(hashes.picture, Some(Err(_))) { FAILED } else { OK }
}

fn object(file: &Path, hashes: &PartHashes) -> Value {
    let mut object = json!({ "file": file.display().to_string(), "kind": hashes.media_type.name() });
    for digest in hashes.digests() {
        object[digest.algorithm().name()] = digest.to_string().into();
    }
    match &hashes.picture {
        Some(Ok(picture)) => add_picture(&mut object, picture),
        Some(Err(error)) => object["error"] = error.to_string().into(),
        None => {}
    }
    object
}

fn add_picture(object: &mut Value, picture: &PictureHashes) {
    object["width"] = picture.width.into();
    object["height"] = picture.height.into();
    match &picture.pdq {
        Some(Ok(pdq)) => {
            let dihedral: Vec<String> = pdq.dihedral.iter().map(ToString::to_string).collect();
            object["pdq"] = json!({ "hash": dihedral[0], "quality": pdq.quality, "dihedral": dihedral });
        }
        Some(Err(reason)) => object["error"] = reason.to_string().into(),
        None => {}
    }
    for hash in picture.hash64s() {
        object[hash.algorithm().name()] = hash.to_string().into();
    }
}

fn print_table(file: &Path, hashes: &PartHashes) {
    let size = match &hashes.picture {
        Some(Ok(picture)) => format!(", {}×{}", picture.width, picture.height),
        _ => String::new(),
    };
    println!("{} ({}{size})", file.display(), hashes.media_type.name());
    for digest in hashes.digests() {
        print_hash(&digest);
    }
    match &hashes.picture {
        Some(Ok(picture)) => print_picture(picture),
        Some(Err(error)) => println!("  error   {error}"),
        None => {}
    }
}

fn print_picture(picture: &PictureHashes) {
    match &picture.pdq {
        Some(Ok(pdq)) => {
            println!("  pdq     {} quality {}", pdq.dihedral[0], pdq.quality);
            for (turn, hash) in TURNS.iter().zip(&pdq.dihedral).skip(1) {
                println!("          {hash} {turn}");
            }
        }
        Some(Err(reason)) => println!("  pdq     {reason}"),
        None => {}
    }
    for hash in picture.hash64s() {
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
