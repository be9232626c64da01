//! Why rules match a text or do not, step by step, for the people who write them.

use std::collections::BTreeSet;
use std::ops::Range;

use super::charset::Charset;
use super::normalise::Normalised;
use super::rule::{Condition, Need, Rule, Setting, TermRef};
use super::scan::{RuleSet, TooManyKeywords};
use super::source::SourceText;
use crate::content::Deadline;

/// The steps between the bytes of a text and what rules make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Every way to read the bytes, the likeliest first.
    pub readings: Vec<ReadingExplained>,
    /// The rules of which a term is in the text, in their order.
    pub rules: Vec<Explained>,
}

/// One way to read bytes as characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingExplained {
    /// Name of the charset.
    pub charset: &'static str,
    /// The characters.
    pub decoded: String,
    /// What is searched.
    pub normalised: String,
}

/// What one rule makes of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Index into [`RuleSet::rules`].
    pub rule: usize,
    /// Its terms that are in the text, in its order.
    pub terms: Vec<TermExplained>,
    /// What it needs, in its order.
    pub needs: Vec<NeedExplained>,
    /// Whether all needs are met within the words that `near` asks for; `None` when it does not ask.
    pub is_near: Option<bool>,
    /// Whether what is in quotations counts for nothing and something that is needed stands there.
    pub is_quoted: bool,
    /// Where it matches; `None` when it does not.
    pub spans: Option<Vec<Range<usize>>>,
    /// Whether it applies there: it has not expired, and its scope covers the text.
    pub applies: bool,
}

/// A term that is in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermExplained {
    /// As it stands in the rule file.
    pub written: String,
    /// Byte ranges of the original text.
    pub spans: Vec<Range<usize>>,
    /// Whether it speaks against a match.
    pub forbids: bool,
}

/// One need, and what of it is in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeedExplained {
    /// In words: "any of 3 terms".
    pub asked: String,
    /// What the weights of the terms found come to.
    pub found: u64,
    /// What they must come to.
    pub enough: u64,
}

/// Explains what the rules of `set` make of `text` where `setting` says.
///
/// # Errors
/// [`TooManyKeywords`].
pub fn explain(set: &RuleSet, text: &[u8], setting: &Setting<'_>) -> Result<Explanation, TooManyKeywords> {
    let matches = set.scan(text, &Deadline::NEVER);
    let mut rules = Vec::new();
    for (index, terms) in hits(set, text)?.into_iter().enumerate().filter(|(_, terms)| !terms.is_empty()) {
        let rule = &set.rules()[index];
        let spans = matches.iter().find(|found| found.rule == index).map(|found| found.spans.clone());
        rules.push(explained(rule, index, terms, spans, rule.applies_in(setting)));
    }
    Ok(Explanation {
        readings: Charset::all_of(text, usize::MAX)
            .into_iter()
            .map(|charset| reading_explained(text, charset))
            .collect(),
        rules,
    })
}

fn reading_explained(text: &[u8], charset: Charset) -> ReadingExplained {
    let mut source = SourceText::default();
    charset.read(text, 0, true, &mut source);
    let decoded = source.from(0).to_owned();
    ReadingExplained { charset: charset.name(), normalised: Normalised::text_of(&decoded), decoded }
}

/// A term by its number, and where it is.
type TermHits = (usize, Vec<Range<usize>>);

/// For every rule, where its terms are, whatever the rule makes of that: each is looked for by a rule of its own.
fn hits(set: &RuleSet, text: &[u8]) -> Result<Vec<Vec<TermHits>>, TooManyKeywords> {
    let mut owners = Vec::new();
    let mut single = Vec::new();
    for (index, rule) in set.rules().iter().enumerate() {
        for term in 0..rule.term_count() {
            owners.push((index, term));
            single.push(rule_of(rule, term));
        }
    }
    let mut found: Vec<Vec<TermHits>> = vec![Vec::new(); set.len()];
    for hit in RuleSet::compile(single)?.scan(text, &Deadline::NEVER) {
        let (rule, term) = owners[hit.rule];
        found[rule].push((term, hit.spans));
    }
    Ok(found)
}

/// A rule that looks for one term of `rule` and nothing else.
fn rule_of(rule: &Rule, term: usize) -> Rule {
    let condition = Condition { needs: vec![Need::at_least(1, [0])], ..Condition::default() };
    let mut single = Rule { condition, ..Rule::named(rule.id.clone(), rule.place) };
    match rule.look_up(term) {
        Some(TermRef::Keyword(keyword)) => single.keywords.push(keyword.clone()),
        Some(TermRef::Pattern(pattern)) => single.patterns.push(pattern.clone()),
        Some(TermRef::Identifier(identifier)) => single.identifiers.push(identifier.clone()),
        None => {}
    }
    single
}

fn explained(
    rule: &Rule,
    index: usize,
    terms: Vec<TermHits>,
    spans: Option<Vec<Range<usize>>>,
    applies: bool,
) -> Explained {
    let found: BTreeSet<usize> = terms.iter().map(|(term, _)| *term).collect();
    let needs: Vec<NeedExplained> = rule
        .condition
        .needs
        .iter()
        .map(|need| NeedExplained { asked: need.to_string(), found: need.weight_of(&found), enough: need.enough() })
        .collect();
    let is_fulfilled = rule.condition.is_fulfilled_by(&found);
    // What else could stand in the way of a match whose needs are met.
    let (asks_near, is_missed) = (rule.condition.near.is_some(), is_fulfilled && spans.is_none());
    let is_quoted = is_missed && rule.ignores_quoted;
    let terms = terms.into_iter().map(|(term, spans)| TermExplained {
        written: rule.term(term).to_owned(),
        spans,
        forbids: rule.condition.forbids(term),
    });
    Explained {
        rule: index,
        terms: terms.collect(),
        needs,
        is_near: asks_near.then_some(!is_missed),
        is_quoted,
        spans,
        applies,
    }
}
