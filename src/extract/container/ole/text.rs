//! Texts of Office, put together in UTF-8: letters of UTF-16, and the control characters that Office lays text out with.

use crate::content::PartKind;
use crate::extract::dissection::Dissection;
use crate::extract::legible::TextWriter;

/// A text that grows piece by piece.
pub(super) struct OfficeText<'a> {
    writer: TextWriter<'a>,
}

impl<'a> OfficeText<'a> {
    /// Begins a text that is made from `packed` bytes.
    pub(super) fn new(packed: usize, found: &Dissection<'a>) -> Self {
        Self { writer: TextWriter::new(packed, found) }
    }

    /// Adds characters of UTF-16.
    pub(super) fn push_units(&mut self, units: impl IntoIterator<Item = u16>, found: &mut Dissection<'a>) {
        for character in char::decode_utf16(units) {
            self.push_char(character.unwrap_or(char::REPLACEMENT_CHARACTER), found);
        }
    }

    /// Adds UTF-16, lowest byte first.
    pub(super) fn push_utf16(&mut self, bytes: &[u8], found: &mut Dissection<'a>) {
        self.push_units(bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)), found);
    }

    /// Adds a text that is UTF-8 already.
    pub(super) fn push_str(&mut self, text: &str, found: &mut Dissection<'a>) {
        text.chars().for_each(|character| self.push_char(character, found));
    }

    /// Adds one character. Paragraphs, cells and breaks end a line; marks of where something else stands are left out.
    pub(super) fn push_char(&mut self, character: char, found: &mut Dissection<'a>) {
        match character {
            '\0' | '\x07' | '\n' | '\x0b'..='\x0e' => self.writer.end_line(found),
            '\t' => self.writer.push(b"\t", found),
            '\x1e' => self.writer.push(b"-", found),
            '\x01'..='\x1f' => {}
            character => self.writer.push(character.encode_utf8(&mut [0; 4]).as_bytes(), found),
        }
    }

    /// Ends a line, unless one has just ended.
    pub(super) fn end_line(&mut self, found: &mut Dissection<'a>) {
        self.writer.end_line(found);
    }

    /// Hands the text out, unless there is nothing in it to read.
    pub(super) fn show(self, kind: PartKind, name: &str, found: &mut Dissection<'a>) {
        self.writer.show(kind, name, found);
    }
}

/// Letters of UTF-16 in a row that are no chance: of alphabets, and where there are ideographs among them, which are half of
/// all units that there are.
const SHORTEST_RUN: usize = 4;
const SHORTEST_RUN_OF_IDEOGRAPHS: usize = 16;

/// Adds the texts in UTF-16 that stand somewhere in `bytes`, a line each: for what is built in too many ways to follow.
pub(super) fn push_runs<'a>(bytes: &[u8], text: &mut OfficeText<'a>, found: &mut Dissection<'a>) {
    for run in bytes.as_chunks::<2>().0.split(|unit| !matches!(script(*unit), Script::Alphabet | Script::Ideographs)) {
        let has_ideographs = run.iter().any(|unit| script(*unit) == Script::Ideographs);
        let shortest = if has_ideographs { SHORTEST_RUN_OF_IDEOGRAPHS } else { SHORTEST_RUN };
        if run.len() >= shortest && !found.is_over() {
            text.push_utf16(run.as_flattened(), found);
            text.end_line(found);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Latin to Arabic, punctuation, and the wide forms of letters.
    Alphabet,
    /// Of Chinese, Japanese and Korean.
    Ideographs,
    /// Control characters, and what texts of this sort hardly have.
    Other,
}

fn script(unit: [u8; 2]) -> Script {
    match u16::from_le_bytes(unit) {
        9 | 0x20..=0x7e | 0xa0..=0x6ff | 0xe00..=0xe7f | 0x2010..=0x203a | 0xff01..=0xff5e => Script::Alphabet,
        0x3000..=0x30ff | 0x4e00..=0x9fff | 0xac00..=0xd7a3 => Script::Ideographs,
        _ => Script::Other,
    }
}
