//! Which doubts there are about a part, and which policy decides about each.

use crate::content::Algorithm;
use crate::extract::{Problem, ProblemKind};
use crate::media::{DecodeError, ViewHashes, is_degenerate};
use crate::snapshot::{LoadedSet, Snapshot};
use crate::verdict::{Doubt, DoubtKind};

/// What a problem of taking an upload apart makes doubtful.
pub(super) fn doubt_about(problem: &Problem) -> Doubt {
    let kind = match problem.code.kind() {
        ProblemKind::Malformed => DoubtKind::Malformed,
        ProblemKind::Undecodable => DoubtKind::Undecodable,
        ProblemKind::Unsupported => DoubtKind::Unsupported,
        ProblemKind::Encrypted => DoubtKind::Encrypted,
        ProblemKind::Illegible => DoubtKind::Illegible,
        ProblemKind::OverLimit => DoubtKind::OverLimit,
        ProblemKind::Overload => DoubtKind::Overload,
    };
    Doubt { kind, code: problem.code.code(), part: problem.part, offset: problem.offset }
}

/// Which policy decides about a picture that was not decoded, or not as a whole.
pub(super) fn doubt_kind(error: &DecodeError) -> DoubtKind {
    match error {
        DecodeError::TooLarge { .. } | DecodeError::TooManyScans => DoubtKind::OverLimit,
        DecodeError::Deadline | DecodeError::TooMuchWork => DoubtKind::OverLimit,
        // Six of 4,000 ordinary files are animations with more frames than there is work for: they are not refused.
        DecodeError::Unsupported(_) | DecodeError::TooManyPictures => DoubtKind::Unsupported,
        DecodeError::Broken(_) | DecodeError::Unavailable(..) | DecodeError::Panicked => DoubtKind::Undecodable,
    }
}

/// Why the hashes of a view are nothing to rely on; `None` when they are.
pub(super) fn why_unreliable(view: &ViewHashes, snapshot: &Snapshot) -> Option<&'static str> {
    match &view.pdq {
        Some(Err(reason)) => return Some(reason.code()),
        Some(Ok(pdq)) => {
            let asks_for_more =
                |set: &LoadedSet| set.set.count(Algorithm::Pdq) > 0 && pdq.quality < set.policy.min_quality;
            if snapshot.sets.iter().any(asks_for_more) {
                return Some("picture_low_quality");
            }
        }
        None => {}
    }
    view.hash64s().any(|hash| is_degenerate(&hash)).then_some("picture_degenerate")
}
