//! What decoders in Rust hand on.

/// A picture in red, green, blue and alpha.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) size: (u32, u32),
    pub(super) rgba: Vec<u8>,
}

impl Drawn {
    /// A slice for each row.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.rgba.chunks_exact(self.size.0 as usize * 4)
    }
}
