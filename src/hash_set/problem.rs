//! What can be wrong with a list, in words for the person who wrote it.

use std::fmt;
use std::io;

use crate::content::{HashParseError, UnknownAlgorithm};

/// Problems that are kept in full. A file with more has one cause, and a hundred examples show it.
const MAX_KEPT: usize = 100;

/// Characters of a field that a message repeats.
const EXCERPT: usize = 40;

/// Everything wrong with a list, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowProblems {
    /// The first hundred.
    pub first: Vec<RowProblem>,
    /// How many more there are.
    pub more: u64,
}

impl RowProblems {
    /// Adds `problem`, in full or to the count.
    pub fn add(&mut self, problem: RowProblem) {
        if self.first.len() < MAX_KEPT {
            self.first.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.first.len() as u64 + self.more
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.first.is_empty()
    }
}

/// A line a problem.
impl fmt::Display for RowProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.first.iter().enumerate() {
            let separator = if position == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

/// One thing wrong with a list. The file's name is the loader's to add.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {kind}")]
pub struct RowProblem {
    /// Line, from 1. Where a format has no lines of its own, such as JSON, the line where the entry starts.
    pub line: u64,
    /// Character in the line, from 1; where the field in question starts, or 1 where only the line is known.
    pub column: u64,
    /// What was found and what was expected.
    pub kind: RowProblemKind,
}

/// Why reading a list could not go on.
///
/// This is never a matter of one row: what stands behind the place is unknown, so the list is refused whatever it says
/// about bad rows.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot be read behind line {line}: {error}")]
    Io {
        /// How far it could be read.
        line: u64,
        /// What the system said.
        error: io::Error,
    },
    /// The file is not in the format, or ends in the middle.
    #[error(transparent)]
    Broken(#[from] RowProblem),
}

/// What is wrong at a place of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowProblemKind {
    /// There are only comments and blank lines, or nothing.
    #[error("no header, expected a line that names the columns, for example \"algorithm,hash,label\"")]
    NoHeader,
    /// The header names a column that does not exist.
    #[error("unknown column \"{found}\", expected one of {expected}{}", did_you_mean(*suggestion))]
    UnknownColumn {
        /// The name, shortened.
        found: String,
        /// The columns there are, quoted, with commas between them.
        expected: String,
        /// The column that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// The header names a column twice.
    #[error("duplicate column \"{0}\"")]
    DuplicateColumn(String),
    /// The header lacks a required column.
    #[error("missing column \"{0}\"")]
    MissingColumn(String),
    /// An entry lacks a field that its format requires.
    #[error("missing field \"{0}\"")]
    MissingField(&'static str),
    /// A field has a value that its format does not know.
    #[error("\"{found}\" is no {field}, expected {expected}")]
    Value {
        /// The field, as the format calls it.
        field: &'static str,
        /// What stands there, shortened.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// The text is not in the syntax of the format.
    #[error("not {syntax}: {message}")]
    Syntax {
        /// What it should be, such as "JSON".
        syntax: &'static str,
        /// What its parser says.
        message: String,
    },
    /// The file is in no format that is known, or could be in several.
    #[error("{0}")]
    Format(String),
    /// A line is longer than any entry.
    #[error("the line is longer than {0} bytes, expected one entry a line")]
    LongLine(usize),
    /// An entry is longer than any.
    #[error("the entry is longer than {0} bytes, expected entries of a list")]
    LongEntry(usize),
    /// The members of an entry stand in an order in which it cannot be told from what holds entries.
    #[error("\"{first}\" stands in front of \"{second}\", expected it behind, or not at all")]
    MembersOutOfOrder {
        /// The member that leads to entries elsewhere.
        first: &'static str,
        /// The member that only entries have.
        second: &'static str,
    },
    /// The file is empty, or ends in the middle of its structure.
    #[error("the file ends too early, expected {0}")]
    CutOff(&'static str),
    /// A row is not as wide as the header.
    #[error("found {found} {}, expected {expected} as in the header", if *found == 1 { "field" } else { "fields" })]
    FieldCount {
        /// Fields of the row.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// The algorithm is none of ours.
    #[error(transparent)]
    Algorithm(#[from] UnknownAlgorithm),
    /// The hash is not one of its row's algorithm.
    #[error(transparent)]
    Hash(#[from] HashParseError),
    /// The date is none.
    #[error("\"{0}\" is not a date, expected YYYY-MM-DD, perhaps with a time as in 2024-05-01T10:00Z")]
    Date(String),
    /// The field is not UTF-8 text.
    #[error("not UTF-8 text, expected a file saved as UTF-8")]
    NotUtf8,
    /// A quote stands in a field that does not start with one.
    #[error("quote in an unquoted field, expected the whole field in quotes and each quote in it written twice")]
    StrayQuote,
    /// A quoted field goes on behind its closing quote.
    #[error(
        "text behind the closing quote of a field, expected a comma or the end of the line (a quote in it is written twice)"
    )]
    TextAfterQuote,
    /// The file ends in a quoted field.
    #[error("quote is never closed, expected another before the end of the file")]
    UnclosedQuote,
    /// A carriage return stands without a line feed.
    #[error("carriage return without a line feed, expected lines that end in LF or CRLF")]
    LoneCarriageReturn,
}

fn did_you_mean(suggestion: Option<&'static str>) -> String {
    suggestion.map_or_else(String::new, |name| format!(" (did you mean \"{name}\"?)"))
}

/// The start of a field for a message: short, and without control characters, since messages go to logs.
pub(super) fn excerpt(text: &str) -> String {
    let mut kept: String = text.chars().take(EXCERPT).flat_map(char::escape_debug).collect();
    if text.chars().nth(EXCERPT).is_some() {
        kept.push('…');
    }
    kept
}
