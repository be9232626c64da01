//! Gathers parts and problems while a body is read, within the limits.

use crate::content::{ExtractLimits, Part};

use super::{Extraction, Problem, ProblemCode};

/// Problems kept of one upload. More would tell nobody anything, and a hostile body could cause millions.
const MAX_PROBLEMS: usize = 32;

/// What has been found so far.
pub(super) struct Collector {
    found: Extraction,
    max_parts: usize,
    full: bool,
}

impl Collector {
    pub(super) fn new(limits: &ExtractLimits) -> Self {
        Self { found: Extraction::default(), max_parts: limits.max_parts, full: false }
    }

    /// Adds `part`, which starts near `offset`. The first one too many is reported and not kept: see
    /// [`Collector::is_full`].
    pub(super) fn push(&mut self, part: Part, offset: Option<usize>) {
        if self.found.parts.len() < self.max_parts {
            self.found.parts.push(part);
        } else if !self.full {
            self.full = true;
            self.report(ProblemCode::TooManyParts, offset);
        }
    }

    /// Whether a part has been turned away, so that reading on is of no use.
    pub(super) const fn is_full(&self) -> bool {
        self.full
    }

    /// Adds a problem, unless there are enough.
    pub(super) fn report(&mut self, code: ProblemCode, offset: Option<usize>) {
        if self.found.problems.len() < MAX_PROBLEMS {
            self.found.problems.push(Problem { code, offset });
        }
    }

    pub(super) const fn has_problems(&self) -> bool {
        !self.found.problems.is_empty()
    }

    /// The result, with the whole body as its first part if that is wanted.
    pub(super) fn finish(mut self, whole: Option<Part>) -> Extraction {
        if let Some(whole) = whole {
            self.found.parts.insert(0, whole);
        }
        self.found
    }
}
