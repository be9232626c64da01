//! What the hashes, the texts and the words of a part fit.

use std::sync::Arc;

use super::{Circumstances, Examination};
use crate::config::Share;
use crate::content::{Algorithm, Deadline, Distance, HashValue, Part, PdqHash, SetAction, Strings};
use crate::hash_set::{About, EntryIndex};
use crate::media::{PartHashes, PdqHashes, ViewHashes, affords_hashing, is_degenerate};
use crate::snapshot::{LoadedSet, LoadedTexts, Snapshot};
use crate::text::{Rule, Setting, Sought, find_near_copies};
use crate::verdict::{DoubtKind, Grounds, Listing, Match, MatchSource};

/// Near-copies of one list that are told of one part. A list with a hundred versions of a text finds most of them at
/// once.
const MOST_NEAR_COPIES: usize = 16;

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
    pub(super) fn match_hashes(&mut self, part: usize, hashes: &PartHashes, snapshot: &Snapshot) {
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

    /// Compares the words in `part`, which is no text, or not all of it.
    pub(super) fn match_strings(&mut self, index: usize, part: &Part, circumstances: &Circumstances<'_>) {
        let deadline = &circumstances.decode.deadline;
        if circumstances.snapshot.rules.is_empty() {
            return;
        }
        if !affords_hashing(deadline, &part.bytes) {
            self.lacks_work = true;
            return;
        }
        let strings = Strings::of(&part.bytes);
        if strings.text.is_empty() {
            return;
        }
        let first = self.findings.matches.len();
        let content = Part { bytes: strings.text.clone().into(), ..part.clone() };
        self.match_rules(index, &content, circumstances);
        let found = self.findings.matches.split_off(first);
        for mut found in found {
            let MatchSource::Rule { rule, spans, .. } = &mut found.source else { continue };
            let is_same =
                |source: &MatchSource| matches!(source, MatchSource::Rule { rule: other, .. } if other == rule);
            if self.findings.matches.iter().any(|known| known.part == index && is_same(&known.source)) {
                continue;
            }
            for (start, end) in spans {
                (*start, *end) = (strings.place(*start), strings.place(*end));
            }
            self.findings.matches.push(found);
        }
    }

    pub(super) fn match_text(&mut self, part: usize, content: &Part, circumstances: &Circumstances<'_>) {
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
