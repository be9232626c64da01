//! A text that is searched: the one that was sent, or one that was hidden in another.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::seekers::{Lane, Seeker, Spelling};
use super::written::Written;
use super::{MAX_SPANS, RuleSet, Term};
use crate::content::Deadline;
use crate::text::decode;
use crate::text::fold::Accents;
use crate::text::identifiers::sightings;
use crate::text::loosen::{Loosened, loosen};
use crate::text::normalise::Normalised;
use crate::text::original::is_as_asked;
use crate::text::rule::Words;
use crate::text::source::SourceText;
use crate::text::strict;
use crate::text::styled;
use crate::text::switches::{Switch, Switches};
use crate::text::tally::Tally;

/// How often what was hidden may hide something itself.
const MAX_DEPTH: usize = 3;

/// Bytes of a text in which a byte of a keyword may be written, with what is put between letters.
const MOST_SPREAD: usize = 8;

/// Hits of one term in one block that are weighed where each has to be: far more than anybody writes.
const MOST_WEIGHED: u32 = 1 << 10;

/// Letters of a phrase that is found as one word of small letters, in an address or as a tag: "therapist" is no
/// "the rapist".
const LEAST_RUN: usize = 12;

/// A term in a text, and where it is in the source of the whole.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    pub(super) term: Term,
    pub(super) place: Range<usize>,
}

/// The hits of a block, of each term no more than can matter.
#[derive(Default)]
pub(super) struct Hits {
    hits: Vec<Hit>,
    counts: HashMap<Term, u32>,
}

impl Hits {
    fn has_room(&self, term: Term, most: u32) -> bool {
        self.counts.get(&term).is_none_or(|count| *count < most)
    }

    fn push(&mut self, term: Term, place: Range<usize>) {
        *self.counts.entry(term).or_default() += 1;
        self.hits.push(Hit { term, place });
    }

    /// In the order of their ends.
    pub(super) fn in_order(mut self) -> Vec<Hit> {
        self.hits.sort_by_key(|hit| (hit.place.end, hit.place.start));
        self.hits
    }
}

/// What is the same for a block and all that is hidden in it.
pub(super) struct Block<'a> {
    pub(super) rules: &'a RuleSet,
    /// What was found before.
    pub(super) tallies: &'a BTreeMap<usize, Tally>,
    /// Hits that end behind the start and not behind the end of this count; others belong to other blocks.
    pub(super) new: Range<usize>,
}

/// A text and how it came to light.
#[derive(Clone, Copy)]
pub(super) struct Layer<'a> {
    pub(super) block: &'a Block<'a>,
    pub(super) source: &'a SourceText,
    /// What it was hidden in.
    pub(super) parent: Option<&'a Layer<'a>>,
    /// What it takes to see it there.
    pub(super) via: Option<Switch>,
}

impl Layer<'_> {
    /// Searches `normalised`, made from this text for `lane`.
    pub(super) fn search(&self, lane: &Lane, normalised: &Normalised, hits: &mut Hits) {
        let text = normalised.as_str();
        let new = match self.parent {
            None => normalised.made_from(self.block.new.start)..normalised.made_from(self.block.new.end),
            Some(_) => 0..text.len(),
        };
        lane.written.search(text, new.clone(), |seekers, span| self.note(seekers, &span, normalised, hits));
        if let Some(alikes) = lane.alikes(self.source.from(self.source.range().start)) {
            alikes.search(text, new, |seekers, span| self.note(seekers, &span, normalised, hits));
        }
        if lane.accents == Accents::Kept && self.parent.is_none() {
            self.search_patterns(normalised, hits);
        }
        loosen(normalised, self.source, (lane.longest(), &lane.hints), |loosened| {
            let text = loosened.as_str();
            for keywords in lane.in_loosened() {
                keywords.search(text, 0..text.len(), |seekers, span| {
                    self.note_loosened(seekers, &span, &loosened, normalised, hits);
                });
            }
        });
    }

    /// Searches what escapes from `from` on stand for, and what is hidden in that.
    pub(super) fn search_decoded(&self, from: usize, deadline: &Deadline, hits: &mut Hits) {
        self.search_hidden(from, &mut HashSet::new(), deadline, hits);
    }

    /// The same, but for the texts in `seen`: escapes in each other may be undone in any order.
    fn search_hidden(&self, from: usize, seen: &mut HashSet<u64>, deadline: &Deadline, hits: &mut Hits) {
        if self.depth() >= MAX_DEPTH || deadline.has_passed() {
            return;
        }
        let longest = self.block.rules.lanes.iter().map(Lane::longest).max().unwrap_or_default();
        decode::each(self.source, from, MOST_SPREAD * longest, |via, decoded| {
            let layer = Layer { source: &decoded, parent: Some(self), via, ..*self };
            if !seen.insert(layer.identity()) {
                return;
            }
            for lane in &self.block.rules.lanes {
                layer.search(lane, &Normalised::of(&decoded, lane.accents), hits);
            }
            layer.search_identifiers(hits);
            layer.search_hidden(0, seen, deadline, hits);
        });
    }

    /// A number that is the same for the same text that was hidden in the same ways, in whatever order.
    fn identity(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let mut vias: Vec<Option<Switch>> = Vec::with_capacity(MAX_DEPTH);
        let mut next = Some(self);
        while let Some(layer) = next {
            vias.push(layer.via);
            next = layer.parent;
        }
        vias.sort_unstable_by_key(|via| via.map(|via| via as u8));
        vias.hash(&mut hasher);
        self.place(&self.source.range()).hash(&mut hasher);
        self.source.from(0).hash(&mut hasher);
        hasher.finish()
    }

    fn depth(&self) -> usize {
        self.parent.map_or(0, |parent| parent.depth() + 1)
    }

    /// Identifiers are looked for in the text as it is: they have forms of their own.
    pub(super) fn search_identifiers(&self, hits: &mut Hits) {
        let identifiers = &self.block.rules.identifiers;
        if identifiers.is_empty() {
            return;
        }
        let Range { start, end } = self.source.range();
        // What touches the end is seen when the rest has come, and that is behind what counts now.
        for seen in sightings(self.source.from(start), end == self.block.new.end || self.parent.is_some()) {
            let place = start + seen.span.start..start + seen.span.end;
            let written = self.source.get(place.clone()).unwrap_or_default();
            if !self.is_new(&self.place(&place)) {
                continue;
            }
            for term in identifiers.seekers(&seen, written) {
                if !self.has_enough_of(term) && hits.has_room(term, self.most_of(term)) {
                    hits.push(term, self.place(&place));
                }
            }
        }
    }

    /// Of each pattern the first hit, or all if its rule weighs each.
    fn search_patterns(&self, normalised: &Normalised, hits: &mut Hits) {
        let text = normalised.as_str();
        // Behind the start of the text, "^" means nothing.
        let is_start = text.is_empty() || normalised.source(&(0..1)).start == 0;
        let new = usize::from(!is_start)..text.len();
        for (term, pattern) in &self.block.rules.patterns {
            if self.has_enough_of(*term) {
                continue;
            }
            let spans = pattern.find_all(text, &new).map(|span| normalised.source(&span));
            for span in spans.filter(|span| self.is_new(span)) {
                if !self.add(*term, &span, hits) {
                    break;
                }
            }
        }
    }

    /// Notes a keyword for every rule that looks for it, in this way, and lets it stand where it does.
    fn note(&self, seekers: &[Seeker], span: &Range<usize>, normalised: &Normalised, hits: &mut Hits) {
        let mut wanted = self.wanted(seekers).peekable();
        if wanted.peek().is_none() {
            return;
        }
        let place = normalised.place(span);
        if !self.is_new(&self.place(&place.source)) {
            return;
        }
        let standing = normalised.standing(span, &place, self.source);
        for seeker in wanted {
            if seeker.words.allow(standing)
                && self.is_spelled_so(seeker, span, normalised)
                && self.is_strictly_there(seeker, &place.source)
            {
                self.add(seeker.term, &place.source, hits);
            }
        }
    }

    /// The same for a keyword in a text whose spelling was loosened.
    fn note_loosened(
        &self,
        seekers: &[Seeker],
        span: &Range<usize>,
        loosened: &Loosened,
        normalised: &Normalised,
        hits: &mut Hits,
    ) {
        let Some(taken) = loosened.taken(span) else {
            return;
        };
        let source = normalised.source(&loosened.normalised(span));
        if !self.is_new(&self.place(&source)) || !self.has_letters(&source) {
            return;
        }
        for seeker in self.wanted(seekers) {
            let keyword = || self.block.rules.rules[seeker.term.rule].keywords[seeker.term.term].normalised();
            let is_fitting = match seeker.spelling {
                Spelling::WithL => loosened.has_no_i && loosened.is_with_either(span, keyword(), normalised.as_str()),
                _ if loosened.has_no_i => false,
                Spelling::Itself => true,
                Spelling::Collapsed => taken.contains(&Switch::Repeated),
                Spelling::Joined => taken.contains(&Switch::Spaced),
                Spelling::Run | Spelling::Paired | Spelling::Alike | Spelling::Rotated => false,
            };
            let stands = seeker.words == Words::Anywhere || loosened.stands_alone(span, seeker.letters);
            if is_fitting && stands && taken.iter().all(|switch| seeker.switches.has(*switch)) {
                self.add(seeker.term, &source, hits);
            }
        }
    }

    /// Whether enough of what stands at `source` are letters: a number is no word, whatever its digits look like.
    fn has_letters(&self, source: &Range<usize>) -> bool {
        let text = self.source.get(source.clone()).unwrap_or_default();
        let (letters, others) = text.chars().fold((0, 0), |(letters, others), ch| match ch {
            _ if ch.is_alphabetic() || styled::plain(ch).is_some() => (letters + 1, others),
            _ => (letters, others + usize::from(!ch.is_whitespace())),
        });
        3 * letters >= others
    }

    /// Those of `seekers` that allow what they look for to be hidden like this, and have not had enough of it.
    fn wanted<'s>(&self, seekers: &'s [Seeker]) -> impl Iterator<Item = &'s Seeker> {
        seekers.iter().filter(|seeker| self.is_allowed(seeker.switches) && !self.has_enough_of(seeker.term))
    }

    fn has_enough_of(&self, term: Term) -> bool {
        let Block { rules, tallies, .. } = self.block;
        tallies.get(&term.rule).is_some_and(|tally| tally.has_enough_of(&rules.rules[term.rule], term.term))
    }

    fn is_allowed(&self, switches: Switches) -> bool {
        self.via.is_none_or(|via| switches.has(via)) && self.parent.is_none_or(|parent| parent.is_allowed(switches))
    }

    /// Whether what is at `span` of `normalised` is written in the way in which it is looked for.
    fn is_spelled_so(&self, seeker: &Seeker, span: &Range<usize>, normalised: &Normalised) -> bool {
        let written = Written { text: normalised, source: self.source, span };
        let keyword = || &self.block.rules.rules[seeker.term.rule].keywords[seeker.term.term];
        match seeker.spelling {
            Spelling::Run => {
                written.is_camel_case(keyword())
                    || written.is_parted(keyword())
                    || seeker.letters >= LEAST_RUN && (written.is_tag() || written.is_in_address())
            }
            Spelling::Alike => written.is_alike(keyword()),
            _ => !seeker.is_short() || written.is_letter_by_letter(keyword()),
        }
    }

    /// Whether what stands at `source` is the keyword by the rules of its own normalisation, where that is stricter
    /// than the one of the text.
    fn is_strictly_there(&self, seeker: &Seeker, source: &Range<usize>) -> bool {
        if !strict::is_stricter(seeker.switches) {
            return true;
        }
        let keyword = &self.block.rules.rules[seeker.term.rule].keywords[seeker.term.term];
        let of = |text: &str| strict::folded(text, seeker.switches);
        self.source.get(source.clone()).is_some_and(|text| of(text) == of(keyword.as_written()))
    }

    /// Adds a hit that counts by what is written there. Says whether one more may count.
    fn add(&self, term: Term, source: &Range<usize>, hits: &mut Hits) -> bool {
        if !hits.has_room(term, self.most_of(term)) {
            return false;
        }
        let rule = &self.block.rules.rules[term.rule];
        let is_as_asked = |text: &str| is_as_asked(rule, term.term, text);
        // Of what is too long to be kept nobody knows how it was written.
        if self.source.get(source.clone()).is_none_or(is_as_asked) {
            hits.push(term, self.place(source));
        }
        true
    }

    /// How many hits of `term` in one block can matter.
    fn most_of(&self, term: Term) -> u32 {
        if self.block.rules.rules[term.rule].weighs_each_hit() { MOST_WEIGHED } else { MAX_SPANS as u32 }
    }

    fn is_new(&self, place: &Range<usize>) -> bool {
        self.block.new.start < place.end && place.end <= self.block.new.end
    }

    /// Where `span` of this text is in the source of the whole.
    fn place(&self, span: &Range<usize>) -> Range<usize> {
        match self.parent {
            Some(parent) => parent.place(&self.source.original(span)),
            None => span.clone(),
        }
    }
}
