//! Text against keyword rules: charset, normalisation with offsets back, keywords, conditions.
//!
//! [`parse_rules`] reads a rule file, [`RuleSet::compile`] puts the rules of all files into one automaton, and
//! [`RuleSet::scan`] says which of them a part's bytes fulfil, with spans in exactly those bytes. Keywords and text go
//! through the same normalisation, so what makes two spellings equal is decided in one place (`fold`).

mod charset;
mod explain;
mod fold;
mod lint;
mod normalise;
mod offsets;
mod original;
mod pattern;
mod problem;
mod rule;
mod rule_file;
mod scan;
mod switches;
mod tally;
#[cfg(test)]
mod tests;
mod trend_query;
mod trial;
mod word_count;

pub use explain::{Explained, Explanation, NeedExplained, ReadingExplained, TermExplained, explain};
pub use lint::{Lint, LintKind, lint};
pub use pattern::{Pattern, PatternError};
pub use problem::RuleProblem;
pub use rule::{
    Condition, Expect, Expiry, Keyword, Need, PartNames, Rule, RuleSample, Scope, Setting, Wildcard, Words,
};
pub use rule_file::{ReadBeside, parse_rules, parse_rules_beside, rule_schema};
pub use scan::{MAX_SPANS, RuleMatch, RuleSet, TooManyKeywords};
pub use switches::{Switch, Switches};
pub use trend_query::{TrendQueryError, parse_trend_query};
pub use trial::{Trial, try_rules};
