//! What is odd about one rule by itself.

use std::collections::HashMap;

use super::LintKind;
use super::common::{holders, language_of};
use crate::content::UnixTime;
use crate::text::rule::{Keyword, Need, Rule, Words};
use crate::text::word_count::stands_alone;

/// Letters that a keyword needs at least inside longer words.
const MIN_ANYWHERE: usize = 3;

/// Letters that a keyword needs at least as a whole word.
const MIN_WHOLE: usize = 2;

/// Of the commonest words, as many may have a keyword in them.
const MAX_HOLDERS: usize = 2;

/// Takes a keyword, or `None` for the rule as a whole, the sort and the message.
pub(super) type Report<'a> = dyn FnMut(Option<&Keyword>, LintKind, String) + 'a;

pub(super) fn lint_rule(rule: &Rule, now: UnixTime, report: &mut Report<'_>) {
    if let Some(expiry) = rule.expired(now) {
        report(None, LintKind::Expired, format!("expired on {expiry}: extend it or take it out"));
    }
    let by_text = by_text(rule);
    for need in &rule.condition.needs {
        lint_need(rule, need, &by_text, report);
    }
    for (term, keyword) in rule.keywords.iter().enumerate() {
        if rule.condition.needs_only(term) {
            lint_keyword(keyword, report);
        }
    }
}

/// Keywords of a rule by their normalised text.
type ByText<'a> = HashMap<&'a str, Vec<usize>>;

fn by_text(rule: &Rule) -> ByText<'_> {
    let mut by_text = ByText::new();
    for (term, keyword) in rule.keywords.iter().enumerate() {
        by_text.entry(keyword.normalised()).or_default().push(term);
    }
    by_text
}

fn lint_need(rule: &Rule, need: &Need, by_text: &ByText<'_>, report: &mut Report<'_>) {
    let is_any = need.terms().all(|term| need.weight(term) >= need.enough());
    let mut possible = need.total();
    for term in need.terms() {
        let Some(keyword) = rule.keywords.get(term) else {
            continue;
        };
        if let Some(other) = found_with(rule, term, by_text, |other| rule.condition.forbids(other)) {
            possible -= need.weight(term);
            let written = keyword.as_written();
            let message = match rule.keywords[other].as_written() {
                _ if other == term => format!("\"{written}\" never counts: it is an exception too"),
                other => format!("\"{written}\" never counts: \"{other}\" is an exception and found with it"),
            };
            report(Some(keyword), LintKind::NeverMatches, message);
        } else if is_any
            && rule.condition.near.is_none()
            && let Some(other) = found_with(rule, term, by_text, |other| other != term && need.weight(other) > 0)
        {
            let other = rule.keywords[other].as_written();
            let message = format!("\"{}\" adds nothing: \"{other}\" is found wherever it is", keyword.as_written());
            report(Some(keyword), LintKind::Shadowed, message);
        }
    }
    if possible < need.enough() {
        report(None, LintKind::NeverMatches, format!("never matches: it needs {need}, and exceptions leave too few"));
    }
}

/// A keyword that is in every text that has the keyword `outer` in it, `outer` itself too, of those that are `wanted`.
fn found_with(rule: &Rule, outer: usize, by_text: &ByText<'_>, wanted: impl Fn(usize) -> bool) -> Option<usize> {
    let keyword = &rule.keywords[outer];
    let text = keyword.normalised();
    let edges: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    for (position, start) in edges.iter().enumerate() {
        for end in &edges[position + 1..] {
            let inner = by_text.get(&text[*start..*end]).into_iter().flatten();
            let found = inner.copied().find(|inner| wanted(*inner) && is_found(rule, *inner, keyword, (*start, *end)));
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// Whether the keyword `inner`, which has the text of `outer` between `start` and `end`, is found wherever `outer` is.
fn is_found(rule: &Rule, inner: usize, outer: &Keyword, (start, end): (usize, usize)) -> bool {
    let inner = &rule.keywords[inner];
    if inner.identity() == outer.identity() {
        return true;
    }
    if inner.switches() != outer.switches() || inner.is_case_sensitive() {
        return false;
    }
    let text = outer.normalised();
    let is_open = |edge: Option<char>| edge.map_or(outer.words() == Words::Whole, |ch| !ch.is_alphanumeric());
    inner.words() == Words::Anywhere
        || is_open(text[..start].chars().next_back()) && is_open(text[end..].chars().next())
}

fn lint_keyword(keyword: &Keyword, report: &mut Report<'_>) {
    let (text, written) = (keyword.normalised(), keyword.as_written());
    let letters = text.chars().filter(|ch| ch.is_alphanumeric()).count();
    let is_ideographic = text.chars().any(stands_alone);
    let least = match keyword.words() {
        Words::Anywhere if !is_ideographic => MIN_ANYWHERE,
        Words::Anywhere | Words::Whole => MIN_WHOLE,
    };
    let anywhere = if keyword.words() == Words::Anywhere { " inside words" } else { "" };
    if letters > 0 && letters < least {
        let message = format!("\"{written}\" is so short that most texts have it{anywhere}");
        return report(Some(keyword), LintKind::TooShort, message);
    }
    if let Some(language) = language_of(text) {
        let message = format!("\"{written}\" is one of the commonest words ({language})");
        return report(Some(keyword), LintKind::TooCommon, message);
    }
    if keyword.words() == Words::Anywhere
        && let (count, Some(first)) = holders(text)
        && count > MAX_HOLDERS
    {
        let message = format!("\"{written}\" stands in {count} of the commonest words, such as \"{first}\"");
        report(Some(keyword), LintKind::TooCommon, message);
    }
}
