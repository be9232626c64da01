//! A plain list: one hash a line, in hex or base64. Blank lines and lines that start with `#` are skipped.
//!
//! Where the configuration does not say the algorithm, the length of each hash tells it; 64 and 16 hex digits are those
//! of several algorithms, and then the list is refused: a guess would load a list that never matches.

use super::Input;
use super::digest::is_hex;
use super::lines::{Line, LineError, each_line};
use crate::content::{Algorithm, HashValue};
use crate::hash_set::entry::{About, Item, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind, excerpt};

/// Reads a list of hashes of `algorithm`.
pub(super) fn read(
    input: &mut Input<'_>,
    algorithm: Option<Algorithm>,
    sink: &mut dyn RecordSink,
) -> Result<(), ReadError> {
    each_line(input, sink, |line, sink| {
        if !line.text.starts_with('#') {
            sink.list(Item::Hash(bare_hash(line, line.text, algorithm)?), &About::default());
        }
        Ok(())
    })
}

/// The hash `text` of `line`, of `algorithm` or of the one its length tells.
pub(super) fn bare_hash(line: Line<'_>, text: &str, algorithm: Option<Algorithm>) -> Result<HashValue, LineError> {
    let problem = |kind| line.problem(text, kind);
    let algorithm = match algorithm {
        Some(algorithm) => algorithm,
        None => told_by_length(text).map_err(|ambiguity| match ambiguity {
            Ambiguity::OneOf(message) => LineError::List(problem(RowProblemKind::Format(message.to_owned()))),
            Ambiguity::NoHash => LineError::Row(no_hash(line, text)),
        })?,
    };
    HashValue::parse(algorithm, text).map_err(|error| LineError::Row(problem(error.into())))
}

/// Why a length does not tell the algorithm.
pub(super) enum Ambiguity {
    /// There are several; what to do about it.
    OneOf(&'static str),
    /// There is none.
    NoHash,
}

/// The algorithm of a hash in hex.
pub(super) fn told_by_length(text: &str) -> Result<Algorithm, Ambiguity> {
    if !is_hex(text) {
        return Err(Ambiguity::NoHash);
    }
    match text.len() {
        32 => Ok(Algorithm::Md5),
        40 => Ok(Algorithm::Sha1),
        128 => Ok(Algorithm::Sha512),
        64 => Err(Ambiguity::OneOf(
            "64 hex digits are SHA-256 or PDQ: say which with algorithm = \"sha256\" or algorithm = \"pdq\"",
        )),
        16 => Err(Ambiguity::OneOf(
            "16 hex digits are one of three hashes: say which with algorithm = \"ahash\", \"dhash\" or \"phash\"",
        )),
        _ => Err(Ambiguity::NoHash),
    }
}

fn no_hash(line: Line<'_>, text: &str) -> RowProblem {
    let expected = "32, 40 or 128 hex digits (MD5, SHA-1 or SHA-512), or others with algorithm in the configuration";
    line.problem(text, RowProblemKind::Value { field: "hash", found: excerpt(text), expected })
}
