//! How much of what lies in a stream may be read from it in all, as its pieces may share their bytes.

/// Bytes that may still be read.
pub(super) struct Cover(usize);

impl Cover {
    /// So many times the length of `bytes`.
    pub(super) fn times(count: usize, bytes: &[u8]) -> Self {
        Self(bytes.len().saturating_mul(count))
    }

    /// Takes `length` of them; `None`, and nothing taken, where so many are not left.
    pub(super) fn take(&mut self, length: usize) -> Option<()> {
        self.0 = self.0.checked_sub(length)?;
        Some(())
    }
}
