//! Keywords, expressions and hosts → terms.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;

use super::raw::{RawCase, RawKeyword, RawRule, RawSwitches};
use super::{Reader, list};
use crate::config::Place;
use crate::text::pattern::Pattern;
use crate::text::problem::{Fault, RuleProblem};
use crate::text::rule::{Keyword, Origin, Term, Terms, Words, domain};
use crate::text::switches::{Switch, Switches};

/// The most that one keyword may weigh.
pub(super) const MAX_WEIGHT: i64 = 1000;

/// How keywords are looked for that do not say.
#[derive(Clone, Copy)]
pub(super) struct Usual {
    words: Words,
    switches: Switches,
    /// Those that are on because the rule says so.
    asked: Switches,
}

impl Usual {
    /// `keyword`, looked for like this.
    fn apply(self, keyword: Keyword) -> Keyword {
        let switches = self.switches.for_letters(keyword.letters(), self.asked);
        keyword.looked_for(self.words, switches)
    }
}

/// Whether a list of keywords takes weights.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Weights {
    Counted,
    /// The rule has no `threshold`.
    WithoutThreshold,
    /// They mean nothing in this list.
    Meaningless,
}

impl Reader<'_> {
    pub(super) fn check_usual(&mut self, raw: &RawRule) -> Usual {
        let switches = self.check_switches(raw.case.as_ref(), raw.normalise.as_ref(), Switches::default());
        let asked = raw.normalise.as_ref().map_or(Switches::NONE, |asked| asked.over(Switches::NONE));
        Usual { words: raw.words.unwrap_or(Words::Whole), switches, asked }
    }

    fn check_switches(
        &mut self,
        case: Option<&Spanned<RawCase>>,
        normalise: Option<&RawSwitches>,
        usual: Switches,
    ) -> Switches {
        let switches = normalise.map_or(usual, |switches| switches.over(usual));
        let Some(case) = case else {
            return switches;
        };
        if normalise.is_some_and(|switches| switches.of(Switch::Case).is_some()) {
            self.complain(case.span().start, &Fault::TwoCases);
        }
        match case.get_ref() {
            RawCase::Fold => switches.with(Switch::Case),
            RawCase::Sensitive => switches.without(Switch::Case),
        }
    }

    /// Terms for keywords, with their weights.
    pub(super) fn check_keywords(
        &mut self,
        raw: &[Spanned<RawKeyword>],
        usual: Usual,
        weights: Weights,
        terms: &mut Terms,
    ) -> Vec<(Term, u32)> {
        raw.iter().filter_map(|keyword| self.check_keyword(keyword, usual, weights, terms)).collect()
    }

    fn check_keyword(
        &mut self,
        raw: &Spanned<RawKeyword>,
        usual: Usual,
        weights: Weights,
        terms: &mut Terms,
    ) -> Option<(Term, u32)> {
        let start = raw.span().start;
        let (written, usual, weight) = match raw.get_ref() {
            RawKeyword::Text(text) => (text, usual, 1),
            RawKeyword::Table(table) => {
                let switches = self.check_switches(table.case.as_ref(), table.normalise.as_ref(), usual.switches);
                let weight = table.weight.as_ref().map_or(1, |weight| self.check_weight(weight, weights));
                let asked = table.normalise.as_ref().map_or(usual.asked, |asked| asked.over(usual.asked));
                (&table.text, Usual { words: table.words.unwrap_or(usual.words), switches, asked }, weight)
            }
        };
        let Some(keyword) = Keyword::new(written) else {
            self.complain(start, &Fault::VanishingKeyword(written.clone()));
            return None;
        };
        let origin = Origin { file: None, place: self.places.at(start) };
        Some((terms.add_keyword(usual.apply(keyword).written_at(origin)), weight))
    }

    fn check_weight(&mut self, weight: &Spanned<i64>, weights: Weights) -> u32 {
        let (start, wanted) = (weight.span().start, *weight.get_ref());
        match weights {
            Weights::WithoutThreshold => self.complain(start, &Fault::WeightWithoutThreshold),
            Weights::Meaningless => self.complain(start, &Fault::WeightMeansNothing),
            Weights::Counted if (1..=MAX_WEIGHT).contains(&wanted) => {}
            Weights::Counted => self.complain(start, &Fault::Weight(wanted)),
        }
        u32::try_from(wanted).unwrap_or(1).max(1)
    }

    /// Terms for the keywords in a file beside this one.
    pub(super) fn check_list(&mut self, name: &Spanned<String>, usual: Usual, terms: &mut Terms) -> Vec<(Term, u32)> {
        let Some((file, list)) = self.read_list("keywords_file", name) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (place, written) in list::keywords(&list) {
            let origin = Origin { file: Some(Arc::clone(&file)), place };
            match Keyword::new(written) {
                Some(keyword) => {
                    let keyword = usual.apply(keyword).written_at(origin);
                    found.push((terms.add_keyword(keyword), 1));
                }
                None => {
                    let fault = Fault::VanishingKeyword(written.to_owned());
                    self.problems.push(RuleProblem::in_file(&file, place, &fault));
                }
            }
        }
        if found.is_empty() {
            self.complain(name.span().start, &Fault::EmptyList(name.get_ref().clone()));
        }
        found
    }

    /// The text of a list beside this file, which `field` names.
    pub(super) fn read_list(&mut self, field: &'static str, name: &Spanned<String>) -> Option<(Arc<Path>, String)> {
        let bytes = self.read_file(field, name)?;
        let file: Arc<Path> = PathBuf::from(name.get_ref()).into();
        match String::from_utf8(bytes) {
            Ok(list) => Some((file, list)),
            Err(error) => {
                let read = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = read.split(|byte| *byte == b'\n').count() as u64;
                self.problems.push(RuleProblem::in_file(&file, Place { line, column: 1 }, &Fault::ListNotUtf8));
                None
            }
        }
    }

    /// Terms for regular expressions.
    pub(super) fn check_expressions(&mut self, raw: &[Spanned<String>], terms: &mut Terms) -> Vec<(Term, u32)> {
        let mut found = Vec::new();
        for written in raw {
            match Pattern::new(written.get_ref()) {
                Ok(pattern) => found.push((terms.add_pattern(pattern), 1)),
                Err(error) => self.complain(written.span().start, &error),
            }
        }
        found
    }

    /// Terms for host names.
    pub(super) fn check_domains(&mut self, raw: &[Spanned<String>], terms: &mut Terms) -> Vec<Term> {
        let mut found = Vec::new();
        for written in raw {
            let start = written.span().start;
            match domain::pattern(written.get_ref()) {
                Some(Ok(pattern)) => found.push(terms.add_pattern(pattern)),
                Some(Err(error)) => self.complain(start, &error),
                None => self.complain(start, &Fault::Domain(written.get_ref().clone())),
            }
        }
        found
    }
}
