//! Style sheets of a page: which rules are of which element, in the order in which they count, and what text they add.
//!
//! Some rules are of an element only under conditions that nobody here knows: media, states, what comes behind it. They
//! may be left out, so that a page is read both ways.
//!
//! Sources: CSS Cascade 5 §6; CSS Variables 1 §2.

mod block;
mod compound;
mod counters;
mod generated;
mod index;
mod selector;
mod sheet;
mod values;

use std::cell::Cell;
use std::rc::Rc;

use crate::content::Deadline;
use crate::extract::dissection::Dissection;

use super::css::without_comments;
use super::elements::Effect;
use super::hidden::{self, Said, by};

use self::block::{ADDINGS, Adding, Block};
use self::compound::Matching;
use self::counters::CounterStyles;
use self::index::Index;
use self::selector::{Place, Selector, Weight};
use self::values::Given;

pub(super) use self::block::Customs;
pub(super) use self::compound::Tree;
pub(super) use self::generated::{Generated, Place as TextPlace};
pub(super) use self::sheet::Source;

/// Most rules of one page that are known.
const MOST_RULES: usize = 1 << 16;

/// Comparisons between two looks at the clock.
const PATIENCE: u64 = 1 << 12;

/// Comparisons of elements with selectors for one page, where there is no deadline. Each takes some 20 ns.
const MOST_STEPS: u64 = 1 << 28;

/// How an element is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether nothing of it is drawn.
    pub(super) is_hidden: bool,
    /// Of the ways to hide text that are inherited, which are set, and which of those hide it.
    pub(super) inherited: (u16, u16),
    /// Whether its letters are drawn from right to left.
    pub(super) is_reversed: bool,
    /// Whether it stands on lines of its own or within one, where a style says so.
    pub(super) effect: Option<Effect>,
    /// What it says of texts in it.
    pub(super) added: Added,
    /// What is added before and behind its content, and beside it.
    pub(super) before: Option<Beside>,
    pub(super) after: Option<Beside>,
    pub(super) marker: Option<Beside>,
    /// Its custom properties, those that count most at the end.
    pub(super) customs: Vec<Rc<Customs>>,
}

/// Values of properties that add text, where there are any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Added {
    pub(super) content: Option<Vec<u8>>,
    pub(super) quotes: Option<Vec<u8>>,
    pub(super) list_style: Option<Vec<u8>>,
    pub(super) reset: Option<Vec<u8>>,
    pub(super) increment: Option<Vec<u8>>,
    pub(super) set: Option<Vec<u8>>,
}

/// A text that a style adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    pub(super) added: Added,
    pub(super) inherited: (u16, u16),
}

/// Whether rules count whose conditions nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsure {
    Counts,
    IsLeftOut,
}

/// The elements that are open, with their custom properties.
pub(super) trait Styled: Tree {
    /// Those of the element `level` levels above the one that is asked for; `None` where there is no element.
    fn customs(&self, level: usize) -> Option<&[Rc<Customs>]>;
}

/// A rule of a style sheet for one selector.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// Which one of which list of selectors it is for.
    list: usize,
    one: usize,
    block: usize,
    is_unsure: bool,
    layer: u32,
}

/// The rules of a page that change how text is drawn, those that count most at the end.
#[derive(Debug, Default)]
pub(super) struct Styles {
    rules: Vec<Rule>,
    lists: Vec<Vec<Selector>>,
    blocks: Vec<Block>,
    index: Index,
    counter_styles: CounterStyles,
    /// Values of custom properties that nothing sets.
    initial: Customs,
    is_quirky: bool,
    is_unsure: bool,
    /// Whether something was left out, being too much.
    is_cut: Cell<bool>,
    steps: Cell<u64>,
    deadline: Option<Deadline>,
}

impl Styles {
    /// The styles of a page with these sheets, whose classes and ids count whatever their case if it `is_quirky`.
    pub(super) fn of(sources: &[Source], is_quirky: bool, found: &mut Dissection<'_>) -> Self {
        let mut styles = Self { is_quirky, deadline: Some(*found.deadline()), ..Self::default() };
        let mut reader = sheet::Reader::new(&mut styles, found);
        for source in sources {
            reader.read(source);
        }
        let Self { rules, lists, index, .. } = &mut styles;
        let weight = |rule: &Rule| -> (u32, Weight) { (rule.layer, lists[rule.list][rule.one].weight) };
        rules.sort_by_key(weight);
        for (number, rule) in rules.iter().enumerate() {
            if let Some(own) = lists[rule.list][rule.one].parts.last() {
                index.add(number, own);
            }
        }
        styles.is_unsure = styles.rules.iter().any(|rule| rule.is_unsure);
        styles
    }

    /// Whether there is no rule.
    pub(super) const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether there is a rule whose conditions nobody knows.
    pub(super) const fn is_unsure(&self) -> bool {
        self.is_unsure
    }

    /// Whether something was left out, being too much.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.get()
    }

    /// How numbers are written.
    pub(super) const fn counter_styles(&self) -> &CounterStyles {
        &self.counter_styles
    }

    /// How the element of `tree` is drawn.
    pub(super) fn look(&self, tree: &impl Styled, unsure: Unsure) -> Look {
        let Some(element) = tree.element(0, 0) else {
            return Look::default();
        };
        let step = || self.step();
        let matching = Matching { tree, is_quirky: self.is_quirky, step: &step };
        let candidates = self.index.candidates(element).into_iter().map(|number| &self.rules[number]);
        let rules = candidates
            .filter(|rule| unsure == Unsure::Counts || !rule.is_unsure)
            .map(|rule| (&self.lists[rule.list][rule.one], &self.blocks[rule.block]))
            .filter(|(selector, _)| matching.fits(selector));
        let rules: Vec<(Option<Place>, &Block)> = rules.map(|(selector, block)| (selector.place, block)).collect();
        let style = element.value(b"style").map(without_comments);
        let own = style.as_deref().and_then(Block::of).unwrap_or_default();

        let of_element = rules.iter().filter(|(place, _)| place.is_none()).map(|(_, block)| *block).chain([&own]);
        let customs: Vec<_> = of_element.filter_map(|block| block.customs.clone()).collect();
        let given = OfElement { styles: self, tree, own: &customs };
        let mut sum = Sum::default();
        sum.add(rules.iter().filter(|(place, _)| place.is_none()).map(|(_, block)| *block), &given);
        let known = own.open.as_ref().map(|open| values::known(open, &given));
        let (hides, said) = hidden::own_look(element, known.as_deref().or(style.as_deref()).unwrap_or_default());
        let beside = |place| self.beside(place, &rules, &customs, tree);
        let [before, after, marker] = [Place::Before, Place::After, Place::Marker].map(beside);
        sum.note(&own);
        let added = sum.added(&given);
        let shows_picture = || added.content.as_ref().is_some_and(|value| value.contains(&b'('));
        let hides = sum.ways(hides, &said);
        Look {
            is_hidden: hidden::is_undrawn(element.name)
                || hides & !by::INHERITED != 0
                || unsure == Unsure::Counts && shows_picture(),
            inherited: (sum.set & by::INHERITED, hides & by::INHERITED),
            is_reversed: sum.is_reversed || said.is_reversed,
            effect: said.effect.or(sum.effect),
            added,
            before,
            after,
            marker,
            customs,
        }
    }

    /// What `rules` add at `place` of an element with these custom properties; `None` where they add nothing that is
    /// drawn.
    fn beside(
        &self,
        place: Place,
        rules: &[(Option<Place>, &Block)],
        customs: &[Rc<Customs>],
        tree: &impl Styled,
    ) -> Option<Beside> {
        let blocks = || rules.iter().filter(|(own, _)| *own == Some(place)).map(|(_, block)| *block);
        blocks().next()?;
        let customs: Vec<_> =
            customs.iter().cloned().chain(blocks().filter_map(|block| block.customs.clone())).collect();
        let given = OfElement { styles: self, tree, own: &customs };
        let mut sum = Sum::default();
        sum.add(blocks(), &given);
        let added = sum.added(&given);
        let hides = sum.ways(0, &Said::default());
        added.content.as_ref()?;
        (hides & !by::INHERITED == 0)
            .then_some(Beside { added, inherited: (sum.set & by::INHERITED, hides & by::INHERITED) })
    }

    /// Counts a comparison. Whether there is time for it.
    fn step(&self) -> bool {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        self.is_cut.set(self.is_cut.get() || steps == MOST_STEPS);
        // That time has run out is reported by who set the deadline.
        let is_late = || steps.is_multiple_of(PATIENCE) && self.deadline.is_some_and(|deadline| deadline.has_passed());
        if steps >= MOST_STEPS || is_late() {
            self.steps.set(MOST_STEPS);
            return false;
        }
        true
    }
}

/// What rules say together, those that count most said last.
#[derive(Debug, Default)]
struct Sum<'b> {
    hides: u16,
    set: u16,
    at_last: (u16, u16),
    is_reversed: bool,
    effect: Option<Effect>,
    /// Values that add text, and whether each is important.
    added: [Option<(&'b [u8], bool)>; ADDINGS],
}

impl<'b> Sum<'b> {
    fn add(&mut self, blocks: impl Iterator<Item = &'b Block>, given: &impl Given) {
        for block in blocks {
            match &block.open {
                Some(open) => self.hear(&Said::by(&values::known(open, given))),
                None => self.hear(&block.said),
            }
            self.note(block);
        }
    }

    fn hear(&mut self, said: &Said) {
        self.hides = self.hides & !said.set | said.hides;
        self.set |= said.set | said.set_at_last;
        self.at_last = (self.at_last.0 | said.set_at_last, self.at_last.1 & !said.set_at_last | said.hides_at_last);
        self.is_reversed |= said.is_reversed;
        self.effect = said.effect.or(self.effect);
    }

    fn note(&mut self, block: &'b Block) {
        for (adding, value, is_important) in &block.added {
            let place = &mut self.added[*adding as usize];
            if *is_important || !place.is_some_and(|(_, is_important)| is_important) {
                *place = Some((value, *is_important));
            }
        }
    }

    fn added(&self, given: &impl Given) -> Added {
        let value = |adding: Adding| {
            let (value, _) = self.added[adding as usize]?;
            values::resolved(value, given)
        };
        Added {
            content: value(Adding::Content),
            quotes: value(Adding::Quotes),
            list_style: value(Adding::ListStyle),
            reset: value(Adding::CounterReset),
            increment: value(Adding::CounterIncrement),
            set: value(Adding::CounterSet),
        }
    }

    /// Ways by which an element is hidden that is hidden by `hides` where nothing is said, and whose own style says
    /// `own`.
    fn ways(&mut self, hides: u16, own: &Said) -> u16 {
        let ruled = hides & !self.set | self.hides;
        let ruled = ruled & !own.set | own.hides;
        let ruled = ruled & !self.at_last.0 | self.at_last.1;
        self.set |= own.set | own.set_at_last;
        ruled & !own.set_at_last | own.hides_at_last
    }
}

/// Values for one element.
struct OfElement<'e, T> {
    styles: &'e Styles,
    tree: &'e T,
    /// Its own custom properties, which `tree` does not know yet.
    own: &'e [Rc<Customs>],
}

impl<T: Styled> Given for OfElement<'_, T> {
    fn custom(&self, name: &[u8], level: usize) -> Option<(Vec<u8>, usize)> {
        for level in level.. {
            let own = if level == 0 { Some(self.own) } else { self.tree.customs(level) };
            let Some(own) = own.filter(|_| self.styles.step()) else {
                break;
            };
            let value = own.iter().rev().find_map(|customs| customs.get(name)).map(|value| &value[..]);
            match value {
                Some(b"initial") => break,
                None | Some(b"inherit" | b"unset") => {}
                Some(value) => return Some((value.to_vec(), level)),
            }
        }
        Some((self.styles.initial.get(name)?.clone(), level))
    }

    fn attribute(&self, name: &[u8], level: usize) -> Option<Vec<u8>> {
        self.tree.element(level, 0)?.value(name).map(<[u8]>::to_vec)
    }

    fn note_cut(&self) {
        self.styles.is_cut.set(true);
    }
}

#[cfg(test)]
mod tests;
