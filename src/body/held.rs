//! A whole request body.

use bytes::Bytes;

use super::quota::Reservation;

/// A whole request body, in memory or spooled. Its share of memory and disk is given back when it is dropped.
#[derive(Debug)]
pub struct HeldBody {
    bytes: Bytes,
    is_spooled: bool,
    _share: Reservation,
}

impl HeldBody {
    pub(super) fn new(bytes: Bytes, is_spooled: bool, share: Reservation) -> Self {
        Self { bytes, is_spooled, _share: share }
    }

    /// The body as one slice.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether it lies on disk.
    pub fn is_spooled(&self) -> bool {
        self.is_spooled
    }
}

/// The body as one slice.
impl AsRef<[u8]> for HeldBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
