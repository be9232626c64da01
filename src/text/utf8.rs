//! Telling UTF-8, many bytes at once.

/// `bytes` up to the first that are not UTF-8.
pub(super) fn valid_part(bytes: &[u8]) -> &str {
    match simdutf8::compat::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}
