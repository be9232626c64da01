//! The piece of a pattern that is looked for first, and its hash.

/// How wide a window is, and how far apart samples of the text are.
///
/// A pattern of at least `width + stride - 1` bytes has windows at `stride` places one after the other; wherever it
/// stands in a text, one of these is at a multiple of `stride`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Bytes, 1 to [`Window::MAX_WIDTH`].
    pub(super) width: usize,
    /// Bytes from one sample to the next: 1, 2, 4 or 8.
    pub(super) stride: usize,
    mask: u64,
    /// Where the second eight bytes of a wide window start.
    rest: usize,
}

impl Window {
    /// Bytes of the widest.
    pub(super) const MAX_WIDTH: usize = 16;

    /// Bytes from one sample to the next at most.
    pub(super) const MAX_STRIDE: usize = 8;

    pub(super) const fn new(width: usize, stride: usize) -> Self {
        let mask = if width < 8 { (1 << (8 * width)) - 1 } else { u64::MAX };
        Self { width, stride, mask, rest: width.saturating_sub(8) }
    }

    /// Bytes of the shortest pattern that has enough of them.
    pub(super) const fn shortest(&self) -> usize {
        self.width + self.stride - 1
    }

    pub(super) const fn is_wide(&self) -> bool {
        self.width > 8
    }

    /// Bytes from one group of samples to the next. Its last window is within [`Window::MAX_WIDTH`] more.
    pub(super) const fn group_span(&self) -> usize {
        super::sieve::GROUP * self.stride
    }

    /// The hash of the window at `at`, of which the upper bits depend on all its bytes. Behind it there must be bytes to
    /// fill [`Window::MAX_WIDTH`]; they change nothing.
    #[inline(always)]
    pub(super) fn hash(&self, bytes: &[u8], at: usize) -> u64 {
        if self.is_wide() { self.hash_as::<true>(bytes, at) } else { self.hash_as::<false>(bytes, at) }
    }

    #[inline(always)]
    pub(super) fn hash_as<const WIDE: bool>(&self, bytes: &[u8], at: usize) -> u64 {
        let first = (word(bytes, at) & self.mask).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        if WIDE { first.wrapping_add(word(bytes, at + self.rest).wrapping_mul(0xbf58_476d_1ce4_e5b9)) } else { first }
    }

    /// The same for a window that may be all there is.
    pub(super) fn hash_alone(&self, window: &[u8]) -> u64 {
        let mut bytes = [0; 2 * Self::MAX_WIDTH];
        bytes[..self.width].copy_from_slice(&window[..self.width]);
        self.hash(&bytes, 0)
    }
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap_or_default())
}

/// A hash of which all bits depend on all bytes.
#[inline(always)]
pub(super) const fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 32)
}
