//! ThreatExchange's legacy CSV, without header: indicator, first descriptor's id, date, labels with spaces between them.
//! The type is in the file's name, `simple.<TYPE>.te`, or else in the configuration's `algorithm`.

use super::Input;
use super::row::HashKind;
use super::signal;
use super::table::{Table, filled};
use super::tags::Tags;
use crate::content::Algorithm;
use crate::hash_set::entry::{About, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind, excerpt};

/// The type in a file's name, if it has the form.
pub(super) fn type_in_name(name: &str) -> Option<&str> {
    let (kind, rest) = name.strip_prefix("simple.")?.split_once('.')?;
    rest.starts_with("te").then_some(kind)
}

/// Reads a list of hashes of `algorithm`, or else of the type that the file's name has.
pub(super) fn read(
    input: &mut Input<'_>,
    algorithm: Option<Algorithm>,
    sink: &mut dyn RecordSink,
) -> Result<(), ReadError> {
    let named = type_in_name(input.name());
    let signal = algorithm.map(HashKind::Hashed).or(named.and_then(signal::named));
    let Some(signal) = signal else {
        let message = match named {
            Some(kind) => {
                format!("\"{}\" in the file's name is of no use here, expected HASH_PDQ or alike", excerpt(kind))
            }
            None => "the type is unknown: name the file simple.HASH_PDQ.te.csv or alike, or say algorithm".to_owned(),
        };
        return Err(RowProblem { line: 1, column: 1, kind: RowProblemKind::Format(message) }.into());
    };
    let mut tags = Tags::default();
    Table::headless(input, b',')?.each(sink, |record, sink| {
        let indicator = record.text(0)?;
        let item = signal.item(&indicator).map_err(|problem| record.place(0).problem(problem))?;
        let (id, added) = (record.text(1)?, record.text(2)?);
        tags.clear();
        tags.add_words(&record.text(3)?);
        let about = About { id: filled(&id), added: filled(&added), tags: tags.text(), ..About::default() };
        sink.list(item, &about);
        Ok(())
    })
}
