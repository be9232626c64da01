//! The work of one inspection, on one thread.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;

use super::Upload;
use super::ahead::{Known, KnownPart};
use super::doubts::{doubt_about, doubt_kind, why_unreliable};
use super::lineage::Lineage;
use super::stretches::Stretches;
use crate::body::{Scratch, Stores};
use crate::config::Share;
use crate::content::{
    Algorithm, Deadline, Distance, HashValue, MediaType, Part, PartKind, PdqHash, SetAction, UnixTime, reads_as_text,
};
use crate::extract::{Means, ProblemCode, Source, dissect};
use crate::hash_set::{About, EntryIndex};
use crate::media::{
    DecodeError, DecodeMeans, ForeignDecoder, PartHashes, PdqHashes, ViewHashes, affords_hashing, hash_mosaic,
    hash_part, hash_up_to, is_degenerate,
};
use crate::snapshot::{LoadedSet, LoadedTexts, Snapshot, unix_now};
use crate::text::{Rule, Setting, Sought, find_near_copies};
use crate::verdict::{Doubt, DoubtKind, Findings, Grounds, Listing, Match, MatchSource};

/// Makes hashes of contents that nobody outside can foresee or make collide.
static CONTENT_KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Near-copies of one list that are told of one part. A list with a hundred versions of a text finds most of them at
/// once.
const MOST_NEAR_COPIES: usize = 16;

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

/// What a list says about an entry, for records that outlive the list.
fn listing_of(about: &About<'_>) -> Listing {
    let kept = |text: Option<&str>| text.map(Arc::from);
    Listing {
        category: kept(about.category),
        source: kept(about.source),
        confidence: kept(about.confidence),
        tags: kept(about.tags),
        added: kept(about.added),
        updated: kept(about.updated),
        note: kept(about.note),
    }
}

fn grounds_of(rule: &Rule) -> Grounds {
    let (legal_ground, jurisdiction) = (rule.legal_ground.clone(), rule.jurisdiction.clone());
    Grounds { severity: rule.severity, legal_ground, jurisdiction }
}

/// Whether rules look at a part: values whatever they hold, other parts when they read as text, even where they begin
/// with a small picture, or are called text and are no picture. A body that was taken apart is not read again as a
/// whole.
fn is_text(part: &Part, media_type: MediaType) -> bool {
    match part.kind {
        PartKind::Field | PartKind::JsonString | PartKind::XmlText => true,
        PartKind::Name | PartKind::Text | PartKind::Metadata => true,
        PartKind::Envelope | PartKind::Samples => false,
        _ if media_type.is_picture() => reads_as_text(&part.bytes),
        _ => media_type == MediaType::Text || part.is_called_text(),
    }
}

/// Whether rules look at `part` because of what its bytes are, and not whatever they are.
const fn is_of_whole_files(part: &Part) -> bool {
    !matches!(part.kind, PartKind::Field | PartKind::JsonString | PartKind::XmlText)
}

/// What is searched for of a picture: its eight orientations, and its negative.
fn queries_of(hashes: &PdqHashes) -> impl Iterator<Item = PdqHash> {
    hashes.dihedral.into_iter().chain([hashes.dihedral[0].negative()])
}

/// The quality of that one of `hashes` which is nearest to a listed hash.
fn quality_of_nearest(hashes: &[&PdqHashes], listed: &HashValue) -> Option<u8> {
    let HashValue::Pdq(listed) = listed else {
        return None;
    };
    let distance = |pdq: &&&PdqHashes| queries_of(pdq).map(|hash| hash.distance(listed)).min();
    hashes.iter().min_by_key(distance).map(|pdq| pdq.quality)
}

fn sought(texts: &LoadedTexts) -> Sought<'_> {
    Sought {
        list: &texts.list,
        threshold: texts.source.threshold.get(),
        tlsh_distance: texts.source.tlsh_distance,
        most: MOST_NEAR_COPIES,
    }
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
        let hashes = match (&part.mosaic, circumstances.known_of(part)) {
            (Some(mosaic), _) => {
                made = hash_mosaic(mosaic, snapshot.wanted, decode);
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
            return;
        }
        // What is decoded is no text, but something may be beside it.
        if hashes.media_type.is_picture() && !hashes.views.is_empty() && is_of_whole_files(part) {
            let Some(stretches) = Stretches::of(&part.bytes) else { return };
            let first = self.findings.matches.len();
            self.match_text(index, &stretches.as_part(part), circumstances);
            return stretches.settle(&mut self.findings.matches[first..]);
        }
        self.match_text(index, part, circumstances);
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

    fn match_hashes(&mut self, part: usize, hashes: &PartHashes, snapshot: &Snapshot) {
        for set in &snapshot.sets {
            for digest in hashes.digests() {
                for entry in set.set.find_digest(&digest) {
                    self.found(part, set, entry, Distance(0), |_| None);
                }
            }
            self.match_views(part, set, &hashes.views);
        }
    }

    fn match_views(&mut self, part: usize, set: &LoadedSet, views: &[ViewHashes]) {
        let hashed = views.iter().filter_map(|view| view.pdq.as_ref()?.as_ref().ok());
        let reliable: Vec<&PdqHashes> = hashed.filter(|pdq| pdq.quality >= set.policy.min_quality).collect();
        let queries: Vec<HashValue> = reliable.iter().flat_map(|pdq| queries_of(pdq)).map(HashValue::Pdq).collect();
        self.match_near(part, set, &queries, |listed| quality_of_nearest(&reliable, listed));
        for algorithm in [Algorithm::AHash, Algorithm::DHash, Algorithm::PHash] {
            let own = views.iter().flat_map(ViewHashes::hash64s).filter(|hash| hash.algorithm() == algorithm);
            let queries: Vec<HashValue> = own.filter(|hash| !is_degenerate(hash)).collect();
            self.match_near(part, set, &queries, |_| None);
        }
    }

    /// Matches `queries`, hashes of one algorithm. A search that gave up before it had found anything is a doubt, if
    /// what it missed would act.
    fn match_near(
        &mut self,
        part: usize,
        set: &LoadedSet,
        queries: &[HashValue],
        quality: impl Fn(&HashValue) -> Option<u8>,
    ) {
        let Some(first) = queries.first() else {
            return;
        };
        let radius = set.policy.max_distance(first.algorithm());
        let nearby = set.set.find_near(queries, radius);
        if nearby.is_capped && nearby.entries.is_empty() && set.policy.acts() {
            self.doubt(DoubtKind::OverLimit, "too_much_alike", Some(part));
        }
        for near in nearby.entries {
            self.found(part, set, near.entry, near.distance, &quality);
        }
    }

    /// `quality` is that of the upload's picture, by the listed hash.
    fn found(
        &mut self,
        part: usize,
        set: &LoadedSet,
        entry: EntryIndex,
        distance: Distance,
        quality: impl Fn(&HashValue) -> Option<u8>,
    ) {
        let entry = set.set.entry(entry);
        self.findings.matches.push(Match {
            part,
            source: MatchSource::Hash {
                set: Arc::clone(&set.name),
                entry: Arc::from(entry.name()),
                algorithm: entry.hash.algorithm(),
                distance,
                quality: quality(&entry.hash),
                listing: listing_of(&entry.about),
                listed: entry.hash,
                content: 0,
            },
            labels: entry.about.label.into_iter().map(Arc::from).collect(),
            action: set.policy.action,
            mode: set.policy.mode,
            marks: Vec::new(),
        });
    }

    fn match_text(&mut self, part: usize, content: &Part, circumstances: &Circumstances<'_>) {
        self.match_rules(part, content, circumstances);
        self.match_known_texts(part, content, circumstances.snapshot, &circumstances.decode.deadline);
    }

    fn match_known_texts(&mut self, part: usize, content: &Part, snapshot: &Snapshot, deadline: &Deadline) {
        let sought: Vec<Sought<'_>> = snapshot.texts.iter().map(sought).collect();
        for near in find_near_copies(&sought, &content.bytes, deadline) {
            let LoadedTexts { source, list, .. } = &snapshot.texts[near.list];
            self.findings.matches.push(Match {
                part,
                source: MatchSource::Text {
                    list: Arc::clone(&source.name),
                    entry: Arc::clone(&list.texts()[near.text].id),
                    score: Share::new(near.score).unwrap_or_default(),
                    distance: near.distance,
                    span: (near.span.start, near.span.end),
                },
                labels: source.labels.clone(),
                action: SetAction::Act(source.action),
                mode: source.mode,
                marks: Vec::new(),
            });
        }
    }

    fn match_rules(&mut self, part: usize, content: &Part, circumstances: &Circumstances<'_>) {
        let Circumstances { snapshot, route, now, decode, .. } = circumstances;
        let setting = Setting { now: Some(*now), route: Some(route), lineage: self.lineage.of(part) };
        let known = circumstances.known_of(content).and_then(|known| known.matches.clone());
        let matches = known.unwrap_or_else(|| snapshot.rules.scan(&content.bytes, &decode.deadline));
        for found in snapshot.rules.applying(matches, &setting) {
            let rule = &snapshot.rules.rules()[found.rule];
            self.findings.matches.push(Match {
                part,
                source: MatchSource::Rule {
                    rule: Arc::from(rule.id.as_str()),
                    spans: found.spans.iter().map(|span| (span.start, span.end)).collect(),
                    grounds: grounds_of(rule),
                },
                labels: rule.labels.iter().map(|label| Arc::from(label.as_str())).collect(),
                action: SetAction::Act(rule.action),
                mode: rule.mode,
                marks: Vec::new(),
            });
        }
    }
}
