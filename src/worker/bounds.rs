//! What every decoder of a worker keeps to, and what the proxy checks again.

use crate::content::DecodeLimits;
use crate::media::DecodeError;

/// What [`DecodeError::Unsupported`] says of files that a decoder reads and cannot decode.
pub(super) const UNSUPPORTED: &str = "the decoder of the worker knows no way to do it";

/// Whether a picture of this size may be decoded.
///
/// # Errors
/// It is over a limit, or has no pixels at all.
pub(super) fn check_size(width: u32, height: u32, limits: &DecodeLimits) -> Result<(), DecodeError> {
    if width == 0 || height == 0 {
        return Err(DecodeError::Broken("the picture has no pixels".into()));
    }
    if limits.allow(width, height, rgba_length(width, height)) {
        Ok(())
    } else {
        Err(DecodeError::TooLarge { width, height })
    }
}

/// Bytes that the pixels take.
pub(super) fn rgba_length(width: u32, height: u32) -> u64 {
    (u64::from(width) * u64::from(height)).saturating_mul(4)
}
