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
use super::gathering::{Judged, nothing};
use super::held_session::{Patience, Replay};
use super::pending::Pending;
use super::pieces::{Brought, pieces_of};
use super::release::Release;
use super::verdict_log::VerdictRecord;
use super::{Case, Gate, Passage};
use crate::body::HeldBody;
use crate::extract::ProblemCode;
use crate::inspect::{Lookahead, Upload};
use crate::resumable::{Contradiction, LoosePiece, is_partial};
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
pub(super) struct Subject {
    pub(super) upload: Upload,
    /// `None` for an upload that was put together.
    pub(super) is_spooled: Option<bool>,
    pub(super) hold_time: Duration,
    pub(super) doubting: Doubting,
    /// What is doubtful about it beside what its inspection finds.
    pub(super) extra: Option<ProblemCode>,
}

/// Which doubts about a subject count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubting {
    All,
    /// It is a piece, as the origin has confirmed: what is doubtful about it is decided when the whole is inspected.
    OfPiece,
    /// It is a piece, as only its client says: what may come of a file being cut in pieces is decided on the whole.
    OfClaimedPiece,
    /// It looks like a piece, though its request does not say so by a name that is known. What comes of a file being
    /// cut off counts as one doubt, which passes by default.
    OfLoosePiece,
    /// It is one of several files that may become of pieces. It leaves no trace where nothing matches.
    Nothing,
}

impl Doubting {
    fn counts(self, doubt: &Doubt) -> bool {
        match self {
            Self::All => true,
            Self::OfPiece | Self::Nothing => matches!(doubt.kind, DoubtKind::Deadline | DoubtKind::Overload),
            Self::OfClaimedPiece => {
                let is_of_cut =
                    matches!(doubt.kind, DoubtKind::Undecodable | DoubtKind::Unhashable | DoubtKind::Illegible);
                !is_of_cut && !OF_CUT.contains(&doubt.code)
            }
            Self::OfLoosePiece => {
                let is_of_coding = doubt.code.starts_with(ProblemCode::ContentCodingUnknown.code());
                let is_of_cut = doubt.kind == DoubtKind::Undecodable && !is_of_coding;
                !is_of_cut && !OF_CUT.contains(&doubt.code)
            }
        }
    }

    /// Takes out of `doubts` those that do not count.
    fn settle(self, doubts: &mut Vec<Doubt>) {
        let before = doubts.len();
        doubts.retain(|doubt| self.counts(doubt));
        if self == Self::OfLoosePiece && doubts.len() < before {
            doubts.push(Doubt { kind: DoubtKind::Unhashable, code: CUT_OFF, part: None, offset: None });
        }
    }
}

/// What is wrong with a container that is cut off, beside that it cannot be decoded.
const OF_CUT: [&str; 3] = [
    ProblemCode::ContainerAmbiguous.code(),
    ProblemCode::ContainerSize.code(),
    ProblemCode::ContainerIncomplete.code(),
];

/// The code of a doubt about a file that is cut off, in a request that looks like one of several that bring it.
const CUT_OFF: &str = "piece_cut_off";

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
        let brought = match plan {
            None => pieces_of(session.req_header(), &held.body).await,
            Some(_) => Ok(Brought::default()),
        };
        let mut verdict = None;
        if held.came || brings_fields(session.req_header()) {
            let subject = Subject::of(session, &held, case, plan.as_ref(), brought.as_ref());
            let own = self.judge(session, passage, case, subject, lookahead).await;
            if own.stops() {
                return self.answer(session, passage, case, &own).await;
            }
            verdict = Some(own);
        }
        let mut pending = None;
        let own_outcome = verdict.as_ref().map(|verdict| verdict.outcome);
        match self.take_steps(session, passage, case, &held, plan, brought.unwrap_or_default()).await {
            Ok(judged) => {
                pending = judged.pending;
                verdict = [verdict, judged.verdict].into_iter().flatten().reduce(Verdict::and);
                if let Some(receipt) = judged.receipt {
                    receipt.send(session).await?;
                    return Ok(true);
                }
            }
            Err(stop) if case.is_enforced() => return self.stop(session, passage, &stop, case).await,
            Err(stop) => stop.record(passage.reference()),
        }
        if let Some(verdict) = verdict {
            if verdict.stops() {
                if verdict.outcome == Outcome::Block && own_outcome != Some(Outcome::Block) {
                    self.withdraw(session, passage, case);
                }
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

    /// Takes the step of `plan`, or those of `pieces`; a request that has neither may still name an upload.
    async fn take_steps(
        &self,
        session: &Session,
        passage: &mut Passage,
        case: &Case<'_>,
        held: &Held,
        plan: Option<Plan>,
        Brought { pieces, loose }: Brought,
    ) -> std::result::Result<Judged, Stop> {
        match plan {
            Some(Plan::Assemble(key, total)) => self.assemble(session, passage, case, (key, total)).await,
            Some(Plan::Unseen(code)) => {
                let verdict = self.judge(session, passage, case, nothing(code, case), None).await;
                Ok(Judged { verdict: Some(verdict), ..Judged::default() })
            }
            Some(plan) => self.take_step(session, passage, case, held, plan).await,
            None if pieces.is_empty() => {
                let mentioned = self.look_at_mentioned(session, passage, case, &held.body).await?;
                let mut verdict = mentioned;
                for piece in loose {
                    let own = self.look_at_loose(session, passage, case, piece).await;
                    verdict = [verdict, own].into_iter().flatten().reduce(Verdict::and);
                }
                Ok(Judged { verdict, ..Judged::default() })
            }
            None => self.gather(session, passage, case, &pieces).await,
        }
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
    ) -> std::result::Result<Judged, Stop> {
        let Prepared { pending, whole, lacks_parts } =
            self.prepare(plan, session.req_header(), &held.body, case).await?;
        let Some(whole) = whole else {
            return Ok(Judged { pending, ..Judged::default() });
        };
        let verdict = self.judge_whole(session, passage, case, &whole, held.time, lacks_parts).await?;
        if verdict.stops() {
            drop(pending);
            if verdict.outcome == Outcome::Block {
                self.block(&whole, case);
            }
            return Ok(Judged { verdict: Some(verdict), ..Judged::default() });
        }
        Ok(Judged { pending, verdict: Some(verdict), receipt: None })
    }

    async fn judge_whole(
        &self,
        session: &Session,
        passage: &mut Passage,
        case: &Case<'_>,
        whole: &Whole,
        hold_time: Duration,
        lacks_parts: bool,
    ) -> std::result::Result<Verdict, Stop> {
        let upload = self.join(whole, case).await?;
        let extra = lacks_parts.then_some(ProblemCode::PiecesMissing);
        let subject = Subject { upload, is_spooled: None, hold_time, doubting: Doubting::All, extra };
        Ok(self.judge(session, passage, case, subject, None).await)
    }

    pub(super) async fn judge(
        &self,
        session: &Session,
        passage: &mut Passage,
        case: &Case<'_>,
        subject: Subject,
        lookahead: Option<Lookahead>,
    ) -> Verdict {
        let start = Instant::now();
        let Subject { upload, is_spooled, hold_time, doubting, extra } = subject;
        let bytes = upload.body.len();
        let mut inspection = self.inspector.inspect(upload, case.network(), case.snapshot.clone(), lookahead).await;
        let doubts = &mut inspection.findings.doubts;
        doubting.settle(doubts);
        doubts.extend(extra.map(|code| Doubt {
            kind: DoubtKind::Malformed,
            code: code.code(),
            part: None,
            offset: None,
        }));
        self.settle_matches(&mut inspection.findings, passage.reference(), case);
        let verdict = decide(&inspection.findings, &case.route.policy);
        let verdict_time = start.elapsed();
        self.metrics.verdict_seconds.observe(verdict_time.as_secs_f64());
        if doubting == Doubting::Nothing && verdict.if_enforced == Outcome::Allow {
            return verdict;
        }
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
            Self::NotThere => "not_there",
        };
        tracing::info!(event = "assembly", code, reference, "a piece of an upload was not in order");
    }
}

impl Subject {
    /// The body of a request, and what it has `brought`, if it does not contradict itself.
    fn of(
        session: &Session,
        held: &Held,
        case: &Case<'_>,
        plan: Option<&Plan>,
        brought: std::result::Result<&Brought, &Contradiction>,
    ) -> Self {
        let headers = &session.req_header().headers;
        let upload = Upload {
            body: held.body.clone(),
            content_types: values(headers, header::CONTENT_TYPE),
            content_encodings: content_encodings(headers),
            names: names_of(session.req_header()),
            query: fields_of(session.req_header()).map(|query| Bytes::copy_from_slice(query.as_bytes())),
            ambiguity: case.route.policy.ambiguity,
            route: Arc::clone(&case.route.name),
        };
        let length = held.body.len() as u64;
        let is_partial = || {
            let uri = &session.req_header().uri;
            is_partial(headers, uri.path(), uri.query(), length)
        };
        let extra = match brought {
            Ok(brought) if brought.pieces.is_empty() && is_partial() => Some(ProblemCode::PartialContent),
            Ok(_) => None,
            Err(_) => Some(ProblemCode::PiecesContradict),
        };
        let is_claimed =
            |brought: &Brought| !brought.pieces.is_empty() && brought.pieces.iter().all(|piece| !piece.is_whole());
        let is_marked = |brought: &Brought| brought.loose.iter().any(LoosePiece::is_marked);
        let doubting = match plan {
            Some(plan) if plan.is_piece(headers) => Doubting::OfPiece,
            Some(Plan::Foreign(_)) => Doubting::OfClaimedPiece,
            _ if brought.is_ok_and(is_claimed) => Doubting::OfClaimedPiece,
            _ if brought.is_ok_and(is_marked) => Doubting::OfLoosePiece,
            _ => Doubting::All,
        };
        Self { upload, is_spooled: Some(held.is_spooled), hold_time: held.time, doubting, extra }
    }
}

/// Headers in which clients name a file that is the whole body.
const NAMING: [&str; 4] = ["content-disposition", "slug", "x-file-name", "x-filename"];

/// Whether a request, with a body or without, changes something by what its query says.
pub(super) fn brings_fields(request: &RequestHeader) -> bool {
    !request.method.is_safe() && fields_of(request).is_some()
}

/// The query of a request, if there are fields in it.
fn fields_of(request: &RequestHeader) -> Option<&str> {
    request.uri.query().filter(|query| query.contains('='))
}

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
