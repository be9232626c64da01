//! The way of a piece of which only the client says where it belongs: every file that the origin may make of what has
//! come is inspected before the piece goes on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use pingora::http::RequestHeader;
use pingora::proxy::Session;

use super::answer::{Answer, Refusal};
use super::assembling::{Plan, Stop, Whole, place};
use super::errand::{self, withdrawals_of};
use super::judging::{Doubting, Subject};
use super::pending::{Pending, Step, Taken};
use super::pieces::{Piece, mentions, named_in_query};
use super::{Case, Gate, Passage};
use crate::config::Pieces;
use crate::extract::ProblemCode;
use crate::resumable::{
    Begun, Claim, DavRequest, Fault, Gathering, Halt, KeptRequest, Key, Naming, Ticket, Unnamed, blob_commit,
    chunk_claims, is_partial, is_probe, is_telling_name, read_dav,
};
use crate::telemetry::WithdrawalLabels;
use crate::verdict::{Outcome, Verdict};

/// How long the last piece of an upload waits at most for those before it, which clients send at the same time: some
/// give up after half a minute. It is no doubt then, as the one that really comes last finds the whole.
const PATIENCE: Duration = Duration::from_secs(25);

/// How long nothing comes from a client before pieces are missing for which its last one waits.
const SILENCE: Duration = Duration::from_secs(3);

/// How often it is asked whether they have come.
const GLANCE: Duration = Duration::from_millis(20);

/// A step with its verdict; nothing is pending where that stops the upload.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) pending: Option<Pending>,
    pub(super) verdict: Option<Verdict>,
    /// What is answered here, where the piece is held.
    pub(super) receipt: Option<Answer>,
}

impl Gate {
    /// What `request` has to do with an upload of which only the client says how it belongs together, as far as its
    /// header tells.
    pub(super) fn plan_of_gathered(&self, request: &RequestHeader, case: &Case<'_>) -> Result<Option<Plan>, Stop> {
        let (_, target) = place(request);
        let key = |upload: &str| Key::gathered(case.origin(), upload, None);
        match read_dav(&request.method, request.uri.path(), &request.headers) {
            Ok(Some(DavRequest::Assemble(folder))) => {
                return self.plan_of_folder(key(&folder.0), request, case).map(Some);
            }
            Ok(Some(DavRequest::Remove(claim))) => return self.plan_of_removal(&claim, case).map(Some),
            Ok(Some(DavRequest::Forget(folder))) => return Ok(Some(Plan::Forget(key(&folder.0)))),
            Ok(Some(DavRequest::Meddle)) => return Err(Refusal::AssemblyIncomplete.into()),
            // What is wrong with the name of a piece is up to the policy, once its body is there.
            Ok(Some(DavRequest::Create(_) | DavRequest::Piece(_)) | None) | Err(_) => {}
        }
        let has_no_body = |headers: &HeaderMap| {
            headers.get("content-length").is_none_or(|length| length == "0")
                && !headers.contains_key("transfer-encoding")
        };
        if let Some(path) = blob_commit(&request.method, target).filter(|_| has_no_body(&request.headers)) {
            let is_known = self.knows(&key(path), case);
            let unseen = Plan::Unseen(ProblemCode::PiecesMissing);
            return Ok(Some(if is_known { Plan::Assemble(key(path), None) } else { unseen }));
        }
        if has_no_body(&request.headers) && is_partial(&request.headers, request.uri.path(), request.uri.query(), 0) {
            return Ok(Some(Plan::Unseen(ProblemCode::PartialContent)));
        }
        self.answer_probe(request, case).map(|()| None)
    }

    /// A folder of which no pieces are known is one of before a restart: its client starts again.
    fn plan_of_folder(&self, key: Key, request: &RequestHeader, case: &Case<'_>) -> Result<Plan, Stop> {
        let total = request.headers.get("oc-total-length").and_then(|total| total.to_str().ok()?.parse().ok());
        if self.knows(&key, case) { Ok(Plan::Assemble(key, total)) } else { Err(Refusal::UploadUnknown.into()) }
    }

    /// Clients that go on with an upload remove pieces that they do not trust. One that is held is not at the origin.
    fn plan_of_removal(&self, claim: &Claim, case: &Case<'_>) -> Result<Plan, Stop> {
        let key = Key::gathered(case.origin(), &claim.upload, None);
        let has_held = self.change_gathered(&key, case, |upload| upload.has_held());
        match claim.place.index.filter(|_| has_held != Some(true)) {
            Some(index) => Ok(Plan::Remove(key, index)),
            None => Err(Refusal::AssemblyIncomplete.into()),
        }
    }

    fn knows(&self, key: &Key, case: &Case<'_>) -> bool {
        self.change_gathered(key, case, |upload| upload.is_over() || !upload.is_empty()) == Some(true)
    }

    /// Some libraries ask whether a chunk is there already and send it only if not. What is not known here has to be
    /// sent, or the whole could not be put together.
    fn answer_probe(&self, request: &RequestHeader, case: &Case<'_>) -> Result<(), Stop> {
        let query = request.uri.query().filter(|query| request.method == Method::GET && query.contains("hunkNumber"));
        let Some(named) = query.map(named_in_query).filter(|named| is_probe(named)) else {
            return Ok(());
        };
        let unnamed = Unnamed { name: "", naming: Naming::Id };
        let claims = chunk_claims(&named, unnamed).map_err(|_| Stop::NotThere)?;
        let is_there = claims.iter().all(|claim| {
            let key = Key::gathered(case.origin(), &claim.upload, None);
            let index = claim.place.index.unwrap_or_default();
            claim.count == Some(1) || self.change_gathered(&key, case, |upload| upload.has(index)) == Some(true)
        });
        if is_there { Ok(()) } else { Err(Stop::NotThere) }
    }

    /// Inspects every whole that `pieces` complete, and what has come so far of others.
    pub(super) async fn gather(
        &self,
        session: &Session,
        passage: &mut Passage,
        case: &Case<'_>,
        pieces: &[Piece],
    ) -> Result<Judged, Stop> {
        let mut pending = Pending::new(&self.assemblies, case.terms(), Step::Gather(Vec::new()));
        let (mut verdict, mut keys) = (None, Vec::new());
        for piece in pieces {
            let client = case.client.filter(|_| piece.claim.naming != Naming::Id);
            let key = Key::gathered(case.origin(), &piece.claim.upload, client);
            let is_missing = !piece.is_words && self.wait_for_others(&key, piece, case).await;
            let begun = self.begin(&key, piece, case)?;
            pending.take(Taken { key: key.clone(), ticket: begun.ticket, is_whole: begun.is_whole });
            keys.push(key);
            let own = self.judge_begun(session, passage, case, piece, begun, is_missing).await?;
            verdict = [verdict, own].into_iter().flatten().reduce(Verdict::and);
        }
        let is_whole = pending.is_whole();
        let mut judged = self.settle_verdict(pending, verdict, &keys, case);
        if judged.pending.is_none() {
            return Ok(judged);
        }
        if is_whole {
            self.deliver(&keys, case).await?;
        } else if case.is_enforced() && case.route.policy.pieces == Pieces::Hold {
            self.hold_piece(session, passage, case, pieces, &mut judged);
        }
        Ok(judged)
    }

    /// Keeps the piece in the place of the origin, where its protocol has an answer that can be given here.
    fn hold_piece(
        &self,
        session: &Session,
        passage: &mut Passage,
        case: &Case<'_>,
        pieces: &[Piece],
        judged: &mut Judged,
    ) {
        let Some(receipt) = pieces.first().and_then(|piece| piece.receipt(passage.reference())) else { return };
        let Some(request) =
            pieces.first().and_then(|piece| errand::kept(session, case, piece.request_body.clone()).ok())
        else {
            return;
        };
        if let Some(pending) = judged.pending.take_if(|pending| pending.has_room_to_hold(&request)) {
            pending.hold(request);
            judged.receipt = Some(receipt);
        }
    }

    /// Sends what is held of uploads that have been inspected as a whole, in the order in which it came.
    async fn deliver(&self, keys: &[Key], case: &Case<'_>) -> Result<(), Stop> {
        let origin = &case.snapshot.config.origins[case.route.origin];
        for key in keys {
            let mut held = self.change_gathered(key, case, Gathering::take_held).unwrap_or_default();
            while let Some(request) = held.first() {
                match errand::send(origin, request).await {
                    Ok(200..300) => drop(held.remove(0)),
                    _ => {
                        self.change_gathered(key, case, |upload| upload.give_back(held));
                        return Err(Refusal::OriginFailed.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// Inspects what has come of the upload that `plan` has the origin put together.
    pub(super) async fn assemble(
        &self,
        session: &Session,
        passage: &mut Passage,
        case: &Case<'_>,
        (key, total): (Key, Option<u64>),
    ) -> Result<Judged, Stop> {
        let taken = Taken { key: key.clone(), ticket: Ticket::Again(None), is_whole: true };
        let pending = Pending::new(&self.assemblies, case.terms(), Step::Gather(vec![taken]));
        let commit = |upload: &mut Gathering| upload.commit(total);
        let wholes = self.change_gathered(&key, case, commit).ok_or(Refusal::UploadUnknown)??;
        let begun = Begun { ticket: Ticket::Again(None), wholes, is_whole: true };
        let piece = Piece::none();
        let verdict = self.judge_begun(session, passage, case, &piece, begun, false).await?;
        let keys = [key];
        let judged = self.settle_verdict(pending, verdict, &keys, case);
        if judged.pending.is_some() {
            self.deliver(&keys, case).await?;
        }
        Ok(judged)
    }

    /// Looks at uploads that a request names which brings no piece itself: it may have the origin put them together.
    pub(super) async fn look_at_mentioned(
        &self,
        session: &Session,
        passage: &mut Passage,
        case: &Case<'_>,
        body: &[u8],
    ) -> Result<Option<Verdict>, Stop> {
        if self.assemblies.is_empty() {
            return Ok(None);
        }
        let mut verdict = None;
        let words = mentions(session.req_header(), body);
        for key in words.iter().flat_map(|word| self.keys_mentioned(word, case)).collect::<Vec<_>>() {
            let unseen =
                |upload: &mut Gathering| if upload.is_unseen() { upload.commit(None) } else { Ok(Default::default()) };
            let Some(wholes) = self.change_gathered(&key, case, unseen) else { continue };
            let begun = Begun { ticket: Ticket::Again(None), wholes: wholes?, is_whole: false };
            let piece = Piece::none();
            let own = self.judge_begun(session, passage, case, &piece, begun, false).await?;
            match own.as_ref().map(|own| (own.outcome, own.stops())) {
                Some((Outcome::Block, true)) => {
                    self.change_gathered(&key, case, |upload| upload.end(true));
                }
                Some((_, true)) => {}
                _ => self.deliver(&[key], case).await?,
            }
            verdict = [verdict, own].into_iter().flatten().reduce(Verdict::and);
        }
        Ok(verdict)
    }

    /// The uploads that `word` may name. Anybody may call an upload by a common word, and have it blocked: that is none
    /// of those who use the word, unless they are of the same network.
    fn keys_mentioned(&self, word: &str, case: &Case<'_>) -> Vec<Key> {
        let [common, own] = [None, case.client].map(|client| Key::gathered(case.origin(), word, client));
        let is_meant = is_telling_name(word) || self.assemblies.owner(&common) == case.network();
        let common = is_meant.then_some(common);
        common.into_iter().chain([own]).collect()
    }

    fn change_gathered<R>(&self, key: &Key, case: &Case<'_>, act: impl FnOnce(&mut Gathering) -> R) -> Option<R> {
        self.assemblies.change(key, case.terms(), Instant::now(), |kept| kept.gathered().map(act))?
    }

    fn begin(&self, key: &Key, piece: &Piece, case: &Case<'_>) -> Result<Begun, Stop> {
        let max_body = case.route.policy.max_body;
        let act = |upload: &mut Gathering| upload.begin(&piece.claim, &piece.bytes, piece.hash, max_body);
        match self.assemblies.gather(key, case.network(), case.terms(), Instant::now(), act) {
            Some(begun) => Ok(begun?),
            // What is whole needs no room to be inspected.
            None if piece.is_whole() => Ok(Begun::nothing()),
            None => Err(Halt::Fault(Fault::Full).into()),
        }
    }

    /// Whether pieces that belong before the last one have not come, and are not on their way.
    async fn wait_for_others(&self, key: &Key, piece: &Piece, case: &Case<'_>) -> bool {
        let start = Instant::now();
        let mut heard = start;
        if piece.is_whole() {
            return false;
        }
        let length = piece.bytes.len() as u64;
        loop {
            let lacks = self.change_gathered(key, case, |upload| upload.lacks(&piece.claim, length));
            if !lacks.unwrap_or_else(|| Gathering::default().lacks(&piece.claim, length)) || start.elapsed() >= PATIENCE
            {
                return false;
            }
            if self.lines.is_busy(case.client) {
                heard = Instant::now();
            }
            if heard.elapsed() >= SILENCE {
                return true;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// The verdict on the wholes of `begun`. Doubts count of the likeliest one, if it is the whole and no mere words.
    async fn judge_begun(
        &self,
        session: &Session,
        passage: &mut Passage,
        case: &Case<'_>,
        piece: &Piece,
        begun: Begun,
        is_missing: bool,
    ) -> Result<Option<Verdict>, Stop> {
        let mut extra = if begun.wholes.is_ambiguous { Some(ProblemCode::PiecesContradict) } else { None };
        let is_missing = is_missing || begun.is_whole && begun.wholes.is_gapped;
        extra = extra.or(is_missing.then_some(ProblemCode::PiecesMissing)).filter(|_| !piece.is_words);
        let is_own = piece.is_whole();
        let mut readings = begun.wholes.readings;
        if readings.is_empty() && extra.is_some() {
            readings.push(vec![piece.bytes.clone()]);
        }
        let mut verdict = None;
        for (index, pieces) in readings.into_iter().enumerate() {
            let counts = index == 0 && begun.is_whole && !is_own && !piece.is_words;
            let is_alone = matches!(pieces.as_slice(), [one] if is_same_slice(one, &piece.bytes));
            let extra = if index == 0 { extra } else { None };
            if is_alone && !counts && extra.is_none() {
                continue;
            }
            let (content_types, names) = (piece.content_types.clone(), piece.names.clone());
            let whole = Whole { pieces, content_types, names, ..Whole::default() };
            let upload = self.join(&whole, case).await?;
            let doubting = if counts { Doubting::All } else { Doubting::Nothing };
            let subject = Subject { upload, is_spooled: None, hold_time: Duration::ZERO, doubting, extra };
            let own = self.judge(session, passage, case, subject, None).await;
            verdict = [verdict, Some(own)].into_iter().flatten().reduce(Verdict::and);
        }
        Ok(verdict)
    }

    /// Has the origin forget the pieces that it has of the upload that this request would have completed.
    pub(super) fn withdraw(&self, session: &Session, passage: &mut Passage, case: &Case<'_>) {
        for target in withdrawals_of(session.req_header()) {
            if let Ok(request) = errand::on_behalf_of(session, case, Method::DELETE, target) {
                self.send_withdrawal(request, passage, case);
            }
        }
    }

    fn send_withdrawal(&self, request: KeptRequest, passage: &mut Passage, case: &Case<'_>) {
        let (snapshot, origin) = (Arc::clone(case.snapshot), case.route.origin);
        let (metrics, reference) = (Arc::clone(&self.metrics), passage.reference().to_owned());
        tokio::spawn(async move {
            let status = errand::send(&snapshot.config.origins[origin], &request).await;
            // What is not there any more need not be withdrawn.
            let is_done = matches!(status, Ok(200..300 | 404 | 410));
            let result = if is_done { "done" } else { "failed" };
            metrics.withdrawals.get_or_create(&WithdrawalLabels { result }).inc();
            let (status, code) = (status.ok(), if is_done { "withdrawn" } else { "not_withdrawn" });
            tracing::info!(event = "assembly", code, reference, status, "pieces of a blocked upload at the origin");
        });
    }

    fn settle_verdict(&self, pending: Pending, verdict: Option<Verdict>, keys: &[Key], case: &Case<'_>) -> Judged {
        let stopped = verdict.as_ref().filter(|verdict| verdict.stops()).map(|verdict| verdict.outcome);
        let Some(outcome) = stopped else {
            return Judged { pending: Some(pending), verdict, receipt: None };
        };
        drop(pending);
        if outcome == Outcome::Block {
            self.block(&Whole { keys: keys.to_vec(), ..Whole::default() }, case);
        }
        Judged { verdict, ..Judged::default() }
    }
}

/// Whether the two are the very same bytes, which nobody has to read to know.
fn is_same_slice(one: &[u8], other: &[u8]) -> bool {
    one.as_ptr() == other.as_ptr() && one.len() == other.len()
}

/// Where a request is an upload of nothing that puts together what has not come by here: what there is to inspect.
pub(super) fn nothing(code: ProblemCode, case: &Case<'_>) -> Subject {
    let upload = crate::inspect::Upload {
        body: bytes::Bytes::new(),
        content_types: Vec::new(),
        content_encodings: Vec::new(),
        names: Vec::new(),
        query: None,
        ambiguity: case.route.policy.ambiguity,
        route: Arc::clone(&case.route.name),
    };
    Subject { upload, is_spooled: None, hold_time: Duration::ZERO, doubting: Doubting::All, extra: Some(code) }
}
