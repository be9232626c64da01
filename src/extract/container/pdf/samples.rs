//! Makes pictures out of plain samples (ISO 32000-1 §8.9), so that they can be compared with others.

use bytes::Bytes;

use crate::body::End;
use crate::extract::dissection::Dissection;

use super::objects::Objects;
use super::png::Png;
use super::value::{Dictionary, Value};

/// Most samples of a row: more than the sides of pictures that are decoded.
const MAX_ROW: usize = 1 << 20;

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
            colours: if is_mask { Colours::Grey } else { colours.unwrap_or(Colours::Grey) },
            is_inverted,
        })
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
        let mut padded = vec![0; stride];
        let mut pixels = Vec::with_capacity(self.width * channels);
        for row in samples.chunks(stride).take(height) {
            padded.fill(0);
            padded[..row.len()].copy_from_slice(row);
            pixels.clear();
            self.pixels_of(&padded, &mut pixels);
            png.row(&pixels, found)?;
        }
        png.finish(found)
    }

    fn pixels_of(&self, row: &[u8], pixels: &mut Vec<u8>) {
        let channels = self.colours.channels();
        for x in 0..self.width {
            let sample = |channel| {
                let raw = sample(row, x * channels + channel, self.bits);
                if self.is_inverted { !raw & mask(self.bits) } else { raw }
            };
            let full = |channel| widened(sample(channel), self.bits);
            match &self.colours {
                Colours::Grey => pixels.push(full(0)),
                Colours::Ink => pixels.push(255 - full(0)),
                Colours::Rgb => pixels.extend([full(0), full(1), full(2)]),
                Colours::Cmyk => pixels.extend(rgb_of_inks([full(0), full(1), full(2), full(3)])),
                Colours::Table(base, table) => pixels.extend(base.rgb_at(table, usize::from(sample(0)))),
                Colours::Unknown(_) => {}
            }
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

/// Sample number `index` of `row`; of 16 bits the upper eight.
fn sample(row: &[u8], index: usize, bits: usize) -> u8 {
    match bits {
        8 => row[index],
        16 => row[index * 2],
        _ => {
            let first = index * bits;
            row[first / 8] >> (8 - bits - first % 8) & mask(bits)
        }
    }
}

fn mask(bits: usize) -> u8 {
    if bits >= 8 { u8::MAX } else { (1 << bits) - 1 }
}

/// The sample in the range of eight bits.
fn widened(sample: u8, bits: usize) -> u8 {
    match bits {
        1 => sample * 255,
        2 => sample * 85,
        4 => sample * 17,
        _ => sample,
    }
}

fn rgb_of_inks([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| (u16::from(255 - ink) * u16::from(255 - black) / 255) as u8)
}
