//! Exceptions: what a part matches in an allow set beats what it matches in other hash sets.

use std::collections::BTreeSet;

use super::{Findings, Mark, MatchSource};
use crate::content::{Mode, SetAction};

/// Marks every match of a part against a hash set as exempted when the same part matches an allow set that acts.
///
/// The order of sets and matches makes no difference. An exception reaches as far as its part: not what the part was found
/// in, not what is found in it, no text rule, no doubt. So a known logo inside an archive is no way past for the archive's
/// other files, and text behind a picture's end is still read.
pub fn exempt(findings: &mut Findings) {
    let acts = |mode| mode == Mode::Enforce;
    let allowed = findings.matches.iter().filter(|found| found.action == SetAction::Allow && acts(found.mode));
    let parts: BTreeSet<usize> = allowed.map(|found| found.part).collect();
    for found in &mut findings.matches {
        let is_by_hash = matches!(found.source, MatchSource::Hash { .. });
        if is_by_hash && found.action != SetAction::Allow && parts.contains(&found.part) {
            found.hold_back(Mark::Exempted);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{Inspection, RoutePolicy};
    use crate::content::{Action, Algorithm, Distance, HashValue};
    use crate::verdict::{Doubt, DoubtKind, Grounds, Match, Outcome, decide};

    const BLOCK: SetAction = SetAction::Act(Action::Block);

    fn by_hash(part: usize, action: SetAction, mode: Mode) -> Match {
        let source = MatchSource::Hash {
            set: Arc::from(action.name()),
            entry: Arc::from("e"),
            algorithm: Algorithm::Md5,
            distance: Distance(0),
            quality: None,
            listing: crate::verdict::Listing::default(),
            listed: HashValue::Md5([0; 16]),
            content: 0,
        };
        Match { part, source, labels: vec![Arc::from("l")], action, mode, marks: Vec::new() }
    }

    fn by_rule(part: usize) -> Match {
        let source = MatchSource::Rule { rule: Arc::from("r"), spans: Vec::new(), grounds: Grounds::default() };
        Match { source, ..by_hash(part, BLOCK, Mode::Enforce) }
    }

    #[test]
    fn an_exception_beats_every_hash_set_for_its_part_and_nothing_else() {
        use Mode::{Enforce, Monitor};
        use Outcome::{Allow, Block};
        let allow = |part, mode| by_hash(part, SetAction::Allow, mode);
        let block = |part| by_hash(part, BLOCK, Enforce);
        let cases = [
            ("an exception alone", vec![allow(0, Enforce)], (Allow, Allow)),
            ("before what it beats", vec![allow(0, Enforce), block(0)], (Allow, Allow)),
            ("behind what it beats", vec![block(0), block(0), allow(0, Enforce)], (Allow, Allow)),
            ("another part", vec![allow(0, Enforce), block(1)], (Block, Block)),
            ("one of two parts", vec![allow(0, Enforce), block(0), block(1)], (Block, Block)),
            ("a text rule", vec![allow(0, Enforce), by_rule(0)], (Block, Block)),
            ("an exception that is being tried", vec![allow(0, Monitor), block(0)], (Block, Block)),
        ];
        let route = RoutePolicy::inspecting(Inspection::Enforce);
        for (what, matches, expected) in cases {
            let count = matches.len();
            let mut findings = Findings { matches, doubts: Vec::new() };
            exempt(&mut findings);
            let verdict = decide(&findings, &route);
            assert_eq!((verdict.outcome, verdict.if_enforced), expected, "{what}");
            assert_eq!(verdict.labels.is_empty(), expected.0 == Allow, "{what}");
            assert_eq!(findings.matches.len(), count, "all are still recorded: {what}");
        }
    }

    #[test]
    fn a_doubt_about_an_exempt_part_is_still_one() {
        let doubt = Doubt { kind: DoubtKind::Undecodable, code: "c", part: Some(0), offset: None };
        let matches = vec![by_hash(0, SetAction::Allow, Mode::Enforce), by_hash(0, BLOCK, Mode::Enforce)];
        let mut findings = Findings { matches, doubts: vec![doubt] };
        exempt(&mut findings);
        let outcome = decide(&findings, &RoutePolicy::inspecting(Inspection::Enforce)).outcome;
        assert_eq!(outcome, Outcome::Refuse);
        let marks: Vec<_> = findings.matches.iter().map(|found| (found.mode, &found.marks[..])).collect();
        assert_eq!(marks, [(Mode::Enforce, &[][..]), (Mode::Monitor, &[Mark::Exempted][..])]);
    }
}
