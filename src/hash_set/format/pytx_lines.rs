//! `local_file` of the Python package `threatexchange`: `type value` a line, or bare values.
//!
//! Source: `exchanges/impl/file_api.py`, which splits a line at its first space, and knows no comments and no labels.

use super::Input;
use super::lines::each_line;
use super::plain::bare_hash;
use super::signal;
use crate::content::Algorithm;
use crate::hash_set::entry::{About, Item, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblemKind, excerpt};

/// Reads a list whose bare values are hashes of `algorithm`.
pub(super) fn read(
    input: &mut Input<'_>,
    algorithm: Option<Algorithm>,
    sink: &mut dyn RecordSink,
) -> Result<(), ReadError> {
    each_line(input, sink, |line, sink| {
        let Some((name, value)) = line.text.split_once(' ') else {
            sink.list(Item::Hash(bare_hash(line, line.text, algorithm)?), &About::default());
            return Ok(());
        };
        let Some(signal) = signal::named(name) else {
            let expected = "a type such as \"pdq\" or \"video_md5\" before the first space";
            let kind = RowProblemKind::Value { field: "signal type", found: excerpt(name), expected };
            return Err(line.problem(name, kind).into());
        };
        let value = value.trim();
        let item = signal.item(value).map_err(|kind| line.problem(value, kind))?;
        sink.list(item, &About::default());
        Ok(())
    })
}
