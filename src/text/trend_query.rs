//! `TREND_QUERY` of ThreatExchange → a rule.
//!
//! ```json
//! {"and": [{"or": ["basketball", "regex-/b-?ball/"]}, {"or": ["tonight"]}], "not": ["tomorrow"]}
//! ```
//!
//! A text matches that holds one term of each `or` and none of `not`. Terms are words or phrases, or `regex-` and a
//! regular expression between two characters that do not count. Nothing nests deeper. Where the reference searches the
//! text as it is, a rule searches it normalised: "B0LL" is found where it would not be.
//!
//! Source: facebook/ThreatExchange at baefb4ed, `python-threatexchange`: `signal_type/trend_query.py`.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::pattern::{Pattern, PatternError};
use super::rule::{Condition, Keyword, Need, Rule, Term, Terms, is_name};
use crate::config::Place;

/// What a term that is an expression starts with.
const REGEX: &str = "regex-";

/// Why a query cannot be a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrendQueryError {
    /// It is not JSON of that shape.
    #[error("not a trend query: {0}, expected {{\"and\": [{{\"or\": [\"…\"]}}], \"not\": [\"…\"]}}")]
    Shape(String),
    /// It asks for nothing, so it would match every text that lacks some words.
    #[error("\"and\" is empty, expected at least one group")]
    NoGroups,
    /// A group asks for one term of none, so it would match no text.
    #[error("group {0} of \"and\" is empty, expected at least one term in its \"or\"")]
    EmptyGroup(usize),
    /// A word has nothing left once normalised.
    #[error("term {0:?} has nothing left once normalised")]
    VanishingTerm(String),
    /// An expression is none that is supported.
    #[error("term {term:?}: {error}")]
    Pattern {
        /// The term.
        term: String,
        /// What is wrong with it.
        error: PatternError,
    },
    /// The id or a label that the rule should have is not formed like one.
    #[error("{0:?} must start with a-z or 0-9 and go on with those, \".\", \"_\" or \"-\"")]
    Name(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct RawQuery {
    and: Vec<RawGroup>,
    #[serde(default)]
    not: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct RawGroup {
    or: Vec<String>,
}

/// The rule that finds what the query in `json` finds. It is called `id`, carries `labels`, blocks, and stands at the
/// start of its text.
///
/// # Errors
/// [`TrendQueryError`].
pub fn parse_trend_query(json: &str, id: &str, labels: Vec<String>) -> Result<Rule, TrendQueryError> {
    if let Some(name) = [id].into_iter().chain(labels.iter().map(String::as_str)).find(|name| !is_name(name)) {
        return Err(TrendQueryError::Name(name.to_owned()));
    }
    let query: RawQuery = serde_json::from_str(json).map_err(|error| TrendQueryError::Shape(error.to_string()))?;
    if query.and.is_empty() {
        return Err(TrendQueryError::NoGroups);
    }
    let mut terms = Terms::default();
    let mut all_of = Vec::new();
    for (position, group) in query.and.iter().enumerate() {
        if group.or.is_empty() {
            return Err(TrendQueryError::EmptyGroup(position + 1));
        }
        all_of.push(add_all(&mut terms, &group.or)?);
    }
    let none_of = add_all(&mut terms, &query.not)?;
    let numbers = |group: &[Term]| group.iter().map(|term| terms.number(*term)).collect::<BTreeSet<_>>();
    let condition = Condition {
        needs: all_of.iter().map(|group| Need::at_least(1, numbers(group))).collect(),
        none_of: numbers(&none_of).into_iter().collect(),
        ..Condition::default()
    };
    let Terms { keywords, patterns, .. } = terms;
    Ok(Rule { labels, condition, keywords, patterns, ..Rule::named(id.to_owned(), Place::of(json, 0)) })
}

fn add_all(terms: &mut Terms, written: &[String]) -> Result<Vec<Term>, TrendQueryError> {
    written.iter().map(|term| add_one(terms, term)).collect()
}

fn add_one(terms: &mut Terms, written: &str) -> Result<Term, TrendQueryError> {
    if let Some(rest) = written.strip_prefix(REGEX) {
        let pattern = Pattern::new(between_delimiters(rest))
            .map_err(|error| TrendQueryError::Pattern { term: written.to_owned(), error })?;
        return Ok(terms.add_pattern(pattern));
    }
    let keyword = Keyword::new(written).ok_or_else(|| TrendQueryError::VanishingTerm(written.to_owned()))?;
    Ok(terms.add_keyword(keyword))
}

/// What is left without the first and last character, whatever they are.
fn between_delimiters(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.next_back();
    chars.as_str()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::content::Deadline;
    use crate::text::RuleSet;

    /// The example of the Python package.
    const BASKETBALL: &str = r#"{"and": [{"or": ["basketball", "basket ball", "basket-ball", "bball", "hoops"]},
        {"or": ["play", "tonight", "today", "now"]}], "not": ["tomorrow", "baseball", "hockey", "football", "soccer"]}"#;

    fn rules(json: &str) -> RuleSet {
        RuleSet::compile(vec![parse_trend_query(json, "q", vec!["label".into()]).unwrap()]).unwrap()
    }

    fn matches(json: &str, text: &str) -> bool {
        !rules(json).scan(text.as_bytes(), &Deadline::NEVER).is_empty()
    }

    #[test]
    fn a_query_needs_one_term_of_each_group_and_none_of_not() {
        for (text, expected) in [
            ("basketball tonight?", true),
            ("Basket  Ball, NOW", true),
            ("basketball", false),
            ("basketballs tonight", false),
            ("tonight", false),
            ("basketball tonight or football", false),
            ("basketball tonight or footballs", true),
            // The reference does not look behind a mark within a word.
            ("b-ball tonight", true),
        ] {
            assert_eq!(matches(BASKETBALL, text), expected, "{text}");
        }
        let found = rules(BASKETBALL).scan(b"hoops, now", &Deadline::NEVER);
        assert_eq!(found[0].spans, [0..5, 7..10]);
    }

    #[test]
    fn expressions_are_terms_like_words() {
        let json = r#"{"and": [{"or": ["regex-/b-?ball(s|\\b)/", "hoops"]}, {"or": ["regex-#to(night|day)#"]}],
            "not": ["regex-/tomor+ow$/"]}"#;
        for (text, expected) in [
            ("b-balls tonight", true),
            ("BBALL T0DAY", true),
            ("hoops today", true),
            ("bball", false),
            ("bball today and tomorrow", false),
            ("tomorrow bball, today", true),
        ] {
            assert_eq!(matches(json, text), expected, "{text}");
        }
    }

    #[test]
    fn a_long_text_is_searched_as_one() {
        let json =
            r#"{"and": [{"or": ["regex-/forbidden turnips?/"]}, {"or": ["regex-/^start/"]}], "not": ["regex-/x$/"]}"#;
        let set = rules(json);
        for filler in 0..40 {
            let text = format!("start {}forbidden turnip {}", "-".repeat(4060 + filler), "x ".repeat(6000));
            let found = set.scan(text.as_bytes(), &Deadline::NEVER);
            let at = 4066 + filler;
            assert_eq!(found.len(), 1, "{filler}");
            assert_eq!(found[0].spans, [0..5, at..at + 16]);
            assert!(
                set.scan(format!("- {text}").as_bytes(), &Deadline::NEVER).is_empty(),
                "^ is the start of the text"
            );
            assert!(set.scan(format!("{text}x").as_bytes(), &Deadline::NEVER).is_empty(), "$ is the end of the text");
        }
    }

    #[test]
    fn what_cannot_be_a_rule_is_told() {
        let error = |json: &str| parse_trend_query(json, "q", Vec::new()).unwrap_err().to_string();
        let expected = ", expected {\"and\": [{\"or\": [\"…\"]}], \"not\": [\"…\"]}";
        for (json, message) in [
            ("{}", &*format!("not a trend query: missing field `and` at line 1 column 2{expected}")),
            ("[]", &format!("not a trend query: invalid length 0, expected an object at line 1 column 2{expected}")),
            (
                r#"{"and": ["a"]}"#,
                &format!(
                    "not a trend query: invalid type: string \"a\", expected an object at line 1 column 12{expected}"
                ),
            ),
            (r#"{"and": []}"#, "\"and\" is empty, expected at least one group"),
            (
                r#"{"and": [{"or": ["a"]}, {"or": []}]}"#,
                "group 2 of \"and\" is empty, expected at least one term in its \"or\"",
            ),
            (r#"{"and": [{"or": ["\u200b"]}]}"#, "term \"\\u{200b}\" has nothing left once normalised"),
            (
                r#"{"and": [{"or": ["regex-/(/"]}]}"#,
                "term \"regex-/(/\": not a supported regular expression: error: unclosed group",
            ),
            (r#"{"and": [{"or": ["regex-"]}]}"#, "term \"regex-\": matches every text, expected something to look for"),
        ] {
            assert_eq!(error(json), message, "{json}");
        }
        assert_eq!(
            parse_trend_query(BASKETBALL, "Q", Vec::new()).unwrap_err().to_string(),
            "\"Q\" must start with a-z or 0-9 and go on with those, \".\", \"_\" or \"-\""
        );
    }

    /// Term, and whether a list of words holds it.
    fn holds(term: &str, words: &[&str]) -> bool {
        match term {
            "regex-/^ab/" => words.first().is_some_and(|word| word.starts_with("ab")),
            "regex-/b+c/" => words.iter().any(|word| word.contains("bc")),
            "regex-/a c/" => words.windows(2).any(|pair| pair[0].ends_with('a') && pair[1].starts_with('c')),
            word => words.contains(&word),
        }
    }

    proptest! {
        #[test]
        fn queries_agree_with_a_naive_evaluator(
            groups in prop::collection::vec(prop::collection::vec(0..7_usize, 1..4), 1..4),
            not in prop::collection::vec(0..7_usize, 0..3),
            words in prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "ab", "bc", "ca", "abbc"]), 0..8),
        ) {
            // Letters that stand alone, one after the other, are a word that is spelled out.
            prop_assume!(words.iter().filter(|word| word.len() == 1).count() < 3);
            let terms = ["a", "b", "ab", "ca", "regex-/^ab/", "regex-/b+c/", "regex-/a c/"];
            let named = |group: &[usize]| group.iter().map(|term| terms[*term]).collect::<Vec<_>>();
            let and: Vec<_> = groups.iter().map(|group| serde_json::json!({"or": named(group)})).collect();
            let json = serde_json::json!({"and": and, "not": named(&not)}).to_string();
            let any = |group: &[usize]| group.iter().any(|term| holds(terms[*term], &words));
            let expected = groups.iter().all(|group| any(group)) && !any(&not);
            prop_assert_eq!(matches(&json, &words.join(" ")), expected, "{} in {:?}", json, words);
        }
    }
}
