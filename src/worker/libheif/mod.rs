//! Decodes HEIC and AVIF through libheif, within limits. Runs in the worker only.

mod ffi;
mod mend;

use super::bounds::{UNSUPPORTED, check_size};
use crate::content::DecodeLimits;
use crate::media::{DecodeError, Several};

pub(super) use ffi::{Libheif, OpenError};

use ffi::{Context, HeifError, ItemId};

const UNSUPPORTED_FILETYPE: i32 = 3;
const UNSUPPORTED_FEATURE: i32 = 4;
const MEMORY_ALLOCATION_ERROR: i32 = 6;
const SECURITY_LIMIT_EXCEEDED: i32 = 1000;

/// A picture as it comes out of libheif.
pub(super) struct Decoded<'a>(ffi::Image<'a>);

impl Decoded<'_> {
    /// Width and height in pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        self.0.size()
    }

    /// Red, green, blue and alpha of each pixel, a slice for each row; none where libheif breaks its word.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.0.rows().into_iter().flatten()
    }
}

/// Hands each picture of `file`, which is mended before, to `sink`: the one to be shown first of all, then the others,
/// up to [`DecodeLimits::max_frames`].
///
/// # Errors
/// As [`Several`] says, when the others were handed out. What `sink` returns, at once.
pub(super) fn decode<E: From<DecodeError>>(
    library: &Libheif,
    file: &mut [u8],
    limits: &DecodeLimits,
    mut sink: impl FnMut(&Decoded<'_>) -> Result<(), E>,
) -> Result<(), E> {
    mend::mend(file);
    let file: &[u8] = file;
    let context = library.read(file, limits.max_side).map_err(|error| match of_heif(error) {
        DecodeError::Broken(_) if mend::is_only_sequence(file) => DecodeError::Unsupported(UNSUPPORTED),
        other => other,
    })?;
    let mut several = Several::default();
    let most = limits.max_frames.max(1);
    let items = context.pictures(most.saturating_add(1)).map_err(of_heif)?;
    if items.len() > most {
        several.add(Err(DecodeError::TooManyPictures));
    }
    for item in items.into_iter().take(most) {
        match decode_item(&context, item, limits) {
            Ok(decoded) => {
                sink(&decoded)?;
                several.add(Ok(()));
            }
            Err(error) => several.add(Err(error)),
        }
    }
    Ok(several.ended()?)
}

/// Looks at the size before it decodes, and again afterwards.
fn decode_item<'a>(context: &'a Context<'_>, item: ItemId, limits: &DecodeLimits) -> Result<Decoded<'a>, DecodeError> {
    let handle = context.handle(item).map_err(of_heif)?;
    let (width, height) = handle.size();
    check_size(width, height, limits)?;
    let image = handle.decode().map_err(|error| match of_heif(error) {
        DecodeError::TooLarge { .. } => DecodeError::TooLarge { width, height },
        other => other,
    })?;
    let (width, height) = image.size();
    check_size(width, height, limits)?;
    if image.rows().is_none() {
        return Err(DecodeError::Broken("libheif gave no pixels".into()));
    }
    Ok(Decoded(image))
}

fn of_heif(error: HeifError) -> DecodeError {
    // Alpha of several pictures, which newer versions read.
    if error.message.contains("Too many auxiliary image references") {
        return DecodeError::Unsupported(UNSUPPORTED);
    }
    match (error.code, error.subcode) {
        (MEMORY_ALLOCATION_ERROR, _) | (_, SECURITY_LIMIT_EXCEEDED) => DecodeError::TooLarge { width: 0, height: 0 },
        (UNSUPPORTED_FILETYPE | UNSUPPORTED_FEATURE, _) => DecodeError::Unsupported(UNSUPPORTED),
        _ => DecodeError::Broken(error.message),
    }
}
