//! One upload being taken apart: hands out its parts one by one, gathers its problems, and keeps to the limits.
//!
//! A part is looked at and dropped before the next one is made, so that a large container costs no more memory than its
//! largest entry.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use crate::body::{CabinetMethod, Chain, Coding, End, RarEvent, RarReader, ScratchWriter, Unpacker};
use crate::content::{Deadline, ExtractLimits, Part, PartKind};

use super::inside;
use super::seen::Seen;
use super::{Ambiguity, Means, Problem, ProblemCode, ProblemKind};

/// Problems kept of one upload. More would tell nobody anything, and a hostile body could cause millions.
const MAX_PROBLEMS: usize = 32;

/// What has been found so far, and what may still be spent.
pub(super) struct Dissection<'a> {
    limits: &'a ExtractLimits,
    deadline: &'a Deadline,
    unpacker: Unpacker<'a>,
    ambiguity: Ambiguity,
    /// What the request calls its body as a file.
    body_name: Option<String>,
    visit: &'a mut dyn FnMut(&Part),
    parts: usize,
    carved: usize,
    is_full: bool,
    problems: Vec<Problem>,
    /// The part that is being looked into, and how many containers and encodings it is in.
    inside: Option<usize>,
    nesting: usize,
    /// Whether what is found now is found in a guess.
    is_guessing: bool,
    archives: SeenArchives,
    /// What was decoded, while each content is to be handed out once.
    decoded: Option<Seen>,
}

/// The archives that are slices of the part that is being looked into, and have been looked into themselves.
#[derive(Debug, Default)]
struct SeenArchives {
    part: Bytes,
    seen: HashSet<Range<usize>>,
}

impl SeenArchives {
    fn of(part: &Bytes) -> Self {
        Self { part: part.clone(), seen: HashSet::new() }
    }

    /// Where `slice` lies in the part.
    fn place(&self, slice: &[u8]) -> Option<Range<usize>> {
        let start = slice.as_ptr().addr().checked_sub(self.part.as_ptr().addr())?;
        Some(start..start.checked_add(slice.len())?).filter(|range| range.end <= self.part.len())
    }

    fn note(&mut self, slice: &[u8]) {
        if slice.starts_with(b"PK")
            && let Some(place) = self.place(slice)
        {
            self.seen.insert(place);
        }
    }
}

/// Takes the pieces of a stream as they are unpacked, and says when to stop.
type Target<'t, D> = dyn FnMut(&[u8], &mut D) -> Result<(), End> + 't;

impl<'a> Dissection<'a> {
    pub(super) fn new(means: &Means<'a>, ambiguity: Ambiguity, visit: &'a mut dyn FnMut(&Part)) -> Self {
        Self {
            limits: means.limits,
            deadline: means.deadline,
            unpacker: Unpacker::new(means.scratch, means.limits, means.deadline),
            ambiguity,
            body_name: None,
            visit,
            parts: 0,
            carved: 0,
            is_full: false,
            problems: Vec::new(),
            inside: None,
            nesting: 0,
            is_guessing: false,
            archives: SeenArchives::default(),
            decoded: None,
        }
    }

    /// Sets what the request calls its body as a file.
    pub(super) fn call_body(&mut self, name: Option<String>) {
        self.body_name = name;
    }

    /// What the request calls its body as a file.
    pub(super) fn body_name(&self) -> Option<&str> {
        self.body_name.as_deref()
    }

    pub(super) fn limits(&self) -> &'a ExtractLimits {
        self.limits
    }

    /// Whether every reading of an ambiguous body is looked at, in place of refusing it.
    pub(super) fn reads_all(&self) -> bool {
        self.ambiguity == Ambiguity::InspectAll
    }

    /// Hands out `part`, which starts near `offset`, and looks into it. The first one too many is reported and not
    /// handed out: see [`Dissection::is_over`].
    pub(super) fn add(&mut self, part: Part, offset: Option<usize>) {
        self.add_with(part, offset, |_| {});
    }

    /// The same, and whatever `more` adds is inside of the part.
    pub(super) fn add_with(&mut self, part: Part, offset: Option<usize>, more: impl FnOnce(&mut Self)) {
        let part = self.placed(part);
        if let Some(index) = self.hand_out(&part, offset) {
            self.archives.note(&part.bytes);
            self.enter(index, &part, more);
        }
    }

    /// Hands out `part` without looking into it.
    pub(super) fn show(&mut self, part: Part, offset: Option<usize>) {
        let part = self.placed(part);
        self.hand_out(&part, offset);
    }

    /// `part`, with what is known of it by where it was found.
    fn placed(&self, part: Part) -> Part {
        Part { inside: self.inside, is_guess: part.is_guess || self.is_guessing, ..part }
    }

    /// Its index, unless it was one too many.
    fn hand_out(&mut self, part: &Part, offset: Option<usize>) -> Option<usize> {
        if self.parts >= self.limits.max_parts {
            if !self.is_full {
                self.is_full = true;
                self.report(ProblemCode::TooManyParts, offset);
            }
            return None;
        }
        (self.visit)(part);
        self.parts += 1;
        Some(self.parts - 1)
    }

    /// Looks into `part`, whose index is `index`, and runs `more` there.
    fn enter(&mut self, index: usize, part: &Part, more: impl FnOnce(&mut Self)) {
        let outer = self.inside.replace(index);
        let archives = std::mem::replace(&mut self.archives, SeenArchives::of(&part.bytes));
        let decoded = self.decoded.take();
        self.nesting += 1;
        if part.is_guess {
            self.guess(|dissection| inside::look(part, dissection));
        } else {
            inside::look(part, self);
        }
        more(self);
        self.nesting -= 1;
        self.archives = archives;
        self.decoded = decoded;
        self.inside = outer;
    }

    /// Runs `look`, in which contents that are decoded are new once only: see [`Self::is_new`].
    pub(super) fn once(&mut self, look: impl FnOnce(&mut Self)) {
        let outer = self.decoded.replace(Seen::default());
        look(self);
        self.decoded = outer;
    }

    /// Whether `content`, which was decoded, is to be handed out.
    pub(super) fn is_new(&mut self, content: &[u8]) -> bool {
        self.decoded.as_mut().is_none_or(|decoded| decoded.is_new(content))
    }

    /// Runs `look`, of which all that is found is a guess: its problems do not count, but for limits that are reached.
    pub(super) fn guess(&mut self, look: impl FnOnce(&mut Self)) {
        let problems = self.problem_count();
        let outer = std::mem::replace(&mut self.is_guessing, true);
        look(self);
        self.is_guessing = outer;
        self.forget_problems(problems);
    }

    /// Whether `archive`, a slice of the part that is being looked into, has been looked into as an entry of it.
    pub(super) fn has_seen(&self, archive: &[u8]) -> bool {
        self.archives.place(archive).is_some_and(|place| self.archives.seen.contains(&place))
    }

    /// Whether what is found now lies in more containers and encodings than the limit allows.
    pub(super) fn is_too_deep(&self) -> bool {
        self.nesting > self.limits.max_nesting
    }

    /// When the inspection has to end.
    pub(super) const fn deadline(&self) -> &'a Deadline {
        self.deadline
    }

    /// Whether reading on is of no use: there are too many parts, or time has run out.
    pub(super) fn is_over(&self) -> bool {
        self.is_full || self.deadline.has_passed()
    }

    /// Whether there is enough work left for `count` steps that take `each` and cannot be stopped; too little is
    /// reported.
    pub(super) fn affords_steps(&mut self, count: u64, each: Duration) -> bool {
        let does = self.deadline.affords_steps(count, each);
        if !does {
            self.report(ProblemCode::TooMuchWork, None);
        }
        does
    }

    /// Whether one more file that begins in the middle of other bytes may be looked at.
    pub(super) fn may_carve(&mut self) -> bool {
        self.carved += 1;
        self.carved <= self.limits.max_carved
    }

    /// Adds a problem, unless there are enough. The first of each code is always kept: each may have another policy.
    pub(super) fn report(&mut self, code: ProblemCode, offset: Option<usize>) {
        if self.problems.len() < MAX_PROBLEMS || self.problems.iter().all(|problem| problem.code != code) {
            self.problems.push(Problem { code, part: self.inside, offset });
        }
    }

    /// Adds a problem that lies in servers reading the same bytes in different ways, unless every way is inspected.
    pub(super) fn ambiguous(&mut self, code: ProblemCode, offset: Option<usize>) {
        if !self.reads_all() {
            self.report(code, offset);
        }
    }

    pub(super) fn problem_count(&self) -> usize {
        self.problems.len()
    }

    pub(super) fn part_count(&self) -> usize {
        self.parts
    }

    /// Takes back the problems behind the first `count`, of what turned out not to be what it looked like. Limits that
    /// were reached stay.
    pub(super) fn forget_problems(&mut self, count: usize) {
        let mut index = 0;
        self.problems.retain(|problem| {
            index += 1;
            index <= count || matches!(problem.code.kind(), ProblemKind::OverLimit | ProblemKind::Overload)
        });
    }

    /// Begins content that is decompressed or decoded.
    pub(super) fn output(&self) -> ScratchWriter<'a> {
        self.unpacker.output()
    }

    /// Adds to `output` what the one stream at the start of `input` gives, up to the first fault.
    pub(super) fn unpack(&mut self, coding: Coding, input: &[u8], output: &mut ScratchWriter) -> End {
        self.unpacker.unpack(coding, input, output)
    }

    /// Gives `target` what the one stream at the start of `input` gives, up to the first fault, or what `target` says.
    pub(super) fn pour(&mut self, coding: Coding, input: &[u8], target: &mut Target<'_, Self>) -> End {
        if self.deadline.has_passed() {
            return End::Late;
        }
        Unpacker::pour(coding, input, &mut |piece| target(piece, self))
    }

    /// Counts `length` bytes of samples that are unpacked and not kept.
    ///
    /// # Errors
    /// A limit was passed.
    pub(super) fn pass(&mut self, length: usize) -> Result<(), End> {
        self.unpacker.pass(length)
    }

    /// How many bytes a stream counts as by its ratio, where a picture of `plain` bytes is known to be in it.
    pub(super) fn packed_as(&self, packed: usize, plain: u64) -> usize {
        self.unpacker.packed_as(packed, plain)
    }

    /// Adds to `output` what `chain` gives, up to the first fault.
    pub(super) fn unpack_chain(&mut self, chain: &Chain<'_>, output: &mut ScratchWriter) -> End {
        self.unpacker.unpack_chain(chain, output)
    }

    /// Adds to `output` what the blocks of a folder of a cabinet give, each with its length once it is unpacked.
    pub(super) fn unpack_cabinet(
        &mut self,
        method: CabinetMethod,
        blocks: &[(&[u8], usize)],
        output: &mut ScratchWriter,
    ) -> End {
        self.unpacker.unpack_cabinet(method, blocks, output)
    }

    /// What comes next of an archive of RAR; `None` at its end, and when time has run out.
    pub(super) fn next_of_rar(&self, reader: &mut RarReader) -> Option<RarEvent> {
        reader.next(self.deadline)
    }

    /// Adds decoded bytes to `output`; `packed` is how many bytes they came from.
    ///
    /// # Errors
    /// A limit was passed.
    pub(super) fn write(&mut self, piece: &[u8], packed: usize, output: &mut ScratchWriter) -> Result<(), End> {
        self.unpacker.write(piece, packed, output)
    }

    /// Adds to `output` what was unpacked before and has only changed its form.
    ///
    /// # Errors
    /// Time has run out, or there is no room.
    pub(super) fn copy(&mut self, piece: &[u8], output: &mut ScratchWriter) -> Result<(), End> {
        self.unpacker.copy(piece, output)
    }

    /// Adds the bytes of `block` to `output` and empties it, once there are `at_least` so many.
    ///
    /// # Errors
    /// A limit was passed.
    pub(super) fn flush(
        &mut self,
        block: &mut Vec<u8>,
        at_least: usize,
        packed: usize,
        output: &mut ScratchWriter,
    ) -> Result<(), End> {
        if block.len() >= at_least {
            self.write(block, packed, output)?;
            block.clear();
        }
        Ok(())
    }

    /// What was written to `output`; `None`, which is reported, when there was no room for it.
    pub(super) fn take(&mut self, output: ScratchWriter) -> Option<Bytes> {
        output.finish().map_err(|_| self.report_limit(End::NoRoom)).ok()
    }

    /// `content`, which came from `packed` bytes, within the limits; `None`, which is reported, when it is past one.
    pub(super) fn keep(&mut self, content: &[u8], packed: usize) -> Option<Bytes> {
        let mut output = self.output();
        match self.write(content, packed, &mut output) {
            Ok(()) => self.take(output),
            Err(end) => {
                self.report_limit(end);
                None
            }
        }
    }

    /// Hands out what was written to `output`, unless that is nothing.
    pub(super) fn add_output(&mut self, kind: PartKind, output: ScratchWriter) {
        if let Some(content) = self.take(output).filter(|content| !content.is_empty()) {
            self.add(Part::new(kind, content), None);
        }
    }

    /// Reports how a stream ended, if that was against a limit. Lost time is reported by who set the deadline.
    pub(super) fn report_limit(&mut self, end: End) {
        match end {
            End::TooLarge => self.report(ProblemCode::UnpackedTooLarge, None),
            End::TooDense => self.report(ProblemCode::UnpackedTooDense, None),
            End::NoRoom => self.report(ProblemCode::NoRoomToUnpack, None),
            End::TooMuchWork => self.report(ProblemCode::TooMuchWork, None),
            End::Complete(_) | End::Broken | End::Late => {}
        }
    }

    pub(super) fn finish(self) -> Vec<Problem> {
        self.problems
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::body::{Scratch, Stores};
    use crate::config::Limits;
    use crate::extract::Extraction;

    /// What `read` finds within `limits`.
    pub(in crate::extract) fn gathered(
        extract: &ExtractLimits,
        ambiguity: Ambiguity,
        read: impl FnOnce(&mut Dissection<'_>),
    ) -> Extraction {
        let (limits, stores) = (Limits::default(), Stores::default());
        let means = Means { limits: extract, scratch: Scratch::new(&limits, &stores), deadline: &Deadline::NEVER };
        let mut parts = Vec::new();
        let mut visit = |part: &Part| parts.push(part.clone());
        let mut dissection = Dissection::new(&means, ambiguity, &mut visit);
        read(&mut dissection);
        let problems = dissection.finish();
        Extraction { parts, problems }
    }
}
