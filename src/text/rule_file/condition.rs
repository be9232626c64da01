//! Which terms must be there: fields that go together, and fields that do not.

use std::collections::BTreeSet;

use toml::Spanned;

use super::Reader;
use super::keywords::{Usual, Weights};
use super::raw::{Matching, RawNear, RawRule};
use crate::text::problem::Fault;
use crate::text::rule::{Condition, Need, Term, Terms};

/// The farthest that is near.
const MAX_NEAR: usize = 1000;

/// The terms of a rule by the field they stand in.
struct Fields {
    main: Vec<(Term, u32)>,
    all: Vec<(Term, u32)>,
    any: Vec<(Term, u32)>,
    none: Vec<(Term, u32)>,
    unless: Vec<Term>,
}

impl Reader<'_> {
    pub(super) fn check_condition(&mut self, raw: &RawRule, terms: &mut Terms) -> Condition {
        let known = self.problems.len();
        let usual = self.check_usual(raw);
        let fields = self.check_fields(raw, usual, terms);
        if let Some(keywords) = raw.keywords.as_ref().filter(|keywords| keywords.get_ref().is_empty()) {
            self.complain(keywords.span().start, &Fault::NoKeywords);
        } else if self.problems.len() == known
            && [&fields.main, &fields.all, &fields.any].iter().all(|list| list.is_empty())
        {
            self.complain(raw.id.span().start, &Fault::NothingToLookFor);
        }
        let number = |found: &[(Term, u32)]| -> Vec<(usize, u32)> {
            found.iter().map(|(term, weight)| (terms.number(*term), *weight)).collect()
        };
        let numbers = |found: &[(Term, u32)]| number(found).into_iter().map(|(term, _)| term);
        let mut needs = Vec::new();
        needs.extend(self.check_main(raw, number(&fields.main)));
        if !fields.all.is_empty() {
            needs.push(Need::all(numbers(&fields.all)));
        }
        if !fields.any.is_empty() {
            needs.push(Need::at_least(1, numbers(&fields.any)));
        }
        let ascending = |terms: BTreeSet<usize>| terms.into_iter().collect();
        let mut condition = Condition {
            needs,
            none_of: ascending(numbers(&fields.none).collect()),
            unless: ascending(fields.unless.iter().map(|term| terms.number(*term)).collect()),
            near: None,
        };
        condition.near = raw.near.as_ref().and_then(|near| self.check_near(near, &condition));
        condition
    }

    fn check_fields(&mut self, raw: &RawRule, usual: Usual, terms: &mut Terms) -> Fields {
        let weights = if raw.threshold.is_some() { Weights::Counted } else { Weights::WithoutThreshold };
        let keywords = raw.keywords.as_ref().map_or(&[][..], |keywords| keywords.get_ref());
        let mut main = self.check_keywords(keywords, usual, weights, terms);
        if let Some(name) = &raw.keywords_file {
            main.extend(self.check_list(name, usual, terms));
        }
        main.extend(self.check_expressions(&raw.regex, terms));
        raw.identifiers.iter().for_each(|raw| main.extend(self.check_identifiers(raw, terms)));
        let mut list = |reader: &mut Self, raw| reader.check_keywords(raw, usual, Weights::Meaningless, terms);
        let (all, any, none) = (list(self, &raw.all), list(self, &raw.any), list(self, &raw.none));
        let mut unless = Vec::new();
        if let Some(raw) = &raw.unless {
            unless.extend(list(self, &raw.keywords).into_iter().map(|(term, _)| term));
            unless.extend(self.check_domains(&raw.domains, terms));
        }
        Fields { main, all, any, none, unless }
    }

    /// What is needed of the terms in `keywords`, `keywords_file`, `regex` and `identifiers`.
    fn check_main(&mut self, raw: &RawRule, terms: Vec<(usize, u32)>) -> Option<Need> {
        let counts = [
            raw.matching.as_ref().map(|field| ("match", field.span().start)),
            raw.at_least.as_ref().map(|field| ("at_least", field.span().start)),
            raw.threshold.as_ref().map(|field| ("threshold", field.span().start)),
        ];
        let given: Vec<(&str, usize)> = counts.into_iter().flatten().collect();
        if let [(first, _), (second, start), ..] = given[..] {
            self.complain(start, &Fault::TwoConditions(second, first));
        }
        if terms.is_empty() {
            let has_none = raw.keywords.is_none()
                && raw.keywords_file.is_none()
                && raw.regex.is_empty()
                && raw.identifiers.is_empty();
            if let Some((field, start)) = given.first().filter(|_| has_none) {
                self.complain(*start, &Fault::CountOfNothing(field));
            }
            return None;
        }
        let any = Need::weighing(terms.iter().copied(), 1);
        let available = any.terms().len();
        if let Some(at_least) = &raw.at_least {
            let wanted = self.check_count("at_least", at_least)?;
            if wanted > available as u64 {
                self.complain(at_least.span().start, &Fault::AtLeastTooLarge { wanted, available });
            }
            return Some(Need::at_least(wanted.try_into().unwrap_or(usize::MAX), any.terms()));
        }
        if let Some(threshold) = &raw.threshold {
            let wanted = self.check_count("threshold", threshold)?;
            if wanted > any.total() {
                self.complain(threshold.span().start, &Fault::ThresholdTooLarge { wanted, available: any.total() });
            }
            return Some(Need::weighing(terms, wanted));
        }
        Some(match raw.matching.as_ref().map(Spanned::get_ref) {
            Some(Matching::All) => Need::all(any.terms()),
            Some(Matching::Any) | None => any,
        })
    }

    fn check_count(&mut self, field: &'static str, written: &Spanned<i64>) -> Option<u64> {
        let count = u64::try_from(*written.get_ref()).ok().filter(|count| *count > 0);
        if count.is_none() {
            self.complain(written.span().start, &Fault::CountTooSmall { field, found: *written.get_ref() });
        }
        count
    }

    fn check_near(&mut self, near: &Spanned<RawNear>, condition: &Condition) -> Option<usize> {
        let words = &near.get_ref().words;
        let distance = usize::try_from(*words.get_ref()).ok().filter(|words| (1..=MAX_NEAR).contains(words));
        if distance.is_none() {
            self.complain(words.span().start, &Fault::Near { found: *words.get_ref(), most: MAX_NEAR });
        }
        if let [need] = &condition.needs[..]
            && need.terms().all(|term| condition.needs_only(term))
        {
            self.complain(near.span().start, &Fault::NearOfOne);
        }
        distance
    }
}
