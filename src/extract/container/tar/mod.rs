//! Tar files: v7, ustar, pax and GNU's.
//!
//! An entry is a slice of the file. Where two common readers would go on at different places behind an entry, because
//! two sizes are given for it or because it should have no content, and both places look right, both ways are followed.

mod header;
mod pax;
mod sparse;

use std::collections::HashSet;

use bytes::Bytes;

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, carve, legible};

use super::{Coverage, volume};
use crate::content::number::clamped;
use header::{BLOCK, Header};
use pax::Extended;

/// Most ways that are followed beside the first one.
const MAX_OTHERS: usize = 16;

/// Whether `bytes` begin as a tar file does: it says so, or its first block has the right checksum.
pub(super) fn is_tar(bytes: &[u8]) -> bool {
    let is_v7 = || {
        bytes.first().is_some_and(|byte| *byte != 0)
            && Header::at(bytes, 0).is_some_and(|header| header.size().is_some())
    };
    bytes.len() >= BLOCK && (header::has_magic(bytes) || is_v7())
}

/// Hands out the entries.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let mut walk = Walk { bytes, seen: HashSet::new(), others: Vec::new(), other_count: 0, found };
    walk.follow(0, Way::First);
    while let Some(at) = walk.others.pop() {
        walk.follow(at, Way::Other);
    }
    Coverage::Entries
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Goes through to the end of the file, as `tar --ignore-zeros` does.
    First,
    /// Ends where the headers end.
    Other,
}

struct Walk<'w, 'd> {
    bytes: &'w Bytes,
    /// Headers that have been read.
    seen: HashSet<usize>,
    /// Where some reader goes on that does not go the first way.
    others: Vec<usize>,
    other_count: usize,
    found: &'w mut Dissection<'d>,
}

/// What the headers before say about the next entry.
#[derive(Debug, Default)]
struct Context {
    global: Extended,
    next: Extended,
}

impl Walk<'_, '_> {
    fn follow(&mut self, start: usize, way: Way) {
        let mut at = start;
        let mut context = Context::default();
        let mut has_ended = false;
        while at < self.bytes.len() && !self.found.is_over() {
            if let Some(header) = Header::at(self.bytes, at) {
                if !self.seen.insert(at) {
                    return;
                }
                at = self.pass(header, at, &mut context);
                continue;
            }
            if way == Way::Other {
                return;
            }
            let is_zero = is_zero(self.block(at));
            if !is_zero && !has_ended {
                self.found.report(ProblemCode::ContainerBroken, Some(at));
            }
            has_ended = true;
            at = if is_zero { at + BLOCK } else { self.pass_junk(at) };
        }
    }

    /// The block at `at`, which may be cut off.
    fn block(&self, at: usize) -> &[u8] {
        &self.bytes[at.min(self.bytes.len())..at.saturating_add(BLOCK).min(self.bytes.len())]
    }

    /// Looks for files in what has no header, up to the next header: GNU tar goes on there.
    fn pass_junk(&mut self, start: usize) -> usize {
        let blocks = (start..self.bytes.len()).step_by(BLOCK);
        let next = blocks.skip(1).find(|at| Header::at(self.bytes, *at).is_some()).unwrap_or(self.bytes.len());
        self.carve(start, next);
        next
    }

    fn carve(&mut self, start: usize, end: usize) {
        // Carving finds what begins behind the first byte.
        carve::extract(&self.bytes.slice(start.saturating_sub(1)..end), self.found);
    }

    /// The content behind the header at `at`, as far as it is there.
    fn content(&mut self, at: usize, size: u64) -> Bytes {
        let start = (at + BLOCK).min(self.bytes.len());
        let end = start.saturating_add(clamped(size));
        if end > self.bytes.len() {
            self.found.report(volume::cut_off(self.bytes.len()), Some(at));
        }
        self.bytes.slice(start..end.min(self.bytes.len()))
    }

    /// Takes in what `header` says, and hands out its entry if it has one. Where the next header is.
    fn pass(&mut self, header: Header<'_>, at: usize, context: &mut Context) -> usize {
        let Some(size) = header.size() else {
            self.found.report(ProblemCode::ContainerBroken, Some(at));
            return at + BLOCK;
        };
        match header.kind() {
            b'x' | b'X' => self.extend(&mut context.next, at, size),
            b'g' => self.extend(&mut context.global, at, size),
            b'L' | b'N' => {
                let content = self.content(at, size);
                let name = content.split(|byte| *byte == 0).next().unwrap_or_default();
                context.next.path = Some(String::from_utf8_lossy(name).into_owned());
            }
            b'K' | b'V' => {}
            _ => {
                let next = std::mem::take(&mut context.next);
                return self.pass_entry(header, at, size, &next, &context.global);
            }
        }
        behind(at, size)
    }

    fn extend(&mut self, extended: &mut Extended, at: usize, size: u64) {
        let content = self.content(at, size);
        if extended.read(&content).is_err() {
            self.found.report(ProblemCode::ContainerBroken, Some(at));
        }
        // Extended attributes may be as long as files.
        self.carve(at + BLOCK, at + BLOCK + content.len());
    }

    fn pass_entry(&mut self, header: Header<'_>, at: usize, size: u64, next: &Extended, global: &Extended) -> usize {
        let name = next.path.clone().unwrap_or_else(|| header.name());
        legible::show_name(name.as_bytes(), self.found);
        if header.kind() == b'S' {
            return self.pass_old_sparse(header, at, size, &name);
        }
        let extended = if next.sizes.is_empty() { &global.sizes } else { &next.sizes };
        let mut sizes: Vec<u64> = extended.iter().rev().copied().collect();
        // Links, devices and folders have no content, whatever their size says; some readers believe it.
        if matches!(header.kind(), b'1'..=b'6') {
            sizes.push(0);
        }
        sizes.push(size);
        let sizes = self.choose(at, sizes);
        for size in &sizes {
            let content = self.content(at, *size);
            if next.sparse.is_sparse {
                sparse::hand_out_new(&content, &next.sparse, &name, at, self.found);
            }
            self.add(content, &name, at);
        }
        behind(at, sizes.first().copied().unwrap_or_default())
    }

    /// Of the sizes that an entry may have, those behind which an archive goes on or ends; the first one, if none.
    fn choose(&mut self, at: usize, mut sizes: Vec<u64>) -> Vec<u64> {
        let mut unique = HashSet::new();
        sizes.retain(|size| unique.insert(size.div_ceil(BLOCK as u64)));
        let first = sizes[0];
        if sizes.len() > 1 {
            sizes.retain(|size| self.goes_on(behind(at, *size)));
        }
        if sizes.is_empty() {
            sizes.push(first);
        }
        for size in &sizes[1..] {
            self.found.ambiguous(ProblemCode::ContainerAmbiguous, Some(at));
            self.other_count += 1;
            if self.other_count > MAX_OTHERS {
                self.found.report(ProblemCode::TooManyReadings, Some(at));
                break;
            }
            self.others.push(behind(at, *size));
        }
        sizes
    }

    fn goes_on(&self, at: usize) -> bool {
        at == self.bytes.len().next_multiple_of(BLOCK)
            || at < self.bytes.len() && (is_zero(self.block(at)) || Header::at(self.bytes, at).is_some())
    }

    fn pass_old_sparse(&mut self, header: Header<'_>, at: usize, size: u64, name: &str) -> usize {
        let (mut map, mut goes_on) = header.sparse_map();
        let mut last = at;
        while goes_on && let Some(block) = self.block(last + BLOCK).first_chunk() {
            let (more, again) = header::more_sparse_map(block);
            map.extend(more);
            goes_on = again;
            last += BLOCK;
        }
        let content = self.content(last, size);
        let real_size = header.real_size().unwrap_or_default();
        sparse::hand_out(&content, &map, real_size, name, at, self.found);
        self.add(content, name, at);
        behind(last, size)
    }

    fn add(&mut self, content: Bytes, name: &str, at: usize) {
        if !content.is_empty() {
            self.found.add(Part::new(PartKind::Entry, content).named(name), Some(at));
        }
    }
}

fn is_zero(block: &[u8]) -> bool {
    block.iter().all(|byte| *byte == 0)
}

/// Where the header behind `size` bytes of content is.
fn behind(at: usize, size: u64) -> usize {
    let blocks = clamped(size).div_ceil(BLOCK);
    at.saturating_add(BLOCK).saturating_add(blocks.saturating_mul(BLOCK))
}

#[cfg(test)]
mod tests;
