//! What `[[hash_set]]` says about reading its file → [`ListReading`].

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;

use super::raw::{RawColumn, RawColumns, RawHashSet};
use super::{ColumnMapping, ListFormat, ListReading, suggestion};
use crate::content::Algorithm;

/// Collects problems: where each is, and its message.
pub(super) type Problems = Vec<(Range<usize>, String)>;

/// Validates how a list is read.
pub(super) fn list_reading(raw: &RawHashSet, problems: &mut Problems) -> ListReading {
    let algorithm = raw.algorithm.as_ref().and_then(|name| algorithm(name, problems));
    if let Some(label) = raw.label.as_ref().filter(|label| label.get_ref().trim().is_empty()) {
        problems.push((label.span(), "expected a label such as \"terror\"; leave it out for none".to_owned()));
    }
    let columns = raw.columns.as_ref().map(|columns| mapping(columns, raw.algorithm.is_some(), algorithm, problems));
    let format = match (&raw.format, &raw.columns) {
        (Some(format), Some(columns)) if *format.get_ref() != ListFormat::MappedCsv => {
            let message = format!("columns belong to the format \"mapped-csv\", not to \"{}\"", format.get_ref());
            problems.push((columns.span(), message));
            None
        }
        (Some(format), None) if *format.get_ref() == ListFormat::MappedCsv => {
            let message = "\"mapped-csv\" needs columns, for example columns = { md5 = \"MD5 Hash\", id = \"Ref\" }";
            problems.push((format.span(), message.to_owned()));
            None
        }
        (Some(format), _) => Some(*format.get_ref()),
        (None, Some(_)) => Some(ListFormat::MappedCsv),
        (None, None) => None,
    };
    let label = raw.label.as_ref().map(|label| label.get_ref().trim().to_owned());
    ListReading { format, algorithm, columns, label, on_bad_row: raw.on_bad_row.unwrap_or_default() }
}

fn algorithm(name: &Spanned<String>, problems: &mut Problems) -> Option<Algorithm> {
    let parsed = name.get_ref().parse::<Algorithm>();
    if let Err(unknown) = &parsed {
        let hint = suggestion(name.get_ref(), Algorithm::ALL.map(Algorithm::name));
        problems.push((name.span(), format!("{unknown}{hint}")));
    }
    parsed.ok()
}

/// Reads `columns`. Whether the set says an `algorithm` is asked apart from which, so that a misspelt one is told once.
fn mapping(
    raw: &Spanned<RawColumns>,
    has_algorithm: bool,
    algorithm: Option<Algorithm>,
    problems: &mut Problems,
) -> ColumnMapping {
    let columns = raw.get_ref();
    let has_header = columns.header.unwrap_or(true);
    let mut names = Names { has_header, problems };
    let mut mapping = ColumnMapping { delimiter: b',', has_header, ..ColumnMapping::default() };
    names.add_hashes(columns, &mut mapping);
    match (&columns.hash, &columns.algorithm) {
        (Some(hash), Some(told_by)) => {
            mapping.hash_and_algorithm = Some((names.name(hash), names.name(told_by)));
        }
        (Some(hash), None) if has_algorithm => {
            names.add_hash(&mut mapping.hashes, hash, algorithm.unwrap_or(Algorithm::Md5));
        }
        (Some(hash), None) => names.problems.push((
            hash.span(),
            "the algorithm is unknown: add algorithm to columns, or to the [[hash_set]]".to_owned(),
        )),
        (None, Some(told_by)) => names.problems.push((told_by.span(), "expected hash beside algorithm".to_owned())),
        (None, None) if mapping.hashes.is_empty() && mapping.kept.is_empty() => {
            let message = "no column holds hashes, expected for example md5 = \"MD5 Hash\", or hash and algorithm";
            names.problems.push((raw.span(), message.to_owned()));
        }
        (None, None) => {}
    }
    for (field, column) in about_columns(columns) {
        if let Some(column) = column {
            mapping.about.insert(field.to_owned(), names.name(column));
        }
    }
    if let Some(removed) = &columns.removed {
        if removed.values.get_ref().is_empty() {
            names.problems.push((removed.values.span(), "expected at least one value".to_owned()));
        }
        mapping.removed_when = Some((names.name(&removed.column), removed.values.get_ref().clone()));
    }
    mapping.delimiter = columns.delimiter.as_ref().map_or(b',', |delimiter| self::delimiter(delimiter, problems));
    mapping
}

fn delimiter(raw: &Spanned<String>, problems: &mut Problems) -> u8 {
    match raw.get_ref().as_bytes() {
        [byte] if byte.is_ascii_punctuation() && *byte != b'"' || *byte == b'\t' || *byte == b' ' => *byte,
        _ => {
            problems.push((raw.span(), "expected one character such as \";\" or \"\\t\"".to_owned()));
            b','
        }
    }
}

fn about_columns(columns: &RawColumns) -> [(&'static str, &Option<Spanned<RawColumn>>); 9] {
    [
        ("id", &columns.id),
        ("label", &columns.label),
        ("category", &columns.category),
        ("source", &columns.source),
        ("confidence", &columns.confidence),
        ("tags", &columns.tags),
        ("added", &columns.added),
        ("updated", &columns.updated),
        ("note", &columns.note),
    ]
}

/// Reads references to columns.
struct Names<'p> {
    has_header: bool,
    problems: &'p mut Problems,
}

impl Names<'_> {
    fn add_hashes(&mut self, columns: &RawColumns, mapping: &mut ColumnMapping) {
        let hashes = [
            (&columns.md5, Algorithm::Md5),
            (&columns.sha1, Algorithm::Sha1),
            (&columns.sha256, Algorithm::Sha256),
            (&columns.sha512, Algorithm::Sha512),
            (&columns.pdq, Algorithm::Pdq),
            (&columns.ahash, Algorithm::AHash),
            (&columns.dhash, Algorithm::DHash),
            (&columns.phash, Algorithm::PHash),
        ];
        for (column, algorithm) in hashes {
            if let Some(column) = column {
                self.add_hash(&mut mapping.hashes, column, algorithm);
            }
        }
        for (column, kind) in [(&columns.photodna, "photodna"), (&columns.tmk, "tmk")] {
            if let Some(column) = column {
                mapping.kept.insert(self.name(column), kind.to_owned());
            }
        }
    }

    fn add_hash(
        &mut self,
        hashes: &mut BTreeMap<String, Algorithm>,
        column: &Spanned<RawColumn>,
        algorithm: Algorithm,
    ) {
        let name = self.name(column);
        if let Some(other) = hashes.insert(name.clone(), algorithm) {
            let message = format!("column \"{name}\" cannot hold both {other} and {algorithm} hashes");
            self.problems.push((column.span(), message));
        }
    }

    fn name(&mut self, column: &Spanned<RawColumn>) -> String {
        let message = match (column.get_ref(), self.has_header) {
            (RawColumn::Name(name), true) if !name.trim().is_empty() => return name.trim().to_owned(),
            (RawColumn::Number(number), false) if *number > 0 => return number.to_string(),
            (RawColumn::Name(_), true) => "expected the name of a column",
            (RawColumn::Number(_), true) => "expected the name of a column; numbers are for files with header = false",
            (_, false) => "expected the number of a column, from 1: with header = false columns have no names",
        };
        self.problems.push((column.span(), message.to_owned()));
        String::new()
    }
}
