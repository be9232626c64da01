//! All rules over one text, in one pass of one automaton, and one of each pattern that a rule has besides.
//!
//! Matching is overlapping, so a keyword inside another one hides neither. A keyword that several rules share is in the
//! automaton once.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::charset::Reading;
use super::normalise::Normalised;
use super::original::{is_as_asked, is_quoted};
use super::pattern::{Pattern, REACH};
use super::rule::{Rule, Setting};
use super::tally::Tally;
use super::word_count::WordCounter;
use crate::content::Deadline;

/// Spans kept for one rule in one text. Conditions count past it; people need no more to see why.
pub const MAX_SPANS: usize = 16;

/// Hits of one pattern in one window that are weighed: far more than anybody writes.
const MOST_PATTERN_HITS: usize = 1 << 14;

/// A rule that a text fulfils.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMatch {
    /// Index into [`RuleSet::rules`].
    pub rule: usize,
    /// Where its keywords are: byte ranges of the original text on whole characters, ordered by start, at least one and
    /// at most [`MAX_SPANS`]. They may overlap.
    pub spans: Vec<Range<usize>>,
}

/// The keywords exceed what the automaton can number.
#[derive(Debug, thiserror::Error)]
#[error("too many keywords: {0}")]
pub struct TooManyKeywords(#[from] aho_corasick::BuildError);

/// All rules of a snapshot, compiled into one automaton. Immutable; scanning needs no lock.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    automaton: AhoCorasick,
    /// For every pattern of the automaton, who looks for it.
    seekers: Vec<Vec<Seeker>>,
    /// The patterns of all rules, and who looks for them.
    patterns: Vec<(Seeker, Pattern)>,
    /// Whether a rule asks how far apart terms stand.
    counts_words: bool,
    has_scopes: bool,
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
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&texts)?;
        let counts_words = rules.iter().any(Tally::needs_words);
        let has_scopes = rules.iter().any(|rule| !rule.scope.is_everything());
        Ok(Self { rules, automaton, seekers, patterns: searched, counts_words, has_scopes })
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

    /// Whether a rule leaves out some parts or routes.
    pub fn has_scopes(&self) -> bool {
        self.has_scopes
    }

    /// What [`Self::scan`] finds, without the rules that do not apply where `setting` says.
    pub fn scan_in(&self, text: &[u8], setting: &Setting<'_>, deadline: &Deadline) -> Vec<RuleMatch> {
        let mut matches = self.scan(text, deadline);
        matches.retain(|found| self.rules[found.rule].applies_in(setting));
        matches
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
        let mut tallies = Tallies { set: self, reading, tallies: BTreeMap::new(), words: WordCounter::default() };
        let reach = if self.patterns.is_empty() { 0 } else { REACH };
        Normalised::by_window(reading, self.automaton.max_pattern_len().max(reach), deadline, |window, new| {
            tallies.words.begin_window(new.start);
            let mut of_patterns = tallies.pattern_hits(window, &new).into_iter().peekable();
            for found in self.automaton.find_overlapping_iter(window.as_str()) {
                if new.start < found.end() && found.end() <= new.end {
                    while let Some((span, seeker)) = of_patterns.next_if(|(span, _)| span.end <= found.end()) {
                        tallies.record(seeker, window, &span);
                    }
                    tallies.note(&found, window);
                }
            }
            of_patterns.for_each(|(span, seeker)| tallies.record(seeker, window, &span));
            tallies.count_words(window, new.end);
        });
        let matches = tallies.tallies.into_iter();
        matches
            .filter_map(|(rule, tally)| Some(RuleMatch { rule, spans: tally.into_match(&self.rules[rule])? }))
            .collect()
    }
}

/// How far the rules have come in one text.
struct Tallies<'a> {
    set: &'a RuleSet,
    reading: Reading<'a>,
    tallies: BTreeMap<usize, Tally>,
    words: WordCounter,
}

impl Tallies<'_> {
    /// What patterns find in the new part of a window, by ends: of each the first hit, or all if its rule weighs each.
    fn pattern_hits(&self, window: &Normalised<'_>, new: &Range<usize>) -> Vec<(Range<usize>, Seeker)> {
        let mut hits = Vec::new();
        for (seeker, pattern) in &self.set.patterns {
            let rule = &self.set.rules[seeker.rule];
            if self.tallies.get(&seeker.rule).is_some_and(|tally| tally.has_enough_of(rule, seeker.term)) {
                continue;
            }
            if rule.weighs_each_hit() {
                let all = pattern.find_all(window.as_str(), new).take(MOST_PATTERN_HITS);
                hits.extend(all.map(|span| (span, *seeker)));
            } else {
                hits.extend(pattern.find(window.as_str(), new).map(|span| (span, *seeker)));
            }
        }
        hits.sort_by_key(|(span, _)| span.end);
        hits
    }

    /// Notes a keyword for every rule that looks for it and lets it stand where it does.
    fn note(&mut self, found: &aho_corasick::Match, text: &Normalised<'_>) {
        let (set, span) = (self.set, found.range());
        let mut standing = None;
        for seeker in &set.seekers[found.pattern().as_usize()] {
            let rule = &set.rules[seeker.rule];
            if self.tallies.get(&seeker.rule).is_some_and(|tally| tally.has_enough_of(rule, seeker.term)) {
                continue;
            }
            let standing = *standing.get_or_insert_with(|| text.standing(&span));
            if rule.keywords[seeker.term].words().allow(standing) {
                self.record(*seeker, text, &span);
            }
        }
    }

    /// Records a hit that counts by its original text too.
    fn record(&mut self, seeker: Seeker, text: &Normalised<'_>, span: &Range<usize>) {
        let rule = &self.set.rules[seeker.rule];
        let original = text.original(span);
        if !is_as_asked(rule, seeker.term, self.reading, &original) {
            return;
        }
        let word = self.count_words(text, span.end);
        let tally = self.tallies.entry(seeker.rule).or_default();
        let is_asked = rule.ignores_quoted && !rule.condition.forbids(seeker.term);
        if !(is_asked && tally.may_look() && is_quoted(self.reading, &original)) {
            tally.record(rule, seeker.term, word, || original);
        }
    }

    /// Number of the word that the text before `end` ends with; 0 where no rule asks.
    fn count_words(&mut self, text: &Normalised<'_>, end: usize) -> usize {
        if self.set.counts_words { self.words.number_at(text.as_str(), end) } else { 0 }
    }
}
