//! What can be wrong with a rule file, in words for the person who wrote it.

use std::fmt;

use crate::config::{Place, explain_toml, suggestion};

/// One thing wrong with a rule file, shown as `line:column: message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct RuleProblem {
    /// Where.
    pub place: Place,
    /// What was found, what was expected, what to do.
    pub message: String,
}

impl RuleProblem {
    /// A problem at byte `offset` of `source`.
    pub(super) fn at(source: &str, offset: usize, message: &impl fmt::Display) -> Self {
        Self { place: Place::of(source, offset), message: message.to_string() }
    }

    /// What the TOML reader says.
    pub(super) fn of_toml(source: &str, error: &toml::de::Error) -> Self {
        let (place, message) = explain_toml(source, error);
        Self { place, message }
    }
}

/// What is wrong with a rule that is well-formed TOML.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("unknown field {0:?}, expected \"rule\"{hint}", hint = suggestion(.0, ["rule"]))]
    UnknownTopLevel(String),
    #[error("expected [[rule]] in two brackets, found {0}")]
    NotAnArrayOfTables(&'static str),
    #[error("{what} {value:?} must start with a-z or 0-9 and go on with those, \".\", \"_\" or \"-\"")]
    Name { what: &'static str, value: String },
    #[error("id {id:?} is already used at {first}")]
    DuplicateId { id: String, first: Place },
    #[error("a rule needs at least one keyword")]
    NoKeywords,
    #[error("keyword {0:?} has nothing left once normalised")]
    VanishingKeyword(String),
    #[error("at_least must be 1 or more, found {0}")]
    AtLeastTooSmall(i64),
    #[error("at_least is {wanted}, more than the different keywords ({available})")]
    AtLeastTooLarge { wanted: i64, available: usize },
    #[error("at_least and match exclude each other: leave one out")]
    TwoConditions,
}
