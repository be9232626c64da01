//! How far one rule has come in one text.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{MAX_SPANS, RuleMatch};
use crate::text::rule::Rule;

#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    terms: BTreeSet<usize>,
    spans: Vec<Range<usize>>,
}

impl Progress {
    /// Whether another occurrence of `term` would change nothing.
    pub(super) fn has_enough_of(&self, term: usize) -> bool {
        self.spans.len() >= MAX_SPANS && self.terms.contains(&term)
    }

    pub(super) fn record(&mut self, term: usize, span: Range<usize>) {
        self.terms.insert(term);
        if self.spans.len() < MAX_SPANS && !self.spans.contains(&span) {
            self.spans.push(span);
        }
    }

    pub(super) fn into_match(mut self, index: usize, rule: &Rule) -> Option<RuleMatch> {
        if !rule.is_fulfilled_by(&self.terms) {
            return None;
        }
        self.spans.sort_by_key(|span| (span.start, span.end));
        Some(RuleMatch { rule: index, spans: self.spans })
    }
}
