//! TIFF: pages, and the smaller pictures that pages may have below them, as raw files of cameras do.
//!
//! The decoder of `image` opens the first page only, so it is shown files whose first page is another one. Source: TIFF
//! revision 6.0, §2; "TIFF Technical Note 1" for what stands below a page; BigTIFF by its designers' description.

use std::collections::HashSet;

use image::codecs::tiff::TiffDecoder;

use super::{DecodeError, Decoding, is_chosen};

/// Pages that are looked for. A file can name as many as it has bytes.
const MAX_PAGES: usize = 1_000;

/// The tag of the pages below a page.
const SUB_IFDS: u16 = 330;

impl Decoding<'_, '_> {
    pub(super) fn tiff(&mut self) -> Result<(), DecodeError> {
        let file = File::open(self.bytes).ok_or_else(|| DecodeError::Broken("the header is cut off".into()))?;
        let pages = file.pages();
        let mut shown = Err(DecodeError::Broken("there is no page in it".into()));
        for (number, page) in pages.iter().enumerate() {
            if is_chosen(number, pages.len(), self.means.limits.max_frames) {
                self.check_deadline()?;
                let one = self.still(TiffDecoder::new(self.source().with_head(file.head_for(*page))), number);
                // A page that cannot be decoded, of many, is often one that nobody shows: the sensor's data of a raw file.
                shown = if shown.is_ok() { shown } else { one };
            }
        }
        shown
    }
}

/// How numbers are written in a file.
#[derive(Clone, Copy)]
struct File<'a> {
    bytes: &'a [u8],
    is_big_endian: bool,
    /// BigTIFF: offsets and counts of eight bytes.
    is_big: bool,
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
        let (is_big_endian, version) = match bytes.get(..4)? {
            [b'I', b'I', version, 0] => (false, *version),
            [b'M', b'M', 0, version] => (true, *version),
            _ => return None,
        };
        Some(Self { bytes, is_big_endian, is_big: version == 43 })
    }

    /// A number of `width` bytes, at most eight.
    fn number(&self, at: u64, width: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(width)?)?;
        let add = |sum, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.is_big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    }

    const fn offset_width(&self) -> usize {
        if self.is_big { 8 } else { 4 }
    }

    /// Where the first page is written down.
    const fn first(&self) -> u64 {
        if self.is_big { 8 } else { 4 }
    }

    /// Offsets of the pages, in the order in which they are found, each once.
    fn pages(&self) -> Vec<u64> {
        let mut seen = HashSet::new();
        let mut pages = Vec::new();
        let mut waiting = vec![self.number(self.first(), self.offset_width()).unwrap_or_default()];
        while let Some(page) = waiting.pop().filter(|_| pages.len() < MAX_PAGES) {
            if page == 0 || !seen.insert(page) {
                continue;
            }
            if let Some((next, below)) = self.leads_to(page) {
                pages.push(page);
                waiting.push(next);
                waiting.extend(below.into_iter().rev());
            }
        }
        pages
    }

    /// The page behind a page (0 when it is the last), and those below it.
    fn leads_to(&self, page: u64) -> Option<(u64, Vec<u64>)> {
        let (count_width, entry_width) = if self.is_big { (8, 20) } else { (2, 12) };
        let entries = self.number(page, count_width)?;
        let first = page.checked_add(count_width as u64)?;
        let end = first.checked_add(entries.checked_mul(entry_width)?)?;
        let next = self.number(end, self.offset_width())?;
        let tags = (0..entries).map(|entry| first + entry * entry_width);
        let below = tags.filter(|at| self.number(*at, 2) == Some(u64::from(SUB_IFDS)));
        Some((next, below.flat_map(|at| self.offsets(at)).take(MAX_PAGES).collect()))
    }

    /// The offsets that the entry at `at` holds, or says where they are.
    fn offsets(&self, at: u64) -> Vec<u64> {
        let width = self.offset_width();
        let count = self.number(at + 4, width).unwrap_or_default().min(MAX_PAGES as u64);
        let value = at + 4 + width as u64;
        let start = if count > 1 { self.number(value, width).unwrap_or_default() } else { value };
        (0..count).map_while(|number| self.number(start.checked_add(number * width as u64)?, width)).collect()
    }

    /// A header that says that `page` is the first.
    fn head_for(&self, page: u64) -> Vec<u8> {
        let mut head = self.bytes[..self.first() as usize].to_vec();
        let bytes = page.to_be_bytes();
        let offset = &bytes[8 - self.offset_width()..];
        if self.is_big_endian {
            head.extend_from_slice(offset);
        } else {
            head.extend(offset.iter().rev());
        }
        head
    }
}
