//! What Outlook puts around mails that only Outlook reads: `winmail.dat`, TNEF.
//!
//! Source: MS-OXTNEF. Of the attributes, texts are shown and everything else is a part: content of attachments, and
//! what the properties of MAPI in them hold.

use bytes::Bytes;

use crate::content::number::{clamped, u16_at, u32_at};
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;
use crate::extract::legible::{self, TextWriter};

use super::{Coverage, ole, within};

const MAGIC: u32 = 0x223e_9f78;

/// Where the attributes begin.
const FIRST: usize = 6;

/// Level, kind and length of an attribute; a checksum follows its content.
const HEAD: usize = 9;
const CHECKSUM: usize = 2;

const ATTACHED: u32 = 0x0006_800f;
const TITLE: u32 = 0x0001_8010;
const OF_MESSAGE: u32 = 0x0006_9003;
const OF_ATTACHMENT: u32 = 0x0006_9005;

/// The body of a mail in a compression of its own.
const PACKED_RTF: u16 = 0x1009;

/// Bytes that say what sort of object follows.
const OBJECT_KIND: usize = 16;

/// Shortest binary property that may be a file.
const MIN_FILE: usize = 12;

pub(super) fn is_tnef(bytes: &[u8]) -> bool {
    u32_at(bytes, 0) == Some(MAGIC)
}

/// Hands out what the attributes hold.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let mut texts = TextWriter::new(bytes.len(), found);
    let mut name = String::new();
    let mut at = FIRST;
    while at < bytes.len() && !found.is_over() {
        let is_attribute = matches!(bytes[at], 1 | 2);
        let (Some(kind), Some(length), true) = (u32_at(bytes, at + 1), u32_at(bytes, at + 5), is_attribute) else {
            // Programs for mail pass by what follows the attributes.
            if at == FIRST {
                found.report(ProblemCode::ContainerBroken, Some(at));
            }
            break;
        };
        let start = at + HEAD;
        let end = start.saturating_add(length as usize);
        // Nobody asks for the checksum of the last one.
        if end > bytes.len() {
            found.report(ProblemCode::ContainerBroken, Some(at));
        }
        let content = within(bytes, start, end);
        match kind {
            ATTACHED => found.add(Part::new(PartKind::Entry, content).named(name.clone()), Some(at)),
            TITLE => {
                legible::show_name(text_of(&content), found);
                name = String::from_utf8_lossy(text_of(&content)).into_owned();
            }
            OF_MESSAGE | OF_ATTACHMENT => {
                let mut properties = Properties { bytes: &content, at: 4, texts: &mut texts, found };
                properties.read();
            }
            // Strings and texts.
            _ if matches!(kind >> 16, 1 | 2) => push_line(text_of(&content), &mut texts, found),
            _ => {}
        }
        at = end.saturating_add(CHECKSUM);
    }
    texts.show(PartKind::Text, "tnef", found);
    Coverage::Some
}

/// A text without the zero at its end.
fn text_of(content: &[u8]) -> &[u8] {
    content.strip_suffix(b"\0").unwrap_or(content)
}

fn push_line<'a>(text: &[u8], texts: &mut TextWriter<'a>, found: &mut Dissection<'a>) {
    texts.push(text, found);
    texts.end_line(found);
}

/// A list of properties.
struct Properties<'p, 'a> {
    bytes: &'p Bytes,
    at: usize,
    texts: &'p mut TextWriter<'a>,
    found: &'p mut Dissection<'a>,
}

impl Properties<'_, '_> {
    fn read(&mut self) {
        let count = u32_at(self.bytes, 0).unwrap_or_default();
        for _ in 0..count {
            if self.found.is_over() || self.property().is_none() {
                return;
            }
        }
    }

    fn number(&mut self) -> Option<u32> {
        let number = u32_at(self.bytes, self.at)?;
        self.at += 4;
        Some(number)
    }

    fn property(&mut self) -> Option<()> {
        let (kind, name) = (u16_at(self.bytes, self.at)?, u16_at(self.bytes, self.at + 2)?);
        self.at += 4;
        if name >= 0x8000 {
            // A name of its own: whose, and a number or a text.
            self.at += 16;
            if self.number()? == 0 {
                self.at += 4;
            } else {
                let length = self.number()? as usize;
                self.skip(length)?;
            }
        }
        let is_many = kind & 0x1000 != 0;
        match kind & 0x0fff {
            0x001e | 0x001f | 0x0102 | 0x000d => {
                let count = self.number()?;
                for _ in 0..count {
                    let length = self.number()? as usize;
                    let start = self.at;
                    self.skip(length)?;
                    self.value(kind & 0x0fff, name, self.bytes.slice(start..start + length));
                }
            }
            fixed => {
                let count = if is_many { self.number()? } else { 1 };
                let length = match fixed {
                    2 | 3 | 4 | 0x0a | 0x0b => 4,
                    5..=7 | 0x14 | 0x40 => 8,
                    0x48 => 16,
                    1 => 0,
                    _ => return None,
                };
                self.skip(clamped(u64::from(count) * length))?;
            }
        }
        Some(())
    }

    /// Values end at a multiple of four bytes.
    fn skip(&mut self, length: usize) -> Option<()> {
        self.at.checked_add(length).filter(|end| *end <= self.bytes.len())?;
        self.at += length.next_multiple_of(4);
        Some(())
    }

    fn value(&mut self, kind: u16, name: u16, value: Bytes) {
        match (kind, name) {
            (0x001e, _) => push_line(text_of(&value), self.texts, self.found),
            (0x001f, _) => {
                if let Some(text) = legible::decoded(&value, encoding_rs::UTF_16LE, self.found) {
                    push_line(text_of(&text), self.texts, self.found);
                }
            }
            (_, PACKED_RTF) => ole::hand_out_packed_rtf(&value, self.found),
            (0x000d, _) if value.len() > OBJECT_KIND => {
                self.found.add(Part::new(PartKind::Entry, value.slice(OBJECT_KIND..)), None);
            }
            _ if value.len() >= MIN_FILE => self.found.add(Part::new(PartKind::Entry, value), None),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::container::testing::{LISTED, codes, entries, fixture, opened};

    #[test]
    fn attachments_and_texts_come_out() {
        let found = opened(fixture("winmail.dat"));
        assert_eq!(codes(&found), []);
        assert_eq!(entries(&found), [("e.bin", LISTED)]);
        let text = found.parts.iter().find(|part| part.kind == PartKind::Text && part.name.as_deref() == Some("tnef"));
        let text = String::from_utf8_lossy(&text.expect("a text").bytes).into_owned();
        for line in ["an old subject", "a subject", "the body of it", "a keyword", "long name.bin"] {
            assert!(text.lines().any(|one| one.trim_end_matches('\0') == line), "{line}: {text}");
        }
    }

    #[test]
    fn damaged_files_give_what_can_be_read() {
        let whole = fixture("winmail.dat");
        assert_eq!(codes(&opened(whole[..whole.len() - 3].to_vec())), [ProblemCode::ContainerBroken]);
        for end in [&whole[..whole.len() - 2], &[&whole[..], b"\n"].concat(), &[&whole[..], &[9; 40]].concat()] {
            assert_eq!(codes(&opened(end.to_vec())), []);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_it_panic(flips in proptest::collection::vec((6..317_usize, proptest::prelude::any::<u8>()), 0..6)) {
            let mut bytes = fixture("winmail.dat").to_vec();
            for (at, value) in flips {
                let at = at % bytes.len();
                bytes[at] = value;
            }
            opened(bytes);
        }
    }
}
