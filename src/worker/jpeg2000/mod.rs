//! Decodes JPEG 2000 through `hayro-jpeg2000`, within limits. Runs in the worker only.
//!
//! The decoder is written in Rust without unsafe code, but looks at no clock and takes whatever memory a file asks for.
//! So it is not asked before [`Outline`] has said what that is, and the process bounds the rest.
#![expect(clippy::disallowed_methods, reason = "this is the capped door that all other code has to use")]

mod boxes;
mod outline;
#[cfg(test)]
mod tests;

use hayro_jpeg2000::error::{FormatError, MarkerError, ValidationError};
use hayro_jpeg2000::{ColorSpace, ComponentData, DecodeError as Jpeg2000Error, DecodeSettings, DecoderContext, Image};

use self::boxes::Entry;
use self::outline::Outline;
use super::bounds::UNSUPPORTED;
use super::drawn::Drawn;
use crate::content::DecodeLimits;
use crate::media::{DecodeError, Several};

/// Where a colour profile says which colours it is for, and what it says of CIELAB. Source: ICC.1 §7.2.
const PROFILE_OF_LAB: (std::ops::Range<usize>, &[u8]) = (16..20, b"Lab ");

/// Hands each picture of `file` to `sink`, up to [`DecodeLimits::max_frames`].
///
/// # Errors
/// As [`Several`] says, when the others were handed out. What `sink` returns, at once.
pub(super) fn decode<E: From<DecodeError>>(
    file: &[u8],
    limits: &DecodeLimits,
    sink: &mut dyn FnMut(&Drawn) -> Result<(), E>,
) -> Result<(), E> {
    let mut several = Several::default();
    let (entries, most) = (boxes::entries(file)?, limits.max_frames.max(1));
    if entries.len() > most {
        several.add(Err(DecodeError::TooManyPictures));
    }
    for entry in entries.iter().take(most) {
        match draw(entry, file.len() as u64, limits) {
            Ok((drawn, is_cut_off)) => {
                sink(&drawn)?;
                let cut_off = || Err(DecodeError::Broken("the picture is cut off".into()));
                several.add(if is_cut_off { cut_off() } else { Ok(()) });
            }
            Err(error) => several.add(Err(error)),
        }
    }
    Ok(several.ended()?)
}

/// The picture of `entry`, and whether its data is cut off.
fn draw(entry: &Entry<'_>, file: u64, limits: &DecodeLimits) -> Result<(Drawn, bool), DecodeError> {
    let outline = Outline::of(entry.codestream)?;
    outline.check(entry.copies(u64::from(outline.components)), file.saturating_mul(2), limits)?;
    let of_decoder = |error| of_jpeg2000(error, &outline);
    let alone = entry.file();
    let image = Image::new(&alone, &DecodeSettings::default()).map_err(of_decoder)?;
    let size = (image.width(), image.height());
    if size != (outline.width, outline.height) {
        return Err(DecodeError::Broken("its size is not what its header says".into()));
    }
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(of_decoder)?;
    let rgba = colours(decoded.components(), image.color_space(), image.has_alpha(), size)?;
    Ok((Drawn { size, rgba }, outline.is_cut_off))
}

/// What the planes of a picture are.
#[derive(Clone, Copy)]
enum Channels {
    Grey,
    Colours,
    Ink,
}

/// The pixels of `planes`.
fn colours(
    planes: &[ComponentData],
    space: &ColorSpace,
    has_alpha: bool,
    (width, height): (u32, u32),
) -> Result<Vec<u8>, DecodeError> {
    let pixels = width as usize * height as usize;
    if planes.iter().any(|plane| plane.samples().len() != pixels) {
        return Err(DecodeError::Broken("its components are not of one size".into()));
    }
    let channels = match space {
        // Its lightness, which is the first channel, is what hashes look at.
        ColorSpace::Icc { profile, .. } if profile.get(PROFILE_OF_LAB.0) == Some(PROFILE_OF_LAB.1) => Channels::Grey,
        ColorSpace::CMYK | ColorSpace::Icc { num_channels: 4, .. } if planes.len() >= 4 => Channels::Ink,
        ColorSpace::Gray => Channels::Grey,
        _ if planes.len() >= 3 => Channels::Colours,
        _ => Channels::Grey,
    };
    let count = match channels {
        Channels::Grey => 1,
        Channels::Colours => 3,
        Channels::Ink => 4,
    };
    let [Some(first), second, third, fourth] = std::array::from_fn(|number| planes.get(number).map(Plane::of)) else {
        return Err(DecodeError::Broken("it has no components".into()));
    };
    let alpha = planes.last().filter(|_| has_alpha && planes.len() > count).map(Plane::of);
    let at = |plane: Option<Plane<'_>>, pixel: usize| plane.map_or(u8::MAX, |plane| plane.at(pixel));
    let mut rgba = Vec::with_capacity(pixels * 4);
    for pixel in 0..pixels {
        let [red, green, blue] = match channels {
            Channels::Grey => [first.at(pixel); 3],
            Channels::Colours => [first.at(pixel), at(second, pixel), at(third, pixel)],
            Channels::Ink => {
                let light = u16::from(u8::MAX - at(fourth, pixel));
                let over = |ink: u8| (u16::from(u8::MAX - ink) * light / u16::from(u8::MAX)) as u8;
                [over(first.at(pixel)), over(at(second, pixel)), over(at(third, pixel))]
            }
        };
        rgba.extend_from_slice(&[red, green, blue, at(alpha, pixel)]);
    }
    Ok(rgba)
}

/// One component, in eight bits.
#[derive(Clone, Copy)]
struct Plane<'a> {
    samples: &'a [f32],
    scale: f32,
}

impl<'a> Plane<'a> {
    fn of(component: &'a ComponentData) -> Self {
        let most = 2_f32.powi(i32::from(component.bit_depth())) - 1.0;
        Self { samples: component.samples(), scale: 255.0 / most }
    }

    fn at(self, pixel: usize) -> u8 {
        // The conversion keeps to what a byte can be.
        (self.samples[pixel] * self.scale + 0.5) as u8
    }
}

/// A marker that the decoder does not know is damage unless the file says that it goes beyond the standard.
fn of_jpeg2000(error: Jpeg2000Error, outline: &Outline) -> DecodeError {
    match error {
        Jpeg2000Error::Format(FormatError::Unsupported)
        | Jpeg2000Error::Validation(ValidationError::TooManyChannels) => DecodeError::Unsupported(UNSUPPORTED),
        Jpeg2000Error::Marker(MarkerError::Unsupported) if outline.has_extensions => {
            DecodeError::Unsupported(UNSUPPORTED)
        }
        Jpeg2000Error::Validation(ValidationError::ImageTooLarge) => {
            DecodeError::TooLarge { width: outline.width, height: outline.height }
        }
        other => DecodeError::Broken(other.to_string()),
    }
}
