//! Rules against the texts that stand beside them.

use std::fmt;
use std::ops::Range;

use super::rule::Expect;
use super::scan::RuleSet;
use crate::config::Place;
use crate::content::Deadline;

/// One test of one rule, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Index into [`RuleSet::rules`].
    pub rule: usize,
    /// Index into the samples of that rule.
    pub sample: usize,
    /// Id of the rule.
    pub id: String,
    /// Where the test stands in its file.
    pub place: Place,
    /// What the rule has to do.
    pub expected: Expect,
    /// Where it matched; `None` when it did not.
    pub found: Option<Vec<Range<usize>>>,
}

impl Trial {
    /// Whether the rule did what is expected.
    pub fn has_passed(&self) -> bool {
        self.did() == self.expected
    }

    /// What the rule did.
    pub const fn did(&self) -> Expect {
        if self.found.is_some() { Expect::Match } else { Expect::None }
    }
}

/// As a complaint: "test 2 of rule \"a\" fails: expected match, found none".
impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, expected, did) = (self.sample + 1, self.expected.name(), self.did().name());
        write!(f, "test {number} of rule \"{}\" fails: expected {expected}, found {did}", self.id)
    }
}

/// Tries every test of every rule, in their order. Rules that have expired are tried as if they had not.
pub fn try_rules(set: &RuleSet) -> Vec<Trial> {
    let rules = set.rules().iter().enumerate();
    let samples = rules.flat_map(|(rule, content)| {
        content.samples.iter().enumerate().map(move |(index, sample)| (rule, index, sample))
    });
    samples
        .map(|(rule, index, sample)| {
            let matches = set.applying(set.scan(&sample.text, &Deadline::NEVER), &sample.setting());
            let found = matches.into_iter().find(|found| found.rule == rule).map(|found| found.spans);
            let id = set.rules()[rule].id.clone();
            Trial { rule, sample: index, id, place: sample.place, expected: sample.expect, found }
        })
        .collect()
}
