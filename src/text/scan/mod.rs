//! All rules over one text, as its bytes arrive.
//!
//! The text is read in blocks, in every charset its bytes may be in ([`reading`]). What a block adds is normalised and
//! searched once for all keywords, and once for each pattern. Where it looks as if something were hidden, by an escape
//! or by spelling, what may have been meant is searched too. Matching is overlapping, so a keyword inside another one
//! hides neither.

mod layer;
mod reading;
mod seekers;
mod written;

use std::collections::BTreeMap;
use std::ops::{Deref, Range};

use self::reading::Reading;
use self::seekers::Lane;
use super::charset::{Charset, first_foreign};
use super::fold::Accents;
use super::identifiers::IdentifierIndex;
use super::literals::TooManyPatterns;
use super::pattern::Pattern;
use super::rule::{Rule, Setting, TermRef};
use super::tally::Tally;
use crate::content::Deadline;

/// Spans kept for one rule in one text. Conditions count past it; people need no more to see why.
pub const MAX_SPANS: usize = 16;

/// Bytes that are read and searched at once. Few in tests, so that they see many blocks.
pub(super) const BLOCK: usize = if cfg!(test) { 4 << 10 } else { 8 << 10 };

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

/// All rules of a snapshot, compiled. Immutable; scanning needs no lock.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    /// The keywords that are looked for with accents, and those without; none of a sort, no lane.
    lanes: Vec<Lane>,
    /// The patterns of all rules, and who looks for them.
    patterns: Vec<(Term, Pattern)>,
    /// The identifiers of all rules, and who looks for them.
    identifiers: IdentifierIndex<Term>,
    /// Whether a rule asks how far apart terms stand.
    counts_words: bool,
    /// Whether a rule asks what stands around its terms.
    looks_around: bool,
    has_scopes: bool,
}

/// One keyword or pattern of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Term {
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
        let (mut patterns, mut identifiers) = (Vec::new(), IdentifierIndex::default());
        for (index, rule) in rules.iter().enumerate() {
            for term in rule.keywords.len()..rule.term_count() {
                match rule.look_up(term) {
                    Some(TermRef::Pattern(pattern)) => patterns.push((Term { rule: index, term }, pattern.clone())),
                    Some(TermRef::Identifier(identifier)) => identifiers.add(identifier, Term { rule: index, term }),
                    Some(TermRef::Keyword(_)) | None => {}
                }
            }
        }
        let mut lanes = Vec::new();
        for accents in [Accents::Kept, Accents::Stripped] {
            lanes.extend(Lane::of(&rules, accents, !patterns.is_empty())?);
        }
        let counts_words = rules.iter().any(Tally::needs_words);
        let looks_around = rules.iter().any(|rule| rule.ignores_quoted);
        let has_scopes = rules.iter().any(|rule| !rule.scope.is_everything());
        Ok(Self { rules, lanes, patterns, identifiers, counts_words, looks_around, has_scopes })
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

    /// `matches` without those of rules that do not apply where `setting` says.
    pub fn applying(&self, mut matches: Vec<RuleMatch>, setting: &Setting<'_>) -> Vec<RuleMatch> {
        matches.retain(|found| self.rules[found.rule].applies_in(setting));
        matches
    }

    /// Every rule that `text` fulfils in any reading of its bytes, ordered by index: what a [`Scanner`] finds.
    pub fn scan(&self, text: &[u8], deadline: &Deadline) -> Vec<RuleMatch> {
        let mut scanner = Scanner::new(self, *deadline);
        scanner.push(text);
        scanner.finish()
    }
}

/// One text on its way through the rules.
///
/// Takes any bytes. Time is linear in the text, once for all keywords and once for each pattern, and in the occurrences
/// of keywords. Memory does not grow with the text: less than 64 KiB is kept for each charset it may be in, unless
/// keywords are longer than some hundred characters, and some more is needed while a block is scanned. Into which
/// pieces the text was cut makes no difference. Past the deadline it stops, with what was found until then.
#[derive(Debug)]
pub struct Scanner<R> {
    rules: R,
    deadline: Deadline,
    /// None before the first block.
    readings: Vec<Reading>,
    /// Whether something was not UTF-8.
    is_foreign: bool,
    /// Charsets that it may be in and in which all was read as in UTF-8 so far.
    alike: Vec<Charset>,
    /// What is not a whole block yet.
    pending: Vec<u8>,
}

impl<R: Deref<Target = RuleSet>> Scanner<R> {
    /// Begins a text, to be searched for `rules`.
    pub fn new(rules: R, deadline: Deadline) -> Self {
        Self { rules, deadline, readings: Vec::new(), is_foreign: false, alike: Vec::new(), pending: Vec::new() }
    }

    /// Takes `deadline` in place of the one before.
    pub fn set_deadline(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    /// Takes in the next bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        let is_enough = self.pending.len() + bytes.len() > BLOCK;
        while self.pending.len() + bytes.len() > BLOCK && !self.is_idle() {
            let (now, later) = bytes.split_at(BLOCK - self.pending.len());
            if self.pending.is_empty() {
                self.block(now, false);
            } else {
                let mut block = std::mem::take(&mut self.pending);
                block.extend_from_slice(now);
                self.block(&block, false);
                block.clear();
                self.pending = block;
            }
            bytes = later;
        }
        if is_enough {
            self.readings.iter_mut().for_each(Reading::rest);
        }
        if !self.is_idle() && !bytes.is_empty() {
            self.pending.reserve_exact(BLOCK.saturating_sub(self.pending.len()));
            self.pending.extend_from_slice(bytes);
        }
    }

    /// Every rule that the text fulfils, ordered by index.
    pub fn finish(mut self) -> Vec<RuleMatch> {
        let last = std::mem::take(&mut self.pending);
        if !self.is_idle() {
            self.block(&last, true);
        }
        let mut matches = BTreeMap::new();
        let rules = &*self.rules;
        for found in self.readings.into_iter().flat_map(|reading| reading.into_matches(rules)) {
            matches.entry(found.rule).or_insert(found);
        }
        matches.into_values().collect()
    }

    /// Whether nothing more is to be found, or looked for.
    fn is_idle(&self) -> bool {
        self.rules.is_empty() || !self.readings.is_empty() && self.deadline.has_passed()
    }

    fn block(&mut self, bytes: &[u8], is_last: bool) {
        if self.readings.is_empty() {
            let rules = &*self.rules;
            let charsets = Charset::of_start(bytes).into_iter();
            self.readings = charsets.map(|charset| Reading::new(rules, charset)).collect();
        }
        self.part_ways(bytes);
        let rules = &*self.rules;
        for reading in &mut self.readings {
            reading.read(rules, bytes, is_last, &self.deadline);
        }
    }

    /// Begins the readings in charsets that read `bytes`, the next ones, otherwise than UTF-8 does. Up to here they
    /// read the same, and so have found the same.
    fn part_ways(&mut self, bytes: &[u8]) {
        let Some(utf8) = self.readings.last() else {
            return;
        };
        let bytes = utf8.with_carry(bytes);
        if !self.is_foreign && first_foreign(&bytes).is_some() {
            self.is_foreign = true;
            self.alike = Charset::for_foreign(&bytes);
        }
        let is_alike = |charset: &Charset| charset.reads_like_utf8(&bytes);
        let (alike, others): (Vec<_>, Vec<_>) = self.alike.drain(..).partition(is_alike);
        // The likeliest first, whenever it parted.
        let is_first = !others.iter().any(|charset| charset.is_usual());
        let place = self.readings.iter().position(Reading::is_legacy).filter(|_| is_first);
        let place = place.unwrap_or(self.readings.len() - 1);
        let others: Vec<Reading> = others.into_iter().map(|charset| utf8.also(charset)).collect();
        self.readings.splice(place..place, others);
        self.alike = alike;
    }
}
