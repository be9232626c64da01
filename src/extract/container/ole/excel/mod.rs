//! What workbooks of Excel say (MS-XLS, and the version before it): cells, names of sheets, notes, text boxes, headers
//! and footers, links. The records lie behind each other; where the same text stands in many cells, it is in one table.

mod fragments;

use std::collections::HashSet;

use bytes::Bytes;
use encoding_rs::{Encoding, WINDOWS_1252};

use crate::body::ScratchWriter;
use crate::content::number::{u16_at, u32_at};
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

use super::cover::Cover;
use super::text::{OfficeText, push_runs};
use super::{blips, code_page, default_password};
use fragments::{Fragments, Width};

/// Numbers of records (§2.3).
mod record {
    pub(super) const NOTE: u16 = 0x001c;
    pub(super) const HEADER: u16 = 0x0014;
    pub(super) const FOOTER: u16 = 0x0015;
    pub(super) const FILE_PASS: u16 = 0x002f;
    pub(super) const CONTINUE: u16 = 0x003c;
    pub(super) const CODE_PAGE: u16 = 0x0042;
    pub(super) const USER: u16 = 0x005c;
    pub(super) const PICTURE: u16 = 0x007f;
    pub(super) const SHEET: u16 = 0x0085;
    pub(super) const CACHED: u16 = 0x00cd;
    pub(super) const RICH_LABEL: u16 = 0x00d6;
    pub(super) const BACKGROUND: u16 = 0x00e9;
    pub(super) const DRAWINGS: u16 = 0x00eb;
    pub(super) const DRAWING: u16 = 0x00ec;
    pub(super) const TABLE: u16 = 0x00fc;
    pub(super) const TEXT_BOX: u16 = 0x01b6;
    pub(super) const LINK: u16 = 0x01b8;
    pub(super) const VALIDATION: u16 = 0x01be;
    pub(super) const LABEL: u16 = 0x0204;
    pub(super) const STRING: u16 = 0x0207;
    pub(super) const HEADERS_OF_PAGES: u16 = 0x089c;
    pub(super) const START: u16 = 0x0809;
    pub(super) const SERIES: u16 = 0x100d;
}

/// What the first record of those says that are about the whole workbook (§2.4.21).
const GLOBALS: u16 = 0x0005;

/// Records in front of the one that says how all others are encrypted (§2.1.7.20.3).
const MOST_BEFORE_LOCK: usize = 8;

/// What a workbook of the newer version says in its first record; texts of the older have a byte a letter.
const VERSION_OF_UTF_16: u16 = 0x0600;

/// How many times its own length the records of a stream may have together: sheets are where the workbook says, too.
const MAX_COVER: usize = 4;

/// Shows what the workbook says, and hands out the drawings in it. One that opens with the password that Excel tries by
/// itself is read as it is meant.
pub(super) fn show(stream: &Bytes, found: &mut Dissection<'_>) {
    let lock = Records { stream, at: 0 }.take(MOST_BEFORE_LOCK).find(|(kind, _)| *kind == record::FILE_PASS);
    match lock.and_then(|(_, lock)| default_password::workbook(lock, stream, found)) {
        Some(plain) => show_plain(&plain, found),
        None => show_plain(stream, found),
    }
}

fn show_plain(stream: &Bytes, found: &mut Dissection<'_>) {
    let mut workbook = Workbook {
        text: OfficeText::new(stream.len(), found),
        has_units: true,
        encoding: WINDOWS_1252,
        is_cut_off: false,
        is_encrypted: false,
        drawings: [(); 2].map(|()| found.output()),
        length: stream.len(),
        sheets: vec![0],
        starts: HashSet::new(),
        cover: Cover::times(MAX_COVER, stream),
    };
    // Excel goes by the places of sheets, so that anything may stand between them.
    while let Some(start) = workbook.sheets.pop() {
        if !workbook.starts.contains(&start) {
            workbook.walk(stream, start, found);
        }
    }
    // What is encrypted is read as it stands, too: some readers do not believe that it is.
    if workbook.is_encrypted {
        found.report(ProblemCode::ContainerEncrypted, None);
    } else if workbook.is_cut_off {
        found.report(ProblemCode::DocumentIllegible, None);
    }
    workbook.text.show(PartKind::Text, "workbook", found);
    for drawing in workbook.drawings {
        if let Some(drawing) = found.take(drawing).filter(|drawing| !drawing.is_empty()) {
            found.add(Part::new(PartKind::Entry, drawing.clone()).named("drawings"), None);
            blips::extract(&drawing, found);
        }
    }
}

/// The records of a stream, the last one as far as it is there.
struct Records<'b> {
    stream: &'b [u8],
    at: usize,
}

impl<'b> Iterator for Records<'b> {
    type Item = (u16, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length) = (u16_at(self.stream, self.at)?, u16_at(self.stream, self.at + 2)?);
        let start = self.at + 4;
        let end = (start + usize::from(length)).min(self.stream.len());
        self.at = end;
        Some((kind, &self.stream[start..end]))
    }
}

impl<'b> Records<'b> {
    /// `first` and what it goes on in, which is passed.
    fn with_rest(&mut self, first: &'b [u8]) -> Vec<&'b [u8]> {
        let mut fragments = vec![first];
        while u16_at(self.stream, self.at) == Some(record::CONTINUE)
            && let Some((_, content)) = self.next()
        {
            fragments.push(content);
        }
        fragments
    }
}

/// How long a number the length of a text is.
#[derive(Clone, Copy)]
enum Count {
    Byte,
    Word,
}

struct Workbook<'a> {
    text: OfficeText<'a>,
    /// Whether texts say how their letters are written. Otherwise they are in `encoding`.
    has_units: bool,
    encoding: &'static Encoding,
    /// Whether the table of texts ended before it should.
    is_cut_off: bool,
    /// Whether the records about all of it say that it is encrypted.
    is_encrypted: bool,
    /// What the drawings of all sheets share, and what each has of its own, joined from their records.
    drawings: [ScratchWriter<'a>; 2],
    /// Bytes of the stream.
    length: usize,
    /// Where sheets begin that have been told and not been looked at.
    sheets: Vec<usize>,
    /// Where a sheet or the workbook begins that has been looked at.
    starts: HashSet<usize>,
    cover: Cover,
}

impl<'a> Workbook<'a> {
    /// Passes the records from `start` on, up to where some have been passed before.
    fn walk(&mut self, stream: &[u8], start: usize, found: &mut Dissection<'a>) {
        let mut records = Records { stream, at: start };
        let mut is_sheet = false;
        self.starts.insert(start);
        loop {
            let at = records.at;
            let Some((kind, content)) = records.next().filter(|_| !found.is_over()) else {
                return;
            };
            if kind == record::START && !self.starts.insert(at) && at != start {
                return;
            }
            match kind {
                record::START => is_sheet = u16_at(content, 2).is_some_and(|kind| kind != GLOBALS),
                // Of a sheet no reader asks it.
                record::FILE_PASS if !is_sheet => self.is_encrypted = true,
                _ => {}
            }
            self.pass(kind, content, &mut records, found);
            if self.cover.take(records.at - at).is_none() {
                return found.report(ProblemCode::TooManyReadings, None);
            }
        }
    }

    fn pass<'b>(&mut self, kind: u16, content: &'b [u8], records: &mut Records<'b>, found: &mut Dissection<'a>) {
        match kind {
            record::START => self.has_units = u16_at(content, 0) == Some(VERSION_OF_UTF_16),
            record::CODE_PAGE => {
                let encoding = u16_at(content, 0).and_then(code_page::encoding);
                self.encoding = encoding.filter(|encoding| encoding.is_ascii_compatible()).unwrap_or(self.encoding);
            }
            record::DRAWINGS => self.join(0, records.with_rest(content), found),
            record::DRAWING => self.join(1, records.with_rest(content), found),
            record::BACKGROUND | record::PICTURE => {
                // What form it has and how long it is stand in front (§2.4.19).
                let picture = records.with_rest(content).concat();
                blips::hand_out_bitmap(picture.get(8..).unwrap_or_default(), found);
            }
            record::LINK | record::HEADERS_OF_PAGES => push_runs(content, &mut self.text, found),
            _ => {
                if kind == record::SHEET {
                    self.sheets.extend(u32_at(content, 0).map(|start| start as usize));
                }
                if let Some((before, count, texts)) = place_of_text(kind, self.has_units) {
                    let mut rest = Fragments::new(records.with_rest(content));
                    if rest.skip(before).is_some() {
                        self.push_texts(kind, count, texts, &mut rest, found);
                    }
                }
            }
        }
    }

    fn join(&mut self, index: usize, fragments: Vec<&[u8]>, found: &mut Dissection<'a>) {
        for fragment in fragments {
            if let Err(limit) = found.write(fragment, self.length, &mut self.drawings[index]) {
                return found.report_limit(limit);
            }
        }
    }

    /// Adds the texts of a record of this kind, of which the first begins with `rest`.
    fn push_texts(
        &mut self,
        kind: u16,
        count: Count,
        texts: usize,
        rest: &mut Fragments<'_>,
        found: &mut Dissection<'a>,
    ) {
        match kind {
            record::TABLE => {
                let texts = rest.u32().unwrap_or_default() as usize;
                let read = (0..texts).map_while(|_| self.push_text(Count::Word, rest, found)).count();
                self.is_cut_off |= read < texts && !found.is_over();
            }
            record::TEXT_BOX => self.push_text_box(rest, found),
            _ => (0..texts).map_while(|_| self.push_text(count, rest, found)).for_each(drop),
        }
    }

    /// Adds a text behind its length; `None` at the end. Sources: §2.5.293 (XLUnicodeRichExtendedString), §2.5.294.
    fn push_text(&mut self, count: Count, rest: &mut Fragments<'_>, found: &mut Dissection<'a>) -> Option<()> {
        let count = match count {
            Count::Byte => usize::from(rest.byte()?),
            Count::Word => usize::from(rest.u16()?),
        };
        if !self.has_units {
            self.push_bytes(&rest.bytes(count), found);
            return Some(());
        }
        // A text without letters may have nothing else either.
        let flags = rest.byte()?;
        let runs = if flags & 8 == 0 { 0 } else { usize::from(rest.u16()?) };
        let extension = if flags & 4 == 0 { 0 } else { rest.u32()? as usize };
        let letters = rest.letters(count, Width::told(flags));
        let is_whole = letters.len() == count;
        self.text.push_units(letters, found);
        self.text.end_line(found);
        rest.skip((4 * runs).saturating_add(extension)).filter(|()| is_whole && !found.is_over())
    }

    fn push_bytes(&mut self, bytes: &[u8], found: &mut Dissection<'a>) {
        self.text.push_str(&self.encoding.decode_without_bom_handling(bytes).0, found);
        self.text.end_line(found);
    }

    /// The text is in what the record goes on in (§2.4.329).
    fn push_text_box(&mut self, rest: &mut Fragments<'_>, found: &mut Dissection<'a>) {
        let count = usize::from(rest.u16().unwrap_or_default());
        if count == 0 || rest.next_fragment().is_none() {
            return;
        }
        if !self.has_units {
            return self.push_bytes(&rest.bytes(count), found);
        }
        if let Some(width) = rest.width() {
            self.text.push_units(rest.letters(count, width), found);
            self.text.end_line(found);
        }
    }
}

/// Where the first text of a record is, how its length is told, and how many there are; `None` for records without.
fn place_of_text(kind: u16, has_units: bool) -> Option<(usize, Count, usize)> {
    Some(match kind {
        record::HEADER | record::FOOTER | record::USER if !has_units => (0, Count::Byte, 1),
        record::NOTE if !has_units => (4, Count::Word, 1),
        record::VALIDATION if !has_units => return None,
        record::HEADER | record::FOOTER | record::USER | record::CACHED | record::STRING => (0, Count::Word, 1),
        record::LABEL | record::RICH_LABEL => (6, Count::Word, 1),
        record::SHEET => (6, Count::Byte, 1),
        record::NOTE => (8, Count::Word, 1),
        record::VALIDATION => (4, Count::Word, 4),
        record::SERIES => (2, Count::Byte, 1),
        record::TEXT_BOX => (10, Count::Word, 1),
        record::TABLE => (4, Count::Word, 1),
        _ => return None,
    })
}
