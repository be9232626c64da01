//! TIFF: pages, and the smaller pictures that pages may have below them, as raw files of cameras do.
//!
//! The decoder of `image` opens the first page only, so it is shown files whose first page is another one. Source: TIFF
//! revision 6.0, §2; "TIFF Technical Note 1" for what stands below a page; BigTIFF by its designers' description.

use std::collections::HashSet;
use std::ops::Range;

use image::RgbImage;
use image::codecs::tiff::TiffDecoder;

use super::pixels::Pixels;
use super::source::Patch;
use super::{DecodeError, Decoding, Picture, is_chosen};

/// Pages that are looked for. A file can name as many as it has bytes.
const MAX_PAGES: usize = 1_000;

/// Tags: the pages below a page, bits of a sample, how samples are to be understood, the colours of a palette.
const SUB_IFDS: u16 = 330;
const BITS: u16 = 258;
const INTERPRETATION: u16 = 262;
const COLOUR_MAP: u16 = 320;

/// How samples are to be understood.
const BLACK_IS_ZERO: u64 = 1;
const PALETTE: u64 = 3;

impl Decoding<'_, '_> {
    pub(super) fn tiff(&mut self) -> Result<(), DecodeError> {
        let file = File::open(self.bytes).ok_or_else(|| DecodeError::Broken("the header is cut off".into()))?;
        let pages = file.pages();
        let mut shown = Err(DecodeError::Broken("there is no page in it".into()));
        for (number, page) in pages.iter().enumerate() {
            if is_chosen(number, pages.len(), self.means.limits.max_frames) {
                self.check_deadline()?;
                let one = self.tiff_page(file, *page, number);
                // A page that cannot be decoded, of many, is often one that nobody shows: the sensor's data of a raw file.
                shown = if shown.is_ok() { shown } else { one };
            }
        }
        shown
    }

    fn tiff_page(&mut self, file: File<'_>, page: u64, number: usize) -> Result<(), DecodeError> {
        let mut patches = vec![file.patch(file.first(), page, file.offset_width())];
        // The decoder gives up on pages that lead in a circle before it shows any.
        patches.extend(file.entries(page).map(|entries| file.patch(entries.end, 0, file.offset_width())));
        let Some(palette) = file.palette(page) else {
            return self.still(TiffDecoder::new(self.source().with_patches(patches)), number);
        };
        patches.insert(1, file.patch(palette.interpretation, BLACK_IS_ZERO, 2));
        let source = self.source().with_patches(patches);
        let visit = &mut *self.visit;
        let mut in_colour = |mut picture: Picture| {
            if let Pixels::Luma(luma) = &picture.pixels
                && let Some(rgb) = RgbImage::from_raw(picture.width, picture.height, palette.colours(luma))
            {
                picture.pixels = Pixels::Rgb(rgb);
            }
            visit(picture);
        };
        let mut page = Decoding { visit: &mut in_colour, ..*self };
        page.still(TiffDecoder::new(source), number)
    }
}

/// A page whose pixels are numbers of colours, which the decoder does not know: it is shown one in grey.
struct Palette {
    /// Where the page says how its pixels are to be understood.
    interpretation: u64,
    bits: u32,
    /// As many of each of red, green and blue as there are values of `bits` bits.
    tones: Vec<u8>,
}

impl Palette {
    fn colours(&self, grey: &[u8]) -> Vec<u8> {
        let highest = (1 << self.bits) - 1;
        let tone = |channel: usize, grey: u8| {
            let number = (u32::from(grey) * highest + 127) / 255;
            self.tones.get(channel * (highest as usize + 1) + number as usize).copied().unwrap_or_default()
        };
        grey.iter().flat_map(|grey| [0, 1, 2].map(|channel| tone(channel, *grey))).collect()
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
        let next = self.number(self.entries(page)?.end, self.offset_width())?;
        Some((next, self.entry(page, SUB_IFDS).map(|at| self.offsets(at)).unwrap_or_default()))
    }

    const fn entry_width(&self) -> usize {
        if self.is_big { 20 } else { 12 }
    }

    /// Where the entries of a page are. Behind them stands the offset of the next page.
    fn entries(&self, page: u64) -> Option<Range<u64>> {
        let count_width = if self.is_big { 8 } else { 2 };
        let start = page.checked_add(count_width as u64)?;
        let length = self.number(page, count_width)?.checked_mul(self.entry_width() as u64)?;
        let end = start.checked_add(length)?;
        (end <= self.bytes.len() as u64).then_some(start..end)
    }

    /// The offsets that the entry at `at` holds, or says where they are.
    fn offsets(&self, at: u64) -> Vec<u64> {
        let width = self.offset_width();
        let count = self.number(at + 4, width).unwrap_or_default().min(MAX_PAGES as u64);
        let value = at + 4 + width as u64;
        let start = if count > 1 { self.number(value, width).unwrap_or_default() } else { value };
        (0..count).map_while(|number| self.number(start.checked_add(number * width as u64)?, width)).collect()
    }

    /// `value` in `width` bytes, to stand at `at`.
    fn patch(&self, at: u64, value: u64, width: usize) -> Patch {
        let mut bytes = value.to_be_bytes()[8 - width..].to_vec();
        if !self.is_big_endian {
            bytes.reverse();
        }
        Patch { at: usize::try_from(at).unwrap_or(usize::MAX), bytes }
    }

    /// The palette of a page that has one.
    fn palette(&self, page: u64) -> Option<Palette> {
        let width = self.offset_width();
        let value_of = |tag: u16| self.entry(page, tag).map(|at| at + 4 + width as u64);
        let interpretation = value_of(INTERPRETATION)?;
        let bits = u32::try_from(self.number(value_of(BITS)?, 2)?).ok().filter(|bits| (1..=8).contains(bits))?;
        if self.number(interpretation, 2)? != PALETTE {
            return None;
        }
        let start = self.number(value_of(COLOUR_MAP)?, width)?;
        let tone = |number: u64| self.number(start.checked_add(2 * number)?, 2);
        let tones: Vec<u64> = (0..3 << bits).map(tone).collect::<Option<_>>()?;
        // Sixteen bits, but some programs write eight.
        let shift = if tones.iter().all(|tone| *tone < 256) { 0 } else { 8 };
        Some(Palette { interpretation, bits, tones: tones.iter().map(|tone| (tone >> shift) as u8).collect() })
    }

    /// Where the entry of `page` with this tag is.
    fn entry(&self, page: u64, tag: u16) -> Option<u64> {
        let mut entries = self.entries(page)?.step_by(self.entry_width());
        entries.find(|at| self.number(*at, 2) == Some(u64::from(tag)))
    }
}
