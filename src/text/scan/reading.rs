//! One text in one charset: read, normalised and searched block by block.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::layer::{Block, Hit, Hits, Layer};
use super::{RuleMatch, RuleSet};
use crate::content::Deadline;
use crate::text::charset::Charset;
use crate::text::normalise::Normalised;
use crate::text::original::{self, is_quoted};
use crate::text::source::SourceText;
use crate::text::tally::Tally;
use crate::text::word_count::WordCounter;

/// Bytes of source that are kept for what begins in one block and ends in the next: escapes, spelled-out words.
const CONTEXT: usize = 1 << 10;

/// Bytes of source behind a hit that are seen before it counts, so that its neighbours are known. More where quotation
/// marks are looked for.
const AHEAD: usize = 256;

/// Bytes of source that are kept at most. What holds a keyword together across more than that, such as thousands of
/// invisible characters, is remembered only by where it is.
const MOST_KEPT: usize = 8 << 10;

#[derive(Clone, Debug)]
pub(super) struct Reading {
    charset: Charset,
    /// What is read of the text, and bytes that are no whole character yet.
    read: usize,
    carry: Vec<u8>,
    source: SourceText,
    /// Up to where in the source all hits are counted.
    counted: usize,
    /// Normalised text by lane.
    lanes: Vec<Normalised>,
    tallies: BTreeMap<usize, Tally>,
    words: WordCounter,
}

impl Reading {
    pub(super) fn new(rules: &RuleSet, charset: Charset) -> Self {
        Self {
            charset,
            read: 0,
            carry: Vec::new(),
            source: SourceText::default(),
            counted: 0,
            lanes: rules.lanes.iter().map(|lane| Normalised::new(lane.accents)).collect(),
            tallies: BTreeMap::new(),
            words: WordCounter::default(),
        }
    }

    /// Whether it is one of those that are there only because something is not UTF-8.
    pub(super) const fn is_legacy(&self) -> bool {
        matches!(self.charset, Charset::Legacy(_))
    }

    /// The same so far, in another charset from here on.
    pub(super) fn also(&self, charset: Charset) -> Self {
        Self { charset, ..self.clone() }
    }

    /// `bytes` behind those of a character that was not finished.
    pub(super) fn with_carry<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        behind(&self.carry, bytes)
    }

    /// Takes in the next bytes. All calls for one reading are about the same rules.
    pub(super) fn read(&mut self, rules: &RuleSet, bytes: &[u8], is_last: bool, deadline: &Deadline) {
        let bytes = behind(&std::mem::take(&mut self.carry), bytes);
        let read = self.charset.read(&bytes, self.read, is_last, &mut self.source);
        self.read += read;
        self.carry = bytes[read..].to_vec();
        let end = self.source.range().end;
        let has_long = rules.looks_around || !rules.identifiers.is_empty();
        let ahead = if has_long { original::REACH } else { AHEAD };
        for normalised in &mut self.lanes {
            normalised.push(&self.source, is_last);
        }
        // A last character may wait for its marks longer than anything else.
        let done = self.lanes.iter().map(Normalised::done).min().unwrap_or(end);
        let until = if is_last { end } else { done.min(end.saturating_sub(ahead)).max(self.counted) };
        for hit in self.hits(rules, until, deadline).in_order() {
            self.count(rules, hit);
        }
        if rules.counts_words {
            self.words.number_at(&self.source, until);
        }
        self.counted = until;
        self.forget(rules);
    }

    /// Everything that ends behind what is counted and not behind `until`.
    fn hits(&self, rules: &RuleSet, until: usize, deadline: &Deadline) -> Hits {
        let block = Block { rules, tallies: &self.tallies, new: self.counted..until };
        let layer = Layer { block: &block, source: &self.source, parent: None, via: None };
        let mut hits = Hits::default();
        for (lane, normalised) in rules.lanes.iter().zip(&self.lanes) {
            layer.search(lane, normalised, &mut hits);
        }
        layer.search_identifiers(&mut hits);
        layer.search_decoded(self.counted.saturating_sub(CONTEXT), deadline, &mut hits);
        hits
    }

    fn count(&mut self, rules: &RuleSet, Hit { term, place }: Hit) {
        let rule = &rules.rules[term.rule];
        let word = if rules.counts_words { self.words.number_at(&self.source, place.end) } else { 0 };
        let tally = self.tallies.entry(term.rule).or_default();
        if tally.has_enough_of(rule, term.term) {
            return;
        }
        let is_asked = rule.ignores_quoted && !rule.condition.forbids(term.term);
        if !(is_asked && tally.may_look() && is_quoted(&self.source, &place)) {
            tally.record(rule, term.term, word, || self.source.original(&place));
        }
    }

    /// Forgets what no later hit can need.
    fn forget(&mut self, rules: &RuleSet) {
        let context = if rules.looks_around { original::REACH } else { CONTEXT };
        let mut keep_from = self.counted.saturating_sub(context);
        let mut keep_map_from = keep_from;
        for (lane, normalised) in rules.lanes.iter().zip(&mut self.lanes) {
            let before = normalised
                .as_str()
                .len()
                .saturating_sub(lane.reach + CONTEXT + (self.source.range().end - self.counted));
            normalised.forget_before(before);
            let kept = normalised.source(&(0..1)).start;
            (keep_from, keep_map_from) = (keep_from.min(kept), keep_map_from.min(kept));
        }
        let least = self.source.range().end.saturating_sub(MOST_KEPT);
        self.source.forget_before(keep_from.max(least), keep_map_from);
    }

    /// Gives back memory that is not needed until more of the text comes.
    pub(super) fn rest(&mut self) {
        self.source.shrink();
        self.lanes.iter_mut().for_each(Normalised::shrink);
    }

    pub(super) fn into_matches(self, rules: &RuleSet) -> impl Iterator<Item = RuleMatch> {
        self.tallies
            .into_iter()
            .filter_map(|(rule, tally)| Some(RuleMatch { rule, spans: tally.into_match(&rules.rules[rule])? }))
    }
}

/// `bytes` behind `carry`, copied only if there is any.
fn behind<'b>(carry: &[u8], bytes: &'b [u8]) -> Cow<'b, [u8]> {
    if carry.is_empty() { Cow::Borrowed(bytes) } else { Cow::Owned([carry, bytes].concat()) }
}
