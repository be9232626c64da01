//! The work of one inspection, on one thread.

mod matching;
mod reading;

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;

use self::reading::{is_opaque, is_text, may_be_mixed};
use super::Upload;
use super::ahead::{Known, KnownPart};
use super::doubts::{doubt_about, doubt_kind, why_unreliable};
use super::lineage::Lineage;
use super::stretches::Stretches;
use crate::body::{Scratch, Stores};
use crate::content::{AlgorithmSet, Composition, Deadline, DecodeLimits, MediaType, Part, PartKind, UnixTime, apart};
use crate::extract::{Means, ProblemCode, Source, dissect};
use crate::media::{
    DecodeError, DecodeMeans, ForeignDecoder, PartHashes, affords_hashing, hash_composition, hash_part, hash_up_to,
};
use crate::snapshot::{Snapshot, unix_now};
use crate::verdict::{Doubt, DoubtKind, Findings, MatchSource};

/// Makes hashes of contents that nobody outside can foresee or make collide.
static CONTENT_KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// What was found, and what was looked at.
#[derive(Debug, Default)]
pub struct Examination {
    /// Matches and doubts.
    pub findings: Findings,
    /// What each part turned out to be.
    pub parts: Vec<MediaType>,
    /// Whether the whole body is a picture, whatever it is called.
    body_is_picture: bool,
    /// Decoders that panicked.
    pub decoder_panics: u64,
    /// Whether a field has been looked at.
    has_fields: bool,
    /// What parts are called, where a rule asks.
    lineage: Lineage,
    /// Whether something was left out because there was too little work left for it.
    lacks_work: bool,
    /// Processor time that rendering pages has taken.
    rendered: Duration,
}

/// What an examination may use.
#[derive(Clone, Copy)]
pub struct Resources<'a> {
    /// Where what is unpacked takes its room.
    pub stores: &'a Stores,
    /// Decodes pictures that are not decoded in this process.
    pub foreign: &'a dyn ForeignDecoder,
    /// When it has to stop.
    pub deadline: Deadline,
    /// What is known of parts already, compared with the same snapshot.
    pub known: &'a Known,
}

/// What is the same for every part of an upload.
struct Circumstances<'a> {
    snapshot: &'a Snapshot,
    route: &'a str,
    now: UnixTime,
    decode: DecodeMeans<'a>,
    body: &'a Bytes,
    known: &'a Known,
}

impl Circumstances<'_> {
    fn known_of(&self, part: &Part) -> Option<&KnownPart> {
        self.known.of(&part.bytes, self.body)
    }
}

/// Takes `upload` apart, hashes and scans every part, and compares it with `snapshot`.
///
/// Past the deadline it stops between two steps and says so with a doubt.
pub fn examine(upload: &Upload, snapshot: &Snapshot, resources: &Resources<'_>) -> Examination {
    let content_types: Vec<&[u8]> = upload.content_types.iter().map(AsRef::as_ref).collect();
    let content_encodings: Vec<&[u8]> = upload.content_encodings.iter().map(AsRef::as_ref).collect();
    let names: Vec<&[u8]> = upload.names.iter().map(AsRef::as_ref).collect();
    let source = Source {
        body: &upload.body,
        content_types: &content_types,
        content_encodings: &content_encodings,
        names: &names,
        query: upload.query.as_ref(),
        ambiguity: upload.ambiguity,
    };
    let limits = &snapshot.config.limits;
    let deadline = &resources.deadline;
    let means = Means { limits: &limits.extract, scratch: Scratch::new(limits, resources.stores), deadline };
    let decode = DecodeMeans { limits: &limits.decode, deadline: *deadline, foreign: resources.foreign };
    let (body, known) = (&upload.body, resources.known);
    let circumstances = Circumstances { snapshot, route: &upload.route, now: unix_now(), decode, body, known };
    let mut examination = Examination::default();
    let problems = dissect(&source, &means, &mut |part| examination.look_at(part, &circumstances));
    examination.findings.doubts.extend(problems.iter().map(doubt_about));
    let is_late = deadline.left().is_some_and(|left| left.is_zero());
    if examination.lacks_work || deadline.is_spent() && !is_late {
        examination.doubt_work();
    }
    if is_late {
        examination.doubt(DoubtKind::Deadline, "deadline", None);
    }
    examination
}

impl Examination {
    fn look_at(&mut self, part: &Part, circumstances: &Circumstances<'_>) {
        let Circumstances { snapshot, decode, .. } = circumstances;
        let index = self.parts.len();
        if decode.deadline.has_passed() {
            return;
        }
        let has_scopes = snapshot.rules.has_scopes();
        if part.kind.is_for_rules() {
            if has_scopes {
                self.lineage.add(part, None);
            }
            self.parts.push(MediaType::Known(part.kind.name()));
            return self.match_text(index, part, circumstances);
        }
        if !part.cuts.is_empty() {
            return self.look_at_cuts(index, part, circumstances);
        }
        let made;
        let hashes = match (part.composition.as_deref(), circumstances.known_of(part)) {
            (Some(composition), _) => {
                made = self.hash_composition(composition, snapshot.wanted, decode);
                &made
            }
            (None, Some(known)) => &known.hashes,
            (None, None) => {
                let wanted = if part.is_made { snapshot.wanted.perceptual() } else { snapshot.wanted };
                made = hash_part(&part.bytes, wanted, decode);
                &made
            }
        };
        self.decoder_panics += u64::from(hashes.problem == Some(DecodeError::Panicked));
        self.lacks_work |= hashes.problem == Some(DecodeError::TooMuchWork);
        self.parts.push(hashes.media_type);
        if has_scopes {
            self.lineage.add(part, Some(hashes.media_type));
        }
        if matches!(part.kind, PartKind::Body | PartKind::Envelope) {
            self.body_is_picture = !hashes.views.is_empty();
        }
        if self.may_be_read_so(part) {
            self.note_doubts(index, part, hashes, circumstances);
        }
        self.has_fields |= part.kind == PartKind::Field;
        let first = self.findings.matches.len();
        self.match_hashes(index, hashes, snapshot);
        self.note_content(first, &part.bytes);
        if !is_text(part, hashes.media_type) {
            if snapshot.config.limits.scan_opaque && is_opaque(part, hashes.media_type) {
                self.match_strings(index, part, circumstances);
            }
            return;
        }
        if !may_be_mixed(part) {
            return self.match_text(index, part, circumstances);
        }
        let stretches = Stretches::of(&part.bytes);
        if stretches.as_ref().is_some_and(Stretches::are_all) {
            return self.match_text(index, part, circumstances);
        }
        let first = self.findings.matches.len();
        if let Some(stretches) = stretches {
            self.match_text(index, &stretches.as_part(part), circumstances);
            stretches.settle(&mut self.findings.matches[first..]);
        }
        self.match_strings(index, part, circumstances);
    }

    /// Hashes what a document shows. Pages are rendered on a budget of their own, which all documents of an upload
    /// share.
    fn hash_composition(
        &mut self,
        composition: &Composition,
        wanted: AlgorithmSet,
        decode: &DecodeMeans<'_>,
    ) -> PartHashes {
        if !matches!(composition, Composition::Pages(_)) {
            return hash_composition(composition, wanted, decode);
        }
        let render_work = decode.limits.render_work.saturating_sub(self.rendered);
        let limits = DecodeLimits { render_work, ..*decode.limits };
        let (hashes, took) =
            apart(|| hash_composition(composition, wanted, &DecodeMeans { limits: &limits, ..*decode }));
        self.rendered += took;
        hashes
    }

    /// Whether a picture that cannot be decoded may be a doubt. It is none where chance makes pictures: in a file that
    /// seems to begin in the middle of other bytes, in samples, in one of several readings, and in the start of a
    /// picture up to its first `&`, since curl calls whatever it sends a form unless told otherwise.
    fn may_be_read_so(&self, part: &Part) -> bool {
        let is_start_of_body = !self.has_fields && part.kind == PartKind::Field && part.name.is_none();
        let is_chance = matches!(part.kind, PartKind::Carved | PartKind::Samples | PartKind::Reading);
        !(is_chance || self.body_is_picture && is_start_of_body)
    }

    /// Compares what `part` is up to each of its cuts, by digests only.
    fn look_at_cuts(&mut self, index: usize, part: &Part, circumstances: &Circumstances<'_>) {
        let Circumstances { snapshot, decode, .. } = circumstances;
        let media_type = MediaType::Known(part.kind.name());
        self.parts.push(media_type);
        if snapshot.rules.has_scopes() {
            self.lineage.add(part, Some(media_type));
        }
        if !affords_hashing(&decode.deadline, &part.bytes) {
            self.lacks_work = true;
            return;
        }
        for (length, hashes) in part.cuts.iter().zip(hash_up_to(&part.bytes, &part.cuts, snapshot.wanted)) {
            let first = self.findings.matches.len();
            self.match_hashes(index, &hashes, snapshot);
            self.note_content(first, &part.bytes[..*length]);
        }
    }

    fn doubt(&mut self, kind: DoubtKind, code: &'static str, part: Option<usize>) {
        self.findings.doubts.push(Doubt { kind, code, part, offset: None });
    }

    /// Doubts what there was too little work for, once.
    fn doubt_work(&mut self) {
        let code = ProblemCode::TooMuchWork.code();
        if self.findings.doubts.iter().all(|doubt| doubt.code != code) {
            self.doubt(DoubtKind::OverLimit, code, None);
        }
    }

    /// Notes why the picture in `part`, which is part number `index`, was not hashed. Of a guess only limits count:
    /// what is too large to be looked at is so whoever reads it.
    fn note_doubts(&mut self, index: usize, part: &Part, hashes: &PartHashes, circumstances: &Circumstances<'_>) {
        let Circumstances { snapshot, decode, .. } = circumstances;
        let counts = |kind: DoubtKind| !part.is_guess || kind == DoubtKind::OverLimit;
        // Where time ran out for all of the inspection, that is the doubt, and not that this picture takes too long.
        let is_of_picture = |error: &&DecodeError| match error {
            DecodeError::Deadline => !decode.deadline.has_passed(),
            DecodeError::TooMuchWork => false,
            _ => true,
        };
        if let Some(error) = hashes.problem.as_ref().filter(is_of_picture)
            && counts(doubt_kind(error))
        {
            self.doubt(doubt_kind(error), error.code(), Some(index));
        }
        let mut unreliable = hashes.views.iter().map(|view| why_unreliable(view, snapshot));
        // One view to rely on is enough: the first frame of many is black.
        if let Some(Some(first)) = unreliable.next()
            && unreliable.all(|reason| reason.is_some())
            && counts(DoubtKind::Unhashable)
        {
            self.doubt(DoubtKind::Unhashable, first, Some(index));
        }
    }

    /// Tells the matches from `first` on, all of one part, what that part holds. Only matched bytes are hashed.
    fn note_content(&mut self, first: usize, bytes: &[u8]) {
        let matches = &mut self.findings.matches[first..];
        if matches.is_empty() {
            return;
        }
        let hash = CONTENT_KEY.hash_one(bytes);
        for found in matches {
            if let MatchSource::Hash { content, .. } = &mut found.source {
                *content = hash;
            }
        }
    }
}
