//! The way of a request that brings a piece of an upload, or puts pieces together: beside its own body, the whole is
//! inspected before the last piece goes on.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, header};
use pingora::http::RequestHeader;

use super::answer::Refusal;
use super::parts::object_headers;
use super::pending::{Creation, Dialect, Pending, Step};
use super::{Case, Gate};
use crate::config::Inspection;
use crate::extract::ProblemCode;
use crate::resumable::{
    Candidate, Concat, Fault, Halt, Kept, Key, MAX_PIECES, S3Part, S3Request, Terms, TusAppend, TusCreation,
    TusMetadata, TusRequest, bytes_of, is_streaming, read_tus, resolve, upload_at, upload_ids,
};

/// A request that has to do with an upload in pieces.
pub(super) enum Plan {
    Tus(TusRequest, Key),
    S3(S3Request),
    /// Has the origin put the pieces of an upload together; the request brings none. It may say how long the whole is.
    Assemble(Key, Option<u64>),
    /// Removes the piece with this number.
    Remove(Key, u64),
    /// Ends an upload.
    Forget(Key),
    /// Has the origin put together what has not come by here.
    Unseen(ProblemCode),
    /// A part of an object whose upload was not created by way of here.
    Foreign(S3Part),
}

/// A step that is ready to go to the origin.
pub(super) struct Prepared {
    pub(super) pending: Option<Pending>,
    /// The whole upload, when this step completes it.
    pub(super) whole: Option<Whole>,
    /// Whether some of it has not come by here, so that nobody here knows what it is.
    pub(super) lacks_parts: bool,
}

/// The pieces of a whole upload.
#[derive(Default)]
pub(super) struct Whole {
    pub(super) pieces: Vec<Bytes>,
    pub(super) content_types: Vec<Bytes>,
    pub(super) content_encodings: Vec<Bytes>,
    /// What the file is called.
    pub(super) names: Vec<Bytes>,
    /// What must not go on when the whole is blocked.
    pub(super) keys: Vec<Key>,
}

impl Whole {
    /// A resumable upload.
    fn of_tus(pieces: Vec<Bytes>, metadata: &TusMetadata, keys: Vec<Key>) -> Self {
        let content_types = content_types_of(metadata.filetype.as_ref());
        Self { pieces, content_types, content_encodings: Vec::new(), names: metadata.texts.clone(), keys }
    }
}

/// What stops a request: a refusal, or that its upload has been blocked before.
pub(super) enum Stop {
    Refused(Refusal),
    Blocked,
    /// It asks whether the origin has a chunk of which nothing is known here, and is told that it has to be sent.
    NotThere,
}

impl From<Halt> for Stop {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Fault(fault) => Self::Refused(fault.into()),
            Halt::Blocked => Self::Blocked,
        }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault.into())
    }
}

impl Gate {
    /// What `request` has to do with an upload in pieces. Uploads that are not known are found out here, before their
    /// body is read.
    pub(super) fn plan(&self, request: &RequestHeader, case: &Case<'_>) -> Result<Option<Plan>, Stop> {
        let (host, target) = place(request);
        let tus = read_tus(&request.method, &request.headers).map_err(|_| Refusal::TusMalformed)?;
        match tus {
            Some(TusRequest::Chunk(append, names)) => {
                let key = self.key_of_chunk(request, case)?;
                return Ok(Some(Plan::Tus(TusRequest::Chunk(append, names), key)));
            }
            Some(tus) => {
                let key = Key::tus(case.origin(), host, target);
                if matches!(tus, TusRequest::Append(_) | TusRequest::Ask) {
                    self.must_know(&key, case)?;
                }
                return Ok(Some(Plan::Tus(tus, key)));
            }
            None => {}
        }
        if let Some(plan) = self.plan_of_gathered(request, case)? {
            return Ok(Some(plan));
        }
        if request.method == Method::GET {
            if self.assemblies.is_empty() {
                return Ok(None);
            }
            self.may_read(&Key::tus(case.origin(), host, target), case)?;
            let ids = upload_ids(target.as_bytes()).into_iter().chain(upload_at(target));
            let mut ids = ids.map(|id| Key::chunks(case.origin(), &id));
            return ids.try_for_each(|key| self.may_read(&key, case)).map(|()| None);
        }
        self.plan_of_s3(request, case)
    }

    /// The upload that a chunk of FilePond belongs to, by the id that the origin gave it. What FilePond does not send
    /// as a chunk is none, whatever its headers say: origins take such bodies apart.
    fn key_of_chunk(&self, request: &RequestHeader, case: &Case<'_>) -> Result<Key, Stop> {
        let (_, target) = place(request);
        let is_chunk = is_sent_as(&Method::PATCH, request) && is_called_piece(&request.headers);
        let id = upload_at(target).filter(|_| is_chunk).ok_or(Refusal::UploadUnknown)?;
        let key = Key::chunks(case.origin(), &id);
        let found = self.act_on(&key, case, Kept::tus, Refusal::UploadUnknown, |upload| {
            upload.takes_chunks_at(target).then_some(()).ok_or(Refusal::UploadUnknown.into())
        });
        found.ok_or(Refusal::UploadUnknown)?.map(|()| key)
    }

    /// Acts on what is kept at `key`, if it is an upload that `pick` takes; one of another kind is `other`. `None`
    /// where nothing is kept.
    pub(super) fn act_on<U, R>(
        &self,
        key: &Key,
        case: &Case<'_>,
        pick: fn(&mut Kept) -> Option<&mut U>,
        other: Refusal,
        act: impl FnOnce(&mut U) -> Result<R, Stop>,
    ) -> Option<Result<R, Stop>> {
        self.assemblies.change(key, case.terms(), Instant::now(), |kept| match kept {
            Kept::Blocked => Err(Stop::Blocked),
            kept => pick(kept).map_or_else(|| Err(other.into()), act),
        })
    }

    fn must_know(&self, key: &Key, case: &Case<'_>) -> Result<(), Stop> {
        let found = self.assemblies.change(key, case.terms(), Instant::now(), |kept| matches!(kept, Kept::Blocked));
        match found {
            None => Err(Refusal::UploadUnknown.into()),
            Some(true) => Err(Stop::Blocked),
            Some(false) => Ok(()),
        }
    }

    /// Some servers hand out what they have of an upload before it is whole and has been inspected.
    fn may_read(&self, key: &Key, case: &Case<'_>) -> Result<(), Stop> {
        let is_growing =
            |kept: &mut Kept| matches!(kept, Kept::Blocked) || matches!(kept, Kept::Tus(upload) if upload.is_growing());
        match self.assemblies.change(key, case.terms(), Instant::now(), is_growing) {
            Some(true) => Err(Refusal::AssemblyIncomplete.into()),
            None if self.assemblies.is_gone(key) => Err(Refusal::AssemblyIncomplete.into()),
            Some(false) | None => Ok(()),
        }
    }

    /// Prepares the step of `plan`, whose body is `body`.
    pub(super) async fn prepare(
        &self,
        plan: Plan,
        request: &RequestHeader,
        body: &Bytes,
        case: &Case<'_>,
    ) -> Result<Prepared, Stop> {
        match plan {
            Plan::Tus(TusRequest::Create(creation), _) => self.prepare_creation(creation, request, body, case),
            Plan::Tus(TusRequest::Append(append), key) => self.prepare_append(append, key, body, case),
            Plan::Tus(TusRequest::Chunk(append, names), key) => {
                self.call_chunks(&names, &key, case);
                self.prepare_append(append, key, body, case)
            }
            Plan::Tus(TusRequest::Ask, key) => self.prepare_question(key, case),
            Plan::Tus(TusRequest::Forget, key) => Ok(self.ready(Step::Forget { key }, case)),
            Plan::S3(S3Request::Forget { upload }) => {
                Ok(self.ready(Step::Forget { key: Key::s3(case.origin(), &upload) }, case))
            }
            Plan::S3(S3Request::Create) => {
                let slot = self
                    .assemblies
                    .reserve(case.network(), case.terms(), Instant::now())
                    .ok_or(Refusal::AssembliesFull)?;
                let (content_types, content_encodings) = object_headers(&request.headers);
                let origin = case.origin().to_owned();
                let step = Step::CreateS3 { slot, origin, content_types, content_encodings, answer: Vec::new() };
                Ok(self.ready(step, case))
            }
            Plan::S3(S3Request::Part(part)) | Plan::Foreign(part) => self.prepare_part(part, body, case).await,
            Plan::S3(S3Request::Complete { upload }) => self.prepare_completion(&upload, body, case),
            Plan::Forget(key) => Ok(self.ready(Step::Forget { key }, case)),
            Plan::Remove(key, index) => Ok(self.ready(Step::Remove { key, index }, case)),
            // What these lead to is decided before.
            Plan::Assemble(..) | Plan::Unseen(_) => Ok(Prepared { pending: None, whole: None, lacks_parts: false }),
        }
    }

    pub(super) fn ready(&self, step: Step, case: &Case<'_>) -> Prepared {
        Prepared { pending: Some(Pending::new(&self.assemblies, case.terms(), step)), whole: None, lacks_parts: false }
    }

    fn prepare_creation(
        &self,
        creation: TusCreation,
        request: &RequestHeader,
        body: &Bytes,
        case: &Case<'_>,
    ) -> Result<Prepared, Stop> {
        let max_body = case.route.policy.max_body;
        let is_of_filepond = is_creation_of_filepond(&creation, request);
        let TusCreation { length, is_complete, metadata, concat, is_versioned } = creation;
        let (host, target) = place(request);
        let slot =
            self.assemblies.reserve(case.network(), case.terms(), Instant::now()).ok_or(Refusal::AssembliesFull)?;
        let dialect = match is_complete {
            Some(_) => Dialect::Draft,
            None if is_of_filepond => Dialect::FilePond,
            None => Dialect::Tus,
        };
        // FilePond sends a form about the file; servers of tus take nothing without a version.
        let nothing = Bytes::new();
        let has_piece = is_versioned || is_complete.is_some() || is_called_piece(&request.headers);
        let first = Candidate::first(length, is_complete, if has_piece { body } else { &nothing }, max_body)?;
        let whole_of = |pieces, keys| Whole::of_tus(pieces, &metadata, keys);
        let (parts, whole) = match &concat {
            Concat::Final(urls) => {
                let (keys, mut pieces) = self.partial_uploads(urls, host, target, case)?;
                pieces.extend(first.pieces.iter().cloned());
                if bytes_of(&pieces) > max_body.0 {
                    return Err(Refusal::TooLarge(max_body).into());
                }
                (Some(keys.clone()), Some(whole_of(pieces, keys)))
            }
            Concat::Whole | Concat::Partial if first.is_last => {
                (None, Some(whole_of(first.pieces.clone(), Vec::new())))
            }
            Concat::Whole | Concat::Partial => (None, None),
        };
        let (origin, host, target) = (case.origin().to_owned(), host.to_owned(), target.to_owned());
        let is_partial = concat == Concat::Partial;
        let creation = Creation { slot, origin, host, target, first, metadata, is_partial, dialect, parts };
        Ok(Prepared { whole, ..self.ready(Step::CreateTus(creation), case) })
    }

    /// The partial uploads at `urls` and their bytes, in this order. Each can be named once: a header of a few thousand
    /// bytes could name as many gigabytes otherwise.
    fn partial_uploads(
        &self,
        urls: &[String],
        host: &str,
        target: &str,
        case: &Case<'_>,
    ) -> Result<(Vec<Key>, Vec<Bytes>), Stop> {
        let max_body = case.route.policy.max_body;
        let (mut keys, mut pieces, mut bytes) = (Vec::new(), Vec::new(), 0);
        for url in urls {
            let (host, target) = resolve(host, target, url).ok_or(Refusal::TusMalformed)?;
            let key = Key::tus(case.origin(), &host, &target);
            if keys.contains(&key) {
                return Err(Refusal::TooManyPieces.into());
            }
            let found = self.act_on(&key, case, Kept::tus, Refusal::AssemblyIncomplete, |upload| {
                upload.partial().map(<[Bytes]>::to_vec).ok_or(Refusal::AssemblyIncomplete.into())
            });
            let part = found.ok_or(Refusal::AssemblyIncomplete)??;
            bytes += bytes_of(&part);
            if bytes > max_body.0 {
                return Err(Refusal::TooLarge(max_body).into());
            }
            pieces.extend(part);
            if pieces.len() > MAX_PIECES {
                return Err(Refusal::TooManyPieces.into());
            }
            keys.push(key);
        }
        Ok((keys, pieces))
    }

    /// Notes what an upload of FilePond is called.
    fn call_chunks(&self, names: &[Bytes], key: &Key, case: &Case<'_>) {
        self.assemblies.change(key, case.terms(), Instant::now(), |kept| kept.tus().map(|upload| upload.call(names)));
    }

    fn prepare_append(&self, append: TusAppend, key: Key, body: &Bytes, case: &Case<'_>) -> Result<Prepared, Stop> {
        let max_body = case.route.policy.max_body;
        let begun = self.act_on(&key, case, Kept::tus, Refusal::UploadUnknown, |upload| {
            Ok(upload.begin(&append, body, max_body)?.map(|candidate| {
                let metadata = candidate.is_last.then(|| upload.metadata().clone());
                (candidate, metadata)
            }))
        });
        let Some((candidate, metadata)) = begun.ok_or(Refusal::UploadUnknown)?? else {
            return Ok(Prepared { pending: None, whole: None, lacks_parts: false });
        };
        let whole = metadata.map(|metadata| Whole::of_tus(candidate.pieces.clone(), &metadata, vec![key.clone()]));
        Ok(Prepared { whole, ..self.ready(Step::Append { key, candidate }, case) })
    }

    fn prepare_question(&self, key: Key, case: &Case<'_>) -> Result<Prepared, Stop> {
        let version = self.act_on(&key, case, Kept::tus, Refusal::UploadUnknown, |upload| Ok(upload.version()));
        let version = version.ok_or(Refusal::UploadUnknown)??;
        Ok(self.ready(Step::Ask { key, version }, case))
    }
}

impl Plan {
    /// Whether the body of the request is a piece of which only the whole counts, so that what is doubtful about the
    /// piece alone is not: half a picture cannot be decoded. That the origin will take it as a piece is known where it
    /// created the upload, and for a creation from its media type, which nothing else takes apart.
    pub(super) fn is_piece(&self, headers: &HeaderMap) -> bool {
        match self {
            Self::Tus(TusRequest::Append(_) | TusRequest::Chunk(..), _) | Self::S3(S3Request::Part(_)) => true,
            Self::Tus(TusRequest::Create(_), _) => is_called_piece(headers) && headers.contains_key("tus-resumable"),
            _ => false,
        }
    }
}

/// Whether a body is called a piece of a file, which nothing takes apart.
fn is_called_piece(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    types.next().is_some_and(|value| value == "application/offset+octet-stream") && types.next().is_none()
}

/// Whether a request has this method and names no other one in a header, as FilePond never does.
fn is_sent_as(method: &Method, request: &RequestHeader) -> bool {
    let overrides = |name: &HeaderName| {
        let name = name.as_str().replace('_', "-");
        name.ends_with("method-override") || name == "x-http-method"
    };
    request.method == method && !request.headers.keys().any(overrides)
}

/// Whether FilePond creates an upload this way: it says how long the whole is, and sends no piece of it.
fn is_creation_of_filepond(creation: &TusCreation, request: &RequestHeader) -> bool {
    let is_bare = !creation.is_versioned && creation.is_complete.is_none() && creation.concat == Concat::Whole;
    is_bare && creation.length.is_some() && is_sent_as(&Method::POST, request) && !is_called_piece(&request.headers)
}

/// Host and target of a request, as its route was chosen by.
pub(super) fn place(request: &RequestHeader) -> (&str, &str) {
    let host = request.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    (host, request.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str))
}

/// The type of a file, unless it is multipart: nothing takes a stored file apart by that.
pub(super) fn content_types_of(filetype: Option<&Bytes>) -> Vec<Bytes> {
    let mentions_multipart = |value: &Bytes| value.to_ascii_lowercase().windows(9).any(|window| window == b"multipart");
    filetype.filter(|value| !mentions_multipart(value)).cloned().into_iter().collect()
}

/// Every value of the header `name`, in the order sent.
pub(super) fn values(headers: &HeaderMap, name: HeaderName) -> Vec<Bytes> {
    headers.get_all(name).iter().map(|value| Bytes::copy_from_slice(value.as_bytes())).collect()
}

/// What a request says about how its body is coded; S3 clients may announce their framing in its own header only.
pub(super) fn content_encodings(headers: &HeaderMap) -> Vec<Bytes> {
    let mut values = values(headers, header::CONTENT_ENCODING);
    let is_named = values.iter().any(|value| value.to_ascii_lowercase().windows(11).any(|name| name == b"aws-chunked"));
    if is_streaming(headers) && !is_named {
        values.push(Bytes::from_static(b"aws-chunked"));
    }
    values
}

impl Case<'_> {
    pub(super) fn origin(&self) -> &str {
        &self.snapshot.config.origins[self.route.origin].name
    }

    pub(super) fn terms(&self) -> Terms {
        Terms::of(&self.snapshot.config.limits)
    }

    /// Whether a request that cannot be judged may be stopped.
    pub(super) fn is_enforced(&self) -> bool {
        self.route.policy.inspect == Inspection::Enforce
    }
}
