//! What a set or a rule asks for when it matches.

use serde::{Deserialize, Serialize};

/// What a match asks for. Ordered by severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// Whether matches act or are only recorded. Ordered, so that the stricter of two is their maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
