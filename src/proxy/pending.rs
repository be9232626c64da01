//! What has to be noted about an upload once the origin has answered.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header;
use pingora::http::ResponseHeader;

use crate::resumable::{
    Assemblies, Candidate, Course, Gathering, Kept, KeptRequest, Key, Outcome, S3Upload, Slot, Stored, Terms, Ticket,
    TusMetadata, TusUpload, resolve, tus_number, upload_created, upload_ids, upload_named,
};

/// Bytes of an answer that is the id of an upload of FilePond.
const MAX_NAMING: usize = 1 << 10;

/// Bytes of an answer in which the name of a new upload is looked for. S3's has a few hundred.
const MAX_ANSWER: usize = 64 << 10;

/// A step on its way to the origin. Dropped without an answer, it leaves the upload as a missing answer does.
pub(super) struct Pending {
    store: Arc<Assemblies>,
    terms: Terms,
    step: Option<Step>,
    is_sent: bool,
}

/// What the origin is asked to do.
pub(super) enum Step {
    CreateTus(Creation),
    /// The origin answers with the id of an upload of FilePond.
    NameChunks {
        slot: Slot,
        origin: String,
        target: String,
        declared: Option<u64>,
        /// How long the answer is, if it says so.
        length: Option<u64>,
        answer: Vec<u8>,
    },
    Append {
        key: Key,
        candidate: Candidate,
    },
    Ask {
        key: Key,
        version: u64,
    },
    Forget {
        key: Key,
    },
    CreateS3 {
        slot: Slot,
        origin: String,
        content_types: Vec<Bytes>,
        content_encodings: Vec<Bytes>,
        answer: Vec<u8>,
    },
    Part {
        key: Key,
        number: u16,
        piece: Bytes,
    },
    Complete {
        key: Key,
    },
    /// Removes the piece with this number.
    Remove {
        key: Key,
        index: u64,
    },
    /// Pieces of uploads of which only the client says how they belong together.
    Gather(Vec<Taken>),
}

/// A piece that has begun.
pub(super) struct Taken {
    pub(super) key: Key,
    pub(super) ticket: Ticket,
    /// Whether the upload is whole with it.
    pub(super) is_whole: bool,
}

/// A resumable upload that is created.
pub(super) struct Creation {
    pub(super) slot: Slot,
    pub(super) origin: String,
    pub(super) host: String,
    pub(super) target: String,
    pub(super) first: Candidate,
    pub(super) metadata: TusMetadata,
    pub(super) is_partial: bool,
    pub(super) dialect: Dialect,
    /// The partial uploads that it is made of.
    pub(super) parts: Option<Vec<Key>>,
}

/// Which protocol a creation is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Tus,
    /// The IETF draft, which asks for no `Upload-Offset` in the answer.
    Draft,
    /// FilePond's, whose answer is the id of the upload.
    FilePond,
}

impl Pending {
    pub(super) fn new(store: &Arc<Assemblies>, terms: Terms, step: Step) -> Self {
        Self { store: Arc::clone(store), terms, step: Some(step), is_sent: false }
    }

    /// Adds a piece to those that go on with this request.
    pub(super) fn take(&mut self, piece: Taken) {
        if let Some(Step::Gather(taken)) = &mut self.step {
            taken.push(piece);
        }
    }

    /// Whether an upload is whole with these pieces.
    pub(super) fn is_whole(&self) -> bool {
        matches!(&self.step, Some(Step::Gather(taken)) if taken.iter().any(|piece| piece.is_whole))
    }

    /// Whether `request` can be kept for the upload that it belongs to; where not, it goes on.
    pub(super) fn has_room_to_hold(&self, request: &KeptRequest) -> bool {
        let Some(Step::Gather(taken)) = &self.step else { return false };
        taken.first().is_some_and(|first| {
            self.change_gathered(&first.key, |upload| upload.has_room_to_hold(request)) == Some(true)
        })
    }

    /// Keeps `request` in the place of the origin: its pieces are here to stay.
    pub(super) fn hold(mut self, request: KeptRequest) {
        let Some(Step::Gather(taken)) = self.step.take() else { return };
        if let Some(first) = taken.first() {
            self.change_gathered(&first.key, |upload| upload.hold(first.ticket, request));
        }
        self.settle_gathered(taken, Outcome::Stored(None));
    }

    /// From here on the origin may have what is sent.
    pub(super) fn sent(mut self) -> Self {
        self.is_sent = true;
        self
    }

    /// Takes the origin's answer.
    pub(super) fn answered(&mut self, response: &ResponseHeader) {
        if response.status.is_informational() {
            return;
        }
        let is_done = response.status.is_success();
        match self.step.take() {
            // The name of the upload is in the body that follows.
            step @ Some(Step::CreateS3 { .. }) if is_done => self.step = step,
            Some(Step::CreateTus(creation)) if is_done => self.step = self.register(creation, response),
            Some(Step::Append { key, candidate }) => self.settle(&key, candidate, outcome_of(response)),
            Some(Step::Ask { key, version }) if is_done => {
                if let Ok(Some(offset)) = tus_number(&response.headers, "upload-offset") {
                    self.follow(&key, |upload| upload.learn(version, offset));
                }
            }
            Some(Step::Forget { key } | Step::Complete { key }) if is_done => self.store.remove(&key),
            Some(Step::Part { key, number, piece }) => {
                let stored = is_done.then(|| Stored { piece, etag: etag(response) });
                self.change_s3(&key, |upload| upload.settle(number, stored));
            }
            Some(Step::Complete { key }) => self.change_s3(&key, S3Upload::abandon),
            Some(Step::Remove { key, index }) if is_done => {
                self.change_gathered(&key, |upload| upload.remove(index));
            }
            Some(Step::Gather(taken)) => self.settle_gathered(taken, outcome_of_form(response)),
            _ => {}
        }
    }

    /// Takes a piece of the body of the origin's answer, before the client gets it, and whether it ends there.
    pub(super) fn answer_goes_on(&mut self, piece: &[u8], ends: bool) {
        if let Some(Step::NameChunks { answer, length, .. }) = &mut self.step {
            answer.extend_from_slice(&piece[..piece.len().min(MAX_NAMING + 1 - answer.len())]);
            let (is_whole, is_long) = (*length == Some(answer.len() as u64), answer.len() > MAX_NAMING);
            if ends || is_whole || is_long {
                self.name_chunks();
            }
            return;
        }
        let Some(Step::CreateS3 { answer, .. }) = &mut self.step else {
            return;
        };
        answer.extend_from_slice(&piece[..piece.len().min(MAX_ANSWER - answer.len())]);
        let Some(upload) = upload_created(answer) else {
            return;
        };
        if let Some(Step::CreateS3 { slot, origin, content_types, content_encodings, .. }) = self.step.take() {
            let kept = Kept::S3(S3Upload::created(content_types, content_encodings));
            self.store.insert(slot, Key::s3(&origin, &upload), kept, Instant::now());
        }
    }

    /// Keeps a new upload of FilePond, if the answer is its id alone. One that is known already stays what it is,
    /// blocked or with other pieces.
    fn name_chunks(&mut self) {
        let Some(Step::NameChunks { slot, origin, target, declared, answer, .. }) = self.step.take() else {
            return;
        };
        let own = upload_ids(target.as_bytes());
        let id = upload_named(&answer).filter(|id| answer.len() <= MAX_NAMING && !own.contains(id));
        let (key, now) = (id.map(|id| Key::chunks(&origin, &id)), Instant::now());
        if let Some(key) = key.filter(|key| !self.store.knows(key, self.terms, now)) {
            let kept = Kept::Tus(TusUpload::of_chunks(declared, &target));
            self.store.insert(slot, key, kept, now);
        }
    }

    /// Keeps a new upload, if the origin's answer shows that it knows the protocol: others may answer with a
    /// `Location` too, and must not get bodies of which only the whole counts.
    ///
    /// What is still to be done once the body of the answer is there, if anything.
    fn register(&self, creation: Creation, response: &ResponseHeader) -> Option<Step> {
        let Creation { slot, origin, host, target, first, metadata, is_partial, dialect, parts } = creation;
        let headers = &response.headers;
        let names: &[&str] = if dialect == Dialect::Draft {
            &["upload-draft-interop-version", "upload-complete", "upload-incomplete", "upload-offset", "upload-limit"]
        } else {
            &["tus-resumable"]
        };
        let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
        let url = location.and_then(|location| resolve(&host, &target, location));
        let own_target = target;
        let (true, Some((host, target))) = (names.iter().any(|name| headers.contains_key(*name)), url) else {
            tracing::debug!("the origin answered the creation of an upload, but not as the protocol has it");
            let declared = first.declared();
            let is_plain = headers.get_all(header::CONTENT_ENCODING).iter().all(|value| value == "identity");
            return (dialect == Dialect::FilePond && is_plain).then_some(Step::NameChunks {
                slot,
                origin,
                target: own_target,
                declared,
                length: tus_number(headers, "content-length").ok().flatten(),
                answer: Vec::new(),
            });
        };
        let upload = match &parts {
            Some(_) => TusUpload::finished(),
            None => {
                let unsaid = if dialect == Dialect::Draft { first.end } else { 0 };
                let stored = tus_number(headers, "upload-offset").ok().flatten().unwrap_or(unsaid).min(first.end);
                TusUpload::created(first, stored, metadata, is_partial)
            }
        };
        self.store.insert(slot, Key::tus(&origin, &host, &target), Kept::Tus(upload), Instant::now());
        parts.iter().flatten().for_each(|part| self.store.remove(part));
        None
    }

    fn settle(&self, key: &Key, candidate: Candidate, outcome: Outcome) {
        self.follow(key, |upload| upload.settle(candidate, outcome));
    }

    /// Forgets an upload that cannot go on.
    fn follow(&self, key: &Key, act: impl FnOnce(&mut TusUpload) -> Course) {
        let course = self.store.change(key, self.terms, Instant::now(), |kept| kept.tus().map(act));
        if course == Some(Some(Course::Lost)) {
            self.store.remove(key);
        }
    }

    fn change_s3(&self, key: &Key, act: impl FnOnce(&mut S3Upload)) {
        self.store.change(key, self.terms, Instant::now(), |kept| kept.s3().map(act));
    }

    fn change_gathered<R>(&self, key: &Key, act: impl FnOnce(&mut Gathering) -> R) -> Option<R> {
        self.store.change(key, self.terms, Instant::now(), |kept| kept.gathered().map(act))?
    }

    fn settle_gathered(&self, taken: Vec<Taken>, outcome: Outcome) {
        for Taken { key, ticket, is_whole } in taken {
            self.change_gathered(&key, |upload| {
                upload.settle(ticket, outcome);
                if is_whole && matches!(outcome, Outcome::Stored(_)) {
                    upload.end(false);
                }
            });
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        match self.step.take() {
            Some(Step::Append { key, candidate }) => {
                let outcome = if self.is_sent { Outcome::Unknown } else { Outcome::NotSent };
                self.settle(&key, candidate, outcome);
            }
            Some(Step::Part { key, number, .. }) => self.change_s3(&key, |upload| upload.settle(number, None)),
            Some(Step::Complete { key }) => self.change_s3(&key, S3Upload::abandon),
            Some(Step::Gather(taken)) => {
                let outcome = if self.is_sent { Outcome::Unknown } else { Outcome::NotSent };
                self.settle_gathered(taken, outcome);
            }
            _ => {}
        }
    }
}

fn outcome_of(response: &ResponseHeader) -> Outcome {
    match response.status.as_u16() {
        200..300 => match tus_number(&response.headers, "upload-offset") {
            Ok(offset) => Outcome::Stored(offset),
            Err(_) => Outcome::Unknown,
        },
        300..500 => Outcome::Refused,
        _ => Outcome::Unknown,
    }
}

/// A form that was taken is often answered with a redirect.
fn outcome_of_form(response: &ResponseHeader) -> Outcome {
    if response.status.is_redirection() { Outcome::Stored(None) } else { outcome_of(response) }
}

fn etag(response: &ResponseHeader) -> Option<String> {
    let value = response.headers.get(header::ETAG)?.to_str().ok()?;
    Some(value.trim_start_matches("W/").trim_matches('"').to_owned())
}
