//! The work of one inspection, on one thread.

use std::sync::Arc;

use super::Upload;
use crate::content::{Algorithm, Deadline, Distance, HashValue, MediaType, Part, PartKind};
use crate::extract::{ContentTypes, Extraction, extract};
use crate::hash_set::EntryIndex;
use crate::media::{PartHashes, PdqHashes, PictureHashes, hash_part};
use crate::snapshot::{LoadedSet, Snapshot};
use crate::verdict::{Doubt, DoubtKind, Findings, Match, MatchSource};

/// What was found, and what was looked at.
#[derive(Debug, Default)]
pub struct Examination {
    /// Matches and doubts.
    pub findings: Findings,
    /// What each part turned out to be.
    pub parts: Vec<MediaType>,
}

/// Takes `upload` apart, hashes and scans every part, and compares it with `snapshot`.
///
/// Past `deadline` it stops between two steps and says so with a doubt.
pub fn examine(upload: &Upload, snapshot: &Snapshot, deadline: &Deadline) -> Examination {
    let content_types: Vec<&[u8]> = upload.content_types.iter().map(AsRef::as_ref).collect();
    let extraction = extract(&upload.body, ContentTypes(&content_types), &snapshot.config.limits.extract);
    let mut examination = Examination::default();
    examination.findings.doubts.extend(extraction.problems.iter().map(|problem| Doubt {
        kind: DoubtKind::Malformed,
        code: problem.code.code(),
        part: None,
        offset: problem.offset,
    }));
    if upload.content_encoding.as_ref().is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        examination.doubt(DoubtKind::Undecodable, "content_encoding", None);
    }
    let mut body_is_picture = false;
    for (index, part) in extraction.parts.iter().enumerate() {
        if deadline.has_passed() {
            break;
        }
        let hashes = hash_part(&part.bytes, snapshot.wanted, &snapshot.config.limits.decode);
        examination.parts.push(hashes.media_type);
        if part.kind == PartKind::Body {
            body_is_picture = matches!(hashes.picture, Some(Ok(_)));
        }
        if !(body_is_picture && is_start_of_body(index, part)) {
            examination.note_doubts(index, &hashes, snapshot);
        }
        examination.match_hashes(index, &hashes, snapshot);
        if is_text(part, hashes.media_type, &extraction) {
            examination.match_rules(index, part, snapshot, deadline);
        }
    }
    if deadline.has_passed() {
        examination.doubt(DoubtKind::Deadline, "deadline", None);
    }
    examination
}

/// Whether a part is what a form parser makes of the start of a body, up to its first `&`. curl calls whatever it sends
/// a form unless told otherwise, and the start of a picture is not a broken picture.
fn is_start_of_body(index: usize, part: &Part) -> bool {
    index == 1 && part.kind == PartKind::Field && part.name.is_none()
}

/// Whether rules look at a part: fields and JSON strings whatever they hold, other parts when they read as text, or are
/// called text and are no picture. A body that was taken apart is not read again as a whole.
fn is_text(part: &Part, media_type: MediaType, extraction: &Extraction) -> bool {
    let declared = part.declared_type.as_deref().and_then(|declared| declared.trim_start().get(..5));
    let is_called_text = declared.is_some_and(|start| start.eq_ignore_ascii_case("text/"));
    let reads_as_text = media_type == MediaType::Text || is_called_text && !media_type.is_picture();
    match part.kind {
        PartKind::Field | PartKind::JsonString => true,
        PartKind::File => reads_as_text,
        PartKind::Body => reads_as_text && extraction.parts.len() == 1,
    }
}

impl Examination {
    fn doubt(&mut self, kind: DoubtKind, code: &'static str, part: Option<usize>) {
        self.findings.doubts.push(Doubt { kind, code, part, offset: None });
    }

    fn note_doubts(&mut self, part: usize, hashes: &PartHashes, snapshot: &Snapshot) {
        match &hashes.picture {
            Some(Err(error)) => self.doubt(DoubtKind::Undecodable, error.code(), Some(part)),
            Some(Ok(PictureHashes { pdq: Some(Err(reason)), .. })) => {
                self.doubt(DoubtKind::Unhashable, reason.code(), Some(part));
            }
            Some(Ok(PictureHashes { pdq: Some(Ok(pdq)), .. })) => {
                let lists_pdq = |set: &LoadedSet| set.set.count(Algorithm::Pdq) > 0;
                if snapshot.sets.iter().any(|set| lists_pdq(set) && pdq.quality < set.policy.min_quality) {
                    self.doubt(DoubtKind::Unhashable, "picture_low_quality", Some(part));
                }
            }
            Some(Ok(_)) | None => {}
        }
    }

    fn match_hashes(&mut self, part: usize, hashes: &PartHashes, snapshot: &Snapshot) {
        for set in &snapshot.sets {
            for digest in hashes.digests() {
                for entry in set.set.find_digest(&digest) {
                    self.found(part, set, entry, Distance(0), None);
                }
            }
            if let Some(Ok(picture)) = &hashes.picture {
                self.match_picture(part, set, picture);
            }
        }
    }

    fn match_picture(&mut self, part: usize, set: &LoadedSet, picture: &PictureHashes) {
        if let Some(Ok(PdqHashes { quality, dihedral })) = &picture.pdq
            && *quality >= set.policy.min_quality
        {
            let queries = dihedral.map(HashValue::Pdq);
            for near in set.set.find_near(&queries, set.policy.max_distance(Algorithm::Pdq)) {
                self.found(part, set, near.entry, near.distance, Some(*quality));
            }
        }
        for query in picture.hash64s() {
            for near in set.set.find_near(&[query], set.policy.max_distance(query.algorithm())) {
                self.found(part, set, near.entry, near.distance, None);
            }
        }
    }

    fn found(&mut self, part: usize, set: &LoadedSet, entry: EntryIndex, distance: Distance, quality: Option<u8>) {
        let entry = set.set.entry(entry);
        self.findings.matches.push(Match {
            part,
            source: MatchSource::Hash {
                set: Arc::clone(&set.name),
                entry: Arc::from(entry.name()),
                algorithm: entry.hash.algorithm(),
                distance,
                quality,
            },
            labels: entry.label.into_iter().map(Arc::from).collect(),
            action: set.policy.action,
            mode: set.policy.mode,
        });
    }

    fn match_rules(&mut self, part: usize, content: &Part, snapshot: &Snapshot, deadline: &Deadline) {
        for found in snapshot.rules.scan(&content.bytes, deadline) {
            let rule = &snapshot.rules.rules()[found.rule];
            self.findings.matches.push(Match {
                part,
                source: MatchSource::Rule {
                    rule: Arc::from(rule.id.as_str()),
                    spans: found.spans.iter().map(|span| (span.start, span.end)).collect(),
                },
                labels: rule.labels.iter().map(|label| Arc::from(label.as_str())).collect(),
                action: rule.action,
                mode: rule.mode,
            });
        }
    }
}
