//! From a held body to its verdict, and what comes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, header};
use pingora::Result;
use pingora::http::RequestHeader;
use pingora::proxy::Session;

use super::answer::{Answer, Refusal};
use super::assembling::{Plan, Prepared, Stop, Whole, content_encodings, values};
use super::held_session::{Patience, Replay};
use super::pending::Pending;
use super::release::Release;
use super::verdict_log::VerdictRecord;
use super::{Case, Gate, Passage};
use crate::body::HeldBody;
use crate::extract::ProblemCode;
use crate::inspect::{Lookahead, Upload};
use crate::resumable::is_partial;
use crate::verdict::{Doubt, DoubtKind, Findings, Outcome, Verdict, decide, exempt, roll_out};

/// A body that is held, and how long that took.
pub(super) struct Held {
    /// Its share of memory and disk is given back when the last slice of it is dropped.
    body: Bytes,
    /// Whether the request has a body, if only one of no bytes.
    came: bool,
    is_spooled: bool,
    time: Duration,
}

impl Held {
    pub(super) fn new(body: HeldBody, came: bool, time: Duration) -> Self {
        Self { is_spooled: body.is_spooled(), body: Bytes::from_owner(body), came, time }
    }
}

/// What is inspected, and what is noted about it.
struct Subject {
    upload: Upload,
    /// `None` for an upload that was put together.
    is_spooled: Option<bool>,
    hold_time: Duration,
    /// Whether what is doubtful about it is decided when the whole is inspected.
    is_piece: bool,
}

impl Gate {
    /// Judges a held body, and with it the whole upload that it completes.
    pub(super) async fn pass_held(
        &self,
        session: &mut Session,
        passage: &mut Passage,
        case: &Case<'_>,
        held: Held,
        lookahead: Option<Lookahead>,
        plan: Option<Plan>,
    ) -> Result<bool> {
        let mut verdict = None;
        if held.came {
            let is_piece = plan.as_ref().is_some_and(|plan| plan.is_piece(&session.req_header().headers));
            let subject = Subject::of(session, &held, case, is_piece);
            let own = self.judge(session, passage, case, subject, lookahead).await;
            if own.stops() {
                return self.answer(session, passage, case, &own).await;
            }
            verdict = Some(own);
        }
        let mut pending = None;
        if let Some(plan) = plan {
            match self.take_step(session, passage, case, &held, plan).await {
                Ok((step, whole)) => {
                    pending = step;
                    verdict = [verdict, whole].into_iter().flatten().reduce(Verdict::and);
                }
                Err(stop) if case.is_enforced() => return self.stop(session, passage, &stop, case).await,
                Err(stop) => stop.record(passage.reference()),
            }
        }
        if let Some(verdict) = verdict {
            if verdict.stops() {
                return self.answer(session, passage, case, &verdict).await;
            }
            passage.release = Some(Release::new(&verdict, passage.reference(), held.body.len()));
        }
        let patience = if pending.is_some() { Patience::UntilAnswered } else { Patience::WithClient };
        passage.pending = pending.map(Pending::sent);
        if held.came {
            passage.replay = Some(Replay::begin(session, held.body, patience));
        }
        Ok(false)
    }

    /// Takes the step of `plan`. The verdict is that on the whole upload, when the step completes it; where it stops
    /// the upload, nothing is pending.
    async fn take_step(
        &self,
        session: &Session,
        passage: &mut Passage,
        case: &Case<'_>,
        held: &Held,
        plan: Plan,
    ) -> std::result::Result<(Option<Pending>, Option<Verdict>), Stop> {
        let Prepared { pending, whole } = self.prepare(plan, session.req_header(), &held.body, case).await?;
        let Some(whole) = whole else {
            return Ok((pending, None));
        };
        let verdict = self.judge_whole(session, passage, case, &whole, held.time).await?;
        if verdict.stops() {
            drop(pending);
            if verdict.outcome == Outcome::Block {
                self.block(&whole, case);
            }
            return Ok((None, Some(verdict)));
        }
        Ok((pending, Some(verdict)))
    }

    async fn judge_whole(
        &self,
        session: &Session,
        passage: &mut Passage,
        case: &Case<'_>,
        whole: &Whole,
        hold_time: Duration,
    ) -> std::result::Result<Verdict, Stop> {
        let upload = self.join(whole, case).await?;
        let subject = Subject { upload, is_spooled: None, hold_time, is_piece: false };
        Ok(self.judge(session, passage, case, subject, None).await)
    }

    async fn judge(
        &self,
        session: &Session,
        passage: &mut Passage,
        case: &Case<'_>,
        subject: Subject,
        lookahead: Option<Lookahead>,
    ) -> Verdict {
        let start = Instant::now();
        let Subject { upload, is_spooled, hold_time, is_piece } = subject;
        let bytes = upload.body.len();
        let headers = &session.req_header().headers;
        let mut inspection = self.inspector.inspect(upload, case.network(), case.snapshot.clone(), lookahead).await;
        let doubts = &mut inspection.findings.doubts;
        if is_piece {
            doubts.retain(|doubt| matches!(doubt.kind, DoubtKind::Deadline | DoubtKind::Overload));
        }
        if is_spooled.is_some() && is_partial(headers, session.req_header().uri.query(), bytes as u64) {
            let code = ProblemCode::PartialContent.code();
            doubts.push(Doubt { kind: DoubtKind::Malformed, code, part: None, offset: None });
        }
        self.settle_matches(&mut inspection.findings, passage.reference(), case);
        let verdict = decide(&inspection.findings, &case.route.policy);
        let verdict_time = start.elapsed();
        self.metrics.verdict_seconds.observe(verdict_time.as_secs_f64());
        let record = VerdictRecord {
            reference: passage.reference().to_owned(),
            route: case.route,
            generation: case.snapshot.generation,
            bytes,
            is_spooled,
            client: case.client,
            inspection: &inspection,
            verdict: &verdict,
            hold_time,
            verdict_time,
        };
        record.count(&self.metrics);
        record.log(session);
        verdict
    }

    /// Holds back the matches that do not act for this upload: where their set does not act, where the part is an
    /// exception, where the entry is in quarantine. In this order, as each looks at what is left.
    fn settle_matches(&self, findings: &mut Findings, reference: &str, case: &Case<'_>) {
        let config = &case.snapshot.config;
        roll_out(findings, config, &case.route.name, Some(reference));
        exempt(findings);
        self.quarantine.settle(findings, case.network(), config);
    }

    async fn answer(
        &self,
        session: &mut Session,
        passage: &mut Passage,
        case: &Case<'_>,
        verdict: &Verdict,
    ) -> Result<bool> {
        let answer = if verdict.outcome == Outcome::Block {
            Answer::blocked(case.route.policy.block_status, passage.reference())
        } else {
            Answer::refused(&Refusal::of_doubt(verdict.refused_for.as_ref()), passage.reference())
        };
        answer.send(session).await?;
        Ok(true)
    }
}

impl Stop {
    /// Leaves a line in the log.
    pub(super) fn record(&self, reference: &str) {
        let code = match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Blocked => "blocked",
        };
        tracing::info!(event = "assembly", code, reference, "a piece of an upload was not in order");
    }
}

impl Subject {
    fn of(session: &Session, held: &Held, case: &Case<'_>, is_piece: bool) -> Self {
        let headers = &session.req_header().headers;
        let upload = Upload {
            body: held.body.clone(),
            content_types: values(headers, header::CONTENT_TYPE),
            content_encodings: content_encodings(headers),
            names: names_of(session.req_header()),
            ambiguity: case.route.policy.ambiguity,
            route: Arc::clone(&case.route.name),
        };
        Self { upload, is_spooled: Some(held.is_spooled), hold_time: held.time, is_piece }
    }
}

/// Headers in which clients name a file that is the whole body.
const NAMING: [&str; 4] = ["content-disposition", "slug", "x-file-name", "x-filename"];

/// What a request calls its body: the values of those headers, and where it is put.
fn names_of(request: &RequestHeader) -> Vec<Bytes> {
    let headers = &request.headers;
    let named =
        NAMING.iter().flat_map(|name| headers.get_all(*name)).map(|value| Bytes::copy_from_slice(value.as_bytes()));
    // The key of an object, the name of a file: the path is what it is stored under.
    let is_put = request.method == Method::PUT;
    let path = is_put.then(|| Bytes::copy_from_slice(request.uri.path().as_bytes()));
    named.chain(path).collect()
}
