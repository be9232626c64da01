//! A rule: what it looks for, when that counts, and what a match asks for.

mod condition;
pub(super) mod domain;
mod expiry;
mod keyword;
mod sample;
mod scope;
mod terms;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use condition::{Condition, Need};
pub use expiry::Expiry;
pub use keyword::{Keyword, Words};
pub use sample::{Expect, RuleSample};
pub use scope::{PartNames, Scope, Setting, Wildcard};

pub(super) use keyword::Origin;
pub(super) use terms::{Term, Terms};

use super::identifiers::Identifier;
use super::pattern::Pattern;
use super::problem::RuleProblem;
use crate::config::Place;
use crate::content::{Action, Mode, Severity, UnixTime};

/// One rule of a rule file, checked.
///
/// Its *terms* are its keywords by their index, its patterns counted on from there, and then its identifiers.
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
    /// How grave what it looks for is.
    pub severity: Option<Severity>,
    /// The law that forbids it, in free text.
    pub legal_ground: Option<Arc<str>>,
    /// Where that law holds, in free text.
    pub jurisdiction: Option<Arc<str>>,
    /// Languages of its keywords, as BCP 47 tags.
    pub languages: Vec<String>,
    /// Who answers for it.
    pub author: Option<String>,
    /// Where to read on.
    pub references: Vec<String>,
    /// When it ends to match.
    pub expires: Option<Expiry>,
    /// What a match asks for. Default `block`.
    pub action: Action,
    /// Whether a match acts. Default `enforce`.
    pub mode: Mode,
    /// What it looks for; no two the same.
    pub keywords: Vec<Keyword>,
    /// What else it looks for.
    pub patterns: Vec<Pattern>,
    /// URLs, addresses and numbers that it looks for.
    pub identifiers: Vec<Identifier>,
    /// Which of them must be there, and which must not.
    pub condition: Condition,
    /// Whether what stands in quotation marks or in a quoted line counts for nothing.
    pub ignores_quoted: bool,
    /// Which parts it looks at.
    pub scope: Scope,
    /// Routes that its scope names, each with its place in the file.
    pub routes: Vec<(String, Place)>,
    /// Texts that it must match, and texts that it must not.
    pub samples: Vec<RuleSample>,
    /// Where the id stands in its file.
    pub place: Place,
}

/// What a rule looks for by one of its terms.
#[derive(Clone, Copy)]
pub(super) enum TermRef<'r> {
    Keyword(&'r Keyword),
    Pattern(&'r Pattern),
    Identifier(&'r Identifier),
}

impl Rule {
    /// A rule that looks for nothing yet, blocks, and covers every part.
    pub(super) fn named(id: String, place: Place) -> Self {
        Self {
            id,
            title: None,
            description: None,
            labels: Vec::new(),
            severity: None,
            legal_ground: None,
            jurisdiction: None,
            languages: Vec::new(),
            author: None,
            references: Vec::new(),
            expires: None,
            action: Action::Block,
            mode: Mode::Enforce,
            keywords: Vec::new(),
            patterns: Vec::new(),
            identifiers: Vec::new(),
            condition: Condition::default(),
            ignores_quoted: false,
            scope: Scope::default(),
            routes: Vec::new(),
            samples: Vec::new(),
            place,
        }
    }

    /// Whether it may match where `setting` says. What `setting` does not know is no obstacle.
    pub fn applies_in(&self, setting: &Setting<'_>) -> bool {
        setting.now.is_none_or(|now| self.expired(now).is_none()) && self.scope.covers(setting)
    }

    /// What its scope says of routes that fits none of those there are, as problems with its file.
    pub fn unknown_routes<'r>(&'r self, known: &'r [&str]) -> impl Iterator<Item = RuleProblem> + 'r {
        let is_unknown = |written: &str| {
            let pattern = Wildcard::new(written);
            !known.iter().any(|route| pattern.fits(route))
        };
        let unknown = self.routes.iter().filter(move |(written, _)| is_unknown(written));
        unknown.map(|(written, place)| RuleProblem::unknown_route(written, *place, known))
    }

    /// When it ended to match, if it has.
    pub fn expired(&self, now: UnixTime) -> Option<&Expiry> {
        self.expires.as_ref().filter(|expiry| expiry.has_passed(now))
    }

    /// A term as it stands in the rule file.
    pub fn term(&self, term: usize) -> &str {
        match self.look_up(term) {
            Some(TermRef::Keyword(keyword)) => keyword.as_written(),
            Some(TermRef::Pattern(pattern)) => pattern.as_written(),
            Some(TermRef::Identifier(identifier)) => &identifier.written,
            None => "",
        }
    }

    /// What a term is.
    #[inline]
    pub(super) fn look_up(&self, term: usize) -> Option<TermRef<'_>> {
        let (keywords, patterns) = (self.keywords.len(), self.patterns.len());
        if term < keywords {
            self.keywords.get(term).map(TermRef::Keyword)
        } else if term < keywords + patterns {
            self.patterns.get(term - keywords).map(TermRef::Pattern)
        } else {
            self.identifiers.get(term - keywords - patterns).map(TermRef::Identifier)
        }
    }

    /// How many terms there are.
    pub(super) fn term_count(&self) -> usize {
        self.keywords.len() + self.patterns.len() + self.identifiers.len()
    }

    /// Whether every single hit has to be looked at, in order, and not only the first.
    pub(super) fn weighs_each_hit(&self) -> bool {
        self.condition.near.is_some() || self.ignores_quoted
    }
}

/// Whether `name` is formed like an id or a label, which go into headers and metrics.
pub(super) fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut bytes = name.bytes();
    bytes.next().is_some_and(is_plain) && bytes.all(|byte| is_plain(byte) || matches!(byte, b'.' | b'_' | b'-'))
}
