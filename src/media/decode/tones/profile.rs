//! What readers look at of an ICC profile, and whether it says anything that is not usual.
//!
//! Of tags of the same name the first one counts, and all others that a profile may have are for people. What is left
//! is written anew for `moxcms`, which refuses whole profiles for tags that browsers do not look at, and for classes
//! and lengths of curves that they do not mind.
//!
//! Source: ICC.1:2022, §7 to §10; skcms, the reader of Chromium, for what is forgiven.

use crate::content::number::{array_at, be_u16_at, be_u32_at};

const HEADER: usize = 128;
const ENTRY: usize = 12;

/// Points of a curve that is written anew: every tone of eight bits is one of them.
const POINTS: usize = 16 * 255 + 1;

/// How much lighter or darker a usual curve makes a tone, of 255.
const MOST_AWAY: f64 = 45.0;

/// How far apart a usual curve puts neighbours, and how far tones that lie eight apart, at most and, but for the
/// darkest, at least. What a picture says in so few tones that this matters, it says on no screen.
const MOST_OF_STEP: f64 = 4.5;
const MOST_OF_EIGHT: f64 = 24.0;
const LEAST_OF_EIGHT: f64 = 3.2;
const DARK: usize = 24;

/// From XYZ under D50 to linear sRGB.
const TO_SRGB: [[f64; 3]; 3] = [
    [3.133_856_1, -1.616_866_7, -0.490_614_6],
    [-0.978_768_4, 1.916_141_5, 0.033_454],
    [0.071_945_3, -0.228_991_4, 1.405_242_7],
];

/// A profile for red, green and blue, or for grey.
pub(super) struct Profile<'a> {
    header: &'a [u8; HEADER],
    is_grey: bool,
    /// The curves of grey, or of red, green and blue.
    curves: Vec<&'a [u8]>,
    /// Where these are.
    columns: Vec<&'a [u8]>,
    /// What every colour becomes.
    table: Option<&'a [u8]>,
}

impl<'a> Profile<'a> {
    /// `None` where readers see no profile, or one for other colours.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let header: &[u8; HEADER] = bytes.first_chunk().filter(|header| header[36..40] == *b"acsp")?;
        let is_grey = match &header[16..20] {
            b"RGB " => false,
            b"GRAY" => true,
            _ => return None,
        };
        let count = be_u32_at(bytes, HEADER)? as usize;
        let entries = bytes.get(HEADER + 4..)?.as_chunks::<ENTRY>().0;
        let entries = &entries[..entries.len().min(count)];
        let tag = |name: &[u8; 4]| {
            let entry = entries.iter().find(|entry| entry.starts_with(name))?;
            let (start, length) = (be_u32_at(entry, 4)? as usize, be_u32_at(entry, 8)? as usize);
            bytes.get(start..start.checked_add(length)?)
        };
        let tags = |names: &[&[u8; 4]]| names.iter().filter_map(|name| tag(name)).collect();
        let curves = if is_grey { tags(&[b"kTRC"]) } else { tags(&[b"rTRC", b"gTRC", b"bTRC"]) };
        let columns = if is_grey { Vec::new() } else { tags(&[b"rXYZ", b"gXYZ", b"bXYZ"]) };
        Some(Self { header, is_grey, curves, columns, table: tag(b"A2B0").or_else(|| tag(b"A2B1")) })
    }

    /// Whether it says all that curves need.
    const fn is_complete(&self) -> bool {
        if self.is_grey { self.curves.len() == 1 } else { self.curves.len() == 3 && self.columns.len() == 3 }
    }

    /// The same profile for each way of reading it that may change a picture: by its table, and by its curves.
    pub(super) fn unusual(&self) -> Vec<Vec<u8>> {
        let of_curves = (self.is_complete() && !self.is_usual()).then(|| self.written(None));
        self.table.map(|table| self.written(Some(table))).into_iter().chain(of_curves).collect()
    }

    /// Whether curves and columns are near to those of sRGB, as those of all well-known profiles are.
    fn is_usual(&self) -> bool {
        let are_near = self.curves.iter().all(|curve| Curve::read(curve).is_some_and(|curve| curve.is_usual()));
        are_near && (self.is_grey || self.has_usual_columns())
    }

    fn has_usual_columns(&self) -> bool {
        let number = |bytes: &[u8], at: usize| array_at(bytes, 8 + 4 * at).map_or(f64::NAN, fixed);
        let column = |of: usize| [0, 1, 2].map(|at| number(self.columns[of], at));
        let columns = [column(0), column(1), column(2)];
        let in_srgb =
            |row: usize| [0, 1, 2].map(|of: usize| (0..3).map(|at| TO_SRGB[row][at] * columns[of][at]).sum::<f64>());
        let is_near = |row: usize| {
            let mixed = in_srgb(row);
            let near = |of: usize| (mixed[of] - if of == row { 1.0 } else { 0.0 }).abs() <= 1.3;
            (0..3).all(near) && (0.6..=1.5).contains(&mixed.iter().sum::<f64>())
        };
        let is_light = columns.iter().all(|column| (-0.01..=0.85).contains(&column[1]));
        is_light && (0.85..=1.15).contains(&columns.iter().map(|column| column[1]).sum::<f64>()) && (0..3).all(is_near)
    }

    /// A plain profile that says the same, with a table or with curves.
    fn written(&self, table: Option<&[u8]>) -> Vec<u8> {
        let white = [0, 0xf6d6, 0x1_0000, 0xd32d_u32].map(u32::to_be_bytes).concat();
        let mut tags = vec![(*b"wtpt", [&b"XYZ "[..], &white].concat())];
        if let Some(table) = table {
            tags.push((*b"A2B0", table.to_vec()));
        } else {
            let names = if self.is_grey { [*b"kTRC"; 3] } else { [*b"rTRC", *b"gTRC", *b"bTRC"] };
            tags.extend(names.into_iter().zip(self.curves.iter().map(|curve| shortened(curve))));
            let columns = self.columns.iter().map(|column| column.to_vec());
            tags.extend([*b"rXYZ", *b"gXYZ", *b"bXYZ"].into_iter().zip(columns));
        }
        let mut header = *self.header;
        header[12..16].copy_from_slice(b"mntr");
        if table.is_none() {
            header[20..24].copy_from_slice(b"XYZ ");
        }
        if !matches!(header[8], 2 | 4) {
            header[8..12].copy_from_slice(&[4, 0x20, 0, 0]);
        }
        // No intent, and the usual white.
        header[64..68].fill(0);
        header[68..80].copy_from_slice(&white[4..]);
        let (mut entries, mut content) = ((tags.len() as u32).to_be_bytes().to_vec(), Vec::new());
        let start = HEADER + 4 + ENTRY * tags.len();
        for (name, tag) in tags {
            entries.extend(name);
            entries.extend([start + content.len(), tag.len()].map(|number| (number as u32).to_be_bytes()).concat());
            content.extend(tag);
            content.resize(content.len().next_multiple_of(4), 0);
        }
        header[..4].copy_from_slice(&((start + content.len()) as u32).to_be_bytes());
        [&header[..], &entries, &content].concat()
    }
}

/// A number of 16 bits before the point and 16 behind it.
fn fixed(bytes: [u8; 4]) -> f64 {
    f64::from(i32::from_be_bytes(bytes)) / 65_536.0
}

/// How light the tones of a channel are.
enum Curve<'a> {
    Points(&'a [[u8; 2]]),
    Gamma(f64),
    /// The kind of function and its numbers.
    Function(u16, [f64; 7]),
}

impl<'a> Curve<'a> {
    fn read(tag: &'a [u8]) -> Option<Self> {
        match tag.first_chunk()? {
            b"curv" => {
                let count = be_u32_at(tag, 8)? as usize;
                let points = tag.get(12..)?.as_chunks::<2>().0.get(..count)?;
                Some(match points {
                    [] => Self::Gamma(1.0),
                    [gamma] => Self::Gamma(f64::from(u16::from_be_bytes(*gamma)) / 256.0),
                    _ => Self::Points(points),
                })
            }
            b"para" => {
                let kind = be_u16_at(tag, 8)?;
                let count = *[1, 3, 4, 5, 7].get(usize::from(kind))?;
                let mut numbers = [0.0; 7];
                for (at, number) in numbers.iter_mut().enumerate().take(count) {
                    *number = fixed(array_at(tag, 12 + 4 * at)?);
                }
                Some(Self::Function(kind, numbers))
            }
            _ => None,
        }
    }

    /// How light a tone is; both from 0 to 1.
    fn light(&self, tone: f64) -> f64 {
        let light = match self {
            Self::Points(points) => {
                let place = tone * (points.len() - 1) as f64;
                let at = (place as usize).min(points.len() - 2);
                let [low, high] = [points[at], points[at + 1]].map(|point| f64::from(u16::from_be_bytes(point)));
                (low + (high - low) * (place - at as f64)) / 65_535.0
            }
            Self::Gamma(gamma) => tone.powf(*gamma),
            Self::Function(kind, [g, a, b, c, d, e, f]) => {
                let power = || (a * tone + b).max(0.0).powf(*g);
                match kind {
                    0 => tone.powf(*g),
                    1 => {
                        if a * tone + b >= 0.0 {
                            power()
                        } else {
                            0.0
                        }
                    }
                    2 => {
                        if a * tone + b >= 0.0 {
                            power() + c
                        } else {
                            *c
                        }
                    }
                    3 => {
                        if tone >= *d {
                            power()
                        } else {
                            c * tone
                        }
                    }
                    _ => {
                        if tone >= *d {
                            power() + e
                        } else {
                            c * tone + f
                        }
                    }
                }
            }
        };
        light.clamp(0.0, 1.0)
    }

    /// Whether every tone is shown near to where sRGB has it, as far from its neighbours as there.
    fn is_usual(&self) -> bool {
        let shown: Vec<f64> = (0..=255).map(|tone| 255.0 * in_srgb(self.light(f64::from(tone) / 255.0))).collect();
        let is_near = shown.iter().zip(0..).all(|(shown, tone)| (shown - f64::from(tone)).abs() <= MOST_AWAY);
        let steps = shown.windows(2).all(|pair| (-0.5..=MOST_OF_STEP).contains(&(pair[1] - pair[0])));
        let eights = shown.windows(9).enumerate().all(|(tone, nine)| {
            let rise = nine[8] - nine[0];
            rise <= MOST_OF_EIGHT && (tone < DARK || rise >= LEAST_OF_EIGHT)
        });
        is_near && steps && eights
    }
}

/// The tone that is so light in sRGB.
fn in_srgb(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// A curve of so many points as `moxcms` takes.
fn shortened(tag: &[u8]) -> Vec<u8> {
    match Curve::read(tag) {
        Some(curve @ Curve::Points(points)) if points.len() > POINTS => {
            let light = |point: usize| curve.light(point as f64 / (POINTS - 1) as f64);
            written_curve((0..POINTS).map(light))
        }
        _ => tag.to_vec(),
    }
}

/// A curve of points.
fn written_curve(light: impl ExactSizeIterator<Item = f64>) -> Vec<u8> {
    let mut tag = b"curv\0\0\0\0".to_vec();
    tag.extend((light.len() as u32).to_be_bytes());
    tag.extend(light.flat_map(|light| ((light * 65_535.0 + 0.5) as u16).to_be_bytes()));
    tag
}

/// The curve of so many points that `light` has.
pub(super) fn points(light: impl Fn(f64) -> f64) -> Vec<u16> {
    let point = |number: usize| (light(number as f64 / (POINTS - 1) as f64).clamp(0.0, 1.0) * 65_535.0 + 0.5) as u16;
    (0..POINTS).map(point).collect()
}
