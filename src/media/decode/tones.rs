//! What a file says that its colours mean: an ICC profile, or the gamma and the primaries of a PNG.
//!
//! Browsers show a picture as these say. Most say what everybody takes for granted, or something near to it, which no
//! perceptual hash sees. Where they change the brightness of some colour by much, as one whose curves fall does, the
//! picture is compared as they have it as well: see [`Tones::in_file`]. The profile is applied by `moxcms`, which the
//! crate `image` brings.
//!
//! Sources: ICC.1:2022; W3C PNG, third edition, §11.3.2; RFC 9649 §2.7.1.4 (WebP); ISO/IEC 14496-12 §12.1.5 (`colr`).

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use image::{RgbImage, RgbaImage};
use memchr::memmem;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use moxcms::{
    Chromaticity, CmsError, ColorPrimaries, ColorProfile, DataColorSpace, Layout, ToneReprCurve, Transform8BitExecutor,
    Transform16BitExecutor, TransformOptions,
};

use super::Picture;
use super::jpeg::profile_of as jpeg_profile;
use super::pixels::Pixels;
use super::png_chunks::Chunks;
use crate::content::MediaType;

/// How much lighter or darker a colour has to become, of 255: the profiles of cameras and screens, and those that are
/// linear to the eye of old computers, stay below.
const MUCH: u8 = 60;

/// Bytes of a profile. Those of printers have two megabytes.
const MOST_BYTES: usize = 8 << 20;

/// Profiles of a file that are looked at.
const MOST_PROFILES: usize = 8;

/// Colours of a side of the cube that is looked at.
const CUBE: u8 = 17;

/// Hashes of profiles that change little, as most files have one of a few.
static PLAIN: LazyLock<Mutex<HashSet<u64>>> = LazyLock::new(Mutex::default);
static PLAIN_KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
const MOST_PLAIN: usize = 1_000;

/// What colours mean in place of what is taken for granted.
pub(super) struct Tones {
    profile: ColorProfile,
    /// Of three samples or of one, whichever the profile is for.
    change: Arc<Transform8BitExecutor>,
}

impl Tones {
    /// What `file` says that changes it by much; nothing for nearly every file.
    pub(super) fn in_file(file: &[u8], media_type: MediaType) -> Vec<Self> {
        let mut profiles = Vec::new();
        let mut of_numbers = None;
        match media_type {
            MediaType::Jpeg => profiles.extend(jpeg_profile(file)),
            MediaType::Png => {
                for chunk in Chunks::of(file).take_while(|chunk| chunk.kind != *b"IDAT").take(100) {
                    if chunk.kind == *b"iCCP" {
                        profiles.extend(unpacked(chunk.content));
                    }
                }
                of_numbers = of_png(file);
            }
            MediaType::WebP => profiles.extend(of_webp(file).map(<[u8]>::to_vec)),
            MediaType::Avif | MediaType::Heic => profiles.extend(of_boxes(file)),
            _ => {}
        }
        let profiles = profiles.iter().take(MOST_PROFILES).filter_map(|profile| Self::of_profile(profile));
        profiles.chain(of_numbers.and_then(Self::new).filter(Self::change_much)).collect()
    }

    /// What an ICC profile says; `None` where that changes little, or it is none that can be read.
    pub(super) fn of_profile(profile: &[u8]) -> Option<Self> {
        let key = PLAIN_KEY.hash_one(profile);
        if profile.len() > MOST_BYTES || PLAIN.lock().unwrap_or_else(PoisonError::into_inner).contains(&key) {
            return None;
        }
        let tones = ColorProfile::new_from_slice(profile).ok().and_then(Self::new).filter(Self::change_much);
        if tones.is_none() {
            let mut plain = PLAIN.lock().unwrap_or_else(PoisonError::into_inner);
            if plain.len() >= MOST_PLAIN {
                plain.clear();
            }
            plain.insert(key);
        }
        tones
    }

    fn new(profile: ColorProfile) -> Option<Self> {
        let source = layout(&profile)?;
        let change = profile.create_transform_8bit(source, &ColorProfile::new_srgb(), Layout::Rgb, options());
        Some(Self { change: change.ok()?, profile })
    }

    /// Whether it is for grey alone.
    fn is_grey(&self) -> bool {
        self.profile.color_space == DataColorSpace::Gray
    }

    fn change_much(&self) -> bool {
        let greys: Vec<[u8; 3]> = (0..=255).map(|tone| [tone; 3]).collect();
        let step = |number: u8| (u16::from(number) * 255 / u16::from(CUBE - 1)) as u8;
        let numbers = || (0..CUBE).map(step);
        let cube = numbers().flat_map(|red| numbers().map(move |green| (red, green)));
        let cube = cube.flat_map(|(red, green)| numbers().map(move |blue| [red, green, blue]));
        let colours: Vec<[u8; 3]> = if self.is_grey() { greys } else { greys.into_iter().chain(cube).collect() };
        let changed = self.changed(colours.as_flattened()).unwrap_or_default();
        colours.iter().zip(changed.as_chunks().0).any(|(from, to)| light(*from).abs_diff(light(*to)) > MUCH)
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

/// A profile as a PNG has it: behind a name and the number of its compression.
fn unpacked(content: &[u8]) -> Option<Vec<u8>> {
    let name = memchr::memchr(0, content)?;
    let unpacked = decompress_to_vec_zlib_with_limit(content.get(name + 2..)?, MOST_BYTES);
    // Of one that ends too early, what there is of it.
    Some(unpacked.unwrap_or_else(|error| error.output))
}

/// What the chunks of a PNG say that have numbers: its gamma, and where its colours are.
fn of_png(png: &[u8]) -> Option<ColorProfile> {
    let before_data = || Chunks::of(png).take_while(|chunk| chunk.kind != *b"IDAT").take(100);
    let find = |kind: &[u8; 4]| before_data().find(|chunk| chunk.kind == *kind);
    let gamma = find(b"gAMA").and_then(|chunk| chunk.content.first_chunk().copied()).map(u32::from_be_bytes);
    let gamma = gamma.filter(|gamma| *gamma > 0)? as f32 / 100_000.0;
    let mut profile = ColorProfile::new_srgb();
    if let Some(chunk) = find(b"cHRM")
        && let Some(numbers) = chunk.content.first_chunk::<32>()
    {
        let numbers: Vec<f32> =
            numbers.as_chunks().0.iter().map(|bytes| u32::from_be_bytes(*bytes) as f32 / 100_000.0).collect();
        let at = |number: usize| Chromaticity { x: numbers[2 * number], y: numbers[2 * number + 1] };
        if numbers.iter().all(|number| *number > 0.0) {
            let primaries = ColorPrimaries { red: at(1), green: at(2), blue: at(3) };
            profile.update_rgb_colorimetry(at(0).to_xyyb(), primaries);
        }
    }
    let curve = ToneReprCurve::Parametric(vec![1.0 / gamma]);
    profile.cicp = None;
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (Some(curve.clone()), Some(curve.clone()), Some(curve));
    Some(profile)
}

/// The profile of a WebP, in its first chunks.
fn of_webp(webp: &[u8]) -> Option<&[u8]> {
    let mut rest = webp.get(12..)?;
    for _ in 0..10 {
        let (&[k0, k1, k2, k3, a, b, c, d], content) = rest.split_first_chunk::<8>()?;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if [k0, k1, k2, k3] == *b"ICCP" {
            return content.get(..length.min(content.len()));
        }
        rest = content.get(length.next_multiple_of(2)..)?;
    }
    None
}

/// The profiles in boxes of colours, wherever they are.
fn of_boxes(file: &[u8]) -> Vec<Vec<u8>> {
    let mut profiles: Vec<Vec<u8>> = Vec::new();
    for at in memmem::find_iter(file, b"colr").take(100) {
        let length = at.checked_sub(4).and_then(|at| file.get(at..)).and_then(|rest| rest.first_chunk());
        let Some(length) = length.map(|bytes| u32::from_be_bytes(*bytes) as usize) else { continue };
        let Some((b"prof" | b"rICC", rest)) = file.get(at + 4..).and_then(|rest| rest.split_first_chunk()) else {
            continue;
        };
        let profile = rest[..rest.len().min(length.saturating_sub(12))].to_vec();
        if !profiles.contains(&profile) {
            profiles.push(profile);
        }
    }
    profiles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_curve(points: Vec<u16>) -> ColorProfile {
        let mut profile = ColorProfile::new_srgb();
        let curve = ToneReprCurve::Lut(points);
        profile.cicp = None;
        (profile.red_trc, profile.green_trc, profile.blue_trc) =
            (Some(curve.clone()), Some(curve.clone()), Some(curve));
        profile
    }

    #[test]
    fn usual_profiles_change_little_and_falling_curves_much() {
        for profile in [ColorProfile::new_srgb(), ColorProfile::new_display_p3(), ColorProfile::new_adobe_rgb()] {
            assert!(Tones::of_profile(&profile.encode().unwrap()).is_none());
        }
        let falling = with_curve((0..=255).rev().map(|tone| tone * 257).collect()).encode().unwrap();
        let tones = Tones::of_profile(&falling).unwrap();
        let changed = tones.changed(&[0, 0, 0, 255, 255, 255]).unwrap();
        assert!(changed[0] > 250 && changed[3] < 5, "{changed:?}");
        assert!(tones.wide().unwrap().row(&[0, 0, 9, 9], 2).unwrap()[0] > 250);
    }

    #[test]
    fn a_profile_is_found_where_each_format_has_it() {
        let profile = with_curve((0..=255).rev().map(|tone| tone * 257).collect()).encode().unwrap();
        let webp =
            [b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0          ICCP", &(profile.len() as u32).to_le_bytes()[..], &profile];
        assert_eq!(Tones::in_file(&webp.concat(), MediaType::WebP).len(), 1);
        let length = (profile.len() as u32 + 12).to_be_bytes();
        assert_eq!(Tones::in_file(&[&b"...."[..], &length, b"colrprof", &profile].concat(), MediaType::Avif).len(), 1);
        let segment = [b"ICC_PROFILE\0\x01\x01", &profile[..]].concat();
        let length = (segment.len() as u16 + 2).to_be_bytes();
        let jpeg = [&b"\xff\xd8\xff\xe2"[..], &length, &segment, b"\xff\xda\0\x02"].concat();
        assert_eq!(Tones::in_file(&jpeg, MediaType::Jpeg).len(), 1);
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(&profile, 6);
        super::super::png_chunks::push_chunk(&mut png, *b"iCCP", &[b"a\0\0", &packed[..]].concat());
        super::super::png_chunks::push_chunk(&mut png, *b"gAMA", &600_000_u32.to_be_bytes());
        assert_eq!(Tones::in_file(&png, MediaType::Png).len(), 2);
        for (media_type, cut) in [(MediaType::Png, &png), (MediaType::Jpeg, &jpeg)] {
            (0..cut.len()).for_each(|length| drop(Tones::in_file(&cut[..length], media_type)));
        }
    }
}
