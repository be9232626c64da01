//! Rule files: TOML → checked rules, with every problem and its place.
//!
//! Syntax comes first and alone. Then each `[[rule]]` is read by itself, so that a mistake in one hides none in the
//! next; what is wrong with the values is said for well-formed rules only.

mod condition;
mod identifiers;
mod keywords;
mod list;
mod places;
mod raw;
mod schema;
#[cfg(test)]
mod tests;
mod values;

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

pub use schema::rule_schema;

use self::places::Places;
use self::raw::RawRule;
use super::problem::{Fault, RuleProblem};
use super::rule::{Rule, Terms};
use crate::config::Place;
use crate::content::{Action, Mode};

/// Reads a file by a name that a rule file gives, from the folder of that file. The name has no `..` and is relative.
/// An error is a sentence for the person who wrote it.
pub type ReadBeside<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

/// The rules in the text of one rule file that stands alone, in its order.
///
/// # Errors
/// As [`parse_rules_beside`], and each file that it names.
pub fn parse_rules(source: &str) -> Result<Vec<Rule>, Vec<RuleProblem>> {
    parse_rules_beside(source, &mut |_| Err("there is no folder to read it from".to_owned()))
}

/// The rules in the text of one rule file, in its order, with what `read` gives of the files beside it.
///
/// # Errors
/// Every problem that could be found, in the order of the file: all faults of syntax, or else for each rule its first
/// fault of form or all faults of its values.
pub fn parse_rules_beside(source: &str, read: &mut ReadBeside<'_>) -> Result<Vec<Rule>, Vec<RuleProblem>> {
    let (document, syntax_errors) = DeTable::parse_recoverable(source);
    let mut reader = Reader { source, places: Places::of(source), read, problems: Vec::new(), ids: HashMap::new() };
    for error in &syntax_errors {
        reader.complain_of_toml(error);
    }
    let rules = if syntax_errors.is_empty() { reader.read_document(document.into_inner()) } else { Vec::new() };
    if reader.problems.is_empty() {
        return Ok(rules);
    }
    reader.problems.sort_by(|one, other| (&one.file, one.place).cmp(&(&other.file, other.place)));
    Err(reader.problems)
}

struct Reader<'s> {
    source: &'s str,
    places: Places<'s>,
    read: &'s mut ReadBeside<'s>,
    problems: Vec<RuleProblem>,
    /// Ids seen so far, with their places.
    ids: HashMap<String, Place>,
}

impl Reader<'_> {
    fn read_document(&mut self, document: DeTable<'_>) -> Vec<Rule> {
        let mut rules = Vec::new();
        for (key, value) in document {
            if key.get_ref() != "rule" {
                self.complain(key.span().start, &Fault::UnknownTopLevel(key.get_ref().to_string()));
                continue;
            }
            let start = value.span().start;
            match value.into_inner() {
                DeValue::Array(items) => rules.extend(items.into_iter().filter_map(|item| self.read_item(item))),
                other => self.complain(start, &Fault::NotAnArrayOfTables(other.type_str())),
            }
        }
        rules
    }

    fn read_item(&mut self, item: Spanned<DeValue<'_>>) -> Option<Rule> {
        let start = item.span().start;
        if !item.get_ref().is_table() {
            self.complain(start, &Fault::NotAnArrayOfTables(item.get_ref().type_str()));
            return None;
        }
        match RawRule::deserialize(ValueDeserializer::from(item)) {
            Ok(raw) => self.check(raw),
            Err(error) => {
                self.complain_of_toml(&error);
                None
            }
        }
    }

    /// Checks every value, so that all faults of a rule are told at once.
    fn check(&mut self, raw: RawRule) -> Option<Rule> {
        let known = self.problems.len();
        let place = self.places.at(raw.id.span().start);
        self.check_id(&raw.id, place);
        raw.labels.iter().for_each(|label| self.check_name("label", label));
        raw.languages.iter().for_each(|language| self.check_language(language));
        let expires = raw.expires.as_ref().and_then(|expires| self.check_expiry(expires));
        let scope = self.check_scope(raw.scope.as_ref());
        let routes = self.named_routes(raw.scope.as_ref());
        let mut terms = Terms::default();
        let condition = self.check_condition(&raw, &mut terms);
        let samples = raw.test.iter().filter_map(|test| self.check_test(test)).collect();
        let Terms { keywords, patterns, identifiers, .. } = terms;
        (self.problems.len() == known).then(|| Rule {
            title: raw.title,
            description: raw.description,
            labels: raw.labels.into_iter().map(Spanned::into_inner).collect(),
            severity: raw.severity,
            legal_ground: raw.legal_ground.map(Into::into),
            jurisdiction: raw.jurisdiction.map(Into::into),
            languages: raw.languages.into_iter().map(Spanned::into_inner).collect(),
            author: raw.author,
            references: raw.references,
            expires,
            action: raw.action.unwrap_or(Action::Block),
            mode: raw.mode.unwrap_or(Mode::Enforce),
            keywords,
            patterns,
            identifiers,
            condition,
            ignores_quoted: raw.unless.is_some_and(|unless| unless.quoted),
            scope,
            routes,
            samples,
            ..Rule::named(raw.id.into_inner(), place)
        })
    }

    fn complain(&mut self, offset: usize, fault: &impl fmt::Display) {
        let place = self.places.at(offset);
        self.problems.push(RuleProblem::at(place, fault));
    }

    fn complain_of_toml(&mut self, error: &toml::de::Error) {
        self.problems.push(RuleProblem::of_toml(self.source, error));
    }
}
