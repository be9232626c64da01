//! PNG, row by row.

use image::metadata::Orientation;
use png::{BitDepth, ColorType, Transformations};

use super::animation::without_frames;
use super::canvas::{Canvas, Grain, Place};
use super::cgbi::is_cgbi;
use super::source::Source;
use super::still::too_few_pixels;
use super::tones::{Tones, WideTones};
use super::{DecodeError, Decoding};

/// A picture of which no more than this share is missing is shown as a whole, the rest of it black: one row in so many.
const MISSING_OF_WHOLE: usize = 8;

/// First column, distance of columns, first row, distance of rows, of each pass. Source: W3C PNG, third edition, §8.1.
const PASSES: [(usize, usize, usize, usize); 7] =
    [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)];

impl Decoding<'_, '_> {
    /// The picture that everybody shows, then the frames for those who show animations: it need not be one of them.
    pub(super) fn png(&mut self) -> Result<(), DecodeError> {
        if is_cgbi(self.bytes) {
            return self.cgbi();
        }
        let still = without_frames(self.bytes);
        let rows = Rows::open(Source::new(&still, self.means.deadline), self.means.limits.max_alloc);
        let shown = rows.and_then(|mut rows| self.png_still(&mut rows));
        shown.and(self.apng())
    }

    fn png_still(&mut self, rows: &mut Rows<'_>) -> Result<(), DecodeError> {
        let (width, height) = rows.reader.info().size();
        let (grain, needed) = self.grain(width, height, rows.channels);
        self.check_size(width, height, needed)?;
        let mut wide = if rows.is_wide { self.wide_canvases(rows, grain) } else { Vec::new() };
        let exif = rows.reader.info().exif_metadata.as_deref();
        let orientation = exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
        let is_interlaced = rows.reader.info().interlaced;
        let places = places(width as usize, height as usize, is_interlaced);
        let mut canvas = Canvas::new(width, height, rows.channels, grain);
        let (mut whole_rows, mut has_any, mut ended) = (0, false, Ok(()));
        for place in places {
            self.check_deadline()?;
            match rows.next() {
                Ok(pixels) => canvas.add(place, pixels),
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
            for (tones, channels, canvas) in &mut wide {
                if let Ok(row) = tones.row(&rows.wide, *channels) {
                    canvas.add(place, &row);
                }
            }
            has_any = true;
            whole_rows = place.y + 1;
        }
        let height = height as usize;
        let shown =
            if is_interlaced || (height - whole_rows) * MISSING_OF_WHOLE <= height { height } else { whole_rows };
        for (_, _, canvas) in wide.into_iter().filter(|_| has_any) {
            let toned = canvas.into_picture(shown as u32, orientation, 0).ok_or_else(too_few_pixels)?;
            (self.visit)(toned.in_grain(self.means.limits));
        }
        if has_any {
            self.show(canvas.into_picture(shown as u32, orientation, 0).ok_or_else(too_few_pixels)?);
        }
        ended
    }

    /// What samples of sixteen bits are put together on that mean other colours: steep curves need them all.
    fn wide_canvases(&self, rows: &Rows<'_>, grain: Grain) -> Vec<(WideTones, usize, Canvas)> {
        let (width, height) = rows.reader.info().size();
        let channels = if rows.channels.is_multiple_of(2) { 4 } else { 3 };
        let canvas = || Canvas::new(width, height, channels, grain);
        self.tones.iter().filter_map(Tones::wide).map(|tones| (tones, rows.channels, canvas())).collect()
    }
}

/// The rows of a file as they come, eight bits a sample.
struct Rows<'a> {
    reader: png::Reader<Source<'a>>,
    channels: usize,
    is_wide: bool,
    row: Vec<u8>,
    /// The same of sixteen bits a sample.
    wide: Vec<u8>,
}

impl<'a> Rows<'a> {
    fn open(source: Source<'a>, max_alloc: u64) -> Result<Self, DecodeError> {
        let limits = png::Limits { bytes: usize::try_from(max_alloc).unwrap_or(usize::MAX) };
        let mut decoder = png::Decoder::new_with_limits(source, limits);
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        decoder.set_transformations(Transformations::EXPAND);
        let reader = decoder.read_info().map_err(of_png)?;
        let (color, depth) = reader.output_color_type();
        let channels = match color {
            ColorType::Grayscale => 1,
            ColorType::GrayscaleAlpha => 2,
            ColorType::Rgb => 3,
            ColorType::Rgba => 4,
            ColorType::Indexed => return Err(DecodeError::Broken("there is no palette".into())),
        };
        Ok(Self { reader, channels, is_wide: depth == BitDepth::Sixteen, row: Vec::new(), wide: Vec::new() })
    }

    fn next(&mut self) -> Result<&[u8], DecodeError> {
        let row = self.reader.next_interlaced_row().map_err(of_png)?.ok_or_else(too_few_pixels)?;
        if !self.is_wide {
            return Ok(row.data());
        }
        let tone = |bytes: &[u8; 2]| ((u32::from(u16::from_be_bytes(*bytes)) + 128) / 257) as u8;
        self.wide.clear();
        self.wide.extend_from_slice(row.data());
        self.row.clear();
        self.row.extend(row.data().as_chunks().0.iter().map(tone));
        Ok(&self.row)
    }
}

/// Where each row of the file belongs, in their order.
fn places(width: usize, height: usize, is_interlaced: bool) -> Box<dyn Iterator<Item = Place>> {
    if !is_interlaced {
        return Box::new((0..height).map(Place::row));
    }
    // A pass without pixels is left out.
    let passes = PASSES.into_iter().filter(move |(x, ..)| *x < width);
    Box::new(passes.flat_map(move |(x, step, y, down)| (y..height).step_by(down).map(move |y| Place { x, y, step })))
}

fn of_png(error: png::DecodingError) -> DecodeError {
    match error {
        png::DecodingError::LimitsExceeded => DecodeError::TooLarge { width: 0, height: 0 },
        other => DecodeError::Broken(other.to_string()),
    }
}
