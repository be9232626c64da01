//! The one line that each verdict leaves in the log, and its traces in the metrics.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Duration;

use pingora::proxy::Session;

use super::request_log::{LineLimit, beginning, some};
use crate::config::Route;
use crate::inspect::Inspection;
use crate::telemetry::{DoubtLabels, HeldBackLabels, LimitLabels, MatchLabels, Metrics, VerdictLabels};
use crate::verdict::{Doubt, DoubtKind, MatchSource, Outcome, Verdict};

/// Everything that is recorded about one verdict. No uploaded content, no names that came with it.
pub(super) struct VerdictRecord<'a> {
    pub(super) reference: String,
    pub(super) route: &'a Route,
    pub(super) generation: u64,
    pub(super) bytes: usize,
    /// `None` for an upload that was put together.
    pub(super) is_spooled: Option<bool>,
    /// Who uploads, where that is known.
    pub(super) client: Option<IpAddr>,
    pub(super) inspection: &'a Inspection,
    pub(super) verdict: &'a Verdict,
    pub(super) hold_time: Duration,
    pub(super) verdict_time: Duration,
}

/// Bounds the lines about uploads in which nothing was found, so that a flood of small ones fills no disk.
static LIMIT: LazyLock<LineLimit> = LazyLock::new(LineLimit::default);

impl VerdictRecord<'_> {
    /// Whether anything was found. Such a verdict has its line in any case.
    fn is_telling(&self) -> bool {
        let outcomes = [self.verdict.outcome, self.verdict.if_enforced];
        !self.inspection.findings.matches.is_empty() || outcomes.contains(&Outcome::Block)
    }

    pub(super) fn log(&self, session: &Session) {
        let left_out = if self.is_telling() { Some(LIMIT.take_left_out()) } else { LIMIT.next() };
        let Some(left_out) = left_out.map(some) else { return };
        let request = session.req_header();
        let Self { verdict, inspection, .. } = self;
        tracing::info!(
            event = "verdict",
            reference = self.reference,
            verdict = verdict.outcome.name(),
            if_enforced = verdict.if_enforced.name(),
            route = %self.route.name,
            generation = self.generation,
            client = self.client.map(|client| client.to_string()),
            method = beginning(request.method.as_str()).as_ref(),
            path = beginning(request.uri.path()).as_ref(),
            bytes = self.bytes,
            spooled = self.is_spooled,
            assembled = self.is_spooled.is_none().then_some(true),
            parts = inspection.parts,
            json.matches = json(first(&inspection.findings.matches)),
            more_matches = inspection.findings.matches.len().checked_sub(MOST_TOLD).filter(|more| *more > 0),
            json.doubts = json(&inspection.findings.doubts),
            json.failed_open = json(&verdict.failed_open),
            hold_ms = milliseconds(self.hold_time),
            queue_ms = milliseconds(inspection.queued),
            inspect_ms = milliseconds(inspection.worked),
            verdict_ms = milliseconds(self.verdict_time),
            left_out,
        );
    }

    pub(super) fn count(&self, metrics: &Metrics) {
        let verdict = VerdictLabels {
            route: self.route.name.to_string(),
            verdict: self.verdict.outcome.name(),
            if_enforced: self.verdict.if_enforced.name(),
        };
        metrics.verdicts.get_or_create(&verdict).inc();
        for found in &self.inspection.findings.matches {
            let source = match &found.source {
                MatchSource::Hash { set, .. } => set.to_string(),
                MatchSource::Text { list, .. } => list.to_string(),
                MatchSource::Rule { .. } => "rules".to_owned(),
            };
            for mark in &found.marks {
                let labels = HeldBackLabels { source: source.clone(), mark: mark.name() };
                metrics.held_back_matches.get_or_create(&labels).inc();
            }
            let labels = MatchLabels { source, action: found.action.name(), mode: found.mode.name() };
            metrics.matches.get_or_create(&labels).inc();
        }
        let limits = self.inspection.findings.doubts.iter().filter(|doubt| doubt.kind == DoubtKind::OverLimit);
        for code in limits.map(|doubt| doubt.code).collect::<BTreeSet<_>>() {
            metrics.limits_reached.get_or_create(&LimitLabels { code }).inc();
        }
        // Once a kind: a hostile body may cause many doubts of one kind.
        for kind in DoubtKind::ALL {
            let is_of_kind = |doubt: &Doubt| doubt.kind == kind;
            if self.inspection.findings.doubts.iter().any(is_of_kind) {
                let failed = if self.verdict.failed_open.iter().any(is_of_kind) { "open" } else { "closed" };
                metrics.doubts.get_or_create(&DoubtLabels { kind: kind.name(), failed }).inc();
            }
        }
    }
}

/// Matches that a line tells of: collectors cut or drop lines that are very long.
const MOST_TOLD: usize = 50;

fn first<T>(list: &[T]) -> &[T] {
    &list[..list.len().min(MOST_TOLD)]
}

/// A list as JSON text, which is how the log takes lists; `None` when there is nothing in it.
fn json<T: serde::Serialize>(list: &[T]) -> Option<String> {
    if list.is_empty() {
        return None;
    }
    serde_json::to_string(list).ok()
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
