//! The state of one resumable upload: the bytes that the origin has, as far as its answers tell.

use bytes::Bytes;

use super::Fault;
use super::store::{MAX_PIECES, bytes_of};
use super::{TusAppend, TusMetadata};
use crate::config::ByteSize;

/// Names of one upload that are kept.
const MAX_NAMES: usize = 4;

/// One resumable upload.
#[derive(Debug, Default)]
pub(crate) struct TusUpload {
    pieces: Vec<Bytes>,
    /// Bytes of the whole, once that is known.
    declared: Option<u64>,
    metadata: TusMetadata,
    /// Whether it is a piece of a later upload, so that its bytes are needed when it is complete.
    is_partial: bool,
    is_complete: bool,
    /// Whether pieces only come one after the other: servers of FilePond keep each chunk under its offset, so that
    /// what a piece in between replaces differs.
    only_grows: bool,
    /// The path to which the creation of an upload of FilePond went.
    created_at: String,
    /// The target of its first chunk, which that of every other one is.
    chunks_at: Option<String>,
    /// Whether the origin is being told something that it has not answered.
    in_flight: bool,
    /// Whether the last piece got no answer, so that the origin may have any part of it.
    in_doubt: bool,
    /// Counts changes, so that an answer about an older state is not taken for one about this.
    version: u64,
}

/// What an upload becomes when the origin takes one more piece.
#[derive(Debug, Default)]
pub(crate) struct Candidate {
    pub(crate) pieces: Vec<Bytes>,
    offset: u64,
    pub(crate) end: u64,
    declared: Option<u64>,
    /// Whether the upload is whole then.
    pub(crate) is_last: bool,
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was not sent.
    NotSent,
    /// The origin has it, up to this offset if it says so.
    Stored(Option<u64>),
    /// The origin did not take it.
    Refused,
    /// The origin failed, or gave no answer.
    Unknown,
}

/// Whether an upload can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    GoesOn,
    /// The origin may have something else than what is kept.
    Lost,
}

impl TusUpload {
    /// An upload at its creation, with as much of its first piece as the origin has.
    pub(crate) fn created(first: Candidate, stored: u64, metadata: TusMetadata, is_partial: bool) -> Self {
        let is_complete = first.is_last && stored == first.end;
        let mut upload = Self { declared: first.declared, metadata, is_partial, is_complete, ..Self::default() };
        upload.keep(cut(&first.pieces, stored));
        upload
    }

    /// An upload of FilePond, of which nothing has come.
    pub(crate) fn of_chunks(declared: Option<u64>, created_at: &str) -> Self {
        Self { declared, only_grows: true, created_at: path_of(created_at).to_owned(), ..Self::default() }
    }

    /// Whether the origin takes a chunk to `target` for one of this upload of FilePond, whose id is in it. With the id
    /// in the query, the path is that of the creation or leads there: in another, the origin might find another id.
    pub(crate) fn takes_chunks_at(&mut self, target: &str) -> bool {
        let path = path_of(target);
        let rest = self.created_at.strip_prefix(path);
        let leads = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || path.ends_with('/'));
        (leads || path == target) && self.chunks_at.get_or_insert_with(|| target.to_owned()) == target
    }

    /// Notes what an upload of FilePond is called, which its creation does not say.
    pub(crate) fn call(&mut self, names: &[Bytes]) {
        let new = names.iter().filter(|name| !self.metadata.texts.contains(name)).take(MAX_NAMES);
        let new: Vec<Bytes> = new.cloned().collect();
        self.metadata.texts.extend(new);
        self.metadata.texts.truncate(MAX_NAMES);
    }

    /// One that is complete and of which no bytes are needed.
    pub(crate) fn finished() -> Self {
        Self { is_complete: true, ..Self::default() }
    }

    pub(crate) fn bytes(&self) -> u64 {
        bytes_of(&self.pieces)
    }

    pub(crate) fn is_growing(&self) -> bool {
        !self.is_complete
    }

    /// Whether the origin is being told something that it has not answered.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.in_flight
    }

    pub(crate) fn metadata(&self) -> &TusMetadata {
        &self.metadata
    }

    /// The bytes of a partial upload that is complete.
    pub(crate) fn partial(&self) -> Option<&[Bytes]> {
        (self.is_partial && self.is_complete && !self.in_flight && !self.in_doubt).then_some(&self.pieces)
    }

    /// Begins to add `body`. Until [`TusUpload::settle`] nothing else can be added. `None` when there is nothing to add
    /// to a complete upload.
    ///
    /// # Errors
    /// The piece fits nowhere, or is too much.
    pub(crate) fn begin(
        &mut self,
        append: &TusAppend,
        body: &Bytes,
        max_body: ByteSize,
    ) -> Result<Option<Candidate>, Fault> {
        if self.in_flight {
            return Err(Fault::Busy);
        }
        if self.is_complete && body.is_empty() {
            return Ok(None);
        }
        let fits = if self.only_grows { self.continues(append.offset, body) } else { append.offset <= self.bytes() };
        if self.is_complete || !fits {
            return Err(Fault::Incomplete);
        }
        if self.declared.is_some() && append.length.is_some_and(|length| self.declared != Some(length)) {
            return Err(Fault::TusMalformed);
        }
        let mut candidate = Candidate { pieces: cut(&self.pieces, append.offset), ..Candidate::default() };
        candidate.add(append, self.declared.or(append.length), body, max_body)?;
        self.in_flight = true;
        self.version += 1;
        Ok(Some(candidate))
    }

    /// Whether `body` comes next, or is the last piece once more, since its answer was lost.
    fn continues(&self, offset: u64, body: &Bytes) -> bool {
        let bytes = self.bytes();
        let repeats = |last: &Bytes| offset + last.len() as u64 == bytes && last == body;
        offset == bytes || self.pieces.last().is_some_and(repeats)
    }

    /// Takes over what became of a piece.
    pub(crate) fn settle(&mut self, candidate: Candidate, outcome: Outcome) -> Course {
        self.in_flight = false;
        self.version += 1;
        match outcome {
            Outcome::NotSent | Outcome::Refused => {}
            Outcome::Stored(reported) => {
                let end = reported.unwrap_or(candidate.end);
                if !(candidate.offset..=candidate.end).contains(&end) {
                    return Course::Lost;
                }
                self.declared = candidate.declared;
                self.in_doubt = false;
                self.is_complete = candidate.is_last && end == candidate.end;
                self.keep(cut(&candidate.pieces, end));
            }
            // The origin may have taken any part of the piece, which the client will ask. But where the piece was to
            // replace others, or another one is in doubt already, there is more than one story.
            Outcome::Unknown if candidate.offset < self.bytes() || self.in_doubt || self.only_grows => {
                return Course::Lost;
            }
            Outcome::Unknown => {
                self.declared = candidate.declared;
                self.in_doubt = true;
                self.pieces = candidate.pieces;
            }
        }
        Course::GoesOn
    }

    /// The state that an answer to a question about the upload must belong to.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Takes over how much the origin says it has, asked at `version`.
    pub(crate) fn learn(&mut self, version: u64, offset: u64) -> Course {
        if version != self.version || self.in_flight || self.is_complete {
            return Course::GoesOn;
        }
        if offset > self.bytes() {
            return Course::Lost;
        }
        let pieces = cut(&self.pieces, offset);
        self.is_complete = self.declared == Some(offset);
        self.keep(pieces);
        Course::GoesOn
    }

    fn keep(&mut self, pieces: Vec<Bytes>) {
        self.pieces = if self.is_complete && !self.is_partial { Vec::new() } else { pieces };
    }
}

impl Candidate {
    /// The first piece of an upload that is created.
    ///
    /// # Errors
    /// It is too much.
    pub(crate) fn first(
        length: Option<u64>,
        is_complete: Option<bool>,
        body: &Bytes,
        max_body: ByteSize,
    ) -> Result<Self, Fault> {
        let mut candidate = Self::default();
        candidate.add(&TusAppend { offset: 0, length, is_complete }, length, body, max_body)?;
        Ok(candidate)
    }

    /// Bytes of the whole, as far as that is known.
    pub(crate) fn declared(&self) -> Option<u64> {
        self.declared
    }

    fn add(
        &mut self,
        append: &TusAppend,
        declared: Option<u64>,
        body: &Bytes,
        max_body: ByteSize,
    ) -> Result<(), Fault> {
        self.offset = append.offset;
        self.end = append.offset + body.len() as u64;
        self.declared = declared;
        if self.end.max(declared.unwrap_or(0)) > max_body.0 {
            return Err(Fault::TooLarge(max_body));
        }
        if declared.is_some_and(|declared| self.end > declared) {
            return Err(Fault::TusMalformed);
        }
        if self.pieces.len() >= MAX_PIECES {
            return Err(Fault::TooManyPieces);
        }
        if !body.is_empty() {
            self.pieces.push(body.clone());
        }
        self.is_last = append.is_complete == Some(true) || declared == Some(self.end);
        Ok(())
    }
}

/// The first `end` bytes of `pieces`.
fn cut(pieces: &[Bytes], end: u64) -> Vec<Bytes> {
    let mut rest = usize::try_from(end).unwrap_or(usize::MAX);
    let mut kept = Vec::with_capacity(pieces.len() + 1);
    for piece in pieces {
        let taken = piece.len().min(rest);
        if taken == 0 {
            break;
        }
        kept.push(piece.slice(..taken));
        rest -= taken;
    }
    kept
}

fn path_of(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
