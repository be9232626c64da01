//! What is in order and yet hardly meant: rules that match nothing, most texts, or what others say otherwise.

mod common;
mod overlap;
mod single;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use super::rule::Keyword;
use super::scan::RuleSet;
use crate::config::Place;
use crate::content::UnixTime;

/// Something that the author of a rule should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// Index into [`RuleSet::rules`].
    pub rule: usize,
    /// A file in the folder of the rule file, when it is about a line of that one.
    pub file: Option<PathBuf>,
    /// Where.
    pub place: Place,
    /// What sort it is.
    pub kind: LintKind,
    /// What was found, and why that is odd.
    pub message: String,
}

/// Sorts of [`Lint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LintKind {
    /// A rule or a keyword can never count.
    NeverMatches,
    /// A rule has expired.
    Expired,
    /// A keyword is found wherever another one is.
    Shadowed,
    /// A keyword is so short that it stands in most texts.
    TooShort,
    /// A keyword is among the commonest words.
    TooCommon,
    /// Rules say different things of the same words, or many say the same.
    Overlap,
}

impl LintKind {
    /// Name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeverMatches => "never_matches",
            Self::Expired => "expired",
            Self::Shadowed => "shadowed",
            Self::TooShort => "too_short",
            Self::TooCommon => "too_common",
            Self::Overlap => "overlap",
        }
    }
}

/// Everything odd about the rules of `set` at the time `now`, in their order.
pub fn lint(set: &RuleSet, now: UnixTime) -> Vec<Lint> {
    let mut found = Vec::new();
    for (index, rule) in set.rules().iter().enumerate() {
        single::lint_rule(rule, now, &mut |keyword, kind, message| {
            let (file, place) = keyword.map_or((None, rule.place), place_of);
            found.push(Lint { rule: index, file, place, kind, message });
        });
    }
    overlap::lint_rules(set.rules(), &mut found);
    found.sort_by(|one, other| (one.rule, &one.file, one.place).cmp(&(other.rule, &other.file, other.place)));
    found
}

fn place_of(keyword: &Keyword) -> (Option<PathBuf>, Place) {
    let origin = keyword.origin();
    (origin.file.as_deref().map(PathBuf::from), origin.place)
}
