//! What a set or a rule asks for when it matches.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a match asks for. Ordered by severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The match is recorded, the upload goes on untouched.
    Log,
    /// The upload goes on with `Penstock-*` request headers that tell the origin.
    Flag,
    /// The upload is answered by Penstock and never reaches the origin.
    Block,
}

impl Action {
    /// Name in configuration, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Flag => "flag",
            Self::Block => "block",
        }
    }
}

/// What a match against a hash set asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetAction {
    /// The part is an exception: what else it matches in hash sets does not count.
    Allow,
    /// As a rule may ask.
    Act(Action),
}

impl SetAction {
    /// Name in configuration, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Act(action) => action.name(),
        }
    }
}

impl Serialize for SetAction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for SetAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Name {
            Allow,
            Log,
            Flag,
            Block,
        }
        Ok(match Name::deserialize(deserializer)? {
            Name::Allow => Self::Allow,
            Name::Log => Self::Act(Action::Log),
            Name::Flag => Self::Act(Action::Flag),
            Name::Block => Self::Act(Action::Block),
        })
    }
}

/// Whether matches act or are only recorded. Ordered, so that the stricter of two is their maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The verdict says what would have happened; the upload goes on untouched.
    Monitor,
    /// The verdict is carried out.
    Enforce,
}

impl Mode {
    /// Name in configuration, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Monitor => "monitor",
            Self::Enforce => "enforce",
        }
    }
}

/// How grave what a rule looks for is. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A nuisance.
    Low,
    /// Against the rules of the house.
    Medium,
    /// Most likely against the law.
    High,
    /// Against the law, and somebody is in danger.
    Critical,
}

impl Severity {
    /// Name in rule files, logs and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}
