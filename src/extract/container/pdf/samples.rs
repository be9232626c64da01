//! Makes pictures out of plain samples (ISO 32000-1 §8.9), so that they can be compared with others.

use bytes::Bytes;

use crate::body::End;
use crate::extract::dissection::Dissection;

use super::objects::Objects;
use super::png::Png;
use super::value::{Dictionary, Value};

/// Most samples of a row: more than the sides of pictures that are decoded.
const MAX_ROW: usize = 1 << 20;

/// The shortest side of a picture within content that is looked at: glyphs and pieces of shading are drawn so, too.
const LEAST_TELLING: usize = 16;

/// How samples become colours.
#[derive(Clone, Debug, PartialEq)]
enum Colours {
    Grey,
    Rgb,
    Cmyk,
    /// The amount of one ink.
    Ink,
    /// Numbers of colours in a table of samples in the colours beneath.
    Table(Box<Colours>, Vec<u8>),
    /// So many channels that mean nothing to us.
    Unknown(usize),
}

/// The shape of an image.
#[derive(Debug)]
pub(super) struct Shape {
    width: usize,
    height: usize,
    bits: usize,
    colours: Colours,
    /// Whether the file says so.
    has_colours: bool,
    is_mask: bool,
    is_inverted: bool,
}

impl Shape {
    /// The shape that `dictionary` describes.
    pub(super) fn of(dictionary: &Dictionary, objects: &Objects) -> Option<Self> {
        let side = |keys: &[&str]| objects.number(dictionary.get(keys)).filter(|side| *side > 0);
        let is_mask = dictionary.get(&["ImageMask", "IM"]) == Some(&Value::Word("true"));
        let colours = dictionary.get(&["ColorSpace", "CS"]).and_then(|space| colours(space, objects, 4));
        let decode = dictionary.get(&["Decode", "D"]).map(|value| objects.resolve(value));
        let is_inverted = matches!(decode, Some(Value::Array(range))
            if matches!(range[..], [Value::Number(from), Value::Number(to), ..] if from > to));
        Some(Self {
            width: side(&["Width", "W"])?,
            height: side(&["Height", "H"])?,
            bits: if is_mask { 1 } else { side(&["BitsPerComponent", "BPC"]).unwrap_or(8) },
            has_colours: is_mask || colours.is_some(),
            colours: if is_mask { Colours::Grey } else { colours.unwrap_or(Colours::Grey) },
            is_mask,
            is_inverted,
        })
    }

    /// Bytes of all samples, whatever filters there are before them.
    pub(super) fn plain_bytes(&self) -> u64 {
        // Channels that are not known are inks at worst. Each row may tell its predictor besides.
        let channels = if self.has_colours { self.colours.channels() } else { 4 };
        let row = self.width.saturating_mul(channels).saturating_mul(self.bits).div_ceil(8).saturating_add(1);
        row.saturating_mul(self.height) as u64
    }

    /// Bytes of the samples themselves, where the file says what they mean.
    pub(super) fn exact_bytes(&self) -> Option<usize> {
        let channels = self.colours.channels();
        let row = self.width.checked_mul(channels)?.checked_mul(self.bits)?.div_ceil(8);
        row.checked_mul(self.height).filter(|_| self.has_colours)
    }

    /// Whether it is so large that people may see something in it, and no stencil that colour is put through.
    pub(super) fn is_telling(&self) -> bool {
        self.width.min(self.height) >= LEAST_TELLING && !self.is_mask
    }

    /// Makes a picture of `samples`. Rows that are missing are left out.
    pub(super) fn picture(&self, samples: &Bytes, found: &mut Dissection<'_>) -> Option<Bytes> {
        let channels = self.colours.channels();
        let row_samples = self.width.checked_mul(channels).filter(|count| *count <= MAX_ROW)?;
        if !matches!(self.bits, 1 | 2 | 4 | 8 | 16) || matches!(self.colours, Colours::Unknown(_)) {
            return None;
        }
        let stride = (row_samples * self.bits).div_ceil(8);
        let height = self.height.min(samples.len().div_ceil(stride));
        if height == 0 {
            return None;
        }
        self.encode(samples, stride, height, found).map_err(|limit| found.report_limit(limit)).ok()
    }

    fn encode(&self, samples: &Bytes, stride: usize, height: usize, found: &mut Dissection<'_>) -> Result<Bytes, End> {
        let is_grey = matches!(self.colours, Colours::Grey | Colours::Ink);
        let channels = if is_grey { 1 } else { 3 };
        let mut png = Png::begin(self.width as u32, height as u32, channels, found)?;
        let palette: Vec<[u8; 3]> = match &self.colours {
            Colours::Table(base, table) => (0..=255).map(|index| base.rgb_at(table, index)).collect(),
            _ => Vec::new(),
        };
        let mut padded = vec![0; stride];
        let mut unpacked = Vec::with_capacity(self.width * self.colours.channels());
        let mut pixels = Vec::with_capacity(self.width * channels);
        for row in samples.chunks(stride).take(height) {
            padded.fill(0);
            padded[..row.len()].copy_from_slice(row);
            unpacked.clear();
            pixels.clear();
            unpack_samples(&padded, self.bits, self.width * self.colours.channels(), &mut unpacked);
            self.add_pixels(&mut unpacked, &palette, &mut pixels);
            png.row(&pixels, found)?;
        }
        png.finish(found)
    }

    /// Adds what a row of `samples` looks like to `pixels`. Those of a table are looked up in `palette`.
    fn add_pixels(&self, samples: &mut [u8], palette: &[[u8; 3]], pixels: &mut Vec<u8>) {
        if self.is_inverted {
            samples.iter_mut().for_each(|sample| *sample = !*sample & mask(self.bits));
        }
        if let Colours::Table(..) = self.colours {
            return samples.iter().for_each(|sample| pixels.extend(palette[usize::from(*sample)]));
        }
        if self.bits < 8 {
            samples.iter_mut().for_each(|sample| *sample *= u8::MAX / mask(self.bits));
        }
        match self.colours {
            Colours::Ink => pixels.extend(samples.iter().map(|sample| !sample)),
            Colours::Cmyk => {
                samples.as_chunks::<4>().0.iter().for_each(|inks| pixels.extend(rgb_of_inks(*inks)));
            }
            _ => pixels.extend_from_slice(samples),
        }
    }
}

impl Colours {
    fn channels(&self) -> usize {
        match self {
            Self::Grey | Self::Ink | Self::Table(..) => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
            Self::Unknown(channels) => *channels,
        }
    }

    /// The colour at `index` of `table`, whose entries are in these colours.
    fn rgb_at(&self, table: &[u8], index: usize) -> [u8; 3] {
        let channels = self.channels();
        let at = |channel: usize| table.get(index * channels + channel).copied().unwrap_or_default();
        match self {
            Self::Rgb => [at(0), at(1), at(2)],
            Self::Cmyk => rgb_of_inks([at(0), at(1), at(2), at(3)]),
            Self::Ink => [255 - at(0); 3],
            _ => [at(0); 3],
        }
    }
}

/// The colour space `value`; `depth` is how often one may lie in another.
fn colours(value: &Value, objects: &Objects, depth: usize) -> Option<Colours> {
    let depth = depth.checked_sub(1)?;
    let value = objects.resolve(value);
    let (name, rest) = match value {
        Value::Name(name) => (name.clone(), Vec::new()),
        Value::Array(values) => match &values[..] {
            [Value::Name(name), rest @ ..] => (name.clone(), rest.to_vec()),
            _ => return None,
        },
        _ => return None,
    };
    Some(match name.as_str() {
        "DeviceGray" | "G" | "CalGray" => Colours::Grey,
        "DeviceRGB" | "RGB" | "CalRGB" => Colours::Rgb,
        "DeviceCMYK" | "CMYK" => Colours::Cmyk,
        "ICCBased" => {
            let profile = rest.first().and_then(|profile| objects.stream_dictionary(profile));
            match objects.number(profile.as_ref().and_then(|profile| profile.get(&["N"])))? {
                1 => Colours::Grey,
                4 => Colours::Cmyk,
                _ => Colours::Rgb,
            }
        }
        "Indexed" | "I" => {
            let base = rest.first().and_then(|base| colours(base, objects, depth))?;
            Colours::Table(Box::new(base), objects.string(rest.get(2)?)?)
        }
        "Separation" => Colours::Ink,
        "DeviceN" => match rest.first().map(|names| objects.resolve(names)) {
            Some(Value::Array(names)) if names.len() == 4 => Colours::Cmyk,
            Some(Value::Array(names)) if names.len() == 1 => Colours::Ink,
            Some(Value::Array(names)) => Colours::Unknown(names.len().max(1)),
            _ => return None,
        },
        "Lab" => Colours::Unknown(3),
        _ => return None,
    })
}

/// Adds the first `count` samples of `row`; of 16 bits the upper eight.
fn unpack_samples(row: &[u8], bits: usize, count: usize, samples: &mut Vec<u8>) {
    match bits {
        8 => samples.extend_from_slice(&row[..count]),
        16 => samples.extend(row.as_chunks::<2>().0.iter().take(count).map(|[high, _]| *high)),
        _ => {
            let per_byte = 8 / bits;
            let of_byte = |byte: u8| (1..=per_byte).map(move |number| byte >> (8 - bits * number) & mask(bits));
            samples.extend(row.iter().flat_map(|byte| of_byte(*byte)).take(count));
        }
    }
}

fn mask(bits: usize) -> u8 {
    if bits >= 8 { u8::MAX } else { (1 << bits) - 1 }
}

fn rgb_of_inks([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| (u16::from(255 - ink) * u16::from(255 - black) / 255) as u8)
}
