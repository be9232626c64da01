//! What `md5sum`, `sha1sum`, `sha256sum`, `sha512sum` and their like write: GNU's `hash  name`, and with `--tag` or on
//! BSD `SHA256 (name) = hash`.
//!
//! The second space is `*` for a file read as binary. A line that starts with `\` has `\\`, `\n` and `\r` in its name for
//! a backslash and line breaks. Lines that start with `#` are comments, as they are to `--check`.
//!
//! Source: GNU coreutils manual, "md5sum invocation" and "cksum output modes"; `digest.c`, `split_3`.

use std::borrow::Cow;

use super::Input;
use super::digest::{Digest, is_hex};
use super::lines::each_line;
use super::tags::Tags;
use crate::content::Algorithm;
use crate::hash_set::entry::{About, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblemKind, excerpt};

/// What stands in a line.
struct Sum<'l> {
    digest: Option<Digest>,
    hash: &'l str,
    name: Cow<'l, str>,
}

/// Reads a list whose hashes are of `algorithm`, or else of the one that their length or name tells.
pub(super) fn read(
    input: &mut Input<'_>,
    algorithm: Option<Algorithm>,
    sink: &mut dyn RecordSink,
) -> Result<(), ReadError> {
    let mut tags = Tags::default();
    each_line(input, sink, |line, sink| {
        if line.text.starts_with('#') {
            return Ok(());
        }
        let Some(sum) = split(line.text) else {
            let expected = "\"hash  name\" or \"SHA256 (name) = hash\"";
            let kind = RowProblemKind::Value { field: "checksum line", found: excerpt(line.text), expected };
            return Err(line.problem(line.text, kind).into());
        };
        let digest = algorithm.map(Digest::Matched).or(sum.digest);
        let Some(digest) = digest else {
            let expected = "as many hex digits as MD5, SHA-1 or SHA-2 have";
            let kind = RowProblemKind::Value { field: "hash", found: excerpt(sum.hash), expected };
            return Err(line.problem(sum.hash, kind).into());
        };
        let item = digest.item(sum.hash).map_err(|kind| line.problem(sum.hash, kind))?;
        tags.clear();
        tags.add_pair("digest", digest.kept_name().unwrap_or_default());
        tags.add_pair("name", &sum.name);
        sink.list(item, &About { tags: tags.text(), ..About::default() });
        Ok(())
    })
}

/// Whether a line is one of these, for detection.
pub(super) fn is_sum(text: &str) -> bool {
    split(text).is_some_and(|sum| sum.digest.is_some() && is_hex(sum.hash))
}

fn split(text: &str) -> Option<Sum<'_>> {
    let (text, is_escaped) = text.strip_prefix('\\').map_or((text, false), |text| (text, true));
    let (digest, hash, name) = split_tagged(text).or_else(|| split_plain(text))?;
    let name = if is_escaped { Cow::Owned(unescaped(name)) } else { Cow::Borrowed(name) };
    Some(Sum { digest, hash, name })
}

/// `SHA256 (name) = hash`, with or without the spaces.
fn split_tagged(text: &str) -> Option<(Option<Digest>, &str, &str)> {
    let (algorithm, rest) = text.split_once('(')?;
    let (name, hash) = rest.rsplit_once(')')?;
    let hash = hash.trim_start().strip_prefix('=')?.trim_start();
    Some((Some(Digest::named(algorithm.trim_end())?), hash, name))
}

/// `hash  name` or `hash *name`.
fn split_plain(text: &str) -> Option<(Option<Digest>, &str, &str)> {
    let (hash, name) = text.split_once(' ')?;
    let name = name.strip_prefix([' ', '*']).unwrap_or(name);
    is_hex(hash).then_some((Digest::of_length(hash.len()), hash, name))
}

fn unescaped(name: &str) -> String {
    let mut characters = name.chars();
    let mut text = String::with_capacity(name.len());
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    text
}
