//! Text against keyword rules: charset, normalisation with offsets back, keywords, conditions.
//!
//! [`parse_rules`] reads a rule file, [`RuleSet::compile`] puts the rules of all files together, and
//! [`RuleSet::scan`] says which of them a part's bytes fulfil, with spans in exactly those bytes. Keywords and text go
//! through the same normalisation, so what makes two spellings equal is decided in one place (`fold`).

mod charset;
mod decode;
mod explain;
mod fold;
mod identifiers;
mod lint;
mod literals;
mod loosen;
mod near_copy;
mod normalise;
mod offsets;
mod original;
mod pattern;
mod problem;
mod rule;
mod rule_file;
mod scan;
mod script;
mod source;
mod strict;
mod styled;
mod switches;
mod tally;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_dodges;
mod trend_query;
mod trial;
mod utf8;
mod word_count;
mod words;

pub use explain::{Explained, Explanation, NeedExplained, ReadingExplained, TermExplained, explain};
pub use identifiers::{HashedAs, Identifier, IdentifierKind, Listed};
pub use lint::{Lint, LintKind, lint};
pub use literals::{Literals, Occurrence, TooManyPatterns};
pub use near_copy::{
    DigestProblem, NearCopy, Sought, TextDigest, TextList, TooShort, digest_lines, find_near_copies, is_digest_file,
    parse_digests,
};
pub use pattern::{Pattern, PatternError};
pub use problem::RuleProblem;
pub use rule::{
    Condition, Expect, Expiry, Keyword, Need, PartNames, Rule, RuleSample, Scope, Setting, Wildcard, Words,
};
pub use rule_file::{ReadBeside, parse_rules, parse_rules_beside, rule_schema};
pub use scan::{MAX_SPANS, RuleMatch, RuleSet, Scanner, TooManyKeywords};
pub use switches::{Switch, Switches};
pub use trend_query::{TrendQueryError, parse_trend_query};
pub use trial::{Trial, try_rules};

/// All of `text`, taken for UTF-8, in the form in which keywords are searched for: for benches that search it themselves.
#[doc(hidden)]
pub fn normalised(text: &[u8]) -> String {
    normalise::Normalised::text_of(&String::from_utf8_lossy(text))
}
