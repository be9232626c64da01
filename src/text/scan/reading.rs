//! One text in one charset: read, normalised and searched block by block.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::layer::Layer;
use super::progress::Progress;
use super::{RuleMatch, RuleSet};
use crate::content::Deadline;
use crate::text::charset::Charset;
use crate::text::normalise::Normalised;
use crate::text::source::SourceText;

/// Bytes of source that are kept for what begins in one block and ends in the next: escapes, spelled-out words.
const CONTEXT: usize = 1 << 10;

/// Bytes of source that are kept at most. What holds a keyword together across more than that, such as thousands of
/// invisible characters, is remembered only by where it is.
const MOST_KEPT: usize = 8 << 10;

#[derive(Clone, Debug)]
pub(super) struct Reading<'r> {
    rules: &'r RuleSet,
    charset: Charset,
    /// What is read of the text, and bytes that are no whole character yet.
    read: usize,
    carry: Vec<u8>,
    source: SourceText,
    /// By lane: normalised text, and how much of it has been searched.
    lanes: Vec<(Normalised, usize)>,
    progress: BTreeMap<usize, Progress>,
    has_siblings: bool,
}

impl<'r> Reading<'r> {
    pub(super) fn new(rules: &'r RuleSet, charset: Charset) -> Self {
        Self {
            rules,
            charset,
            read: 0,
            carry: Vec::new(),
            source: SourceText::default(),
            lanes: rules.lanes.iter().map(|lane| (Normalised::new(lane.accents), 0)).collect(),
            progress: BTreeMap::new(),
            has_siblings: false,
        }
    }

    /// Whether it is the reading as UTF-8, and nothing has been found yet that is none.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self.charset, Charset::Utf8) && !self.has_siblings
    }

    /// The same so far, in another charset from here on.
    pub(super) fn also(&self, charset: Charset) -> Self {
        Self { charset, has_siblings: true, ..self.clone() }
    }

    /// `bytes` behind those of a character that was not finished.
    pub(super) fn with_carry<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if self.carry.is_empty() { Cow::Borrowed(bytes) } else { Cow::Owned([&self.carry, bytes].concat()) }
    }

    /// Takes in the next bytes.
    pub(super) fn read(&mut self, bytes: &[u8], is_last: bool, deadline: &Deadline) {
        let bytes = self.with_carry(bytes).into_owned();
        let new = self.source.range().end;
        let read = self.charset.read(&bytes, self.read, is_last, &mut self.source);
        self.read += read;
        self.carry = bytes[read..].to_vec();
        let mut keep_from = self.source.range().end.saturating_sub(CONTEXT);
        let mut keep_map_from = keep_from;
        for (lane, (normalised, known)) in self.rules.lanes.iter().zip(&mut self.lanes) {
            normalised.push(&self.source, is_last);
            let text_end = normalised.as_str().len();
            let end = if is_last { text_end } else { normalised.last_unit() };
            let layer = Layer { rules: self.rules, lane, source: &self.source, parent: None, via: None };
            layer.search(normalised, *known..end, &mut self.progress);
            // One more character than the longest keyword, for what touches it.
            let forgotten = normalised.forget_before(end.saturating_sub(lane.reach + CONTEXT));
            *known = end - forgotten;
            let kept = normalised.source(&(0..1)).start;
            (keep_from, keep_map_from) = (keep_from.min(kept), keep_map_from.min(kept));
        }
        self.look_behind_escapes(new.saturating_sub(CONTEXT), deadline);
        self.source.forget_before(keep_from.max(self.source.range().end.saturating_sub(MOST_KEPT)), keep_map_from);
    }

    /// Searches what escapes in the source from `from` on stand for.
    fn look_behind_escapes(&mut self, from: usize, deadline: &Deadline) {
        for lane in &self.rules.lanes {
            let layer = Layer { rules: self.rules, lane, source: &self.source, parent: None, via: None };
            layer.search_decoded(from, deadline, &mut self.progress);
        }
    }

    pub(super) fn into_matches(self) -> impl Iterator<Item = RuleMatch> {
        let rules = &self.rules.rules;
        self.progress.into_iter().filter_map(|(index, progress)| progress.into_match(index, &rules[index]))
    }
}
