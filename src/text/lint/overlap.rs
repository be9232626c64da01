//! What is odd about rules beside one another.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Lint, LintKind, place_of};
use crate::text::rule::Rule;

/// Rules that one keyword may stand in.
const MAX_SHARED: usize = 10;

pub(super) fn lint_rules(rules: &[Rule], found: &mut Vec<Lint>) {
    lint_contradictions(rules, found);
    lint_shared_keywords(rules, found);
}

/// Rules with the same terms and conditions that ask for different things.
fn lint_contradictions(rules: &[Rule], found: &mut Vec<Lint>) {
    let mut first_with: HashMap<String, usize> = HashMap::new();
    for (index, rule) in rules.iter().enumerate() {
        match first_with.entry(looked_for(rule)) {
            Entry::Vacant(entry) => _ = entry.insert(index),
            Entry::Occupied(entry) => {
                let first = &rules[*entry.get()];
                if first.scope == rule.scope && (first.action, first.mode) != (rule.action, rule.mode) {
                    let [own, other] =
                        [rule, first].map(|rule| format!("{} ({})", rule.action.name(), rule.mode.name()));
                    let message =
                        format!("looks for the same as rule \"{}\" but asks for {own}, not {other}", first.id);
                    found.push(Lint { rule: index, file: None, place: rule.place, kind: LintKind::Overlap, message });
                }
            }
        }
    }
}

/// What a rule looks for, the same for rules that find the same.
fn looked_for(rule: &Rule) -> String {
    let mut names: Vec<String> = rule.keywords.iter().map(|keyword| format!("{:?}", keyword.identity())).collect();
    let patterns = rule.patterns.iter().map(|pattern| format!("{pattern:?}"));
    names.extend(patterns);
    names.extend(rule.identifiers.iter().map(|identifier| format!("{:?} {:?}", identifier.kind, identifier.listed)));
    let condition = &rule.condition;
    let mut parts: Vec<String> = Vec::new();
    for need in &condition.needs {
        let mut terms: Vec<String> =
            need.terms().map(|term| format!("{} {}", names[term], need.weight(term))).collect();
        terms.sort();
        parts.push(format!("{} of {terms:?}", need.enough()));
    }
    for terms in [&condition.none_of, &condition.unless] {
        let mut terms: Vec<&String> = terms.iter().map(|term| &names[*term]).collect();
        terms.sort();
        parts.push(format!("not {terms:?}"));
    }
    format!("{parts:?} {:?} {}", condition.near, rule.ignores_quoted)
}

/// Keywords that stand in very many rules: each text with one of them makes that many matches.
fn lint_shared_keywords(rules: &[Rule], found: &mut Vec<Lint>) {
    let mut shared: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
    for (index, rule) in rules.iter().enumerate() {
        for (term, keyword) in rule.keywords.iter().enumerate().filter(|(term, _)| rule.condition.needs_only(*term)) {
            shared.entry(keyword.normalised()).or_default().push((index, term));
        }
    }
    for places in shared.into_values() {
        let mut owners: Vec<usize> = places.iter().map(|(rule, _)| *rule).collect();
        owners.dedup();
        if owners.len() > MAX_SHARED {
            let (rule, term) = places[0];
            let keyword = &rules[rule].keywords[term];
            let (file, place) = place_of(keyword);
            let message = format!("\"{}\" alone makes {} rules match", keyword.as_written(), owners.len());
            found.push(Lint { rule, file, place, kind: LintKind::Overlap, message });
        }
    }
}
