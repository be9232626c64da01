//! Makes pictures out of samples (ISO 32000-1 §8.9), as viewers show them, so that they can be compared with others.
//!
//! Samples are taken in as filters give them, and a large picture is reduced on the way: see `reduce`.

mod colours;
mod function;
mod png;
mod reduce;

use bytes::Bytes;

use crate::body::End;
use crate::content::{Mosaic, Part, Tile, TilePlace, Tones, Turn};
use crate::extract::dissection::Dissection;

use super::filter::Sink;
use super::objects::{Objects, Stream};
use super::predictor::{Prediction, Predictor};
use super::value::{Dictionary, Value};
use colours::{Colours, Space};
use png::Png;
use reduce::{Layout, Reduced, Reducer};

/// Most samples of a row: more than the sides of pictures that are decoded.
const MAX_ROW: usize = 1 << 20;

/// The shortest side of a picture within content that is looked at: glyphs and pieces of shading are drawn so, too.
const LEAST_TELLING: usize = 16;

/// Pixels between two looks at the clock.
const PATIENCE: usize = 1 << 14;

/// The shape of an image.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    width: usize,
    height: usize,
    bits: usize,
    /// `None` when the file does not say it in a way that is known here.
    space: Option<Space>,
    is_mask: bool,
    decode: Vec<f64>,
}

impl Shape {
    /// The shape that `dictionary` describes.
    pub(super) fn of(dictionary: &Dictionary, objects: &Objects) -> Option<Self> {
        let side = |keys: &[&str]| objects.number(dictionary.get(keys)).filter(|side| *side > 0);
        let (width, height) = (side(&["Width", "W"])?, side(&["Height", "H"])?);
        let is_mask = dictionary.get(&["ImageMask", "IM"]) == Some(&Value::Word("true"));
        let space = if is_mask {
            Some(Space::Grey)
        } else {
            dictionary.get(&["ColorSpace", "CS"]).and_then(|space| Space::read(space, objects))
        };
        let number = |value: &Value| if let Value::Number(number) = value { *number } else { 0.0 };
        Some(Self {
            width,
            height,
            bits: if is_mask { 1 } else { side(&["BitsPerComponent", "BPC"]).unwrap_or(8) },
            space,
            is_mask,
            decode: objects.list(dictionary.get(&["Decode", "D"])).iter().map(number).collect(),
        })
    }

    /// Bytes of all samples, whatever filters there are before them.
    pub(super) fn plain_bytes(&self) -> u64 {
        // Channels that are not known are inks at worst. Each row may tell its predictor besides.
        let channels = self.space.as_ref().map_or(4, Space::channels);
        let row = self.width.saturating_mul(channels).saturating_mul(self.bits).div_ceil(8).saturating_add(1);
        row.saturating_mul(self.height) as u64
    }

    /// Bytes of the samples themselves, where the file says what they mean.
    pub(super) fn exact_bytes(&self) -> Option<usize> {
        let channels = self.space.as_ref()?.channels();
        let row = self.width.checked_mul(channels)?.checked_mul(self.bits)?.div_ceil(8);
        row.checked_mul(self.height)
    }

    /// Whether it is so large that people may see something in it, and no stencil that colour is put through.
    pub(super) fn is_telling(&self) -> bool {
        self.width.min(self.height) >= LEAST_TELLING && !self.is_mask
    }

    /// Whether the file says what its samples mean.
    pub(super) fn has_colours(&self) -> bool {
        self.space.is_some()
    }

    /// With a colour space that fits `length` bytes of samples, where the file does not say any.
    fn fitting(mut self, length: usize) -> Option<Self> {
        if self.space.is_none() {
            let of = |space: &Space| {
                let row = self.width.checked_mul(space.channels())?.checked_mul(self.bits)?.div_ceil(8);
                row.checked_mul(self.height)
            };
            let spaces = [Space::Cmyk, Space::Rgb, Space::Grey];
            self.space =
                spaces.into_iter().find(|space| of(space).is_some_and(|least| least <= length)).or(Some(Space::Grey));
        }
        Some(self)
    }

    fn layout(&self, channels: usize) -> Option<Layout> {
        let is_known = matches!(self.bits, 1 | 2 | 4 | 8 | 16);
        let is_in_bounds = self.width.checked_mul(channels)? <= MAX_ROW && self.height <= MAX_ROW;
        (is_known && is_in_bounds).then_some(Layout {
            width: self.width,
            height: self.height,
            channels,
            bits: self.bits,
        })
    }

    /// What samples of each channel are as eight bits; none when they are that already, one for all that are alike.
    fn levels(&self, space: &Space) -> Vec<Vec<u8>> {
        let most = ((1_usize << self.bits.min(8)) - 1) as f64;
        let usual = |channel: usize| match space {
            Space::Table(..) => (0.0, most),
            Space::Lab([low, high, ..]) if channel == 1 => (*low, *high),
            Space::Lab([_, _, low, high]) if channel == 2 => (*low, *high),
            Space::Lab(_) => (0.0, 100.0),
            _ => (0.0, 1.0),
        };
        let of = |channel: usize| {
            let (low, high) = usual(channel);
            let from = self.decode.get(2 * channel).copied().unwrap_or(low);
            let to = self.decode.get(2 * channel + 1).copied().unwrap_or(high);
            let level = |sample: usize| {
                let value = from + sample as f64 / most * (to - from);
                let whole = if matches!(space, Space::Table(..)) { 1.0 } else { 255.0 / (high - low) };
                ((value - low) * whole + 0.5).clamp(0.0, 255.0) as u8
            };
            (0..=most as usize).map(level).collect::<Vec<u8>>()
        };
        let mut levels: Vec<Vec<u8>> = (0..space.channels()).map(of).collect();
        if levels.windows(2).all(|pair| pair[0] == pair[1]) {
            levels.truncate(1);
        }
        let is_plain = |levels: &Vec<u8>| levels.iter().enumerate().all(|(at, level)| at == usize::from(*level));
        if levels.iter().all(is_plain) { Vec::new() } else { levels }
    }

    /// Begins to draw samples that come out of `predictor`.
    fn start(&self, predictor: Predictor, objects: &Objects, found: &mut Dissection<'_>) -> Option<Drawing> {
        let space = self.space.clone()?;
        let layout = self.layout(space.channels())?;
        let levels = self.levels(&space);
        let colours = space.into_colours(objects, found)?;
        let table = if let Colours::Table(table) = &colours { table.clone() } else { Vec::new() };
        Some(Drawing { prediction: predictor.start(), reducer: Reducer::new(layout, levels, table), colours })
    }
}

/// A picture while its samples come.
pub(super) struct Drawing {
    prediction: Prediction,
    reducer: Reducer,
    colours: Colours,
}

impl Sink for Drawing {
    fn push(&mut self, piece: &[u8], found: &mut Dissection<'_>) -> Result<(), End> {
        found.pass(piece.len())?;
        let Self { prediction, reducer, .. } = self;
        prediction.push(piece, &mut |bytes| reducer.push(bytes))
    }

    fn is_empty(&self) -> bool {
        self.reducer.is_empty() && self.prediction.is_empty()
    }
}

impl Drawing {
    /// The picture in grey or in colours; `None` when there is nothing of it, or time has run out.
    fn finish(mut self, found: &mut Dissection<'_>) -> Option<Reduced> {
        // That there is more than the picture needs is no fault.
        let reducer = &mut self.reducer;
        let _more = self.prediction.finish(&mut |bytes| reducer.push(bytes));
        let reduced = self.reducer.finish();
        if reduced.height == 0 {
            return None;
        }
        match &mut self.colours {
            Colours::Grey | Colours::Rgb | Colours::Table(_) => Some(reduced),
            colours => coloured(reduced, colours, found),
        }
    }
}

/// `reduced` in the colours that its samples mean.
fn coloured(reduced: Reduced, colours: &mut Colours, found: &mut Dissection<'_>) -> Option<Reduced> {
    let mut samples = Vec::with_capacity(reduced.width * reduced.height * 3);
    let table: Vec<[u8; 3]> = match reduced.channels {
        1 => (0..=255).map(|sample| colours.rgb(&[sample])).collect(),
        _ => Vec::new(),
    };
    for pixels in reduced.samples.chunks(PATIENCE * reduced.channels) {
        if found.is_over() {
            return None;
        }
        if table.is_empty() {
            samples.extend(pixels.chunks_exact(reduced.channels).flat_map(|pixel| colours.rgb(pixel)));
        } else {
            samples.extend(pixels.iter().flat_map(|sample| table[usize::from(*sample)]));
        }
    }
    Some(Reduced { channels: 3, samples, ..reduced })
}

/// Whether what `filter` is used on is a file, which is decoded elsewhere.
pub(super) fn is_file(filter: &str) -> bool {
    matches!(filter, "DCTDecode" | "DCT" | "JPXDecode")
}

/// What viewers make of the tones of the file in a picture that `dictionary` describes; `None` when they show them as
/// they are, or nothing here knows.
pub(super) fn tones(dictionary: &Dictionary, objects: &Objects, found: &mut Dissection<'_>) -> Option<Tones> {
    let shape = Shape { bits: 8, ..Shape::of(dictionary, objects)? };
    let space = shape.space.clone()?;
    let levels = shape.levels(&space);
    let level = |channel: usize, sample: usize| match levels.get(channel).or_else(|| levels.first()) {
        Some(levels) => levels.get(sample).copied().unwrap_or_default(),
        None => sample as u8,
    };
    match space {
        Space::Grey | Space::Rgb if !levels.is_empty() => {
            let table = |channel| std::array::from_fn(|sample| level(channel, sample));
            Some(Tones::Each(Box::new(std::array::from_fn(table))))
        }
        Space::Table(..) | Space::Inks { count: 1, .. } => {
            let mut colours = space.into_colours(objects, found)?;
            Some(Tones::OfGrey(Box::new(std::array::from_fn(|sample| colours.rgb(&[level(0, sample)])))))
        }
        // How much ink the file means is read in both ways.
        _ => None,
    }
}

/// The picture in `file` as viewers show it, where `dictionary` says that it is in other tones.
pub(super) fn in_tones(
    dictionary: &Dictionary,
    file: &Bytes,
    objects: &Objects,
    found: &mut Dissection<'_>,
) -> Option<Part> {
    let tones = Some(tones(dictionary, objects, found)?);
    let shape = Shape::of(dictionary, objects)?;
    // Viewers go by the file, which may be larger than is said. No hash minds in what proportion both sides are.
    let [width, height] = [shape.width, shape.height].map(|side| side.clamp(256, 1024) as u32);
    let place = TilePlace { left: 0, top: 0, width, height, turn: Turn::default() };
    let tiles = vec![Tile { picture: file.clone(), place, tones }];
    Some(Part::of_mosaic(Mosaic { width, height, tiles }).named("image"))
}

/// What the picture in `stream` looks like, as a file; `samples` is what its filters gave, if that is known. Whatever
/// is not right about a picture is no reason to refuse the file that it is in.
pub(super) fn draw(
    stream: &Stream,
    samples: Option<&Bytes>,
    objects: &Objects,
    found: &mut Dissection<'_>,
) -> Option<Bytes> {
    let shape = Shape::of(&stream.dictionary, objects)?;
    let mut picture = drawn(&shape, stream, samples, objects, found)?;
    if let Some(mask) = mask(&stream.dictionary, objects, found) {
        picture = masked(&picture, &mask);
    }
    encoded(&picture, found).map_err(|limit| found.report_limit(limit)).ok()
}

fn drawn(
    shape: &Shape,
    stream: &Stream,
    samples: Option<&Bytes>,
    objects: &Objects,
    found: &mut Dissection<'_>,
) -> Option<Reduced> {
    let Some(samples) = samples else {
        return objects.pour(stream, found, |predictor, found| shape.start(predictor, objects, found))?.finish(found);
    };
    let mut drawing = shape.clone().fitting(samples.len())?.start(Predictor::NONE, objects, found)?;
    match drawing.reducer.push(samples) {
        Ok(()) | Err(End::Complete(_)) => drawing.finish(found),
        Err(_) => None,
    }
}

/// How much of each pixel shows, from 0 to 255, as another picture says it.
fn mask(dictionary: &Dictionary, objects: &Objects, found: &mut Dissection<'_>) -> Option<Reduced> {
    for key in ["SMask", "Mask"] {
        let Some(stream) = dictionary.get(&[key]).and_then(|value| objects.stream_at_reference(value)) else {
            continue;
        };
        let Some(shape) = Shape::of(&stream.dictionary, objects) else {
            continue;
        };
        let drawn = drawn(&shape, &stream, None, objects, found);
        if let Some(mut mask) = drawn.filter(|mask| mask.channels == 1) {
            // Of a stencil, what is marked does not show.
            if shape.is_mask {
                mask.samples.iter_mut().for_each(|sample| *sample = !*sample);
            }
            return Some(mask);
        }
    }
    None
}

/// `picture` as far as `mask` lets it show. The larger of both says how large the result is.
fn masked(picture: &Reduced, mask: &Reduced) -> Reduced {
    let larger = if picture.width * picture.height >= mask.width * mask.height { picture } else { mask };
    let (width, height, channels) = (larger.width, larger.height, picture.channels + 1);
    let mut samples = Vec::with_capacity(width * height * channels);
    for y in 0..height {
        let (shown, hidden) = (picture.row_at(y, height), mask.row_at(y, height));
        for x in 0..width {
            let at = x * picture.width / width * picture.channels;
            samples.extend_from_slice(&shown[at..at + picture.channels]);
            samples.push(hidden[x * mask.width / width]);
        }
    }
    Reduced { width, height, channels, samples }
}

fn encoded(picture: &Reduced, found: &mut Dissection<'_>) -> Result<Bytes, End> {
    let mut png = Png::begin(picture.width as u32, picture.height as u32, picture.channels, found)?;
    for row in picture.samples.chunks_exact(picture.width * picture.channels) {
        png.row(row, found)?;
    }
    png.finish(found)
}
