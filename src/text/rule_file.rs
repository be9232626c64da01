//! Rule files: TOML → checked rules, with every problem and its place.
//!
//! Syntax comes first and alone. Then each `[[rule]]` is read by itself, so that a mistake in one hides none in the
//! next; what is wrong with the values is said for well-formed rules only.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::problem::{Fault, RuleProblem};
use super::rule::{Condition, Keyword, Rule, Words, is_name};
use crate::config::Place;
use crate::content::{Action, Mode};

/// A rule as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: Spanned<String>,
    title: Option<String>,
    description: Option<String>,
    #[serde(default)]
    labels: Vec<Spanned<String>>,
    action: Option<Action>,
    mode: Option<Mode>,
    keywords: Spanned<Vec<Spanned<String>>>,
    #[serde(rename = "match")]
    matching: Option<Matching>,
    at_least: Option<Spanned<i64>>,
    words: Option<Words>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Matching {
    Any,
    All,
}

/// The rules in the text of one rule file, in its order.
///
/// # Errors
/// Every problem that could be found, in the order of the file: all faults of syntax, or else for each rule its first
/// fault of form or all faults of its values.
pub fn parse_rules(source: &str) -> Result<Vec<Rule>, Vec<RuleProblem>> {
    let (document, syntax_errors) = DeTable::parse_recoverable(source);
    let mut reader = Reader { source, problems: Vec::new(), ids: HashMap::new() };
    for error in &syntax_errors {
        reader.complain_of_toml(error);
    }
    let rules = if syntax_errors.is_empty() { reader.read_document(document.into_inner()) } else { Vec::new() };
    if reader.problems.is_empty() {
        return Ok(rules);
    }
    reader.problems.sort_by_key(|problem| problem.place);
    Err(reader.problems)
}

struct Reader<'s> {
    source: &'s str,
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
        let place = Place::of(self.source, raw.id.span().start);
        self.check_id(&raw.id, place);
        raw.labels.iter().for_each(|label| self.check_name("label", label));
        let keywords = self.check_keywords(&raw.keywords);
        let condition = self.check_condition(raw.matching, raw.at_least.as_ref(), &keywords);
        (self.problems.len() == known).then(|| Rule {
            id: raw.id.into_inner(),
            title: raw.title,
            description: raw.description,
            labels: raw.labels.into_iter().map(Spanned::into_inner).collect(),
            action: raw.action.unwrap_or(Action::Block),
            mode: raw.mode.unwrap_or(Mode::Enforce),
            keywords,
            patterns: Vec::new(),
            condition,
            words: raw.words.unwrap_or(Words::Whole),
            place,
        })
    }

    fn check_id(&mut self, id: &Spanned<String>, place: Place) {
        self.check_name("id", id);
        match self.ids.get(id.get_ref()).copied() {
            Some(first) => self.complain(id.span().start, &Fault::DuplicateId { id: id.get_ref().clone(), first }),
            None => {
                self.ids.insert(id.get_ref().clone(), place);
            }
        }
    }

    /// Ids and labels go into headers and metrics, so their letters are few.
    fn check_name(&mut self, what: &'static str, name: &Spanned<String>) {
        if !is_name(name.get_ref()) {
            self.complain(name.span().start, &Fault::Name { what, value: name.get_ref().clone() });
        }
    }

    /// The keywords that differ once normalised, each as first written.
    fn check_keywords(&mut self, raw: &Spanned<Vec<Spanned<String>>>) -> Vec<Keyword> {
        if raw.get_ref().is_empty() {
            self.complain(raw.span().start, &Fault::NoKeywords);
        }
        let mut keywords: Vec<Keyword> = Vec::new();
        let mut seen = HashSet::new();
        for written in raw.get_ref() {
            match Keyword::new(written.get_ref()) {
                Some(keyword) if seen.insert(keyword.normalised().to_owned()) => keywords.push(keyword),
                Some(_) => {}
                None => self.complain(written.span().start, &Fault::VanishingKeyword(written.get_ref().clone())),
            }
        }
        keywords
    }

    fn check_condition(
        &mut self,
        matching: Option<Matching>,
        at_least: Option<&Spanned<i64>>,
        keywords: &[Keyword],
    ) -> Condition {
        let Some(at_least) = at_least else {
            return match matching.unwrap_or(Matching::Any) {
                Matching::Any => Condition::Any,
                Matching::All => Condition::All,
            };
        };
        let (wanted, start) = (*at_least.get_ref(), at_least.span().start);
        if matching.is_some() {
            self.complain(start, &Fault::TwoConditions);
        }
        let Some(count) = usize::try_from(wanted).ok().filter(|count| *count > 0) else {
            self.complain(start, &Fault::AtLeastTooSmall(wanted));
            return Condition::Any;
        };
        if count > keywords.len() {
            self.complain(start, &Fault::AtLeastTooLarge { wanted, available: keywords.len() });
        }
        Condition::AtLeast(count)
    }

    fn complain(&mut self, offset: usize, fault: &Fault) {
        self.problems.push(RuleProblem::at(self.source, offset, fault));
    }

    fn complain_of_toml(&mut self, error: &toml::de::Error) {
        self.problems.push(RuleProblem::of_toml(self.source, error));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(source: &str) -> Vec<String> {
        parse_rules(source).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_without_rules_is_in_order() {
        assert_eq!(parse_rules("# none yet\n"), Ok(Vec::new()));
    }

    #[test]
    fn each_mistake_is_told_with_its_place_and_what_to_do() {
        for (source, expected) in [
            (
                "[[rule]]\nid = \"a\"\n   keyword = [\"x\"]\n",
                "3:4: unknown field \"keyword\", expected one of \"id\", \"title\", \"description\", \"labels\", \
                 \"action\", \"mode\", \"keywords\", \"match\", \"at_least\", \"words\" (did you mean \"keywords\"?)",
            ),
            (
                "[[rule]]\nid = \"a\"\ncolour = 1\n",
                "3:1: unknown field \"colour\", expected one of \"id\", \"title\", \"description\", \"labels\", \
                 \"action\", \"mode\", \"keywords\", \"match\", \"at_least\", \"words\"",
            ),
            (
                "[[rule]]\nid = \"a\"\nkeywords = [\"x\"]\naction = \"blok\"\n",
                "4:10: unknown variant \"blok\", expected one of \"log\", \"flag\", \"block\" (did you mean \"block\"?)",
            ),
            (
                "[[rule]]\nid = \"a\"\nkeywords = [\"x\"]\nmatch = \"most\"\n",
                "4:9: unknown variant \"most\", expected \"any\" or \"all\"",
            ),
            ("[[rule]]\nid = \"a\"\nkeywords = \"x\"\n", "3:12: invalid type: string \"x\", expected an array"),
            ("[[rule]]\nid = 7\nkeywords = [\"x\"]\n", "2:6: invalid type: integer `7`, expected a string"),
            ("[[rule]]\nid = \"a\"\n", "1:1: missing field \"keywords\""),
            ("[[rule]]\nid = \"a\"\nkeywords = []\n", "3:12: a rule needs at least one keyword"),
            (
                "[[rule]]\nid = \"a\"\nkeywords = [\"é\", \"\\u200b \"]\n",
                "3:18: keyword \"\\u{200b} \" has nothing left once normalised",
            ),
            (
                "[[rule]]\nid = \"A b\"\nkeywords = [\"x\"]\n",
                "2:6: id \"A b\" must start with a-z or 0-9 and go on with those, \".\", \"_\" or \"-\"",
            ),
            (
                "[[rule]]\nid = \"a\"\nlabels = [\"ok\", \"-no\"]\nkeywords = [\"x\"]\n",
                "3:17: label \"-no\" must start with a-z or 0-9 and go on with those, \".\", \"_\" or \"-\"",
            ),
            (
                "[[rule]]\nid = \"a\"\nkeywords = [\"x\", \"X\", \"y\"]\nat_least = 3\n",
                "4:12: at_least is 3, more than the different keywords (2)",
            ),
            ("[[rule]]\nid = \"a\"\nkeywords = [\"x\"]\nat_least = 0\n", "4:12: at_least must be 1 or more, found 0"),
            (
                "[[rule]]\nid = \"a\"\nkeywords = [\"x\"]\nmatch = \"any\"\nat_least = 1\n",
                "5:12: at_least and match exclude each other: leave one out",
            ),
            ("[[rule]]\nid = \"a\nkeywords = [\"x\"]\n", "2:8: invalid basic string, expected `\"`"),
            ("[[rule]]\nid = \"a\"\nid = \"b\"\n", "3:1: duplicate key"),
        ] {
            assert_eq!(problems(source), [expected], "{source}");
        }
    }

    #[test]
    fn an_id_used_twice_in_a_file_is_told_with_both_places() {
        let source = "[[rule]]\nid = \"a\"\nkeywords = [\"x\"]\n".repeat(2);
        assert_eq!(problems(&source), ["5:6: id \"a\" is already used at 2:6"]);
    }

    #[test]
    fn the_top_level_holds_rules_in_double_brackets_only() {
        assert_eq!(
            problems("[[rules]]\nid = 1\n"),
            ["1:3: unknown field \"rules\", expected \"rule\" (did you mean \"rule\"?)"]
        );
        assert_eq!(problems("[rule]\nid = \"a\"\n"), ["1:1: expected [[rule]] in two brackets, found table"]);
        assert_eq!(problems("rule = [1]\n"), ["1:9: expected [[rule]] in two brackets, found integer"]);
    }

    #[test]
    fn all_rules_are_complained_of_at_once_in_the_order_of_the_file() {
        let source = "[[rule]]\nid = 1\n[[rule]]\nid = \"B\"\nlabels = [\"?\"]\nkeywords = []\n[[rule]]\nkeywords = 1\n\
                      [extra]\n";
        let places: Vec<(u64, u64)> =
            parse_rules(source).unwrap_err().iter().map(|problem| (problem.place.line, problem.place.column)).collect();
        assert_eq!(places, [(2, 6), (4, 6), (5, 11), (6, 12), (8, 12), (9, 2)]);
    }
}
