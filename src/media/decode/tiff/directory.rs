//! Where the pages of a TIFF are, and what their entries hold.
//!
//! Source: TIFF revision 6.0, §2; "TIFF Technical Note 1" for pages below a page; BigTIFF by its designers'
//! description.

use std::collections::HashSet;
use std::ops::Range;

/// Pages that are looked for. A file can name as many as it has bytes.
pub(super) const MAX_PAGES: usize = 1_000;

/// The tag of the pages below a page.
const SUB_IFDS: u16 = 330;

/// How numbers are written in a file.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) is_big_endian: bool,
    /// BigTIFF: offsets and counts of eight bytes.
    is_big: bool,
}

/// The entries of one page.
#[derive(Clone)]
pub(super) struct Directory<'a> {
    file: File<'a>,
    /// After them comes the offset of the next page.
    entries: Range<u64>,
    /// Whether it is below another page.
    pub(super) is_below: bool,
}

/// Where the values of an entry are.
struct Entry {
    kind: u64,
    count: u64,
    start: u64,
}

impl<'a> File<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Option<Self> {
        let (is_big_endian, version) = match bytes.get(..4)? {
            [b'I', b'I', 0, version @ 42] | [b'I', b'I', version, 0] => (false, *version),
            [b'M', b'M', version @ 42, 0] | [b'M', b'M', 0, version] => (true, *version),
            _ => return None,
        };
        Some(Self { bytes, is_big_endian, is_big: version == 43 })
    }

    /// A number of `width` bytes, at most eight.
    fn number(&self, at: u64, width: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        Some(number(self.bytes.get(at..at.checked_add(width)?)?, self.is_big_endian))
    }

    const fn offset_width(&self) -> usize {
        if self.is_big { 8 } else { 4 }
    }

    /// The pages, in the order in which they are found, each once.
    pub(super) fn pages(&self) -> Vec<Directory<'a>> {
        let mut seen = HashSet::new();
        let mut pages = Vec::new();
        let first = if self.is_big { 8 } else { 4 };
        let mut waiting = vec![(self.number(first, self.offset_width()).unwrap_or_default(), false)];
        while let Some((page, is_below)) = waiting.pop().filter(|_| pages.len() < MAX_PAGES) {
            if page == 0 || !seen.insert(page) {
                continue;
            }
            if let Some(page) = self.directory(page, is_below) {
                waiting.push((self.number(page.entries.end, self.offset_width()).unwrap_or_default(), is_below));
                let below = page.numbers(SUB_IFDS).into_iter().take(MAX_PAGES).rev();
                waiting.extend(below.map(|page| (page, true)));
                pages.push(page);
            }
        }
        pages
    }

    const fn entry_width(&self) -> usize {
        if self.is_big { 20 } else { 12 }
    }

    fn directory(&self, page: u64, is_below: bool) -> Option<Directory<'a>> {
        let count_width = if self.is_big { 8 } else { 2 };
        let start = page.checked_add(count_width as u64)?;
        let length = self.number(page, count_width)?.checked_mul(self.entry_width() as u64)?;
        let end = start.checked_add(length)?;
        (end <= self.bytes.len() as u64).then_some(Directory { file: *self, entries: start..end, is_below })
    }

    /// As many of the `length` bytes from `at` on as there are.
    pub(super) fn stretch(&self, at: u64, length: u64) -> &'a [u8] {
        let end = self.bytes.len();
        let bound = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(end);
        &self.bytes[bound(at)..bound(at.saturating_add(length))]
    }
}

impl<'a> Directory<'a> {
    pub(super) const fn file(&self) -> &File<'a> {
        &self.file
    }

    fn entry(&self, tag: u16) -> Option<Entry> {
        let file = &self.file;
        let mut entries = self.entries.clone().step_by(file.entry_width());
        let at = entries.find(|at| file.number(*at, 2) == Some(u64::from(tag)))?;
        let width = file.offset_width();
        let (kind, count, value) = (file.number(at + 2, 2)?, file.number(at + 4, width)?, at + 4 + width as u64);
        let is_inside = count.checked_mul(width_of(kind))? <= width as u64;
        let start = if is_inside { value } else { file.number(value, width)? };
        Some(Entry { kind, count, start })
    }

    /// The whole numbers of an entry, as far as the file has them. Of a fraction it is the part above the line.
    pub(super) fn numbers(&self, tag: u16) -> Vec<u64> {
        self.all_numbers(tag).unwrap_or_default()
    }

    fn all_numbers(&self, tag: u16) -> Option<Vec<u64>> {
        let entry = self.entry(tag)?;
        let step = width_of(entry.kind);
        let values = self.file.stretch(entry.start, entry.count.checked_mul(step)?);
        let width = if matches!(entry.kind, 5 | 10) { 4 } else { step as usize };
        let values = values.chunks_exact(step as usize);
        Some(values.map(|value| number(&value[..width], self.file.is_big_endian)).collect())
    }

    pub(super) fn number(&self, tag: u16) -> Option<u64> {
        self.numbers(tag).first().copied()
    }

    /// The fractions of an entry.
    pub(super) fn fractions(&self, tag: u16) -> Vec<f64> {
        let Some(entry) = self.entry(tag).filter(|entry| entry.kind == 5) else {
            return self.numbers(tag).into_iter().map(|number| number as f64).collect();
        };
        let values = self.file.stretch(entry.start, entry.count.saturating_mul(8)).as_chunks::<4>().0;
        let part = |bytes: &[u8; 4]| number(bytes, self.file.is_big_endian) as f64;
        values.as_chunks::<2>().0.iter().map(|[above, below]| part(above) / part(below)).collect()
    }

    /// The bytes of an entry.
    pub(super) fn bytes(&self, tag: u16) -> Option<&'a [u8]> {
        let entry = self.entry(tag)?;
        Some(self.file.stretch(entry.start, entry.count.checked_mul(width_of(entry.kind))?))
    }
}

fn number(bytes: &[u8], is_big_endian: bool) -> u64 {
    let add = |sum, byte: &u8| sum << 8 | u64::from(*byte);
    if is_big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
}

/// Bytes of a value of this kind.
const fn width_of(kind: u64) -> u64 {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 1,
    }
}
