//! What a file says that its colours mean: an ICC profile, or numbers in its place.
//!
//! Browsers show a picture as these say. Most say what everybody takes for granted, or something near to it, which no
//! perceptual hash sees. Whether they do is read off their curves and their columns, never tried out on samples: a
//! table may turn just those colours over that nobody tries. Where a profile is not near to the usual ones, the picture
//! is compared as it has it as well: see [`Meaning`]. The profile is applied by `moxcms`, which the crate `image`
//! brings.
//!
//! Sources: ICC.1:2022; W3C PNG, third edition, §11.3.2; RFC 9649 §2.7.1.4 (WebP); ISO/IEC 14496-12 §12.1.5 (`colr`).

mod found;
mod numbers;
mod profile;

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use image::{RgbImage, RgbaImage};
use moxcms::{
    CmsError, ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, Transform16BitExecutor, TransformOptions,
};

use self::found::profiles;
use self::profile::Profile;
use super::Picture;
use super::pixels::Pixels;
use crate::content::MediaType;

/// Bytes of a profile. Those of printers have two megabytes.
const MOST_BYTES: usize = 8 << 20;

/// Profiles of a file that are looked at.
const MOST_PROFILES: usize = 8;

/// Hashes of profiles that change little, as most files have one of a few.
static PLAIN: LazyLock<Mutex<HashSet<u64>>> = LazyLock::new(Mutex::default);
static PLAIN_KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
const MOST_PLAIN: usize = 1_000;

/// What the colours of a file mean in place of what is taken for granted.
#[derive(Default)]
pub(super) struct Meaning {
    /// Each way of reading it.
    pub(super) tones: Vec<Tones>,
    /// Whether readers may see a meaning that is not among these.
    pub(super) is_incomplete: bool,
}

impl Meaning {
    /// What `file` says that is not usual; nothing for nearly every file.
    pub(super) fn in_file(file: &[u8], media_type: MediaType) -> Self {
        let profiles = profiles(file, media_type);
        let mut all = Self { tones: Vec::new(), is_incomplete: profiles.len() > MOST_PROFILES };
        for one in profiles.iter().take(MOST_PROFILES).map(|profile| Self::of_profile(profile)) {
            all.tones.extend(one.tones);
            all.is_incomplete |= one.is_incomplete;
        }
        all
    }

    /// What an ICC profile says; nothing where that is usual, or readers see none.
    pub(super) fn of_profile(bytes: &[u8]) -> Self {
        let key = PLAIN_KEY.hash_one(bytes);
        if PLAIN.lock().unwrap_or_else(PoisonError::into_inner).contains(&key) {
            return Self::default();
        }
        let unusual = Profile::read(bytes).map(|profile| profile.unusual()).unwrap_or_default();
        if unusual.is_empty() {
            let mut plain = PLAIN.lock().unwrap_or_else(PoisonError::into_inner);
            if plain.len() >= MOST_PLAIN {
                plain.clear();
            }
            plain.insert(key);
        }
        let read = |profile: &Vec<u8>| ColorProfile::new_from_slice(profile).ok().and_then(Tones::new);
        let tones: Vec<Tones> = unusual.iter().filter_map(read).collect();
        Self { is_incomplete: tones.len() < unusual.len(), tones }
    }
}

/// One meaning.
pub(super) struct Tones {
    profile: ColorProfile,
    /// Of three samples or of one, whichever the profile is for.
    change: Arc<Transform8BitExecutor>,
}

impl Tones {
    fn new(profile: ColorProfile) -> Option<Self> {
        let source = layout(&profile)?;
        let change = profile.create_transform_8bit(source, &ColorProfile::new_srgb(), Layout::Rgb, options());
        Some(Self { change: change.ok()?, profile })
    }

    /// Whether it is for grey alone.
    fn is_grey(&self) -> bool {
        self.profile.color_space == DataColorSpace::Gray
    }

    /// Colours as they are shown.
    fn changed(&self, rgb: &[u8]) -> Option<Vec<u8>> {
        let mut changed = vec![0; rgb.len()];
        let done = if self.is_grey() {
            let grey: Vec<u8> = rgb.as_chunks::<3>().0.iter().map(|rgb| light(*rgb)).collect();
            self.change.transform(&grey, &mut changed)
        } else {
            self.change.transform(rgb, &mut changed)
        };
        done.ok().map(|()| changed)
    }

    /// For samples of sixteen bits, which a steep curve may need.
    pub(super) fn wide(&self) -> Option<WideTones> {
        let source = layout(&self.profile)?;
        let change = self.profile.create_transform_16bit(source, &ColorProfile::new_srgb(), Layout::Rgb, options());
        Some(WideTones { change: change.ok()?, is_grey: self.is_grey() })
    }
}

/// The same for samples of sixteen bits.
pub(super) struct WideTones {
    change: Arc<Transform16BitExecutor>,
    is_grey: bool,
}

impl WideTones {
    /// A row of pixels of `channels` samples, as they are in a PNG, with eight bits for each of red, green and blue,
    /// and alpha where there is any.
    pub(super) fn row(&self, samples: &[u8], channels: usize) -> Result<Vec<u8>, CmsError> {
        let samples: Vec<u16> = samples.as_chunks().0.iter().map(|bytes| u16::from_be_bytes(*bytes)).collect();
        let has_alpha = channels.is_multiple_of(2);
        let colours = |pixel: &[u16]| if channels < 3 { [pixel[0]; 3] } else { [pixel[0], pixel[1], pixel[2]] };
        let rgb: Vec<[u16; 3]> = samples.chunks_exact(channels).map(colours).collect();
        let mut changed = vec![0; rgb.len() * 3];
        if self.is_grey {
            self.change.transform(&rgb.iter().map(|rgb| rgb[1]).collect::<Vec<_>>(), &mut changed)?;
        } else {
            self.change.transform(rgb.as_flattened(), &mut changed)?;
        }
        let narrow = |tone: u16| ((u32::from(tone) + 128) / 257) as u8;
        let mut row = Vec::with_capacity(rgb.len() * 4);
        for (pixel, changed) in samples.chunks_exact(channels).zip(changed.as_chunks::<3>().0) {
            row.extend(changed.map(narrow));
            if has_alpha {
                row.push(narrow(pixel[channels - 1]));
            }
        }
        Ok(row)
    }
}

impl Picture {
    /// The same as `tones` have it; `None` where they are for grey alone and it has colours.
    pub(super) fn toned(&self, tones: &Tones) -> Option<Self> {
        let pixels = match &self.pixels {
            Pixels::Luma(luma) => {
                let rgb: Vec<u8> = luma.iter().flat_map(|tone| [*tone; 3]).collect();
                Pixels::Rgb(RgbImage::from_raw(self.width, self.height, tones.changed(&rgb)?)?)
            }
            Pixels::Rgb(picture) => {
                Pixels::Rgb(RgbImage::from_raw(self.width, self.height, tones.changed(picture.as_raw())?)?)
            }
            Pixels::Rgba(picture) => {
                let pixels = picture.as_raw().as_chunks::<4>().0;
                let rgb: Vec<u8> = pixels.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect();
                let changed = tones.changed(&rgb)?;
                let rgba = changed.as_chunks::<3>().0.iter().zip(pixels);
                let rgba = rgba.flat_map(|([red, green, blue], [.., alpha])| [*red, *green, *blue, *alpha]);
                Pixels::Rgba(RgbaImage::from_raw(self.width, self.height, rgba.collect())?)
            }
            Pixels::Means(planes) => {
                let changed = |plane: &Vec<[f32; 3]>| {
                    let rgb: Vec<u8> = plane.as_flattened().iter().map(|tone| (tone + 0.5) as u8).collect();
                    let changed = tones.changed(&rgb)?;
                    Some(changed.as_chunks::<3>().0.iter().map(|rgb| rgb.map(f32::from)).collect())
                };
                Pixels::Means(planes.iter().map(changed).collect::<Option<_>>()?)
            }
        };
        Some(Self { pixels, ..*self })
    }
}

fn options() -> TransformOptions {
    TransformOptions { allow_use_cicp_transfer: false, ..TransformOptions::default() }
}

fn layout(profile: &ColorProfile) -> Option<Layout> {
    match profile.color_space {
        DataColorSpace::Rgb => Some(Layout::Rgb),
        DataColorSpace::Gray => Some(Layout::Gray),
        _ => None,
    }
}

fn light([red, green, blue]: [u8; 3]) -> u8 {
    ((77 * u32::from(red) + 150 * u32::from(green) + 29 * u32::from(blue) + 128) >> 8) as u8
}

#[cfg(test)]
mod tests;
