//! What of one rule has been found in one text so far, in bounded memory.
//!
//! Nearness is decided while hits come in. They come in the order of their ends, so a window of words that holds enough
//! exists exactly if one of those that end at a hit does; and of each term only the latest hit in it matters. So the
//! latest hit of each term within reach is all that is kept, with a running sum for each need.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::rule::{Condition, Rule};
use super::scan::MAX_SPANS;

/// Hits of one rule whose surroundings are looked at. Those behind count as if they stood in no quotation, so that a
/// flood of quotations hides nothing and costs little.
const MOST_LOOKS: usize = 1000;

/// What of one rule has been found.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    found: BTreeSet<usize>,
    spans: Vec<Range<usize>>,
    nearby: Nearby,
    is_near: bool,
    looks: usize,
}

impl Tally {
    /// Whether hits must come with the numbers of their words.
    pub(super) fn needs_words(rule: &Rule) -> bool {
        rule.condition.near.is_some()
    }

    /// Whether another hit of `term` would change nothing.
    pub(super) fn has_enough_of(&self, rule: &Rule, term: usize) -> bool {
        let is_told = match rule.condition.near {
            _ if rule.condition.forbids(term) => true,
            Some(_) => self.is_near,
            None => self.spans.len() >= MAX_SPANS,
        };
        is_told && self.found.contains(&term)
    }

    /// Whether the surroundings of a further hit may be looked at.
    pub(super) fn may_look(&mut self) -> bool {
        self.looks += 1;
        self.looks <= MOST_LOOKS
    }

    /// Counts a hit of `term` at the original bytes `span`, which ends in the word of number `word`. Words must not go
    /// down from call to call, and count only if the rule [needs them](Self::needs_words).
    pub(super) fn record(&mut self, rule: &Rule, term: usize, word: usize, span: impl FnOnce() -> Range<usize>) {
        self.found.insert(term);
        let condition = &rule.condition;
        if condition.forbids(term) {
            return;
        }
        match condition.near {
            Some(_) if self.is_near => {}
            Some(words) => {
                self.is_near = self.nearby.add(condition, words, Hit { term, word, span: span() });
                if self.is_near {
                    self.spans = self.nearby.take_spans();
                }
            }
            None if self.spans.len() < MAX_SPANS => self.spans.push(span()),
            None => {}
        }
    }

    /// Where the terms are, if the rule is fulfilled: ordered by start, at most [`MAX_SPANS`].
    pub(super) fn into_match(mut self, rule: &Rule) -> Option<Vec<Range<usize>>> {
        let is_close = rule.condition.near.is_none() || self.is_near;
        if !is_close || !rule.condition.is_fulfilled_by(&self.found) {
            return None;
        }
        self.spans.sort_by_key(|span| (span.start, span.end));
        self.spans.dedup();
        Some(self.spans)
    }
}

struct Hit {
    term: usize,
    word: usize,
    span: Range<usize>,
}

/// The latest hit of each term, of those that end within so many words of the last hit.
#[derive(Clone, Debug, Default)]
struct Nearby {
    latest: BTreeMap<usize, (usize, Range<usize>)>,
    /// The same hits as word and term, the farthest first.
    by_word: BTreeSet<(usize, usize)>,
    /// For each need, what the weights of these terms come to.
    sums: Vec<u64>,
}

impl Nearby {
    /// Adds a hit. Says whether those that are near it are enough.
    fn add(&mut self, condition: &Condition, words: usize, hit: Hit) -> bool {
        self.sums.resize(condition.needs.len(), 0);
        match self.latest.insert(hit.term, (hit.word, hit.span)) {
            Some((before, _)) => {
                self.by_word.remove(&(before, hit.term));
            }
            None => self.sum_up(condition, hit.term, u64::saturating_add),
        }
        self.by_word.insert((hit.word, hit.term));
        while let Some(&(word, term)) = self.by_word.first()
            && word.saturating_add(words) < hit.word
        {
            self.by_word.pop_first();
            self.latest.remove(&term);
            self.sum_up(condition, term, u64::saturating_sub);
        }
        condition.needs.iter().zip(&self.sums).all(|(need, sum)| *sum >= need.enough())
    }

    fn sum_up(&mut self, condition: &Condition, term: usize, change: fn(u64, u64) -> u64) {
        for (need, sum) in condition.needs.iter().zip(&mut self.sums) {
            *sum = change(*sum, need.weight(term));
        }
    }

    fn take_spans(&mut self) -> Vec<Range<usize>> {
        let latest = std::mem::take(self).latest;
        latest.into_values().map(|(_, span)| span).take(MAX_SPANS).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Place;
    use crate::text::rule::Need;

    fn rule(condition: Condition) -> Rule {
        Rule { condition, ..Rule::named("r".to_owned(), Place { line: 1, column: 1 }) }
    }

    fn tally(rule: &Rule, hits: &[(usize, usize)]) -> Option<Vec<Range<usize>>> {
        let mut tally = Tally::default();
        for (position, (term, word)) in hits.iter().enumerate() {
            if !tally.has_enough_of(rule, *term) {
                tally.record(rule, *term, *word, || position..position + 1);
            }
        }
        tally.into_match(rule)
    }

    #[test]
    fn the_spans_of_a_near_match_are_those_that_are_near() {
        let all = Condition { needs: vec![Need::all(0..2)], near: Some(2), ..Condition::default() };
        let rule = rule(all);
        assert_eq!(tally(&rule, &[(0, 1), (0, 5), (1, 9), (0, 11), (1, 40)]), Some(vec![2..3, 3..4]));
        assert_eq!(tally(&rule, &[(0, 1), (1, 4), (0, 7)]), None);
    }

    #[test]
    fn spans_are_few_and_forbidden_terms_have_none() {
        let condition = Condition { needs: vec![Need::at_least(1, 0..1)], none_of: vec![1], ..Condition::default() };
        let rule = rule(condition);
        let hits: Vec<(usize, usize)> = (0..100).map(|word| (0, word)).collect();
        assert_eq!(tally(&rule, &hits).map(|spans| spans.len()), Some(MAX_SPANS));
        assert_eq!(tally(&rule, &[hits, vec![(1, 100)]].concat()), None);
    }

    /// Whether some window of words holds enough, tried one by one.
    fn naive(condition: &Condition, hits: &[(usize, usize)]) -> bool {
        let set = |range: Range<usize>| -> BTreeSet<usize> {
            hits.iter().filter(|(_, word)| range.contains(word)).map(|(term, _)| *term).collect()
        };
        let is_enough = |found: BTreeSet<usize>| {
            condition.needs.iter().all(|need| {
                let weights =
                    found.iter().map(|term| need.terms().position(|own| own == *term).map(|_| need.weight(*term)));
                weights.flatten().sum::<u64>() >= need.enough()
            })
        };
        let end = hits.iter().map(|(_, word)| word + 1).max().unwrap_or(0);
        let is_forbidden = |term: usize| condition.none_of.contains(&term) || condition.unless.contains(&term);
        !hits.iter().any(|(term, _)| is_forbidden(*term))
            && match condition.near {
                Some(words) => (0..end).any(|from| is_enough(set(from..from + words + 1))),
                None => is_enough(set(0..end)),
            }
    }

    fn needs() -> impl Strategy<Value = Vec<Need>> {
        let need = (prop::collection::btree_map(0..6_usize, 1..4_u32, 1..5), 1..8_u64);
        prop::collection::vec(need.prop_map(|(terms, enough)| Need::weighing(terms, enough)), 1..3)
    }

    proptest! {
        #[test]
        fn tallies_agree_with_a_naive_evaluator(
            needs in needs(),
            none_of in prop::collection::btree_set(6..9_usize, 0..2),
            unless in prop::collection::btree_set(6..9_usize, 0..2),
            near in prop::option::of(0..6_usize),
            steps in prop::collection::vec((0..9_usize, 0..4_usize), 0..24),
        ) {
            let condition = Condition {
                needs,
                none_of: none_of.into_iter().collect(),
                unless: unless.into_iter().collect(),
                near,
            };
            let mut word = 0;
            let hits: Vec<(usize, usize)> = steps.iter().map(|(term, step)| { word += step; (*term, word) }).collect();
            let expected = naive(&condition, &hits);
            let found = tally(&rule(condition), &hits);
            prop_assert_eq!(found.is_some(), expected, "{:?}", hits);
            if let Some(spans) = found {
                prop_assert!(!spans.is_empty() && spans.len() <= MAX_SPANS);
            }
        }
    }
}
