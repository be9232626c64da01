//! Formats that lists come in: one module each, all of which tell a [`RecordSink`] what they read.
//!
//! A reader never decides what becomes of a bad row: it reports it and goes on, and the sink's owner decides. What
//! breaks the structure of a file as a whole ends the reading with a [`ReadError`].

mod clamav;
mod csv;
mod detect;
mod digest;
mod hashdeep;
mod input;
mod json;
mod lines;
mod mapped;
mod misp_csv;
mod ncmec;
mod no_list;
mod nsrl;
mod plain;
mod pytx_csv;
mod pytx_lines;
mod records;
mod row;
mod signal;
mod sums;
mod table;
mod tags;
#[cfg(test)]
mod testing;
mod threat_csv;

pub use self::input::Input;
use super::entry::{About, Item, RecordSink, Removal};
use super::problem::{ReadError, RowProblem};
use crate::config::{ListFormat, ListReading};

/// Reads the list `input` as `reading` says and tells `sink` every record in it, in the order of the file. Says which
/// format it was.
///
/// # Errors
/// The file cannot be read, or is not what its format says as a whole.
pub fn read(input: &mut Input<'_>, reading: &ListReading, sink: &mut dyn RecordSink) -> Result<ListFormat, ReadError> {
    no_list::refuse(input, reading.format)?;
    let format = match reading.format {
        Some(format) => format,
        None => detect::format_of(input, reading.algorithm)?,
    };
    let sink: &mut dyn RecordSink = match &reading.label {
        Some(label) => &mut Labelled { label, sink },
        None => sink,
    };
    let algorithm = reading.algorithm;
    match format {
        ListFormat::Csv => csv::read(input, sink),
        ListFormat::MappedCsv => mapped::read(input, reading.columns.as_ref(), sink),
        ListFormat::Plain => plain::read(input, algorithm, sink),
        ListFormat::PytxLines => pytx_lines::read(input, algorithm, sink),
        ListFormat::PytxCsv => pytx_csv::read(input, sink),
        ListFormat::ThreatCsv => threat_csv::read(input, algorithm, sink),
        ListFormat::Hashdeep => hashdeep::read(input, sink),
        ListFormat::Sums => sums::read(input, algorithm, sink),
        ListFormat::Nsrl => nsrl::read(input, sink),
        ListFormat::Clamav => clamav::read(input, sink),
        ListFormat::MispCsv => misp_csv::read(input, sink),
        ListFormat::ThreatUpdates => json::read_threat_updates(input, sink),
        ListFormat::ThreatTags => json::read_threat_tags(input, sink),
        ListFormat::Stopncii => json::read_stopncii(input, sink),
        ListFormat::Tat => json::read_tat(input, sink),
        ListFormat::Vics => json::read_vics(input, sink),
        ListFormat::MispJson => json::read_misp(input, sink),
        ListFormat::Stix => json::read_stix(input, sink),
        ListFormat::Ncmec => ncmec::read(input, sink),
    }?;
    Ok(format)
}

/// Gives entries without a label the one that the configuration says.
struct Labelled<'s> {
    label: &'s str,
    sink: &'s mut dyn RecordSink,
}

impl RecordSink for Labelled<'_> {
    fn list(&mut self, item: Item<'_>, about: &About<'_>) {
        self.sink.list(item, &About { label: about.label.or(Some(self.label)), ..*about });
    }

    fn remove(&mut self, removal: &Removal<'_>) {
        self.sink.remove(removal);
    }

    fn reject(&mut self, problem: RowProblem) {
        self.sink.reject(problem);
    }

    fn ignore(&mut self, kind: &str) {
        self.sink.ignore(kind);
    }
}

#[cfg(test)]
mod tests;
