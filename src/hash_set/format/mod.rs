//! Formats that lists come in: one module each, all of which tell a [`RecordSink`] what they read.
//!
//! A reader never decides what becomes of a bad row: it reports it and goes on, and the sink's owner decides. What
//! breaks the structure of a file as a whole ends the reading with a [`ReadError`].

mod csv;
mod input;
#[cfg_attr(not(test), expect(dead_code, reason = "its formats come next"))]
mod tags;

pub use self::input::Input;
use super::entry::RecordSink;
use super::problem::ReadError;
use crate::config::ListReading;

/// Reads the list `input` as `reading` says and tells `sink` every record in it, in the order of the file.
///
/// # Errors
/// The file cannot be read, or is not what its format says as a whole.
pub fn read(input: &mut Input<'_>, reading: &ListReading, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let _ = reading;
    csv::read(input, sink)
}
