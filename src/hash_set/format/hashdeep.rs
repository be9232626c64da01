//! What `hashdeep` writes: a line that names the format, one that names the columns, comments after `##`, and then
//! `size,md5,sha256,filename` a line, where only the name may have commas.
//!
//! Source: the manual of md5deep and hashdeep, "hashdeep file format 1.0".

use super::Input;
use super::digest::Digest;
use super::lines::{Line, LineError, each_line};
use super::tags::Tags;
use crate::hash_set::entry::{About, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind};

/// How the first line starts.
pub(super) const MAGIC: &str = "%%%% HASHDEEP-";

/// A column.
#[derive(Clone, Copy)]
enum Column {
    Size,
    Digest(Digest),
    Name,
}

/// Reads a list.
pub(super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let mut columns: Option<Vec<Column>> = None;
    let mut tags = Tags::default();
    each_line(input, sink, |line, sink| {
        if let Some(header) = line.text.strip_prefix("%%%%") {
            if !line.text.starts_with(MAGIC) {
                columns = Some(read_header(line, header.trim_start())?);
            }
            return Ok(());
        }
        if line.text.starts_with('#') {
            return Ok(());
        }
        match &columns {
            Some(columns) => Ok(read_row(line, columns, &mut tags, sink)?),
            None => Err(LineError::List(line.problem(line.text, no_header()))),
        }
    })?;
    if columns.is_some() {
        return Ok(());
    }
    Err(RowProblem { line: input.line(), column: 1, kind: no_header() }.into())
}

fn no_header() -> RowProblemKind {
    RowProblemKind::CutOff("a line such as \"%%%% size,md5,sha256,filename\" before the hashes")
}

fn read_header(line: Line<'_>, header: &str) -> Result<Vec<Column>, LineError> {
    let column = |name: &str| match name.trim() {
        "size" => Ok(Column::Size),
        "filename" => Ok(Column::Name),
        other => Digest::named(other).map(Column::Digest).ok_or_else(|| {
            let expected = "\"size\", \"md5\", \"sha1\", \"sha256\", \"tiger\", \"whirlpool\", \"filename\"".to_owned();
            let kind = RowProblemKind::UnknownColumn {
                found: crate::hash_set::problem::excerpt(other),
                expected,
                suggestion: None,
            };
            LineError::List(line.problem(name, kind))
        }),
    };
    header.split(',').map(column).collect()
}

fn read_row(line: Line<'_>, columns: &[Column], tags: &mut Tags, sink: &mut dyn RecordSink) -> Result<(), RowProblem> {
    let fields: Vec<&str> = line.text.splitn(columns.len(), ',').collect();
    if fields.len() != columns.len() {
        let kind = RowProblemKind::FieldCount { found: fields.len(), expected: columns.len() };
        return Err(line.problem(&line.text[line.text.len()..], kind));
    }
    for (column, field) in columns.iter().zip(&fields) {
        let Column::Digest(digest) = column else {
            continue;
        };
        tags.clear();
        tags.add_pair("digest", digest.kept_name().unwrap_or_default());
        for (column, field) in columns.iter().zip(&fields) {
            match column {
                Column::Size => tags.add_pair("size", field),
                Column::Name => tags.add_pair("name", field),
                Column::Digest(_) => {}
            }
        }
        match digest.item(field) {
            Ok(item) => sink.list(item, &About { tags: tags.text(), ..About::default() }),
            // The row's other hashes are worth having.
            Err(kind) => sink.reject(line.problem(field, kind)),
        }
    }
    Ok(())
}
