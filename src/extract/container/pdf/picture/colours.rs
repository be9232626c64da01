//! Colour spaces (ISO 32000-1 §8.6): what samples look like.

use std::collections::HashMap;

use crate::extract::container::pdf::objects::Objects;
use crate::extract::container::pdf::value::Value;
use crate::extract::dissection::Dissection;

use super::function::{Function, numbers};

/// Colour spaces inside each other.
const MAX_DEPTH: usize = 4;

/// Most inks of a picture.
const MAX_INKS: usize = 32;

/// Colours of inks that are kept.
const MAX_KNOWN: usize = 1 << 17;

/// Steps of functions that one picture may take, half a second or so. Colours past it look like nothing but ink.
const MAX_STEPS: usize = 20_000_000;

/// What the samples of a pixel mean, as the file says it; tables and functions are not read yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Space {
    Grey,
    Rgb,
    Cmyk,
    /// With the limits of its two colours.
    Lab([f64; 4]),
    /// Numbers of colours in a table, a string or a stream, of samples in the space beneath.
    Table(Box<Self>, Value),
    /// Amounts of so many inks; what they look like is said in the space beneath by a function.
    Inks {
        count: usize,
        beneath: Option<Box<Self>>,
        function: Value,
    },
}

impl Space {
    /// The colour space that `value` is.
    pub(super) fn read(value: &Value, objects: &Objects) -> Option<Self> {
        Self::read_within(value, objects, MAX_DEPTH)
    }

    fn read_within(value: &Value, objects: &Objects, depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        let value = objects.resolve(value);
        let (name, rest) = match &value {
            Value::Name(name) => (name, &[][..]),
            Value::Array(values) => match &values[..] {
                [Value::Name(name), rest @ ..] => (name, rest),
                _ => return None,
            },
            _ => return None,
        };
        let at = |index: usize| rest.get(index).unwrap_or(&Value::Word("null"));
        let beneath = |index: usize| Self::read_within(at(index), objects, depth);
        Some(match name.as_str() {
            "DeviceGray" | "G" | "CalGray" => Self::Grey,
            "DeviceRGB" | "RGB" | "CalRGB" => Self::Rgb,
            "DeviceCMYK" | "CMYK" => Self::Cmyk,
            "Lab" => {
                let range = objects.stream_dictionary(at(0)).map(|lab| numbers(&lab, "Range", objects));
                Self::Lab(range.and_then(|range| range.try_into().ok()).unwrap_or([-100.0, 100.0, -100.0, 100.0]))
            }
            "ICCBased" => {
                let profile = objects.stream_dictionary(at(0))?;
                match objects.number(profile.get(&["N"])) {
                    Some(1) => Self::Grey,
                    Some(3) => Self::Rgb,
                    Some(4) => Self::Cmyk,
                    _ => Self::read_within(profile.get(&["Alternate"])?, objects, depth)?,
                }
            }
            "Indexed" | "I" => Self::Table(Box::new(beneath(0)?), at(2).clone()),
            "Separation" => Self::Inks { count: 1, beneath: beneath(1).map(Box::new), function: at(2).clone() },
            "DeviceN" => {
                let count = objects.list(Some(at(0))).len();
                let beneath = beneath(1).map(Box::new);
                (1..=MAX_INKS).contains(&count).then(|| Self::Inks { count, beneath, function: at(2).clone() })?
            }
            _ => return None,
        })
    }

    /// Samples of a pixel.
    pub(super) fn channels(&self) -> usize {
        match self {
            Self::Grey | Self::Table(..) => 1,
            Self::Rgb | Self::Lab(_) => 3,
            Self::Cmyk => 4,
            Self::Inks { count, .. } => *count,
        }
    }

    /// With its tables and functions; `None` when one that it needs cannot be read.
    pub(super) fn into_colours(self, objects: &Objects, found: &mut Dissection<'_>) -> Option<Colours> {
        Some(match self {
            Self::Grey => Colours::Grey,
            Self::Rgb => Colours::Rgb,
            Self::Cmyk => Colours::Cmyk,
            Self::Lab(range) => Colours::Lab(range),
            Self::Table(beneath, table) => {
                let table = objects.string(&table).or_else(|| Some(objects.stream_of(&table, found)?.to_vec()))?;
                let mut beneath = beneath.into_colours(objects, found)?;
                let channels = beneath.channels();
                let mut entry = vec![0; channels];
                let colour = |index: usize| {
                    entry.fill(0);
                    let bytes = table.get(index * channels..).unwrap_or_default();
                    entry.iter_mut().zip(bytes).for_each(|(sample, byte)| *sample = *byte);
                    beneath.rgb(&entry)
                };
                Colours::Table((0..256).map(colour).collect())
            }
            Self::Inks { count, beneath, function } => {
                let function = Function::read(&function, objects, found);
                let beneath = beneath.and_then(|beneath| beneath.into_colours(objects, found));
                match function.zip(beneath) {
                    Some(((function, steps), beneath)) => Colours::Inks(Inks::new(count, function, steps, beneath)),
                    None if count == 4 => Colours::Cmyk,
                    None => Colours::Dark(count),
                }
            }
        })
    }
}

/// Makes colours of samples.
#[derive(Debug)]
pub(super) enum Colours {
    Grey,
    Rgb,
    Cmyk,
    Lab([f64; 4]),
    Table(Vec<[u8; 3]>),
    Inks(Inks),
    /// So many inks of which nobody says what they look like.
    Dark(usize),
}

/// Inks with the function that says what they look like.
#[derive(Debug)]
pub(super) struct Inks {
    count: usize,
    function: Function,
    /// Steps for one colour, and those that are left.
    steps: usize,
    left: usize,
    beneath: Box<Colours>,
    /// Colours that have been made, by their rounded amounts.
    known: HashMap<Vec<u8>, [u8; 3]>,
}

impl Inks {
    fn new(count: usize, function: Function, steps: usize, beneath: Colours) -> Self {
        Self { count, function, steps, left: MAX_STEPS, beneath: Box::new(beneath), known: HashMap::new() }
    }

    /// Of one ink every amount is told apart, of two 64, of three 32, of more 16: more than that takes seconds.
    fn rgb(&mut self, amounts: &[u8]) -> [u8; 3] {
        let bits = match self.count {
            1 => 8,
            2 => 6,
            3 => 5,
            _ => 4,
        };
        let most = f64::from((1_u16 << bits) - 1);
        let rounded: Vec<u8> = amounts.iter().map(|amount| amount >> (8 - bits)).collect();
        if let Some(known) = self.known.get(&rounded) {
            return *known;
        }
        let Some(left) = self.left.checked_sub(self.steps) else {
            return dark(amounts);
        };
        self.left = left;
        let inputs: Vec<f64> = rounded.iter().map(|amount| f64::from(*amount) / most).collect();
        let outputs = self.function.at(&inputs);
        let share = |(channel, output): (usize, &f64)| match *self.beneath {
            Colours::Lab(_) if channel == 0 => output / 100.0,
            Colours::Lab([low, high, _, _]) if channel == 1 => (output - low) / (high - low),
            Colours::Lab([_, _, low, high]) => (output - low) / (high - low),
            _ => *output,
        };
        let mut samples: Vec<u8> = outputs.iter().enumerate().map(share).map(to_byte).collect();
        samples.resize(self.beneath.channels(), 0);
        let colour = self.beneath.rgb(&samples);
        if self.known.len() < MAX_KNOWN {
            self.known.insert(rounded, colour);
        }
        colour
    }
}

impl Colours {
    /// Samples of a pixel.
    pub(super) fn channels(&self) -> usize {
        match self {
            Self::Grey | Self::Table(_) => 1,
            Self::Rgb | Self::Lab(_) => 3,
            Self::Cmyk => 4,
            Self::Inks(inks) => inks.count,
            Self::Dark(count) => *count,
        }
    }

    /// The colour of a pixel with these samples, as many as it has.
    pub(super) fn rgb(&mut self, samples: &[u8]) -> [u8; 3] {
        match (self, samples) {
            (Self::Table(table), [index, ..]) => table.get(usize::from(*index)).copied().unwrap_or_default(),
            (Self::Inks(inks), samples) => inks.rgb(samples),
            (Self::Rgb, [red, green, blue, ..]) => [*red, *green, *blue],
            (Self::Cmyk, [cyan, magenta, yellow, black, ..]) => rgb_of_inks([*cyan, *magenta, *yellow, *black]),
            (Self::Lab(range), [light, a, b, ..]) => rgb_of_lab([*light, *a, *b], *range),
            (Self::Dark(_), samples) => dark(samples),
            (_, samples) => [samples.first().copied().unwrap_or_default(); 3],
        }
    }
}

/// The more ink, the darker.
fn dark(inks: &[u8]) -> [u8; 3] {
    [255 - inks.iter().fold(0_u8, |dark, ink| dark.saturating_add(*ink)); 3]
}

fn to_byte(share: f64) -> u8 {
    (share * 255.0 + 0.5).clamp(0.0, 255.0) as u8
}

fn rgb_of_inks([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| (u16::from(255 - ink) * u16::from(255 - black) / 255) as u8)
}

/// By the white of D65, as sRGB has it: spaces of PDF mostly have that of D50, and viewers adapt it.
fn rgb_of_lab(samples: [u8; 3], [a_low, a_high, b_low, b_high]: [f64; 4]) -> [u8; 3] {
    let [light, a, b] = samples.map(|sample| f64::from(sample) / 255.0);
    let middle = (light * 100.0 + 16.0) / 116.0;
    let curve = |t: f64| if t > 6.0 / 29.0 { t.powi(3) } else { 3.0 * (6.0_f64 / 29.0).powi(2) * (t - 4.0 / 29.0) };
    let x = 0.9505 * curve(middle + (a_low + a * (a_high - a_low)) / 500.0);
    let y = curve(middle);
    let z = 1.089 * curve(middle - (b_low + b * (b_high - b_low)) / 200.0);
    let linear = [
        3.2406 * x - 1.5372 * y - 0.4986 * z,
        -0.9689 * x + 1.8758 * y + 0.0415 * z,
        0.0557 * x - 0.204 * y + 1.057 * z,
    ];
    linear.map(|part| to_byte(if part <= 0.003_130_8 { 12.92 * part } else { 1.055 * part.powf(1.0 / 2.4) - 0.055 }))
}
