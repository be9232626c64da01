//! Formats that lists come in: one module each, all of which tell a [`RecordSink`] what they read.
//!
//! A reader never decides what becomes of a bad row: it reports it and goes on, and the sink's owner decides. What
//! breaks the structure of a file as a whole ends the reading with a [`ReadError`].

mod csv;
mod input;
mod json;
mod ncmec;
mod row;
mod tags;
#[cfg(test)]
mod testing;

pub use self::input::Input;
use super::entry::RecordSink;
use super::problem::ReadError;
use crate::config::{ListFormat, ListReading};

/// Reads the list `input` as `reading` says and tells `sink` every record in it, in the order of the file.
///
/// # Errors
/// The file cannot be read, or is not what its format says as a whole.
pub fn read(input: &mut Input<'_>, reading: &ListReading, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    match reading.format {
        Some(ListFormat::ThreatUpdates) => json::read_threat_updates(input, sink),
        Some(ListFormat::ThreatTags) => json::read_threat_tags(input, sink),
        Some(ListFormat::Stopncii) => json::read_stopncii(input, sink),
        Some(ListFormat::Tat) => json::read_tat(input, sink),
        Some(ListFormat::Vics) => json::read_vics(input, sink),
        Some(ListFormat::MispJson) => json::read_misp(input, sink),
        Some(ListFormat::Stix) => json::read_stix(input, sink),
        Some(ListFormat::Ncmec) => ncmec::read(input, sink),
        _ => csv::read(input, sink),
    }
}
