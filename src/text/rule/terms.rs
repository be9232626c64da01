//! Collects the terms of one rule, each once.

use std::collections::HashMap;

use super::keyword::{Keyword, Words};
use crate::text::identifiers::{Identifier, IdentifierKind, Listed};
use crate::text::original::CaseShape;
use crate::text::pattern::Pattern;
use crate::text::switches::Switches;

/// A term by its index among those of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::text) enum Term {
    Keyword(usize),
    Pattern(usize),
    Identifier(usize),
}

/// Every term so far.
#[derive(Debug, Default)]
pub(in crate::text) struct Terms {
    pub(in crate::text) keywords: Vec<Keyword>,
    known: HashMap<(String, Words, Switches, Option<CaseShape>), usize>,
    pub(in crate::text) patterns: Vec<Pattern>,
    pub(in crate::text) identifiers: Vec<Identifier>,
    known_identifiers: HashMap<(IdentifierKind, Listed), usize>,
}

impl Terms {
    /// Adds a keyword, unless one is there that finds the same.
    pub(in crate::text) fn add_keyword(&mut self, keyword: Keyword) -> Term {
        let next = self.keywords.len();
        let index = *self.known.entry(keyword.identity()).or_insert(next);
        if index == next {
            self.keywords.push(keyword);
        }
        Term::Keyword(index)
    }

    /// Adds a pattern, unless it is there.
    pub(in crate::text) fn add_pattern(&mut self, pattern: Pattern) -> Term {
        let index = self.patterns.iter().position(|known| *known == pattern).unwrap_or_else(|| {
            self.patterns.push(pattern);
            self.patterns.len() - 1
        });
        Term::Pattern(index)
    }

    /// Adds an identifier, unless it is there.
    pub(in crate::text) fn add_identifier(&mut self, identifier: Identifier) -> Term {
        let next = self.identifiers.len();
        let key = (identifier.kind, identifier.listed.clone());
        let index = *self.known_identifiers.entry(key).or_insert(next);
        if index == next {
            self.identifiers.push(identifier);
        }
        Term::Identifier(index)
    }

    /// The number of a term as conditions count them, once nothing will be added.
    pub(in crate::text) fn number(&self, term: Term) -> usize {
        match term {
            Term::Keyword(index) => index,
            Term::Pattern(index) => self.keywords.len() + index,
            Term::Identifier(index) => self.keywords.len() + self.patterns.len() + index,
        }
    }
}
