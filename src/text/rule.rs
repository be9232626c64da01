//! A rule: keywords, when they count, and what a match asks for.

use serde::Deserialize;

use super::charset::Reading;
use super::normalise::{Normalised, Standing};
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
    /// What it looks for; not empty, and no two the same once normalised.
    pub keywords: Vec<Keyword>,
    /// How many of the keywords must be there. Default any.
    pub condition: Condition,
    /// Where in the text a keyword counts. Default whole words.
    pub words: Words,
    /// Where the id stands in its file.
    pub place: Place,
}

impl Rule {
    /// How many different keywords a text must hold to match, never none.
    pub(super) fn needed(&self) -> usize {
        match self.condition {
            Condition::Any => 1,
            Condition::All => self.keywords.len(),
            Condition::AtLeast(count) => count.max(1),
        }
    }
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
        let normalised = Normalised::of(Reading::Utf8(written.as_bytes())).as_str().trim_matches(' ').to_owned();
        (!normalised.is_empty()).then(|| Self { written: written.to_owned(), normalised })
    }

    /// As in the rule file.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// As it is looked for.
    pub(super) fn normalised(&self) -> &str {
        &self.normalised
    }
}

/// How many of a rule's keywords must be in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// One of them.
    Any,
    /// Every one.
    All,
    /// So many different ones; at least 1 and at most as many as there are.
    AtLeast(usize),
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
