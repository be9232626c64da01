//! ClamAV's `.hdb` and `.hsb`: `hash:size:name[:functionality level[:its maximum]]` a line, the size perhaps `*`.
//!
//! Uploads are compared by hash alone. The size is kept as a tag.
//!
//! Source: ClamAV documentation, "File hash signatures".

use super::Input;
use super::digest::{Digest, is_hex};
use super::lines::{Line, each_line};
use super::tags::Tags;
use crate::hash_set::entry::{About, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind, excerpt};

/// Reads a list.
pub(super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let mut tags = Tags::default();
    each_line(input, sink, |line, sink| {
        if !line.text.starts_with('#') {
            read_row(line, &mut tags, sink)?;
        }
        Ok(())
    })
}

/// Whether a line is a signature, for detection.
pub(super) fn is_signature(text: &str) -> bool {
    let mut fields = text.split(':');
    let hash = fields.next().is_some_and(|hash| is_hex(hash) && Digest::of_length(hash.len()).is_some());
    hash && fields.next().is_some_and(is_size) && fields.next().is_some_and(|name| !name.is_empty())
}

fn is_size(text: &str) -> bool {
    text == "*" || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn read_row(line: Line<'_>, tags: &mut Tags, sink: &mut dyn RecordSink) -> Result<(), RowProblem> {
    let value = |field, found: &str, expected| {
        line.problem(found, RowProblemKind::Value { field, found: excerpt(found), expected })
    };
    let mut fields = line.text.split(':');
    let hash = fields.next().unwrap_or_default();
    let (Some(size), Some(name)) = (fields.next(), fields.next()) else {
        return Err(value("signature", line.text, "hash:size:name"));
    };
    let Some(digest) = Digest::of_length(hash.len()) else {
        return Err(value("hash", hash, "as many hex digits as MD5, SHA-1 or SHA-2 have"));
    };
    let item = digest.item(hash).map_err(|kind| line.problem(hash, kind))?;
    if !is_size(size) {
        return Err(value("size", size, "a number of bytes, or \"*\" for any"));
    }
    tags.clear();
    tags.add_pair("digest", digest.kept_name().unwrap_or_default());
    tags.add_pair("size", size);
    tags.add_pair("min_level", fields.next().unwrap_or_default());
    tags.add_pair("max_level", fields.next().unwrap_or_default());
    let id = Some(name).filter(|name| !name.is_empty());
    sink.list(item, &About { id, tags: tags.text(), ..About::default() });
    Ok(())
}
