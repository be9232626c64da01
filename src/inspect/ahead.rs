//! What can be found out about an upload before its last byte has come.
//!
//! Wherever a part seems to lie, it is digested while it comes, searched if it reads as text, and decoded if it is a
//! picture and whole. When the body is whole it is examined as ever; only what is known of a part at just the same
//! place is not worked out again. So a wrong guess costs time, and changes nothing.

use std::collections::HashMap;
use std::ops::{Deref, Range};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::content::{Deadline, goes_on_as_text, reads_as_text};
use crate::extract::{Arriving, Stretch};
use crate::media::{DecodeError, DecodeMeans, Digester, PartHashes, hash_digested_part, sniff};
use crate::snapshot::Snapshot;
use crate::text::{RuleMatch, RuleSet, Scanner};

/// Bytes that a part must have to be worked on ahead: below, it is done in a moment when everything is there.
const WORTH: usize = 64 << 10;

/// Bytes taken in between two looks at whether to go on.
const STEP: usize = 256 << 10;

/// Work on a body that is still arriving.
#[derive(Debug)]
pub(super) struct Ahead {
    snapshot: Arc<Snapshot>,
    arriving: Arriving,
    /// What is worked on, and how far.
    stretch: Option<Stretch>,
    part: Option<PartAhead>,
    known: Known,
    /// Bytes taken in.
    taken: u64,
    /// Processor time that it took.
    worked: Duration,
}

/// Whether there is more to do about what has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// All is done.
    Nothing,
    /// It was broken off.
    Something,
}

/// A part that is worked on.
#[derive(Debug)]
struct PartAhead {
    /// Up to where in the body it is taken in.
    end: usize,
    digester: Digester,
    /// None where it does not read as text.
    scanner: Option<Scanner<RulesOf>>,
}

/// What was found out about parts of a body while it arrived, by where they lie.
#[derive(Debug, Default)]
pub struct Known(HashMap<Range<usize>, KnownPart>);

/// What is known of the bytes of one part.
#[derive(Debug)]
pub(super) struct KnownPart {
    pub(super) hashes: PartHashes,
    /// The rules that they fulfil, wherever those apply; `None` where nobody looked.
    pub(super) matches: Option<Vec<RuleMatch>>,
}

/// The rules of a snapshot.
#[derive(Debug)]
struct RulesOf(Arc<Snapshot>);

impl Deref for RulesOf {
    type Target = RuleSet;

    fn deref(&self) -> &RuleSet {
        &self.0.rules
    }
}

impl Known {
    /// What is known of `part`, if that is a slice of `body`.
    pub(super) fn of(&self, part: &Bytes, body: &Bytes) -> Option<&KnownPart> {
        let start = part.as_ptr().addr().checked_sub(body.as_ptr().addr())?;
        let end = start.checked_add(part.len()).filter(|end| *end <= body.len())?;
        self.0.get(&(start..end))
    }
}

impl Ahead {
    /// A body with these `Content-Type` and `Content-Encoding` headers, to be compared with `snapshot`; `None` where
    /// nothing can be told of its parts before it is whole.
    pub(super) fn new(snapshot: Arc<Snapshot>, content_types: &[Bytes], content_encodings: &[Bytes]) -> Option<Self> {
        let arriving = Arriving::of(content_types, content_encodings, snapshot.config.limits.extract.max_part_header)?;
        Some(Self {
            snapshot,
            arriving,
            stretch: None,
            part: None,
            known: Known::default(),
            taken: 0,
            worked: Duration::ZERO,
        })
    }

    /// The snapshot that everything is compared with.
    pub(super) fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Bytes that have been worked on.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Processor time that has been worked, which the inspection of the whole does not get again.
    pub(super) fn worked(&self) -> Duration {
        self.worked
    }

    /// Counts `work` that has been done.
    pub(super) fn note_work(&mut self, work: Duration) {
        self.worked += work;
    }

    /// Works on `body`, all that has come so far, until nothing is left to do or `is_over`.
    pub(super) fn go_on(&mut self, body: &Bytes, decode: &DecodeMeans<'_>, is_over: &dyn Fn() -> bool) -> Left {
        loop {
            if self.stretch.as_ref().is_none_or(|stretch| !stretch.is_whole) {
                self.stretch = self.arriving.next(body);
            }
            let Some(stretch) = self.stretch.clone() else { return Left::Nothing };
            if self.take_in(body, &stretch, is_over) == Left::Something {
                return Left::Something;
            }
            if !stretch.is_whole {
                return Left::Nothing;
            }
            self.close(body, stretch.range, decode);
        }
    }

    /// What is known of `body`, now that it is whole.
    pub(super) fn finish(mut self, body: &Bytes, decode: &DecodeMeans<'_>) -> Known {
        let deadline = decode.deadline;
        if let Some(scanner) = self.part.as_mut().and_then(|part| part.scanner.as_mut()) {
            scanner.set_deadline(deadline);
        }
        let is_over = || deadline.has_passed();
        self.go_on(body, decode, &is_over);
        // What has no end of its own ends here.
        if let Some(stretch) = self.stretch.take()
            && !stretch.is_whole
        {
            let last = Stretch { range: stretch.range.start..body.len(), ..stretch };
            if self.take_in(body, &last, &is_over) == Left::Nothing {
                self.close(body, last.range, decode);
            }
        }
        self.known
    }

    /// Takes in what is new of `stretch`.
    fn take_in(&mut self, body: &Bytes, stretch: &Stretch, is_over: &dyn Fn() -> bool) -> Left {
        if self.part.is_none() && stretch.range.len() < WORTH {
            return Left::Nothing;
        }
        let part =
            self.part.get_or_insert_with(|| PartAhead::begin(&self.snapshot, &body[stretch.range.clone()], stretch));
        for piece in body[part.end..stretch.range.end].chunks(STEP) {
            if is_over() {
                return Left::Something;
            }
            part.digester.push(piece);
            // Of what turns out to be something else, rules look at stretches as well.
            part.scanner = part.scanner.take().filter(|_| goes_on_as_text(piece));
            part.scanner.iter_mut().for_each(|scanner| scanner.push(piece));
            part.end += piece.len();
            self.taken += piece.len() as u64;
        }
        Left::Nothing
    }

    /// Notes what is known of the part at `range`, which is taken in.
    fn close(&mut self, body: &Bytes, range: Range<usize>, decode: &DecodeMeans<'_>) {
        self.stretch = None;
        if let Some(part) = self.part.take() {
            let hashes = hash_digested_part(&body[range.clone()], part.digester, self.snapshot.wanted, decode);
            // A picture that time ran out for, and not its own, is decoded again when its turn comes.
            let has_run_out = match hashes.problem {
                Some(DecodeError::Deadline) => decode.deadline.has_passed(),
                Some(DecodeError::TooMuchWork) => true,
                _ => false,
            };
            if !has_run_out {
                self.known.0.insert(range, KnownPart { hashes, matches: part.scanner.map(Scanner::finish) });
            }
        }
    }
}

impl PartAhead {
    fn begin(snapshot: &Arc<Snapshot>, start: &[u8], stretch: &Stretch) -> Self {
        // Of a picture rules look at stretches, once it is whole.
        let is_text =
            stretch.is_for_rules && !snapshot.rules.is_empty() && reads_as_text(start) && !sniff(start).is_picture();
        let scanner = is_text.then(|| Scanner::new(RulesOf(Arc::clone(snapshot)), Deadline::NEVER));
        Self { end: stretch.range.start, digester: Digester::new(snapshot.wanted), scanner }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::body::Stores;
    use crate::config::Ambiguity;
    use crate::content::{Algorithm, AlgorithmSet, DecodeLimits, HashValue};
    use crate::hash_set::Silent;
    use crate::inspect::{Examination, Resources, Upload, examine};
    use crate::media::{NoForeignDecoder, hash_part_here};
    use crate::snapshot::{Fetching, load};

    /// A picture without compression, in which nothing is like anything else.
    fn picture() -> Vec<u8> {
        let noise = (0..256_u32 * 256).map(|i| (i.wrapping_mul(i >> 9).wrapping_mul(2_654_435_761) >> 24) as u8);
        b"P5 256 256 255\n".iter().copied().chain(noise).collect()
    }

    fn snapshot(listed: &[u8]) -> Arc<Snapshot> {
        let folder = tempfile::tempdir().unwrap();
        let config = "rules = [\"rules.toml\"]\n[[listener]]\naddress = \"127.0.0.1:1\"\n[[origin]]\nname = \"site\"\n\
                      servers = [\"127.0.0.1:2\"]\n[[hash_set]]\nname = \"known\"\npath = \"known.csv\"\n";
        let hashes =
            [listed, &picture()].map(|bytes| hash_part_here(bytes, AlgorithmSet::all(), &DecodeLimits::default()));
        let sha256 = hashes[0].digests().find(|hash| hash.algorithm() == Algorithm::Sha256).unwrap();
        let pdq = HashValue::Pdq(hashes[1].views[0].pdq.as_ref().unwrap().as_ref().unwrap().dihedral[3]);
        fs::write(folder.path().join("known.csv"), format!("algorithm,hash\nsha256,{sha256}\npdq,{pdq}\n")).unwrap();
        fs::write(folder.path().join("rules.toml"), "[[rule]]\nid = \"veg\"\nkeywords = [\"turnip\"]\n").unwrap();
        let config_file = folder.path().join("penstock.toml");
        fs::write(&config_file, config).unwrap();
        Arc::new(load(&config_file, Fetching::Offline, &Silent).unwrap().0)
    }

    fn found(upload: &Upload, snapshot: &Snapshot, known: &Known) -> Examination {
        let (stores, deadline) = (Stores::default(), Deadline::NEVER);
        examine(upload, snapshot, &Resources { stores: &stores, foreign: &NoForeignDecoder, deadline, known })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn what_is_found_is_the_same_however_much_was_known_before(
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            is_form in any::<bool>(),
        ) {
            let text = ["a turnip in an overlong text ".repeat(4000), "no more vegetables ".repeat(4000)];
            let listed = b"bytes of a listed file".repeat(9000);
            let snapshot = snapshot(&listed);
            let contents: [&[u8]; 6] =
                [text[0].as_bytes(), b"a short turnip", &picture(), &listed, text[1].as_bytes(), &[7; 70_000]];
            let mut body = Vec::new();
            for content in contents {
                let head = b"--xYx\r\nContent-Disposition: form-data; name=\"n\"; filename=\"f\"\r\n\
                             Content-Type: application/octet-stream\r\n\r\n";
                body.extend([if is_form { head } else { &b""[..] }, content, b"\r\n"].concat());
            }
            body.extend_from_slice(if is_form { b"--xYx--\r\n" } else { b"" });
            let content_type = if is_form { &b"multipart/form-data; boundary=xYx"[..] } else { b"text/plain" };
            let upload = Upload {
                body: body.into(),
                content_types: vec![Bytes::from_static(content_type)],
                content_encodings: Vec::new(),
                names: Vec::new(),
                query: None,
                ambiguity: Ambiguity::Refuse,
                route: "uploads".into(),
            };
            let limits = DecodeLimits::default();
            let decode = DecodeMeans { limits: &limits, deadline: Deadline::NEVER, foreign: &NoForeignDecoder };
            let mut ahead = Ahead::new(Arc::clone(&snapshot), &upload.content_types, &[]).unwrap();
            let mut lengths: Vec<usize> = cuts.iter().map(|cut| cut.index(upload.body.len() + 1)).collect();
            lengths.sort_unstable();
            for (number, length) in lengths.into_iter().enumerate() {
                // Every third time, somebody else wants the thread.
                let _left = ahead.go_on(&upload.body.slice(..length), &decode, &|| number % 3 == 2);
            }
            let known = ahead.finish(&upload.body, &decode);
            prop_assert_eq!(known.0.len(), if is_form { 5 } else { 1 });
            let (with, without) = (found(&upload, &snapshot, &known), found(&upload, &snapshot, &Known::default()));
            prop_assert_eq!(&with.parts, &without.parts);
            prop_assert_eq!(&with.findings, &without.findings);
            let least = if is_form { 4 } else { 1 };
            prop_assert!(with.findings.matches.len() >= least);
        }
    }

    #[test]
    fn what_lies_elsewhere_is_not_known() {
        let body = Bytes::from(vec![b'x'; 100]);
        let hashes = || hash_part_here(b"", AlgorithmSet::EMPTY, &DecodeLimits::default());
        let known = Known(HashMap::from([(10..20, KnownPart { hashes: hashes(), matches: None })]));
        assert!(known.of(&body.slice(10..20), &body).is_some());
        for other in [body.slice(10..21), body.slice(11..20), Bytes::copy_from_slice(&body[10..20]), Bytes::new()] {
            assert!(known.of(&other, &body).is_none());
        }
    }
}
