//! What documents of Word say (MS-DOC): the body, footnotes, headers, comments and text boxes, which all lie behind
//! each other in one table of pieces. Text that is hidden or marked as deleted is in it like any other.

use std::ops::Range;

use bytes::Bytes;

use crate::content::number::{u16_at, u32_at};
use crate::content::{PartKind, windows_1252};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

use super::cover::Cover;
use super::text::OfficeText;

/// The last version whose table of pieces lies in the document itself, and whose text has a byte a letter (Word 95).
const LAST_OF_BYTES: u16 = 105;

/// How many times its own length the pieces of a document may have together.
const MAX_COVER: usize = 2;

/// Fields inside each other that are followed.
const MAX_FIELDS: usize = 64;

/// The names of the stream that has the table of pieces, by a bit of the header.
const TABLES: [&str; 2] = ["0table", "1table"];

/// Shows what the document says. `read_table` gives the stream of this name beside it.
pub(super) fn show<'a>(
    document: &[u8],
    read_table: impl FnMut(&str, &mut Dissection<'a>) -> Option<Bytes>,
    found: &mut Dissection<'a>,
) {
    let Some(header) = Header::read(document) else {
        return found.report(ProblemCode::DocumentIllegible, None);
    };
    let pieces = header.pieces(document, read_table, found);
    let is_cut_off = pieces.iter().any(|piece| piece.range().end > document.len());
    // What is called encrypted is read as it stands, too, if that makes sense: some readers do not believe it.
    if header.is_encrypted {
        found.report(ProblemCode::ContainerEncrypted, None);
        let length = pieces.iter().map(|piece| piece.range().len()).fold(0, usize::saturating_add);
        if is_cut_off || length > document.len() {
            return;
        }
    } else if pieces.is_empty() || is_cut_off {
        found.report(ProblemCode::DocumentIllegible, None);
    }
    show_pieces(document, &pieces, found);
}

/// Source: §2.5.1 (FibBase), §2.5.6 (FibRgFcLcb97).
struct Header {
    is_encrypted: bool,
    version: u16,
    /// Which of [`TABLES`].
    table: usize,
    /// Where the table of pieces is, and how long.
    table_at: usize,
    table_length: usize,
    /// The text, where it is not in pieces.
    text: Range<usize>,
}

impl Header {
    fn read(document: &[u8]) -> Option<Self> {
        let (version, flags) = (u16_at(document, 2)?, u16_at(document, 10)?);
        let is_old = version <= LAST_OF_BYTES;
        let table_at = if is_old { 0x160 } else { 0x1a2 };
        let number = |at| u32_at(document, at).map(|number| number as usize);
        let is_in_pieces = !is_old || flags & 0x0004 != 0;
        Some(Self {
            is_encrypted: flags & 0x0100 != 0,
            version,
            table: usize::from(flags >> 9 & 1),
            table_at: number(table_at).unwrap_or_default(),
            table_length: if is_in_pieces { number(table_at + 4)? } else { 0 },
            text: number(0x18)?..number(0x1c)?,
        })
    }

    /// The pieces in the order in which people read them. Where the stream that the header names has none, another
    /// program may have taken the other one.
    fn pieces<'a>(
        &self,
        document: &[u8],
        mut read_table: impl FnMut(&str, &mut Dissection<'a>) -> Option<Bytes>,
        found: &mut Dissection<'a>,
    ) -> Vec<Piece> {
        let in_table = |table: &[u8]| pieces_in(table, self.table_at, self.table_length, self.width());
        if self.width() == Width::Bytes {
            let all = Piece { start: self.text.start, count: self.text.len(), width: Width::Bytes };
            return if self.table_length > 0 { in_table(document).unwrap_or_default() } else { vec![all] };
        }
        let names = [TABLES[self.table], TABLES[1 - self.table]];
        names.iter().find_map(|name| in_table(&read_table(name, found)?)).unwrap_or_default()
    }

    fn width(&self) -> Width {
        if self.version <= LAST_OF_BYTES { Width::Bytes } else { Width::Told }
    }
}

/// How a letter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    /// A byte each, of windows-1252.
    Bytes,
    /// UTF-16.
    Units,
    /// As each piece tells.
    Told,
}

/// A stretch of text.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: usize,
    /// Letters.
    count: usize,
    width: Width,
}

impl Piece {
    /// Bytes of a letter.
    fn letter(&self) -> usize {
        if self.width == Width::Bytes { 1 } else { 2 }
    }

    fn range(&self) -> Range<usize> {
        self.start..self.start.saturating_add(self.count.saturating_mul(self.letter()))
    }

    /// Its letters, as far as they are in the document.
    fn units<'d>(&self, document: &'d [u8]) -> impl Iterator<Item = u16> + use<'d> {
        let range = self.range();
        let bytes = &document[range.start.min(document.len())..range.end.min(document.len())];
        let width = self.width;
        bytes.chunks_exact(self.letter()).map(move |letter| match width {
            Width::Bytes => windows_1252(letter[0]) as u16,
            _ => u16::from_le_bytes([letter[0], letter[1]]),
        })
    }
}

/// The table of pieces of `length` bytes at `at`, behind whatever says how paragraphs look; `None` when there is none.
/// Sources: §2.9.38 (Clx), §2.8.35 (PlcPcd), §2.9.177 (Pcd), §2.9.73 (FcCompressed).
fn pieces_in(table: &[u8], at: usize, length: usize, width: Width) -> Option<Vec<Piece>> {
    let mut rest = table.get(at..)?;
    rest = &rest[..length.min(rest.len())];
    while let [1, low, high, behind @ ..] = rest {
        rest = behind.get(usize::from(u16::from_le_bytes([*low, *high]))..)?;
    }
    let length = u32_at(rest.strip_prefix(&[2])?, 0)? as usize;
    let table = &rest[5..];
    let table = &table[..length.min(table.len())];
    // A place in the text more than there are pieces, then eight bytes each.
    let count = table.len().checked_sub(4)? / 12;
    let pieces = (0..count).filter_map(|index| {
        let (from, to) = (u32_at(table, 4 * index)?, u32_at(table, 4 * index + 4)?);
        let place = u32_at(table, 4 * (count + 1) + 8 * index + 2)?;
        let count = to.checked_sub(from)? as usize;
        let start = (place & 0x3fff_ffff) as usize;
        Some(match (width, place & 0x4000_0000 != 0) {
            (Width::Bytes, _) => Piece { start: place as usize, count, width: Width::Bytes },
            (_, true) => Piece { start: start / 2, count, width: Width::Bytes },
            (_, false) => Piece { start, count, width: Width::Units },
        })
    });
    Some(pieces.collect()).filter(|pieces: &Vec<Piece>| !pieces.is_empty())
}

fn show_pieces(document: &[u8], pieces: &[Piece], found: &mut Dissection<'_>) {
    let mut cover = Cover::times(MAX_COVER, document);
    let within = pieces.iter().take_while(|piece| {
        let range = piece.range();
        cover.take(range.end.min(document.len()).saturating_sub(range.start)).is_some()
    });
    let within: Vec<Piece> = within.copied().collect();
    if within.len() < pieces.len() {
        found.report(ProblemCode::TooManyReadings, None);
    }
    let units = within.iter().flat_map(|piece| piece.units(document));
    let mut texts = Texts::new(document.len(), found);
    for (count, letter) in char::decode_utf16(units).enumerate() {
        if count.is_multiple_of(1 << 16) && found.is_over() {
            break;
        }
        texts.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER), found);
    }
    texts.read.show(PartKind::Text, "document", found);
    texts.codes.show(PartKind::Text, "fields", found);
}

/// The text as people read it, and apart from it what fields are made by, such as the address of a link: that stands in
/// the middle of what is read. Source: §2.8.25.
struct Texts<'a> {
    read: OfficeText<'a>,
    codes: OfficeText<'a>,
    /// For each field that has begun whether what comes now makes it.
    fields: Vec<bool>,
}

impl<'a> Texts<'a> {
    fn new(packed: usize, found: &Dissection<'a>) -> Self {
        let [read, codes] = [(); 2].map(|()| OfficeText::new(packed, found));
        Self { read, codes, fields: Vec::new() }
    }

    fn push(&mut self, letter: char, found: &mut Dissection<'a>) {
        match letter {
            '\x13' if self.fields.len() < MAX_FIELDS => self.fields.push(true),
            '\x14' => {
                if let Some(last) = self.fields.last_mut() {
                    *last = false;
                }
                self.codes.end_line(found);
            }
            '\x15' => {
                self.fields.pop();
                self.codes.end_line(found);
            }
            letter if self.fields.contains(&true) => self.codes.push_char(letter, found),
            letter => self.read.push_char(letter, found),
        }
    }
}
