//! All rules over one text, in one search for all keywords, and one of each pattern that a rule has besides.
//!
//! Matching is overlapping, so a keyword inside another one hides neither. A keyword that several rules share is
//! searched for once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::charset::Reading;
use super::literals::{Literals, Occurrence, TooManyPatterns};
use super::normalise::Normalised;
use super::pattern::{Pattern, REACH};
use super::rule::Rule;
use crate::content::Deadline;

/// Spans kept for one rule in one text. Conditions count past it; people need no more to see why.
pub const MAX_SPANS: usize = 16;

/// A rule that a text fulfils.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMatch {
    /// Index into [`RuleSet::rules`].
    pub rule: usize,
    /// Where its keywords are: byte ranges of the original text on whole characters, ordered by start, at least one and
    /// at most [`MAX_SPANS`]. They may overlap.
    pub spans: Vec<Range<usize>>,
}

/// The keywords exceed what the search can number.
#[derive(Debug, thiserror::Error)]
#[error("too many keywords: {0}")]
pub struct TooManyKeywords(#[from] TooManyPatterns);

/// All rules of a snapshot, compiled into one search. Immutable; scanning needs no lock.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    literals: Literals,
    /// For every one of the literals, who looks for it.
    seekers: Vec<Vec<Seeker>>,
    /// The patterns of all rules, and who looks for them.
    patterns: Vec<(Seeker, Pattern)>,
}

/// One keyword or pattern of one rule.
#[derive(Clone, Copy, Debug)]
struct Seeker {
    rule: usize,
    /// As conditions count them.
    term: usize,
}

impl RuleSet {
    /// Puts `rules` together, keeping their order.
    ///
    /// # Errors
    /// [`TooManyKeywords`].
    pub fn compile(rules: Vec<Rule>) -> Result<Self, TooManyKeywords> {
        let mut patterns: HashMap<&str, usize> = HashMap::new();
        let mut seekers: Vec<Vec<Seeker>> = Vec::new();
        let mut texts: Vec<&str> = Vec::new();
        let mut searched = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            for (keyword, text) in rule.keywords.iter().enumerate() {
                let pattern = *patterns.entry(text.normalised()).or_insert_with(|| {
                    texts.push(text.normalised());
                    seekers.push(Vec::new());
                    texts.len() - 1
                });
                seekers[pattern].push(Seeker { rule: index, term: keyword });
            }
            for (position, pattern) in rule.patterns.iter().enumerate() {
                searched.push((Seeker { rule: index, term: rule.keywords.len() + position }, pattern.clone()));
            }
        }
        let literals = Literals::build(&texts)?;
        Ok(Self { rules, literals, seekers, patterns: searched })
    }

    /// Number of rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules, in the order in which they were passed.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Every rule that `text` fulfils in any reading of its bytes, ordered by index.
    ///
    /// Takes any bytes. Time is linear in the text, once for all keywords and once for each pattern, and in the occurrences
    /// of keywords; memory does not grow with the text. Past `deadline` it stops, with what was found until then.
    pub fn scan(&self, text: &[u8], deadline: &Deadline) -> Vec<RuleMatch> {
        let mut matches: BTreeMap<usize, RuleMatch> = BTreeMap::new();
        if self.rules.is_empty() {
            return Vec::new();
        }
        for reading in Reading::all_of(text) {
            for found in self.scan_reading(reading, deadline) {
                matches.entry(found.rule).or_insert(found);
            }
        }
        matches.into_values().collect()
    }

    fn scan_reading(&self, reading: Reading<'_>, deadline: &Deadline) -> Vec<RuleMatch> {
        let mut progress: BTreeMap<usize, Progress> = BTreeMap::new();
        let reach = if self.patterns.is_empty() { 0 } else { REACH };
        Normalised::by_window(reading, self.literals.longest().max(reach), deadline, |window, new| {
            self.literals.search_new(window.as_str().as_bytes(), new.clone(), |found| {
                self.note(found, window, &mut progress);
            });
            for (seeker, pattern) in &self.patterns {
                let rule = progress.entry(seeker.rule).or_default();
                if !rule.has_enough_of(seeker.term)
                    && let Some(span) = pattern.find(window.as_str(), &new)
                {
                    rule.record(seeker.term, || window.original(&span));
                }
            }
        });
        progress.into_iter().filter_map(|(index, progress)| progress.into_match(index, &self.rules[index])).collect()
    }

    /// Notes a keyword for every rule that looks for it and lets it stand where it does.
    fn note(&self, found: Occurrence, text: &Normalised<'_>, progress: &mut BTreeMap<usize, Progress>) {
        let span = found.start..found.end;
        let mut standing = None;
        for seeker in &self.seekers[found.pattern] {
            let rule = progress.entry(seeker.rule).or_default();
            if rule.has_enough_of(seeker.term) {
                continue;
            }
            let standing = *standing.get_or_insert_with(|| text.standing(&span));
            if self.rules[seeker.rule].words.allow(standing) {
                rule.record(seeker.term, || text.original(&span));
            }
        }
    }
}

/// How far one rule has come in one text.
#[derive(Debug, Default)]
struct Progress {
    terms: BTreeSet<usize>,
    spans: Vec<Range<usize>>,
}

impl Progress {
    /// Whether another occurrence of `term` would change nothing.
    fn has_enough_of(&self, term: usize) -> bool {
        self.spans.len() >= MAX_SPANS && self.terms.contains(&term)
    }

    fn record(&mut self, term: usize, span: impl FnOnce() -> Range<usize>) {
        self.terms.insert(term);
        if self.spans.len() < MAX_SPANS {
            self.spans.push(span());
        }
    }

    fn into_match(mut self, index: usize, rule: &Rule) -> Option<RuleMatch> {
        if !rule.is_fulfilled_by(&self.terms) {
            return None;
        }
        self.spans.sort_by_key(|span| (span.start, span.end));
        self.spans.dedup();
        Some(RuleMatch { rule: index, spans: self.spans })
    }
}
