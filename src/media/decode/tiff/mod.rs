//! TIFF: pages, and the smaller pictures that pages may have below them, as raw files of cameras do.
//!
//! `directory` finds the pages, `page` reads what their entries say, `packing` and `jpeg` undo the compression of a
//! strip or tile, `samples` makes eight bits of its samples, `colours` makes pixels of these.

mod colours;
mod directory;
mod jpeg;
mod packing;
mod page;
mod samples;

use std::borrow::Cow;

use image::metadata::Orientation;

use self::colours::{pixels, unshared};
use self::directory::{Directory, File, MAX_PAGES};
use self::jpeg::Decoded;
use self::packing::unpack;
use self::page::{Chunk, Packing, Page, SENSOR};
use self::samples::{Extent, Samples, undo_prediction};
use super::chosen::Chosen;
use super::still::{ended_with, too_few_pixels};
use super::tones::Meaning;
use super::{DecodeError, Decoding, Picture, Several};
use crate::media::scratch::PIXELS;

const ORIENTATION: u16 = 274;
const PROFILE: u16 = 34_675;

impl Decoding<'_, '_> {
    /// Viewers show the first page and go on to others, but not to pages below a page, and nobody shows what the sensor
    /// of a camera saw.
    pub(super) fn tiff(&mut self) -> Result<(), DecodeError> {
        let file = File::open(self.bytes).ok_or_else(DecodeError::header_cut_off)?;
        let pages = file.pages();
        let mut chosen = Chosen::of(&vec![0; pages.len()], self.means.limits.max_frames, &self.means.deadline);
        let mut shown = Several::default();
        let is_cut_off = pages.len() == MAX_PAGES;
        for (number, page) in pages.into_iter().enumerate() {
            if chosen.takes(number, &self.means.deadline) {
                self.check_deadline()?;
                let is_below = page.is_below;
                match self.tiff_page(page, number) {
                    one @ Err(DecodeError::Unsupported(SENSOR)) => shown.add_aside(one),
                    one if is_below => shown.add_aside(one),
                    one => shown.add(one),
                }
            }
        }
        if is_cut_off {
            return Err(DecodeError::TooManyPictures);
        }
        chosen.ended().and(shown.ended())
    }

    fn tiff_page(&mut self, directory: Directory<'_>, number: usize) -> Result<(), DecodeError> {
        let page = Page::read(directory)?;
        let (width, height) = (page.width, page.height);
        let pixels_of_page = u64::from(width) * u64::from(height);
        // What is kept of each pixel, the pixel that is made of it, and one strip or tile, packed and not.
        let chunk = page.chunk_bytes(page.chunk.1).max(u64::from(page.chunk.0) * u64::from(page.chunk.1) * 3);
        let needed = pixels_of_page * (page.kept() as u64 + 4) + chunk.saturating_mul(2);
        self.check_size(width, height, needed)?;
        self.tones.clear();
        self.add_meaning(page.directory.bytes(PROFILE).map(Meaning::of_profile).unwrap_or_default());
        let mut samples = Samples::of(&page);
        let mut canvas = Canvas::new(&page);
        self.fill(&page, &samples, &mut canvas)?;
        if samples.is_open() && samples.misfits(canvas.seen) {
            samples.extent = canvas.seen;
            self.fill(&page, &samples, &mut canvas)?;
        }
        if canvas.filled == 0 {
            return Err(too_few_pixels());
        }
        let orientation = page.directory.number(ORIENTATION).and_then(|turn| Orientation::from_exif(turn as u8));
        let orientation = orientation.unwrap_or(Orientation::NoTransforms);
        let (filled, whole) = (canvas.filled, canvas.whole);
        let pixels = pixels(&page, canvas.samples).ok_or_else(too_few_pixels)?;
        self.show(Picture::whole(width, height, pixels, orientation, number));
        ended_with(filled, whole)
    }

    fn fill(&self, page: &Page<'_>, samples: &Samples, canvas: &mut Canvas) -> Result<(), DecodeError> {
        canvas.filled = 0;
        if page.packing == Packing::OldJpeg {
            let decoded = self.old_jpeg(page)?;
            let all = Chunk { number: 0, plane: 0, left: 0, top: 0, rows: page.height };
            return canvas.put_jpeg(page, &all, &decoded);
        }
        for chunk in page.chunks() {
            self.check_deadline()?;
            let packed = page.packed(&chunk);
            if packed.is_empty() {
                continue;
            }
            if page.packing == Packing::Jpeg {
                match self.jpeg_chunk(page, packed) {
                    Ok(decoded) => canvas.put_jpeg(page, &chunk, &decoded)?,
                    // The rest of the page may be in order.
                    Err(DecodeError::Broken(_)) => {}
                    Err(error) => return Err(error),
                }
                continue;
            }
            let expected = usize::try_from(page.chunk_bytes(chunk.rows)).map_err(|_| too_few_pixels())?;
            canvas.put(page, &chunk, samples, unpack(page, &chunk, packed, expected));
        }
        Ok(())
    }
}

/// The samples of a page that are kept, row by row.
struct Canvas {
    samples: Vec<u8>,
    /// Samples of colours that a whole page has, and that were there.
    whole: u64,
    filled: u64,
    seen: Extent,
    width: usize,
    height: usize,
    kept: usize,
    colours: usize,
}

impl Canvas {
    fn new(page: &Page<'_>) -> Self {
        let (width, height, kept) = (page.width as usize, page.height as usize, page.kept());
        let length = width * height * kept;
        let samples = PIXELS.with(|kept| kept.take(length));
        let colours = page.colour.channels();
        let whole = (width * height * colours) as u64;
        Self { samples, whole, filled: 0, seen: Extent::NOTHING, width, height, kept, colours }
    }

    /// Takes over what `bytes` hold of a strip or tile.
    fn put(&mut self, page: &Page<'_>, chunk: &Chunk, samples: &Samples, bytes: Cow<'_, [u8]>) {
        let (columns, of_chunk) = (page.chunk.0 as usize, page.samples_of_chunk());
        if page.subsampling != (1, 1) {
            let unshared = unshared(page, &bytes, chunk.rows);
            let rows = (bytes.len() as u64 * u64::from(chunk.rows) / page.chunk_bytes(chunk.rows).max(1)) as usize;
            for (number, row) in unshared.chunks_exact(columns * 3).take(rows).enumerate() {
                self.put_row(chunk, number, row, of_chunk);
            }
            return;
        }
        let is_predicted = page.predictor > 1 && matches!(page.packing, Packing::Lzw | Packing::Deflate);
        let mut bytes = bytes;
        let stride = page.row_bytes().max(1) as usize;
        let mut row = vec![0; columns * of_chunk];
        for number in 0..bytes.len().div_ceil(stride).min(chunk.rows as usize) {
            let within = number * stride..bytes.len().min((number + 1) * stride);
            if is_predicted && within.len() == stride {
                undo_prediction(page, &mut bytes.to_mut()[within.clone()]);
            }
            samples.unpack(&bytes[within], &mut row, &mut self.seen);
            self.put_row(chunk, number, &row, of_chunk);
        }
    }

    fn put_jpeg(&mut self, page: &Page<'_>, chunk: &Chunk, decoded: &Decoded) -> Result<(), DecodeError> {
        let least = if page.is_planar { 1 } else { self.kept };
        if decoded.components < least {
            return Err(DecodeError::Broken("a JPEG with fewer colours than its page".into()));
        }
        let stride = decoded.width as usize * decoded.components;
        for (number, row) in decoded.samples.chunks_exact(stride).take(decoded.height as usize).enumerate() {
            self.put_row(chunk, number, row, decoded.components);
        }
        Ok(())
    }

    /// Takes over row `number` of a strip or tile, with so many samples a pixel.
    fn put_row(&mut self, chunk: &Chunk, number: usize, row: &[u8], samples: usize) {
        let (left, top) = (chunk.left as usize, chunk.top as usize + number);
        if top >= self.height || left >= self.width {
            return;
        }
        let is_plane = samples == 1 && self.kept > 1;
        let columns = (self.width - left).min(row.len() / samples);
        let start = (top * self.width + left) * self.kept;
        let to = &mut self.samples[start..start + columns * self.kept];
        if samples == self.kept {
            to.copy_from_slice(&row[..to.len()]);
        } else if is_plane {
            to.iter_mut().skip(chunk.plane).step_by(self.kept).zip(row).for_each(|(to, from)| *to = *from);
        } else {
            let pixels = row.chunks_exact(samples).zip(to.chunks_exact_mut(self.kept));
            pixels.for_each(|(from, to)| to.copy_from_slice(&from[..to.len()]));
        }
        let is_colour = !is_plane || chunk.plane < self.colours;
        self.filled += (columns * samples.min(self.colours) * usize::from(is_colour)) as u64;
    }
}

#[cfg(test)]
mod tests;
