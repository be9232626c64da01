//! Lists of one entry a line, line by line.

use super::Input;
use crate::hash_set::entry::RecordSink;
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind};

/// A line without what ends it and without spaces around it.
#[derive(Clone, Copy)]
pub(super) struct Line<'l> {
    number: u64,
    whole: &'l str,
    /// The text.
    pub(super) text: &'l str,
}

impl Line<'_> {
    /// A problem with `part`, a piece of the line.
    pub(super) fn problem(&self, part: &str, kind: RowProblemKind) -> RowProblem {
        let offset = (part.as_ptr() as usize).saturating_sub(self.whole.as_ptr() as usize);
        let before = self.whole.get(..offset).unwrap_or_default();
        RowProblem { line: self.number, column: before.chars().count() as u64 + 1, kind }
    }
}

/// Gives every line of `input` that is not blank to `read`, and rejects those it cannot read.
///
/// # Errors
/// The file cannot be read, or `read` says that it makes no sense as a whole.
pub(super) fn each_line(
    input: &mut Input<'_>,
    sink: &mut dyn RecordSink,
    mut read: impl FnMut(Line<'_>, &mut dyn RecordSink) -> Result<(), LineError>,
) -> Result<(), ReadError> {
    let mut buffer = Vec::new();
    loop {
        let number = input.line();
        if !input.read_line(&mut buffer)? {
            return Ok(());
        }
        let bytes = if number == 1 { buffer.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&buffer) } else { &buffer };
        let Ok(whole) = str::from_utf8(bytes) else {
            sink.reject(RowProblem { line: number, column: 1, kind: RowProblemKind::NotUtf8 });
            continue;
        };
        let line = Line { number, whole, text: whole.trim() };
        if line.text.is_empty() {
            continue;
        }
        match read(line, sink) {
            Ok(()) => {}
            Err(LineError::Row(problem)) => sink.reject(problem),
            Err(LineError::List(problem)) => return Err(problem.into()),
        }
    }
}

/// What is wrong with a line.
pub(super) enum LineError {
    /// The line is lost, the others are not.
    Row(RowProblem),
    /// The list makes no sense as a whole.
    List(RowProblem),
}

impl From<RowProblem> for LineError {
    fn from(problem: RowProblem) -> Self {
        Self::Row(problem)
    }
}
