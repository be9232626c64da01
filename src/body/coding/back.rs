//! What compressions in blocks that copy from before have in common.

/// Content that blocks have given: the end of it for the next ones to copy from, and what nobody has read yet.
#[derive(Default)]
pub(super) struct Window {
    pub(super) content: Vec<u8>,
    given: usize,
}

impl Window {
    /// Begins a block that may copy from the last `history` bytes. What no block may copy from any more is dropped, but
    /// not for each block, which may be tiny.
    pub(super) fn begin(&mut self, history: usize) {
        if self.content.len() > 16 * history {
            self.content.drain(..self.content.len() - history);
        }
        self.given = self.content.len();
    }

    /// Moves what has not been read to the start of `block`, as far as it fits. Says how much that is.
    pub(super) fn give(&mut self, block: &mut [u8]) -> usize {
        let rest = &self.content[self.given..];
        let length = rest.len().min(block.len());
        block[..length].copy_from_slice(&rest[..length]);
        self.given += length;
        length
    }
}

/// Adds `length` bytes to `out` that are `distance` before its end; those that are added count. `None` when there are
/// not so many before, or when `out` would be longer than `most`.
pub(super) fn copy(out: &mut Vec<u8>, distance: usize, length: usize, most: usize) -> Option<()> {
    let start = out.len().checked_sub(distance).filter(|_| distance > 0)?;
    if length > most.saturating_sub(out.len()) {
        return None;
    }
    let mut left = length;
    while left > 0 {
        // Each time there are twice as many bytes to copy.
        let count = left.min(out.len() - start);
        out.extend_from_within(start..start + count);
        left -= count;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_may_go_on_into_itself() {
        let mut out = b"xab".to_vec();
        assert_eq!(copy(&mut out, 2, 7, 10), Some(()));
        assert_eq!(out, b"xababababa");
        for (distance, length, most) in [(0, 1, 99), (11, 1, 99), (1, 2, 10)] {
            assert_eq!(copy(&mut out.clone(), distance, length, most), None);
        }
    }
}
