//! A rule: keywords, when they count, and what a match asks for.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::normalise::{Normalised, Standing};
use super::pattern::Pattern;
use super::switches::Switches;
use crate::config::Place;
use crate::content::{Action, Mode};

/// One rule of a rule file, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Name in verdicts and logs: `[a-z0-9][a-z0-9._-]*`, unique in a [`super::RuleSet`].
    pub id: String,
    /// One line for people.
    pub title: Option<String>,
    /// What it is for, and where its keywords come from.
    pub description: Option<String>,
    /// Labels a match carries, each formed like an id.
    pub labels: Vec<String>,
    /// What a match asks for. Default `block`.
    pub action: Action,
    /// Whether a match acts. Default `enforce`.
    pub mode: Mode,
    /// What it looks for; no two the same once normalised, and not empty unless there are patterns.
    pub keywords: Vec<Keyword>,
    /// What else it looks for. Only a [`Condition::Query`] asks for them.
    pub patterns: Vec<Pattern>,
    /// Which of the keywords and patterns must be there. Default any.
    pub condition: Condition,
    /// Where in the text a keyword counts. Default whole words.
    pub words: Words,
    /// Where the id stands in its file.
    pub place: Place,
}

impl Rule {
    /// Whether a text matches that holds the terms `found`: keywords by their index, and patterns counted on from there.
    pub(super) fn is_fulfilled_by(&self, found: &BTreeSet<usize>) -> bool {
        match &self.condition {
            Condition::Any => !found.is_empty(),
            Condition::All => found.len() >= self.keywords.len(),
            Condition::AtLeast(count) => found.len() >= (*count).max(1),
            Condition::Query(query) => query.is_fulfilled_by(found),
        }
    }
}

/// Whether `name` is formed like an id or a label, which go into headers and metrics.
pub(super) fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut bytes = name.bytes();
    bytes.next().is_some_and(is_plain) && bytes.all(|byte| is_plain(byte) || matches!(byte, b'.' | b'_' | b'-'))
}

/// A keyword that has something left once normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyword {
    written: String,
    normalised: String,
}

impl Keyword {
    /// A keyword as somebody wrote it; `None` when normalisation leaves nothing to look for.
    pub fn new(written: &str) -> Option<Self> {
        let normalised = Normalised::text_of(written).trim_matches(' ').to_owned();
        (!normalised.is_empty()).then(|| Self { written: written.to_owned(), normalised })
    }

    /// As in the rule file.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// How it is looked for.
    pub fn switches(&self) -> Switches {
        Switches::default()
    }

    /// As it is looked for.
    pub(super) fn normalised(&self) -> &str {
        &self.normalised
    }
}

/// Which of a rule's keywords must be in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// One of them.
    Any,
    /// Every one.
    All,
    /// So many different ones; at least 1 and at most as many as there are.
    AtLeast(usize),
    /// One of each group and none of some.
    Query(Query),
}

/// A condition of groups. Terms are the rule's keywords by their index, and its patterns counted on from there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Of each of these at least one term must be in the text. There is one at least, and none is empty.
    pub all_of: Vec<Vec<usize>>,
    /// None of these terms may be.
    pub none_of: Vec<usize>,
}

impl Query {
    fn is_fulfilled_by(&self, found: &BTreeSet<usize>) -> bool {
        let is_found = |term: &usize| found.contains(term);
        self.all_of.iter().all(|group| group.iter().any(is_found)) && !self.none_of.iter().any(is_found)
    }
}

/// Where in the text a keyword counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Words {
    /// Only where no letter or digit touches it.
    Whole,
    /// Inside longer words too; the choice for scripts that put no spaces between words.
    Anywhere,
}

impl Words {
    /// Whether a keyword that stands like this counts. One that takes part of a character never does.
    pub(super) fn allow(self, standing: Standing) -> bool {
        match standing {
            Standing::CutsCharacter => false,
            Standing::InWord => self == Self::Anywhere,
            Standing::Alone => true,
        }
    }
}
