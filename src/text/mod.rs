//! Text against keyword rules: charset, normalisation with offsets back, keywords, conditions.
//!
//! [`parse_rules`] reads a rule file, [`RuleSet::compile`] puts the rules of all files together, and
//! [`RuleSet::scan`] says which of them a part's bytes fulfil, with spans in exactly those bytes. Keywords and text go
//! through the same normalisation, so what makes two spellings equal is decided in one place (`fold`).

mod charset;
mod decode;
mod fold;
mod literals;
mod loosen;
mod near_copy;
mod normalise;
mod offsets;
mod pattern;
mod problem;
mod rule;
mod rule_file;
mod scan;
mod script;
mod source;
mod strict;
mod switches;
#[cfg(test)]
mod tests;
mod trend_query;
mod words;

pub use literals::{Literals, Occurrence, TooManyPatterns};
pub use near_copy::{
    DigestProblem, NearCopy, Sought, TextDigest, TextList, TooShort, digest_lines, find_near_copies, is_digest_file,
    parse_digests,
};
pub use pattern::{Pattern, PatternError};
pub use problem::RuleProblem;
pub use rule::{Condition, Keyword, Query, Rule, Words};
pub use rule_file::parse_rules;
pub use scan::{MAX_SPANS, RuleMatch, RuleSet, Scanner, TooManyKeywords};
pub use switches::{Switch, Switches};
pub use trend_query::{TrendQueryError, parse_trend_query};

/// All of `text`, taken for UTF-8, in the form in which keywords are searched for: for benches that search it themselves.
#[doc(hidden)]
pub fn normalised(text: &[u8]) -> String {
    normalise::Normalised::text_of(&String::from_utf8_lossy(text))
}
