//! What can be wrong with a rule file, in words for the person who wrote it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::identifiers::IdentifierKind;
use super::rule::domain;
use crate::config::{Place, explain_toml, suggestion};
use crate::content::PartKind;

/// One thing wrong with a rule file, shown as `line:column: message`, behind the name of the file if it is another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{place}: {message}", .file.as_ref().map_or(String::new(), |file| format!("{}:", file.display())))]
pub struct RuleProblem {
    /// A file in the folder of the rule file, when it is wrong with that one.
    pub file: Option<PathBuf>,
    /// Where.
    pub place: Place,
    /// What was found, what was expected, what to do.
    pub message: String,
}

impl RuleProblem {
    /// A problem with the rule file itself.
    pub(super) fn at(place: Place, message: &impl fmt::Display) -> Self {
        Self { file: None, place, message: message.to_string() }
    }

    /// What the TOML reader says.
    pub(super) fn of_toml(source: &str, error: &toml::de::Error) -> Self {
        let (place, message) = explain_toml(source, error);
        Self { file: None, place, message }
    }

    /// A scope that names a route which the configuration does not have.
    pub(super) fn unknown_route(written: &str, place: Place, known: &[&str]) -> Self {
        Self::at(place, &Fault::UnknownRoute { written, known })
    }

    /// A problem with a file beside the rule file.
    pub(super) fn in_file(file: &Path, place: Place, message: &impl fmt::Display) -> Self {
        Self { file: Some(file.to_owned()), ..Self::at(place, message) }
    }
}

/// What is wrong with a rule that is well-formed TOML.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault<'a> {
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
    #[error("a rule needs something to look for: keywords, keywords_file, regex, identifiers, all or any")]
    NothingToLookFor,
    #[error("{field} must be 1 or more, found {found}")]
    CountTooSmall { field: &'static str, found: i64 },
    #[error("at_least is {wanted}, more than the different keywords ({available})")]
    AtLeastTooLarge { wanted: u64, available: usize },
    #[error("threshold is {wanted}, more than all weights together ({available})")]
    ThresholdTooLarge { wanted: u64, available: u64 },
    #[error("{0} and {1} exclude each other: leave one out")]
    TwoConditions(&'static str, &'static str),
    #[error("{0} counts keywords, keywords_file, regex and identifiers, and there are none: add some, or leave it out")]
    CountOfNothing(&'static str),
    #[error("weight counts only towards a threshold: add threshold = … to the rule, or leave weight out")]
    WeightWithoutThreshold,
    #[error("weight counts only in keywords: leave it out here")]
    WeightMeansNothing,
    #[error("weight must be from 1 to 1000, found {0}")]
    Weight(i64),
    #[error("words must be from 1 to {most}, found {found}")]
    Near { found: i64, most: usize },
    #[error(
        "near asks how far terms are apart, but one is enough here: add match = \"all\", at_least = 2 or all = […]"
    )]
    NearOfOne,
    #[error("case and normalise.case exclude each other: leave one out")]
    TwoCases,
    #[error("{0:?} is no language tag, expected one such as \"de\" or \"pt-BR\"")]
    Language(String),
    #[error("expected a date, alone or with a time, such as 2027-12-31")]
    TimeWithoutDate,
    #[error("no part is of kind {0:?}, expected one of {names}{hint}", names = kinds(), hint = suggestion(.0, PartKind::ALL.map(PartKind::name)))]
    UnknownKind(String),
    #[error("no [[route]] is named {written:?}, expected {expected}{hint}", expected = routes(known), hint = suggestion(written, known.iter().copied()))]
    UnknownRoute { written: &'a str, known: &'a [&'a str] },
    #[error("expected either text or file")]
    TestWithoutText,
    #[error("{field} {name:?} must be in the folder of the rule file, by its relative path without \"..\"")]
    FileOutside { field: &'static str, name: String },
    #[error("{field} {name:?} cannot be read: {error}")]
    UnreadableFile { field: &'static str, name: String, error: String },
    #[error("not UTF-8, expected one keyword a line")]
    ListNotUtf8,
    #[error("keywords_file {0:?} has no keyword in it")]
    EmptyList(String),
    #[error("{written:?} is no {kind}, expected {expected}", expected = kind.expected())]
    Identifier { kind: IdentifierKind, written: String },
    #[error("{0:?} is no hash of this sort, expected 32 hex digits for url_md5 and 64 for sha256")]
    IdentifierHash(String),
    #[error("expected a list or a file of identifiers")]
    NoIdentifiers,
    #[error("salt is for hashed = \"sha256\": add that, or leave salt out")]
    SaltWithoutHash,
    #[error("url_md5 is for kind = \"url\", found \"{0}\": use hashed = \"sha256\"")]
    UrlMd5OfOther(IdentifierKind),
    #[error("{0:?} is no host name, expected {expected}", expected = domain::EXPECTED)]
    Domain(String),
}

fn routes(known: &[&str]) -> String {
    if known.is_empty() {
        return "no routes in the scope, as the configuration has none".to_owned();
    }
    format!("one of {}", known.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", "))
}

fn kinds() -> String {
    PartKind::ALL.map(|kind| format!("\"{}\"", kind.name())).join(", ")
}
