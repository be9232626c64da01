//! What is said about a document: title, subject, author, keywords, comments, and whatever else is a text (MS-OLEPS).

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::content::PartKind;
use crate::content::number::{u16_at, u32_at};
use crate::extract::dissection::Dissection;

use super::code_page;
use super::cover::Cover;
use super::text::OfficeText;

/// Sets of properties in one stream: there are two at most.
const MAX_SETS: usize = 2;

/// The property that says in which charset the others are.
const CODE_PAGE: u32 = 1;

/// How many times its own length the texts of a stream may have together.
const MAX_COVER: usize = 4;

/// Shows every text in a stream of properties.
pub(super) fn show(stream: &[u8], found: &mut Dissection<'_>) {
    let mut text = OfficeText::new(stream.len(), found);
    let mut cover = Cover::times(MAX_COVER, stream);
    for index in 0..MAX_SETS {
        // Each set has a name of 16 bytes in front of its place (§2.21).
        let set = u32_at(stream, 28 + 20 * index + 16).and_then(|at| stream.get(at as usize..));
        if let Some(set) = set.filter(|_| u32_at(stream, 24).is_some_and(|count| count as usize > index)) {
            Set::read(set).push_texts(&mut cover, &mut text, found);
        }
    }
    text.show(PartKind::Metadata, "properties", found);
}

/// Source: §2.20.
struct Set<'s> {
    bytes: &'s [u8],
    /// Numbers and places of the properties, in the order of the places, each place once.
    properties: Vec<(u32, usize)>,
    code_page: u16,
}

impl<'s> Set<'s> {
    fn read(bytes: &'s [u8]) -> Self {
        let count = u32_at(bytes, 4).unwrap_or_default() as usize;
        let property = |index: usize| Some((u32_at(bytes, 8 + 8 * index)?, u32_at(bytes, 12 + 8 * index)? as usize));
        let mut properties: Vec<(u32, usize)> = (0..count).map_while(property).collect();
        properties.sort_by_key(|(_, at)| *at);
        properties.dedup_by_key(|(_, at)| *at);
        let code_page = properties.iter().find(|(number, _)| *number == CODE_PAGE);
        let code_page = code_page.and_then(|(_, at)| u16_at(bytes, at.checked_add(4)?)).unwrap_or(1252);
        Self { bytes, properties, code_page }
    }

    fn push_texts<'a>(&self, cover: &mut Cover, text: &mut OfficeText<'a>, found: &mut Dissection<'a>) {
        for (index, (number, at)) in self.properties.iter().enumerate() {
            let end = self.properties.get(index + 1).map_or(self.bytes.len(), |(_, next)| *next);
            let Some((content, is_wide)) = self.text_at(*number, *at, end) else {
                continue;
            };
            if cover.take(content.len()).is_none() || found.is_over() {
                return;
            }
            if is_wide {
                text.push_utf16(content, found);
            } else {
                text.push_str(&self.encoding().decode_without_bom_handling(content).0, found);
            }
            text.end_line(found);
        }
    }

    fn encoding(&self) -> &'static Encoding {
        code_page::encoding(self.code_page).unwrap_or(WINDOWS_1252)
    }

    /// The text of a property, and whether it is in UTF-16. Of several in one, all that lies up to `end`, where the
    /// next property begins: writers differ in how they fill them up. Their lengths end lines by the zeros in them.
    fn text_at(&self, number: u32, at: usize, end: usize) -> Option<(&'s [u8], bool)> {
        let value = self.bytes.get(at..)?;
        let all = value.get(..end.saturating_sub(at)).unwrap_or(value);
        // The names that somebody gave to properties have no type in front (§2.17).
        if number == 0 {
            return Some((all, self.code_page == code_page::UTF_16));
        }
        let content = value.get(8..)?;
        let length = u32_at(value, 4)? as usize;
        let first = |length: usize| &content[..length.min(content.len())];
        Some(match u16_at(value, 0)? {
            0x1e => (first(length), false),
            0x1f => (first(length.saturating_mul(2)), true),
            0x101e | 0x100c => (all.get(8..)?, false),
            0x101f => (all.get(8..)?, true),
            _ => return None,
        })
    }
}
