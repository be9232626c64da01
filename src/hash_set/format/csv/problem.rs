//! What can be wrong with a list, in words for the person who wrote it.

use std::fmt;

use super::super::super::builder::SetFull;
use super::header::Column;
use crate::content::{HashParseError, UnknownAlgorithm};

/// Problems that are kept in full. A file with more has one cause, and a hundred examples show it.
const MAX_KEPT: usize = 100;

/// Characters of a field that a message repeats.
const EXCERPT: usize = 40;

/// Everything wrong with a list: at least one problem, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowProblems {
    /// The first hundred.
    pub first: Vec<RowProblem>,
    /// How many more there are.
    pub more: u64,
}

impl RowProblems {
    pub(super) fn add(&mut self, problem: RowProblem) {
        if self.first.len() < MAX_KEPT {
            self.first.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// The value of `outcome`, or `None` after adding its problem.
    pub(super) fn note<T>(&mut self, outcome: Result<T, RowProblem>) -> Option<T> {
        outcome.map_err(|problem| self.add(problem)).ok()
    }

    /// Puts the problems of each row in the order of its fields.
    pub(super) fn sorted(mut self) -> Self {
        self.first.sort_by_key(|problem| (problem.line, problem.column));
        self
    }

    pub(super) const fn is_empty(&self) -> bool {
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

impl std::error::Error for RowProblems {}

/// One thing wrong with a list. The file's name is the loader's to add.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {kind}")]
pub struct RowProblem {
    /// Line, from 1.
    pub line: u64,
    /// Character in the line, from 1; where the field in question starts.
    pub column: u64,
    /// What was found and what was expected.
    pub kind: RowProblemKind,
}

/// What is wrong at a place of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowProblemKind {
    /// There are only comments and blank lines, or nothing.
    #[error("no header, expected a line that names the columns, for example \"algorithm,hash,label\"")]
    NoHeader,
    /// The header names a column that does not exist.
    #[error("unknown column \"{found}\", expected one of {}{}", Column::names(), did_you_mean(*suggestion))]
    UnknownColumn {
        /// The name, shortened.
        found: String,
        /// The column that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// The header names a column twice.
    #[error("duplicate column \"{0}\"")]
    DuplicateColumn(&'static str),
    /// The header lacks a required column.
    #[error("missing column \"{0}\"")]
    MissingColumn(&'static str),
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
    /// An earlier row has the same id.
    #[error("duplicate id \"{id}\", first used in line {first_line}")]
    DuplicateId {
        /// The id, shortened.
        id: String,
        /// Where it came first.
        first_line: u64,
    },
    /// An earlier row has the same hash, and neither has an id.
    #[error("duplicate hash, first listed in line {first_line}; give both an id if both are meant")]
    DuplicateHash {
        /// Where it came first.
        first_line: u64,
    },
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
    /// The list is too long.
    #[error(transparent)]
    Full(#[from] SetFull),
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
