//! A text that is searched: the one that was sent, or one that was hidden in another.

use std::collections::BTreeMap;
use std::ops::Range;

use super::progress::Progress;
use super::seekers::{Lane, Seeker, Spelling};
use super::{RuleSet, Term};
use crate::content::Deadline;
use crate::text::decode;
use crate::text::loosen::{Loosened, loosen};
use crate::text::normalise::Normalised;
use crate::text::rule::Words;
use crate::text::source::SourceText;
use crate::text::strict;
use crate::text::switches::{Switch, Switches};

/// How often what was hidden may hide something itself.
const MAX_DEPTH: usize = 3;

/// A text and how it came to light.
#[derive(Clone, Copy)]
pub(super) struct Layer<'a> {
    pub(super) rules: &'a RuleSet,
    pub(super) lane: &'a Lane,
    pub(super) source: &'a SourceText,
    /// What it was hidden in.
    pub(super) parent: Option<&'a Layer<'a>>,
    /// What it takes to see it there.
    pub(super) via: Option<Switch>,
}

impl Layer<'_> {
    /// Searches `normalised`, made from this text, for what ends in `new`.
    pub(super) fn search(&self, normalised: &Normalised, new: Range<usize>, progress: &mut BTreeMap<usize, Progress>) {
        let text = normalised.as_str();
        let mut found = Vec::new();
        self.lane.literals.search_new(text.as_bytes(), new.clone(), |occurrence| found.push(occurrence));
        // They come in any order, and only the first of them are kept for people.
        found.sort_unstable_by_key(|occurrence| (occurrence.end, occurrence.start));
        for occurrence in found {
            self.note(occurrence.pattern, &(occurrence.start..occurrence.end), normalised, progress);
        }
        if self.lane.has_patterns && self.parent.is_none() {
            self.search_patterns(normalised, &new, progress);
        }
        for loosened in loosen(normalised, self.source, new.start) {
            self.lane.literals.search(loosened.as_str().as_bytes(), |found| {
                self.note_loosened(found.pattern, &(found.start..found.end), &loosened, normalised, progress);
            });
        }
    }

    /// Searches what escapes from `from` on stand for, and what is hidden in that.
    pub(super) fn search_decoded(&self, from: usize, deadline: &Deadline, progress: &mut BTreeMap<usize, Progress>) {
        if self.depth() >= MAX_DEPTH || deadline.has_passed() {
            return;
        }
        decode::each(self.source, from, |via, decoded| {
            let layer = Layer { source: &decoded, parent: Some(self), via, ..*self };
            let normalised = Normalised::of(&decoded, self.lane.accents);
            layer.search(&normalised, 0..normalised.as_str().len(), progress);
            layer.search_decoded(0, deadline, progress);
        });
    }

    fn depth(&self) -> usize {
        self.parent.map_or(0, |parent| parent.depth() + 1)
    }

    fn search_patterns(&self, normalised: &Normalised, new: &Range<usize>, progress: &mut BTreeMap<usize, Progress>) {
        for (term, pattern) in &self.rules.patterns {
            let rule = progress.entry(term.rule).or_default();
            if !rule.has_enough_of(term.term)
                && let Some(span) = pattern.find(normalised.as_str(), new)
            {
                rule.record(term.term, self.original(&normalised.source(&span)));
            }
        }
    }

    /// Notes a keyword for every rule that looks for it, in this way, and lets it stand where it does.
    fn note(
        &self,
        pattern: usize,
        span: &Range<usize>,
        normalised: &Normalised,
        progress: &mut BTreeMap<usize, Progress>,
    ) {
        let mut standing = None;
        for seeker in self.wanted(pattern, progress) {
            let standing = *standing.get_or_insert_with(|| normalised.standing(span, self.source));
            let source = normalised.source(span);
            if !matches!(seeker.spelling, Spelling::Collapsed | Spelling::Joined)
                && seeker.words.allow(standing)
                && self.is_strictly_there(&seeker, &source)
            {
                self.record(seeker.term, &source, progress);
            }
        }
    }

    /// The same for a keyword in a text whose spelling was loosened.
    fn note_loosened(
        &self,
        pattern: usize,
        span: &Range<usize>,
        loosened: &Loosened,
        normalised: &Normalised,
        progress: &mut BTreeMap<usize, Progress>,
    ) {
        let Some(taken) = loosened.taken(span) else {
            return;
        };
        for seeker in self.wanted(pattern, progress) {
            let is_fitting = match seeker.spelling {
                Spelling::Itself => true,
                Spelling::Collapsed => taken.contains(&Switch::Repeated),
                Spelling::Joined => taken.contains(&Switch::Spaced),
                Spelling::Rotated => false,
            };
            let stands = seeker.words == Words::Anywhere || loosened.stands_alone(span);
            let source = normalised.source(&loosened.normalised(span));
            if is_fitting
                && stands
                && self.has_letters(&source)
                && taken.iter().all(|switch| seeker.switches.has(*switch))
            {
                self.record(seeker.term, &source, progress);
            }
        }
    }

    /// Whether enough of what stands at `source` are letters: a number is no word, whatever its digits look like.
    fn has_letters(&self, source: &Range<usize>) -> bool {
        let text = self.source.get(source.clone()).unwrap_or_default();
        let (letters, digits) = text.chars().fold((0, 0), |(letters, others), ch| match ch {
            _ if ch.is_alphabetic() => (letters + 1, others),
            _ => (letters, others + usize::from(!ch.is_whitespace())),
        });
        3 * letters >= digits
    }

    /// Who looks for one of the literals, allows it to be hidden like this, and has not had enough of it.
    fn wanted(&self, pattern: usize, progress: &BTreeMap<usize, Progress>) -> Vec<Seeker> {
        let has_enough =
            |term: Term| progress.get(&term.rule).is_some_and(|progress| progress.has_enough_of(term.term));
        let seekers = self.lane.seekers[pattern].iter();
        seekers.filter(|seeker| self.is_allowed(seeker.switches) && !has_enough(seeker.term)).copied().collect()
    }

    fn is_allowed(&self, switches: Switches) -> bool {
        self.via.is_none_or(|via| switches.has(via)) && self.parent.is_none_or(|parent| parent.is_allowed(switches))
    }

    /// Whether what stands at `source` is the keyword by the rules of its own normalisation, where that is stricter than
    /// the one of the text.
    fn is_strictly_there(&self, seeker: &Seeker, source: &Range<usize>) -> bool {
        if !strict::is_stricter(seeker.switches) {
            return true;
        }
        let keyword = &self.rules.rules[seeker.term.rule].keywords[seeker.term.term];
        self.source.get(source.clone()).is_some_and(|text| {
            strict::folded(text, seeker.switches) == strict::folded(keyword.as_written(), seeker.switches)
        })
    }

    fn record(&self, term: Term, source: &Range<usize>, progress: &mut BTreeMap<usize, Progress>) {
        progress.entry(term.rule).or_default().record(term.term, self.original(source));
    }

    /// Where `span` of this text stands in the bytes that were sent.
    fn original(&self, span: &Range<usize>) -> Range<usize> {
        let span = self.source.original(span);
        match self.parent {
            Some(parent) => parent.original(&span),
            None => span,
        }
    }
}
