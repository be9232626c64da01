//! Packs of git: what a push sends, and what a repository keeps.
//!
//! Source: gitformat-pack(5). Objects are compressed one by one, and many are told as changes to another one, by its
//! place in the pack or by its name. Of a push, that one may be known to the server alone.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use sha1::{Digest, Sha1};

use crate::body::{Coding, End};
use crate::content::number::{be_u32_at, varint};
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

use super::Coverage;

const HEADER: usize = 12;

/// Bytes of objects that are kept as others may be changes to them.
const MAX_KEPT: usize = 64 << 20;

/// What kind of object changes make: that of what they change.
const BY_PLACE: u8 = 6;
const BY_NAME: u8 = 7;

const KINDS: [&str; 5] = ["", "commit", "tree", "blob", "tag"];

pub(in crate::extract) fn is_pack(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PACK") && matches!(be_u32_at(bytes, 4), Some(2 | 3))
}

/// Hands out the objects.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let count = be_u32_at(bytes, 8).unwrap_or_default();
    let mut pack = Pack { bytes, objects: BTreeMap::new(), names: None, kept: 0 };
    let mut at = HEADER;
    for _ in 0..count {
        if found.is_over() {
            break;
        }
        match pack.read_object(at, found) {
            Some(end) => at = end,
            None => break,
        }
    }
    Coverage::Some
}

struct Pack<'p> {
    bytes: &'p Bytes,
    /// Kind and content of objects by their place.
    objects: BTreeMap<usize, (u8, Bytes)>,
    /// Places by name, once somebody asks for one.
    names: Option<HashMap<[u8; 20], usize>>,
    kept: usize,
}

/// What a change is made to.
#[derive(Clone, Copy)]
enum Base {
    None,
    Place(usize),
    Name([u8; 20]),
}

impl Pack<'_> {
    /// Hands out the object at `start`. Where it ends; `None` when that cannot be told.
    fn read_object(&mut self, start: usize, found: &mut Dissection<'_>) -> Option<usize> {
        let Some((kind, base, packed)) = self.header(start) else {
            found.report(ProblemCode::ContainerBroken, Some(start));
            return None;
        };
        let mut output = found.output();
        let end = match found.unpack(Coding::Zlib, &self.bytes[packed..], &mut output) {
            End::Complete(length) => packed.saturating_add(length),
            End::Broken => {
                found.report(ProblemCode::ContainerBroken, Some(start));
                return None;
            }
            limit => {
                found.report_limit(limit);
                return None;
            }
        };
        let content = found.take(output)?;
        match base {
            Base::None => self.keep(start, kind, content, found),
            _ => match self.base(base) {
                Some((kind, base)) => match changed(&base, &content, found) {
                    Some(content) => self.keep(start, kind, content, found),
                    None => found.report(ProblemCode::ContainerBroken, Some(start)),
                },
                // What it changes is with the receiver, or was too much to keep.
                None if self.kept < MAX_KEPT => found.report(ProblemCode::ContainerIncomplete, Some(start)),
                None => found.report(ProblemCode::TooMuchWork, Some(start)),
            },
        }
        Some(end)
    }

    /// Kind and base of the object at `at`, and where its content begins.
    fn header(&self, start: usize) -> Option<(u8, Base, usize)> {
        let mut at = start;
        let mut next = || {
            let byte = *self.bytes.get(at)?;
            at += 1;
            Some(byte)
        };
        let first = next()?;
        let mut byte = first;
        while byte & 0x80 != 0 {
            byte = next()?;
        }
        let kind = first >> 4 & 7;
        let base = match kind {
            1..=4 => Base::None,
            BY_PLACE => {
                let mut byte = next()?;
                let mut distance = usize::from(byte & 0x7f);
                while byte & 0x80 != 0 {
                    byte = next()?;
                    distance = distance.checked_add(1)?.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
                }
                Base::Place(start.checked_sub(distance)?)
            }
            BY_NAME => {
                let name = self.bytes.get(at..)?.first_chunk().copied()?;
                at += 20;
                Base::Name(name)
            }
            _ => return None,
        };
        (at <= self.bytes.len()).then_some((kind, base, at))
    }

    fn base(&mut self, base: Base) -> Option<(u8, Bytes)> {
        let place = match base {
            Base::Place(place) => place,
            Base::Name(name) => {
                let names = || {
                    let named = self.objects.iter().map(|(place, (kind, content))| (name_of(*kind, content), *place));
                    named.collect()
                };
                *self.names.get_or_insert_with(names).get(&name)?
            }
            Base::None => return None,
        };
        self.objects.get(&place).cloned()
    }

    fn keep(&mut self, place: usize, kind: u8, content: Bytes, found: &mut Dissection<'_>) {
        if self.kept < MAX_KEPT {
            self.kept = self.kept.saturating_add(content.len() + 64);
            if let Some(names) = &mut self.names {
                names.insert(name_of(kind, &content), place);
            }
            self.objects.insert(place, (kind, content.clone()));
        }
        if !content.is_empty() {
            found.add(Part::new(PartKind::Entry, content), Some(place));
        }
    }
}

fn name_of(kind: u8, content: &[u8]) -> [u8; 20] {
    let kind = KINDS.get(usize::from(kind)).copied().unwrap_or_default();
    let mut hasher = Sha1::new();
    hasher.update(format!("{kind} {}\0", content.len()));
    hasher.update(content);
    hasher.finalize().into()
}

/// What `changes` make of `base`; `None` when they do not fit it. What comes out counts as unpacked.
fn changed(base: &[u8], changes: &[u8], found: &mut Dissection<'_>) -> Option<Bytes> {
    let mut at = 0;
    // The length of what is changed, and of what comes out.
    (varint(changes, &mut at)? == base.len() as u64).then_some(())?;
    varint(changes, &mut at)?;
    let mut output = found.output();
    while let Some(change) = changes.get(at).copied() {
        at += 1;
        let piece = if change & 0x80 != 0 {
            let mut number = |bits: u8| {
                let mut number = 0;
                for place in (0..4).filter(|place| bits >> place & 1 == 1) {
                    let byte = *changes.get(at)?;
                    at += 1;
                    number |= usize::from(byte) << (8 * place);
                }
                Some(number)
            };
            let start = number(change & 15)?;
            let length = match number(change >> 4 & 7)? {
                0 => 0x1_0000,
                length => length,
            };
            base.get(start..start.checked_add(length)?)?
        } else {
            let piece = changes.get(at..at + usize::from(change)).filter(|piece| !piece.is_empty())?;
            at += piece.len();
            piece
        };
        if let Err(end) = found.write(piece, base.len() + changes.len(), &mut output) {
            found.report_limit(end);
            return found.take(output);
        }
    }
    found.take(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::container::testing::{codes, fixture, listed, opened};

    #[test]
    fn objects_come_out_also_where_they_are_changes_to_others() {
        let first: String = (1..=2000).map(|number| format!("{number}\n")).collect();
        for name in ["git.pack", "git-ref.pack"] {
            let found = opened(fixture(name));
            assert_eq!((codes(&found), listed(&found)), (vec![], 1), "{name}");
            for version in [first.clone(), format!("{first}2001\n1\n2\n3\n")] {
                assert!(found.parts.iter().any(|part| part.bytes == version.as_bytes()), "{name}");
            }
        }
    }

    #[test]
    fn a_pack_whose_objects_change_what_only_the_receiver_has_is_incomplete() {
        let changes = miniz_oxide::deflate::compress_to_vec_zlib(b"\x05\x05\x90\x05", 6);
        let pack = [&b"PACK\0\0\0\x02\0\0\0\x01\x74"[..], &[7; 20], &changes].concat();
        assert_eq!(codes(&opened(pack)), [ProblemCode::ContainerIncomplete]);
        let whole = fixture("git.pack");
        assert_eq!(codes(&opened(whole[..200].to_vec())), [ProblemCode::ContainerBroken]);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn no_pack_makes_it_panic(flips in proptest::collection::vec((8..4700_usize, 0..=255_u8), 0..6)) {
            let mut bytes = fixture("git-ref.pack").to_vec();
            for (at, value) in flips {
                let at = at % bytes.len();
                bytes[at] = value;
            }
            opened(bytes);
        }
    }
}
