//! Texts that say, beside a rule, what it is meant to find.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Setting;
use super::scope::PartNames;
use crate::config::Place;

/// A test of a rule: `[[rule.test]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSample {
    /// The text, as it would be uploaded.
    pub text: Vec<u8>,
    /// What the rule has to do with it.
    pub expect: Expect,
    /// The field it would be uploaded in; by default no obstacle to any scope.
    pub field: Option<String>,
    /// The file name it would have; by default no obstacle either.
    pub file_name: Option<String>,
    /// Where it stands in the rule file.
    pub place: Place,
}

/// Whether a rule is to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// It matches.
    Match,
    /// It does not.
    None,
}

impl Expect {
    /// Name in rule files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::None => "none",
        }
    }
}

impl RuleSample {
    /// Where the text would be: at no particular time, in the field or file that it names.
    pub(in crate::text) fn setting(&self) -> Setting<'_> {
        let (field, file_name) = (self.field.as_deref(), self.file_name.as_deref());
        Setting { lineage: vec![PartNames { field, file_name, ..PartNames::default() }], ..Setting::default() }
    }
}
