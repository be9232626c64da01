//! Matches + policy → verdict. A pure function: nothing here reads a body, a clock or a socket.

mod exemption;
mod rollout;

use std::sync::Arc;

use serde::Serialize;

use crate::config::{Doubtful, Inspection, RoutePolicy, Share};
use crate::content::{Action, Algorithm, Distance, HashValue, Mode, SetAction, Severity};

pub use exemption::exempt;
pub use rollout::{fraction, roll_out};

/// Everything an inspection found out about one upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Parts against sets and rules.
    pub matches: Vec<Match>,
    /// What could not be found out, and why.
    pub doubts: Vec<Doubt>,
}

/// One part against one entry of a hash set, or against one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Match {
    /// Index of the part in the upload.
    pub part: usize,
    /// What it matched.
    #[serde(flatten)]
    pub source: MatchSource,
    /// Labels of the entry or rule.
    pub labels: Vec<Arc<str>>,
    /// What the set or rule asks for.
    pub action: SetAction,
    /// Whether the match acts.
    pub mode: Mode,
    /// Why it does not act although its set would.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
}

/// Why a match does not act although its set would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Its part matches an allow set as well.
    Exempted,
    /// The upload is not in the share for which the set acts.
    NotInShare,
    /// The set does not act on this route.
    NotOnRoute,
    /// The entry matched far more uploads than it should, or a person took it out.
    Quarantined,
}

impl Mark {
    /// Name in logs, metrics and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exempted => "exempted",
            Self::NotInShare => "not_in_share",
            Self::NotOnRoute => "not_on_route",
            Self::Quarantined => "quarantined",
        }
    }
}

impl Match {
    /// Makes it one that is only recorded, for this reason.
    pub fn hold_back(&mut self, mark: Mark) {
        self.mode = Mode::Monitor;
        self.marks.push(mark);
    }

    /// Whether its part is an exception, so that it counts for nothing.
    pub fn is_exempted(&self) -> bool {
        self.marks.contains(&Mark::Exempted)
    }
}

/// What a part matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum MatchSource {
    /// An entry of a hash set.
    Hash {
        /// Name of the set.
        set: Arc<str>,
        /// The entry's id, or its place in the file.
        entry: Arc<str>,
        /// Which hash.
        algorithm: Algorithm,
        /// Bits that differ; zero for digests.
        distance: Distance,
        /// PDQ quality of the uploaded picture.
        #[serde(skip_serializing_if = "Option::is_none")]
        quality: Option<u8>,
        /// What else the list says about the entry.
        #[serde(flatten)]
        listing: Listing,
        /// The hash that is listed.
        #[serde(skip)]
        listed: HashValue,
        /// A keyed hash of the part's bytes, the same for the same bytes as long as the process lives.
        #[serde(skip)]
        content: u64,
    },
    /// A rule over text.
    Rule {
        /// Id of the rule.
        rule: Arc<str>,
        /// Byte ranges in the part, from and to. Never the text itself.
        spans: Vec<(usize, usize)>,
        /// What else the rule says.
        #[serde(flatten)]
        grounds: Grounds,
    },
    /// A known text that the part, or a passage of it, is near to.
    Text {
        /// Name of the list.
        list: Arc<str>,
        /// The text's id.
        entry: Arc<str>,
        /// The share of the text's fingerprints that were found.
        score: Share,
        /// The distance of TLSH, where that is near.
        #[serde(skip_serializing_if = "Option::is_none")]
        distance: Option<u32>,
        /// The passage, a byte range in the part, from and to; all of it where only TLSH is near.
        span: (usize, usize),
    },
}

/// Why a rule is there, for whoever has to explain a verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Grounds {
    /// How grave what it looks for is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The law that forbids it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_ground: Option<Arc<str>>,
    /// Where that law holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<Arc<str>>,
}

/// What a list says about an entry beside its name and its label, as it says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// A finer classification of the list's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Arc<str>>,
    /// Who put it on the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Arc<str>>,
    /// How sure they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Arc<str>>,
    /// Words, or `name=value`, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Arc<str>>,
    /// When it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<Arc<str>>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<Arc<str>>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}

/// Something an inspection could not find out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// Which policy decides.
    pub kind: DoubtKind,
    /// Stable reason code.
    pub code: &'static str,
    /// The part, when it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
    /// Byte offset in the body, when it has a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
}

/// The kinds of doubt; each has its policy in [`RoutePolicy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DoubtKind {
    /// Origins could read the body in different ways, or it is not what it says it is.
    Malformed,
    /// A picture, compressed body or container could not be decoded.
    Undecodable,
    /// Content is written in a way that nothing here decodes, as far as can be seen without damage.
    Unsupported,
    /// Content is encrypted.
    Encrypted,
    /// There is more than a limit allows.
    OverLimit,
    /// A picture is too small or too plain for a perceptual hash.
    Unhashable,
    /// Text is written in a way that nobody here can read.
    Illegible,
    /// Time ran out.
    Deadline,
    /// There was no room in the inspection queue.
    Overload,
}

impl DoubtKind {
    /// Every kind, for metrics.
    pub const ALL: [Self; 9] = [
        Self::Malformed,
        Self::Undecodable,
        Self::Unsupported,
        Self::Encrypted,
        Self::OverLimit,
        Self::Unhashable,
        Self::Illegible,
        Self::Deadline,
        Self::Overload,
    ];

    /// Name in logs, metrics and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Undecodable => "undecodable",
            Self::Unsupported => "unsupported",
            Self::Encrypted => "encrypted",
            Self::OverLimit => "over_limit",
            Self::Unhashable => "unhashable",
            Self::Illegible => "illegible",
            Self::Deadline => "deadline",
            Self::Overload => "overload",
        }
    }

    /// What the route does about it.
    pub const fn policy(self, route: &RoutePolicy) -> Doubtful {
        match self {
            Self::Malformed => route.malformed,
            Self::Undecodable => route.undecodable,
            Self::Unsupported => route.unsupported,
            Self::Encrypted => route.encrypted,
            Self::OverLimit => route.over_limit,
            Self::Unhashable => route.unhashable,
            Self::Illegible => route.illegible,
            Self::Deadline => route.deadline,
            Self::Overload => route.overload,
        }
    }
}

/// What happens to an upload. Ordered by severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It goes on untouched.
    Allow,
    /// It goes on with `Penstock-*` headers.
    Flag,
    /// It is answered with an error: the inspection could not come to a clear result.
    Refuse,
    /// It is answered as blocked: it matched.
    Block,
}

impl Outcome {
    /// Every outcome, for metrics.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Flag, Self::Refuse, Self::Block];

    /// Name in logs, headers, metrics and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Flag => "flag",
            Self::Refuse => "refuse",
            Self::Block => "block",
        }
    }
}

/// The verdict on one upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What happens.
    pub outcome: Outcome,
    /// What would happen if every mode were `enforce`.
    pub if_enforced: Outcome,
    /// The doubt that an [`Outcome::Refuse`] rests on.
    pub refused_for: Option<Doubt>,
    /// Labels of the matches that act, and of the doubts that flag; sorted, each once.
    pub labels: Vec<Arc<str>>,
    /// Doubts that do not stop the upload, because the route says so or only monitors: it is uninspected in that respect.
    pub failed_open: Vec<Doubt>,
}

/// Reaches the verdict on one upload.
///
/// Matches whose part is an exception count for nothing, not even for what would happen if every mode were `enforce`. See
/// [`roll_out`] and [`exempt`], which come before this, in that order.
pub fn decide(findings: &Findings, route: &RoutePolicy) -> Verdict {
    let acts = route.inspect == Inspection::Enforce;
    let mut verdict = Verdict {
        outcome: Outcome::Allow,
        if_enforced: Outcome::Allow,
        refused_for: None,
        labels: Vec::new(),
        failed_open: Vec::new(),
    };
    for found in findings.matches.iter().filter(|found| !found.is_exempted()) {
        verdict.weigh(outcome_of(found.action), acts && found.mode == Mode::Enforce, &found.labels);
    }
    for doubt in &findings.doubts {
        verdict.weigh_doubt(doubt, doubt.kind.policy(route), acts);
    }
    verdict.labels.sort();
    verdict.labels.dedup();
    verdict
}

impl Verdict {
    /// The verdict on two things that go on together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.outcome = self.outcome.max(other.outcome);
        self.if_enforced = self.if_enforced.max(other.if_enforced);
        self.refused_for = self.refused_for.or(other.refused_for);
        self.labels.extend(other.labels);
        self.labels.sort();
        self.labels.dedup();
        self.failed_open.extend(other.failed_open);
        self
    }

    /// Whether it does not go on.
    pub fn stops(&self) -> bool {
        self.outcome >= Outcome::Refuse
    }

    fn weigh(&mut self, outcome: Outcome, acts: bool, labels: &[Arc<str>]) {
        self.if_enforced = self.if_enforced.max(outcome);
        if acts && outcome > Outcome::Allow {
            self.outcome = self.outcome.max(outcome);
            self.labels.extend_from_slice(labels);
        }
    }

    fn weigh_doubt(&mut self, doubt: &Doubt, policy: Doubtful, acts: bool) {
        let outcome = match policy {
            Doubtful::Pass => Outcome::Allow,
            Doubtful::Flag => Outcome::Flag,
            Doubtful::Refuse => Outcome::Refuse,
        };
        if outcome == Outcome::Refuse && self.refused_for.is_none() {
            self.refused_for = Some(doubt.clone());
        }
        if outcome != Outcome::Refuse || !acts {
            self.failed_open.push(doubt.clone());
        }
        self.weigh(outcome, acts, &[Arc::from(doubt.kind.name())]);
    }
}

fn outcome_of(action: SetAction) -> Outcome {
    match action {
        SetAction::Allow | SetAction::Act(Action::Log) => Outcome::Allow,
        SetAction::Act(Action::Flag) => Outcome::Flag,
        SetAction::Act(Action::Block) => Outcome::Block,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(action: Action, mode: Mode, label: &str) -> Match {
        let source = MatchSource::Rule { rule: Arc::from("r"), spans: Vec::new(), grounds: Grounds::default() };
        let action = SetAction::Act(action);
        Match { part: 0, source, labels: vec![Arc::from(label)], action, mode, marks: Vec::new() }
    }

    fn doubt(kind: DoubtKind) -> Doubt {
        Doubt { kind, code: "code", part: None, offset: None }
    }

    fn verdict(matches: Vec<Match>, doubts: Vec<Doubt>, policy: &RoutePolicy) -> (Outcome, Outcome) {
        let verdict = decide(&Findings { matches, doubts }, policy);
        (verdict.outcome, verdict.if_enforced)
    }

    #[test]
    fn the_severest_match_that_acts_decides() {
        use {Action as A, Mode as M, Outcome as O};
        let enforce = RoutePolicy::inspecting(Inspection::Enforce);
        let monitor = RoutePolicy::inspecting(Inspection::Monitor);
        let cases = [
            (vec![], &enforce, (O::Allow, O::Allow)),
            (vec![found(A::Log, M::Enforce, "a")], &enforce, (O::Allow, O::Allow)),
            (vec![found(A::Flag, M::Enforce, "a")], &enforce, (O::Flag, O::Flag)),
            (vec![found(A::Flag, M::Enforce, "a"), found(A::Block, M::Enforce, "b")], &enforce, (O::Block, O::Block)),
            (vec![found(A::Flag, M::Enforce, "a"), found(A::Block, M::Monitor, "b")], &enforce, (O::Flag, O::Block)),
            (vec![found(A::Block, M::Enforce, "a")], &monitor, (O::Allow, O::Block)),
        ];
        for (matches, policy, expected) in cases {
            assert_eq!(verdict(matches.clone(), vec![], policy), expected, "{matches:?}");
        }
    }

    #[test]
    fn each_doubt_follows_its_own_policy_and_failing_open_is_recorded() {
        use {DoubtKind as D, Outcome as O};
        let mut policy = RoutePolicy::inspecting(Inspection::Enforce);
        for kind in DoubtKind::ALL {
            let expected = match kind {
                D::Unhashable | D::Illegible => O::Allow,
                D::Encrypted | D::Unsupported => O::Flag,
                _ => O::Refuse,
            };
            assert_eq!(verdict(vec![], vec![doubt(kind)], &policy).0, expected, "default of {kind:?}");
            assert!(policy.doubts().contains(&(kind.name(), kind.policy(&policy))), "{kind:?}");
        }
        policy.overload = Doubtful::Pass;
        policy.undecodable = Doubtful::Flag;
        let findings = Findings { matches: vec![], doubts: vec![doubt(D::Overload), doubt(D::Undecodable)] };
        let verdict = decide(&findings, &policy);
        assert_eq!(verdict.outcome, O::Flag);
        assert_eq!(verdict.failed_open, [doubt(D::Overload), doubt(D::Undecodable)]);
        assert_eq!(verdict.labels, [Arc::from("undecodable")]);
    }

    #[test]
    fn a_match_outweighs_a_doubt_and_monitor_mode_lets_both_pass() {
        let (matches, doubts) = (vec![found(Action::Block, Mode::Enforce, "a")], vec![doubt(DoubtKind::Malformed)]);
        let enforce = RoutePolicy::inspecting(Inspection::Enforce);
        let monitor = RoutePolicy::inspecting(Inspection::Monitor);
        assert_eq!(verdict(matches.clone(), doubts.clone(), &enforce), (Outcome::Block, Outcome::Block));
        assert_eq!(verdict(matches, doubts.clone(), &monitor), (Outcome::Allow, Outcome::Block));
        assert_eq!(decide(&Findings { matches: vec![], doubts }, &monitor).failed_open.len(), 1);
    }

    #[test]
    fn only_labels_of_matches_that_act_are_told_each_once() {
        let policy = RoutePolicy::inspecting(Inspection::Enforce);
        let matches = vec![
            found(Action::Flag, Mode::Enforce, "b"),
            found(Action::Flag, Mode::Enforce, "a"),
            found(Action::Flag, Mode::Enforce, "b"),
            found(Action::Flag, Mode::Monitor, "hidden"),
            found(Action::Log, Mode::Enforce, "logged"),
        ];
        let verdict = decide(&Findings { matches, doubts: vec![] }, &policy);
        assert_eq!(verdict.labels, [Arc::from("a"), Arc::from("b")]);
    }
}
