//! Room for samples that a thread keeps from picture to picture.
//!
//! A thread looks at one picture after the other, and the memory for each of them would be fetched from the system and
//! cleared page by page, only to be given back. Nothing of one picture is ever seen in another: what is taken is zero.

use std::cell::Cell;

/// Bytes that are kept; what needs more is allocated, and freed. A luma plane of four megapixels.
const MOST_KEPT: usize = 4 << 20;

thread_local! {
    /// For the pixels of one picture.
    pub(super) static PIXELS: Kept<u8> = const { Kept::new() };
    /// For the coefficients of one.
    pub(super) static COEFFICIENTS: Kept<i16> = const { Kept::new() };
}

/// A buffer, when nobody uses it.
pub(super) struct Kept<T>(Cell<Vec<T>>);

impl<T: Copy + Default> Kept<T> {
    const fn new() -> Self {
        Self(Cell::new(Vec::new()))
    }

    /// `length` zeros.
    pub(super) fn take(&self, length: usize) -> Vec<T> {
        if length.saturating_mul(size_of::<T>()) > MOST_KEPT {
            return vec![T::default(); length];
        }
        let mut buffer = self.0.take();
        buffer.clear();
        buffer.resize(length, T::default());
        buffer
    }

    /// Takes back a buffer that is no longer needed, wherever it is from.
    pub(super) fn give_back(&self, buffer: Vec<T>) {
        let kept = self.0.take();
        let is_better = (kept.capacity() + 1..=MOST_KEPT / size_of::<T>()).contains(&buffer.capacity());
        self.0.set(if is_better { buffer } else { kept });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_and_nothing_is_left_in_it() {
        let kept = Kept::new();
        let mut first: Vec<i16> = kept.take(1_000);
        first.fill(7);
        let place = first.as_ptr();
        kept.give_back(first);
        let second = kept.take(600);
        assert_eq!((second.as_ptr(), &second[..]), (place, &[0; 600][..]));
        kept.give_back(second);
        kept.give_back(Vec::with_capacity(10));
        let third = kept.take(1_000);
        assert_eq!(third.as_ptr(), place, "the larger one is kept");
    }

    #[test]
    fn a_large_buffer_is_not_kept() {
        let kept: Kept<u8> = Kept::new();
        kept.give_back(vec![7; MOST_KEPT + 1]);
        assert_eq!(kept.0.take().capacity(), 0);
        assert_eq!(kept.take(MOST_KEPT + 1), vec![0; MOST_KEPT + 1]);
    }
}
