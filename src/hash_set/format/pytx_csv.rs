//! CSV of the Python package `threatexchange`, `threatexchange dataset -P --csv`:
//! `signal_type,signal_str,collab,category,tags`.
//!
//! A signal of the category `NEGATIVE_CLASS` is one that somebody found to be harmless: it is ignored, for an entry of
//! it would block what is known to be good.

use super::Input;
use super::signal;
use super::table::{Table, filled};
use super::tags::Tags;
use crate::hash_set::entry::{About, RecordSink};
use crate::hash_set::problem::ReadError;

/// Reads a list.
pub(super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let table = Table::open(input, b',')?;
    let (kind, value) = (table.required("signal_type")?, table.required("signal_str")?);
    // A position behind the last field is an empty field.
    let [collab, category, labels] =
        ["collab", "category", "tags"].map(|name| table.column(&[name]).unwrap_or(usize::MAX));
    let mut tags = Tags::default();
    table.each(sink, |record, sink| {
        let (name, text, category) = (record.text(kind)?, record.text(value)?, record.text(category)?);
        if category == "NEGATIVE_CLASS" {
            sink.ignore(&category);
            return Ok(());
        }
        let Some(signal) = signal::named(&name) else {
            sink.ignore(&name);
            return Ok(());
        };
        let item = signal.item(&text).map_err(|problem| record.place(value).problem(problem))?;
        let source = record.text(collab)?;
        tags.clear();
        tags.add_words(&record.text(labels)?);
        let about =
            About { category: filled(&category), source: filled(&source), tags: tags.text(), ..About::default() };
        sink.list(item, &about);
        Ok(())
    })
}
