//! Zip files (APPNOTE 6.3.10), and so documents of Office and LibreOffice, books, programs for Java and Android.
//!
//! Unpackers read them in two ways. Most go by the central directory at the end; those that stream go from local header
//! to local header. Both are followed here: along the local headers from the first byte to the directory, each compared
//! with what the directories say about it. What only one of the readings has is handed out as well and makes the file
//! ambiguous, as does every byte that belongs to nothing.

mod content;
mod directory;
mod embedded;
mod record;

use std::collections::BTreeMap;

use bytes::Bytes;
use memchr::memmem;

use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;
use crate::extract::{carve, legible};

use super::{Coverage, volume};
use crate::content::number::{clamped, u32_at, u64_at};
use content::{Content, Seen, Sizes};
use directory::{Directory, Entry};
pub(in crate::extract) use embedded::Embedded;
use record::{CENTRAL, DESCRIPTOR, END, Header, LOCAL, Local};

/// What stands in front of the first local header of archives in several volumes, also when there is only one.
const SPLIT_MARKERS: [&[u8]; 2] = [DESCRIPTOR, b"PK00"];

/// How the block ends in which Android keeps signatures, in front of the directory.
const ANDROID_BLOCK: &[u8] = b"APK Sig Block 42";

/// How many times the length of the file all entries that lie in others may have together.
const MAX_COVER: usize = 16;

/// Entries among which one has to be where a directory at the end says, for it to be one.
const MAX_LOOKED_FOR: usize = 1 << 20;

/// Whether `bytes` are a zip file: by their start, or by a directory that ends where they end. Any other archive in
/// them is
/// [`Embedded`].
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    starts_as_zip(bytes) || directory::is_at_end(bytes, MAX_LOOKED_FOR)
}

/// Whether they are by their start.
pub(super) fn starts_as_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCAL) || bytes.starts_with(END) || bytes[marker_length(bytes)..].starts_with(LOCAL)
}

fn marker_length(bytes: &[u8]) -> usize {
    if SPLIT_MARKERS.iter().any(|marker| bytes.starts_with(marker)) { 4 } else { 0 }
}

/// Hands out every entry that some unpacker finds.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let max_entries = found.limits().max_parts.saturating_add(1);
    let mut directories = directory::find(bytes, max_entries);
    if !directories.is_clear {
        found.ambiguous(ProblemCode::ContainerAmbiguous, None);
    }
    if directories.all.is_empty() {
        // Without its end record, those that mend it and those that stream read the same.
        directories.all.extend(directory::without_end(bytes, max_entries));
    }
    let cut = if directories.all.is_empty() { Some(cut_off(bytes)) } else { None };
    if let Some(code) = cut {
        found.report(code, None);
    }
    for comment in &directories.comments {
        legible::show_comment(bytes.slice(comment.clone()), found);
    }
    let listed = listed(bytes, &directories.all, found);
    let is_there = |at: &usize| record::local(bytes, *at).is_some();
    let start = if starts_as_zip(bytes) { Some(marker_length(bytes)) } else { listed.keys().copied().find(is_there) };
    let end = directories.all.iter().map(|directory| directory.start).min().unwrap_or(bytes.len());
    let mut walk = Walk { bytes, listed, end, cut, found };
    walk.run(start.unwrap_or(end).min(end));
    Coverage::All
}

/// What an archive is that has no directory: the first of several volumes, or broken off.
fn cut_off(bytes: &[u8]) -> ProblemCode {
    let is_volume = bytes.starts_with(DESCRIPTOR) && bytes[DESCRIPTOR.len()..].starts_with(LOCAL);
    if is_volume { ProblemCode::ContainerIncomplete } else { volume::cut_off(bytes.len()) }
}

/// Hands out the entries that the directories in `bytes` list which can be read in more than one way.
pub(in crate::extract) fn open_odd(bytes: &Bytes, embedded: &Embedded, found: &mut Dissection<'_>) {
    let listed = listed(bytes, &embedded.odd, found);
    Walk { bytes, listed, end: bytes.len(), cut: None, found }.hand_out_missed();
}

/// What `directories` list, by the place of the local header. Shows comments on the way.
fn listed(bytes: &Bytes, directories: &[Directory], found: &mut Dissection<'_>) -> BTreeMap<usize, Vec<Entry>> {
    let mut listed: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
    for entry in directories.iter().flat_map(|directory| &directory.entries) {
        legible::show_comment(bytes.slice(entry.central.comment.clone()), found);
        listed.entry(entry.local).or_default().push(entry.clone());
    }
    listed
}

/// The way along the local headers.
struct Walk<'w, 'd> {
    bytes: &'w Bytes,
    /// What the directories say, by the place of the local header; without what has been passed.
    listed: BTreeMap<usize, Vec<Entry>>,
    /// Where the first directory begins.
    end: usize,
    /// What it is that there is no directory, and that the last entry may break off.
    cut: Option<ProblemCode>,
    found: &'w mut Dissection<'d>,
}

impl Walk<'_, '_> {
    fn run(&mut self, start: usize) {
        self.carve(0, start);
        let mut at = start;
        while at < self.end && !self.found.is_over() {
            let next = memmem::find(&self.bytes[at..self.end], LOCAL).map_or(self.end, |gap| at + gap);
            self.pass_gap(at, next);
            at = match record::local(self.bytes, next) {
                Some(local) => self.pass_entry(&local),
                None => (next + 1).min(self.end),
            };
        }
        if at > self.end && self.end < self.bytes.len() && !self.found.is_over() {
            self.ambiguous(self.end);
        }
        self.hand_out_missed();
        self.carve(self.end, self.bytes.len());
    }

    fn ambiguous(&mut self, at: usize) {
        self.found.ambiguous(ProblemCode::ContainerAmbiguous, Some(at));
    }

    /// Looks for files among bytes that belong to no entry.
    fn carve(&mut self, start: usize, end: usize) {
        // Carving finds what begins behind the first byte.
        let before = start.saturating_sub(1);
        if end > start && !self.found.is_over() {
            carve::extract(&self.bytes.slice(before..end), self.found);
        }
    }

    /// Bytes between two entries, or between the last one and the directory.
    fn pass_gap(&mut self, start: usize, end: usize) {
        let gap = &self.bytes[start..end];
        // Writers that align entries fill up with zeros.
        if gap.iter().all(|byte| *byte == 0) {
            return;
        }
        let is_broken_directory = self.cut.is_some() && gap.starts_with(CENTRAL);
        if !(is_broken_directory || end == self.end && gap.ends_with(ANDROID_BLOCK)) {
            self.ambiguous(start);
        }
        self.carve(start, end);
    }

    /// Hands out the entry behind `local` in every way in which it is described. Where what belongs to it ends.
    fn pass_entry(&mut self, local: &Local) -> usize {
        let entries = self.listed.remove(&local.at).unwrap_or_default();
        // Android's tools fill gaps with entries that have neither name nor content.
        let is_filler = local.header.name.is_empty() && local.header.packed == 0 && !local.header.is_streamed();
        if entries.len() != 1 && !is_filler && self.cut.is_none() {
            self.ambiguous(local.at);
        }
        let mut headers: Vec<&Header> = Vec::new();
        for entry in &entries {
            if !self.agree(local, &entry.central.header) {
                self.ambiguous(local.at);
                headers.push(&local.header);
            }
            headers.push(&entry.central.header);
        }
        headers.dedup();
        let sizes = if !entries.is_empty() || has_sizes(&local.header) { Sizes::Told } else { Sizes::Unknown };
        if entries.is_empty() {
            headers.push(&local.header);
        }
        let mut end = local.content;
        for header in headers {
            self.show_names(header, local);
            let cut = self.cut.unwrap_or(ProblemCode::ContainerBroken);
            let content = Content { bytes: self.bytes, header, start: local.content, sizes, cut };
            let seen = content.hand_out(self.found);
            end = end.max(self.end_of(local, header, sizes, seen));
        }
        end
    }

    /// What readers may call the entry: those of streams know the local header only.
    fn show_names(&mut self, header: &Header, local: &Local) {
        let in_utf8 = [&header.unicode_name, &local.header.unicode_name].into_iter().flatten();
        let mut names: Vec<&[u8]> =
            std::iter::once(&header.name).chain(in_utf8).map(|name| &self.bytes[name.clone()]).collect();
        names.dedup();
        names.into_iter().for_each(|name| legible::show_name(name, self.found));
    }

    /// Where the content and what stands behind it end.
    fn end_of(&mut self, local: &Local, header: &Header, sizes: Sizes, seen: Option<Seen>) -> usize {
        let told = Seen { crc: header.crc, size: header.size, packed: header.packed };
        let packed = match (sizes, seen) {
            (Sizes::Told, _) => header.packed,
            (Sizes::Unknown, Some(seen)) => seen.packed,
            (Sizes::Unknown, None) => self.bytes.len() as u64,
        };
        let end = local.content.saturating_add(clamped(packed)).min(self.bytes.len());
        if !local.header.is_streamed() {
            return end;
        }
        let seen = Seen { packed, ..seen.unwrap_or(told) };
        match descriptor_length(&self.bytes[end..], &seen) {
            Some(length) => end + length,
            None if self.bytes[end..].starts_with(DESCRIPTOR) => {
                self.ambiguous(end);
                (end + 16).min(self.bytes.len())
            }
            // Readers of streams fail here; the others do not mind.
            None => end,
        }
    }

    /// Hands out the entries of the directories that the way along the local headers did not meet: they lie in each
    /// other, or nowhere.
    fn hand_out_missed(&mut self) {
        let mut cover = self.bytes.len().saturating_mul(MAX_COVER);
        for (at, entries) in std::mem::take(&mut self.listed) {
            if self.found.is_over() {
                return;
            }
            let length = entries.iter().map(|entry| clamped(entry.central.header.packed).min(self.bytes.len())).sum();
            cover = match cover.checked_sub(length) {
                Some(rest) => rest,
                None => return self.found.report(ProblemCode::TooManyReadings, Some(at)),
            };
            match record::local(self.bytes, at) {
                Some(local) => {
                    self.ambiguous(at);
                    self.listed.insert(at, entries);
                    self.pass_entry(&local);
                }
                None if entries.iter().all(|entry| entry.is_elsewhere) => {
                    self.found.report(ProblemCode::ContainerIncomplete, None);
                }
                None => {
                    let place = Some(at).filter(|at| *at < self.bytes.len());
                    self.found.report(ProblemCode::ContainerBroken, place);
                }
            }
        }
    }

    /// Whether both headers of an entry say the same, where it matters for its content.
    fn agree(&self, local: &Local, central: &Header) -> bool {
        let header = &local.header;
        let is_later = |number: u64, told| {
            header.is_streamed() && (number == 0 || number == u64::from(u32::MAX)) || number == told
        };
        self.bytes[header.name.clone()] == self.bytes[central.name.clone()]
            && header.method == central.method
            && header.is_encrypted() == central.is_encrypted()
            && is_later(header.packed, central.packed)
            && is_later(header.size, central.size)
            && (header.is_streamed() && header.crc == 0 || header.crc == central.crc)
    }
}

/// Whether the sizes in front of the content can be trusted to be there.
fn has_sizes(header: &Header) -> bool {
    !header.is_streamed() || header.packed != 0 && header.packed != u64::from(u32::MAX)
}

/// Length of the data descriptor at the start of `bytes`, if one is there that says what was seen. Some have a
/// signature, some have long sizes.
fn descriptor_length(bytes: &[u8], seen: &Seen) -> Option<usize> {
    let signed = if bytes.starts_with(DESCRIPTOR) { [Some(4), Some(0)] } else { [Some(0), None] };
    for signature in signed.into_iter().flatten() {
        if u32_at(bytes, signature) != Some(seen.crc) {
            continue;
        }
        let at = signature + 4;
        if (u64_at(bytes, at), u64_at(bytes, at + 8)) == (Some(seen.packed), Some(seen.size)) {
            return Some(at + 16);
        }
        if (u32_at(bytes, at), u32_at(bytes, at + 4)) == (Some(seen.packed as u32), Some(seen.size as u32)) {
            return Some(at + 8);
        }
    }
    None
}

/// Whether the signed descriptor at the start of `bytes` is about `length` bytes.
fn descriptor_says(bytes: &[u8], length: u64) -> bool {
    u32_at(bytes, 8) == Some(length as u32) || u64_at(bytes, 8) == Some(length)
}

#[cfg(test)]
mod tests;
