//! Which terms must be in a text, and which must not.

use std::collections::BTreeSet;
use std::fmt;

/// What a text must hold and must not hold, for a rule to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Each of these is needed. There is one at least.
    pub needs: Vec<Need>,
    /// None of these terms may be in the text; ascending.
    pub none_of: Vec<usize>,
    /// One of these terms makes an exception of the text; ascending.
    pub unless: Vec<usize>,
    /// Terms that fulfil all needs end at most so many words apart.
    pub near: Option<usize>,
}

/// Enough of some terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Terms with their weights; ascending, each once, not empty.
    terms: Vec<(usize, u32)>,
    /// What the weights of the different terms that are found must come to. At least 1.
    enough: u64,
}

impl Condition {
    /// Whether a text that holds the terms `found` fulfils it, wherever they stand.
    pub(in crate::text) fn is_fulfilled_by(&self, found: &BTreeSet<usize>) -> bool {
        let forbidden = self.none_of.iter().chain(&self.unless);
        self.needs.iter().all(|need| need.weight_of(found) >= need.enough)
            && !forbidden.into_iter().any(|term| found.contains(term))
    }

    /// Whether the term speaks against a match.
    pub(in crate::text) fn forbids(&self, term: usize) -> bool {
        self.none_of.binary_search(&term).is_ok() || self.unless.binary_search(&term).is_ok()
    }

    /// Whether `term` alone is enough.
    pub(in crate::text) fn needs_only(&self, term: usize) -> bool {
        self.needs.iter().all(|need| need.weight(term) >= need.enough)
    }
}

impl Need {
    /// The terms, with their weights, that must come to `enough`.
    pub(in crate::text) fn weighing(terms: impl IntoIterator<Item = (usize, u32)>, enough: u64) -> Self {
        let mut terms: Vec<(usize, u32)> = terms.into_iter().collect();
        terms.sort_unstable_by_key(|(term, _)| *term);
        terms.dedup_by_key(|(term, _)| *term);
        Self { terms, enough: enough.max(1) }
    }

    /// At least `count` different ones of `terms`.
    pub(in crate::text) fn at_least(count: usize, terms: impl IntoIterator<Item = usize>) -> Self {
        Self::weighing(terms.into_iter().map(|term| (term, 1)), count as u64)
    }

    /// Every one of `terms`.
    pub(in crate::text) fn all(terms: impl IntoIterator<Item = usize>) -> Self {
        let need = Self::at_least(1, terms);
        Self { enough: need.terms.len() as u64, ..need }
    }

    /// The terms, ascending.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = usize> {
        self.terms.iter().map(|(term, _)| *term)
    }

    /// What the weights must come to.
    pub fn enough(&self) -> u64 {
        self.enough
    }

    /// The weight of `term`: 0 when it is none of these.
    pub(in crate::text) fn weight(&self, term: usize) -> u64 {
        let position = self.terms.binary_search_by_key(&term, |(own, _)| *own);
        position.map_or(0, |position| u64::from(self.terms[position].1))
    }

    /// What the weights of those come to that are in `found`.
    pub fn weight_of(&self, found: &BTreeSet<usize>) -> u64 {
        // Few are found of many that are looked for.
        found.iter().map(|term| self.weight(*term)).sum()
    }

    /// What all weights come to.
    pub fn total(&self) -> u64 {
        self.terms.iter().map(|(_, weight)| u64::from(*weight)).sum()
    }
}

/// In words: "any of 3 terms".
impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, enough) = (self.terms.len(), self.enough);
        let terms = if count == 1 { "1 term".to_owned() } else { format!("{count} terms") };
        if self.terms.iter().any(|(_, weight)| *weight != 1) {
            write!(f, "a weight of {enough} among {terms}")
        } else if count == 1 {
            f.write_str(&terms)
        } else if enough == 1 {
            write!(f, "any of {terms}")
        } else if enough == count as u64 {
            write!(f, "all of {terms}")
        } else {
            write!(f, "at least {enough} of {terms}")
        }
    }
}
